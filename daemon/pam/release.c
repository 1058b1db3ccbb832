/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the releases of Linux-PAM and Debian's builds of them do differently.
 *
 * Facts, from the sources of 1.3.1 to 1.7.2 and Debian's 1.4.0-9, 1.5.2-6, 1.7.0-5 and 1.7.0-8:
 * 1.6.0 brought the new line reader, the limit on inclusions and the check of jump numbers;
 * Debian's patch 031 adds `@include` and (until 1.7.0-5) looks relative includes up in /etc/pam.d
 * alone; patch 045 makes a jump in a frozen chain count as ignored; lib_security_multiarch_compat
 * searches two module directories; 1.7.2 reads /usr/share/pam/pam.d unless told otherwise at build
 * time. */

#include "pam/release.h"

#include <string.h>

#include "base/ascii.h"

#define SERVICE_DIR_ETC    "/etc/pam.d"
#define SERVICE_DIR_LIB    "/usr/lib/pam.d"
#define SERVICE_DIR_VENDOR "/usr/share/pam/pam.d"

#if defined(__x86_64__)
#define MULTIARCH "x86_64-linux-gnu"
#elif defined(__aarch64__)
#define MULTIARCH "aarch64-linux-gnu"
#elif defined(__i386__)
#define MULTIARCH "i386-linux-gnu"
#elif defined(__arm__)
#define MULTIARCH "arm-linux-gnueabihf"
#elif defined(__riscv)
#define MULTIARCH "riscv64-linux-gnu"
#elif defined(__powerpc64__)
#define MULTIARCH "powerpc64le-linux-gnu"
#elif defined(__s390x__)
#define MULTIARCH "s390x-linux-gnu"
#else
#define MULTIARCH "unknown-linux-gnu"
#endif

enum {
        VERSION_LINE_READER = 10600,
        VERSION_VENDOR_DIR = 10702,
        VERSION_USR_MODULES = 10700, /* Debian's libdir moved from /lib to /usr/lib */
        REVISION_INCLUDES_EVERYWHERE = 6,
};

/* Reads decimal digits at *AT; false if there are none or too many to be a version. */
static bool read_number(const char **at, unsigned *ret) {
        unsigned number = 0;

        if (!ascii_is_digit(**at))
                return false;
        while (ascii_is_digit(**at)) {
                if (number > 9999)
                        return false;
                number = number * 10 + (unsigned)(*(*at)++ - '0');
        }
        *ret = number;
        return true;
}

static void set_facts(struct pam_release *release) {
        bool is_debian = release->flavour == PAM_DEBIAN;
        bool is_old = release->number < VERSION_LINE_READER;

        release->has_line_buffer = is_old;
        release->counts_substacks_only = is_old;
        release->wraps_jumps = is_old;
        release->has_at_include = is_debian;
        release->ignores_frozen_jumps = is_debian;
        release->includes_from_etc_only =
                is_debian &&
                (release->number < 10700 ||
                 (release->number == 10700 && release->revision < REVISION_INCLUDES_EVERYWHERE));
        release->service_dirs[0] = SERVICE_DIR_ETC;
        release->service_dirs[1] = SERVICE_DIR_LIB;
        if (!is_debian && release->number >= VERSION_VENDOR_DIR)
                release->service_dirs[2] = SERVICE_DIR_VENDOR;
        if (!is_debian) {
                release->module_dirs[0] = "/usr/lib64/security";
                release->module_dirs[1] = "/usr/lib/security";
                release->module_dirs[2] = "/lib/security";
        } else if (release->number >= VERSION_USR_MODULES) {
                release->module_dirs[0] = "/usr/lib/" MULTIARCH "/security";
                release->module_dirs[1] = "/usr/lib/security";
        } else {
                release->module_dirs[0] = "/lib/" MULTIARCH "/security";
                release->module_dirs[1] = "/lib/security";
        }
}

bool pam_release_parse(const char *text, struct pam_release *ret) {
        static const char upstream[] = "upstream-";
        struct pam_release release = { .flavour = PAM_DEBIAN };
        unsigned major, minor, patch = 0;

        if (strncmp(text, upstream, sizeof upstream - 1) == 0) {
                release.flavour = PAM_UPSTREAM;
                text += sizeof upstream - 1;
        }
        if (!read_number(&text, &major) || *text++ != '.' || !read_number(&text, &minor))
                return false;
        if (*text == '.' && (text++, !read_number(&text, &patch)))
                return false;
        if (major == 0 || major > 99 || minor > 99 || patch > 99)
                return false;
        if (*text == '-') { /* the revision may go on as it likes: "6+deb12u2", "5ubuntu5.1" */
                text++;
                if (!read_number(&text, &release.revision) || strchr(text, ' '))
                        return false;
        } else if (*text && !strchr("+~", *text))
                return false;
        release.number = major * 10000 + minor * 100 + patch;
        set_facts(&release);
        *ret = release;
        return true;
}
