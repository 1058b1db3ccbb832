/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The smallest edit there is: one logical line commented out or removed.
 *
 * Every physical line of it has to go, for a comment is never continued; and nothing is believed
 * about the result that reading it again does not show. A jump that passed over the line would
 * afterwards land one rule further, so such a line is not touched. */

#include "pam/edit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "pam/compare.h"
#include "pam/line.h"
#include "pam/outcomes.h"
#include "walk.h"

void pam_edited_done(struct pam_edited *edited) {
        free(edited->data);
        pam_service_free(edited->service);
        *edited = (struct pam_edited){ 0 };
}

/* The last physical line of the logical line that begins at FIRST, 0 if none does. */
static int find_last(const struct pam_release *release, const char *data, size_t n, unsigned first,
                     unsigned *ret) {
        CLEANUP(pam_line_done) struct pam_line line = { 0 };
        struct pam_line_reader reader;
        int r;

        *ret = 0;
        pam_line_reader_init(&reader, release, data, n);
        while ((r = pam_line_next(&reader, &line)) == PAM_LINE_READ)
                if (line.first == first)
                        *ret = line.last;
        return r < 0 ? r : 0;
}

/* Appends the bytes with the physical lines FIRST to LAST commented out or left out. */
static int rewrite(const char *data, size_t n, unsigned first, unsigned last, enum pam_edit edit,
                   struct text *text) {
        size_t at = 0, end;

        for (unsigned line = 1; at < n; line++, at = end) {
                const char *newline = memchr(data + at, '\n', n - at);
                bool is_edited = line >= first && line <= last;

                end = newline ? (size_t)(newline - data) + 1 : n;
                if (is_edited && edit == PAM_EDIT_REMOVE)
                        continue;
                if (is_edited)
                        (void)text_append(text, "# ");
                (void)text_append_n(text, data + at, end - at);
        }
        return text_error(text);
}

/* The world with one file replaced. */
struct overlay {
        const struct pam_environment *inner;
        const char *path;
        const char *data;
        size_t n;
};

static int overlay_read(void *userdata, const char *path, char **ret_data, size_t *ret_n) {
        const struct overlay *overlay = userdata;

        if (strcmp(path, overlay->path) != 0)
                return overlay->inner->read(overlay->inner->userdata, path, ret_data, ret_n);
        *ret_data = malloc(overlay->n + 1);
        if (!*ret_data)
                return -ENOMEM;
        memcpy(*ret_data, overlay->data, overlay->n);
        (*ret_data)[overlay->n] = '\0';
        *ret_n = overlay->n;
        return 0;
}

static bool overlay_is_directory(void *userdata, const char *path) {
        const struct overlay *overlay = userdata;

        return overlay->inner->is_directory(overlay->inner->userdata, path);
}

static bool overlay_has_module(void *userdata, const char *path) {
        const struct overlay *overlay = userdata;

        return !overlay->inner->has_module ||
               overlay->inner->has_module(overlay->inner->userdata, path);
}

/* True if both are the same rule of the same file; line numbers may have moved. */
static bool rules_equal(const struct pam_rule *a, const struct pam_rule *b) {
        return strcmp(a->file, b->file) == 0 && pam_rule_is_same(a, b);
}

/* Where a jump of the rule at I leads. */
static size_t landing(const struct pam_rules *rules, size_t i, int action) {
        const struct pam_step step = { 0 };
        struct pam_verdict verdict = PAM_VERDICT_INITIAL;

        pam_walk_apply(rules, &step, action, &PAM_VERDICT_INITIAL, &verdict, &i);
        return i;
}

/* True if no jump passes over a rule that is gone. */
static bool jumps_hold(const struct pam_rules *rules, const bool *is_gone) {
        for (size_t i = 0; i < rules->n_items; i++) {
                if (is_gone[i] || rules->items[i].kind == PAM_RULE_SUBSTACK)
                        continue;
                for (int code = 0; code < N_PAM_CODES; code++) {
                        int action = rules->items[i].actions[code];
                        size_t end = action > 0 ? landing(rules, i, action) : 0;

                        for (size_t k = i + 1; k < end; k++)
                                if (is_gone[k])
                                        return false;
                }
        }
        return true;
}

/* True if AFTER is BEFORE with nothing but some rules taken out. */
static int is_reduced(const struct pam_rules *before, const struct pam_rules *after) {
        CLEANUP_FREE bool *is_gone = calloc(before->n_items + 1, sizeof *is_gone);
        size_t k = 0;

        if (!is_gone)
                return -ENOMEM;
        for (size_t i = 0; i < before->n_items; i++) {
                is_gone[i] =
                        k == after->n_items || !rules_equal(&before->items[i], &after->items[k]);
                k += !is_gone[i];
        }
        return k == after->n_items && before->is_from_other == after->is_from_other &&
               jumps_hold(before, is_gone);
}

/* True if what could end in success still can: an edit that lets nobody in satisfies every rule. */
static int still_succeeds(const struct pam_service *before, const struct pam_service *after,
                          enum pam_facility facility) {
        int r = pam_can_succeed(before, facility, NULL, NULL, NULL);

        return r == 0 ? true : r < 0 ? r : pam_can_succeed(after, facility, NULL, NULL, NULL);
}

static int is_proven(const struct pam_service *before, const struct pam_service *after) {
        if (before->start != PAM_START_OK || after->start != PAM_START_OK)
                return false;
        for (enum pam_type type = 0; type < N_PAM_TYPES; type++) {
                int r = is_reduced(&before->rules[type], &after->rules[type]);

                if (r > 0)
                        r = still_succeeds(before, after, pam_type_facility(type));
                if (r <= 0)
                        return r;
        }
        return true;
}

int pam_edit_line(const struct pam_service *service, const struct pam_environment *environment,
                  const char *file, unsigned line, enum pam_edit edit, struct pam_edited *ret) {
        CLEANUP(pam_edited_done) struct pam_edited edited = { 0 };
        CLEANUP(text_done) struct text text = { 0 };
        CLEANUP_FREE char *data = NULL;
        struct overlay overlay = { .inner = environment, .path = file };
        const struct pam_environment world = { &overlay, overlay_read, overlay_is_directory,
                                               overlay_has_module };
        unsigned last = 0;
        size_t n;
        int r;

        r = environment->read(environment->userdata, file, &data, &n);
        if (r == 0)
                r = find_last(&service->release, data, n, line, &last);
        if (r < 0)
                return r;
        if (last == 0)
                return -ENOENT;
        r = rewrite(data, n, line, last, edit, &text);
        if (r < 0)
                return r;
        edited.n = text.n;
        edited.data = text_take(&text);
        if (!edited.data)
                return -ENOMEM;
        overlay.data = edited.data;
        overlay.n = edited.n;
        r = pam_service_load(service->name, &world, &service->release, &edited.service);
        if (r < 0)
                return r;
        r = is_proven(service, edited.service);
        if (r == 0 || r == -E2BIG)
                return -ENOTSUP;
        if (r < 0)
                return r;
        *ret = edited;
        edited = (struct pam_edited){ 0 };
        return 0;
}
