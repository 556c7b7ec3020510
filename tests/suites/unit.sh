# shellcheck shell=bash
# unit, property and store tests of the crates, on SQLite and PostgreSQL
need_cargo_tool cargo-nextest "$NEXTEST_VERSION"
counted cargo nextest run --workspace --locked --no-fail-fast --config-file "$TESTS/nextest.toml" --color never "$@"
# What judges others is judged itself, unless some tests were asked for.
[ $# -gt 0 ] || counted cargo nextest run --locked --manifest-path "$TESTS/linearizability/Cargo.toml" --color never
