# SPDX-License-Identifier: GPL-3.0-or-later
"""Value forms: for each grammar of sshd_config what sshd takes and what it refuses.

A grammar lists its forms, each a list of arguments: `goods` what this release should accept, `bads`
what no release should; a wrong guess only moves the share of accepted trees, since the real sshd is
the judge. `mixed` draws what is put together of several forms.
"""

from __future__ import annotations

import random
import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from . import world
from .judge import Release

Item = TypeVar("Item")


@dataclass(frozen=True)
class Draw:
    """Where forms take their randomness and their knowledge of the release from."""

    rng: random.Random
    release: Release
    local_port: bool = True  # whether Match blocks may ask for it: sshd -T then needs lport=

    @property
    def number(self) -> int:
        return self.release.number

    def one(self, items: Sequence[Item]) -> Item:
        return self.rng.choice(items)

    def some(self, items: Sequence[Item], low: int = 1, high: int = 3) -> list[Item]:
        return [self.rng.choice(items) for _ in range(self.rng.randint(low, high))]

    def chance(self, probability: float) -> bool:
        return self.rng.random() < probability


Form = Callable[[Draw], list[str]]
Forms = Callable[[Draw], list[list[str]]]  # always as many for one release


@dataclass(frozen=True)
class Grammar:
    goods: Forms
    bads: Forms
    mixed: Form | None = None

    def good(self, draw: Draw) -> list[str]:
        return self.mixed(draw) if self.mixed else list(draw.one(self.goods(draw)))

    def bad(self, draw: Draw) -> list[str]:
        return list(draw.one(self.bads(draw)))


def respell(draw: Draw, word: str) -> str:
    mixed = "".join(draw.one((c.lower(), c.upper())) for c in word)
    return draw.one((word.upper(), word.capitalize(), mixed))


def argument_lists(text: str) -> list[list[str]]:
    """Argument lists as a shell would read them, with | between; an empty part has no argument."""
    return [shlex.split(part) for part in text.split("|")]


def choice(text: str) -> Forms:
    """Several argument lists."""
    lists = argument_lists(text)
    return lambda draw: lists


def singles(words: Sequence[str]) -> list[list[str]]:
    return [[word] for word in words]


def lists(good: str, bad: str) -> Grammar:
    return Grammar(choice(good), choice(bad))


def several(text: str, bad: str, high: int = 3) -> Grammar:
    """One or more words."""
    items = shlex.split(text)
    forms = [*singles(items), items[:2]]
    return Grammar(lambda draw: forms, choice(bad), lambda draw: draw.some(items, 1, high))


def word(good: str, bad: str = "", cased: bool = True) -> Grammar:
    """One word; where sshd ignores case (CASED), sometimes in another one."""
    items = good.split()
    forms = singles(list(dict.fromkeys(items)))
    if cased:
        forms += singles([items[0].upper(), items[0].capitalize()])

    def mixed(draw: Draw) -> list[str]:
        chosen = draw.one(items)
        return [respell(draw, chosen) if cased and draw.chance(0.2) else chosen]

    wrong = [*singles(bad.split()), ["maybe"], [""], [items[0], "extra"], []]
    return Grammar(lambda draw: forms, lambda draw: wrong, mixed)


