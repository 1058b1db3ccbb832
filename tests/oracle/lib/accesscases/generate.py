# SPDX-License-Identifier: GPL-3.0-or-later
"""Machines drawn at random: accounts, passwords, keys, PAM stacks and sshd's settings, most of them such
that somebody gets in and somebody does not."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

ADDRESSES = ("127.0.0.1", "127.0.0.2", "127.1.0.5")
USERS = ("root", "ann", "ben", "cat", "dan")
GROUPS = ("staff", "keys", "nobodies")
FIRST_KBD = 807  # KbdInteractiveAuthentication is the name of the setting since
FIRST_RSA_SIZE = 901

SHELLS = ("/bin/sh",) * 20 + ("/usr/sbin/nologin", "/bin/missing", "/etc/hosts")
PASSWORDS = ("set",) * 12 + ("locked", "none", "empty")
AGES = ("fine",) * 14 + ("expired", "outdated")
KEY_FILES = (".ssh/authorized_keys", ".ssh/authorized_keys2", ".keys", "/etc/ssh/keys/%u", "%h/.ssh/k%%")
OPTIONS = (
    "",
    "",
    "",
    "restrict",
    'from="127.0.0.1"',
    'from="127.0.0.0/24"',
    'from="!127.0.0.2,*"',
    'from="198.51.100.7"',
    'expiry-time="20200101"',
    'expiry-time="20990101"',
    'command="echo FORCED"',
    'restrict,from="127.0.0.2"',
    "no-such-option",
)
CONTROLS = (
    ("required",) * 4
    + ("requisite", "sufficient", "optional")
    + ("[success=1 default=ignore]", "[success=done default=bad]", "[success=ok ignore=ignore default=die]")
)
AUTH_MODULES = (
    ("pam_unix.so nodelay",) * 4
    + ("pam_unix.so nodelay nullok", "pam_unix.so nodelay use_first_pass")
    + ("pam_google_authenticator.so",) * 3
    + ("pam_google_authenticator.so nullok", "pam_google_authenticator.so forward_pass")
    + ("pam_deny.so", "pam_permit.so", "pam_env.so", "pam_nologin.so", "pam_rootok.so")
    + ("pam_succeed_if.so quiet uid >= 1001", "pam_succeed_if.so quiet user ingroup staff")
    + ("pam_succeed_if.so quiet user = ben", "pam_shells.so", "pam_localuser.so")
)
STACKS = (
    ["[success=1 default=ignore] pam_unix.so nodelay nullok", "requisite pam_deny.so", "required pam_permit.so"],
    ["required pam_unix.so nodelay"],
    ["required pam_unix.so nodelay", "required pam_google_authenticator.so"],
    ["required pam_google_authenticator.so", "required pam_unix.so nodelay"],
    ["required pam_google_authenticator.so nullok", "required pam_unix.so nodelay"],
    ["required pam_google_authenticator.so forward_pass", "required pam_unix.so nodelay use_first_pass"],
    ["sufficient pam_google_authenticator.so", "required pam_unix.so nodelay"],
    ["required pam_google_authenticator.so"],
    [
        "[success=1 default=ignore] pam_succeed_if.so quiet user ingroup staff",
        "required pam_google_authenticator.so",
        "required pam_unix.so nodelay",
    ],
)
ACCOUNT_STACKS = (
    (["required pam_unix.so"],) * 6
    + (["required pam_nologin.so", "required pam_unix.so"],) * 3
    + (["required pam_permit.so"], ["required pam_deny.so"])
    + (["required pam_unix.so", "required pam_succeed_if.so quiet uid < 1003"],)
    + (["[success=1 new_authtok_reqd=done default=ignore] pam_unix.so", "requisite pam_deny.so", "required pam_permit.so"],)
    + (["required pam_time.so", "required pam_unix.so"],)
)
METHODS = (
    None,
    None,
    None,
    "any",
    "publickey",
    "password",
    "keyboard-interactive",
    "publickey,keyboard-interactive",
    "publickey,password",
    "publickey,publickey",
    "publickey,keyboard-interactive:pam password",
    "publickey,keyboard-interactive publickey,password",
    "password,keyboard-interactive",
    "hostbased publickey",
)


@dataclass
class Account:
    name: str
    uid: int
    password: str
    age: str
    shell: str
    groups: list[str]
    home_mode: int = 0o755
    ssh_mode: int = 0o700
    keys: dict[str, tuple[str, int]] = field(default_factory=dict)  # file → lines, mode
    secret: str = "good"  # of ~/.google_authenticator: good, wide, absent


@dataclass
class Machine:
    accounts: list[Account]
    settings: list[str]
    pam: str
    is_closed: bool  # /etc/nologin


def chance(rng: random.Random, percent: int) -> bool:
    return rng.randrange(100) < percent


def draw_keys(rng: random.Random) -> dict[str, tuple[str, int]]:
    """Key files by name; ME, OTHER, CA and RSA stand for public keys."""
    files = {}
    for name in rng.sample(KEY_FILES, rng.choice((1, 1, 2))):
        lines = []
        for _ in range(rng.choice((1, 1, 2))):
            options = rng.choice(OPTIONS)
            key = rng.choice(("ME",) * 7 + ("OTHER", "RSA"))
            if chance(rng, 5):
                key, options = "CA", ",".join(filter(None, (options, "cert-authority")))
            lines.append(f"{options} {key}".strip())
        mode = 0o666 if chance(rng, 6) else 0o600
        files[name] = ("\n".join(lines) + "\n", mode)
    return files


def draw_account(rng: random.Random, name: str, number: int) -> Account:
    account = Account(
        name,
        0 if name == "root" else 1000 + number,
        rng.choice(PASSWORDS),
        rng.choice(AGES),
        "/bin/sh" if name == "root" else rng.choice(SHELLS),
        [group for group in GROUPS if chance(rng, 40)],
        secret=rng.choice(("good", "good", "good", "wide", "absent")),
    )
    if chance(rng, 75):
        account.keys = draw_keys(rng)
    account.home_mode = 0o777 if chance(rng, 5) else 0o755
    account.ssh_mode = 0o770 if chance(rng, 5) else 0o700
    return account


def draw_stack(rng: random.Random) -> list[str]:
    if chance(rng, 65):
        return rng.choice(STACKS)
    n = rng.randrange(1, 5)
    return [f"{rng.choice(CONTROLS)} {rng.choice(AUTH_MODULES)}" for _ in range(n)]


def draw_pam(rng: random.Random) -> str:
    lines = [f"auth {line}" for line in draw_stack(rng)]
    lines += [f"account {line}" for line in rng.choice(ACCOUNT_STACKS)]
    lines.append("session required pam_permit.so" if chance(rng, 96) else "session required pam_deny.so")
    return "\n".join(lines) + "\n"


def draw_in_match(rng: random.Random, number: int) -> list[str]:
    """Settings that may stand in a Match block too."""
    made = []
    for percent, draw in (
        (50, lambda: f"PasswordAuthentication {rng.choice(('yes', 'yes', 'no'))}"),
        (30, lambda: f"PubkeyAuthentication {rng.choice(('yes', 'yes', 'yes', 'no'))}"),
        (50, lambda: f"{kbd(number)} {rng.choice(('yes', 'yes', 'no'))}"),
        (30, lambda: f"PermitEmptyPasswords {rng.choice(('yes', 'no'))}"),
        (60, lambda: f"PermitRootLogin {rng.choice(('yes', 'yes', 'prohibit-password', 'forced-commands-only', 'no'))}"),
        (15, lambda: f"AllowUsers {rng.choice(('*', 'ann ben root', 'a* *@127.0.0.1', '*@127.0.0.0/24 dan', 'ben@!127.0.0.2,*'))}"),
        (10, lambda: f"DenyUsers {rng.choice(('cat', '*@127.1.0.5', '?en', 'ann@127.0.0.2'))}"),
        (8, lambda: f"AllowGroups {rng.choice(('staff', 'keys users', '*'))}"),
        (6, lambda: f"DenyGroups {rng.choice(('nobodies', 'staff'))}"),
        (30, lambda: f"AuthorizedKeysFile {' '.join(rng.sample(KEY_FILES, rng.choice((1, 2))))}"),
        (6, lambda: "ForceCommand internal-sftp"),
    ):
        if chance(rng, percent):
            made.append(draw())
    if methods := rng.choice(METHODS):
        made.append(f"AuthenticationMethods {methods}")
    return made


def kbd(number: int) -> str:
    return "KbdInteractiveAuthentication" if number >= FIRST_KBD else "ChallengeResponseAuthentication"


def draw_settings(rng: random.Random, number: int) -> list[str]:
    made = [f"UsePAM {'yes' if chance(rng, 80) else 'no'}", f"StrictModes {'yes' if chance(rng, 80) else 'no'}"]
    made += draw_in_match(rng, number)
    if number >= FIRST_RSA_SIZE and chance(rng, 20):
        made.append(f"RequiredRSASize {rng.choice((2048, 4096))}")
    if chance(rng, 8):
        made.append("RevokedKeys /etc/ssh/revoked")
    if chance(rng, 5):
        made.append("AuthorizedKeysCommand /bin/true\nAuthorizedKeysCommandUser nobody")
    for _ in range(rng.choice((0, 0, 1, 2))):
        criterion = rng.choice(
            ("User root", "User a*,b*", "Group staff", "Address 127.0.0.2", "Address 127.0.0.0/24", "User !root,*")
        )
        made.append(f"Match {criterion}")
        made += [f"    {line}" for line in draw_in_match(rng, number)]
    return made


def draw_machine(rng: random.Random, number: int) -> Machine:
    """NUMBER: 100 * major + minor of OpenSSH."""
    return Machine(
        [draw_account(rng, name, i) for i, name in enumerate(USERS)],
        draw_settings(rng, number),
        draw_pam(rng),
        chance(rng, 6),
    )
