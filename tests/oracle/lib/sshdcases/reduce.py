# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes a failing case small: contexts, command line, files, lines, words, characters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from shrink import Budget, minimise

from .case import Case
from .judge import Difference, Judge

RUNS = 500  # for one failure; about five seconds


class Reducer:
    """Keeps a difference like the first one while everything else goes."""

    def __init__(self, judge: Judge, difference: Difference) -> None:
        self.judge, self.found = judge, difference
        self.budget = Budget(RUNS)

    def still_fails(self, case: Case) -> bool:
        verdict = self.judge.judge(case)
        if verdict.difference is None or not verdict.difference.resembles(self.found):
            return False
        self.found = verdict.difference
        return True

    def attempt(self, case: Case, candidate: Case) -> Case:
        return candidate if self.budget.spend() and self.still_fails(candidate) else case

    def reduce(self, case: Case) -> tuple[Case, Difference]:
        context = self.found.context
        if self.found.wrong is not None:
            case = replace(case, options=(*case.options, self.found.wrong))
        case = replace(case, wrong=())
        case = self.attempt(case, replace(case, contexts=() if context is None else (context,)))
        options = minimise(
            case.options,
            lambda kept: self.still_fails(replace(case, options=tuple(kept))),
            self.budget,
        )
        case = replace(case, options=tuple(options))
        links = minimise(
            sorted(case.links),
            lambda kept: self.still_fails(
                replace(case, links={name: case.links[name] for name in kept})
            ),
            self.budget,
        )
        case = replace(case, links={name: case.links[name] for name in links})
        case = self.reduce_files(case)
        for path in sorted(case.files):
            case = self.reduce_content(case, path)
        if case.contexts:
            case = self.reduce_contexts(case)
        return case, self.found

    def reduce_files(self, case: Case) -> Case:
        main = {case.main} & set(case.files)
        others = sorted(set(case.files) - main)

        def only(kept: list[str]) -> Case:
            return case.with_files({path: case.files[path] for path in (*main, *kept)})

        return only(minimise(others, lambda kept: self.still_fails(only(kept)), self.budget))

    def reduce_content(self, case: Case, path: str) -> Case:
        def with_content(content: bytes) -> Case:
            return case.with_files({**case.files, path: content})

        def shrunk(parts: list[bytes], whole: Callable[[list[bytes]], bytes]) -> list[bytes]:
            return minimise(
                parts, lambda kept: self.still_fails(with_content(whole(kept))), self.budget
            )

        lines = shrunk(case.files[path].splitlines(keepends=True), b"".join)
        for at, line in enumerate(lines):
            words = shrunk(
                line.split(b" "),
                lambda kept, at=at: b"".join([*lines[:at], b" ".join(kept), *lines[at + 1 :]]),
            )
            lines[at] = b" ".join(words)
        for at, line in enumerate(lines):
            letters = shrunk(
                [line[i : i + 1] for i in range(len(line))],
                lambda kept, at=at: b"".join([*lines[:at], *kept, *lines[at + 1 :]]),
            )
            lines[at] = b"".join(letters)
        return with_content(b"".join(lines))

    def reduce_contexts(self, case: Case) -> Case:
        specs = list(case.contexts[0])
        for at, spec in enumerate(specs):
            fields = minimise(
                spec.split(","),
                lambda kept, at=at: self.still_fails(
                    replace(
                        case, contexts=(tuple([*specs[:at], ",".join(kept), *specs[at + 1 :]]),)
                    )
                ),
                self.budget,
            )
            specs[at] = ",".join(fields)
        return replace(case, contexts=(tuple(specs),))
