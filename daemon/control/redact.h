/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Texts without key material. */

#include <stddef.h>

#include "base/text.h"

/* Appends BYTES line by line: a public key of any form sshd reads becomes its fingerprint, the body
 * of a PEM private key and other long base64 "[N characters, checksum X]". Line ends stay, so the
 * result compares line by line like the original. Returns 0 or -ENOMEM. */
int redact_keys(struct text *text, const char *bytes, size_t n);
