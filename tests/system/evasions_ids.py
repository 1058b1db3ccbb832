# SPDX-License-Identifier: GPL-3.0-or-later
"""All that must be caught (E) and what a revert must survive (R), and where each is shown: in a row of
evasions_table.py whose id begins with it, in a check of another suite, in a unit test, or, where nothing can be
shown, in a sentence of docs/THREATS.md. Nothing of it can be forgotten: main() of evasions.py refuses to begin, and
`evasions.py --list` (a lint test) fails, while one has no place or a place is not there.
"""

import pathlib
import re

from evasions_table import ROWS

TESTS = pathlib.Path(__file__).resolve().parents[1]

IDS = [f"E{n}" for first, last in ((1, 35), (40, 66), (70, 83), (90, 98)) for n in range(first, last + 1)]
IDS += [f"R{n}" for n in range(1, 16)]

# id: (file below tests/, what is searched there: a check or a test)
ELSEWHERE = {
    "E63": ("system/guard.py", "a_second_sshd_is_told"),
    "E94": ("system/engine.py", "every_version_of_a_fight_is_kept_up_to_the_bound"),
    "E96": ("unit/os/test_watch.c", "test_limit"),
    "R2": ("system/keys.py", "the_cluster_link_stays_and_what_it_leads_to_is_put_back"),
    "R5": ("system/totp.py", "the_code_still_opens_a_session"),
    "R6": ("system/guard.py", "way_1_an_edit_is_reverted"),
    "R7": ("system/guard.py", "a_reverted_file_has_its_owner_mode_acl_and_xattr_back"),
    "R9": ("system/upgrades.py", "nothing_is_put_back_while_dpkg_runs"),
    "R10": ("system/managers.py", "its_next_run_finds_its_own_work"),
    "R11": ("system/engine.py", "a_fight_is_won_and_summarised"),
    "R12": ("system/engine.py", "its_own_writes_are_no_incident"),
    "R13": ("system/control.py", "nobody_to_ask_means_no"),
    "R14": ("system/guard.py", "restore_brings_a_quarantined_version_back"),
}

# a hazard that rows under another name show
ROWS_OF = {"R3": "E23", "R4": "E20"}

# id: words of the sentence
SENTENCES = {
    "E35": "Content changed from outside the running system",
    "E66": "A patched sshd or libpam",
    "E83": "nsswitch.conf",
    "E98": "Root that stays",
}


def rows_of(identity):
    wanted = ROWS_OF.get(identity, identity)
    return [row.id for row in ROWS if re.fullmatch(rf"{wanted}(-.*)?", row.id)]


def place_of(identity):
    """Where it is shown, as text; None if nowhere."""
    if rows := rows_of(identity):
        return "rows " + " ".join(rows)
    if identity in ELSEWHERE:
        file, name = ELSEWHERE[identity]
        text = (TESTS / file).read_text() if (TESTS / file).exists() else ""
        return f"tests/{file}: {name}" if re.search(rf"\b{name}\b", text) else None
    if identity in SENTENCES:
        text = (TESTS.parent / "docs/THREATS.md").read_text()
        return f"docs/THREATS.md: {SENTENCES[identity]}" if SENTENCES[identity] in text else None
    return None


def forgotten():
    return [identity for identity in IDS if place_of(identity) is None]


def print_list():
    for identity in IDS:
        print(f"{identity:<4} {place_of(identity) or 'NOWHERE'}")
