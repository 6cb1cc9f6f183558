#!/usr/bin/env python3
"""The life of a seat against a third-party Okta emulator, from the command line.

    story.py SEATKEEPER emulator INSTALL_FOLDER
    story.py SEATKEEPER simulator

What the program must do is said by its own manual; that the other side is somebody else's work is
the point. The simulated cloud is told the same story, to see whether it is true. Exit code 77: the
emulator cannot be had here, nothing was tested.
"""
import pathlib
import sys
import tempfile
import traceback

import cloud
import emulator
import simulator
from fetch import Unavailable
from program import Program

GROUP = "AWS_kiro_JP_Users"
LOST_GROUP = "AWS_kiro_JP"  # how others begin, and nobody ends
GROUP_ID = "00g1kirojpaaaaaaaa99"
PEOPLE = 70
GROUPS = 45  # more than a page of the emulator's, which has 30; ours comes last
SETTINGS = """\
name: conformance
timezone: UTC
ledger: ledger.db
okta:
  url: {url}
  token_file: okta.token
  rate_share: 100
entitlements:
  - name: kiro-jp
    ask_for: [kiro]
    mode: enforce
    provisioning: none
    default_plan: kiro-pro
    plans: [{{plan: kiro-pro, okta_group: {group}}}]
    approval: none
    eligible: {{domains: [example.com]}}
"""
# Who plays which part; logins are those of `login`.
ASKING = range(1, 13)  # 1 has a plus sign in the login, 2 a capital letter
ENDED, OUTSIDER = 3, 40
INCUMBENT = 30  # in the group from the start
SUSPENDED, DEPROVISIONED, FOREIGN = 60, 61, 62


def login(n):
    odd = {1: "person01+aws@example.com", 2: "Person02@example.com", FOREIGN: "person62@other.test"}
    return odd.get(n, f"person{n:02}@example.com")


def okta_id(n):
    return f"00u1conformance{n:05}"


def seed():
    state = {SUSPENDED: "SUSPENDED", DEPROVISIONED: "DEPROVISIONED"}
    others = [GROUP + "_old", GROUP[:-1], GROUP.lower(), "Employees"]
    others += [f"Team {n:02}" for n in range(GROUPS - len(others) - 1)]
    groups = [{"okta_id": f"00g1otherconform{n:04}", "name": name}
              for n, name in enumerate(others)]
    return {
        "tokens": {token: {"login": login(PEOPLE - n),
                           "scopes": ["okta.groups.manage", "okta.users.read"]}
                   for n, token in enumerate((cloud.TOKEN, cloud.HAND_TOKEN))},
        "okta": {
            "users": [{"okta_id": okta_id(n), "login": login(n), "first_name": f"P{n:02}",
                       "last_name": "Conform", "status": state.get(n, "ACTIVE")}
                      for n in range(1, PEOPLE + 1)],
            "groups": groups + [{"okta_id": GROUP_ID, "name": GROUP}],
            # A wrong guess among the groups would show: these have members already.
            "group_memberships": [{"group_okta_id": groups[n]["okta_id"],
                                   "user_okta_id": okta_id(n + 50)} for n in range(4)]
                                 + [{"group_okta_id": GROUP_ID,
                                     "user_okta_id": okta_id(INCUMBENT)}],
        },
    }


def ids(people):
    return sorted(okta_id(n) for n in people)


def same(what, actual, expected):
    if actual != expected:
        raise AssertionError(f"{what}:\n  is       {actual}\n  expected {expected}")


def ops_of(report):
    return sorted((op["op"], op["okta_id"], op["state"]) for op in report["ops"])


