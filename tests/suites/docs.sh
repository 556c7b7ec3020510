# shellcheck shell=bash
# the documentation of the crates builds without a warning
# With --examples, of which there are none, dependencies have the features that clippy checked them with.
# The documentation is for who works on the crates: it may link to private items.
RUSTDOCFLAGS="--deny warnings --allow rustdoc::private-intra-doc-links" cargo doc --workspace --lib --bins --examples --no-deps --locked --document-private-items
