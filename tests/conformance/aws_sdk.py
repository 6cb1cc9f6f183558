#!/usr/bin/env python3
"""The simulated AWS against the official client: the AWS SDK for JavaScript, got by npm.

    aws_sdk.py SEATKEEPER INSTALL_FOLDER

What the SDK signs must be accepted, what it reads must be what its service models say, and it must
meet its own exceptions. Exit code 77: the SDK cannot be had here, nothing was tested.
"""
import json
import os
import pathlib
import subprocess
import sys

import fetch
import store

PACKAGES = ["@aws-sdk/client-identitystore@3.1138.0", "@aws-sdk/client-sso-admin@3.1138.0",
            "@aws-sdk/client-sts@3.1169.0"]
PEOPLE, MEMBERS = 307, 260
PUSHED, BY_HAND = "Kiro_Pushed", "Kiro_By_Hand"
WEAK = ("AKIACONFORMANCE00002", "conformance/Secret+of0somebody/weaker0000")
SECONDS = 300


def login(n):
    return f"person{n:03}@example.com"


def okta_id(n):
    return f"00u1conformance{n:05}"


def organisation():
    """People whom Okta has pushed long ago, in a group that it pushes."""
    return {
        "people": [{"id": okta_id(n), "login": login(n), "first_name": f"P{n:03}",
                    "last_name": "Conform"} for n in range(1, PEOPLE + 1)],
        "groups": [{"name": "Assigned", "members": [login(n) for n in range(1, PEOPLE + 1)]},
                   {"name": PUSHED, "members": [login(n) for n in range(1, MEMBERS + 1)]}],
        "apps": [{"name": "amazon_aws_sso", "groups": ["Assigned"], "pushed": [PUSHED]}],
    }


def expectations():
    return {"account": store.SimulatedStore.ACCOUNT, "role": store.Store.ROLE,
            "webToken": store.Store.WEB_TOKEN, "people": PEOPLE, "members": MEMBERS,
            "pushed": PUSHED, "byHand": BY_HAND, "person": login(7), "oktaId": okta_id(7),
            "outsider": login(PEOPLE), "noSuchId": "9067000000-00000000-0000-4000-8000-000000000000",
            "weak": {"accessKeyId": WEAK[0], "secretAccessKey": WEAK[1]}}


def main():
    if len(sys.argv) != 3:
        print(__doc__)
        return 2
    folder = pathlib.Path(sys.argv[2]).resolve()
    try:
        node = fetch.npm(folder, PACKAGES)
    except fetch.Unavailable as why:
        print(f"skipped: {why}")
        return 77
    weak = {"id": WEAK[0], "secret": WEAK[1], "deny": ["identitystore:ListUsers"]}
    with store.SimulatedStore(sys.argv[1], keys=[weak], **organisation()) as aws:
        aws.make_group(BY_HAND)
        env = {"PATH": os.environ.get("PATH", ""), "HOME": aws.folder.name,
               "AWS_REGION": aws.REGION, "AWS_ACCESS_KEY_ID": aws.KEY,
               "AWS_SECRET_ACCESS_KEY": aws.SECRET, "SDK_PACKAGES": str(folder),
               "SDK_URL": aws.url, "SDK_STORE": aws.store_id, "SDK_INSTANCE": aws.instance_arn,
               "SDK_EXPECT": json.dumps(expectations())}
        script = pathlib.Path(__file__).with_name("aws_sdk.mjs")
        return subprocess.run([node, script], env=env, timeout=SECONDS, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
