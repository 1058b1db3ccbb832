# SPDX-License-Identifier: GPL-3.0-or-later
"""One case: the files of a configuration, the command line, and the connections to ask about."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path

MAIN = "/etc/ssh/sshd_config"


@dataclass(frozen=True)
class Case:
    files: dict[str, bytes]  # absolute path: content
    links: dict[str, str] = field(default_factory=dict)  # absolute path: target
    options: tuple[str, ...] = ()  # arguments of -o
    contexts: tuple[tuple[str, ...], ...] = ()  # arguments of -C, several in one call allowed
    main: str = MAIN
    named: str | None = MAIN  # the argument of -f; None: not given
    wrong: tuple[str, ...] = ()  # arguments of -o to ask with, one at a time

    def arguments(self) -> list[str]:
        """The command line of sshd and of ours, but for -T and -C."""
        named = ["-f", self.named] if self.named is not None else []
        return [*named, *(part for option in self.options for part in ("-o", option))]

    def with_files(self, files: dict[str, bytes]) -> Case:
        return replace(self, files=files)

    def size(self) -> int:
        return sum(len(content) for content in self.files.values())

    # Files of a case lie in DIR/tree; the rest is DIR/case.json, bytes that are not UTF-8 as
    # surrogates.

    def save(self, directory: Path, release: str, note: str) -> None:
        shutil.rmtree(directory, ignore_errors=True)
        self.install(directory / "tree")
        (directory / "case.json").write_text(
            json.dumps(
                {
                    "release": release,
                    "options": self.options,
                    "contexts": self.contexts,
                    "main": self.main,
                    "named": self.named,
                },
                indent=1,
            )
            + "\n"
        )
        (directory / "README").write_text(note, errors="surrogateescape")

    @staticmethod
    def load(directory: Path) -> tuple[Case, str]:
        tree = directory / "tree"
        described = json.loads((directory / "case.json").read_text())
        files: dict[str, bytes] = {}
        links: dict[str, str] = {}
        for path in sorted(tree.rglob("*")):
            name = "/" + os.fspath(path.relative_to(tree))
            if path.is_symlink():
                links[name] = os.readlink(path)
            elif path.is_file():
                files[name] = path.read_bytes()
        case = Case(
            files,
            links,
            tuple(described["options"]),
            tuple(tuple(context) for context in described["contexts"]),
            described["main"],
            described["named"],
        )
        return case, described["release"]

    def install(self, root: Path) -> list[Path]:
        """Writes the files below ROOT; returns what remove() is to take away again."""
        made: list[Path] = []
        for name in (*self.files, *self.links):
            path = root / name.lstrip("/")
            missing = [parent for parent in path.parents if not parent.exists()]
            if missing:
                path.parent.mkdir(parents=True)
                made += reversed(missing)
            made.append(path)
            if name in self.files:
                path.write_bytes(self.files[name])
            else:
                path.symlink_to(self.links[name])
        return made


def remove(made: list[Path]) -> None:
    for path in reversed(made):
        if path.is_dir() and not path.is_symlink():
            path.rmdir()
        else:
            path.unlink()
