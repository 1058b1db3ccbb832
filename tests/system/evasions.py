#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must be caught, on a real machine whose /etc and /home lie on one kind of file system: prints for each row of
evasions_table.py by which layer it was noticed, how long after, and whether it was put right.

Usage: tests/system/evasions.py PACKAGE [FILE-SYSTEM [ROW...]], with TREE as for guard.py. FILE-SYSTEM is overlay (the
machine's own), tmpfs, ext4, xfs or btrfs (on a loop device), or fuse (bindfs). Times are printed and never judged.
`evasions.py --list` prints where each of evasions_ids.py is shown.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import time

import evasions_ids
from evasions_table import EVADE, REPORTED, REVERTED, ROWS, TOLD
from machine import Failure, Machine, die_with_parent, eventually
from suite import alerts, ctl, expect, sanitizers_are_silent

IMAGE_BYTES = 512 << 20  # mkfs.xfs takes no less than 300 MiB
DETECT_SECONDS = 40  # a sweep that is due each 5 s, contents in slices, and a journal that may be slow
QUIET_SECONDS = 20  # until a sweep came by: chattr sends no event
CONTESTED = 4  # attacks of a file in a row; with some more it would be contested, and alerts be summarised
FAILED_MAX = 8  # more say nothing new
RUN_SECONDS = 600  # after which no other row begins
POLICY = """\
rules = (
  { id = "site.no-passwords"; sshd = "PasswordAuthentication"; must = "no"; response = "revert";
    severity = "critical"; },
  { id = "site.no-root"; sshd = "PermitRootLogin"; must = "no"; response = "revert"; },
  { id = "site.no-ca"; sshd = "TrustedUserCAKeys"; one_of = [ "none", "/etc/ssh/ca" ]; response = "revert"; },
  { id = "sshd.host-key-agent"; response = "revert"; },
  { id = "sshd.moduli"; response = "revert"; },
  { id = "pam.sshd.no-exec"; response = "revert"; },
  { id = "pam.system-modules"; response = "revert"; },
  { id = "site.pam-asks"; pam = "sshd"; facility = "auth"; requires = "pam_unix.so"; response = "revert"; },
  { id = "site.totp"; pam = "sshd"; facility = "auth"; requires = "pam_google_authenticator.so";
    forbids_args = [ "nullok" ]; response = "revert"; },
  { id = "file.sshd-not-to-be-run"; response = "revert"; },
  { id = "site.approved.main"; file = "/etc/ssh/sshd_config"; approved_only = true; response = "revert"; },
  { id = "site.approved.moduli"; file = "/etc/ssh/moduli"; approved_only = true; response = "revert"; },
  { id = "site.approved.include"; file = "/etc/inc.conf"; approved_only = true; response = "revert"; },
  { id = "site.approved.dropins"; file = "/etc/ssh/sshd_config.d/?0-*.conf"; approved_only = true; response = "revert"; },
  { id = "site.approved.sshd"; file = "/etc/pam.d/sshd"; approved_only = true; response = "revert"; },
  { id = "site.approved.su"; file = "/etc/pam.d/su-l"; approved_only = true; response = "revert"; },
  { id = "site.approved.auth"; file = "/etc/pam.d/common-auth"; approved_only = true; response = "revert"; },
  { id = "site.approved.pamconf"; file = "/etc/pam.conf"; approved_only = true; response = "revert"; },
  { id = "site.approved.security"; file = "/etc/security/*.conf"; approved_only = true; response = "revert"; },
  { id = "site.approved.default"; file = "/etc/default/ssh"; approved_only = true; response = "revert"; },
  { id = "site.approved.revoked"; file = "/etc/ssh/revoked"; approved_only = true; response = "revert"; },
  { id = "site.approved.principals"; file = "/etc/ssh/principals"; approved_only = true; response = "revert"; },
  { id = "site.approved.userdb"; file = "/etc/userdb/*"; approved_only = true; response = "revert"; },
  { id = "site.no-keys-command"; sshd = "AuthorizedKeysCommand"; must = "none"; response = "revert"; },
  { id = "site.keys"; keys = "*,!bob"; approved_only = true; response = "revert"; severity = "high"; },
  { id = "site.restricted"; keys = "bob"; requires_options = "restrict"; response = "revert"; },
  { id = "site.ed25519"; keys = "bob"; types = "ssh-ed25519"; response = "revert"; },
  { id = "keys.no-cert-authority"; response = "revert"; },
  { id = "keys.no-environment"; response = "revert"; },
  { id = "file.user-rc"; response = "revert"; },
  { id = "file.user-environment"; response = "revert"; },
  { id = "site.pam-environment"; file = "~/.pam_environment"; absent = true; response = "revert"; },
  { id = "site.seed-mode"; file = "~/.google_authenticator"; mode_at_most = "0600"; },
  { id = "site.approved.unit"; file = "/etc/systemd/system/ssh.service.d/*.conf"; approved_only = true;
    response = "revert"; }
);
"""
DROP_IN = "# of this site\\nPasswordAuthentication no \\nPermitRootLogin no\\n"


USERS = """
for name in alice bob carol; do useradd -m -s /bin/bash $name; done
ssh-keygen -q -t ecdsa -N '' -f /srv/weak </dev/null
for name in alice bob; do
        ssh-keygen -q -t ed25519 -N '' -C $name -f /root/$name </dev/null
        install -d -m 700 -o $name -g $name /home/$name/.ssh
done
cp /root/alice.pub /root/alice.keys
sed 's/^/restrict,command="true" /' /root/bob.pub >/root/bob.keys
for name in alice bob; do
        chown $name: /root/$name.keys
        chmod 600 /root/$name.keys
        cp -p /root/$name.keys /home/$name/.ssh/authorized_keys
done
install -m 400 -o alice -g alice /dev/null /home/alice/.google_authenticator
"""
# What a row that failed left: processes, mounts, flags, files. All is as it was when the guard began.
KEEP = """
systemctl stop sshguardd
findmnt -rno TARGET | sort >/root/mounts
tar -C / --xattrs --acls -cpf /root/known.tar etc home root/.ssh var/lib/sshguardd
systemctl start sshguardd
"""
RECOVER = """
systemctl kill --signal=CONT sshguardd || true
test ! -e /run/evade.pid || kill -KILL $(cat /run/evade.pid) || true
timeout 10 systemctl stop sshguardd || systemctl kill --signal=KILL sshguardd
findmnt -rno TARGET | sort | comm -13 /root/mounts - | sort -r | while read -r path; do umount -l "$path"; done
mount -o remount,rw /etc 2>/dev/null || true
lsattr -aR /etc /home 2>/dev/null | awk '$1 ~ /[ia]/ { print $2 }' | xargs -r chattr -ia
rm -rf /etc/ssh /etc/pam.d /etc/systemd/system /etc/security /etc/userdb /etc/filler /home/* /root/.ssh /var/lib/sshguardd/*
rm -rf /etc/ld.so.preload /usr/lib/pam.d/sshd /usr/share/pam-configs/evil /srv/alice /srv/toor /run/evil
tar -C / --xattrs --acls -xpf /root/known.tar
systemctl daemon-reload
systemctl start sshguardd
"""


def mount_at(tree, name, kind):
    """Puts a folder of the tree on a file system of its own; the process that serves it, if there is one."""
    folder, away = tree / name, tree.parent / name
    away.mkdir()
    if kind == "fuse":
        subprocess.run(["cp", "-a", f"{folder}/.", away], check=True)
        server = subprocess.Popen(["bindfs", "-f", "-o", "allow_other,default_permissions,nonempty", away, folder],
                                  preexec_fn=die_with_parent)
        eventually("bindfs serves", lambda: os.path.ismount(folder))
        return server
    if kind == "tmpfs":
        command = ["mount", "-t", "tmpfs", "-o", "size=64m", "etc"]
    else:
        image = tree.parent / f"{name}.image"
        image.touch()
        os.truncate(image, IMAGE_BYTES)
        subprocess.run([f"mkfs.{kind}", "-q", image], check=True)
        command = ["mount", "-o", "loop", "-t", kind, image]
    subprocess.run([*command, away], check=True)
    subprocess.run(["cp", "-a", f"{folder}/.", away], check=True)
    subprocess.run(["mount", "--move", away, folder], check=True)
    return None


def prepare(machine):
    machine.run("dpkg --install /root/sshguardd.deb", seconds=120)
    machine.run(f"printf '{DROP_IN}' >/etc/ssh/sshd_config.d/50-site.conf; systemctl reload ssh")
    machine.run("sed -i '1i auth [success=ok default=bad] pam_google_authenticator.so' /etc/pam.d/sshd")
    machine.run(USERS)
    machine.write("/etc/sshguardd/policy.d/50-site.conf", POLICY)
    machine.run("""sed -i 's/^mode = .*/mode = "enforce";/' /etc/sshguardd/sshguardd.conf""")
    machine.run("sshguardd --test-policy && systemctl enable --now sshguardd")
    expect(is_quiet(machine), f"it begins with {say(findings(machine))}")
    machine.run(KEEP)


def fingerprint(machine, path):
    """All of a path that counts."""
    said = machine.run(f"""
        test -L '{path}' || test -e '{path}' || {{ echo absent; exit; }}
        stat -c '%F %a %u:%g' '{path}'; readlink '{path}'
        test -L '{path}' || lsattr -d '{path}' 2>/dev/null | cut -d' ' -f1 | tr -dc 'ia'; echo
        test ! -f '{path}' || test -L '{path}' || {{ sha256sum <'{path}'; getfacl -cn '{path}'; getfattr -d '{path}'; }}
        """, check=False)
    return said.stdout


def findings(machine):
    return ctl(machine, "findings")["findings"]


def is_quiet(machine):
    return not findings(machine)


def say(items):
    return "; ".join(f"{item['rule']} {item['path']}: {item['message']}, {item['action']}" for item in items)


def alerts_about(machine, row, after):
    """The alerts that name the row's path, and its rule if it has one."""
    entries = machine.journal("_COMM=sshguardd", f"SSHGUARDD_PATH='{row.path}'", after=after)
    entries = [entry for entry in entries if entry.get("SSHGUARDD_ACTION", "resolved") != "resolved"]
    return [entry for entry in entries if row.rule in ("", entry["SSHGUARDD_RULE"])]


def approve(machine, path):
    machine.run(f"sshguardctl approve '{path}' --yes --reason 'the suite does'")


def revive_sshd(machine, kind):
    """A row may have begun while sshd, told to reload after the one before, read its files: then it ended. Where the
    guard takes its time that is a matter of course."""
    machine.run("systemctl is-active --quiet ssh || systemctl restart ssh")
    if kind == "fuse":
        time.sleep(0.5)  # until a reload that goes on is over


def set_up(machine, row, done):
    """What the row needs; DONE holds the rows whose setup stands."""
    if row.needs and row.needs not in done:
        set_up(machine, next(other for other in ROWS if other.id == row.needs), done)
    if row.id in done or not row.setup:
        return
    machine.run(f"sshguardctl pause --for 1min --reason setup; {row.setup}")
    for path in row.approve:
        eventually(f"{path} is seen", lambda path=path: any(
            file["path"] == path for file in ctl(machine, "files")["files"]), QUIET_SECONDS)
        approve(machine, path)
    machine.run("sshguardctl resume")
    eventually("nothing is wrong before", lambda: is_quiet(machine), QUIET_SECONDS)
    if row.approve:
        done.add(row.id)


def see(machine, row):
    """Does it, and waits for what must follow. Returns (layer, seconds until the alert)."""
    before, after = fingerprint(machine, row.path), machine.journal_end()
    machine.run(row.attack, user=row.user or None)
    ended = float(machine.run("date +%s.%N").stdout)
    is_notice = row.outcome == TOLD and row.message  # not of a finding
    alert = eventually("it is noticed", lambda: alerts(machine, row.message, after) if is_notice else
                       alerts_about(machine, row, after), DETECT_SECONDS)[0]
    if row.outcome == REVERTED:
        eventually("it is put right", lambda: fingerprint(machine, row.path) == before, DETECT_SECONDS)
    elif row.outcome == REPORTED:
        expect(any(finding["path"] == row.path for finding in findings(machine)), "there is no finding")
    if row.message:
        eventually(f"the alert {row.message}", lambda: alerts(machine, row.message, after))
    if row.shows:
        eventually(f"`{row.shows}`", lambda: machine.run(row.shows, check=False).returncode == 0)
    at = int(alert["__REALTIME_TIMESTAMP"]) / 1e6
    return alert.get("SSHGUARDD_NOTICED_BY", "-"), at - ended


def tidy_up(machine, row):
    if row.undo:
        machine.run(row.undo)
    eventually("nothing is wrong after", lambda: is_quiet(machine), QUIET_SECONDS)


def try_row(machine, row, kind, done):
    """Prints one line; False if it failed."""
    layer, seconds, problem = "-", 0.0, None
    try:
        revive_sshd(machine, kind)
        set_up(machine, row, done)
        layer, seconds = see(machine, row)
        tidy_up(machine, row)
    except (Failure, subprocess.TimeoutExpired) as failure:
        problem = str(failure)
    when = "during" if seconds < 0 else f"{seconds * 1000:.0f} ms"
    outcome = row.outcome + (f": {row.why}" if row.why else "")
    print(f"{'FAILED' if problem else 'ok    '} {kind:<8} {row.id:<14} {layer:<14} {when:>9}  "
          f"{row.what}: {problem or outcome}", flush=True)
    if problem:
        print("        " + say(findings(machine))[:1500], flush=True)
        print("        " + machine.run("journalctl --sync; journalctl --no-pager -o short-precise -u sshguardd -n 12", check=False).stdout.strip()
              .replace("\n", "\n        "), flush=True)
    return problem is None


def recover(machine, done):
    """After a row that failed: the state of the beginning, so that the next one shows something again."""
    done.clear()
    machine.run(RECOVER, seconds=60)
    try:
        eventually("the guard is back", lambda: is_quiet(machine), QUIET_SECONDS)
    except Failure as failure:
        raise Failure(f"{failure}; it finds {say(findings(machine))}") from failure


def try_rows(machine, rows, kind):
    """How many rows failed, and how many were tried."""
    n_failed, done, began = 0, set(), time.monotonic()
    for number, row in enumerate(rows):
        if number % CONTESTED == CONTESTED - 1:
            machine.run("systemctl restart sshguardd")
        if try_row(machine, row, kind, done):
            continue
        n_failed += 1
        if n_failed == FAILED_MAX or time.monotonic() - began > RUN_SECONDS:
            print(f"ended early: {n_failed} rows failed, {time.monotonic() - began:.0f} s")
            return n_failed, number + 1
        try:
            recover(machine, done)
        except (Failure, subprocess.TimeoutExpired) as failure:
            print(f"ended early: the machine could not be brought back: {failure}")
            return n_failed, number + 1
    return n_failed, len(rows)


def main():
    if sys.argv[1:] == ["--list"]:
        evasions_ids.print_list()
    if len(sys.argv) < 4 and (missing := evasions_ids.forgotten()):
        print(f"shown nowhere: {' '.join(missing)}")
        return 1
    if sys.argv[1:] == ["--list"]:
        return 0
    tree, package = pathlib.Path(os.environ["TREE"]), sys.argv[1]
    kind, wanted = (sys.argv[2] if len(sys.argv) > 2 else "overlay"), sys.argv[3:]
    shutil.copy(package, tree / "root/sshguardd.deb")
    evade = pathlib.Path(__file__).with_name("evade.c")
    subprocess.run(["cc", "-static", "-O1", "-D_GNU_SOURCE", "-o", f"{tree}{EVADE}", evade], check=True)
    servers = []
    try:
        if kind != "overlay":
            servers = [mount_at(tree, name, kind) for name in ("etc", "home")]
    except (subprocess.CalledProcessError, FileNotFoundError) as error:
        print(f"skipped: no {kind} here: {error}")
        return 77
    rows = [row for row in ROWS if not wanted or any(row.id.startswith(prefix) for prefix in wanted)]
    for row in [row for row in rows if kind in row.not_on]:
        print(f"not on {kind}: {row.id} ({row.what}): {row.not_on[kind]}")
        rows.remove(row)
    began = time.monotonic()
    with Machine(tree) as machine:
        prepare(machine)
        n_failed, n_tried = try_rows(machine, rows, kind)
        n_failed += not sanitizers_are_silent(machine)
    for server in filter(None, servers):
        server.terminate()
    print(f"{n_tried} of {len(rows)} rows on {kind}, {n_failed} failed, {time.monotonic() - began:.1f} s")
    return 1 if n_failed else 0


if __name__ == "__main__":
    sys.exit(main())
