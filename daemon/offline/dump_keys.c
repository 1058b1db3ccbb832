/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sshguardd --dump-keys FILE: the entries of a file of authorized keys as sshd understands them.
 *
 * One line per entry, fields separated by tabs (which no field contains, for what comes from the
 * file is escaped):
 *
 *   LINE: BITS SHA256:… COMMENT (TYPE)<tab>options OPTIONS<tab>accepted
 *   LINE: BITS SHA256:… COMMENT (TYPE)<tab>options OPTIONS<tab>refused: REASON
 *   LINE: bad: REASON
 *
 * The first field after LINE is what `ssh-keygen -lf` prints. `options` is there if there are any,
 * in a fixed order and with what they amount to; the verdict with -C only. Exit status: 0 every
 * entry is understood, 1 some are bad, 2 the file cannot be read.
 *
 * A file is read as the running account may read it, regular files only; links are followed, with
 * --root inside that tree. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/escape.h"
#include "base/text.h"
#include "guard/invocation.h"
#include "keys/authorized_keys.h"
#include "offline/modes.h"
#include "os/root.h"
#include "os/snapshot.h"
#include "sshd/release.h"
#include "world/keys_tree.h"
#include "world/sshd_tree.h"

/* --- arguments */

/* The connection of -C, in the words of sshd's own -C; strings in WORDS, which it cuts up. */
static bool parse_specs(char *words, struct key_connection *connection) {
        static const char *const others[] = { "laddr", "lport", "rdomain", "invalid-user" };

        for (char *word; (word = strsep(&words, ","));) {
                size_t n = strcspn(word, "=");
                const char *value = word[n] ? word + n + 1 : "";
                bool is_other = false;

                word[n] = '\0';
                for (size_t i = 0; i < N_ELEMENTS(others); i++)
                        is_other |= strcmp(word, others[i]) == 0;
                if (strcmp(word, "user") == 0)
                        connection->user = value;
                else if (strcmp(word, "host") == 0)
                        connection->host = value;
                else if (strcmp(word, "addr") == 0)
                        connection->address = value;
                else if (!is_other)
                        return false;
        }
        if (!connection->address)
                connection->address = "UNKNOWN"; /* sshd's word for a peer without an address */
        return true;
}

static char *join_specs(const struct invocation *invocation) {
        struct text text = { 0 };

        for (size_t i = 0; i < invocation->n_specs; i++)
                (void)text_appendf(&text, "%s%s", i > 0 ? "," : "", invocation->specs[i]);
        return text_take(&text);
}

/* The release asked for, or the one of the tree. */
static bool find_release(const struct invocation *invocation, const struct os_root *root,
                         struct keys_release *ret) {
        struct sshd_release release;

        if (!invocation->release)
                (void)sshd_tree_release(root, &release); /* none: the newest */
        else if (!sshd_release_parse(invocation->release, &release))
                return false;
        *ret = keys_tree_release(&release);
        return true;
}

/* Reads the operand: relative to the working directory, or inside --root. */
static int read_file(const struct invocation *invocation, const struct os_root *root,
                     struct snapshot *ret) {
        CLEANUP_FREE char *cwd = NULL;
        CLEANUP_FREE char *path = NULL;
        int r;

        if (invocation->operand[0] != '/' && !invocation->root_path) {
                cwd = getcwd(NULL, 0);
                if (!cwd)
                        return -errno;
        }
        path = text_format("%s%s%s", cwd ? cwd : "", invocation->operand[0] == '/' ? "" : "/",
                           invocation->operand);
        if (!path)
                return -ENOMEM;
        r = snapshot_take(root, path, 0, ret);
        if (r == 0 && (ret->metadata.kind != FILE_REGULAR || ret->metadata.is_oversize)) {
                r = ret->metadata.kind == FILE_ABSENT       ? -ENOENT
                    : ret->metadata.kind == FILE_UNREADABLE ? -ret->metadata.error
                    : ret->metadata.is_oversize             ? -EFBIG
                                                            : -EINVAL;
                snapshot_done(ret);
        }
        return r;
}