FLAG = word("yes no", "true on 1 oui")
ROOT_LOGIN = word("yes no without-password prohibit-password forced-commands-only", "password")
IGNORE_RHOSTS = word("yes no shosts-only", "shosts")
TCP_FORWARDING = word("yes no all local remote", "both")
GATEWAY = word("yes no clientspecified", "client")
COMPRESSION = word("yes no delayed", "zlib")
FAMILY = word("any any any inet inet6", "inet4")
TUNNEL = word("yes no point-to-point ethernet", "Yes NO tun", cased=False)
LEVEL = word("QUIET FATAL ERROR INFO VERBOSE DEBUG DEBUG1 DEBUG2 DEBUG3 SILENT", "NOTICE WARN")
FACILITY = word(
    "DAEMON USER AUTH AUTHPRIV LOCAL0 LOCAL1 LOCAL2 LOCAL3 LOCAL4 LOCAL5 LOCAL6 LOCAL7",
    "KERN LOCAL8",
)
DIGEST = word("md5 sha1 sha256 sha384 sha512", "sha3 SHA-256")
INTEGER = word(
    "0 1 2 3 5 6 10 06 +6 00 255 1024 2048 2147483647",
    "-1 0x6 6x 2147483648 six 99999999999999999999 6.0 +-6",
    cased=False,
)
PORT = word(
    "22 2222 443 65535 ssh https altssh 0022 +22 www",
    "0 65536 -22 22x 2,3 nosuch domain/tcp",
    cased=False,
)
MASK = word("0177 0777 000 0 22 0x1 0177x +7", "1000 -1 x 8", cased=False)
KEY_OPTIONS = several(
    "none touch-required verify-required NONE Touch-Required",
    "touch-required,verify-required | foo | none ''",
    high=2,
)
MORE_KEY_OPTIONS = several(  # since 10.6
    "none touch-required verify-required max-pk-ok:3 max-pk-ok:0 MAX-PK-OK:5",
    "max-pk-ok:x | max-pk-ok: | max-pk-ok | max-pk-ok:-1 | max-pk-ok:2147483648 | foo",
)
USER_ENVIRONMENT = word("yes no No YES LANG,LC_* LANG *", cased=False)
LOCAL_USER = word("nobody root alice nosuch www-data", cased=False)
SERVICE_NAME = word("sshd sshd-alt other", cased=False)
PATH = lists(
    "/etc/ssh/banner | '/var/x y' | none | NONE | ~/x | ~root/x | ~alice | x/y | ./x | /a#b"
    " | /%u/%h | //double//slash | /etc/../x | ~ | ~bob/a/b",
    "'' | ~nosuch/x | /a /b |",
)
HOST_KEY = lists(
    " | ".join(2 * world.HOST_KEYS) + " | /etc/ssh/nosuch | none | etc/ssh/ssh_host_ed25519_key",
    "'' | /a /b | ~nosuch/k |",
)
HOST_KEY_AGENT = word("SSH_AUTH_SOCK /run/agent none ~/agent ssh_auth_sock", cased=False)
PROVIDER = word("internal /usr/lib/sk.so Internal none rel", cased=False)
FILES = lists(
    ".ssh/authorized_keys | /etc/keys/%u | none | None | .ssh/authorized_keys /etc/keys/%u | ~/keys"
    " | ~alice/k %h/k | '/with blank/%u' x | /a=b | \"'/x'\"",
    "'' | /a '' | ~nosuch/k | none /a | /a none |",
)
ONE_FILE = lists(
    "/etc/principals/%u | none | ~/p | rel/%u | '/with blank'",
    "'' | /a /b | ~nosuch/p |",
)
CHROOT = word("/srv/%u none %h ~/x rel", cased=False)
AGENT_SOCKET = word(
    "user:.ssh/agent none user:a/b shared:/run/agents user:/x",
    "/x rel system:x user: shared: shared:x None USER:x",
    cased=False,
)


def times(draw: Draw) -> list[str]:
    forms = "0 30 2m 1h30m 1d 1W2D 90s 2147483647 1M 0s 1h1h 010".split()
    if draw.number < 908:
        forms += ["+5", " 5"]
    if draw.number >= 1003:
        forms += ["1.5", "0.5", "10.999"]
    return forms


def a_time(draw: Draw) -> str:
    return draw.one(times(draw))


BAD_TIMES = (
    "'' | 1y | m | -1 | '1 m' | 99999999999 | 2147483648 | 1m-5 | 0x10 | 1..5 | 1.5m | 24855d"
    " | 2147483647s1s | 5000000000w | 1m 2m | +5 | 1.5 |"
)
TIME = Grammar(lambda draw: singles(times(draw)), choice(BAD_TIMES))
TIME_OR_NONE = Grammar(
    lambda draw: singles(["none", "None", *times(draw)]),
    choice(BAD_TIMES + " none 5 | 5 none"),
)


SIZES = "default 1G 512M 1.5M 16 100K 0 1g 1.25k 4E 2T 100B 0.5G".split()


def rekeys(draw: Draw) -> list[list[str]]:
    return [*singles(SIZES), ["1G", "none"], *(["default", time] for time in times(draw))]


def mixed_rekey(draw: Draw) -> list[str]:
    size = draw.one(SIZES)
    return draw.one(([size], [size, "none"], [size, a_time(draw)]))


