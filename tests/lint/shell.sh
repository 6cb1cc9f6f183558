#!/bin/sh
# Every shell script parses; with shellcheck, where there is one, also without a finding.
set -eu
cd "$1"
scripts=$(grep -rlE '^#!/bin/sh' dev .ci tests deploy 2>/dev/null | sort)
for script in $scripts; do
    sh -n "$script"
done
if command -v shellcheck >/dev/null 2>&1; then
    # shellcheck disable=SC2086 # one word a script
    shellcheck -s sh $scripts
fi
