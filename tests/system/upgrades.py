#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packages are installed, for real, while the guard watches: what a package of openssh-server brings is approved, what
somebody else does meanwhile is not, maintainer scripts that fail and a dpkg that is killed end the run all the same.

Usage: tests/system/upgrades.py PACKAGE, with TREE naming the machine's root folder (tests/trees/overlay sets it).
"""

import sys
import time

from machine import eventually
from suite import alerts, check, ctl, expect, main

NEEDS = "e2fsprogs"

DPKG = "DEBIAN_FRONTEND=noninteractive dpkg --force-confdef --force-confnew"
SHIPPED = "/etc/default/ssh"  # a configuration file of openssh-server
DROP_IN = "/etc/ssh/sshd_config.d/50-site.conf"
GOOD = "PasswordAuthentication no\n"
POLICY = """\
rules = (
  { id = "site.no-passwords"; sshd = "PasswordAuthentication"; must = "no"; response = "revert"; severity = "high"; },
  { id = "site.keys"; keys = "alice"; approved_only = true; response = "revert"; },
  { id = "site.default"; file = "/etc/default/ssh"; approved_only = true; response = "lock"; },
  { id = "site.pam"; file = "/etc/pam.d/sshd"; approved_only = true; response = "revert"; }
);
"""
REPACK = """
set -e
rm -rf /root/p
mkdir -p /root/p/DEBIAN
dpkg-query -L openssh-server | while read -r path; do
        if [ -d "$path" ]; then mkdir -p "/root/p$path"; else cp -a "$path" "/root/p$path"; fi
