/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `sshd -T`: the rows of the keyword table in their order, one line or several each. From 10.5 on
 * names are printed as the manual page spells them, before in lower case. */

#include "sshd/dump.h"

#include "base/text.h"
#include "evaluate.h"
#include "table.h"

enum { RELEASE_CAMEL_CASE = 1005 };

static const char *printed_name(const struct keyword *keyword, const struct sshd_release *release) {
        return release->number >= RELEASE_CAMEL_CASE ? keyword->name : keyword->lower_name;
}

static void format_setting(const struct keyword *keyword, const struct sshd_setting *setting,
                           const char *name, struct text *text) {
        const char *separator = keyword->layout == LAYOUT_COMMAS ? "," : " ";

        if (keyword->layout == LAYOUT_EACH) {
                for (size_t i = 0; i < setting->n_values; i++)
                        (void)text_appendf(text, "%s %s\n", name, setting->values[i]);
                return;
        }
        if (setting->n_values == 0)
                return;
        (void)text_append(text, name);
        for (size_t i = 0; i < setting->n_values; i++)
                (void)text_appendf(text, "%s%s", i > 0 ? separator : " ", setting->values[i]);
        (void)text_append_char(text, '\n');
}

int sshd_effective_format(const struct sshd_effective *effective, struct text *text) {
        const struct sshd_release *release = sshd_effective_release(effective);

        for (size_t i = 0; i < n_keyword_table; i++) {
                const struct keyword *keyword = &keyword_table[i];

                if (keyword->use != KEYWORD_SETTING || keyword->layout == LAYOUT_HIDDEN ||
                    !keyword_is_of(keyword, release))
                        continue;
                format_setting(keyword, sshd_effective_get(effective, keyword->name),
                               printed_name(keyword, release), text);
        }
        return text_error(text);
}
