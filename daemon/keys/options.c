/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Key options: a table of flags, a table of values, and sshd's loop over them.
 *
 * The loop takes at most one option, then wants a comma or the end; so empty options pass, a flag
 * is matched as a prefix and whatever follows it is the next byte's business ("ptyx" dies there),
 * and a name with `=` in front of an unquoted value dies in its value. Nothing is ever ignored: an
 * option of another release, or a typing error, makes sshd drop the line. */

#include "keys/options.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/address.h"
#include "base/array.h"
#include "base/cleanup.h"
#include "base/pattern.h"
#include "civil_time.h"

enum {
        PERMITS_MAX = 4097,      /* auth-options.h: SSH_AUTHOPT_PERMIT_MAX, compared with > */
        ENVIRONMENT_MAX = 1025,  /* SSH_AUTHOPT_ENV_MAX likewise, from 8.7 on */
        HOST_MAX = 1025,         /* netdb.h: NI_MAXHOST */
        TUNNEL_MAX = 0x7ffffffd, /* ssh.h: SSH_TUNID_MAX */
        RELEASE_WITH_STRICT_MASKS = 908, /* addrmatch.c: a mask beyond the family is an error */
        OPTIONS_REFUSED = 1,
};

struct parser {
        const char *next;
        const struct keys_release *release;
        const struct keys_environment *environment;
        struct key_options *options;
        const char *reason;
};

static int refuse(struct parser *parser, const char *reason) {
        parser->reason = reason;
        return OPTIONS_REFUSED;
}

/* --- flags */

struct flag {
        const char *name;
        size_t offset;
        bool may_negate;    /* `no-` in front of it sets it to false */
        bool is_set;        /* without any option */
        bool is_permission; /* `restrict` takes it away */
};

/* In the order sshd tries them; the first two say that a word was there, the others what holds in
 * the end. */
static const struct flag flags[] = {
        { "restrict", offsetof(struct key_options, is_restricted), false, false, false },
        { "cert-authority", offsetof(struct key_options, cert_authority), false, false, false },
        { "port-forwarding", offsetof(struct key_options, permits_port_forwarding), true, true,
          true },
        { "agent-forwarding", offsetof(struct key_options, permits_agent_forwarding), true, true,
          true },
        { "x11-forwarding", offsetof(struct key_options, permits_x11_forwarding), true, true,
          true },
        { "touch-required", offsetof(struct key_options, requires_touch), true, true, false },
        { "verify-required", offsetof(struct key_options, requires_verify), true, false, false },
        { "pty", offsetof(struct key_options, permits_pty), true, true, true },
        { "user-rc", offsetof(struct key_options, permits_user_rc), true, true, true },
};

static bool *flag_of(struct key_options *options, const struct flag *flag) {
        return (bool *)(void *)((char *)options + flag->offset);
}

static bool flag_get(const struct key_options *options, const struct flag *flag) {
        return *(const bool *)(const void *)((const char *)options + flag->offset);
}

static void take_permissions(struct key_options *options) {
        for (size_t i = 0; i < N_ELEMENTS(flags); i++)
                if (flags[i].is_permission)
                        *flag_of(options, &flags[i]) = false;
}

static bool take_flag(struct parser *parser) {
        bool has_no = strncasecmp(parser->next, "no-", 3) == 0;

        for (size_t i = 0; i < N_ELEMENTS(flags); i++) {
                bool is_negated = has_no && flags[i].may_negate;
                const char *name = parser->next + (is_negated ? 3 : 0);
                size_t n = strlen(flags[i].name);

                if (strncasecmp(name, flags[i].name, n) != 0)
                        continue;
                parser->next = name + n;
                *flag_of(parser->options, &flags[i]) = !is_negated;
                if (i == 0)
                        take_permissions(parser->options);
                return true;
        }
        return false;
}

/* --- values */

/* opt_dequote(): `"…"`, in which only `\"` is an escape. */
static int take_value(struct parser *parser, char **ret) {
        const char *from = parser->next;
        char *value, *to;

        if (*from++ != '"')
                return refuse(parser, "a value does not start with a quote");
        value = to = malloc(strlen(from) + 1);
        if (!value)
                return -ENOMEM;
        while (*from && *from != '"') {
                if (from[0] == '\\' && from[1] == '"')
                        from++;
                *to++ = *from++;
        }
        if (!*from) {
                free(value);
                return refuse(parser, "a quoted value does not end");
        }
        *to = '\0';
        parser->next = from + 1;
        *ret = value;
        return 0;
}

/* strtonum(3): 0…MOST, or -1. */
static long long parse_number(const char *text, long long most) {
        char *end;
        long long number;

        errno = 0;
        number = strtoll(text, &end, 10);
        return end == text || *end || errno != 0 || number < 0 || number > most ? -1 : number;
}

