# shellcheck shell=bash
# fuzz targets built with a sanitizer and run: `tests/run fuzz -- SECONDS` says how long each, 5 s by default
need_cargo_tool cargo-fuzz "$FUZZ_VERSION"
need_debian g++ g++
seconds="${1:-5}"
cargo=(cargo)
if cargo +nightly --version >/dev/null 2>&1; then
    cargo=(cargo +nightly)
    echo "fuzz: on $("${cargo[@]}" --version)"
else
    export RUSTC_BOOTSTRAP=1
    echo "fuzz: there is no nightly toolchain; on $(cargo --version) with RUSTC_BOOTSTRAP=1"
fi
target=(--fuzz-dir "$TESTS/fuzz" --target-dir "$CACHE/fuzz")
(cd "$TESTS/fuzz" && "${cargo[@]}" fuzz build "${target[@]}")
for seeds in "$TESTS"/fuzz/seeds/*; do
    name="$(basename "$seeds")"
    corpus="$WORK/corpus-$name"
    mkdir -p "$corpus" "$WORK/findings"
    echo "fuzz: $name for $seconds s"
    if (cd "$TESTS/fuzz" && "${cargo[@]}" fuzz run "${target[@]}" "$name" "$corpus" "$seeds" -- \
        -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 -verbosity=0 \
        -artifact_prefix="$WORK/findings/" 2>&1 | tail -n 20); then
        count 1 0 0
    else
        count 0 1 0
    fi
done
