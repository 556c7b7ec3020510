# shellcheck shell=bash
# the documentation of the crates builds without a warning
RUSTDOCFLAGS="--deny warnings" cargo doc --workspace --no-deps --locked --document-private-items
