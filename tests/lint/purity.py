#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Pure rooms need only the libc and library functions of purity.allow, and hold no writable global state."""

import fnmatch
import pathlib
import re
import subprocess

from house import Check

PURE_ROOM = re.compile(r"^add_room\((\w+)\s+PURE\b", re.MULTILINE)
# relocated constant tables lie in .data.rel.ro, which is read-only once the program runs
WRITABLE = re.compile(r"(\.data(?!\.rel\.ro)|\.bss|\.tdata|\.tbss|\*COM\*)")


def load_allowed(path):
    """[(room or *, symbol pattern)]; a line is `ROOM PATTERN...`, a # line above it says why."""
    rows = [line.split() for line in path.read_text().splitlines() if line and line[0] != "#"]
    return [(room, pattern) for room, *patterns in rows for pattern in patterns]


def symbols(archive):
    """Yields (name, class letter, section) of each symbol in the archive."""
    listing = subprocess.run(["nm", "--format=sysv", archive], check=True, capture_output=True, text=True)
    for line in listing.stdout.splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        if len(cells) == 7:
            yield cells[0], cells[2], cells[6]


OPTIONS = [("--build", {"type": pathlib.Path, "required": True,
                        "help": "a build of plain objects: LTO and sanitizers change the symbols"})]

# what the allow-list says of locales rests on nobody choosing one
LOCALE = {"setlocale", "newlocale", "uselocale"}


def check_locale(check):
    for archive in sorted(check.arguments.build.glob("lib*.a")):
        check.n_looked_at += 1
        for name in LOCALE.intersection(name for name, *_ in symbols(archive)):
            check.complain(archive.name, f"must not use {name}(): pure rooms rely on the C locale")


with Check(__doc__, OPTIONS) as check:
    check_locale(check)
    allowed = load_allowed(pathlib.Path(__file__).with_name("purity.allow"))
    rooms = PURE_ROOM.findall((check.source / "CMakeLists.txt").read_text())
    tables = {room: list(symbols(archive)) for room in rooms
              if (archive := check.arguments.build / f"libroom_{room}.a").exists()}
    # which room may use which is the business of floors.py
    ours = {name for table in tables.values() for name, letter, _ in table if letter.isupper() and letter != "U"}
    for room, table in tables.items():
        patterns = [pattern for owner, pattern in allowed if owner in ("*", room)]
        for name, letter, section in sorted(set(table)):
            check.n_looked_at += 1
            if letter == "U" and name not in ours:
                if not any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns):
                    check.complain(f"daemon/{room}", f"a pure room must not use {name}()")
            elif WRITABLE.match(section):
                check.complain(f"daemon/{room}", f"a pure room must not hold writable state: {name}")
