#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole way of a change on a real machine: the package is installed with dpkg, the service enabled, and an
administrator, a user and an intruder do what they do. Each check prints one line with its result and time;
later ones build on what earlier ones left behind.

Usage: tests/system/guard.py PACKAGE, with TREE naming the machine's root folder (tests/trees/overlay sets it).
"""

import re
import sys
import time

from machine import eventually
from suite import alerts, approve, check, ctl, expect, main

NEEDS = "e2fsprogs"

SITE_DROP_IN = "/etc/ssh/sshd_config.d/50-site.conf"
SITE_CONFIG = "# no passwords here\nPasswordAuthentication no\n"
SITE_POLICY = """\
rules = (
  { id = "site.no-passwords";
    sshd = "PasswordAuthentication"; must = "no";
    response = "revert"; severity = "critical";
    why = "A leaked or guessed password must not open a session."; }
);
"""
PASSWORD = "correct horse"
LOGIN = (f"sshpass -p '{PASSWORD}' ssh -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null "
         "-o LogLevel=ERROR -o PubkeyAuthentication=no alice@127.0.0.1 echo logged in")


def can_log_in(machine):
    return "logged in" in machine.run(LOGIN, check=False).stdout


def n_sshd_reloads(machine):
    return len(machine.journal("_COMM=sshd", "MESSAGE='Received SIGHUP; restarting.'"))


@check
def the_package_installs(machine):
    machine.run("dpkg --install /root/sshguardd.deb", seconds=120)
    expect(machine.run("systemctl is-enabled sshguardd", check=False).stdout.strip() == "disabled",
           "it enabled itself")
    expect("sshguardd" in machine.run("getent group sshguardd").stdout, "there is no group sshguardd")
    machine.run("systemd-analyze --man=no verify sshguardd.service sshguardd-notify@1.service")


SANDBOX_PROBE = """
set -e
sshd -T >/root/sandboxed
# what a moved-away and re-created /etc/ssh needs
mv /etc/ssh /etc/ssh.moved
cp -a /etc/ssh.moved /etc/ssh
rm -r /etc/ssh.moved
# what a revert needs
echo >/etc/ssh/probe
chown sshd:sshguardd /etc/ssh/probe
chmod 2640 /etc/ssh/probe
setfacl -m u:sshd:r /etc/ssh/probe
setfattr -n user.note -v x /etc/ssh/probe
chattr +i /etc/ssh/probe
chattr -i /etc/ssh/probe
mv /etc/ssh/probe /root/probe
setpriv --reuid=sshd --clear-groups true
# what it must not do
if touch /usr/probe || mknod /root/device b 7 0 || mount --bind /root /mnt; then exit 9; fi
"""


@check
def the_sandbox_allows_what_the_job_needs(machine):
    unit = machine.read("/usr/lib/systemd/system/sshguardd.service")
    unit = re.sub(r"^(Before|WatchdogSec|Restart\w*|NotifyAccess|FileDescriptor\w+)=.*\n", "", unit, flags=re.M)
    unit = re.sub("^Type=.*", "Type=oneshot", unit, flags=re.M)
    unit = unit.replace("ExecStart=/usr/sbin/sshguardd", "ExecStart=/bin/sh /root/probe.sh")
    machine.write("/run/systemd/system/probe.service", unit)
    machine.write("/root/probe.sh", SANDBOX_PROBE)
    machine.run("sshd -T >/root/free && systemctl daemon-reload")
    result = machine.run("systemctl start probe || { journalctl -o cat -u probe; exit 1; }", check=False)
    expect(result.returncode == 0, result.stdout)
    machine.run("diff /root/free /root/sandboxed")
    machine.run("rm -rf /run/systemd/system/probe.service /var/lib/sshguardd/* && systemctl daemon-reload")


@check
def a_password_opens_a_session_on_a_stock_machine(machine):
    machine.run(f"useradd -m -s /bin/bash alice && echo 'alice:{PASSWORD}' | chpasswd")
    machine.run("useradd -m -s /bin/bash -G sshguardd bob")
    expect(can_log_in(machine), "alice cannot log in")


@check
def the_administrator_forbids_it_and_enables_the_guard(machine):
    machine.write(SITE_DROP_IN, SITE_CONFIG)
    machine.run("systemctl reload ssh")
    machine.write("/etc/sshguardd/policy.d/50-site.conf", SITE_POLICY)
    machine.run("""sed -i 's/^mode = .*/mode = "enforce";/' /etc/sshguardd/sshguardd.conf""")
    expect('mode = "enforce"' in machine.read("/etc/sshguardd/sshguardd.conf"), "sshguardd.conf has no mode")
    machine.run("sshguardd --test-policy")
    machine.run("systemctl enable --now sshguardd")
    expect(machine.run("systemctl show -P StatusText,SubState sshguardd").stdout, "it has no status")
    expect(machine.run("systemctl is-active sshguardd", check=False).stdout.strip() == "active", "it is not active")


@check
def a_password_login_is_refused(machine):
    expect(not can_log_in(machine), "alice can log in with a password")


@check
def status_says_what_is_guarded(machine):
    status = ctl(machine, "status")
    expect(status["mode"] == "enforce", f"the mode is {status['mode']}")
    expect(status["coverage"]["files"] > 5, f"it guards {status['coverage']['files']} files")
    paths = {file["path"] for file in ctl(machine, "files")["files"]}
    expect({"/etc/ssh/sshd_config", SITE_DROP_IN} <= paths, f"it guards only {sorted(paths)}")


def unapply(diff, before):
    """Applies a unified diff to BEFORE: the version after it."""
    old, new, at = before.splitlines(keepends=True), [], 0
    for line in diff.splitlines(keepends=True):
        if hunk := re.match(r"@@ -(\d+)(?:,(\d+))? ", line):
            start = int(hunk[1]) - (0 if hunk[2] == "0" else 1)
            new += old[at:start]
            at = start
        elif line[0] == "+" and not line.startswith("+++ "):
            new.append(line[1:])
        elif line[0] == " ":
            new.append(old[at])
            at += 1
        elif line[0] == "-" and not line.startswith("--- "):
            at += 1
    return "".join(new + old[at:])


def replay(machine, alert):
    """Runs the alert's witness with the real sshd where /etc/ssh is as it was: with the quarantined version."""
    path, incident = alert["SSHGUARDD_PATH"], alert["SSHGUARDD_INCIDENT"]
    before = machine.read(path) if machine.exists(path) else ""
    evil = unapply(ctl(machine, f"diff {incident}")["diff"], before)
    machine.run("rm -rf /root/replay && cp -a /etc/ssh /root/replay")
    machine.write("/root/replay" + path.removeprefix("/etc/ssh"), evil)
    command = f"mount --bind /root/replay /etc/ssh && {alert['SSHGUARDD_WITNESS']}"
    machine.write("/root/replay.sh", command)
    said = machine.run("unshare --mount sh /root/replay.sh").stdout
    expect("passwordauthentication yes" in said, f"`{alert['SSHGUARDD_WITNESS']}` says {said[-300:]!r}")


