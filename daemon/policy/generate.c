/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rules from settings.
 *
 * Which of two values is the stricter one is a fact about a keyword that no grammar tells, so the
 * keywords are in a table; what is not there is a matter of taste and is left alone. A rule speaks
 * of every connection, so it asks for no more than the laxest value that any of them gets; where
 * that is the default, a remark says so and no rule is made. */

#include "policy/generate.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "sshd/contexts.h"
#include "sshd/effective.h"
#include "sshd/keywords.h"

enum direction {
        WORDS,    /* from the strictest to the laxest */
        AT_MOST,  /* smaller numbers are stricter */
        AT_LEAST, /* larger ones are */
        SUBSET,   /* fewer elements are */
        SET,      /* any value is stricter than none */
        METHODS,  /* the same, as AuthenticationMethods */
};

static const struct row {
        const char *keyword;
        enum direction direction;
        const char *const *words;
        const char *severity, *why;
} rows[] = {
#define WORDS_OF(...)                                                                              \
        WORDS, (const char *const[]) {                                                             \
                __VA_ARGS__, NULL                                                                  \
        }
        { "PermitRootLogin", WORDS_OF("no", "forced-commands-only", "without-password", "yes"),
          "high", "Root's account is the one that everybody tries." },
        { "PasswordAuthentication", WORDS_OF("no", "yes"), "critical",
          "A leaked or guessed password must not open a session." },
        { "KbdInteractiveAuthentication", WORDS_OF("no", "yes"), "critical",
          "PAM would ask for the password here too." },
        { "DisableForwarding", WORDS_OF("yes", "no"), "medium",
          "A session must not become a way into the network." },
        { "AllowTcpForwarding", WORDS_OF("no", "yes"), "medium",
          "A session must not become a way into the network." },
        { "AllowStreamLocalForwarding", WORDS_OF("no", "yes"), "medium",
          "A session must not become a way to local sockets." },
        { "AllowAgentForwarding", WORDS_OF("no", "yes"), "medium",
          "Whoever is root here could use a forwarded agent." },
        { "PermitTTY", WORDS_OF("no", "yes"), "medium", "Sessions are for commands alone." },
        { "PermitUserRC", WORDS_OF("no", "yes"), "medium",
          "A file in a home must not run at each login." },
        { "IgnoreUserKnownHosts", WORDS_OF("yes", "no"), "medium",
          "Users must not decide which hosts are trusted." },
        { "MaxAuthTries", AT_MOST, NULL, "medium", "More tries are more guesses." },
        { "MaxSessions", AT_MOST, NULL, "low",
          "As many sessions a connection as were decided on." },
        { "LoginGraceTime", AT_MOST, NULL, "low", "Unfinished logins occupy sshd's slots." },
        { "RequiredRSASize", AT_LEAST, NULL, "high", "Shorter keys can be broken." },
        { "Ciphers", SUBSET, NULL, "high", "Only ciphers that were decided on." },
        { "MACs", SUBSET, NULL, "high", "Only MACs that were decided on." },
        { "KexAlgorithms", SUBSET, NULL, "high", "Only key exchanges that were decided on." },
        { "HostKeyAlgorithms", SUBSET, NULL, "high", "Only host keys that were decided on." },
        { "PubkeyAcceptedAlgorithms", SUBSET, NULL, "high",
          "Only user keys that were decided on." },
        { "CASignatureAlgorithms", SUBSET, NULL, "high", "Only signatures that were decided on." },
        { "AllowUsers", SET, NULL, "high", "Only these may log in." },
        { "AllowGroups", SET, NULL, "high", "Only these may log in." },
        { "DenyUsers", SET, NULL, "high", "These must not log in." },
        { "DenyGroups", SET, NULL, "high", "These must not log in." },
        { "AuthenticationMethods", METHODS, NULL, "critical", "Less must not open a session." },
#undef WORDS_OF
};

/* One keyword: its default, and the laxest of the values that connections get. */
struct pinned {
        const struct row *row;
        struct sshd_setting initial, laxest;
        bool is_same; /* for every connection */
};

static void pinned_done(struct pinned *pinned) {
        sshd_setting_done(&pinned->initial);
        sshd_setting_done(&pinned->laxest);
}

static bool is_same_value(const struct sshd_setting *a, const struct sshd_setting *b) {
        if (a->n_values != b->n_values)
                return false;
        for (size_t i = 0; i < a->n_values; i++)
                if (strcmp(a->values[i], b->values[i]) != 0)
                        return false;
        return true;
}

static bool has_value(const struct sshd_setting *setting, const char *value) {
        for (size_t i = 0; i < setting->n_values; i++)
                if (strcmp(setting->values[i], value) == 0)
                        return true;
        return false;
}

/* ---- which is stricter ---- */

