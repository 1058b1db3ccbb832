/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One libconfig setting → one value, or a complaint that says what to write instead.
 *
 * libconfig converts nothing here (autoconvert stays off): a type that does not fit is an error of
 * the file. Strings come out clean: no control byte, so that every later message may quote them. */

#include "read.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/nearest.h"

enum { DURATION_MAX_S = 10 * 366 * 86400 };

static const char *type_name(const config_setting_t *setting) {
        switch (config_setting_type(setting)) {
        case CONFIG_TYPE_GROUP:
                return "a group { … }";
        case CONFIG_TYPE_INT:
        case CONFIG_TYPE_INT64:
                return "an integer";
        case CONFIG_TYPE_FLOAT:
                return "a number with a fraction";
        case CONFIG_TYPE_STRING:
                return "a string";
        case CONFIG_TYPE_BOOL:
                return "a boolean";
        case CONFIG_TYPE_ARRAY:
        case CONFIG_TYPE_LIST:
                return "a list";
        default:
                return "nothing";
        }
}

static const char *name_of_setting(const config_setting_t *setting) {
        return config_setting_name(setting) ? config_setting_name(setting) : "an element";
}

int read_complain(const struct reader *reader, const config_setting_t *setting, const char *format,
                  ...) {
        CLEANUP(text_done) struct text text = { 0 };
        va_list arguments;
        int r;

        va_start(arguments, format);
        r = text_vappendf(&text, format, arguments);
        va_end(arguments);
        if (r == 0)
                r = diagnostics_add(reader->diagnostics, reader->path,
                                    config_setting_source_line(setting), 0, "%s", text_get(&text));
        return r < 0 ? r : READ_BAD;
}

const char *read_suggestion(const struct nearest *nearest, char buffer[128]) {
        CLEANUP(text_done) struct text text = { 0 };

        buffer[0] = '\0';
        if (nearest->best && text_appendf(&text, "; did you mean `%s`?", nearest->best) == 0 &&
            text.n < 128)
                memcpy(buffer, text.data, text.n + 1);
        return buffer;
}

static int wrong_type(const struct reader *reader, const config_setting_t *setting,
                      const char *wanted) {
        const char *name = name_of_setting(setting);

        if (config_setting_type(setting) == CONFIG_TYPE_BOOL && strcmp(name, "must") == 0)
                return read_complain(reader, setting, "`%s` takes %s, not a boolean: write \"%s\"",
                                     name, wanted, config_setting_get_bool(setting) ? "yes" : "no");
        return read_complain(reader, setting, "`%s` takes %s, not %s", name, wanted,
                             type_name(setting));
}

/* Was this line refused already? A number that wrapped around says nothing more. */
static bool has_diagnostic(const struct reader *reader, unsigned line) {
        for (size_t i = 0; i < reader->diagnostics->n_items; i++) {
                const struct diagnostic *item = &reader->diagnostics->items[i];

                if (item->line == line && item->file && strcmp(item->file, reader->path) == 0)
                        return true;
        }
        return false;
}

/* A scalar's text: a string as it is, with INTEGERS also an integer. NAMED is whom to blame. */
static int read_text(const struct reader *reader, const config_setting_t *named,
                     const config_setting_t *setting, bool integers, char **ret) {
        int type = config_setting_type(setting);
        char *text;

        if (integers && (type == CONFIG_TYPE_INT || type == CONFIG_TYPE_INT64)) {
                if (has_diagnostic(reader, config_setting_source_line(setting)))
                        return READ_BAD;
                text = text_format("%d", config_setting_get_int(setting));
        } else if (type == CONFIG_TYPE_STRING) {
                const char *string = config_setting_get_string(setting);

                for (const char *c = string; *c; c++)
                        if ((unsigned char)*c < ' ' || *c == 0x7f)
                                return read_complain(reader, named,
                                                     "`%s` holds a line break or another control "
                                                     "byte; put long text into several strings "
                                                     "side by side",
                                                     name_of_setting(named));
                if (!*string)
                        return read_complain(reader, named, "`%s` is empty",
                                             name_of_setting(named));
                text = strdup(string);
        } else if (named != setting) {
                return read_complain(reader, named, "`%s` is a list of strings, but holds %s",
                                     name_of_setting(named), type_name(setting));
        } else {
                return wrong_type(reader, named, integers ? "a string or an integer" : "a string");
        }
        if (!text)
                return -ENOMEM;
        free(*ret);
        *ret = text;
        return READ_OK;
}

