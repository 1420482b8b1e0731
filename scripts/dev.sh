#!/usr/bin/env bash
# The debug program on ./data. It reads assets from web/dist, so a change to them needs only a reload; a change to Rust or
# to a template needs `make dev` again.
set -euo pipefail
cd "$(dirname "$0")/.."

# Job control gives the watchers a process group of their own, so that all of them (npm, node, Tailwind, esbuild) can be
# ended together. Their stdin stays open: Tailwind stops watching when it closes.
set -m
(sleep infinity | npm --prefix web run --silent watch) &
watchers=$!
trap 'kill -- "-$watchers" 2>/dev/null || true' EXIT
cargo run --locked --bin ruh -- serve
