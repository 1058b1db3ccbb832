/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading a release out of what sshd or ssh says of itself.
 *
 * Releases before 9.3 have no -V: they complain about the option, and print the version in the
 * usage text. Debian's sshd 9.2 prints only "OpenSSH_9.2, OpenSSL …" for -V, without the word
 * "Debian"; a text that cannot tell is taken as Debian's build, whose differences are the larger
 * set. */

#include "sshd/release.h"

#include <stdio.h>
#include <string.h>

enum {
        RELEASE_OLDEST = 804,
        RELEASE_NEWEST = 1006,
};

static const char prefix[] = "OpenSSH_";

/* "9.2" at TEXT: the number, and where it ended. */
static bool parse_number(const char *text, unsigned *ret, const char **ret_end) {
        unsigned parts[2] = { 0, 0 };

        for (unsigned i = 0; i < 2; i++) {
                if (*text < '0' || *text > '9')
                        return false;
                for (; *text >= '0' && *text <= '9'; text++) {
                        parts[i] = parts[i] * 10 + (unsigned)(*text - '0');
                        if (parts[i] > 99)
                                return false;
                }
                if (i == 0 && *text++ != '.')
                        return false;
        }
        *ret = parts[0] * 100 + parts[1];
        *ret_end = text;
        return true;
}

/* A bare number stands for Debian's build; its own package version is then not known. */
static bool parse_bare(const char *text, struct sshd_release *ret) {
        struct sshd_release release = { .flavour = SSHD_DEBIAN };
        const char *end;

        if (!parse_number(text, &release.number, &end))
                return false;
        if (*end == 'p' && end[1] >= '0' && end[1] <= '9')
                end += 2;
        if (*end != '\0')
                return false;
        (void)snprintf(release.version, sizeof release.version, "%s%s%s Debian", prefix, text,
                       strchr(text, 'p') ? "" : "p1");
        *ret = release;
        return true;
}

bool sshd_release_parse(const char *text, struct sshd_release *ret) {
        struct sshd_release release = { .flavour = SSHD_UPSTREAM };
        const char *start = strstr(text, prefix), *end;
        size_t n;

        if (!start)
                return parse_bare(text, ret);
        if (!parse_number(start + strlen(prefix), &release.number, &end))
                return false;
        n = strcspn(start, ",\r\n");
        if (n >= sizeof release.version)
                n = sizeof release.version - 1;
        memcpy(release.version, start, n);
        if (strstr(release.version, "Debian") || strstr(release.version, "Ubuntu") || *end != 'p')
                release.flavour = SSHD_DEBIAN;
        *ret = release;
        return true;
}

bool sshd_release_is_known(const struct sshd_release *release) {
        return release->number >= RELEASE_OLDEST && release->number <= RELEASE_NEWEST;
}
