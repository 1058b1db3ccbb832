/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The status screen: the verdict first, then what it rests on, then what is wrong and what was
 * done.
 *
 * The verdict is "fine" only if nothing could be overlooked: with an open gap, unwatched files, a
 * pause, audit mode or a policy that could not be loaded, the first line says so instead. */

#include <string.h>

#include "base/cleanup.h"
#include "member.h"
#include "render_parts.h"
#include "when.h"

static const char *const severities[] = { "critical", "high", "medium", "low", "info" };

static int64_t count_findings(const json_t *status) {
        const json_t *counts = json_object_get(status, "counts");
        int64_t n = 0;

        for (size_t i = 0; i < N_ELEMENTS(severities); i++)
                n += member_int(counts, severities[i]);
        return n;
}

static bool has_open_gap(const json_t *status) {
        const json_t *gaps = json_object_get(status, "gaps");

        for (size_t i = 0; i < json_array_size(gaps); i++)
                if (!member_is_int(json_array_get(gaps, i), "until_us"))
                        return true;
        return false;
}

static bool is_state(const json_t *status, const char *name) {
        return strcmp(member_word(status, "state", ""), name) == 0;
}

enum { RESERVES_MAX = 11 };

/* What keeps "no findings" from being the whole truth; returns how many such things there are. */
static size_t find_reserves(const json_t *status, const char *ret[RESERVES_MAX]) {
        const json_t *coverage = json_object_get(status, "coverage");
        const struct {
                bool applies;
                const char *reserve;
        } reserves[RESERVES_MAX] = {
                { is_state(status, "starting"), "the first look at everything is not finished" },
                { is_state(status, "stopping"), "the daemon is stopping" },
                { is_state(status, "paused"), "responses are paused" },
                { json_is_object(json_object_get(status, "package_run")),
                  "packages are being installed, responses wait for the end of it" },
                { strcmp(member_word(status, "mode", ""), "audit") == 0,
                  "audit mode: drift is reported, not put right" },
                { member_int(status, "pending") > 0,
                  "some rules only report: they are new or changed, and nobody acknowledged them" },
                { has_open_gap(status), "a gap in the watching is still open" },
                { member_string(status, "policy_problem") != NULL,
                  "the last policy was refused, the one before it stays in force" },
                { member_int(status, "rules") == 0, "no rule is enabled" },
                { member_int(coverage, "blind") > 0, "some files are seen by the sweep alone" },
                { !member_bool(coverage, "users_complete"),
                  "the user database did not list every account" },
        };
        size_t n = 0;

        for (size_t i = 0; i < RESERVES_MAX; i++)
                if (reserves[i].applies)
                        ret[n++] = reserves[i].reserve;
        return n;
}

/* "1 critical, 2 medium". */
static void append_counts(struct text *text, const json_t *counts) {
        const char *comma = "";

        for (size_t i = 0; i < N_ELEMENTS(severities); i++) {
                int64_t n = member_int(counts, severities[i]);

                if (n == 0)
                        continue;
                (void)text_appendf(text, "%s%lld %s", comma, (long long)n, severities[i]);
                comma = ", ";
        }
}

static void put_verdict(struct screen *screen, const json_t *status) {
        int64_t n = count_findings(status), n_rules = member_int(status, "rules");
        const char *reserves[RESERVES_MAX];
        size_t n_reserves = find_reserves(status, reserves);
        CLEANUP(text_done) struct text counts = { 0 };

        if (n > 0) {
                append_counts(&counts, json_object_get(status, "counts"));
                screen_putf(screen, STYLE_BAD, "%lld finding%s: %s", (long long)n,
                            n == 1 ? "" : "s", text_get(&counts));
        } else if (is_state(status, "starting")) {
                screen_put(screen, STYLE_WARN, "Starting");
        } else {
                screen_putf(screen, n_reserves > 0 ? STYLE_WARN : STYLE_GOOD, "%s %lld rules hold",
                            n_reserves > 0 ? "No finding;" : "Fine: all", (long long)n_rules);
        }
        screen_raw(screen, "\n");
        for (size_t i = 0; i < n_reserves; i++) {
                render_put_label(screen, "But");
                screen_put(screen, STYLE_WARN, reserves[i]);
                screen_raw(screen, "\n");
        }
}

static void put_state(struct screen *screen, const json_t *status) {
        CLEANUP(text_done) struct text since = { 0 };
        const char *root = member_string(status, "root");

        (void)when_append_both(&since, member_int(status, "started_at_us"), screen->now_us);
        render_put_label(screen, "State");
        screen_putf(screen, STYLE_PLAIN, "%s, mode %s, since %s", member_word(status, "state", "?"),
                    member_word(status, "mode", "?"), text_get(&since));
        screen_raw(screen, "\n");
        if (root) {
                render_put_label(screen, "Root");
                screen_put(screen, STYLE_WARN, root);
                screen_raw(screen, "\n");
        }
}

