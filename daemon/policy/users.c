/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lists of users in the policy language. They are OpenSSH's pattern lists, in which a negated
 * element wins over all others, with "@group" besides. */

#include "policy/users.h"

#include <string.h>

#include "base/pattern.h"

/* As in OpenSSH's own lists (base/pattern), a longer element makes the list match nothing. */
enum { ELEMENT_MAX = 1024 };

static bool element_matches(const char *element, const struct account *account) {
        if (*element != '@')
                return pattern_match(account->name, element);
        for (size_t i = 0; i < account->n_groups; i++)
                if (pattern_match(account->groups[i], element + 1))
                        return true;
        return false;
}

bool policy_users_cover(const char *users, const struct account *account) {
        bool is_covered = false;

        for (const char *next = users; *next;) {
                bool is_negated = *next == '!';
                char element[ELEMENT_MAX];
                size_t n;

                next += is_negated;
                n = strcspn(next, ",");
                if (n >= sizeof element)
                        return false;
                memcpy(element, next, n);
                element[n] = '\0';
                next += n + (next[n] == ',');
                if (!element_matches(element, account))
                        continue;
                if (is_negated)
                        return false;
                is_covered = true;
        }
        return is_covered;
}
