#!/usr/bin/env python3
"""What became of the people in the groups, against a third-party AWS, from the command line.

    identity_story.py SEATKEEPER moto|moto-old INSTALL_FOLDER
    identity_story.py SEATKEEPER simulator

Okta is the simulated cloud in all of them; what is somebody else's work is Identity Center. The
simulated one is told the same story. Exit code 77: the server cannot be had here, nothing was
tested.
"""
import pathlib
import sys
import tempfile
import traceback

import cloud
import moto
import simulator
import store
from fetch import Unavailable
from program import Program

PUSHED, DIRECT = "Kiro_Pushed", "Kiro_Direct"
OKTA_ID = {PUSHED: "00g1pushedaaaaaaaa01", DIRECT: "00g1directaaaaaaaa01"}
# Who is where; logins are those of `login`. Pages have 100 of them.
PEOPLE = range(1, 301)
ARRIVED = range(1, 261)  # in both groups of that name, here and there
NOT_PUSHED = range(261, 264)  # users there, not in the group yet
NO_USER = range(264, 266)
ASKING = range(271, 276)  # for what this program writes there itself
UNKNOWN_THERE = 276  # asks too, and is no user there
ENDED = 273
BY_HAND = range(277, 280)  # in the group there, by other hands
SEATS = [*ARRIVED, *NOT_PUSHED, *NO_USER]
SETTINGS = """\
name: conformance
timezone: UTC
ledger: ledger.db
okta:
  url: {okta}
  token_file: okta.token
  rate_share: 100
aws:
  region: {region}
  account: "{account}"
  instance_arn: {instance}
  {role}
  endpoints: {{identitystore: '{aws}', sso: '{aws}', sts: '{aws}'}}
entitlements:
  - name: pushed
    ask_for: [kiro]
    mode: observe
    provisioning: scim
    default_plan: kiro-pro
    plans: [{{plan: kiro-pro, okta_group: Kiro_Pushed}}]
    approval: none
  - name: direct
    ask_for: [kiro direct]
    mode: enforce
    provisioning: direct
    default_plan: kiro-pro-plus
    plans: [{{plan: kiro-pro-plus, okta_group: Kiro_Direct}}]
    approval: none
"""


def login(n):
    return f"person{n:03}@example.com"


def name_there(n):
    """Two are written differently over there; one person they are all the same."""
    return {2: "Person002@Example.com", 3: "PERSON003@EXAMPLE.COM"}.get(n, login(n))


def okta_id(n):
    return f"00u1conformance{n:05}"


def okta_seed():
    return {
        "tokens": {token: {"login": login(300 - n)}
                   for n, token in enumerate((cloud.TOKEN, cloud.HAND_TOKEN))},
        "okta": {
            "users": [{"okta_id": okta_id(n), "login": login(n), "first_name": f"P{n:03}",
                       "last_name": "Conform", "status": "ACTIVE"} for n in PEOPLE],
            "groups": [{"okta_id": OKTA_ID[name], "name": name} for name in (PUSHED, DIRECT)],
            "group_memberships": [{"group_okta_id": OKTA_ID[PUSHED], "user_okta_id": okta_id(n)}
                                  for n in SEATS],
        },
    }


def same(what, actual, expected):
    if actual != expected:
        raise AssertionError(f"{what}:\n  is       {actual}\n  expected {expected}")


def ops_of(report, state):
    return sorted((op["op"], op["okta_id"]) for op in report["ops"] if op["state"] == state)


def both(verb, people):
    """An op at Okta and one at Identity Center for each."""
    return sorted((f"{side}.{verb}", okta_id(n)) for n in people for side in ("okta", "idc"))


