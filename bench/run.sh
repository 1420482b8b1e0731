#!/usr/bin/env bash
# Measures in one run, on both databases; RUH_TEST_POSTGRES_URL comes from scripts/postgres.sh.
set -euo pipefail
cd "$(dirname "$0")/.."
exec cargo run --locked --release --quiet -p ruh-bench
