#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Others who write the same files, for real: dpkg and ucf, pam-auth-update, Ansible, Puppet, cloud-init. No fight, no
false alarm, and what they change is told once and approved in one go; what they insist on against the policy is put
right and told at each run.

Usage: tests/system/managers.py PACKAGE, with TREE naming the machine's root folder (tests/trees/overlay sets it).
"""

import re
import sys
import time

from machine import eventually
from suite import CHECKS, alerts, approve, check, ctl, expect, main

NEEDS = "ansible-core,cloud-init,puppet-agent"
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


# --- openssh-server itself ------------------------------------------------------------------------------------------

# The installed package as a package again, with its own maintainer scripts: no network is needed for it.
REPACK = r"""
rm -rf /root/ssh && mkdir -p /root/ssh/DEBIAN && cd /root/ssh
dpkg -L openssh-server | while read -r path; do
        if [ -d "$path" ]; then mkdir -p ".$path"; else cp -a "$path" ".$path"; fi
done
for file in /var/lib/dpkg/info/openssh-server.*; do
        case $file in *.list) ;; *) cp -p "$file" "DEBIAN/${file##*openssh-server.}" ;; esac
done
dpkg-query -s openssh-server | sed '/^Status:/d; /^Conffiles:/,/^[^ ]/{/^Conffiles:/d; /^ /d}' >DEBIAN/control
"""


def install_openssh(machine, change=""):
    machine.run(f"{REPACK}\n{change}\ndpkg-deb --root-owner-group -b /root/ssh /root/ssh.deb && "
                "DEBIAN_FRONTEND=noninteractive dpkg --install /root/ssh.deb", seconds=180)


def told_since(machine, after):
    """(path, rule) of each alert, without what dpkg writes first and renames a moment later."""
    return {(entry.get("SSHGUARDD_PATH"), entry["SSHGUARDD_RULE"]) for entry in machine.journal(
        "SYSLOG_IDENTIFIER=sshguardd", after=after)
        if "SSHGUARDD_RULE" in entry and not entry.get("SSHGUARDD_PATH", "").endswith(".dpkg-new")}


def expect_told_and_kept(machine, after, path, line):
    """The change was told once, as unapproved, and is still there."""
    eventually(f"{path} is told", lambda: (path, "file.unapproved") in told_since(machine, after))
    time.sleep(SETTLED_SECONDS)
    expect(line in machine.read(path), f"{path} was put back")
    expect(told_since(machine, after) == {(path, "file.unapproved")}, f"told is {told_since(machine, after)}")
    n_told = sum(entry["SSHGUARDD_PATH"] == path for entry in alerts(machine, "UNAPPROVED", after))
    expect(n_told == 1, f"it was told {n_told} times")


@check
def installing_openssh_again_is_no_incident(machine):
    after = machine.journal_end()
    install_openssh(machine)
    time.sleep(SETTLED_SECONDS)
    expect(not told_since(machine, after), f"told is {told_since(machine, after)}")
    expect(not ctl(machine, "findings")["findings"], f"found is {ctl(machine, 'findings')['findings']}")


@check
def what_an_upgrade_of_openssh_brings_is_approved(machine):
    after, path = machine.journal_end(), "/etc/default/ssh"
    install_openssh(machine, f"sed -i 's/^Version: .*/&+1/' DEBIAN/control; echo '# as of the next version' >>.{path}")
    eventually("it is approved", lambda: not unapproved(machine))
    expect("as of the next version" in machine.read(path), "it was put back, or dpkg kept the old one")
    for message in KEPT:
        expect(not alerts(machine, message, after), f"{message}: {alerts(machine, message, after)}")
    eventually("nothing is wrong", lambda: not ctl(machine, "findings")["findings"])


@check
def a_configuration_that_ucf_takes_from_a_package_is_told_and_stays(machine):
    after, path = machine.journal_end(), "/etc/ssh/sshd_config"
    machine.run(f"sed 's/^#MaxSessions.*/MaxSessions 9/' {path} >/root/from-package && "
                f"UCF_FORCE_CONFFNEW=1 DEBIAN_FRONTEND=noninteractive ucf --three-way /root/from-package {path}")
    expect_told_and_kept(machine, after, path, "\nMaxSessions 9")
    approve(machine, path)


# --- managers of configuration ----------------------------------------------------------------------------------------

PLAY = """
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - ansible.builtin.copy:
        dest: {path}
        content: "{line}\\n"
        mode: "0644"
        validate: /usr/sbin/sshd -t -f %s
      notify: reload
  handlers:
    - name: reload
      ansible.builtin.command: systemctl reload ssh
