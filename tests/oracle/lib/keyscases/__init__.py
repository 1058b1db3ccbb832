# SPDX-License-Identifier: GPL-3.0-or-later
"""Random files of authorized keys, and the programs that judge them."""
