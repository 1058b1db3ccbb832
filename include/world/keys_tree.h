/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What sshd would ask the system while it reads a file of authorized keys, and for whom it reads.
 */

#include "keys/release.h"
#include "sshd/release.h"

/* Local time (without summer time, as sshd asks for it), services and interfaces of this system. */
extern const struct keys_environment keys_tree_environment;

struct keys_release keys_tree_release(const struct sshd_release *release);