def intrude(machine, path, line, action, is_back):
    """Does ACTION, and expects all that has to follow."""
    after, n_reloads = machine.journal_end(), n_sshd_reloads(machine)
    action()
    eventually(f"{path} is put right", is_back)
    alert = eventually("the alert", lambda: alerts(machine, "REVERTED", after))[0]
    for field, wanted in (("RULE", "site.no-passwords"), ("PATH", path), ("LINE", str(line)),
                          ("WANT", "no"), ("GOT", "yes")):
        got = alert.get(f"SSHGUARDD_{field}")
        expect(got == wanted, f"SSHGUARDD_{field} is {got!r}, not {wanted!r}")
    expect(alert["SSHGUARDD_WITNESS"].startswith("sshd -T"), f"the witness is {alert['SSHGUARDD_WITNESS']!r}")
    expect(alert["PRIORITY"] == "2", f"the priority is {alert['PRIORITY']}")
    eventually("sshd is reloaded", lambda: n_sshd_reloads(machine) > n_reloads)
    expect(not can_log_in(machine), "alice can log in with a password")
    replay(machine, alert)
    expect("Subject:" in machine.run(f"journalctl -x MESSAGE_ID={alert['MESSAGE_ID']}").stdout,
           "journalctl -x has no explanation")


@check
def way_1_an_edit_is_reverted(machine):
    intrude(machine, SITE_DROP_IN, 2,
            lambda: machine.run(f"sed -i s/no$/yes/ {SITE_DROP_IN}"),
            lambda: machine.read(SITE_DROP_IN) == SITE_CONFIG)


