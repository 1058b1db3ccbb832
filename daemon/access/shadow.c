/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lines of shadow(5): `name:hash:last change:min:max:warn:inactive:expire:`.
 *
 * glibc skips a line without a name or with a number it cannot read, and an empty number is -1.
 * crypt(3) matches no password against a hash that is none of its own: `*`, `!`, a word. What looks
 * like one of its hashes ($id$…, or the 13 characters of DES) is taken for one.
 *
 * The dates are judged as check_shadow_expiry() of pam_unix does, in its order. */

#include "access/shadow.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

enum {
        FIELD_NAME,
        FIELD_HASH,
        FIELD_LAST,
        FIELD_MIN,
        FIELD_MAX,
        FIELD_WARN,
        FIELD_INACTIVE,
        FIELD_EXPIRE,
        N_FIELDS
};

enum { DES_LENGTH = 13 };

static bool is_hash(const char *hash) {
        static const char digits[] = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                     "abcdefghijklmnopqrstuvwxyz";

        if (hash[0] == '$')
                return strchr(hash + 1, '$') != NULL;
        if (hash[0] == '_')
                return strspn(hash + 1, digits) == 19 && !hash[20];
        return strlen(hash) == DES_LENGTH && strspn(hash, digits) == DES_LENGTH;
}

static enum shadow_password password_of(const char *hash) {
        if (!hash[0])
                return SHADOW_PASSWORD_EMPTY;
        return is_hash(hash) ? SHADOW_PASSWORD_SET : SHADOW_PASSWORD_NONE;
}

static bool parse_days(const char *text, int64_t *ret) {
        char *end;
        long long days;

        *ret = -1;
        if (!text[0])
                return true;
        errno = 0;
        days = strtoll(text, &end, 10);
        if (errno != 0 || *end || days < -1 || days > INT_MAX)
                return false;
        *ret = days;
        return true;
}

/* Cuts up LINE. False for one that glibc skips. */
static bool parse_line(char *line, char **ret_name, struct shadow *ret) {
        char *fields[N_FIELDS] = { NULL };
        char *rest = line;

        for (size_t i = 0; i < N_FIELDS; i++)
                fields[i] = strsep(&rest, ":");
        if (!fields[FIELD_EXPIRE] || !fields[FIELD_NAME][0] || fields[FIELD_NAME][0] == '#' ||
            fields[FIELD_NAME][0] == '+' || fields[FIELD_NAME][0] == '-')
                return false;
        *ret_name = fields[FIELD_NAME];
        *ret = (struct shadow){ .password = password_of(fields[FIELD_HASH]),
                                .is_locked = fields[FIELD_HASH][0] == '!' };
        return parse_days(fields[FIELD_LAST], &ret->last_change) &&
               parse_days(fields[FIELD_MAX], &ret->max) &&
               parse_days(fields[FIELD_INACTIVE], &ret->inactive) &&
               parse_days(fields[FIELD_EXPIRE], &ret->expire);
}

static int add_line(struct shadows *shadows, char *line) {
        CLEANUP_FREE struct shadow *copy = NULL;
        struct shadow shadow;
        char *name;
        int r;

        if (!parse_line(line, &name, &shadow) || map_get(&shadows->by_name, name))
                return 0;
        copy = malloc(sizeof *copy);
        if (!copy)
                return -ENOMEM;
        *copy = shadow;
        r = map_set(&shadows->by_name, name, copy, NULL);
        if (r == 0)
                copy = NULL;
        return r;
}

int shadows_parse(const char *bytes, size_t n, struct shadows *ret) {
        CLEANUP_FREE char *copy = strndup(bytes, n);
        CLEANUP(shadows_done) struct shadows shadows = { 0 };
        char *rest = copy;

        if (!copy)
                return -ENOMEM;
        for (char *line; (line = strsep(&rest, "\n"));) {
                int r = add_line(&shadows, line);

                if (r < 0)
                        return r;
        }
        *ret = shadows;
        shadows = (struct shadows){ 0 };
        return 0;
}

const struct shadow *shadows_find(const struct shadows *shadows, const char *name) {
        return map_get(&shadows->by_name, name);
}

void shadows_done(struct shadows *shadows) {
        map_done(&shadows->by_name, free);
}

enum shadow_verdict shadow_judge(const struct shadow *shadow, int64_t today) {
        int64_t age = today - shadow->last_change;

        if (shadow->expire != -1 && today >= shadow->expire)
                return SHADOW_ACCOUNT_EXPIRED;
        if (shadow->last_change == 0)
                return SHADOW_MUST_CHANGE;
        if (today < shadow->last_change || shadow->max == -1 || age <= shadow->max)
                return SHADOW_VALID;
        if (shadow->inactive != -1 && age > shadow->inactive &&
            age > shadow->max + shadow->inactive)
                return SHADOW_PASSWORD_EXPIRED;
        return SHADOW_MUST_CHANGE;
}
