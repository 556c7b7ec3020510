# shellcheck shell=bash
# what IdPs, services and administrators rely on, against the real binary: as one process and apart, on both databases
need_python
build_binary
build_linearizability
need_debian pgbouncer pgbouncer
# A test that is named by its file stands for the folder.
tests=("$TESTS/blackbox" "$@")
[[ "$*" != *::* ]] || tests=("$@")
counted "$PYTHON" -m pytest -c "$TESTS/pytest.ini" --rootdir "$TESTS" --numprocesses "${ROLLCALL_TEST_PROCESSES:-4}" "${tests[@]}"
