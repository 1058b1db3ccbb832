/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Modules by name, and the answers of those that cannot answer otherwise.
 *
 * Without knowing that pam_deny never succeeds, Debian's own common-auth could not be told from a
 * stack that lets everybody in; and without knowing that pam_unix never asks to be ignored, and
 * pam_google_authenticator only when it is told `nullok`, no `required` line would require them.
 * Only modules whose sources have had the same answers since 1.3.1 (1.05 for the authenticator) are
 * listed, and only when the file lies in a module directory of the release: a pam_deny.so from
 * elsewhere may do what it likes.
 *
 * Arguments that name files are each module's own business; the table holds those whose content
 * decides who gets in or what a session starts with. Secrets that a module rewrites at each login
 * (pam_oath's usersfile, pam_google_authenticator's secret) are left out. */

#include "pam/module.h"

#include <string.h>

#include "base/pattern.h"

#define BIT(code) PAM_CODE_BIT(code)

/* pam_get_user() may fail in these ways before pam_permit says yes: system_err, buf_err,
 * user_unknown, conv_err, abort, conv_again, incomplete */
#define PERMIT_AUTH                                                                                \
        (BIT(PAM_CODE_SUCCESS) | BIT(4) | BIT(5) | BIT(PAM_CODE_USER_UNKNOWN) | BIT(19) |          \
         BIT(PAM_CODE_ABORT) | BIT(30) | BIT(PAM_CODE_INCOMPLETE))

#define ANSWERS (PAM_CODES_ALL & ~BIT(PAM_CODE_IGNORE))

static const struct {
        const char *name;
        const char *unless; /* with this argument it answers otherwise; NULL: with none */
        uint32_t codes[N_PAM_FACILITIES];
} constants[] = {
        { "pam_deny.so",
          NULL,
          { [PAM_AUTH] = BIT(PAM_CODE_AUTH_ERR),
            [PAM_SETCRED] = BIT(PAM_CODE_CRED_ERR),
            [PAM_ACCOUNT] = BIT(PAM_CODE_AUTH_ERR),
            [PAM_OPEN_SESSION] = BIT(PAM_CODE_SESSION_ERR),
            [PAM_CLOSE_SESSION] = BIT(PAM_CODE_SESSION_ERR),
            [PAM_PASSWORD] = BIT(PAM_CODE_AUTHTOK_ERR) } },
        { "pam_permit.so",
          NULL,
          { [PAM_AUTH] = PERMIT_AUTH,
            [PAM_SETCRED] = BIT(PAM_CODE_SUCCESS),
            [PAM_ACCOUNT] = BIT(PAM_CODE_SUCCESS),
            [PAM_OPEN_SESSION] = BIT(PAM_CODE_SUCCESS),
            [PAM_CLOSE_SESSION] = BIT(PAM_CODE_SUCCESS),
            [PAM_PASSWORD] = BIT(PAM_CODE_SUCCESS) } },
        { "pam_warn.so",
          NULL,
          { [PAM_AUTH] = BIT(PAM_CODE_IGNORE),
            [PAM_SETCRED] = BIT(PAM_CODE_IGNORE),
            [PAM_ACCOUNT] = BIT(PAM_CODE_IGNORE),
            [PAM_OPEN_SESSION] = BIT(PAM_CODE_IGNORE),
            [PAM_CLOSE_SESSION] = BIT(PAM_CODE_IGNORE),
            [PAM_PASSWORD] = BIT(PAM_CODE_IGNORE) } },
        { "pam_unix.so", /* its sources do not know the word */
          NULL,
          { ANSWERS, ANSWERS, ANSWERS, ANSWERS, ANSWERS, ANSWERS } },
        { "pam_google_authenticator.so",
          "nullok",
          { [PAM_AUTH] = BIT(PAM_CODE_SUCCESS) | BIT(PAM_CODE_AUTH_ERR),
            [PAM_SETCRED] = BIT(PAM_CODE_SUCCESS),
            [PAM_ACCOUNT] = PAM_CODES_ALL,
            [PAM_OPEN_SESSION] = PAM_CODES_ALL,
            [PAM_CLOSE_SESSION] = PAM_CODES_ALL,
            [PAM_PASSWORD] = PAM_CODES_ALL } },
};

