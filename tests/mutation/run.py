#!/usr/bin/env python3
"""Takes the guards out one at a time; each must be missed by a test that can be named.

usage: run.py GUARD_NAMES UNIT_TEST SCENARIO_RUNNER SCENARIO_FOLDER

With no guard out everything passes. With one out, the unit test of the guards runs, and every
scenario that speaks of that guard. Prints which tests noticed; a guard that nobody misses fails.
"""

import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys

TIMEOUT_S = 240


def run(command, guard):
    """Exit code and all output, with that guard taken out ("": none)."""
    env = dict(os.environ, SEATKEEPER_GUARD_OFF=guard)
    done = subprocess.run(command, env=env, timeout=TIMEOUT_S, check=False, text=True,
                          errors="replace", stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout


def failed_units(unit_test, guard):
    code, output = run([unit_test], guard)
    names = re.findall(r"^\[  FAILED  \] (test_\w+)$", output, re.MULTILINE)
    if code != 0 and not names:
        # It fell over rather than failing; the test it was in is the last that began.
        names = re.findall(r"^\[ RUN      \] (\w+)$", output, re.MULTILINE)[-1:]
    if code != 0 and not names:
        raise RuntimeError(f"{unit_test} ended with {code} and names no test:\n{output}")
    return sorted(set(names))


def failed_scenarios(runner, scenarios, guard):
    """One process each, so that one that falls over hides no other."""
    return [path.stem for path in scenarios if run([runner, str(path)], guard)[0] != 0]


def speaks_of(path, guard):
    """The report's words for it: `held by that guard`, or an op skipped by it."""
    text = path.read_text(encoding="utf-8")
    return re.search(rf"(?<![\w-]){re.escape(guard)}(?![\w-])", text) is not None


def all_pass(unit_test, runner, scenarios):
    failures = failed_units(unit_test, "") + failed_scenarios(runner, scenarios, "")
    for name in failures:
        print(f"with every guard in place, {name} fails", file=sys.stderr)
    return not failures


def main():
    if len(sys.argv) != 5:
        print(__doc__, file=sys.stderr)
        return 2
    names_tool, unit_test, runner, folder = sys.argv[1:]
    guards = run([names_tool], "")[1].split()
    scenarios = sorted(pathlib.Path(folder).glob("*.scn"))

    def who_notices(guard):
        mentioned = [path for path in scenarios if speaks_of(path, guard)]
        return failed_units(unit_test, guard), failed_scenarios(runner, mentioned, guard)

    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        whole = pool.submit(all_pass, unit_test, runner, scenarios)
        noticed = list(pool.map(who_notices, guards))
        is_whole = whole.result()

    survivors = []
    for guard, (units, found) in zip(guards, noticed):
        words = units + [f"sim.{name}" for name in found]
        print(f"{guard:14} {len(words):3}  {', '.join(words) if words else 'NOBODY NOTICES'}")
        if not words:
            survivors.append(guard)
    for guard in survivors:
        print(f"the guard `{guard}` can be taken out and no test fails", file=sys.stderr)
    return 0 if is_whole and guards and not survivors else 1


if __name__ == "__main__":
    sys.exit(main())
