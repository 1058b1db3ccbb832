# SPDX-License-Identifier: GPL-3.0-or-later
"""MESSAGE["DRIFT"] and the like: the journal's message ids, from include/guard/messages.h."""

import pathlib
import re

HEADER = pathlib.Path(__file__).resolve().parents[2] / "include/guard/messages.h"
MESSAGE = dict(re.findall(r'#define MESSAGE_(\w+) "([0-9a-f]{32})"', HEADER.read_text()))