int read_string(const struct reader *reader, const config_setting_t *setting, char **ret) {
        return read_text(reader, setting, setting, false, ret);
}

int read_words(const struct reader *reader, const config_setting_t *setting,
               struct rule_words *ret) {
        struct rule_words words = { .is_set = true };
        bool is_list = config_setting_is_array(setting) || config_setting_is_list(setting);
        int n = is_list ? config_setting_length(setting) : 1, r = READ_OK;

        if (config_setting_is_group(setting))
                return wrong_type(reader, setting, "a string or a list of strings");
        for (int i = 0; r == READ_OK && i < n; i++) {
                const config_setting_t *element =
                        is_list ? config_setting_get_elem(setting, (unsigned)i) : setting;
                CLEANUP_FREE char *text = NULL;

                r = read_text(reader, setting, element, true, &text);
                if (r == READ_OK)
                        r = strings_append(&words.items, &words.n_items, text);
        }
        if (r != READ_OK) {
                rule_words_done(&words);
                return r;
        }
        rule_words_done(ret);
        *ret = words;
        return READ_OK;
}

int read_flag(const struct reader *reader, const config_setting_t *setting, bool *ret) {
        if (config_setting_type(setting) != CONFIG_TYPE_BOOL)
                return read_complain(reader, setting, "`%s` takes true or false, not %s",
                                     name_of_setting(setting), type_name(setting));
        *ret = config_setting_get_bool(setting) == CONFIG_TRUE;
        return READ_OK;
}

static int complain_names(const struct reader *reader, const config_setting_t *setting,
                          const char *value, const char *(*name_of)(unsigned value),
                          unsigned n_names) {
        CLEANUP(text_done) struct text names = { 0 };
        struct nearest nearest;
        char buffer[128];

        nearest_init(&nearest, value);
        for (unsigned i = 0; i < n_names; i++) {
                nearest_offer(&nearest, name_of(i));
                (void)text_appendf(&names, "%s%s",
                                   i == 0            ? ""
                                   : i + 1 < n_names ? ", "
                                                     : " or ",
                                   name_of(i));
        }
        return read_complain(reader, setting, "`%s` takes %s, not `%s`%s", name_of_setting(setting),
                             text_get(&names), value, read_suggestion(&nearest, buffer));
}

int read_name(const struct reader *reader, const config_setting_t *setting,
              const char *(*name_of)(unsigned value), unsigned n_names, unsigned *ret) {
        CLEANUP_FREE char *value = NULL;
        int r = read_string(reader, setting, &value);

        if (r != READ_OK)
                return r;
        for (unsigned i = 0; i < n_names; i++) {
                if (strcmp(value, name_of(i)) != 0)
                        continue;
                *ret = i;
                return READ_OK;
        }
        return complain_names(reader, setting, value, name_of, n_names);
}

static const char *name_of_mode(unsigned value) {
        return policy_mode_name((enum policy_mode)value);
}

static int read_audit(const struct reader *reader, const config_setting_t *setting, bool *ret) {
        unsigned mode = MODE_ENFORCE;
        int r = read_name(reader, setting, name_of_mode, N_POLICY_MODES, &mode);

        if (r == READ_OK)
                *ret = mode == MODE_AUDIT;
        return r;
}