static int take_string(struct parser *parser, char **field, const char *twice) {
        if (*field)
                return refuse(parser, twice);
        return take_value(parser, field);
}

static int take_command(struct parser *parser) {
        return take_string(parser, &parser->options->command, "\"command\" is given twice");
}

static int take_principals(struct parser *parser) {
        return take_string(parser, &parser->options->principals, "\"principals\" is given twice");
}

static int take_from(struct parser *parser) {
        return take_string(parser, &parser->options->from, "\"from\" is given twice");
}

static int take_expiry(struct parser *parser) {
        struct key_options *options = parser->options;
        CLEANUP_FREE char *value = NULL;
        uint64_t expires;
        int r = take_value(parser, &value);

        if (r != 0)
                return r;
        if (!civil_time_parse(value, parser->release, parser->environment, &expires))
                return refuse(parser, "an expiry-time is no time");
        if (!options->has_expiry || expires < options->expires)
                options->expires = expires;
        options->has_expiry = true;
        return 0;
}

static bool is_environment_name(const char *name, size_t n) {
        for (size_t i = 0; i < n; i++) {
                char c = name[i];

                if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                      c == '_'))
                        return false;
        }
        return n > 0;
}

static bool sets_variable(const struct key_options *options, const char *name, size_t n) {
        for (size_t i = 0; i < options->n_environment; i++)
                if (strncmp(options->environment[i], name, n) == 0 &&
                    options->environment[i][n] == '=')
                        return true;
        return false;
}

/* From 8.7 on the first word on a variable counts, and there is a limit; before, all were kept. */
static int take_environment(struct parser *parser) {
        struct key_options *options = parser->options;
        bool is_strict = parser->release->number >= 807;
        CLEANUP_FREE char *value = NULL;
        size_t n_name;
        int r;

        if (is_strict && options->n_environment >= ENVIRONMENT_MAX)
                return refuse(parser, "too many environment variables");
        r = take_value(parser, &value);
        if (r != 0)
                return r;
        n_name = strcspn(value, "=");
        if (!value[n_name] || !is_environment_name(value, n_name))
                return refuse(parser, "an environment variable has a bad name");
        if (is_strict && sets_variable(options, value, n_name))
                return 0;
        return strings_append(&options->environment, &options->n_environment, value);
}

static bool is_port(const struct parser *parser, const char *text) {
        const struct keys_environment *environment = parser->environment;
        long long port = parse_number(text, 65535);

        if (port >= 0)
                return port > 0;
        return environment && environment->service_port &&
               environment->service_port(environment->userdata, text) > 0;
}

/* HOST:PORT, HOST/PORT or [HOST]:PORT, in which only the port is looked at. */
static const char *check_permit(const struct parser *parser, const char *value) {
        const char *host_end = value;

        if (*value == '[') {
                host_end = strchr(value, ']');
                if (!host_end)
                        return "a bracket in a permitted host is not closed";
                host_end++;
        } else {
                host_end += strcspn(value, ":/");
        }
        if (*host_end && *host_end != ':' && *host_end != '/')
                return "a permitted host is malformed";
        if (host_end - value >= HOST_MAX)
                return "a permitted host is too long";
        if (!*host_end || (strcmp(host_end + 1, "*") != 0 && !is_port(parser, host_end + 1)))
                return "a permitted port is no port";
        return NULL;
}

static int take_permit(struct parser *parser, char ***permits, size_t *n_permits,
                       const char *prefix) {
        CLEANUP_FREE char *value = NULL;
        CLEANUP_FREE char *whole = NULL;
        const char *reason;
        int r;

        if (*n_permits >= PERMITS_MAX)
                return refuse(parser, "too many permitopen or permitlisten options");
        r = take_value(parser, &value);
        if (r != 0)
                return r;
        whole = text_format("%s%s", strchr(value, ':') ? "" : prefix, value);
        if (!whole)
                return -ENOMEM;
        reason = check_permit(parser, whole);
        return reason ? refuse(parser, reason) : strings_append(permits, n_permits, whole);
}

static int take_permit_open(struct parser *parser) {
        return take_permit(parser, &parser->options->permit_open, &parser->options->n_permit_open,
                           "");
}

static int take_permit_listen(struct parser *parser) {
        return take_permit(parser, &parser->options->permit_listen,
                           &parser->options->n_permit_listen, "*:");
}

static int take_tunnel(struct parser *parser) {
        CLEANUP_FREE char *value = NULL;
        long long number;
        int r = take_value(parser, &value);

        if (r != 0)
                return r;
        number = strcasecmp(value, "any") == 0 ? KEY_TUNNEL_ANY : parse_number(value, TUNNEL_MAX);
        if (number < 0)
                return refuse(parser, "a tunnel is neither \"any\" nor a device number");
        parser->options->tunnel = (int)number;
        return 0;
}

