#!/bin/sh
# Every C file is as the formatter writes it.
set -eu
cd "$1"
git ls-files -z --cached --others --exclude-standard '*.c' '*.h' |
    xargs -0 clang-format-14 --dry-run -Werror
