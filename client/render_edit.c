/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an edit would come to: the difference in bytes, then in what sshd does, then in what holds.
 * The last lines are what decides, since they stay on the screen. */

#include <string.h>

#include "base/cleanup.h"
#include "member.h"
#include "render_parts.h"
#include "table.h"

static void put_settings(struct screen *screen, const json_t *preview) {
        static const char *const heads[] = { "SETTING", "NOW", "THEN", "FOR" };
        CLEANUP(table_done) struct table table = { .heads = heads, .n_columns = N_ELEMENTS(heads) };
        const json_t *settings = json_object_get(preview, "settings");

        if (!member_bool(preview, "comparable"))
                return;
        if (json_array_size(settings) == 0) {
                screen_raw(screen, "No setting of sshd changes, for no connection.\n");
                return;
        }
        for (size_t i = 0; i < json_array_size(settings); i++) {
                const json_t *setting = json_array_get(settings, i);

                table_add(&table, STYLE_BOLD, member_string(setting, "setting"));
                table_add(&table, STYLE_PLAIN, member_string(setting, "before"));
                table_add(&table, STYLE_PLAIN, member_string(setting, "after"));
                table_add(&table, STYLE_PLAIN,
                          member_word(setting, "connection", "every connection"));
        }
        screen_raw(screen, "What sshd does otherwise:\n");
        table_put(&table, screen, 2);
        if (!member_bool(preview, "settings_complete"))
                screen_raw(screen, "  ... and there may be more.\n");
}

static void put_list(struct screen *screen, enum style style, const char *head,
                     const json_t *findings) {
        if (json_array_size(findings) == 0)
                return;
        screen_put(screen, style, head);
        screen_raw(screen, "\n");
        for (size_t i = 0; i < json_array_size(findings); i++) {
                const json_t *finding = json_array_get(findings, i);
                CLEANUP(text_done) struct text place = { 0 };

                render_append_place(&place, finding);
                screen_putf(screen, STYLE_PLAIN, "  %s (%s): %s, %s",
                            member_word(finding, "rule", "?"),
                            member_word(finding, "severity", "?"),
                            member_word(finding, "message", "it does not hold"), text_get(&place));
                screen_raw(screen, "\n");
        }
}

/* sshd's words may be several lines. */
static void put_words(struct screen *screen, enum style style, const char *words) {
        while (*words) {
                size_t n = strcspn(words, "\r\n");
                CLEANUP_FREE char *line = strndup(words, n);

                screen_raw(screen, "  ");
                screen_put(screen, style, line);
                screen_raw(screen, "\n");
                words += n + strspn(words + n, "\r\n");
        }
}

void render_preview(struct screen *screen, const json_t *preview) {
        const char *refusal = member_string(preview, "refusal");
        const char *remark = member_string(preview, "remark");
        const char *diff = member_word(preview, "diff", "");

        render_put_diff(screen, diff);
        if (*diff == '\0')
                screen_raw(screen, "No difference in what may be shown.\n");
        if (member_bool(preview, "truncated"))
                screen_raw(screen, "The diff is not complete: the file is too large.\n");
        put_settings(screen, preview);
        if (member_string(preview, "access")) {
                screen_raw(screen, "Who gets in otherwise:\n");
                put_words(screen, STYLE_WARN, member_word(preview, "access", ""));
        }
        put_list(screen, STYLE_GOOD, "Would hold again:", json_object_get(preview, "resolved"));
        put_list(screen, STYLE_BAD, "Would break:", json_object_get(preview, "violations"));
        if (refusal) {
                screen_put(screen, STYLE_BAD, "sshd refuses it:");
                screen_raw(screen, "\n");
                put_words(screen, STYLE_PLAIN, refusal);
        }
        if (remark) {
                screen_put(screen, STYLE_WARN, "sshd could not be asked; our own reading decides:");
                screen_raw(screen, "\n");
                put_words(screen, STYLE_PLAIN, remark);
        }
}
