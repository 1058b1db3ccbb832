/* SPDX-License-Identifier: GPL-3.0-or-later */
/* For people: one function per view, in a table. Times are local, and relative where that is what
 * one wants to know; everything that came from a file is escaped on its way to the screen. */

#include <string.h>

#include "base/cleanup.h"
#include "member.h"
#include "render.h"
#include "render_parts.h"
#include "table.h"
#include "when.h"

enum { LABEL_WIDTH = 10 };

/* ---- pieces ---- */

enum style render_severity_style(const char *severity) {
        static const struct {
                const char *severity;
                enum style style;
        } styles[] = {
                { "critical", STYLE_BAD }, { "high", STYLE_BAD }, { "medium", STYLE_WARN },
                { "low", STYLE_PLAIN },    { "info", STYLE_DIM },
        };

        for (size_t i = 0; severity && i < N_ELEMENTS(styles); i++)
                if (strcmp(styles[i].severity, severity) == 0)
                        return styles[i].style;
        return STYLE_PLAIN;
}

void render_append_place(struct text *text, const json_t *object) {
        const char *path = member_string(object, "path");
        int64_t line = member_int(object, "line");

        (void)text_append(text, path ? path : "(default)");
        if (path && line > 0)
                (void)text_appendf(text, ":%lld", (long long)line);
}

void render_append_when(struct text *text, const struct screen *screen, const json_t *object,
                        const char *name) {
        if (member_is_int(object, name))
                (void)when_append_relative(text, member_int(object, name), screen->now_us);
        else
                (void)text_append(text, "never");
}

void render_put_label(struct screen *screen, const char *label) {
        screen_putf(screen, STYLE_DIM, "%*s:", LABEL_WIDTH, label);
        screen_raw(screen, " ");
}

void render_put_line(struct screen *screen, const char *label, enum style style,
                     const char *string) {
        if (!string || !*string)
                return;
        render_put_label(screen, label);
        screen_put(screen, style, string);
        screen_raw(screen, "\n");
}

static void add_place(struct table *table, const json_t *object) {
        CLEANUP(text_done) struct text place = { 0 };

        render_append_place(&place, object);
        table_add(table, STYLE_PLAIN, text_get(&place));
}

static void add_when(struct table *table, const struct screen *screen, const json_t *object,
                     const char *name) {
        CLEANUP(text_done) struct text when = { 0 };

        if (member_is_int(object, name))
                (void)when_append_relative(&when, member_int(object, name), screen->now_us);
        table_add(table, STYLE_PLAIN, text_get(&when));
}

void render_put_findings(struct screen *screen, const json_t *findings, unsigned indent) {
        static const char *const heads[] = { "SEVERITY", "SINCE", "WHERE", "WHAT", "DONE" };
        CLEANUP(table_done) struct table table = { .heads = heads, .n_columns = N_ELEMENTS(heads) };

        for (size_t i = 0; i < json_array_size(findings); i++) {
                const json_t *finding = json_array_get(findings, i);
                const char *severity = member_word(finding, "severity", "?");

                table_add(&table, render_severity_style(severity), severity);
                add_when(&table, screen, finding, "since_us");
                add_place(&table, finding);
                table_add(&table, STYLE_PLAIN,
                          member_word(finding, "message", member_string(finding, "rule")));
                table_add(&table, STYLE_PLAIN, member_string(finding, "action"));
        }
        table_put(&table, screen, indent);
}

void render_put_incidents(struct screen *screen, const json_t *incidents, unsigned indent) {
        static const char *const heads[] = { "ID", "WHEN", "SEVERITY", "ACTION", "RULE", "WHERE" };
        CLEANUP(table_done) struct table table = { .heads = heads, .n_columns = N_ELEMENTS(heads) };

        for (size_t i = 0; i < json_array_size(incidents); i++) {
                const json_t *incident = json_array_get(incidents, i);
                const char *severity = member_word(incident, "severity", "?");
                int64_t count = member_int(incident, "count");
                CLEANUP(text_done) struct text action = { 0 };

                (void)text_append(&action, member_word(incident, "action", ""));
                if (count > 1)
                        (void)text_appendf(&action, " (%lld times)", (long long)count);
                table_addf(&table, STYLE_PLAIN, "%lld", (long long)member_int(incident, "id"));
                add_when(&table, screen, incident, "at_us");
                table_add(&table, render_severity_style(severity), severity);
                table_add(&table, STYLE_PLAIN, text_get(&action));
                table_add(&table, STYLE_PLAIN, member_string(incident, "rule"));
                add_place(&table, incident);
        }
        table_put(&table, screen, indent);
}

