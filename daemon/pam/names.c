/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names of return codes, types and facilities. The code names are those of pam_tokens.h, which
 * differ from the constants in one place: it is authtok_recover_err, not _recovery_. */

#include "pam/names.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const code_names[N_PAM_CODES] = {
        "success",
        "open_err",
        "symbol_err",
        "service_err",
        "system_err",
        "buf_err",
        "perm_denied",
        "auth_err",
        "cred_insufficient",
        "authinfo_unavail",
        "user_unknown",
        "maxtries",
        "new_authtok_reqd",
        "acct_expired",
        "session_err",
        "cred_unavail",
        "cred_expired",
        "cred_err",
        "no_module_data",
        "conv_err",
        "authtok_err",
        "authtok_recover_err",
        "authtok_lock_busy",
        "authtok_disable_aging",
        "try_again",
        "ignore",
        "abort",
        "authtok_expired",
        "module_unknown",
        "bad_item",
        "conv_again",
        "incomplete",
};

static const char *const type_names[N_PAM_TYPES] = { "auth", "account", "password", "session" };

static const struct {
        const char *name;
        enum pam_type type;
} facilities[N_PAM_FACILITIES] = {
        [PAM_AUTH] = { "auth", PAM_TYPE_AUTH },
        [PAM_SETCRED] = { "setcred", PAM_TYPE_AUTH },
        [PAM_ACCOUNT] = { "account", PAM_TYPE_ACCOUNT },
        [PAM_OPEN_SESSION] = { "open_session", PAM_TYPE_SESSION },
        [PAM_CLOSE_SESSION] = { "close_session", PAM_TYPE_SESSION },
        [PAM_PASSWORD] = { "password", PAM_TYPE_PASSWORD },
};

const char *pam_code_name(int code) {
        return code >= 0 && code < N_PAM_CODES ? code_names[code] : NULL;
}

bool pam_code_parse(const char *text, int *ret) {
        char *end;
        long number;

        for (int code = 0; code < N_PAM_CODES; code++)
                if (strcmp(text, code_names[code]) == 0) {
                        *ret = code;
                        return true;
                }
        number = strtol(text, &end, 10);
        if (end == text || *end || number < -1000000 || number > 1000000)
                return false;
        *ret = (int)number;
        return true;
}

const char *pam_type_name(enum pam_type type) {
        return type_names[type];
}

enum pam_type pam_type_parse(const char *text) {
        enum pam_type type = 0;

        while (type < N_PAM_TYPES && strcasecmp(text, type_names[type]) != 0)
                type++;
        return type;
}

const char *pam_facility_name(enum pam_facility facility) {
        return facilities[facility].name;
}

enum pam_facility pam_facility_parse(const char *text) {
        enum pam_facility facility = 0;

        while (facility < N_PAM_FACILITIES && strcmp(text, facilities[facility].name) != 0)
                facility++;
        return facility;
}

enum pam_type pam_facility_type(enum pam_facility facility) {
        return facilities[facility].type;
}

enum pam_facility pam_type_facility(enum pam_type type) {
        static const enum pam_facility deciding[N_PAM_TYPES] = {
                [PAM_TYPE_AUTH] = PAM_AUTH,
                [PAM_TYPE_ACCOUNT] = PAM_ACCOUNT,
                [PAM_TYPE_PASSWORD] = PAM_PASSWORD,
                [PAM_TYPE_SESSION] = PAM_OPEN_SESSION,
        };

        return deciding[type];
}
