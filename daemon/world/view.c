/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Views of the guarded tree.
 *
 * Links: the last component is looked at as a link, since "the key file became a link" is drift of
 * its own; contents are read through view_follow(), which goes by the link's text inside the view,
 * so that a candidate that replaces the target is seen through the link too. Directories on the way
 * are resolved by the kernel. */

#include "world/view.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/map.h"
#include "base/text.h"
#include "world/sshd_tree.h"

struct seen {
        struct snapshot snapshot;
        uint64_t kept_in; /* view_forget_others(): when it was kept last */
};

struct view {
        const struct os_root *root;
        struct view *base;         /* NULL: the disk */
        struct view_reader reader; /* `read` NULL: snapshot_take(), `glob` NULL: snapshot_glob() */
        struct map seen;           /* path → struct seen */
        struct map secret;         /* path → itself, once looked at with SNAPSHOT_SECRET */
};

static void seen_free(void *value) {
        struct seen *seen = value;

        snapshot_done(&seen->snapshot);
        free(seen);
}

int view_new(const struct os_root *root, struct view **ret) {
        struct view *view = calloc(1, sizeof *view);

        if (!view)
                return -ENOMEM;
        view->root = root;
        *ret = view;
        return 0;
}

void view_set_reader(struct view *view, const struct view_reader *reader) {
        view->reader = *reader;
}

int view_new_over(struct view *base, struct view **ret) {
        struct view *view;
        int r = view_new(base->root, &view);

        if (r < 0)
                return r;
        view->base = base;
        *ret = view;
        return 0;
}

void view_free(struct view *view) {
        if (!view)
                return;
        map_done(&view->seen, seen_free);
        map_done(&view->secret, NULL);
        free(view);
}

/* Keeps SEEN under PATH in place of what was known; takes it over, also on failure. */
static int keep(struct view *view, const char *path, struct seen *seen) {
        void *old = NULL;
        int r = map_set(&view->seen, path, seen, &old);

        if (r < 0)
                seen_free(seen);
        if (old)
                seen_free(old);
        return r;
}

int view_look(struct view *view, const char *path, unsigned flags, const struct snapshot **ret) {
        struct seen *seen = map_get(&view->seen, path);
        int r;

        if (seen) {
                *ret = &seen->snapshot;
                return 0;
        }
        if (view->base)
                return view_look(view->base, path, flags, ret);
        if (flags & SNAPSHOT_SECRET) {
                r = map_set(&view->secret, path, view, NULL);
                if (r < 0)
                        return r;
        } else if (map_get(&view->secret, path)) {
                flags |= SNAPSHOT_SECRET;
        }
        seen = calloc(1, sizeof *seen);
        if (!seen)
                return -ENOMEM;
        r = view->reader.read
                    ? view->reader.read(view->reader.userdata, path, NULL,
                                        flags | SNAPSHOT_NOFOLLOW, &seen->snapshot)
                    : snapshot_take(view->root, path, flags | SNAPSHOT_NOFOLLOW, &seen->snapshot);
        if (r < 0) {
                free(seen);
                return r;
        }
        r = keep(view, path, seen);
        if (r < 0)
                return r;
        *ret = &seen->snapshot;
        return 0;
}

static bool is_owned(const struct view *view, const char *path) {
        while (view->base)
                view = view->base;
        return view->reader.is_owned && view->reader.is_owned(view->reader.userdata, path);
}

/* Where a link at OWNED, which is a user's, leads: with that user's rights, and so remembered apart
 * from what others see there. */
static int look_as_owner(struct view *view, const char *owned, const char *path, unsigned flags,
                         const struct snapshot **ret) {
        CLEANUP_FREE char *key = text_format("%s\n%s", owned, path);
        struct seen *seen;
        int r;

        if (!key)
                return -ENOMEM;
        for (; view->base; view = view->base) {
                seen = map_get(&view->seen, path);
                if (!seen)
                        continue;
                *ret = &seen->snapshot;
                return 0;
        }
        seen = map_get(&view->seen, key);
        if (!seen) {
                seen = calloc(1, sizeof *seen);
                if (!seen)
                        return -ENOMEM;
                r = view->reader.read(view->reader.userdata, path, owned, flags | SNAPSHOT_NOFOLLOW,
                                      &seen->snapshot);
                if (r < 0) {
                        free(seen);
                        return r;
                }
                r = keep(view, key, seen);
                if (r < 0)
                        return r;
        }
        *ret = &seen->snapshot;
        return 0;
}

/* Appends the components of PATH to an absolute, normalised path: "." and ".." are resolved in
 * text. */
static int append_components(struct text *text, const char *path) {
        while (*path) {
                size_t n = strcspn(path, "/");

                if (n == 2 && memcmp(path, "..", 2) == 0) {
                        while (text->n > 0 && text->data[--text->n] != '/')
                                ;
                        if (text->data)
                                text->data[text->n] = '\0';
                } else if (n > 0 && !(n == 1 && *path == '.')) {
                        (void)text_append_char(text, '/');
                        (void)text_append_n(text, path, n);
                }
                path += n;
                path += strspn(path, "/");
        }
        return text_error(text);
}

