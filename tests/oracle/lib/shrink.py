# SPDX-License-Identifier: GPL-3.0-or-later
"""Delta debugging: the smallest part of a failing input that still fails."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

Item = TypeVar("Item")


class Budget:
    """How many more times the programs may be run for one failure."""

    def __init__(self, runs: int) -> None:
        self.runs = runs

    def spend(self) -> bool:
        self.runs -= 1
        return self.runs >= 0


def minimise(
    items: Sequence[Item], fails: Callable[[list[Item]], bool], budget: Budget
) -> list[Item]:
    """A subsequence of ITEMS that still fails and, the budget permitting, loses none of its items
    without passing. ITEMS itself must fail."""
    kept = list(items)
    size = max(1, len(kept) // 2)
    while kept:
        start, shrunk = 0, False
        while start < len(kept):
            candidate = kept[:start] + kept[start + size :]
            if not budget.spend():
                return kept
            if fails(candidate):
                kept, shrunk = candidate, True
            else:
                start += size
        if size == 1 and not shrunk:
            break
        size = max(1, size // 2)
    return kept
