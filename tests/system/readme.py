#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""README.md's sessions are typed on a real machine, line by line, and print what the README says they print.

A session is a block ```console, where `$ ` is the prompt of a member of the group sshguardd. Times, ages, process
ids and the numbers of files and users may differ, all else may not.

Usage: tests/system/readme.py PACKAGE [--update], with TREE naming the machine's root folder; --update writes
what was printed into README.md.
"""

import difflib
import os
import pathlib
import re
import shutil
import sys
import time

from machine import Machine
from session import typed

README = pathlib.Path(__file__).resolve().parents[2] / "README.md"
BLOCK = re.compile(r"(?<=^```console\n).*?(?=^```$)", re.MULTILINE | re.DOTALL)
SETTLE_SECONDS = 2
# what apt says where it has no terminal, and what a terminal overwrites
NOISE = re.compile(r"^debconf: delaying package configuration.*\n|^\n?WARNING: apt does not have.*\n\n?|"
                   r"^\(Reading database \.\.\. ?(?:\d+%)?\n", re.MULTILINE)
MAY_DIFFER = (
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d"), "TIME"),
    (re.compile(r"^[A-Z][a-z]{2} \d\d \d\d:\d\d:\d\d \S+ sshguardd\[\d+\]", re.MULTILINE), "TIME HOST sshguardd"),
    (re.compile(r"\d+(ms|s|min) ago|just now"), "AGE"),
    (re.compile(r"\b\d+( files\b| users\b| by events\b| paths\b)"), r"N\1"),
    (re.compile(r"systemd \([^)]*\)|GID \d+|[\d.]+ [kM]?B\b|\d+ not upgraded"), "N"),
    (re.compile(r"[ \t]+"), " "),
    (re.compile(r" $", re.MULTILINE), ""),
)


def comparable(text):
    for pattern, stands_for in MAY_DIFFER:
        text = pattern.sub(stands_for, text)
    return text


def as_a_terminal_shows(text):
    return re.sub(r"[ \t]+$", "", NOISE.sub("", text), flags=re.MULTILINE)


def type_command(machine, prompt, command):
    """Returns what it prints; what it prompts a guard to do has happened a moment later."""
    folder, user = ("/root", None) if prompt == "#" else ("/home/bob", "bob")
    result = machine.run(f"cd {folder}; exec 2>&1; {command}", user=user, check=False, seconds=120)
    time.sleep(SETTLE_SECONDS)
    return as_a_terminal_shows(result.stdout)


def type_block(machine, block):
    shown = []
    for prompt, command, lines in typed(block):
        print(lines, end="", flush=True)
        shown.append(lines + type_command(machine, prompt, command))
        # the group comes with the package
        if "apt install" in command:
            machine.run("useradd -m -s /bin/bash -G sshguardd bob")
    return "".join(shown)


def main():
    tree, package = pathlib.Path(os.environ["TREE"]), pathlib.Path(sys.argv[1])
    shutil.copy(package, tree / "root" / package.name)
    said = README.read_text()
    with Machine(tree) as machine:
        found = BLOCK.sub(lambda block: type_block(machine, block[0]), said)
    if "--update" in sys.argv[2:]:
        README.write_text(found)
        return 0
    if not BLOCK.search(said):
        print("README.md has no session")
        return 1
    difference = list(difflib.unified_diff(comparable(said).splitlines(), comparable(found).splitlines(),
                                           "README.md", "as typed", lineterm=""))
    print("\n".join(difference))
    print(f"{len(BLOCK.findall(said))} sessions, {'they differ' if difference else 'as printed'}")
    return 1 if difference else 0


if __name__ == "__main__":
    sys.exit(main())
