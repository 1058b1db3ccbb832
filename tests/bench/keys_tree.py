#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Usage: keys_tree.py ROOT COUNT: a tree with a stock sshd configuration, the shipped policy and COUNT accounts,
each with two Ed25519 keys in ~/.ssh/authorized_keys that belong to it. The same tree each time."""

import base64
import os
import pathlib
import random
import shutil
import struct
import sys

root, count = pathlib.Path(sys.argv[1]), int(sys.argv[2])
source = pathlib.Path(__file__).resolve().parents[2]
generator = random.Random(count)


def string(value):
    return struct.pack(">I", len(value)) + value


def key(name):
    blob = string(b"ssh-ed25519") + string(generator.randbytes(32))
    return f"ssh-ed25519 {base64.b64encode(blob).decode()} {name}\n"


for name in ("etc/ssh", "etc/sshguardd/policy.d", "usr/share/sshguardd", "home"):
    (root / name).mkdir(parents=True, exist_ok=True)
shutil.copytree(source / "conf/profiles", root / "usr/share/sshguardd/profiles", dirs_exist_ok=True)
(root / "etc/ssh/sshd_config").write_text("UsePAM yes\n")
(root / "etc/sshguardd/sshguardd.conf").write_text('extends = [ "baseline" ];\nmode = "enforce";\n')
(root / "etc/sshguardd/policy.d/bench.conf").write_text(
    'rules = ( { id = "bench.approved"; keys = "*"; approved_only = true; response = "revert"; '
    'severity = "high"; why = "to be measured"; } );\n')
with open(root / "etc/passwd", "w") as passwd, open(root / "etc/group", "w") as group:
    passwd.write("root:x:0:0::/root:/bin/sh\n")
    group.write("root:x:0:\n")
    for i in range(count):
        user, number = f"user{i}", 100000 + i
        passwd.write(f"{user}:x:{number}:{number}::/home/{user}:/bin/sh\n")
        group.write(f"{user}:x:{number}:\n")
        home = root / "home" / user
        directory = home / ".ssh"
        directory.mkdir(parents=True)
        path = directory / "authorized_keys"
        path.write_text(key(f"{user}@a") + key(f"{user}@b"))
        for made, mode in ((home, 0o755), (directory, 0o700), (path, 0o600)):
            os.chmod(made, mode)
            if os.geteuid() == 0:
                os.chown(made, number, number)
