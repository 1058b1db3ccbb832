/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Putting metadata on an inode, by descriptor (O_PATH will do), with our own rights. Only what
 * differs is changed: file systems that refuse chmod(2) as such need none of it. */

#include <stdint.h>

#include "base/metadata.h"

/* Owner, group, mode and xattrs as WANTED. Returns 0 or a negative errno. */
int inode_set_metadata(int fd, const struct file_metadata *wanted);

/* Immutable and append-only exactly as in FLAGS (FS_IMMUTABLE_FL, FS_APPEND_FL), the rest as they
 * are. Returns 0 or a negative errno; a file system without flags has none to clear: 0. */
int inode_set_flags(int fd, uint32_t flags);

/* Whoever waits in open(2) for the other end of a FIFO goes on, and reads its end. */
void inode_release_fifo(int fd);
