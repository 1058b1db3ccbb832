#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A second factor on a real machine: sshd asks for a key, a password and a code of pam_google_authenticator, and an
intruder switches the code off in each of six ways. With the guard stopped each of them lets somebody in without a
code; with the guard each is put right, and nobody gets in.

Usage: tests/system/totp.py PACKAGE, with TREE naming the machine's root folder (tests/trees/overlay sets it).
"""

import base64
import hmac
import os
import pty
import re
import select
import struct
import sys
import time

from machine import Failure, eventually
from suite import alerts, check, ctl, expect, main

PASSWORD = "correct horse"
POLICY = """\
rules = (
  { id = "site.totp"; pam = "sshd"; facility = "auth";
    requires = "pam_google_authenticator.so"; forbids_args = [ "nullok" ];
    response = "revert"; severity = "critical";
    why = "A stolen key and password must not open a session."; }
);
"""
SSHD_CONFIG = """\
UsePAM yes
KbdInteractiveAuthentication yes
AuthenticationMethods publickey,keyboard-interactive:pam
"""
SERVICE = "/etc/pam.d/sshd"
COMMON = "/etc/pam.d/common-auth"
LINE = "auth required pam_google_authenticator.so"
LOGIN_SECONDS = 40


def totp(secret, now):
    """The six digits of RFC 6238 for a secret in base32."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, struct.pack(">Q", int(now) // 30), "sha1").digest()
    offset = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[offset:offset + 4])[0] & 0x7fffffff) % 1000000:06d}"


def right_code(machine):
    return totp(machine.read("/home/alice/.google_authenticator").split("\n")[0], time.time())


