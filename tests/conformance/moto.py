"""The third-party AWS: `moto`, a program of Python, got by pip, started on loopback, ended by its pid.

It comes into a virtual environment in a folder of the build, once, with everything it stands on
pinned. It knows two releases: today's, and one from before it learned to say who is in a group.
"""
import json
import os
import pathlib
import re
import select
import subprocess
import time

import fetch
from cloud import LOOPBACK
from fetch import Unavailable
from store import Store, ask

# What both stand on; only moto itself differs.
COMMON = """\
blinker==1.9.0 boto3==1.44.5 botocore==1.44.5 certifi==2026.10.18 cffi==2.1.1
charset-normalizer==3.5.2 click==8.5.1 cryptography==50.0.2 Flask==3.1.3 flask-cors==6.0.5
idna==3.20 itsdangerous==2.2.0 Jinja2==3.1.6 jmespath==1.1.0 MarkupSafe==3.0.4 pycparser==3.12
python-dateutil==2.9.0.post0 PyYAML==6.0.3 requests==2.34.2 responses==0.26.3 s3transfer==0.19.3
six==1.17.0 urllib3==2.8.0 Werkzeug==3.1.9 xmltodict==1.0.4""".split()
RELEASES = {"moto": "5.2.5", "moto-old": "5.2.2"}
START_SECONDS = 60


def install(release, folder):
    """The Python that has the server, from `folder`, which is filled when it must be."""
    return fetch.pip(folder, [*COMMON, f"moto=={RELEASES[release]}"])


class Moto(Store):
    """Runs inside a `with`."""

    ACCOUNT = "123456789012"  # moto's own, whoever signs
    KEY = "AKIAIOSFODNN7EXAMPLE"
    SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"

    def __init__(self, python):
        super().__init__()
        self.python = python
        self.groups = {}
        self.users = {}

    def __enter__(self):
        log = pathlib.Path(self.folder.name, "log")
        with open(log, "w", encoding="utf-8") as out:
            self.process = subprocess.Popen(
                [str(self.python), "-B", "-m", "moto.server", "-H", LOOPBACK, "-p", "0"],
                stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=self.folder.name,
                env={"PATH": os.environ.get("PATH", ""), "HOME": self.folder.name,
                     "PYTHONUNBUFFERED": "1"})
        until = time.monotonic() + START_SECONDS
        while not (said := re.search(r"http://127\.0\.0\.1:(\d+)", log.read_text())):
            if time.monotonic() > until or self.process.poll() is not None:
                self.__exit__()
                raise Unavailable("the server did not start")
            select.select([], [], [], 0.05)
        self.port = self.relay.target = int(said[1])
        instance = self.json("sso", "SWBExternalService.ListInstances")["Instances"][0]
        self.instance_arn, self.store_id = instance["InstanceArn"], instance["IdentityStoreId"]
        return self

    def raw(self, service, target, body, authorization=True):
        """(status, text, content type) of one call past the relay. Nobody checks signatures here,
        but the region is read off them."""
        scope = f"{self.KEY}/20260102/{self.REGION}/{service}/aws4_request"
        headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": target}
        if authorization:
            headers["Authorization"] = (f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, "
                                        f"Signature={'0' * 64}")
        status, text, head = ask("POST", f"http://{LOOPBACK}:{self.port}/", headers,
                                 json.dumps(body).encode())
        return status, text, head["Content-Type"]

    def json(self, service, target, **body):
        status, text, _ = self.raw(service, target, body)
        if status != 200:
            raise AssertionError(f"{target} answers {status}: {text[:300]}")
        return json.loads(text)

    def identity(self, operation, **body):
        return self.json("identitystore", f"AWSIdentityStore.{operation}",
                         IdentityStoreId=self.store_id, **body)

    # ---- as every store ----

    def make_user(self, login):
        self.users[login] = self.identity(
            "CreateUser", UserName=login, DisplayName=login,
            Name={"GivenName": "Given", "FamilyName": "Family"},
            Emails=[{"Value": login.lower(), "Type": "work", "Primary": True}])["UserId"]

    def make_group(self, name):
        self.groups[name] = self.identity("CreateGroup", DisplayName=name)["GroupId"]

    def join(self, group, login):
        self.identity("CreateGroupMembership", GroupId=self.groups[group],
                      MemberId={"UserId": self.users[login]})

    def memberships(self, group):
        logins = {user: login for login, user in self.users.items()}
        found, token = [], {}
        while True:
            page = self.identity("ListGroupMemberships", GroupId=self.groups[group], MaxResults=100,
                                 **token)
            found += [(logins[row["MemberId"]["UserId"]], row["MembershipId"])
                      for row in page["GroupMemberships"]]
            if not page.get("NextToken"):
                return sorted(found)
            token = {"NextToken": page["NextToken"]}
