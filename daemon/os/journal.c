/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Entries for the journal, or lines on standard error.
 *
 * sd_journal_sendv(3) says success when there is no journald at all, so its socket is looked for
 * first. A line on standard error carries the priority as sd-daemon(3) defines it, the message, and
 * the fields behind it: a finding without its witness would be half a finding.
 *
 * Every value is escaped on both ways: file contents and key comments end up in them, and
 * journalctl prints to terminals. */

#include "os/journal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/escape.h"
#include "base/text.h"

static const char journal_socket[] = "/run/systemd/journal/socket";

static bool always_stderr;

void journal_use_stderr(bool always) {
        always_stderr = always;
}

static void append_field(struct text *text, const char *name, const char *value) {
        (void)text_appendf(text, "%s=", name);
        (void)escape_append(text, value, strlen(value));
}

struct entry {
        char **fields;
        size_t n_fields;
};

static void entry_done(struct entry *entry) {
        strings_free(entry->fields, entry->n_fields);
}

static int entry_add(struct entry *entry, const char *name, const char *value) {
        CLEANUP(text_done) struct text text = { 0 };

        if (!value)
                return 0;
        append_field(&text, name, value);
        if (text_error(&text) < 0)
                return text_error(&text);
        return strings_append(&entry->fields, &entry->n_fields, text_get(&text));
}

static int send_entry(const struct entry *entry) {
        CLEANUP_FREE struct iovec *vectors = calloc(entry->n_fields, sizeof *vectors);

        if (!vectors)
                return -1;
        for (size_t i = 0; i < entry->n_fields; i++)
                vectors[i] = (struct iovec){ .iov_base = entry->fields[i],
                                             .iov_len = strlen(entry->fields[i]) };
        return sd_journal_sendv(vectors, (int)entry->n_fields);
}

static bool send_to_journal(int priority, const char *message_id, const char *message,
                            const struct journal_field *fields, size_t n_fields) {
        CLEANUP(entry_done) struct entry entry = { 0 };
        char number[] = { (char)('0' + (priority & 7)), '\0' };

        if (always_stderr || access(journal_socket, W_OK) < 0)
                return false;
        if (entry_add(&entry, "MESSAGE", message) < 0 ||
            entry_add(&entry, "PRIORITY", number) < 0 ||
            entry_add(&entry, "SYSLOG_IDENTIFIER", "sshguardd") < 0 ||
            entry_add(&entry, "MESSAGE_ID", message_id) < 0)
                return false;
        for (size_t i = 0; i < n_fields; i++)
                if (entry_add(&entry, fields[i].name, fields[i].value) < 0)
                        return false;
        return send_entry(&entry) >= 0;
}

static void print_to_stderr(int priority, const char *message, const struct journal_field *fields,
                            size_t n_fields) {
        CLEANUP(text_done) struct text line = { 0 };
        const char *separator = " | ";

        (void)text_appendf(&line, "<%d>", priority & 7);
        (void)escape_append(&line, message, strlen(message));
        for (size_t i = 0; i < n_fields; i++) {
                if (!fields[i].value)
                        continue;
                (void)text_append(&line, separator);
                separator = " ";
                append_field(&line, fields[i].name, fields[i].value);
        }
        (void)text_append_char(&line, '\n');
        /* out of memory: what there is of it, unescaped bytes never */
        (void)fwrite(text_get(&line), 1, line.n, stderr);
        (void)fflush(stderr);
}

void journal_send(int priority, const char *message_id, const char *message,
                  const struct journal_field *fields, size_t n_fields) {
        if (!send_to_journal(priority, message_id, message, fields, n_fields))
                print_to_stderr(priority, message, fields, n_fields);
}

void journal_log(int priority, const char *format, ...) {
        CLEANUP(text_done) struct text message = { 0 };
        va_list arguments;

        va_start(arguments, format);
        (void)text_vappendf(&message, format, arguments);
        va_end(arguments);
        journal_send(priority, NULL, text_get(&message), NULL, 0);
}
