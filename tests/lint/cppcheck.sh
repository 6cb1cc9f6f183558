#!/bin/sh
# A second opinion besides clang-tidy, where cppcheck is installed; 77 where it is not.
set -eu
cd "$1"
command -v cppcheck >/dev/null 2>&1 || exit 77
# Left out: what it cannot know (system headers, macros), and C11 that its parser cannot read.
cppcheck --quiet --std=c11 --error-exitcode=1 --enable=warning,portability --inline-suppr \
    --suppress=missingIncludeSystem --suppress=unknownMacro --suppress=internalAstError \
    -j 2 -D_GNU_SOURCE '-DSEATKEEPER_VERSION="lint"' -I src src
