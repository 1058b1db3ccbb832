/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Meaning of a rule, checked when it is loaded: a rule that can never hold, or never fail, is worse
 * than none because someone relies on it.
 * What the sshd family needs is in check_sshd.c. */

#include "check.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/nearest.h"
#include "keys/options.h"
#include "policy/judge_file.h"

int check_complain(const struct checker *checker, unsigned line, const char *format, ...) {
        CLEANUP(text_done) struct text text = { 0 };
        va_list arguments;
        int r;

        va_start(arguments, format);
        r = text_vappendf(&text, format, arguments);
        va_end(arguments);
        if (r == 0)
                r = diagnostics_add(checker->diagnostics, checker->path, line, 0, "%s",
                                    text_get(&text));
        return r < 0 ? r : CHECK_BAD;
}

/* --- lines ------------------------------------------------------------------------------------ */

static size_t key_index(const struct schema *schema, size_t offset) {
        for (size_t i = 0; i < schema->n_keys; i++)
                if (schema->keys[i].offset == offset)
                        return i;
        return 0;
}

unsigned check_line(const struct statement *statement, size_t offset) {
        const struct schema *schema = schema_of_family(statement->rule.family);
        unsigned line = statement->lines[key_index(schema, offset)];

        return line > 0 ? line : statement->line;
}

/* --- pam -------------------------------------------------------------------------------------- */

static int check_pam_subject(const struct checker *checker, struct statement *statement) {
        const char *service = statement->rule.pam.service;

        if (strchr(service, '/') || strcmp(service, ".") == 0 || strcmp(service, "..") == 0)
                return check_complain(
                        checker, statement->subject_line,
                        "`pam` takes the name of a service such as \"sshd\", or \"*\", not "
                        "\"%s\"",
                        service);
        for (const char *c = service; *c; c++)
                if (*c >= 'A' && *c <= 'Z')
                        return check_complain(checker, statement->subject_line,
                                              "`pam` takes a name in lower case, as libpam makes "
                                              "of any, not \"%s\"",
                                              service);
        return CHECK_OK;
}

static int check_facility(const struct checker *checker, const struct statement *statement) {
        static const char *const facilities[] = { "auth", "account", "password", "session" };
        const char *facility = statement->rule.pam.facility;
        struct nearest nearest;

        if (!facility)
                return CHECK_OK;
        nearest_init(&nearest, facility);
        for (size_t i = 0; i < N_ELEMENTS(facilities); i++) {
                if (strcmp(facility, facilities[i]) == 0)
                        return CHECK_OK;
                nearest_offer(&nearest, facilities[i]);
        }
        return check_complain(checker, LINE_OF(statement, pam.facility),
                              "`facility` takes auth, account, password or session, not `%s`%s%s%s",
                              facility, nearest.best ? "; did you mean `" : "",
                              nearest.best ? nearest.best : "", nearest.best ? "`?" : "");
}

static int check_pam(const struct checker *checker, struct statement *statement) {
        const struct rule_pam *pam = &statement->rule.pam;
        bool says_something = pam->requires_module || pam->includes.n_items > 0 ||
                              pam->forbids.n_items > 0 || pam->forbids_args.n_items > 0 ||
                              pam->requires_args.n_items > 0 || pam->modules_from.n_items > 0 ||
                              pam->must_not_succeed_by.n_items > 0;
        int r = check_facility(checker, statement);

        if (r != CHECK_OK)
                return r;
        if (pam->absent && (says_something || pam->facility))
                return check_complain(
                        checker, LINE_OF(statement, pam.absent),
                        "`absent` stands alone: a service that is not there has no stack");
        if (pam->requires_before && !pam->requires_module)
                return check_complain(
                        checker, LINE_OF(statement, pam.requires_before),
                        "`requires_before` needs `requires`: which module must come first");
        if (!pam->absent && !says_something)
                return check_complain(
                        checker, statement->line,
                        "the rule has no condition: it needs requires, includes, forbids, "
                        "forbids_args, requires_args, modules_from, must_not_succeed_by "
                        "or absent");
        for (size_t i = 0; i < pam->modules_from.n_items; i++)
                if (pam->modules_from.items[i][0] != '/')
                        return check_complain(
                                checker, LINE_OF(statement, pam.modules_from),
                                "`modules_from` takes absolute directories, not \"%s\"",
                                pam->modules_from.items[i]);
        return CHECK_OK;
}

/* --- keys ------------------------------------------------------------------------------------- */

static bool is_base64(const char *text) {
        return text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
                                 "=")] == '\0';
}

