/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Plain values as JSON. Every shape that leaves the daemon is made here and nowhere else: control
 * answers with it, `--check --json` prints it, and a test holds each against the interface file.
 *
 * Strings come from files that strangers wrote. JSON cannot carry bytes that are not UTF-8, and a
 * reader must be able to name the very path that was meant, so such a string travels twice: escaped
 * for people, in base64 for programs. Errors are collected: builders set many members and look once
 * whether all of them could be set. */

#include "control/describe.h"

#include <errno.h>
#include <string.h>

#include "base/escape.h"
#include "os/watch.h"
#include "wire/json.h"

int describe_bytes(json_t *object, const char *name, const char *string) {
        CLEANUP(text_done) struct text encoded = { 0 };
        CLEANUP_FREE char *escaped = NULL, *encoded_name = NULL;

        if (!string)
                return json_object_set_new(object, name, json_null()) < 0 ? -ENOMEM : 0;
        if (escape_is_utf8(string, strlen(string)))
                return json_object_set_new(object, name, json_string(string)) < 0 ? -ENOMEM : 0;
        escaped = escape_string(string);
        encoded_name = text_format("%s_base64", name);
        (void)escape_append_base64(&encoded, string, strlen(string));
        if (!escaped || !encoded_name || text_error(&encoded) < 0)
                return -ENOMEM;
        if (json_object_set_new(object, name, json_string(escaped)) < 0 ||
            json_object_set_new(object, encoded_name, json_string(text_get(&encoded))) < 0)
                return -ENOMEM;
        return 0;
}

int describe_append_lines(struct text *text, const char *bytes, size_t n) {
        while (n > 0) {
                size_t n_run = 0;

                while (n_run < n && bytes[n_run] != '\n' && bytes[n_run] != '\t')
                        n_run++;
                (void)escape_append(text, bytes, n_run);
                if (n_run < n)
                        (void)text_append_char(text, bytes[n_run++]);
                bytes += n_run;
                n -= n_run;
        }
        return text_error(text);
}

/* An object in the making. */
struct builder {
        json_t *object;
        bool failed;
};

static struct builder builder_begin(void) {
        json_t *object = json_object();

        return (struct builder){ .object = object, .failed = !object };
}

static json_t *builder_end(struct builder *builder) {
        if (builder->failed) {
                json_decref(builder->object);
                builder->object = NULL;
        }
        return builder->object;
}

/* VALUE is consumed; NULL stands for a failed allocation. */
static void put(struct builder *builder, const char *name, json_t *value) {
        if (json_object_set_new(builder->object, name, value) < 0)
                builder->failed = true;
}

static void put_bytes(struct builder *builder, const char *name, const char *string) {
        if (!builder->failed && describe_bytes(builder->object, name, string) < 0)
                builder->failed = true;
}

static void put_name(struct builder *builder, const char *name, const char *word) {
        put(builder, name, word ? json_string(word) : json_null());
}

static void put_int(struct builder *builder, const char *name, int64_t value) {
        put(builder, name, json_integer(value));
}

static void put_size(struct builder *builder, const char *name, uint64_t value) {
        put_int(builder, name, value > INT64_MAX ? INT64_MAX : (int64_t)value);
}

static void put_maybe_int(struct builder *builder, const char *name, int64_t value, bool is_known) {
        put(builder, name, is_known ? json_integer(value) : json_null());
}

static void put_bool(struct builder *builder, const char *name, bool value) {
        put(builder, name, json_boolean(value));
}

static void put_strings(struct builder *builder, const char *name, char *const *strings, size_t n) {
        CLEANUP(wire_json_cleanup) json_t *shown = json_array(), *encoded = json_array();
        CLEANUP_FREE char *encoded_name = text_format("%s_base64", name);
        bool all_utf8 = true;

        for (size_t i = 0; i < n; i++) {
                CLEANUP(text_done) struct text base64 = { 0 };
                size_t length = strlen(strings[i]);
                bool is_utf8 = escape_is_utf8(strings[i], length);
                CLEANUP_FREE char *escaped = is_utf8 ? NULL : escape_string(strings[i]);

                all_utf8 &= is_utf8;
                (void)escape_append_base64(&base64, strings[i], length);
                if (json_array_append_new(shown, json_string(is_utf8 ? strings[i] : escaped)) < 0 ||
                    json_array_append_new(encoded, json_string(text_get(&base64))) < 0)
                        builder->failed = true;
        }
        if (!encoded_name) {
                builder->failed = true;
                return;
        }
        put(builder, name, TAKE(shown));
        if (!all_utf8)
                put(builder, encoded_name, TAKE(encoded));
}

