# shellcheck shell=bash
# cargo-deny: licences, bans, sources, and security advisories where their database is to be had
need_cargo_tool cargo-deny "$DENY_VERSION"
cargo deny --locked check --hide-inclusion-graph bans licenses sources
count 1 0 0
if cargo deny --locked fetch db >"$SUITE_WORK/advisories" 2>&1; then
    cargo deny --locked check advisories
    count 1 0 0
else
    skip advisories "the RustSec database cannot be fetched: $(grep -m1 '^fatal' "$SUITE_WORK/advisories" || tail -1 "$SUITE_WORK/advisories")"
fi