/* ---- lists ---- */

static void show_findings(struct screen *screen, const json_t *reply) {
        const json_t *findings = json_object_get(reply, "findings");

        if (json_array_size(findings) == 0)
                screen_raw(screen, "No findings: every rule holds.\n");
        else
                render_put_findings(screen, findings, 0);
}

/* What watches it besides the sweep, which looks at everything. */
static void append_coverage(struct text *text, const json_t *mechanisms) {
        for (size_t i = 0; i < json_array_size(mechanisms); i++) {
                const char *name = json_string_value(json_array_get(mechanisms, i));

                if (name && strcmp(name, "sweep") != 0)
                        (void)text_appendf(text, "%s%s", text->n > 0 ? "+" : "", name);
        }
        if (text->n == 0)
                (void)text_append(text, "sweep alone");
}

static void append_words(struct text *text, const json_t *words, const char *between) {
        for (size_t i = 0; i < json_array_size(words); i++) {
                const char *word = json_string_value(json_array_get(words, i));

                (void)text_appendf(text, "%s%s", i > 0 ? between : "", word ? word : "?");
        }
}

static void append_flags(struct text *text, const json_t *file) {
        static const char *const flags[] = { "secret", "contested", "locked" };

        for (size_t i = 0; i < N_ELEMENTS(flags); i++)
                if (member_bool(file, flags[i]))
                        (void)text_appendf(text, "%s%s", text->n > 0 ? ", " : "", flags[i]);
        if (json_array_size(json_object_get(file, "degraded_by")) > 0)
                (void)text_append(text, text->n > 0 ? ", degraded by " : "degraded by ");
        append_words(text, json_object_get(file, "degraded_by"), "+");
}

static void show_files(struct screen *screen, const json_t *reply) {
        static const char *const heads[] = { "STATE", "COVERAGE", "LOOKED", "PATH", "NOTES" };
        CLEANUP(table_done) struct table table = { .heads = heads, .n_columns = N_ELEMENTS(heads) };
        const json_t *files = json_object_get(reply, "files");

        for (size_t i = 0; i < json_array_size(files); i++) {
                const json_t *file = json_array_get(files, i);
                const char *state = member_word(file, "state", "?");
                CLEANUP(text_done) struct text coverage = { 0 };
                CLEANUP(text_done) struct text notes = { 0 };

                append_coverage(&coverage, json_object_get(file, "coverage"));
                if (strcmp(member_word(json_object_get(file, "version"), "kind", ""), "absent") ==
                    0)
                        (void)text_append(&notes, "absent");
                append_flags(&notes, file);
                table_add(&table,
                          strcmp(state, "violating") == 0    ? STYLE_BAD
                          : strcmp(state, "unapproved") == 0 ? STYLE_WARN
                                                             : STYLE_PLAIN,
                          state);
                table_add(&table, STYLE_PLAIN, text_get(&coverage));
                add_when(&table, screen, file, "looked_at_us");
                table_add(&table, STYLE_PLAIN, member_string(file, "path"));
                table_add(&table, STYLE_PLAIN, text_get(&notes));
        }
        table_put(&table, screen, 0);
}

/* What is there to know of a key besides its fingerprint. */
static void append_limits(struct text *text, const json_t *key) {
        const char *problem = member_string(key, "problem"),
                   *options = member_string(key, "options");

        if (member_bool(key, "ignored"))
                (void)text_append(text, "ignored by sshd");
        if (problem && problem[0])
                (void)text_appendf(text, "%s%s", text->n > 0 ? "; " : "", problem);
        else if (options && options[0])
                (void)text_appendf(text, "%s%s", text->n > 0 ? "; " : "", options);
        else
                (void)text_appendf(text, "%s%s", text->n > 0 ? "; " : "", "no limits");
}

