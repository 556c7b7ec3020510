# shellcheck shell=bash
# the Rust sources stand as rustfmt puts them
cargo fmt --all --check