done
for file in /var/lib/dpkg/info/openssh-server.*; do cp "$file" "/root/p/DEBIAN/${file##*.}"; done
rm -f /root/p/DEBIAN/list
dpkg-query -s openssh-server | grep -vE '^(Status|Config-Version):' | sed '/^Conffiles:/,/^[A-Z]/{/^Conffiles:/d;/^ /d}' >/root/p/DEBIAN/control
"""


def state_of(machine, path):
    return {file["path"]: file["state"] for file in ctl(machine, "files")["files"]}.get(path)


def make_newer(machine, version, change):
    """openssh-server of a later version, with CHANGE made in /root/p."""
    machine.run(REPACK, seconds=120)
    machine.run(f"cd /root/p && sed -i 's/^Version: .*/Version: 1:{version}/' DEBIAN/control && {change}")
    machine.run("""cd /root/p && sed s,^/,, DEBIAN/conffiles >/root/conffiles &&
        find . -path ./DEBIAN -prune -o -type f -printf '%P\\n' | grep -vxFf /root/conffiles |
        xargs -d '\\n' md5sum >DEBIAN/md5sums""")
    machine.run("dpkg-deb --root-owner-group -Znone -b /root/p /root/newer.deb", seconds=120)


def runs_said(machine, after, words):
    return [entry["MESSAGE"] for entry in alerts(machine, "PERMIT", after) if words in entry["MESSAGE"]]


def is_immutable(machine, path):
    return "i" in machine.run(f"lsattr -d {path}").stdout.split()[0]


@check
def the_guard_enforces(machine):
    machine.run("dpkg --install /root/sshguardd.deb", seconds=120)
    machine.run("useradd -m -s /bin/bash alice && install -d -m 700 -o alice -g alice /home/alice/.ssh")
    machine.write(DROP_IN, GOOD)
    machine.write("/etc/sshguardd/policy.d/50-site.conf", POLICY)
    machine.run("""sed -i 's/^mode = .*/mode = "enforce";/' /etc/sshguardd/sshguardd.conf""")
    machine.run("systemctl enable --now sshguardd")
    expect(not ctl(machine, "findings")["findings"], "there are findings")
    # what `lock` guards is locked after its first revert
    machine.run(f"echo '# x' >>{SHIPPED}")
    eventually("it is locked", lambda: is_immutable(machine, SHIPPED))


@check
def what_a_package_brings_is_approved_and_locked_again(machine):
    after = machine.journal_end()
    make_newer(machine, "99.1", f"echo '# as of 99.1' >>.{SHIPPED}")
    machine.run(f"{DPKG} --install /root/newer.deb", seconds=120)
    expect("# as of 99.1" in machine.read(SHIPPED), "dpkg did not write it")
    eventually("the run is over", lambda: runs_said(machine, after, "ended; "))
    eventually("it is approved", lambda: state_of(machine, SHIPPED) == "approved")
    expect("# as of 99.1" in machine.read(SHIPPED), "it was put back")
    expect(runs_said(machine, after, "began"), "the run was not told")
    eventually("it is locked again", lambda: is_immutable(machine, SHIPPED))
    expect(not ctl(machine, "findings")["findings"], ctl(machine, "findings")["findings"])


@check
def nothing_is_put_back_while_dpkg_runs(machine):
    after = machine.journal_end()
    make_newer(machine, "99.2", "sed -i '2i echo \"# by the script\" >>/etc/pam.d/sshd; sleep 2; "
               "grep -q \"by the script\" /etc/pam.d/sshd || exit 1' DEBIAN/postinst")
    machine.run(f"{DPKG} --install /root/newer.deb", seconds=120)
    # no package has that on record
    eventually("what the script did is put back afterwards",
               lambda: "by the script" not in machine.read("/etc/pam.d/sshd"))
    eventually("it is told", lambda: alerts(machine, "REVERTED", after))


@check
def what_others_do_meanwhile_is_not_approved(machine):
    after = machine.journal_end()
    make_newer(machine, "99.3", f"echo '# as of 99.3' >>.{SHIPPED}; sed -i '2i sleep 3' DEBIAN/postinst")
    machine.run(f"({DPKG} --install /root/newer.deb >/root/log 2>&1; touch /root/done) </dev/null >/dev/null 2>&1 &")
    eventually("dpkg runs", lambda: runs_said(machine, after, "began"))
    run = ctl(machine, "status")["package_run"]
    expect(run and run["by_uid"] == 0 and run["reason"].startswith("dpkg-"), f"status says {run} of it")
    shown = machine.run("sshguardctl status", check=False).stdout
    expect("packages are being installed" in shown and run["reason"] in shown, shown)
    machine.write(DROP_IN, "PasswordAuthentication yes\n")
    machine.run("echo 'ssh-ed25519 AAAA x' >/home/alice/.ssh/authorized_keys", user="alice")
    eventually("a user's file is put back during the run",
               lambda: not machine.exists("/home/alice/.ssh/authorized_keys"))
    expect(not machine.exists("/root/done"), "dpkg was faster: nothing was shown")
    eventually("dpkg ends", lambda: machine.exists("/root/done"), 60)
    eventually("somebody's change is put back", lambda: machine.read(DROP_IN) == GOOD)
    eventually("what the package brought stays", lambda: state_of(machine, SHIPPED) == "approved")
    expect("# as of 99.3" in machine.read(SHIPPED), "it was put back")
    machine.run("rm /root/done")


@check
def a_stock_version_is_not_approved_by_starting_dpkg(machine):
    machine.run("sshguardctl permit /etc/pam.d/sshd --for 1h --reason hardening && cp -p /etc/pam.d/sshd /root/stock && "
                "echo '# hardened' >>/etc/pam.d/sshd && sshguardctl approve /etc/pam.d/sshd --yes --reason hardened && "
                "sshguardctl permit --revoke $(sshguardctl permit | awk '/hardening/ { print $1 }')")
    machine.run("cp -p /root/stock /etc/pam.d/sshd; dpkg --configure -a")
    eventually("it is put back", lambda: "# hardened" in machine.read("/etc/pam.d/sshd"))


@check
def a_maintainer_script_that_fails_ends_the_run(machine):
    after = machine.journal_end()
    make_newer(machine, "99.4", "sed -i '2i exit 1' DEBIAN/postinst")
    failed = machine.run(f"{DPKG} --install /root/newer.deb", seconds=120, check=False)
    expect(failed.returncode != 0, "dpkg did not fail")
    eventually("the run is over", lambda: runs_said(machine, after, "ended; "))
    machine.write(DROP_IN, "PasswordAuthentication yes\n")
    eventually("the guard is at work", lambda: machine.read(DROP_IN) == GOOD)
    make_newer(machine, "99.5", "sed -i '2{/exit 1/d}' DEBIAN/postinst")
    machine.run(f"{DPKG} --install /root/newer.deb", seconds=120)


@check
def a_killed_dpkg_ends_the_run(machine):
    after = machine.journal_end()
    make_newer(machine, "99.6", "sed -i '2i sleep 1000' DEBIAN/postinst")
    machine.run(f"{DPKG} --install /root/newer.deb >/root/log 2>&1 </dev/null & echo $! >/root/pid")
    eventually("dpkg runs", lambda: runs_said(machine, after, "began"))
    eventually("the script runs", lambda: machine.run("pgrep -x sleep", check=False).returncode == 0)
    machine.write(DROP_IN, "PasswordAuthentication yes\n")
    time.sleep(1)
    expect(machine.read(DROP_IN) != GOOD, "it was put back during the run")
    machine.run("pkill -KILL -x dpkg; pkill -KILL -f '[o]penssh-server.postinst'; pkill -KILL -x sleep", check=False)
    eventually("the run is over", lambda: runs_said(machine, after, "without having said so"), 90)
    eventually("it is put back", lambda: machine.read(DROP_IN) == GOOD)


@check
def dpkg_works_without_the_guard(machine):
    machine.run("systemctl stop sshguardd; chattr -i /etc/default/ssh")
    machine.run("sed -i /sleep.1000/d /var/lib/dpkg/info/openssh-server.postinst; dpkg --configure -a", seconds=120)
    machine.run("dpkg --remove sshguardd && dpkg --configure -a", seconds=120)


if __name__ == "__main__":
    sys.exit(main())
