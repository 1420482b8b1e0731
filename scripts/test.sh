#!/usr/bin/env bash
# Everything that must pass, step by step; stops at the first step that fails and says which.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$HOME/.cargo/bin:$PATH"
export CARGO_TERM_PROGRESS_WHEN=never

started=$SECONDS
summary=()
step='start'

took() { printf '%d:%02d' $(($1 / 60)) $(($1 % 60)); }

step() {
  step=$1
  shift
  local begun=$SECONDS
  printf '\n== %s\n' "$step"
  "$@"
  summary+=("$(took $((SECONDS - begun)))  $step")
}

finish() {
  local code=$?
  printf '\n'
  if [ "${#summary[@]}" -gt 0 ]; then printf '   %s\n' "${summary[@]}"; fi
  if [ "$code" = 0 ]; then
    printf 'PASSED  everything, on both databases and in a browser, in %s\n' "$(took $((SECONDS - started)))"
  else
    printf 'FAILED  %s, after %s\n' "$step" "$(took $((SECONDS - started)))"
  fi
}
trap finish EXIT

browser() {
  local bin=${CARGO_TARGET_DIR:-target}/debug/ruh
  # Mostly built already for the Rust tests; a journey on an older program would prove nothing.
  cargo build --locked --quiet --bin ruh
  bin=$(realpath "$bin")
  (cd tests/browser && RUH_BIN=$bin ../../scripts/postgres.sh run \
    node_modules/.bin/playwright test --project=sqlite --project=postgres)
}

step 'install what is missing' scripts/install.sh test
step 'web assets' make --silent web
step 'format' cargo fmt --all --check
step 'lints' cargo clippy --locked --workspace --all-targets --quiet -- -D warnings
step 'tests on SQLite and PostgreSQL' scripts/postgres.sh run cargo nextest run --locked --workspace --cargo-quiet
step 'journeys in Chromium on SQLite and PostgreSQL' browser