static void show_keys(struct screen *screen, const json_t *reply) {
        static const char *const heads[] = { "USER",     "FINGERPRINT", "TYPE",  "COMMENT",
                                             "APPROVED", "WHERE",       "LIMITS" };
        CLEANUP(table_done) struct table table = { .heads = heads, .n_columns = N_ELEMENTS(heads) };
        const json_t *keys = json_object_get(reply, "keys");

        for (size_t i = 0; i < json_array_size(keys); i++) {
                const json_t *key = json_array_get(keys, i);
                bool is_approved = member_is_int(key, "approved_at_us");
                CLEANUP(text_done) struct text type = { 0 }, where = { 0 }, limits = { 0 };

                append_limits(&limits, key);
                (void)text_append(&type, member_word(key, "type", "?"));
                if (strncmp(text_get(&type), "ssh-rsa", 7) == 0)
                        (void)text_appendf(&type, " %lld", (long long)member_int(key, "bits"));
                (void)text_appendf(&where, "%s:%lld", member_string(key, "path"),
                                   (long long)member_int(key, "line"));
                table_add(&table, STYLE_PLAIN, member_string(key, "user"));
                table_add(&table, STYLE_PLAIN, member_word(key, "fingerprint", "-"));
                table_add(&table, STYLE_PLAIN, text_get(&type));
                table_add(&table, STYLE_PLAIN, member_string(key, "comment"));
                if (is_approved)
                        add_when(&table, screen, key, "approved_at_us");
                else
                        table_add(&table, STYLE_WARN, "no");
                table_add(&table, STYLE_PLAIN, text_get(&where));
                table_add(&table, STYLE_PLAIN, text_get(&limits));
        }
        table_put(&table, screen, 0);
}

static void show_history(struct screen *screen, const json_t *reply) {
        const json_t *incidents = json_object_get(reply, "incidents");

        if (json_array_size(incidents) == 0) {
                screen_raw(screen, "No incidents.\n");
                return;
        }
        render_put_incidents(screen, incidents, 0);
        if (member_bool(reply, "truncated")) {
                screen_put(screen, STYLE_DIM, "Older ones exist; --limit shows more.");
                screen_raw(screen, "\n");
        }
}

static void show_permits(struct screen *screen, const json_t *reply) {
        static const char *const heads[] = { "ID", "ENDS", "USES", "BY", "PATH", "REASON" };
        CLEANUP(table_done) struct table table = { .heads = heads, .n_columns = N_ELEMENTS(heads) };
        const json_t *permits = json_object_get(reply, "permits");

        if (json_array_size(permits) == 0) {
                screen_raw(screen, "No permits.\n");
                return;
        }
        for (size_t i = 0; i < json_array_size(permits); i++) {
                const json_t *permit = json_array_get(permits, i);

                table_addf(&table, STYLE_PLAIN, "%lld", (long long)member_int(permit, "id"));
                add_when(&table, screen, permit, "until_us");
                if (member_is_int(permit, "uses_left"))
                        table_addf(&table, STYLE_PLAIN, "%lld left",
                                   (long long)member_int(permit, "uses_left"));
                else
                        table_add(&table, STYLE_PLAIN, "any");
                table_addf(&table, STYLE_PLAIN, "uid %lld",
                           (long long)member_int(permit, "by_uid"));
                table_add(&table, STYLE_PLAIN, member_string(permit, "path"));
                table_add(&table, STYLE_PLAIN, member_string(permit, "reason"));
        }
        table_put(&table, screen, 0);
}

/* ---- one thing ---- */

static void put_time(struct screen *screen, const char *label, int64_t at_us) {
        CLEANUP(text_done) struct text when = { 0 };

        (void)when_append_both(&when, at_us, screen->now_us);
        render_put_line(screen, label, STYLE_PLAIN, text_get(&when));
}

