#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What sshguardctl does on a real machine: edit, generate-policy, access, metrics; and for whom.

Usage: tests/system/control.py PACKAGE, with TREE naming the machine's root folder.
"""

import pathlib
import sys

from machine import eventually
from suite import alerts, check, ctl, expect, main

SITE_DROP_IN = "/etc/ssh/sshd_config.d/50-site.conf"
SITE_POLICY = """rules = ( { id = "site.no-passwords"; sshd = "PasswordAuthentication"; must = "no";
    response = "revert"; severity = "critical"; why = "A guessed password must not open a session."; } );
"""


@check
def the_guard_is_installed(machine):
    machine.run("dpkg --install /root/sshguardd.deb", seconds=120)
    machine.write(SITE_DROP_IN, "PasswordAuthentication no\n", mode="0640")
    machine.run(f"setfacl -m u:daemon:r {SITE_DROP_IN}")
    machine.write("/etc/sshguardd/policy.d/50-site.conf", SITE_POLICY)
    machine.run("""sed -i 's/^mode = .*/mode = "enforce";/' /etc/sshguardd/sshguardd.conf""")
    machine.run("useradd -m alice && useradd -m -G sshguardd bob")
    machine.run("systemctl enable --now sshguardd")


# ---- edit ----

def edit(machine, editor, arguments, status):
    machine.write("/root/editor", f"#!/bin/sh\n{editor}\n", mode="0755")
    result = machine.run(f"EDITOR=/root/editor sshguardctl edit {arguments}", check=False)
    said = result.stdout + result.stderr
    expect(result.returncode == status, f"edit {arguments} ended with {result.returncode}: {said}")
    return said


def state_of(machine, path):
    return {file["path"]: file["state"] for file in ctl(machine, "files")["files"]}.get(path)


@check
def an_edit_is_installed_with_its_acl_and_approved(machine):
    after = machine.journal_end()
    wanted = machine.run(f"stat -c '%U %G %a' {SITE_DROP_IN}; getfacl -c {SITE_DROP_IN}").stdout
    said = edit(machine, "echo 'MaxAuthTries 3' >>$1", f"{SITE_DROP_IN} --yes --reason 'fewer guesses'", 0)
    expect("MaxAuthTries  6    3     every connection" in said, said)
    expect("MaxAuthTries 3" in machine.read(SITE_DROP_IN), "it was not written")
    got = machine.run(f"stat -c '%U %G %a' {SITE_DROP_IN}; getfacl -c {SITE_DROP_IN}").stdout
    expect(got == wanted, f"its metadata was\n{wanted}and is\n{got}")
    expect(state_of(machine, SITE_DROP_IN) == "approved", f"its state is {state_of(machine, SITE_DROP_IN)}")
    expect(eventually("the entry", lambda: alerts(machine, "INSTALLED", after)), "no entry")
    eventually("sshd is reloaded", lambda: alerts(machine, "SSHD_RELOADED", after))
    expect(not alerts(machine, "UNAPPROVED", after), "it was taken for drift")
    expect("maxauthtries 3" in machine.run("sshd -T").stdout, "sshd does not know")


@check
def what_sshd_refuses_is_not_installed(machine):
    before = machine.read(SITE_DROP_IN)
    said = edit(machine, "echo 'MaxAuthTires 3' >>$1", f"{SITE_DROP_IN} --yes", 2)
    expect("Bad configuration option: MaxAuthTires" in said and "nothing was changed" in said, said)
    expect(machine.read(SITE_DROP_IN) == before, "it was written")


@check
def what_breaks_a_rule_needs_an_exception(machine):
    before = machine.read(SITE_DROP_IN)
    said = edit(machine, "sed -i s/no$/yes/ $1", f"{SITE_DROP_IN} --yes", 2)
    expect("site.no-passwords (critical)" in said, said)
    expect(machine.read(SITE_DROP_IN) == before, "it was written")
    edit(machine, "sed -i s/no$/yes/ $1",
         f"{SITE_DROP_IN} --yes --exception site.no-passwords --for 1h --reason 'lab day'", 0)
    expect("PasswordAuthentication yes" in machine.read(SITE_DROP_IN), "it was not written")
    edit(machine, "sed -i s/yes$/no/ $1", f"{SITE_DROP_IN} --yes", 0)


@check
def nobody_to_ask_means_no(machine):
    before = machine.read(SITE_DROP_IN)
    said = edit(machine, "echo 'MaxSessions 3' >>$1", SITE_DROP_IN, 2)
    expect("nobody can be asked here" in said, said)
    expect(machine.read(SITE_DROP_IN) == before, "it was written")
    expect("unchanged" in edit(machine, "true", SITE_DROP_IN, 0), "it did not notice")


@check
def a_new_drop_in_is_taken_and_other_files_are_not(machine):
    path = "/etc/ssh/sshd_config.d/60-new.conf"
    edit(machine, "echo 'MaxSessions 3' >$1", f"{path} --yes", 0)
    expect(machine.run(f"stat -c '%U %G %a' {path}").stdout == "root root 644\n", "its metadata is strange")
    eventually("it is approved", lambda: state_of(machine, path) == "approved")
    expect("not a guarded path" in edit(machine, "echo >$1", "/etc/motd --yes", 2), "it would write /etc/motd")
    expect("secret" in edit(machine, "echo >$1", "/etc/ssh/ssh_host_ed25519_key --yes", 2), "it would write a key")


@check
def two_do_not_edit_one_file_at_once(machine):
    machine.write("/root/slow", "#!/bin/sh\ntouch /root/editing; while test -e /root/editing; do sleep 0.05; done\n",
                  mode="0755")
    machine.run(f"EDITOR=/root/slow sshguardctl edit {SITE_DROP_IN} >/dev/null 2>&1 &")
    eventually("the first edits", lambda: machine.exists("/root/editing"))
    expect("somebody else edits it" in edit(machine, "true", SITE_DROP_IN, 2), "the second was let in")
    machine.run("rm /root/editing")
    eventually("the first is done", lambda: machine.run(
        f"EDITOR=true sshguardctl edit {SITE_DROP_IN}", check=False).returncode == 0)


@check
def a_file_that_changed_meanwhile_is_not_overwritten(machine):
    before = machine.read(SITE_DROP_IN)
    said = edit(machine, f"echo '# mine' >>$1; echo '# theirs' >>{SITE_DROP_IN}", f"{SITE_DROP_IN} --yes", 2)
    expect("not what you reviewed" in said and "what you wrote is in /tmp/" in said, said)
    expect(machine.read(SITE_DROP_IN) == before + "# theirs\n", "it was overwritten")
    machine.run(f"sshguardctl approve --yes {SITE_DROP_IN}")


# ---- a policy out of the machine ----

@check
def a_generated_policy_is_one_and_holds(machine):
    machine.run("sshguardctl generate-policy >/etc/sshguardd/policy.d/60-made.conf", user=None)
    made = machine.read("/etc/sshguardd/policy.d/60-made.conf")
    for words in ("site.password-authentication", f"// {SITE_DROP_IN}:1: PasswordAuthentication no", "at_most = 3"):
        expect(words in made, made)
    machine.run("sshguardd --test-policy && sshguardctl reload")
    machine.run("sshguardctl check", check=False)
    made_rules = [rule for rule in ctl(machine, "rules")["rules"] if rule["file"].endswith("60-made.conf")]
    expect(made_rules and all(rule["findings"] == 0 for rule in made_rules), str(made_rules))
    machine.run("rm /etc/sshguardd/policy.d/60-made.conf && sshguardctl reload")


# ---- numbers ----

def ways_of(machine, arguments):
    """Of each login of the one account: from where, and what lets in."""
    account, = ctl(machine, f"access {arguments}")["accounts"]
    return {login["from"]: [" + ".join(way["factors"]) for way in login["ways"]] for login in account["logins"]}


@check
def access_says_who_can_log_in(machine):
    machine.run("useradd -m -s /bin/bash dora && echo dora:s3cret | chpasswd && ssh-keygen -q -t ed25519 -N '' -f /root/dora")
    key = machine.read("/root/dora.pub")
    machine.run("install -d -m 700 -o dora -g dora /home/dora/.ssh")
    machine.write("/home/dora/.ssh/authorized_keys", f'from="10.1.2.3" {key}')
    machine.run("chown dora:dora /home/dora/.ssh/authorized_keys")
    eventually("dora is an account that is known", lambda: "dora" in machine.run("sshguardctl access --json").stdout)
    expect(ways_of(machine, "dora --from 10.1.2.3") == {"10.1.2.3": ["key"]}, ways_of(machine, "dora --from 10.1.2.3"))
    expect(ways_of(machine, "dora --from 10.1.2.4") == {"10.1.2.4": []}, "the key opens from elsewhere")
    got = ways_of(machine, "dora")
    expect(got == {"elsewhere": [], "like 10.1.2.3": ["key"]}, f"all her logins: {got}")
    said = machine.run("runuser -u bob -- sshguardctl access").stdout
    expect("dora  yes  shell    like 10.1.2.3" in said and "no way in." in said, f"the matrix is\n{said}")
    for arguments in ("nobody-here", "dora --from nowhere"):
        expect(machine.run(f"sshguardctl access {arguments}", check=False).returncode == 2, f"{arguments} is accepted")
    status = machine.run("runuser -u alice -- sshguardctl access", check=False).returncode
    expect(status in (3, 4), f"anybody may ask: {status}")


@check
def an_incident_says_what_it_gave_to_whom(machine):
    path = "/etc/ssh/sshd_config.d/zz-last.conf"
    machine.write(path, "Match Address *\n    PasswordAuthentication yes\n")
    eventually("it is reverted", lambda: not machine.exists(path))
    newest = next(i for i in ctl(machine, f"history --path {path}")["incidents"] if i["action"] == "reverted")
    expect("dora gains password login" in newest["message"], f"the incident says {newest['message']}")
    expect(newest["severity"] == "critical", f"its severity is {newest['severity']}")
    said = machine.run(f"sshguardctl diff {newest['id']}").stdout
    expect("dora gains password login" in said, f"the diff says {said}")
    machine.run("ssh-keygen -q -t ed25519 -N '' -f /root/other && cat /root/other.pub >>/home/dora/.ssh/authorized_keys")
    fingerprint = machine.run("ssh-keygen -lf /root/other.pub").stdout.split()[1]
    eventually("the key is told of", lambda: f"dora gains key {fingerprint}" in machine.run(
        "journalctl -t sshguardd -o cat").stdout)


@check
def the_administrators_are_not_locked_out(machine):
    configuration = "/etc/sshguardd/sshguardd.conf"
    machine.run(f"echo 'admins = [ \"dora\" ];' >>{configuration} && sshguardctl reload")
    said = edit(machine, "echo 'DenyUsers dora' >>$1", f"{SITE_DROP_IN} --yes --reason 'test'", 2)
    expect("no administrator could log in any more" in said and "dora with" in said, said)
    expect("DenyUsers" not in machine.read(SITE_DROP_IN), "it was written")
    edit(machine, "echo 'DenyUsers erin' >>$1", f"{SITE_DROP_IN} --yes --reason 'test'", 0)
    edit(machine, "sed -i /DenyUsers/d $1", f"{SITE_DROP_IN} --yes --reason 'test'", 0)
    machine.run(f"sed -i /admins/d {configuration} && sshguardctl reload && userdel -r dora", check=False)


@check
def node_exporter_gets_its_file(machine):
    prom = "/var/lib/prometheus/node-exporter/sshguardd.prom"
    machine.run("systemd-analyze --man=no verify sshguardd-metrics.service sshguardd-metrics.timer")
    machine.run(f"mkdir -p {pathlib.Path(prom).parent} && systemctl enable --now sshguardd-metrics.timer")
    eventually("the file", lambda: machine.exists(prom))
    expect(machine.read(prom).endswith("# EOF\n") and "sshguardd_" in machine.read(prom), machine.read(prom))
    expect(machine.run(f"stat -c %a {prom}").stdout == "644\n", "others cannot read it")
    machine.run("systemctl stop sshguardd")
    machine.run("systemctl start sshguardd-metrics.service", check=False)
    expect(not machine.exists(prom), "an old file looks like health")
    machine.run("systemctl disable --now sshguardd-metrics.timer && systemctl start sshguardd")


# ---- who may call what ----

@check
def the_configuration_lists_users(machine):
    machine.run("useradd -m carol && useradd -m dave && useradd -m -G sshguardd erin")
    machine.run("""echo 'control = { read = [ "carol", "erin" ]; change = [ "dave", "nobody-we-know" ]; };' """
                ">>/etc/sshguardd/sshguardd.conf && sshguardctl reload")
    wanted = {"alice": (4, 4), "bob": (0, 4), "carol": (0, 4), "dave": (0, 2), "erin": (0, 4)}
    for user, (asks, decides) in wanted.items():
        for command, status in (("files", asks), ("resume", decides)):
            result = machine.run(f"sshguardctl -q {command}", user=user, check=False)
            expect(result.returncode == status,
                   f"{user}'s {command} ended with {result.returncode}, not {status}: {result.stderr}")
    machine.run("systemctl restart sshguardd")
    eventually("dave may decide after a restart", lambda: machine.run(
        "sshguardctl resume", user="dave", check=False).returncode == 2)
    machine.run("sed -i '/^control = /d' /etc/sshguardd/sshguardd.conf && sshguardctl reload")
    for user in ("carol", "dave"):
        expect(machine.run("sshguardctl files", user=user, check=False).returncode == 4, f"{user} is still let in")
    expect(machine.run("sshguardctl -q files", user="bob", check=False).returncode == 0, "bob is not let in")


if __name__ == "__main__":
    sys.exit(main())
