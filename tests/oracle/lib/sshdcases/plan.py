# SPDX-License-Identifier: GPL-3.0-or-later
"""What every run has to show, tree by tree: each keyword with each value form in each spelling, and
each keyword with each value it refuses.

All of them, in an order that the seed shuffles, are dealt out to the trees one after the other, and
again in another order when all have had their turn. A run that is long enough meets every one a few
times; how many it met where they count is in its report.
"""

from __future__ import annotations

import random
from functools import lru_cache
from typing import NamedTuple

from .judge import Release
from .keywords import KEYWORDS, Keyword
from .lexical import ODDITIES, PLAIN
from .values import Draw

PROBES = 12  # lines of a tree that are dealt out
WRONG = 2  # values of a tree that are to be refused, each on a command line of its own


class Probe(NamedTuple):
    keyword: int  # in KEYWORDS
    form: int  # of its grammar
    oddity: int  # in ODDITIES


class Wrong(NamedTuple):
    keyword: int
    form: int


class Deck:
    """All of one kind, shuffled anew for each lap."""

    def __init__(self, items: list, seed: str) -> None:
        self.items, self.seed = items, seed
        self.laps: dict[int, list] = {}

    def deal(self, tree: int, count: int) -> list:
        """The COUNT items of a tree."""
        places = (divmod(at, len(self.items)) for at in range(tree * count, (tree + 1) * count))
        return [self.lap(lap)[place] for lap, place in places]

    def lap(self, number: int) -> list:
        if number not in self.laps:
            order = list(self.items)
            random.Random(f"{self.seed} lap {number}").shuffle(order)
            self.laps = {number - 1: self.laps.get(number - 1, []), number: order}
        return self.laps[number]


class Plan:
    def __init__(self, release: Release, seed: str) -> None:
        draw = Draw(random.Random(seed), release)
        known = [(i, k) for i, k in enumerate(KEYWORDS) if k.known(release.number)]
        probes = [
            Probe(index, form, number)
            for index, keyword in known
            for form, arguments in enumerate(keyword.grammar.goods(draw))
            for number, oddity in enumerate(ODDITIES)
            if oddity.fits(draw, keyword.name, arguments, keyword.raw)
        ]
        wrongs = [
            Wrong(index, form)
            for index, keyword in known
            for form in range(len(keyword.grammar.bads(draw)))
        ]
        self.probes, self.wrongs = Deck(probes, seed), Deck(wrongs, seed)


@lru_cache(maxsize=2)
def plan(release: Release, seed: str) -> Plan:
    return Plan(release, seed)


def probe_line(draw: Draw, probe: Probe) -> tuple[Keyword, list[str], str]:
    keyword = KEYWORDS[probe.keyword]
    arguments = keyword.grammar.goods(draw)[probe.form]
    line = ODDITIES[probe.oddity].line(draw, keyword.name, arguments, keyword.raw)
    return keyword, arguments, line


def wrong_line(draw: Draw, wrong: Wrong) -> str:
    """As an argument of -o."""
    keyword = KEYWORDS[wrong.keyword]
    arguments = list(keyword.grammar.bads(draw)[wrong.form])
    return PLAIN.line(draw, keyword.name, arguments, keyword.raw)
