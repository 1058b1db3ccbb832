/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which look may block, and who does it.
 *
 * openat2(2) with RESOLVE_NO_XDEV fails with EXDEV rather than enter another mount. So a path is
 * opened from the top of the mount that it names, found in mountinfo and known to be local; if
 * that succeeds nothing of another file system was touched, whatever links a user exchanges
 * meanwhile. If the kernel says EXDEV some link leads elsewhere, and a child has to find out where:
 * a stopped server blocks even stat(2).
 *
 * Refused here: nothing. What is found is judged by others. */

#include "os/looker.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/map.h"
#include "base/text.h"
#include "codec.h"
#include "fd.h"
#include "mounts.h"
#include "os/probe.h"
#include "os/remote.h"

enum { READ_AHEAD_MAX = 1 << 20 }; /* of one file: more than that is no list of keys */

struct looker {
        const struct os_root *root;
        struct mounts mounts;
        char *mount_path; /* the mount that was used last, and its top; NULL: none */
        int mount_fd;
        struct map resting; /* server → uint64_t, until when it is not asked, CLOCK_MONOTONIC */
        struct {
                bool is_on;
                struct credentials as;
                struct credentials_scope scope;
        } kept; /* rights that stay between looks */
};

int looker_new(const struct os_root *root, struct looker **ret) {
        struct looker *looker = calloc(1, sizeof *looker);
        int r;

        if (!looker)
                return -ENOMEM;
        looker->root = root;
        looker->mount_fd = -1;
        r = mounts_open(root, &looker->mounts);
        if (r < 0) {
                free(looker);
                return r;
        }
        *ret = looker;
        return 0;
}

static void forget_mount(struct looker *looker) {
        fd_close(&looker->mount_fd);
        free(looker->mount_path);
        looker->mount_path = NULL;
}

void looker_free(struct looker *looker) {
        if (!looker)
                return;
        forget_mount(looker);
        mounts_done(&looker->mounts);
        map_done(&looker->resting, free);
        free(looker);
}

/* ---- rights ---- */

void looker_rest(struct looker *looker) {
        looker_drop_rights(looker);
        forget_mount(looker);
}

void looker_drop_rights(struct looker *looker) {
        credentials_restore(&looker->kept.scope);
        credentials_done(&looker->kept.as);
        looker->kept.is_on = false;
}

int looker_keep_rights(struct looker *looker, const struct credentials *as) {
        int r = 0;

        looker_drop_rights(looker);
        if (as)
                r = credentials_copy(&looker->kept.as, as);
        looker->kept.is_on = as && r == 0;
        return r;
}

/* The rights of AS, till credentials_restore() or, where they are kept, beyond it. */
static int assume(struct looker *looker, const struct credentials *as,
                  struct credentials_scope *ret) {
        if (looker->kept.is_on && (!as || !credentials_are_same(&looker->kept.as, as)))
                looker_drop_rights(looker);
        if (!looker->kept.is_on)
                return credentials_assume(as, ret);
        return looker->kept.scope.is_assumed ? 0 : credentials_assume(as, &looker->kept.scope);
}

/* ---- where a path begins ---- */

static void ignore_difference(void *userdata, const char *path) {
        (void)userdata;
        (void)path;
}

static int update_mounts(struct looker *looker) {
        if (!mounts_have_changed(&looker->mounts))
                return 0;
        forget_mount(looker);
        return mounts_reload(looker->root, &looker->mounts, ignore_difference, NULL);
}

/* The length of the longest mount point PATH names, in text; *ret_silent is the length of the first
 * silent one, 0 if there is none. */
static int find_mount(const struct looker *looker, const char *path, size_t *ret_n,
                      size_t *ret_silent) {
        CLEANUP_FREE char *prefix = strdup(path);
        const struct mounts *mounts = &looker->mounts;

        if (!prefix)
                return -ENOMEM;
        *ret_n = *ret_silent = 0;
        if (mounts_is_silent(mounts, "/"))
                *ret_silent = 1;
        for (size_t i = 1; path[0] == '/' && *ret_silent == 0; i++) {
                if (path[i] != '/' && path[i] != '\0')
                        continue;
                prefix[i] = '\0';
                if (i > 1 && mounts_is_silent(mounts, prefix))
                        *ret_silent = i;
                else if (i > 1 && mounts_has(mounts, prefix))
                        *ret_n = i;
                if (path[i] == '\0')
                        break;
                prefix[i] = '/';
        }
        return 0;
}

