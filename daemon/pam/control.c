/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Words and controls, as _pam_StrTok()/_pam_tokenize() and _pam_parse_control() of pam_misc.c read
 * them.
 *
 * The control parser of libpam compares prefixes in table order and needs no separators, so
 * `success=okdefault=ignore` is well-formed; keywords ignore case while names inside a list do not;
 * a list needs no brackets if it has no blanks. Any mistake makes all 32 actions `bad`. Until 1.5.3
 * a jump number wraps at 32 bits, and a wrapped number can even mean `ok`. */

#include "pam/control.h"

#include <limits.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "base/ascii.h"

#define BLANKS " \n\t"

static const char *const action_names[] = { "ignore", "ok", "done", "bad", "die", "reset" };
enum { N_ACTION_NAMES = sizeof action_names / sizeof action_names[0] };

char *pam_word_next(char **rest) {
        char *word = *rest, *end;

        if (!word)
                return NULL;
        word += strspn(word, BLANKS);
        if (*word == '\0') {
                *rest = NULL;
                return NULL;
        }
        if (*word == '[') {
                char *to = ++word;

                for (end = word; *end && *end != ']'; end++) {
                        if (*end == '\\' && end[1] == ']')
                                end++;
                        *to++ = *end;
                }
                if (to != end)
                        *to = '\0';
        } else
                end = word + strcspn(word, BLANKS);
        if (*end)
                *end++ = '\0';
        *rest = *end ? end : NULL;
        return word;
}

void pam_actions_set_unset(int actions[N_PAM_CODES], int action) {
        for (int code = 0; code < N_PAM_CODES; code++)
                if (actions[code] == PAM_ACTION_UNSET)
                        actions[code] = action;
}

const char *pam_action_name(int action) {
        return action <= 0 && -action < N_ACTION_NAMES ? action_names[-action] : NULL;
}

/* Index of the first name in NAMES that AT begins with, *AT moved behind it; -1 if none. */
static int match_name(const char **at, const char *(*name)(int), int n) {
        for (int i = 0; i < n; i++) {
                size_t length = strlen(name(i));

                if (strncmp(name(i), *at, length) == 0) {
                        *at += length;
                        return i;
                }
        }
        return -1;
}

static const char *value_name(int i) {
        return i < N_PAM_CODES ? pam_code_name(i) : "default";
}

static const char *action_name_at(int i) {
        return action_names[i];
}

static void skip_space(const char **at) {
        while (ascii_is_space(**at))
                (*at)++;
}

/* A jump number at *AT. Returns NULL or what is wrong with it. */
static const char *parse_jump(const struct pam_release *release, const char **at, int *ret) {
        uint32_t number = 0;

        if (!ascii_is_digit(**at))
                return "an action was expected";
        for (; ascii_is_digit(**at); (*at)++) {
                uint32_t digit = (uint32_t)(**at - '0');

                if (!release->wraps_jumps &&
                    (number > INT_MAX / 10 || number * 10 > (uint32_t)INT_MAX - digit))
                        return "the jump is too large";
                number = number * 10 + digit;
        }
        if (number == 0)
                return "a jump of 0";
        *ret = (int)number;
        return NULL;
}

/* One value=action at *AT. Returns NULL or what is wrong with it. */
static const char *parse_pair(const struct pam_release *release, const char **at,
                              int actions[N_PAM_CODES]) {
        int value = match_name(at, value_name, N_PAM_CODES + 1), action;

        if (value < 0 || **at == '\0')
                return "a return value was expected";
        skip_space(at);
        if (**at != '=')
                return "'=' was expected";
        (*at)++;
        skip_space(at);
        if (**at == '\0')
                return "an action was expected";
        action = match_name(at, action_name_at, N_ACTION_NAMES);
        if (action >= 0)
                action = -action;
        else {
                const char *reason = parse_jump(release, at, &action);

                if (reason)
                        return reason;
        }
        if (value < N_PAM_CODES)
                actions[value] = action;
        else
                pam_actions_set_unset(actions, action);
        return NULL;
}

static const char *parse_list(const struct pam_release *release, const char *at,
                              int actions[N_PAM_CODES]) {
        for (skip_space(&at); *at; skip_space(&at)) {
                const char *reason = parse_pair(release, &at, actions);

                if (reason) {
                        for (int code = 0; code < N_PAM_CODES; code++)
                                actions[code] = PAM_ACTION_BAD;
                        return reason;
                }
        }
        pam_actions_set_unset(actions, PAM_ACTION_BAD);
        return NULL;
}

enum pam_control_kind pam_control_parse(const struct pam_release *release, const char *word,
                                        int actions[N_PAM_CODES], const char **reason) {
        static const struct {
                const char *name;
                enum pam_control_kind kind;
                int good, ignored,
                        other; /* actions for success and new_authtok_reqd, ignore, rest */
        } keywords[] = {
                { "required", PAM_CONTROL_RULE, PAM_ACTION_OK, PAM_ACTION_IGNORE, PAM_ACTION_BAD },
                { "requisite", PAM_CONTROL_RULE, PAM_ACTION_OK, PAM_ACTION_IGNORE, PAM_ACTION_DIE },
                { "optional", PAM_CONTROL_RULE, PAM_ACTION_OK, PAM_ACTION_IGNORE,
                  PAM_ACTION_IGNORE },
                { "sufficient", PAM_CONTROL_RULE, PAM_ACTION_DONE, PAM_ACTION_IGNORE,
                  PAM_ACTION_IGNORE },
                { "include", PAM_CONTROL_INCLUDE, PAM_ACTION_UNSET, PAM_ACTION_UNSET,
                  PAM_ACTION_UNSET },
                { "substack", PAM_CONTROL_SUBSTACK, PAM_ACTION_UNSET, PAM_ACTION_UNSET,
                  PAM_ACTION_UNSET },
        };

        *reason = NULL;
        for (int code = 0; code < N_PAM_CODES; code++)
                actions[code] = PAM_ACTION_UNSET;
        for (size_t i = 0; i < sizeof keywords / sizeof keywords[0]; i++) {
                if (strcasecmp(word, keywords[i].name) != 0)
                        continue;
                actions[PAM_CODE_SUCCESS] = keywords[i].good;
                actions[PAM_CODE_NEW_AUTHTOK_REQD] = keywords[i].good;
                actions[PAM_CODE_IGNORE] = keywords[i].ignored;
                pam_actions_set_unset(actions, keywords[i].other);
                return keywords[i].kind;
        }
        *reason = parse_list(release, word, actions);
        return PAM_CONTROL_RULE;
}
