# SPDX-License-Identifier: GPL-3.0-or-later
"""ssh-keygen -l as the judge of lines without options: a key or not, and all it says of one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from sandbox import Chroot

from . import ours

# What is left of another line, where a line has no comment, may hold a line feed.
PRINTED = re.compile(r"(\d+) (SHA256:\S+) (.*?) \((\S+)\)\n", re.DOTALL)
FILE = "/oracle.keys"
# Until 9.x a line without a comment shows what is left of the line before it.
FIRST_WITHOUT_STALE_COMMENTS = 1000


@dataclass(frozen=True)
class Difference:
    kind: str
    line: str
    theirs: str
    ours: str


def decode_octal(text: str) -> str:
    """vis(3) of a comment undone: one character per byte."""
    return re.sub(r"\\([0-3][0-7]{2})", lambda match: chr(int(match[1], 8)), text)


class KeygenJudge:
    def __init__(self, chroot: Chroot, program: Path, version: str, number: int) -> None:
        self.chroot, self.program, self.version, self.number = chroot, program, version, number

    def theirs(self, lines: list[str]) -> list[tuple[str, str, str, str]]:
        (self.chroot.root / FILE[1:]).write_bytes("".join(lines).encode("utf-8"))
        output = self.chroot.run(["/usr/bin/ssh-keygen", "-lf", FILE])
        text, printed, at = output.stdout.decode("latin-1"), [], 0
        while match := PRINTED.match(text, at):
            printed.append(
                (match[1], match[2], decode_octal(match[3]).removesuffix("\r"), match[4])
            )
            at = match.end()
        if at < len(text):
            raise RuntimeError(f"ssh-keygen says {text[at : at + 200]!r}")
        return printed

    def ours(self, lines: list[str]) -> list[ours.Entry]:
        entries = ours.dump(self.program, self.chroot.root / FILE[1:], self.version)
        return list(entries.values())

    def normal(self, key: tuple[str, str, str, str], has_comment: bool) -> tuple[str, ...]:
        if has_comment or self.number >= FIRST_WITHOUT_STALE_COMMENTS:
            return key
        return (key[0], key[1], "?", key[3])

    def agree(self, lines: list[str]) -> bool:
        theirs = self.theirs(lines)
        keys = [entry.key for entry in self.ours(lines) if entry.key]
        return len(theirs) == len(keys) and all(
            self.normal(a, b[2] != "no comment") == self.normal(b, b[2] != "no comment")
            for a, b in zip(theirs, keys)
        )

    def judge(self, lines: list[str]) -> list[Difference]:
        """All lines in one file; if that differs, each line in a file of its own."""
        if self.agree(lines):
            return []
        found = []
        for line in lines:
            if self.agree([line]):
                continue
            theirs, entries = self.theirs([line]), self.ours([line])
            kind = "accepted or not"
            if theirs and entries and entries[0].key:
                names = ("bits", "fingerprint", "comment", "type")
                kind = [n for n, a, b in zip(names, theirs[0], entries[0].key) if a != b][0]
            found.append(
                Difference(
                    f"ssh-keygen: {kind}",
                    line,
                    repr(theirs),
                    repr([entry.text for entry in entries]),
                )
            )
        return found or [Difference("ssh-keygen: only together", "".join(lines), "", "")]
