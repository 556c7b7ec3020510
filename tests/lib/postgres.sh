# shellcheck shell=bash
# Sourced: a PostgreSQL server of the tests' own, started once and thrown away at the end.

POSTGRES_DATA="$WORK/postgres"
POSTGRES_RUNS=no

# postgres_start: sets ROLLCALL_TEST_POSTGRES_URL to a server whose role may create databases.
postgres_start() {
    if [ -n "${DATABASE_URL:-}" ]; then
        export ROLLCALL_TEST_POSTGRES_URL="$DATABASE_URL"
        return 0
    fi
    [ "$POSTGRES_RUNS" = no ] || return 0
    local bin port as=()
    if ! bin="$(postgres_binaries)"; then
        need_debian postgres-server-binaries postgresql || return 1
        bin="$(postgres_binaries)" || { echo "no PostgreSQL server was found after installing postgresql" >&2 && return 1; }
    fi
    mkdir -p "$POSTGRES_DATA"
    # PostgreSQL refuses to run as root.
    if [ "$(id -u)" -eq 0 ]; then
        local user=postgres
        id -u "$user" >/dev/null 2>&1 || user=nobody
        chown "$user" "$POSTGRES_DATA"
        as=(setpriv --reuid "$user" --regid "$(id -g "$user")" --clear-groups env HOME=/tmp)
    fi
    need_debian python3 python3 || return 1
    port="$(free_port)"
    "${as[@]}" "$bin/initdb" --pgdata "$POSTGRES_DATA/data" --username rollcall --auth trust --encoding UTF8 \
        --locale C --no-sync >"$WORK/initdb.log" 2>&1 || { cat "$WORK/initdb.log" >&2 && return 1; }
    # What is thrown away need not be durable; each of many cores has a pool of connections.
    "${as[@]}" "$bin/pg_ctl" --pgdata "$POSTGRES_DATA/data" --log "$POSTGRES_DATA/log" --wait --silent \
        -o "-c port=$port -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c max_connections=1000 \
            -c fsync=off -c synchronous_commit=off -c full_page_writes=off" start >&2 ||
        { cat "$POSTGRES_DATA/log" >&2 && return 1; }
    POSTGRES_RUNS=yes
    POSTGRES_STOP=("${as[@]}" "$bin/pg_ctl" --pgdata "$POSTGRES_DATA/data" --mode immediate --silent stop)
    export ROLLCALL_TEST_POSTGRES_URL="postgres://rollcall@127.0.0.1:$port/postgres"
}

postgres_stop() {
    [ "$POSTGRES_RUNS" = no ] || "${POSTGRES_STOP[@]}" || true
}

# postgres_binaries: the directory with the newest server's programs.
postgres_binaries() {
    local bin
    for bin in $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -rV) /usr/local/bin /usr/local/pgsql/bin /usr/bin; do
        [ ! -x "$bin/initdb" ] || [ ! -x "$bin/pg_ctl" ] || { echo "$bin" && return 0; }
    done
    return 1
}

free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}
