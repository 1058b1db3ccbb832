# SPDX-License-Identifier: GPL-3.0-or-later
"""Match lines and connections, drawn from the same small world so that they meet."""

from __future__ import annotations

from . import world
from .values import Draw, respell

MATCH_ARGV_SINCE = 909  # before: strdelim() on the whole line


def pattern_list(draw: Draw, names, extra) -> str:
    chosen = draw.some((*names, *extra), 1, 3)
    if draw.chance(0.25):
        chosen.insert(0, "!" + draw.one(names))
    return ",".join(chosen)


def address_list(draw: Draw) -> str:
    extra = (
        "10.0.0.0/8",
        "192.0.2.0/24",
        "192.0.2.0/25",
        "2001:db8::/32",
        "2001:db8::/64",
        "::/0",
        "0.0.0.0/0",
        "*",
        "10.*",
        "2001:db8:*",
        "127.1",
        "10.1.2.3/32",
        "203.0.113.?",
        "fe80::1%lo",
        "::ffff:10.1.2.3",
        "foo.example.com",
        "0x7f000001",
        "0177.0.0.1",
        "10.0/8",
        "[::1]",
        "2001:DB8::7",
        "192.0.2.0/31",
    )
    return pattern_list(draw, world.ADDRESSES, extra)


def criterion(draw: Draw) -> tuple[str, str | None]:
    kinds = ["user", "user", "group", "host", "address", "address", "localaddress", "rdomain"]
    if draw.local_port:
        kinds.append("localport")
    if draw.number >= 909:
        kinds.append("invalid-user")
    if draw.number >= 1000:
        kinds.append("version")
    kind = draw.one(kinds)
    if kind == "user":
        argument = pattern_list(
            draw,
            world.USERS,
            (
                "*",
                "a*",
                "?ob",
                "d*",
                "mallory",
                "DOM\\eve",
                "!*x*,*o*",
                ",root",
                "root,",
                "Alice",
                "*e*",
            ),
        )
    elif kind == "group":
        argument = pattern_list(draw, world.GROUP_NAMES, ("*", "ssh-*", "s*", "w?eel", "2000"))
    elif kind == "host":
        argument = pattern_list(
            draw, world.HOSTS, ("*", "*.example.com", "db?.*", "GATE*", "10.1.*", "10.1.2.0/24")
        )
    elif kind == "address":
        argument = address_list(draw)
    elif kind == "localaddress":
        argument = pattern_list(
            draw, world.LOCAL_ADDRESSES, ("10.0.0.0/8", "*", "192.0.2.*", "2001:db8::/32")
        )
    elif kind == "localport":
        argument = draw.one((*world.PORTS, "ssh", "https", "022", "0"))
    elif kind == "rdomain":
        argument = pattern_list(draw, world.RDOMAINS, ("*", "vrf-*", "VRF-blue"))
    elif kind == "version":
        argument = draw.one(
            ("OpenSSH_*", "OpenSSH_10.*", "*", "OpenSSH_9.*", "*Debian*", "!*9.*,*", "*p1", "*p2*")
        )
    else:
        argument = None
    return kind, argument


def match_line(draw: Draw) -> str:
    """A Match line sshd takes."""
    if draw.chance(0.12):
        return draw.one(("Match all", "match ALL", "Match all # c", 'Match "all"', "Match=all"))
    text = draw.one(("Match", "Match", "Match", "match", "MATCH"))
    for _ in range(draw.rng.choices((1, 2, 3), (75, 20, 5))[0]):
        kind, argument = criterion(draw)
        name = draw.one((kind, kind.capitalize(), respell(draw, kind)))
        text += draw.one((" ", " ", "  ", "\t")) + name
        if argument is not None:
            text += draw.one((" ", " ", " ", "\t", "=")) + quoted(draw, argument)
    if draw.chance(0.08):
        text += draw.one((" # comment", "  ", "\r", " #"))
    return text


