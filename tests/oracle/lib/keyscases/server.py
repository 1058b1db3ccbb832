# SPDX-License-Identifier: GPL-3.0-or-later
"""The real sshd as the judge of options.

A client that has only public keys offers them one by one; for each sshd reads the whole file, and its
debug log tells which line let the key in and everything its options amount to. Real logins, with a
key whose private half is there, show that the session then is as permitted."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

import sandbox

from . import ours
from .keygen import Difference

KEYS = "/oracle/keys"
LOG = "/oracle/log"
AGENT = "/oracle/agent"  # holds no key; there for agent forwarding
FIRST_BEYOND_2038 = 807
FIRST_WITH_PENALTIES = 908  # for clients that fail as often as ours
PR_SET_PDEATHSIG = 1
OFFERED_AT_MOST = 90  # the client takes a hundred identities
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "TZ": ours.TIME_ZONE}
ZONE = timezone(timedelta(hours=5, minutes=30))
ACCEPTED = re.compile(r"Accepted key \S+ (SHA256:\S+) found at \S+:(\d+)")
OF_LINE = re.compile(rf"(?:debug1: )?{KEYS}:(\d+): (.*)")
ADDRESSES = {  # with the name sshd finds for each; the last but one has none
    "127.0.0.1": "localhost",
    "127.0.0.2": "two.example.com",
    "127.0.0.3": "three.example.com",
    "127.1.2.3": "127.1.2.3",
    "::1": "localhost",
}
HOSTS = (
    "127.0.0.1 localhost\n127.0.0.2 Two.Example.com\n127.0.0.3 three.example.com\n::1 localhost\n"
)

CONFIG = f"""
ListenAddress 127.0.0.1
ListenAddress ::1
HostKey /oracle/host
PidFile none
StrictModes {{strict}}
UsePAM no
UseDNS yes
PermitRootLogin yes
PermitUserEnvironment yes
PermitTunnel yes
X11Forwarding no
MaxAuthTries 100000
MaxStartups 1000
LoginGraceTime 120
LogLevel DEBUG1
AuthorizedKeysFile {{file}}
PubkeyAuthentication yes
PasswordAuthentication no
{{more}}
"""


def unvis(text: str) -> str:
    """What sshd's log did to a value, undone."""
    return re.sub(
        r"\\(\\|[0-3][0-7]{2})",
        lambda match: "\\" if match[1] == "\\" else chr(int(match[1], 8)),
        text,
    )


def probe(chroot: sandbox.Chroot) -> tuple[str, int]:
    """What the tree's ssh says of itself, and 100 * major + minor."""
    version = chroot.run(["/usr/bin/ssh", "-V"]).stderr.decode().strip()
    match = re.match(r"OpenSSH_(\d+)\.(\d+)", version)
    if not match:
        raise sandbox.Unavailable(f"no release in {version!r}")
    return version, 100 * int(match[1]) + int(match[2])


class Server:
    """sshd in the tree of one worker, on loopback. It dies with the worker."""

    def __init__(self, root: Path, number: int, file: str = KEYS, strict: str = "no") -> None:
        self.root, self.number = root, number
        (root / "oracle").mkdir(mode=0o755, exist_ok=True)
        (root / "run/sshd").mkdir(mode=0o755, parents=True, exist_ok=True)
        (root / "etc/hosts").write_text(HOSTS)
        (root / "etc/nsswitch.conf").write_text("hosts: files\npasswd: files\ngroup: files\n")
        self.keygen("ed25519", "host")
        self.keygen("ed25519", "me")
        self.keygen("ed25519", "ca")
        algorithms = "PubkeyAcceptedKeyTypes" if number < 805 else "PubkeyAcceptedAlgorithms"
        more = [f"{algorithms} *"]
        if number >= FIRST_WITH_PENALTIES:
            more.append("PerSourcePenalties no")
        self.port = self.free_port()
        self.write(
            "config",
            f"Port {self.port}" + CONFIG.format(more="\n".join(more), file=file, strict=strict),
        )
        self.process = self.start(
            ["/usr/sbin/sshd", "-D", "-f", "/oracle/config", "-E", LOG], subprocess.DEVNULL
        )
        self.client_algorithms = algorithms
        self.wait()

    def start(self, argv: list[str], stdout) -> subprocess.Popen:
        root = self.root

        def enter() -> None:
            sandbox.libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            os.chroot(root)
            os.chdir("/")

        return subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.STDOUT,
            env=ENVIRONMENT,
            preexec_fn=enter,
            start_new_session=True,
        )

    def run(self, argv: list[str], seconds: int = 60) -> tuple[int, str]:
        process = self.start(argv, subprocess.PIPE)
        try:
            output, _ = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, _ = process.communicate()
        return process.returncode, output.decode("latin-1")

    def write(self, name: str, text: str) -> Path:
        path = self.root / "oracle" / name
        path.write_bytes(text.encode())
        path.chmod(0o600)
        return path

    def keygen(self, kind: str, name: str) -> None:
        if (self.root / "oracle" / name).exists():
            return
        status, output = self.run(
            ["/usr/bin/ssh-keygen", "-q", "-t", kind, "-N", "", "-f", f"/oracle/{name}"]
        )
        if status != 0:
            raise RuntimeError(output)

    @staticmethod
    def free_port() -> int:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            return probe.getsockname()[1]

    def wait(self) -> None:
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.05)
        raise RuntimeError(f"sshd does not start: {(self.root / LOG[1:]).read_text()}")

    def client(self, address: str, identities: list[str], *more: str) -> list[str]:
        target = "::1" if ":" in address else "127.0.0.1"
        argv = ["/usr/bin/ssh", "-F", "/dev/null", "-p", str(self.port), "-b", address]
        for setting in (
            "StrictHostKeyChecking=no",
            "UserKnownHostsFile=/dev/null",
            "IdentitiesOnly=yes",
            f"IdentityAgent={AGENT}",
            "PreferredAuthentications=publickey",
            "BatchMode=yes",
            "ControlPath=none",
            f"{self.client_algorithms}=*",
        ):
            argv += ["-o", setting]
        for identity in identities:
            argv += ["-i", identity]
        return argv + list(more) + [f"root@{target}"]

    def clear_log(self) -> None:
        os.truncate(self.root / LOG[1:], 0)

    def log(self) -> list[str]:
        return (self.root / LOG[1:]).read_bytes().decode("latin-1").split("\n")


