/* SPDX-License-Identifier: GPL-3.0-or-later */
/* File rules: what a path is, who owns it, who may write it, whether it is the approved version.
 *
 * Only metadata is looked at, so a FIFO or a device in the place of a file is a finding and never
 * opened. The mode is a set of bits: 0640 is at most 0644, 0606 is not. An ACL needs no word of its
 * own: what its mask grants shows in the group bits of st_mode (acl(5)). */

#include "policy/judge_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/escape.h"
#include "base/text.h"

/* --- which paths ------------------------------------------------------------------------------ */

/* Text that is no pattern, even if it looks like one. */
static void append_literal(struct text *text, const char *string) {
        for (; *string; string++) {
                if (strchr("*?[]\\", *string))
                        (void)text_append_char(text, '\\');
                (void)text_append_char(text, *string);
        }
}

static void strip_slashes(struct text *text) {
        while (text->n > 1 && text->data[text->n - 1] == '/')
                text->data[--text->n] = '\0';
}

int policy_file_rule_glob(const struct rule *rule, const struct account *account, char **ret) {
        const char *pattern = rule->file_rule.path;
        CLEANUP(text_done) struct text text = { 0 };

        if (pattern[0] == '~') {
                if (!account)
                        return -ENOENT;
                append_literal(&text, account->home);
                strip_slashes(&text);
                if (text.n == 1 && pattern[1] == '/')
                        text.n = 0; /* a home of "/" */
                pattern++;
        }
        for (; *pattern; pattern++) {
                if (*pattern == '%' && *++pattern == 'u') {
                        if (!account)
                                return -ENOENT;
                        append_literal(&text, account->name);
                } else {
                        (void)text_append_char(&text, *pattern);
                }
        }
        strip_slashes(&text);
        if (text_error(&text) < 0)
                return -ENOMEM;
        *ret = text_take(&text);
        return *ret ? 0 : -ENOMEM;
}

/* glob(7) with `*`, `?` and backslash, one path against one pattern: no wildcard takes a slash, or
 * a dot at the beginning of a component. */
static bool glob_matches(const char *pattern, const char *path) {
        const char *star = NULL, *retry = NULL, *start = path;

        while (*path) {
                bool is_hidden = *path == '.' && (path == start || path[-1] == '/');
                const char *literal = *pattern == '\\' && pattern[1] ? pattern + 1 : pattern;
                bool is_wild = literal == pattern && (*pattern == '*' || *pattern == '?');

                if (is_wild && *pattern == '*' && !is_hidden) {
                        star = pattern++;
                        retry = path;
                } else if (is_wild ? !is_hidden && *pattern == '?' && *path != '/'
                                   : *literal == *path) {
                        pattern = literal + 1;
                        path++;
                } else if (star && *retry != '/') {
                        pattern = star + 1;
                        path = ++retry;
                } else {
                        return false;
                }
        }
        while (*pattern == '*')
                pattern++;
        return *pattern == '\0';
}

bool policy_file_rule_covers(const struct rule *rule, const struct account *account,
                             const char *path) {
        CLEANUP_FREE char *pattern = NULL;

        return policy_file_rule_glob(rule, account, &pattern) == 0 && glob_matches(pattern, path);
}

bool policy_file_rule_is_per_user(const struct rule *rule) {
        const char *path = rule->file_rule.path;

        if (path[0] == '~')
                return true;
        for (; *path; path++)
                if (*path == '%' && *++path == 'u')
                        return true;
        return false;
}

bool policy_file_rule_wants_directory(const struct rule *rule) {
        size_t n = strlen(rule->file_rule.path);

        return n > 0 && rule->file_rule.path[n - 1] == '/';
}

/* --- what a path is --------------------------------------------------------------------------- */

struct judge {
        const struct rule *rule;
        const struct judged_file *file;
        struct findings *findings;
};

static int report(const struct judge *judge, const char *setting, const char *want, const char *got,
                  const char *message) {
        CLEANUP(finding_done) struct finding finding = { 0 };
        CLEANUP(text_done) struct text path = { 0 };
        int r = finding_init(&finding, judge->rule);

        r = finding_set(r, &finding.path, "%s", judge->file->path);
        r = finding_set(r, &finding.setting, "%s", setting);
        r = finding_set(r, &finding.want, "%s", want);
        r = finding_set(r, &finding.got, "%s", got);
        r = finding_set(r, &finding.message, "%s", message);
        if (r == 0)
                r = escape_append_shell(&path, judge->file->path);
        r = finding_set(r, &finding.witness, "stat %s", text_get(&path));
        return r < 0 ? r : findings_add(judge->findings, &finding);
}

