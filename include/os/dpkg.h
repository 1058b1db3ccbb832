/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What dpkg and ucf have on record about files: which content their packages brought. */

#include <stdbool.h>
#include <stdint.h>

#include "base/metadata.h"
#include "os/root.h"

enum { DPKG_MD5_SIZE = 33 }; /* in hexadecimal, as dpkg keeps it, and a NUL */

/* The records of configuration files, one "MD5 PATH" a line, of those that IS_WANTED. They change
 * when a package brings another version. Returns 0 with heap text, or a negative errno: -ENOENT
 * where dpkg keeps no records. */
int dpkg_configuration(const struct os_root *root,
                       bool (*is_wanted)(void *userdata, const char *path), void *userdata,
                       char **ret);

/* What such text says of PATH; false if nothing. */
bool dpkg_configuration_of(const char *records, const char *path, char ret[DPKG_MD5_SIZE]);

/* What a package that was unpacked since then says of PATH, which is no configuration file.
 * Returns 1 with the sum, 0 if none says anything, or a negative errno. */
int dpkg_unpacked(const struct os_root *root, const char *path, int64_t since_us,
                  char ret[DPKG_MD5_SIZE]);

/* Both sums of the same bytes of a regular file. Returns 0 or a negative errno. */
int dpkg_sums(const struct os_root *root, const char *path, char ret_md5[DPKG_MD5_SIZE],
              uint8_t ret_sha256[FILE_SHA256_SIZE]);

/* Whether a dpkg, or a front end that drives it, has its lock. */
bool dpkg_is_running(const struct os_root *root);
