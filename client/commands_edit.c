/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `edit`: as visudo(8) is to sudoers, for every guarded file. The file is locked, the user's editor
 * gets a copy, the daemon judges it (rules, then sshd -t) and says what would be otherwise, and the
 * daemon installs and approves it in one step, so an edit is never drift.
 *
 * The daemon takes the file only over what the copy was made of. The lock is for people: it tells
 * the second administrator at once instead of when he has finished. */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/escape.h"
#include "client.h"
#include "editor.h"
#include "member.h"
#include "operands.h"
#include "when.h"
#include "wire/json.h"

enum {
        CONTENT_MAX = 160 << 10, /* in base64 it fits a call with room to spare */
};

/* What the daemon takes: who has not shown within a day that he gets in is not waiting for it. */
#define CONFIRM_MAX_US (INT64_C(24) * 3600 * 1000000)

struct edit {
        struct client *client;
        struct arguments arguments; /* the client's, and what was answered */
        char for_how_long[32], why[256];
        int64_t confirm_within_us; /* 0: it stays */
        json_t *subject;           /* path or path_base64 */
        json_t *content;           /* reply of GetContent */
        struct text original, edited;
        struct editor_copy copy;
        int lock_fd;
        bool is_lost; /* what was written could not be installed: the copy is kept */
};

static void edit_done(struct edit *edit) {
        json_decref(edit->subject);
        json_decref(edit->content);
        text_done(&edit->original);
        text_done(&edit->edited);
        if (edit->is_lost && edit->copy.path) {
                (void)client_complain("what you wrote is in %s", edit->copy.path);
                free(edit->copy.path);
                free(edit->copy.folder);
        } else {
                editor_copy_done(&edit->copy);
        }
        if (edit->lock_fd >= 0)
                (void)close(edit->lock_fd);
}

/* ---- the original ---- */

/* Of a file that is not there yet its folder is locked; what cannot be opened is not. */
static int lock(struct edit *edit) {
        CLEANUP(wire_json_cleanup) json_t *status = NULL;
        CLEANUP_FREE char *path = NULL;
        int r = client_call(edit->client, "Status", json_object(), &status);

        if (r != CLIENT_FINE)
                return r;
        path = text_format("%s%s", member_word(status, "root", ""),
                           member_word(edit->subject, "path", ""));
        if (!path)
                return client_complain("out of memory");
        edit->lock_fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
        if (edit->lock_fd < 0 && errno == ENOENT && strrchr(path, '/') > path) {
                *strrchr(path, '/') = '\0';
                edit->lock_fd = open(path, O_RDONLY | O_CLOEXEC | O_DIRECTORY);
        }
        if (edit->lock_fd >= 0 && flock(edit->lock_fd, LOCK_EX | LOCK_NB) < 0 &&
            errno == EWOULDBLOCK)
                return client_complain("somebody else edits it; try again later");
        return CLIENT_FINE;
}

static int get_original(struct edit *edit) {
        const char *encoded;
        int status =
                client_call(edit->client, "GetContent", json_incref(edit->subject), &edit->content);

        if (status != CLIENT_FINE)
                return status;
        encoded = member_word(edit->content, "content_base64", "");
        (void)text_append(&edit->original, "");
        if (escape_decode_base64(&edit->original, encoded, strlen(encoded)) < 0 ||
            !member_string(edit->content, "sha256"))
                return client_complain("what answered is no sshguardd");
        if (edit->original.n > CONTENT_MAX)
                return client_complain("it is too large: at most %d bytes", CONTENT_MAX);
        return CLIENT_FINE;
}

/* ---- the edit ---- */

static int read_edited(struct edit *edit, const char *path) {
        int r;

        text_done(&edit->edited);
        r = editor_read(path, CONTENT_MAX, &edit->edited);
        if (r == -EFBIG)
                return client_complain("that is too large: at most %d bytes", CONTENT_MAX);
        return r < 0 ? client_complain("%s: %s", path, strerror(-r)) : CLIENT_FINE;
}

/* The daemon drops who says nothing for long, and an edit takes as long as it takes. */
static int edit_copy(struct edit *edit) {
        int r = 0;

        connection_close(&edit->client->connection);
        if (!edit->copy.path)
                r = editor_copy_new(edit->arguments.operands[0], text_get(&edit->original),
                                    edit->original.n, &edit->copy);
        if (r < 0)
                return client_complain("cannot make a copy: %s", strerror(-r));
        r = editor_run(&edit->copy);
        if (r != 0)
                return client_complain("the editor failed (%d); nothing was changed", r);
        return read_edited(edit, edit->copy.path);
}