"""
# Each writes a line into a path if it is not there, and says whether it did.
MANAGERS = {
    "ansible": ("cd /root && ANSIBLE_NOCOLOR=1 ansible-playbook -i localhost, play.yml", r"changed=[1-9]"),
    "puppet": ("puppet apply --color=false /root/play.pp", r"defined content|content changed"),
}


def manage(machine, manager, path, line):
    """Whether it says that it changed something."""
    machine.write("/root/play.yml", PLAY.format(path=path, line=line))
    machine.write("/root/play.pp", f"file {{ '{path}': ensure => file, mode => '0644', content => \"{line}\\n\" }}\n")
    command, changed = MANAGERS[manager]
    said = machine.run(command, seconds=120).stdout
    return re.search(changed, said) is not None


def check_manager(manager):
    path = f"/etc/ssh/sshd_config.d/70-{manager}.conf"

    def is_told_once(machine):
        after = machine.journal_end()
        expect(manage(machine, manager, path, "MaxSessions 8"), "it says it changed nothing")
        expect_told_and_kept(machine, after, path, "MaxSessions 8")
        machine.run(f"sshguardctl approve --yes --reason 'the play of today' {path}")
        after = machine.journal_end()
        expect(not manage(machine, manager, path, "MaxSessions 8"), "its next run changes something")
        time.sleep(SETTLED_SECONDS)
        expect(not told_since(machine, after), f"its next run is told: {told_since(machine, after)}")

    def is_announced(machine):
        after = machine.journal_end()
        permit = ctl(machine, f"permit {path} --for 10m --reason 'a play'")["id"]
        manage(machine, manager, path, "MaxSessions 7")
        expect_told_and_kept(machine, after, path, "MaxSessions 7")
        machine.run(f"sshguardctl approve --yes {path}")
        machine.run(f"sshguardctl permit --revoke {permit}")

    def is_overruled(machine):
        after, before = machine.journal_end(), machine.read(path)
        for n_runs in (1, 2):
            expect(manage(machine, manager, path, "PermitEmptyPasswords yes"), "it does not insist")
            eventually("it is put right", lambda: machine.read(path) == before)
            eventually("it is told", lambda: len(alerts(machine, "REVERTED", after)) == n_runs)
        expect(told_since(machine, after) == {(path, "sshd.empty-passwords")}, f"told is {told_since(machine, after)}")

    for function, name in ((is_told_once, "is told once and stays"), (is_announced, "has a permit"),
                           (is_overruled, "against the policy is put right and told at each run")):
        function.__name__ = f"what {manager} writes {name}"
        CHECKS.append(function)


for manager_name in MANAGERS:
    check_manager(manager_name)


# --- the first boot of a cloud's machine -------------------------------------------------------------------------------

CLOUD_DROP_IN = "/etc/ssh/sshd_config.d/50-cloud-init.conf"
CLOUD_CONFIG = """\
datasource_list: [NoCloud]
network: {config: disabled}
cloud_init_modules: []
cloud_config_modules: [ssh, set_passwords]
"""


def boot_as_instance(machine, instance, user_data):
    """What cloud-init does at the first boot of an instance."""
    machine.run("mkdir -p /var/lib/cloud/seed/nocloud")
    machine.write("/etc/cloud/cloud.cfg.d/99-seed.cfg", CLOUD_CONFIG)
    machine.write("/var/lib/cloud/seed/nocloud/meta-data", f"instance-id: {instance}\n")
    machine.write("/var/lib/cloud/seed/nocloud/user-data", f"#cloud-config\n{user_data}")
    machine.run("cloud-init clean && cloud-init init --local && cloud-init init && cloud-init modules --mode=config", seconds=180)


@check
def the_drop_in_of_cloud_init_is_told_and_stays(machine):
    after = machine.journal_end()
    boot_as_instance(machine, "first", "ssh_pwauth: false\nssh_deletekeys: false\nssh_genkeytypes: []\nusers: []\n")
    expect_told_and_kept(machine, after, CLOUD_DROP_IN, "PasswordAuthentication no")
    machine.run(f"sshguardctl approve --yes {CLOUD_DROP_IN}")


@check
def a_cloud_that_opens_passwords_is_overruled_once(machine):
    machine.write("/etc/sshguardd/policy.d/50-site.conf", 'rules = ( { id = "site.no-passwords"; '
                  'sshd = "PasswordAuthentication"; must = "no"; response = "revert"; severity = "critical"; } );\n')
    machine.run("sshguardctl reload")
    after = machine.journal_end()
    boot_as_instance(machine, "second", "ssh_pwauth: true\nssh_deletekeys: false\nssh_genkeytypes: []\nusers: []\n")
    eventually("it is told", lambda: (CLOUD_DROP_IN, "site.no-passwords") in told_since(machine, after))
    eventually("it is put right", lambda: "PasswordAuthentication no" in machine.read(CLOUD_DROP_IN))
    after = machine.journal_end()
    machine.run("cloud-init init && cloud-init modules --mode=config", seconds=180)
    time.sleep(SETTLED_SECONDS)
    expect(not told_since(machine, after), f"its next boot is told: {told_since(machine, after)}")


@check
def new_host_keys_of_an_instance_are_told_and_stay(machine):
    after, before = machine.journal_end(), machine.read("/etc/ssh/ssh_host_ed25519_key.pub")
    boot_as_instance(machine, "third", "ssh_genkeytypes: [ed25519]\nusers: []\n")
    expect(machine.read("/etc/ssh/ssh_host_ed25519_key.pub") != before, "the instance has the keys of the image")
    keys = {f"/etc/ssh/ssh_host_{kind}_key" for kind in ("ecdsa", "ed25519", "rsa")}  # one new, two gone
    eventually("they are told", lambda: keys <= {path for path, _ in told_since(machine, after)})
    time.sleep(SETTLED_SECONDS)
    expect({rule for _, rule in told_since(machine, after)} == {"file.unapproved"}, f"told is {told_since(machine, after)}")
    machine.run("sshguardctl approve --all --yes")
    expect(not ctl(machine, "findings")["findings"], f"found is {ctl(machine, 'findings')['findings']}")


if __name__ == "__main__":
    sys.exit(main())