def permitted(text: str) -> dict[str, object]:
    """Our canonical options in the words of sshd's log."""
    words = ours.split_options(text)
    flags = dict.fromkeys(
        ("agent-forwarding", "port-forwarding", "pty", "user-rc", "x11-forwarding"), True
    )
    flags |= {"touch-required": True, "verify-required": False}
    if ("restrict", None) in words:
        flags |= dict.fromkeys(list(flags)[:5], False)
    values: dict[str, list[str]] = {}
    for name, value in words:
        if value is not None:
            values.setdefault(name, []).append(value)
        elif name.removeprefix("no-") in flags:
            flags[name.removeprefix("no-")] = not name.startswith("no-")
    return {"flags": flags, "values": values}


def expires_at(value: str, number: int) -> str:
    """format_absolute_time(): local time, and nothing beyond 2038 in old releases."""
    if value.endswith("Z"):
        moment = datetime.strptime(value, "%Y%m%d%H%M%SZ").replace(tzinfo=timezone.utc)
        if number < FIRST_BEYOND_2038:
            moment = min(moment, datetime.fromtimestamp(2**31 - 1, timezone.utc))
        return moment.astimezone(ZONE).strftime("%Y-%m-%dT%H:%M:%S")
    return "?"


def expected_log(text: str, number: int) -> list[str]:
    """What auth_log_authopts() says of these options."""
    what = permitted(text)
    flags, values = what["flags"], what["values"]
    tunnel = values.get("tunnel", [None])[0]
    message = "key options:"
    for is_there, word in (
        (flags["agent-forwarding"], " agent-forwarding"),
        ("command" in values, " command"),
        ("environment" in values, " environment"),
        ("expiry-time" in values, "expires"),
        (not flags["touch-required"], " no-touch-required"),
        ("permitopen" in values, " permitopen"),
        ("permitlisten" in values, " permitlisten"),
        (flags["port-forwarding"], " port-forwarding"),
        ("principals" in values, " principals"),
        (flags["pty"], " pty"),
        (flags["verify-required"], " uv"),
        (tunnel is not None, f" tun={2**31 - 1 if tunnel == 'any' else tunnel}"),
        (flags["user-rc"], " user-rc"),
        (flags["x11-forwarding"], " x11-forwarding"),
    ):
        message += word if is_there else ""
    lines = [message]
    lines += [f"environment: {value}" for value in values.get("environment", [])]
    lines += [f"expires at {expires_at(value, number)}" for value in values.get("expiry-time", [])]
    lines += [f'forced command: "{value}"' for value in values.get("command", [])]
    lines += [f"permitted open: {value}" for value in values.get("permitopen", [])]
    lines += [f"permitted listen: {value}" for value in values.get("permitlisten", [])]
    return lines


class OptionsJudge:
    def __init__(self, server: Server, program: Path, version: str) -> None:
        self.server, self.program, self.version = server, program, version

    def judge(self, lines: list[tuple[str, str]], address: str) -> tuple[int, list[Difference]]:
        """LINES with the key of each. How many sshd accepted, and what differs."""
        file = self.server.write("keys", "".join(line for line, _ in lines))
        identities = []
        for number, (_, key) in enumerate(lines, 1):
            self.server.write(f"id{number}", key + "\n")
            identities.append(f"/oracle/id{number}")
        self.server.clear_log()
        self.server.run(self.server.client(address, identities, "-v"), 120)
        accepted, said = self.read_log()
        entries = ours.dump(
            self.program, file, self.version, f"host={ADDRESSES[address]},addr={address}"
        )
        found = []
        for number, (line, _) in enumerate(lines, 1):
            entry = entries.get(number)
            mine = (
                entry is not None
                and entry.accepted
                and "cert-authority" not in [name for name, _ in ours.split_options(entry.options)]
            )
            if mine != (number in accepted):
                found.append(
                    self.difference("accepted or not", line, str(number in accepted), entry)
                )
            elif mine:
                found += self.compare_options(line, entry, said.get(number, []))
        return len(accepted), found

    def compare_options(self, line: str, entry: ours.Entry, said: list[str]) -> list[Difference]:
        wanted = expected_log(entry.options, self.server.number)
        said = [unvis(text) for text in said]
        # a time beyond what a date can show
        said = (
            [re.sub(r"^expires at .*", "expires at ?", text) for text in said]
            if any(text == "expires at ?" for text in wanted)
            else said
        )
        if said == wanted:
            return []
        return [self.difference("options", line, repr(said), entry)]

    def difference(self, kind: str, line: str, theirs: str, entry: ours.Entry | None) -> Difference:
        return Difference(f"sshd: {kind}", line, theirs, entry.text if entry else "no entry")

    def read_log(self) -> tuple[set[int], dict[int, list[str]]]:
        accepted, said = set(), {}
        for text in self.server.log():
            text = text.removesuffix("\r")
            if match := ACCEPTED.search(text):
                accepted.add(int(match[2]))
            elif (match := OF_LINE.fullmatch(text)) and not match[2].startswith("matching key"):
                said.setdefault(int(match[1]), []).append(match[2])
        return accepted, said
