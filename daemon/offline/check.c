/* SPDX-License-Identifier: GPL-3.0-or-later */
/* --check: look once, judge, print, change nothing.
 *
 * Findings go to standard output, one a line (or as JSON); what kept us from judging goes to
 * standard error. It needs no state: without a daemon there are rules to check, with one its
 * approved versions are its own business. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/escape.h"
#include "control/describe.h"
#include "guard/assess.h"
#include "guard/invocation.h"
#include "guard/policy_load.h"
#include "offline/modes.h"
#include "world/lockout.h"

static int cannot_tell(const char *what, int error) {
        (void)fprintf(stderr, "sshguardd: %s: %s\n", what, strerror(-error));
        return EXIT_CANNOT_TELL;
}

struct checking {
        const struct world *world;
        struct findings *findings;
        int error;
};

static void check_path(const char *path, void *value, void *userdata) {
        struct checking *checking = userdata;

        (void)value;
        if (checking->error == 0)
                checking->error = assess_file(checking->world, checking->world->view, path,
                                              checking->findings);
}

static int check_users(struct world *world, struct findings *findings) {
        int r = 0;

        for (size_t i = 0; i < world->users.n_items && r == 0; i++) {
                CLEANUP(user_sight_done) struct user_sight sight = { 0 };

                r = assess_look_at_user(world, world->view, i, &sight);
                if (r == 0)
                        r = assess_user(world, world->view, i, &sight, findings);
                user_sight_done(&sight);
                world_forget_user(world, i);
        }
        return r;
}

static int judge_everything(struct world *world, struct findings *findings) {
        struct checking checking = { world, findings, 0 };
        int r = world_load_accounts(world);

        if (r == 0)
                r = world_load_service(world);
        if (r >= 0)
                r = world_load_config(world);
        if (r >= 0)
                r = world_load_pam(world);
        if (r >= 0)
                r = world_derive_set(world);
        if (r == 0)
                r = assess_config(world, &world->service, world->config, findings);
        if (r == 0)
                r = assess_pam_stacks(world, &world->pam, findings);
        if (r < 0)
                return r;
        map_each(&world->set.paths, check_path, &checking);
        r = checking.error < 0 ? checking.error : check_users(world, findings);
        return r < 0 ? r : lockout_assess(world, findings);
}

/* "SEVERITY RULE PATH:LINE: MESSAGE", and the witness below it. */
static int print_text(const struct findings *findings) {
        CLEANUP(text_done) struct text text = { 0 };

        for (size_t i = 0; i < findings->n_items; i++) {
                const struct finding *finding = &findings->items[i];
                CLEANUP(text_done) struct text line = { 0 };

                (void)text_appendf(&line, "%-8s %s  ", severity_name(finding->severity),
                                   finding->rule_id);
                if (finding->path && finding->line > 0)
                        (void)text_appendf(&line, "%s:%u: ", finding->path, finding->line);
                else if (finding->path)
                        (void)text_appendf(&line, "%s: ", finding->path);
                (void)text_append(&line, finding->message ? finding->message : "");
                (void)escape_append(&text, text_get(&line), line.n);
                (void)text_append(&text, "\n");
                if (finding->witness) {
                        (void)text_append(&text, "         see: ");
                        (void)escape_append(&text, finding->witness, strlen(finding->witness));
                        (void)text_append(&text, "\n");
                }
        }
        if (findings->n_items == 0)
                (void)text_append(&text, "Every rule holds.\n");
        if (text_error(&text) < 0)
                return -ENOMEM;
        (void)fputs(text_get(&text), stdout);
        return 0;
}

static int print_json(const struct findings *findings) {
        json_t *list = describe_findings(findings);
        json_t *object = list ? json_pack("{s:o}", "findings", list) : NULL;
        int r = object && json_dumpf(object, stdout, JSON_INDENT(2)) == 0 ? 0 : -ENOMEM;

        (void)fputc('\n', stdout);
        json_decref(object);
        return r;
}

static void world_cleanup(struct world *world) {
        world_done(world);
}

int offline_check(const struct invocation *invocation) {
        CLEANUP(world_cleanup) struct world world = { .root.fd = -1 };
        CLEANUP(findings_done) struct findings findings = { 0 };
        CLEANUP(diagnostics_done) struct diagnostics diagnostics = { 0 };
        int r = world_init(&world, invocation->root_path, invocation->config_path,
                           invocation->release);

        if (r < 0)
                return cannot_tell(invocation->root_path ? invocation->root_path : "/", r);
        r = policy_load(&world.root, world.config_path, &world.release, &world.policy,
                        &diagnostics);
        if (r < 0) {
                CLEANUP(text_done) struct text text = { 0 };

                (void)diagnostics_format(&diagnostics, &text);
                (void)fputs(text_get(&text), stderr);
                return cannot_tell("the policy cannot be loaded", r);
        }
        r = judge_everything(&world, &findings);
        if (r == 0)
                r = invocation->json ? print_json(&findings) : print_text(&findings);
        if (r < 0)
                return cannot_tell("checking", r);
        return findings.n_items > 0 ? EXIT_FINDINGS : EXIT_HOLDS;
}
