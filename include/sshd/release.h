/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Which sshd reads the configuration. The same text means different things to different releases;
 * every difference in this room is keyed on this value. */

#include <stdbool.h>

enum sshd_flavour {
        SSHD_UPSTREAM,
        SSHD_DEBIAN, /* Debian's and Ubuntu's patches: DebianBanner, GSSAPI key exchange, defaults
                      */
        N_SSHD_FLAVOURS
};

struct sshd_release {
        unsigned number; /* 100 * major + minor: 804, 902, 1006 */
        enum sshd_flavour flavour;
        char version[64]; /* what `Match version` compares: "OpenSSH_10.0p2 Debian-7" */
};

/* Reads "9.2", "OpenSSH_9.2p1 Debian-2+deb12u6, OpenSSL 3.0.15 …" (sshd -V, ssh -V). A bare number
 * is taken as Debian's build. False if the text names no release; below 8.4 and above 10.6 are
 * accepted and treated as the nearest known one (sshd_release_is_known tells). */
bool sshd_release_parse(const char *text, struct sshd_release *ret);
bool sshd_release_is_known(const struct sshd_release *release);