/* "a regular file, mode 0644, uid 0, gid 0, 3412 bytes". */
static void put_version(struct screen *screen, const char *label, const json_t *version) {
        CLEANUP(text_done) struct text text = { 0 };

        if (!json_is_object(version))
                return;
        (void)text_append(&text, member_word(version, "kind", "?"));
        if (member_string(version, "mode"))
                (void)text_appendf(&text, ", mode %s, uid %lld, gid %lld, %lld bytes",
                                   member_string(version, "mode"),
                                   (long long)member_int(version, "uid"),
                                   (long long)member_int(version, "gid"),
                                   (long long)member_int(version, "size"));
        if (member_string(version, "link_target"))
                (void)text_appendf(&text, ", to %s", member_string(version, "link_target"));
        render_put_line(screen, label, STYLE_PLAIN, text_get(&text));
        render_put_line(screen, "SHA-256", STYLE_PLAIN, member_string(version, "sha256"));
}

/* Whether what it tells of was left as it was. */
static bool is_untouched(const json_t *incident) {
        const char *action = member_word(incident, "action", "");

        return strncmp(action, "would ", 6) == 0 || strcmp(action, "alerted") == 0;
}

static void show_incident(struct screen *screen, const json_t *reply) {
        const json_t *incident = json_object_get(reply, "incident");
        const json_t *kept = json_object_get(incident, "quarantined");
        const char *severity = member_word(incident, "severity", "?");
        long long id = (long long)member_int(incident, "id");
        CLEANUP(text_done) struct text place = { 0 };

        render_append_place(&place, incident);
        render_put_label(screen, "Incident");
        screen_putf(screen, STYLE_BOLD, "%lld", id);
        screen_raw(screen, "\n");
        put_time(screen, "When", member_int(incident, "at_us"));
        render_put_line(screen, "Severity", render_severity_style(severity), severity);
        render_put_line(screen, "Rule", STYLE_PLAIN, member_string(incident, "rule"));
        render_put_line(screen, "Where", STYLE_PLAIN, text_get(&place));
        render_put_line(screen, "What", STYLE_PLAIN, member_string(incident, "message"));
        render_put_line(screen, "Setting", STYLE_PLAIN, member_string(incident, "setting"));
        render_put_line(screen, "Wanted", STYLE_PLAIN, member_string(incident, "want"));
        render_put_line(screen, "Got", STYLE_PLAIN, member_string(incident, "got"));
        render_put_line(screen, "Witness", STYLE_PLAIN, member_string(incident, "witness"));
        render_put_line(screen, "Done", STYLE_BOLD, member_string(incident, "action"));
        render_put_line(screen, "Because", STYLE_WARN, member_string(incident, "outcome"));
        render_put_label(screen, "Policy");
        screen_putf(screen, STYLE_PLAIN, "generation %lld",
                    (long long)member_int(incident, "generation"));
        screen_raw(screen, "\n");
        put_version(screen, "Kept", kept);
        if (json_is_object(kept)) {
                screen_raw(screen, "\n");
                screen_putf(screen, STYLE_DIM,
                            "`sshguardctl diff %lld` shows it, `sshguardctl restore %lld` puts it "
                            "back.",
                            id, id);
                screen_raw(screen, "\n");
        } else if (member_string(incident, "path") && is_untouched(incident)) {
                screen_raw(screen, "\n");
                screen_putf(screen, STYLE_DIM,
                            "If it is still so: `sshguardctl diff %s` shows it, `approve` accepts "
                            "it, `restore` undoes it, `edit` changes it.",
                            member_string(incident, "path"));
                screen_raw(screen, "\n");
        }
}

void render_put_diff(struct screen *screen, const char *diff) {
        while (diff && *diff) {
                size_t n = strcspn(diff, "\n");
                enum style style = *diff == '+'   ? STYLE_GOOD
                                   : *diff == '-' ? STYLE_BAD
                                   : *diff == '@' ? STYLE_DIM
                                                  : STYLE_PLAIN;

                screen_begin(screen, style);
                for (size_t i = 0; i < n;) {
                        size_t n_run = strcspn(diff + i, "\t\n");
                        CLEANUP_FREE char *run = strndup(diff + i, n_run);

                        screen_put(screen, STYLE_PLAIN, run);
                        i += n_run;
                        if (i < n && diff[i] == '\t') {
                                screen_raw(screen, "\t");
                                i++;
                        }
                }
                screen_end(screen, style);
                screen_raw(screen, "\n");
                diff += n + (diff[n] == '\n');
        }
}

