/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A first policy out of the machine as it is, for an administrator to review: the effective
 * settings of its sshd against those of an sshd that is told nothing. */

#include <errno.h>

#include "base/cleanup.h"
#include "manager.h"
#include "policy/generate.h"

DEFINE_CLEANUP(cleanup_config, struct sshd_config, sshd_config_free)

/* What sshd does without a configuration file. */
static int load_defaults(const struct world *world, struct sshd_config **ret) {
        struct sshd_environment environment = { 0 };
        const struct sshd_source source = {
                .release = world->release,
                .path = "none",
                .cwd = "/",
                .accounts = &world->accounts,
        };

        view_sshd_environment(world->view, &environment);
        return sshd_config_load(&source, &environment, ret);
}

static int generate_policy(void *userdata, struct text *ret, struct control_refusal *refusal) {
        const struct world *world = &((const struct manager *)userdata)->world;
        CLEANUP(cleanup_config) struct sshd_config *config = NULL, *defaults = NULL;
        int r = world_parse_config(world, world->view, &config);

        if (r == 0)
                r = load_defaults(world, &defaults);
        if (r < 0)
                return r;
        if (sshd_config_refusal(config))
                return manager_refuse(refusal, "sshd would refuse its configuration");
        r = policy_generate(config, defaults, &world->accounts, ret);
        return r < 0 ? r : CONTROL_DONE;
}

void manager_fill_draft(struct control_backend *ret) {
        ret->generate_policy = generate_policy;
}
