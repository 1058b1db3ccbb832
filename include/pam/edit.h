/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Taking one line out of a stack, and nothing else with it. */

#include "pam/stack.h"

enum pam_edit { PAM_EDIT_COMMENT, PAM_EDIT_REMOVE, N_PAM_EDITS };

struct pam_edited {
        char *data; /* the whole file */
        size_t n;
        struct pam_service *service; /* read again with it */
};

void pam_edited_done(struct pam_edited *edited);

/* Takes the logical line at FILE:LINE out of SERVICE, which was read from ENVIRONMENT; of a line
 * that includes a file, what it brought goes with it. The result is proven by reading it again: the
 * service starts, each of its lists is what it was without rules from the edited line or what it
 * included, `other` stands in for no type it did not, no jump leads elsewhere than before, and what
 * could end in success still can.
 * Returns 0; -ENOENT if there is no such line; -ENOTSUP if no edit of this kind does that; -ENOMEM
 * or another error of reading. */
int pam_edit_line(const struct pam_service *service, const struct pam_environment *environment,
                  const char *file, unsigned line, enum pam_edit edit, struct pam_edited *ret);
