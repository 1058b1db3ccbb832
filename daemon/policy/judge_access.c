/* SPDX-License-Identifier: GPL-3.0-or-later */
/* access rules: who may get in, with how much, by which methods, to do what.
 *
 * Each condition is a row: whether the rule asks for it, whether a way into the account breaks it.
 * Of one account and condition there is one finding, which lists the ways that break it and from
 * where they lead in. Its place is the file and line of a key where one is among them, because that
 * is what can go back; what decides about passwords may stand in several files. */

#include "policy/judge_access.h"

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/escape.h"
#include "base/text.h"
#include "policy/users.h"

enum { SHOWN_MAX = 8 }; /* ways one finding lists; more say nothing new */

bool policy_access_rule_covers(const struct rule *rule, const struct account *account) {
        return policy_users_cover(rule->access.users, account);
}

bool policy_access_rule_has_when(const struct rule *rule) {
        const struct sshd_when *when = &rule->access.when;

        return when->user || when->group || when->address || when->lport || when->shell;
}

static bool lists(const struct rule_words *words, const char *word, size_t n) {
        for (size_t i = 0; i < words->n_items; i++)
                if (strlen(words->items[i]) == n && strncmp(words->items[i], word, n) == 0)
                        return true;
        return false;
}

static bool is_allowed_user(const struct rule_words *users, const struct account *account) {
        for (size_t i = 0; i < users->n_items; i++)
                if (policy_users_cover(users->items[i], account))
                        return true;
        return false;
}

/* One way, and what it leads to. */
struct question {
        const struct rule_access *rule;
        const struct access_login *login;
        const struct access_way *way;
};

static bool asks_denied(const struct rule_access *rule) {
        return rule->denied;
}

static bool breaks_denied(const struct question *question) {
        (void)question;
        return true;
}

static bool asks_users(const struct rule_access *rule) {
        return rule->only_users.is_set;
}

static bool breaks_users(const struct question *question) {
        return !is_allowed_user(&question->rule->only_users, question->login->account);
}

static bool asks_factors(const struct rule_access *rule) {
        return rule->factors_at_least > 0;
}

static bool breaks_factors(const struct question *question) {
        return access_factors_count(question->way->factors) <
               (unsigned)question->rule->factors_at_least;
}

static bool asks_methods(const struct rule_access *rule) {
        return rule->only_methods.is_set;
}

/* "a,b or c": every method of every alternative. */
static bool breaks_methods(const struct question *question) {
        for (const char *at = question->way->methods; *at;) {
                size_t n = strcspn(at, ", :");
                bool is_word = n == 2 && strncmp(at, "or", 2) == 0;

                if (n > 0 && !is_word && !lists(&question->rule->only_methods, at, n))
                        return true;
                at += n;
                if (*at == ':') /* a device: keyboard-interactive:pam */
                        at += strcspn(at, ", ");
                at += *at != '\0';
        }
        return false;
}

static bool asks_sessions(const struct rule_access *rule) {
        return rule->only_sessions.is_set;
}

static bool breaks_sessions(const struct question *question) {
        const char *session = access_session_name(question->login->session);

        return !lists(&question->rule->only_sessions, session, strlen(session));
}

static void put_list(const struct rule_words *words, struct text *text) {
        for (size_t i = 0; i < words->n_items; i++)
                (void)text_appendf(text, "%s%s", i > 0 ? ", " : "", words->items[i]);
        if (words->n_items == 0)
                (void)text_append(text, "none");
}

static void want_nobody(const struct rule_access *rule, struct text *text) {
        (void)rule;
        (void)text_append(text, "no login");
}

static void want_users(const struct rule_access *rule, struct text *text) {
        put_list(&rule->only_users, text);
}

static void want_factors(const struct rule_access *rule, struct text *text) {
        (void)text_appendf(text, "at least %d factors", rule->factors_at_least);
}

static void want_methods(const struct rule_access *rule, struct text *text) {
        put_list(&rule->only_methods, text);
}

static void want_sessions(const struct rule_access *rule, struct text *text) {
        put_list(&rule->only_sessions, text);
}

static const struct condition {
        const char *setting; /* as the policy language has it */
        bool (*is_asked)(const struct rule_access *rule);
        bool (*is_broken)(const struct question *question);
        void (*put_want)(const struct rule_access *rule, struct text *text);
        bool is_about_sessions, is_about_methods;
} conditions[] = {
        { "denied", asks_denied, breaks_denied, want_nobody, false, false },
        { "only_users", asks_users, breaks_users, want_users, false, false },
        { "factors_at_least", asks_factors, breaks_factors, want_factors, false, false },
        { "only_methods", asks_methods, breaks_methods, want_methods, false, true },
        { "only_sessions", asks_sessions, breaks_sessions, want_sessions, true, false },
};

/* ---- findings ---- */

/* What breaks one condition: sure ways, or else those of which it cannot be told. */
struct breach {
        const struct condition *condition;
        enum access_answer answer;
        struct text got;
        size_t n_ways;
        const struct access_login *login; /* the first of them */
        const struct access_key *key;     /* a key that opens in this way; NULL: none does */
        const char *reason;
};

static void breach_done(struct breach *breach) {
        text_done(&breach->got);
}

static const struct access_key *opening_key(const struct access_login *login) {
        for (size_t i = 0; i < login->n_keys; i++)
                if (!login->keys[i].refusal && login->keys[i].line > 0)
                        return &login->keys[i];
        return NULL;
}