static int get_edited(struct edit *edit) {
        const char *from = edit->arguments.from;

        return from ? read_edited(edit, from) : edit_copy(edit);
}

static bool is_unchanged(const struct edit *edit) {
        return edit->edited.n == edit->original.n &&
               memcmp(text_get(&edit->edited), text_get(&edit->original), edit->edited.n) == 0 &&
               strcmp(member_word(edit->content, "sha256", ""), "absent") != 0;
}

/* ---- what comes of it ---- */

/* The subject and the content; NULL if memory ran out. */
static json_t *make_proposal(const struct edit *edit) {
        CLEANUP(text_done) struct text encoded = { 0 };
        CLEANUP(wire_json_cleanup) json_t *parameters = json_copy(edit->subject);

        (void)text_append(&encoded, "");
        if (escape_append_base64(&encoded, text_get(&edit->edited), edit->edited.n) < 0 ||
            json_object_set_new(parameters, "content_base64", json_string(text_get(&encoded))) < 0)
                return NULL;
        return TAKE(parameters);
}

enum answer { ANSWER_EXIT, ANSWER_EDIT, ANSWER_INSTALL };

/* A line of standard input; false at its end. */
static bool ask_line(const char *question, char *line, size_t n) {
        (void)fprintf(stderr, "%s ", question);
        if (!fgets(line, (int)n, stdin))
                return false;
        line[strcspn(line, "\n")] = '\0';
        return true;
}

/* One of LETTERS; the end of input is `x`. */
static char ask(const char *question, const char *letters) {
        static const struct {
                char letter;
                const char *meaning;
        } meanings[] = {
                { 'y', "yes: install and approve it" },
                { 'e', "edit again" },
                { 'x', "exit; nothing is changed" },
                { 'Q', "quit and install it all the same, for a time" },
        };
        char line[16];

        while (ask_line(question, line, sizeof line)) {
                if (line[0] && !line[1] && strchr(letters, line[0]))
                        return line[0];
                for (size_t i = 0; i < N_ELEMENTS(meanings); i++)
                        if (strchr(letters, meanings[i].letter))
                                (void)fprintf(stderr, "  %c  %s\n", meanings[i].letter,
                                              meanings[i].meaning);
        }
        return 'x';
}

static bool can_ask(const struct client *client) {
        return isatty(STDIN_FILENO) && isatty(STDERR_FILENO) && client->renderer == &render_text;
}

/* The rule that it breaks and no exception names; NULL if there is none. *ret_n: how many. */
static const char *find_broken(const struct edit *edit, const json_t *preview, size_t *ret_n) {
        const json_t *violations = json_object_get(preview, "violations");
        const char *exception = edit->arguments.exception, *broken = NULL;

        *ret_n = 0;
        for (size_t i = 0; i < json_array_size(violations); i++) {
                const char *rule = member_word(json_array_get(violations, i), "rule", "?");

                if ((exception && strcmp(rule, exception) == 0) ||
                    (broken && strcmp(rule, broken) == 0))
                        continue;
                broken = rule;
                ++*ret_n;
        }
        return broken;
}

/* For Q: the exception that --exception, --for and --reason would have been. */
static enum answer ask_exception(struct edit *edit, const char *rule) {
        struct arguments *arguments = &edit->arguments;

        arguments->exception = rule;
        if (!arguments->span) {
                if (!ask_line("For how long (30min, 2h, 1d)?", edit->for_how_long,
                              sizeof edit->for_how_long))
                        return ANSWER_EXIT;
                arguments->span = edit->for_how_long;
        }
        if (!arguments->reason) {
                if (!ask_line("Why?", edit->why, sizeof edit->why))
                        return ANSWER_EXIT;
                arguments->reason = edit->why;
        }
        return ANSWER_INSTALL;
}

/* What to do with what was shown. What sshd refuses is never installed, whatever is asked. */
static enum answer decide(struct edit *edit, const json_t *preview) {
        bool is_refused = member_string(preview, "refusal") != NULL;
        size_t n_broken;
        const char *broken = find_broken(edit, preview, &n_broken);

