"""Programs that others wrote, got by their own ordinary package clients into a folder, once.

A folder is filled anew when what is wanted of it has changed.
"""
import pathlib
import re
import shutil
import subprocess
import sys

INSTALL_SECONDS = 300
NODE = "node@22"  # Node.js itself comes by npm too, since the system's may be too old


class Unavailable(Exception):
    """It cannot be had here; that is no verdict on the program."""


def _run(what, command):
    try:
        done = subprocess.run([str(word) for word in command], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=INSTALL_SECONDS,
                              check=False)
    except subprocess.TimeoutExpired:
        raise Unavailable(f"{what} did not end within {INSTALL_SECONDS} s") from None
    except OSError as why:
        raise Unavailable(f"{what}: {why}") from None
    if done.returncode != 0:
        raise Unavailable(f"{what} failed: {done.stdout.strip()[-500:]}")


def npm(folder, packages):
    """The Node.js binary of the folder, which has the packages beside it in node_modules."""
    folder = pathlib.Path(folder)
    node = folder / "node_modules/node/bin/node"
    stamp = folder / "installed"
    wanted = "\n".join([*packages, NODE])
    if not stamp.is_file() or stamp.read_text() != wanted or not node.exists():
        client = shutil.which("npm")
        if not client:
            raise Unavailable("there is no npm")
        folder.mkdir(parents=True, exist_ok=True)
        stamp.unlink(missing_ok=True)
        _run("npm install", [client, "install", "--prefix", folder, "--no-audit", "--no-fund",
                             "--save-exact", "--loglevel=error", *packages, NODE])
        stamp.write_text(wanted)
    if not node.is_file():
        raise Unavailable(f"the packages brought no {node.relative_to(folder)}")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    numbers = [int(n) for n in re.findall(r"\d+", version.stdout)[:2]]
    if version.returncode != 0 or numbers < [22, 15]:
        raise Unavailable(f"node is {version.stdout.strip() or 'not runnable'}; 22.15 is needed")
    return node


def pip(folder, packages):
    """The Python of the folder, which is a virtual environment that has the packages."""
    folder = pathlib.Path(folder)
    python = folder / "bin/python"
    stamp = folder / "installed"
    wanted = "\n".join(packages)
    if not stamp.is_file() or stamp.read_text() != wanted or not python.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.parent.mkdir(parents=True, exist_ok=True)
        _run("python3 -m venv", [sys.executable, "-m", "venv", folder])
        _run("pip install", [python, "-m", "pip", "install", "--quiet",
                             "--disable-pip-version-check", *packages])
        stamp.write_text(wanted)
    return python
