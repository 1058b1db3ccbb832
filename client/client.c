/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What every command does: reach the daemon, call, turn failures into words and exit statuses, and
 * bring the screen out. Long output goes through a pager, as git's and systemd's does, and for the
 * same reason only on a terminal. */

#include "client.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "member.h"
#include "wire/json.h"

enum {
        ANSWER_TIMEOUT_MS = 60000, /* approving may run sshd -t, which has its own limit */
};

int64_t client_now_us(void) {
        struct timespec now;

        (void)clock_gettime(CLOCK_REALTIME, &now);
        return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

int client_complain(const char *format, ...) {
        CLEANUP(text_done) struct text text = { 0 };
        struct screen screen = { 0 };
        va_list arguments;

        va_start(arguments, format);
        (void)text_vappendf(&text, format, arguments);
        va_end(arguments);
        screen_put(&screen, STYLE_PLAIN, text_get(&text));
        (void)fprintf(stderr, "sshguardctl: %s\n", text_get(&screen.text));
        text_done(&screen.text);
        return CLIENT_ERROR;
}

/* ---- reaching the daemon ---- */

static int complain_unreachable(const char *path, int error) {
        switch (error) {
        case -ENOENT:
        case -ECONNREFUSED:
                (void)client_complain(
                        "sshguardd is not running; start it with: systemctl start sshguardd");
                return CLIENT_NO_DAEMON;
        case -EACCES:
        case -EPERM:
                (void)client_complain("not permitted to ask sshguardd: use sudo, or join its group "
                                      "with: adduser \"$USER\" sshguardd");
                return CLIENT_NOT_PERMITTED;
        default:
                return client_complain("%s: %s", path, strerror(-error));
        }
}

static int complain_broken(int error) {
        switch (error) {
        case -ETIMEDOUT:
                (void)client_complain("sshguardd does not answer; see: systemctl status sshguardd");
                return CLIENT_NO_DAEMON;
        case -ECONNRESET:
                (void)client_complain("sshguardd hung up; it may be stopping or restarting");
                return CLIENT_NO_DAEMON;
        case -EBADMSG:
                return client_complain("what answered is no sshguardd: it does not speak Varlink");
        default:
                return client_complain("%s", strerror(-error));
        }
}

static int reach(struct client *client) {
        const char *path = client->arguments->socket_path;
        int r;

        if (client->connection.fd >= 0)
                return CLIENT_FINE;
        r = connection_open(path, &client->connection);
        return r < 0 ? complain_unreachable(path, r) : CLIENT_FINE;
}

/* Errors in JSON go where the result would be; in words to standard error. */
static int fail(struct client *client, const struct wire_reply *reply) {
        CLEANUP(wire_json_cleanup) json_t *nothing = json_object();
        const json_t *parameters = reply->parameters ? reply->parameters : nothing;
        bool denied = strcmp(reply->error, WIRE_PERMISSION_DENIED) == 0;
        struct screen screen = { 0 };

        if (client->renderer == &render_json) {
                client->renderer->fail(&client->screen, reply->error, parameters);
        } else {
                client->renderer->fail(&screen, reply->error, parameters);
                (void)fputs(text_get(&screen.text), stderr);
        }
        text_done(&screen.text);
        return denied ? CLIENT_NOT_PERMITTED : CLIENT_ERROR;
}

static int send_call(struct client *client, const char *method, json_t *parameters, bool more) {
        int r;

        if (!parameters)
                return client_complain("out of memory");
        r = reach(client);
        if (r != CLIENT_FINE)
                return r;
        r = connection_send(&client->connection, method, parameters, more);
        return r < 0 ? complain_broken(r) : CLIENT_FINE;
}

int client_call(struct client *client, const char *method, json_t *parameters, json_t **ret) {
        CLEANUP(wire_json_cleanup) json_t *owned = parameters;
        CLEANUP(wire_reply_done) struct wire_reply reply = { 0 };
        int r;

        r = send_call(client, method, owned, false);
        if (r != CLIENT_FINE)
                return r;
        r = connection_receive(&client->connection, ANSWER_TIMEOUT_MS, &reply);
        if (r < 0)
                return complain_broken(r);
        if (reply.error)
                return fail(client, &reply);
        *ret = reply.parameters ? json_incref(reply.parameters) : json_object();
        return *ret ? CLIENT_FINE : client_complain("out of memory");
}

int client_stream(struct client *client, const char *method, json_t *parameters,
                  int (*on_reply)(struct client *client, const json_t *reply, bool continues)) {
        CLEANUP(wire_json_cleanup) json_t *owned = parameters;
        bool continues = true;
        int status;

        status = send_call(client, method, owned, true);
        while (status == CLIENT_FINE && continues) {
                CLEANUP(wire_reply_done) struct wire_reply reply = { 0 };
                int r = connection_receive(&client->connection, -1, &reply);

                if (r < 0)
                        return complain_broken(r);
                if (reply.error)
                        return fail(client, &reply);
                continues = reply.continues;
                status = on_reply(client, reply.parameters, continues);
        }
        return status;
}

int client_call_pages(struct client *client, const char *method, json_t *parameters,
                      const char *list, json_t **ret) {
        CLEANUP(wire_json_cleanup) json_t *whole = NULL;
        const char *next = NULL;

        do {
                CLEANUP(wire_json_cleanup) json_t *page = NULL;
                json_t *asked = parameters ? json_copy(parameters) : json_object();
                int status;

                if (next && json_object_set_new(asked, "after", json_string(next)) < 0) {
                        json_decref(asked);
                        return client_complain("out of memory");
                }
                status = client_call(client, method, asked, &page);
                if (status != CLIENT_FINE)
                        return status;
                if (!whole) {
                        whole = TAKE(page);
                } else if (json_array_extend(json_object_get(whole, list),
                                             json_object_get(page, list)) < 0 ||
                           json_object_set(whole, "next", json_object_get(page, "next")) < 0) {
                        return client_complain("out of memory");
                }
                next = member_string(whole, "next");
        } while (next);
        (void)json_object_del(whole, "next");
        *ret = TAKE(whole);
        return CLIENT_FINE;
}

/* ---- output ---- */

void client_show(struct client *client, enum view view, const json_t *reply) {
        if (!client->arguments->quiet)
                client->renderer->show(&client->screen, view, reply);
}

static bool is_longer_than_terminal(const struct text *text) {
        struct winsize size;
        size_t n_lines = 0;

        if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_row == 0)
                return false;
        for (size_t i = 0; i < text->n; i++)
                n_lines += text->data[i] == '\n';
        return n_lines >= size.ws_row;
}

