# SPDX-License-Identifier: GPL-3.0-or-later
"""sshguardd --dump-keys, taken apart."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

ENTRY = re.compile(r"(\d+): (bad: .*|(\d+) (SHA256:\S+) (.*) \((\S+)\))")
TIME_ZONE = "IST-5:30"  # of sshd too: expiry times are local


@dataclass(frozen=True)
class Entry:
    line: int
    key: tuple[str, str, str, str] | None  # bits, fingerprint, comment, type; None: a bad line
    options: str  # canonical, unescaped
    accepted: bool
    text: str


def unescape(text: str) -> str:
    """Bytes that were escaped, as one character each."""
    data = re.sub(rb"\\x([0-9a-f]{2})", lambda match: bytes((int(match[1], 16),)), text.encode())
    return data.decode("latin-1")


def dump(program: Path, file: Path, release: str, peer: str | None = None) -> dict[int, Entry]:
    argv = [str(program), "--dump-keys", str(file), "--openssh", release]
    if peer:
        argv += ["-C", f"user=root,{peer}"]
    done = subprocess.run(
        argv, capture_output=True, check=False, env=os.environ | {"TZ": TIME_ZONE}
    )
    if done.returncode not in (0, 1) or done.stderr:
        raise RuntimeError(f"exit {done.returncode}: {done.stderr!r}")
    entries = {}
    has_bad = False
    for text in done.stdout.decode().split("\n")[:-1]:
        first, *rest = text.split("\t")
        match = ENTRY.fullmatch(first)
        if not match:
            raise RuntimeError(f"not the documented form: {text!r}")
        has_bad |= match[3] is None
        words = [word.removeprefix("options ") for word in rest if word.startswith("options ")]
        entries[int(match[1])] = Entry(
            int(match[1]),
            (match[3], match[4], unescape(match[5]), match[6]) if match[3] else None,
            unescape(words[0]) if words else "",
            "accepted" in rest,
            text,
        )
    if has_bad != (done.returncode == 1):
        raise RuntimeError(f"exit {done.returncode} for {done.stdout!r}")
    return entries


def split_options(text: str) -> list[tuple[str, str | None]]:
    """The words of canonical options: names, and values without their quotes."""
    words = []
    for match in re.finditer(r'([a-z0-9-]+)(?:="((?:[^"\\]|\\"|\\(?!"))*)")?(?:,|$)', text):
        value = match[2]
        words.append((match[1], None if value is None else value.replace('\\"', '"')))
    return words
