# shellcheck shell=bash
# faults while people work: kills, disks, clocks, names, limits, databases, nonsense; `--all` has each more often, in every mode
need_debian faketime faketime
need_python
build_binary
# shellcheck source=tests/lib/postgres.sh
. "$TESTS/lib/postgres.sh"
postgres_binaries >/dev/null || need_debian postgres-server-binaries postgresql
ROLLCALL_TEST_FAKETIME="$(find /usr/lib /usr/local/lib -name libfaketimeMT.so.1 -print -quit 2>/dev/null)"
ROLLCALL_TEST_POSTGRES_PROGRAMS="$(postgres_binaries)"
export ROLLCALL_TEST_FAKETIME ROLLCALL_TEST_POSTGRES_PROGRAMS
# A test that is named by its file stands for the folder.
chosen=("$TESTS/faults" "$@")
[[ "$*" != *::* ]] || chosen=("$@")
# More at once than elsewhere: most of them wait for something to be well again.
pytest=("$PYTHON" -m pytest -c "$TESTS/pytest.ini" --rootdir "$TESTS" -rs)
pytest+=(--numprocesses "${ROLLCALL_TEST_PROCESSES:-6}" "${chosen[@]}")
# Mounts of its own go with it, whatever becomes of the tests.
if unshare --mount true 2>/dev/null; then
    export ROLLCALL_TEST_MOUNTS=own
    pytest=(unshare --mount "${pytest[@]}")
fi
counted "${pytest[@]}"