/* Absolute, or relative to the link's directory. */
char *view_link_destination(const char *path, const char *target) {
        struct text text = { 0 };
        const char *slash = strrchr(path, '/');

        if (target[0] != '/' && slash)
                (void)text_append_n(&text, path, (size_t)(slash - path));
        (void)append_components(&text, target);
        return text_take(&text);
}

int view_follow(struct view *view, const char *path, unsigned flags, char **ret_path,
                const struct snapshot **ret) {
        CLEANUP_FREE char *at = strdup(path);
        const struct snapshot *first, *snapshot;
        bool owned;
        int r;

        if (!at)
                return -ENOMEM;
        r = view_look(view, path, flags, &first);
        if (r < 0)
                return r;
        snapshot = first;
        owned = first->metadata.kind == FILE_SYMLINK && is_owned(view, path);
        for (unsigned i = 0; snapshot->metadata.kind == FILE_SYMLINK && i < VIEW_LINKS_MAX; i++) {
                const char *target = snapshot->metadata.link_target;
                char *next = view_link_destination(at, target ? target : "");

                if (!next)
                        return -ENOMEM;
                free(at);
                at = next;
                r = owned ? look_as_owner(view, path, at, flags, &snapshot)
                          : view_look(view, at, flags, &snapshot);
                if (r < 0)
                        return r;
        }
        if (first->metadata.kind == FILE_SYMLINK &&
            (snapshot->metadata.kind == FILE_SYMLINK || snapshot->metadata.kind == FILE_ABSENT))
                snapshot = first; /* dangling, or a loop */
        if (ret_path)
                *ret_path = TAKE(at);
        *ret = snapshot;
        return 0;
}

const struct snapshot *view_known(const struct view *view, const char *path) {
        const struct seen *seen = map_get(&view->seen, path);

        return seen ? &seen->snapshot : NULL;
}

void view_forget(struct view *view, const char *path) {
        struct seen *seen = map_remove(&view->seen, path);

        if (seen)
                seen_free(seen);
}

void view_forget_all(struct view *view) {
        map_done(&view->seen, seen_free);
}

struct choosing {
        bool (*is_kept)(void *userdata, const char *path);
        void *userdata;
        uint64_t asked;
        char **others;
        size_t n_others;
        int error;
};

static void choose_other(const char *path, void *value, void *userdata) {
        struct choosing *choosing = userdata;
        struct seen *seen = value;

        if (choosing->error < 0 || seen->kept_in == choosing->asked)
                return;
        if (choosing->is_kept(choosing->userdata, path))
                seen->kept_in = choosing->asked;
        else
                choosing->error = strings_append(&choosing->others, &choosing->n_others, path);
}

int view_forget_others(struct view *view, bool (*is_kept)(void *userdata, const char *path),
                       void *userdata, uint64_t asked) {
        struct choosing choosing = { .is_kept = is_kept, .userdata = userdata, .asked = asked };

        map_each(&view->seen, choose_other, &choosing);
        for (size_t i = 0; i < choosing.n_others; i++)
                view_forget(view, choosing.others[i]);
        strings_free(choosing.others, choosing.n_others);
        return choosing.error;
}

int view_put(struct view *view, const char *path, const struct file_metadata *metadata,
             const char *data, size_t n_data) {
        struct seen *seen = calloc(1, sizeof *seen);
        int r;

        if (!seen)
                return -ENOMEM;
        r = file_metadata_copy(&seen->snapshot.metadata, metadata);
        if (r < 0) {
                free(seen);
                return r;
        }
        if (data) {
                seen->snapshot.data = malloc(n_data + 1);
                if (!seen->snapshot.data) {
                        seen_free(seen);
                        return -ENOMEM;
                }
                memcpy(seen->snapshot.data, data, n_data);
                seen->snapshot.data[n_data] = '\0';
                seen->snapshot.n_data = n_data;
        }
        return keep(view, path, seen);
}

struct concerning {
        bool (*is_concerned)(void *userdata, const char *path);
        void *userdata;
        bool found;
};

static void concern(const char *path, void *value, void *userdata) {
        struct concerning *concerning = userdata;

        (void)value;
        if (!concerning->found)
                concerning->found = concerning->is_concerned(concerning->userdata, path);
}

bool view_has_put(const struct view *view, bool (*is_concerned)(void *userdata, const char *path),
                  void *userdata) {
        struct concerning concerning = { is_concerned, userdata, false };

        if (view->base)
                map_each(&view->seen, concern, &concerning);
        return concerning.found;
}

bool view_is_put(const struct view *view, const char *path) {
        return view->base && map_get(&view->seen, path);
}

