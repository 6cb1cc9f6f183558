"""The program's own simulated cloud, told the same story: it must end the same way."""
import json
import pathlib
import subprocess

import cloud


class Simulator(cloud.Cloud):
    """Runs inside a `with`, over loopback HTTP, as `seatkeeper sim`."""

    def __init__(self, binary, seed):
        super().__init__()
        self.binary = binary
        self.seed = seed

    def __enter__(self):
        org = pathlib.Path(self.folder.name, "org.yaml")
        org.write_text(json.dumps(self._organisation()))
        self.process = subprocess.Popen(
            [self.binary, "sim", "--listen", f"{cloud.LOOPBACK}:0", "--org", str(org)],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        said = self.process.stdout.readline().strip()
        self.port = int(said.rpartition(":")[2])
        self.relay.target = self.port
        return self

    def _organisation(self):
        """The emulator's seed in the simulator's words."""
        okta = self.seed["okta"]
        members = {group["okta_id"]: [] for group in okta["groups"]}
        logins = {user["okta_id"]: user["login"] for user in okta["users"]}
        for membership in okta["group_memberships"]:
            members[membership["group_okta_id"]].append(logins[membership["user_okta_id"]])
        tokens = [{"id": f"00T1conformance{n:05}", "token": token, "owner": who["login"],
                   "role": True} for n, (token, who) in enumerate(self.seed["tokens"].items())]
        return {
            "people": [{"id": user["okta_id"], "login": user["login"], "status": user["status"],
                        "first_name": user["first_name"], "last_name": user["last_name"]}
                       for user in okta["users"]],
            "groups": [{"id": group["okta_id"], "name": group["name"],
                        "members": members[group["okta_id"]]} for group in okta["groups"]],
            "credentials": {"tokens": tokens},
        }
