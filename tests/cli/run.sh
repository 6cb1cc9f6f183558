#!/bin/sh
# One golden case: run.sh PROGRAM SEED CASE WORK
#
# CASE/cmd is a shell snippet, run in a fresh folder with a small settings.yaml and an empty
# ledger.db: "$SEATKEEPER" is the program, `try WORDS` runs it and shows what was run, `seed WORDS`
# leaves in the ledger what a run would have ($ago days ago), "$CASE" is the case's folder. What it prints must be CASE/out and CASE/err, its exit code CASE/code (left out: empty,
# empty and 0). What differs from run to run is made the same first. CASE/needs with `root` or `user`
# leaves the case out for anybody else. UPDATE=1 writes what was seen instead of comparing.
set -eu

program=$1 seed=$2 case=$3 work=$4
here=$(cd "$(dirname "$0")" && pwd)
name=$(basename "$case")

who=user
[ "$(id -u)" = 0 ] && who=root
if [ -f "$case/needs" ] && [ "$(cat "$case/needs")" != "$who" ]; then
    echo "left out: this is $who"
    exit 77
fi

# The program hides its memory from debuggers, and so from the leak checker of anybody but root.
[ "$who" = root ] || export ASAN_OPTIONS="detect_leaks=0:${ASAN_OPTIONS:-}"

dir=$work/$name
rm -rf "$dir"
mkdir -p "$dir/home" "$dir/seen"
sed "s/@USER@/$(id -un)/" "$here/settings.yaml" >"$dir/home/settings.yaml"
chmod 600 "$dir/home/settings.yaml"
"$seed" "$dir/home/ledger.db" 0 create

# UUIDs, digests, times, days but those of 2099, spans since, people of this machine, places; and
# the blanks that line columns up, where what stands in them was not of the same length.
same() {
    sed -E \
        -e "s#$dir/home#HOME#g" -e "s#$case#CASE#g" \
        -e 's/[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/UUID/g' \
        -e 's/[0-9a-f]{64}/HASH/g' \
        -e 's/20[0-8][0-9]-[0-9]{2}-[0-9]{2}T[0-9:.]+Z/TIME/g' \
        -e 's/20[0-8][0-9]-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}/TIME/g' \
        -e 's/20[0-8][0-9]-[0-9]{2}-[0-9]{2}/DATE/g' \
        -e 's/\([^()]* ago\)/(AGO)/g' -e 's/[0-9]+\.[0-9]{3} s/TOOK/g' \
        -e 's/os:[0-9]+/os:UID/g' -e "s/the user \`[^\`]*\`/the user \`USER\`/g" \
        -e 's/, or give --break-glass REASON//' -e 's/\.[0-9]+\.tmp/.PID.tmp/' \
        -e "s/seatkeeper [0-9]+\.[0-9]+\.[0-9]+/seatkeeper VERSION/g" \
        -e '/TIME/s/([^ ])   +/\1  /g'
}

seed() { "$seed" ledger.db "${ago:-0}" "$@"; }
try() {
    tried=0
    echo "\$ $*"
    echo "\$ $*" >&2
    "$SEATKEEPER" "$@" || tried=$?
    [ "$tried" = 0 ] || echo "exit $tried"
}

code=0
(
    cd "$dir/home"
    set +e
    umask 077
    SEATKEEPER=$program CASE=$case SEATKEEPER_SETTINGS=settings.yaml LC_ALL=C
    export SEATKEEPER CASE SEATKEEPER_SETTINGS LC_ALL
    unset SEATKEEPER_LOG SEATKEEPER_NO_TOKEN TZ
    # shellcheck disable=SC1091
    . "$case/cmd"
) >"$dir/out" 2>"$dir/err" </dev/null || code=$?
same <"$dir/out" >"$dir/seen/out"
same <"$dir/err" >"$dir/seen/err"
echo "$code" >"$dir/seen/code"

if [ "${UPDATE:-0}" = 1 ]; then
    for part in out err code; do
        rm -f "$case/$part"
        [ ! -s "$dir/seen/$part" ] || cp "$dir/seen/$part" "$case/$part"
    done
    [ "$code" != 0 ] || rm -f "$case/code"
    exit 0
fi

failed=0
for part in out err code; do
    expected=$case/$part
    if [ ! -f "$expected" ]; then
        expected=$dir/seen/none
        if [ $part = code ]; then echo 0 >"$expected"; else : >"$expected"; fi
    fi
    diff -u "$expected" "$dir/seen/$part" || failed=1
done
exit $failed
