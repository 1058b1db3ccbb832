/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Linux-PAM's numbers and the names pam.conf(5) gives them. */

#include <stdbool.h>
#include <stdint.h>

enum pam_code { /* the return values of _pam_types.h, by their numbers */
                PAM_CODE_SUCCESS = 0,
                PAM_CODE_PERM_DENIED = 6,
                PAM_CODE_AUTH_ERR = 7,
                PAM_CODE_USER_UNKNOWN = 10,
                PAM_CODE_NEW_AUTHTOK_REQD = 12,
                PAM_CODE_SESSION_ERR = 14,
                PAM_CODE_CRED_ERR = 17,
                PAM_CODE_AUTHTOK_ERR = 20,
                PAM_CODE_IGNORE = 25,
                PAM_CODE_ABORT = 26,
                PAM_CODE_MODULE_UNKNOWN = 28,
                PAM_CODE_INCOMPLETE = 31,
                N_PAM_CODES = 32
};

/* Sets of codes: bit N is code N. */
#define PAM_CODES_ALL   UINT32_MAX
#define PAM_CODE_BIT(c) (UINT32_C(1) << (c))

/* What a rule of a configuration file is for; pam.conf(5) calls it the type. */
enum pam_type { PAM_TYPE_AUTH, PAM_TYPE_ACCOUNT, PAM_TYPE_PASSWORD, PAM_TYPE_SESSION, N_PAM_TYPES };

/* What an application can ask for. setcred walks the auth rules, close_session the session rules.
 */
enum pam_facility {
        PAM_AUTH,
        PAM_SETCRED,
        PAM_ACCOUNT,
        PAM_OPEN_SESSION,
        PAM_CLOSE_SESSION,
        PAM_PASSWORD,
        N_PAM_FACILITIES
};

/* "success", "auth_err" … as in a control's value=action list; NULL for a number that has none. */
const char *pam_code_name(int code);
/* A name, or a decimal number as modules are free to return any. False if it is neither. */
bool pam_code_parse(const char *text, int *ret);

const char *pam_type_name(enum pam_type type);
/* Case counts for nothing. N_PAM_TYPES if it names none. */
enum pam_type pam_type_parse(const char *text);

const char *pam_facility_name(enum pam_facility facility);
/* The exact lower-case name; "session" is not one. N_PAM_FACILITIES if it names none. */
enum pam_facility pam_facility_parse(const char *text);
enum pam_type pam_facility_type(enum pam_facility facility);
/* The facility that decides with rules of this type: auth, account, password, open_session. */
enum pam_facility pam_type_facility(enum pam_type type);
