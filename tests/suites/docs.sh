# shellcheck shell=bash
# the documentation of the crates builds without a warning, and docs/security.md promises what tests hold
# With --examples, of which there are none, dependencies have the features that clippy checked them with.
# The documentation is for who works on the crates: it may link to private items.
RUSTDOCFLAGS="--deny warnings --allow rustdoc::private-intra-doc-links" cargo doc --workspace --lib --bins --examples --no-deps --locked --document-private-items
count 1 0 0
need_python
counted "$PYTHON" -m pytest -c "$TESTS/pytest.ini" --rootdir "$TESTS" "$TESTS/documents" "$@"
