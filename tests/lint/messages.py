#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The journal's message ids: those of include/guard/messages.h and of the catalog are the same, each once,
each with a subject and a text that says what to do."""

import re

from house import Check

CATALOG_ENTRY = re.compile(r"^-- ([0-9a-f]{32})\n(.*?)(?=^-- |\Z)", re.MULTILINE | re.DOTALL)
ID = re.compile(r"\b[0-9a-f]{32}\b")

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
    for value, text in explained:
        head, _, body = text.partition("\n\n")
        if not head.startswith("Subject: ") or not body.strip():
            check.complain(check.relative(catalog), f"{value} has no subject or no text")
