/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The editor works on a copy in a folder that only the user can enter: neither a half-written file
 * nor an editor's backup ever lies where sshd or PAM reads. The command of the environment goes
 * through a shell, as git's does, so that it may have arguments; who may set it is who may run
 * commands anyway. */

#include "editor.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"

static int write_all(const char *path, const char *data, size_t n) {
        int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), r = 0;

        if (fd < 0)
                return -errno;
        while (n > 0 && r == 0) {
                ssize_t n_written = write(fd, data, n);

                if (n_written < 0)
                        r = errno == EINTR ? 0 : -errno;
                else
                        data += n_written, n -= (size_t)n_written;
        }
        if (close(fd) < 0 && r == 0)
                r = -errno;
        return r;
}

int editor_copy_new(const char *original, const char *data, size_t n, struct editor_copy *ret) {
        const char *name = strrchr(original, '/');
        const char *root = getenv("TMPDIR");
        struct editor_copy copy = { 0 };
        int r = 0;

        copy.folder =
                text_format("%s/sshguardctl-edit.XXXXXX", root && *root == '/' ? root : "/tmp");
        if (!copy.folder)
                return -ENOMEM;
        if (!mkdtemp(copy.folder)) {
                r = -errno;
                free(copy.folder);
                return r;
        }
        copy.path = text_format("%s/%s", copy.folder, name ? name + 1 : original);
        r = copy.path ? write_all(copy.path, data, n) : -ENOMEM;
        if (r < 0) {
                editor_copy_done(&copy);
                return r;
        }
        *ret = copy;
        return 0;
}

void editor_copy_done(struct editor_copy *copy) {
        if (copy->path)
                (void)unlink(copy->path);
        if (copy->folder)
                (void)rmdir(copy->folder); /* stays if the editor left something of its own */
        free(copy->path);
        free(copy->folder);
        *copy = (struct editor_copy){ 0 };
}

static const char *choose(void) {
        static const char *const names[] = { "SUDO_EDITOR", "VISUAL", "EDITOR" };

        for (size_t i = 0; i < N_ELEMENTS(names); i++) {
                const char *value = getenv(names[i]);

                if (value && *value)
                        return value;
        }
        return "editor";
}

/* Signals of the keyboard are the editor's while it runs. */
int editor_run(const struct editor_copy *copy) {
        CLEANUP_FREE char *command = text_format("%s \"$1\"", choose());
        const struct sigaction ignore = { .sa_handler = SIG_IGN };
        struct sigaction interrupt, quit;
        int status;
        pid_t pid;

        if (!command)
                return -ENOMEM;
        (void)sigaction(SIGINT, &ignore, &interrupt);
        (void)sigaction(SIGQUIT, &ignore, &quit);
        pid = fork();
        if (pid == 0) {
                (void)sigaction(SIGINT, &interrupt, NULL);
                (void)sigaction(SIGQUIT, &quit, NULL);
                (void)execl("/bin/sh", "sh", "-c", command, "sh", copy->path, (char *)NULL);
                _exit(127);
        }
        status = pid < 0 ? -errno : 0;
        while (pid > 0 && waitpid(pid, &status, 0) < 0)
                if (errno != EINTR)
                        break;
        (void)sigaction(SIGINT, &interrupt, NULL);
        (void)sigaction(SIGQUIT, &quit, NULL);
        if (pid < 0)
                return status;
        return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int editor_read(const char *path, size_t max, struct text *text) {
        int fd = strcmp(path, "-") == 0 ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
        char buffer[8192];
        ssize_t n = 0;
        int r = text_append(text, "");

        if (fd < 0)
                return -errno;
        while (r == 0 && (n = read(fd, buffer, sizeof buffer)) > 0) {
                r = text_append_n(text, buffer, (size_t)n);
                if (r == 0 && text->n > max)
                        r = -EFBIG;
        }
        if (n < 0)
                r = -errno;
        (void)close(fd);
        return r;
}
