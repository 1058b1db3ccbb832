#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Edits that undo themselves unless somebody shows, by logging in anew, that one still gets in: real logins over ssh,
on new connections and on shared ones, restarts of the daemon and of the machine in between, and a daemon that was
killed. And the word on the kernel's line that has the guard change nothing.

Usage: tests/system/confirm.py PACKAGE, with TREE naming the machine's root folder (tests/trees/overlay sets it).
"""

import json
import sys
import time

from machine import eventually
from suite import alerts, check, ctl, expect, main

DROP_IN = "/etc/ssh/sshd_config.d/50-site.conf"
FIRST = "MaxAuthTries 5\n"
SSH = "ssh -F none -i /root/key -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR"
SHARED = "-o ControlPath=/root/shared"
POLICY = """rules = ( { id = "site.no-passwords"; sshd = "PasswordAuthentication"; must = "no";
    response = "revert"; severity = "critical"; } );
"""


def over_ssh(machine, command, options="-o ControlPath=none"):
    """What a command typed in a login over ssh says, on either stream, and its exit status."""
    result = machine.run(f"{SSH} {options} root@127.0.0.1 '{command}' 2>&1", check=False)
    return result.stdout, result.returncode


def edit(machine, line, span="1h", options=""):
    """Adds a line to the drop-in with `edit --confirm`; what it said."""
    machine.write("/root/new", FIRST + line + "\n")
    return machine.run(f"sshguardctl edit {DROP_IN} --from /root/new --yes --confirm {span} {options}").stdout


def waiting(machine):
    return ctl(machine, "status")["unconfirmed"]


def sshd_has_read(machine):
    """Waits until sshd has read what waits to be confirmed."""
    edited = max(edit["at_us"] for edit in waiting(machine)) / 1e6
    eventually("sshd has read it", lambda: float(machine.run("stat -c %.Y /run/sshd.pid", check=False).stdout or 0) >= edited)
    time.sleep(0.05)  # a process's start is told in hundredths of a second


def is_back(machine):
    return machine.read(DROP_IN) == FIRST and not waiting(machine)


def state_of(machine):
    return {file["path"]: file["state"] for file in ctl(machine, "files")["files"]}.get(DROP_IN)


@check
def the_guard_is_installed_and_root_logs_in_by_key(machine):
    machine.run("dpkg --install /root/sshguardd.deb", seconds=120)
    machine.run("ssh-keygen -q -t ed25519 -N '' -f /root/key && mkdir -p -m 700 /root/.ssh && "
                "install -m 600 /root/key.pub /root/.ssh/authorized_keys")
    machine.write(DROP_IN, FIRST)
    machine.write("/etc/sshguardd/sshguardd.conf", 'mode = "enforce";\n')
    machine.write("/etc/sshguardd/policy.d/50-site.conf", POLICY)
    machine.run("printf 'PasswordAuthentication no\\n' >/etc/ssh/sshd_config.d/40-no-passwords.conf")
    machine.run("systemctl restart ssh && systemctl enable --now sshguardd")
    said, status = over_ssh(machine, "id -un")
    expect((said, status) == ("root\n", 0), f"root does not get in: {said}")
    expect("no edit waits" in over_ssh(machine, "sshguardctl confirm")[0], "something waits")


@check
def an_edit_waits_and_says_so(machine):
    machine.run(f"{SSH} {SHARED} -o ControlMaster=yes -o ControlPersist=yes root@127.0.0.1 true")
    after = machine.journal_end()
    said = edit(machine, "MaxSessions 7")
    expect("sshguardctl confirm" in said and "It is undone" in said, f"edit says {said}")
    expect("MaxSessions 7" in machine.read(DROP_IN), "it is not in force")
    waits = waiting(machine)
    expect([w["path"] for w in waits] == [DROP_IN] and waits[0]["by_uid"] == 0, f"what waits is {waits}")
    expect("To confirm: " + DROP_IN in machine.run("sshguardctl status", check=False).stdout, "status says nothing")
    expect(alerts(machine, "UNCONFIRMED", after), "the journal says nothing")
    expect(state_of(machine) == "approved", f"its state is {state_of(machine)}")
    sshd_has_read(machine)


@check
def what_shows_nothing_is_refused(machine):
    said = machine.run("sshguardctl confirm 2>&1", check=False)
    expect(said.returncode == 2 and "no login over ssh" in said.stdout, f"outside ssh: {said.stdout}")
    said, status = over_ssh(machine, "sshguardctl confirm", SHARED)
    expect(status == 2 and "older than the edit" in said and "ControlPath=none" in said, f"shared: {said}")
    machine.write("/root/other", "MaxAuthTries 4\n")
    newest = ctl(machine, f"history --path {DROP_IN} -n 1")["incidents"][0]["id"]
    for other in (f"edit {DROP_IN} --from /root/other --yes", f"approve {DROP_IN} --yes", f"restore {newest}"):
        said = machine.run(f"sshguardctl {other} --reason tested 2>&1", check=False)
        expect(said.returncode == 2 and "waits to be confirmed" in said.stdout, f"{other}: {said.stdout}")
    said, status = over_ssh(machine, "sshguardctl confirm /etc/ssh/sshd_config")
    expect(status == 2 and "no edit of it waits" in said, f"another path: {said}")
    said = machine.run("runuser -u nobody -- sshguardctl confirm 2>&1", check=False)
    expect(said.returncode in (3, 4), f"anybody may confirm: {said.stdout}")
    expect(len(waiting(machine)) == 1, "it is over")


@check
def a_new_login_confirms(machine):
    after = machine.journal_end()
    said, status = over_ssh(machine, "sshguardctl confirm")
    expect((said, status) == ("Confirmed: the edit stays.\n", 0), f"confirm says {said}")
    expect(not waiting(machine) and "MaxSessions 7" in machine.read(DROP_IN), "it did not stay")
    expect(alerts(machine, "CONFIRMED", after), "the journal says nothing")
    expect(not alerts(machine, "UNDONE", after), "it was undone")
    machine.run(f"{SSH} {SHARED} -O exit root@127.0.0.1", check=False)


@check
def who_became_root_in_a_new_login_counts(machine):
    machine.run("useradd -m -s /bin/bash -G sshguardd alice && install -d -m 700 -o alice /home/alice/.ssh && "
                "install -m 600 -o alice /root/key.pub /home/alice/.ssh/authorized_keys")
    machine.run(f"sshguardctl edit {DROP_IN} --from /dev/stdin --yes", stdin=FIRST)
    machine.run("echo root:s3cret | chpasswd")
    edit(machine, "MaxSessions 8")
    sshd_has_read(machine)
    said = machine.run(f"{SSH} alice@127.0.0.1 'sshguardctl confirm' 2>&1", check=False)
    expect(said.returncode == 4, f"alice may confirm: {said.stdout}")
    said = machine.run(f"{SSH} alice@127.0.0.1 'echo s3cret | su -c \"sshguardctl confirm\"' 2>&1", check=False)
    expect(said.returncode == 0 and "the edit stays" in said.stdout, f"root by su(1): {said.stdout}")


@check
def taking_it_back_needs_no_login(machine):
    machine.run(f"sshguardctl edit {DROP_IN} --from /dev/stdin --yes", stdin=FIRST)
    edit(machine, "MaxSessions 8")
    machine.run("sshguardctl confirm --undo")
    expect(is_back(machine), "it was not taken back")
    eventually("it is approved", lambda: state_of(machine) == "approved")


@check
def a_login_before_sshd_has_read_it_is_refused(machine):
    # sshd.service cannot be reloaded for now
    machine.run("mkdir -p /run/systemd/system/ssh.service.d && printf '[Service]\\nExecReload=\\nExecReload=/bin/false\\n' "
                ">/run/systemd/system/ssh.service.d/broken.conf && systemctl daemon-reload")
    edit(machine, "MaxSessions 8")
    said, status = over_ssh(machine, "sshguardctl confirm")
    expect(status == 2 and "sshd has not read" in said, f"confirm says {said}")
    machine.run("rm /run/systemd/system/ssh.service.d/broken.conf && systemctl daemon-reload")
    machine.run("sshguardctl confirm --undo")
    expect(is_back(machine), "it was not taken back")


@check
def what_nobody_confirms_is_undone(machine):
    after = machine.journal_end()
    said = edit(machine, "DenyUsers root", "3s")
    expect("Who gets in otherwise:\n  root loses key login from any address" in said, f"edit says {said}")
    eventually("root is kept out", lambda: over_ssh(machine, "true")[1] != 0, seconds=2.5)
    eventually("it is undone", lambda: is_back(machine), seconds=10)
    found = eventually("the entry", lambda: alerts(machine, "UNDONE", after))
    expect(found[0]["SSHGUARDD_PATH"] == DROP_IN, str(found[0]))
    eventually("root gets in again", lambda: over_ssh(machine, "true")[1] == 0)
    eventually("it is approved again", lambda: state_of(machine) == "approved")
    newest = ctl(machine, f"history --path {DROP_IN} -n 1")["incidents"][0]
    expect(newest["action"] == "undone" and newest["quarantined"], f"the incident is {newest}")
    expect("DenyUsers root" in machine.run(f"sshguardctl diff {newest['id']}").stdout, "the edit is not kept")
    expect(not alerts(machine, "UNAPPROVED", after), "it was taken for drift")


@check
def a_new_file_goes_again(machine):
    path = "/etc/ssh/sshd_config.d/60-new.conf"
    machine.run(f"sshguardctl edit {path} --from /dev/stdin --yes --confirm 2s", stdin="MaxSessions 3\n")
    expect(machine.exists(path), "it was not written")
    eventually("it is gone", lambda: not machine.exists(path) and not waiting(machine))
    # sshd may just have read the edit, which is told and put right by a reload
    machine.run("sshguardctl check", check=False)
    eventually("nothing is left", lambda: not ctl(machine, "findings")["findings"])


@check
def an_exception_goes_with_its_edit(machine):
    edit(machine, "Match User nobody\n    PasswordAuthentication yes", "2s",
         "--exception site.no-passwords --for 1h --reason 'lab day'")
    eventually("it is undone", lambda: is_back(machine))
    machine.write(DROP_IN, FIRST + "Match User nobody\n    PasswordAuthentication yes\n")
    eventually("it is no exception any more", lambda: machine.read(DROP_IN) == FIRST)


@check
def what_drifts_meanwhile_is_undone_too(machine):
    edit(machine, "MaxSessions 9", "4s")
    machine.write(DROP_IN, FIRST + "MaxSessions 1\n")
    eventually("it is undone", lambda: is_back(machine), seconds=10)
    eventually("it is approved", lambda: state_of(machine) == "approved")


@check
def a_restart_of_the_daemon_keeps_the_countdown(machine):
    edit(machine, "MaxSessions 6", "6s")
    machine.run("systemctl restart sshguardd")
    expect("MaxSessions 6" in machine.read(DROP_IN), "the restart undid it")
    waits = waiting(machine)
    expect(len(waits) == 1 and 0 < waits[0]["until_us"] - waits[0]["at_us"] < 7_000_000, f"what waits is {waits}")
    eventually("it is undone", lambda: is_back(machine), seconds=10)


@check
def what_is_due_at_a_start_is_undone_before_it_is_ready(machine):
    edit(machine, "MaxSessions 6", "2s")
    machine.run("systemctl kill --signal=KILL sshguardd; systemctl stop sshguardd")
    time.sleep(2.5)
    expect("MaxSessions 6" in machine.read(DROP_IN), "somebody undid it")
    machine.run("systemctl reset-failed sshguardd; systemctl start sshguardd")
    expect(machine.read(DROP_IN) == FIRST, "it is ready and has not undone it")
    eventually("all is well", lambda: is_back(machine) and state_of(machine) == "approved")


@check
def a_restart_of_the_machine_keeps_the_countdown(machine):
    edit(machine, "MaxSessions 4", "10min")
    machine.reboot()
    eventually("the guard answers", lambda: machine.run("sshguardctl status -q", check=False).returncode in (0, 1))
    expect(len(waiting(machine)) == 1 and "MaxSessions 4" in machine.read(DROP_IN), f"what waits is {waiting(machine)}")
    eventually("sshd answers", lambda: over_ssh(machine, "true")[1] == 0)
    said, status = over_ssh(machine, "sshguardctl confirm")
    expect(status == 0, f"after a start of the machine: {said}")
    expect("MaxSessions 4" in machine.read(DROP_IN), "it did not stay")


@check
def the_kernels_line_says_audit(machine):
    # a container has the kernel's line of its host; the unit gets a /proc of its own, so it is told what lies there
    drop_in = "/run/systemd/system/sshguardd.service.d/line.conf"
    machine.run("tr -d '\\n' </proc/cmdline >/run/cmdline; echo ' sshguardd.mode=audit' >>/run/cmdline; "
                f"mkdir -p $(dirname {drop_in})")
    machine.write(drop_in, "[Service]\nBindReadOnlyPaths=/run/cmdline:/proc/cmdline\n")
    after = machine.journal_end()
    machine.run("systemctl daemon-reload && systemctl restart sshguardd")
    expect(ctl(machine, "status")["mode"] == "audit", "it is not in audit mode")
    said = [entry["MESSAGE"] for entry in machine.journal("SYSLOG_IDENTIFIER=sshguardd", after=after)]
    expect(any("sshguardd.mode=audit" in message for message in said), f"the journal says {said}")
    bad = "Match User nobody\n    PasswordAuthentication yes\n"
    before = machine.read(DROP_IN)
    machine.write(DROP_IN, before + bad)
    eventually("it is told of", lambda: alerts(machine, "WOULD_RESPOND", after))
    expect(machine.read(DROP_IN) == before + bad, "it was written in audit mode")
    machine.run("sshguardctl reload")
    expect(ctl(machine, "status")["mode"] == "audit", "a reload of the policy ends it")
    machine.run(f"rm {drop_in} && systemctl daemon-reload && systemctl restart sshguardd")
    expect(ctl(machine, "status")["mode"] == "enforce", "it lasts")
    eventually("it is put right", lambda: machine.read(DROP_IN) == before)


if __name__ == "__main__":
    sys.exit(main())
