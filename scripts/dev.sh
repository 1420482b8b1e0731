#!/usr/bin/env bash
# The debug program on ./data. It reads assets from web/dist, so a change to them needs only a reload; a change to Rust or
# to a template needs `make dev` again.
set -euo pipefail
cd "$(dirname "$0")/.."

# Tailwind watches for as long as its stdin is open: the pipe closes with this script, however that ends.
exec 8> >(exec node web/build.js --watch)
watcher=$!
trap 'exec 8>&-; kill "$watcher" 2>/dev/null || true' EXIT
cargo run --locked --bin ruh -- serve 8>&-
