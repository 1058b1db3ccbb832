/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Metadata of a file as a value: copying, comparing, naming. What counts as a difference is what
 * can change who may read or write the file, or what it says; inode numbers and times are identity.
 */

#include "base/metadata.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"

/* linux/fs.h: FS_IMMUTABLE_FL, FS_APPEND_FL */
static const uint32_t compared_flags = 0x10 | 0x20;

const char *file_kind_name(enum file_kind kind) {
        static const char *const names[N_FILE_KINDS] = {
                [FILE_ABSENT] = "absent",
                [FILE_REGULAR] = "a regular file",
                [FILE_DIRECTORY] = "a directory",
                [FILE_SYMLINK] = "a symbolic link",
                [FILE_FIFO] = "a FIFO",
                [FILE_SOCKET] = "a socket",
                [FILE_CHARACTER_DEVICE] = "a character device",
                [FILE_BLOCK_DEVICE] = "a block device",
                [FILE_UNREADABLE] = "unreadable",
        };

        return kind < N_FILE_KINDS ? names[kind] : "unknown";
}

int file_metadata_copy(struct file_metadata *ret, const struct file_metadata *metadata) {
        struct file_metadata copy = *metadata;

        copy.xattrs = NULL;
        copy.n_xattrs = 0;
        copy.link_target = NULL;
        if (metadata->link_target) {
                copy.link_target = strdup(metadata->link_target);
                if (!copy.link_target)
                        return -ENOMEM;
        }
        for (size_t i = 0; i < metadata->n_xattrs; i++) {
                const struct file_xattr *from = &metadata->xattrs[i];
                struct file_xattr *to;

                if (ARRAY_GROW(copy.xattrs, copy.n_xattrs) < 0)
                        goto failed;
                to = &copy.xattrs[copy.n_xattrs++];
                to->name = strdup(from->name);
                to->value = malloc(from->n_value + 1);
                if (!to->name || !to->value)
                        goto failed;
                memcpy(to->value, from->value, from->n_value);
                to->value[from->n_value] = '\0';
                to->n_value = from->n_value;
        }
        *ret = copy;
        return 0;
failed:
        file_metadata_done(&copy);
        return -ENOMEM;
}

void file_metadata_done(struct file_metadata *metadata) {
        for (size_t i = 0; i < metadata->n_xattrs; i++) {
                free(metadata->xattrs[i].name);
                free(metadata->xattrs[i].value);
        }
        free(metadata->xattrs);
        free(metadata->link_target);
        *metadata = (struct file_metadata){ 0 };
}

static bool same_xattrs(const struct file_metadata *a, const struct file_metadata *b) {
        if (a->n_xattrs != b->n_xattrs)
                return false;
        for (size_t i = 0; i < a->n_xattrs; i++) {
                const struct file_xattr *x = &a->xattrs[i], *y = &b->xattrs[i];

                if (strcmp(x->name, y->name) != 0 || x->n_value != y->n_value ||
                    memcmp(x->value, y->value, x->n_value) != 0)
                        return false;
        }
        return true;
}

static bool same_content(const struct file_metadata *a, const struct file_metadata *b) {
        if (a->kind != FILE_REGULAR)
                return true;
        if (!a->has_sha256 || !b->has_sha256)
                return a->size == b->size;
        return memcmp(a->sha256, b->sha256, FILE_SHA256_SIZE) == 0;
}

unsigned file_metadata_compare(const struct file_metadata *a, const struct file_metadata *b) {
        unsigned differences = 0;

        if (a->kind != b->kind)
                return FILE_DIFFERS_KIND;
        if (a->kind == FILE_ABSENT)
                return 0;
        if (a->kind == FILE_SYMLINK) {
                const char *x = a->link_target ? a->link_target : "";
                const char *y = b->link_target ? b->link_target : "";

                if (strcmp(x, y) != 0)
                        differences |= FILE_DIFFERS_LINK;
        } else if (a->mode != b->mode) {
                differences |= FILE_DIFFERS_MODE;
        }
        if (!same_content(a, b))
                differences |= FILE_DIFFERS_CONTENT;
        if (a->uid != b->uid)
                differences |= FILE_DIFFERS_OWNER;
        if (a->gid != b->gid)
                differences |= FILE_DIFFERS_GROUP;
        if (!same_xattrs(a, b))
                differences |= FILE_DIFFERS_XATTRS;
        if ((a->flags & compared_flags) != (b->flags & compared_flags))
                differences |= FILE_DIFFERS_FLAGS;
        return differences;
}

const char *file_sha256_format(const uint8_t sha256[FILE_SHA256_SIZE], char buffer[65]) {
        static const char digits[] = "0123456789abcdef";

        for (size_t i = 0; i < FILE_SHA256_SIZE; i++) {
                buffer[2 * i] = digits[sha256[i] >> 4];
                buffer[2 * i + 1] = digits[sha256[i] & 15];
        }
        buffer[64] = '\0';
        return buffer;
}

static int hex_value(char c) {
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        if (c >= 'A' && c <= 'F')
                return c - 'A' + 10;
        return -1;
}

bool file_sha256_parse(const char *text, uint8_t ret[FILE_SHA256_SIZE]) {
        if (strlen(text) != 2 * (size_t)FILE_SHA256_SIZE)
                return false;
        for (size_t i = 0; i < FILE_SHA256_SIZE; i++) {
                int high = hex_value(text[2 * i]), low = hex_value(text[2 * i + 1]);

                if (high < 0 || low < 0)
                        return false;
                ret[i] = (uint8_t)(high << 4 | low);
        }
        return true;
}
