/* SPDX-License-Identifier: GPL-3.0-or-later */
/* dpkg's and ucf's records: packages, also those of others than the distribution, choose the names
 * and much of the text in them. The same bytes are each of the three files. */

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/dpkg.h"

static const char *const files[] = { "/var/lib/dpkg/status", "/var/lib/ucf/hashfile",
                                     "/var/lib/dpkg/info/some.md5sums" };
static char place[64];

static void in_place(const char *path, char ret[128]) {
        if (snprintf(ret, 128, "%s%s", place, path) >= 128)
                abort();
}

static void forget_place(void) {
        static const char *const directories[] = {
                "/var/lib/dpkg/info", "/var/lib/dpkg", "/var/lib/ucf", "/var/lib", "/var", ""
        };
        char name[128];

        for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
                in_place(files[i], name);
                (void)unlink(name);
        }
        for (size_t i = 0; i < sizeof directories / sizeof directories[0]; i++) {
                in_place(directories[i], name);
                (void)rmdir(name);
        }
}

static void make_place(void) {
        static const char *const directories[] = { "/var", "/var/lib", "/var/lib/ucf",
                                                   "/var/lib/dpkg", "/var/lib/dpkg/info" };
        char name[128];

        strcpy(place, access("/dev/shm", W_OK) == 0 ? "/dev/shm/fuzz-dpkg-XXXXXX"
                                                    : "/tmp/fuzz-dpkg-XXXXXX");
        if (!mkdtemp(place) || atexit(forget_place) != 0)
                abort();
        for (size_t i = 0; i < sizeof directories / sizeof directories[0]; i++) {
                in_place(directories[i], name);
                if (mkdir(name, 0755) < 0)
                        abort();
        }
}

static void write_file(const char *path, const uint8_t *data, size_t size) {
        char name[128];
        int fd;

        in_place(path, name);
        fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        if (fd < 0 || write(fd, data, size) != (ssize_t)size || close(fd) < 0)
                abort();
}

static bool is_anything(void *userdata, const char *path) {
        size_t *n = userdata;

        if (path[0] != '/' || strchr(path, '\n'))
                abort();
        (*n)++;
        return true;
}

static bool is_sum(const char *text) {
        return strspn(text, "0123456789abcdef") == DPKG_MD5_SIZE - 1;
}

/* Each line is a record, and what it says is found by its path. */
static void check_records(char *records, size_t n_wanted) {
        char *copy = strdup(records), *rest = copy, *line;
        size_t n_lines = 0;

        if (!copy)
                abort();
        while ((line = strsep(&rest, "\n")) && rest) {
                char sum[DPKG_MD5_SIZE];

                n_lines++;
                if (!is_sum(line) || line[DPKG_MD5_SIZE - 1] != ' ' || line[DPKG_MD5_SIZE] != '/' ||
                    !dpkg_configuration_of(records, line + DPKG_MD5_SIZE, sum) || !is_sum(sum) ||
                    strlen(sum) != DPKG_MD5_SIZE - 1)
                        abort();
        }
        if (n_lines != n_wanted)
                abort();
        free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const char *const paths[] = { "/usr/lib/security/pam_x.so", "/etc/ssh/sshd_config",
                                             "/", "/usr/" };
        struct os_root root;
        char *records = NULL;
        size_t n_wanted = 0;

        if (!place[0])
                make_place();
        for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
                write_file(files[i], data, size);
        if (os_root_open(place, &root) < 0)
                abort();
        if (dpkg_configuration(&root, is_anything, &n_wanted, &records) == 0)
                check_records(records, n_wanted);
        free(records);
        for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
                char sum[DPKG_MD5_SIZE];
                int r = dpkg_unpacked(&root, paths[i], 0, sum);

                if (r < 0 || r > 1 ||
                    (r == 1 && (!is_sum(sum) || strlen(sum) != DPKG_MD5_SIZE - 1)))
                        abort();
        }
        os_root_close(&root);
        return 0;
}