bool view_glob_matches(const char *pattern, const char *path) {
        return fnmatch(pattern, path, FNM_PATHNAME | FNM_PERIOD) == 0;
}

struct glob_overlay {
        const char *pattern;
        char ***paths;
        size_t *n_paths;
        int error;
};

/* Lays one path that was put into a candidate over the result of the disk. */
static void overlay_path(const char *path, void *value, void *userdata) {
        const struct seen *seen = value;
        struct glob_overlay *overlay = userdata;
        char **paths = *overlay->paths;
        size_t n = *overlay->n_paths;

        if (overlay->error < 0 || !view_glob_matches(overlay->pattern, path))
                return;
        for (size_t i = 0; i < n; i++) {
                if (strcmp(paths[i], path) != 0)
                        continue;
                if (seen->snapshot.metadata.kind == FILE_ABSENT) {
                        free(paths[i]);
                        memmove(paths + i, paths + i + 1, (n - i - 1) * sizeof *paths);
                        (*overlay->n_paths)--;
                }
                return;
        }
        if (seen->snapshot.metadata.kind != FILE_ABSENT)
                overlay->error = strings_append(overlay->paths, overlay->n_paths, path);
}

static int compare_strings(const void *a, const void *b) {
        return strcmp(*(char *const *)a, *(char *const *)b);
}

int view_glob(struct view *view, const char *pattern, char ***ret_paths, size_t *ret_n) {
        struct glob_overlay overlay = { .pattern = pattern };
        char **paths = NULL;
        size_t n_paths = 0;
        int r;

        if (!view->base)
                return view->reader.glob
                               ? view->reader.glob(view->reader.userdata, pattern, ret_paths, ret_n)
                               : snapshot_glob(view->root, pattern, ret_paths, ret_n);
        r = view_glob(view->base, pattern, &paths, &n_paths);
        if (r < 0)
                return r;
        overlay.paths = &paths;
        overlay.n_paths = &n_paths;
        map_each(&view->seen, overlay_path, &overlay);
        if (overlay.error < 0) {
                strings_free(paths, n_paths);
                return overlay.error;
        }
        if (n_paths > 1)
                qsort(paths, n_paths, sizeof *paths, compare_strings);
        *ret_paths = paths;
        *ret_n = n_paths;
        return 0;
}

static int environment_glob(void *userdata, const char *pattern, char ***ret_paths, size_t *ret_n) {
        return view_glob(userdata, pattern, ret_paths, ret_n);
}

/* Why there is nothing: -ENOTDIR where a directory is wanted and something else is, else -ENOENT.
 */
static int explain_absence(struct view *view, const char *path) {
        CLEANUP_FREE char *parent = strdup(path);
        char *slash;

        if (!parent)
                return -ENOMEM;
        while ((slash = strrchr(parent, '/')) && slash > parent) {
                const struct snapshot *snapshot;
                int r;

                *slash = '\0';
                r = view_follow(view, parent, 0, NULL, &snapshot);
                if (r < 0)
                        return r;
                if (snapshot->metadata.kind == FILE_ABSENT)
                        continue;
                return snapshot->metadata.kind == FILE_DIRECTORY ||
                                       snapshot->metadata.kind == FILE_SYMLINK
                               ? -ENOENT
                               : -ENOTDIR;
        }
        return -ENOENT;
}

/* What sshd's fopen() and getline() would see of a path. */
static int environment_read(void *userdata, const char *path, char **ret_data, size_t *ret_n) {
        const struct snapshot *snapshot;
        char *data;
        int r;

        r = view_follow(userdata, path, 0, NULL, &snapshot);
        if (r < 0)
                return r;
        switch (snapshot->metadata.kind) {
        case FILE_REGULAR:
                if (snapshot->metadata.is_oversize)
                        return -EINVAL;
                break;
        case FILE_DIRECTORY: /* opens and reads as empty */
                break;
        case FILE_ABSENT:
                return explain_absence(userdata, path);
        case FILE_SYMLINK:
                return -ENOENT;
        case FILE_UNREADABLE:
                return snapshot->metadata.error > 0 ? -snapshot->metadata.error : -EIO;
        case FILE_CHARACTER_DEVICE: /* a drop-in that is a link to /dev/null is masked */
                if (snapshot->metadata.is_null)
                        break;
                return -EINVAL;
        default:
                return -EINVAL;
        }
        data = malloc(snapshot->n_data + 1);
        if (!data)
                return -ENOMEM;
        if (snapshot->n_data > 0)
                memcpy(data, snapshot->data, snapshot->n_data);
        data[snapshot->n_data] = '\0';
        *ret_data = data;
        *ret_n = snapshot->n_data;
        return 0;
}

void view_sshd_environment(struct view *view, struct sshd_environment *ret) {
        sshd_tree_system_names(ret);
        ret->userdata = view;
        ret->glob = environment_glob;
        ret->read = environment_read;
}
