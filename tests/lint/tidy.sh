#!/bin/sh
# clang-tidy over the program's sources; BUILD holds compile_commands.json.
set -eu
build=$1
find src -name '*.c' -print0 | sort -z |
    xargs -0 -n 8 -P "$(nproc)" clang-tidy-14 --quiet -p "$build" --warnings-as-errors='*'