@check
def way_2_an_early_drop_in_is_reverted(machine):
    path = "/etc/ssh/sshd_config.d/00-first.conf"
    intrude(machine, path, 1,
            lambda: machine.write(path, "PasswordAuthentication yes\n"),
            lambda: not machine.exists(path))


@check
def way_3_a_match_block_in_the_last_drop_in_is_reverted(machine):
    path = "/etc/ssh/sshd_config.d/zz-last.conf"
    intrude(machine, path, 2,
            lambda: machine.write(path, "Match Address *\n    PasswordAuthentication yes\n"),
            lambda: not machine.exists(path))


@check
def a_reverted_file_has_its_owner_mode_acl_and_xattr_back(machine):
    path = "/etc/ssh/sshd_config.d/40-acl.conf"
    after = machine.journal_end()
    machine.write(path, "MaxAuthTries 3\n", mode="0640")
    machine.run(f"chgrp sshguardd {path} && setfacl -m u:alice:r {path} && setfattr -n user.note -v kept {path}")
    wanted = machine.run(f"stat -c '%U %G %a' {path}; getfacl -c {path}; getfattr -d {path}").stdout
    eventually("it is reported", lambda: any(entry.get("SSHGUARDD_PATH") == path
                                             for entry in alerts(machine, "UNAPPROVED", after)))
    approve(machine, path)
    machine.run(f"printf 'PasswordAuthentication yes\\n' > /tmp/evil && mv /tmp/evil {path}")
    machine.write("/etc/ssh/sshd_config.d/00-helper.conf", "PasswordAuthentication yes\n")
    eventually("it is put right", lambda: machine.read(path) == "MaxAuthTries 3\n")
    got = machine.run(f"stat -c '%U %G %a' {path}; getfacl -c {path}; getfattr -d {path}").stdout
    expect(got == wanted, f"its metadata was\n{wanted}and is\n{got}")
    eventually("the other one is gone", lambda: not machine.exists("/etc/ssh/sshd_config.d/00-helper.conf"))


@check
def a_member_of_the_group_may_look_and_not_touch(machine):
    status = ctl(machine, "status", user="bob")
    expect(status["mode"] == "enforce", "bob sees no status")
    digest = machine.run(f"sha256sum {SITE_DROP_IN}").stdout.split()[0]
    result = machine.run(f"sshguardctl approve {SITE_DROP_IN} --sha256 {digest}", user="bob", check=False)
    expect(result.returncode == 4, f"approve ended with {result.returncode}: {result.stderr}")
    result = machine.run("sshguardctl status", user="alice", check=False)
    expect(result.returncode == 4, f"alice's status ended with {result.returncode}: {result.stderr}")


@check
def a_change_made_while_it_was_stopped_is_found(machine):
    after = machine.journal_end()
    machine.run("systemctl stop sshguardd")
    machine.run(f"sed -i s/no$/yes/ {SITE_DROP_IN}")
    expect(machine.run("sshguardctl status", check=False).returncode == 3, "somebody answers")
    machine.run("systemctl start sshguardd")
    eventually("it is put right", lambda: machine.read(SITE_DROP_IN) == SITE_CONFIG)
    eventually("the alert", lambda: any(entry["SSHGUARDD_PATH"] == SITE_DROP_IN
                                        for entry in alerts(machine, "REVERTED", after)))
    eventually("the gap is recorded", lambda: alerts(machine, "GAP", after))


