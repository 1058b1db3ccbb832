/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Asking sshd.
 *
 * sshd's Include arguments are absolute, so the candidate is copied to a scratch directory with its
 * Includes rewritten to the copies. Under --root the tree's own sshd is asked, inside the tree;
 * where it has none, the host's. sshd also looks for host keys and its privilege separation
 * directory before it is content: their absence says nothing of the configuration, and is no
 * verdict. */

#include "guard/verdict.h"

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
#include "os/probe.h"
#include "sshd/mirror.h"

enum {
        ASK_TIMEOUT_MS = 3000, /* 6 ms as a rule; a slow resolver may cost a second or two */
        N_REMEMBERED = 32,     /* candidates between two approved states are few */
};

static const char sshd_program[] = "/usr/sbin/sshd";

/* What sshd says when it is the surroundings that fail. */
static const char *const not_of_the_configuration[] = {
        "no hostkeys available",
        "Missing privilege separation directory",
        "Privilege separation user",
        "must be owned by root and not group or world-writable",
};

struct remembered {
        uint8_t key[FILE_SHA256_SIZE];
        enum verdict verdict;
        char *reason;
};

struct verdicts {
        char *scratch;
        struct remembered remembered[N_REMEMBERED];
        size_t n_remembered, next;
};

int verdicts_new(const char *scratch, struct verdicts **ret) {
        struct verdicts *verdicts = calloc(1, sizeof *verdicts);

        if (!verdicts)
                return -ENOMEM;
        verdicts->scratch = strdup(scratch);
        if (!verdicts->scratch) {
                free(verdicts);
                return -ENOMEM;
        }
        *ret = verdicts;
        return 0;
}

void verdicts_free(struct verdicts *verdicts) {
        if (!verdicts)
                return;
        for (size_t i = 0; i < verdicts->n_remembered; i++)
                free(verdicts->remembered[i].reason);
        free(verdicts->scratch);
        free(verdicts);
}

/* Where the program and the copies are, for one question. */
struct question {
        char *chroot_path;  /* NULL: not in a chroot */
        char *host_prefix;  /* the copies, as the host names them */
        const char *prefix; /* the same as the asked sshd names them: inside host_prefix */
        struct stat program;
        struct sshd_mirror mirror;
        const struct service_tree *service; /* with whose options sshd is asked */
        struct service_tree storage;
};

static void question_done(struct question *question) {
        for (size_t i = 0; i < question->mirror.n_files; i++) {
                CLEANUP_FREE char *path =
                        text_format("%s%s", question->chroot_path ? question->chroot_path : "",
                                    question->mirror.files[i].path);

                if (path)
                        (void)unlink(path);
        }
        sshd_mirror_done(&question->mirror);
        service_tree_done(&question->storage);
        free(question->chroot_path);
        free(question->host_prefix);
}

static int question_init(struct question *question, const struct verdicts *verdicts,
                         const struct world *world) {
        CLEANUP_FREE char *in_root = os_root_host_path(&world->root, sshd_program);

        if (!in_root)
                return -ENOMEM;
        if (!os_root_is_system(&world->root) && stat(in_root, &question->program) == 0) {
                question->chroot_path = strdup(world->root.path);
                question->host_prefix = text_format("%s/run/sshguardd-candidate", world->root.path);
                if (!question->chroot_path || !question->host_prefix)
                        return -ENOMEM;
                question->prefix = question->host_prefix + strlen(world->root.path);
                return 0;
        }
        if (stat(sshd_program, &question->program) < 0)
                return -ENOENT;
        question->host_prefix = text_format("%s/candidate", verdicts->scratch);
        if (!question->host_prefix)
                return -ENOMEM;
        question->prefix = question->host_prefix;
        return 0;
}

static int hash_question(const struct question *question, uint8_t ret[FILE_SHA256_SIZE]) {
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        const struct stat *program = &question->program;
        bool ok = context && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1 &&
                  EVP_DigestUpdate(context, &program->st_ino, sizeof program->st_ino) == 1 &&
                  EVP_DigestUpdate(context, &program->st_size, sizeof program->st_size) == 1 &&
                  EVP_DigestUpdate(context, &program->st_ctim, sizeof program->st_ctim) == 1;

        for (size_t i = 0; i < question->service->line.n_options && ok; i++) {
                const char *option = question->service->overrides[i];

                ok = EVP_DigestUpdate(context, option, strlen(option) + 1) == 1;
        }
        for (size_t i = 0; i < question->mirror.n_files && ok; i++) {
                const struct sshd_mirror_file *file = &question->mirror.files[i];

                ok = EVP_DigestUpdate(context, file->path, strlen(file->path) + 1) == 1 &&
                     EVP_DigestUpdate(context, &file->n_data, sizeof file->n_data) == 1 &&
                     EVP_DigestUpdate(context, file->data, file->n_data) == 1;
        }
        ok = ok && EVP_DigestFinal_ex(context, ret, NULL) == 1;
        EVP_MD_CTX_free(context);
        return ok ? 0 : -ENOMEM;
}

static int make_parents(char *path) {
        for (char *slash = path + 1; (slash = strchr(slash, '/')); slash++) {
                int r;

                *slash = '\0';
                r = mkdir(path, 0700) < 0 && errno != EEXIST ? -errno : 0;
                *slash = '/';
                if (r < 0)
                        return r;
        }
        return 0;
}

static int write_copy(const struct question *question, const struct sshd_mirror_file *file) {
        CLEANUP_FREE char *path =
                text_format("%s%s", question->chroot_path ? question->chroot_path : "", file->path);
        size_t n_written = 0;
        int fd, r;

        if (!path)
                return -ENOMEM;
        r = make_parents(path);
        if (r < 0)
                return r;
        fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0)
                return -errno;
        while (n_written < file->n_data && r == 0) {
                ssize_t n = write(fd, file->data + n_written, file->n_data - n_written);

                if (n >= 0)
                        n_written += (size_t)n;
                else if (errno != EINTR)
                        r = -errno;
        }
        (void)close(fd);
        return r;
}