/* A SHA-256 digest has 32 bytes: 43 digits of base64, ssh-keygen leaves the padding out. */
bool check_is_fingerprint(const char *text) {
        static const char prefix[] = "SHA256:";

        return strncmp(text, prefix, sizeof prefix - 1) == 0 &&
               strlen(text) == sizeof prefix - 1 + 43 && is_base64(text + sizeof prefix - 1);
}

/* A mistyped fingerprint in a list of what is allowed shows at once, as a finding; in a list of
 * what is forbidden it would be silence. So only the latter is checked to the last digit. */
static int check_fingerprints(const struct checker *checker, const struct rule_words *words,
                              bool is_strict, unsigned line) {
        for (size_t i = 0; i < words->n_items; i++) {
                const char *text = words->items[i];

                if (is_strict ? check_is_fingerprint(text)
                              : strncmp(text, "SHA256:", 7) == 0 && text[7] != '\0')
                        continue;
                return check_complain(checker, line,
                                      "\"%s\" is no fingerprint: they look like "
                                      "\"SHA256:…\" with 43 digits (ssh-keygen -lf FILE)",
                                      text);
        }
        return CHECK_OK;
}

/* A mistyped name among the forbidden options would be silence. */
static int check_options(const struct checker *checker, const struct rule_words *words,
                         unsigned line) {
        for (size_t i = 0; i < words->n_items; i++) {
                struct nearest nearest;

                if (key_option_is_known(words->items[i]))
                        continue;
                nearest_init(&nearest, words->items[i]);
                for (size_t j = 0; key_option_name(j); j++)
                        nearest_offer(&nearest, key_option_name(j));
                return check_complain(checker, line, "`%s` is no option of a key (sshd(8))%s%s%s",
                                      words->items[i], nearest.best ? "; did you mean `" : "",
                                      nearest.best ? nearest.best : "", nearest.best ? "`?" : "");
        }
        return CHECK_OK;
}

static int check_keys(const struct checker *checker, struct statement *statement) {
        const struct rule_keys *keys = &statement->rule.keys;
        int r;

        if (!keys->types.n_items && !keys->only.is_set && !keys->forbids.n_items &&
            !keys->requires_options.n_items && !keys->forbids_options.n_items &&
            !keys->cert_authorities.is_set && !keys->comments.n_items &&
            keys->rsa_bits_at_least == 0 && keys->max_keys < 0 && keys->expires_within_s < 0 &&
            !keys->approved_only)
                return check_complain(
                        checker, statement->line,
                        "the rule has no condition: it needs types, rsa_bits_at_least, "
                        "only, forbids, requires_options, forbids_options, max_keys, "
                        "cert_authorities, comments, expires_within or approved_only");
        r = check_fingerprints(checker, &keys->only, false, LINE_OF(statement, keys.only));
        if (r == CHECK_OK)
                r = check_fingerprints(checker, &keys->cert_authorities, false,
                                       LINE_OF(statement, keys.cert_authorities));
        if (r == CHECK_OK)
                r = check_fingerprints(checker, &keys->forbids, true,
                                       LINE_OF(statement, keys.forbids));
        if (r == CHECK_OK)
                r = check_options(checker, &keys->requires_options,
                                  LINE_OF(statement, keys.requires_options));
        if (r == CHECK_OK)
                r = check_options(checker, &keys->forbids_options,
                                  LINE_OF(statement, keys.forbids_options));
        return r;
}

/* --- file ------------------------------------------------------------------------------------- */

static bool has_glob(const char *text, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (text[i] == '*' || text[i] == '?')
                        return true;
        return false;
}

static const char *path_fault(const char *path) {
        size_t n = strlen(path);
        const char *last;

        if (path[0] != '/' && strncmp(path, "~/", 2) != 0 && strcmp(path, "~") != 0)
                return "is absolute, or begins with ~/ for every user's home";
        while (n > 1 && path[n - 1] == '/')
                n--;
        last = memrchr(path, '/', n);
        if (last && has_glob(path, (size_t)(last - path)))
                return "may hold * and ? in its last component only";
        if (strpbrk(path, "[]\\"))
                return "has no brackets or backslashes: its wildcards are * and ?";
        for (const char *c = path; *c; c++) {
                if (c[0] == '/' &&
                    (c[1] == '/' || strncmp(c, "/./", 3) == 0 || strncmp(c, "/../", 4) == 0 ||
                     strcmp(c, "/..") == 0 || strcmp(c, "/.") == 0))
                        return "has no empty, `.` or `..` component";
                if (c[0] != '%')
                        continue;
                if (c[1] != 'u' && c[1] != '%')
                        return "knows the tokens %u (the user's name) and %% only";
                c++;
        }
        return NULL;
}

