#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each shipped profile on a stock machine finds what sshguardd-profiles(7) says, and nothing once somebody has typed
what that page says to type. Then people log in: those who may, and those who may not.

Usage: tests/system/profiles.py PACKAGE, with TREE naming the machine's root folder (tests/trees/overlay sets it).
"""

import base64
import hashlib
import hmac
import itertools
import json
import pathlib
import re
import struct
import sys
import time

from machine import eventually
from session import typed
from suite import CHECKS, check, expect, main

NEEDS = "libpam-pwquality"
PAGE = (pathlib.Path(__file__).resolve().parents[2] / "docs/sshguardd-profiles.7").read_text()
RULE = r"(?:access|sshd|file|pam|keys)\.[a-z0-9.-]+"
PASSWORD = "correct horse battery"
# what profiles are about, to begin each one with a stock machine
STOCK = "/etc/ssh /etc/pam.d /etc/sshguardd /etc/pve /usr/share/pam-configs /var/lib/pam /home /root"
# what sshd reads before all else
BREACH = "/etc/ssh/sshd_config.d/00-breach.conf"
# what guides call the copies that they make
COPIES = ("orig", "bkp", "bak")
# sshd may hold failures against an address, so every attempt comes from its own
ADDRESSES = (f"127.0.{number // 250}.{number % 250 + 2}" for number in itertools.count())


# --- the page -----------------------------------------------------------------------------------------------------

def section(profile):
    return re.search(rf"^\.Ss {re.escape(profile)}\n(.*?)(?=^\.S[sh] )", PAGE, re.MULTILINE | re.DOTALL)[1]


def said_to_be_violated(profile):
    items = re.findall(r"^\.It Cm (.*)$", section(profile), re.MULTILINE)
    return {rule for item in items for rule in re.findall(RULE, item)}


def type_guide(machine, profile, prompt="#"):
    """Types what is to be typed once, as root; what users do themselves is the other prompt's."""
    for block in re.findall(r"^\.Bd -literal[^\n]*\n(.*?)^\.Ed", section(profile), re.MULTILINE | re.DOTALL):
        for typed_at, command, _ in typed(block):
            if typed_at == prompt and "alice.pub" not in command:
                machine.run(f"cd /root; export DEBIAN_FRONTEND=noninteractive; {command}")


# --- the machine --------------------------------------------------------------------------------------------------

def check_now(machine):
    result = machine.run("sshguardd --check --json", check=False)
    expect(result.returncode in (0, 1), f"--check ended with {result.returncode}: {result.stderr}")
    return json.loads(result.stdout)["findings"]


def findings(machine, profile):
    machine.write("/etc/sshguardd/sshguardd.conf", f'extends = [ "{profile}" ];\nmode = "audit";\n')
    return [f"{finding['rule']}: {finding.get('path', '')}: {finding['message']}" for finding in check_now(machine)]


def begin_anew(machine):
    """A stock machine with users and keys, whatever the profile before did to it."""
    machine.run(f"for d in {STOCK}; do rm -rf $d; [ ! -e /stock$d ] || cp -a /stock$d $d; done")
    machine.run("faillock --user alice --reset; systemctl reset-failed; systemctl restart ssh")


def say(machine, user, options, command="echo I am $(id -un)", wrapper=""):
    """What a login prints, on either stream."""
    result = machine.run(
        f"{wrapper} ssh -F none -b {next(ADDRESSES)} -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null "
        f"-o IdentitiesOnly=yes -o NumberOfPasswordPrompts=1 {options} {user}@127.0.0.1 '{command}' 2>&1", check=False)
    return result.stdout


def by_key(machine, user, key, **options):
    return say(machine, user, f"-o BatchMode=yes -i /keys/{key}", **options)


def by_password(machine, user, password=PASSWORD):
    return say(machine, user, "-o PubkeyAuthentication=no", wrapper=f"sshpass -p '{password}'")


def by_key_and_code(machine, user, key, code):
    return say(machine, user, f"-i /keys/{key} -o PreferredAuthentications=publickey,keyboard-interactive",
               wrapper=f"sshpass -P 'erification code' -p {code}")


def sftp(machine, user, key):
    return machine.run(f"echo pwd | sftp -q -F none -b - -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null "
                       f"-o IdentitiesOnly=yes -o BatchMode=yes -i /keys/{key} {user}@127.0.0.1 2>&1", check=False).stdout


def gets_in(said, user):
    return f"I am {user}" in said


