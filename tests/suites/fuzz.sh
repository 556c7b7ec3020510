# shellcheck shell=bash
# fuzz targets built with a sanitizer and run: the same inputs each time, or for 10 minutes each with --all; `tests/run fuzz -- SECONDS` for so long
need_cargo_tool cargo-fuzz "$FUZZ_VERSION"
need_debian g++ g++
seconds="${1:-${ROLLCALL_TEST_FUZZ_SECONDS:-}}"
[ -n "$seconds" ] || [ "$ROLLCALL_TEST_ROTATION" != all ] || seconds=600
# Without a time what is tried does not depend on luck: the inputs are those of one seed, up to where a slow machine stops.
limit=(-runs=5000 -seed=1 -max_total_time=30)
[ -z "$seconds" ] || limit=("-max_total_time=$seconds")
cargo=(cargo)
if cargo +nightly --version >/dev/null 2>&1; then
    cargo=(cargo +nightly)
    echo "fuzz: on $("${cargo[@]}" --version)"
else
    export RUSTC_BOOTSTRAP=1
    echo "fuzz: there is no nightly toolchain; on $(cargo --version) with RUSTC_BOOTSTRAP=1"
fi
# What costs half of the time and looks for faults that no crate here can make, which have no unsafe code.
export ASAN_OPTIONS=detect_stack_use_after_return=0:malloc_context_size=0:quarantine_size_mb=8
target=(--fuzz-dir "$TESTS/fuzz" --target-dir "$CACHE/fuzz")
(cd "$TESTS/fuzz" && "${cargo[@]}" fuzz build "${target[@]}")
mkdir -p "$SUITE_WORK/findings"

# Runs one target, and counts its inputs and whether it found something.
fuzz_one() {
    local name="$1" seeds="$TESTS/fuzz/seeds/$1" corpus="$SUITE_WORK/corpus-$1" log="$SUITE_WORK/log-$1" found=0
    mkdir -p "$corpus"
    (cd "$TESTS/fuzz" && "${cargo[@]}" fuzz run "${target[@]}" "$name" "$corpus" "$seeds" -- \
        "${limit[@]}" -timeout=25 -rss_limit_mb=2048 -detect_leaks=0 -print_funcs=0 -print_final_stats=1 -verbosity=0 \
        "-artifact_prefix=$SUITE_WORK/findings/$name-" >"$log" 2>&1) || found=1
    echo "fuzz: $name ${limit[*]}"
    if [ $found -eq 0 ]; then grep -a '^stat::' "$log"; else tail -n 60 "$log"; fi
    echo "$(sed -n 's/^stat::number_of_executed_units: *//p' "$log" | tail -1 | grep . || echo 0) inputs tried" >>"$ROLLCALL_TEST_TALLY"
    echo "$found findings" >>"$ROLLCALL_TEST_TALLY"
    count $((1 - found)) $found 0
}

# Takes one target after the other that the other lane has not taken.
fuzz_lane() {
    local seeds name
    for seeds in "$TESTS"/fuzz/seeds/*; do
        name="$(basename "$seeds")"
        mkdir "$SUITE_WORK/taken-$name" 2>/dev/null || continue
        fuzz_one "$name" >"$SUITE_WORK/said-$name" 2>&1
        flock "$SUITE_WORK/findings" cat "$SUITE_WORK/said-$name"
    done
}

fuzz_lane &
fuzz_lane &
wait