@check
def an_edit_that_breaks_no_rule_is_reported_and_approved(machine):
    after = machine.journal_end()
    edited = SITE_CONFIG + "ClientAliveInterval 60\n"
    machine.write(SITE_DROP_IN, edited)
    alert = eventually("it is reported", lambda: alerts(machine, "UNAPPROVED", after))[0]
    expect(alert["SSHGUARDD_PATH"] == SITE_DROP_IN, f"the alert is about {alert['SSHGUARDD_PATH']}")
    expect(machine.read(SITE_DROP_IN) == edited, "it was reverted")
    state = {file["path"]: file["state"] for file in ctl(machine, "files")["files"]}
    expect(state[SITE_DROP_IN] == "unapproved", f"its state is {state[SITE_DROP_IN]}")
    approve(machine, SITE_DROP_IN)
    state = {file["path"]: file["state"] for file in ctl(machine, "files")["files"]}
    expect(state[SITE_DROP_IN] == "approved", f"its state is {state[SITE_DROP_IN]}")


@check
def what_was_reviewed_is_what_is_approved(machine):
    digest = machine.run(f"sha256sum {SITE_DROP_IN}").stdout.split()[0]
    machine.write(SITE_DROP_IN, SITE_CONFIG + "ClientAliveInterval 90\n")
    result = machine.run(f"sshguardctl approve {SITE_DROP_IN} --sha256 {digest}", check=False)
    expect(result.returncode == 2, f"approve ended with {result.returncode}: {result.stdout}")
    approve(machine, SITE_DROP_IN)


@check
def restore_brings_a_quarantined_version_back(machine):
    after = machine.journal_end()
    path = "/etc/ssh/sshd_config.d/00-restored.conf"
    content = "PasswordAuthentication yes\n"
    machine.write(path, content)
    incident = eventually("it is reverted", lambda: alerts(machine, "REVERTED", after))[0]["SSHGUARDD_INCIDENT"]
    expect(not machine.exists(path), "it is still there")
    refused = machine.run(f"sshguardctl restore {incident}", check=False)
    expect(refused.returncode == 2, f"without an exception restore ended with {refused.returncode}")
    machine.run(f"sshguardctl restore {incident} --exception site.no-passwords --for 1h --reason 'a migration'")
    eventually("it is back", lambda: machine.exists(path) and machine.read(path) == content)
    time.sleep(1)
    expect(machine.exists(path), "it was reverted in spite of the exception")
    # while it stands it wins, so what other files say would change nothing
    machine.run(f"rm {path}")
    eventually("nothing is wrong", lambda: not any(
        finding["rule"] == "site.no-passwords" for finding in ctl(machine, "findings")["findings"]))


@check
def drift_that_was_only_told_can_be_put_back(machine):
    edited, new = "/etc/ssh/ssh_config", "/etc/ssh/sshd_config.d/80-nobody.conf"
    before, after = machine.read(edited), machine.journal_end()
    machine.write(edited, before + "# whose is this?\n")
    machine.write(new, "PrintMotd no\n")
    for path in (edited, new):
        eventually("it is told", lambda: any(entry["SSHGUARDD_PATH"] == path for entry in alerts(machine, "UNAPPROVED", after)))
        machine.run(f"sshguardctl restore {path} --reason 'nobody knows of it'")
    expect(machine.read(edited) == before, "it is not as it was approved")
    expect(not machine.exists(new), "what was absent is still there")
    eventually("nothing is unapproved", lambda: not any(
        file["state"] == "unapproved" for file in ctl(machine, "files")["files"]))
    refused = machine.run(f"sshguardctl restore {edited}", check=False)
    expect(refused.returncode == 2 and "is the approved version" in refused.stderr, f"{refused.returncode}: {refused.stderr}")
    key = "/etc/ssh/ssh_host_ed25519_key"
    machine.run(f"cp -p {key} /root/key && echo >>{key}")
    refused = machine.run(f"sshguardctl restore {key}", check=False)
    expect(refused.returncode == 2 and "no content is kept" in refused.stderr, f"{refused.returncode}: {refused.stderr}")
    machine.run(f"cp -p /root/key {key} && rm /root/key")
    kept = ctl(machine, f"history --path {new}")["incidents"][0]
    machine.run(f"sshguardctl restore {kept['id']}")
    expect(machine.read(new) == "PrintMotd no\n", "what went cannot be brought back")
    machine.run(f"rm {new} && sshguardctl approve {new} --sha256 absent")


