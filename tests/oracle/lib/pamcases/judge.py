# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks the real libpam of a tree and `sshguardd --dump-pam` the same question."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import sandbox

from .case import SERVICE, Case
from .generate import MODULE_DIRECTORY, MODULES
from .names import CODES, DECIDING, NUMBERS, name_of

HERE = Path(__file__).resolve().parent
DRIVER = "/usr/lib/oracle-driver.so"
# What we say where libpam dies, loops, or goes on with memory it never set.
UNORDERLY = ("crashes", "runs out of stack", "exactly", "never set", "too many")
UNDEFINED = "never set"
UNTOLD = "=unknown\n"  # inclusions multiply beyond what we read, and libpam was done in time
MANY_EVENTS = 1000


class Driver:
    """The application inside the tree."""

    def __init__(self, root: Path, built: Path) -> None:
        for name in (p.stem for p in built.glob("pam_m*.so")):
            (root / MODULE_DIRECTORY[1:] / f"{name}.so").write_bytes(
                (built / f"{name}.so").read_bytes()
            )
        (root / DRIVER[1:]).write_bytes((built / "driver.so").read_bytes())
        libpam = next((root / "usr/lib").glob("*/libpam.so.0"))
        preload = f"/{libpam.relative_to(root)}:{DRIVER}"
        self.process = subprocess.Popen(
            ["/bin/true"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={"LD_PRELOAD": preload, "PATH": "/usr/bin:/bin"},
            preexec_fn=lambda: (os.chroot(root), os.chdir("/")),  # one thread only
        )

    def ask(self, *fields: str) -> list[str]:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write("\t".join(fields).encode() + b"\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().decode(errors="backslashreplace")
        if not answer.endswith("\n"):
            raise RuntimeError("the driver is gone")
        return answer[:-1].split("\t")


def build(directory: Path) -> None:
    """Compiles the driver and the modules; they use nothing that the oldest tree's libc lacks."""
    flags = ["-shared", "-fPIC", "-O1", "-U_FORTIFY_SOURCE", "-D_GNU_SOURCE", "-fno-builtin"]
    jobs = [(HERE / "driver.c", "driver.so", [])]
    jobs += [(HERE / "module.c", name, [f'-DNAME="{name[:-3]}"']) for name in MODULES]
    for source, target, extra in jobs:
        command = ["cc", *flags, *extra, "-o", str(directory / target), str(source)]
        done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode != 0:
            raise sandbox.Unavailable(f"cannot compile {source}: {done.stderr}")


@dataclass(frozen=True)
class Verdict:
    is_broken: bool  # a line was meant to be
    is_undefined: bool  # libpam relies on memory it never set; nothing to compare
    difference: str | None
    ours: str = ""
    real: str = ""


class Judge:
    def __init__(self, root: Path, driver: Driver, sshguardd: Path) -> None:
        self.root, self.driver, self.sshguardd = root, driver, str(sshguardd)

    def run_ours(self, *arguments: str) -> tuple[int, str, str]:
        output = sandbox.run([self.sshguardd, "--root", str(self.root), *arguments])
        return (
            output.status,
            output.stdout.decode(errors="backslashreplace"),
            output.stderr.decode(errors="backslashreplace"),
        )

    # What a case does: the modules in the order they run, and the results.

    def judge(self, case: Case) -> Verdict:
        case.write(self.root)
        arguments = ["--dump-pam", SERVICE, "--run", ",".join(case.facilities)]
        for key, code in case.codes.items():
            arguments += ["--with", f"{key}={name_of(code)}"]
        status, stdout, stderr = self.run_ours(*arguments)
        asked = [f"{key}={code}" for key, code in case.codes.items()]
        answer = self.driver.ask("run", SERVICE, ",".join(case.facilities), *asked)
        real = self.events_of(answer, case)
        broken = case.is_broken()
        if UNDEFINED in stderr or UNTOLD in stdout:
            return Verdict(broken, True, None)
        if status != 0:
            return Verdict(broken, False, f"exit status {status}", stderr, "\n".join(real))
        ours = self.our_events(stdout, case)
        if answer[0] == "died" and any(words in stderr for words in UNORDERLY):
            return Verdict(broken, False, None)
        if answer[0] == "died" and len(ours) > MANY_EVENTS:
            return Verdict(
                broken, True, None
            )  # inclusions that multiply: libpam was not done in time
        if ours == real:
            return Verdict(broken, False, None)
        return Verdict(
            broken, False, self.kind(ours, real), stdout + stderr, "\n".join(real) + "\n"
        )

    @staticmethod
    def kind(ours: list[str], real: list[str]) -> str:
        """A name for the difference that is the same for others of its kind."""
        if real and real[0].startswith("died"):
            return f"libpam {real[0]}, we go on"
        calls = [[e for e in events if "=" not in e] for events in (ours, real)]
        if len(calls[0]) != len(calls[1]):
            return (
                f"{'fewer' if len(calls[0]) < len(calls[1]) else 'more'} modules run than in libpam"
            )
        if calls[0] != calls[1]:
            return "other modules run than in libpam"
        pairs = [(a, b) for a, b in zip(ours, real) if a != b]
        return f"result {pairs[0][0]}, in libpam {pairs[0][1]}" if pairs else "other length"

    @staticmethod
    def events_of(answer: list[str], case: Case) -> list[str]:
        if answer[0] == "died":
            return [f"died {signal.Signals(int(answer[1])).name}"]
        if answer[1] != "0":
            return [f"{f}={name_of(int(answer[1]))}" for f in case.facilities]
        known = {tag for tag, line in case.tagged() if line.runs}
        events = []
        for event in answer[2:]:
            words = event.split(" ")
            if words[0] == "end":
                events.append(f"{words[1]}={name_of(int(words[2]))}")
            else:
                tag = words[3] if words[3] in known else ""
                events.append(f"{words[2]}.so {tag}".rstrip())
        return events

    @staticmethod
    def our_events(stdout: str, case: Case) -> list[str]:
        tags = dict(case.tagged())
        events = []
        for line in stdout.splitlines():
            match = re.fullmatch(r"(\S+:\d+) (.*) -> (\S+)", line)
            if not match:
                events.append(line)
                continue
            tag, module, _ = match.groups()
            if tag in tags and tags[tag].missing:
                continue  # nothing is called there
            shown = tag if tag in tags and tags[tag].runs else ""
            events.append(f"{module.rsplit('/', 1)[-1]} {shown}".rstrip())
        return events

    # What a small case can do at all: every outcome tried, every witness replayed.

    def judge_small(self, case: Case) -> Verdict:
        case.write(self.root)
        kind = case.facilities[0]
        facility = DECIDING[kind]
        tags = [tag for tag, line in case.tagged() if line.runs]
        codes = self.codes_for(case)
        answer = self.driver.ask(
            "all", SERVICE, facility, ",".join(tags), ",".join(str(c) for c in codes)
        )
        status, stdout, stderr = self.run_ours("--dump-pam", SERVICE)
        if status != 0 or answer[0] != "all" or answer[1] != "0":
            return Verdict(False, False, "no answer", stdout + stderr, "\t".join(answer))
        results, without = int(answer[2]), int(answer[3])
        compared = sum(1 << code for code in codes)
        concluded = self.concluded(stdout, kind)
        if concluded & compared != results & compared:
            real = f"{[name_of(c) for c in range(32) if results >> c & 1]}\n"
            return Verdict(False, False, "other results can be reached", stdout + stderr, real)
        for line in stdout.splitlines():
            match = re.fullmatch(
                rf"{kind} without (\S*pam_m(\d)\.so): (cannot|can) succeed(.*)", line
            )
            if not match:
                continue
            can = without >> int(match[2]) & 1 == 1
            if can != (match[3] == "can"):
                real = f"without {match[1]}: {'can' if can else 'cannot'} succeed\n"
                return Verdict(False, False, "success without a module", stdout, real)
            if can and not self.replays(match[4], facility, match[1]):
                return Verdict(False, False, "a witness does not replay", stdout, match[4])
        return Verdict(False, False, None)

    @staticmethod
    def codes_for(case: Case) -> list[int]:
        """Codes that stand for all 32: those a control names, and one of the rest (auth_err, unless
        it is named itself, in which case perm_denied is as good)."""
        text = b"\n".join(case.bytes_of(path) for path in case.files).decode()
        named = {number for name, number in NUMBERS.items() if name in text}
        special = {NUMBERS[w] for w in ("success", "ignore", "new_authtok_reqd", "auth_err")}
        codes = special | named | {NUMBERS["perm_denied"]}
        unnamed = next(c for c in (9, 11, 13, 15) if c not in codes)
        return sorted((codes | {unnamed}) - {NUMBERS["incomplete"]})[:16]

    @staticmethod
    def concluded(stdout: str, kind: str) -> int:
        line = next(x for x in stdout.splitlines() if x.startswith(f"{kind} can conclude:"))
        words = line.split(":", 1)[1].split()
        if words == ["anything"]:
            return (1 << len(CODES)) - 1
        if words[:2] == ["anything", "but"]:
            return ((1 << len(CODES)) - 1) & ~sum(1 << NUMBERS[w] for w in words[2:])
        return sum(1 << NUMBERS[w] for w in words)

    def replays(self, command: str, facility: str, module: str) -> bool:
        """True if the command line, told to both sides, ends in success without the module."""
        words = shlex.split(command.removeprefix(": "))
        withs = [words[i + 1] for i, word in enumerate(words) if word == "--with"]
        asked = []
        for rule in withs:
            key, code = rule.rsplit("=", 1)
            asked.append(f"{key}={NUMBERS[code]}")
        answer = self.driver.ask("run", SERVICE, facility, *asked)
        silent = {key.split(":", 1)[1] for key in (w.rsplit("=", 1)[0] for w in asked)}
        for event in answer[2:-1]:
            words_of = event.split(" ")
            if f"{words_of[2]}.so" == module.rsplit("/", 1)[-1] and words_of[3] not in silent:
                return False
        if answer[-1] != f"end {facility} 0":
            return False
        _, stdout, _ = self.run_ours(*words[1:])
        return stdout.endswith(f"{facility}=success\n")
