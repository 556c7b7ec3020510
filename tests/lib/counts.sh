# shellcheck shell=bash
# Sourced: what a suite uses to count its tests.

# count PASSED FAILED SKIPPED: adds to the counts of the suite.
count() {
    echo "$1 $2 $3" >>"$COUNTS"
}

# skip WHAT WHY: a check that this machine cannot make, said aloud.
skip() {
    echo "skipped: $1: $2"
    count 0 0 1
}

# number_before WORD FILE: the last number that stands before the word in the file, or 0.
number_before() {
    local found
    found="$(sed 's/\x1b\[[0-9;]*m//g' "$2" | grep -oE "[0-9]+ $1\b" | tail -1 || true)"
    echo "${found%% *}" | grep . || echo 0
}

# counted COMMAND…: runs it, and adds what its closing line counts: `N passed`, `N failed`, `N skipped`.
counted() {
    local log="$SUITE_WORK/closing" status=0 closing="$SUITE_WORK/closing-line" failed errors
    "$@" 2>&1 | tee "$log" || status=$?
    sed 's/\x1b\[[0-9;]*m//g' "$log" | grep -E '[0-9]+ (passed|failed|error)' | tail -1 >"$closing" || true
    failed="$(number_before failed "$closing")"
    errors="$(number_before 'errors?' "$closing")"
    failed=$((failed + errors))
    [ $status -eq 0 ] || [ "$failed" -gt 0 ] || failed=1
    count "$(number_before passed "$closing")" "$failed" "$(number_before skipped "$closing")"
    return $status
}
