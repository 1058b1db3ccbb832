#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the guard behaves over time on a real machine: files somebody fights for, permits that are used up, locks,
damage to its own memory. Usage as guard.py's.
"""

import os
import sys
import time

from machine import eventually
from suite import alerts, approve, check, ctl, expect, main

NEEDS = "e2fsprogs"

DROP_IN = "/etc/ssh/sshd_config.d/50-site.conf"
GOOD = "PasswordAuthentication no\n"
BAD = "PasswordAuthentication yes\n"
POLICY = """\
rules = (
  { id = "site.no-passwords"; sshd = "PasswordAuthentication"; must = "no"; response = "revert"; severity = "high"; }
);
"""


SWEEP_SECONDS = 60  # programs under sanitizers sweep seldom: it costs them much


def is_good(machine):
    return machine.read(DROP_IN) == GOOD


def edit(machine, content):
    """As editors do: one change, however slow the machine is."""
    machine.write("/etc/ssh/.edit", content)
    machine.run(f"mv /etc/ssh/.edit {DROP_IN}")


def is_reverted(machine, content):
    machine.write(DROP_IN, content)
    eventually("it is put right", lambda: is_good(machine))


@check
def the_guard_starts(machine):
    machine.run("dpkg --install /root/sshguardd.deb", seconds=120)
    machine.write(DROP_IN, GOOD)
    machine.write("/etc/sshguardd/policy.d/50-site.conf", POLICY)
    machine.run("""sed -i 's/^mode = .*/mode = "enforce";/' /etc/sshguardd/sshguardd.conf""")
    machine.run("systemctl enable --now sshguardd")
    expect(not ctl(machine, "findings")["findings"], "there are findings")


@check
def a_permit_for_two_changes_ends_with_the_third(machine):
    after = machine.journal_end()
    machine.run(f"sshguardctl permit {DROP_IN} --uses 2 --for 10min --reason 'two edits'")
    for number in (1, 2):
        edit(machine, BAD + f"# {number}\n")
        eventually("the change is counted", lambda: len(alerts(machine, "PERMIT", after)) == number + 1)
        expect(not is_good(machine), "a permitted change was reverted")
    permits = ctl(machine, "permit")["permits"]
    expect([permit["uses_left"] for permit in permits] == [0], f"the permits are {permits}")
    edit(machine, BAD + "# 3\n")
    eventually("it is put right", lambda: is_good(machine))
    eventually("the permit is over", lambda: not ctl(machine, "permit")["permits"])
    messages = [entry["MESSAGE"] for entry in alerts(machine, "PERMIT", after)]
    expect(any("the permit ends" in message for message in messages), f"it says {messages}")


@check
def a_fight_is_won_and_summarised(machine):
    after = machine.journal_end()
    for number in range(60):
        edit(machine, BAD + f"# {number % 3}\n")
        eventually("it is put right", lambda: is_good(machine))
    told = [entry for entry in alerts(machine, "REVERTED", after) if entry["SSHGUARDD_PATH"] == DROP_IN]
    expect(1 <= len(told) < 10, f"{len(told)} alerts were sent")
    contested = alerts(machine, "CONTESTED", after)
    expect(len(contested) == 1 and contested[0]["SSHGUARDD_PATH"] == DROP_IN, f"it says {contested}")
    expect(contested[0]["PRIORITY"] == "2", "the severity did not rise")
    expect(ctl(machine, "status")["contested"] == 1, "status does not say so")
    expect("Contested" in machine.run("sshguardctl status", check=False).stdout, "the screen does not say so")
    file = next(file for file in ctl(machine, "files")["files"] if file["path"] == DROP_IN)
    expect(file["contested"], "its file is not marked")


@check
def another_rule_in_a_contested_file_is_told(machine):
    after = machine.journal_end()
    is_reverted(machine, GOOD + "PermitEmptyPasswords yes\n")
    eventually("it is told", lambda: any(entry["SSHGUARDD_RULE"] == "sshd.empty-passwords"
                                         for entry in alerts(machine, "REVERTED", after)))


@check
def every_version_of_a_fight_is_kept_up_to_the_bound(machine):
    for number in range(70):
        edit(machine, BAD + f"# version {number}\n")
        eventually("it is put right", lambda: is_good(machine))
    incidents = [incident for incident in ctl(machine, "history --limit 1000")["incidents"]
                 if incident["rule"] == "site.no-passwords" and incident["severity"] == "critical"]
    expect(55 <= len(incidents) <= 65, f"{len(incidents)} incidents were recorded with a raised severity")


LOCKED = "/etc/ssh/sshd_config.d/60-locked.conf"
LOCK = """rules = ( { id = "site.tries"; sshd = "MaxAuthTries"; at_most = 4; response = "lock"; } );"""


def is_immutable(machine, path):
    return "i" in machine.run(f"lsattr -d {path}").stdout.split()[0]


@check
def a_lock_comes_with_the_revert_is_lifted_and_comes_back(machine):
    machine.write(LOCKED, "MaxAuthTries 3\n")
    approve(machine, LOCKED)
    machine.write("/etc/sshguardd/policy.d/60-lock.conf", LOCK)
    machine.run("sshguardctl reload")
    machine.write(LOCKED, "MaxAuthTries 9\n")
    eventually("it is locked", lambda: is_immutable(machine, LOCKED) and machine.read(LOCKED) == "MaxAuthTries 3\n")
    machine.run(f"sshguardctl unlock {LOCKED} --for 10s --reason 'an edit'")
    expect(not is_immutable(machine, LOCKED), "it is still locked")
    machine.write(LOCKED, "MaxAuthTries 2\n")
    approve(machine, LOCKED)
    eventually("it is locked again", lambda: is_immutable(machine, LOCKED))
    expect(machine.read(LOCKED) == "MaxAuthTries 2\n", "the approved edit was undone")
    file = next(file for file in ctl(machine, "files")["files"] if file["path"] == LOCKED)
    expect(file["locked"], "its file is not marked")


@check
def a_flag_that_is_taken_away_comes_back_and_is_told(machine):
    after = machine.journal_end()
    machine.run(f"chattr -i {LOCKED}")
    eventually("it is locked again", lambda: is_immutable(machine, LOCKED), SWEEP_SECONDS)
    eventually("it is told", lambda: any(entry["SSHGUARDD_RULE"] == "file.unlocked"
                                         for entry in alerts(machine, "REVERTED", after)))


@check
def what_a_killed_swap_left_is_kept_and_taken_away(machine):
    path = "/etc/ssh/sshd_config.d/.sshguardd-0123456789abcdef"
    machine.run("systemctl stop sshguardd")
    machine.write(path, BAD)
    machine.run("systemctl start sshguardd")
    eventually("it is gone", lambda: not machine.exists(path))
    incident = next(incident for incident in ctl(machine, "history --limit 5")["incidents"]
                    if incident["rule"] == "file.leftover")
    expect("PasswordAuthentication yes" in ctl(machine, f"diff {incident['id']}")["diff"], "it was not kept")


@check
def its_own_writes_are_no_incident(machine):
    for content in (BAD, BAD + "# again\n"):
        after, n_before = machine.journal_end(), len(ctl(machine, "history --limit 1000")["incidents"])
        is_reverted(machine, content)
        machine.run("sshguardctl check", check=False)
        time.sleep(2)
        told = [entry for entry in alerts(machine, "REVERTED", after) if entry["SSHGUARDD_PATH"] == DROP_IN]
        expect(len(told) == 1, f"one attack was told {len(told)} times")
        n_incidents = len(ctl(machine, "history --limit 1000")["incidents"]) - n_before
        expect(n_incidents == 1, f"one attack made {n_incidents} incidents")


MOVED_IN = f"""
cd {os.path.dirname(DROP_IN)}
for i in $(seq 100 199); do
        echo >.look-here
        sleep 0.0$((i % 40))
        printf '{BAD}' >.new
        mv .new $i.conf
        timeout 20 sh -c "while test -e $i.conf; do sleep 0.01; done" || exit 1
