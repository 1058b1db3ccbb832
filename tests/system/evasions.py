#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What must be caught, on a real machine whose /etc lies on one kind of file system: prints for each row of
evasions_table.py by which layer it was noticed, how long after, and whether it was put right.

Usage: tests/system/evasions.py PACKAGE [FILE-SYSTEM [ROW...]], with TREE as for guard.py. FILE-SYSTEM is overlay (the
machine's own), tmpfs, ext4, xfs or btrfs (on a loop device). Times are printed and never judged.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import time

from evasions_table import EVADE, REPORTED, REVERTED, ROWS
from machine import Failure, Machine, eventually
from suite import alerts, ctl, expect

IMAGE_BYTES = 512 << 20  # mkfs.xfs takes no less than 300 MiB
DETECT_SECONDS = 20  # a sweep that is due each 5 s, contents in slices
QUIET_SECONDS = 8  # until the next sweep
CONTESTED = 4  # attacks of a file in a row; with some more it would be contested, and alerts be summarised
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
  { id = "site.approved.unit"; file = "/etc/systemd/system/ssh.service.d/*.conf"; approved_only = true;
    response = "revert"; }
);
"""
DROP_IN = "# of this site\\nPasswordAuthentication no \\nPermitRootLogin no\\n"


def mount_etc(tree, kind):
    """Puts the tree's /etc on a file system of its own."""
    if kind == "overlay":
        return
    etc, image = tree / "etc", tree.parent / "etc.image"
    if kind == "tmpfs":
        command = ["mount", "-t", "tmpfs", "etc"]
    else:
        image.touch()
        os.truncate(image, IMAGE_BYTES)
        subprocess.run([f"mkfs.{kind}", *(["-q"] if kind != "xfs" else ["-q"]), image], check=True)
        command = ["mount", "-o", "loop", "-t", kind, image]
    away = tree.parent / "etc"
    away.mkdir()
    subprocess.run([*command, away], check=True)
    subprocess.run(["cp", "-a", f"{etc}/.", away], check=True)
    subprocess.run(["mount", "--move", away, etc], check=True)


def prepare(machine):
    machine.run("dpkg --install /root/sshguardd.deb", seconds=120)
    machine.run(f"printf '{DROP_IN}' >/etc/ssh/sshd_config.d/50-site.conf; systemctl reload ssh")
    machine.run("sed -i '1i auth [success=ok default=bad] pam_google_authenticator.so' /etc/pam.d/sshd")
    machine.write("/etc/sshguardd/policy.d/50-site.conf", POLICY)
    machine.run("""sed -i 's/^mode = .*/mode = "enforce";/' /etc/sshguardd/sshguardd.conf""")
    machine.run("sshguardd --test-policy && systemctl enable --now sshguardd")
    expect(is_quiet(machine), f"it begins with {say(findings(machine))}")


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
    entries = [entry for entry in entries if entry["SSHGUARDD_ACTION"] != "resolved"]
    return [entry for entry in entries if row.rule in ("", entry["SSHGUARDD_RULE"])]


def approve(machine, path):
    machine.run(f"sshguardctl approve '{path}' --yes --reason 'the suite does'")


def set_up(machine, row):
    if not row.setup:
        return
    machine.run(f"sshguardctl pause --for 1min --reason setup; {row.setup}")
    for path in row.approve:
        eventually(f"{path} is seen", lambda path=path: any(
            file["path"] == path for file in ctl(machine, "files")["files"]), QUIET_SECONDS)
        approve(machine, path)
    machine.run("sshguardctl resume")
    eventually("nothing is wrong before", lambda: is_quiet(machine), QUIET_SECONDS)


def see(machine, row):
    """Does it, and waits for what must follow. Returns (layer, seconds until the alert)."""
    before, after = fingerprint(machine, row.path), machine.journal_end()
    machine.run(row.attack)
    ended = float(machine.run("date +%s.%N").stdout)
    alert = eventually("it is noticed", lambda: alerts_about(machine, row, after), DETECT_SECONDS)[0]
    if row.outcome == REVERTED:
        eventually("it is put right", lambda: fingerprint(machine, row.path) == before, DETECT_SECONDS)
    else:
        expect(any(finding["path"] == row.path for finding in findings(machine)), "there is no finding")
    if row.message:
        eventually(f"the alert {row.message}", lambda: alerts(machine, row.message, after))
    at = int(alert["__REALTIME_TIMESTAMP"]) / 1e6
    return alert.get("SSHGUARDD_NOTICED_BY", "?"), at - ended


def tidy_up(machine, row):
    if row.undo:
        machine.run(row.undo)
    eventually("nothing is wrong after", lambda: is_quiet(machine), QUIET_SECONDS)


def try_row(machine, row, kind):
    """Prints one line; False if it failed."""
    layer, seconds, problem = "-", 0.0, None
    for step in (set_up, see, tidy_up):
        try:
            result = step(machine, row)
            if step is see:
                layer, seconds = result
        except (Failure, subprocess.TimeoutExpired) as failure:
            problem = problem or str(failure)
    when = "during" if seconds < 0 else f"{seconds * 1000:.0f} ms"
    outcome = row.outcome + (f": {row.why}" if row.outcome == REPORTED else "")
    print(f"{'FAILED' if problem else 'ok    '} {kind:<8} {row.id:<14} {layer:<14} {when:>9}  "
          f"{row.what}: {problem or outcome}", flush=True)
    if problem:
        print("        " + say(findings(machine))[:1500], flush=True)
    return problem is None


def main():
    tree, package = pathlib.Path(os.environ["TREE"]), sys.argv[1]
    kind, wanted = (sys.argv[2] if len(sys.argv) > 2 else "overlay"), sys.argv[3:]
    shutil.copy(package, tree / "root/sshguardd.deb")
    evade = pathlib.Path(__file__).with_name("evade.c")
    subprocess.run(["cc", "-static", "-O1", "-D_GNU_SOURCE", "-o", f"{tree}{EVADE}", evade], check=True)
    try:
        mount_etc(tree, kind)
    except (subprocess.CalledProcessError, FileNotFoundError) as error:
        print(f"skipped: no {kind} here: {error}")
        return 77
    rows = [row for row in ROWS if kind not in row.not_on and
            (not wanted or any(row.id.startswith(prefix) for prefix in wanted))]
    began = time.monotonic()
    with Machine(tree) as machine:
        prepare(machine)
        n_failed = 0
        for number, row in enumerate(rows):
            if number % CONTESTED == CONTESTED - 1:
                machine.run("systemctl restart sshguardd")
            n_failed += not try_row(machine, row, kind)
        if n_failed:
            print(machine.run("journalctl --no-pager -u sshguardd -n 60", check=False).stdout)
    print(f"{len(rows)} rows on {kind}, {n_failed} failed, {time.monotonic() - began:.1f} s")
    return 1 if n_failed else 0


if __name__ == "__main__":
    sys.exit(main())
