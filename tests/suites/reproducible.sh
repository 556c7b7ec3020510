# shellcheck shell=bash
# deploy/build makes the same binary twice, byte by byte, and without a path of the machine; `tests/run reproducible -- dev` of another profile
need_debian readelf binutils
PROFILE="${1:-dist}"
export PROFILE
# Two users of two machines, as far as one has room for them: other folders of other lengths, and another home of cargo,
# place and language. Neither finds anything built.
first="$SUITE_WORK/one" second="$SUITE_WORK/somewhere-else/two"
mkdir -p "$second/cargo/registry"
for folder in "$first" "$second"; do
    mkdir -p "$folder/sources"
    git -C "$ROOT" ls-files -z | tar --create --null --directory "$ROOT" --files-from=- | tar --extract --directory "$folder/sources"
done
# What was downloaded need not be again; the sources of crates are unpacked anew.
downloaded="${CARGO_HOME:-$HOME/.cargo}"
for kept in registry/index registry/cache config.toml; do
    [ ! -e "$downloaded/$kept" ] || cp -a "$downloaded/$kept" "$second/cargo/$kept"
done

status=0
(cd "$first/sources" && CARGO_TARGET_DIR="$first/target" TZ=UTC deploy/build) >"$first/binary" &
other=$!
env --chdir="$second/sources" CARGO_HOME="$second/cargo" CARGO_TARGET_DIR="$second/built/here" TZ=Asia/Kathmandu LC_ALL=C \
    deploy/build >"$second/binary" || status=$?
wait "$other" || status=$?
[ "$status" -eq 0 ] || return "$status"
one="$(cat "$first/binary")" two="$(cat "$second/binary")"
sha256sum "$one" "$two"

if cmp --silent "$one" "$two"; then
    count 1 0 0
else
    differing=()
    for section in $(readelf --sections --wide "$one" | sed -nE 's/^ *\[ *[0-9]+\] (\.[^ ]+).*/\1/p'); do
        for binary in "$one" "$two"; do
            objcopy --dump-section "$section=$binary.section" "$binary" /dev/null 2>/dev/null || : >"$binary.section"
        done
        cmp --silent "$one.section" "$two.section" || differing+=("$section")
    done
    echo "reproducible: the binaries differ in ${differing[*]:-their headers}. What only one of them says:"
    diff <(strings "$one" | sort) <(strings "$two" | sort) | grep '^[<>]' | sed 20q || true
    count 0 1 0
fi

# What both were built in may be in neither, nor what they share of this machine.
paths="$(strings "$one" "$two" | grep -F -e "$SUITE_WORK" -e "$HOME/" -e "$(rustc --print sysroot)" | sort -u || true)"
if [ -z "$paths" ]; then
    count 1 0 0
else
    printf 'reproducible: there are paths of this machine in the binary:\n%s\n' "$(sed 20q <<<"$paths")"
    count 0 1 0
fi
