# What somebody who works on Rollcall needs; `just` lists it. https://just.systems, or: pipx install rust-just

set positional-arguments
set shell := ["bash", "-euc"]

[private]
default:
    @just --list --unsorted

# what the compiler and the linter say of one crate, such as rollcall-core
check crate *arguments:
    cargo clippy --package "$1" --all-targets "${@:2}" -- --deny warnings

# the tests of one crate, or those with a name; PostgreSQL is only in `just unit`
test crate *arguments:
    cargo test --package "$1" "${@:2}"

# the tests of all crates, on SQLite and on a PostgreSQL of their own
unit *arguments:
    tests/run unit -- "$@"

# one black-box test in one mode, such as test_b12 serve-sqlite; without a mode, in all of them
blackbox test mode="":
    tests/run blackbox -- -k "$1${2:+ and $2}"

# the tests of the console in a browser, or those with a name
browser test="":
    tests/run console -- -k "$1"

# the console with sample data, until Ctrl-C
console *arguments:
    tests/sample/run "$@"

# one benchmark: the binary of the profile `dist` on SQLite, a second for each line; other arguments are those of tests/load/run
bench *arguments="--seconds 1 --users 1000 --no-postgres":
    tests/load/run $*

# the documentation of the crates, without a warning
docs:
    tests/run docs

# every source as the formatters want it; `tests/run scripts` installs the one for Python
format:
    cargo fmt --all
    cd tests && "$(ls -d "${XDG_CACHE_HOME:-$HOME/.cache}"/rollcall/venv-*/bin | tail -1)/ruff" format --config ruff.toml . ../examples

# the suites that decide over a change
all:
    tests/run
