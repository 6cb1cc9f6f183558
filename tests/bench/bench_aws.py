"""What is measured of the AWS side: a long listing against the official SDK, and an endpoint that
accepts and never answers. The server is `seatkeeper sim`, over loopback HTTP.
"""
import os
import pathlib
import socket
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "conformance"))
import cloud  # noqa: E402
import fetch  # noqa: E402
import program  # noqa: E402
import store  # noqa: E402

MEMBERS, PAGE, GROUP = 100_000, 100, "Seats"
PACKAGES = ["@aws-sdk/client-identitystore@3.1138.0"]
DEAD_SETTINGS = """\
name: bench
timezone: UTC
ledger: ledger.db
okta: {{url: '{okta}', token_file: okta.token, rate_share: 100}}
aws:
  region: {region}
  account: "{account}"
  instance_arn: {instance}
  endpoints: {{identitystore: '{aws}', sso: '{aws}', sts: '{aws}'}}
entitlements:
  - name: seat
    mode: enforce
    provisioning: scim
    default_plan: kiro-pro
    plans: [{{plan: kiro-pro, okta_group: Seats}}]
    approval: none
"""


def organisation(n):
    """So many people in a group that Okta pushed long ago."""
    return {
        "people": [{"login": f"person{i:06}@example.com", "first_name": "Given",
                    "last_name": "Family"} for i in range(n)],
        "groups": [{"name": "Assigned"}, {"name": GROUP}],
        "memberships": [{"group": name, "members": "all"} for name in ("Assigned", GROUP)],
        "apps": [{"name": "amazon_aws_sso", "groups": ["Assigned"], "pushed": [GROUP]}],
        "credentials": {"tokens": [{"id": "00T1bench0000000001", "token": cloud.TOKEN,
                                    "owner": "person000000@example.com", "role": True}]},
    }


def members(bench):
    """Both take turns on one server. Without npm only ours is measured, and that is said."""
    try:
        folder = pathlib.Path(bench.build, "aws-sdk").resolve()
        node, missing = fetch.npm(folder, PACKAGES), None
    except fetch.Unavailable as why:
        node, missing = None, str(why)
    with store.SimulatedStore(str(bench.program), **organisation(MEMBERS)) as aws:
        url = f"http://{cloud.LOOPBACK}:{aws.port}"  # past the relay
        os.environ.update({"AWS_ACCESS_KEY_ID": aws.KEY, "AWS_SECRET_ACCESS_KEY": aws.SECRET,
                           "AWS_REGION": aws.REGION, "AWS_EC2_METADATA_DISABLED": "true"})
        contestants = {"seatkeeper": [bench.bin / "bench_members", url, aws.REGION,
                                      aws.instance_arn, GROUP, MEMBERS]}
        if node:
            script = pathlib.Path(__file__).with_name("sdk_members.mjs")
            contestants["SDK for JavaScript"] = [node, script, folder, url, aws.store_id, GROUP,
                                                 MEMBERS]
        bench.run(*contestants["seatkeeper"])  # the server makes up its past at the first question
        costs = bench.in_turn(contestants)
    for cost in costs.values():
        cost["cpu_ms_a_thousand"] = cost["cpu_s"] * 1000 / (MEMBERS / 1000)
    result = {"members": MEMBERS, "a_page": PAGE, "costs": costs, "peer_missing": missing}
    if node:
        ours, theirs = costs["seatkeeper"], costs["SDK for JavaScript"]
        result["ratio_to_sdk"] = {key: ours[key] / theirs[key]
                                  for key in ("wall_s", "cpu_s", "rss_kb")}
    return result


class Silence:
    """A port that takes connections and what comes over them, and says nothing. In a `with`."""

    def __enter__(self):
        self.listener = socket.create_server((cloud.LOOPBACK, 0))
        self.port = self.listener.getsockname()[1]
        self.taken = []
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def _accept(self):
        while True:
            try:
                self.taken.append(self.listener.accept()[0])
            except OSError:
                return

    def __exit__(self, *_):
        self.listener.close()
        for connection in self.taken:
            connection.close()


def dead_endpoint(bench):
    """Real seconds of one run, as a person sees them, with a live AWS and with a silent one."""
    seconds = {}
    with store.SimulatedStore(str(bench.program), **organisation(20)) as aws, Silence() as dead:
        live = f"http://{cloud.LOOPBACK}:{aws.port}"
        for name, url in (("live", live), ("silent", f"http://{cloud.LOOPBACK}:{dead.port}")):
            folder = bench.folder / name
            folder.mkdir(mode=0o700)
            settings = DEAD_SETTINGS.format(okta=live, aws=url, region=aws.REGION,
                                            account=aws.ACCOUNT, instance=aws.instance_arn)
            keys = {"AWS_ACCESS_KEY_ID": aws.KEY, "AWS_SECRET_ACCESS_KEY": aws.SECRET}
            run = program.Program(str(bench.program), folder, settings, cloud.TOKEN, keys)
            run.run("request", "grant", "person000001@example.com", "-e", "seat")
            begun = time.monotonic()
            run.run("reconcile", code=0 if name == "live" else 5)
            seconds[name] = time.monotonic() - begun
        connections = len(dead.taken)
    return {"live_s": seconds["live"], "silent_s": seconds["silent"],
            "delay_s": seconds["silent"] - seconds["live"], "connections": connections}


def show(results):
    listing, dead = results["members"], results["dead_endpoint"]
    print(f"\nListing {listing['members']:,} memberships of the Identity Store, "
          f"{listing['a_page']} a page, signed (target: a tenth of the SDK's CPU, 64 MB)")
    print(f"  {'':29}{'wall':>9}{'CPU':>9}{'a 1000':>10}{'peak':>10}")
    for name, cost in listing["costs"].items():
        print(f"  {name:29}{cost['wall_s']:7.2f} s{cost['cpu_s']:7.2f} s"
              f"{cost['cpu_ms_a_thousand']:7.2f} ms{cost['rss_kb'] / 1024:7.1f} MB")
    if listing["peer_missing"]:
        print(f"  the SDK cannot be had here: {listing['peer_missing']}")
    else:
        ratio = listing["ratio_to_sdk"]
        print(f"  {'times the SDK':29}{ratio['wall_s']:8.2f}x{ratio['cpu_s']:8.2f}x{'':10}"
              f"{ratio['rss_kb']:9.2f}x")
    print("  without the pace of 5 calls a second that a run keeps")
    print("\nA run whose AWS endpoint accepts and never answers (target: 20 s more)")
    print(f"  {dead['silent_s']:.1f} s, {dead['live_s']:.1f} s with one that answers: "
          f"{dead['delay_s']:.1f} real seconds more; {dead['connections']} connections tried")
