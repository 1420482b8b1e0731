#!/usr/bin/env bash
# Installs what is missing, and nothing else: quick and quiet when all is there.
#
#   scripts/install.sh web    what a build needs (Node packages of web/)
#   scripts/install.sh test   everything that the tests need: that, Chromium, PostgreSQL, the mail server, cargo-nextest
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$HOME/.cargo/bin:$PATH"

say() { printf '   %s\n' "$*"; }
stop() { printf 'install: %s\n' "$*" >&2; exit 1; }
has() { command -v "$1" >/dev/null 2>&1; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif has sudo; then sudo "$@"
  else stop "needs root to run: $*"
  fi
}

# Node packages from the lockfile; the mark inside node_modules goes with it when somebody removes the folder.
node_packages() {
  local folder=$1 mark=$1/node_modules/.installed now
  has npm || stop 'npm is missing: install Node.js 20 or newer'
  now=$(cat "$folder/package.json" "$folder/package-lock.json" | sha256sum)
  if [ "$(cat "$mark" 2>/dev/null || true)" = "$now" ]; then return; fi
  say "Node packages of $folder"
  npm --prefix "$folder" ci --ignore-scripts --no-audit --no-fund --loglevel=error
  printf '%s\n' "$now" >"$mark"
}

# Debian packages. A tool that is there, however it came, is left alone.
debian_packages() {
  local missing=()
  [ -x /usr/bin/chromium ] || missing+=(chromium)
  # The pictures show names in every script; without fonts they show boxes.
  [ -d /usr/share/fonts/truetype/noto ] || missing+=(fonts-noto-core fonts-noto-color-emoji)
  [ -d /usr/share/fonts/truetype/droid ] || missing+=(fonts-droid-fallback)
  compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null || missing+=(postgresql)
  # Debian 12 and newer carry pg_trgm in the server's own package, the older ones apart.
  if [ "${#missing[@]}" = 0 ] || [[ " ${missing[*]} " != *' postgresql '* ]]; then
    compgen -G '/usr/share/postgresql/*/extension/pg_trgm.control' >/dev/null || missing+=(postgresql-contrib)
  fi
  python3 -c 'import ensurepip, venv' >/dev/null 2>&1 || missing+=(python3 python3-venv)
  has openssl || missing+=(openssl)
  has cc || missing+=(build-essential)
  if [ "${#missing[@]}" = 0 ]; then return; fi
  has apt-get || stop "missing, and this is not Debian: ${missing[*]}"
  say "Debian packages: ${missing[*]}"
  mkdir -p target
  {
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq update &&
      as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes --no-install-recommends "${missing[@]}"
  } </dev/null >target/apt.log 2>&1 || { tail -n 30 target/apt.log >&2; stop "apt-get could not install: ${missing[*]}"; }
}

# The mail server of the tests, in a virtual environment of its own.
mail_server() {
  local venv=target/smtp-venv mark=target/smtp-venv/.installed now
  now=$(sha256sum <tests/support/requirements.txt)
  if [ "$(cat "$mark" 2>/dev/null || true)" = "$now" ] && "$venv/bin/python" -c 'import aiosmtpd' 2>/dev/null; then return; fi
  say 'mail server for the tests'
  rm -rf "$venv"
  python3 -m venv "$venv"
  "$venv/bin/pip" --quiet --disable-pip-version-check install --require-hashes --only-binary :all: -r tests/support/requirements.txt
  printf '%s\n' "$now" >"$mark"
}

test_runner() {
  if has cargo-nextest; then return; fi
  say 'cargo-nextest (some minutes, once)'
  # Built for a short build: it only starts our tests.
  CARGO_PROFILE_RELEASE_OPT_LEVEL=1 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_DEBUG=0 \
    cargo install --quiet --locked --no-default-features --features default-no-update \
    --version 0.9.143 cargo-nextest
}

has cargo || stop 'cargo is missing: install Rust 1.95 or newer'
case ${1:-test} in
  web) node_packages web ;;
  test)
    debian_packages
    node_packages web
    node_packages tests/browser
    mail_server
    test_runner
    ;;
  *) stop "unknown part: $1 (web or test)" ;;
esac