/* "key + code by publickey,keyboard-interactive from anywhere". */
static int put_way(struct breach *breach, const struct access_way *way,
                   const struct access_logins *logins, size_t i) {
        const struct access_login *login = &logins->items[i];
        CLEANUP_FREE char *where = access_logins_where(logins, i);
        char factors[ACCESS_FACTORS_TEXT_MAX];

        if (!where)
                return -ENOMEM;
        if (breach->n_ways++ >= SHOWN_MAX)
                return 0;
        (void)text_appendf(&breach->got, "%s%s", breach->got.n > 0 ? "; " : "",
                           access_factors_format(way->factors, factors));
        if (breach->condition->is_about_methods)
                (void)text_appendf(&breach->got, " by %s", way->methods);
        (void)text_appendf(&breach->got, " %s%s",
                           strncmp(where, "like ", 5) == 0 || strcmp(where, "anywhere") == 0 ||
                                           strcmp(where, "elsewhere") == 0
                                   ? ""
                                   : "from ",
                           where);
        if (breach->condition->is_about_sessions)
                (void)text_appendf(&breach->got, " to a session of %s",
                                   access_session_name(login->session));
        if (!breach->login)
                breach->login = login;
        if (!breach->key && way->factors & (ACCESS_KEY | ACCESS_CERTIFICATE))
                breach->key = opening_key(login);
        if (!breach->reason)
                breach->reason = way->reason;
        return text_error(&breach->got);
}

static int find_breach(struct breach *breach, const struct rule *rule,
                       const struct access_logins *logins) {
        for (size_t i = 0; i < logins->n_items; i++) {
                const struct access_login *login = &logins->items[i];

                for (size_t k = 0; k < login->ways.n_items; k++) {
                        const struct access_way *way = &login->ways.items[k];
                        const struct question question = { &rule->access, login, way };
                        int r = 0;

                        if (way->answer == breach->answer &&
                            breach->condition->is_broken(&question))
                                r = put_way(breach, way, logins, i);
                        if (r < 0)
                                return r;
                }
        }
        return 0;
}

static int set_witness(struct finding *finding, const struct sshd_connection *connection) {
        CLEANUP_FREE char *spec = sshd_connection_format(connection);
        CLEANUP(text_done) struct text quoted = { 0 };

        if (!spec || escape_append_shell(&quoted, spec) < 0)
                return -ENOMEM;
        return finding_set(0, &finding->witness, "sshguardd --dump-access -C %s",
                           text_get(&quoted));
}

static int report(const struct rule *rule, const struct account *account,
                  const struct breach *breach, struct findings *findings) {
        CLEANUP(finding_done) struct finding finding = { 0 };
        CLEANUP(text_done) struct text want = { 0 };
        bool is_sure = breach->answer == ACCESS_YES;
        int r = finding_init(&finding, rule);

        breach->condition->put_want(&rule->access, &want);
        if (r == 0)
                r = text_error(&want);
        if (!is_sure)
                finding.response = RESPONSE_ALERT; /* nothing that could go back is known */
        if (breach->key) {
                r = finding_set(r, &finding.path, "%s", breach->key->path);
                finding.line = breach->key->line;
        }
        r = finding_set(r, &finding.users, "%s", account->name);
        r = finding_set(r, &finding.setting, "%s", breach->condition->setting);
        r = finding_set(r, &finding.want, "%s", text_get(&want));
        r = finding_set(r, &finding.got, "%s%s%s",
                        is_sure ? "" : "cannot tell: ", text_get(&breach->got),
                        breach->n_ways > SHOWN_MAX ? "; and others" : "");
        if (is_sure)
                r = finding_set(r, &finding.message, "%s gets in with %s", account->name,
                                text_get(&breach->got));
        else
                r = finding_set(r, &finding.message,
                                "it cannot be told whether %s gets in with %s: %s", account->name,
                                text_get(&breach->got),
                                breach->reason ? breach->reason : "not known");
        if (r == 0)
                r = set_witness(&finding, &breach->login->connection);
        return r < 0 ? r : findings_add(findings, &finding);
}

/* Logins beyond the bound may break it too. */
static int report_bound(const struct rule *rule, const struct account *account,
                        struct findings *findings) {
        CLEANUP(finding_done) struct finding finding = { 0 };
        int r = finding_init(&finding, rule);

        finding.response = RESPONSE_ALERT;
        r = finding_set(r, &finding.users, "%s", account->name);
        r = finding_set(r, &finding.got, "cannot tell");
        r = finding_set(r, &finding.message,
                        "%s has more kinds of connections than could be looked at", account->name);
        return r < 0 ? r : findings_add(findings, &finding);
}

int policy_judge_access(const struct rule *rule, const struct account *account,
                        const struct access_logins *logins, struct findings *findings) {
        int r = 0;

        for (size_t i = 0; r == 0 && i < N_ELEMENTS(conditions); i++) {
                if (!conditions[i].is_asked(&rule->access))
                        continue;
                for (int answer = ACCESS_YES; r == 0 && answer > ACCESS_NO; answer--) {
                        CLEANUP(breach_done)
                        struct breach breach = { .condition = &conditions[i],
                                                 .answer = (enum access_answer)answer };

                        r = find_breach(&breach, rule, logins);
                        if (r == 0 && breach.n_ways > 0)
                                r = report(rule, account, &breach, findings);
                }
        }
        if (r == 0 && !logins->is_complete)
                r = report_bound(rule, account, findings);
        return r;
}
