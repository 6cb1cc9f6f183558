"""The third-party Okta emulator: got by npm, started on loopback, ended by its pid.

It is `emulate`, a program of Node.js. Both come by npm's ordinary client into a folder of the
build, once.
"""
import json
import os
import pathlib
import select
import socket
import subprocess
import time

import fetch
from cloud import LOOPBACK, Cloud
from fetch import Unavailable

PACKAGES = ["emulate@0.12.2"]
START_SECONDS = 60
STARTS = 5  # each with another port


def install(folder):
    """The command line that runs the emulator, from `folder`, which is filled when it must be."""
    node = fetch.npm(folder, PACKAGES)
    entry = pathlib.Path(folder) / "node_modules/emulate/dist/index.js"
    if not entry.is_file():
        raise Unavailable(f"the packages brought no {entry.relative_to(folder)}")
    return [str(node), str(entry)]


def free_port():
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        return probe.getsockname()[1]


class Emulator(Cloud):
    """Runs inside a `with`."""

    def __init__(self, command, seed):
        super().__init__()
        self.command = command
        self.seed = seed

    def __enter__(self):
        for _ in range(STARTS):
            if self._start():
                self.relay.target = self.port
                return self
        self.__exit__()
        raise Unavailable(f"the emulator did not start: {self._log()[-500:]}")

    def _log(self):
        path = pathlib.Path(self.folder.name, "log")
        return path.read_text() if path.is_file() else ""

    def _start(self):
        # JSON is YAML, so no YAML writer is needed.
        seed = pathlib.Path(self.folder.name, "seed.yaml")
        seed.write_text(json.dumps(self.seed))
        self.port = free_port()
        command = [*self.command, "start", "--service", "okta", "--port", str(self.port),
                   "--base-url", self.url, "--seed", str(seed)]
        with open(pathlib.Path(self.folder.name, "log"), "w", encoding="utf-8") as log:
            self.process = subprocess.Popen(  # the node binary itself: its pid is the server's
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder.name,
                env={"PATH": os.environ.get("PATH", ""), "HOME": self.folder.name})
        if self._answers():
            return True
        self.stop()
        return False

    def _answers(self):
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and self.process.poll() is None:
            try:
                # Somebody else's server on this port has no group of ours.
                names = [group["profile"]["name"] for group in self.groups()]
                return self.seed["okta"]["groups"][0]["name"] in names
            except OSError:
                select.select([], [], [], 0.05)
            except (ValueError, KeyError, TypeError):
                return False
        return False
