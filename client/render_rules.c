/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rules: as a list, and one of them explained. Which of them wait to be acknowledged, and what
 * those that only report would have done, stands with them. */

#include <string.h>

#include "base/cleanup.h"
#include "base/diff.h"
#include "member.h"
#include "render_parts.h"
#include "table.h"
#include "when.h"

static const char *rule_state(const json_t *rule, enum style *ret_style) {
        *ret_style = STYLE_DIM;
        if (!member_bool(rule, "enabled"))
                return "off";
        if (!member_is_int(rule, "findings"))
                return "not judged";
        *ret_style = member_int(rule, "findings") > 0 ? STYLE_BAD : STYLE_GOOD;
        return member_int(rule, "findings") > 0 ? "violated" : "holds";
}

/* What an upgrade did to it, if it waits to be acknowledged; NULL if not. */
static const char *upgrade_of(const json_t *rule) {
        if (!member_bool(rule, "pending"))
                return NULL;
        return member_is_int(rule, "acknowledged_at_us") ? "changed, only reports"
                                                         : "new, only reports";
}

static void append_would(struct text *text, const struct screen *screen, const json_t *rule) {
        int64_t n = member_int(rule, "would");

        if (n == 0)
                return;
        (void)text_appendf(text, "would have acted %lld time%s, last ", (long long)n,
                           n == 1 ? "" : "s");
        render_append_when(text, screen, rule, "would_last_us");
}

static void append_notes(struct text *text, const struct screen *screen, const json_t *rule) {
        const char *upgrade = upgrade_of(rule);

        if (upgrade)
                (void)text_appendf(text, "%s%s", upgrade, member_int(rule, "would") ? "; " : "");
        append_would(text, screen, rule);
}

/* What came of the rules that only report, below the list. */
static void put_notes(struct screen *screen, const json_t *rules) {
        static const char *const heads[] = { "RULE", "WHAT" };
        CLEANUP(table_done) struct table table = { .heads = heads, .n_columns = N_ELEMENTS(heads) };
        size_t n_notes = 0, n_pending = 0;

        for (size_t i = 0; i < json_array_size(rules); i++) {
                const json_t *rule = json_array_get(rules, i);
                bool is_pending = member_bool(rule, "pending");
                CLEANUP(text_done) struct text notes = { 0 };

                append_notes(&notes, screen, rule);
                if (notes.n == 0)
                        continue;
                n_notes++;
                n_pending += is_pending;
                table_add(&table, STYLE_PLAIN, member_string(rule, "id"));
                table_add(&table, is_pending ? STYLE_WARN : STYLE_PLAIN, text_get(&notes));
        }
        if (n_notes == 0)
                return;
        screen_raw(screen, "\n");
        screen_put(screen, STYLE_BOLD, "Where rules only report");
        screen_raw(screen, "\n");
        table_put(&table, screen, 2);
        if (n_pending > 0)
                screen_raw(screen, "\n`sshguardctl acknowledge RULE` shows a rule that is new or "
                                   "changed, and lets it respond.\n");
}

void render_rules(struct screen *screen, const json_t *reply) {
        static const char *const heads[] = { "STATE",    "RULE",     "SUBJECT",
                                             "RESPONSE", "SEVERITY", "FROM" };
        CLEANUP(table_done) struct table table = { .heads = heads, .n_columns = N_ELEMENTS(heads) };
        const json_t *rules = json_object_get(reply, "rules");

        for (size_t i = 0; i < json_array_size(rules); i++) {
                const json_t *rule = json_array_get(rules, i);
                const char *severity = member_word(rule, "severity", "?");
                enum style style;
                const char *state = rule_state(rule, &style);

                table_add(&table, style, state);
                table_add(&table, STYLE_PLAIN, member_string(rule, "id"));
                table_addf(&table, STYLE_PLAIN, "%s %s", member_word(rule, "family", "?"),
                           member_word(rule, "subject", "?"));
                table_addf(&table, STYLE_PLAIN, "%s%s", member_word(rule, "response", "?"),
                           member_bool(rule, "audit") ? " (audit)" : "");
                table_add(&table, render_severity_style(severity), severity);
                table_add(&table, STYLE_PLAIN, member_word(rule, "profile", "local"));
        }
        table_put(&table, screen, 0);
        put_notes(screen, rules);
}

static void put_proof(struct screen *screen, const json_t *finding) {
        const json_t *losers = json_object_get(finding, "losers");
        CLEANUP(text_done) struct text place = { 0 };

        render_append_place(&place, finding);
        screen_raw(screen, "\n");
        render_put_line(screen, "Violated", STYLE_BAD, text_get(&place));
        render_put_line(screen, "What", STYLE_PLAIN, member_string(finding, "message"));
        render_put_line(screen, "Witness", STYLE_PLAIN, member_string(finding, "witness"));
        for (size_t i = 0; i < json_array_size(losers); i++)
                render_put_line(screen, "Overruled", STYLE_DIM,
                                json_string_value(json_array_get(losers, i)));
}

