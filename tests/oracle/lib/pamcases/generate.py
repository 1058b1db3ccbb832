# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws services: every control, jumps, inclusions of each kind, odd spellings, broken lines."""

from __future__ import annotations

import random

from .case import SERVICE, Case, Line
from .names import CODES, FACILITIES, NUMBERS, TYPES

KEYWORDS = ("required", "requisite", "sufficient", "optional")
ACTIONS = ("ignore", "ok", "done", "bad", "die", "reset")
USUAL_VALUES = ("success", "default", "ignore", "new_authtok_reqd", "auth_err", "user_unknown")
INNER = ("a", "b", "c", "d")
MODULES = tuple(f"pam_m{i}.so" for i in range(8))
MODULE_DIRECTORY = "/lib/x86_64-linux-gnu/security"

# Whole questions: what applications do, and what they should not do.
RUNS = (
    ("auth",), ("auth",), ("account",), ("password",), ("open_session",), ("setcred",),
    ("auth", "setcred"), ("auth", "setcred"), ("auth", "setcred"), ("auth", "auth", "setcred"),
    ("open_session", "close_session"), ("open_session", "close_session"), ("close_session",),
    ("setcred", "auth"), ("auth", "setcred", "setcred"), ("password", "password"),
    ("auth", "account", "setcred", "open_session", "close_session"),
    ("auth", "account", "password", "setcred", "open_session", "close_session"),
)  # fmt: skip

# Lines that are not what their writer meant. {t} is the type of the case, {m} a module, @T@ the tag.
# A leading "!" says that the module's tag arrives all the same, "?" that the module cannot be found.
BROKEN = (
    "bogus required {m} @T@", "authx required {m} @T@", "-bogus required {m}", "bogus", "{t}", "-{t}", "-",
    "{t} required", "{t} sufficient", "{t} optional", "{t} [success=ok default=bad]", "{t} [success=2]",
    "!{t} bogus {m} @T@", "!{t} [] {m} @T@", "!{t} [success=0] {m} @T@", "!{t} [success=-1] {m} @T@",
    "!{t} [success=1x] {m} @T@", "!{t} [Success=ok] {m} @T@", "!{t} [success=OK] {m} @T@",
    "!{t} [success=okay] {m} @T@", "!{t} [success] {m} @T@", "!{t} [success=] {m} @T@", "!{t} [=ok] {m} @T@",
    "!{t} [success=ok,default=bad] {m} @T@", "!{t} [authtok_recovery_err=ok success=ok] {m} @T@",
    "!{t} [success=4294967297 default=ignore] {m} @T@", "!{t} [success=4294967295 default=bad] {m} @T@",
    "!{t} [success=2147483648 default=ignore] {m} @T@", "!{t} [success=4294967290 default=ok] {m} @T@",
    "!{t} [success=2147483647 default=ok] {m} @T@", "!{t} [default=4294967296] {m} @T@",
    "{t} [success=ok # default=ok] {m} @T@", "{t} required {m} a#b @T@", "{t} #required {m}",
    "{t} required .so", "{t} required ?", "{t} required dir/", "{t} required []", "{t} required ?.so",
    "bogus required .so", "{t} required /", "{t} substack .so", "{t} include .so", "{t} bogus .so",
    "?{t} required [{m} @T@", "?{t} required {m}\r", "{t} required {m} @T@\r", "\r", "{t} required\r",
    "?{t} required dir/{m} @T@", "\v", "\ufeff{t} required {m} @T@", "{t}\vrequired {m} @T@",
    "{t} include", "{t} substack", "@include", "-@include", "{t} include gone", "{t} substack gone",
    "{t} include /gone", "@include gone", "@include /etc/pam.d/gone", "@includes a", "bogus include a",
    "-bogus include b", "bogus substack a", "{t} INCLUDE gone", "{t} include /etc/pam.d",
    "{t} include svc", "{t} substack svc", "@include svc", "@include other", "{t} include other",
    "@include ../pam.d/gone", "{t} substack ../pam.d/gone", "?{t} required \\]", "{t} [required {m} @T@", "[", "]", "[]",
    "{t} [] []", "#" + " " * 1022 + "{t} sufficient {m}", "#" + "x" * 1022 + "{t} required {m} @T@",
    "#" + " " * 1021 + "{t} [success=die] {m} @T@", " " * 1030 + "{t} required {m} @T@",
    "{t} required {m} " + "x" * 1100, "{t} required {m} \\\n" + "y" * 1030, "{t} required {m} @T@ \\\n" + "z" * 990,
    "{t} required {m} x\x00y @T@", "\x00{t} required {m}", "{t} required {m} \x00 \\\nmore",
    "{t} required {m} # \x00 \\\nmore", "{t} optional {m} \x00 # \\\n{t} bogus",
    "{t} required {m} \\\n# said between\n@T@", "{t} required \\\n\n{m} @T@", "{t} \\\n  # x \\\n required {m}",
    "{t} required {m} \\ # no continuation", "\\", " \\\n\\", "{t} \\\n\\\n{t}", "?{t} required {m}\\x @T@",
    "{t} required {m} " + "\\\n" * 5 + "@T@", "# a comment \\\n{t} required {m}",
    "{t} required {m} @T@ " + "w" * 700 + " \\\n" + "w" * 200, "[{t}] [required] [{m}] @T@",
)  # fmt: skip


