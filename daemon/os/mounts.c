/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The mount table as far as it concerns the guarded tree.
 *
 * A line of mountinfo (proc_pid_mountinfo(5)): id, parent, device, root, mount point, options,
 * optional fields, "-", type, source, options. Blanks, tabs, newlines and backslashes of the mount
 * point are written as three octal digits. Mounts are listed in the order they were made, so of
 * several on one path the last one is on top. The file raises POLLPRI when the table changes.
 *
 * Silent are the types where others change files without the kernel of this machine knowing. */

#include "mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "fd.h"
#include "table.h"

enum { MOUNTINFO_MAX = 32 << 20 }; /* 100,000 mounts, the kernel's own limit, and long names */

static const char *const silent_types[] = {
        "fuse",   "nfs",  "nfs4",   "cifs",   "smb3",     "smbfs",     "9p",
        "autofs", "ceph", "afs",    "ncpfs",  "coda",     "glusterfs", "lustre",
        "ocfs2",  "gfs2", "beegfs", "vboxsf", "virtiofs", "prl_fs",
};

static bool is_silent_type(const char *type, size_t n) {
        /* fuse.sshfs, fuse.pmxcfs …; fuseblk has its writers on this machine, but may block */
        if (n > 4 && strncmp(type, "fuse", 4) == 0 &&
            (type[4] == '.' || strncmp(type, "fuseblk", n) == 0))
                return true;
        for (size_t i = 0; i < N_ELEMENTS(silent_types); i++)
                if (strlen(silent_types[i]) == n && strncmp(type, silent_types[i], n) == 0)
                        return true;
        return false;
}

/* Undoes \040 and the like, in place. */
static void unescape(char *path) {
        char *to = path;

        for (const char *from = path; *from != '\0'; to++) {
                if (from[0] == '\\' && from[1] >= '0' && from[1] <= '3' && from[2] >= '0' &&
                    from[2] <= '7' && from[3] >= '0' && from[3] <= '7') {
                        *to = (char)((from[1] - '0') << 6 | (from[2] - '0') << 3 | (from[3] - '0'));
                        from += 4;
                } else {
                        *to = *from++;
                }
        }
        *to = '\0';
}

/* PATH as seen from inside the root; NULL if it is elsewhere. */
static const char *inside(const char *path, const char *root_path) {
        size_t n = strlen(root_path);

        if (strncmp(path, root_path, n) != 0)
                return NULL;
        if (path[n] == '\0')
                return "/";
        return path[n] == '/' ? path + n : NULL;
}

/* Is the root itself on this mount? Then the one with the longest path, mounted last, counts. */
static bool covers(const char *path, const char *root_path) {
        size_t n = strcmp(path, "/") == 0 ? 0 : strlen(path);

        return strncmp(root_path, path, n) == 0 && (root_path[n] == '/' || root_path[n] == '\0');
}

static int add_mount(struct mounts *mounts, const char *path, uint64_t identity, bool is_silent) {
        struct mount *mount;

        if (ARRAY_GROW(mounts->items, mounts->n_items) < 0)
                return -ENOMEM;
        mount = &mounts->items[mounts->n_items];
        mount->path = strdup(path);
        if (!mount->path)
                return -ENOMEM;
        mount->identity = identity;
        mount->order = mounts->n_items++;
        mount->is_silent = is_silent;
        mounts->n_silent += is_silent;
        return 0;
}

/* What the root itself lies on, as far as it was read. */
struct cover {
        size_t n_path;
        uint64_t identity;
        bool is_silent;
};

static int parse_line(char *line, const char *root_path, struct mounts *mounts,
                      struct cover *cover) {
        uint64_t identity = table_hash(line, strlen(line), 0);
        char *fields[5], *rest = line, *type;
        const char *path;
        bool is_silent;

        for (size_t i = 0; i < N_ELEMENTS(fields); i++) {
                fields[i] = strsep(&rest, " ");
                if (!rest)
                        return 0;
        }
        type = strstr(rest, " - ");
        if (!type)
                return 0;
        type += 3;
        is_silent = is_silent_type(type, strcspn(type, " "));
        unescape(fields[4]);
        if (covers(fields[4], root_path) && strlen(fields[4]) >= cover->n_path)
                *cover = (struct cover){ strlen(fields[4]), identity, is_silent };
        path = inside(fields[4], root_path);
        if (!path || strcmp(path, "/") == 0)
                return 0;
        return add_mount(mounts, path, identity, is_silent);
}

static int compare(const void *a, const void *b) {
        const struct mount *x = a, *y = b;
        int r = strcmp(x->path, y->path);

        if (r != 0)
                return r;
        return x->order < y->order ? -1 : x->order > y->order;
}