REKEY = Grammar(
    rekeys,
    choice(
        "15 | 1Q | -1G | abc | 1G 1h x | 9E | 1.5 | none | Default | 1G x | 1G None | '' | '1 G'"
        " | -5 | 100000000000G | 1.5.5K | 0x10 | .5G | 1. | +1G | 1.123456789012345678901K | 1GB |"
    ),
    mixed_rekey,
)


def services(draw: Draw) -> list[str]:
    names = (
        "af11 af12 af21 AF33 af43 cs0 cs1 CS7 ef lowdelay throughput reliability none None 10 63"
        " 255 8 0 le"
    ).split()
    if draw.number < 908:
        names += ["0x10", "010"]
    if draw.number >= 1003:
        names.append("va")
    return names


QOS = Grammar(
    lambda draw: [*singles(services(draw)), ["af21", "cs1"], ["none", "none"]],
    choice("256 | cs8 | foo | af11 bar | ef ef ef | -1 | '' | ef '' | va |"),
    lambda draw: draw.some(services(draw), 1, 2),
)

PERMIT_OPEN = lists(
    "any | none | host:22 | *:* | [::1]:80 10.0.0.1:* | example.com:https | a:1 b:2 c:3"
    " | [2001:db8::7]:443 | HOST:22",
    "host | host:0x | any x:1 | x:1 any | host:99999 | '' | x:1 none | none c:3 | x: | Any | a:1:2"
    " | [::1] | host:0 | localhost/22 | :22 |",
)
PERMIT_LISTEN = lists(
    "any | none | 8080 | *:80 localhost:* | * | [::1]:80 | https localhost:8443",
    "x | a:b | any 8080 | 8080 any | '' | 99999 | 0 | 8080 '' | [::1] | ::1 |",
)
ACCEPT_ENV = several("LANG LC_* X?Y * COLORTERM lang A-B", "A=b | '' | LANG '' | LANG B=c |")
SET_ENV = several(
    "A=1 A=2 'B=x y' C= LD_PRELOAD=/x a=3 D== 'E=#x' 'F=a\\ b'", "A | '' | =x | A=1 B | A=1 '' |"
)
USER_PATTERNS = several(
    "alice bob a* ?ob * root alice@10.0.0.1 bob@*.example.com carol@192.0.2.0/24"
    " root@!10.0.0.1,10.* git@2001:db8::/32 'DOM\\eve' !root alice,bob dave@gate 'al ice'"
    " x@y@z @host",
    "x@1.2.3.4/24 | '' | alice '' | x@10/8 | a@ | x@::1/129 |",
)
GROUP_PATTERNS = several(
    "wheel ssh-* sftp-only twin !wheel * a?ice 'with blank'", "'' | wheel '' |"
)
PENALTY_EXEMPT = word(
    "10.0.0.0/8 192.0.2.1,198.51.100.0/24 !10.1.2.3,10.* 2001:db8::/32 * 10.?.?.?",
    "10.0.0.1/8 a, a,,b 1.2.3.4/33 ,a",
    cased=False,
)
START_UPS = word(
    "10 10:30:100 5:20:50 10x 10:30:60:70 100 1:1:1 +5 010:30:100 3:100:3 10:30:100x",
    "10:30 100:30:10 10:0:20 10:101:20 x -5 10:30:x :1:2 -1:30:100 0 0:30:100",
    cased=False,
)
SOURCE_START_UPS = word("none none 5 0 100 06", "None -1 5x 2147483648", cased=False)


def net_blocks(draw: Draw) -> list[list[str]]:
    forms = ["24:64", "32:128", "0:0", "+8:48", "16:56x"]
    if draw.number >= 1001:  # before, the part after the colon was read uninitialised
        forms += ["24", "8x"]
    return singles(forms)


NET_BLOCK = Grammar(
    net_blocks, choice("33:64 | 24:129 | x | -1:5 | :5 | 24:-1 | 33 | '' | 24:64 x |")
)


LIMITS = (
    "max-sources4:100 max-sources6:0 overflow:deny-all overflow:permissive overflow6:deny-all"
    " overflow6:permissive"
).split()


def penalty_names(draw: Draw) -> list[str]:
    names = "crash authfail noauth grace-exceeded max min".split()
    if draw.number >= 909:
        names.append("refuseconnection")
    if draw.number >= 1003:
        names.append("invaliduser")
    return names


