# shellcheck shell=bash
# the shell scripts and the Python of the tests and examples are free of what shellcheck and ruff find
need_debian shellcheck shellcheck
need_python
mapfile -t scripts < <(grep -rlE '^#!.*\b(ba)?sh|^# shellcheck shell=bash' --include=run --include=build --include=release --include=rootfs --include='*.sh' "$ROOT/.ci" "$TESTS" "$ROOT/deploy")
shellcheck --external-sources --source-path="$ROOT" "${scripts[@]}"
cd "$TESTS" || exit
"$PYTHON" -m ruff check --quiet --no-cache --config ruff.toml . ../examples
"$PYTHON" -m ruff format --quiet --no-cache --check --diff --config ruff.toml . ../examples
# CONTRIBUTING.md shows the commands of the justfile, all of them and in their order.
cd "$ROOT" || exit
diff <(sed -nE '/^\[private\]/{n;d}; s/^([a-z]+)( [^:=]*(="[^"]*")?)?:$/\1/p' justfile) <(sed -nE 's/^\| `just ([a-z]+).*/\1/p' CONTRIBUTING.md)
