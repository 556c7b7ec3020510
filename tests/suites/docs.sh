# shellcheck shell=bash
# the documentation of the crates builds without a warning
# The documentation is for who works on the crates: it may link to private items.
RUSTDOCFLAGS="--deny warnings --allow rustdoc::private-intra-doc-links" cargo doc --workspace --no-deps --locked --document-private-items
