/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One sshd rule against everything sshd could be asked: the contexts of sshd/contexts stand for all
 * possible connections, so a rule that holds for each of them holds.
 *
 * Connections are looked for only where a value breaks the rule, so a configuration in order costs
 * a look at each line. Many contexts share a line: one finding is made for each line and value, and
 * carries the first connection that shows it, to be replayed with `sshd -T -C`. A configuration
 * that sshd refuses has no values at all; then only the refusal is reported. */

#include "policy/judge_sshd.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/escape.h"
#include "sshd/contexts.h"
#include "sshd/effective.h"
#include "sshd/keywords.h"
#include "values.h"

struct judge {
        const struct rule *rule;
        const struct sshd_config *config;
        const struct accounts *accounts;
        enum sshd_value_kind kind;
        struct findings *findings;
        size_t first; /* findings before this one are not of this rule */
};

/* --- who is to blame -------------------------------------------------------------------------- */

static bool is_word_in(const char *line, const char *word) {
        size_t n = strlen(word);

        for (const char *at = strstr(line, word); at; at = strstr(at + 1, word)) {
                bool starts = at == line || strchr(" \t\",=", at[-1]);
                bool ends = at[n] == '\0' || strchr(" \t\",", at[n]);

                if (starts && ends)
                        return true;
        }
        return false;
}

/* Lists like AcceptEnv gather the words of several lines. The line that brought an offending
 * element is the one to show and to revert; the first line that sets the keyword where none is
 * found. */
static const struct sshd_line *blamed_line(const struct sshd_setting *setting,
                                           const struct verdict *verdict) {
        if (setting->is_default || verdict->n_offenders == 0 ||
            is_word_in(setting->winner.text, verdict->offenders[0]))
                return &setting->winner;
        for (size_t i = 0; i < setting->n_joined; i++)
                if (is_word_in(setting->joined[i].text, verdict->offenders[0]))
                        return &setting->joined[i];
        return &setting->winner;
}

static int add_losers(const struct sshd_setting *setting, struct finding *finding) {
        for (size_t i = 0; i < setting->n_losers; i++) {
                const struct sshd_line *line = &setting->losers[i];
                CLEANUP_FREE char *text =
                        text_format("%s:%u: %s", line->file, line->line, line->text);

                if (!text || strings_append(&finding->losers, &finding->n_losers, text) < 0)
                        return -ENOMEM;
        }
        return 0;
}

/* --- one context ------------------------------------------------------------------------------ */

/* What is wrong, in one sentence; GOT is the value or the offending elements of it. */
static int describe(const struct judge *judge, const struct sshd_setting *setting,
                    const struct verdict *verdict, struct finding *finding) {
        const char *name = sshd_keyword_display_name(judge->rule->sshd.keyword);
        CLEANUP(text_done) struct text got = { 0 };
        int r;

        if (verdict->n_offenders > 0) {
                for (size_t i = 0; i < verdict->n_offenders; i++)
                        (void)text_appendf(&got, "%s%s", i == 0 ? "" : " ", verdict->offenders[i]);
                r = text_error(&got);
        } else {
                r = values_format(setting, &got);
        }
        r = finding_set(r, &finding->setting, "%s", name);
        r = finding_set(r, &finding->want, "%s", text_get(&verdict->want));
        r = finding_set(r, &finding->got, "%s", text_get(&got));
        if (setting->is_default)
                return finding_set(r, &finding->message,
                                   "%s is at its default \"%s\", as no line sets it; wanted: %s",
                                   name, text_get(&got), text_get(&verdict->want));
        return finding_set(r, &finding->message, "%s is \"%s\"; wanted: %s", name, text_get(&got),
                           text_get(&verdict->want));
}

static bool is_reported(const struct judge *judge, const struct finding *finding) {
        for (size_t i = judge->first; i < judge->findings->n_items; i++)
                if (judge->findings->items[i].line == finding->line &&
                    finding_is_same(&judge->findings->items[i], finding))
                        return true;
        return false;
}

static int report(const struct judge *judge, const struct sshd_connection *connection,
                  const struct sshd_setting *setting, const struct verdict *verdict) {
        const struct sshd_line *blamed = blamed_line(setting, verdict);
        CLEANUP(finding_done) struct finding finding = { 0 };
        CLEANUP(text_done) struct text word = { 0 };
        CLEANUP_FREE char *spec = NULL;
        int r = finding_init(&finding, judge->rule);

        if (!setting->is_default && blamed->file) {
                r = finding_set(r, &finding.path, "%s", blamed->file);
                finding.line = blamed->line;
        }
        if (r == 0)
                r = describe(judge, setting, verdict, &finding);
        if (r < 0 || is_reported(judge, &finding))
                return r;
        spec = sshd_connection_format(connection);
        r = spec ? escape_append_shell(&word, spec) : -ENOMEM;
        r = finding_set(r, &finding.witness, "sshd -T -C %s", text_get(&word));
        if (r == 0)
                r = add_losers(setting, &finding);
        return r < 0 ? r : findings_add(judge->findings, &finding);
}