def quoted(draw: Draw, argument: str) -> str:
    shape = draw.rng.random()
    if shape > 0.15 or '"' in argument:
        return argument
    if shape > 0.05 or draw.number < MATCH_ARGV_SINCE:
        return f'"{argument}"'
    return f"'{argument}'"


BAD_MATCHES = tuple(
    """\
Match user
Match user ""
Match all user root
Match user root all
Match all all
Match all x
Match exec /bin/true
Match canonical
Match final all
Match originalhost x
Match localuser root
Match tagged x
Match localnetwork 10.0.0.0/8
Match foo bar
Match user root group
Match address 1.2.3.4/24
Match address 10/8
Match address a,
Match address a,,b
Match address 1.2.3.4/33
Match address 1.2.3.4/129
Match localaddress 1.2.3.4/24
Match localport x
Match localport 22,23
Match localport !22
Match localport 99999
Match localport -1
Match user = root
Match user==root
Match user=
Match user 'root'
Match "user root"
Match user 'a b'
Match user "a, root"
Match user root#c
Match user root #c
Match # user root
Match user #root
Match invalid-user x
Match invalid-user
Match invalid-user user root
Match invalid-user=yes
Match version
Match version x
Match rdomain ""
Match rdomain
Match all=x
Match =all
Match = user root
Match host=a user=b
Match user root "
Match user 'x
Match "" user root
Match sessiontype shell
Match command x
Match address 2001:db8::1/32
Match address ::/129
Match address !10.0.0.1/8,*
Match localaddress
Match group
Match group ""
Match user root, alice
Match address ""
Match address 10.0.0.0/08
Match address 10.0.0.0/x
Match address 10.0.0.0/
Match address /8
Match address 300.1.2.3
Match address 10.0.0.0/255.0.0.0
Match all ""
Match all ''
Match user a a a""".split(
        "\n"
    )
)


def context(draw: Draw) -> tuple[str, ...]:
    """The -C arguments of one call."""
    shape = draw.rng.random()
    fields = {
        "user": draw.one((*world.USERS, *world.USERS, *world.STRANGERS)).replace(",", "."),
        "host": draw.one(world.HOSTS),
        "addr": draw.one(world.ADDRESSES),
        "laddr": draw.one(world.LOCAL_ADDRESSES),
        "lport": draw.one(world.PORTS),
        "rdomain": draw.one(world.RDOMAINS),
    }
    if shape < 0.3:
        for name in draw.some(("host", "addr", "laddr", "rdomain", "user"), 1, 4):
            fields.pop(name, None)
    if draw.chance(0.1):
        fields.pop("lport", None)
    if shape > 0.9:
        return odd_context(draw, fields)
    parts = [f"{name}={value}" for name, value in fields.items()]
    draw.rng.shuffle(parts)
    if draw.number >= 909 and draw.chance(0.15):
        parts.append("invalid-user")
    if len(parts) > 1 and draw.chance(0.1):
        return ",".join(parts[:1]), ",".join(parts[1:])
    return (",".join(parts),)


def odd_context(draw: Draw, fields: dict[str, str]) -> tuple[str, ...]:
    text = ",".join(f"{name}={value}" for name, value in fields.items())
    user = fields.get("user", "root")
    return (
        draw.one(
            (
                f"{text},user=root,user=alice",
                f"{text},,user=nobody",
                f",{text}",
                f"{text},",
                f"{text},addr=UNKNOWN",
                f"{text},addr=::ffff:10.1.2.3",
                f"{text},lport=https",
                f"{text},lport=0",
                f"{text},lport=x",
                f"{text},foo=bar",
                f"{text},user=",
                f"{text},host=",
                f"user={user}",
                f"{text},USER=root",
                f"{text},invalid-user",
                "",
                f"{text},invalid-user=1",
                f"{text},addr=010.1.2.3",
                f"{text},addr=fe80::1%lo",
                f"{text},lport=-1",
                f"{text},user=al,ice",
                f"{text},rdomain=",
                f"{text}, user=root",
                f"{text},lport=99999",
            )
        ),
    )