json_t *describe_finding(const struct control_finding *described) {
        const struct finding *finding = described->finding;
        struct builder builder = builder_begin();

        put_name(&builder, "rule", finding->rule_id);
        put_name(&builder, "severity", severity_name(finding->severity));
        put_name(&builder, "response", rule_response_name(finding->response));
        put_bytes(&builder, "path", finding->path);
        put_int(&builder, "line", finding->line);
        put_bytes(&builder, "setting", finding->setting);
        put_bytes(&builder, "want", finding->want);
        put_bytes(&builder, "got", finding->got);
        put_bytes(&builder, "witness", finding->witness);
        put_bytes(&builder, "message", finding->message);
        put_strings(&builder, "losers", finding->losers, finding->n_losers);
        put_bytes(&builder, "users", finding->users);
        put_maybe_int(&builder, "since_us", described->since_us, described->since_us != 0);
        put_maybe_int(&builder, "incident", described->incident_id, described->incident_id != 0);
        put_name(&builder, "action", described->action);
        return builder_end(&builder);
}

json_t *describe_findings(const struct findings *findings) {
        CLEANUP(wire_json_cleanup) json_t *list = json_array();

        for (size_t i = 0; i < findings->n_items; i++) {
                struct control_finding described = { .finding = &findings->items[i] };

                if (json_array_append_new(list, describe_finding(&described)) < 0)
                        return NULL;
        }
        return TAKE(list);
}

static const char *const kind_names[N_FILE_KINDS] = {
        [FILE_ABSENT] = "absent",
        [FILE_REGULAR] = "regular",
        [FILE_DIRECTORY] = "directory",
        [FILE_SYMLINK] = "symlink",
        [FILE_FIFO] = "fifo",
        [FILE_SOCKET] = "socket",
        [FILE_CHARACTER_DEVICE] = "character_device",
        [FILE_BLOCK_DEVICE] = "block_device",
        [FILE_UNREADABLE] = "unreadable",
};

json_t *describe_metadata(const struct file_metadata *metadata) {
        struct builder builder = builder_begin();
        bool exists = metadata->kind != FILE_ABSENT && metadata->kind != FILE_UNREADABLE;
        char digest[2 * FILE_SHA256_SIZE + 1];

        put_name(&builder, "kind", kind_names[metadata->kind]);
        if (exists) {
                CLEANUP_FREE char *mode = text_format("%04o", (unsigned)metadata->mode);

                put_name(&builder, "mode", mode);
        } else {
                put(&builder, "mode", json_null());
        }
        put_maybe_int(&builder, "uid", metadata->uid, exists);
        put_maybe_int(&builder, "gid", metadata->gid, exists);
        put_maybe_int(&builder, "size", (int64_t)metadata->size, exists);
        put_maybe_int(&builder, "mtime_us", metadata->mtime_ns / 1000, exists);
        put_name(&builder, "sha256",
                 metadata->has_sha256 ? file_sha256_format(metadata->sha256, digest) : NULL);
        put_bytes(&builder, "link_target", metadata->link_target);
        put_name(&builder, "error",
                 metadata->kind == FILE_UNREADABLE ? strerrorname_np(metadata->error) : NULL);
        return builder_end(&builder);
}

json_t *describe_incident(const struct incident *incident) {
        struct builder builder = builder_begin();

        put_int(&builder, "id", incident->id);
        put_int(&builder, "at_us", incident->at_us);
        put_name(&builder, "rule", incident->rule_id);
        put_name(&builder, "severity", severity_name((enum severity)incident->severity));
        put_bytes(&builder, "path", incident->path);
        put_int(&builder, "line", incident->line);
        put_bytes(&builder, "setting", incident->setting);
        put_bytes(&builder, "want", incident->want);
        put_bytes(&builder, "got", incident->got);
        put_bytes(&builder, "witness", incident->witness);
        put_bytes(&builder, "message", incident->message);
        put_name(&builder, "action", incident->action);
        put_bytes(&builder, "outcome", incident->outcome);
        put_size(&builder, "generation", incident->generation);
        put(&builder, "quarantined",
            incident->has_quarantine ? describe_metadata(&incident->metadata) : json_null());
        put_int(&builder, "count", incident->count);
        return builder_end(&builder);
}

