/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A connection as `sshd -T -C` is told of it: parse_server_match_testspec().
 *
 * Elements are cut at commas, an empty one ends the spec, of several with one key the last counts.
 */

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "grammar.h"
#include "sshd/effective.h"

static const struct field {
        const char *prefix;
        size_t offset;
} fields[] = {
        { "addr=", offsetof(struct sshd_connection, addr) },
        { "host=", offsetof(struct sshd_connection, host) },
        { "user=", offsetof(struct sshd_connection, user) },
        { "laddr=", offsetof(struct sshd_connection, laddr) },
        { "rdomain=", offsetof(struct sshd_connection, rdomain) },
};

static char **field_of(struct sshd_connection *connection, const struct field *field) {
        return (char **)(void *)((char *)connection + field->offset);
}

static int set_port(struct sshd_connection *connection, const char *element,
                    const struct sshd_environment *environment, char **reterr_message) {
        const char *text = element + strlen("lport=");
        struct reading reading = { .environment = environment };

        connection->lport = reading_port(&reading, text);
        if (connection->lport >= 0)
                return 0;
        *reterr_message =
                text_format("Invalid port '%s' in test mode specification %s", text, element);
        return *reterr_message ? -EINVAL : -ENOMEM;
}

static int parse_element(struct sshd_connection *connection, const char *element,
                         const struct sshd_release *release,
                         const struct sshd_environment *environment, char **reterr_message) {
        for (size_t i = 0; i < N_ELEMENTS(fields); i++) {
                size_t n = strlen(fields[i].prefix);
                char **value = field_of(connection, &fields[i]);

                if (strncmp(element, fields[i].prefix, n) != 0)
                        continue;
                free(*value);
                *value = strdup(element + n);
                return *value ? 0 : -ENOMEM;
        }
        if (strncmp(element, "lport=", strlen("lport=")) == 0)
                return set_port(connection, element, environment, reterr_message);
        if (release->number >= RELEASE_INVALID_USER && strcmp(element, "invalid-user") == 0) {
                connection->invalid_user = true;
                return 0;
        }
        *reterr_message = text_format("Invalid test mode specification %s", element);
        return *reterr_message ? -EINVAL : -ENOMEM;
}

int sshd_connection_parse_named(struct sshd_connection *connection, const char *spec,
                                const struct sshd_release *release,
                                const struct sshd_environment *environment, char **reterr_message) {
        CLEANUP_FREE char *copy = strdup(spec);

        if (!copy)
                return -ENOMEM;
        for (char *element = copy, *next; element; element = next) {
                int r;

                next = strchr(element, ',');
                if (next)
                        *next++ = '\0';
                if (*element == '\0')
                        return 0;
                r = parse_element(connection, element, release, environment, reterr_message);
                if (r < 0)
                        return r;
        }
        return 0;
}

int sshd_connection_parse(struct sshd_connection *connection, const char *spec,
                          const struct sshd_release *release, char **reterr_message) {
        static const struct sshd_environment nothing = { 0 };

        return sshd_connection_parse_named(connection, spec, release, &nothing, reterr_message);
}

static const char *or_else(const char *text, const char *otherwise) {
        return text ? text : otherwise;
}

char *sshd_connection_format(const struct sshd_connection *connection) {
        struct text text = { 0 };

        (void)text_appendf(&text, "user=%s,host=%s,addr=%s,laddr=%s,lport=%d",
                           or_else(connection->user, "nobody"),
                           or_else(connection->host, or_else(connection->addr, "192.0.2.1")),
                           or_else(connection->addr, "192.0.2.1"),
                           or_else(connection->laddr, "192.0.2.2"),
                           connection->lport > 0 ? connection->lport : 22);
        if (connection->rdomain)
                (void)text_appendf(&text, ",rdomain=%s", connection->rdomain);
        if (connection->invalid_user)
                (void)text_append(&text, ",invalid-user");
        return text_take(&text);
}

void sshd_connection_init(struct sshd_connection *connection) {
        *connection = (struct sshd_connection){ .lport = -1 };
}

void sshd_connection_done(struct sshd_connection *connection) {
        for (size_t i = 0; i < N_ELEMENTS(fields); i++)
                free(*field_of(connection, &fields[i]));
        sshd_connection_init(connection);
}

int sshd_connection_copy(struct sshd_connection *ret, const struct sshd_connection *connection) {
        struct sshd_connection copy = { .lport = connection->lport,
                                        .invalid_user = connection->invalid_user };

        for (size_t i = 0; i < N_ELEMENTS(fields); i++) {
                char *value;

                memcpy(&value, (const char *)connection + fields[i].offset, sizeof value);
                if (!value)
                        continue;
                *field_of(&copy, &fields[i]) = strdup(value);
                if (!*field_of(&copy, &fields[i])) {
                        sshd_connection_done(&copy);
                        return -ENOMEM;
                }
        }
        *ret = copy;
        return 0;
}
