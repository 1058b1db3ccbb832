/* SPDX-License-Identifier: GPL-3.0-or-later */
/* File systems with a server behind them, in a child.
 *
 * A FUSE or NFS server that stopped answering blocks open(2), stat(2), even readlink(2) of whoever
 * asks, some of it beyond the reach of SIGKILL for a while. The child has our descriptors and
 * arguments by fork(2); the answer comes back through a pipe as values (codec.c). A child that is
 * killed in the middle of a write leaves what a power cut would: the caller looks again. */

#include "os/remote.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "codec.h"
#include "os/probe.h"

struct work {
        const struct os_root *root;
        const char *path;
        const struct replace_request *request;
        struct replacement *replacement;
};

/* In the child: the end of its work. */
static int answer(int fd, struct text *text) {
        bool sent = text_error(text) == 0 && probe_write(fd, text->data, text->n);

        text_done(text);
        return sent ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int answer_replacement(int fd, int result, const struct replacement *replacement) {
        struct text text = { 0 };

        encode_u32(&text, (uint32_t)-result);
        encode_u32(&text, (uint32_t)replacement->outcome);
        encode_u32(&text, (uint32_t)replacement->error);
        encode_snapshot(&text, &replacement->old);
        encode_string(&text, replacement->path);
        encode_string(&text, replacement->spare);
        return answer(fd, &text);
}

static int replace(void *userdata, int fd) {
        struct work *work = userdata;
        struct replacement replacement = { .directory_fd = -1 };
        int r = replace_file(work->root, work->request, &replacement);

        return answer_replacement(fd, r, &replacement);
}

static int overwrite(void *userdata, int fd) {
        struct work *work = userdata;
        int r = replace_overwrite(work->root, work->request, work->replacement);

        return answer_replacement(fd, r, work->replacement);
}

static int finish(void *userdata, int fd) {
        struct work *work = userdata;
        struct text text = { 0 };
        int r = replace_remove_leftover(work->root, work->path);

        encode_u32(&text, (uint32_t)-r);
        return answer(fd, &text);
}

/* Runs FN in a child. What it answered is in *ret_data, its own result first. */
static int run(int (*fn)(void *userdata, int fd), struct work *work, char **ret_data,
               struct decoder *ret) {
        size_t n = 0;
        int status, r;

        r = probe_call(fn, work, REMOTE_TIMEOUT_MS, ret_data, &n, &status);
        if (r < 0)
                return r;
        if (status != EXIT_SUCCESS)
                return -EIO;
        *ret = (struct decoder){ .data = *ret_data, .n = n };
        return -(int)decode_u32(ret);
}

/* Turns what the child said into *RET; its old content is replaced. */
static int receive(struct decoder *decoder, struct replacement *ret) {
        CLEANUP(replacement_done) struct replacement got = { .directory_fd = -1 };
        uint32_t outcome = decode_u32(decoder);
        int r;

        got.error = (int)decode_u32(decoder);
        decode_snapshot(decoder, &got.old);
        got.path = decode_string(decoder);
        got.spare = decode_string(decoder);
        r = decode_end(decoder);
        if (r < 0 || outcome >= N_REPLACE_OUTCOMES)
                return r < 0 ? r : -EBADMSG;
        got.outcome = (enum replace_outcome)outcome;
        *ret = got;
        got = (struct replacement){ .directory_fd = -1 };
        return 0;
}

static int run_replacement(int (*fn)(void *userdata, int fd), struct work *work,
                           struct replacement *ret) {
        CLEANUP_FREE char *data = NULL;
        struct decoder decoder;
        int r;

        r = run(fn, work, &data, &decoder);
        if (r == 0)
                return receive(&decoder, ret);
        if (r == -ENOMEM)
                return r;
        *ret = (struct replacement){ .outcome = REPLACE_FAILED, .error = -r, .directory_fd = -1 };
        return 0;
}

int remote_replace(const struct os_root *root, const struct replace_request *request,
                   struct replacement *ret) {
        struct work work = { .root = root, .request = request };

        return run_replacement(replace, &work, ret);
}

int remote_overwrite(const struct os_root *root, const struct replace_request *request,
                     struct replacement *replacement) {
        struct work work = { .root = root, .request = request, .replacement = replacement };
        struct replacement after;
        int r;

        r = run_replacement(overwrite, &work, &after);
        if (r < 0)
                return r;
        replacement_done(replacement);
        *replacement = after;
        return 0;
}

int remote_finish(const struct os_root *root, struct replacement *replacement) {
        struct work work = { .root = root, .path = replacement->spare };
        CLEANUP_FREE char *data = NULL;
        struct decoder decoder;
        int r;

        if (!replacement->spare)
                return 0;
        if (replacement->error)
                return -EAGAIN;
        r = run(finish, &work, &data, &decoder);
        if (r == 0) {
                free(replacement->spare);
                replacement->spare = NULL;
        }
        return r;
}
