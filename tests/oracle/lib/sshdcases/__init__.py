# SPDX-License-Identifier: GPL-3.0-or-later
"""Cases for the oracle of sshd_config: what they are, where they come from, how they are judged."""
