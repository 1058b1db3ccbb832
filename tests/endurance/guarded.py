# SPDX-License-Identifier: GPL-3.0-or-later
"""A tree with accounts, a daemon that guards it, and what can be asked of both while they run."""

import base64
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
PATIENCE = 120  # seconds until something must have happened, on a busy machine
NICE = int(re.search(r"^Nice=(.*)$", (SOURCE / "systemd/sshguardd.service.in").read_text(), re.MULTILINE).group(1))
POLICY = """\
rules = (
  { id = "sshd.keys-file"; enabled = false; },
  { id = "site.no-passwords"; sshd = "PasswordAuthentication"; must = "no"; response = "revert"; severity = "high";
    why = "It is put back while others write."; },
  { id = "site.keys"; keys = "*"; approved_only = true; response = "revert"; severity = "high";
    why = "It is put back while others write."; }
);
"""
CONFIG = "Include /etc/ssh/sshd_config.d/*.conf\nPasswordAuthentication no\nUsePAM yes\n"


def key(number):
    """A line of a key that sshd would take; NUMBER is any of 256 bits."""
    blob = b"".join(len(part).to_bytes(4, "big") + part for part in (b"ssh-ed25519", number.to_bytes(32, "big")))
    return f"ssh-ed25519 {base64.b64encode(blob).decode()} nobody\n"


class Failure(Exception):
    """What must hold does not."""


def expect(holds, what):
    if not holds:
        raise Failure(what)


def eventually(what, predicate, seconds=PATIENCE, pause=0.2):
    end = time.monotonic() + seconds
    while not (result := predicate()):
        expect(time.monotonic() < end, f"{what}: not within {seconds} s")
        time.sleep(pause)
    return result


class Guard:
    """BUILD is the folder of the programs, ACCOUNTS maps names to the files of keys of their homes."""

    def __init__(self, build, accounts, key_files=(".ssh/authorized_keys",), base=None):
        self.build = pathlib.Path(build)
        self.place = pathlib.Path(tempfile.mkdtemp(prefix="sshguardd-endurance.", dir=base))
        self.root, self.state, self.socket = (self.place / name for name in ("root", "state", "socket"))
        self.place.chmod(0o755)  # the accounts reach their homes
        self.names = list(accounts)
        self.process = None
        self.key_files = key_files
        for name in ("etc/ssh/sshd_config.d", "etc/pam.d", "etc/sshguardd/policy.d", "usr/share/sshguardd", "home",
                     "run", "root"):
            (self.root / name).mkdir(parents=True)
        shutil.copytree(SOURCE / "conf/profiles", self.root / "usr/share/sshguardd/profiles")
        (self.root / "etc/ssh/sshd_config").write_text(CONFIG + f"AuthorizedKeysFile {' '.join(key_files)}\n")
        (self.root / "etc/sshguardd/sshguardd.conf").write_text('extends = [ "baseline" ];\nmode = "enforce";\n')
        (self.root / "etc/sshguardd/policy.d/site.conf").write_text(POLICY)
        self.write_accounts(self.names)
        for name in self.names:
            self.make_home(name)

    @staticmethod
    def id_of(name):
        return 70000 + int(name.removeprefix("user"))

    def home(self, name):
        return self.root / "home" / name

    def files_of(self, name):
        return [self.home(name) / file for file in self.key_files]

    def make_home(self, name):
        for path in self.files_of(name):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("# no keys\n")
        for path in (self.home(name), self.home(name) / ".ssh", *self.files_of(name)):
            path.chmod(0o755 if path.is_dir() else 0o600)
            os.chown(path, self.id_of(name), self.id_of(name))

    def write_accounts(self, names):
        """Both files are exchanged whole, as useradd does it."""
        users = "root:x:0:0::/root:/bin/sh\n" + "".join(
            f"{name}:x:{self.id_of(name)}:{self.id_of(name)}::/home/{name}:/bin/sh\n" for name in names)
        groups = "root:x:0:\n" + "".join(f"{name}:x:{self.id_of(name)}:\n" for name in names)
        for file, text in (("group", groups), ("passwd", users)):
            (self.root / f"etc/{file}.new").write_text(text)
            os.rename(self.root / f"etc/{file}.new", self.root / f"etc/{file}")

    # ---- the daemon ----

    def start(self):
        """With the priority that its unit gives it, where we may."""
        with open(self.place / "log", "ab") as log:
            self.process = subprocess.Popen(
                [self.build / "bin/sshguardd", "--root", self.root, "--state", self.state, "--socket", self.socket],
                stderr=log)
        try:
            os.setpriority(os.PRIO_PROCESS, self.process.pid, NICE)
        except PermissionError:
            pass
        eventually("the first pass is over", self.is_at_rest)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(PATIENCE)

    def remove(self):
        self.stop()
        shutil.rmtree(self.place, ignore_errors=True)

    def ask(self, *command, check=True):
        result = subprocess.run([self.build / "bin/sshguardctl", "--socket", self.socket, *command, "--json"],
                                capture_output=True, text=True, timeout=PATIENCE, check=False)
        if result.returncode in (0, 1) and result.stdout:
            return json.loads(result.stdout)
        expect(not check, f"sshguardctl {command}: {result.stderr}")
        return None

    def is_at_rest(self):
        """No pass is going on; whether all is as it should be is another question."""
        expect(self.process.poll() is None, f"the daemon is gone: {self.process.poll()}")
        status = self.ask("status", check=False)
        return status and not status["running_pass"] and status["coverage"]["users_complete"]

    def n_files(self):
        return self.ask("status")["coverage"]["files"]

    def findings(self):
        return {(f["rule"], f.get("path")) for f in self.ask("findings")["findings"]}

    def fresh_findings(self):
        """What a program says that was started just now."""
        result = subprocess.run([self.build / "bin/sshguardd", "--check", "--json", "--root", self.root, "--state",
                                 self.state], capture_output=True, text=True, timeout=PATIENCE, check=False)
        expect(result.returncode in (0, 1), f"--check: {result.stderr}")
        return {(f["rule"], f.get("path")) for f in json.loads(result.stdout)["findings"]}

    # ---- what it costs ----

    def vitals(self):
        proc = pathlib.Path(f"/proc/{self.process.pid}")
        fields = dict(line.split(":", 1) for line in (proc / "status").read_text().splitlines())
        numbers = (proc / "stat").read_text().rsplit(")", 1)[1].split()
        watches = descriptors = 0
        for entry in (proc / "fdinfo").iterdir():
            descriptors += 1
            try:
                watches += entry.read_text().count("inotify wd:")
            except OSError:
                descriptors -= 1
        return {
            "rss_kib": int(fields["VmRSS"].split()[0]),
            "peak_kib": int(fields["VmHWM"].split()[0]),
            "descriptors": descriptors,
            "watches": watches,
            "cpu_s": (int(numbers[11]) + int(numbers[12])) / os.sysconf("SC_CLK_TCK"),
            "wake_ups": int(fields["voluntary_ctxt_switches"]),
        }