def converse(argv, answers):
    """Runs ARGV on a terminal of its own and answers prompts; what it wrote."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvp(argv[0], argv)
    said, at, end = b"", 0, time.monotonic() + LOGIN_SECONDS
    try:
        while select.select([terminal], [], [], max(0, end - time.monotonic()))[0]:
            try:
                data = os.read(terminal, 4096)
            except OSError:  # EIO: the other side is closed
                break
            said += data
            for prompt, answer in answers.items():
                if prompt in said[at:]:
                    at = len(said)
                    os.write(terminal, answer.encode() + b"\n")
        else:
            raise Failure(f"ssh hangs after {said[-300:]!r}")
    finally:
        os.close(terminal)
        os.waitpid(pid, 0)
    return said.decode(errors="replace")


def can_log_in(machine, user="alice", code="000000"):
    """Whether the key, the password and the code let the user in."""
    ssh = ["ssh", "-i", "/root/key", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
           "-o", "LogLevel=ERROR", "-o", "NumberOfPasswordPrompts=1", f"{user}@127.0.0.1", "echo logged in"]
    said = converse(machine.entering() + ssh, {b"assword: ": PASSWORD, b"erification code: ": code})
    expect("logged in" in said or "Permission denied" in said, f"ssh says {said!r}")
    return "logged in" in said


@check
def a_machine_with_a_second_factor(machine):
    machine.run("dpkg --install /root/sshguardd.deb", seconds=120)
    machine.run("ssh-keygen -q -t ed25519 -N '' -f /root/key")
    for user in ("alice", "bob"):
        machine.run(f"useradd -m -s /bin/bash {user} && echo '{user}:{PASSWORD}' | chpasswd")
        machine.run(f"install -d -o {user} -g {user} -m 700 /home/{user}/.ssh && "
                    f"install -o {user} -g {user} -m 600 /root/key.pub /home/{user}/.ssh/authorized_keys")
    machine.run("google-authenticator -t -C -f -D -u -w 17 -Q NONE", user="alice")
    expect(machine.exists("/home/alice/.google_authenticator"), "alice has no secret")
    stack = machine.read(SERVICE)
    expect("@include common-auth\n" in stack, "sshd's stack does not include common-auth")
    machine.write(SERVICE, stack.replace("@include common-auth\n", f"@include common-auth\n{LINE}\n"))
    machine.write("/etc/ssh/sshd_config.d/50-totp.conf", SSHD_CONFIG)
    machine.run("systemctl reload ssh")


@check
def key_password_and_code_open_a_session(machine):
    expect(can_log_in(machine, code=right_code(machine)), "alice cannot log in")


@check
def without_the_code_there_is_none(machine):
    expect(not can_log_in(machine), "alice can log in with a wrong code")
    expect(not can_log_in(machine, user="bob"), "bob can log in without a secret")


@check
def the_guard_adopts_it(machine):
    machine.write("/etc/sshguardd/policy.d/50-site.conf", POLICY)
    machine.run("""sed -i 's/^mode = .*/mode = "enforce";/' /etc/sshguardd/sshguardd.conf""")
    machine.run("systemctl enable --now sshguardd")
    expect(not [finding for finding in ctl(machine, "findings")["findings"] if finding["rule"] == "site.totp"],
           "the stack breaks the rule")
    paths = {file["path"] for file in ctl(machine, "files")["files"]}
    module = machine.run("ls /lib/*/security/pam_google_authenticator.so").stdout.strip()
    missing = {SERVICE, COMMON, "/etc/pam.d/other", "/etc/security/access.conf", module} - paths
    expect(not missing, f"it does not guard {missing}")


def edit(machine, path, pattern, replacement):
    before = machine.read(path)
    after = re.sub(pattern, replacement, before, flags=re.M)
    expect(before != after, f"{path} has no {pattern}")
    machine.write(path, after)


# what is done, the file that must come back, and who gets in by it
WAYS = {
    "sufficient before it": (
        lambda machine: edit(machine, SERVICE, f"^{LINE}$", f"auth sufficient pam_permit.so\n{LINE}"), SERVICE, "alice"),
    "a jump over it": (
        lambda machine: edit(machine, SERVICE, f"^{LINE}$",
                             f"auth [success=1 default=ignore] pam_permit.so\n{LINE}"), SERVICE, "alice"),
    "nullok": (lambda machine: edit(machine, SERVICE, f"^{LINE}$", f"{LINE} nullok"), SERVICE, "bob"),
    "the file deleted": (lambda machine: machine.run(f"rm -f {SERVICE}"), SERVICE, "alice"),
    "an edited common-auth": (
        lambda machine: edit(machine, COMMON, r"^auth\s+\[success=1 default=ignore\]\s+pam_unix",
                             "auth sufficient pam_unix"), COMMON, "alice"),
    "the line removed": (lambda machine: edit(machine, SERVICE, f"^{LINE}\n", ""), SERVICE, "alice"),
}


def replay(machine, alert, directory):
    """The witness is a run of the stack as it was that ends in success; nullok in a line has none to run."""
    witness = alert["SSHGUARDD_WITNESS"]
    expect(witness.startswith("sshguardd --dump-pam sshd"), f"the witness is {witness!r}")
    said = machine.run(f"{witness} --pam-dir {directory}").stdout
    if "--run" in witness:
        expect("auth=success" in said, f"`{witness}` says {said[-300:]!r}")


def add_way(name, attack, path, user):
    def way(machine):
        good = machine.read(path)
        machine.run("systemctl stop sshguardd")
        attack(machine)
        expect(can_log_in(machine, user), f"{user} cannot log in without a code: it is no way at all")
        machine.run("rm -rf /root/replay && cp -a /etc/pam.d /root/replay")
        machine.run("systemctl start sshguardd")
        eventually(f"{path} is put right at start", lambda: machine.exists(path) and machine.read(path) == good)
        expect(not can_log_in(machine, user), f"{user} can log in without a code after the start")
        after = machine.journal_end()
        attack(machine)
        eventually(f"{path} is put right", lambda: machine.exists(path) and machine.read(path) == good)
        found = eventually("the alert", lambda: [entry for entry in alerts(machine, "REVERTED", after)
                                                 if entry["SSHGUARDD_RULE"] == "site.totp"])
        expect(found[0]["PRIORITY"] == "2", f"the priority is {found[0]['PRIORITY']}")
        replay(machine, found[0], "/root/replay")
        expect(not can_log_in(machine, user), f"{user} can log in without a code")

    way.__name__ = f"way: {name}"
    check(way)


for name, (attack, path, user) in WAYS.items():
    add_way(name, attack, path, user)


@check
def the_code_still_opens_a_session(machine):
    expect(can_log_in(machine, code=right_code(machine)), "alice cannot log in")
    expect(not ctl(machine, "findings")["findings"], f"open: {ctl(machine, 'findings')['findings']}")


@check
def a_patched_module_is_reported_and_left_alone(machine):
    module = machine.run("ls /lib/*/security/pam_google_authenticator.so").stdout.strip()
    after = machine.journal_end()
    machine.run(f"cp -a {module} /root/good.so && echo >> {module}")
    alert = eventually("the alert", lambda: [entry for entry in alerts(machine, "UNAPPROVED", after)
                                             if entry["SSHGUARDD_PATH"] == module])[0]
    expect("SHA-256" in alert["SSHGUARDD_GOT"], alert["SSHGUARDD_GOT"])
    expect(machine.run(f"cmp {module} /root/good.so", check=False).returncode == 1, "it was written")
    machine.run(f"cp -a /root/good.so {module}")
    eventually("nothing is wrong", lambda: not ctl(machine, "findings")["findings"])


if __name__ == "__main__":
    sys.exit(main())
