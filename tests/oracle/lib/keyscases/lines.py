# SPDX-License-Identifier: GPL-3.0-or-later
"""Lines of authorized keys: without options for ssh-keygen to judge, with options for sshd."""

from __future__ import annotations

import random

from . import material
from .material import CERTIFICATES, PLAIN, SHORT_NAMES, encode, string

COMMENTS = ("", "", "me@home", "two  words", "# no comment", "t\tab", "\u00fcml\u00e4ut", "no-pty")
STRANGE_TYPES = ("ssh-foo", "ed25519", "rsa", "ssh-rsa1", "ssh-ed448", "x509v3-ssh-rsa")


def spoil_parts(rng: random.Random, parts: list[bytes]) -> list[bytes]:
    """One field of a blob is written in another way, which may or may not be the same key."""
    i = rng.randrange(len(parts))
    part = parts[i]
    changed = rng.choice(
        (
            b"\0" + part,
            b"\0\0" + part,
            part + b"\0",
            part.lstrip(b"\0"),
            part[:-1],
            b"",
            b"\x80" + part,
            part[:4] + b"\0" + part[4:],
            material.spoil_bytes(rng, part),
            b"\x02" + part[1:],
        )
    )
    return parts[:i] + [changed] + parts[i + 1 :]


def strange_blob(rng: random.Random, name: str) -> bytes:
    parts = material.fields(rng, name)
    choice = rng.randrange(7)
    if choice == 0:
        return material.blob(name, spoil_parts(rng, parts), rng)
    if choice == 1:
        inner = rng.choice(PLAIN + CERTIFICATES)
        return material.blob(inner, parts, rng)
    if choice == 2:
        inner = rng.choice(SHORT_NAMES)
        inner = rng.choice((inner, inner.lower(), inner.title()))
        return string(inner.encode()) + b"".join(string(part) for part in parts)
    if choice == 3:
        inner = rng.choice((name + "\0", name[:5] + "\0" + name[5:], name.upper(), ""))
        return string(inner.encode()) + b"".join(string(part) for part in parts)
    whole = material.blob(name, parts, rng)
    if choice == 4:
        return whole + rng.randbytes(rng.choice((1, 4)))
    if choice == 5:
        return whole[: rng.randrange(len(whole))]
    return material.spoil_bytes(rng, whole)


def strange_base64(rng: random.Random, text: str) -> str:
    i = rng.randrange(len(text))
    return rng.choice(
        (
            text.rstrip("="),
            text + "=",
            text + "==",
            text + "A",
            text[:i] + rng.choice("\v\f") + text[i:],
            text[:i] + rng.choice("#-_,*") + text[i:],
            text[:i] + "=" + text[i:],
            text[:-3] + "B" + text[-2:],
            text[:i] + "\0" + text[i:],
            text[:i],
        )
    )


def plain_line(rng: random.Random) -> str:
    """A line without options. Words that ssh-keygen takes for options or host names, and lines it
    skips for its own reasons, are left out: it is asked about keys only."""
    name = rng.choice(PLAIN * 2 + CERTIFICATES)
    inner = name
    if rng.random() < 0.06:
        name = rng.choice(STRANGE_TYPES + (name.upper(), name + "x", name[:-1]))
        return f"{name} {encode(material.blob(inner, material.fields(rng, inner), rng))}\n"
    if rng.random() < 0.35:
        data = strange_blob(rng, inner)
    else:
        data = material.blob(inner, material.fields(rng, inner), rng)
    text = encode(data)
    if rng.random() < 0.15 and text:
        text = strange_base64(rng, text)
    if rng.random() < 0.08:
        name = rng.choice(PLAIN + CERTIFICATES)
    before = rng.choice(("", "", "", " ", "\t", "  \t "))
    between = rng.choice((" ", " ", " ", "\t", "  ", " \t "))
    comment = rng.choice(COMMENTS)
    behind = rng.choice((" ", "\t", "   ")) + comment if comment else rng.choice(("", "", " "))
    return before + name + between + text + behind + rng.choice(("\n", "\n", "\n", "\r\n"))