static int open_beneath(int directory, const char *path, int flags) {
        struct open_how how = { .flags = (uint64_t)(unsigned)flags | O_CLOEXEC,
                                .resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV };
        long fd;

        path += strspn(path, "/");
        fd = syscall(SYS_openat2, directory, *path ? path : ".", &how, sizeof how);
        return fd < 0 ? -errno : (int)fd;
}

/* The top of the mount PATH[0..N) is on, opened with our own rights: mount points are the
 * administrator's. */
static int enter_mount(struct looker *looker, const char *path, size_t n) {
        if (looker->mount_path && strncmp(looker->mount_path, path, n) == 0 &&
            looker->mount_path[n] == '\0')
                return 0;
        looker_drop_rights(looker);
        forget_mount(looker);
        looker->mount_path = strndup(path, n);
        if (!looker->mount_path)
                return -ENOMEM;
        looker->mount_fd =
                os_root_openat(looker->root, looker->mount_path, O_PATH | O_DIRECTORY, 0);
        if (looker->mount_fd < 0) {
                int r = looker->mount_fd;

                looker->mount_fd = -1;
                forget_mount(looker);
                return r;
        }
        return 0;
}

enum { MAY_BLOCK = 1 };

struct opened {
        int fd;       /* O_PATH, or the errno of opening it where that is the answer */
        char *server; /* who may be waited for; NULL: nobody */
        struct credentials_scope scope; /* in which it was opened */
};

static void opened_done(struct opened *opened) {
        credentials_restore(&opened->scope);
        fd_close(&opened->fd);
        free(opened->server);
        *opened = (struct opened){ .fd = -1 };
}

/* Opens PATH with the rights of AS, which stay until opened_done(). Returns 0, MAY_BLOCK if only a
 * child may look, or a negative errno of our own. */
static int open_local(struct looker *looker, const char *path, int flags,
                      const struct credentials *as, struct opened *ret) {
        size_t n_mount = 0, n_silent = 0;
        /* while rights are kept, one look at the table serves them all: what is mounted meanwhile
         * is not entered, and told of by the watch */
        int r = looker->kept.scope.is_assumed ? 0 : update_mounts(looker);

        opened_done(ret);
        if (r == 0)
                r = find_mount(looker, path, &n_mount, &n_silent);
        if (r == 0 && n_silent == 0 && n_mount > 0 && path[n_mount] != '\0')
                r = enter_mount(looker, path, n_mount);
        if (r == 0 && n_silent == 0)
                r = assume(looker, as, &ret->scope);
        if (r < 0)
                return r;
        if (n_silent > 0)
                ret->fd = -EXDEV;
        else if (n_mount > 0 && path[n_mount] == '\0') /* a mount point: a file can be one */
                ret->fd = os_root_openat(looker->root, path, O_PATH | flags, 0);
        else if (n_mount > 0)
                ret->fd = open_beneath(looker->mount_fd, path + n_mount, O_PATH | flags);
        else
                ret->fd = os_root_openat(looker->root, path, O_PATH | flags, RESOLVE_NO_XDEV);
        if (ret->fd != -EXDEV && ret->fd != -EAGAIN)
                return 0;
        opened_done(ret);
        looker_drop_rights(looker); /* the child has its own */
        ret->server = n_silent > 0 ? strndup(path, n_silent)
                                   : text_format("links of %u", as ? as->uid : 0);
        return ret->server ? MAY_BLOCK : -ENOMEM;
}

/* ---- what a child is asked ---- */

struct work {
        const struct os_root *root;
        const char *path;
        const struct credentials *as;
        unsigned flags;
};

/* In the child: the end of its work. */
static int answer(int fd, struct text *text) {
        bool sent = text_error(text) == 0 && probe_write(fd, text->data, text->n);

        text_done(text);
        return sent ? EXIT_SUCCESS : EXIT_FAILURE;
}

