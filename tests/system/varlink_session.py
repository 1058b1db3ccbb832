#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A session of Debian's python3-varlink, which makes its methods out of the interface's own text and holds each reply
against that text: asks for everything that can be asked, makes the errors that can be made, and lets one connection
hear what another does. Prints what came of it as one JSON object. tests/system/clients.py runs it.

Usage: varlink_session.py ADDRESS PATH RULE, with the package's modules in PYTHONPATH.
"""

import json
import sys

import varlink

INTERFACE = "org.sshguardd.Control"
FOREVER = 9000000000000000
REASON = "\N{LATIN SMALL LETTER U WITH DIAERESIS}ber python3-varlink"


def all_pages(method, name):
    """How many entries a list has, and whether any came twice."""
    entries, after = [], None
    while True:
        page = method(after=after, limit=7)
        entries += page[name]
        after = page.get("next")
        if after is None:
            keys = [json.dumps(entry, sort_keys=True) for entry in entries]
            return {"count": len(keys), "twice": len(keys) - len(set(keys))}


def ask(control, path, rule):
    status = control.Status()
    return {
        "mode": status["mode"],
        "counts": sorted(status["counts"]),
        "files": all_pages(control.ListFiles, "files"),
        "findings": all_pages(control.ListFindings, "findings"),
        "rules": [entry["id"] for entry in control.ListRules()["rules"]],
        "explained": control.Explain(rule)["rule"]["id"],
        "diff": sorted(control.Diff(path=path)),
        "metrics": control.GetMetrics()["text"].splitlines()[-1],
        "generated": "rules" in control.GeneratePolicy()["text"],
    }


def error_of(function, *arguments, **options):
    try:
        function(*arguments, **options)
    except varlink.VarlinkError as error:
        return [error.error(), error.parameters()]
    return None


def make_errors(control, path):
    return {
        "rule": error_of(control.Explain, "site.no-password"),
        "incident": error_of(control.GetIncident, 4711),
        "path": error_of(control.Permit, "/etc/motd", None, FOREVER, None, REASON),
        "content": error_of(control.Approve, path=path, sha256="absent"),
    }


def listen_while_deciding(client, control, path):
    """The events that a subscriber hears of what another connection decides, and the permit in the list."""
    with client.open(INTERFACE) as listening:
        events = listening.Monitor(_more=True)
        first = next(events)["event"]["kind"]
        control.Pause(FOREVER, REASON)
        paused = next(events)["event"]["message"]
        control.Resume()
    permit = control.Permit(path=path, until_us=FOREVER, reason=REASON)["id"]
    listed = [entry["reason"] for entry in control.ListPermits()["permits"] if entry["id"] == permit]
    control.RevokePermit(permit, _oneway=True)
    return {"first": first, "paused": paused, "listed": listed,
            "stays": permit in [entry["id"] for entry in control.ListPermits()["permits"]]}


def main():
    address, path, rule = sys.argv[1:]
    with varlink.Client.new_with_address(address) as client, client.open(INTERFACE) as control:
        passes = [(reply["done"], reply["total"], reply.get("findings")) for reply in control.Check(_more=True)]
        print(json.dumps({"interfaces": sorted(client.get_interfaces()), "asked": ask(control, path, rule),
                          "errors": make_errors(control, path), "passes": passes,
                          "decided": listen_while_deciding(client, control, path)}))


if __name__ == "__main__":
    main()
