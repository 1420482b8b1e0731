#!/usr/bin/env bash
# A throw-away PostgreSQL: starts a cluster on a free port, runs a command with RUH_TEST_POSTGRES_URL, removes it all.
#
#   scripts/postgres.sh run COMMAND…            quick: nothing is forced to the disk
#   scripts/postgres.sh --durable run COMMAND…  as in earnest, for measurements and crash tests of the database itself
#
# The role may make databases: each test makes its own.
set -euo pipefail

durable=off
if [ "${1:-}" = --durable ]; then durable=on; shift; fi
if [ "${1:-}" != run ] || [ $# -lt 2 ]; then
  sed -n '2,7s/^# \{0,1\}//p' "$0" >&2
  exit 2
fi
shift

# The newest server on this machine.
bin=
for folder in $(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V); do
  if [ -x "$folder/initdb" ]; then bin=$folder; fi
done
[ -n "$bin" ] || { echo 'postgres: no server under /usr/lib/postgresql (scripts/install.sh test installs it)' >&2; exit 1; }

# PostgreSQL refuses to run as root.
own=()
if [ "$(id -u)" = 0 ]; then own=(runuser -u postgres --); fi

folder=$(mktemp -d "${TMPDIR:-/tmp}/ruh-postgres.XXXXXX")
if [ "$(id -u)" = 0 ]; then chown postgres: "$folder"; fi

# Cleaning up is a watcher's work: it wakes when the other end of the pipe closes, which happens however this script ends,
# kill -9 too. It sits in a session of its own, out of reach of Ctrl-C.
cd /
mkfifo "$folder.pipe"
setsid bash -c '
  trap "" INT TERM HUP
  read -r _ <"$1.pipe" || true
  "${@:3}" "$2/pg_ctl" --pgdata "$1/data" --mode immediate --wait stop >/dev/null 2>&1 || true
  rm -rf "$1" "$1.pipe"
' watcher "$folder" "$bin" "${own[@]}" </dev/null >/dev/null 2>&1 &
watcher=$!
exec 9>"$folder.pipe"

tidy() {
  local code=$?
  trap - EXIT
  exec 9>&-
  wait "$watcher" || true
  exit "$code"
}
trap tidy EXIT

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

"${own[@]}" "$bin/initdb" --pgdata "$folder/data" --username ruh --auth trust --encoding UTF8 --locale C.UTF-8 --no-sync \
  >"$folder/initdb.log" 2>&1 9>&- || { cat "$folder/initdb.log" >&2; exit 1; }

# mmap rather than POSIX shared memory: containers give /dev/shm little room.
settings="-c listen_addresses=127.0.0.1 -c unix_socket_directories=$folder -c max_connections=300 -c shared_buffers=128MB"
settings+=" -c dynamic_shared_memory_type=mmap -c fsync=$durable -c full_page_writes=$durable -c max_wal_size=1GB"
settings+=" -c timezone=UTC -c lc_messages=C"

# Somebody else may take the free port first.
for attempt in 1 2 3 4 5; do
  port=$(free_port)
  if "${own[@]}" setsid "$bin/pg_ctl" --pgdata "$folder/data" --log "$folder/log" --options "$settings -p $port" \
    --wait --timeout 60 start </dev/null >/dev/null 2>&1 9>&-; then
    break
  fi
  if [ "$attempt" = 5 ]; then
    echo 'postgres: did not start' >&2
    tail -n 20 "$folder/log" >&2 || true
    exit 1
  fi
done

export RUH_TEST_POSTGRES_URL="postgres://ruh@127.0.0.1:$port/postgres"
export PATH="$bin:$PATH"
cd "$OLDPWD"

# In the background and waited for, so that a signal reaches the command at once and not when it ends by itself.
(trap - INT TERM HUP; exec "$@") <&0 9>&- &
command=$!
trap 'kill -TERM "$command" 2>/dev/null || true' TERM HUP
trap 'kill -INT "$command" 2>/dev/null || true' INT
code=0
wait "$command" || code=$?
# A caught signal ends `wait` early: the command has the word.
while kill -0 "$command" 2>/dev/null; do
  code=0
  wait "$command" || code=$?
done
exit "$code"
