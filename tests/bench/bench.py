#!/usr/bin/env python3
"""Runs the benchmarks in turn and prints what they say. Called by run.sh."""
import collections
import json
import os
import pathlib
import re
import signal
import statistics
import subprocess
import sys
import tempfile

import bench_aws

GROUPS, PAGES, USERS, USER_BYTES = 16, 200, 1000, 1500
PEOPLE = 1_000_000
OPS = 200
CURL = ["curl", "-q", "--silent", "--show-error", "--no-progress-meter", "--fail", "--http1.1"]


class Bench:
    def __init__(self, build, release, rounds):
        self.build = build
        self.bin = pathlib.Path(build, "tests/bench").resolve()
        self.program = pathlib.Path(release, "seatkeeper").resolve()
        self.rounds = rounds
        self.results = {}
        self.scratch = tempfile.TemporaryDirectory(prefix="bench-", dir=build)
        self.folder = pathlib.Path(self.scratch.name).resolve()

    def run(self, *command):
        done = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, text=True,
                              check=False)
        if done.returncode != 0:
            sys.exit(f"bench: {pathlib.Path(command[0]).name} ended with {done.returncode}")
        return done.stdout

    def measure(self, *command):
        """(stdout, what it cost)."""
        out = self.folder / "cost"
        out.unlink(missing_ok=True)
        text = self.run(self.bin / "bench_measure", out, *command)
        return text, json.loads(out.read_text())

    def in_turn(self, contestants):
        """Medians of each contestant's costs, over rounds in which they take turns."""
        costs = collections.defaultdict(list)
        for _ in range(self.rounds):
            for name, command in contestants.items():
                costs[name].append(self.measure(*command)[1])
        return {name: {key: statistics.median(cost[key] for cost in all_costs)
                       for key in all_costs[0]} for name, all_costs in costs.items()}

    # ---- listing ----

    def listing(self):
        with subprocess.Popen([str(self.bin / "bench_server"), str(GROUPS), str(PAGES), str(USERS),
                               str(USER_BYTES)], stdout=subprocess.PIPE, text=True) as server:
            try:
                hello = json.loads(server.stdout.readline())
                url = f"http://127.0.0.1:{hello['port']}"
                costs = self.in_turn({
                    "seatkeeper, 16 side by side": self.lister(url, 16),
                    "curl, 16 side by side": [*CURL, "--parallel", "--parallel-max", "16", "-K",
                                              self.url_list(url)],
                    "seatkeeper, one at a time": self.lister(url, 1),
                    "curl, one at a time": [*CURL, "-K", self.url_list(url)],
                })
            finally:
                server.send_signal(signal.SIGTERM)
        for cost in costs.values():
            cost["cpu_ms_a_page"] = cost["cpu_s"] * 1000 / PAGES
        ratios = {}
        for how in ("16 side by side", "one at a time"):
            ours, theirs = costs[f"seatkeeper, {how}"], costs[f"curl, {how}"]
            ratios[how] = {key: ours[key] / theirs[key] for key in ("wall_s", "cpu_s", "rss_kb")}
        self.results["listing"] = {"pages": PAGES, "groups": GROUPS, "users_a_page": USERS,
                                   "page_bytes": hello["page_bytes"], "costs": costs,
                                   "ratio_to_curl": ratios}

    def lister(self, url, parallel):
        return [self.bin / "bench_list", url, GROUPS, PAGES * USERS, parallel]

    def url_list(self, url):
        """The pages in the order of a run: the first of every group, then the second, ..."""
        path = self.folder / "urls"
        with path.open("w", encoding="ascii") as out:
            for depth in range((PAGES + GROUPS - 1) // GROUPS):
                for group in range(GROUPS):
                    if depth < PAGES // GROUPS + (group < PAGES % GROUPS):
                        after = f"after=c{depth:06}&" if depth else ""
                        out.write(f'url = "{url}/api/v1/groups/00gbench{group:012}/users?'
                                  f'{after}limit=1000"\noutput = "/dev/null"\n')
        return path

    # ---- the others ----

    def diff(self):
        rounds = []
        for _ in range(self.rounds):
            text, cost = self.measure(self.bin / "bench_diff", PEOPLE)
            rounds.append({**json.loads(text), **cost})
        median = {key: statistics.median(r[key] for r in rounds) for key in rounds[0]}
        self.results["diff"] = {"people": PEOPLE, **median,
                                "ratio_to_floor": median["diff_s"] / median["floor_s"]}

    def quiet(self):
        self.results["quiet_run"] = {"groups": 5, "people": 100, **self.calls("okta")}
        self.results["quiet_aws_run"] = {"groups": 1, "people": 100, **self.calls("aws")}

    def calls(self, what):
        """By kind; those of AWS are named by their operation, which tells reads from writes."""
        calls = {"Okta": collections.Counter(), "AWS": collections.Counter()}
        writes = 0
        for row in json.loads(self.run(self.bin / "bench_quiet", what))["requests"]:
            path = re.sub(r"0[0o][a-z]\w{10,}", "*", row["path"].partition("?")[0])
            remote = "Okta" if path.startswith("/") else "AWS"
            calls[remote][f"{row['method']} {path}" if remote == "Okta" else path] += 1
            if remote == "Okta":
                writes += row["method"] != "GET"
            else:
                writes += not re.search(r"\.(List|Get|Describe|Is)", path)
        return {"calls": {remote: sum(kinds.values()) for remote, kinds in calls.items()},
                "writes": writes,
                "by_kind": {remote: dict(sorted(kinds.items())) for remote, kinds in calls.items()}}

    def members(self):
        self.results["members"] = bench_aws.members(self)

    def dead_endpoint(self):
        self.results["dead_endpoint"] = bench_aws.dead_endpoint(self)

    def journal(self):
        folder = self.folder / "journal"
        folder.mkdir(mode=0o700)
        text = self.run(self.bin / "bench_journal", folder, OPS, self.rounds)
        rounds = [json.loads(line) for line in text.splitlines()]
        self.results["journal"] = {
            "ops_a_round": OPS,
            "ops_per_s": statistics.median(OPS / r["ours_s"] for r in rounds),
            "floor_per_s": statistics.median(OPS / r["floor_s"] for r in rounds),
            "cpu_ms_an_op": statistics.median(r["ours_cpu_s"] * 1000 / OPS for r in rounds),
            "floor_cpu_ms_an_op": statistics.median(r["floor_cpu_s"] * 1000 / OPS for r in rounds),
            "ratio_to_floor": statistics.median(r["floor_s"] / r["ours_s"] for r in rounds),
        }

    def start(self):
        """What every command pays before it does anything."""
        costs = self.in_turn({"seatkeeper version": [self.program, "version"]})
        self.results["start"] = costs["seatkeeper version"]


def show(results, rounds):
    listing, diff = results["listing"], results["diff"]
    quiet, journal = results["quiet_run"], results["journal"]
    print(f"Medians of {rounds} rounds, the things compared taking turns. {os.cpu_count()} cores.")
    print(f"\nListing {listing['pages']} pages of {listing['users_a_page']} people, "
          f"{listing['page_bytes'] / 1e6:.1f} MB each, of {listing['groups']} groups "
          "(target: 4 ms CPU a page, 64 MB)")
    print(f"  {'':29}{'wall':>9}{'CPU':>9}{'a page':>10}{'peak':>10}")
    for name, cost in listing["costs"].items():
        print(f"  {name:29}{cost['wall_s']:7.2f} s{cost['cpu_s']:7.2f} s"
              f"{cost['cpu_ms_a_page']:7.2f} ms{cost['rss_kb'] / 1024:7.1f} MB")
    for how, ratio in listing["ratio_to_curl"].items():
        name = f"times curl, {how}"
        print(f"  {name:29}{ratio['wall_s']:8.2f}x{ratio['cpu_s']:8.2f}x{'':10}"
              f"{ratio['rss_kb']:9.2f}x")
    print(f"  curl only fetches; it neither parses nor keeps what it got")
    print(f"\nDiff of {diff['people']:,} against {diff['people']:,}, one percent differs "
          "(target: 0.5 s, 200 MB)")
    print(f"  {diff['diff_s']:.3f} s, {diff['ratio_to_floor']:.2f}x a bare merge that only counts; "
          f"peak {diff['rss_kb'] / 1024:.1f} MB")
    show_quiet(quiet, "Okta alone")
    show_quiet(results["quiet_aws_run"], "with Identity Center, `provisioning: scim`")
    print("\nJournal, each op marked sent and settled in two durable transactions")
    print(f"  {journal['ops_per_s']:.0f} ops/s, plain SQLite {journal['floor_per_s']:.0f} ops/s: "
          f"{journal['ratio_to_floor']:.2f} of the floor")
    print(f"  CPU {journal['cpu_ms_an_op']:.2f} ms an op, plain SQLite "
          f"{journal['floor_cpu_ms_an_op']:.2f} ms; the rest is waiting for the disk")
    start = results["start"]
    print(f"\nStarting the program: {start['wall_s'] * 1000:.1f} ms, "
          f"{start['rss_kb'] / 1024:.1f} MB")
    bench_aws.show(results)


def show_quiet(quiet, what):
    print(f"\nA run that finds everything in place, {what}: {quiet['people']} people, "
          f"{quiet['groups']} group{'s' * (quiet['groups'] > 1)} (target: no writes)")
    calls = ", ".join(f"{n} of {remote}" for remote, n in quiet["calls"].items() if n)
    print(f"  calls: {calls}; {quiet['writes']} writes")
    for kinds in quiet["by_kind"].values():
        for call, n in kinds.items():
            print(f"  {n:6}  {call}")


def main():
    build, release = sys.argv[1:3]
    bench = Bench(build, release, int(sys.argv[3]) if len(sys.argv) > 3 else 5)
    with bench.scratch:
        for part in (bench.listing, bench.diff, bench.quiet, bench.journal, bench.start,
                     bench.members, bench.dead_endpoint):
            print(f"bench: {part.__name__} ...", file=sys.stderr)
            part()
    path = pathlib.Path(build, "bench.json")
    path.write_text(json.dumps({"rounds": bench.rounds, **bench.results}, indent=2) + "\n")
    show(bench.results, bench.rounds)
    print(f"\nAlso in {path}")


if __name__ == "__main__":
    main()
