/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Looking at a path once, from one descriptor.
 *
 * What it rests on:
 * - An O_PATH open reaches no driver and wakes no FIFO's writer; fstat, statx and, through
 *   /proc/self/fd, the xattr calls work on it. Only a regular file is opened for reading.
 * - O_NONBLOCK keeps open(2) of a regular file from waiting for a lease holder (fcntl(2),
 *   F_SETLEASE: up to 45 s); it fails with EWOULDBLOCK instead and the lease is being broken.
 * - statx(2) tells the immutable and append-only flags without opening; file systems that do not
 *   fill them in are asked with FS_IOC_GETFLAGS.
 * - ctime moves with every write, truncation and metadata change, and cannot be set by its owner.
 *   Stores through a mapping are the exception (they move it late): nothing here claims otherwise.
 *
 * security.ima and security.evm are left out: the kernel derives them from what is compared
 * already, and only it can write them. */

#include "os/snapshot.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <linux/openat2.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "fd.h"

enum {
        NULL_MAJOR = 1, /* of /dev/null: Documentation/admin-guide/devices.txt of the kernel */
        NULL_MINOR = 3,
        READ_ATTEMPTS = 4,      /* someone writes while we read: then it is called unstable */
        READ_CHUNK = 64 << 10,  /* below malloc's threshold for a mapping of its own */
        LINK_TARGET_MAX = 4096, /* PATH_MAX: the longest a target can be */
};

DEFINE_CLEANUP(digest_free, EVP_MD_CTX, EVP_MD_CTX_free)

static enum file_kind kind_of(mode_t mode) {
        switch (mode & S_IFMT) {
        case S_IFREG:
                return FILE_REGULAR;
        case S_IFDIR:
                return FILE_DIRECTORY;
        case S_IFLNK:
                return FILE_SYMLINK;
        case S_IFIFO:
                return FILE_FIFO;
        case S_IFSOCK:
                return FILE_SOCKET;
        case S_IFCHR:
                return FILE_CHARACTER_DEVICE;
        case S_IFBLK:
                return FILE_BLOCK_DEVICE;
        default:
                return FILE_UNREADABLE;
        }
}

/* Errors that say something about us, not about the path. */
static bool is_ours(int error) {
        return error == -ENOMEM || error == -EMFILE || error == -ENFILE;
}

static int64_t nanoseconds(const struct statx_timestamp *t) {
        return t->tv_sec * 1000000000 + (int64_t)t->tv_nsec;
}

static int read_stat(int fd, struct file_metadata *m, uint64_t *ret_flags_known) {
        struct statx s;

        if (statx(fd, "", AT_EMPTY_PATH | AT_NO_AUTOMOUNT, STATX_BASIC_STATS, &s) < 0)
                return -errno;
        m->kind = kind_of(s.stx_mode);
        m->is_null = m->kind == FILE_CHARACTER_DEVICE && s.stx_rdev_major == NULL_MAJOR &&
                     s.stx_rdev_minor == NULL_MINOR;
        m->mode = s.stx_mode & 07777;
        m->uid = s.stx_uid;
        m->gid = s.stx_gid;
        m->size = s.stx_size;
        m->mtime_ns = nanoseconds(&s.stx_mtime);
        m->ctime_ns = nanoseconds(&s.stx_ctime);
        m->dev = (uint64_t)s.stx_dev_major << 32 | s.stx_dev_minor;
        m->ino = s.stx_ino;
        m->nlink = s.stx_nlink;
        /* STATX_ATTR_IMMUTABLE and _APPEND have the values of FS_IMMUTABLE_FL and FS_APPEND_FL */
        m->flags = (uint32_t)(s.stx_attributes & (FS_IMMUTABLE_FL | FS_APPEND_FL));
        *ret_flags_known = s.stx_attributes_mask & (FS_IMMUTABLE_FL | FS_APPEND_FL);
        return 0;
}

