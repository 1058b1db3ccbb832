# SPDX-License-Identifier: GPL-3.0-or-later
"""One case: the files of /etc/pam.d and /usr/lib/pam.d, and what is asked of the service."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path

from .names import NUMBERS

SERVICE = "svc"
DIRECTORIES = ("/etc/pam.d", "/usr/lib/pam.d")


@dataclass
class Line:
    """A logical line, or any bytes that stand for one. `@T@` in it becomes the tag FILE:LINE."""

    text: bytes
    runs: bool = False  # a rule whose tag reaches the module, so that the module can be told a code
    missing: bool = False  # its module cannot be loaded
    broken: bool = False

    def physical_lines(self) -> int:
        return self.text.count(b"\n")


@dataclass
class Case:
    files: dict[str, list[Line]]
    facilities: list[str] = field(default_factory=list)  # asked for one after the other
    codes: dict[str, int] = field(default_factory=dict)  # "FACILITY:FILE:LINE" → other than success

    def tagged(self) -> list[tuple[str, Line]]:
        """Every line with its tag."""
        found = []
        for path, lines in self.files.items():
            number = 1
            for line in lines:
                found.append((f"{path}:{number}", line))
                number += line.physical_lines()
        return found

    def bytes_of(self, path: str) -> bytes:
        parts, number = [], 1
        for line in self.files[path]:
            parts.append(line.text.replace(b"@T@", f"t={path}:{number}".encode()))
            number += line.physical_lines()
        return b"".join(parts)

    def mark_missing(self) -> None:
        """A module that cannot be loaded answers module_unknown; the what-if must be told."""
        for facility in self.facilities:
            for tag, line in self.tagged():
                if line.missing:
                    self.codes[f"{facility}:{tag}"] = NUMBERS["module_unknown"]

    def is_broken(self) -> bool:
        return any(line.broken for lines in self.files.values() for line in lines)

    def write(self, root: Path) -> None:
        for directory in DIRECTORIES:
            for old in (root / directory[1:]).iterdir():
                old.unlink()
        for path in self.files:
            (root / path[1:]).write_bytes(self.bytes_of(path))

    def save(self, directory: Path, note: str) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        for path in self.files:
            target = directory / "tree" / path[1:]
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(self.bytes_of(path))
        (directory / "question.json").write_text(
            json.dumps({"facilities": self.facilities, "codes": self.codes}, indent=1) + "\n"
        )
        (directory / "note").write_text(note)

    def shown(self) -> str:
        parts = []
        for path in self.files:
            parts.append(f"==> {path} <==\n{self.bytes_of(path).decode(errors='backslashreplace')}")
        return "\n".join(parts) + f"\nrun {','.join(self.facilities)} with {self.codes}\n"