static int check_file_subject(const struct checker *checker, struct statement *statement) {
        const char *fault = path_fault(statement->rule.file_rule.path);

        if (!fault)
                return CHECK_OK;
        return check_complain(checker, statement->subject_line,
                              "the path of a file rule %s: \"%s\"", fault,
                              statement->rule.file_rule.path);
}

static int check_file(const struct checker *checker, struct statement *statement) {
        const struct rule_file *file = &statement->rule.file_rule;
        bool says_something =
                file->owner || file->group || file->mode_at_most >= 0 || file->approved_only;

        if (file->absent && says_something)
                return check_complain(
                        checker, LINE_OF(statement, file_rule.absent),
                        "`absent` stands alone: what is not there has no owner or mode");
        if (!file->absent && !says_something)
                return check_complain(
                        checker, statement->line,
                        "the rule has no condition: it needs owner, group, mode_at_most, "
                        "absent or approved_only");
        if (file->owner && strcmp(file->owner, "%u") == 0 &&
            !policy_file_rule_is_per_user(&statement->rule))
                return check_complain(
                        checker, LINE_OF(statement, file_rule.owner),
                        "owner = \"%%u\" is for paths that begin with ~/ or hold %%u: "
                        "\"%s\" is no account's own",
                        file->path);
        return CHECK_OK;
}

/* --- access ----------------------------------------------------------------------------------- */

/* Every word is one of NAMES, which end with NULL. */
static int check_names(const struct checker *checker, const struct rule_words *words,
                       const char *const *names, const char *key, unsigned line) {
        for (size_t i = 0; i < words->n_items; i++) {
                struct nearest nearest;
                size_t n = 0;

                nearest_init(&nearest, words->items[i]);
                while (names[n] && strcmp(names[n], words->items[i]) != 0)
                        nearest_offer(&nearest, names[n++]);
                if (!names[n])
                        return check_complain(
                                checker, line, "`%s` knows no \"%s\"%s%s%s", key, words->items[i],
                                nearest.best ? "; did you mean `" : "",
                                nearest.best ? nearest.best : "", nearest.best ? "`?" : "");
        }
        return CHECK_OK;
}

static int check_access_words(const struct checker *checker, const struct statement *statement) {
        static const char *const methods[] = {
                "publickey", "password",        "keyboard-interactive",
                "hostbased", "gssapi-with-mic", NULL
        };
        static const char *const sessions[] = { "shell", "command", "sftp", "nothing", NULL };
        const struct rule_access *access = &statement->rule.access;
        int r = check_names(checker, &access->only_methods, methods, "only_methods",
                            LINE_OF(statement, access.only_methods));

        if (r == CHECK_OK)
                r = check_names(checker, &access->only_sessions, sessions, "only_sessions",
                                LINE_OF(statement, access.only_sessions));
        return r;
}

static int check_access(const struct checker *checker, struct statement *statement) {
        const struct rule_access *access = &statement->rule.access;
        bool limits = access->factors_at_least > 0 || access->only_methods.is_set ||
                      access->only_users.is_set || access->only_sessions.is_set;

        if (access->denied && limits)
                return check_complain(
                        checker, LINE_OF(statement, access.denied),
                        "`denied` stands alone: who does not get in needs no factors");
        if (!access->denied && !limits)
                return check_complain(checker, statement->line,
                                      "the rule has no condition: it needs denied, "
                                      "factors_at_least, only_methods, only_users or "
                                      "only_sessions");
        if (check_when(checker, &access->when, LINE_OF(statement, access.when.address),
                       LINE_OF(statement, access.when.lport)) != CHECK_OK)
                return CHECK_BAD;
        return check_access_words(checker, statement);
}

/* --- all -------------------------------------------------------------------------------------- */

typedef int (*check_fn)(const struct checker *checker, struct statement *statement);

static const struct {
        check_fn subject, conditions;
} checks[N_RULE_FAMILIES] = {
        [RULE_SSHD] = { check_sshd_subject, check_sshd_conditions },
        [RULE_PAM] = { check_pam_subject, check_pam },
        [RULE_KEYS] = { NULL, check_keys },
        [RULE_FILE] = { check_file_subject, check_file },
        [RULE_ACCESS] = { NULL, check_access },
};

int check_subject(const struct checker *checker, struct statement *statement) {
        check_fn check = checks[statement->rule.family].subject;

        return check ? check(checker, statement) : CHECK_OK;
}

int check_conditions(const struct checker *checker, struct statement *statement) {
        return checks[statement->rule.family].conditions(checker, statement);
}
