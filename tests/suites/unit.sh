# shellcheck shell=bash
# unit, property and store tests of the crates, on SQLite and PostgreSQL
need_cargo_tool cargo-nextest "$NEXTEST_VERSION"
counted cargo nextest run --workspace --locked --no-fail-fast --config-file "$TESTS/nextest.toml" --color never "$@"