/* sshd names the copies; the administrator knows the originals. */
static char *without_prefix(const char *message, const char *prefix) {
        struct text text = { 0 };
        size_t n_prefix = strlen(prefix);

        while (*message) {
                const char *at = strstr(message, prefix);

                if (!at) {
                        (void)text_append(&text, message);
                        break;
                }
                (void)text_append_n(&text, message, (size_t)(at - message));
                message = at + n_prefix;
        }
        while (text.n > 0 && strchr("\r\n", text.data[text.n - 1]))
                text.data[--text.n] = '\0';
        return text_take(&text);
}

static enum verdict verdict_of(const struct probe_result *result) {
        if (result->timed_out || result->exit_status < 0)
                return VERDICT_UNKNOWN;
        if (result->exit_status == 0)
                return VERDICT_ACCEPTED;
        for (size_t i = 0; i < N_ELEMENTS(not_of_the_configuration); i++)
                if (strstr(result->err, not_of_the_configuration[i]))
                        return VERDICT_UNKNOWN;
        return VERDICT_REFUSED;
}

/* sshd -t of the copies, with the options of the service. */
static const char **build_argv(const struct question *question) {
        const char *const fixed[] = { sshd_program, "-t", "-f", question->mirror.files[0].path };
        const struct service_tree *service = question->service;
        const char **argv =
                calloc(N_ELEMENTS(fixed) + 2 * service->line.n_options + 1, sizeof *argv);
        size_t n = N_ELEMENTS(fixed);

        if (!argv)
                return NULL;
        memcpy(argv, fixed, sizeof fixed);
        for (size_t i = 0; i < service->line.n_options; i++) {
                if (strncmp(service->overrides[i], "-p", 2) != 0)
                        argv[n++] = "-o";
                argv[n++] = service->overrides[i];
        }
        return argv;
}

static int run_sshd(const struct question *question, enum verdict *ret_verdict, char **ret_reason) {
        CLEANUP_FREE const char **argv = build_argv(question);
        CLEANUP(probe_result_done) struct probe_result result = { 0 };
        int r = argv ? 0 : -ENOMEM;

        for (size_t i = 0; i < question->mirror.n_files && r == 0; i++)
                r = write_copy(question, &question->mirror.files[i]);
        if (r == 0)
                r = probe_run(argv, "/", question->chroot_path, ASK_TIMEOUT_MS, &result);
        if (r < 0)
                return r;
        *ret_verdict = verdict_of(&result);
        if (*ret_verdict == VERDICT_ACCEPTED)
                return 0;
        *ret_reason = result.timed_out
                              ? text_format("sshd -t did not answer within %d ms", ASK_TIMEOUT_MS)
                              : without_prefix(result.err, question->prefix);
        return *ret_reason ? 0 : -ENOMEM;
}

static const struct remembered *recall(const struct verdicts *verdicts,
                                       const uint8_t key[FILE_SHA256_SIZE]) {
        for (size_t i = 0; i < verdicts->n_remembered; i++)
                if (memcmp(verdicts->remembered[i].key, key, FILE_SHA256_SIZE) == 0)
                        return &verdicts->remembered[i];
        return NULL;
}

static void remember(struct verdicts *verdicts, const uint8_t key[FILE_SHA256_SIZE],
                     enum verdict verdict, const char *reason) {
        struct remembered *slot = &verdicts->remembered[verdicts->next];

        free(slot->reason);
        memcpy(slot->key, key, FILE_SHA256_SIZE);
        slot->verdict = verdict;
        slot->reason = reason ? strdup(reason) : NULL;
        verdicts->next = (verdicts->next + 1) % N_REMEMBERED;
        if (verdicts->n_remembered < N_REMEMBERED)
                verdicts->n_remembered++;
}

static int mirror_view(const struct world *world, struct view *view, struct question *question) {
        struct sshd_config *config;
        int r = world_view_service(world, view, &question->storage, &question->service);

        if (r == 0)
                r = world_parse_config(world, view, &config);
        if (r < 0)
                return r;
        r = sshd_mirror_new(config, question->prefix, &question->mirror);
        sshd_config_free(config);
        if (r == 0 && question->mirror.n_files == 0)
                r = -ENOENT;
        return r;
}

int verdicts_ask(struct verdicts *verdicts, const struct world *world, struct view *view,
                 enum verdict *ret_verdict, char **ret_reason) {
        CLEANUP(question_done) struct question question = { 0 };
        CLEANUP_FREE char *reason = NULL;
        enum verdict verdict = VERDICT_UNKNOWN;
        const struct remembered *known;
        uint8_t key[FILE_SHA256_SIZE];
        int r = question_init(&question, verdicts, world);

        if (r == 0)
                r = mirror_view(world, view, &question);
        if (r == 0)
                r = hash_question(&question, key);
        if (r == 0 && (known = recall(verdicts, key))) {
                *ret_verdict = known->verdict;
                *ret_reason = known->reason ? strdup(known->reason) : NULL;
                return 0;
        }
        if (r == 0)
                r = run_sshd(&question, &verdict, &reason);
        if (r == -ENOMEM)
                return r;
        if (r < 0) {
                reason = text_format("sshd -t cannot be run: %s", strerror(-r));
                verdict = VERDICT_UNKNOWN;
        } else if (verdict != VERDICT_UNKNOWN) {
                remember(verdicts, key, verdict, reason);
        }
        *ret_verdict = verdict;
        *ret_reason = TAKE(reason);
        return 0;
}