def expect_in(user, attempt):
    """Gets in; sshd may be about to read its configuration still."""
    last = []
    try:
        eventually("", lambda: gets_in(last.append(attempt()) or last[-1], user), seconds=8)
    except Exception:
        expect(False, f"{user} does not get in: {last[-1]}")


def expect_out(user, attempt):
    said = attempt()
    expect(not gets_in(said, user), f"{user} gets in")
    expect(re.search("denied|closed|broken pipe", said, re.IGNORECASE), f"{user} was not asked: {said}")


def code_of(machine, user):
    """The code that the user's telephone shows now (RFC 6238)."""
    secret = machine.read(f"/home/{user}/.google_authenticator").splitlines()[0]
    mac = hmac.new(base64.b32decode(secret + "=" * (-len(secret) % 8)),
                   struct.pack(">Q", int(time.time()) // 30), hashlib.sha1).digest()
    return f"{(struct.unpack_from('>I', mac, mac[-1] & 15)[0] & 0x7FFFFFFF) % 1000000:06}"


def wrong(code):
    return f"{(int(code) + 500000) % 1000000:06}"


# --- the checks ---------------------------------------------------------------------------------------------------

@check
def the_package_installs_and_users_have_keys(machine):
    machine.run("dpkg --install /root/sshguardd.deb && rm /root/sshguardd.deb", seconds=120)
    machine.run("groupadd --system sshauth; mkdir /keys")
    for user in ("alice", "carol", "dave", "root"):
        home = "/root" if user == "root" else f"/home/{user}"
        groups = "-G sshauth" if user in ("alice", "dave") else ""
        if user != "root":
            machine.run(f"useradd -m -s /bin/bash {groups} {user}")
        machine.run(f"echo '{user}:{PASSWORD}' | chpasswd")
        machine.run(f"ssh-keygen -q -t ed25519 -N '' -C {user} -f /keys/{user} && "
                    f"mkdir -p -m 700 {home}/.ssh")
        # dave has a certificate at best
        if user != "dave":
            machine.run(f"cp /keys/{user}.pub {home}/.ssh/authorized_keys && chmod 600 {home}/.ssh/authorized_keys")
        machine.run(f"chown -R {user}: {home}/.ssh")
    # as it is before somebody installs what the machine, without network, has to have already
    machine.run("pam-auth-update --package --remove pwquality")
    machine.run(f"for d in {STOCK}; do [ ! -e $d ] || {{ mkdir -p /stock$(dirname $d) && cp -a $d /stock$d; }}; done")
    expect_in("alice", lambda: by_password(machine, "alice"))
    expect_in("root", lambda: by_key(machine, "root", "root"))


def break_promise(machine, rule, settings, attempt, user):
    """Before all else sshd is told what breaks the promise: somebody gets in, RULE tells of it, and no other about
    access does."""
    expect_out(user, lambda: attempt(machine))
    machine.write(BREACH, settings)
    try:
        machine.run("systemctl reload ssh")
        expect_in(user, lambda: attempt(machine))
        told = {(finding["rule"], finding["users"]) for finding in check_now(machine) if finding["rule"].startswith("access.")}
        expect(told == {(rule, user)}, f"rules about access that tell of it: {told}")
    finally:
        machine.run(f"rm {BREACH} && systemctl reload ssh")
    eventually(f"{user} is kept out again", lambda: not gets_in(attempt(machine), user), seconds=8)


def check_profile(profile, logins, *breach):
    """Adds the checks of one profile, LOGINS as the last but one, and what breaks its promise as the last."""
    def is_broken(machine):
        break_promise(machine, *breach)

    def finds(machine):
        begin_anew(machine)
        found = findings(machine, profile)
        rules, wanted = {finding.split(":")[0] for finding in found}, said_to_be_violated(profile)
        expect(rules == wanted, f"found only: {sorted(rules - wanted)}; in the manual only: {sorted(wanted - rules)}")

    def follows(machine):
        type_guide(machine, profile)
        left = findings(machine, profile)
        expect(not left, "after what the manual says to type there is still\n" + "\n".join(left))

    def tells_of_copies(machine):
        for suffix in COPIES:
            machine.run(f"cp -p /etc/pam.d/sshd /etc/pam.d/sshd.{suffix}")
        told = {(finding["rule"], finding["path"], finding["severity"]) for finding in check_now(machine)}
        machine.run("rm " + " ".join(f"/etc/pam.d/sshd.{suffix}" for suffix in COPIES))
        expect(told == {(f"file.pam-copies-{suffix}", f"/etc/pam.d/sshd.{suffix}", "info") for suffix in COPIES},
               f"told is {told}")

    for function, name in ((finds, "finds what the manual says"), (follows, "is fulfilled by what the manual says"),
                           (tells_of_copies, "tells of copies in pam.d"), (is_broken, "tells who gets in against its promise"),
                           (logins, "keeps its promises")):
        function.__name__ = f"{profile} {name}"
        CHECKS.append(function)


def root_by_no_password(machine):
    expect_in("alice", lambda: by_key(machine, "alice", "alice"))
    expect_in("alice", lambda: by_password(machine, "alice"))
    expect_in("root", lambda: by_key(machine, "root", "root"))
    expect_out("root", lambda: by_password(machine, "root"))


def key_and_code(machine):
    for prompt, command, _ in typed(re.search(r"^\$ google-auth.*\n", PAGE, re.MULTILINE)[0]):
        expect(prompt == "$", "users make their own secrets")
        machine.run(command.strip() + " --no-confirm --quiet", user="alice")
    expect_in("root", lambda: by_key(machine, "root", "root"))
    expect_out("alice", lambda: by_key(machine, "alice", "alice"))
    expect_out("alice", lambda: by_password(machine, "alice"))
    code = code_of(machine, "alice")
    expect_out("alice", lambda: by_key_and_code(machine, "alice", "alice", wrong(code)))
    expect_out("alice", lambda: by_key_and_code(machine, "alice", "carol", code))
    code = code_of(machine, "alice")
    said = by_key_and_code(machine, "alice", "alice", code)
    expect(gets_in(said, "alice"), f"alice does not get in: {said}")
    # a code is for once
    expect_out("alice", lambda: by_key_and_code(machine, "alice", "alice", code))
    # carol is in no group, and dave in the group without a secret
    machine.run("cp -a /home/alice/.google_authenticator /home/carol/ && chown carol: /home/carol/.google_authenticator")
    expect_out("carol", lambda: by_key_and_code(machine, "carol", "carol", code_of(machine, "carol")))
    machine.run("cp /keys/dave.pub /home/dave/.ssh/authorized_keys && chown dave: /home/dave/.ssh/authorized_keys")
    expect_out("dave", lambda: by_key_and_code(machine, "dave", "dave", code))


def security_keys_only(machine):
    for user in ("alice", "carol", "root"):
        expect_out(user, lambda user=user: by_key(machine, user, user))
    expect_out("alice", lambda: by_password(machine, "alice"))


def certificates_and_forced_commands(machine):
    expect_in("alice", lambda: by_key(machine, "alice", "alice"))
    expect_out("alice", lambda: by_password(machine, "alice"))
    expect_out("carol", lambda: by_key(machine, "carol", "carol"))
    # a key opens no shell of root's, a key with a command runs that
    expect_out("root", lambda: by_key(machine, "root", "root"))
    machine.run("sed -i 's/^/restrict,command=\"echo I am root the backup\" /' /root/.ssh/authorized_keys")
    said = by_key(machine, "root", "root", command="id")
    expect("I am root the backup" in said and "uid=" not in said, f"root's forced command printed {said}")
    told = [finding for finding in check_now(machine) if finding["rule"].startswith("access.")]
    expect(not told, f"root's forced command is told of: {told}")
    expect_out("dave", lambda: by_key(machine, "dave", "dave"))
    machine.run("cp /keys/dave.pub /root/dave.pub")
    sign = next(command for _, command, _ in typed(PAGE) if "alice.pub" in command)
    machine.run(f"cd /root && {sign.strip().replace('alice', 'dave')} && cp dave-cert.pub /keys/")
    expect_in("dave", lambda: by_key(machine, "dave", "dave"))
    expect_out("alice", lambda: by_key(machine, "alice", "dave"))


def a_node(machine):
    # as Proxmox VE makes it, without its file system
    machine.run("mkdir -p /etc/pve/priv && mv /root/.ssh/authorized_keys /etc/pve/priv/ && "
                "ln -s /etc/pve/priv/authorized_keys /root/.ssh/ && chgrp www-data /etc/pve/priv/authorized_keys")
    left = findings(machine, "proxmox")
    expect(not left, f"the link that Proxmox VE makes is found: {left}")
    key_and_code(machine)
    # the web interface logs in with common-auth, which asks for a password and nothing else
    machine.run("printf '@include common-auth\n' >/etc/pam.d/proxmox-ve-auth")
    dumped = machine.run("sshguardd --dump-pam proxmox-ve-auth").stdout
    expect("pam_unix.so" in dumped and "pam_google_authenticator" not in dumped, dumped)


def guessing_ends(machine):
    expect_in("alice", lambda: by_password(machine, "alice"))
    expect_out("root", lambda: by_key(machine, "root", "root"))
    expect_out("carol", lambda: by_password(machine, "carol"))
    for _ in range(3):
        expect_out("alice", lambda: by_password(machine, "alice", "a guess"))
    expect_out("alice", lambda: by_password(machine, "alice"))
    machine.run("faillock --user alice --reset")
    expect_in("alice", lambda: by_password(machine, "alice"))
    refused = machine.run("echo 'Password1\nPassword1' | passwd carol", check=False)
    machine.run("runuser -u carol -- sh -c \"printf '%s\\n' 'correct horse battery' password password | passwd\" "
                "&& exit 1 || exit 0")
    expect("BAD PASSWORD" in refused.stderr, f"pam_pwquality said nothing: {refused.stderr}")


def keys_and_nothing_else(machine):
    expect_in("alice", lambda: by_key(machine, "alice", "alice"))
    expect_out("alice", lambda: by_password(machine, "alice"))
    expect_out("root", lambda: by_key(machine, "root", "root"))
    expect_out("carol", lambda: by_key(machine, "carol", "carol"))
    said = say(machine, "alice", "-o BatchMode=yes -i /keys/alice -W 127.0.0.1:22", command="")
    expect("administratively prohibited" in said, f"a forwarded connection printed {said}")
    said = say(machine, "alice", "-o BatchMode=yes -i /keys/alice -o Ciphers=aes256-ctr -o MACs=hmac-sha2-256")
    expect("no matching cipher" in said, f"CTR printed {said}")
    # an account without a shell: refused, or if its group is let in, for files and nothing else
    machine.run("useradd -m -s /usr/sbin/nologin files && install -d -m 700 -o files /home/files/.ssh && "
                "install -m 600 -o files /keys/carol.pub /home/files/.ssh/authorized_keys")
    expect(not check_now(machine), f"while it is refused: {check_now(machine)}")
    expect_out("files", lambda: by_key(machine, "files", "carol"))
    machine.run("usermod -aG sshauth files")
    told = [finding["rule"] for finding in check_now(machine)]
    expect(sorted(told) == ["access.nologin-shells", "sshd.nologin-shells"], f"when it is let in: {told}")
    machine.run("printf 'Match User files\\n    ForceCommand internal-sftp\\n' >>/etc/ssh/sshd_config.d/10-strict.conf && "
                "systemctl reload ssh")
    expect(not check_now(machine), f"when it is forced: {check_now(machine)}")
    eventually("it may have files", lambda: "/home/files" in sftp(machine, "files", "carol"), seconds=8)
    said = by_key(machine, "files", "carol")
    expect("sftp connections only" in said and not gets_in(said, "files"), f"a command printed {said}")
    machine.run("userdel -r files 2>/dev/null")
    # the second place for keys is none
    machine.run("mv /home/alice/.ssh/authorized_keys /home/alice/.ssh/authorized_keys2")
    expect_out("alice", lambda: by_key(machine, "alice", "alice"))


def alice_by_password(machine):
    return by_password(machine, "alice")


def alice_by_key(machine):
    return by_key(machine, "alice", "alice")


def root_by_key(machine):
    return by_key(machine, "root", "root")


def root_by_password(machine):
    return by_password(machine, "root")


ASK_A_PASSWORD = "Match User alice\n    PasswordAuthentication yes\n    AuthenticationMethods any\n"
ASK_A_KEY = "Match User alice\n    AuthenticationMethods publickey\n"

check_profile("baseline", root_by_no_password,
              "access.root-by-password", "Match User root\n    PermitRootLogin yes\n", root_by_password, "root")
check_profile("ubuntu-2fa", key_and_code, "access.two-factors", ASK_A_KEY, alice_by_key, "alice")
check_profile("ubuntu-2fa-fido", security_keys_only, "access.by-key", ASK_A_PASSWORD, alice_by_password, "alice")
check_profile("arch", certificates_and_forced_commands, "access.by-key", ASK_A_PASSWORD, alice_by_password, "alice")
check_profile("proxmox", a_node, "access.two-factors", ASK_A_KEY, alice_by_key, "alice")
check_profile("cis-debian-12", guessing_ends,
              "access.no-root", "Match User root\n    PermitRootLogin prohibit-password\n    AllowGroups root\n", root_by_key, "root")
check_profile("strict", keys_and_nothing_else, "access.no-passwords", ASK_A_PASSWORD, alice_by_password, "alice")

if __name__ == "__main__":
    sys.exit(main())