/* A line each, without the indent that a file would have. */
static void put_conditions(struct screen *screen, const char *conditions) {
        while (*conditions) {
                size_t n;
                CLEANUP_FREE char *line = NULL;

                conditions += strspn(conditions, " ");
                n = strcspn(conditions, "\n");
                line = strndup(conditions, n);
                render_put_line(screen, "Demands", STYLE_PLAIN, line);
                conditions += n + (conditions[n] == '\n');
        }
}

/* What holds now: `Now: no, by FILE:LINE`, for whom if not for all. */
static void put_decisions(struct screen *screen, const json_t *reply) {
        const json_t *decisions = json_object_get(reply, "decisions");

        for (size_t i = 0; i < json_array_size(decisions); i++) {
                const json_t *decision = json_array_get(decisions, i);
                const char *value = member_word(decision, "value", "");
                CLEANUP(text_done) struct text place = { 0 };

                render_append_place(&place, decision);
                render_put_label(screen, "Now");
                screen_put(screen, STYLE_BOLD, *value ? value : "nothing");
                screen_raw(screen, member_string(decision, "path") ? ", by " : " ");
                screen_put(screen, STYLE_PLAIN, text_get(&place));
                if (member_string(decision, "connection"))
                        screen_putf(screen, STYLE_DIM, ", for %s",
                                    member_string(decision, "connection"));
                screen_raw(screen, "\n");
        }
        if (member_bool(reply, "decisions_truncated"))
                render_put_line(screen, "Now", STYLE_DIM, "... and more");
}

/* What changed since it was acknowledged. */
static void put_change(struct screen *screen, const json_t *reply) {
        const char *before = member_string(reply, "acknowledged");
        const char *after = member_string(reply, "shipped");
        CLEANUP(text_done) struct text diff = { 0 };
        bool is_truncated = false;

        if (!before || !after ||
            diff_unified(before, strlen(before), after, strlen(after), &diff, &is_truncated) < 0)
                return;
        for (const char *line = text_get(&diff); *line;) {
                size_t n = strcspn(line, "\n");
                CLEANUP_FREE char *shown = strndup(line, n);

                if (shown && (*line == '-' || *line == '+'))
                        render_put_line(screen, "Changed", *line == '-' ? STYLE_BAD : STYLE_GOOD,
                                        shown);
                line += n + (line[n] == '\n');
        }
}

/* What is known of a rule that a profile brought, and what came of it while it only reported. */
static void put_rollout(struct screen *screen, const json_t *reply, const json_t *rule) {
        const char *reason = member_word(rule, "acknowledged_reason", "");
        CLEANUP(text_done) struct text known = { 0 };
        CLEANUP(text_done) struct text would = { 0 };

        if (member_bool(rule, "pending")) {
                render_put_line(screen, "Waits", STYLE_WARN, upgrade_of(rule));
                put_change(screen, reply);
        } else if (member_is_int(rule, "acknowledged_at_us")) {
                (void)when_append_both(&known, member_int(rule, "acknowledged_at_us"),
                                       screen->now_us);
                (void)text_appendf(&known, " by uid %lld%s%s",
                                   (long long)member_int(rule, "acknowledged_by_uid"),
                                   *reason ? ": " : "", reason);
                render_put_line(screen, "Known", STYLE_PLAIN, text_get(&known));
        }
        append_would(&would, screen, rule);
        render_put_line(screen, "So far", STYLE_WARN, text_get(&would));
}

void render_explanation(struct screen *screen, const json_t *reply) {
        const json_t *rule = json_object_get(reply, "rule");
        const json_t *findings = json_object_get(reply, "findings");
        const json_t *incidents = json_object_get(reply, "incidents");
        CLEANUP(text_done) struct text origin = { 0 };
        enum style style;
        const char *state = rule_state(rule, &style);

        render_put_label(screen, "Rule");
        screen_put(screen, STYLE_BOLD, member_word(rule, "id", "?"));
        screen_raw(screen, "\n");
        render_put_line(screen, "State", style, state);
        put_conditions(screen, member_word(reply, "conditions", ""));
        render_put_line(screen, "Why", STYLE_PLAIN, member_string(rule, "why"));
        render_put_line(screen, "Source", STYLE_PLAIN, member_string(rule, "source"));
        render_put_label(screen, "Response");
        screen_putf(screen, STYLE_PLAIN, "%s, severity %s%s", member_word(rule, "response", "?"),
                    member_word(rule, "severity", "?"),
                    member_bool(rule, "audit") ? ", audit only" : "");
        screen_raw(screen, "\n");
        if (member_string(rule, "file"))
                (void)text_appendf(&origin, "%s:%lld", member_string(rule, "file"),
                                   (long long)member_int(rule, "line"));
        if (member_string(rule, "profile"))
                (void)text_appendf(&origin, " (profile %s)", member_string(rule, "profile"));
        render_put_line(screen, "Defined", STYLE_PLAIN, text_get(&origin));
        put_rollout(screen, reply, rule);
        put_decisions(screen, reply);
        for (size_t i = 0; i < json_array_size(findings); i++)
                put_proof(screen, json_array_get(findings, i));
        if (json_array_size(incidents) > 0) {
                screen_raw(screen, "\n");
                render_put_incidents(screen, incidents, 0);
        }
}