enum value_option {
        VALUE_COMMAND,
        VALUE_PRINCIPALS,
        VALUE_FROM,
        VALUE_EXPIRY,
        VALUE_ENVIRONMENT,
        VALUE_PERMIT_OPEN,
        VALUE_PERMIT_LISTEN,
        VALUE_TUNNEL,
        N_VALUE_OPTIONS
};

static const struct {
        const char *name;
        int (*take)(struct parser *parser);
} values[N_VALUE_OPTIONS] = {
        [VALUE_COMMAND] = { "command", take_command },
        [VALUE_PRINCIPALS] = { "principals", take_principals },
        [VALUE_FROM] = { "from", take_from },
        [VALUE_EXPIRY] = { "expiry-time", take_expiry },
        [VALUE_ENVIRONMENT] = { "environment", take_environment },
        [VALUE_PERMIT_OPEN] = { "permitopen", take_permit_open },
        [VALUE_PERMIT_LISTEN] = { "permitlisten", take_permit_listen },
        [VALUE_TUNNEL] = { "tunnel", take_tunnel },
};

/* --- the loop */

static int take_option(struct parser *parser) {
        if (take_flag(parser))
                return 0;
        for (size_t i = 0; i < N_ELEMENTS(values); i++) {
                size_t n = strlen(values[i].name);

                if (strncasecmp(parser->next, values[i].name, n) != 0 || parser->next[n] != '=')
                        continue;
                parser->next += n + 1;
                return values[i].take(parser);
        }
        return 0;
}

static bool is_end(char c) {
        return c == '\0' || c == ' ' || c == '\t';
}

int key_options_parse(const char *text, const struct keys_release *release,
                      const struct keys_environment *environment, struct key_options *ret,
                      const char **reterr_reason) {
        CLEANUP(key_options_done) struct key_options options = { .tunnel = KEY_TUNNEL_NONE };
        struct parser parser = { text ? text : "", release, environment, &options, NULL };
        int r = 0;

        for (size_t i = 0; i < N_ELEMENTS(flags); i++)
                *flag_of(&options, &flags[i]) = flags[i].is_set;
        while (r == 0 && !is_end(*parser.next)) {
                r = take_option(&parser);
                if (r != 0 || is_end(*parser.next))
                        break;
                if (*parser.next++ != ',')
                        r = refuse(&parser, "an option is unknown");
                else if (!*parser.next)
                        r = refuse(&parser, "the options end in a comma");
        }
        if (r > 0)
                *reterr_reason = parser.reason;
        if (r != 0)
                return r;
        *ret = options;
        options = (struct key_options){ 0 };
        return 0;
}

/* --- back to text */

static void put_value(struct text *text, const char *name, const char *value) {
        (void)text_appendf(text, "%s%s=\"", text->n > 0 ? "," : "", name);
        for (; *value; value++) {
                if (*value == '"')
                        (void)text_append_char(text, '\\');
                (void)text_append_char(text, *value);
        }
        (void)text_append_char(text, '"');
}

static void put_flags(struct text *text, const struct key_options *options) {
        for (size_t i = 0; i < N_ELEMENTS(flags); i++) {
                bool is_set = flag_get(options, &flags[i]);
                bool was_set =
                        flags[i].is_set && !(flags[i].is_permission && options->is_restricted);

                if (is_set != was_set)
                        (void)text_appendf(text, "%s%s%s", text->n > 0 ? "," : "",
                                           is_set ? "" : "no-", flags[i].name);
        }
}

/* The values of an option, one by one: NULL behind the last. SCRATCH holds what is no string. */
enum { SCRATCH_MAX = 32 };

static const char *item_of(char *const *items, size_t n, size_t i) {
        return i < n ? items[i] : NULL;
}

static const char *value_of(const struct key_options *options, enum value_option option, size_t i,
                            char scratch[SCRATCH_MAX]) {
        switch (option) {
        case VALUE_COMMAND:
                return item_of(&options->command, 1, i);
        case VALUE_PRINCIPALS:
                return item_of(&options->principals, 1, i);
        case VALUE_FROM:
                return item_of(&options->from, 1, i);
        case VALUE_EXPIRY:
                if (!options->has_expiry || i > 0)
                        return NULL;
                civil_time_format(options->expires, scratch, SCRATCH_MAX);
                return scratch;
        case VALUE_ENVIRONMENT:
                return item_of(options->environment, options->n_environment, i);
        case VALUE_PERMIT_OPEN:
                return item_of(options->permit_open, options->n_permit_open, i);
        case VALUE_PERMIT_LISTEN:
                return item_of(options->permit_listen, options->n_permit_listen, i);
        default:
                if (options->tunnel == KEY_TUNNEL_NONE || i > 0)
                        return NULL;
                (void)snprintf(scratch, SCRATCH_MAX, "%d", options->tunnel);
                return options->tunnel == KEY_TUNNEL_ANY ? "any" : scratch;
        }
}