@check
def a_configuration_that_sshd_refuses_is_reverted(machine):
    after = machine.journal_end()
    path = "/etc/ssh/sshd_config.d/90-broken.conf"
    machine.write(path, "PermitRootLogin maybe\n")
    eventually("it is gone", lambda: not machine.exists(path))
    entries = eventually("the alert", lambda: alerts(machine, "REVERTED", after))
    expect(any("sshd would refuse this" in entry["MESSAGE"] for entry in entries), entries[0]["MESSAGE"])


@check
def an_option_for_sshd_is_reverted(machine):
    after, path = machine.journal_end(), "/etc/default/ssh"
    before = machine.read(path)
    machine.write(path, "# options\nSSHD_OPTS='-o PasswordAuthentication=yes'\n")
    eventually("it is put right", lambda: machine.read(path) == before)
    alert = eventually("the alert", lambda: alerts(machine, "REVERTED", after))[0]
    expect((alert["SSHGUARDD_PATH"], alert["SSHGUARDD_LINE"]) == (path, "2"), f"the alert is about {alert}")
    said = machine.run(alert["SSHGUARDD_WITNESS"]).stdout
    expect("passwordauthentication yes" in said, f"`{alert['SSHGUARDD_WITNESS']}` does not show it")


@check
def a_drop_in_of_sshds_unit_is_reverted(machine):
    after, path = machine.journal_end(), "/etc/systemd/system/ssh.service.d/evil.conf"
    machine.run("mkdir -p /etc/systemd/system/ssh.service.d")
    machine.write(path, "[Service]\nExecStart=\nExecStart=/usr/sbin/sshd -D -oPasswordAuthentication=yes\n")
    eventually("it is gone", lambda: not machine.exists(path))
    machine.write(path, "[Service]\nEnvironment=LD_PRELOAD=/tmp/evil.so\n")
    eventually("it is gone", lambda: not machine.exists(path))
    eventually("both are told", lambda: {entry["SSHGUARDD_RULE"] for entry in alerts(machine, "REVERTED", after)} ==
               {"site.no-passwords", "service.environment"})  # the file is put right first


LYING_SSHD = """#!/bin/sh
case "$1" in
-T) /usr/sbin/sshd.real "$@" | sed 's/^maxauthtries .*/maxauthtries 99/';;
*) exec /usr/sbin/sshd.real "$@";;
esac
"""


@check
def sshd_is_asked_whether_it_agrees(machine):
    def disagreements():
        return [finding for finding in ctl(machine, "findings")["findings"]
                if finding["rule"] == "sshd.cross-check"]

    after = machine.journal_end()
    time.sleep(2)
    expect(not disagreements(), f"sshd disagrees: {disagreements()}")
    machine.run("mv /usr/sbin/sshd /usr/sbin/sshd.real")
    machine.write("/usr/sbin/sshd", LYING_SSHD, mode="0755")
    machine.run(f"touch {SITE_DROP_IN}")
    found = eventually("the lie is found", disagreements)[0]
    expect((found["want"], found["setting"]) == ("maxauthtries 99", "MaxAuthTries"), f"it is {found}")
    eventually("the alert", lambda: alerts(machine, "CROSS_CHECK", after))
    machine.run(f"mv /usr/sbin/sshd.real /usr/sbin/sshd && touch {SITE_DROP_IN}")
    eventually("it is resolved", lambda: not disagreements())


