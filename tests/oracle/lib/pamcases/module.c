/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A module that returns what the driver's script says. NAME is its name without ".so". */

int oracle_call(const char *module, int argc, const char **argv);

#define ENTRY(function)                                                                            \
        int function(void *handle, int flags, int argc, const char **argv);                        \
        int function(void *handle, int flags, int argc, const char **argv) {                       \
                (void)handle;                                                                      \
                (void)flags;                                                                       \
                return oracle_call(NAME, argc, argv);                                              \
        }

ENTRY(pam_sm_authenticate)
ENTRY(pam_sm_setcred)
ENTRY(pam_sm_acct_mgmt)
ENTRY(pam_sm_open_session)
ENTRY(pam_sm_close_session)
ENTRY(pam_sm_chauthtok)
