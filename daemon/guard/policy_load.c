/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading the policy's files. What they say is policy/parse's business; this is where they are.
 *
 * A file is read through os/snapshot: a FIFO in policy.d is a complaint, not a daemon that waits
 * for a writer. Files that come and go between listing and reading are complaints too: the event
 * that tells of them brings the next look. */

#include "guard/policy_load.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/metadata.h"
#include "os/snapshot.h"
#include "policy/parse.h"

static const char system_profiles[] = "/usr/share/sshguardd/profiles";
static const char suffix[] = ".conf";

enum { SUFFIX_BYTES = sizeof suffix - 1 };

struct loading {
        const struct os_root *root;
        struct diagnostics *diagnostics;
        size_t n_before;    /* diagnostics that are not ours */
        char *own_profiles; /* the folder beside the configuration */
        struct policy_text *fragments;
        size_t n_fragments;
        char **profile_names;
        size_t n_profile_names;
};

/* --- one file --------------------------------------------------------------------------------- */

/* Why a path cannot be read as a policy file; a complaint per path. */
static int complain(const struct loading *loading, const char *path,
                    const struct file_metadata *metadata) {
        if (metadata->kind == FILE_ABSENT)
                return diagnostics_add(loading->diagnostics, path, 0, 0, "there is no such file");
        if (metadata->kind == FILE_REGULAR)
                return diagnostics_add(loading->diagnostics, path, 0, 0,
                                       "the file is too large for a policy");
        if (metadata->kind == FILE_UNREADABLE)
                return diagnostics_add(loading->diagnostics, path, 0, 0, "cannot be read: %s",
                                       strerror(metadata->error));
        return diagnostics_add(loading->diagnostics, path, 0, 0,
                               "is %s where a regular file belongs",
                               file_kind_name(metadata->kind));
}

/* Returns 0 with *ret set, -ENOENT if there is no file, -EINVAL after a complaint, or another
 * error. */
static int read_text(const struct loading *loading, const char *path, struct policy_text *ret) {
        CLEANUP(snapshot_done) struct snapshot snapshot = { 0 };
        struct policy_text text = { 0 };
        int r;

        r = snapshot_take(loading->root, path, 0, &snapshot);
        if (r < 0)
                return r;
        if (snapshot.metadata.kind == FILE_ABSENT)
                return -ENOENT;
        if (snapshot.metadata.kind != FILE_REGULAR || snapshot.metadata.is_oversize) {
                r = complain(loading, path, &snapshot.metadata);
                return r < 0 ? r : -EINVAL;
        }
        text.path = strdup(path);
        if (!text.path)
                return -ENOMEM;
        text.data = TAKE(snapshot.data);
        text.n = snapshot.n_data;
        *ret = text;
        return 0;
}

/* Like read_text(), but a missing file is a complaint too. */
static int read_required(const struct loading *loading, const char *path, struct policy_text *ret) {
        static const struct file_metadata absent = { .kind = FILE_ABSENT };
        int r = read_text(loading, path, ret);

        if (r != -ENOENT)
                return r;
        r = complain(loading, path, &absent);
        return r < 0 ? r : -EINVAL;
}

/* --- folders ---------------------------------------------------------------------------------- */

/* The folder NAME beside the file PATH. */
static char *beside(const char *path, const char *name) {
        const char *slash = strrchr(path, '/');

        return text_format("%.*s/%s", slash ? (int)(slash - path) : 0, path, name);
}

static bool is_conf(const char *name) {
        size_t n = strlen(name);

        return name[0] != '.' && n > SUFFIX_BYTES && strcmp(name + n - SUFFIX_BYTES, suffix) == 0;
}

/* The names of a folder, none where there is no folder. */
static int list(const struct loading *loading, const char *path, char ***ret, size_t *ret_n) {
        int r = snapshot_list(loading->root, path, POLICY_FRAGMENTS_MAX, ret, ret_n);

        if (r == -ENOENT) {
                *ret = NULL;
                *ret_n = 0;
                return 0;
        }
        if (r == 0 || r == -ENOMEM)
                return r;
        r = diagnostics_add(loading->diagnostics, path, 0, 0, "cannot be listed: %s", strerror(-r));
        return r < 0 ? r : -EINVAL;
}

static int add_fragment(struct loading *loading, const char *folder, const char *name) {
        CLEANUP_FREE char *path = text_format("%s/%s", folder, name);
        struct policy_text text = { 0 };
        int r = path ? read_required(loading, path, &text) : -ENOMEM;

        if (r == -EINVAL)
                return 0; /* complained; the others may have faults as well */
        if (r == 0)
                r = ARRAY_GROW(loading->fragments, loading->n_fragments);
        if (r < 0) {
                policy_text_done(&text);
                return r;
        }
        loading->fragments[loading->n_fragments++] = text;
        return 0;
}

static int read_fragments(struct loading *loading, const char *config_path) {
        CLEANUP_FREE char *folder = beside(config_path, "policy.d");
        char **names = NULL;
        size_t n_names = 0;
        int r = folder ? list(loading, folder, &names, &n_names) : -ENOMEM;

        for (size_t i = 0; r == 0 && i < n_names; i++)
                if (is_conf(names[i]))
                        r = add_fragment(loading, folder, names[i]);
        strings_free(names, n_names);
        return r;
}

