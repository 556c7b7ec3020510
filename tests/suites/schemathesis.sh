# shellcheck shell=bash
# schemathesis, from the document at /openapi.json, on both databases
need_python
build_binary
counted "$PYTHON" "$TESTS/schemathesis/run.py"
