/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Generations of the policy: loading one anew is a transaction, and every alert carries the number
 * of the one it was judged by. */

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "guard/assess.h"
#include "guard/messages.h"
#include "guard/policy_load.h"
#include "manager.h"
#include "os/kernel_line.h"
#include "policy/parse.h"

DEFINE_CLEANUP(cleanup_policy, struct policy, policy_free)

static const char generation_name[] = "generation";
static const char policy_digest_name[] = "policy-digest";

/* A policy with other rules than the last one in force is a new generation. */
static int count_generation(struct manager *manager, const struct policy *policy) {
        struct world *world = &manager->world;
        CLEANUP(text_done) struct text text = { 0 };
        CLEANUP_FREE char *known = NULL, *number = NULL, *digest = NULL;
        int r = policy_format(policy, &text);

        if (r < 0 || !world->store)
                return r;
        digest = policy_load_digest(text_get(&text), text.n);
        if (!digest)
                return -ENOMEM;
        r = store_get_value(world->store, generation_name, &number);
        if (r < 0 && r != -ENOENT)
                return r;
        world->generation = number ? strtoull(number, NULL, 10) : 0;
        r = store_get_value(world->store, policy_digest_name, &known);
        if (r < 0 && r != -ENOENT)
                return r;
        if (known && strcmp(known, digest) == 0)
                return 0;
        world->generation++;
        free(number);
        number = text_format("%" PRIu64, world->generation);
        r = number ? store_set_value(world->store, generation_name, number) : -ENOMEM;
        return r < 0 ? r : store_set_value(world->store, policy_digest_name, digest);
}

/* One complaint a line, on one line: a log entry has one, and so has the status. */
static void join_lines(struct text *text) {
        while (text->n > 0 && text->data[text->n - 1] == '\n')
                text->data[--text->n] = '\0';
        for (size_t i = 0; i < text->n; i++)
                if (text->data[i] == '\n')
                        text->data[i] = ';';
}

static void refuse_policy(struct manager *manager, const struct diagnostics *diagnostics,
                          int error) {
        CLEANUP(text_done) struct text text = { 0 };

        (void)diagnostics_format(diagnostics, &text);
        join_lines(&text);
        if (text.n == 0)
                (void)text_append(&text, strerror(-error));
        free(manager->policy_problem);
        manager->policy_problem = strdup(text_get(&text));
        record_notice(MESSAGE_POLICY_REFUSED, LOG_ERR, "the policy was refused: %s",
                      text_get(&text));
}

static int load_profiles(const struct world *world, const struct rule_words *extends,
                         struct diagnostics *diagnostics, struct policy **ret) {
        return policy_load_profiles(&world->root, world->config_path, &world->release, extends, ret,
                                    diagnostics);
}

/* What of POLICY is new in the profiles and must wait. */
static int begin_rollout(const struct world *world, struct policy *policy,
                         struct diagnostics *diagnostics, struct rollout *ret) {
        CLEANUP(cleanup_policy) struct policy *now = NULL;
        CLEANUP(cleanup_policy) struct policy *before = NULL;
        CLEANUP(rule_words_done) struct rule_words last = { 0 };
        CLEANUP(diagnostics_done) struct diagnostics unread = { 0 };
        int r = 0;

        if (!world->store)
                return 0;
        if (policy->extends.n_items > 0)
                r = load_profiles(world, &policy->extends, diagnostics, &now);
        if (r < 0)
                return r;
        r = rollout_last_extends(world->store, &last);
        if (r == 0)
                r = load_profiles(world, &last, &unread, &before);
        if (r < 0 && r != -ENOENT && r != -EINVAL) /* the first start, or a profile that is gone */
                return r;
        return rollout_begin(world->store, policy, &(struct rollout_profiles){ now, before }, ret);
}

