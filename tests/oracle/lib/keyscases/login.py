# SPDX-License-Identifier: GPL-3.0-or-later
"""Real logins: what a session is given is compared with what our reading of the options permits."""

from __future__ import annotations

import subprocess
from pathlib import Path

import sandbox

from . import lines, ours
from .keygen import Difference
from .server import ADDRESSES, AGENT, Server, permitted

ASKED = "echo ASKED; test -t 0 && echo TTY; env"
# the shell keeps other names for itself, or drops them
VARIABLES = ("A", "LD_X")


class LoginJudge:
    def __init__(self, server: Server, program: Path, version: str) -> None:
        self.server, self.program, self.version = server, program, version
        sandbox.mount("devpts", server.root / "dev/pts", "devpts", 0, "newinstance,ptmxmode=0666")
        (server.root / "root/.ssh").mkdir(mode=0o700, exist_ok=True)
        (server.root / "root/.ssh/rc").write_text("echo RAN-RC\n")
        self.key = (server.root / "oracle/me.pub").read_text().strip()
        self.authority = (server.root / "oracle/ca.pub").read_text().strip()
        # a set-group-ID program would forget that it dies with its parent
        (server.root / "usr/bin/ssh-agent").chmod(0o755)
        server.start(["/usr/bin/ssh-agent", "-D", "-a", AGENT], subprocess.DEVNULL)

    def judge(self, options: str, address: str) -> tuple[bool, list[Difference]]:
        """Whether sshd let the key in, and what differs."""
        options = options.replace(lines.PORT, str(self.server.port))
        is_authority = "cert-authority" in options.lower()
        line = f"{options} {self.authority if is_authority else self.key}\n"
        file = self.server.write("keys", line)
        peer = f"host={ADDRESSES[address]},addr={address}"
        entry = next(iter(ours.dump(self.program, file, self.version, peer).values()))
        self.certify(entry.options if is_authority else None)
        wanted = self.wanted(entry.options) if entry.accepted else None
        got = self.session(address)
        found = []
        if (wanted is None) != (got is None):
            found.append(("let in or not", got is not None))
        elif wanted is not None:
            got["forwards"] = self.forwards(address)
            found = [(what, got[what]) for what in wanted if wanted[what] != got[what]]
        return got is not None, [
            Difference(f"login: {what}", f"from {address}: {line}", repr(theirs), entry.text)
            for what, theirs in found
        ]

    def certify(self, options: str | None) -> None:
        """Where the line is an authority, it signs the key for root and all principals it lists."""
        (self.server.root / "oracle/me-cert.pub").unlink(missing_ok=True)
        if options is None:
            return
        listed = [value for name, value in ours.split_options(options) if name == "principals"]
        names = [name for name in ",".join(["root", *listed]).split(",") if name]
        argv = ["/usr/bin/ssh-keygen", "-q", "-s", "/oracle/ca", "-I", "id", "-n", ",".join(names)]
        status, output = self.server.run([*argv, "/oracle/me.pub"])
        if status != 0:
            raise RuntimeError(output)

    def wanted(self, options: str) -> dict[str, object]:
        what = permitted(options)
        flags, values = what["flags"], what["values"]
        variables: dict[str, str] = {}
        for setting in values.get("environment", []):
            name, _, value = setting.partition("=")
            if name in VARIABLES:
                variables[name] = value  # where sshd keeps several words, the last is set
        opens = values.get("permitopen")
        wanted = {
            "command": "ASKED",
            "pty": flags["pty"],
            "agent": flags["agent-forwarding"],
            "rc": flags["user-rc"],
            "environment": variables,
            "forwards": flags["port-forwarding"]
            and (opens is None or any(self.opens(permit) for permit in opens)),
        }
        if "command" in values:
            wanted["command"] = "FORCED" if lines.FORCED in values["command"] else None
            if wanted["command"] is None:  # a command that shows nothing
                del wanted["agent"], wanted["environment"]
        return wanted

    def opens(self, permit: str) -> bool:
        host, _, port = permit.replace("/", ":").rpartition(":")
        return host.strip("[]") in ("*", "127.0.0.1") and port in ("*", str(self.server.port))

    def session(self, address: str) -> dict[str, object] | None:
        def connect(*more: str) -> tuple[int, str]:
            argv = self.server.client(
                address, ["/oracle/me"], "-o", "ForwardAgent=yes", "-o", "LogLevel=ERROR", *more
            )
            return self.server.run(argv + [ASKED])

        status, output = connect("-tt")
        if status == 255 and "Permission denied" in output:
            return None
        if status == 255 and "ASKED" not in output and "PTY" not in output:
            raise RuntimeError(f"no session: {output!r}")
        has_pty = "PTY allocation request failed" not in output
        if not has_pty:  # the client gives up; without asking for one it does not
            status, output = connect("-T")
        said = output.replace("\r", "").splitlines()
        return {
            "command": next((word for word in ("FORCED", "ASKED") if word in said), None),
            "pty": has_pty,
            "agent": any(text.startswith("SSH_AUTH_SOCK=") for text in said),
            "rc": "RAN-RC" in said,
            "environment": {
                name: value
                for name, _, value in (text.partition("=") for text in said)
                if name in VARIABLES
            },
        }

    def forwards(self, address: str) -> bool:
        """Whether a connection through sshd, to sshd itself, gets to its banner."""
        argv = self.server.client(
            address, ["/oracle/me"], "-o", "LogLevel=ERROR", "-W", f"127.0.0.1:{self.server.port}"
        )
        return "SSH-2.0-" in self.server.run(argv)[1]
