/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading effective settings by name. A keyword that the release does not know has no value, as
 * sshd of that release acts as if it were at its later default or had no such feature. */

#include "settings.h"

#include <strings.h>

#include "base/pattern.h"

const char *settings_get(const struct sshd_effective *effective, const char *keyword,
                         const char *otherwise) {
        const struct sshd_setting *setting = sshd_effective_get(effective, keyword);

        return setting && setting->n_values > 0 ? setting->values[0] : otherwise;
}

bool settings_is_yes(const struct sshd_effective *effective, const char *keyword) {
        return strcasecmp(settings_get(effective, keyword, "no"), "yes") == 0;
}

bool settings_is_some(const struct sshd_effective *effective, const char *keyword) {
        const char *value = settings_get(effective, keyword, "none");

        return value[0] && strcasecmp(value, "none") != 0;
}

bool settings_allow(const struct sshd_effective *effective, const char *keyword, const char *word) {
        const struct sshd_setting *setting = sshd_effective_get(effective, keyword);

        for (size_t i = 0; setting && i < setting->n_values; i++)
                if (pattern_match_list(word, setting->values[i], false) == PATTERN_MATCHED)
                        return true;
        return !setting;
}

char *const *settings_list(const struct sshd_effective *effective, const char *keyword,
                           size_t *ret_n) {
        const struct sshd_setting *setting = sshd_effective_get(effective, keyword);

        *ret_n = setting ? setting->n_values : 0;
        return setting ? setting->values : NULL;
}