def plain_lines(rng: random.Random, count: int) -> list[str]:
    lines = []
    for _ in range(count):
        if rng.random() < 0.04:
            lines.append(rng.choice(("\n", "# comment\n", "  # comment\n", " \t\n", "\0x\n")))
        lines.append(plain_line(rng))
    if rng.random() < 0.3:
        lines[-1] = lines[-1].rstrip("\r\n")
    return lines


# --- options

FLAGS = (
    "pty",
    "port-forwarding",
    "agent-forwarding",
    "x11-forwarding",
    "user-rc",
    "touch-required",
    "verify-required",
)
BAD_NETWORKS = ("127.0.0.1/33", "127.0.0.0/129", "127.0.0.0/x")
FROM = (
    "*",
    "127.*",
    "127.0.0.1",
    "127.0.0.2",
    "127.0.0.0/8",
    "127.0.0.0/30",
    "127.0.0.1/8",
    "!127.0.0.3",
    "!127.0.0.0/30",
    "*.example.com",
    "!two.example.com",
    "!t*.Example.com",
    "::1",
    "::/0",
    "0.0.0.0/0",
    "127.0.0.?",
    "localhost",
    "!localhost",
    "10.0.0.0/8",
    *BAD_NETWORKS,
    " 127.0.0.1",
    "127.1",
    "",
)
TIMES = (
    "20990101",
    "20370615",
    "203706150159",
    "20200101",
    "209901011230",
    "20990101123059",
    "20990101Z",
    "20200101utc",
    "209901011230UTC",
    "20990230",
    "20991301",
    "2099014x",
    "2099 1 1",
    "20990101246060",
    "20990101236061",
    "19700101Z",
    "19700102Z",
    "19600101",
    "19600101Z",
    "00010101Z",
    "2099010",
    "99991231Z",
    "20990101Zz",
    "",
)
PERMITS = (
    "localhost:22",
    "127.0.0.1:80",
    "[::1]:22",
    "[::1]",
    "::1:22",
    "*:*",
    ":22",
    "*:22",
    "localhost:ssh",
    "localhost:nonesuch",
    "localhost/22",
    "localhost:0",
    "localhost:65535",
    "localhost:65536",
    "localhost: 22",
    "localhost:+22",
    "localhost:22x",
    "22",
    "*",
    "none",
    "",
    "[::1]22",
)
VARIABLES = ("A=b", "A=c", "LD_X=/tmp/x", "1=x", "_=", "A-B=c", "=x", "A", "B=a b", "C=d=e", "")
COMMANDS = ("ls", "", 'echo "x"', "a\\b", "a # b", "a, b", "ssh-rsa AAAA", "a\\", "$HOME")
PRINCIPALS = ("root", "root,bob", "", ",root", "bob")
TUNNELS = ("any", "ANY", "0", "7", " 7", "+7", "-1", "2147483645", "2147483646", "x", "0x7", "")


def quoted(rng: random.Random, value: str) -> str:
    value = value.replace('"', '\\"')
    if rng.random() < 0.03:
        return rng.choice((value, f"'{value}'", f'"{value}', f' "{value}"', f'"{value}"x'))
    return f'"{value}"'


def some_case(rng: random.Random, word: str) -> str:
    if rng.random() < 0.1:
        return rng.choice((word.upper(), word.title()))
    return word


def value_option(rng: random.Random) -> str:
    name, values = rng.choice(
        (
            ("from", None),
            ("from", None),
            ("command", COMMANDS),
            ("environment", VARIABLES),
            ("environment", VARIABLES[:4]),
            ("expiry-time", TIMES),
            ("expiry-time", TIMES[:9]),
            ("permitopen", PERMITS),
            ("permitopen", PERMITS[:4]),
            ("permitlisten", PERMITS),
            ("tunnel", TUNNELS),
            ("tunnel", TUNNELS[:5]),
            ("principals", PRINCIPALS),
        )
    )
    if values is None:
        good = rng.random() < 0.75
        pool = FROM[:5] + FROM[7:16] if good else FROM
        value = ",".join(rng.choice(pool) for _ in range(rng.choice((1, 1, 2, 3))))
    else:
        value = rng.choice(values)
    return f"{some_case(rng, name)}={quoted(rng, value)}"


