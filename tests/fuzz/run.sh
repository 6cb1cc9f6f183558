#!/bin/sh
# Runs every fuzz target for SECONDS: run.sh BUILD [SECONDS]
#
# BUILD is a build with the preset `fuzz`. What is found new goes to BUILD/corpus/X and is kept for
# the next time, beside the seeds in tests/fuzz/corpus/X; an input that breaks a target goes to
# BUILD/findings and makes the exit code 1. Move it to tests/fuzz/corpus/X with the fix.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=${1:?usage: run.sh BUILD [SECONDS]}
seconds=${2:-60}
mkdir -p "$build/findings" "$build/corpus"
build=$(cd "$build" && pwd)

ran=0
broken=
for program in "$build"/tests/fuzz.*; do
    [ -x "$program" ] && [ -f "$program" ] || continue
    name=${program##*/fuzz.}
    log=$build/findings/$name.log
    mkdir -p "$build/corpus/$name"
    seeds=$here/corpus/$name
    [ -d "$seeds" ] || seeds=
    ran=$((ran + 1))
    # shellcheck disable=SC2086 # no seeds, no word
    if "$program" -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 \
        -artifact_prefix="$build/findings/$name-" "$build/corpus/$name" $seeds >"$log" 2>&1; then
        runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
        kept=$(find "$build/corpus/$name" -type f | wc -l)
        printf '%-16s %10s runs  %6s inputs kept\n' "$name" "${runs:-?}" "$kept"
        rm -f "$log"
    else
        broken="$broken $name"
        printf '%-16s BROKEN, see %s\n' "$name" "$log"
        grep -E 'ERROR|SUMMARY|Test unit written' "$log" | head -n 4 || true
    fi
done
if [ "$ran" -eq 0 ]; then
    echo "run.sh: no fuzz target in $build/tests; build with the preset fuzz" >&2
    exit 2
fi
[ -z "$broken" ] || exit 1
