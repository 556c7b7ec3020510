# shellcheck shell=bash
# the tests of `blackbox` that try everything there is: every call of every caller, random sequences, histories under faults
need_python
build_binary
build_linearizability
files=()
for theme in authorisation isolation random_sequences linearizability secrets; do
    for file in "$TESTS"/blackbox/test_"$theme"*.py; do files+=("$file"); done
done
counted "$PYTHON" -m pytest -c "$TESTS/pytest.ini" --rootdir "$TESTS" \
    --numprocesses "${ROLLCALL_TEST_PROCESSES:-4}" "${files[@]}" "$@"
