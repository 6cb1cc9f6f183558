#!/bin/sh
# campaign.sh BUILD [COUNT]: long seeded campaigns on two processors. The first seed is today's date,
# so that every day tries others; a failure prints the command that tells its story again.
set -eu
build=$1
count=${2:-4000}
seed=${SEATKEEPER_SEED:-$(date -u +%Y%m%d)00000}
half=$((count / 2))

say() { printf 'campaign: %s\n' "$*" >&2; }

say "$count stories from seed $seed"
"$build/tests/campaign" "$seed" "$half" &
first=$!
status=0
"$build/tests/campaign" "$((seed + half))" "$((count - half))" || status=$?
wait "$first" || status=$?
say "runs without dying, $count of them, from seed 1"
SEATKEEPER_CASES=$count "$build/tests/prop.run" || status=$?
exit "$status"
