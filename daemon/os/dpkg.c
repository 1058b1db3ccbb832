/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading dpkg's records.
 *
 * /var/lib/dpkg/status has, in the field Conffiles of each package, the sum of each configuration
 * file as the package shipped it last (deb-conffiles(5)); dpkg writes it when it has installed the
 * new version or asked. ucf keeps the same for the files it handles in /var/lib/ucf/hashfile.
 * All other files of a package have their sums in info/PACKAGE.md5sums, which dpkg makes anew
 * whenever it unpacks the package: its change time says when. MD5 is what there is; who can make
 * two files of one sum made the package.
 *
 * While it works dpkg holds a lock of fcntl(2) on /var/lib/dpkg/lock, a front end such as apt one
 * on lock-frontend. */

#include "os/dpkg.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "fd.h"

enum {
        RECORDS_MAX = 64 << 20, /* a status file of all of Debian is about this long */
        MD5_DIGITS = DPKG_MD5_SIZE - 1,
        CHUNK = 64 << 10,
};

static const char info_directory[] = "/var/lib/dpkg/info";
static const char sums_suffix[] = ".md5sums";

static void context_cleanup(EVP_MD_CTX **context) {
        EVP_MD_CTX_free(*context);
}

static void directory_cleanup(DIR **directory) {
        if (*directory)
                (void)closedir(*directory);
}

/* All of a file of ours to trust, NUL-terminated. */
static int read_fd(int fd, char **ret) {
        CLEANUP(text_done) struct text text = { 0 };
        char chunk[CHUNK];
        ssize_t n;

        while ((n = read(fd, chunk, sizeof chunk)) > 0) {
                if (text.n + (size_t)n > RECORDS_MAX)
                        return -EFBIG;
                if (text_append_n(&text, chunk, (size_t)n) < 0)
                        return -ENOMEM;
        }
        if (n < 0)
                return -errno;
        *ret = text.n > 0 ? text_take(&text) : strdup("");
        return *ret ? 0 : -ENOMEM;
}

static int read_file(const struct os_root *root, const char *path, char **ret) {
        CLEANUP_FD int fd = os_root_openat(root, path, O_RDONLY, 0);

        return fd < 0 ? fd : read_fd(fd, ret);
}

/* ---- configuration files ---- */

struct adding {
        bool (*is_wanted)(void *userdata, const char *path);
        void *userdata;
        struct text records;
};

static bool is_sum(const char *word, size_t n) {
        return n == MD5_DIGITS && strspn(word, "0123456789abcdef") >= n;
}

static int add(struct adding *adding, const char *path, size_t n_path, const char *sum) {
        CLEANUP_FREE char *name = strndup(path, n_path);

        if (!name)
                return -ENOMEM;
        if (name[0] != '/' || strchr(name, '\n') || !adding->is_wanted(adding->userdata, name))
                return 0;
        return text_appendf(&adding->records, "%.*s %s\n", (int)MD5_DIGITS, sum, name);
}

/* " PATH MD5", perhaps with " obsolete" or " remove-on-upgrade" behind it. */
static int add_conffile(struct adding *adding, const char *line, size_t n) {
        size_t n_path, n_sum;

        line++;
        n--;
        n_path = strcspn(line, " \n");
        if (n_path + 1 >= n)
                return 0;
        n_sum = strcspn(line + n_path + 1, " \n");
        return is_sum(line + n_path + 1, n_sum) ? add(adding, line, n_path, line + n_path + 1) : 0;
}

static int add_status(struct adding *adding, const char *text) {
        static const char field[] = "Conffiles:";
        bool is_in_field = false;
        int r = 0;

        for (const char *line = text; *line && r == 0;) {
                size_t n = strcspn(line, "\n");

                if (line[0] != ' ')
                        is_in_field = strncmp(line, field, strlen(field)) == 0;
                else if (is_in_field)
                        r = add_conffile(adding, line, n);
                line += n + (line[n] == '\n');
        }
        return r;
}

/* "MD5  PATH" */
static int add_hashes(struct adding *adding, const char *text) {
        int r = 0;

        for (const char *line = text; *line && r == 0;) {
                size_t n = strcspn(line, "\n"), n_sum = strcspn(line, " \n"), blanks;

                blanks = strspn(line + n_sum, " ");
                if (is_sum(line, n_sum) && n_sum + blanks < n)
                        r = add(adding, line + n_sum + blanks, n - n_sum - blanks, line);
                line += n + (line[n] == '\n');
        }
        return r;
}

int dpkg_configuration(const struct os_root *root,
                       bool (*is_wanted)(void *userdata, const char *path), void *userdata,
                       char **ret) {
        CLEANUP_FREE char *status = NULL, *hashes = NULL;
        struct adding adding = { .is_wanted = is_wanted, .userdata = userdata };
        int r = read_file(root, "/var/lib/dpkg/status", &status);

        if (r == 0)
                r = read_file(root, "/var/lib/ucf/hashfile", &hashes);
        if (r == -ENOENT && status)
                r = 0; /* ucf is not installed */
        if (r == 0)
                r = add_status(&adding, status);
        if (r == 0 && hashes)
                r = add_hashes(&adding, hashes);
        if (r == 0) {
                *ret = adding.records.n > 0 ? text_take(&adding.records) : strdup("");
                r = *ret ? 0 : -ENOMEM;
        }
        text_done(&adding.records);
        return r;
}

