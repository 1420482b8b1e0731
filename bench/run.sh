#!/usr/bin/env bash
# Measures in one run, on both databases; RUH_BIN comes from the Makefile, RUH_TEST_POSTGRES_URL and pgbench from
# scripts/postgres.sh. Some fifteen minutes; BENCH_QUICK=1 for a look. The table alone is on standard output.
set -euo pipefail
cd "$(dirname "$0")/.."
exec cargo run --locked --release --quiet -p ruh-bench
