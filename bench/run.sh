#!/usr/bin/env bash
# Measures in one run, on both databases; RUH_BIN comes from the Makefile, RUH_TEST_POSTGRES_URL and pgbench from
# scripts/postgres.sh. Some twenty minutes; BENCH_QUICK=1 for a look; BENCH_ONLY=chat,filling for some parts (of start,
# reads, additions, sign-in, floods, long-life, filling, chat). The table alone is on standard output.
set -euo pipefail
cd "$(dirname "$0")/.."
exec cargo run --locked --release --quiet -p ruh-bench
