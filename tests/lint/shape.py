#!/usr/bin/env python3
"""Files of a size that one can read, and migrations without a gap.

A file is one idea: past 600 lines there is a second one in it. A file of unit or property tests
belongs to one source file and is mostly tables of cases, so it may be longer.
"""
import pathlib
import re
import sys

LINES, TEST_LINES = 600, 1100
TESTS = re.compile(r"tests/(unit|prop)/.*test_\w+\.c")
CODE = {".c", ".h", ".py", ".sh", ".sql", ".cmake"}
MIGRATION = re.compile(r"(\d{4})_[a-z0-9_]+\.sql")

root = pathlib.Path(sys.argv[1])
faults = []

for folder in ("src", "tests", "migrations"):
    for path in sorted((root / folder).rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.suffix not in CODE or not path.is_file():
            continue
        lines = len(path.read_text(encoding="utf-8").splitlines())
        limit = TEST_LINES if TESTS.fullmatch(name) else LINES
        if lines > limit:
            faults.append(f"{name}: {lines} lines; {limit} is the most: there are two ideas in it")

expected = 1
for path in sorted((root / "migrations").iterdir()):
    match = MIGRATION.fullmatch(path.name)
    if not match:
        faults.append(f"migrations/{path.name}: the name is not NNNN_words.sql")
        continue
    number = int(match.group(1))
    if number != expected:
        faults.append(f"migrations/{path.name}: number {expected:04} was expected")
    expected = number + 1
if expected == 1:
    faults.append("migrations: there is none")

for fault in faults:
    print(fault)
print(f"{len(faults)} faults")
sys.exit(1 if faults else 0)
