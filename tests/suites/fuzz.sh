# shellcheck shell=bash
# fuzz targets built with a sanitizer and run, the same inputs each time; `tests/run fuzz -- SECONDS` explores for so long each
need_cargo_tool cargo-fuzz "$FUZZ_VERSION"
need_debian g++ g++
# What decides over a change must not depend on luck: without a time the inputs are those of one seed.
runs=5000
[ "$ROLLCALL_TEST_ROTATION" != all ] || runs=20000
limit=("-runs=$runs" -seed=1)
[ $# -eq 0 ] || limit=("-max_total_time=$1")
cargo=(cargo)
if cargo +nightly --version >/dev/null 2>&1; then
    cargo=(cargo +nightly)
    echo "fuzz: on $("${cargo[@]}" --version)"
else
    export RUSTC_BOOTSTRAP=1
    echo "fuzz: there is no nightly toolchain; on $(cargo --version) with RUSTC_BOOTSTRAP=1"
fi
target=(--fuzz-dir "$TESTS/fuzz" --target-dir "$CACHE/fuzz")
(cd "$TESTS/fuzz" && "${cargo[@]}" fuzz build "${target[@]}")
for seeds in "$TESTS"/fuzz/seeds/*; do
    name="$(basename "$seeds")"
    corpus="$SUITE_WORK/corpus-$name"
    mkdir -p "$corpus" "$SUITE_WORK/findings"
    echo "fuzz: $name ${limit[*]}"
    if (cd "$TESTS/fuzz" && "${cargo[@]}" fuzz run "${target[@]}" "$name" "$corpus" "$seeds" -- \
        "${limit[@]}" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 -verbosity=0 \
        -artifact_prefix="$SUITE_WORK/findings/" 2>&1 | tail -n 20); then
        count 1 0 0
    else
        count 0 1 0
    fi
done
