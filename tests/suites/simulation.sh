# shellcheck shell=bash
# gateways and a core over a simulated network that breaks, each run by its seed: `tests/run simulation -- SEED`, or `-- FIRST..END`
seeds=1..120
[ "$ROLLCALL_TEST_ROTATION" != all ] || seeds=1..6000
seeds="${1:-$seeds}"
# With what the tests of the workspace are built with, so that nothing is built twice.
cargo test --locked --workspace --no-run --test simulation
program="$(cargo test --locked --workspace --no-run --test simulation --message-format json 2>/dev/null |
    sed -n 's/.*"name":"simulation".*"executable":"\([^"]*\)".*/\1/p')"
# A process makes one run at a time, so that each is the same wherever it runs.
processes="$(nproc)"
[[ "$seeds" == *..* ]] || processes=1
running=()
for ((i = 0; i < processes; i++)); do
    ROLLCALL_SIMULATION_SEEDS="$seeds" ROLLCALL_SIMULATION_SHARE="$i/$processes" \
        "$program" --exact seeds::whatever_breaks_nothing_is_lost_nobody_gets_in_and_everybody_is_served_again \
        --nocapture >"$SUITE_WORK/output-$i" 2>&1 &
    running+=($!)
done
for ((i = 0; i < processes; i++)); do
    if wait "${running[$i]}"; then count 1 0 0; else count 0 1 0; fi
    cat "$SUITE_WORK/output-$i"
done