def reread_by_sshd(machine, action):
    """Does ACTION, and waits until sshd has read its configuration because of it."""
    before = machine.run("stat -c %y /run/sshd.pid", check=False).stdout
    action()
    eventually("sshd reads it", lambda: machine.run("stat -c %y /run/sshd.pid", check=False).stdout
               not in ("", before))


def hang_up(machine):
    reread_by_sshd(machine, lambda: machine.run("kill -HUP $(cat /run/sshd.pid)"))


def expect_reread_is_answered(machine, after, n_reloads):
    alert = eventually("the alert", lambda: alerts(machine, "SSHD_REREAD", after))[0]
    expect(alert["SSHGUARDD_RULE"] == "sshd.reread", f"the alert is {alert}")
    eventually("sshd is reloaded", lambda: n_sshd_reloads(machine) > n_reloads)
    eventually("it is resolved", lambda: not any(finding["rule"] == "sshd.reread"
                                                 for finding in ctl(machine, "findings")["findings"]))
    n_reloads = n_sshd_reloads(machine)
    time.sleep(3)
    expect(n_sshd_reloads(machine) == n_reloads, "it is reloaded again and again")


@check
def a_change_that_sshd_read_and_that_was_undone_is_noticed(machine):
    after, before = machine.journal_end(), machine.read(SITE_DROP_IN)
    machine.write(SITE_DROP_IN, before + "MaxStartups 77\n")
    eventually("it is reported", lambda: alerts(machine, "UNAPPROVED", after))
    hang_up(machine)
    n_reloads = n_sshd_reloads(machine)
    machine.write(SITE_DROP_IN, before)
    expect_reread_is_answered(machine, after, n_reloads)


@check
def so_is_one_made_while_the_guard_was_suspended(machine):
    after = machine.journal_end()
    pid = machine.run("systemctl show -P MainPID sshguardd").stdout.strip()
    machine.run(f"kill -STOP {pid}")
    machine.write("/etc/ssh/sshd_config.d/00-evil.conf", "PasswordAuthentication yes\n")
    hang_up(machine)
    expect(can_log_in(machine), "alice cannot log in")
    machine.run("rm /etc/ssh/sshd_config.d/00-evil.conf")
    n_reloads = n_sshd_reloads(machine)
    machine.run(f"kill -CONT {pid}")
    expect_reread_is_answered(machine, after, n_reloads)
    expect(not can_log_in(machine), "alice can log in with a password")


@check
def and_one_made_beside_drift_that_breaks_no_rule(machine):
    beside = "/etc/ssh/sshd_config.d/70-beside.conf"
    after = machine.journal_end()
    machine.write(beside, "PrintMotd no\n")
    eventually("it is told", lambda: alerts(machine, "UNAPPROVED", after))
    so_is_one_made_while_the_guard_was_suspended(machine)
    machine.run(f"sshguardctl restore {beside}")


@check
def and_one_made_while_it_was_stopped(machine):
    after, before = machine.journal_end(), machine.read(SITE_DROP_IN)
    machine.run("systemctl stop sshguardd")
    machine.write(SITE_DROP_IN, before.replace("PasswordAuthentication no", "PasswordAuthentication yes"))
    hang_up(machine)
    machine.write(SITE_DROP_IN, before)
    n_reloads = n_sshd_reloads(machine)
    machine.run("systemctl start sshguardd")
    expect_reread_is_answered(machine, after, n_reloads)
    expect(not can_log_in(machine), "alice can log in with a password")