/* --- output */

/* CONNECTION is NULL without -C. */
static int put_entry(struct text *text, const struct authorized_key *entry,
                     const struct keys_release *release, const struct key_connection *connection) {
        CLEANUP(text_done) struct text options = { 0 };
        const char *reason = NULL;

        (void)text_appendf(text, "%u: ", entry->line);
        if (entry->problem != KEY_OK) {
                (void)text_append(text, "bad: ");
                (void)escape_append(text, entry->reason, strlen(entry->reason));
                (void)text_append_char(text, '\n');
                return text_error(text);
        }
        (void)authorized_key_format(entry, text);
        if (key_options_format(&entry->options, &options) < 0)
                return -ENOMEM;
        if (options.n > 0) {
                (void)text_append(text, "\toptions ");
                (void)escape_append(text, options.data, options.n);
        }
        if (connection && authorized_key_would_accept(entry, release, &keys_tree_environment,
                                                      connection, &reason))
                (void)text_append(text, "\taccepted");
        else if (connection)
                (void)text_appendf(text, "\trefused: %s", reason);
        (void)text_append_char(text, '\n');
        return text_error(text);
}

static int complain(const char *operand, const char *message) {
        CLEANUP_FREE char *escaped = escape_string(operand);

        (void)fprintf(stderr, "sshguardd: %s: %s\n", escaped ? escaped : "?", message);
        return EXIT_CANNOT_TELL;
}

static int dump(const struct snapshot *snapshot, const struct keys_release *release,
                const struct key_connection *connection, bool *ret_has_bad) {
        CLEANUP(authorized_keys_done) struct authorized_keys keys = { 0 };
        CLEANUP(text_done) struct text text = { 0 };
        int r;

        r = authorized_keys_parse(snapshot->data, snapshot->n_data, release, &keys_tree_environment,
                                  &keys);
        for (size_t i = 0; r == 0 && i < keys.n_items; i++) {
                r = put_entry(&text, &keys.items[i], release, connection);
                *ret_has_bad |= keys.items[i].problem != KEY_OK;
        }
        if (r == 0 && fwrite(text_get(&text), 1, text.n, stdout) != text.n)
                r = -EIO;
        if (fflush(stdout) != 0)
                r = -EIO;
        return r;
}

static int dump_operand(const struct invocation *invocation, const struct os_root *root) {
        CLEANUP(snapshot_done) struct snapshot snapshot = { 0 };
        CLEANUP_FREE char *specs = join_specs(invocation);
        struct key_connection connection = { .now = time(NULL) };
        bool has_connection = invocation->n_specs > 0, has_bad = false;
        struct keys_release release;
        int r;

        if (!specs)
                return complain(invocation->operand, strerror(ENOMEM));
        if (!find_release(invocation, root, &release))
                return complain(invocation->release, "no release of OpenSSH");
        if (has_connection && !parse_specs(specs, &connection))
                return complain("-C", "expected user=NAME,host=NAME,addr=ADDRESS");
        r = read_file(invocation, root, &snapshot);
        if (r < 0)
                return complain(invocation->operand,
                                r == -EINVAL ? "not a regular file" : strerror(-r));
        r = dump(&snapshot, &release, has_connection ? &connection : NULL, &has_bad);
        if (r < 0)
                return complain(invocation->operand, strerror(-r));
        return has_bad ? EXIT_FINDINGS : EXIT_HOLDS;
}

int offline_dump_keys(const struct invocation *invocation) {
        struct os_root root;
        int r, status;

        r = os_root_open(invocation->root_path ? invocation->root_path : "/", &root);
        if (r < 0)
                return complain(invocation->root_path ? invocation->root_path : "/", strerror(-r));
        status = dump_operand(invocation, &root);
        os_root_close(&root);
        return status;
}
