# SPDX-License-Identifier: GPL-3.0-or-later
"""A Debian machine with a real systemd as its first process, in a container, for as long as a test needs it.

It boots a writable view of a tree (tests/trees/overlay) with systemd-nspawn, without network but loopback and
without the host's machine manager. Commands enter its namespaces directly, so nothing has to run in it.
"""

import ctypes
import json
import os
import pathlib
import signal
import subprocess
import time

PR_SET_PDEATHSIG = 1
BOOT_SECONDS = 90
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8",
               "SYSTEMD_COLORS": "0", "SYSTEMD_PAGER": "cat"}


class Failure(Exception):
    """What was expected did not happen."""


def die_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def eventually(what, function, seconds=20):
    """Waits until FUNCTION returns something true, and returns that."""
    end = time.monotonic() + seconds
    while not (result := function()):
        if time.monotonic() > end:
            raise Failure(f"{what}: not within {seconds} s")
        time.sleep(0.05)
    return result


class Machine:
    def __init__(self, tree):
        self.tree = pathlib.Path(tree)
        self.leader = None
        self.nspawn = None

    def __enter__(self):
        self.console = open(self.tree.parent / "console", "w+")
        try:
            self.boot()
        except Failure:
            self.console.seek(0)
            print(self.console.read()[-4000:])
            self.__exit__()
            raise
        return self

    def boot(self):
        self.nspawn = subprocess.Popen(
            ["systemd-nspawn", "--quiet", f"--directory={self.tree}", "--boot", "--register=no", "--keep-unit",
             "--private-network", f"--machine=sshguardd-{os.getpid()}", "--hostname=guarded",
             "--link-journal=no", "--settings=no", "--resolv-conf=off", "--timezone=off"],
            stdin=subprocess.DEVNULL, stdout=self.console, stderr=subprocess.STDOUT,
            preexec_fn=die_with_parent)
        self.leader = eventually("the container starts", self.find_leader)
        eventually("systemd boots", self.is_up, BOOT_SECONDS)

    def reboot(self):
        """Restarts the machine as `systemctl reboot` does; with --keep-unit starting it is left to us."""
        self.run("systemctl reboot", check=False)
        self.nspawn.wait(BOOT_SECONDS)
        self.leader = None
        self.boot()

    def __exit__(self, *_):
        """Pulls the plug: what it wrote is deleted anyway."""
        try:
            os.kill(self.leader or self.nspawn.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.nspawn.wait()
        self.console.close()

    def find_leader(self):
        """The process on the host that is the machine's process 1."""
        if self.nspawn.poll() is not None:
            self.console.seek(0)
            raise Failure(f"systemd-nspawn ended: {self.console.read()[-500:]}")
        children = pathlib.Path(f"/proc/{self.nspawn.pid}/task/{self.nspawn.pid}/children").read_text()
        for child in map(int, children.split()):
            status = pathlib.Path(f"/proc/{child}/status").read_text()
            if any(line.split()[-1] == "1" for line in status.splitlines() if line.startswith("NSpid:")):
                return child
        return None

    def is_up(self):
        state = self.run("systemctl is-system-running", check=False).stdout.strip()
        return state in ("running", "degraded")

    def entering(self, user=None):
        """What stands before a command that is to run in the machine."""
        enter = ["nsenter", f"--target={self.leader}", "--all", "--", "env", "-i"]
        enter += [f"{name}={value}" for name, value in ENVIRONMENT.items()]
        if user:
            enter += ["runuser", "-u", user, "--"]
        return enter

    def run(self, command, user=None, check=True, stdin="", seconds=60):
        """Runs a shell command in the machine, as root or as a user with that user's groups."""
        result = subprocess.run([*self.entering(user), "sh", "-c", command], input=stdin, timeout=seconds,
                                capture_output=True, text=True, errors="backslashreplace", start_new_session=True)
        if check and result.returncode:
            raise Failure(f"`{command}` ended with {result.returncode}: "
                          f"{(result.stdout + result.stderr).strip()[-1500:]}")
        return result

    def write(self, path, content, mode="0644"):
        """Writes a file as `cat >` does: truncated, written, closed. What is a violation may be gone after that."""
        self.run(f"umask 022; cat > '{path}'", stdin=content)
        if mode != "0644":
            self.run(f"chmod {mode} '{path}'")

    def read(self, path):
        return self.run(f"cat '{path}'").stdout

    def exists(self, path):
        return self.run(f"test -e '{path}'", check=False).returncode == 0

    def journal(self, *matches, after=0):
        """The journal's entries with these FIELD=VALUE matches, oldest first. (journalctl --after-cursor would skip
        the first match where the cursor's own entry is none.)"""
        lines = self.run(f"journalctl --quiet --output=json {' '.join(matches)}").stdout
        entries = [json.loads(line) for line in lines.splitlines()]
        return [entry for entry in entries if int(entry["__REALTIME_TIMESTAMP"]) > after]

    def journal_end(self):
        """When the journal's last entry was made, for `after`."""
        self.run("journalctl --sync")
        last = self.run("journalctl --quiet --output=json --lines=1").stdout
        return int(json.loads(last)["__REALTIME_TIMESTAMP"])