static size_t rank(const struct row *row, const struct sshd_setting *setting) {
        size_t n = 0;

        for (; row->words[n]; n++)
                if (setting->n_values == 1 && strcmp(setting->values[0], row->words[n]) == 0)
                        return n;
        return n; /* a word of neither end counts as the laxest: no rule follows from it */
}

static bool is_smaller(const struct row *row, const struct sshd_setting *a,
                       const struct sshd_setting *b) {
        long long x, y;
        bool x_unlimited, y_unlimited;

        if (a->n_values != 1 || b->n_values != 1 ||
            sshd_keyword_number(row->keyword, a->values[0], &x, &x_unlimited) < 0 ||
            sshd_keyword_number(row->keyword, b->values[0], &y, &y_unlimited) < 0 || x_unlimited)
                return false;
        return y_unlimited || x < y;
}

static bool is_proper_subset(const struct sshd_setting *a, const struct sshd_setting *b) {
        for (size_t i = 0; i < a->n_values; i++)
                if (!has_value(b, a->values[i]))
                        return false;
        return a->n_values > 0 && a->n_values < b->n_values;
}

static bool is_stricter(const struct row *row, const struct sshd_setting *a,
                        const struct sshd_setting *b) {
        switch (row->direction) {
        case WORDS:
                return rank(row, a) < rank(row, b);
        case AT_MOST:
                return is_smaller(row, a, b);
        case AT_LEAST:
                return is_smaller(row, b, a);
        case SUBSET:
                return is_proper_subset(a, b);
        case SET:
                return a->n_values > 0 && b->n_values == 0;
        case METHODS: /* one alternative: several have no smallest common demand to write down */
                return a->n_values == 1 && strcmp(a->values[0], "any") != 0 && !is_same_value(a, b);
        }
        return false;
}

/* ---- what connections get ---- */

static int look_at(struct pinned *pinned, const struct sshd_config *config,
                   const struct sshd_connection *connection, const struct accounts *accounts,
                   bool is_first) {
        CLEANUP(sshd_setting_done) struct sshd_setting setting = { 0 };
        int r = sshd_effective_one(config, connection, accounts, pinned->row->keyword, &setting);

        if (r < 0)
                return r == -ENOMEM ? r : 0;
        if (!is_first && is_same_value(&setting, &pinned->laxest))
                return 0;
        if (!is_first)
                pinned->is_same = false;
        if (is_first || is_stricter(pinned->row, &pinned->laxest, &setting)) {
                sshd_setting_done(&pinned->laxest);
                pinned->laxest = setting;
                setting = (struct sshd_setting){ 0 };
        }
        return 0;
}

static int look_at_all(struct pinned *pinned, const struct sshd_config *config,
                       const struct accounts *accounts) {
        CLEANUP(sshd_contexts_done) struct sshd_contexts contexts = { 0 };
        int r = 0;

        pinned->is_same = true;
        if (!sshd_keyword_is_conditional(config, pinned->row->keyword))
                return look_at(pinned, config, NULL, accounts, true);
        r = sshd_contexts_new(config, pinned->row->keyword, accounts, NULL, &contexts);
        for (size_t i = 0; i < contexts.n_items && r == 0; i++)
                r = look_at(pinned, config, &contexts.items[i], accounts, i == 0);
        if (r == 0 && !contexts.complete)
                pinned->is_same = false;
        return r;
}

/* ---- writing ---- */

/* A string of libconfig. */
static void append_string(struct text *text, const char *string) {
        (void)text_append_char(text, '"');
        for (; *string; string++) {
                if (*string == '"' || *string == '\\')
                        (void)text_append_char(text, '\\');
                (void)text_append_char(text, *string);
        }
        (void)text_append_char(text, '"');
}

static void append_list(struct text *text, char *const *values, size_t n) {
        if (n == 1) {
                append_string(text, values[0]);
                return;
        }
        (void)text_append(text, "[ ");
        for (size_t i = 0; i < n; i++) {
                (void)text_append(text, i > 0 ? ", " : "");
                append_string(text, values[i]);
        }
        (void)text_append(text, " ]");
}

/* The methods of one alternative, "publickey,password". */
static void append_methods(struct text *text, const char *alternative) {
        while (*alternative) {
                size_t n = strcspn(alternative, ",");
                CLEANUP_FREE char *method = strndup(alternative, n);

                if (method)
                        append_string(text, method);
                alternative += n + (alternative[n] == ',');
                (void)text_append(text, *alternative ? ", " : "");
        }
}

/* "PasswordAuthentication" → "site.password-authentication"; runs of capitals stay together. */
static void append_id(struct text *text, const char *keyword) {
        (void)text_append(text, "site.");
        for (size_t i = 0; keyword[i]; i++) {
                bool is_upper = keyword[i] >= 'A' && keyword[i] <= 'Z';
                bool was_upper = i > 0 && keyword[i - 1] >= 'A' && keyword[i - 1] <= 'Z';
                bool begins = keyword[i + 1] >= 'a' && keyword[i + 1] <= 'z';

                if (is_upper && i > 0 && (!was_upper || (begins && keyword[i + 1] != 's')))
                        (void)text_append_char(text, '-');
                (void)text_append_char(text,
                                       (char)(is_upper ? keyword[i] - 'A' + 'a' : keyword[i]));
        }
}

