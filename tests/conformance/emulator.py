"""The third-party Okta emulator: got by npm, started on loopback, ended by its pid.

It is `emulate`, a program of Node.js. Both come by npm's ordinary client into a folder of the
build, once.
"""
import json
import os
import pathlib
import re
import select
import shutil
import socket
import subprocess
import time

from cloud import LOOPBACK, Cloud

PACKAGES = ["emulate@0.12.2", "node@22"]
INSTALL_SECONDS = 300
START_SECONDS = 60
STARTS = 5  # each with another port


class Unavailable(Exception):
    """It cannot be had here; that is no verdict on the program."""


def install(folder):
    """The command line that runs the emulator, from `folder`, which is filled when it must be."""
    folder = pathlib.Path(folder)
    node = folder / "node_modules/node/bin/node"
    entry = folder / "node_modules/emulate/dist/index.js"
    stamp = folder / "installed"
    if not stamp.is_file() or stamp.read_text() != "\n".join(PACKAGES) or not node.exists():
        npm = shutil.which("npm")
        if not npm:
            raise Unavailable("there is no npm")
        folder.mkdir(parents=True, exist_ok=True)
        stamp.unlink(missing_ok=True)
        command = [npm, "install", "--prefix", str(folder), "--no-audit", "--no-fund",
                   "--save-exact", "--loglevel=error", *PACKAGES]
        try:
            done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  text=True, timeout=INSTALL_SECONDS, check=False)
        except subprocess.TimeoutExpired:
            raise Unavailable(f"npm install did not end within {INSTALL_SECONDS} s") from None
        if done.returncode != 0:
            raise Unavailable(f"npm install failed: {done.stdout.strip()[-500:]}")
        stamp.write_text("\n".join(PACKAGES))
    for path in (node, entry):
        if not path.is_file():
            raise Unavailable(f"the packages brought no {path.relative_to(folder)}")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    numbers = [int(n) for n in re.findall(r"\d+", version.stdout)[:2]]
    if version.returncode != 0 or numbers < [22, 15]:
        raise Unavailable(f"node is {version.stdout.strip() or 'not runnable'}; 22.15 is needed")
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
