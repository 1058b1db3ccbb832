/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The effective settings in `sshd -T`'s own format and order. */

#include "base/text.h"
#include "sshd/effective.h"

/* Appends what `sshd -T [-C …]` of this release prints, byte for byte. Returns 0 or -ENOMEM. */
int sshd_effective_format(const struct sshd_effective *effective, struct text *text);