done
rm .look-here
"""


@check
def what_comes_in_the_middle_of_a_look_is_told_as_what_it_is(machine):
    after = machine.journal_end()
    machine.run(MOVED_IN, seconds=300)
    moved = {f"{os.path.dirname(DROP_IN)}/{i}.conf" for i in range(100, 200)}
    eventually("all are told", lambda: moved <= {entry["SSHGUARDD_PATH"] for entry in alerts(machine, "REVERTED", after)})
    told = [entry["MESSAGE"] for entry in alerts(machine, "UNAPPROVED", after)]
    expect(not told, f"{len(told)} of {len(moved)} were told otherwise before: {told[:3]}")


def edit_slowly(machine, content):
    """Truncated at once, written later than a look waits for a writer."""
    machine.run(f"exec >{DROP_IN}; sleep 1; printf '{content}'")


@check
def a_slow_write_is_one_change(machine):
    after = machine.journal_end()
    machine.run(f"sshguardctl permit {DROP_IN} --uses 1 --for 10min --reason 'one edit'")
    edit_slowly(machine, BAD)
    eventually("it is counted", lambda: len(alerts(machine, "PERMIT", after)) >= 2)
    time.sleep(1)
    permits = ctl(machine, "permit")["permits"]
    expect([permit["uses_left"] for permit in permits] == [0], f"the permits are {permits}")
    expect(machine.read(DROP_IN) == BAD, "the permitted change was reverted")
    edit_slowly(machine, BAD + "# again")
    eventually("the second one is put right", lambda: is_good(machine))


@check
def time_in_which_it_was_suspended_is_a_gap(machine):
    after = machine.journal_end()
    machine.run("pid=$(systemctl show -P MainPID sshguardd); kill -STOP $pid; sleep 14; kill -CONT $pid")
    told = eventually("it is told", lambda: alerts(machine, "GAP", after))
    expect("was stopped" in told[0]["MESSAGE"], f"it says {told[0]['MESSAGE']}")
    gap = ctl(machine, "status")["gaps"][0]
    expect(gap["reason"] == "the daemon was stopped" and gap["until_us"] - gap["from_us"] >= 5_000_000, f"the gap is {gap}")


def hangs_at_a_fifo(machine):
    """An `sshd -t` of a reload, that is."""
    found = machine.run("for pid in $(pgrep -f 'sshd -t$'); do cat /proc/$pid/wchan; echo; done", check=False).stdout
    return "wait_for_partner" in found


@check
def a_reload_that_hangs_at_a_fifo_goes_on_once_it_is_gone(machine):
    path = f"{os.path.dirname(DROP_IN)}/00-fifo.conf"
    machine.run("sshguardctl pause --for 1min --reason 'a FIFO'")
    machine.run(f"mkfifo {path}; systemctl --no-block reload ssh")
    eventually("sshd -t hangs", lambda: hangs_at_a_fifo(machine))
    after = machine.journal_end()
    machine.run("sshguardctl resume")
    eventually("it is gone", lambda: not machine.exists(path))
    eventually("sshd is reloaded", lambda: alerts(machine, "SSHD_RELOADED", after))
    expect(machine.run("systemctl is-active ssh", check=False).stdout.strip() == "active", "the reload goes on")


@check
def events_are_tested(machine):
    expect(machine.exists("/var/lib/sshguardd/canary/alive"), "no canary was written")
    told = [entry["MESSAGE"] for entry in alerts(machine, "COVERAGE", 0)]
    expect(not any("no longer arrive" in message for message in told), f"it says {told}")


@check
def a_damaged_database_does_not_end_the_protection(machine):
    after = machine.journal_end()
    machine.run("systemctl stop sshguardd; dd if=/dev/urandom of=/var/lib/sshguardd/state.db bs=4096 count=4 "
                "conv=notrunc status=none; systemctl start sshguardd")
    told = [entry["MESSAGE"] for entry in alerts(machine, "STORE_DAMAGED", after)]
    expect(any("kept as" in message for message in told) and any("goes on" in message for message in told), told)
    is_reverted(machine, BAD + "# after the damage\n")
    machine.run("test -s /var/lib/sshguardd/state.db.damaged-1")


if __name__ == "__main__":
    sys.exit(main())
