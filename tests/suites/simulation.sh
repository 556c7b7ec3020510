# shellcheck shell=bash
# gateways and a core over a simulated network that breaks, each run by its seed; `tests/run simulation -- SEED`, or `-- FIRST..END`
seeds=1..100
# With what the tests of the workspace are built with, so that nothing is built twice.
build=(cargo test --locked --workspace --test simulation --no-run)
if [ "$ROLLCALL_TEST_ROTATION" = all ]; then
    # Thousands of runs take longer than it takes to build what runs them faster.
    seeds=1..6000
    build=(cargo test --locked --package rollcall-simulation --profile simulation --no-run)
fi
seeds="${1:-$seeds}"
"${build[@]}"
program="$("${build[@]}" --message-format json 2>/dev/null |
    sed -n 's/.*"name":"simulation".*"executable":"\([^"]*\)".*/\1/p')"
# A process makes one run at a time, so that each is the same wherever it happens.
processes="$(nproc)"
[[ "$seeds" == *..* ]] || processes=1
running=()
for ((i = 0; i < processes; i++)); do
    ROLLCALL_TEST_SIMULATION_SEEDS="$seeds" ROLLCALL_TEST_SIMULATION_SHARE="$i/$processes" \
        "$program" seeds:: --nocapture >"$SUITE_WORK/output-$i" 2>&1 &
    running+=($!)
done
for ((i = 0; i < processes; i++)); do
    if wait "${running[$i]}"; then count 1 0 0; else count 0 1 0; fi
    cat "$SUITE_WORK/output-$i"
done
