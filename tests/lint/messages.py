#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal's message ids: those of include/guard/messages.h and of the catalog are the same, each once,
each with a subject and a text that says what to do and speaks only of fields its entries always carry
(journalctl prints the name of one that is missing)."""

import re

from house import Check

CATALOG_ENTRY = re.compile(r"^-- ([0-9a-f]{32})\n(.*?)(?=^-- |\Z)", re.MULTILINE | re.DOTALL)
ID = re.compile(r"\b[0-9a-f]{32}\b")
NAMED_ID = re.compile(r'#define (MESSAGE_\w+) "([0-9a-f]{32})"')
FIELD = re.compile(r"@(\w+)@")
NOTICE = re.compile(r"record_notice\(\s*(MESSAGE_\w+)")
NOTICE_AT = re.compile(r"record_notice_at\([^;]*?(MESSAGE_\w+)")
# what record.c gives every entry about a finding; a path only where a file is what it is about
ALWAYS = {"SSHGUARDD_RULE", "SSHGUARDD_ACTION", "SSHGUARDD_INCIDENT", "SSHGUARDD_GENERATION"}
ABOUT_A_FILE = ("MESSAGE_UNAPPROVED", "MESSAGE_REVERTED", "MESSAGE_REPAIRED", "MESSAGE_RESTORED", "MESSAGE_INSTALLED",
                "MESSAGE_CONTESTED")


def carried(check, names):
    """{id: the fields that each entry with it carries}"""
    fields = {value: ALWAYS | ({"SSHGUARDD_PATH"} if name in ABOUT_A_FILE else set()) for name, value in names.items()}
    text = "".join(path.read_text() for path in sorted((check.source / "daemon").rglob("*.c")))
    fields |= {names[name]: {"SSHGUARDD_PATH"} for name in NOTICE_AT.findall(text) if name in names}
    fields |= {names[name]: set() for name in NOTICE.findall(text) if name in names}
    return fields


with Check(__doc__) as check:
    header = check.source / "include/guard/messages.h"
    catalog = check.source / "systemd/sshguardd.catalog"
    sent = ID.findall(header.read_text())
    explained = CATALOG_ENTRY.findall(catalog.read_text())
    ids = [entry[0] for entry in explained]
    for name, values in ((check.relative(header), sent), (check.relative(catalog), ids)):
        check.n_looked_at += len(values)
        for value in sorted(value for value in set(values) if values.count(value) > 1):
            check.complain(name, f"{value} stands there twice")
    for value in sorted(set(sent) - set(ids)):
        check.complain(check.relative(catalog), f"does not explain {value}")
    for value in sorted(set(ids) - set(sent)):
        check.complain(check.relative(header), f"does not know {value}")
    known = carried(check, dict(NAMED_ID.findall(header.read_text())))
    for value, text in explained:
        for field in sorted(set(FIELD.findall(text)) - known.get(value, ALWAYS)):
            check.complain(check.relative(catalog), f"{value} speaks of {field}, which not every entry has")
        head, _, body = text.partition("\n\n")
        if not head.startswith("Subject: ") or not body.strip():
            check.complain(check.relative(catalog), f"{value} has no subject or no text")
