/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* libconfig settings → values of a rule or of the policy, each with its type checked. */

#include <libconfig.h>

#include "base/diagnostics.h"
#include "schema.h"

enum read_result { READ_OK = 0, READ_BAD = 1 }; /* READ_BAD: the diagnostics say why */

struct reader {
        const char *path;
        struct diagnostics *diagnostics;
};

/* All return a read_result or -ENOMEM. */
int read_complain(const struct reader *reader, const config_setting_t *setting, const char *format,
                  ...) __attribute__((format(printf, 3, 4)));
int read_value(const struct reader *reader, const struct schema_key *key,
               const config_setting_t *setting, struct rule *rule);
int read_string(const struct reader *reader, const config_setting_t *setting, char **ret);
int read_words(const struct reader *reader, const config_setting_t *setting,
               struct rule_words *ret);
int read_flag(const struct reader *reader, const config_setting_t *setting, bool *ret);
int read_name(const struct reader *reader, const config_setting_t *setting,
              const char *(*name_of)(unsigned value), unsigned n_names, unsigned *ret);

/* "; did you mean `X`?", or "" if nothing is near. */
struct nearest;
const char *read_suggestion(const struct nearest *nearest, char buffer[128]);

/* Seconds of "90d", "1h30m", "45s", "45": -EINVAL if TEXT is no duration or beyond ten years. */
int read_duration(const char *text, int64_t *ret);
