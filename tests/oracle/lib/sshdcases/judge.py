# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks the real sshd and sshguardd the same question and compares every word of the answers."""

from __future__ import annotations

import difflib
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import sandbox
from sandbox import Chroot, Output

from .case import Case, remove
from .world import furnish

NEWEST_KNOWN = 1006  # the newest release in daemon/sshd/release.c

SSHD = "/usr/sbin/sshd"

# What sshd says about things it looks at besides its configuration (host keys, an agent, logins),
# and what a LogLevel in the configuration makes it say about itself.
NOISE = re.compile(
    rb"debug[123]?: |Unable to load host key|Could not load host (key|certificate)"
    rb"|No matching private key for certificate|Certificate file is not a certificate"
    rb"|Could not connect to agent|(main: )?Host key .*: (Invalid key length|.*too small)"
    rb"|Public key for .* does not match private key"
    rb"|@{59}$|@ +WARNING: UNPROTECTED PRIVATE KEY FILE! +@$"
    rb"|Permissions 0\d+ for '.*' are too open\.$|This private key will be ignored\.$"
    rb"|It is required that your private key files are NOT accessible by others\.$"
)
# A Match LocalPort without lport= is fatal to sshd -T, yet the configuration is not refused.
SPEC_INCOMPLETE = re.compile(rb"in configuration but '\w+' not in connection test specification")
NO_HOST_KEYS = re.compile(rb"no hostkeys available -- exiting")


class NewerRelease(Exception):
    """The installed sshd is newer than the table of releases."""


@dataclass(frozen=True)
class Release:
    name: str  # bookworm
    version: str  # OpenSSH_9.2p1 Debian-2+deb12u6
    number: int  # 902
    algorithms: dict[str, list[str]]  # by kind of `ssh -Q`


def open_tree(tree: Path, other_sshd: Path | None) -> Chroot:
    """A chroot in a writable tree; OTHER_SSHD, and ssh beside it, take the place of its own."""
    if other_sshd:
        for built, name in (
            (other_sshd, "usr/sbin/sshd"),
            (other_sshd.parent / "ssh", "usr/bin/ssh"),
        ):
            shutil.copy2(built, tree / name)
    return Chroot(tree)


def probe(name: str, chroot: Chroot) -> Release:
    """Which sshd the tree has, and what algorithms it was built with."""
    said = (chroot.run([SSHD, "-V"]).stderr + chroot.run(["/usr/bin/ssh", "-V"]).stderr).decode()
    upstream = re.search(r"OpenSSH_(\d+)\.(\d+)", said)
    if not upstream:
        raise sandbox.Unavailable(f"{name}: sshd names no version: {said[:80]!r}")
    number = 100 * int(upstream[1]) + int(upstream[2])
    full = re.search(r"OpenSSH_\d+\.\d+p\d+[^,]*", said)
    if not full:
        raise sandbox.Unavailable(f"{name}: ssh names no full version: {said[:80]!r}")
    version = full[0]
    if number > NEWEST_KNOWN:
        raise NewerRelease(version)
    kinds = ("cipher", "mac", "kex", "key", "sig")
    listed = {
        kind: chroot.run(["/usr/bin/ssh", "-Q", kind]).stdout.decode().split() for kind in kinds
    }
    listed["key-plain"] = [key for key in listed["key"] if "cert" not in key]
    return Release(name, version, number, listed)