bool dpkg_configuration_of(const char *records, const char *path, char ret[DPKG_MD5_SIZE]) {
        size_t n_path = strlen(path);

        for (const char *line = records; *line;) {
                size_t n = strcspn(line, "\n");

                if (n == MD5_DIGITS + 1 + n_path &&
                    memcmp(line + MD5_DIGITS + 1, path, n_path) == 0) {
                        memcpy(ret, line, MD5_DIGITS);
                        ret[MD5_DIGITS] = '\0';
                        return true;
                }
                line += n + (line[n] == '\n');
        }
        return false;
}

/* ---- all other files ---- */

/* Whether the sums of one package have PATH, which has no leading slash. */
static bool find_sum(const char *sums, const char *path, char ret[DPKG_MD5_SIZE]) {
        for (const char *line = sums; *line;) {
                size_t n = strcspn(line, "\n");

                if (n == MD5_DIGITS + 2 + strlen(path) && is_sum(line, strcspn(line, " ")) &&
                    memcmp(line + MD5_DIGITS + 2, path, strlen(path)) == 0) {
                        memcpy(ret, line, MD5_DIGITS);
                        ret[MD5_DIGITS] = '\0';
                        return true;
                }
                line += n + (line[n] == '\n');
        }
        return false;
}

/* Packages from before the merge of /usr name a file of /usr/lib as lib/... */
static bool find_in(const char *sums, const char *path, char ret[DPKG_MD5_SIZE]) {
        static const char usr[] = "/usr/";

        return find_sum(sums, path + 1, ret) ||
               (strncmp(path, usr, strlen(usr)) == 0 && find_sum(sums, path + strlen(usr), ret));
}

static bool is_sums_file(const char *name) {
        size_t n = strlen(name);

        return n > strlen(sums_suffix) && strcmp(name + n - strlen(sums_suffix), sums_suffix) == 0;
}

int dpkg_unpacked(const struct os_root *root, const char *path, int64_t since_us,
                  char ret[DPKG_MD5_SIZE]) {
        CLEANUP(directory_cleanup) DIR *directory = NULL;
        CLEANUP_FD int fd = os_root_openat(root, info_directory, O_RDONLY | O_DIRECTORY, 0);
        const struct dirent *entry;

        if (fd < 0)
                return fd;
        directory = fdopendir(fd);
        if (!directory)
                return -errno;
        (void)fd_take(&fd);
        while ((entry = readdir(directory))) {
                CLEANUP_FD int file = -1;
                CLEANUP_FREE char *sums = NULL;
                struct stat st;
                int r;

                if (!is_sums_file(entry->d_name))
                        continue;
                file = openat(dirfd(directory), entry->d_name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
                if (file < 0 || fstat(file, &st) < 0 || !S_ISREG(st.st_mode) ||
                    (int64_t)st.st_ctim.tv_sec * 1000000 + st.st_ctim.tv_nsec / 1000 < since_us)
                        continue;
                r = read_fd(file, &sums);
                if (r < 0)
                        return r;
                if (find_in(sums, path, ret))
                        return 1;
        }
        return 0;
}

/* ---- sums ---- */

int dpkg_sums(const struct os_root *root, const char *path, char ret_md5[DPKG_MD5_SIZE],
              uint8_t ret_sha256[FILE_SHA256_SIZE]) {
        CLEANUP_FD int fd = os_root_openat(root, path, O_RDONLY | O_NONBLOCK, 0);
        CLEANUP(context_cleanup) EVP_MD_CTX *md5 = EVP_MD_CTX_new();
        CLEANUP(context_cleanup) EVP_MD_CTX *sha256 = EVP_MD_CTX_new();
        unsigned char digest[EVP_MAX_MD_SIZE];
        char chunk[CHUNK];
        struct stat st;
        ssize_t n;

        if (fd < 0)
                return fd;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return -EINVAL;
        /* where policy forbids MD5 nothing can be compared */
        if (!md5 || !sha256 || EVP_DigestInit_ex(md5, EVP_md5(), NULL) != 1 ||
            EVP_DigestInit_ex(sha256, EVP_sha256(), NULL) != 1)
                return -ENOTSUP;
        while ((n = read(fd, chunk, sizeof chunk)) > 0)
                if (EVP_DigestUpdate(md5, chunk, (size_t)n) != 1 ||
                    EVP_DigestUpdate(sha256, chunk, (size_t)n) != 1)
                        return -EIO;
        if (n < 0)
                return -errno;
        if (EVP_DigestFinal_ex(md5, digest, NULL) != 1 ||
            EVP_DigestFinal_ex(sha256, ret_sha256, NULL) != 1)
                return -EIO;
        for (size_t i = 0; i < MD5_DIGITS / 2; i++)
                (void)snprintf(ret_md5 + 2 * i, 3, "%02x", digest[i]);
        return 0;
}

/* ---- the lock ---- */

static bool is_locked(const struct os_root *root, const char *path) {
        CLEANUP_FD int fd = os_root_openat(root, path, O_RDONLY, 0);
        struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

        return fd >= 0 && fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

bool dpkg_is_running(const struct os_root *root) {
        return is_locked(root, "/var/lib/dpkg/lock") ||
               is_locked(root, "/var/lib/dpkg/lock-frontend");
}
