# SPDX-License-Identifier: GPL-3.0-or-later
"""From a keyword and its arguments to the bytes of a line, in all the ways sshd reads alike, and in
some it does not."""

from __future__ import annotations

from dataclasses import dataclass

from .values import Draw, respell

ARGV_SINCE = 807  # before: strdelim() per argument, comments cut off before anything else


def separator(draw: Draw) -> str:
    return draw.rng.choices((" ", "\t", "=", " = ", "  \t ", "= ", " ="), (80, 5, 4, 4, 3, 2, 2))[0]


def spell_keyword(draw: Draw, name: str) -> str:
    shape = draw.rng.random()
    if shape < 0.75:
        return name
    if shape < 0.93:
        return respell(draw, name)
    if shape < 0.97:
        return f'"{name}"'
    half = len(name) // 2
    return f'{name[:half]}"{name[half:]}"'


def quote(draw: Draw, word: str) -> str:
    """WORD so that sshd reads it back, sometimes in a fancier way than needed."""
    if draw.number < ARGV_SINCE:
        needed = word == "" or any(c in word for c in " \t=")
        return f'"{word}"' if (needed or draw.chance(0.05)) and '"' not in word else word
    needed = word == "" or word.startswith("#") or any(c in word for c in " \t\"'")
    if not needed and not draw.chance(0.12):
        return word
    shape = draw.rng.random()
    if shape < 0.45:
        return '"' + escape(word, '"') + '"'
    if shape < 0.7:
        return "'" + escape(word, "'") + "'"
    if shape < 0.85 and word:
        cut = draw.rng.randint(0, len(word))
        head = escape(word[:cut], " \t\"'") if "\t" not in word[:cut] else ""
        return (
            (head + '"' + escape(word[cut:], '"') + '"') if head else '"' + escape(word, '"') + '"'
        )
    if word and "\t" not in word and not word.startswith("#"):
        return escape(word, " \"'")
    return '"' + escape(word, '"') + '"'


def escape(word: str, special: str) -> str:
    """Backslashes before what is SPECIAL; a backslash itself only where one of them would bind."""
    out = ""
    for at, char in enumerate(word):
        follows = word[at + 1 : at + 2]
        quoted = " " not in special  # inside quotes a backslash before a blank is only itself
        bound = char == "\\" and (follows in "\\\"'" or (follows == " " and not quoted))
        out += "\\" + char if bound or (char in special and char != "\t") else char
    return out


def trailer(draw: Draw, raw: bool) -> str:
    shape = draw.rng.random()
    if shape < 0.8:
        return ""
    if shape < 0.88 or raw:
        return draw.one((" ", "\t", "  ", "\r", "\f", " \r"))
    return draw.one((" # comment", " #", "\t#x", " # it 's fine'", ' # "quoted"'))


def line(draw: Draw, name: str, arguments: list[str], raw: bool) -> str:
    gap = separator(draw)
    if raw:
        text = "".join(arguments)
    else:
        text = draw.one((" ", " ", " ", "  ", "\t")).join(quote(draw, word) for word in arguments)
    if text.startswith("=") or not text:
        gap = " "
    indent = draw.rng.choices(("", "  ", "\t", " \t ", "="), (70, 15, 8, 6, 1))[0]
    spelled = spell_keyword(draw, name)
    if '"' in spelled and not draw.chance(0.05):
        gap = gap.replace("=", "")  # after a quoted keyword "=" is an argument
    return indent + spelled + (gap or " ") + text + trailer(draw, raw)


@dataclass(frozen=True)
class Oddity:
    """One way in which a line differs from `Keyword argument argument`."""

    name: str
    indent: str = ""
    keyword: str = "{}"  # {}: as it is; upper, capitalize, mixed: in another case
    gap: str = " "
    quotes: str = "{}"  # around an argument
    join: str = " "
    trailer: str = ""
    since: int = 0  # the release from which it means the same as the plain line
    in_raw: bool = True  # also where the rest of the line is one value

    def fits(self, draw: Draw, name: str, arguments: list[str], raw: bool) -> bool:
        """Whether sshd reads the line it makes as it reads the plain one."""
        if draw.number < self.since or (raw and not self.in_raw):
            return False
        if draw.number < ARGV_SINCE and not self.fits_old(name, arguments, raw):
            return False
        if "=" in self.gap:
            return bool(arguments) and arguments[0] != "" and not arguments[0].startswith("=")
        return self.join == " " or len(arguments) > 1

    def fits_old(self, name: str, arguments: list[str], raw: bool) -> bool:
        """Comments were cut off before quotes, and after a quoted word came an empty one."""
        if any("#" in word for word in arguments):
            return self.quotes == "{}" and not (raw and arguments[0].startswith("#"))
        return self.quotes == "{}" or name not in ("IPQoS", "RekeyLimit", "ListenAddress")

    def line(self, draw: Draw, name: str, arguments: list[str], raw: bool) -> str:
        keyword = self.keyword.format(name)
        if self.keyword == "mixed":
            keyword = respell(draw, name)
        if raw:
            text = "".join(arguments)
        else:
            text = self.join.join(self.argument(draw, word) for word in arguments)
        return self.indent + keyword + self.gap + text + self.trailer

    def argument(self, draw: Draw, word: str) -> str:
        needed = word == "" or word.startswith("#") or any(c in word for c in " \t\"'")
        if self.quotes == "{}" or "'" in self.quotes and "\\" in word:
            return quote(draw, word) if needed else word
        if self.quotes == "half":
            cut = 0 if needed else len(word) // 2
            return word[:cut] + '"' + escape(word[cut:], '"') + '"'
        if draw.number < ARGV_SINCE and '"' in word:
            return word
        return self.quotes.format(escape(word, self.quotes[0]))


