# SPDX-License-Identifier: GPL-3.0-or-later
"""The world around a configuration: accounts, groups, names, services, host keys. Small pools, so
that what configurations ask for and what connections bring often meet."""

from __future__ import annotations

import shutil
from pathlib import Path

import sandbox

# Name, uid, gid, home. carol's group has no name; dave shares bob's gid.
ACCOUNTS = (
    ("alice", 1000, 1000, "/home/alice"),
    ("bob", 1001, 1001, "/home/bob"),
    ("carol", 1002, 4242, "/home/carol"),
    ("dave", 1003, 1001, "/home/dave"),
    ("deploy", 1004, 1004, "/srv/deploy"),
    ("git", 1005, 1005, "/srv/git"),
    ("DOM\\eve", 1006, 1006, "/home/eve"),
)
# Name, gid, members. wheel and twin share a gid: sshd sees the first name only.
GROUPS = (
    ("alice", 1000, ""),
    ("bob", 1001, ""),
    ("deploy", 1004, ""),
    ("git", 1005, ""),
    ("eve", 1006, ""),
    ("wheel", 2000, "alice,bob"),
    ("twin", 2000, "carol"),
    ("sftp-only", 2001, "deploy,bob"),
    ("ssh-users", 2002, "alice,dave,carol"),
    ("empty", 2003, ""),
)
USERS = ("root", "alice", "bob", "carol", "dave", "deploy", "git", "nobody")
STRANGERS = ("mallory", "DOM\\eve", "Root", "a,b", "al ice")
GROUP_NAMES = ("root", "alice", "bob", "wheel", "twin", "sftp-only", "ssh-users", "empty", "eve")
HOSTS = ("client.example.com", "db1.example.com", "Gate.Example.ORG", "gate", "10.1.2.3")
ADDRESSES = (
    "10.1.2.3",
    "10.9.9.9",
    "192.0.2.7",
    "192.0.2.200",
    "203.0.113.9",
    "2001:db8::7",
    "2001:db8:1::1",
    "fe80::1",
    "127.0.0.1",
    "::1",
)
LOCAL_ADDRESSES = ("10.0.0.1", "192.0.2.1", "2001:db8::1", "127.0.0.1")
PORTS = ("22", "2222", "443")
RDOMAINS = ("0", "vrf-blue", "vrf-red")
# One key is there by default: each that sshd -T has to load costs it as much as all the rest.
HOST_KEY = "/etc/ssh/ssh_host_ed25519_key"
MISSING_HOST_KEYS = ("/etc/ssh/ssh_host_rsa_key", "/etc/ssh/ssh_host_ecdsa_key")
OTHER_HOST_KEY = "/etc/ssh/other_host_key"
HOST_KEYS = (HOST_KEY, HOST_KEY, OTHER_HOST_KEY)

SERVICES = """ssh 22/tcp
domain 53/tcp
domain 53/udp
http 80/tcp www
https 443/tcp
ntp 123/udp
altssh 2222/tcp
"""
NAMES = """127.0.0.1 localhost
::1 localhost ip6-localhost
192.0.2.1 gateway.example.com gateway
2001:db8::1 gateway6
"""
SWITCH = "".join(
    f"{name}: files\n"
    for name in ("passwd", "group", "shadow", "hosts", "services", "protocols", "networks")
)


NETWORK_FILES = {"services": SERVICES, "hosts": NAMES, "nsswitch.conf": SWITCH}


def cover_network_files(scratch: Path) -> None:
    """What is outside the tree resolves services and hosts as sshd does inside."""
    for name, content in NETWORK_FILES.items():
        (scratch / name).write_text(content)
        sandbox.cover(scratch / name, Path("/etc") / name)


def furnish(root: Path) -> None:
    """Puts this world into the tree below ROOT."""
    etc = root / "etc"
    with (etc / "passwd").open("a") as passwd:
        for name, uid, gid, home in ACCOUNTS:
            passwd.write(f"{name}:x:{uid}:{gid}::{home}:/bin/sh\n")
    with (etc / "group").open("a") as group:
        for name, gid, members in GROUPS:
            group.write(f"{name}:x:{gid}:{members}\n")
    for name, content in NETWORK_FILES.items():
        (etc / name).write_text(content)
    for missing in MISSING_HOST_KEYS:
        (root / missing.lstrip("/")).unlink(missing_ok=True)
    for suffix in ("", ".pub"):
        shutil.copy2(root / (HOST_KEY + suffix).lstrip("/"), root / (OTHER_HOST_KEY + suffix)[1:])
    (root / "run/sshd").mkdir(parents=True, exist_ok=True)
