#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The life of the package on a real machine: lintian, install, upgrade, remove, install again, purge. What an
administrator wrote stays, time that nobody watched is recorded, and sshd does not notice.

Usage: tests/system/package.py PACKAGE, with TREE naming the machine's root folder (tests/trees/overlay sets it).
"""

import shutil
import subprocess
import sys

from machine import eventually
from suite import alerts, check, ctl, expect, main

DPKG = "DEBIAN_FRONTEND=noninteractive dpkg --force-confdef --force-confold"
CONFIG = "/etc/sshguardd/sshguardd.conf"
OWN_RULES = "/etc/sshguardd/policy.d/50-site.conf"
DROP_IN = "/etc/ssh/sshd_config.d/50-site.conf"
UNIT = "sshguardd.service"
PROFILE = "/usr/share/sshguardd/profiles/baseline.conf"
NEW_RULE = ('  { id = "sshd.x11"; sshd = "X11Forwarding"; must = "no"; response = "repair"; severity = "high";\n'
            '    why = "A test."; },\n')


def is_active(machine, unit=UNIT):
    return machine.run(f"systemctl is-active {unit}", check=False).stdout.strip() == "active"


def main_pid(machine):
    return machine.run(f"systemctl show -P MainPID {UNIT}").stdout.strip()


def make_newer(machine, version):
    """The same package as of a later version, which ships another configuration."""
    machine.run(f"rm -rf /root/newer && dpkg-deb -R /root/sshguardd.deb /root/newer && "
                f"sed -i 's/^Version: .*/Version: {version}/' /root/newer/DEBIAN/control && "
                f"echo '// as shipped with {version}' >>/root/newer{CONFIG} && "
                f"dpkg-deb --root-owner-group -b /root/newer /root/newer.deb")


@check
def lintian_has_nothing_to_say(_):
    if shutil.which("lintian"):
        said = subprocess.run(["lintian", "--display-info", "--allow-root", "--tag-display-limit", "0", sys.argv[1]],
                              capture_output=True, text=True, check=False).stdout
        expect(not said.strip(), said)


@check
def it_installs_and_starts_nothing(machine):
    machine.run("dpkg --install /root/sshguardd.deb", seconds=120)
    expect(not is_active(machine), "it started itself")
    expect(machine.run(f"systemctl is-enabled {UNIT}", check=False).stdout.strip() == "disabled", "it is enabled")
    expect(machine.run("dpkg --verify sshguardd").stdout == "", "dpkg --verify finds differences")
    expect(machine.run("stat -c '%U %a' /var/lib/sshguardd").stdout == "root 700\n", "its state is not root's alone")
    machine.run("getent group sshguardd && test -d /run/sshd")
    listed = machine.run("journalctl --list-catalog").stdout
    expect("sshguardd" in listed, "the journal's catalog does not have its messages")
    expect(is_active(machine, "ssh"), "sshd does not run")


@check
def it_guards_when_it_is_enabled(machine):
    machine.write(DROP_IN, "PermitEmptyPasswords no\n")
    machine.run(f"""sed -i 's/^mode = .*/mode = "enforce";/' {CONFIG}""")
    machine.write(OWN_RULES, 'rules = ( { id = "site.agent"; sshd = "AllowAgentForwarding"; must = "yes"; } );\n')
    machine.run(f"systemctl enable --now {UNIT}")
    machine.run(f"sed -i s/no$/yes/ {DROP_IN}")
    eventually("it is put right", lambda: "PermitEmptyPasswords no" in machine.read(DROP_IN))


@check
def an_upgrade_restarts_it_and_keeps_what_was_written(machine):
    after, pid, sshd = machine.journal_end(), main_pid(machine), machine.run("systemctl show -P MainPID ssh").stdout
    make_newer(machine, "0.1.1")
    machine.run(f"{DPKG} --install /root/newer.deb", seconds=120)
    eventually("it runs", lambda: is_active(machine) and main_pid(machine) not in ("0", pid))
    expect('mode = "enforce"' in machine.read(CONFIG), "the administrator's configuration is gone")
    expect("as shipped with 0.1.1" in machine.read(CONFIG + ".dpkg-dist"), "the new configuration is not beside it")
    expect(machine.exists(OWN_RULES), "the administrator's rules are gone")
    gap = eventually("the gap is recorded", lambda: alerts(machine, "GAP", after))[0]
    expect(gap["_PID"] == main_pid(machine), "somebody else recorded it")
    expect(len(ctl(machine, "history")["incidents"]) >= 1, "the incident of before is forgotten")
    expect(machine.run("systemctl show -P MainPID ssh").stdout == sshd, "sshd was restarted")


@check
def what_changed_in_between_is_found(machine):
    after = machine.journal_end()
    make_newer(machine, "0.1.2")
    # the moment in which the old one is gone and the new one not yet there
    machine.run("mkdir -p /run/systemd/system/sshguardd.service.d")
    machine.write("/run/systemd/system/sshguardd.service.d/late.conf",
                  f"[Service]\nExecStartPre=/bin/sed -i s/no$/yes/ {DROP_IN}\n")
    machine.run(f"{DPKG} --install /root/newer.deb", seconds=120)
    machine.run("rm -r /run/systemd/system/sshguardd.service.d && systemctl daemon-reload")
    eventually("it is put right", lambda: "PermitEmptyPasswords no" in machine.read(DROP_IN))
    eventually("the alert", lambda: alerts(machine, "REVERTED", after))
    eventually("the gap is recorded", lambda: alerts(machine, "GAP", after))


@check
def an_upgrade_starts_nothing_that_was_stopped(machine):
    machine.run(f"systemctl stop {UNIT}")
    make_newer(machine, "0.1.3")
    machine.run(f"{DPKG} --install /root/newer.deb", seconds=120)
    expect(not is_active(machine), "it was started")
    machine.run(f"systemctl start {UNIT}")


def rule_of(machine, rule_id):
    return next(rule for rule in ctl(machine, "rules")["rules"] if rule["id"] == rule_id)


@check
def a_rule_that_an_upgrade_brings_only_reports(machine):
    expect(ctl(machine, "status")["pending"] == 0, "rules of the first installation wait")
    after, before = machine.journal_end(), machine.read("/etc/ssh/sshd_config")
    make_newer(machine, "0.1.4")
    machine.run(f"""sed -i 's/^rules = (/&\\n{NEW_RULE.replace(chr(10), "")}/' /root/newer{PROFILE} && """
                f"""sed -i '/id = "sshd.empty-passwords"/,/}}/s/response = "[a-z]*"/response = "repair"/' """
                f"/root/newer{PROFILE} && dpkg-deb --root-owner-group -b /root/newer /root/newer.deb")
    machine.run(f"{DPKG} --install /root/newer.deb", seconds=120)
    told = eventually("it is told", lambda: alerts(machine, "RULES_PENDING", after))[0]["MESSAGE"]
    expect("sshd.x11" in told and "sshd.empty-passwords" in told, told)
    would = eventually("what it would do is told", lambda: alerts(machine, "WOULD_RESPOND", after))
    expect({entry["SSHGUARDD_RULE"] for entry in would} == {"sshd.x11"}, f"the alerts are {would}")
    expect(machine.read("/etc/ssh/sshd_config") == before, "it was repaired")
    rule = rule_of(machine, "sshd.x11")
    expect(rule["findings"] == 1 and rule["pending"] and rule["would"] == 1 and rule["acknowledged_at_us"] is None, f"the rule is {rule}")
    expect(ctl(machine, "status")["pending"] == 2, "the status does not tell")
    said = machine.run("sshguardctl explain sshd.empty-passwords").stdout
    expect("changed, only reports" in said and 'Changed: +    response = "repair";' in said, said)
    machine.run("systemctl restart sshguardd")
    expect(ctl(machine, "status")["pending"] == 2, "a restart forgets it")


@check
def it_responds_once_it_is_acknowledged(machine):
    after = machine.journal_end()
    refused = machine.run("sshguardctl acknowledge sshd.x11", check=False)
    expect(refused.returncode == 2 and "--yes" in refused.stderr, f"without a terminal: {refused.stderr}")
    machine.run("sshguardctl acknowledge sshd.x11 --yes --reason 'ticket 4711'")
    eventually("it is put right", lambda: alerts(machine, "REPAIRED", after))
    expect("no" in machine.run("sshd -T | grep -i x11forwarding").stdout, "X11Forwarding is on")
    expect("ticket 4711" in alerts(machine, "ACKNOWLEDGED", after)[0]["MESSAGE"], "the journal does not say why")
    rule = rule_of(machine, "sshd.x11")
    expect((rule["pending"], rule["acknowledged_by_uid"], rule["acknowledged_reason"]) == (False, 0, "ticket 4711"),
           f"the rule is {rule}")
    machine.run("sshguardctl acknowledge --all --yes")
    expect(ctl(machine, "status")["pending"] == 0, "a rule waits still")
    expect(machine.run("sshguardctl acknowledge --all").stdout == "No rule waits to be acknowledged.\n", "some rule waits")


@check
def a_removal_keeps_state_and_configuration(machine):
    machine.run("dpkg --remove sshguardd", seconds=120)
    expect(not is_active(machine), "it still runs")
    expect(machine.exists("/var/lib/sshguardd/state.db"), "its state is gone")
    expect(machine.exists(CONFIG) and machine.exists(OWN_RULES), "its configuration is gone")
    expect(not machine.exists("/usr/sbin/sshguardd"), "the program is there")
    machine.run(f"sed -i s/no$/yes/ {DROP_IN}")
    expect("yes" in machine.read(DROP_IN), "somebody guards it")
    machine.run("systemctl restart ssh")


@check
def installed_again_it_remembers(machine):
    after = machine.journal_end()
    machine.run(f"{DPKG} --install /root/newer.deb && systemctl start {UNIT}", seconds=120)
    # nobody was there to be told that dpkg ended: its lease does
    eventually("it is put right", lambda: "PermitEmptyPasswords no" in machine.read(DROP_IN), seconds=60)
    eventually("the gap is recorded", lambda: alerts(machine, "GAP", after))


@check
def a_purge_leaves_nothing(machine):
    machine.run("dpkg --purge sshguardd", seconds=120)
    for path in ("/var/lib/sshguardd", CONFIG, CONFIG + ".dpkg-dist",
                 f"/etc/systemd/system/multi-user.target.wants/{UNIT}", "/run/sshguardd"):
        expect(machine.run(f"test -e {path} || test -L {path}", check=False).returncode != 0, f"{path} is there")
    expect(not machine.run(f"systemctl list-unit-files --no-legend {UNIT}", check=False).stdout, "the unit is known")
    machine.run("systemctl restart ssh")
    expect(is_active(machine, "ssh"), "sshd does not run")


if __name__ == "__main__":
    sys.exit(main())