static int report_text(const struct judge *judge, const char *setting, const char *want,
                       struct text *got, struct text *message) {
        if (text_error(got) < 0 || text_error(message) < 0)
                return -ENOMEM;
        return report(judge, setting, want, text_get(got), text_get(message));
}

static const char *expected_kind(const struct rule *rule) {
        return file_kind_name(policy_file_rule_wants_directory(rule) ? FILE_DIRECTORY
                                                                     : FILE_REGULAR);
}

/* Why a path cannot be read, as far as it is ever anything else than EIO; strerror(3) depends on
 * the locale, and on global state. */
static void append_error(struct text *text, int error) {
        static const struct {
                int error;
                const char *name;
        } names[] = {
                { EACCES, "permission denied" },
                { EPERM, "operation not permitted" },
                { ELOOP, "a symbolic link on the way" },
                { ENOTDIR, "not a directory on the way" },
                { EIO, "input/output error" },
                { ENOTCONN, "its file system's server is gone" },
                { ETIMEDOUT, "no answer in time" },
        };

        for (size_t i = 0; i < N_ELEMENTS(names); i++) {
                if (names[i].error != error)
                        continue;
                (void)text_appendf(text, " (%s)", names[i].name);
                return;
        }
        if (error > 0)
                (void)text_appendf(text, " (error %d)", error);
}

/* What else there is to say about a path that is not what it should be. */
static void append_kind(struct text *text, const struct file_metadata *metadata) {
        (void)text_append(text, file_kind_name(metadata->kind));
        if (metadata->kind == FILE_SYMLINK && metadata->link_target)
                (void)text_appendf(text, " to %s", metadata->link_target);
        if (metadata->kind == FILE_UNREADABLE)
                append_error(text, metadata->error);
}

static int judge_absent(const struct judge *judge) {
        CLEANUP(text_done) struct text got = { 0 }, message = { 0 };

        append_kind(&got, judge->file->metadata);
        (void)text_appendf(&message, "it must not exist, but is %s", text_get(&got));
        return report_text(judge, "kind", "absent", &got, &message);
}

static int judge_kind(const struct judge *judge, bool *ret_is_right) {
        const struct file_metadata *metadata = judge->file->metadata;
        const char *wanted = expected_kind(judge->rule);
        CLEANUP(text_done) struct text got = { 0 }, message = { 0 };
        enum file_kind kind =
                policy_file_rule_wants_directory(judge->rule) ? FILE_DIRECTORY : FILE_REGULAR;

        *ret_is_right = metadata->kind == kind && !metadata->is_oversize;
        if (*ret_is_right)
                return 0;
        if (metadata->kind == kind) {
                (void)text_appendf(&got, "%llu bytes", (unsigned long long)metadata->size);
                (void)text_appendf(&message, "it is larger than any such file: %s", text_get(&got));
                *ret_is_right = true;
                return report_text(judge, "size", "a size that can be read whole", &got, &message);
        }
        append_kind(&got, metadata);
        (void)text_appendf(&message, "it is %s where %s belongs", text_get(&got), wanted);
        return report_text(judge, "kind", wanted, &got, &message);
}

/* --- owner, group, mode ----------------------------------------------------------------------- */

const char *policy_wanted_owner(const struct rule *rule, const struct judged_file *file) {
        const char *owner = rule->file_rule.owner;

        return owner && file->user && strcmp(owner, "%u") == 0 ? file->user : owner;
}

int policy_resolve_id(const char *name, void *userdata,
                      int (*id_of)(void *userdata, const char *name, uint32_t *ret),
                      uint32_t *ret) {
        size_t n = strspn(name, "0123456789");
        unsigned long long id = n > 0 && n <= 10 ? strtoull(name, NULL, 10) : UINT32_MAX;

        if (n == 0 || name[n] != '\0')
                return id_of ? id_of(userdata, name, ret) : -ENOENT;
        if (id >= UINT32_MAX) /* (uid_t)-1 is nobody's */
                return -ENOENT;
        *ret = (uint32_t)id;
        return 0;
}