bool pam_module_matches(const struct pam_rule *rule, const char *pattern) {
        const char *slash;

        if (rule->kind != PAM_RULE_MODULE)
                return false;
        if (strchr(pattern, '/'))
                return pattern_match(rule->module_path, pattern) ||
                       pattern_match(rule->module, pattern);
        slash = strrchr(rule->module, '/');
        return pattern_match(slash ? slash + 1 : rule->module, pattern);
}

bool pam_module_matches_any(const struct pam_rule *rule, char *const *patterns, size_t n_patterns) {
        for (size_t i = 0; i < n_patterns; i++)
                if (pam_module_matches(rule, patterns[i]))
                        return true;
        return false;
}

bool pam_module_is_system(const struct pam_service *service, const struct pam_rule *rule,
                          const char *name) {
        const struct pam_release *release = &service->release;
        const char *path = rule->module_path;

        for (size_t i = 0; release->module_dirs[i]; i++) {
                size_t n = strlen(release->module_dirs[i]);

                if (strncmp(path, release->module_dirs[i], n) == 0 && path[n] == '/' &&
                    strcmp(path + n + 1, name) == 0)
                        return true;
        }
        return false;
}

bool pam_module_has_argument(const struct pam_rule *rule, const char *argument) {
        for (size_t i = 0; argument && i < rule->n_args; i++)
                if (strcmp(rule->args[i], argument) == 0)
                        return true;
        return false;
}

uint32_t pam_module_codes(const struct pam_service *service, const struct pam_rule *rule,
                          enum pam_facility facility) {
        if (rule->kind == PAM_RULE_MUST_FAIL)
                return BIT(PAM_CODE_PERM_DENIED);
        if (rule->is_missing)
                return BIT(PAM_CODE_MODULE_UNKNOWN);
        for (size_t i = 0; i < sizeof constants / sizeof constants[0]; i++)
                if (pam_module_is_system(service, rule, constants[i].name) &&
                    !pam_module_has_argument(rule, constants[i].unless))
                        return constants[i].codes[facility];
        return PAM_CODES_ALL;
}

static const struct {
        const char *module;
        const char *argument; /* what stands before the path */
        bool is_program;
} named_files[] = {
        { "pam_access.so", "accessfile=", false }, { "pam_env.so", "conffile=", false },
        { "pam_env.so", "envfile=", false },       { "pam_exec.so", "", true },
        { "pam_faillock.so", "conf=", false },     { "pam_group.so", "conffile=", false },
        { "pam_limits.so", "conf=", false },       { "pam_listfile.so", "file=", false },
        { "pam_sepermit.so", "conf=", false },     { "pam_ssh_agent_auth.so", "file=", false },
        { "pam_time.so", "conffile=", false },     { "pam_u2f.so", "authfile=", false },
};

/* The path that the argument names, NULL if it names none. */
static const char *file_of_argument(const struct pam_rule *rule, const char *argument,
                                    bool *ret_is_program) {
        for (size_t i = 0; i < sizeof named_files / sizeof named_files[0]; i++) {
                size_t n = strlen(named_files[i].argument);

                if (!pam_module_matches(rule, named_files[i].module) ||
                    strncmp(argument, named_files[i].argument, n) != 0 || argument[n] != '/' ||
                    strpbrk(argument + n, "%$~"))
                        continue;
                *ret_is_program = named_files[i].is_program;
                return argument + n;
        }
        return NULL;
}

const char *pam_module_file(const struct pam_rule *rule, size_t n, bool *ret_is_program) {
        for (size_t i = 0; i < rule->n_args; i++) {
                const char *path = file_of_argument(rule, rule->args[i], ret_is_program);

                if (path && n-- == 0)
                        return path;
        }
        return NULL;
}