        if (!can_ask(edit->client) || (edit->arguments.yes && !is_refused && !broken))
                return edit->arguments.yes && !is_refused ? ANSWER_INSTALL : ANSWER_EXIT;
        switch (is_refused      ? ask("sshd would refuse this. What now (e/x)?", "ex")
                : n_broken == 1 ? ask("This breaks a rule. What now (e/x/Q)?", "exQ")
                : broken        ? ask("This breaks rules. What now (e/x)?", "ex")
                                : ask("Install and approve this (y/e/x)?", "yex")) {
        case 'e':
                return ANSWER_EDIT;
        case 'y':
                return ANSWER_INSTALL;
        case 'Q':
                return ask_exception(edit, broken);
        default:
                return ANSWER_EXIT;
        }
}

static int install(struct edit *edit) {
        CLEANUP(wire_json_cleanup) json_t *parameters = make_proposal(edit);
        CLEANUP(wire_json_cleanup) json_t *reply = NULL;
        int status;

        if (!parameters ||
            json_object_set(parameters, "replaces", json_object_get(edit->content, "sha256")) < 0)
                return client_complain("out of memory");
        status = client_set_decision(edit->client, parameters);
        if (status == CLIENT_FINE && edit->confirm_within_us > 0 &&
            json_object_set_new(parameters, "confirm_within_us",
                                json_integer(edit->confirm_within_us)) < 0)
                return client_complain("out of memory");
        if (status == CLIENT_FINE)
                status = client_call(edit->client, "Install", TAKE(parameters), &reply);
        edit->is_lost = status != CLIENT_FINE;
        if (status == CLIENT_FINE && edit->client->renderer == &render_text)
                client_show(edit->client, VIEW_INSTALLED, reply);
        return status;
}

static int say_nothing_changed(const struct edit *edit, const json_t *preview) {
        if (member_string(preview, "refusal"))
                return client_complain("nothing was changed: sshd would refuse it");
        if (can_ask(edit->client))
                return client_complain("nothing was changed");
        return client_complain("nothing was changed: nobody can be asked here; --yes installs what "
                               "breaks no rule");
}

/* Shows what would come of the edit and does what the user says. *ret_again: edit again. */
static int conclude(struct edit *edit, bool *ret_again) {
        CLEANUP(wire_json_cleanup) json_t *preview = NULL;
        enum answer answer;
        int status = client_call(edit->client, "Preview", make_proposal(edit), &preview);

        edit->is_lost = status != CLIENT_FINE;
        if (status != CLIENT_FINE)
                return status;
        client_show(edit->client, VIEW_PREVIEW, preview);
        status = client_flush(edit->client);
        if (status != CLIENT_FINE)
                return status;
        answer = decide(edit, preview);
        if (answer == ANSWER_INSTALL)
                return install(edit);
        *ret_again = answer == ANSWER_EDIT && !edit->arguments.from;
        return *ret_again ? CLIENT_FINE : say_nothing_changed(edit, preview);
}

static int run(struct edit *edit) {
        bool again = true;
        int status = lock(edit);

        if (status == CLIENT_FINE)
                status = get_original(edit);
        while (status == CLIENT_FINE && again) {
                again = false;
                status = get_edited(edit);
                if (status == CLIENT_FINE && is_unchanged(edit)) {
                        if (!edit->arguments.quiet)
                                (void)client_complain("unchanged");
                        return CLIENT_FINE;
                }
                if (status == CLIENT_FINE)
                        status = conclude(edit, &again);
        }
        return status;
}

int command_edit(struct client *client) {
        const struct arguments *given = client->arguments;
        CLEANUP(edit_done)
        struct edit edit = {
                .client = client, .arguments = *given, .subject = json_object(), .lock_fd = -1
        };
        int status;

        if (!operand_set_path(edit.subject, given->operands[0]))
                return client_complain("not a path: %s", given->operands[0]);
        if (given->confirm && (!when_parse_span(given->confirm, &edit.confirm_within_us) ||
                               edit.confirm_within_us == 0))
                return client_complain("--confirm: not a duration: %s (try 5min)", given->confirm);
        if (edit.confirm_within_us > CONFIRM_MAX_US)
                return client_complain("--confirm: a day at most");
        client->arguments = &edit.arguments;
        status = run(&edit);
        client->arguments = given;
        return status;
}
