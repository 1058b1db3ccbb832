# SPDX-License-Identifier: GPL-3.0-or-later
"""Real logins on a machine that was drawn: for every account, from several addresses, with every kind of thing
somebody could hold, and what sshguardd says of each."""

from __future__ import annotations

import base64
import hmac
import json
import os
import random
import re
import shutil
import signal
import struct
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import sandbox
from keyscases.server import Server

from .generate import ADDRESSES, GROUPS, Account, Machine

PASSWORD = "s3cret"
# what is sent in place of a password and a code that somebody does not hold
METHODS = "publickey,keyboard-interactive,password"  # in the order that the client tries them
GUESSES = ("wrong", "000000")
SECRET = base64.b32encode(b"sshguardd-oracle-key").decode()
# what somebody holds; sshguardd's words
HOLDINGS = tuple(
    tuple(name for bit, name in enumerate(("key", "password", "code")) if number & 1 << bit) for number in range(8)
)
AUTHENTICATED = re.compile(r"Authentication succeeded|Authenticated to ")
# The answers to prompts: with sshd's own method one text has to do for all modules, so each is tried in turn.
ASKPASS = """#!/bin/sh
case $1 in
*"assword & "*) printf '%s%s\\n' "$P" "$C";;
*erification*) printf '%s\\n' "$C";;
*"'s password:"*)
        n=$(cat /oracle/asked 2>/dev/null || echo 0); echo $((n + 1)) >/oracle/asked
        case $n in 0) printf '%s\\n' "$P";; 1) printf '%s\\n' "$C";; *) printf '%s%s\\n' "$P" "$C";; esac;;
*) printf '%s\\n' "$P";;
esac
"""
BASE = """\
ListenAddress 127.0.0.1
HostKey /oracle/host
PidFile none
MaxAuthTries 100
MaxStartups 1000
LoginGraceTime 60
UseDNS no
LogLevel DEBUG1
Subsystem sftp internal-sftp
"""


@dataclass
class Difference:
    kind: str
    text: str


def totp() -> str:
    counter = struct.pack(">Q", int(time.time()) // 30)
    digest = hmac.digest(base64.b32decode(SECRET), counter, "sha1")
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at:at + 4])[0] & 0x7FFFFFFF) % 1000000:06}"