class Story:
    """Each method is a claim, told in this order; a later one stands on those before."""

    def __init__(self, binary, okta, aws, folder):
        self.binary = binary
        self.okta = okta
        self.aws = aws
        self.folder = folder
        self.env = {"AWS_ACCESS_KEY_ID": aws.KEY, "AWS_SECRET_ACCESS_KEY": aws.SECRET}
        self.program = self.new("main", self.env)
        self.before = None

    def new(self, name, env, role="", account=None):
        text = SETTINGS.format(okta=self.okta.url, aws=self.aws.url, region=self.aws.REGION,
                               account=account or self.aws.ACCOUNT,
                               instance=self.aws.instance_arn, role=role)
        return Program(self.binary, self.folder(name), text, cloud.TOKEN, env)

    def fill(self):
        for n in PEOPLE:
            if n not in NO_USER and n != UNKNOWN_THERE:
                self.aws.make_user(name_there(n))
        for group, members in ((PUSHED, ARRIVED), (DIRECT, BY_HAND)):
            self.aws.make_group(group)
            for n in members:
                self.aws.join(group, name_there(n))

    def writes(self):
        """What left the program since the last look and was no read: at Okta and at AWS."""
        return (sorted((method, path) for method, path in self.okta.relay.take() if method != "GET"),
                sorted(call.operation for call in self.aws.relay.take() if call.is_write))

    def nothing_was_written(self):
        same("writes at Okta and at AWS", self.writes(), ([], []))

    def doctor_finds_the_instance_and_the_groups(self):
        said = [line.split(None, 2) for line in self.program.run("doctor").splitlines()]
        checks = [(words[1], words[0], words[2]) for words in said
                  if len(words) == 3 and words[1] in ("aws.instance", "aws.group")]
        same("checks", [check[:2] for check in checks],
             [("aws.instance", "ok"), ("aws.group", "ok"), ("aws.group", "ok")])
        for (_, _, words), wanted in zip(checks, (
                f"account {self.aws.ACCOUNT}, {self.aws.instance_arn}, store {self.aws.store_id}",
                f"pushed by Okta, {len(ARRIVED)} members",
                f"written by this program, {len(BY_HAND)} members")):
            same(f"words of `{words}`", wanted in words, True)
        self.nothing_was_written()

    # ---- what Okta pushes ----

    def who_is_there_is_adopted_and_nothing_is_written(self):
        self.program.run("reconcile")
        path = f"{self.folder('lists')}/adopt.csv"
        self.program.run("adopt", "-e", "pushed", "--out", path)
        self.program.run("adopt", "--file", path)
        same("ops", self.program.json("reconcile")["ops"], [])
        self.nothing_was_written()

    def listings_come_in_pages(self):
        self.program.run("reconcile")
        calls = [call.operation for call in self.aws.relay.take()]
        same("pages of memberships", calls.count("ListGroupMemberships") >= 3, True)

    def hops(self, entitlement):
        return {seat["okta_id"]: {hop["hop"]: hop["state"] for hop in seat["hops"]}
                for seat in self.program.json("seats")["seats"]
                if seat["entitlement"] == entitlement and seat["grants"]}

    def every_seat_is_as_far_as_it_is_there(self):
        hops = self.hops("pushed")
        same("seats", sorted(hops), sorted(map(okta_id, SEATS)))
        for n in SEATS:
            seen = [hops[okta_id(n)][hop] for hop in ("okta", "user", "pushed")]
            expected = ["reached", "reached" if n not in NO_USER else "on_its_way",
                        "reached" if n in ARRIVED else "on_its_way"]
            same(f"hops of {login(n)}", seen, expected)

    def explain_says_how_far_somebody_is(self):
        for n, reached in ((1, 3), (2, 3), (NOT_PUSHED[0], 2), (NO_USER[0], 1)):
            text = self.program.run("explain", login(n))
            same(f"hops reached in the words on {login(n)}:\n{text}",
                 len([line for line in text.splitlines() if " reached" in line]), reached)

    def somebody_who_arrives_is_seen(self):
        self.aws.join(PUSHED, name_there(NOT_PUSHED[0]))
        self.program.run("reconcile")
        same("hop pushed", self.hops("pushed")[okta_id(NOT_PUSHED[0])]["pushed"], "reached")
        self.nothing_was_written()

    # ---- what this program writes there itself ----

    def memberships_are_made_there(self):
        for n in (*ASKING, UNKNOWN_THERE):
            self.program.run("request", "grant", login(n), "-e", "direct", "--for", "30d",
                             "--reason", "conformance")
        # Who has just been let in is looked for over there by the next run.
        done = [op for _ in range(2) for op in
                ops_of(self.program.json("reconcile"), "done")]
        same("done", sorted(done),
             sorted([*both("add", ASKING), ("okta.add", okta_id(UNKNOWN_THERE))]))
        same("members there", self.aws.members(DIRECT), sorted(map(login, [*ASKING, *BY_HAND])))
        same("writes there", self.writes()[1], ["CreateGroupMembership"] * len(ASKING))

    def a_second_run_writes_nothing(self):
        self.before = self.aws.memberships(DIRECT)
        report = self.program.json("reconcile")
        same("ops", ops_of(report, "done"), [])
        self.nothing_was_written()
        same("memberships there", self.aws.memberships(DIRECT), self.before)
        hops = self.hops("direct")
        for n in ASKING:
            same(f"hops of {login(n)}",
                 [hops[okta_id(n)][hop] for hop in ("okta", "user", "pushed")], ["reached"] * 3)

    def a_revoked_seat_is_taken_out_there(self):
        self.program.run("request", "revoke", login(ENDED), "-e", "direct", "--reason", "left")
        done = [op for _ in range(2) for op in
                ops_of(self.program.json("reconcile"), "done")]
        same("done", sorted(done), both("remove", [ENDED]))
        same("memberships there", self.aws.memberships(DIRECT),
             [row for row in self.before if row[0] != login(ENDED)])
        same("writes there", self.writes()[1], ["DeleteGroupMembership"])
        same("ops of the next run",
             ops_of(self.program.json("reconcile"), "done"), [])
        self.nothing_was_written()

    def the_pushed_group_was_never_written(self):
        same("members there", self.aws.members(PUSHED),
             sorted(map(name_there, [*ARRIVED, NOT_PUSHED[0]])))

    # ---- whose credentials ----

    def keys_of(self, program):
        """Access keys by operation of a run, and how far it saw a seat."""
        self.aws.relay.take()
        program.run("request", "grant", login(1), "-e", "pushed")
        program.run("reconcile")
        keys = {call.operation: call.key for call in self.aws.relay.take()}
        seat = program.json("seats")["seats"][0]
        same("hops", [hop["state"] for hop in seat["hops"] if hop["hop"] in ("user", "pushed")],
             ["reached"] * 2)
        return keys

    def a_role_is_assumed(self):
        keys = self.keys_of(self.new("role", self.env, role=f"role_arn: {self.aws.ROLE}"))
        same("AssumeRole", keys["AssumeRole"], self.aws.KEY)
        same("the role's own key", keys["ListUsers"][:4], "ASIA")
        same("one key for all the rest", {key for operation, key in keys.items()
                                          if operation != "AssumeRole"}, {keys["ListUsers"]})

    def a_web_identity_is_exchanged(self):
        token = self.folder("web") / "token"
        token.write_text(self.aws.WEB_TOKEN)
        keys = self.keys_of(self.new("web", {"AWS_WEB_IDENTITY_TOKEN_FILE": str(token),
                                             "AWS_ROLE_ARN": self.aws.ROLE}))
        same("unsigned", keys["AssumeRoleWithWebIdentity"], "")
        same("the role's own key", keys["ListUsers"][:4], "ASIA")

    def another_account_is_not_used(self):
        other = self.new("other", self.env, account="111122223333")
        self.aws.relay.take()
        other.run("request", "grant", login(1), "-e", "pushed")
        other.run("reconcile", code=4)
        same("operations", {call.operation for call in self.aws.relay.take()},
             {"GetCallerIdentity"})
        seat = other.json("seats")["seats"][0]
        same("hops", [hop["state"] for hop in seat["hops"] if hop["hop"] in ("user", "pushed")],
             ["unknown"] * 2)

    CLAIMS = (
        doctor_finds_the_instance_and_the_groups,
        who_is_there_is_adopted_and_nothing_is_written,
        listings_come_in_pages,
        every_seat_is_as_far_as_it_is_there,
        explain_says_how_far_somebody_is,
        somebody_who_arrives_is_seen,
        memberships_are_made_there,
        a_second_run_writes_nothing,
        a_revoked_seat_is_taken_out_there,
        the_pushed_group_was_never_written,
        a_role_is_assumed,
        a_web_identity_is_exchanged,
        another_account_is_not_used,
    )

    # ---- what is known of the server itself, before anything stands on it ----

    def moto_is_as_we_know_it(self):
        status, text, kind = self.aws.raw("sso", "SWBExternalService.ListInstances", {})
        same("a success", (status, kind), (200, "text/html; charset=utf-8"))
        same("an absent member", '"Name": null' in text, True)
        status, text, _ = self.aws.raw("sso", "SWBExternalService.ListInstances", {}, False)
        same("without a signature", (status, text[:1]), (200, "<"))
        pair = {"IdentityStoreId": self.aws.store_id, "GroupId": self.aws.groups[DIRECT],
                "MemberId": {"UserId": self.aws.users[login(BY_HAND[0])]}}
        pair["GroupIds"] = [pair["GroupId"]]
        for operation in ("IsMemberInGroups", "GetGroupMembershipId"):
            status, _, _ = self.aws.raw("identitystore", f"AWSIdentityStore.{operation}", pair)
            same(operation, status, self.known_pairs)
        made = self.aws.identity("CreateGroupMembership", GroupId=pair["GroupId"],
                                 MemberId=pair["MemberId"])["MembershipId"]
        same("made twice", self.aws.members(DIRECT).count(login(BY_HAND[0])), 2)
        for _ in range(2):
            same("deleted twice", self.aws.identity("DeleteGroupMembership", MembershipId=made), {})

    known_pairs = 200


