#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Users' keys on a real machine: what a user, or root, does to key files is detected and, where the policy says so,
put back with that user's rights, while nobody else's bytes, owner, mode or ACL change; what is planted (a link to
/etc/shadow, a FIFO) is a finding and nothing else. Later checks build on what earlier ones left behind.

Usage: tests/system/keys.py PACKAGE, with TREE naming the machine's root folder (tests/trees/overlay sets it).
"""

import pathlib
import select
import signal
import subprocess
import sys
import tempfile
import time

from machine import Failure, eventually
from suite import alerts, approve, check, ctl, expect, main

POLICY = """\
rules = (
  { id = "site.approved-keys"; keys = "*,!carol"; approved_only = true;
    response = "revert"; severity = "high"; why = "Keys are given out by the administrator."; },
  { id = "site.carols-keys"; keys = "carol"; types = [ "ssh-ed25519" ];
    response = "repair"; severity = "high"; why = "Other keys are too weak here."; },
  { id = "site.key-mode"; file = "~/.ssh/authorized_keys"; mode_at_most = "0644";
    response = "repair"; severity = "high"; why = "Others must not write it."; },
  { id = "site.ssh-directory"; file = "~/.ssh/"; owner = "%u"; mode_at_most = "0700";
    response = "revert"; severity = "high"; why = "Who owns it decides whose keys are in it."; }
);
"""
FOREIGN = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDWmGTpxJvVsGVpYxXxGiSlBlVtWQHc8Q0mDCnRXcbzX intruder\n"
PVE = "/etc/pve/priv/authorized_keys"


def key(name, kind="ed25519"):
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory, "key")
        subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", name, "-f", path], check=True)
        return path.with_suffix(".pub").read_text()


KEYS = {name: key(name) for name in ("root", "alice", "bob", "carol", "dave")}
WEAK = key("weak", "ecdsa")


def key_file(name):
    return f"/home/{name}/.ssh/authorized_keys"


def give_key(machine, name):
    machine.run(f"install -d -m 0700 -o {name} -g {name} /home/{name}/.ssh")
    machine.write(key_file(name), KEYS[name])
    machine.run(f"chown {name}: {key_file(name)} && chmod 0600 {key_file(name)}")


def state_of(machine, path):
    """All of a file that must not change: kind, mode, owner, inode, ACL, attributes, content."""
    return machine.run(f"stat -c '%F %a %u %g %i %h' {path}; getfacl -cp {path}; getfattr -d -m - {path}; cat {path}").stdout


def text_at(machine, path):
    return machine.run(f"cat {path}", check=False).stdout


def rules_broken(machine, path):
    findings = ctl(machine, "findings")["findings"]
    return {finding["rule"] for finding in findings if finding.get("path") == path}


class Pmxcfs:
    """Proxmox's cluster file system, and what another node does to it."""

    def __init__(self, machine):
        self.content = tempfile.NamedTemporaryFile("w")
        self.content.write(KEYS["root"])
        self.content.flush()
        self.process = subprocess.Popen(
            [sys.executable, pathlib.Path(__file__).with_name("pmxcfs.py"), str(machine.leader), "/etc/pve",
             f"priv/authorized_keys={self.content.name}"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.hear("mounted")

    def hear(self, word):
        expect(select.select([self.process.stdout], [], [], 30)[0], f"the file system never said {word}")
        said = self.process.stdout.readline().strip()
        expect(said == word, f"the file system said {said}")

    def write_elsewhere(self, name, text):
        self.process.stdin.write(f"{name}={text.rstrip()}\n")
        self.process.stdin.flush()
        self.hear("written")

    def end(self):
        self.process.kill()
        self.process.wait()


pve = None


@check
def the_guard_starts_on_a_machine_with_users(machine):
    global pve
    machine.run("dpkg --install /root/sshguardd.deb", seconds=120)
    for name in ("alice", "bob", "carol"):
        machine.run(f"useradd -m -s /bin/bash {name}")
        give_key(machine, name)
    machine.run(f"setfacl -m u:carol:r {key_file('bob')} && setfattr -n user.note -v mine {key_file('bob')}")
    machine.run("mkdir -p /etc/pve /root/.ssh && chmod 0700 /root/.ssh")
    pve = Pmxcfs(machine)
    machine.run(f"ln -s {PVE} /root/.ssh/authorized_keys")
    machine.write("/etc/sshguardd/policy.d/50-site.conf", POLICY)
    machine.run("""sed -i 's/^mode = .*/mode = "enforce";/' /etc/sshguardd/sshguardd.conf""")
    machine.run("sshguardd --check", check=False)
    machine.run("systemctl enable --now sshguardd")
    status = ctl(machine, "status")
    expect(status["coverage"]["users"] > 3, status)
    findings = ctl(machine, "findings")["findings"]
    expect(not findings, findings)


def change_as(machine, user, name, command, expected=None):
    """COMMAND, with FILE and DIR replaced, by USER in the account NAME; the file must come back and bob's stay."""
    path, bob = key_file(name), state_of(machine, key_file("bob"))
    before = machine.journal_end()
    machine.run(command.replace("FILE", path).replace("DIR", f"/home/{name}"), user=user)

    def is_back():
        stat = machine.run(f"stat -c '%F %a %U %G' {path}", check=False).stdout.strip()
        return text_at(machine, path) == (expected or KEYS[name]) and stat == f"regular file 600 {name} {name}"

    eventually(f"`{command}` by {user or 'root'} is put back", is_back)
    # who does all of this to one file is told of in summaries after a while
    said = eventually("it is told", lambda: alerts(machine, "REVERTED", before) + alerts(machine, "REPAIRED", before)
                      or [file for file in ctl(machine, "files")["files"] if file["path"] == path and file["contested"]])
    expect(any(f"/home/{name}/.ssh" in str(entry.get("SSHGUARDD_PATH") or entry.get("path")) for entry in said), said)
    expect("AAAAC3" not in str(said), "an alert shows key material")
    expect(state_of(machine, key_file("bob")) == bob, "bob's file is another")
    leftovers = machine.run(f"find /home/{name} -name '.sshguardd-*'").stdout
    expect(not leftovers, leftovers)


WAYS = {
    "append": f"echo '{FOREIGN.strip()}' >>FILE",
    "replace": f"echo '{FOREIGN.strip()}' >DIR/new && mv DIR/new FILE",
    "swap by link": f"rm -f DIR/evil && echo '{FOREIGN.strip()}' >DIR/evil && ln -sf DIR/evil FILE",
    "hard link": f"rm -f DIR/other && echo '{FOREIGN.strip()}' >DIR/other && ln -f DIR/other FILE",
    "delete": "rm FILE",
    "empty": ": >FILE",
    "loosen": "chmod 0666 FILE",
    # the guard may be faster than the second command; what belongs to root there its owner cannot read either
    "move the directory away": "mv DIR/.ssh DIR/.old; mkdir -m 0700 DIR/.ssh; chown alice: DIR/.ssh; "
                               f"echo '{FOREIGN.strip()}' >DIR/.ssh/authorized_keys; rm -r DIR/.old",
    "remove the directory": "rm -r DIR/.ssh || true",
}


def add_way(name, command, user):
    def way(machine):
        change_as(machine, user, "alice", command)
    way.__name__ = f"{user or 'root'}: {name}"
    check(way)


for way_name, way_command in WAYS.items():
    for way_user in (None, "alice"):
        # what root makes in a user's home belongs to root, as an intruder's would
        add_way(way_name, way_command, way_user)
add_way("give it away", "chown bob FILE", None)


TAKEN_OVER = {
    "take the directory over": "chown root: DIR/.ssh",
    "take all of it over": "chown -R root: DIR/.ssh",
    "take it over and open it": "chown root: DIR/.ssh; chmod 0777 DIR/.ssh",
    "make another one": f"mv DIR/.ssh DIR/.old; mkdir -m 0700 DIR/.ssh; echo '{FOREIGN.strip()}' >DIR/.ssh/authorized_keys; "
                        "rm -r DIR/.old",
}


def add_takeover(name, command):
    def takeover(machine):
        change, bob = command.replace("DIR", "/home/alice"), state_of(machine, key_file("bob"))
        machine.run(change)
        eventually(f"`{change}` is put right", lambda: machine.run("stat -c '%F %a %U %G' /home/alice/.ssh", check=False)
                   .stdout.strip() in ("directory 700 alice root", "directory 700 alice alice"))
        eventually("so are the keys", lambda: text_at(machine, key_file("alice")) == KEYS["alice"]
                   and machine.run(f"stat -c '%F %a %U %G' {key_file('alice')}", check=False).stdout.strip()
                   == "regular file 600 alice alice")
        expect(machine.run(f"cat {key_file('alice')}", user="alice").stdout == KEYS["alice"], "alice cannot read her keys")
        eventually("nothing is wrong any more", lambda: not rules_broken(machine, "/home/alice/.ssh")
                   and not rules_broken(machine, key_file("alice")))
        expect(state_of(machine, key_file("bob")) == bob, "bob's file is another")
        machine.run("chown alice: /home/alice/.ssh")
    takeover.__name__ = f"root: {name}"
    check(takeover)


for way_name, way_command in TAKEN_OVER.items():
    add_takeover(way_name, way_command)


def add_second_file(user):
    def second_file(machine):
        path, bob = key_file("alice") + "2", state_of(machine, key_file("bob"))
        machine.run(f"echo '{FOREIGN.strip()}' >{path}", user=user)
        eventually("it is gone", lambda: not machine.exists(path))
        expect(state_of(machine, key_file("bob")) == bob, "bob's file is another")
    second_file.__name__ = f"{user or 'root'}: a second key file"
    check(second_file)


for way_user in (None, "alice"):
    add_second_file(way_user)


def planted(machine, command, wanted, user):
    """COMMAND puts something into the place of alice's key file; it is told and nothing else happens."""
    path, shadow = key_file("alice"), machine.run("stat -c '%a %u %g %i %Y' /etc/shadow; sha256sum /etc/shadow").stdout
    before, bob = machine.journal_end(), state_of(machine, key_file("bob"))
    machine.run(f"rm -f /home/alice/trap; {command.replace('FILE', '/home/alice/trap')} && "
                f"mv -T /home/alice/trap {path}", user=user)
    eventually("it is a finding", lambda: "file.kind" in rules_broken(machine, path))
    machine.run("sshguardctl check", check=False)
    kind = machine.run(f"stat -c %F {path}").stdout.strip()
    expect(kind == wanted, f"it is {kind} now")
    expect(machine.run("stat -c '%a %u %g %i %Y' /etc/shadow; sha256sum /etc/shadow").stdout == shadow,
           "/etc/shadow is another")
    secret = machine.run("grep ^root: /etc/shadow | cut -d: -f2,3").stdout.strip()
    for text in (machine.run("sshguardctl --json findings", check=False).stdout,
                 machine.run(f"sshguardctl --json diff {path}", check=False).stdout,
                 str(machine.journal(f"SSHGUARDD_PATH={path}", after=before))):
        expect(secret not in text, "a line of /etc/shadow is shown")
    expect(state_of(machine, key_file("bob")) == bob, "bob's file is another")
    machine.run(f"rm -f {path}", user=user)
    eventually("the approved version is back", lambda: text_at(machine, path) == KEYS["alice"])


TRAPS = {
    "link to the shadow file": ("ln -s /etc/shadow FILE", "symbolic link"),
    "FIFO": ("mkfifo FILE", "fifo"),
}


def add_trap(name, user):
    def trap(machine):
        planted(machine, *TRAPS[name], user)
    trap.__name__ = f"{user or 'root'}: a planted {name} is a finding only"
    check(trap)


for trap_name in TRAPS:
    for way_user in (None, "alice"):
        add_trap(trap_name, way_user)


@check
def repair_takes_out_the_offending_entries_alone(machine):
    kept = f"# carol's\r\n\n{KEYS['carol']}   \n# no newline at the end"
    lines = kept.splitlines(keepends=True)
    machine.write("/home/carol/new", "".join(lines[:2]) + WEAK + "".join(lines[2:]))
    machine.run(f"chown carol: /home/carol/new; chmod 0640 /home/carol/new; mv /home/carol/new {key_file('carol')}")
    eventually("the weak key is gone", lambda: WEAK.split()[1] not in text_at(machine, key_file("carol")))
    expect(text_at(machine, key_file("carol")).encode() == kept.encode().replace(b"\r\n", b"\n")
           or text_at(machine, key_file("carol")) == kept.replace("\r\n", "\n"), repr(text_at(machine, key_file("carol"))))
    owner = machine.run(f"stat -c '%a %U' {key_file('carol')}").stdout.strip()
    expect(owner == "640 carol", owner)


@check
def a_link_to_a_directory_of_roots_is_told_and_nobody_waits_for_it(machine):
    path = key_file("bob")
    machine.run("mkdir -p /srv/roots")
    machine.run("mv /home/bob/.ssh /home/bob/away && ln -s /srv/roots /home/bob/.ssh", user="bob")
    eventually("it is a finding", lambda: rules_broken(machine, path))
    ended = machine.run("timeout 20 sshguardctl check", check=False).returncode
    expect(ended == 1, f"check ended with {ended}")
    expect(not machine.run("ls /srv/roots").stdout, "something was written there")
    machine.run("rm /home/bob/.ssh && mv /home/bob/away /home/bob/.ssh", user="bob")
    eventually("it is resolved", lambda: not rules_broken(machine, path))


@check
def what_sshd_ignores_is_told_to_be_a_lockout(machine):
    machine.run("chmod 0777 /home/bob")
    eventually("it is a finding", lambda: "keys.ignored" in rules_broken(machine, key_file("bob")))
    machine.run("chmod 0755 /home/bob")
    eventually("it is resolved", lambda: not rules_broken(machine, key_file("bob")))


@check
def a_change_is_approved_and_restored(machine):
    path = key_file("bob")
    machine.run("sshguardctl pause --for 1h --reason test")
    machine.run(f"echo '{FOREIGN.strip()}' >>{path}", user="bob")
    eventually("it is a finding", lambda: "site.approved-keys" in rules_broken(machine, path))
    diff = ctl(machine, f"diff {path}")
    expect("SHA256:" in diff["diff"] and "AAAA" not in diff["diff"], diff["diff"])
    approve(machine, path)
    eventually("it is approved", lambda: not rules_broken(machine, path))
    machine.run("sshguardctl resume")
    expect(text_at(machine, path) == KEYS["bob"] + FOREIGN, "it was reverted")


@check
def a_new_account_is_adopted_and_guarded(machine):
    before = machine.journal_end()
    machine.run("useradd -m -s /bin/bash dave")
    eventually("it is told", lambda: [entry for entry in alerts(machine, "ACCOUNT", before)
                                      if "dave" in entry["MESSAGE"]])
    machine.run(f"sshguardctl permit {key_file('dave')} --for 1h --reason 'a key for dave'")
    give_key(machine, "dave")
    approve(machine, key_file("dave"))
    for permit in ctl(machine, "permit")["permits"]:
        machine.run(f"sshguardctl permit --revoke {permit['id']}")
    change_as(machine, "dave", "dave", WAYS["append"])


@check
def a_removed_account_leaves_nothing_open(machine):
    before = machine.journal_end()
    machine.run("userdel -r dave", check=False)
    eventually("it is told", lambda: [entry for entry in alerts(machine, "ACCOUNT", before)
                                      if "dave is gone" in entry["MESSAGE"]])
    findings = ctl(machine, "findings")["findings"]
    expect(not [finding for finding in findings if "dave" in str(finding.get("path"))], findings)
    expect(not machine.exists("/home/dave"), "something made /home/dave again")


@check
def a_moved_home_takes_its_approved_keys_along(machine):
    path = "/srv/alice/.ssh/authorized_keys"
    machine.run("usermod -d /srv/alice -m alice")
    eventually("it is guarded there", lambda: any(file["path"] == path for file in ctl(machine, "files")["files"]))
    expect(not rules_broken(machine, path), rules_broken(machine, path))
    machine.run(f"echo '{FOREIGN.strip()}' >>{path}", user="alice")
    eventually("it is put back", lambda: text_at(machine, path) == KEYS["alice"])


@check
def another_keys_file_setting_is_followed(machine):
    drop_in, path = "/etc/ssh/sshd_config.d/60-keys.conf", "/etc/ssh/authorized_keys/bob"
    machine.run("mkdir -p /etc/ssh/authorized_keys")
    machine.write(path, KEYS["bob"])
    machine.write(drop_in, "AuthorizedKeysFile /etc/ssh/authorized_keys/%u .ssh/authorized_keys\n")
    approve(machine, drop_in)
    eventually("it is guarded", lambda: any(file["path"] == path and file.get("state") == "approved"
                                            for file in ctl(machine, "files")["files"]))
    machine.run(f"echo '{FOREIGN.strip()}' >>{path}")
    eventually("it is put back", lambda: text_at(machine, path) == KEYS["bob"])
    owner = machine.run(f"stat -c '%a %U' {path}").stdout.strip()
    expect(owner == "644 root", owner)


@check
def an_unapproved_keys_file_setting_is_taken_back_and_adopts_nothing(machine):
    drop_in, path = "/etc/ssh/sshd_config.d/10-door.conf", "/srv/door/bob"
    machine.run("mkdir -p /srv/door")
    machine.write(path, FOREIGN)
    machine.write(drop_in, "AuthorizedKeysFile /srv/door/%u\n")
    eventually("the setting is gone", lambda: not machine.exists(drop_in))
    expect(not any(file["path"] == path and file.get("state") == "approved" for file in ctl(machine, "files")["files"]),
           "what it named was adopted")
    machine.run(f"echo '{FOREIGN.strip()}' >>/etc/ssh/authorized_keys/bob")
    eventually("the approved files are guarded as before",
               lambda: text_at(machine, "/etc/ssh/authorized_keys/bob") == KEYS["bob"])


@check
def a_home_that_appears_later_is_guarded(machine):
    before = machine.journal_end()
    machine.run("useradd -M -s /bin/bash erin")
    eventually("it is told", lambda: [entry for entry in alerts(machine, "ACCOUNT", before)
                                      if "erin" in entry["MESSAGE"]])
    path = key_file("erin")
    machine.run(f"install -d -m 0755 -o erin -g erin /home/erin; install -d -m 0700 -o erin -g erin /home/erin/.ssh; "
                f"echo '{FOREIGN.strip()}' >{path}; chown erin: {path}")
    eventually("the key nobody approved is gone", lambda: not machine.exists(path))
    expect(machine.exists("/home/erin/.ssh"), "more than the file is gone")
    machine.run(f"echo '{FOREIGN.strip()}' >{path}", user="erin")
    eventually("so is the next one", lambda: not machine.exists(path))


@check
def accounts_that_share_a_home_are_guarded_both(machine):
    bob = text_at(machine, key_file("bob"))
    machine.run("useradd -M -o -u $(id -u bob) -g bob -d /home/bob -s /bin/bash rob")
    eventually("it is listed", lambda: "rob" in {entry["user"] for entry in ctl(machine, "keys")["keys"]})
    machine.run(f"echo '{WEAK.strip()}' >>{key_file('bob')}", user="rob")
    eventually("it is put back", lambda: text_at(machine, key_file("bob")) == bob)
    owner = machine.run(f"stat -c '%U' {key_file('bob')}").stdout.strip()
    expect(owner == "bob", owner)
    machine.run("userdel rob", check=False)
    eventually("bob's keys are listed still", lambda: {entry["user"] for entry in ctl(machine, "keys")["keys"]}
               >= {"bob"} and "rob" not in {entry["user"] for entry in ctl(machine, "keys")["keys"]})
    machine.run(f"echo '{WEAK.strip()}' >>{key_file('bob')}", user="bob")
    eventually("and guarded", lambda: text_at(machine, key_file("bob")) == bob)


@check
def keys_for_future_accounts_are_told(machine):
    path = "/etc/skel/.ssh/authorized_keys"
    machine.run("install -d -m 0700 /etc/skel/.ssh")
    machine.write(path, FOREIGN)
    eventually("it is a finding", lambda: rules_broken(machine, path) and rules_broken(machine, "/etc/skel/.ssh"))
    machine.run("rm -r /etc/skel/.ssh")
    eventually("it is resolved", lambda: not rules_broken(machine, path) and not rules_broken(machine, "/etc/skel/.ssh"))


@check
def the_command_that_prints_keys_is_guarded(machine):
    drop_in, path = "/etc/ssh/sshd_config.d/70-command.conf", "/etc/ssh/print-keys"
    machine.write(path, "#!/bin/sh\nexit 0\n")
    machine.run(f"chmod 0755 {path}")
    text = f"AuthorizedKeysCommand {path} %u\nAuthorizedKeysCommandUser nobody\n"
    machine.write(drop_in, text)
    eventually("who may print keys is the policy's business", lambda: not machine.exists(drop_in))
    machine.write("/etc/sshguardd/policy.d/60-command.conf",
                  f'rules = ( {{ id = "sshd.keys-command"; sshd = "AuthorizedKeysCommand"; must = "{path} %u"; }} );\n')
    machine.run("sshguardctl reload")
    machine.write(drop_in, text)
    approve(machine, drop_in)
    eventually("it is guarded", lambda: any(file["path"] == path and file.get("state") == "approved"
                                            for file in ctl(machine, "files")["files"]))
    machine.write(path, f"#!/bin/sh\necho '{FOREIGN.strip()}'\n")
    eventually("it is a finding", lambda: rules_broken(machine, path))
    machine.write(path, "#!/bin/sh\nexit 0\n")
    eventually("it is resolved", lambda: not rules_broken(machine, path))


@check
def keys_tells_who_is_opened_by_what(machine):
    keys = ctl(machine, "keys")["keys"]
    names = {entry["user"] for entry in keys}
    expect({"root", "alice", "bob", "carol"} <= names, names)
    expect(all("AAAA" not in str(entry) for entry in keys), "key material is shown")
    mine = ctl(machine, "keys carol")["keys"]
    expect({entry["user"] for entry in mine} == {"carol"}, mine)
    expect(mine[0]["fingerprint"].startswith("SHA256:") and mine[0]["path"] == key_file("carol"), mine)
    expect("SHA256:" in machine.run("sshguardctl keys carol").stdout, "the table has no fingerprint")


@check
def the_cluster_link_stays_and_what_it_leads_to_is_put_back(machine):
    files = {file["path"] for file in ctl(machine, "files")["files"]}
    expect(PVE in files, "what the link leads to is not guarded")
    pve.write_elsewhere("priv/authorized_keys", FOREIGN)
    eventually("another node's change is put back", lambda: text_at(machine, PVE) == KEYS["root"], 40)
    link = machine.run("readlink /root/.ssh/authorized_keys").stdout.strip()
    expect(link == PVE, f"the link is {link}")
    machine.run(f"echo '{FOREIGN.strip()}' >>/root/.ssh/authorized_keys")
    eventually("a change through the link is put back", lambda: text_at(machine, PVE) == KEYS["root"], 40)
    expect(not machine.run("find /etc/pve -name '.sshguardd-*'").stdout, "something was left behind")


@check
def a_hung_cluster_stops_nobody(machine):
    machine.run("echo 'ClientAliveCountMax 4' >/etc/pve/sshd.conf; "
                "echo 'Include /etc/pve/sshd*.conf' >/etc/ssh/sshd_config.d/90-cluster.conf")
    eventually("sshd's file there is guarded", lambda: any(
        file["path"] == "/etc/pve/sshd.conf" for file in ctl(machine, "files")["files"]))
    machine.run("sshguardctl approve /etc/ssh/sshd_config.d/90-cluster.conf --yes --reason tested")
    pve.process.send_signal(signal.SIGUSR1)
    try:
        eventually("it is noticed", lambda: any("root" in str(finding.get("path"))
                                                for finding in ctl(machine, "findings")["findings"]), 60)
        machine.run("echo x >>/srv/alice/.ssh/authorized_keys", user="alice")
        eventually("alice's file is put back all the same",
                   lambda: text_at(machine, "/srv/alice/.ssh/authorized_keys") == KEYS["alice"])
        for _ in range(3):  # while sweeps come by
            time.sleep(4)
            machine.run("timeout 15 sshguardctl status >/dev/null || test $? = 1")
    finally:
        pve.process.send_signal(signal.SIGUSR2)
    eventually("it is well again", lambda: text_at(machine, PVE) == KEYS["root"])


@check
def a_change_made_while_it_was_stopped_is_put_back(machine):
    machine.run("systemctl stop sshguardd")
    machine.run(f"echo '{FOREIGN.strip()}' >>/srv/alice/.ssh/authorized_keys", user="alice")
    machine.run("systemctl start sshguardd")
    eventually("it is put back", lambda: text_at(machine, "/srv/alice/.ssh/authorized_keys") == KEYS["alice"])
    pve.end()


if __name__ == "__main__":
    sys.exit(main())
