/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Words of a line, and the control field: what each return code of a module does to the stack. */

#include <stdbool.h>

#include "pam/names.h"
#include "pam/release.h"

enum pam_action { /* _pam_types of pam_private.h; positive values are jumps */
                  PAM_ACTION_IGNORE = 0,
                  PAM_ACTION_OK = -1,
                  PAM_ACTION_DONE = -2,
                  PAM_ACTION_BAD = -3,
                  PAM_ACTION_DIE = -4,
                  PAM_ACTION_RESET = -5,
                  PAM_ACTION_UNSET = -6,
};

enum pam_control_kind {
        PAM_CONTROL_RULE,
        PAM_CONTROL_INCLUDE,
        PAM_CONTROL_SUBSTACK,
        N_PAM_CONTROL_KINDS
};

/* Takes the next word from *REST, which points into a string that is written to, or is NULL when
 * nothing is left. Blanks separate; a word that begins with `[` runs to the next `]` that no
 * backslash escapes and loses its brackets. NULL if there is no word. */
char *pam_word_next(char **rest);

/* Reads a control field. ACTIONS gets all N_PAM_CODES values (left unset for an inclusion). *REASON
 * is set to a static text if the field is no control; libpam then runs the module but takes every
 * result, success too, as `bad`. */
enum pam_control_kind pam_control_parse(const struct pam_release *release, const char *word,
                                        int actions[N_PAM_CODES], const char **reason);

/* Gives every value that is unset the action; what `default` does, too. */
void pam_actions_set_unset(int actions[N_PAM_CODES], int action);

/* "ignore", "ok" … ; NULL for a jump. */
const char *pam_action_name(int action);
