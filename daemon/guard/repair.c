/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Repairs: policy says which value a rule asks for, the sshd room knows where to write it; here the
 * two meet. A violation carries its connection in its witness, so that is where the edit begins. */

#include "repair.h"

#include <errno.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "guard/assess.h"
#include "policy/repair.h"
#include "sshd/effective.h"

static const char witness_prefix[] = "sshd -T -C ";

static void effective_cleanup(struct sshd_effective **effective) {
        sshd_effective_free(*effective);
}

int repair_edit(const struct rule *rule, const struct sshd_config *config,
                const struct accounts *accounts, const struct finding *finding,
                struct sshd_edit *ret) {
        CLEANUP(sshd_connection_done) struct sshd_connection connection;
        CLEANUP(effective_cleanup) struct sshd_effective *effective = NULL;
        const struct sshd_setting *setting;
        char **values = NULL;
        size_t n_values = 0;
        int r = 0;

        sshd_connection_init(&connection);
        if (finding->witness &&
            strncmp(finding->witness, witness_prefix, strlen(witness_prefix)) == 0)
                r = sshd_connection_parse(&connection, finding->witness + strlen(witness_prefix),
                                          sshd_config_release(config), NULL);
        if (r == 0)
                r = sshd_effective_new(config, &connection, accounts, &effective, NULL);
        if (r < 0)
                return r;
        setting = sshd_effective_get(effective, rule->sshd.keyword);
        if (!setting)
                return -ENOTSUP;
        r = policy_repair_sshd(rule, sshd_config_release(config), setting, &values, &n_values);
        if (r == 0)
                r = sshd_edit_set(config, rule->sshd.keyword,
                                  &(struct sshd_wanted){ (const char *const *)values, n_values },
                                  &connection, accounts, ret);
        strings_free(values, n_values);
        return r;
}

int repair_metadata(const struct world *world, const struct finding *finding,
                    const struct file_metadata *now, struct file_metadata *ret) {
        struct judged_file judged;
        struct file_repair mend;
        int r;

        assess_describe_file(world, finding->path, now, &judged);
        if (policy_file_rule_is_per_user(finding->rule))
                judged.user = finding->users;
        r = policy_repair_file(finding->rule, &judged, &mend);
        if (r == 0)
                r = file_metadata_copy(ret, now);
        if (r < 0)
                return r;
        if (mend.remove) {
                file_metadata_done(ret);
                ret->kind = FILE_ABSENT;
                return 0;
        }
        if (mend.set_owner)
                ret->uid = mend.uid;
        if (mend.set_group)
                ret->gid = mend.gid;
        if (mend.set_mode)
                ret->mode = mend.mode;
        return 0;
}