@dataclass(frozen=True)
class Difference:
    context: tuple[str, ...] | None  # None: the plain call
    part: str  # status, stderr, stdout
    real: Output
    ours: Output

    def signature(self) -> str:
        """What kind of difference this is, so that many failures with one cause are told once."""
        if self.part == "status":
            real, ours = message(self.real), message(self.ours)
            return f"status {self.real.status} != {self.ours.status}: {real} != {ours}"
        if self.part == "stderr":
            return f"stderr: {message(self.real)} != {message(self.ours)}"
        return "stdout: " + " ".join(sorted(set(self.changed_keywords())))

    def resembles(self, other: Difference) -> bool:
        """Whether both probably have one cause: a minimised failure must not become another."""
        if self.part != other.part:
            return False
        if self.part == "stdout":
            return bool(set(self.changed_keywords()) & set(other.changed_keywords()))
        return (self.real.status, message(self.real)) == (
            other.real.status,
            message(other.real),
        ) or (self.ours.status, message(self.ours)) == (other.ours.status, message(other.ours))

    def changed_keywords(self) -> list[str]:
        lines = difflib.unified_diff(
            printable(self.real.stdout), printable(self.ours.stdout), n=0, lineterm=""
        )
        return [
            line[1:].split(" ")[0].lower() for line in list(lines)[2:] if not line.startswith("@@")
        ]

    def diff(self) -> str:
        title = "plain" if self.context is None else " ".join(f"-C {arg}" for arg in self.context)
        lines = [f"# {title}: exit {self.real.status} (sshd), {self.ours.status} (sshguardd)"]
        for stream in ("stderr", "stdout"):
            real, ours = (printable(getattr(output, stream)) for output in (self.real, self.ours))
            lines += difflib.unified_diff(
                real, ours, f"sshd/{stream}", f"sshguardd/{stream}", n=0, lineterm=""
            )
        return "\n".join(lines) + "\n"


def printable(output: bytes) -> list[str]:
    return [line.decode(errors="backslashreplace") for line in output.split(b"\n")]


def message(output: Output) -> str:
    """The last complaint without what is particular to a file."""
    lines = output.stderr.strip().split(b"\n")
    text = lines[-1].decode(errors="backslashreplace")
    return re.sub(r"\d+", "N", re.sub(r"\"[^\"]*\"|'[^']*'|/[^ :]*", "…", text))[:120]


@dataclass(frozen=True)
class Verdict:
    accepted: bool
    judged: bool  # False: sshd gave up for a reason outside its configuration
    difference: Difference | None
    runs: int


def relevant(stderr: bytes) -> bytes:
    lines = stderr.replace(b"\r\n", b"\n").split(b"\n")
    return b"\n".join(line for line in lines if not NOISE.match(line))


class Judge:
    """The two programs, side by side on one tree."""

    def __init__(self, release: Release, chroot: Chroot, sshguardd: Path) -> None:
        self.release, self.chroot, self.sshguardd = release, chroot, sshguardd
        furnish(chroot.root)
        self.unjudged = False

    def ask(self, case: Case, context: tuple[str, ...] | None) -> tuple[Output, Output]:
        arguments = ["-f", case.main]
        for option in case.options:
            arguments += ["-o", option]
        for spec in context or ():
            arguments += ["-C", spec]
        real = self.chroot.run([SSHD, "-T", *arguments])
        ours = sandbox.run(
            [
                str(self.sshguardd),
                "--dump-sshd",
                "--root",
                str(self.chroot.root),
                "--openssh",
                self.release.version,
                *arguments,
            ]
        )
        return (
            Output(real.status, real.stdout, relevant(real.stderr)),
            Output(ours.status, ours.stdout, relevant(ours.stderr)),
        )

    def compare(
        self, case: Case, context: tuple[str, ...] | None
    ) -> tuple[Output, Difference | None]:
        real, ours = self.ask(case, context)
        if NO_HOST_KEYS.search(real.stderr) or real.status < 0:  # killed at the time limit
            self.unjudged = True
            return real, None
        for part in ("status", "stderr", "stdout"):
            if getattr(real, part) != getattr(ours, part):
                return real, Difference(context, part, real, ours)
        return real, None

    def judge(self, case: Case) -> Verdict:
        """Plain first, then each context; a refused tree is asked about one connection only."""
        made = case.install(self.chroot.root)
        self.unjudged = False
        try:
            real, difference = self.compare(case, None)
            accepted = real.status == 0
            complete = accepted or SPEC_INCOMPLETE.search(real.stderr)
            runs = 1
            for context in case.contexts if complete else case.contexts[:1]:
                if difference or self.unjudged:
                    break
                real, difference = self.compare(case, context)
                accepted = accepted or real.status == 0
                runs += 1
            return Verdict(accepted, not self.unjudged, difference, runs)
        finally:
            remove(made)
