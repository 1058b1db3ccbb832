# SPDX-License-Identifier: GPL-3.0-or-later
"""Linux-PAM's numbers, by the names its configuration gives them (_pam_types.h, pam.conf(5))."""

from __future__ import annotations

CODES = (
    "success open_err symbol_err service_err system_err buf_err perm_denied auth_err "
    "cred_insufficient authinfo_unavail user_unknown maxtries new_authtok_reqd acct_expired "
    "session_err cred_unavail cred_expired cred_err no_module_data conv_err authtok_err "
    "authtok_recover_err authtok_lock_busy authtok_disable_aging try_again ignore abort "
    "authtok_expired module_unknown bad_item conv_again incomplete"
).split()
NUMBERS = {name: number for number, name in enumerate(CODES)}

TYPES = ("auth", "account", "password", "session")
# what an application can ask for, and the type of the rules that decide it
FACILITIES = {
    "auth": "auth",
    "setcred": "auth",
    "account": "account",
    "open_session": "session",
    "close_session": "session",
    "password": "password",
}
DECIDING = {"auth": "auth", "account": "account", "password": "password", "session": "open_session"}


def name_of(code: int) -> str:
    return CODES[code] if 0 <= code < len(CODES) else str(code)
