/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What a path is, without its content: read by os/snapshot, kept by os/store, judged by policy. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum file_kind {
        FILE_ABSENT,
        FILE_REGULAR,
        FILE_DIRECTORY,
        FILE_SYMLINK, /* the last component; only where links are not followed, or dangle */
        FILE_FIFO,
        FILE_SOCKET,
        FILE_CHARACTER_DEVICE,
        FILE_BLOCK_DEVICE,
        FILE_UNREADABLE, /* exists, but could not be read: `error` says why */
        N_FILE_KINDS
};

/* "a regular file", "a FIFO" …; for messages. */
const char *file_kind_name(enum file_kind kind);

struct file_xattr {
        char *name; /* "system.posix_acl_access", "security.selinux" … */
        char *value;
        size_t n_value;
};

enum { FILE_SHA256_SIZE = 32 };

struct file_metadata {
        enum file_kind kind;
        int error;     /* errno of FILE_UNREADABLE */
        uint32_t mode; /* permission bits, 07777 */
        uint32_t uid, gid;
        uint64_t size;
        int64_t mtime_ns, ctime_ns; /* since 1970; times alone are never drift */
        uint64_t dev, ino;
        uint64_t nlink;
        uint32_t flags; /* FS_IOC_GETFLAGS; of these only immutable and append-only are compared */
        struct file_xattr *xattrs; /* sorted by name */
        size_t n_xattrs;
        char *link_target;                /* of FILE_SYMLINK */
        uint8_t sha256[FILE_SHA256_SIZE]; /* of the content of FILE_REGULAR, all of it */
        bool has_sha256;
        bool is_null;     /* of FILE_CHARACTER_DEVICE: the null device, which reads as empty */
        bool is_oversize; /* content was hashed but not kept: larger than the limit of its reader */
};

int file_metadata_copy(struct file_metadata *ret, const struct file_metadata *metadata);
void file_metadata_done(struct file_metadata *metadata);

/* What differs between two states of a path, as a set of bits; identity (dev, ino) and times never
 * do. */
enum file_difference {
        FILE_DIFFERS_KIND = 1 << 0,
        FILE_DIFFERS_CONTENT = 1 << 1,
        FILE_DIFFERS_MODE = 1 << 2,
        FILE_DIFFERS_OWNER = 1 << 3,
        FILE_DIFFERS_GROUP = 1 << 4,
        FILE_DIFFERS_XATTRS = 1 << 5, /* ACLs and labels */
        FILE_DIFFERS_FLAGS = 1 << 6,
        FILE_DIFFERS_LINK = 1 << 7, /* the target's text */
};
unsigned file_metadata_compare(const struct file_metadata *a, const struct file_metadata *b);

/* Lower-case hexadecimal of a digest; BUFFER holds 65 bytes. */
const char *file_sha256_format(const uint8_t sha256[FILE_SHA256_SIZE], char buffer[65]);
bool file_sha256_parse(const char *text, uint8_t ret[FILE_SHA256_SIZE]);
