/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Meaning of a rule, checked when it is loaded: a rule that can never hold, or never fail, is worse
 * than none because someone relies on it.
 *
 * Values of sshd's keywords are judged by the keyword's own grammar (sshd/keywords), and kept as
 * `sshd -T` would print them. A keyword of another OpenSSH release is accepted as written: its rule
 * is not applicable here, and may be on the next host that gets the same file. */

#include "check.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/address.h"
#include "base/cleanup.h"
#include "base/nearest.h"
#include "sshd/keywords.h"

static int complain(const struct checker *checker, unsigned line, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

static int complain(const struct checker *checker, unsigned line, const char *format, ...) {
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

/* The line of the condition that lives in MEMBER of struct rule. */
static unsigned line_of(const struct statement *statement, size_t offset) {
        const struct schema *schema = schema_of_family(statement->rule.family);
        unsigned line = statement->lines[key_index(schema, offset)];

        return line > 0 ? line : statement->line;
}

#define LINE_OF(statement, member) line_of(statement, offsetof(struct rule, member))

/* --- sshd ------------------------------------------------------------------------------------- */

enum {
        ON_MUST = 1 << 0,
        ON_ONE_OF = 1 << 1,
        ON_BOUNDS = 1 << 2,
        ON_MATCH = 1 << 3,
        ON_INCLUDES = 1 << 4,
};

static const unsigned allowed_on[N_SSHD_VALUE_KINDS] = {
        [SSHD_VALUE_WORD] = ON_MUST | ON_ONE_OF | ON_MATCH,
        [SSHD_VALUE_NUMBER] = ON_MUST | ON_ONE_OF | ON_BOUNDS,
        [SSHD_VALUE_TUPLE] = ON_MUST | ON_ONE_OF | ON_BOUNDS,
        [SSHD_VALUE_TEXT] = ON_MUST | ON_ONE_OF | ON_MATCH,
        [SSHD_VALUE_LIST] = ON_MUST | ON_MATCH | ON_INCLUDES,
        [SSHD_VALUE_METHODS] = ON_MUST | ON_MATCH,
};

static const char *const kind_names[N_SSHD_VALUE_KINDS] = {
        [SSHD_VALUE_WORD] = "a word",
        [SSHD_VALUE_NUMBER] = "a number",
        [SSHD_VALUE_TUPLE] = "several numbers",
        [SSHD_VALUE_TEXT] = "a text",
        [SSHD_VALUE_LIST] = "a list",
        [SSHD_VALUE_METHODS] = "alternatives of authentication methods",
};

static int check_kind(const struct checker *checker, const struct statement *statement,
                      enum sshd_value_kind kind) {
        const struct rule_sshd *sshd = &statement->rule.sshd;
        const struct {
                unsigned on;
                bool is_set;
                const char *name;
                unsigned line;
        } uses[] = {
                { ON_MUST, sshd->must.is_set, "must", LINE_OF(statement, sshd.must) },
                { ON_ONE_OF, sshd->one_of.is_set, "one_of", LINE_OF(statement, sshd.one_of) },
                { ON_BOUNDS, sshd->at_most, "at_most", LINE_OF(statement, sshd.at_most) },
                { ON_BOUNDS, sshd->at_least, "at_least", LINE_OF(statement, sshd.at_least) },
                { ON_MATCH, sshd->only_match.is_set, "only_match",
                  LINE_OF(statement, sshd.only_match) },
                { ON_MATCH, sshd->none_match.is_set, "none_match",
                  LINE_OF(statement, sshd.none_match) },
                { ON_INCLUDES, sshd->includes.is_set, "includes",
                  LINE_OF(statement, sshd.includes) },
        };
        static const struct {
                unsigned on;
                const char *name;
        } choices[] = { { ON_MUST, "must" },
                        { ON_ONE_OF, "one_of" },
                        { ON_BOUNDS, "at_most, at_least" },
                        { ON_MATCH, "only_match, none_match" },
                        { ON_INCLUDES, "includes" } };
        int result = CHECK_OK;

        for (size_t i = 0; result >= 0 && i < N_ELEMENTS(uses); i++) {
                CLEANUP(text_done) struct text names = { 0 };

                if (!uses[i].is_set || (allowed_on[kind] & uses[i].on))
                        continue;
                for (size_t k = 0; k < N_ELEMENTS(choices); k++)
                        if (allowed_on[kind] & choices[k].on)
                                (void)text_appendf(&names, "%s, ", choices[k].name);
                result = complain(checker, uses[i].line,
                                  "`%s` does not apply to %s, whose value is %s; use %sunset",
                                  uses[i].name, sshd_keyword_display_name(sshd->keyword),
                                  kind_names[kind], text_get(&names));
        }
        return result;
}

/* Replaces *VALUE with what `sshd -T` would print. */
static int canonicalise(const struct checker *checker, const struct statement *statement,
                        unsigned line, char **value) {
        const char *keyword = statement->rule.sshd.keyword;
        CLEANUP_FREE char *message = NULL;
        char *canonical = NULL;
        int r;

        r = sshd_keyword_canonical_value(keyword, *value, checker->release, &canonical, &message);
        if (r == -EINVAL)
                return complain(checker, line, "%s cannot be \"%s\"%s%s",
                                sshd_keyword_display_name(keyword), *value, message ? ": " : "",
                                message ? message : "");
        if (r < 0)
                return r;
        free(*value);
        *value = canonical;
        return CHECK_OK;
}

static int canonicalise_words(const struct checker *checker, const struct statement *statement,
                              unsigned line, struct rule_words *words) {
        int result = CHECK_OK;

        for (size_t i = 0; result >= 0 && i < words->n_items; i++) {
                int r = canonicalise(checker, statement, line, &words->items[i]);

                result = r == CHECK_OK ? result : r;
        }
        return result;
}

static int check_bounds(const struct checker *checker, const struct statement *statement,
                        enum sshd_value_kind kind) {
        const struct rule_sshd *sshd = &statement->rule.sshd;
        long long most = 0, least = 0;
        bool unlimited;

        if (kind != SSHD_VALUE_NUMBER || !sshd->at_most || !sshd->at_least)
                return CHECK_OK;
        if (sshd_keyword_number(sshd->keyword, sshd->at_most, &most, &unlimited) < 0 ||
            sshd_keyword_number(sshd->keyword, sshd->at_least, &least, &unlimited) < 0 ||
            least <= most)
                return CHECK_OK;
        return complain(checker, LINE_OF(statement, sshd.at_most),
                        "nothing is both at least %s and at most %s", sshd->at_least,
                        sshd->at_most);
}

static int check_counts(const struct checker *checker, const struct statement *statement,
                        enum sshd_value_kind kind) {
        const struct rule_sshd *sshd = &statement->rule.sshd;
        bool is_scalar = kind != SSHD_VALUE_LIST && kind != SSHD_VALUE_METHODS;
        const struct {
                const struct rule_words *words;
                const char *name;
                unsigned line;
                bool may_be_empty;
        } lists[] = {
                { &sshd->must, "must", LINE_OF(statement, sshd.must), kind == SSHD_VALUE_LIST },
                { &sshd->one_of, "one_of", LINE_OF(statement, sshd.one_of), false },
                { &sshd->only_match, "only_match", LINE_OF(statement, sshd.only_match), true },
                { &sshd->none_match, "none_match", LINE_OF(statement, sshd.none_match), false },
                { &sshd->includes, "includes", LINE_OF(statement, sshd.includes), false },
        };
        int result = CHECK_OK;

        for (size_t i = 0; result >= 0 && i < N_ELEMENTS(lists); i++)
                if (lists[i].words->is_set && lists[i].words->n_items == 0 &&
                    !lists[i].may_be_empty)
                        result = complain(checker, lists[i].line, "`%s` is empty", lists[i].name);
        if (result >= 0 && is_scalar && sshd->must.n_items > 1)
                result = complain(checker, LINE_OF(statement, sshd.must),
                                  "%s has one value; use `one_of` for a choice",
                                  sshd_keyword_display_name(sshd->keyword));
        return result;
}

static bool is_port_list(const char *list) {
        for (const char *next = list;;) {
                size_t n = strspn(next, "0123456789");
                long port = n > 0 && n < 6 ? strtol(next, NULL, 10) : 0;

                if (port < 1 || port > 65535)
                        return false;
                next += n;
                if (*next == '\0')
                        return true;
                if (*next++ != ',')
                        return false;
        }
}

static int check_when(const struct checker *checker, const struct statement *statement) {
        const struct sshd_when *when = &statement->rule.sshd.when;

        if (when->address && address_match_list(NULL, when->address, true, NULL, NULL) == -2)
                return complain(checker, LINE_OF(statement, sshd.when.address),
                                "`address` is no list of addresses, networks and patterns as "
                                "Match address takes it: \"%s\"",
                                when->address);
        if (when->lport && !is_port_list(when->lport))
                return complain(checker, LINE_OF(statement, sshd.when.lport),
                                "`lport` takes ports from 1 to 65535 with commas between them, "
                                "not \"%s\"",
                                when->lport);
        return CHECK_OK;
}

static bool names_more_than_when(const struct rule_sshd *sshd) {
        return sshd->must.is_set || sshd->one_of.is_set || sshd->at_most || sshd->at_least ||
               sshd->only_match.is_set || sshd->none_match.is_set || sshd->includes.is_set;
}

static int check_sshd_values(const struct checker *checker, struct statement *statement,
                             enum sshd_value_kind kind) {
        struct rule_sshd *sshd = &statement->rule.sshd;
        int worst = CHECK_OK, r;

        r = canonicalise_words(checker, statement, LINE_OF(statement, sshd.must), &sshd->must);
        worst = r == CHECK_OK ? worst : r;
        if (worst >= 0) {
                r = canonicalise_words(checker, statement, LINE_OF(statement, sshd.one_of),
                                       &sshd->one_of);
                worst = r == CHECK_OK ? worst : r;
        }
        if (worst >= 0 && sshd->at_most) {
                r = canonicalise(checker, statement, LINE_OF(statement, sshd.at_most),
                                 &sshd->at_most);
                worst = r == CHECK_OK ? worst : r;
        }
        if (worst >= 0 && sshd->at_least) {
                r = canonicalise(checker, statement, LINE_OF(statement, sshd.at_least),
                                 &sshd->at_least);
                worst = r == CHECK_OK ? worst : r;
        }
        return worst == CHECK_OK ? check_bounds(checker, statement, kind) : worst;
}

static int check_sshd(const struct checker *checker, struct statement *statement) {
        struct rule_sshd *sshd = &statement->rule.sshd;
        enum sshd_value_kind kind = SSHD_VALUE_TEXT;
        enum sshd_keyword_status status;
        int r;

        status = sshd_keyword_lookup(sshd->keyword, checker->release, NULL, &kind);
        r = check_when(checker, statement);
        if (r != CHECK_OK)
                return r;
        if (sshd->unset && names_more_than_when(sshd))
                return complain(checker, LINE_OF(statement, sshd.unset),
                                "`unset` stands alone: no line may set the keyword at all");
        if (!sshd->unset && !names_more_than_when(sshd))
                return complain(checker, statement->line,
                                "the rule has no condition: it needs must, one_of, at_most, "
                                "at_least, only_match, none_match, includes or unset");
        r = check_kind(checker, statement, kind);
        if (r == CHECK_OK)
                r = check_counts(checker, statement, kind);
        if (r != CHECK_OK || status != SSHD_KEYWORD_KNOWN)
                return r;
        return check_sshd_values(checker, statement, kind);
}

static int check_sshd_subject(const struct checker *checker, struct statement *statement) {
        char **keyword = &statement->rule.sshd.keyword;
        const char *canonical = NULL, *nearest = NULL;
        char *copy;

        if (strcasecmp(*keyword, "Match") == 0 || strcasecmp(*keyword, "Include") == 0)
                return complain(checker, statement->subject_line,
                                "%s has no value that a rule could speak about; use `when` for "
                                "some connections only",
                                *keyword);
        if (sshd_keyword_lookup(*keyword, checker->release, &canonical, NULL) ==
            SSHD_KEYWORD_UNKNOWN) {
                nearest = sshd_keyword_nearest(*keyword);
                return complain(checker, statement->subject_line,
                                "no release of sshd has a keyword `%s`%s%s%s", *keyword,
                                nearest ? "; did you mean `" : "", nearest ? nearest : "",
                                nearest ? "`?" : "");
        }
        copy = strdup(canonical);
        if (!copy)
                return -ENOMEM;
        free(*keyword);
        *keyword = copy;
        return CHECK_OK;
}

/* --- pam -------------------------------------------------------------------------------------- */

static int check_pam_subject(const struct checker *checker, struct statement *statement) {
        const char *service = statement->rule.pam.service;

        if (strchr(service, '/') || strcmp(service, ".") == 0 || strcmp(service, "..") == 0)
                return complain(checker, statement->subject_line,
                                "`pam` takes the name of a service such as \"sshd\", or \"*\", not "
                                "\"%s\"",
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
        return complain(checker, LINE_OF(statement, pam.facility),
                        "`facility` takes auth, account, password or session, not `%s`%s%s%s",
                        facility, nearest.best ? "; did you mean `" : "",
                        nearest.best ? nearest.best : "", nearest.best ? "`?" : "");
}

static int check_pam(const struct checker *checker, struct statement *statement) {
        const struct rule_pam *pam = &statement->rule.pam;
        bool says_something = pam->requires_module || pam->forbids.n_items > 0 ||
                              pam->forbids_args.n_items > 0 || pam->requires_args.n_items > 0 ||
                              pam->modules_from.n_items > 0 || pam->must_not_succeed_by.n_items > 0;
        int r = check_facility(checker, statement);

        if (r != CHECK_OK)
                return r;
        if (pam->absent && (says_something || pam->facility))
                return complain(checker, LINE_OF(statement, pam.absent),
                                "`absent` stands alone: a service that is not there has no stack");
        if (pam->requires_before && !pam->requires_module)
                return complain(checker, LINE_OF(statement, pam.requires_before),
                                "`requires_before` needs `requires`: which module must come first");
        if (!pam->absent && !says_something)
                return complain(checker, statement->line,
                                "the rule has no condition: it needs requires, forbids, "
                                "forbids_args, requires_args, modules_from, must_not_succeed_by "
                                "or absent");
        for (size_t i = 0; i < pam->modules_from.n_items; i++)
                if (pam->modules_from.items[i][0] != '/')
                        return complain(checker, LINE_OF(statement, pam.modules_from),
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
static bool is_fingerprint(const char *text) {
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

                if (is_strict ? is_fingerprint(text)
                              : strncmp(text, "SHA256:", 7) == 0 && text[7] != '\0')
                        continue;
                return complain(checker, line,
                                "\"%s\" is no fingerprint: they look like "
                                "\"SHA256:…\" with 43 digits (ssh-keygen -lf FILE)",
                                text);
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
                return complain(checker, statement->line,
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
        return complain(checker, statement->subject_line, "the path of a file rule %s: \"%s\"",
                        fault, statement->rule.file_rule.path);
}

static int check_file(const struct checker *checker, struct statement *statement) {
        const struct rule_file *file = &statement->rule.file_rule;
        bool says_something =
                file->owner || file->group || file->mode_at_most >= 0 || file->approved_only;

        if (file->absent && says_something)
                return complain(checker, LINE_OF(statement, file_rule.absent),
                                "`absent` stands alone: what is not there has no owner or mode");
        if (!file->absent && !says_something)
                return complain(checker, statement->line,
                                "the rule has no condition: it needs owner, group, mode_at_most, "
                                "absent or approved_only");
        return CHECK_OK;
}

/* --- all -------------------------------------------------------------------------------------- */

typedef int (*check_fn)(const struct checker *checker, struct statement *statement);

static const struct {
        check_fn subject, conditions;
} checks[N_RULE_FAMILIES] = {
        [RULE_SSHD] = { check_sshd_subject, check_sshd },
        [RULE_PAM] = { check_pam_subject, check_pam },
        [RULE_KEYS] = { NULL, check_keys },
        [RULE_FILE] = { check_file_subject, check_file },
};

int check_subject(const struct checker *checker, struct statement *statement) {
        check_fn check = checks[statement->rule.family].subject;

        return check ? check(checker, statement) : CHECK_OK;
}

int check_conditions(const struct checker *checker, struct statement *statement) {
        return checks[statement->rule.family].conditions(checker, statement);
}