static json_t *describe_approval(const struct approved_version *approved) {
        struct builder builder = builder_begin();

        put_int(&builder, "at_us", approved->approved_at_us);
        put_int(&builder, "by_uid", approved->approved_by);
        put_bytes(&builder, "reason", approved->reason);
        put(&builder, "version", describe_metadata(&approved->metadata));
        return builder_end(&builder);
}

/* The names of the mechanisms that apply, out of "directory", "inode", "poll", "sweep". */
static json_t *describe_coverage(const struct control_file *file) {
        const struct {
                bool applies;
                const char *name;
        } mechanisms[] = {
                { file->coverage & WATCH_DIRECTORY, "directory" },
                { file->coverage & WATCH_INODE, "inode" },
                { file->is_polled, "poll" },
                { true, "sweep" },
        };
        CLEANUP(wire_json_cleanup) json_t *names = json_array();

        for (size_t i = 0; i < N_ELEMENTS(mechanisms); i++)
                if (mechanisms[i].applies &&
                    json_array_append_new(names, json_string(mechanisms[i].name)) < 0)
                        return NULL;
        return TAKE(names);
}

static json_t *describe_degradation(const struct control_file *file) {
        CLEANUP(wire_json_cleanup) json_t *reasons = json_array();
        int r = 0;

        if (file->coverage & WATCH_LIMITED)
                r |= json_array_append_new(reasons, json_string("limit"));
        if (file->coverage & WATCH_NO_EVENTS)
                r |= json_array_append_new(reasons, json_string("no-events"));
        return r == 0 ? TAKE(reasons) : NULL;
}

json_t *describe_file(const struct control_file *file) {
        static const char *const states[N_CONTROL_FILE_STATES] = {
                [CONTROL_FILE_UNSEEN] = "unseen",
                [CONTROL_FILE_APPROVED] = "approved",
                [CONTROL_FILE_UNAPPROVED] = "unapproved",
                [CONTROL_FILE_VIOLATING] = "violating",
        };
        struct builder builder = builder_begin();

        put_bytes(&builder, "path", file->path);
        put_name(&builder, "state", states[file->state]);
        put(&builder, "coverage", describe_coverage(file));
        put(&builder, "degraded_by", describe_degradation(file));
        put_bool(&builder, "secret", file->is_secret);
        put_bool(&builder, "contested", file->is_contested);
        put_bool(&builder, "locked", file->is_locked);
        put_size(&builder, "findings", file->n_findings);
        put_maybe_int(&builder, "looked_at_us", file->looked_at_us, file->looked_at_us != 0);
        put(&builder, "version", file->metadata ? describe_metadata(file->metadata) : json_null());
        put(&builder, "approved", file->approved ? describe_approval(file->approved) : json_null());
        return builder_end(&builder);
}

static const char *rule_subject(const struct rule *rule) {
        switch (rule->family) {
        case RULE_SSHD:
                return rule->sshd.keyword;
        case RULE_PAM:
                return rule->pam.service;
        case RULE_KEYS:
                return rule->keys.users;
        case RULE_FILE:
                return rule->file_rule.path;
        case RULE_ACCESS:
                return rule->access.users;
        case N_RULE_FAMILIES:
                break;
        }
        return "";
}

json_t *describe_rule(const struct rule *rule, const struct control_rollout *rollout,
                      const struct would_count *would) {
        const struct acknowledgement *acknowledged = rollout->acknowledged;
        char digest[2 * FILE_SHA256_SIZE + 1];
        struct builder builder = builder_begin();

        put_name(&builder, "id", rule->id);
        put_name(&builder, "family", rule_family_name(rule->family));
        put_bytes(&builder, "subject", rule_subject(rule) ? rule_subject(rule) : "");
        put_bool(&builder, "enabled", rule->is_enabled);
        put_name(&builder, "response", rule_response_name(rule->response));
        put_name(&builder, "severity", severity_name(rule->severity));
        put_bool(&builder, "audit", rule->is_audit_only);
        put_bytes(&builder, "why", rule->why);
        put_bytes(&builder, "source", rule->source);
        put_bytes(&builder, "file", rule->file);
        put_int(&builder, "line", rule->line);
        put_name(&builder, "profile", rule->profile);
        put_bool(&builder, "pending", rule->is_pending);
        put_name(&builder, "shipped_sha256",
                 rollout->terms ? file_sha256_format(rollout->sha256, digest) : NULL);
        put_maybe_int(&builder, "acknowledged_at_us", acknowledged ? acknowledged->at_us : 0,
                      acknowledged);
        put_maybe_int(&builder, "acknowledged_by_uid", acknowledged ? acknowledged->by : 0,
                      acknowledged);
        put_bytes(&builder, "acknowledged_reason", acknowledged ? acknowledged->reason : NULL);
        put_int(&builder, "would", would ? would->n : 0);
        put_maybe_int(&builder, "would_last_us", would ? would->last_at_us : 0, would);
        put(&builder, "findings", json_null());
        return builder_end(&builder);
}

