#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Rooms include only what the table of floors in ARCHITECTURE.md allows them, and link what it says."""

import re

from house import Check, floors, sources

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)
ADD_ROOM = re.compile(r"^add_room\(([^)]*)\)", re.MULTILINE)


def room_of(path):
    """daemon/ROOM/x.c, include/ROOM/x.h; daemon/main.c is main, client/ is the client."""
    parts = path.parts
    if parts[0] == "client":
        return "client"
    return parts[1] if len(parts) > 2 else path.stem


with Check(__doc__) as check:
    allowed = floors(check.source)
    for path in sources(check.source, {".c", ".h"}, ("daemon", "client", "include")):
        check.n_looked_at += 1
        name = check.relative(path)
        room = room_of(name)
        if room not in allowed:
            check.complain(name, f"the room {room} is not in ARCHITECTURE.md's table of floors")
            continue
        for include in INCLUDE.findall(path.read_text()):
            target, slash, _ = include.partition("/")
            if not slash and (path.parent / include).is_file():
                continue
            if not slash or target not in allowed:
                check.complain(name, f'#include "{include}" names no room')
            elif target != room and target not in allowed[room]:
                check.complain(name, f"{room} must not use {target} (#include \"{include}\")")

    for words in ADD_ROOM.findall((check.source / "CMakeLists.txt").read_text()):
        check.n_looked_at += 1
        room = words.split()[0]
        uses = set(re.sub(r".*\bUSES\b|\bLINKS\b.*", "", words, flags=re.DOTALL).split()) - {room, "PURE"}
        if uses != allowed.get(room):
            check.complain("CMakeLists.txt", f"add_room({room}) links {sorted(uses)}, "
                           f"ARCHITECTURE.md allows {sorted(allowed.get(room, ()))}")