static uint64_t now_ms(void) {
        struct timespec now;

        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static bool is_resting(struct looker *looker, const char *server) {
        const uint64_t *until = map_get(&looker->resting, server);

        if (!until)
                return false;
        if (now_ms() < *until)
                return true;
        free(map_remove(&looker->resting, server));
        return false;
}

static void let_rest(struct looker *looker, const char *server) {
        uint64_t *until = malloc(sizeof *until);
        void *old = NULL;

        if (!until)
                return;
        *until = now_ms() + LOOKER_REST_MS;
        if (map_set(&looker->resting, server, until, &old) < 0)
                free(until);
        free(old);
}

/* Runs FN in a child for a path of SERVER. What it answered is in *ret_data, its own result first.
 */
static int ask_child(struct looker *looker, const char *server, int (*fn)(void *userdata, int fd),
                     const struct work *work, char **ret_data, struct decoder *ret) {
        struct work copy = *work;
        size_t n = 0;
        int status, r;

        if (is_resting(looker, server))
                return -ETIMEDOUT;
        r = probe_call(fn, &copy, LOOKER_TIMEOUT_MS, ret_data, &n, &status);
        if (r == -ETIMEDOUT)
                let_rest(looker, server);
        if (r < 0)
                return r;
        if (status != EXIT_SUCCESS)
                return -EIO;
        *ret = (struct decoder){ .data = *ret_data, .n = n };
        return -(int)decode_u32(ret);
}

/* ---- a look ---- */

static int take_in_child(void *userdata, int fd) {
        const struct work *work = userdata;
        struct credentials_scope scope = { 0 };
        struct snapshot s = { 0 };
        struct text text = { 0 };
        int r = credentials_assume(work->as, &scope);

        if (r == 0)
                r = snapshot_take(work->root, work->path, work->flags, &s);
        credentials_restore(&scope);
        encode_u32(&text, (uint32_t)-r);
        encode_snapshot(&text, &s);
        snapshot_done(&s);
        return answer(fd, &text);
}

static int take_remotely(struct looker *looker, const char *server, const struct work *work,
                         struct snapshot *ret) {
        CLEANUP(snapshot_done) struct snapshot s = { 0 };
        CLEANUP_FREE char *data = NULL;
        struct decoder decoder;
        int r = ask_child(looker, server, take_in_child, work, &data, &decoder);

        if (r == -ETIMEDOUT || r == -ECANCELED) {
                *ret = (struct snapshot){ .metadata = { .kind = FILE_UNREADABLE, .error = -r } };
                return 0;
        }
        if (r < 0)
                return r;
        decode_snapshot(&decoder, &s);
        r = decode_end(&decoder);
        if (r < 0)
                return r;
        *ret = s;
        s = (struct snapshot){ 0 };
        return 0;
}

/* What opening it failed with, as a snapshot. */
static int describe_failure(int error, struct snapshot *ret) {
        if (error == -ENOMEM || error == -EMFILE || error == -ENFILE)
                return error;
        *ret = (struct snapshot){ 0 };
        if (error != -ENOENT && error != -ENOTDIR)
                ret->metadata = (struct file_metadata){ .kind = FILE_UNREADABLE, .error = -error };
        return 0;
}

int looker_take(struct looker *looker, const char *path, const struct credentials *as,
                unsigned flags, struct snapshot *ret) {
        const struct work work = { looker->root, path, as, flags };
        const bool follows = !(flags & (SNAPSHOT_NOFOLLOW | SNAPSHOT_NO_LINKS));
        CLEANUP(opened_done) struct opened opened = { .fd = -1 };
        int r;

        r = open_local(looker, path, follows ? 0 : O_NOFOLLOW, as, &opened);
        if (r == 0 && opened.fd == -ENOENT && follows) /* a link that dangles? */
                r = open_local(looker, path, O_NOFOLLOW, as, &opened);
        if (r == MAY_BLOCK)
                return take_remotely(looker, opened.server, &work, ret);
        if (r < 0)
                return r;
        return opened.fd < 0 ? describe_failure(opened.fd, ret)
                             : snapshot_take_fd(opened.fd, flags, ret);
}

void looker_read_ahead(struct looker *looker, const char *path, const struct credentials *as) {
        CLEANUP(opened_done) struct opened opened = { .fd = -1 };
        CLEANUP_FD int fd = -1;
        struct stat st;

        if (open_local(looker, path, O_NOFOLLOW, as, &opened) != 0 || opened.fd < 0 ||
            fstat(opened.fd, &st) < 0 || !S_ISREG(st.st_mode))
                return;
        fd = open(fd_name(opened.fd).path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (fd >= 0)
                (void)posix_fadvise(fd, 0,
                                    st.st_size < READ_AHEAD_MAX ? st.st_size : READ_AHEAD_MAX,
                                    POSIX_FADV_WILLNEED);
}

/* ---- a trace ---- */

void look_trace_done(struct look_trace *trace) {
        for (size_t i = 0; i < trace->n_items; i++)
                free(trace->items[i].path);
        free(trace->items);
        *trace = (struct look_trace){ 0 };
}

static int add_step(struct look_trace *trace, const char *path, const struct stat *st) {
        struct look_step *step;

        if (ARRAY_GROW(trace->items, trace->n_items) < 0)
                return -ENOMEM;
        step = &trace->items[trace->n_items];
        *step = (struct look_step){ strdup(path), st->st_mode & 07777, st->st_uid, st->st_gid };
        if (!step->path)
                return -ENOMEM;
        trace->n_items++;
        return 0;
}

/* The object behind FD and everything above it. */
static int trace_up(const struct os_root *root, int fd, struct look_trace *trace) {
        CLEANUP_FREE char *path = NULL;
        struct stat st;
        int r = os_root_path_of(root, fd, &path);

        if (r == 0 && fstat(fd, &st) < 0)
                r = -errno;
        if (r == 0)
                r = add_step(trace, path, &st);
        while (r == 0 && strcmp(path, "/") != 0) {
                char *slash = strrchr(path, '/');
                CLEANUP_FD int above = -1;

                slash[slash == path] = '\0';
                above = os_root_openat(root, path, O_PATH | O_NOFOLLOW, RESOLVE_NO_SYMLINKS);
                if (above < 0)
                        return above;
                r = fstat(above, &st) < 0 ? -errno : add_step(trace, path, &st);
        }
        return r;
}

static int trace_in_child(void *userdata, int fd) {
        const struct work *work = userdata;
        struct credentials_scope scope = { 0 };
        struct look_trace trace = { 0 };
        struct text text = { 0 };
        int r = credentials_assume(work->as, &scope);
        int path_fd = r < 0 ? r : os_root_openat(work->root, work->path, O_PATH, 0);

        credentials_restore(&scope);
        r = path_fd < 0 ? path_fd : trace_up(work->root, path_fd, &trace);
        encode_u32(&text, (uint32_t)-r);
        encode_u32(&text, (uint32_t)trace.n_items);
        for (size_t i = 0; i < trace.n_items; i++) {
                encode_string(&text, trace.items[i].path);
                encode_u32(&text, trace.items[i].mode);
                encode_u32(&text, trace.items[i].uid);
                encode_u32(&text, trace.items[i].gid);
        }
        look_trace_done(&trace);
        return answer(fd, &text);
}

static int trace_remotely(struct looker *looker, const char *server, const struct work *work,
                          struct look_trace *trace) {
        CLEANUP_FREE char *data = NULL;
        struct decoder decoder;
        uint32_t n;
        int r = ask_child(looker, server, trace_in_child, work, &data, &decoder);

        if (r < 0)
                return r;
        n = decode_u32(&decoder);
        for (uint32_t i = 0; i < n && !decoder.failed; i++) {
                CLEANUP_FREE char *path = decode_string(&decoder);
                struct stat st = { 0 };

                st.st_mode = decode_u32(&decoder);
                st.st_uid = decode_u32(&decoder);
                st.st_gid = decode_u32(&decoder);
                if (path && add_step(trace, path, &st) < 0)
                        return -ENOMEM;
        }
        return decode_end(&decoder);
}

int looker_trace(struct looker *looker, const char *path, const struct credentials *as,
                 struct look_trace *ret) {
        const struct work work = { looker->root, path, as, 0 };
        CLEANUP(look_trace_done) struct look_trace trace = { 0 };
        CLEANUP(opened_done) struct opened opened = { .fd = -1 };
        int r = open_local(looker, path, 0, as, &opened);

        /* above it only owners and modes are looked at */
        credentials_restore(&opened.scope);
        looker_drop_rights(looker);
        if (r == MAY_BLOCK)
                r = trace_remotely(looker, opened.server, &work, &trace);
        else if (r == 0)
                r = opened.fd < 0 ? opened.fd : trace_up(looker->root, opened.fd, &trace);
        if (r < 0)
                return r;
        *ret = trace;
        trace = (struct look_trace){ 0 };
        return 0;
}

/* ---- patterns ---- */

static int glob_in_child(void *userdata, int fd) {
        const struct work *work = userdata;
        struct credentials_scope scope = { 0 };
        struct text text = { 0 };
        char **paths = NULL;
        size_t n = 0;
        int r = credentials_assume(work->as, &scope);

        if (r == 0)
                r = snapshot_glob(work->root, work->path, &paths, &n);
        credentials_restore(&scope);
        encode_u32(&text, (uint32_t)-r);
        encode_u32(&text, (uint32_t)n);
        for (size_t i = 0; i < n; i++)
                encode_string(&text, paths[i]);
        strings_free(paths, n);
        return answer(fd, &text);
}

static int glob_remotely(struct looker *looker, const char *server, const struct work *work,
                         char ***ret_paths, size_t *ret_n) {
        CLEANUP_FREE char *data = NULL;
        struct decoder decoder;
        char **paths = NULL;
        size_t n_paths = 0;
        uint32_t n;
        int r = ask_child(looker, server, glob_in_child, work, &data, &decoder);

        if (r < 0)
                return r;
        n = decode_u32(&decoder);
        for (uint32_t i = 0; i < n && !decoder.failed && r == 0; i++) {
                CLEANUP_FREE char *path = decode_string(&decoder);

                r = path ? strings_append(&paths, &n_paths, path) : 0;
        }
        if (r == 0)
                r = decode_end(&decoder);
        if (r < 0) {
                strings_free(paths, n_paths);
                return r;
        }
        *ret_paths = paths;
        *ret_n = n_paths;
        return 0;
}

int looker_glob(struct looker *looker, const char *pattern, const struct credentials *as,
                char ***ret_paths, size_t *ret_n) {
        const struct work work = { looker->root, pattern, as, 0 };
        CLEANUP(opened_done) struct opened opened = { .fd = -1 };
        CLEANUP_FREE char *directory = NULL;
        size_t n = strcspn(pattern, "*?[\\");
        int r;

        /* the directory above the first special character tells where it is looked for */
        while (n > 1 && pattern[n - 1] != '/')
                n--;
        directory = strndup(pattern, n > 1 ? n - 1 : n);
        if (!directory)
                return -ENOMEM;
        r = open_local(looker, directory, 0, as, &opened);
        if (r == MAY_BLOCK)
                return glob_remotely(looker, opened.server, &work, ret_paths, ret_n);
        return r < 0 ? r : snapshot_glob(looker->root, pattern, ret_paths, ret_n);
}

bool looker_is_silent(struct looker *looker, const char *path) {
        size_t n_mount = 0, n_silent = 0;

        return update_mounts(looker) == 0 && find_mount(looker, path, &n_mount, &n_silent) == 0 &&
               n_silent > 0;
}

/* ---- writing ---- */

/* Whether the directory of PATH, and what a link at PATH leads to, is local. 0 or MAY_BLOCK. */
static int is_local(struct looker *looker, const struct replace_request *request) {
        const char *slash = strrchr(request->path, '/');
        CLEANUP(opened_done) struct opened opened = { .fd = -1 };
        CLEANUP_FREE char *directory = NULL;
        int r;

        if (!slash)
                return 0;
        directory = slash == request->path
                            ? strdup("/")
                            : strndup(request->path, (size_t)(slash - request->path));
        if (!directory)
                return -ENOMEM;
        r = open_local(looker, directory, 0, request->as, &opened);
        if (r == 0)
                r = open_local(looker, request->path,
                               request->flags & (REPLACE_NOFOLLOW | REPLACE_NO_LINKS) ? O_NOFOLLOW
                                                                                      : 0,
                               request->as, &opened);
        return r;
}

int looker_replace(struct looker *looker, const struct replace_request *request,
                   struct replacement *ret) {
        int r = is_local(looker, request);

        if (r < 0)
                return r;
        return r == MAY_BLOCK ? remote_replace(looker->root, request, ret)
                              : replace_file(looker->root, request, ret);
}

int looker_overwrite(struct looker *looker, const struct replace_request *request,
                     struct replacement *replacement) {
        return replacement->directory_fd < 0
                       ? remote_overwrite(looker->root, request, replacement)
                       : replace_overwrite(looker->root, request, replacement);
}

int looker_finish(struct looker *looker, struct replacement *replacement) {
        return replacement->directory_fd < 0 ? remote_finish(looker->root, replacement)
                                             : replace_finish(replacement);
}