static void put_policy(struct screen *screen, const json_t *status) {
        const char *problem = member_string(status, "policy_problem");
        CLEANUP(text_done) struct text loaded = { 0 };

        render_put_label(screen, "Policy");
        screen_putf(screen, STYLE_PLAIN, "generation %lld, %lld rules",
                    (long long)member_int(status, "generation"),
                    (long long)member_int(status, "rules"));
        if (member_is_int(status, "policy_loaded_at_us")) {
                render_append_when(&loaded, screen, status, "policy_loaded_at_us");
                screen_putf(screen, STYLE_PLAIN, ", loaded %s", text_get(&loaded));
        }
        screen_raw(screen, "\n");
        if (problem) {
                render_put_label(screen, "Refused");
                screen_put(screen, STYLE_WARN, problem);
                screen_raw(screen, "\n");
        }
}

/* What is left to do before everything responds, and what would have come of it so far. */
static void put_rollout(struct screen *screen, const json_t *status) {
        int64_t n_pending = member_int(status, "pending"), n_would = member_int(status, "would");
        int64_t n_rules = member_int(status, "would_rules");
        bool is_audit = strcmp(member_word(status, "mode", ""), "audit") == 0;

        if (!is_audit && n_pending == 0)
                return;
        render_put_label(screen, "So far");
        if (n_would > 0)
                screen_putf(screen, STYLE_WARN,
                            "enforce would have acted %lld time%s, for %lld rule%s: "
                            "`sshguardctl rules`",
                            (long long)n_would, n_would == 1 ? "" : "s", (long long)n_rules,
                            n_rules == 1 ? "" : "s");
        else
                screen_put(screen, STYLE_PLAIN, "enforce would have changed nothing");
        screen_raw(screen, "\n");
        render_put_label(screen, "Next");
        if (n_pending > 0)
                screen_putf(screen, STYLE_PLAIN,
                            "%lld rule%s to look at: `sshguardctl acknowledge --all`",
                            (long long)n_pending, n_pending == 1 ? "" : "s");
        else
                screen_put(screen, STYLE_PLAIN,
                           "mode = \"enforce\"; in sshguardd.conf, then `sshguardctl reload`");
        screen_raw(screen, "\n");
}

static void put_coverage(struct screen *screen, const json_t *coverage) {
        int64_t n_polled = member_int(coverage, "polled"), n_blind = member_int(coverage, "blind");

        render_put_label(screen, "Coverage");
        screen_putf(screen, STYLE_PLAIN, "%lld files, %lld users; %lld by events",
                    (long long)member_int(coverage, "files"),
                    (long long)member_int(coverage, "users"),
                    (long long)member_int(coverage, "watched"));
        if (n_polled > 0)
                screen_putf(screen, STYLE_PLAIN, ", %lld polled", (long long)n_polled);
        if (n_blind > 0)
                screen_putf(screen, STYLE_WARN, ", %lld by the sweep alone", (long long)n_blind);
        screen_raw(screen, "\n");
}

static void put_passes(struct screen *screen, const json_t *status) {
        const json_t *last = json_object_get(status, "last_pass");
        const json_t *running = json_object_get(status, "running_pass");

        render_put_label(screen, "Last pass");
        if (json_is_object(last)) {
                CLEANUP(text_done) struct text ended = { 0 };

                render_append_when(&ended, screen, last, "ended_at_us");
                screen_putf(screen, STYLE_PLAIN, "%lld files, %s",
                            (long long)member_int(last, "done"), text_get(&ended));
        } else {
                screen_put(screen, STYLE_WARN, "none yet");
        }
        if (json_is_object(running))
                screen_putf(screen, STYLE_PLAIN, "; running: %lld of %lld",
                            (long long)member_int(running, "done"),
                            (long long)member_int(running, "total"));
        screen_raw(screen, "\n");
}

static void put_gaps(struct screen *screen, const json_t *gaps) {
        for (size_t i = 0; i < json_array_size(gaps); i++) {
                const json_t *gap = json_array_get(gaps, i);
                bool is_open = !member_is_int(gap, "until_us");
                CLEANUP(text_done) struct text span = { 0 };

                (void)when_append_local(&span, member_int(gap, "from_us"));
                (void)text_append(&span, is_open ? ", still open" : " for ");
                if (!is_open)
                        (void)when_append_span(&span, member_int(gap, "until_us") -
                                                              member_int(gap, "from_us"));
                render_put_label(screen, "Gap");
                screen_putf(screen, is_open ? STYLE_WARN : STYLE_PLAIN, "%s: %s", text_get(&span),
                            member_word(gap, "reason", "unknown"));
                screen_raw(screen, "\n");
        }
}

