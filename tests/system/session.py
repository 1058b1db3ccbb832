# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions as documents show them: `# ` is root's prompt, `$ ` a user's, `> ` goes on with the line before; what
follows a command is what it printed.
"""

import re

COMMAND = re.compile(r"^([#$]) (.*\n(?:> .*\n)*)", re.MULTILINE)


def typed(session):
    """(prompt, command as a shell gets it, the lines as they stand) of each command of a session."""
    for match in COMMAND.finditer(session):
        yield match[1], re.sub(r"\n> ", "\n", match[2]), match[0]