def penalties(draw: Draw) -> list[list[str]]:
    plain = [time.strip() for time in times(draw)]
    return [
        *singles(["yes", "no", "YES", "No", *LIMITS]),
        *singles([f"{name}:1m" for name in penalty_names(draw)]),
        *singles([f"authfail:{time}" for time in plain]),
        ["crash:1m", "min:5", "max-sources4:1"],
    ]


def mixed_penalties(draw: Draw) -> list[str]:
    if draw.chance(0.2):
        return [draw.one(("yes", "no", "YES", "No"))]
    parts = [f"{name}:{a_time(draw).strip()}" for name in draw.some(penalty_names(draw), 1, 3)]
    return [*parts, draw.one(LIMITS)] if draw.chance(0.4) else parts


PENALTIES = Grammar(
    penalties,
    choice(
        "crash:x | foo:1 | no crash:1 | crash:1 no | max-sources4:-1 | crash | '' | crash:"
        " | CRASH:1 | overflow:Deny-all | overflow:no | crash:1 yes | yes no | crash:-1"
        " | max-sources6:x |"
    ),
    mixed_penalties,
)


METHOD_LISTS = (
    "publickey publickey,password password publickey,keyboard-interactive:pam"
    " publickey,publickey keyboard-interactive keyboard-interactive:bsdauth,publickey"
    " publickey,keyboard-interactive password,publickey,keyboard-interactive"
).split()


def methods(draw: Draw) -> list[list[str]]:
    forms = [*singles(METHOD_LISTS), ["publickey", "password"]]
    return [*forms, ["any"]] if draw.number >= 907 else forms


def mixed_methods(draw: Draw) -> list[str]:
    if draw.number >= 907 and draw.chance(0.15):
        return ["any"]
    return draw.some(METHOD_LISTS, 1, 2)


METHODS = Grammar(
    methods,
    choice(
        "foo | publickey, | any publickey | publickey any | publickey:x | '' | Publickey | any"
        " | none | password,,publickey | gssapi-with-mic | hostbased | publickey '' | password:pam"
        " | ,publickey | Any | keyboard-interactive: | none password | any any |"
    ),
    mixed_methods,
)


CHANNEL_TYPES = (
    "session direct-tcpip * agent-connection session:* x11-connection foo global".split()
)


def channels(draw: Draw) -> list[list[str]]:
    return [
        *singles(["none", "NONE"]),
        *singles([f"{kind}=5m" for kind in CHANNEL_TYPES]),
        *singles([f"session={time.strip()}" for time in times(draw)]),
        ["session=1", "*=2h"],
    ]


def mixed_channels(draw: Draw) -> list[str]:
    if draw.chance(0.2):
        return [draw.one(("none", "NONE"))]
    return [f"{kind}={a_time(draw).strip()}" for kind in draw.some(CHANNEL_TYPES, 1, 3)]


CHANNELS = Grammar(
    channels,
    choice("session | session= | =5 | none x=1 | x=1 none | session=x | a=-1 | '' | x=1 '' |"),
    mixed_channels,
)
LOG_VERBOSE = several(
    "kex.c:*:1000 *:kex_exchange_identification():* packet.c:* nothing none2",
    "'' | a '' | none a | a none |",
)
SUBSYSTEM_NAMES = "sftp sftp SFTP netconf x y".split()
SUBSYSTEM_COMMANDS = argument_lists(
    "/usr/lib/openssh/sftp-server | internal-sftp | internal-sftp -f AUTH | /bin/x 'a b'"
    " | /bin/x \"it's\" | '/bin/with blank' -v | /bin/x a=b | /bin/x 'a\\b' 'q\"q' | /bin/x \"\" y"
)


def subsystems(draw: Draw) -> list[list[str]]:
    return [
        ["sftp", *command]
        for command in SUBSYSTEM_COMMANDS
        if draw.number >= 807 or "" not in command
    ]