class OldStory(Story):
    known_pairs = 500


def tell(story, claims):
    for claim in claims:
        name = claim.__name__.replace("_", " ")
        try:
            claim(story)
        except Exception:  # whatever it is, the claim did not hold
            print(f"not ok - {name}\n{traceback.format_exc()}")
            print("\n".join(story.program.log[-4:])[-6000:])
            return 1
        print(f"ok - {name}", flush=True)
    return 0


def begin(kind, binary, aws, claims):
    with tempfile.TemporaryDirectory(prefix="seatkeeper-conformance-") as root:
        def folder(name):
            path = pathlib.Path(root, name)
            path.mkdir(mode=0o700, exist_ok=True)
            return path

        with simulator.Simulator(binary, okta_seed()) as okta:
            story = kind(binary, okta, aws, folder)
            story.fill()
            return tell(story, claims)


def main():
    if len(sys.argv) == 3 and sys.argv[2] == "simulator":
        with store.SimulatedStore(sys.argv[1]) as aws:
            return begin(Story, sys.argv[1], aws, Story.CLAIMS)
    if len(sys.argv) != 4 or sys.argv[2] not in moto.RELEASES:
        print(__doc__)
        return 2
    kind = Story if sys.argv[2] == "moto" else OldStory
    try:
        python = moto.install(sys.argv[2], sys.argv[3])
        with moto.Moto(python) as aws:
            return begin(kind, sys.argv[1], aws, (kind.moto_is_as_we_know_it, *kind.CLAIMS))
    except Unavailable as why:
        print(f"skipped: {why}")
        return 77


if __name__ == "__main__":
    sys.exit(main())