int mounts_parse(const char *text, const char *root_path, struct mounts *ret) {
        CLEANUP(mounts_done) struct mounts mounts = { .fd = -1 };
        CLEANUP_FREE char *copy = strdup(text);
        char *rest = copy, *line;
        struct cover cover = { 0 };
        int r;

        if (!copy)
                return -ENOMEM;
        while ((line = strsep(&rest, "\n"))) {
                r = parse_line(line, root_path, &mounts, &cover);
                if (r < 0)
                        return r;
        }
        if (cover.n_path > 0) {
                r = add_mount(&mounts, "/", cover.identity, cover.is_silent);
                if (r < 0)
                        return r;
        }
        if (mounts.n_items > 1)
                qsort(mounts.items, mounts.n_items, sizeof mounts.items[0], compare);
        *ret = mounts;
        mounts = (struct mounts){ .fd = -1 };
        return 0;
}

static int read_all(int fd, struct text *text) {
        char chunk[65536];
        ssize_t n;

        if (lseek(fd, 0, SEEK_SET) < 0)
                return -errno;
        while ((n = read(fd, chunk, sizeof chunk)) != 0) {
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (text->n > MOUNTINFO_MAX)
                        return -E2BIG;
                if (text_append_n(text, chunk, (size_t)n) < 0)
                        return -ENOMEM;
        }
        return 0;
}

static int load(const struct os_root *root, int fd, struct mounts *ret) {
        CLEANUP(text_done) struct text text = { 0 };
        int r = read_all(fd, &text);

        if (r < 0)
                return r;
        return mounts_parse(text_get(&text), root->path, ret);
}

int mounts_open(const struct os_root *root, struct mounts *ret) {
        CLEANUP_FD int fd = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
        struct mounts mounts;
        int r;

        if (fd < 0)
                return -errno;
        r = load(root, fd, &mounts);
        if (r < 0)
                return r;
        mounts.fd = fd_take(&fd);
        *ret = mounts;
        return 0;
}

void mounts_done(struct mounts *mounts) {
        for (size_t i = 0; i < mounts->n_items; i++)
                free(mounts->items[i].path);
        free(mounts->items);
        if (mounts->fd >= 0)
                fd_close(&mounts->fd);
        *mounts = (struct mounts){ .fd = -1 };
}

bool mounts_have_changed(const struct mounts *mounts) {
        struct pollfd poll_fd = { .fd = mounts->fd, .events = POLLPRI };

        return poll(&poll_fd, 1, 0) > 0 && (poll_fd.revents & (POLLPRI | POLLERR));
}

/* How many mounts from I on are on the same path. */
static size_t run_length(const struct mounts *mounts, size_t i) {
        size_t n = 1;

        while (i + n < mounts->n_items &&
               strcmp(mounts->items[i + n].path, mounts->items[i].path) == 0)
                n++;
        return n;
}

static bool same_run(const struct mount *a, const struct mount *b, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (a[i].identity != b[i].identity)
                        return false;
        return true;
}

static void compare_tables(const struct mounts *before, const struct mounts *now,
                           void (*on_difference)(void *userdata, const char *path),
                           void *userdata) {
        size_t i = 0, k = 0;

        while (i < before->n_items || k < now->n_items) {
                const struct mount *a = i < before->n_items ? &before->items[i] : NULL;
                const struct mount *b = k < now->n_items ? &now->items[k] : NULL;
                int order = !a ? 1 : !b ? -1 : strcmp(a->path, b->path);
                size_t n_a = order <= 0 ? run_length(before, i) : 0;
                size_t n_b = order >= 0 ? run_length(now, k) : 0;

                if (n_a != n_b || !same_run(a, b, n_a))
                        on_difference(userdata, order <= 0 ? a->path : b->path);
                i += n_a;
                k += n_b;
        }
}

int mounts_reload(const struct os_root *root, struct mounts *mounts,
                  void (*on_difference)(void *userdata, const char *path), void *userdata) {
        CLEANUP(mounts_done) struct mounts before = { .fd = -1 };
        struct mounts now;
        int r;

        r = load(root, mounts->fd, &now);
        if (r < 0)
                return r;
        now.fd = mounts->fd;
        before = *mounts;
        before.fd = -1;
        *mounts = now;
        compare_tables(&before, mounts, on_difference, userdata);
        return 0;
}

/* The topmost mount on exactly that path; NULL if there is none. */
static const struct mount *find_mount(const struct mounts *mounts, const char *path) {
        size_t low = 0, high = mounts->n_items;

        /* behind the last one of that path */
        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (strcmp(mounts->items[middle].path, path) <= 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        if (low == 0 || strcmp(mounts->items[low - 1].path, path) != 0)
                return NULL;
        return &mounts->items[low - 1];
}

bool mounts_has(const struct mounts *mounts, const char *path) {
        return find_mount(mounts, path) != NULL;
}

bool mounts_is_silent(const struct mounts *mounts, const char *path) {
        const struct mount *mount = mounts->n_silent > 0 ? find_mount(mounts, path) : NULL;

        return mount && mount->is_silent;
}
