# shellcheck shell=bash
# clippy, with every warning denied
cargo clippy --workspace --all-targets --locked -- --deny warnings
