# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks the real sshd and sshguardd the same question and compares every word of the answers."""

from __future__ import annotations

import difflib
import re
import shutil
import signal
from dataclasses import dataclass, replace
from pathlib import Path

import sandbox
from sandbox import Chroot, Output

from .case import Case, remove
from .world import furnish

NEWEST_KNOWN = 1006  # the newest release in daemon/sshd/release.c

SSHD = "/usr/sbin/sshd"

# What is not compared. sshd -T also looks at things that are no part of its configuration, between
# reading it for itself and reading it again for a connection: it loads the host keys, asks the
# agent for them, and loads their certificates. What it says of them comes in one run of lines, each
# matched whole; a configuration that names no such file leaves nothing to ignore.
HOST_KEY_LINES = (
    rb'Could not connect to agent "[^\n]*": [^\n]+',
    rb'Unable to (?:load|shield) host key "[^\n]*": [^\n]+',
    rb"Unable to load host key: [^\n]*",
    rb"Public key for [^\n]* does not match private key",
    rb"main: Host key [^\n]*: Invalid key length",  # RequiredRSASize
    rb"@{59}\r\n@ +WARNING: UNPROTECTED PRIVATE KEY FILE! +@\r\n@{59}\r\n"
    rb"Permissions 0\d{3} for '[^\n]*' are too open\.\r\n"
    rb"It is required that your private key files are NOT accessible by others\.\r\n"
    rb"This private key will be ignored\.",
    rb'Could not load host certificate "[^\n]*": [^\n]+',
    rb"Certificate file is not a certificate: [^\n]*",
    rb"No matching private key for certificate: [^\n]*",
)
HOST_KEYS = re.compile(rb"^(?:(?:" + rb"|".join(HOST_KEY_LINES) + rb")\r\n)+", re.MULTILINE)
# What sshd tells about its own work where -o LogLevel asks for it.
DEBUG = re.compile(rb"^debug[123]: [^\n]*\r\n", re.MULTILINE)
# A tree whose host keys cannot be loaded at all is not judged beyond what was said until then.
NO_HOST_KEYS = re.compile(rb"^sshd: no hostkeys available -- exiting\.\r\n", re.MULTILINE)
# The last words of a crash are the C library's.
ABORTED = re.compile(rb"(?:free\(\)|munmap_chunk\(\)|double free)[^\r\n]*\n\Z")
# Two -C that sshd refuses, to be asked together with a wrong -o.
BAD_SPECS = ("first", "user=alice,second")
CRASHES = (-signal.SIGSEGV, -signal.SIGABRT)
CRASHED = 128 + signal.SIGSEGV  # our exit status where sshd crashes
COPIES_SUBSYSTEMS_WRONG = range(905, 1003)  # where a block has more of them than the rest
# A Match LocalPort without lport= is fatal to sshd -T, yet the configuration is not refused.
SPEC_INCOMPLETE = re.compile(rb"in configuration but '\w+' not in connection test specification")


class NewerRelease(Exception):
    """The installed sshd is newer than the table of releases."""


@dataclass(frozen=True, eq=False)
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
    wrong: str | None = None  # the argument of -o that was added

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
        if self.wrong is not None:
            title = f"-o {self.wrong!r}"
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
    unjudged: str | None  # why sshd said too little to compare all of it
    difference: Difference | None
    runs: int
    refused: frozenset[str] = frozenset()  # of case.wrong


def relevant(stderr: bytes) -> bytes:
    return HOST_KEYS.sub(b"", DEBUG.sub(b"", stderr), count=1)


class Judge:
    """The two programs, side by side on one tree."""

    def __init__(self, release: Release, chroot: Chroot, sshguardd: Path) -> None:
        self.release, self.chroot, self.sshguardd = release, chroot, sshguardd
        furnish(chroot.root)
        self.unjudged: str | None = None

    def ask(self, case: Case, context: tuple[str, ...] | None) -> tuple[Output, Output]:
        specs = [part for spec in context or () for part in ("-C", spec)]
        # of several -C one stands in front of -o: what sshd complains of is what it meets first
        arguments = [*specs[:-2], *case.arguments(), *specs[-2:]]
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
        return Output(real.status, real.stdout, relevant(real.stderr)), ours

    def accepts(self, case: Case) -> bool:
        """Whether sshd would start; a connection may still be refused."""
        return self.chroot.run([SSHD, "-t", *case.arguments()]).status == 0

    def compare(
        self, case: Case, context: tuple[str, ...] | None
    ) -> tuple[Output, Difference | None]:
        real, ours = self.ask(case, context)
        part = self.differing_part(real, ours)
        return real, Difference(context, part, real, ours) if part else None

    def differing_part(self, real: Output, ours: Output) -> str | None:
        """The first of status, stderr, stdout in which they differ."""
        if real.status == -signal.SIGKILL:
            self.unjudged = "time limit"
            return None
        if NO_HOST_KEYS.search(real.stderr):
            self.unjudged = "no host keys"
            return self.differs_until_then(NO_HOST_KEYS.sub(b"", real.stderr), ours)
        if real.status in CRASHES:
            return self.differs_in_crash(ABORTED.sub(b"", real.stderr), ours)
        for part in ("status", "stderr", "stdout"):
            if getattr(real, part) != getattr(ours, part):
                return part
        return None

    @staticmethod
    def differs_until_then(said: bytes, ours: Output) -> str | None:
        """sshd has read its configuration for itself, and not for a connection."""
        if ours.status != 0 and not SPEC_INCOMPLETE.search(ours.stderr):
            return "status"
        return None if ours.stderr.startswith(said) else "stderr"

    def differs_in_crash(self, said: bytes, ours: Output) -> str | None:
        """sshd died of reading beyond an array: where subsystems of blocks meet others outside,
        chance decides whether it does, and we go on."""
        subsystems = ours.stdout.lower().count(b"\nsubsystem ")
        if self.release.number in COPIES_SUBSYSTEMS_WRONG and subsystems > 1:
            self.unjudged = "crash by chance"
            return None
        if ours.status != CRASHED:
            return "status"
        return None if ours.stderr.startswith(said) else "stderr"

    def judge(self, case: Case) -> Verdict:
        """Plain first, then each context; a tree with which sshd does not start is asked about one
        connection only."""
        made = case.install(self.chroot.root)
        self.unjudged = None
        try:
            real, difference = self.compare(case, None)
            accepted = real.status == 0
            complete = accepted or SPEC_INCOMPLETE.search(real.stderr) or self.accepts(case)
            runs = 1
            for context in case.contexts if complete else case.contexts[:1]:
                if difference or self.unjudged == "no host keys":
                    break
                real, difference = self.compare(case, context)
                accepted = accepted or real.status == 0
                runs += 1
            refused = set()
            for wrong in case.wrong if accepted else ():
                if difference or self.unjudged:
                    break
                more = replace(case, options=(*case.options, wrong))
                real, difference = self.compare(more, None)
                if difference:
                    difference = replace(difference, wrong=wrong)
                if real.status != 0:
                    refused.add(wrong)
                runs += 1
            if case.wrong and accepted and not (difference or self.unjudged):
                more = replace(case, options=(*case.options, case.wrong[0]))
                _, difference = self.compare(more, BAD_SPECS)
                if difference:
                    difference = replace(difference, wrong=case.wrong[0])
                runs += 1
            return Verdict(accepted, self.unjudged, difference, runs, frozenset(refused))
        finally:
            remove(made)