static void append_condition(struct text *text, const struct pinned *pinned) {
        const struct sshd_setting *setting = &pinned->laxest;
        size_t n;

        switch (pinned->row->direction) {
        case WORDS:
                n = rank(pinned->row, setting) + 1;
                (void)text_append(text, n == 1 ? "must = " : "one_of = ");
                if (n == 1) {
                        append_string(text, setting->values[0]);
                        break;
                }
                (void)text_append(text, "[ ");
                for (size_t i = 0; i < n; i++) {
                        (void)text_append(text, i > 0 ? ", " : "");
                        append_string(text, pinned->row->words[i]);
                }
                (void)text_append(text, " ]");
                break;
        case AT_MOST:
        case AT_LEAST:
                (void)text_append(text,
                                  pinned->row->direction == AT_MOST ? "at_most = " : "at_least = ");
                (void)text_append(text, setting->values[0]);
                break;
        case SUBSET:
                (void)text_append(text, "only_match = ");
                append_list(text, setting->values, setting->n_values);
                break;
        case METHODS:
                (void)text_append(text, "must = [ ");
                append_methods(text, setting->values[0]);
                (void)text_append(text, " ]");
                break;
        case SET:
                (void)text_append(text, "must = ");
                append_list(text, setting->values, setting->n_values);
                break;
        }
}

/* A comment must stay one line, whatever a file is called. */
static void append_comment(struct text *text, const char *string) {
        for (; *string; string++)
                (void)text_append_char(
                        text, (unsigned char)*string < ' ' || *string == 0x7f ? '?' : *string);
}

static void append_rule(struct text *text, const struct pinned *pinned, const char *comma) {
        const struct sshd_setting *setting = &pinned->laxest;

        (void)text_appendf(text, "%s\n  // ", comma);
        if (setting->winner.file) {
                append_comment(text, setting->winner.file);
                (void)text_appendf(text, ":%u: ", setting->winner.line);
                append_comment(text, setting->winner.text);
        }
        (void)text_append(text, "\n  { id = \"");
        append_id(text, pinned->row->keyword);
        (void)text_appendf(text, "\";\n    sshd = \"%s\"; ", pinned->row->keyword);
        append_condition(text, pinned);
        (void)text_appendf(text, ";\n    response = \"alert\"; severity = \"%s\";\n    why = ",
                           pinned->row->severity);
        append_string(text, pinned->row->why);
        (void)text_append(text, "; }");
}

static const char introduction[] =
        "// What this machine's sshd is told that is stricter than the default, as rules: made by\n"
        "// `sshguardctl generate-policy`, to be reviewed. A rule that is right belongs in a file "
        "of\n"
        "// /etc/sshguardd/policy.d; one that only happens to be so does not. Each alerts; where "
        "the\n"
        "// guard shall act, write response = \"revert\".\n"
        "// `sshguardd --test-policy` checks the result, `sshguardctl reload` puts it into force.\n"
        "\n";

int policy_generate(const struct sshd_config *config, const struct sshd_config *defaults,
                    const struct accounts *accounts, struct text *text) {
        CLEANUP(text_done) struct text rules = { 0 };
        CLEANUP(text_done) struct text remarks = { 0 };
        const struct sshd_release *release = sshd_config_release(config);
        int r = 0;

        for (size_t i = 0; i < N_ELEMENTS(rows) && r == 0; i++) {
                CLEANUP(pinned_done) struct pinned pinned = { .row = &rows[i] };

                if (sshd_keyword_lookup(rows[i].keyword, release, NULL, NULL) != SSHD_KEYWORD_KNOWN)
                        continue;
                r = sshd_effective_one(defaults, NULL, accounts, rows[i].keyword, &pinned.initial);
                if (r == 0)
                        r = look_at_all(&pinned, config, accounts);
                if (r < 0)
                        break;
                if (is_stricter(&rows[i], &pinned.laxest, &pinned.initial) &&
                    (pinned.is_same || rows[i].direction <= AT_LEAST))
                        append_rule(&rules, &pinned, rules.n > 0 ? "," : "");
                else if (!pinned.is_same)
                        (void)text_appendf(&remarks,
                                           "// %s differs between connections: write a rule with "
                                           "`when` where that is meant.\n",
                                           rows[i].keyword);
        }
        if (r < 0)
                return r;
        (void)text_append(text, introduction);
        (void)text_append(text, text_get(&remarks));
        (void)text_appendf(text, "rules = (%s%s);\n", text_get(&rules), rules.n > 0 ? "\n" : "");
        return text_error(&rules) < 0 || text_error(&remarks) < 0 ? -ENOMEM : text_error(text);
}