class Generator:
    def __init__(self, seed: str) -> None:
        self.random = random.Random(seed)
        self.type = self.random.choice(TYPES)
        self.breaks = self.random.random() < 0.4

    def one_of(self, *choices: str) -> str:
        return self.random.choice(choices)

    def odds(self, share: float) -> bool:
        return self.random.random() < share

    def cased(self, word: str) -> str:
        if not self.odds(0.08):
            return word
        return "".join(c.upper() if self.odds(0.5) else c for c in word)

    def blank(self) -> str:
        return " " if self.odds(0.9) else self.one_of("\t", "  ", "\\\n", " \\\n", "\\ \n ")

    def rule_type(self) -> str:
        kind = self.type if self.odds(0.8) else self.random.choice(TYPES)
        return ("-" if self.odds(0.06) else "") + self.cased(kind)

    def action(self) -> str:
        return self.random.choice(ACTIONS) if self.odds(0.7) else str(self.random.randint(1, 3))

    def value_list(self) -> str:
        values = [
            self.one_of(*USUAL_VALUES) if self.odds(0.8) else self.random.choice(CODES)
            for _ in range(self.random.randint(1, 4))
        ]
        equals = "=" if self.odds(0.92) else self.one_of(" =", "= ", " = ", "=0")
        pairs = []
        for value in values:
            action = self.action()
            sign = equals if action.isdigit() or equals != "=0" else "="
            pairs.append(f"{value}{sign}{action}")
        separator = " " if self.odds(0.95) else ""
        text = separator.join(pairs)
        if len(pairs) == 1 and " " not in text and self.odds(0.1):
            return text
        return f"[{text}]"

    def control(self) -> str:
        return self.cased(self.random.choice(KEYWORDS)) if self.odds(0.55) else self.value_list()

    def module(self) -> str:
        name = self.random.choice(MODULES)
        if self.odds(0.05):
            return f"{MODULE_DIRECTORY}/{name}"
        return f"[{name}]" if self.odds(0.03) else name

    def rule(self) -> Line:
        missing = self.odds(0.03)
        module = "pam_gone.so" if missing else self.module()
        control, broken = self.control(), self.breaks and self.odds(0.06)
        if broken:
            mistake = self.one_of("success=", "x", "auth_err=ok,", "default", "ignore=0", "=ok")
            control = f"[success=ok {mistake} default=ignore]"
        words = [self.rule_type(), control, module, "@T@"]
        if self.odds(0.1):
            words.append(self.one_of("nullok", "[a b]", "x=\\]", "[x \\] y]"))
        text = words[0]
        for word in words[1:]:
            text += self.blank() + word
        if self.odds(0.05):
            text += self.one_of(" # why", "#", " \t", " #\\")
        if self.odds(0.04):
            text = self.one_of(" ", "\t", "  ") + text
        return Line((text + "\n").encode(), runs=True, missing=missing, broken=broken)

    def inclusion(self, inner: tuple[str, ...]) -> Line:
        name = self.random.choice(inner)
        target = f"/etc/pam.d/{name}" if self.odds(0.1) else name
        extra = " and more" if self.odds(0.05) else ""
        if self.odds(0.35):
            prefix = "-" if self.odds(0.05) else ""
            return Line(f"{prefix}{self.cased('@include')} {target}{extra}\n".encode())
        control = self.cased(self.one_of("include", "substack"))
        return Line(f"{self.rule_type()} {control} {target}{extra}\n".encode())

    def broken_line(self) -> Line:
        text = self.random.choice(BROKEN)
        runs, missing = text[0] == "!", text[0] == "?"
        text = text[1:] if runs or missing else text
        kind = self.type if self.odds(0.85) else self.random.choice(TYPES)
        text = text.replace("{t}", kind).replace("{m}", self.random.choice(MODULES))
        return Line((text + "\n").encode(), runs=runs, missing=missing, broken=True)

    def file(self, n: int, inner: tuple[str, ...]) -> list[Line]:
        lines = []
        for _ in range(n):
            if lines and lines[-1].broken and lines[-1].text.rstrip().endswith(b"\\"):
                # what is continued belongs to the line above and has no tag of its own
                lines.append(
                    Line(
                        self.one_of(
                            "x\n", "optional pam_m1.so\n", "required pam_m2.so # x\n"
                        ).encode()
                    )
                )
            elif self.breaks and self.odds(0.12):
                lines.append(self.broken_line())
            elif inner and self.odds(0.2):
                lines.append(self.inclusion(inner))
            elif self.odds(0.06):
                lines.append(Line(self.one_of("\n", "# note\n", " \t\n", "\t# x\n").encode()))
            else:
                lines.append(self.rule())
        if lines and self.odds(0.05):
            lines[-1].text = lines[-1].text[:-1]
        elif lines and self.breaks and self.odds(0.02):
            lines[-1].text = lines[-1].text[:-1] + b" \\\n"
            lines[-1].broken = True
        return lines

    def directory(self) -> str:
        return "/usr/lib/pam.d" if self.odds(0.06) else "/etc/pam.d"

    def files(self) -> dict[str, list[Line]]:
        files = {}
        for i, name in enumerate(INNER):
            if self.odds(0.85):
                path = f"{self.directory()}/{name}"
                files[path] = self.file(self.random.randint(0, 5), INNER[:i])
        if self.odds(0.95):
            path = f"{self.directory()}/{SERVICE}"
            files[path] = self.file(self.random.randint(1, 8), INNER)
            if self.odds(0.03):
                files[f"/usr/lib/pam.d/{SERVICE}"] = self.file(2, ())
        if self.odds(0.7):
            files[f"{self.directory()}/other"] = self.file(self.random.randint(0, 4), INNER[:2])
        return files

    def code(self) -> int:
        if self.odds(0.5):
            return NUMBERS[self.one_of("auth_err", "ignore", "new_authtok_reqd", "perm_denied")]
        if self.odds(0.06):
            return self.random.choice((-1, -2, 32, 99, 1000, -1000))
        return self.random.randrange(1, 32)

    def case(self) -> Case:
        case = Case(self.files())
        wanted = (
            [run for run in RUNS if FACILITIES[run[0]] == self.type] if self.odds(0.6) else RUNS
        )
        case.facilities = list(self.random.choice(wanted))
        for facility in sorted(set(case.facilities)):
            for tag, line in case.tagged():
                if line.runs and self.odds(0.4):
                    case.codes[f"{facility}:{tag}"] = self.code()
        case.mark_missing()
        return case

    # Small stacks, every outcome of which can be tried.

    def small_case(self) -> Case:
        n, files = self.random.randint(1, 5), {}
        inner = self.random.randint(0, n - 1) if self.odds(0.5) else 0
        rules = [self.small_rule(i < inner) for i in range(n)]
        lines = rules[inner:]
        if inner:
            files["/etc/pam.d/a"] = rules[:inner]
            control = self.one_of("include", "substack", "substack")
            where = self.random.randint(0, len(lines))
            lines.insert(where, Line(f"{self.type} {control} a\n".encode()))
        if self.odds(0.1):
            lines.append(Line(f"{self.type} optional pam_deny.so\n".encode()))
        files[f"/etc/pam.d/{SERVICE}"] = lines
        return Case(files, facilities=[self.type])

    def small_rule(self, is_inner: bool) -> Line:
        module, control = self.random.choice(MODULES[:4]), self.control()
        if is_inner and self.odds(0.4):
            control = f"[success={self.action()} auth_err=reset default={self.action()}]"
        return Line(f"{self.type} {control} {module} @T@\n".encode(), runs=True)


def generate(seed: str) -> Case:
    return Generator(seed).case()


def generate_small(seed: str) -> Case:
    return Generator(seed).small_case()
