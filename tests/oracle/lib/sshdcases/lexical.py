# SPDX-License-Identifier: GPL-3.0-or-later
"""From a keyword and its arguments to the bytes of a line, in all the ways sshd reads alike, and in
some it does not."""

from __future__ import annotations

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