json_t *describe_gap(const struct gap *gap) {
        struct builder builder = builder_begin();

        put_int(&builder, "from_us", gap->from_us);
        put_maybe_int(&builder, "until_us", gap->until_us, gap->until_us != 0);
        put_name(&builder, "reason", gap->reason);
        return builder_end(&builder);
}

json_t *describe_permit(const struct control_permit *permit) {
        struct builder builder = builder_begin();

        put_int(&builder, "id", permit->id);
        put_bytes(&builder, "path", permit->path);
        put_int(&builder, "since_us", permit->since_us);
        put_int(&builder, "until_us", permit->until_us);
        put_maybe_int(&builder, "uses_left", permit->uses_left, permit->uses_left >= 0);
        put_int(&builder, "by_uid", permit->by);
        put_bytes(&builder, "reason", permit->reason);
        return builder_end(&builder);
}

json_t *describe_event(const struct control_event *event) {
        static const char *const kinds[N_CONTROL_EVENT_KINDS] = {
                [CONTROL_EVENT_INCIDENT] = "incident", [CONTROL_EVENT_FINDING] = "finding",
                [CONTROL_EVENT_RESOLVED] = "resolved", [CONTROL_EVENT_POLICY] = "policy",
                [CONTROL_EVENT_STATE] = "state",
        };
        struct builder builder = builder_begin();

        put_name(&builder, "kind", kinds[event->kind]);
        put_int(&builder, "at_us", event->at_us);
        put(&builder, "incident",
            event->incident ? describe_incident(event->incident) : json_null());
        put(&builder, "finding", event->finding ? describe_finding(event->finding) : json_null());
        put_bytes(&builder, "message", event->message);
        return builder_end(&builder);
}

json_t *describe_diagnostic(const struct diagnostic *diagnostic) {
        struct builder builder = builder_begin();

        put_bytes(&builder, "file", diagnostic->file);
        put_int(&builder, "line", diagnostic->line);
        put_int(&builder, "column", diagnostic->column);
        put_bytes(&builder, "message", diagnostic->message ? diagnostic->message : "");
        return builder_end(&builder);
}

/* What a key may do, and where from; never the key itself. */
json_t *describe_authorized_key(const struct control_key *key) {
        const struct authorized_key *entry = key->entry;
        bool is_good = entry->problem == KEY_OK, has_key = entry->key.type != NULL;
        CLEANUP(text_done) struct text options = { 0 };
        struct builder builder = builder_begin();

        if (is_good && key_options_format(&entry->options, &options) < 0)
                builder.failed = true;
        put_bytes(&builder, "user", key->user);
        put_bytes(&builder, "path", key->path);
        put_int(&builder, "line", entry->line);
        put_name(&builder, "fingerprint", has_key ? entry->key.sha256 : NULL);
        put_name(&builder, "type", entry->key.type);
        put_maybe_int(&builder, "bits", entry->key.bits, has_key);
        put_bytes(&builder, "comment", has_key ? entry->comment : NULL);
        put_bytes(&builder, "from", is_good ? entry->options.from : NULL);
        put_bytes(&builder, "options", is_good ? text_get(&options) : NULL);
        put_bool(&builder, "authority", is_good && entry->options.cert_authority);
        put_bool(&builder, "ignored", key->is_ignored);
        put_bytes(&builder, "problem", is_good ? NULL : key_problem_describe(entry->problem));
        put_maybe_int(&builder, "approved_at_us", key->approved_at_us, key->approved_at_us != 0);
        put_maybe_int(&builder, "approved_by_uid", key->approved_by, key->approved_at_us != 0);
        return builder_end(&builder);
}
