# shellcheck shell=bash
# the public scim2-tester, on both databases
need_python
build_binary
counted "$PYTHON" "$TESTS/scim2-tester/run.py"
