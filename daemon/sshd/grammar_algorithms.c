/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keywords whose value is a list of algorithms.
 *
 * A line is only checked and kept; what it means follows from the release's defaults and is worked
 * out when the value is printed (algorithms.c). sshd works it out once for what pass 1 set, and
 * once more after Match blocks were applied. */

#include "grammar.h"

#include <errno.h>
#include <string.h>

#include "algorithms.h"
#include "base/array.h"
#include "base/cleanup.h"
#include "table.h"

static const enum algorithm_kind kinds[N_ALGORITHM_KINDS] = {
        ALGORITHM_CIPHER, ALGORITHM_MAC, ALGORITHM_KEX, ALGORITHM_KEY, ALGORITHM_CA,
};

/* 0, -EINVAL, -ENOMEM */
static int check_list(struct reading *reading, const char *list, const char **ret_unknown) {
        const enum algorithm_kind *kind = reading->keyword->grammar->detail;

        if (*list == '-')
                return 0;
        if (*list == '+' || *list == '^')
                list++;
        return algorithms_check(*kind, list, reading->release, ret_unknown);
}

static int read_transport(struct reading *reading) {
        const enum algorithm_kind *kind = reading->keyword->grammar->detail;
        const char *what = *kind == ALGORITHM_CIPHER ? "cipher spec"
                           : *kind == ALGORITHM_MAC  ? "mac spec"
                                                     : "KexAlgorithms";
        const char *list, *unknown = NULL;
        int r = 0;

        list = reading_word(reading, "Missing argument.", &r);
        if (!list)
                return r;
        r = check_list(reading, list, &unknown);
        if (r != -EINVAL)
                return r < 0 ? r : value_add_string(reading->value, list);
        r = 0;
        if (*kind == ALGORITHM_KEX && unknown) {
                size_t n = strcspn(unknown, ",");

                r = reading_complain(reading, "Unsupported KEX algorithm \"%.*s\"",
                                     n > 100 ? 100 : (int)n, unknown);
        }
        return r < 0 ? r : reading_fatal(reading, "Bad SSH2 %s '%s'.", what, list);
}

static int read_key_types(struct reading *reading) {
        const char *list = arguments_next(&reading->arguments);
        int r;

        if (!list || *list == '\0')
                return reading_fatal(reading, "Missing argument.");
        r = check_list(reading, list, NULL);
        if (r == -EINVAL)
                return reading_fatal(reading, "Bad key types '%s'.", list);
        return r < 0 ? r : value_add_string(reading->value, list);
}

static int read_gss(struct reading *reading) {
        const char *list = arguments_next(&reading->arguments), *unknown;
        int r = 0;

        if (!list || *list == '\0')
                return reading_fatal(reading, "Missing argument.");
        unknown = algorithms_unknown_gss(list);
        if (!unknown)
                return value_add_string(reading->value, list);
        if (*unknown) {
                size_t n = strcspn(unknown, ",");

                r = reading_complain(reading, "Unsupported KEX algorithm \"%.*s\"",
                                     n > 100 ? 100 : (int)n, unknown);
        }
        return r < 0 ? r : reading_fatal(reading, "Bad GSSAPI KexAlgorithms '%s'.", list);
}

#define ALGORITHMS(name, reader, kind_)                                                            \
        const struct grammar grammar_algorithms_##name = { .kind = SSHD_VALUE_LIST,                \
                                                           .read = reader,                         \
                                                           .detail = &kinds[kind_] }

ALGORITHMS(cipher, read_transport, ALGORITHM_CIPHER);
ALGORITHMS(mac, read_transport, ALGORITHM_MAC);
ALGORITHMS(kex, read_transport, ALGORITHM_KEX);
ALGORITHMS(key, read_key_types, ALGORITHM_KEY);
ALGORITHMS(ca, read_key_types, ALGORITHM_CA);

const struct grammar grammar_algorithms_gss = { .kind = SSHD_VALUE_LIST, .read = read_gss };