static void tell_pending(const struct policy *policy) {
        CLEANUP(text_done) struct text names = { 0 };

        for (size_t i = 0; i < policy->n_rules; i++)
                if (policy->rules[i].is_enabled && policy->rules[i].is_pending)
                        (void)text_appendf(&names, "%s%s", names.n > 0 ? ", " : "",
                                           policy->rules[i].id);
        if (names.n > 0)
                record_notice(MESSAGE_RULES_PENDING, LOG_WARNING,
                              "rules that are new or changed in their profiles, and only report "
                              "until they are acknowledged: %s",
                              text_get(&names));
}

/* For the day everything is wrong: nothing but our own state is written, whatever the
 * configuration says. */
static void heed_kernel_line(const struct manager *manager, struct policy *policy) {
        static const char word[] = "sshguardd.mode=audit";
        bool is_asked = false;

        if (manager->invocation->root_path || policy->mode == MODE_AUDIT ||
            kernel_line_ask(word, &is_asked) < 0 || !is_asked)
                return;
        policy->mode = MODE_AUDIT;
        record_notice(NULL, LOG_WARNING, "audit mode: the kernel was started with %s", word);
}

int manager_load_policy(struct manager *manager, struct diagnostics *reterr) {
        struct world *world = &manager->world;
        CLEANUP(diagnostics_done) struct diagnostics diagnostics = { 0 };
        CLEANUP(cleanup_policy) struct policy *policy = NULL;
        CLEANUP(rollout_done) struct rollout rollout = { 0 };
        int r = policy_load(&world->root, world->config_path, &world->release, &policy,
                            &diagnostics);

        if (r == 0)
                r = begin_rollout(world, policy, &diagnostics, &rollout);
        if (r == 0)
                r = count_generation(manager, policy);
        if (r < 0) {
                refuse_policy(manager, &diagnostics, r);
                if (reterr) {
                        *reterr = diagnostics;
                        diagnostics = (struct diagnostics){ 0 };
                }
                return r;
        }
        heed_kernel_line(manager, policy);
        reconciler_forget(&manager->reconciler);
        policy_free(world->policy);
        world->policy = TAKE(policy);
        rollout_done(&manager->rollout);
        manager->rollout = rollout;
        rollout = (struct rollout){ 0 };
        r = world->users.items ? world_derive_users(world) : 0;
        if (r < 0)
                return r;
        free(TAKE(manager->policy_problem));
        manager->policy_loaded_at_us = record_now_us();
        record_notice(MESSAGE_POLICY_LOADED, LOG_INFO,
                      "policy generation %" PRIu64 " is in force: %zu rules, mode %s",
                      world->generation, world->policy->n_rules,
                      policy_mode_name(world->policy->mode));
        tell_pending(world->policy);
        manager_admit_listed(manager);
        return 0;
}

struct approving {
        struct manager *manager;
        int error;
};

static void approve_policy_file(const char *path, void *value, void *userdata) {
        const struct guarded *guarded = value;
        struct approving *approving = userdata;
        struct world *world = &approving->manager->world;
        const struct snapshot *now;
        unsigned differences = 0;

        if (approving->error < 0 || !(guarded->flags & GUARDED_POLICY))
                return;
        view_forget(world->view, path);
        approving->error = view_look(world->view, path, 0, &now);
        if (approving->error == 0 && baseline_get(world->baseline, path))
                approving->error = assess_drift(world, world->view, path, &differences);
        else
                differences = FILE_DIFFERS_KIND;
        if (approving->error == 0 && differences)
                approving->error = baseline_approve(world->baseline, path, now, false, 0,
                                                    "loaded as the policy in force");
}

int manager_approve_policy(struct manager *manager) {
        struct approving approving = { manager, 0 };

        /* a file that is new is not in the set yet */
        approving.error = world_derive_set(&manager->world);
        if (approving.error < 0)
                return approving.error;
        manager_on_set_changed(manager);
        map_each(&manager->world.set.paths, approve_policy_file, &approving);
        return approving.error;
}