static void put_unconfirmed(struct screen *screen, const json_t *edits) {
        for (size_t i = 0; i < json_array_size(edits); i++) {
                const json_t *edit = json_array_get(edits, i);
                CLEANUP(text_done) struct text end = { 0 };

                render_append_when(&end, screen, edit, "until_us");
                render_put_label(screen, "To confirm");
                screen_putf(screen, STYLE_WARN,
                            "%s: undone %s, unless `sshguardctl confirm` is typed in a new login",
                            member_word(edit, "path", "?"), text_get(&end));
                screen_raw(screen, "\n");
        }
}

static void put_package_run(struct screen *screen, const json_t *run) {
        CLEANUP(text_done) struct text since = { 0 };

        if (!json_is_object(run))
                return;
        (void)when_append_both(&since, member_int(run, "since_us"), screen->now_us);
        render_put_label(screen, "Packages");
        screen_putf(screen, STYLE_WARN, "since %s by uid %lld: %s", text_get(&since),
                    (long long)member_int(run, "by_uid"),
                    member_word(run, "reason", "no reason given"));
        screen_raw(screen, "\n");
}

static void put_allowances(struct screen *screen, const json_t *status) {
        const json_t *pause = json_object_get(status, "pause");
        int64_t n_permits = member_int(status, "permits");
        int64_t n_contested = member_int(status, "contested");

        if (n_contested > 0) {
                render_put_label(screen, "Contested");
                screen_putf(screen, STYLE_WARN,
                            "%lld: somebody keeps changing them back; `sshguardctl files` names "
                            "them",
                            (long long)n_contested);
                screen_raw(screen, "\n");
        }
        if (json_is_object(pause)) {
                CLEANUP(text_done) struct text end = { 0 };

                (void)when_append_both(&end, member_int(pause, "until_us"), screen->now_us);
                render_put_label(screen, "Paused");
                screen_putf(screen, STYLE_WARN, "until %s by uid %lld: %s", text_get(&end),
                            (long long)member_int(pause, "by_uid"),
                            member_word(pause, "reason", "no reason given"));
                screen_raw(screen, "\n");
        }
        put_unconfirmed(screen, json_object_get(status, "unconfirmed"));
        put_package_run(screen, json_object_get(status, "package_run"));
        if (n_permits > 0) {
                render_put_label(screen, "Permits");
                screen_putf(screen, STYLE_PLAIN, "%lld in force; `sshguardctl permit` lists them",
                            (long long)n_permits);
                screen_raw(screen, "\n");
        }
}

static void put_lists(struct screen *screen, const json_t *status) {
        const json_t *findings = json_object_get(status, "findings");
        const json_t *incidents = json_object_get(status, "incidents");
        int64_t n = count_findings(status);

        if (json_array_size(findings) > 0) {
                screen_raw(screen, "\n");
                screen_put(screen, STYLE_BOLD, "What does not hold");
                screen_raw(screen, "\n");
                render_put_findings(screen, findings, 2);
                if (n > (int64_t)json_array_size(findings))
                        screen_putf(screen, STYLE_DIM, "  and %lld more: `sshguardctl findings`",
                                    (long long)(n - (int64_t)json_array_size(findings)));
                if (n > (int64_t)json_array_size(findings))
                        screen_raw(screen, "\n");
        }
        if (json_array_size(incidents) > 0) {
                screen_raw(screen, "\n");
                screen_put(screen, STYLE_BOLD, "What happened last");
                screen_raw(screen, "\n");
                render_put_incidents(screen, incidents, 2);
                screen_raw(screen, "\n");
                screen_putf(screen, STYLE_DIM,
                            "`sshguardctl show %lld` tells more of the first, and what to do.",
                            (long long)member_int(json_array_get(incidents, 0), "id"));
                screen_raw(screen, "\n");
        }
}

void render_status(struct screen *screen, const json_t *status) {
        render_put_label(screen, "sshguardd");
        put_verdict(screen, status);
        put_state(screen, status);
        put_policy(screen, status);
        put_rollout(screen, status);
        put_coverage(screen, json_object_get(status, "coverage"));
        put_passes(screen, status);
        put_gaps(screen, json_object_get(status, "gaps"));
        put_allowances(screen, status);
        put_lists(screen, status);
}
