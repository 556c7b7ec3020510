# shellcheck shell=bash
# cargo-deny: licences, bans, sources, and security advisories where their database is to be had; docs/dependencies.md names each dependency
need_debian jq jq
need_cargo_tool cargo-deny "$DENY_VERSION"
direct() {
    local manifest
    for manifest in Cargo.toml tests/*/Cargo.toml tests/*/*/Cargo.toml; do
        cargo metadata --no-deps --format-version=1 --manifest-path "$manifest" |
            jq --raw-output '.packages[].dependencies[] | select(.path == null).name'
    done | sort -u
    # A package of PyPI may have the name of a crate.
    sed -nE 's/^([A-Za-z0-9-]+)(\[.*\])?==.*/\1/p' tests/requirements.txt examples/*/requirements.txt | sort -u
    sed -nE 's/^need_cargo_tool ([a-z0-9-]+) .*/\1/p' tests/suites/*.sh | sort -u
}
diff --unified=0 --label "what is used" --label docs/dependencies.md \
    <(direct | sort) <(sed -nE "s/^\| \`([A-Za-z0-9_-]+)\` .*/\1/p" docs/dependencies.md | sort)
count 1 0 0
cargo deny --locked check --hide-inclusion-graph bans licenses sources
count 1 0 0
if cargo deny --locked fetch db >"$SUITE_WORK/advisories" 2>&1; then
    cargo deny --locked check advisories
    git -C "${CARGO_HOME:-$HOME/.cargo}"/advisory-dbs/advisory-db-* log -1 --format="advisories as of %cs"
    count 1 0 0
else
    skip advisories "the RustSec database cannot be fetched: $(grep -m1 '^fatal' "$SUITE_WORK/advisories" || tail -1 "$SUITE_WORK/advisories")"
fi
