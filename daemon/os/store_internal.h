/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What store.c (the database, approved versions, values, gaps) and incidents.c (incidents and their
 * quarantine) share: steps, contents and versions. */

#include <stdbool.h>
#include <stdint.h>

#include "database.h"
#include "os/store.h"

enum { N_VERSION_COLUMNS = 17 };

/* The value that counts copies the bounds did not admit. */
#define STORE_DROPPED "quarantine-dropped"

struct store {
        struct database database;
        bool is_begun;
        /* As of the last count; what is added since is added, what is removed makes it count anew.
         */
        int64_t quarantine_bytes, n_incidents;
};

/* A step is a transaction of its own, or a part of the one that was begun. */
int store_step_begin(struct store *store);
/* Ends a step: with R < 0 as if it had not been. Returns R, or why it could not be committed. */
int store_step_end(struct store *store, int r);
int store_count(struct store *store);

int store_hash(const char *data, size_t n, uint8_t ret[FILE_SHA256_SIZE]);
/* The id of a kept content: 0 or -ENOENT. */
int store_find_content(struct store *store, const uint8_t sha256[FILE_SHA256_SIZE],
                       int64_t *ret_id);
int store_put_content(struct store *store, const uint8_t sha256[FILE_SHA256_SIZE], const char *data,
                      size_t n, int64_t *ret_id);
/* CONTENT 0: none. */
int store_put_version(struct store *store, const struct file_metadata *metadata, int64_t content,
                      int64_t *ret_id);
/* With its content, if no other version has it. */
int store_drop_version(struct store *store, int64_t version);
/* Reads the first N_VERSION_COLUMNS columns; what was read is the caller's even on failure. */
int store_get_metadata(const struct cursor *cursor, struct file_metadata *metadata);
/* The content in column 0 of the statement's row, checked against SHA256 or, if that is NULL,
 * against column 1. */
int store_read_content(struct store *store, enum statement statement, const struct value *key,
                       const uint8_t *sha256, char **ret_data, size_t *ret_n);