class Story:
    """Each method is a claim, told in this order; a later one stands on those before."""

    def __init__(self, binary, okta, folder):
        self.binary = binary
        self.cloud = okta
        self.folder = folder
        self.program = Program(binary, folder("main"),
                               SETTINGS.format(url=okta.url, group=GROUP), cloud.TOKEN)

    def members_are(self, people):
        same("members in the emulator", self.cloud.members(GROUP_ID), ids(people))

    def writes_are(self, expected):
        """The writes that left the program since the last look, and nothing but reads besides."""
        sent = [(method, path) for method, path in self.cloud.relay.take() if method != "GET"]
        wanted = sorted((method, f"/api/v1/groups/{GROUP_ID}/users/{okta_id(n)}")
                        for method, n in expected)
        same("writes on the wire", sorted(sent), wanted)

    def the_emulator_is_as_we_know_it(self):
        status, first, headers = self.cloud.call(
            "GET", "/api/v1/groups?search=profile.name%20eq%20%22" + GROUP + "%22&limit=200")
        same("status", status, 200)
        same("its first group", first[0]["profile"]["name"], "Everyone")
        same("groups of a page", len(first), 30)
        same("Link headers", len(headers.get_all("Link")), 1)
        for relation in ('rel="next"', 'rel="last"'):
            same(relation, relation in headers["Link"], True)
        same("its links", headers["Link"].partition("/api/")[0], "<" + self.cloud.url)
        same("links of an object", first[0]["_links"]["self"]["href"].partition("/api/")[0],
             self.cloud.url)
        for path in ("/api/v1/groups/rules", "/api/v1/logs", "/.well-known/okta-organization"):
            same(path, self.cloud.call("GET", path)[0], 404)
        self.members_are([INCUMBENT])

    def a_name_that_does_not_exist_resolves_to_nothing(self):
        lost = Program(self.binary, self.folder("lost"),
                       SETTINGS.format(url=self.cloud.url, group=LOST_GROUP),
                       cloud.TOKEN)
        lost.run("request", "grant", login(1), "-e", "kiro-jp")
        self.cloud.relay.take()
        report = lost.json("reconcile", code=self.CODE_NO_GROUP)
        same("ops that were sent", [op for op in ops_of(report) if op[2] != "held"], [])
        same("is it said", LOST_GROUP in lost.run("drift"), True)
        self.writes_are([])
        for group in seed()["okta"]["groups"]:
            before = [m["user_okta_id"] for m in seed()["okta"]["group_memberships"]
                      if m["group_okta_id"] == group["okta_id"]]
            same(f"members of {group['name']}", self.cloud.members(group["okta_id"]), before)

    CODE_NO_GROUP = 4

    def a_plan_shows_the_grants_and_writes_nothing(self):
        for n in ASKING:
            self.program.run("request", "grant", login(n), "-e", "kiro", "--for", "30d",
                             "--reason", "conformance")
        report = self.program.json("plan")
        same("planned", ops_of(report), [("okta.add", who, "planned") for who in ids(ASKING)])
        same("plan --exit-code", self.program.run("plan", "--exit-code", code=3) != "", True)
        self.writes_are([])
        self.members_are([INCUMBENT])

    def the_grants_arrive_by_one_put_each(self):
        report = self.program.json("reconcile")
        same("done", ops_of(report), [("okta.add", who, "done") for who in ids(ASKING)])
        self.writes_are([("PUT", n) for n in ASKING])
        self.members_are({*ASKING, INCUMBENT})

    def a_second_run_finds_everything_in_place(self):
        report = self.program.json("reconcile")
        same("ops", report["ops"], [])
        same("converged", report["converged"], True)
        self.writes_are([])
        self.members_are({*ASKING, INCUMBENT})

    def who_may_not_have_a_seat_gets_none(self):
        for n in (SUSPENDED, DEPROVISIONED, FOREIGN):
            self.program.run("request", "grant", login(n), "-e", "kiro")
        self.program.run("request", "grant", "nobody@example.com", "-e", "kiro")
        report = self.program.json("reconcile")
        same("ops", report["ops"], [])
        self.writes_are([])
        self.members_are({*ASKING, INCUMBENT})

    def a_revoked_seat_is_taken_away(self):
        self.program.run("request", "revoke", login(ENDED), "-e", "kiro", "--reason", "left")
        report = self.program.json("reconcile")
        same("done", ops_of(report), [("okta.remove", okta_id(ENDED), "done")])
        self.writes_are([("DELETE", ENDED)])
        self.members_are({*ASKING, INCUMBENT} - {ENDED})
        same("ops of the next run", self.program.json("reconcile")["ops"], [])

    def findings(self):
        return sorted((f["kind"], f["person"]) for f in self.program.json("drift")["findings"])

    def adopt(self, n):
        path = f"{self.folder('lists')}/adopt{n}.csv"
        self.program.run("adopt", "-e", "kiro-jp", "--out", path)
        self.program.run("adopt", "--file", path)

    def who_was_there_before_is_reported_and_can_be_adopted(self):
        same("findings", self.findings(), [("unmanaged_member", login(INCUMBENT))])
        self.adopt(INCUMBENT)
        same("ops", self.program.json("reconcile")["ops"], [])
        same("findings", self.findings(), [])
        self.writes_are([])

    def a_member_added_by_hand_is_reported_and_left_alone(self):
        same("PUT", self.cloud.change("PUT", GROUP_ID, okta_id(OUTSIDER)), 204)
        same("ops", self.program.json("reconcile")["ops"], [])
        same("findings", self.findings(), [("unmanaged_member", login(OUTSIDER))])
        self.program.run("drift", "--exit-code", code=3)
        self.writes_are([])

    # Somebody the program has not just added: for a minute after a write of its own it trusts that
    # write more than a listing, which at Okta may be older.
    def a_member_taken_out_by_hand_is_not_put_back(self):
        same("DELETE", self.cloud.change("DELETE", GROUP_ID, okta_id(INCUMBENT)), 204)
        report = self.program.json("reconcile", code=4)
        same("ops", ops_of(report), [("okta.add", okta_id(INCUMBENT), "held")])
        same("findings", self.findings(), [("removed_outside", login(INCUMBENT)),
                                           ("unmanaged_member", login(OUTSIDER))])
        self.writes_are([])

    def the_stranger_is_adopted_and_the_lost_seat_ended(self):
        self.adopt(OUTSIDER)
        self.program.run("request", "revoke", login(INCUMBENT), "-e", "kiro", "--reason", "gone")
        same("ops", self.program.json("reconcile")["ops"], [])
        same("findings", self.findings(), [])
        self.writes_are([])

    def the_group_equals_the_ledger(self):
        seats = self.program.json("seats")["seats"]
        granted = [seat for seat in seats if seat["grants"]]
        same("seats", sorted(seat["okta_id"] for seat in granted), self.cloud.members(GROUP_ID))
        same("seats", len(granted), len(ASKING) - 1 + 1)
        for seat in granted:
            hops = {hop["hop"]: hop["state"] for hop in seat["hops"]}
            same(f"hop okta of {seat['person']}", hops["okta"], "reached")
            same(f"owned {seat['person']}", seat["owned"], True)
        # Who was adopted in this very minute may be shown on the way out until it has passed.
        for seat in seats:
            if not seat["grants"]:
                same("seat without a grant", (seat["okta_id"], seat["hops"][0]["state"]),
                     (okta_id(INCUMBENT), "leaving"))

    def the_audit_trail_verifies(self):
        same("words", self.program.run("audit", "--verify").startswith("intact:"), True)

    CLAIMS = (
        a_name_that_does_not_exist_resolves_to_nothing,
        a_plan_shows_the_grants_and_writes_nothing,
        the_grants_arrive_by_one_put_each,
        a_second_run_finds_everything_in_place,
        who_may_not_have_a_seat_gets_none,
        a_revoked_seat_is_taken_away,
        who_was_there_before_is_reported_and_can_be_adopted,
        a_member_added_by_hand_is_reported_and_left_alone,
        a_member_taken_out_by_hand_is_not_put_back,
        the_stranger_is_adopted_and_the_lost_seat_ended,
        the_group_equals_the_ledger,
        the_audit_trail_verifies,
    )


