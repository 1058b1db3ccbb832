# SPDX-License-Identifier: GPL-3.0-or-later
"""A real Debian tree to run the real programs in, private to one worker process.

The process moves to mount and network namespaces of its own (a name in a configuration must never
cause a query on the network), lays an overlay over the read-only template of the release, and keeps
one child that has chroot()ed into it and starts programs there. Starting a program that way costs
a vfork, not a fork of the interpreter.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import pickle
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[3]
RELEASES = ("bullseye", "bookworm", "trixie", "sid")
SKIP = 77  # ctest's SKIP_RETURN_CODE
TIME_LIMIT = 20  # seconds for one program; sshd -T takes 10 ms

CLONE_NEWNS, CLONE_NEWNET = 0x00020000, 0x40000000
MS_BIND, MS_REC, MS_PRIVATE, MNT_DETACH = 0x1000, 0x4000, 0x40000, 2
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1

libc = ctypes.CDLL(None, use_errno=True)


class Unavailable(Exception):
    """The release cannot be had here; the message says why."""


def template(release: str) -> Path:
    """The template tree of a release, made by tests/trees/tree where it is missing."""
    if os.geteuid() != 0:
        raise Unavailable("only root can lay overlays and chroot")
    maker = SOURCE / "tests/trees/tree"
    if not maker.exists():
        raise Unavailable(f"{maker} is missing")
    made = subprocess.run([maker, release], stdout=subprocess.PIPE, text=True, check=False)
    tree = Path(made.stdout.strip())
    if made.returncode != 0 or not made.stdout.strip() or not tree.is_dir():
        raise Unavailable(f"no tree of {release} (tests/trees/tree: exit {made.returncode})")
    return tree


def checked(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise Unavailable(f"{what}: {os.strerror(number)}")


def mount(source: str, target: Path, kind: str | None, flags: int, data: str | None) -> None:
    checked(
        libc.mount(
            source.encode(),
            os.fsencode(target),
            kind.encode() if kind else None,
            flags,
            data.encode() if data else None,
        ),
        f"mount {target}",
    )


def enter_namespaces() -> None:
    """Own mounts, and a network of nothing but loopback. For the whole process; call once."""
    checked(libc.unshare(CLONE_NEWNS | CLONE_NEWNET), "unshare")
    mount("none", Path("/"), None, MS_REC | MS_PRIVATE, None)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = fcntl.ioctl(control, SIOCGIFFLAGS, struct.pack("16sH14x", b"lo", 0))
        flags = struct.unpack("16sH14x", request)[1]
        fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | IFF_UP))


class Scratch:
    """A tmpfs that holds the upper layers of all workers and goes away with the process."""

    def __init__(self) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="sshguardd-oracle-"))
        mount("tmpfs", self.path, "tmpfs", 0, "mode=0755")

    def close(self) -> None:
        libc.umount2(os.fsencode(self.path), MNT_DETACH)
        shutil.rmtree(self.path, ignore_errors=True)


def overlay(template_tree: Path, scratch: Path, name: str) -> Path:
    base = scratch / name
    for part in ("upper", "work", "root"):
        (base / part).mkdir(parents=True)
    mount(
        "overlay",
        base / "root",
        "overlay",
        0,
        f"lowerdir={template_tree},upperdir={base}/upper,workdir={base}/work",
    )
    return base / "root"


def cover(source: Path, target: Path) -> None:
    """Puts SOURCE in the place of a file outside the tree, for this process and its children."""
    if target.exists():
        mount(str(source), target, None, MS_BIND, None)


@dataclass(frozen=True)
class Output:
    status: int  # exit status, or -signal
    stdout: bytes
    stderr: bytes


ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}


def run(argv: list[str]) -> Output:
    """Runs a program in this process's root with / as its working directory."""
    streams = [os.memfd_create(name, 0) for name in ("out", "err")]
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
        (os.POSIX_SPAWN_DUP2, streams[0], 1),
        (os.POSIX_SPAWN_DUP2, streams[1], 2),
    ]
    try:
        pid = os.posix_spawn(argv[0], argv, ENVIRONMENT, file_actions=actions)
        signal.signal(signal.SIGALRM, lambda *_: os.kill(pid, signal.SIGKILL))
        signal.alarm(TIME_LIMIT)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        signal.alarm(0)
        stdout, stderr = (os.pread(fd, os.fstat(fd).st_size, 0) for fd in streams)
        return Output(status, stdout, stderr)
    finally:
        for fd in streams:
            os.close(fd)


class Chroot:
    """A child inside a tree that runs programs there on request."""

    def __init__(self, root: Path) -> None:
        self.root = root
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        self.pid = os.fork()
        if self.pid == 0:
            ours.close()
            self._serve(theirs)
        theirs.close()
        self.stream = ours.makefile("rwb")
        ours.close()

    def _serve(self, peer: socket.socket) -> None:
        status = 1
        try:
            os.chroot(self.root)
            os.chdir("/")
            with peer.makefile("rwb") as stream:
                while True:
                    pickle.dump(run(pickle.load(stream)), stream)
                    stream.flush()
        except EOFError:
            status = 0
        finally:
            os._exit(status)

    def run(self, argv: list[str]) -> Output:
        pickle.dump(argv, self.stream)
        self.stream.flush()
        return pickle.load(self.stream)

    def close(self) -> None:
        self.stream.close()
        os.waitpid(self.pid, 0)