static const char default_pager[] =
        "for p in less more; do command -v $p >/dev/null && exec $p; done; exit 127";

/* LESSSECURE: whoever may run us through sudo must not get a shell out of the pager. */
static FILE *open_pager(void) {
        const char *pager = getenv("SSHGUARDCTL_PAGER");

        if (!pager)
                pager = getenv("PAGER");
        if (pager && (*pager == '\0' || strcmp(pager, "cat") == 0))
                return NULL;
        (void)setenv("LESS", "FRSX", 0);
        (void)setenv("LESSSECURE", "1", 1);
        return popen(pager ? pager : default_pager, "we");
}

/* A pager that is not installed must not swallow what was to be read. */
static bool page(const struct text *text) {
        const struct sigaction ignore = { .sa_handler = SIG_IGN };
        struct sigaction before;
        FILE *pager = open_pager();
        int status;

        if (!pager)
                return false;
        (void)sigaction(SIGPIPE, &ignore, &before); /* who quits the pager wants no more */
        (void)fwrite(text_get(text), 1, text->n, pager);
        status = pclose(pager);
        (void)sigaction(SIGPIPE, &before, NULL);
        return !(WIFEXITED(status) && WEXITSTATUS(status) >= 126);
}

int client_flush(struct client *client) {
        struct text *text = &client->screen.text;
        bool is_paged = client->is_terminal && !client->arguments->no_pager &&
                        is_longer_than_terminal(text);
        int r = text_error(text);

        if (r < 0)
                return client_complain("out of memory");
        if (!is_paged || !page(text))
                (void)fwrite(text_get(text), 1, text->n, stdout);
        text_done(text);
        if (fflush(stdout) != 0)
                return client_complain("standard output: %s", strerror(errno));
        return CLIENT_FINE;
}
