/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The conditions of pam_succeed_if(8): triples of attribute, operator and value, all of which must
 * hold. What is asked here are the attributes of an account and the service; the caller's own
 * (use_uid), the remote host and netgroups are not known. */

#include "succeed_if.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

static bool has_group(const struct account *account, const char *name, size_t n) {
        for (size_t i = 0; i < account->n_groups; i++)
                if (strncmp(account->groups[i], name, n) == 0 && !account->groups[i][n])
                        return true;
        return false;
}

/* LIST's words are separated by colons. */
static bool list_has(const char *list, const struct account *account, const char *word) {
        while (*list) {
                size_t n = strcspn(list, ":");

                if (word ? strncmp(list, word, n) == 0 && !word[n] : has_group(account, list, n))
                        return true;
                list += n + (list[n] == ':');
        }
        return false;
}

static enum succeed_if truth(bool is) {
        return is ? SUCCEED_IF_TRUE : SUCCEED_IF_FALSE;
}

static enum succeed_if compare_numbers(uint32_t left, const char *operator, const char * right) {
        char *end;
        unsigned long number = strtoul(right, &end, 10);

        if (!right[0] || *end || number > UINT32_MAX)
                return SUCCEED_IF_UNKNOWN;
        if (strcmp(operator, "<") == 0)
                return truth(left < number);
        if (strcmp(operator, "<=") == 0)
                return truth(left <= number);
        if (strcmp(operator, ">") == 0)
                return truth(left > number);
        if (strcmp(operator, ">=") == 0)
                return truth(left >= number);
        if (strcmp(operator, "eq") == 0)
                return truth(left == number);
        return strcmp(operator, "ne") == 0 ? truth(left != number) : SUCCEED_IF_UNKNOWN;
}

static enum succeed_if compare_words(const struct account *account, const char *left,
                                     const char *operator, const char * right) {
        if (strcmp(operator, "=") == 0)
                return truth(strcmp(left, right) == 0);
        if (strcmp(operator, "!=") == 0)
                return truth(strcmp(left, right) != 0);
        if (strcmp(operator, "in") == 0)
                return truth(list_has(right, account, left));
        return strcmp(operator, "notin") == 0 ? truth(!list_has(right, account, left))
                                              : SUCCEED_IF_UNKNOWN;
}

static enum succeed_if evaluate(const struct account *account, const char *service,
                                const char *left, const char *operator, const char * right) {
        if (strcmp(left, "uid") == 0)
                return compare_numbers(account->uid, operator, right);
        if (strcmp(left, "gid") == 0)
                return compare_numbers(account->gid, operator, right);
        if (strcmp(left, "user") == 0 && strcmp(operator, "ingroup") == 0)
                return truth(list_has(right, account, NULL));
        if (strcmp(left, "user") == 0 && strcmp(operator, "notingroup") == 0)
                return truth(!list_has(right, account, NULL));
        if (strcmp(left, "user") == 0)
                return compare_words(account, account->name, operator, right);
        if (strcmp(left, "shell") == 0)
                return compare_words(account, account->shell, operator, right);
        if (strcmp(left, "home") == 0)
                return compare_words(account, account->home, operator, right);
        if (strcmp(left, "service") == 0)
                return compare_words(account, service, operator, right);
        return SUCCEED_IF_UNKNOWN;
}

static bool is_flag(const char *word) {
        static const char *const flags[] = { "debug", "quiet", "quiet_fail", "quiet_success",
                                             "audit" };

        for (size_t i = 0; i < N_ELEMENTS(flags); i++)
                if (strcmp(flags[i], word) == 0)
                        return true;
        return false;
}

enum succeed_if succeed_if_judge(const struct account *account, const char *service,
                                 char *const *args, size_t n_args) {
        enum succeed_if all = SUCCEED_IF_UNKNOWN;

        for (size_t i = 0; i < n_args;) {
                enum succeed_if one;

                if (is_flag(args[i])) {
                        i++;
                        continue;
                }
                if (i + 3 > n_args)
                        return SUCCEED_IF_UNKNOWN;
                one = evaluate(account, service, args[i], args[i + 1], args[i + 2]);
                if (one == SUCCEED_IF_UNKNOWN)
                        return SUCCEED_IF_UNKNOWN;
                all = all == SUCCEED_IF_UNKNOWN || one == SUCCEED_IF_FALSE ? one : all;
                i += 3;
        }
        return all;
}