static int judge_connection(const struct judge *judge, const struct sshd_connection *connection) {
        CLEANUP(sshd_setting_done) struct sshd_setting setting = { 0 };
        CLEANUP(verdict_done) struct verdict verdict = { 0 };
        int r;

        r = sshd_effective_one(judge->config, connection, judge->accounts,
                               judge->rule->sshd.keyword, &setting);
        if (r == -EINVAL || r == -ENOENT)
                return 0;
        if (r == 0)
                r = values_judge(&judge->rule->sshd, judge->kind, &setting, &verdict);
        if (r < 0 || verdict.want.n == 0)
                return r;
        return report(judge, connection, &setting, &verdict);
}

/* --- the rule --------------------------------------------------------------------------------- */

/* By file and line, whatever order the connections came in. */
static int compare_places(const void *a, const void *b) {
        const struct finding *x = a, *y = b;
        int r = strcmp(x->path ? x->path : "", y->path ? y->path : "");

        return r != 0 ? r : (x->line > y->line) - (x->line < y->line);
}

static int report_incomplete(const struct judge *judge, const struct sshd_contexts *contexts) {
        const char *name = sshd_keyword_display_name(judge->rule->sshd.keyword);
        CLEANUP(finding_done) struct finding finding = { 0 };
        int r = finding_init(&finding, judge->rule);

        finding.response = RESPONSE_ALERT; /* nothing to revert: no line is known to be bad */
        r = finding_set(r, &finding.setting, "%s", name);
        r = finding_set(r, &finding.want, "a decision for every possible connection");
        if (contexts->complete) {
                r = finding_set(r, &finding.got, "accounts that are not known");
                r = finding_set(r, &finding.message,
                                "cannot exclude that %s violates the rule for some connection: the "
                                "list of accounts is not complete, and a Match block asks for "
                                "their groups",
                                name);
        } else {
                r = finding_set(r, &finding.got, "more than %d cases", SSHD_CONTEXTS_MAX);
                r = finding_set(r, &finding.message,
                                "cannot exclude that %s violates the rule for some connection: the "
                                "Match blocks that set it make more than %d cases",
                                name, SSHD_CONTEXTS_MAX);
        }
        return r < 0 ? r : findings_add(judge->findings, &finding);
}

bool policy_rule_is_applicable(const struct rule *rule, const struct sshd_release *release) {
        return rule->family != RULE_SSHD ||
               sshd_keyword_lookup(rule->sshd.keyword, release, NULL, NULL) == SSHD_KEYWORD_KNOWN;
}

/* Does a value break the rule? Only then is a connection looked for. */
static int is_broken(void *userdata, const struct sshd_setting *setting) {
        const struct judge *judge = userdata;
        CLEANUP(verdict_done) struct verdict verdict = { 0 };
        int r = values_judge(&judge->rule->sshd, judge->kind, setting, &verdict);

        return r < 0 ? r : verdict.want.n > 0;
}

/* Do the conditions speak of the elements of a list one by one? */
static bool is_about_elements(const struct rule_sshd *rule) {
        return !rule->must.is_set && !rule->includes.is_set && !rule->unset;
}

int policy_judge_sshd(const struct rule *rule, const struct sshd_config *config,
                      const struct accounts *accounts, struct findings *findings) {
        const struct sshd_release *release = sshd_config_release(config);
        struct judge judge = { .rule = rule,
                               .config = config,
                               .accounts = accounts,
                               .findings = findings,
                               .first = findings->n_items };
        CLEANUP(sshd_contexts_done) struct sshd_contexts contexts = { 0 };
        struct sshd_choice choice = { &judge, is_broken, is_about_elements(&rule->sshd) };
        int r = 0;

        if (sshd_config_refusal(config))
                return 0;
        if (sshd_keyword_lookup(rule->sshd.keyword, release, NULL, &judge.kind) !=
            SSHD_KEYWORD_KNOWN)
                return 0;
        r = sshd_contexts_find(config, rule->sshd.keyword, accounts, &rule->sshd.when, &choice,
                               &contexts);
        for (size_t i = 0; r == 0 && i < contexts.n_items; i++)
                r = judge_connection(&judge, &contexts.items[i]);
        if (findings->n_items > judge.first)
                qsort(findings->items + judge.first, findings->n_items - judge.first,
                      sizeof findings->items[0], compare_places);
        if (r == 0 && (!contexts.complete || contexts.lacks_accounts))
                r = report_incomplete(&judge, &contexts);
        if (r < 0)
                findings_truncate(findings, judge.first);
        return r;
}

int policy_judge_sshd_refusal(const struct sshd_config *config, struct findings *findings) {
        const struct sshd_refusal *refusal = sshd_config_refusal(config);
        CLEANUP(finding_done) struct finding finding = { 0 };
        int r;

        if (!refusal)
                return 0;
        r = finding_init_own(&finding, "sshd.refused", SEVERITY_CRITICAL);
        finding.response = RESPONSE_REVERT;
        if (refusal->file)
                r = finding_set(r, &finding.path, "%s", refusal->file);
        finding.line = refusal->line;
        r = finding_set(r, &finding.want, "a configuration that sshd accepts");
        r = finding_set(r, &finding.got, "%s", refusal->reason);
        r = finding_set(r, &finding.witness, "sshd -t");
        r = finding_set(r, &finding.message, "sshd would refuse this: %s", refusal->reason);
        return r < 0 ? r : findings_add(findings, &finding);
}
