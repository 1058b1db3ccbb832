# SPDX-License-Identifier: GPL-3.0-or-later
"""Draws whole cases: a main file, drop-ins and nested includes with Match blocks, a command line,
and connections. About two thirds are meant to be accepted; the others get one or two poisons."""

from __future__ import annotations

import random
from dataclasses import dataclass

from . import lexical, world
from .case import MAIN, Case
from .criteria import BAD_MATCHES, context, match_line
from .judge import Release
from .keywords import FAMILIES, KEYWORDS, UNKNOWN, Keyword
from .plan import PROBES, WRONG, Probe, Wrong, plan, probe_line, wrong_line
from .values import Draw

CONTEXTS = 6
DROP_INS = "/etc/ssh/sshd_config.d"
INCLUDE_DEPTH_MAX = 16

# Where a line stands decides which keywords it may hold.
GLOBAL, MATCH = range(2)


@dataclass(frozen=True)
class Generated:
    case: Case
    probes: list[Probe]  # lines of it that the plan wanted
    wrong: dict[str, Wrong]  # what case.wrong is in the plan


class Generator:
    def __init__(self, release: Release, seed: str, number: int) -> None:
        self.rng = random.Random(f"{seed}:{number}")
        self.plan, self.number = plan(release, seed), number
        self.draw = Draw(self.rng, release, local_port=self.rng.random() < 0.15)
        self.files: dict[str, list[str]] = {}
        self.links: dict[str, str] = {}
        known = [keyword for keyword in KEYWORDS if keyword.known(release.number)]
        self.theme = self.rng.sample(known, self.rng.randint(2, 12))
        if self.draw.chance(0.15):
            self.theme = known
        elif self.draw.chance(0.25):
            family = self.draw.one(FAMILIES)
            self.theme = [keyword for keyword in known if keyword.name in family] or self.theme
        self.main = "/srv/conf/other_config" if self.draw.chance(0.03) else MAIN
        self.used: set[str] = set()
        self.subsystems: set[str] = set()

    # Lines

    def setting(self, scope: int, bad: bool = False) -> str:
        draw = self.draw
        allowed = [k for k in self.theme if scope == GLOBAL or k.match_since <= draw.number]
        if not allowed:
            return lexical.filler(draw)
        keyword = draw.one(allowed)
        arguments = keyword.grammar.bad(draw) if bad else keyword.grammar.good(draw)
        if not bad and self.once_only(keyword, arguments):
            return lexical.filler(draw)
        self.used.add(keyword.name.lower())
        return lexical.line(draw, keyword.name, arguments, keyword.raw)

    def once_only(self, keyword: Keyword, arguments: list[str]) -> bool:
        """Until 9.5 the same subsystem twice is an error; mostly avoided."""
        if keyword.name != "Subsystem" or self.draw.number >= 905 or self.draw.chance(0.05):
            return False
        seen = arguments[0] in self.subsystems
        self.subsystems.add(arguments[0])
        return seen

    def body(self, scope: int, depth: int) -> list[str]:
        """The lines of one file: a head in SCOPE, then Match blocks."""
        lines = self.section(scope, depth, self.rng.randint(0, 8))
        for _ in range(self.rng.choices((0, 1, 2, 3, 5, 8), (30, 20, 20, 15, 10, 5))[0]):
            line = match_line(self.draw)
            lines.append(line)
            # after Match all in the global section, keywords of that section are accepted
            for_all = line.lower().startswith(("match all", "match=all", 'match "all"'))
            inner = GLOBAL if for_all and scope == GLOBAL else MATCH
            lines += self.section(inner, depth, self.rng.randint(0, 4))
        return lines

    def section(self, scope: int, depth: int, count: int) -> list[str]:
        lines = []
        for _ in range(count):
            shape = self.rng.random()
            if shape < 0.08:
                lines.append(lexical.filler(self.draw))
            elif shape < 0.14 and depth < 3:
                lines.append(self.include(scope, depth + 1))
            else:
                lines.append(self.setting(scope))
        return lines

    # What is dealt out

    def probe(self, probes: list[Probe]) -> None:
        """Lines whose values win: above all others, some of them in a block that often matches."""
        draw, above, inside = self.draw, [], []
        in_block = draw.chance(0.4)
        for probe in probes:
            keyword, arguments, line = probe_line(draw, probe)
            if self.once_only(keyword, arguments):
                continue
            self.used.add(keyword.name.lower())
            inner = in_block and keyword.match_since <= draw.number
            (inside if inner else above).append(line)
        if inside:
            above += [draw.one(("Match user *", "Match address *", "Match all")), *inside]
        if inside or draw.chance(0.5):
            self.files["/etc/ssh/probes.conf"] = above
            above = ["Include probes.conf"]
        self.files[self.main][:0] = above

    # Includes

    def include(self, scope: int, depth: int) -> str:
        draw = self.draw
        folder = draw.one((DROP_INS, "/etc/ssh/extra", "/etc/ssh", "/srv/conf"))
        stem = draw.one(("10-a", "9-b", "B", "aZ", "a_b", "50-x", "z z"))
        path = f"{folder}/{stem}{depth}.conf"
        if path not in self.files and len(self.files) < 9:
            self.files[path] = []  # taken, also for includes of its own
            self.files[path] = self.body(scope, depth)
        elif scope == MATCH:
            return lexical.filler(draw)  # what is there may be for the global section only
        words = [path]
        if path.startswith("/etc/ssh/") and draw.chance(0.4):
            words = [path.removeprefix("/etc/ssh/")]
        if draw.chance(0.3):
            words[0] = words[0].replace(
                f"{stem}{depth}",
                draw.one(
                    (f"{stem[:-1]}?{depth}", f"[{stem[0]}]{stem[1:]}{depth}", f"*{stem[-1]}{depth}")
                ),
            )
        if draw.chance(0.2):
            words.insert(
                draw.rng.randint(0, 1),
                draw.one(
                    (
                        "/nonexistent/*.conf",
                        "nosuch",
                        "~/x",
                        "/etc/ssh/sshd_config.d",
                        "~root/*",
                        "/etc/ssh/[",
                    )
                ),
            )
        if draw.chance(0.1):
            words.append(words[0])
        return lexical.line(draw, "Include", words, raw=False)

    def drop_ins(self) -> None:
        for _ in range(self.rng.choices((0, 1, 2, 4), (35, 30, 20, 15))[0]):
            name = self.draw.one(
                ("10-first", "9-second", "50-cloud-init", "B", "aZ", "a_b", ".hidden", "zz")
            )
            path = f"{DROP_INS}/{name}.conf"
            self.files.setdefault(path, self.body(GLOBAL, 2))
        if self.draw.chance(0.04):
            self.links[f"{DROP_INS}/masked.conf"] = "/dev/null"

    # Poisons

    def poison(self) -> None:
        draw = self.draw
        lines = self.files[draw.one(sorted(self.files))]
        at = self.rng.randint(0, len(lines))
        after_match = any(line.strip().lower().startswith("match") for line in lines[:at])
        shape = self.rng.random()
        if shape < 0.40:
            lines.insert(at, self.setting(MATCH if after_match else GLOBAL, bad=True))
        elif shape < 0.55:
            lines.insert(at, draw.one(lexical.ODD_LINES))
        elif shape < 0.67:
            lines.insert(at, draw.one(BAD_MATCHES))
        elif shape < 0.72:
            lines.insert(
                at, lexical.line(draw, draw.one(UNKNOWN), [draw.one(("x", "yes", "'a b'"))], False)
            )
        elif shape < 0.78:
            lines.insert(at, self.setting(GLOBAL))
        elif shape < 0.84:
            self.theme = list(KEYWORDS)  # of all releases
            lines.insert(at, self.setting(GLOBAL))
        elif shape < 0.90:
            self.poison_include(lines, at)
        elif lines:
            victim = self.rng.randrange(len(lines))
            lines[victim] = self.mutate(lines[victim])

    def poison_include(self, lines: list[str], at: int) -> None:
        shape = self.rng.randint(0, 5)
        if shape == 0:
            lines.insert(at, f"Include {self.main}")
        elif shape == 5:
            self.circle()
        elif shape == 1:
            self.links["/etc/ssh/dangling.conf"] = "/nowhere"
            lines.insert(at, self.draw.one(("Include dangling.conf", "Include /etc/ssh/dang*")))
        elif shape == 2:
            self.chain(lines, at)
        elif shape == 3:
            self.links["/etc/ssh/linked.conf"] = self.draw.one(sorted(self.files))
            lines.insert(at, "Include linked.conf")
        else:
            lines.insert(
                at,
                self.draw.one(
                    (
                        'Include "/etc/ssh/x',
                        'Include /a "" /b',
                        "Include '/etc/ssh/*'",
                        "Include \\/etc",
                        "Include /etc/ssh",
                        "Include=sshd_config.d/*",
                    )
                ),
            )

    def circle(self) -> None:
        """A drop-in that includes the drop-ins, itself among them, after some it is done with."""
        name = f"{DROP_INS}/{self.draw.one(('50-x', 'zz', 'b'))}.conf"
        self.files.setdefault(f"{DROP_INS}/0.conf", self.body(GLOBAL, 3))
        lines = self.files.setdefault(name, self.body(GLOBAL, 3))
        at = self.rng.randint(0, len(lines))
        again = "sshd_config.d/*.conf"
        lines.insert(at, "Include " + self.draw.one((again, again, again, self.main)))
        self.files[self.main].insert(0, f"Include {again}")

    def chain(self, lines: list[str], at: int) -> None:
        """Files that include one another down to the limit, or just beyond it."""
        depth = self.rng.choice((INCLUDE_DEPTH_MAX - 1, INCLUDE_DEPTH_MAX, INCLUDE_DEPTH_MAX + 1))
        for level in range(1, depth + 1):
            content = [f"Include chain/{level + 1}"] if level < depth else ["X11Forwarding yes"]
            self.files[f"/etc/ssh/chain/{level}"] = content
        lines.insert(at, "Include chain/1")

    def mutate(self, line: str) -> str:
        at = self.rng.randint(0, len(line))
        shape = self.rng.randint(0, 3)
        if shape == 0:
            return line[:at] + self.draw.one("\"'\\#= \t\r\f\v,!*\0@:-+") + line[at:]
        if shape == 1:
            return line[:at] + line[at + 1 :]
        if shape == 2:
            return line[:at]
        return line + self.draw.one((" x", "x", ' ""', "\\", '"', " #", "#", "\0", "\0# hidden"))

    # Bytes

    def encode(self, lines: list[str]) -> bytes:
        draw = self.draw
        newline = b"\r\n" if draw.chance(0.03) else b"\n"
        data = newline.join(text.encode() for text in lines) + newline
        if draw.chance(0.08):
            data = data.rstrip(b"\r\n")
        if draw.chance(0.004):
            data = b"\xef\xbb\xbf" + data
        if draw.chance(0.006) and data:
            at = self.rng.randrange(len(data))
            data = data[:at] + draw.one((b"\0", b"\xff", b"\f", b"\v", b"\x80", b"\r")) + data[at:]
        if draw.chance(0.02):
            data += b"# comment\0hidden" + newline + b"PermitRootLogin no" + newline
        if draw.chance(0.01):
            data += b"AllowUsers" + b" user-%d" % self.rng.randint(1, 9) * 400 + newline
        if draw.chance(0.002):
            data += b"Port 22\n" * self.rng.randint(250, 258)
        if draw.chance(0.005):
            data = b"#" + b"x" * 70000 + newline + data
        return data

    def options(self) -> tuple[str, ...]:
        draw = self.draw
        if not draw.chance(0.2):
            return ()
        options = [
            lexical.line(draw, k.name, k.grammar.good(draw), k.raw).replace("\0", "")
            for k in draw.rng.choices(self.theme, k=self.rng.randint(1, 3))
        ]
        if draw.chance(0.08):
            options.append(
                draw.one(
                    (
                        "Match all",
                        "Include /etc/ssh/x",
                        "Foo=bar",
                        "PermitRootLogin",
                        "",
                        "#x",
                        "PermitRootLogin=maybe",
                        "=",
                        "MaxAuthTries=x",
                        "Port 1 2",
                        "Banner 'x",
                    )
                )
            )
        return tuple(options)

    def finish(self) -> None:
        """What must stand somewhere for sshd to start at all; left out now and then."""
        head: list[str] = []
        draw = self.draw
        for command in ("AuthorizedKeysCommand", "AuthorizedPrincipalsCommand"):
            if command.lower() in self.used and draw.chance(0.9):
                head.append(f"{command}User nobody")
        if self.used & {"hostkey", "hostdsakey"}:
            head.append(f"HostKey {draw.one(world.HOST_KEYS)}")
        self.files[self.main][:0] = head

    def generate(self) -> Generated:
        self.files[self.main] = []
        main = self.body(GLOBAL, 0)
        if self.draw.chance(0.6):
            self.drop_ins()
            first_match = next(
                (i for i, line in enumerate(main) if line.lower().startswith("match")), len(main)
            )
            at = 0 if self.draw.chance(0.5) else self.rng.randint(0, first_match)
            main.insert(
                at,
                lexical.line(
                    self.draw,
                    "Include",
                    [
                        self.draw.one(
                            (
                                f"{DROP_INS}/*.conf",
                                "sshd_config.d/*.conf",
                                "sshd_config.d/*",
                                f"{DROP_INS}/[0-9]*.conf",
                            )
                        )
                    ],
                    False,
                ),
            )
        self.files[self.main] = main
        probes = self.plan.probes.deal(self.number, PROBES)
        self.probe(probes)
        for _ in range(self.rng.choices((0, 1, 2), (74, 20, 6))[0]):
            self.poison()
        options = self.options()
        self.finish()
        files = {path: self.encode(lines) for path, lines in self.files.items()}
        contexts = tuple(context(self.draw) for _ in range(CONTEXTS))
        if self.draw.chance(0.004):
            del files[self.main]
        wrongs = self.plan.wrongs.deal(self.number, WRONG)
        wrong = {wrong_line(self.draw, wrong): wrong for wrong in wrongs}
        case = Case(files, self.links, options, contexts, self.main, self.named(), tuple(wrong))
        return Generated(case, probes, wrong)

    def named(self) -> str | None:
        """How -f names the main file."""
        shape = self.rng.random()
        if shape < 0.06 and self.main == MAIN:
            return None
        if shape < 0.10:
            return self.main.removeprefix("/")
        if shape < 0.11:
            return self.draw.one(("none", "NONE"))
        if shape < 0.113:
            return f"{self.main}/"
        return self.main


def generate_probes(release: Release, probes: list[Probe]) -> Generated:
    """A tree of nothing but these lines, for what others hid."""
    generator = Generator(release, "probes", probes[0].keyword)
    generator.files[generator.main] = []
    generator.probe(probes)
    generator.finish()
    files = {
        path: "".join(f"{line}\n" for line in lines).encode()
        for path, lines in generator.files.items()
    }
    connection = context(generator.draw)
    main = generator.main
    return Generated(Case(files, {}, (), (connection,), main, main), probes, {})


def generate(release: Release, seed: str, number: int) -> Generated:
    return Generator(release, seed, number).generate()
