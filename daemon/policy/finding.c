/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Findings as values: made by the judges, compared by the reconciler, shown by everyone.
 *
 * Two findings are the same if they blame the same thing, wherever its line is now: an edit above a
 * bad line must not look like a new finding, or a revert that is right would be held back. */

#include "policy/finding.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/text.h"

int finding_init_own(struct finding *ret, const char *rule_id, enum severity severity) {
        char *id = strdup(rule_id);

        if (!id)
                return -ENOMEM;
        *ret = (struct finding){ .rule_id = id, .severity = severity, .response = RESPONSE_ALERT };
        return 0;
}

int finding_init(struct finding *ret, const struct rule *rule) {
        int r = finding_init_own(ret, rule->id, rule->severity);

        if (r < 0)
                return r;
        ret->rule = rule;
        ret->response = rule->response;
        return 0;
}

int finding_set(int r, char **field, const char *format, ...) {
        struct text text = { 0 };
        va_list arguments;
        char *string;

        if (r < 0)
                return r;
        va_start(arguments, format);
        (void)text_vappendf(&text, format, arguments);
        va_end(arguments);
        string = text_take(&text);
        if (!string)
                return -ENOMEM;
        free(*field);
        *field = string;
        return r;
}

int findings_add(struct findings *findings, struct finding *finding) {
        int r = ARRAY_GROW(findings->items, findings->n_items);

        if (r < 0) {
                finding_done(finding);
                return r;
        }
        findings->items[findings->n_items++] = *finding;
        *finding = (struct finding){ 0 };
        return 0;
}

static bool is_equal(const char *a, const char *b) {
        return a == b || (a && b && strcmp(a, b) == 0);
}

bool finding_is_same(const struct finding *a, const struct finding *b) {
        return is_equal(a->rule_id, b->rule_id) && is_equal(a->path, b->path) &&
               is_equal(a->setting, b->setting) && is_equal(a->want, b->want) &&
               is_equal(a->got, b->got);
}

bool findings_contain(const struct findings *findings, const struct finding *finding) {
        for (size_t i = 0; i < findings->n_items; i++)
                if (finding_is_same(&findings->items[i], finding))
                        return true;
        return false;
}

void findings_truncate(struct findings *findings, size_t n) {
        while (findings->n_items > n)
                finding_done(&findings->items[--findings->n_items]);
}

int finding_copy(struct finding *ret, const struct finding *finding) {
        struct finding copy = { .rule = finding->rule,
                                .severity = finding->severity,
                                .response = finding->response,
                                .line = finding->line };
        const struct {
                char **to;
                const char *from;
        } strings[] = {
                { &copy.rule_id, finding->rule_id }, { &copy.path, finding->path },
                { &copy.setting, finding->setting }, { &copy.want, finding->want },
                { &copy.got, finding->got },         { &copy.witness, finding->witness },
                { &copy.message, finding->message }, { &copy.users, finding->users },
        };
        int r;

        r = strings_copy(&copy.losers, &copy.n_losers, finding->losers, finding->n_losers);
        for (size_t i = 0; r == 0 && i < sizeof strings / sizeof strings[0]; i++) {
                if (!strings[i].from)
                        continue;
                *strings[i].to = strdup(strings[i].from);
                if (!*strings[i].to)
                        r = -ENOMEM;
        }
        if (r < 0) {
                finding_done(&copy);
                return r;
        }
        *ret = copy;
        return 0;
}

void finding_done(struct finding *finding) {
        free(finding->rule_id);
        free(finding->path);
        free(finding->setting);
        free(finding->want);
        free(finding->got);
        free(finding->witness);
        free(finding->message);
        strings_free(finding->losers, finding->n_losers);
        free(finding->users);
        *finding = (struct finding){ 0 };
}

void findings_done(struct findings *findings) {
        findings_truncate(findings, 0);
        free(findings->items);
        *findings = (struct findings){ 0 };
}
