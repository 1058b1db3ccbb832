/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Repairing PAM stacks: the offending line is commented out, or removed where a comment would not
 * do.
 *
 * A stack is easily broken for everybody, and one file is part of many. So nothing is believed but
 * what reading every service again shows: each must be what it was without the line (no jump may
 * land elsewhere, `other` may not step in) and must still be able to succeed; each edit must leave
 * fewer findings; and in the end every pam rule must hold, whatever its response. If they do not,
 * the approved version is the better answer. */

#include <errno.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "guard/assess.h"
#include "pam/edit.h"
#include "repair.h"

enum {
        EDITS_MAX = 16, /* lines that one repair takes out; a stack with more is not mended */
};

static bool reads_file(const struct pam_service *service, const char *path) {
        for (size_t i = 0; i < service->n_files; i++)
                if (service->is_read[i] && strcmp(service->files[i], path) == 0)
                        return true;
        return false;
}

/* Edits FILE:LINE if every service that reads it stays what it was without. */
static int edit_for_all(const struct pam_stacks *stacks, const struct pam_environment *environment,
                        const struct finding *finding, enum pam_edit how, struct pam_edited *ret) {
        CLEANUP(pam_edited_done) struct pam_edited last = { 0 };
        int r = -ENOTSUP;

        for (size_t i = 0; i < stacks->n_services; i++) {
                if (!reads_file(stacks->services[i], finding->path))
                        continue;
                pam_edited_done(&last);
                r = pam_edit_line(stacks->services[i], environment, finding->path, finding->line,
                                  how, &last);
                if (r < 0)
                        return r == -ENOMEM ? r : -ENOTSUP;
        }
        if (r < 0)
                return r;
        *ret = last;
        last = (struct pam_edited){ 0 };
        return 0;
}

static const struct finding *find_repairable(const struct findings *findings) {
        for (size_t i = 0; i < findings->n_items; i++)
                if (findings->items[i].response == RESPONSE_REPAIR && findings->items[i].path &&
                    findings->items[i].line > 0)
                        return &findings->items[i];
        return NULL;
}

static int note_path(char ***paths, size_t *n_paths, const char *path) {
        for (size_t i = 0; i < *n_paths; i++)
                if (strcmp((*paths)[i], path) == 0)
                        return 0;
        return strings_append(paths, n_paths, path);
}

/* One line less. *N_BEFORE: findings before; there must be fewer each time. Returns 1 after an
 * edit, 0 if every rule holds. */
static int take_line_out(const struct world *world, struct view *candidate, size_t *n_before,
                         char ***paths, size_t *n_paths) {
        const struct pam_environment environment = pam_stacks_environment(candidate);
        CLEANUP(pam_stacks_done) struct pam_stacks stacks = { 0 };
        CLEANUP(findings_done) struct findings findings = { 0 };
        CLEANUP(pam_edited_done) struct pam_edited edited = { 0 };
        CLEANUP_FREE char *path = NULL; /* a link stays one: what it leads to is edited */
        const struct finding *finding;
        const struct snapshot *now;
        int r = assess_load_pam(world, candidate, &stacks);

        if (r == 0)
                r = assess_pam_stacks(world, &stacks, &findings);
        if (r < 0 || findings.n_items == 0)
                return r;
        finding = find_repairable(&findings);
        if (!finding || findings.n_items >= *n_before)
                return -ENOTSUP;
        *n_before = findings.n_items;
        r = edit_for_all(&stacks, &environment, finding, PAM_EDIT_COMMENT, &edited);
        if (r == -ENOTSUP)
                r = edit_for_all(&stacks, &environment, finding, PAM_EDIT_REMOVE, &edited);
        if (r == 0)
                r = view_follow(candidate, finding->path, 0, &path, &now);
        if (r == 0)
                r = view_put(candidate, path, &now->metadata, edited.data, edited.n);
        if (r == 0)
                r = note_path(paths, n_paths, path);
        return r < 0 ? r : 1;
}

int repair_pam(const struct world *world, struct view *candidate, char ***ret_paths,
               size_t *ret_n_paths) {
        size_t n_before = SIZE_MAX;
        int r = 1;

        for (unsigned i = 0; i <= EDITS_MAX && r > 0; i++)
                r = take_line_out(world, candidate, &n_before, ret_paths, ret_n_paths);
        return r > 0 ? -ENOTSUP : r;
}
