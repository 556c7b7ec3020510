# shellcheck shell=bash
# the commands of the documents run as they are printed, in order, in an empty home; `tests/run documents -- FILE` runs one
need_debian curl curl
need_debian jq jq
need_debian ip iproute2
need_debian ssh-keygen openssh-client
need_python
build_binary
pins="$ROOT/examples/follower-python/requirements.txt"
ROLLCALL_TEST_WHEELS="$CACHE/wheels-$(sha256sum "$pins" | cut -c1-16)"
export ROLLCALL_TEST_WHEELS
if [ ! -e "$ROLLCALL_TEST_WHEELS/complete" ]; then
    "$PYTHON" -m pip download --quiet --disable-pip-version-check --dest "$ROLLCALL_TEST_WHEELS" -r "$pins" >&2
    : >"$ROLLCALL_TEST_WHEELS/complete"
fi
# The documents name ports: in a network of its own they are free.
apart=(unshare --user --map-root-user --net -- sh -c 'ip link set lo up && exec "$@"' sh)
"${apart[@]}" true 2>/dev/null || apart=()
counted "${apart[@]}" "$PYTHON" "$TESTS/documents/run.py" "$@"
