# SPDX-License-Identifier: GPL-3.0-or-later
"""What the checks of this folder share: the rooms, their floors, the sources, and how a check ends."""

import argparse
import pathlib
import re
import sys

SOURCE_FOLDERS = ("daemon", "client", "include", "tests")


class Check:
    """Collects complaints; `with Check(...)` ends the program with 0 or 1 and says what was looked at."""

    def __init__(self, description, options=()):
        parser = argparse.ArgumentParser(description=description)
        parser.add_argument("--source", type=pathlib.Path, help="the source tree",
                            default=pathlib.Path(__file__).resolve().parents[2])
        for name, settings in options:
            parser.add_argument(name, **settings)
        self.arguments = parser.parse_args()
        self.source = self.arguments.source
        self.complaints = []
        self.n_looked_at = 0

    def complain(self, where, what):
        self.complaints.append(f"{where}: {what}")

    def relative(self, path):
        return path.relative_to(self.source)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind:
            return False
        for complaint in self.complaints:
            print(complaint)
        if not self.n_looked_at:
            sys.exit("nothing was looked at")
        print(f"{self.n_looked_at} looked at, {len(self.complaints)} complaints")
        sys.exit(1 if self.complaints else 0)


def sources(root, suffixes, folders=SOURCE_FOLDERS):
    """The files below these folders with one of these suffixes, in byte order."""
    return sorted(path for folder in folders for path in (root / folder).rglob("*")
                  if path.suffix in suffixes and path.is_file())


def floors(root):
    """{room: set of rooms it may use}, from the table of ARCHITECTURE.md."""
    table = {}
    for line in (root / "ARCHITECTURE.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("|") or len(cells) != 3 or not re.fullmatch(r"\d|beside", cells[0]):
            continue
        for room in re.sub(r"\(.*?\)", "", cells[1]).split(","):
            table[room.strip()] = {name for name in re.split(r",\s*", cells[2]) if name != "nothing"}
    if "base" not in table:
        sys.exit("ARCHITECTURE.md has no table of floors")
    return table