static void show_diff(struct screen *screen, const json_t *reply) {
        const char *path = member_word(reply, "path", "?");
        const json_t *after = json_object_get(reply, "after");
        const json_t *metadata = json_object_get(reply, "metadata");
        const char *diff = member_word(reply, "diff", "");

        screen_putf(screen, STYLE_BOLD, "--- %s (%s)", path,
                    member_word(reply, "before_label", "before"));
        screen_raw(screen, "\n");
        screen_putf(screen, STYLE_BOLD, "+++ %s (%s)", path,
                    member_word(reply, "after_label", "after"));
        screen_raw(screen, "\n");
        for (size_t i = 0; i < json_array_size(metadata); i++) {
                screen_put(screen, STYLE_WARN, json_string_value(json_array_get(metadata, i)));
                screen_raw(screen, "\n");
        }
        if (member_string(reply, "access")) {
                screen_put(screen, STYLE_BAD, member_string(reply, "access"));
                screen_raw(screen, "\n");
        }
        render_put_diff(screen, diff);
        if (member_bool(reply, "secret"))
                screen_raw(screen, "The content is not kept, and not shown.\n");
        else if (*diff == '\0' && json_array_size(metadata) == 0)
                screen_raw(screen, "No difference.\n");
        if (member_bool(reply, "truncated"))
                screen_raw(screen, "The diff is not complete: the file is too large.\n");
        if (strcmp(member_word(after, "kind", ""), "absent") == 0)
                render_put_line(screen, "SHA-256", STYLE_PLAIN, "absent");
        else
                render_put_line(screen, "SHA-256", STYLE_PLAIN, member_string(after, "sha256"));
}

/* ---- streams and results ---- */

static void show_event(struct screen *screen, const json_t *reply) {
        const json_t *event = json_object_get(reply, "event");
        const json_t *incident = json_object_get(event, "incident");
        const json_t *finding = json_object_get(event, "finding");
        const json_t *object = json_is_object(incident) ? incident : finding;
        const char *severity = member_string(object, "severity");
        const bool is_resolved = strcmp(member_word(event, "kind", ""), "resolved") == 0;
        CLEANUP(text_done) struct text when = { 0 };
        CLEANUP(text_done) struct text place = { 0 };

        /* the line of its incident said it */
        if (json_is_object(finding) && !is_resolved && member_int(finding, "incident") > 0)
                return;
        (void)when_append_local(&when, member_int(event, "at_us"));
        screen_put(screen, STYLE_DIM, text_get(&when));
        screen_putf(screen, STYLE_PLAIN, " %s ", member_word(event, "kind", "?"));
        if (json_is_object(object)) {
                render_append_place(&place, object);
                screen_put(screen, render_severity_style(severity), severity);
                screen_putf(screen, STYLE_PLAIN, " %s %s: %s",
                            is_resolved ? member_word(object, "rule", "?")
                                        : member_word(object, "action", "seen"),
                            text_get(&place),
                            is_resolved ? "it holds again"
                                        : member_word(object, "message",
                                                      member_word(object, "rule", "?")));
        } else {
                screen_put(screen, STYLE_PLAIN, member_string(event, "message"));
        }
        screen_raw(screen, "\n");
}

static void show_progress(struct screen *screen, const json_t *reply) {
        screen_putf(screen, STYLE_DIM, "%lld of %lld", (long long)member_int(reply, "done"),
                    (long long)member_int(reply, "total"));
}

static void show_check(struct screen *screen, const json_t *reply) {
        int64_t n = member_int(reply, "findings");

        screen_putf(screen, STYLE_PLAIN,
                    "%lld files looked at: ", (long long)member_int(reply, "done"));
        if (n == 0)
                screen_put(screen, STYLE_GOOD, "every rule holds.");
        else
                screen_putf(screen, STYLE_BAD, "%lld finding%s; `sshguardctl findings` shows %s.",
                            (long long)n, n == 1 ? "" : "s", n == 1 ? "it" : "them");
        screen_raw(screen, "\n");
}

