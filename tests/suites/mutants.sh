# shellcheck shell=bash
# what share of a seeded sample of faults the tests in the process catch, crate by crate; `tests/run mutants -- 48 core` samples more, of one
need_cargo_tool cargo-nextest "$NEXTEST_VERSION"
need_cargo_tool cargo-mutants "$MUTANTS_VERSION"
need_debian jq jq
size="${1:-12}"
crates=(scim store gateway core)
[ $# -lt 2 ] || crates=("${@:2}")
# The goal of each crate in percent, and the packages whose tests know it.
declare -A goals=([scim]=90 [store]=75 [gateway]=75 [core]=75)
declare -A judges=(
    [scim]="rollcall-scim"
    [store]="rollcall-store,rollcall-in-process"
    [gateway]="rollcall-gateway,rollcall-in-process"
    [core]="rollcall-core,rollcall-in-process"
)

# A copy at a place of its own, which is always the same: dependencies are not built again. Its files are new, or what
# was built of others would be taken for theirs.
tree="$CACHE/mutants"
mkdir -p "$tree"
find "$tree" -mindepth 1 -maxdepth 1 ! -name target -exec rm -rf {} +
git -C "$ROOT" ls-files -z | (cd "$ROOT" && tar --create --null --files-from=-) | tar --extract --touch --directory "$tree"
export CARGO_TARGET_DIR="$tree/target"
cd "$tree" || exit

# Faults that loop are ended by nextest, which fails such a test.
for crate in "${crates[@]}"; do
    # What is compiled for the fuzzer alone is not there for these tests.
    chosen=(--package "rollcall-$crate" --exclude 'crates/gateway/src/fuzzing.rs')
    all="$(cargo mutants "${chosen[@]}" --list | wc -l)"
    shards=$(((all + size - 1) / size))
    # Another sample for each commit, and the same for the same.
    shard=$((16#$(printf '%s' "$ROLLCALL_TEST_ROTATION $crate" | sha256sum | cut -c1-8) % shards))
    echo "mutants: $crate: shard $shard of $shards, of $all"
    status=0
    cargo mutants --in-place --no-times --colors never "${chosen[@]}" --test-package "${judges[$crate]}" \
        --test-tool nextest --shard "$shard/$shards" --sharding round-robin --timeout 400 --build-timeout 900 \
        --output "$SUITE_WORK/$crate" -- --config-file "$TESTS/nextest.toml" || status=$?
    # 2 and 3: some were missed, some did not end. Anything else is no verdict.
    [[ $status = [023] ]] || { echo "mutants: $crate: cargo-mutants ended with $status" && count 0 1 0 && continue; }
    outcomes="$SUITE_WORK/$crate/mutants.out/outcomes.json"
    caught="$(jq '.caught + .timeout' "$outcomes")" viable="$(jq '.caught + .timeout + .missed' "$outcomes")"
    [ "$viable" -gt 0 ] || { echo "mutants: $crate: nothing in the sample compiles" && count 0 1 0 && continue; }
    share=$((100 * caught / viable))
    echo "mutants: $crate: $caught of $viable caught, $share % (goal ${goals[$crate]} %)"
    if [ "$share" -ge "${goals[$crate]}" ]; then count 1 0 0; else count 0 1 0; fi
done
