#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sizes and openings: functions of at most 80 lines and 6 parameters, files of at most 800 lines,
each with its SPDX line, each .c of a program opening with a comment of what it is, nothing left to be done."""

import re
import subprocess

from house import Check, sources

MAX_FUNCTION_LINES = 80
MAX_PARAMETERS = 6
MAX_FILE_LINES = 800
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
OPENING = re.compile(r"/\* SPDX-License-Identifier: GPL-3\.0-or-later \*/\n(.*)", re.DOTALL)
FORMAT = "--_xformat=%{line}\t%{end}\t%{name}\t%{signature}\t%F"


def functions(paths):
    """Yields (file name, name, lines, parameters) of each function defined in these files."""
    listing = subprocess.run(
        ["ctags", "--languages=C", "--langmap=C:.c.h", "--kinds-C=f", "--fields=+neS",
         "--output-format=xref", FORMAT, "-L", "-", "-f", "-"],
        input="\n".join(map(str, paths)), check=True, capture_output=True, text=True)
    for line in listing.stdout.splitlines():
        first, last, name, signature, path = line.split("\t")
        # commas of a function pointer's own parameters do not count
        flat = re.sub(r"\([^()]*\)", "", signature.strip()[1:-1])
        n_parameters = 0 if flat.strip() in ("", "void") else flat.count(",") + 1
        yield path, name, int(last) - int(first) + 1, n_parameters


with Check(__doc__) as check:
    paths = sources(check.source, {".c", ".h"})
    for path in paths:
        check.n_looked_at += 1
        name, content = check.relative(path), path.read_text()
        opening = OPENING.match(content)
        if not opening:
            check.complain(name, "does not open with its SPDX line")
        elif path.suffix == ".c" and name.parts[0] != "tests" and not opening[1].lstrip().startswith("/*"):
            check.complain(name, "does not open with a comment of what it is")
        if (n_lines := content.count("\n")) > MAX_FILE_LINES:
            check.complain(name, f"{n_lines} lines, the limit is {MAX_FILE_LINES}")
        for unfinished in UNFINISHED.findall(content):
            check.complain(name, f"says {unfinished}")
    for path, function, n_lines, n_parameters in functions(paths):
        where = f"{path.removeprefix(str(check.source) + '/')}: {function}()"
        if n_lines > MAX_FUNCTION_LINES:
            check.complain(where, f"{n_lines} lines, the limit is {MAX_FUNCTION_LINES}")
        if n_parameters > MAX_PARAMETERS:
            check.complain(where, f"{n_parameters} parameters, the limit is {MAX_PARAMETERS}")
