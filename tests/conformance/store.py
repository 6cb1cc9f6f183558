"""What stands in for AWS: how the program reaches it, and what is in it by other hands.

The program goes through a relay that writes down which operations it called, and with whose key.
"""
import json
import pathlib
import subprocess
import typing
import urllib.error
import urllib.parse
import urllib.request

import cloud

WRITES = ("Create", "Delete", "Update", "Put", "Add", "Remove")


class Call(typing.NamedTuple):
    operation: str  # ListUsers
    key: str  # the access key it was signed with; empty: unsigned

    @property
    def is_write(self):
        return self.operation.startswith(WRITES)


def call_of(head, body):
    """A request of AWS, as the relay writes it down."""
    headers = {name.lower(): value.strip() for name, _, value in
               (line.partition(":") for line in head[1:])}
    operation = headers.get("x-amz-target", "").rpartition(".")[2]
    if not operation:
        operation = urllib.parse.parse_qs(body.decode("latin-1")).get("Action", [head[0]])[0]
    _, _, credential = headers.get("authorization", "").partition("Credential=")
    return Call(operation, credential.partition("/")[0])


def ask(method, url, headers=None, body=None):
    """(status, text, headers), past any proxy."""
    request = urllib.request.Request(url, method=method, headers=headers or {}, data=body)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=30) as answer:
            return answer.status, answer.read().decode(), answer.headers
    except urllib.error.HTTPError as answer:
        return answer.code, answer.read().decode(), answer.headers


class Store(cloud.Cloud):
    """An account with one instance of Identity Center. `memberships` are (login, membership id)."""

    REGION = "eu-central-1"
    ROLE = "arn:aws:iam::123456789012:role/seatkeeper"
    WEB_TOKEN = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJjb25mb3JtYW5jZSJ9.c2ln+a/b="

    def __init__(self):
        super().__init__()
        self.relay.of = call_of
        self.url = f"http://{cloud.LOOPBACK}:{self.relay.port}"

    def members(self, group):
        return [login for login, _ in self.memberships(group)]

    def memberships(self, group):
        raise NotImplementedError


class SimulatedStore(Store):
    """The simulated cloud's AWS, filled by hand like the others. Runs inside a `with`."""

    ACCOUNT = "123456789012"
    KEY = "AKIACONFORMANCE00001"
    SECRET = "conformance/Secret+of0the/Simulated0Cloud0"

    def __init__(self, binary, keys=(), **org):
        super().__init__()
        self.binary = binary
        self.store_id = "d-c0f0a0ce11"
        self.instance_arn = "arn:aws:sso:::instance/ssoins-c0f0a0ce00000001"
        self.org = {"people": [], "groups": [], "aws": {
            "account": self.ACCOUNT, "region": self.REGION, "store_id": self.store_id,
            "instance_arn": self.instance_arn,
            "keys": [{"id": self.KEY, "secret": self.SECRET}, *keys],
            "roles": [{"arn": self.ROLE, "web_token": self.WEB_TOKEN}]}, **org}

    def __enter__(self):
        org = pathlib.Path(self.folder.name, "org.yaml")
        org.write_text(json.dumps(self.org))
        self.process = subprocess.Popen(
            [self.binary, "sim", "--listen", f"{cloud.LOOPBACK}:0", "--org", str(org)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        said = self.process.stdout.readline().strip()
        self.port = self.relay.target = int(said.rpartition(":")[2])
        return self

    def control(self, method, path, body=None):
        status, text, _ = ask(method, f"http://{cloud.LOOPBACK}:{self.port}/_sim/{path}",
                              {"Content-Type": "application/json"},
                              None if body is None else json.dumps(body).encode())
        if status >= 300:
            raise AssertionError(f"{method} /_sim/{path} answers {status}: {text[:300]}")
        return json.loads(text) if text else None

    def make_user(self, login):
        self.control("POST", "aws/users", {"user_name": login, "email": login.lower()})

    def make_group(self, name):
        self.control("POST", "aws/groups", {"name": name})

    def join(self, group, login):
        self.control("POST", f"aws/groups/{group}/members", {"add": [login]})

    def memberships(self, group):
        rows = self.control("GET", f"aws/memberships?group={group}")["memberships"]
        return sorted((row["user_name"], row["id"]) for row in rows)
