/* SPDX-License-Identifier: GPL-3.0-or-later */
/* /proc/cmdline. Words are separated by white space; a quote keeps it in a word (bootparam(7)), and
 * a word is compared with its quotes, so nothing of ours has any. The kernel's own limit of the
 * line, COMMAND_LINE_SIZE, is 4096 bytes at most; what is longer is cut off. */

#include "os/kernel_line.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "fd.h"

enum { LINE_MAX_BYTES = 4096 };

bool kernel_line_lists(const char *line, const char *word) {
        size_t n = strlen(word);

        while (*line) {
                bool is_quoted = false;
                size_t length = 0;

                line += strspn(line, " \t\n");
                while (line[length] && (is_quoted || !strchr(" \t\n", line[length])))
                        is_quoted ^= line[length++] == '"';
                if (length == n && strncmp(line, word, n) == 0)
                        return true;
                line += length;
        }
        return false;
}

int kernel_line_ask(const char *word, bool *ret) {
        CLEANUP_FD int fd = open("/proc/cmdline", O_RDONLY | O_CLOEXEC);
        char line[LINE_MAX_BYTES + 1];
        ssize_t n;

        if (fd < 0)
                return -errno;
        n = read(fd, line, sizeof line - 1); /* procfs gives it at once */
        if (n < 0)
                return -errno;
        line[n] = '\0';
        *ret = kernel_line_lists(line, word);
        return 0;
}