static int read_mode(const struct reader *reader, const config_setting_t *setting, int *ret) {
        CLEANUP_FREE char *text = NULL;
        int type = config_setting_type(setting), r;
        size_t n;

        if (type == CONFIG_TYPE_INT || type == CONFIG_TYPE_INT64)
                return READ_BAD; /* scan_text() has named the right spelling */
        r = read_string(reader, setting, &text);
        if (r != READ_OK)
                return r;
        n = strspn(text, "01234567");
        if (text[n] != '\0' || n < 3 || n > 4)
                return read_complain(reader, setting,
                                     "`%s` takes three or four octal digits such as \"0644\", not "
                                     "\"%s\"",
                                     name_of_setting(setting), text);
        *ret = (int)strtol(text, NULL, 8);
        return READ_OK;
}

static int read_count(const struct reader *reader, const struct schema_key *key,
                      const config_setting_t *setting, int *ret) {
        int type = config_setting_type(setting), value;

        if (type != CONFIG_TYPE_INT && type != CONFIG_TYPE_INT64)
                return read_complain(reader, setting, "`%s` takes an integer, not %s", key->name,
                                     type_name(setting));
        value = config_setting_get_int(setting);
        if (value >= key->minimum && value <= key->maximum) {
                *ret = value;
                return READ_OK;
        }
        if (has_diagnostic(reader, config_setting_source_line(setting)))
                return READ_BAD;
        return read_complain(reader, setting, "`%s` is between %d and %d, not %d", key->name,
                             key->minimum, key->maximum, value);
}

int read_duration(const char *text, int64_t *ret) {
        static const struct {
                char unit;
                int64_t seconds;
        } units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 }, { 'w', 604800 } };
        int64_t total = 0;

        if (!*text)
                return -EINVAL;
        while (*text) {
                int64_t number = 0, scale = 1;
                size_t n = strspn(text, "0123456789");

                if (n == 0 || n > 9)
                        return -EINVAL;
                for (size_t i = 0; i < n; i++)
                        number = number * 10 + (text[i] - '0');
                text += n;
                if (*text) {
                        scale = 0;
                        for (size_t i = 0; i < N_ELEMENTS(units); i++)
                                if (units[i].unit == *text)
                                        scale = units[i].seconds;
                        text++;
                }
                total += number * scale;
                if (scale == 0 || total > DURATION_MAX_S)
                        return -EINVAL;
        }
        *ret = total;
        return 0;
}

static int read_duration_value(const struct reader *reader, const config_setting_t *setting,
                               int64_t *ret) {
        CLEANUP_FREE char *text = NULL;
        int r;

        if (config_setting_type(setting) != CONFIG_TYPE_STRING)
                return wrong_type(reader, setting, "a time such as \"90d\"");
        r = read_string(reader, setting, &text);
        if (r != READ_OK)
                return r;
        if (read_duration(text, ret) < 0)
                return read_complain(reader, setting,
                                     "`%s` takes a time such as \"90d\" or \"1h30m\" of at most "
                                     "ten years, not \"%s\"",
                                     name_of_setting(setting), text);
        return READ_OK;
}

int read_value(const struct reader *reader, const struct schema_key *key,
               const config_setting_t *setting, struct rule *rule) {
        void *value = schema_value(rule, key);

        switch (key->type) {
        case SCHEMA_STRING:
                return read_text(reader, setting, setting, false, value);
        case SCHEMA_SCALAR:
                return read_text(reader, setting, setting, true, value);
        case SCHEMA_WORDS:
        case SCHEMA_FINGERPRINTS:
                return read_words(reader, setting, value);
        case SCHEMA_FLAG:
                return read_flag(reader, setting, value);
        case SCHEMA_NAME:
                return read_name(reader, setting, key->name_of, key->n_names, value);
        case SCHEMA_AUDIT:
                return read_audit(reader, setting, value);
        case SCHEMA_MODE:
                return read_mode(reader, setting, value);
        case SCHEMA_COUNT:
                return read_count(reader, key, setting, value);
        case SCHEMA_DURATION:
                return read_duration_value(reader, setting, value);
        case N_SCHEMA_TYPES:
                break;
        }
        return -EINVAL;
}