static int read_flags(int fd, struct file_metadata *m) {
        CLEANUP_FD int readable = -1;
        int flags = 0;

        if (m->kind != FILE_REGULAR && m->kind != FILE_DIRECTORY)
                return 0;
        readable = open(fd_name(fd).path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (readable < 0)
                return is_ours(-errno) ? -errno : 0;
        /* The kernel writes an int here, although the request says long. */
        if (ioctl(readable, FS_IOC_GETFLAGS, &flags) == 0)
                m->flags = (uint32_t)flags & (FS_IMMUTABLE_FL | FS_APPEND_FL);
        return 0;
}

static int compare_xattrs(const void *a, const void *b) {
        const struct file_xattr *x = a, *y = b;

        return strcmp(x->name, y->name);
}

static bool is_derived(const char *name) {
        return strcmp(name, "security.ima") == 0 || strcmp(name, "security.evm") == 0;
}

/* Adds one attribute; one that vanished or may not be read meanwhile is not there. */
static int read_xattr(const char *path, const char *name, char *buffer, struct file_metadata *m) {
        struct file_xattr *x;
        ssize_t n;
        int r;

        n = getxattr(path, name, buffer, SNAPSHOT_XATTRS_MAX);
        if (n < 0)
                return errno == ENOMEM ? -ENOMEM : 0;
        r = ARRAY_GROW(m->xattrs, m->n_xattrs);
        if (r < 0)
                return r;
        x = &m->xattrs[m->n_xattrs++];
        x->name = strdup(name);
        x->value = malloc((size_t)n + 1);
        if (!x->name || !x->value)
                return -ENOMEM;
        memcpy(x->value, buffer, (size_t)n);
        x->value[n] = '\0';
        x->n_value = (size_t)n;
        return 0;
}

static int read_xattrs(int fd, struct file_metadata *m) {
        struct fd_name path = fd_name(fd);
        CLEANUP_FREE char *names = NULL, *buffer = NULL;
        size_t total = 0;
        ssize_t n;

        n = listxattr(path.path, NULL, 0);
        if (n <= 0)
                return 0; /* ENOTSUP: this file system has none */
        names = malloc(XATTR_LIST_MAX);
        buffer = malloc(SNAPSHOT_XATTRS_MAX);
        if (!names || !buffer)
                return -ENOMEM;
        n = listxattr(path.path, names, XATTR_LIST_MAX);
        if (n < 0)
                return 0;
        for (const char *name = names; name < names + n; name += strlen(name) + 1) {
                int r;

                if (is_derived(name))
                        continue;
                r = read_xattr(path.path, name, buffer, m);
                if (r < 0)
                        return r;
                if (m->n_xattrs > 0)
                        total += m->xattrs[m->n_xattrs - 1].n_value;
                if (total > SNAPSHOT_XATTRS_MAX)
                        break;
        }
        if (m->n_xattrs > 1)
                qsort(m->xattrs, m->n_xattrs, sizeof m->xattrs[0], compare_xattrs);
        return 0;
}

static int read_link(int fd, struct file_metadata *m) {
        char target[LINK_TARGET_MAX];
        ssize_t n = readlinkat(fd, "", target, sizeof target - 1);

        if (n < 0)
                return -errno;
        target[n] = '\0';
        m->link_target = strdup(target);
        return m->link_target ? 0 : -ENOMEM;
}

static int read_metadata(int fd, struct file_metadata *m) {
        uint64_t flags_known = 0;
        int r;

        r = read_stat(fd, m, &flags_known);
        if (r < 0)
                return r;
        if (!flags_known) {
                r = read_flags(fd, m);
                if (r < 0)
                        return r;
        }
        if (m->kind == FILE_SYMLINK) {
                r = read_link(fd, m);
                if (r < 0)
                        return r;
        }
        return read_xattrs(fd, m);
}

/* Where the bytes of one pass go: the digest, and what of them is kept. */
struct reader {
        EVP_MD_CTX *digest;
        char *chunk;
        struct snapshot *snapshot;
        bool keeps; /* the content in data: all of it, or head and tail */
        bool keeps_whole;
        bool is_bounded; /* what is oversize is not hashed */
};

static int read_chunk(int fd, char *buffer, size_t n, uint64_t offset) {
        ssize_t got;

        do
                got = pread(fd, buffer, n, (off_t)offset);
        while (got < 0 && errno == EINTR);
        return got < 0 ? -errno : (int)got;
}

/* Reads [offset, offset + n) into the kept data; short at the end of the file. */
static int read_kept(int fd, struct snapshot *s, uint64_t offset, size_t n) {
        while (n > 0) {
                int got = read_chunk(fd, s->data + s->n_data, n < READ_CHUNK ? n : READ_CHUNK,
                                     offset);

                if (got <= 0)
                        return got;
                s->n_data += (size_t)got;
                offset += (uint64_t)got;
                n -= (size_t)got;
        }
        return 0;
}

static int read_ends(int fd, struct snapshot *s) {
        int r = read_kept(fd, s, 0, SNAPSHOT_END_MAX);

        if (r < 0)
                return r;
        return read_kept(fd, s, s->metadata.size - SNAPSHOT_END_MAX, SNAPSHOT_END_MAX);
}

static int hash_file(int fd, struct reader *reader) {
        struct snapshot *s = reader->snapshot;
        bool keeps = reader->keeps && (!s->metadata.is_oversize || reader->keeps_whole);
        uint64_t offset = 0;

        /* a kept file is hashed where it lies */
        if (!keeps && !reader->chunk)
                reader->chunk = malloc(READ_CHUNK);
        if (!keeps && !reader->chunk)
                return -ENOMEM;
        if (EVP_DigestInit_ex(reader->digest, EVP_sha256(), NULL) != 1)
                return -ENOMEM;
        /* Never beyond the size that was seen: whoever appends for ever does not keep us here. */
        while (offset < s->metadata.size) {
                uint64_t left = s->metadata.size - offset;
                char *to = keeps ? s->data + offset : reader->chunk;
                int got = read_chunk(fd, to, left < READ_CHUNK ? (size_t)left : READ_CHUNK, offset);

                if (got < 0)
                        return got;
                if (got == 0)
                        break;
                if (EVP_DigestUpdate(reader->digest, to, (size_t)got) != 1)
                        return -ENOMEM;
                offset += (uint64_t)got;
        }
        if (EVP_DigestFinal_ex(reader->digest, s->metadata.sha256, NULL) != 1)
                return -ENOMEM;
        s->metadata.has_sha256 = true;
        if (keeps)
                s->n_data = (size_t)offset;
        return 0;
}

/* One pass over the content, for the size in the metadata. */
static int read_once(int fd, struct reader *reader) {
        struct snapshot *s = reader->snapshot;
        uint64_t size = s->metadata.size;
        bool is_cut;
        int r = 0;

        free(s->data);
        s->data = NULL;
        s->n_data = 0;
        s->metadata.has_sha256 = false;
        s->metadata.is_oversize = size > SNAPSHOT_CONTENT_MAX;
        is_cut = s->metadata.is_oversize && !(reader->keeps_whole && size <= SNAPSHOT_HASH_MAX);
        if (reader->keeps) {
                size_t n = is_cut ? 2 * (size_t)SNAPSHOT_END_MAX : (size_t)size;

                s->data = malloc(n + 1);
                if (!s->data)
                        return -ENOMEM;
        }
        if (size <= SNAPSHOT_HASH_MAX && !(reader->is_bounded && s->metadata.is_oversize))
                r = hash_file(fd, reader);
        if (r == 0 && s->data && is_cut)
                r = read_ends(fd, s);
        if (s->data)
                s->data[s->n_data] = '\0';
        return r;
}

/* Did the file move since the metadata was read? Takes over the new size and times if so. */
static int has_moved(int fd, struct file_metadata *m) {
        struct file_metadata now = { 0 };
        uint64_t ignored;
        bool moved;
        int r;

        r = read_stat(fd, &now, &ignored);
        if (r < 0)
                return r;
        moved = now.size != m->size || now.ctime_ns != m->ctime_ns || now.mtime_ns != m->mtime_ns;
        m->size = now.size;
        m->ctime_ns = now.ctime_ns;
        m->mtime_ns = now.mtime_ns;
        m->mode = now.mode;
        m->uid = now.uid;
        m->gid = now.gid;
        return moved;
}

static int read_content(int path_fd, unsigned flags, struct snapshot *s) {
        CLEANUP(digest_free) EVP_MD_CTX *digest = NULL;
        CLEANUP_FD int fd = -1;
        struct reader reader = { .snapshot = s,
                                 .keeps = !(flags & SNAPSHOT_SECRET),
                                 .keeps_whole = flags & SNAPSHOT_WHOLE,
                                 .is_bounded = flags & SNAPSHOT_BOUNDED };
        int r = 0;

        fd = open(fd_name(path_fd).path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        digest = EVP_MD_CTX_new();
        if (!digest)
                return -ENOMEM;
        reader.digest = digest;
        for (int i = 0; i < READ_ATTEMPTS; i++) {
                r = read_once(fd, &reader);
                if (r < 0)
                        break;
                r = has_moved(fd, &s->metadata);
                if (r <= 0)
                        break;
        }
        if (reader.chunk)
                OPENSSL_cleanse(reader.chunk, READ_CHUNK);
        free(reader.chunk);
        if (r > 0)
                s->is_unstable = true;
        return r < 0 ? r : 0;
}

/* What is known of a path that cannot be read any further; ERROR is negative. */
static int become_unreadable(struct snapshot *s, int error) {
        if (is_ours(error)) {
                snapshot_done(s);
                return error;
        }
        free(s->data);
        s->data = NULL;
        s->n_data = 0;
        s->metadata.kind = FILE_UNREADABLE;
        s->metadata.has_sha256 = false;
        s->metadata.error = -error;
        return 0;
}

int snapshot_take_fd(int fd, unsigned flags, struct snapshot *ret) {
        struct snapshot s = { 0 };
        int r;

        r = read_metadata(fd, &s.metadata);
        if (r == 0 && s.metadata.kind == FILE_REGULAR && !(flags & SNAPSHOT_METADATA))
                r = read_content(fd, flags, &s);
        if (r < 0)
                r = become_unreadable(&s, r);
        if (r < 0)
                return r;
        *ret = s;
        return 0;
}

int snapshot_take(const struct os_root *root, const char *path, unsigned flags,
                  struct snapshot *ret) {
        unsigned long resolve = flags & SNAPSHOT_NO_LINKS ? RESOLVE_NO_SYMLINKS : 0;
        CLEANUP_FD int fd = -1;
        struct snapshot s = { 0 };
        int r;

        fd = os_root_openat(root, path, O_PATH | (flags & SNAPSHOT_NOFOLLOW ? O_NOFOLLOW : 0),
                            resolve);
        /* Nothing at the end: is it a link that dangles? */
        if (fd == -ENOENT && !(flags & (SNAPSHOT_NOFOLLOW | SNAPSHOT_NO_LINKS)))
                fd = os_root_openat(root, path, O_PATH | O_NOFOLLOW, resolve);
        if (fd >= 0)
                return snapshot_take_fd(fd, flags, ret);
        if (fd != -ENOENT && fd != -ENOTDIR) {
                r = become_unreadable(&s, fd);
                if (r < 0)
                        return r;
        }
        *ret = s; /* FILE_ABSENT is zero */
        return 0;
}

void snapshot_done(struct snapshot *snapshot) {
        file_metadata_done(&snapshot->metadata);
        free(snapshot->data);
        *snapshot = (struct snapshot){ 0 };
}

static int compare_names(const void *a, const void *b) {
        const char *const *x = a, *const *y = b;

        return strcmp(*x, *y);
}

static int list_names(DIR *directory, size_t max, char ***names, size_t *n) {
        const struct dirent *entry;

        for (;;) {
                int r;

                errno = 0;
                entry = readdir(directory);
                if (!entry)
                        return -errno;
                if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
                        continue;
                if (*n >= max)
                        return -E2BIG;
                r = strings_append(names, n, entry->d_name);
                if (r < 0)
                        return r;
        }
}

int snapshot_list(const struct os_root *root, const char *path, size_t max, char ***ret_names,
                  size_t *ret_n) {
        CLEANUP_FD int fd = -1;
        char **names = NULL;
        size_t n = 0;
        DIR *directory;
        int r;

        fd = os_root_openat(root, path, O_RDONLY | O_DIRECTORY | O_NONBLOCK, 0);
        if (fd < 0)
                return fd;
        directory = fdopendir(fd);
        if (!directory)
                return -errno;
        (void)fd_take(&fd);
        r = list_names(directory, max, &names, &n);
        (void)closedir(directory);
        if (r < 0) {
                strings_free(names, n);
                return r;
        }
        if (n > 1)
                qsort(names, n, sizeof names[0], compare_names);
        *ret_names = names;
        *ret_n = n;
        return 0;
}
