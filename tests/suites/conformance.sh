# shellcheck shell=bash
# the replayed cases of the RFCs, Okta and Entra, each profile in a directory of its own, on both databases
need_python
replay="${ROLLCALL_CONFORMANCE:-$ROOT/../shared/conformance}/idp_replay.sh"
if [ ! -f "$replay" ]; then
    skip conformance "$replay is not there; set ROLLCALL_CONFORMANCE to the folder that has it"
    return 0
fi
build_binary
counted "$PYTHON" "$TESTS/conformance/run.py" "$replay"