class AccessJudge:
    def __init__(self, root: Path, template: Path, number: int, program: Path) -> None:
        self.root, self.template, self.number, self.program = root, template, number, program
        # its keys and its ways to start programs; its own sshd is not wanted
        self.server = Server(root, number)
        self.stop(self.server.process)
        self.server.keygen("ed25519", "other")
        (root / "oracle").chmod(0o755)
        self.server.run(["/usr/bin/ssh-keygen", "-q", "-t", "rsa", "-b", "2048", "-N", "", "-f", "/oracle/rsa"])
        self.server.run(
            ["/usr/bin/ssh-keygen", "-q", "-s", "/oracle/ca", "-I", "id", "-n", "root,ann,ben,cat,dan", "/oracle/me.pub"]
        )
        status, output = self.server.run(["/usr/bin/ssh-keygen", "-lf", "/oracle/me.pub"])
        self.fingerprint = output.split()[1]
        (root / "oracle/askpass").write_text(ASKPASS)
        (root / "oracle/askpass").chmod(0o755)
        for name in ("passwd", "group", "shadow"):
            shutil.copy(root / "etc" / name, root / "oracle" / f"stock-{name}")
        status, output = self.server.run(["/usr/bin/perl", "-e", f"print crypt('{PASSWORD}', '$5$rounds=1000$saltsalt')"])
        if status != 0:
            raise RuntimeError(output)
        self.hash = output.strip()

    @staticmethod
    def stop(process: subprocess.Popen) -> None:
        process.send_signal(signal.SIGKILL)
        process.wait()

    # ---- the machine ----

    def public(self, name: str) -> str:
        return (self.root / f"oracle/{name}.pub").read_text().strip()

    def write_account(self, account: Account, number: int) -> tuple[str, str]:
        home = self.root / ("root" if account.uid == 0 else f"home/{account.name}")
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        ssh = home / ".ssh"
        ssh.mkdir()
        words = {word: self.public(word.lower()) for word in ("ME", "OTHER", "CA", "RSA")}
        for name, (lines, mode) in account.keys.items():
            name = name.replace("%u", account.name).replace("%h/", "").replace("%%", "%")
            path = self.root / name[1:] if name.startswith("/") else home / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(re.sub(r"\b(ME|OTHER|CA|RSA)$", lambda match: words[match[1]], lines, flags=re.MULTILINE))
            path.chmod(mode)
        if account.secret != "absent":
            secret = home / ".google_authenticator"
            secret.write_text(f'{SECRET}\n" WINDOW_SIZE 17\n" TOTP_AUTH\n')
            secret.chmod(0o644 if account.secret == "wide" else 0o400)
        for folder, _, files in os.walk(home):
            os.chown(folder, account.uid, account.uid)
            for file in files:
                os.chown(os.path.join(folder, file), account.uid, account.uid)
        ssh.chmod(account.ssh_mode)
        home.chmod(account.home_mode)
        hashed = {"set": self.hash, "locked": "!" + self.hash, "none": "*", "empty": ""}[account.password]
        age = {"fine": "19000:0:99999:7::", "expired": "19000:0:99999:7::19500", "outdated": "19000:0:30:7:5:"}[account.age]
        where = "/root" if account.uid == 0 else f"/home/{account.name}"
        return (
            f"{account.name}:x:{account.uid}:{account.uid}::{where}:{account.shell}",
            f"{account.name}:{hashed}:{age}:",
        )

    def write(self, machine: Machine) -> None:
        etc = self.root / "etc"
        stock = {name: (self.root / f"oracle/stock-{name}").read_text() for name in ("passwd", "group", "shadow")}
        passwd = [line for line in stock["passwd"].splitlines() if not line.startswith("root:")]
        shadow = [line for line in stock["shadow"].splitlines() if not line.startswith("root:")]
        shutil.rmtree(etc / "ssh/keys", ignore_errors=True)
        for number, account in enumerate(machine.accounts):
            user, secret = self.write_account(account, number)
            passwd.append(user)
            shadow.append(secret)
        taken = {line.split(":")[0] for line in stock["group"].splitlines()}
        group = stock["group"].splitlines()
        group += [f"{a.name}:x:{a.uid}:" for a in machine.accounts if a.name not in taken]
        for i, name in enumerate(GROUPS):
            members = ",".join(a.name for a in machine.accounts if name in a.groups)
            group = [line for line in group if not line.startswith(f"{name}:")] + [f"{name}:x:{3000 + i}:{members}"]
        for name, lines, mode in (("passwd", passwd, 0o644), ("group", group, 0o644), ("shadow", shadow, 0o640)):
            (etc / name).write_text("\n".join(lines) + "\n")
            (etc / name).chmod(mode)
        (etc / "nsswitch.conf").write_text("passwd: files\ngroup: files\nshadow: files\nhosts: files\n")
        (etc / "pam.d/sshd").write_text(machine.pam)
        (etc / "ssh/revoked").write_text(self.public("rsa") + "\n")
        (etc / "nologin").unlink(missing_ok=True)
        if machine.is_closed:
            (etc / "nologin").write_text("closed\n")
        more = "PerSourcePenalties no\n" if self.number >= 908 else ""
        config = f"Port {self.server.port}\n{BASE}{more}" + "\n".join(machine.settings) + "\n"
        (etc / "ssh/sshd_config").write_text(config)

    def accepts(self, machine: Machine) -> bool:
        """Writes the machine; whether sshd starts with its settings."""
        self.write(machine)
        return self.server.run(["/usr/sbin/sshd", "-t", "-f", "/etc/ssh/sshd_config"])[0] == 0

    # ---- the question to both ----

    def ask_us(self, account: str, address: str) -> dict:
        spec = f"user={account},host={address},addr={address},laddr=127.0.0.1,lport={self.server.port}"
        argv = [self.program, "--root", self.root, "--dump-access", "--json", "-C", spec]
        result = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if result.returncode not in (0, 1):
            raise RuntimeError(f"{argv}: {result.stderr}")
        return json.loads(result.stdout)["accounts"][0]["logins"][0]

    def try_shell(self, account: str, address: str, holding: tuple[str, ...]) -> bool:
        """Whether the shell that one gets does what it is asked to."""
        return "IN" in self.connect(account, address, holding, GUESSES)[1].splitlines()

    def try_login(
        self,
        account: str,
        address: str,
        holding: tuple[str, ...],
        guesses: tuple[str, str] = GUESSES,
        methods: str = METHODS,
    ) -> bool:
        status, output = self.connect(account, address, holding, guesses, methods)
        return bool(AUTHENTICATED.search(output)) and status not in (254, 255)

    def connect(
        self, account: str, address: str, holding: tuple[str, ...], guesses: tuple[str, str], methods: str = METHODS
    ) -> tuple[int, str]:
        argv = ["/usr/bin/ssh", "-v", "-F", "/dev/null", "-p", str(self.server.port), "-b", address]
        for setting in (
            "StrictHostKeyChecking=no",
            "UserKnownHostsFile=/dev/null",
            "IdentitiesOnly=yes",
            "IdentityAgent=none",
            "ControlPath=none",
            "NumberOfPasswordPrompts=3",
            f"PreferredAuthentications={methods}",
        ):
            argv += ["-o", setting]
        if "key" in holding:
            argv += ["-i", "/oracle/me"]
        else:
            argv += ["-o", "PubkeyAuthentication=no"]
        (self.root / "oracle/asked").unlink(missing_ok=True)
        # nothing stands for what somebody does not hold; an empty answer would be an empty password
        words = {"P": PASSWORD if "password" in holding else guesses[0], "C": totp() if "code" in holding else guesses[1]}
        words |= {"SSH_ASKPASS": "/oracle/askpass", "SSH_ASKPASS_REQUIRE": "force", "DISPLAY": ":0"}
        argv = ["/usr/bin/env", *(f"{name}={value}" for name, value in words.items()), *argv]
        return self.server.run([*argv, f"{account}@127.0.0.1", "echo IN"], 90)

    def try_empty(self, account: str, address: str, holding: tuple[str, ...]) -> bool:
        """Whoever holds nothing can send an empty password, at once or after a wrong one: the first empty password of
        a connection is the method `none` to sshd's monitor, which AuthenticationMethods may not list."""
        held = tuple(name for name in holding if name != "password")
        return self.try_login(account, address, held, ("", GUESSES[1])) or self.try_login(
            account, address, (), (GUESSES[0], "")
        )

    def expected(self, login: dict, holding: tuple[str, ...]) -> str:
        """Who holds the key holds a certificate of it too; the keys of others open nothing for him."""
        mine = self.fingerprint
        is_listed = any(key["opens"] and key["fingerprint"] == mine and not key["authority"] for key in login["keys"])
        held = set(holding)
        if "key" in held:
            held.add("certificate")
            if not is_listed and all(way["answer"] == "yes" for way in login["ways"]):
                held.remove("key")
        best = "no"
        for way in login["ways"]:
            if set(way["factors"]) <= held and (way["answer"] == "yes" or best == "no"):
                # sshd takes a key and its certificate for one
                is_twice = {"key", "certificate"} <= set(way["factors"])
                best = "cannot tell" if is_twice and best == "no" else way["answer"]
        return best

    def was_cut_off(self) -> bool:
        """Whether a good login by keyboard-interactive ended because of a setcred that failed, which a login by
        password outlives: whoever knows asks for that method."""
        last = (self.root / "oracle/log").read_text(errors="replace").rpartition("Connection from ")[2]
        return "Accepted keyboard-interactive" in last and "pam_setcred(): " in last

    def is_spoilt(self) -> bool:
        """The ssh client begins with the method `none`. Where empty passwords are permitted sshd asks PAM then, and
        libpam remembers the failure for setcred, which ends a later login by keyboard-interactive that was good. A
        client that does not begin so gets in."""
        last = (self.root / "oracle/log").read_text(errors="replace").rpartition("Connection from ")[2]
        return "Failed none for" in last and "pam_setcred(): Permission denied" in last

    def judge(self, machine: Machine, rng: random.Random) -> tuple[dict[str, int], list[Difference]]:
        process = self.server.start(
            ["/usr/sbin/sshd", "-D", "-f", "/etc/ssh/sshd_config", "-E", "/oracle/log"], subprocess.DEVNULL
        )
        self.server.process = process
        counts = {"machines": 1, "logins": 0, "let_in": 0, "cannot_tell": 0}
        found = []
        try:
            self.server.wait()
            for account in machine.accounts:
                for address in rng.sample(ADDRESSES, 2):
                    login = self.ask_us(account.name, address)
                    for holding in rng.sample(HOLDINGS, 3):
                        counts["logins"] += 1
                        wanted = self.expected(login, holding)
                        if wanted == "cannot tell":
                            counts["cannot_tell"] += 1
                            continue
                        is_in = self.try_login(account.name, address, holding)
                        is_spoilt = self.is_spoilt()
                        if not is_in and wanted == "yes" and self.was_cut_off():
                            is_in = self.try_login(account.name, address, holding, methods="publickey,password")
                        if not is_in and account.password == "empty":
                            is_in = self.try_empty(account.name, address, holding)
                        counts["let_in"] += is_in
                        if is_in != (wanted == "yes") and not is_spoilt:
                            text = self.describe(machine, account, address, holding, login)
                            found.append(Difference("let in" if is_in else "not let in", text))
        finally:
            self.stop(process)
        return counts, found

    def describe(self, machine: Machine, account: Account, address: str, holding: tuple[str, ...], login: dict) -> str:
        log = (self.root / "oracle/log").read_text(errors="replace").splitlines()[-40:]
        return "\n".join(
            [
                f"{account.name} from {address} with {' + '.join(holding) or 'nothing'}",
                repr(account),
                *machine.settings,
                machine.pam,
                f"closed: {machine.is_closed}",
                json.dumps(login, indent=1),
                *log,
            ]
        )