def tell(binary, okta, claims):
    with tempfile.TemporaryDirectory(prefix="seatkeeper-conformance-") as root:
        def folder(name):
            path = pathlib.Path(root, name)
            path.mkdir(mode=0o700, exist_ok=True)
            return path

        story = Story(binary, okta, folder)
        for claim in claims:
            name = claim.__name__.replace("_", " ")
            try:
                claim(story)
            except Exception:  # whatever it is, the claim did not hold
                print(f"not ok - {name}\n{traceback.format_exc()}")
                print("\n".join(story.program.log[-6:]))
                return 1
            print(f"ok - {name}")
    return 0


def main():
    if len(sys.argv) == 3 and sys.argv[2] == "simulator":
        with simulator.Simulator(sys.argv[1], seed()) as okta:
            return tell(sys.argv[1], okta, Story.CLAIMS)
    if len(sys.argv) != 4 or sys.argv[2] != "emulator":
        print(__doc__)
        return 2
    try:
        command = emulator.install(sys.argv[3])
        with emulator.Emulator(command, seed()) as okta:
            return tell(sys.argv[1], okta, (Story.the_emulator_is_as_we_know_it, *Story.CLAIMS))
    except Unavailable as why:
        print(f"skipped: {why}")
        return 77


if __name__ == "__main__":
    sys.exit(main())
