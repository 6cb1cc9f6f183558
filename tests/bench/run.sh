#!/bin/sh
# Measures, in a few minutes, and prints a table: run.sh BENCHDIR RELEASEDIR [ROUNDS]
#
# BENCHDIR is a build with the preset `bench`, RELEASEDIR one with `release`. The figures also go to
# BENCHDIR/bench.json. They are medians of rounds in which the things compared take turns, so what
# counts is the ratio; seconds are this machine's.
set -eu
if [ $# -lt 2 ]; then
    echo "usage: $0 BENCHDIR RELEASEDIR [ROUNDS]" >&2
    exit 2
fi
for program in "$1"/tests/bench/bench_list "$2"/seatkeeper; do
    if [ ! -x "$program" ]; then
        echo "$0: $program is not built" >&2
        exit 2
    fi
done
exec python3 -B "$(dirname "$0")/bench.py" "$@"