def option(rng: random.Random) -> str:
    roll = rng.random()
    if roll < 0.45:
        flag = rng.choice(FLAGS[:5] * 2 + FLAGS)
        return some_case(rng, rng.choice(("no-", "no-", "")) + flag)
    if roll < 0.55:
        return some_case(rng, "restrict")
    if roll < 0.58:
        return "cert-authority"
    if roll < 0.61:
        return rng.choice(
            ("nopty", "ptyx", "no-restrict", "no-no-pty", "command", "idle-timeout", "no-", "zos")
        )
    if roll < 0.63:
        return ""
    return value_option(rng)


def options(rng: random.Random) -> str:
    words = [option(rng) for _ in range(rng.choice((1, 1, 2, 2, 3, 4)))]
    separator = rng.choice(("," * 1,) * 40 + (", ", " ", ",,"))
    return separator.join(words)


OFFERED = (
    ("ssh-ed25519",) * 6
    + ("ecdsa-sha2-nistp256", "sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com")
    + ("ecdsa-sha2-nistp521", "ssh-rsa")
)


def offered_key(rng: random.Random) -> str:
    """TYPE and BASE64 of a key that every release lets a client offer."""
    name = rng.choice(OFFERED)
    parts = material.fields(rng, name)
    if name == "ssh-rsa":
        parts = [
            material.number_bytes(65537),
            material.number_bytes(rng.getrandbits(2047) | 1 << 2046),
        ]
    elif "ecdsa" in name:
        parts[1] = material.point(rng, material.curve_of(name))
    return f"{name} {encode(material.blob(name, parts, rng))}"


def option_line(rng: random.Random, key: str) -> str:
    before = rng.choice(("", "", "", " ", "\t"))
    between = rng.choice((" ",) * 8 + ("\t", "  ", " \t "))
    behind = rng.choice(("", " me", " no-pty", " me\r"))
    text = options(rng)
    if rng.random() < 0.05:
        return before + key + behind + "\n"
    if rng.random() < 0.02:
        i = rng.randrange(len(text) + 1)
        text = text[:i] + rng.choice('"\\ \0,=') + text[i:]
    return before + text + between + key + behind + "\n"


# --- logins

FORCED = "echo FORCED; test -t 0 && echo TTY; env"
PORT = "@PORT@"  # stands for sshd's own


def login_options(rng: random.Random) -> str:
    """Options whose effect a session shows: mostly good ones."""
    words = []
    for _ in range(rng.choice((1, 1, 2, 3, 4))):
        roll = rng.random()
        if roll < 0.5:
            words.append(rng.choice(("no-", "no-", "")) + rng.choice(FLAGS[:5]))
        elif roll < 0.6:
            words.append("restrict")
        elif roll < 0.7:
            words.append(f'command="{FORCED}"')
        elif roll < 0.8:
            words.append(f'environment="{rng.choice(VARIABLES[:4])}"')
        elif roll < 0.9:
            host = rng.choice(("127.0.0.1", "*", "localhost", "[127.0.0.1]", ""))
            port = rng.choice((PORT, PORT, "*", "22"))
            words.append(f'permitopen="{host}:{port}"')
        else:
            words.append(option(rng))
    if rng.random() < 0.4:
        pool = FROM[:5] + FROM[7:16]
        chosen = [rng.choice(pool) for _ in range(rng.choice((1, 2)))]
        if rng.random() < 0.3:  # beside what would let everybody in
            chosen = rng.sample(["*", rng.choice(BAD_NETWORKS), *chosen[1:]], len(chosen) + 1)
        words.insert(rng.randrange(len(words) + 1), f'from="{",".join(chosen)}"')
    if rng.random() < 0.1:
        words += [f'environment="A={value}"' for value in rng.sample("bcd", 2)]
    if rng.random() < 0.2:
        authority = ["cert-authority"]
        if rng.random() < 0.5:
            authority.append(f'principals="{rng.choice(PRINCIPALS)}"')
        words += rng.sample(authority, len(authority))
    return ",".join(words)
