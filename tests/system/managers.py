#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Others who write the same files, for real: dpkg with ucf, and pam-auth-update. No fight, no false alarm, and what
they change is told once and approved in one go.

Usage: tests/system/managers.py PACKAGE, with TREE naming the machine's root folder (tests/trees/overlay sets it).
"""

import sys
import time

from machine import eventually
from suite import alerts, approve, check, ctl, expect, main

# as long as a daemon may take to look at a file that somebody keeps open, and then some
SETTLED_SECONDS = 2
KEPT = ("REVERTED", "REPAIRED", "DRIFT")


def incidents(machine):
    return ctl(machine, "history")["incidents"]


def unapproved(machine):
    return {file["path"] for file in ctl(machine, "files")["files"] if file["state"] == "unapproved"}


@check
def the_guard_enforces_the_baseline(machine):
    machine.run("dpkg --install /root/sshguardd.deb", seconds=120)
    machine.run("""sed -i 's/^mode = .*/mode = "enforce";/' /etc/sshguardd/sshguardd.conf""")
    machine.run("systemctl enable --now sshguardd")
    expect(not incidents(machine), "a stock machine has incidents")


@check
def configuring_openssh_again_is_no_incident(machine):
    before = machine.read("/etc/ssh/sshd_config")
    machine.run("dpkg-reconfigure --frontend noninteractive openssh-server", seconds=120)
    time.sleep(SETTLED_SECONDS)
    expect(machine.read("/etc/ssh/sshd_config") == before, "ucf wrote another configuration")
    expect(not incidents(machine), f"it made incidents: {incidents(machine)}")


@check
def what_pam_auth_update_writes_is_told_and_stays(machine):
    after = machine.journal_end()
    machine.run("pam-auth-update --package --enable mkhomedir")
    path = "/etc/pam.d/common-session"
    eventually("it is told", lambda: path in {entry.get("SSHGUARDD_PATH")
                                              for entry in alerts(machine, "UNAPPROVED", after)})
    time.sleep(SETTLED_SECONDS)
    expect("pam_mkhomedir" in machine.read(path), "it was put back")
    for message in KEPT:
        expect(not alerts(machine, message, after), f"{message}: {alerts(machine, message, after)}")
    expect(path in unapproved(machine), f"unapproved: {unapproved(machine)}")


@check
def its_next_run_finds_its_own_work(machine):
    approve(machine, "/etc/pam.d/common-session")
    before, n_before = machine.read("/etc/pam.d/common-session"), len(incidents(machine))
    said = machine.run("pam-auth-update --package")
    time.sleep(SETTLED_SECONDS)
    expect("modif" not in said.stderr, said.stderr)
    expect(machine.read("/etc/pam.d/common-session") == before, "it wrote something else")
    expect(len(incidents(machine)) == n_before, f"it made incidents: {incidents(machine)}")
    expect(not unapproved(machine), f"unapproved: {unapproved(machine)}")


@check
def an_announced_change_is_told_and_not_put_back(machine):
    path = "/etc/ssh/sshd_config.d/60-managed.conf"
    machine.write(path, "MaxAuthTries 4\n")
    eventually("it is told", lambda: path in unapproved(machine))
    approve(machine, path)
    machine.run(f"sshguardctl permit {path} --for 10m --reason 'a playbook runs'")
    after = machine.journal_end()
    machine.write(path, "PermitEmptyPasswords yes\n")
    eventually("it is told", lambda: path in {finding["path"] for finding in ctl(machine, "findings")["findings"]})
    time.sleep(SETTLED_SECONDS)
    expect("PermitEmptyPasswords yes" in machine.read(path), "it was put back in spite of the permit")
    expect(not alerts(machine, "REVERTED", after), "it says it was reverted")
    machine.write(path, "MaxAuthTries 3\n")
    approve(machine, path)
    eventually("nothing is wrong", lambda: not ctl(machine, "findings")["findings"])


if __name__ == "__main__":
    sys.exit(main())