@check
def an_sshd_that_runs_with_other_options_is_restarted(machine):
    after, path = machine.journal_end(), "/etc/default/ssh"
    before = machine.read(path)
    machine.run("systemctl stop sshguardd")
    machine.write(path, "SSHD_OPTS='-o PasswordAuthentication=yes'\n")
    machine.run("systemctl restart ssh")
    expect(can_log_in(machine), "alice cannot log in")
    machine.run(LOGIN.replace("echo logged in", "'sleep 8; echo survived >/tmp/survived'") + " </dev/null >/dev/null 2>&1 &")
    eventually("a session is open", lambda: machine.run("pgrep -u alice sleep", check=False).returncode == 0)
    machine.run("systemctl start sshguardd")
    eventually("the file is put right", lambda: machine.read(path) == before)
    alert = eventually("the alert", lambda: alerts(machine, "SSHD_COMMAND_LINE", after))[0]
    expect("-o PasswordAuthentication=yes" in alert["SSHGUARDD_GOT"], f"the alert is {alert}")
    eventually("sshd is restarted", lambda: alerts(machine, "SSHD_RESTARTED", after))
    expect(not can_log_in(machine), "alice can log in with a password")
    eventually("the open session goes on", lambda: machine.exists("/tmp/survived"))
    eventually("it is resolved", lambda: not any(finding["rule"] == "service.running"
                                                 for finding in ctl(machine, "findings")["findings"]))


@check
def a_second_sshd_is_told(machine):
    def told():
        return [finding["got"] for finding in ctl(machine, "findings")["findings"]
                if finding["rule"] == "service.other-server"]

    expect(not told(), f"without one it says {told()}")
    machine.write("/root/evil_config", "Port 2222\nPermitRootLogin yes\nPidFile /run/evil.pid\n")
    machine.run("/usr/sbin/sshd -f /root/evil_config")
    machine.run("sshguardctl check", check=False)
    said = eventually("it is told", told)
    expect("/root/evil_config" in said[0], f"it says {said}")
    machine.run("kill $(cat /run/evil.pid)")
    machine.run("sshguardctl check", check=False)
    eventually("it is resolved", lambda: not told())
    machine.run("systemctl restart ssh")
    machine.run("sshguardctl check", check=False)
    time.sleep(3)
    expect(not told(), f"after a restart of sshd's unit it says {told()}")


@check
def systemd_forgets_a_drop_in_that_was_put_back(machine):
    path = "/etc/systemd/system/ssh.service.d/evil.conf"
    machine.run("systemctl stop sshguardd")
    machine.write(path, "[Service]\nExecStart=\nExecStart=/usr/sbin/sshd -D -oPasswordAuthentication=yes\n")
    machine.run("systemctl daemon-reload")
    machine.run("systemctl start sshguardd")
    eventually("it is gone", lambda: not machine.exists(path))
    eventually("systemd loaded the unit again", lambda: "PasswordAuthentication" not in machine.run(
        "systemctl show -P ExecStart ssh").stdout)


@check
def a_new_etc_ssh_is_guarded_too(machine):
    # whatever the guard has put back there meanwhile
    machine.run("mv /etc/ssh /etc/ssh.old && mkdir -p /etc/ssh && cp -a /etc/ssh.old/. /etc/ssh/")
    machine.run(f"sed -i '/^PasswordAuthentication/s/no$/yes/' {SITE_DROP_IN}")
    eventually("it is put right", lambda: "PasswordAuthentication no" in machine.read(SITE_DROP_IN))


@check
def a_killed_daemon_comes_back(machine):
    pid = machine.run("systemctl show -P MainPID sshguardd").stdout.strip()
    expect(pid != "0", "it does not run")
    machine.run(f"kill -KILL {pid}")
    eventually("it is active again", lambda: machine.run(
        "systemctl is-active sshguardd && systemctl show -P MainPID sshguardd", check=False).stdout.split()
        [-1:] not in ([], [pid], ["0"], ["activating"]))
    eventually("it answers", lambda: machine.run("sshguardctl status", check=False).returncode in (0, 1))
    restarts = machine.run("systemctl show -P NRestarts sshguardd").stdout.strip()
    expect(restarts == "1", f"it took {restarts} starts: the socket in the fd store was not taken")


NOTIFY = """\
#!/bin/sh
logger -t notified "$1 $(tr -d '\\n' | grep -o '"id": *[0-9]*')"
"""