static int add_profile_names(struct loading *loading, const char *folder) {
        char **names = NULL;
        size_t n_names = 0;
        int r = list(loading, folder, &names, &n_names);

        for (size_t i = 0; r == 0 && i < n_names; i++)
                if (is_conf(names[i]))
                        r = strings_append_n(&loading->profile_names, &loading->n_profile_names,
                                             names[i], strlen(names[i]) - SUFFIX_BYTES);
        strings_free(names, n_names);
        return r;
}

/* policy_sources.profile */
static int read_profile(void *userdata, const char *name, struct policy_text *ret) {
        const struct loading *loading = userdata;
        CLEANUP_FREE char *own = text_format("%s/%s%s", loading->own_profiles, name, suffix);
        CLEANUP_FREE char *shipped = text_format("%s/%s%s", system_profiles, name, suffix);
        int r;

        if (!own || !shipped)
                return -ENOMEM;
        r = read_text(loading, own, ret);
        return r == -ENOENT ? read_text(loading, shipped, ret) : r;
}

/* --- all of it -------------------------------------------------------------------------------- */

DEFINE_CLEANUP(cleanup_policy, struct policy, policy_free)

static void loading_done(struct loading *loading) {
        for (size_t i = 0; i < loading->n_fragments; i++)
                policy_text_done(&loading->fragments[i]);
        free(loading->fragments);
        strings_free(loading->profile_names, loading->n_profile_names);
        free(loading->own_profiles);
}

/* Parses TEXT and what was loaded besides it. */
static int parse(struct loading *loading, const struct policy_text *text,
                 const struct sshd_release *release, struct policy **ret) {
        CLEANUP(cleanup_policy) struct policy *policy = NULL;
        struct policy_sources sources = {
                .profile = read_profile, .userdata = loading, .main = *text, .release = *release
        };
        int r = add_profile_names(loading, loading->own_profiles);

        if (r == 0)
                r = add_profile_names(loading, system_profiles);
        if (r < 0)
                return r;
        sources.fragments = loading->fragments;
        sources.n_fragments = loading->n_fragments;
        sources.profile_names = (const char *const *)loading->profile_names;
        sources.n_profile_names = loading->n_profile_names;
        r = policy_parse(&sources, &policy, loading->diagnostics);
        if (r == 0 && loading->diagnostics->n_items > loading->n_before)
                r = -EINVAL;
        if (r == 0)
                *ret = TAKE(policy);
        return r;
}

int policy_load(const struct os_root *root, const char *config_path,
                const struct sshd_release *release, struct policy **ret,
                struct diagnostics *diagnostics) {
        CLEANUP(loading_done)
        struct loading loading = { .root = root,
                                   .diagnostics = diagnostics,
                                   .n_before = diagnostics->n_items };
        CLEANUP(policy_text_done) struct policy_text main_text = { 0 };
        int r;

        loading.own_profiles = beside(config_path, "profiles");
        if (!loading.own_profiles)
                return -ENOMEM;
        r = read_required(&loading, config_path, &main_text);
        if (r == 0)
                r = read_fragments(&loading, config_path);
        return r < 0 ? r : parse(&loading, &main_text, release, ret);
}

int policy_load_profiles(const struct os_root *root, const char *config_path,
                         const struct sshd_release *release, const struct rule_words *extends,
                         struct policy **ret, struct diagnostics *diagnostics) {
        CLEANUP(loading_done)
        struct loading loading = { .root = root,
                                   .diagnostics = diagnostics,
                                   .n_before = diagnostics->n_items };
        CLEANUP(text_done) struct text text = { 0 };
        struct policy_text main_text = { .path = BORROWED(config_path) };

        loading.own_profiles = beside(config_path, "profiles");
        if (!loading.own_profiles)
                return -ENOMEM;
        /* a name is a file's and was read from a list like this one before */
        (void)text_append(&text, "extends = [");
        for (size_t i = 0; i < extends->n_items; i++)
                (void)text_appendf(&text, "%s \"%s\"", i > 0 ? "," : "", extends->items[i]);
        (void)text_append(&text, " ];\n");
        if (text_error(&text) < 0)
                return text_error(&text);
        main_text.data = text.data;
        main_text.n = text.n;
        return parse(&loading, &main_text, release, ret);
}

bool policy_load_is_shipped(const char *path) {
        size_t n = sizeof system_profiles - 1;

        return strncmp(path, system_profiles, n) == 0 && path[n] == '/';
}

char *policy_load_digest(const char *text, size_t n) {
        CLEANUP(text_done) struct text rules = { 0 };
        uint8_t digest[FILE_SHA256_SIZE];
        char hex[2 * FILE_SHA256_SIZE + 1];

        for (const char *line = text, *end = text + n; line < end;) {
                const char *newline = memchr(line, '\n', (size_t)(end - line));
                size_t n_line = newline ? (size_t)(newline - line) + 1 : (size_t)(end - line);
                size_t n_blank = strspn(line, " ");

                if (n_blank + 1 >= n_line || line[n_blank] != '/' || line[n_blank + 1] != '/')
                        (void)text_append_n(&rules, line, n_line);
                line += n_line;
        }
        if (text_error(&rules) < 0 ||
            EVP_Digest(text_get(&rules), rules.n, digest, NULL, EVP_sha256(), NULL) != 1)
                return NULL;
        return strdup(file_sha256_format(digest, hex));
}