PLAIN = Oddity("plain")
ODDITIES = (
    PLAIN,
    Oddity("tab", gap="\t"),
    Oddity("blanks", gap=" \t  "),
    Oddity("=", gap="="),
    Oddity(" = ", gap=" = "),
    Oddity("= ", gap="= "),
    Oddity(" =", gap=" ="),
    Oddity("tab = tab", gap="\t=\t"),
    Oddity("case", keyword="mixed"),
    Oddity("quoted keyword", keyword='"{}"'),
    Oddity("joined keyword", keyword='"{}"', gap=""),
    Oddity("double quotes", quotes='"{}"', in_raw=False),
    Oddity("single quotes", quotes="'{}'", since=ARGV_SINCE, in_raw=False),
    Oddity("half in quotes", quotes="half", since=ARGV_SINCE, in_raw=False),
    Oddity("wide", join="  ", in_raw=False),
    Oddity("tabs", join="\t", in_raw=False),
    Oddity("trailing blank", trailer=" "),
    Oddity("trailing tab", trailer="\t"),
    Oddity("CR", trailer="\r"),
    Oddity("form feed", trailer="\f"),
    Oddity("blank CR", trailer=" \r"),
    Oddity("comment", trailer=" # comment", in_raw=False),
    Oddity("empty comment", trailer=" #", in_raw=False),
    Oddity("tab comment", trailer="\t#x", in_raw=False),
    Oddity("quote in comment", trailer=" # it 's \"fine", in_raw=False),
    Oddity("NUL", trailer="\0hidden\n "),  # the next line goes on where the NUL byte stands
    Oddity("indented", indent="  "),
    Oddity("tab before", indent="\t"),
    Oddity("= before", indent="="),
    Oddity("mixed indent", indent=" \t "),
)


def filler(draw: Draw) -> str:
    return draw.one(
        (
            "",
            "",
            "# comment",
            "   ",
            "\t# it's",
            "#PermitRootLogin yes",
            " \r",
            "##",
            "=",
            "= ",
            '# "open',
            "#\\",
            "\r",
            "=# x",
        )
    )


# Lines that are odd by themselves, most of them refused.
ODD_LINES = tuple(
    """\
PermitRootLogin
PermitRootLogin 
PermitRootLogin=
PermitRootLogin == no
\f
\v
\vPermitRootLogin no
\fPermitRootLogin no
PermitRootLogin no\v
PermitRootLogin\fno
PermitRootLogin\vno
'PermitRootLogin' no
PermitRootLogin 'no
PermitRootLogin "no
PermitRootLogin no "
PermitRootLogin no'
PermitRootLogin no#c
PermitRootLogin n\\o
PermitRootLogin \\no
PermitRootLogin no\\
PermitRootLogin no \\
PermitRootLogin no \\ 
PermitRootLogin no yes
PermitRootLogin ""
PermitRootLogin no ""
"PermitRootLogin"no
"PermitRootLogin no
PermitRootLogin"no"
"" PermitRootLogin no
=PermitRootLogin no
==PermitRootLogin no
= =PermitRootLogin no
PermitRootLogin\r no
Permit\rRootLogin no
PermitRootLogin no\rfoo
PermitRootLogin \rno
PermitRootLogin n"o"
PermitRootLogin no\\ 
PermitRootLogin # no
AllowUsers # x
AcceptEnv # x
AuthorizedKeysFile # x
SetEnv # x
AllowGroups #
DenyUsers #x y
PermitOpen # x
AuthenticationMethods # x
LogVerbose # x
ForceCommand # x
ForceCommand echo don't
KeyRegenerationInterval 'x
KeyRegenerationInterval
ChannelTimeout # x
PubkeyAuthOptions # x
RekeyLimit # x
Subsystem # x
Include # x
Include ""
Include
Match
Match # x
Match ""
Port 22 # c
Port #
Banner /etc/a#b
Banner "/etc/#x"
Banner '/etc/a b'
Banner /etc/a\\ b
Banner /etc/a\\tb
IPQoS # x
\u00a0PermitRootLogin no
PermitRootLogin\u00a0no
PermitRootLogin no\u00a0
Pérmit no
PermitRootLogin nö
ListenAddress # x
MaxStartups # x
MaxAuthTries # x
LogLevel # x
VersionAddendum # x
AuthorizedKeysCommand # x
PermitTunnel # x
LoginGraceTime # x
RDomain default
RDomain
RDomain "
PermitUserEnvironment # x
SyslogFacility # x
Ciphers # x
StreamLocalBindMask # x
FingerprintHash # x
UnusedConnectionTimeout # x
PerSourcePenalties # x
ChrootDirectory # x
AuthorizedKeysCommandUser # x
HostKey # x
SyslogFacility
LogLevel ""
MaxAuthTries ""
SyslogFacility ""
Match all # c
PermitRootLogin \t=\t no
PermitRootLogin  =no
PermitRootLogin ="no"
X11DisplayOffset # x""".split(
        "\n"
    )
)