static void show_lines(struct screen *screen, const json_t *reply) {
        const char *text = member_word(reply, "text", "");

        while (*text) { /* line ends are ours, the rest is not trusted */
                size_t n = strcspn(text, "\n");
                CLEANUP_FREE char *line = strndup(text, n);

                screen_put(screen, STYLE_PLAIN, line);
                screen_raw(screen, "\n");
                text += n + (text[n] == '\n');
        }
}

static void show_reloaded(struct screen *screen, const json_t *reply) {
        screen_putf(screen, STYLE_PLAIN, "Policy generation %lld is in force.",
                    (long long)member_int(reply, "generation"));
        screen_raw(screen, "\n");
}

static void show_permitted(struct screen *screen, const json_t *reply) {
        screen_putf(screen, STYLE_PLAIN,
                    "Permit %lld is in force; end it with `sshguardctl permit --revoke %lld`.",
                    (long long)member_int(reply, "id"), (long long)member_int(reply, "id"));
        screen_raw(screen, "\n");
}

static void show_installed(struct screen *screen, const json_t *reply) {
        CLEANUP(text_done) struct text end = { 0 };

        screen_raw(screen, "Installed. What was there is kept: see `sshguardctl history`.\n");
        if (!member_is_int(reply, "undone_at_us"))
                return;
        (void)when_append_both(&end, member_int(reply, "undone_at_us"), screen->now_us);
        screen_putf(screen, STYLE_WARN,
                    "It is undone %s, unless you log in anew and type there:", text_get(&end));
        screen_raw(screen, "\n\n  sshguardctl confirm\n\n");
        screen_raw(screen, "Keep this session open meanwhile.\n");
}

static void show_confirmed(struct screen *screen, const json_t *reply) {
        int64_t n = member_int(reply, "confirmed");

        if (n == 1)
                screen_raw(screen, "Confirmed: the edit stays.");
        else
                screen_putf(screen, STYLE_PLAIN, "Confirmed: %lld edits stay.", (long long)n);
        screen_raw(screen, "\n");
}

static void show_undone(struct screen *screen, const json_t *reply) {
        screen_raw(screen, member_int(reply, "undone") == 1
                                   ? "Undone: what was there before is back.\n"
                                   : "Undone: what was there before the edits is back.\n");
}

static void show_done(struct screen *screen, const json_t *reply) {
        (void)reply;
        screen_raw(screen, "Done.\n");
}

static void show_paused(struct screen *screen, const json_t *reply) {
        (void)reply;
        screen_raw(screen,
                   "Responses are paused, alerts go on; `sshguardctl resume` ends it early.\n");
}

static void show(struct screen *screen, enum view view, const json_t *parameters) {
        static void (*const views[N_VIEWS])(struct screen *, const json_t *) = {
                [VIEW_STATUS] = render_status,
                [VIEW_FINDINGS] = show_findings,
                [VIEW_FILES] = show_files,
                [VIEW_KEYS] = show_keys,
                [VIEW_ACCESS] = render_access,
                [VIEW_ACCESS_OF] = render_access_of,
                [VIEW_RULES] = render_rules,
                [VIEW_HISTORY] = show_history,
                [VIEW_INCIDENT] = show_incident,
                [VIEW_DIFF] = show_diff,
                [VIEW_EXPLANATION] = render_explanation,
                [VIEW_PERMITS] = show_permits,
                [VIEW_LINES] = show_lines,
                [VIEW_PROGRESS] = show_progress,
                [VIEW_CHECK] = show_check,
                [VIEW_EVENT] = show_event,
                [VIEW_RELOADED] = show_reloaded,
                [VIEW_PERMITTED] = show_permitted,
                [VIEW_PREVIEW] = render_preview,
                [VIEW_INSTALLED] = show_installed,
                [VIEW_CONFIRMED] = show_confirmed,
                [VIEW_UNDONE] = show_undone,
                [VIEW_DONE] = show_done,
                [VIEW_PAUSED] = show_paused,
        };

        views[view](screen, parameters);
}

const struct renderer render_text = { .show = show, .fail = render_error };
