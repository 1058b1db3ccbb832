# SPDX-License-Identifier: GPL-3.0-or-later
"""What the suites of tests/system share: a check is a function marked @check; main() boots a machine with the
package in /root/sshguardd.deb, runs the checks in the order they are written, and prints one line for each.
"""

import json
import os
import pathlib
import shutil
import sys
import time
import traceback

from machine import Failure, Machine
from messages import MESSAGE

CHECKS = []


def check(function):
    CHECKS.append(function)
    return function


def expect(condition, message):
    if not condition:
        raise Failure(message)


def ctl(machine, arguments, **options):
    """What sshguardctl --json says, as a value."""
    result = machine.run(f"sshguardctl --json {arguments}", check=False, **options)
    expect(result.returncode in (0, 1), f"sshguardctl {arguments} ended with {result.returncode}: {result.stderr}")
    return json.loads(result.stdout)


def alerts(machine, message, after):
    return machine.journal(f"MESSAGE_ID={MESSAGE[message]}", after=after)


def approve(machine, path, user=None):
    digest = machine.run(f"sha256sum {path}").stdout.split()[0]
    machine.run(f"sshguardctl approve {path} --sha256 {digest} --reason tested", user=user)


def sanitizers_are_silent(machine):
    """Whether no sanitizer said anything; what they say goes to the journal, and ends the process."""
    said = machine.run("journalctl --no-pager -o cat -u sshguardd --grep 'Sanitizer|runtime error:' | head -n 40",
                       check=False).stdout.strip()
    if said:
        print(f"FAILED: a sanitizer reports\n{said}")
    return not said


def run_check(machine, function):
    name, began = function.__name__.replace("_", " "), time.monotonic()
    try:
        function(machine)
        problem = None
    except Failure as failure:
        problem = str(failure)
    except Exception:
        problem = traceback.format_exc()
    print(f"{'FAILED' if problem else 'ok    '} {time.monotonic() - began:6.2f} s  {name}", flush=True)
    if problem:
        print("        " + problem.strip().replace("\n", "\n        "), flush=True)
    return problem is None


def main():
    """Runs the checks of the suite that was started, in their order, on a machine with the package at hand."""
    tree = pathlib.Path(os.environ["TREE"])
    shutil.copy(sys.argv[1], tree / "root/sshguardd.deb")
    began = time.monotonic()
    with Machine(tree) as machine:
        print(f"booted {time.monotonic() - began:6.2f} s", flush=True)
        n_failed = sum(not run_check(machine, function) for function in CHECKS)
        n_failed += not sanitizers_are_silent(machine)
        if n_failed:
            print(machine.run("journalctl --no-pager -u sshguardd -n 60", check=False).stdout)
    print(f"{len(CHECKS)} checks, {n_failed} failed, {time.monotonic() - began:.1f} s")
    return 1 if n_failed else 0