@check
def somebody_is_notified_ten_times_a_minute_at_most(machine):
    def notified():
        return [entry["MESSAGE"] for entry in machine.journal("SYSLOG_IDENTIFIER=notified", after=after)]

    after = machine.journal_end()
    machine.write("/etc/sshguardd/notify", NOTIFY, mode="0755")
    machine.run("""sed -i 's/^mode = .*/&\\nnotify = "high";/' /etc/sshguardd/sshguardd.conf && systemctl reload sshguardd""")
    machine.write("/etc/ssh/sshd_config.d/90-x11.conf", "X11Forwarding no\n")
    machine.write("/etc/ssh/sshd_config.d/00-first.conf", "PasswordAuthentication yes\n")
    said = eventually("somebody is notified", notified)
    incident = alerts(machine, "REVERTED", after)[-1]["SSHGUARDD_INCIDENT"]
    expect(incident in said[0].split()[0] and incident in said[0].split('"id":')[-1], f"{incident}: {said}")
    expect(len(said) == 1, f"an unapproved edit of severity info was told: {said}")
    for number in range(14):
        machine.write(f"/etc/ssh/sshd_config.d/0{number}-storm.conf", "PasswordAuthentication yes\n")
    eventually("they are put right", lambda: len(alerts(machine, "REVERTED", after)) >= 15)
    eventually("ten are told", lambda: len(notified()) >= 10)
    time.sleep(1)
    expect(len(notified()) == 10, f"{len(notified())} are told")
    machine.run("rm /etc/sshguardd/notify /etc/ssh/sshd_config.d/90-x11.conf")
    machine.run("sed -i /^notify/d /etc/sshguardd/sshguardd.conf && systemctl reload sshguardd")


@check
def a_policy_with_a_typo_changes_nothing(machine):
    generation = ctl(machine, "status")["generation"]
    machine.write("/etc/sshguardd/policy.d/60-typo.conf",
                  'rules = ( { id = "x.y"; sshd = "PasswordAuthentification"; must = "no"; } );\n')
    result = machine.run("sshguardctl reload", check=False)
    expect(result.returncode == 2, f"reload ended with {result.returncode}")
    expect("60-typo.conf:1" in result.stderr and "PasswordAuthentication" in result.stderr, result.stderr)
    expect(ctl(machine, "status")["generation"] == generation, "the generation moved")
    machine.run("rm /etc/sshguardd/policy.d/60-typo.conf && sshguardctl reload")


@check
def at_boot_sshd_waits_for_the_guard(machine):
    machine.run("systemctl stop sshguardd")
    machine.run(f"sed -i '/^PasswordAuthentication/s/no$/yes/' {SITE_DROP_IN}")
    machine.reboot()
    entries = machine.journal("_PID=1", "--boot", "JOB_TYPE=start")
    began = {entry.get("UNIT"): int(entry["__MONOTONIC_TIMESTAMP"]) for entry in entries
             if entry.get("MESSAGE", "").startswith("Starting ")}
    ready = {entry.get("UNIT"): int(entry["__MONOTONIC_TIMESTAMP"]) for entry in entries
             if entry.get("MESSAGE", "").startswith("Started ")}
    expect(ready["sshguardd.service"] <= began["ssh.service"], f"{ready} {began}")
    expect("PasswordAuthentication no" in machine.read(SITE_DROP_IN), "it was not put right")
    expect(not can_log_in(machine), "alice can log in with a password")
    cycles = machine.run("journalctl --boot --grep 'ordering cycle' --quiet", check=False).stdout
    expect(not cycles, cycles)


@check
def sshd_waits_for_the_guard_and_starts_without_it(machine):
    order = machine.run("systemctl show -P After ssh.service").stdout
    expect("sshguardd.service" in order.split(), f"ssh.service starts after {order}")
    machine.run("systemctl stop sshguardd ssh")
    machine.write("/etc/sshguardd/sshguardd.conf", "this is no configuration\n")
    machine.run("systemctl start ssh")
    expect(machine.run("systemctl is-active ssh", check=False).stdout.strip() == "active", "sshd did not start")


if __name__ == "__main__":
    sys.exit(main())
