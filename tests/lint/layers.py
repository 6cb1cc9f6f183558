#!/usr/bin/env python3
"""Who may include whom. An edge that is not listed does not exist."""
import pathlib
import re
import sys

ALL = "base core settings http aws okta identity subs slack ledger engine server daemon cli sim"
MAY = {
    "base": "",
    "core": "base",
    "settings": "base core",
    "http": "base",
    "aws": "base http",
    "okta": "base core http",
    "slack": "base core http",
    "identity": "base core http aws",
    "subs": "base core http aws",
    "ledger": "base core",
    "engine": ALL.replace("server", "").replace("daemon", "").replace("cli", "").replace("sim", ""),
    "server": "base core settings ledger engine slack",
    "daemon": "base core settings ledger engine server http slack",
    "sim": "base core settings http aws",
    "cli": ALL,
}
# Third-party headers and the only files that may see them.
DOORS = {
    r"cjson/": [r"base/json\.c", r"base/json_page\.c"],
    r"openssl/": [r"base/crypt.*\.c", r"base/secret\.c", r"cli/cmd_help\.c"],
    r"sqlite3\.h": [r"ledger/.*", r"cli/cmd_help\.c"],
    r"curl/": [r"http/.*", r"cli/cmd_help\.c"],
    r"microhttpd\.h": [r"sim/.*", r"cli/cmd_help\.c"],
    r"yaml\.h": [r"settings/.*", r"sim/.*", r"cli/cmd_help\.c"],
}
BANNED = re.compile(r"\b(strcpy|strcat|sprintf|vsprintf|strtok|atoi|atol|gets|system|popen)\s*\(")
MAIN_ONLY = re.compile(r"\b(getenv|secure_getenv|setlocale|umask)\s*\(")

root = pathlib.Path(sys.argv[1])
faults = []
for path in sorted((root / "src").rglob("*.[ch]")):
    name = path.relative_to(root / "src").as_posix()
    folder = name.split("/")[0] if "/" in name else None
    for number, line in enumerate(path.read_text().splitlines(), 1):
        where = f"src/{name}:{number}"
        ours = re.match(r'\s*#\s*include "([a-z_]+)/', line)
        if ours and folder and ours.group(1) != folder and ours.group(1) not in MAY[folder].split():
            faults.append(f"{where}: {folder} may not include {ours.group(1)}")
        theirs = re.match(r"\s*#\s*include <([^>]+)>", line)
        if theirs:
            for header, files in DOORS.items():
                if re.match(header, theirs.group(1)) and not any(re.fullmatch(f, name) for f in files):
                    faults.append(f"{where}: <{theirs.group(1)}> is not for this file")
        code = re.sub(r'"(\\.|[^"\\])*"|/\*.*?\*/', "", line)
        if BANNED.search(code):
            faults.append(f"{where}: banned call: {BANNED.search(code).group(1)}")
        if MAIN_ONLY.search(code) and name != "main.c":
            faults.append(f"{where}: {MAIN_ONLY.search(code).group(1)} is main's alone")
for fault in faults:
    print(fault)
print(f"{len(faults)} faults")
sys.exit(1 if faults else 0)
