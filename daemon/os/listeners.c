/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Finding servers of ssh among the processes.
 *
 * sshd writes "[listener]" into the title of the process that listens, whatever the program is
 * called (OpenSSH 8.2 and later); dropbear is known by its name. Title and status of a process are
 * everybody's to read, its program and its sockets are not (ptrace(2), "access mode checking"), and
 * the sandbox has no right to them. A process of a container has more than one number in NSpid
 * (proc(5)): its sshd is that container's business. */

#include "os/listeners.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "fd.h"

enum {
        TITLE_MAX = 512,   /* of a title the beginning says it */
        STATUS_MAX = 4096, /* NSpid stands in the first kilobyte */
};

static const char marker[] = " [listener]";

static void close_directory(DIR **directory) {
        if (*directory)
                (void)closedir(*directory);
}

/* What is there of /proc/PID/NAME, NUL-terminated; its length, or -1 if the process is gone. */
static ssize_t read_file(int proc_fd, const char *pid, const char *name, char *ret, size_t size) {
        char path[64];
        ssize_t n;
        int fd;

        (void)snprintf(path, sizeof path, "%s/%s", pid, name);
        fd = openat(proc_fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0)
                return -1;
        n = read(fd, ret, size - 1);
        (void)fd_close(&fd);
        if (n >= 0)
                ret[n] = '\0';
        return n;
}

/* The arguments of a title that was not set stand NUL-terminated side by side. */
static void join_arguments(char *title, size_t n) {
        while (n > 0 && (title[n - 1] == '\0' || title[n - 1] == ' '))
                title[--n] = '\0';
        for (size_t i = 0; i < n; i++)
                if (title[i] == '\0')
                        title[i] = ' ';
}

static bool is_dropbear(const char *title) {
        size_t n = strcspn(title, " ");
        const char *slash = memrchr(title, '/', n);
        const char *name = slash ? slash + 1 : title;

        return n - (size_t)(name - title) == strlen("dropbear") &&
               strncmp(name, "dropbear", strlen("dropbear")) == 0;
}

static bool is_listener(char *title) {
        char *at = strstr(title, marker);

        if (!at)
                return is_dropbear(title);
        at[strlen(marker)] = '\0'; /* " 0 of 10-100 startups" */
        return true;
}

static bool is_in_container(int proc_fd, const char *pid) {
        char status[STATUS_MAX];
        const char *line;

        if (read_file(proc_fd, pid, "status", status, sizeof status) < 0)
                return true; /* gone */
        line = strstr(status, "\nNSpid:");
        if (!line)
                return false;
        line += strlen("\nNSpid:");
        line += strspn(line, " \t");
        line += strspn(line, "0123456789");
        return line[strspn(line, " \t")] != '\n';
}

static int add(struct listener **listeners, size_t *n, const char *pid, const char *title) {
        char *copy = strdup(title);
        int r = copy ? ARRAY_GROW(*listeners, *n) : -ENOMEM;

        if (r < 0) {
                free(copy);
                return r;
        }
        (*listeners)[(*n)++] = (struct listener){ (uint32_t)strtoul(pid, NULL, 10), copy };
        return 0;
}

int listeners_find(const char *proc, struct listener **ret, size_t *ret_n) {
        CLEANUP(close_directory) DIR *directory = opendir(proc);
        struct listener *listeners = NULL;
        const struct dirent *entry;
        size_t n = 0;
        int r = 0;

        if (!directory)
                return -errno;
        while (r == 0 && (entry = readdir(directory))) {
                int proc_fd = dirfd(directory);
                char title[TITLE_MAX];
                ssize_t n_title;

                if (!isdigit((unsigned char)entry->d_name[0]))
                        continue;
                n_title = read_file(proc_fd, entry->d_name, "cmdline", title, sizeof title);
                if (n_title <= 0)
                        continue;
                join_arguments(title, (size_t)n_title);
                if (is_listener(title) && !is_in_container(proc_fd, entry->d_name))
                        r = add(&listeners, &n, entry->d_name, title);
        }
        if (r < 0) {
                listeners_free(listeners, n);
                return r;
        }
        *ret = listeners;
        *ret_n = n;
        return 0;
}

void listeners_free(struct listener *listeners, size_t n) {
        for (size_t i = 0; i < n; i++)
                free(listeners[i].title);
        free(listeners);
}