static int judge_id(const struct judge *judge, const char *setting, const char *wanted,
                    uint32_t actual, const char *actual_name,
                    int (*id_of)(void *userdata, const char *name, uint32_t *ret)) {
        CLEANUP(text_done) struct text got = { 0 }, message = { 0 };
        uint32_t id = 0;
        int r;

        if (!wanted)
                return 0;
        r = policy_resolve_id(wanted, judge->file->userdata, id_of, &id);
        if (r < 0 && r != -ENOENT)
                return r;
        if (r == 0 && id == actual)
                return 0;
        if (actual_name)
                (void)text_append(&got, actual_name);
        else
                (void)text_appendf(&got, "%u", actual);
        (void)text_appendf(&message, "its %s is %s, not %s%s", setting, text_get(&got), wanted,
                           r == -ENOENT ? ", which does not exist here" : "");
        return report_text(judge, setting, wanted, &got, &message);
}

static int judge_mode(const struct judge *judge) {
        int most = judge->rule->file_rule.mode_at_most;
        uint32_t mode = judge->file->metadata->mode;
        CLEANUP(text_done) struct text want = { 0 }, got = { 0 }, message = { 0 };

        if (most < 0 || (mode & ~(uint32_t)most & 07777) == 0)
                return 0;
        (void)text_appendf(&want, "at most %04o", (unsigned)most);
        (void)text_appendf(&got, "%04o", mode);
        (void)text_appendf(&message, "its mode %s grants more than %04o", text_get(&got),
                           (unsigned)most);
        if (text_error(&want) < 0)
                return -ENOMEM;
        return report_text(judge, "mode", text_get(&want), &got, &message);
}

/* --- approved version ------------------------------------------------------------------------- */

static const struct {
        enum file_difference bit;
        const char *name;
} difference_names[] = {
        { FILE_DIFFERS_KIND, "kind" },   { FILE_DIFFERS_CONTENT, "content" },
        { FILE_DIFFERS_MODE, "mode" },   { FILE_DIFFERS_OWNER, "owner" },
        { FILE_DIFFERS_GROUP, "group" }, { FILE_DIFFERS_XATTRS, "extended attributes" },
        { FILE_DIFFERS_FLAGS, "flags" }, { FILE_DIFFERS_LINK, "link target" },
};

static int judge_approved(const struct judge *judge) {
        const struct judged_file *file = judge->file;
        CLEANUP(text_done) struct text got = { 0 }, message = { 0 };
        unsigned differences;

        if (!judge->rule->file_rule.approved_only || !file->approved)
                return 0;
        differences = file_metadata_compare(file->approved, file->metadata);
        if (differences == 0)
                return 0;
        for (size_t i = 0; i < N_ELEMENTS(difference_names); i++)
                if (differences & difference_names[i].bit)
                        (void)text_appendf(&got, "%s%s", got.n > 0 ? ", " : "",
                                           difference_names[i].name);
        (void)text_append(&got, " changed");
        (void)text_appendf(&message, "it is not the approved version: %s", text_get(&got));
        return report_text(judge, "approved", "the approved version", &got, &message);
}

int policy_judge_file(const struct rule *rule, const struct judged_file *file,
                      struct findings *findings) {
        const struct judge judge = { rule, file, findings };
        const struct rule_file *asked = &rule->file_rule;
        const struct file_metadata *metadata = file->metadata;
        size_t n_before = findings->n_items;
        bool is_right = metadata->kind != FILE_ABSENT;
        int r = 0;

        if (asked->absent) {
                r = is_right ? judge_absent(&judge) : 0;
                is_right = false;
        } else if (is_right) {
                r = judge_kind(&judge, &is_right);
        }
        if (r == 0 && is_right) {
                r = judge_id(&judge, "owner", policy_wanted_owner(rule, file), metadata->uid,
                             file->owner_name, file->uid_of);
                if (r == 0)
                        r = judge_id(&judge, "group", asked->group, metadata->gid, file->group_name,
                                     file->gid_of);
                if (r == 0)
                        r = judge_mode(&judge);
        }
        if (r == 0)
                r = judge_approved(&judge);
        if (r < 0)
                findings_truncate(findings, n_before);
        return r;
}
