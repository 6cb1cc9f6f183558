"""The program under test, used as people use it: commands, exit codes, JSON on stdout."""
import json
import os
import pathlib
import subprocess

RUN_SECONDS = 120
PASSED_ON = ("PATH", "ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS")


class Program:
    """One settings file and one ledger, in a folder of their own."""

    def __init__(self, binary, folder, settings, token, env=None):
        self.binary = binary
        self.folder = pathlib.Path(folder)
        self.env = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        self.env["HOME"] = str(self.folder)
        self.env.update(env or {})
        self.log = []
        # `init` makes the ledger; its settings point nowhere, so ours take their place.
        self.run("init", str(self.folder))
        self._write("settings.yaml", settings)
        self._write("okta.token", token)
        self.run("check")

    def _write(self, name, text):
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o600)

    def run(self, *args, code=0):
        """stdout; `code` is what the exit code has to be."""
        command = [self.binary, "--settings", str(self.folder / "settings.yaml"), *args]
        if args[0] == "init":
            command = [self.binary, *args]
        done = subprocess.run(command, cwd=self.folder, env=self.env, capture_output=True,
                              text=True, timeout=RUN_SECONDS, check=False)
        self.log.append(f"$ seatkeeper {' '.join(args)}\n{done.stdout}{done.stderr}"
                        f"[exit code {done.returncode}]")
        if done.returncode != code:
            raise AssertionError(f"seatkeeper {' '.join(args)}: exit code {done.returncode}, "
                                 f"expected {code}\n{done.stdout}{done.stderr}")
        return done.stdout

    def json(self, *args, code=0):
        return json.loads(self.run(*args, "--json", code=code))
