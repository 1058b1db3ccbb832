#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/FLEET.md as it stands, on one machine that plays host and collector over loopback: alerts arrive in the
collector's journal over HTTPS, a policy is rolled out by Ansible after it was tried, Prometheus has the numbers.

Usage: tests/system/fleet.py PACKAGE, with TREE naming the machine's root folder (tests/trees/overlay sets it).
"""

import json
import pathlib
import re
import sys

from machine import eventually
from session import typed
from suite import check, ctl, expect, main

NEEDS = "ansible-core,systemd-journal-remote,prometheus,prometheus-node-exporter,curl,openssl"
PAGE = (pathlib.Path(__file__).resolve().parents[2] / "docs/FLEET.md").read_text()
POLICY = "/etc/sshguardd/policy.d/50-fleet.conf"
COLLECTED = "journalctl --directory=/var/log/journal/remote --quiet --output=json"
ROLL_OUT = "cd /root && ANSIBLE_NOCOLOR=1 ansible-playbook -i localhost, -c local fleet.yml"


def type_part(machine, title):
    """Types the sessions of one part of the page."""
    part = re.search(rf"^## {title}.*?\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)[1]
    for block in re.findall(r"^```console\n(.*?)^```", part, re.MULTILINE | re.DOTALL):
        folder = "/root"
        for _, command, _ in typed(block):
            machine.run(f"cd {folder}; {command}", seconds=120)
            folder = (re.findall(r"&& cd (\S+)", command) or [folder])[-1]


def collected(machine, *matches):
    said = machine.run(f"{COLLECTED} {' '.join(matches)}", check=False).stdout
    return [json.loads(line) for line in said.splitlines()]


def query(machine, expression):
    """The value of each series."""
    said = machine.run(f"curl -sfG http://127.0.0.1:9090/api/v1/query --data-urlencode 'query={expression}'", check=False)
    results = json.loads(said.stdout or "{}").get("data", {}).get("result", [])
    return [float(result["value"][1]) for result in results]


@check
def a_host_of_the_fleet_is_guarded(machine):
    machine.run("echo 127.0.0.1 collector.example host1.example >>/etc/hosts; mkdir -p /var/log/journal && "
                "systemctl restart systemd-journald")
    machine.run("dpkg --install /root/sshguardd.deb", seconds=120)
    machine.run("""sed -i 's/^mode = .*/mode = "enforce";/' /etc/sshguardd/sshguardd.conf""")
    machine.write("/etc/ssh/sshd_config.d/50-site.conf", "PasswordAuthentication no\n")
    machine.run("systemctl reload ssh; systemctl enable --now sshguardd")


@check
def a_policy_is_tried_before_it_is_rolled_out(machine):
    type_part(machine, "Policy")
    good = machine.read("/root/fleet-policy.conf")
    for bad, why in ((good.replace('"no"', '"nein"'), "nein"), (good.replace('must = "no"', 'must = "yes"'), "It holds here")):
        machine.write("/root/fleet-policy.conf", bad)
        result = machine.run(ROLL_OUT, check=False, seconds=180)
        expect(result.returncode != 0 and why in result.stdout, f"with {why}: {result.stdout}")
        expect(not machine.exists(POLICY), "it was installed all the same")
    machine.write("/root/fleet-policy.conf", good)
    generation = ctl(machine, "status")["generation"]
    machine.run(ROLL_OUT, seconds=180)
    expect(ctl(machine, "status")["generation"] == generation + 1, "it is not in force")
    again = machine.run(ROLL_OUT, seconds=180).stdout
    expect("changed=0" in again, f"a second run changes something: {again}")


@check
def alerts_arrive_at_the_collector_over_https(machine):
    type_part(machine, "Alerts")
    machine.write("/etc/ssh/sshd_config.d/00-evil.conf", "PasswordAuthentication yes\n")
    entry = eventually("the alert arrives", lambda: collected(machine, "SSHGUARDD_RULE=site.no-passwords"), seconds=40)[0]
    expect(entry["SSHGUARDD_PATH"] == "/etc/ssh/sshd_config.d/00-evil.conf" and entry["SSHGUARDD_WITNESS"].startswith(
        "sshd -T -C"), f"the entry is {entry}")
    for question in re.findall(r"^journalctl (--directory=.*)$", PAGE, re.MULTILINE):
        machine.run(f"journalctl --quiet {question}")
    machine.run("systemctl stop sshguardd")
    eventually("that it stopped arrives", lambda: collected(machine, "MESSAGE_ID=13f7315eb64444c8886099f02cf24afb"), seconds=40)
    machine.run("systemctl start sshguardd")


@check
def who_has_no_certificate_is_refused(machine):
    said = machine.run("curl -s --cacert /root/ca/ca.pem -H 'Content-Type: application/vnd.fdo.journal' --data-binary "
                       "'MESSAGE=forged' -w '%{http_code}' https://collector.example:19532/upload", check=False).stdout
    expect("202" not in said and not collected(machine, "MESSAGE=forged"), f"the collector said {said}")


@check
def prometheus_has_the_numbers(machine):
    type_part(machine, "Numbers")
    eventually("the guard guards", lambda: query(machine, "sshguardd_guarding") == [1.0], seconds=120)
    eventually("no rule is broken", lambda: query(machine, "sum(sshguardd_findings)") == [0.0], seconds=60)
    machine.run("systemctl stop sshguardd; systemctl start sshguardd-metrics.service", check=False)
    eventually("one that is gone is told",
               lambda: query(machine, 'ALERTS{alertname="SshguarddGone",alertstate="firing"}') == [1.0], seconds=400)


if __name__ == "__main__":
    sys.exit(main())
