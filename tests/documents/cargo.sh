#!/usr/bin/env bash
# Stands in for cargo where a document builds and runs: what it would build has been built, and is in target/ of the
# checkout.
set -euo pipefail
case "$*" in
"run --release -- "*) exec target/release/rollcall "${@:4}" ;;
"run -p follower-rust -- "*) exec target/debug/follower-rust "${@:5}" ;;
esac
echo "tests/documents/cargo.sh knows no such command: cargo $*" >&2
exit 1
