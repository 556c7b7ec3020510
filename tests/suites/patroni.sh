# shellcheck shell=bash
# a Patroni cluster of three servers under two gateways and three cores: a switch-over, and a leader that is killed, while many write
need_debian patroni patroni
if ! command -v etcd >/dev/null; then
    need_debian etcd etcd-server
    # Where services are started, Debian starts one with the package. Patroni's has no configuration, and does not start.
    sudo=()
    [ "$(id -u)" -eq 0 ] || sudo=(sudo)
    [ ! -d /run/systemd/system ] || "${sudo[@]}" systemctl disable --now etcd
fi
need_python
build_binary
# shellcheck source=tests/lib/postgres.sh
. "$TESTS/lib/postgres.sh"
postgres_binaries >/dev/null || need_debian postgres-server-binaries postgresql
ROLLCALL_TEST_POSTGRES_PROGRAMS="$(postgres_binaries)"
export ROLLCALL_TEST_POSTGRES_PROGRAMS
# A test that is named by its file stands for the folder.
chosen=("$TESTS/patroni" "$@")
[[ "$*" != *::* ]] || chosen=("$@")
counted "$PYTHON" -m pytest -c "$TESTS/pytest.ini" --rootdir "$TESTS" "${chosen[@]}"
