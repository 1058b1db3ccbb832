/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Diff: what differs between two versions of a path, fit to be shown to whoever may read.
 *
 * Key material is replaced before the texts are compared, so no line of a diff can hold it: public
 * keys by their fingerprints, the body of a private key and anything else that is long base64 by
 * its length and a checksum that still tells two of them apart. Of a secret file there is no text
 * at all. */

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/diff.h"
#include "base/escape.h"
#include "call.h"
#include "control/describe.h"
#include "redact.h"
#include "wire/json.h"
#include "wire/message.h"

enum {
        DIFF_TEXT_MAX = 1 << 20, /* what a person can read is far shorter */
};

void control_version_done(struct control_version *version) {
        file_metadata_done(&version->metadata);
        free(version->data);
        free(version->label);
        *version = (struct control_version){ 0 };
}

void control_versions_done(struct control_versions *versions) {
        control_version_done(&versions->before);
        control_version_done(&versions->after);
        free(versions->path);
        free(versions->access);
        *versions = (struct control_versions){ 0 };
}

/* ---- metadata ---- */

static void append_value(struct text *text, const struct file_metadata *metadata,
                         enum file_difference difference) {
        switch (difference) {
        case FILE_DIFFERS_KIND:
                (void)text_append(text, file_kind_name(metadata->kind));
                break;
        case FILE_DIFFERS_MODE:
                (void)text_appendf(text, "%04o", (unsigned)metadata->mode);
                break;
        case FILE_DIFFERS_OWNER:
                (void)text_appendf(text, "%u", (unsigned)metadata->uid);
                break;
        case FILE_DIFFERS_GROUP:
                (void)text_appendf(text, "%u", (unsigned)metadata->gid);
                break;
        case FILE_DIFFERS_XATTRS:
                (void)text_append(text, metadata->n_xattrs == 0 ? "none" : "");
                for (size_t i = 0; i < metadata->n_xattrs; i++)
                        (void)text_appendf(text, "%s%s", i > 0 ? ", " : "",
                                           metadata->xattrs[i].name);
                break;
        case FILE_DIFFERS_FLAGS:
                (void)text_appendf(text, "%#x", (unsigned)metadata->flags);
                break;
        case FILE_DIFFERS_LINK:
                (void)text_append(text, metadata->link_target ? metadata->link_target : "none");
                break;
        case FILE_DIFFERS_CONTENT:
                break;
        }
}

static const struct {
        enum file_difference difference;
        const char *name;
} metadata_names[] = {
        { FILE_DIFFERS_KIND, "kind" },     { FILE_DIFFERS_MODE, "mode" },
        { FILE_DIFFERS_OWNER, "owner" },   { FILE_DIFFERS_GROUP, "group" },
        { FILE_DIFFERS_XATTRS, "xattrs" }, { FILE_DIFFERS_FLAGS, "flags" },
        { FILE_DIFFERS_LINK, "link" },
};

/* ["mode: 0644 -> 0666", …]; between a file and nothing only the kind is worth saying. */
static json_t *describe_differences(const struct file_metadata *before,
                                    const struct file_metadata *after) {
        CLEANUP(wire_json_cleanup) json_t *list = json_array();
        unsigned differences = file_metadata_compare(before, after);

        if (differences & FILE_DIFFERS_KIND)
                differences = FILE_DIFFERS_KIND;
        for (size_t i = 0; i < N_ELEMENTS(metadata_names); i++) {
                CLEANUP(text_done) struct text text = { 0 };
                CLEANUP_FREE char *shown = NULL;

                if (!(differences & (unsigned)metadata_names[i].difference))
                        continue;
                (void)text_appendf(&text, "%s: ", metadata_names[i].name);
                append_value(&text, before, metadata_names[i].difference);
                (void)text_append(&text, " -> ");
                append_value(&text, after, metadata_names[i].difference);
                shown = escape_string(text_get(&text));
                if (text_error(&text) < 0 || json_array_append_new(list, json_string(shown)) < 0)
                        return NULL;
        }
        return TAKE(list);
}

/* ---- content ---- */

/* Cuts off after the last line that fits. */
static void cut(struct text *text, bool *truncated) {
        if (text->n <= DIFF_TEXT_MAX)
                return;
        text->n = DIFF_TEXT_MAX;
        while (text->n > 0 && text->data[text->n - 1] != '\n')
                text->n--;
        text->data[text->n] = '\0';
        *truncated = true;
}

int control_format_diff(const struct control_versions *versions, struct text *ret,
                        bool *ret_truncated) {
        const struct control_version *before = &versions->before, *after = &versions->after;
        CLEANUP(text_done) struct text redacted_before = { 0 };
        CLEANUP(text_done) struct text redacted_after = { 0 };
        CLEANUP(text_done) struct text diff = { 0 };
        int r;

        *ret_truncated = before->metadata.is_oversize || after->metadata.is_oversize;
        if (versions->is_secret)
                return 0;
        r = redact_keys(&redacted_before, before->data ? before->data : "", before->n_data);
        if (r == 0)
                r = redact_keys(&redacted_after, after->data ? after->data : "", after->n_data);
        if (r == 0)
                r = diff_unified(text_get(&redacted_before), redacted_before.n,
                                 text_get(&redacted_after), redacted_after.n, &diff, ret_truncated);
        if (r < 0)
                return r;
        cut(&diff, ret_truncated);
        *ret_truncated |= before->metadata.is_oversize || after->metadata.is_oversize;
        return describe_append_lines(ret, text_get(&diff), diff.n);
}

/* ---- the call ---- */

static int reply_diff(struct control_call *call, const struct control_versions *versions) {
        CLEANUP(wire_json_cleanup) json_t *reply = NULL;
        CLEANUP(text_done) struct text diff = { 0 };
        bool truncated = false;
        int r;

        r = control_format_diff(versions, &diff, &truncated);
        if (r < 0)
                return r;
        reply = json_pack(
                "{s:b,s:o,s:o,s:s,s:s,s:o,s:s,s:b}", "secret", versions->is_secret ? 1 : 0,
                "before", describe_metadata(&versions->before.metadata), "after",
                describe_metadata(&versions->after.metadata), "before_label",
                versions->before.label ? versions->before.label : "", "after_label",
                versions->after.label ? versions->after.label : "", "metadata",
                describe_differences(&versions->before.metadata, &versions->after.metadata), "diff",
                text_get(&diff), "truncated", truncated ? 1 : 0);
        if (!reply || describe_bytes(reply, "path", versions->path) < 0 ||
            describe_bytes(reply, "access", versions->access) < 0)
                return -ENOMEM;
        call->reply = TAKE(reply);
        return 0;
}

int control_diff(struct control_call *call) {
        const struct control_backend *backend = call->backend;
        CLEANUP(control_versions_done) struct control_versions versions = { 0 };
        struct control_refusal refusal = { 0 };
        struct control_subject subject = { 0 };
        CLEANUP_FREE char *path = NULL;
        int r;

        if (!backend->get_versions)
                return -EOPNOTSUPP;
        r = control_call_subject(call, &path, &subject);
        if (r != 0)
                return r < 0 ? r : 0;
        r = backend->get_versions(backend->userdata, &subject, &versions, &refusal);
        if (r == CONTROL_DONE)
                r = reply_diff(call, &versions);
        else if (r > 0)
                r = control_call_refuse(call, r, &refusal,
                                        &(struct control_request){
                                                .path = path, .incident_id = subject.incident_id });
        control_refusal_done(&refusal);
        return r;
}
