# SPDX-License-Identifier: GPL-3.0-or-later
"""StrictModes: random owners and modes from a key file up to /, and whether sshd trusts the file."""

from __future__ import annotations

import os
import random
import re
import subprocess
from pathlib import Path

from .keygen import Difference
from .server import LOG, Server

UID, HOME = 1000, "/home/bob"
# eve and www share a primary group; root is the only member of 1100; nobody is called ghost.
PASSWD = """root:x:0:0::/root:/bin/bash
bob:x:1000:1000::/home/bob:/bin/sh
eve:x:1001:1001::/home/eve:/bin/sh
www:x:1002:1001::/:/bin/sh
sshd:x:100:65534::/run/sshd:/usr/sbin/nologin
"""
GROUP = """root:x:0:
bob:x:1000:
eve:x:1001:
staff:x:1050:bob
shared:x:1060:bob,eve
empty:x:1070:
also:x:1080:eve
ghosts:x:1090:ghost
rooted:x:1100:root
nogroup:x:65534:
"""
UIDS = (0, 0, UID, UID, UID, UID, 1001)
GIDS = (0, UID, UID, UID, 1001, 1050, 1050, 1060, 1070, 1080, 1090, 1100, 4242)
FILES = (
    "/home/bob/.ssh/authorized_keys",
    "/home/bob/.ssh/deep/er/keys",
    "/home/bob/keys",
    "/srv/keys/bob",
    "/home/eve/.ssh/authorized_keys",
)
LINK = "/oracle/link"
REFUSED = re.compile(r"Authentication refused: bad ownership or modes for \w+ (\S+)")


class ModesJudge:
    def __init__(self, server: Server, helper: Path) -> None:
        self.server, self.helper = server, helper
        self.passwd = server.write("passwd", PASSWD)
        self.group = server.write("group", GROUP)
        for name, text in (("passwd", PASSWD), ("group", GROUP)):
            (server.root / "etc" / name).write_text(text)
        self.key = (server.root / "oracle/me.pub").read_text()

    def inside(self, path: str) -> Path:
        return self.server.root / path[1:]

    def chain(self, file: str) -> list[str]:
        return [file, *(str(parent) for parent in Path(file).parents)]

    def spoil(self, rng: random.Random, file: str) -> None:
        """Most of a chain stays as it should be, or nothing would ever be trusted."""
        for path in self.chain(file)[:-1]:
            mode = 0o644 if path == file else 0o755
            uid, gid = rng.choice((0, UID)), rng.choice((0, UID))
            if rng.random() < 0.35:
                mode |= rng.choice((0o020, 0o020, 0o020, 0o002, 0o022, 0o1000, 0o1002, 0o1022, 0o4000))
            if rng.random() < 0.35:
                uid, gid = rng.choice(UIDS), rng.choice(GIDS)
            os.chown(self.inside(path), uid, gid)
            os.chmod(self.inside(path), mode)

    def judge(self, rng: random.Random) -> tuple[bool, list[Difference]]:
        """Whether sshd trusted the file, and what differs."""
        file = rng.choice(FILES)
        self.inside(file).parent.mkdir(parents=True, exist_ok=True)
        self.inside(file).write_text(self.key)
        link = self.inside(LINK)
        link.unlink(missing_ok=True)
        link.symlink_to(file)
        self.spoil(rng, file)
        theirs = self.theirs()
        words = []
        for path in self.chain(file):
            status = os.stat(self.inside(path))
            mode = status.st_mode & 0o7777
            words.append(f"{path}:{mode:o}:{status.st_uid}:{status.st_gid}")
        done = subprocess.run(
            [self.helper, self.passwd, self.group, str(UID), HOME],
            input=" ".join(words) + "\n",
            capture_output=True,
            text=True,
            check=True,
        )
        ours = done.stdout.strip()
        self.inside(file).unlink()
        if ours == theirs:
            return theirs == "trusted", []
        return False, [Difference("sshd: StrictModes", " ".join(words), theirs, ours)]

    def theirs(self) -> str:
        os.truncate(self.server.root / LOG[1:], 0)
        argv = self.server.client("127.0.0.1", ["/oracle/me"], "-l", "bob")
        self.server.run([*argv, "true"])
        said = "\n".join(self.server.log())
        if match := REFUSED.search(said):
            return match[1]
        if "Accepted key" in said:
            return "trusted"
        raise RuntimeError(f"sshd said neither: {said}")
