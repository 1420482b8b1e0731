#!/usr/bin/env bash
# The heavy tests again and for longer (`make faults`), and a table of what they did and whether each promise held.
#
#   KILLS=50 scripts/faults.sh           fewer kills on each engine than the 1,000 of R46
#   scripts/faults.sh 'test(/r41_/)'     only some of them, as a filterset of nextest
set -euo pipefail
cd "$(dirname "$0")/.."

filter=${1:-'test(/(^|::)r(41|42|46|47|48|49|50|51)_/) or test(/(^|::)r60_the_key_is_rotated/)'}
target=${CARGO_TARGET_DIR:-target}
mkdir -p "$target"
lines=$(realpath "$target")/faults.tsv
: >"$lines"
started=$SECONDS

code=0
RUH_FAULTS=long RUH_FAULTS_KILLS=${KILLS:-1000} RUH_FAULTS_TABLE=$lines scripts/postgres.sh run \
  cargo nextest run --locked --workspace --cargo-quiet --profile faults --run-ignored all --no-fail-fast \
  --filterset "$filter" || code=$?

# A row is written when it is opened and again when it ends: the last line of each counts.
table() {
  printf 'promise\tengine\twhat is done\trounds\twhat happened\theld\n'
  awk -F'\t' -v OFS='\t' '{ row[$1 OFS $2 OFS $3] = $0 } END { for (key in row) print row[key] }' "$lines" | sort -V
}

printf '\n'
table | column -t -s $'\t' -o ' | '
failed=$(table | awk -F'\t' 'NR > 1 && $6 != "yes"' | wc -l)
held=$(table | awk -F'\t' 'NR > 1 && $6 == "yes"' | wc -l)
took=$((SECONDS - started))
printf '\n%d held, %d did not, in %d:%02d\n' "$held" "$failed" $((took / 60)) $((took % 60))
if [ "$code" = 0 ] && { [ "$failed" -gt 0 ] || [ "$held" = 0 ]; }; then code=1; fi
exit "$code"