SUBSYSTEM = Grammar(
    subsystems,
    choice("sftp | '' | sftp '' | '' /bin/x |"),
    lambda draw: [draw.one(SUBSYSTEM_NAMES), *draw.one(SUBSYSTEM_COMMANDS)],
)
LISTEN = lists(
    "10.0.0.1 | 0.0.0.0 | [::1]:2222 | 2001:db8::1 | 192.0.2.1:443 | localhost | :: | gateway:https"
    " | [2001:db8::1] | 2001:db8::1:22 | 127.1:22 | [10.0.0.1]:22 | gateway6 | 0 | 10.0.0.1:ssh"
    " | 10.0.0.1 rdomain lo | [::1]:2222 rdomain lo",
    "'' | 10.0.0.1:0 | nosuch.invalid | 10.0.0.1 rdomain 0 | 10.0.0.1 x | [::1]:x | 10.0.0.1:99999"
    " | ::g | a/22 | 10.0.0.1 rdomain | 10.0.0.1: | [::1 | *:22 | * |",
)


def algorithms(kind: str, wild: bool) -> Grammar:
    """Algorithms of a kind of `ssh -Q`, with the + - ^ forms; for keys with wildcards (WILD)."""

    patterns = ("ssh-*", "ecdsa-*", "*ed25519*", "rsa-sha2-???", "*") if wild else ()
    removals = "* bogus *sha1*,*cbc* ssh-* !x,* *@openssh.com *256* !*256*,*".split()

    def names(draw: Draw) -> str:
        chosen = draw.some(draw.release.algorithms[kind], 1, 4)
        if wild and draw.chance(0.25):
            chosen.append(draw.one(patterns))
        return ",".join(chosen)

    def goods(draw: Draw) -> list[list[str]]:
        listed = [*singles(removals), [""], [names(draw)]]
        return [
            *([sign + names(draw)] for sign in ("", "+", "^", "+", "^")),
            *(["-" + removal] for removal, in listed),
            *([sign + pattern] for pattern in patterns for sign in ("", "+")),
        ]

    def mixed(draw: Draw) -> list[str]:
        shape = draw.rng.random()
        if shape < 0.45:
            return [names(draw)]
        if shape < 0.75:
            return [draw.one("+^") + names(draw)]
        return ["-" + draw.one((names(draw), "", *removals))]

    wrong = argument_lists(
        "none | NAME,bogus | !NAME | +NAME,!x | NAME, '' | rsa | 'NAME, x' | '' | + | ^ | default"
        " | NAME,,bogus | ,NAME | +NAME x | nosuch* | NAME, | ++NAME | ^nosuch | NAME,none | aes* |"
    )

    def bads(draw: Draw) -> list[list[str]]:
        name = draw.one(draw.release.algorithms[kind])
        replaced = [[argument.replace("NAME", name) for argument in words] for words in wrong]
        return [*replaced, [name.upper()]]

    return Grammar(goods, bads, mixed)


CIPHERS = algorithms("cipher", False)
MACS = algorithms("mac", False)
KEX = algorithms("kex", False)
KEYS = algorithms("key", True)
PLAIN_KEYS = algorithms("key-plain", True)
GSS_KEX_NAMES = (
    "gss-group14-sha256- gss-group16-sha512- gss-nistp256-sha256- gss-curve25519-sha256-"
    " gss-gex-sha1- gss-group14-sha1-"
).split()
GSS_KEX = Grammar(
    lambda draw: singles([*GSS_KEX_NAMES, ",".join(GSS_KEX_NAMES[:3])]),
    choice("bogus | '' | gss-group14-sha256 | +gss-gex-sha1- | a b |"),
    lambda draw: [",".join(draw.some(GSS_KEX_NAMES))],
)


def raw(good: str, bad: str) -> Grammar:
    """Values that are the rest of the line as it stands, one per line of the text."""
    rests, wrong = (singles(text[1:-1].split("\n")) for text in (good, bad))
    return Grammar(lambda draw: rests, lambda draw: wrong)


COMMAND = raw(
    """
/bin/echo
internal-sftp -l INFO
"/bin/echo a" b
none
None
/bin/x # hi
# x
a  b\tc
=x
'one' \\"two
x=y z=w
""",
    """
echo don't
"open
\\"

""",
)
ABSOLUTE = raw(
    """
/usr/bin/keys %u
none
NONE
/bin/x  "a b"
/bin/x # c
/a=b c=d
""",
    """
bin/x
"/bin/x"
/bin/x 'y
none x
 # c

""",
)
ADDENDUM = raw(
    """
Hello
none
None
two words
x # y
"quoted" text
a=b
""",
    """
don't
a\rb

""",
)
ANYTHING = lists("yes | 2 | a b c | =x", '"\\"open" |')