int key_options_format(const struct key_options *options, struct text *ret) {
        CLEANUP(text_done) struct text text = { 0 };
        char scratch[SCRATCH_MAX];
        const char *value;

        put_flags(&text, options);
        for (size_t i = 0; i < N_ELEMENTS(values); i++)
                for (size_t j = 0; (value = value_of(options, (enum value_option)i, j, scratch));
                     j++)
                        put_value(&text, values[i].name, value);
        if (text_error(&text) < 0)
                return -ENOMEM;
        return text_append_n(ret, text_get(&text), text.n);
}

/* --- questions */

const char *key_option_name(size_t i) {
        if (i < N_ELEMENTS(flags))
                return flags[i].name;
        i -= N_ELEMENTS(flags);
        return i < N_ELEMENTS(values) ? values[i].name : NULL;
}

static bool names(const char *option, const char *name, size_t n) {
        return strlen(option) == n && strncasecmp(option, name, n) == 0;
}

/* The flag NAME speaks of, also with `no-`. */
static const struct flag *find_flag(const char *name, size_t n, bool *ret_is_negated) {
        bool has_no = n > 3 && strncasecmp(name, "no-", 3) == 0;

        for (size_t i = 0; i < N_ELEMENTS(flags); i++) {
                *ret_is_negated = has_no && flags[i].may_negate;
                if (*ret_is_negated ? names(flags[i].name, name + 3, n - 3)
                                    : names(flags[i].name, name, n))
                        return &flags[i];
        }
        return NULL;
}

static size_t find_value(const char *name, size_t n) {
        size_t i = 0;

        while (i < N_ELEMENTS(values) && !names(values[i].name, name, n))
                i++;
        return i;
}

bool key_option_is_known(const char *name) {
        size_t n = strcspn(name, "=");
        bool is_negated;

        if (find_flag(name, n, &is_negated))
                return name[n] == '\0';
        return find_value(name, n) < N_ELEMENTS(values);
}

bool key_options_hold(const struct key_options *options, const char *name) {
        size_t n = strcspn(name, "="), option;
        char scratch[SCRATCH_MAX];
        const struct flag *flag;
        const char *value;
        bool is_negated;

        flag = find_flag(name, n, &is_negated);
        if (flag)
                return flag_get(options, flag) != is_negated;
        option = find_value(name, n);
        if (option == N_ELEMENTS(values))
                return false;
        for (size_t i = 0; (value = value_of(options, (enum value_option)option, i, scratch)); i++)
                if (!name[n] || pattern_match(value, name + n + 1))
                        return true;
        return false;
}

/* match_host_and_ip() of match.c. */
static bool comes_from(const char *list, const struct keys_release *release,
                       const struct keys_environment *environment,
                       const struct key_connection *connection) {
        const char *name = connection->host ? connection->host : connection->address;
        enum pattern_result by_host;
        char host[HOST_MAX];
        int by_address;

        by_address = address_match_list(connection->address, list,
                                        release->number >= RELEASE_WITH_STRICT_MASKS,
                                        environment ? environment->scope : NULL,
                                        environment ? environment->userdata : NULL);
        if (by_address < 0)
                return false;
        (void)snprintf(host, sizeof host, "%s", name);
        for (char *c = host; *c; c++)
                if (*c >= 'A' && *c <= 'Z')
                        *c = (char)(*c - 'A' + 'a');
        by_host = pattern_match_list(host, list, true);
        return by_host != PATTERN_NEGATED && (by_host == PATTERN_MATCHED || by_address == 1);
}

const char *key_options_refuse(const struct key_options *options,
                               const struct keys_release *release,
                               const struct keys_environment *environment,
                               const struct key_connection *connection) {
        if (options->has_expiry && connection->now > 0 &&
            options->expires < (uint64_t)connection->now)
                return "its expiry-time is over";
        if (options->principals && !options->cert_authority)
                return "it has principals without being a cert-authority";
        if (options->from && !comes_from(options->from, release, environment, connection))
                return "from does not let this address in";
        return NULL;
}

void key_options_done(struct key_options *options) {
        free(options->command);
        free(options->from);
        free(options->principals);
        strings_free(options->environment, options->n_environment);
        strings_free(options->permit_open, options->n_permit_open);
        strings_free(options->permit_listen, options->n_permit_listen);
        *options = (struct key_options){ 0 };
}
