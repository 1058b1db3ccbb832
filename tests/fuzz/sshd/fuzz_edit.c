/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Edits: the first byte picks the release, the second what is wanted, the rest is a configuration
 * (input.h). An edit changes one line of one file, or adds one, and takes nothing else away; done
 * again and again it comes to an end, and what sshd then takes has the wanted value, unless a NUL
 * byte glues lines together. */

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "input.h"
#include "sshd/edit.h"
#include "sshd/effective.h"

enum { EDITS_MAX = 40 };

DEFINE_CLEANUP(cleanup_config, struct sshd_config, sshd_config_free)

static const struct wish {
        const char *keyword, *value; /* NULL: left at its default */
} wishes[] = {
        { "passwordauthentication", "no" },
        { "permitrootlogin", "no" },
        { "maxauthtries", "3" },
        { "acceptenv", "LANG" },
        { "acceptenv", NULL },
        { "setenv", "A=b c" },
        { "forcecommand", "/bin/true" },
        { "banner", NULL },
        { "port", "22" },
        { "logingracetime", "30" },
        { "permitopen", "none" },
        { "denyusers", NULL },
        { "authenticationmethods", NULL },
};

/* The files as edited so far: input that is not edited is read from the input. */
struct files {
        struct input input;
        struct sshd_edit edits[EDITS_MAX];
        size_t n_edits;
};

static int glob_files(void *userdata, const char *pattern, char ***ret_paths, size_t *ret_n) {
        struct files *files = userdata;

        return glob_input(&files->input, pattern, ret_paths, ret_n);
}

static int read_files(void *userdata, const char *path, char **ret_data, size_t *ret_n) {
        struct files *files = userdata;

        for (size_t i = files->n_edits; i-- > 0;) {
                const struct sshd_edit *edit = &files->edits[i];

                if (strcmp(edit->path, path) != 0)
                        continue;
                *ret_data = malloc(edit->n_data + 1);
                if (!*ret_data)
                        return -ENOMEM;
                memcpy(*ret_data, edit->data, edit->n_data);
                *ret_n = edit->n_data;
                return 0;
        }
        return read_input(&files->input, path, ret_data, ret_n);
}

/* What differs is within one line, or is one line more. */
static void check_change(const char *old, size_t n_old, const struct sshd_edit *edit) {
        size_t begin = 0, end = 0;

        while (begin < n_old && begin < edit->n_data && old[begin] == edit->data[begin])
                begin++;
        while (end < n_old - begin && end < edit->n_data - begin &&
               old[n_old - 1 - end] == edit->data[edit->n_data - 1 - end])
                end++;
        assert(!memchr(old + begin, '\n', n_old - begin - end));
}

/* One step; false if there is none. */
static bool edit_once(struct files *files, const struct sshd_config *config,
                      const struct wish *wish, const struct sshd_connection *connection,
                      const struct accounts *accounts) {
        struct sshd_edit *edit = &files->edits[files->n_edits];
        CLEANUP_FREE char *old = NULL;
        size_t n_old;
        int r = sshd_edit_set(config, wish->keyword,
                              &(struct sshd_wanted){ &wish->value, wish->value != NULL },
                              connection, accounts, edit);

        assert(r == 0 || r == -ENOTSUP || r == -EINVAL || r == -ENOMEM);
        if (r < 0 || read_files(files, edit->path, &old, &n_old) < 0)
                return false;
        if (!memchr(old, '\0', n_old))
                check_change(old, n_old, edit);
        files->n_edits++;
        return true;
}

static bool is_right(const struct sshd_setting *setting, const struct wish *wish) {
        if (!wish->value)
                return setting->is_default;
        return setting->n_values == 1 && strcmp(setting->values[0], wish->value) == 0;
}

static void repair(struct files *files, const struct sshd_source *source, const struct wish *wish,
                   bool has_nul) {
        const struct sshd_environment environment = { .userdata = files,
                                                      .glob = glob_files,
                                                      .read = read_files };
        struct sshd_connection connection = {
                .user = (char *)(uintptr_t) "bob",
                .host = (char *)(uintptr_t) "192.0.2.7",
                .addr = (char *)(uintptr_t) "192.0.2.7",
                .laddr = (char *)(uintptr_t) "2001:db8::1",
                .lport = 22,
        };

        while (files->n_edits < EDITS_MAX) {
                CLEANUP(cleanup_config) struct sshd_config *config = NULL;
                CLEANUP(sshd_setting_done) struct sshd_setting setting = { 0 };

                if (sshd_config_load(source, &environment, &config) < 0)
                        return;
                /* what was accepted stays so, but for methods that are enabled no more */
                if (sshd_config_refusal(config)) {
                        assert(files->n_edits == 0 || has_nul ||
                               strstr(sshd_config_refusal(config)->reason, "satisfied"));
                        return;
                }
                if (sshd_effective_one(config, &connection, source->accounts, wish->keyword,
                                       &setting) < 0 ||
                    is_right(&setting, wish) ||
                    !edit_once(files, config, wish, &connection, source->accounts))
                        return;
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const unsigned numbers[] = { 804, 902, 1000, 1006, 905, 1003 };
        struct files files = { .input = { (const char *)data + 2, size - 2 } };
        CLEANUP(accounts_done) struct accounts accounts = { 0 };
        struct sshd_source source = {
                .release = { .flavour = SSHD_DEBIAN, .version = "OpenSSH_10.0p2 Debian" },
                .path = main_path,
                .cwd = "/",
                .accounts = &accounts,
        };

        if (size < 2 ||
            accounts_parse(passwd, sizeof passwd - 1, groups, sizeof groups - 1, &accounts) < 0)
                return 0;
        source.release.number = numbers[data[0] % N_ELEMENTS(numbers)];
        repair(&files, &source, &wishes[data[1] % N_ELEMENTS(wishes)],
               memchr(data + 2, '\0', size - 2) != NULL);
        for (size_t i = 0; i < files.n_edits; i++)
                sshd_edit_done(&files.edits[i]);
        return 0;
}
