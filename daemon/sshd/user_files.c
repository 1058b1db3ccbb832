/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The files of a user that sshd reads.
 *
 * expand_authorized_keys() of auth.c: `%%`, `%h`, `%u` and `%U`; what is not absolute then lies in
 * the home directory. `none` is no file. A token sshd does not know makes it give up on that
 * connection, so it names no file here. From 10.0 on the whole result, home and name included, is a
 * glob(3) pattern.
 *
 * A Match block may set the keyword for some of a user's connections only; every value that one of
 * them can have is asked for. */

#include "sshd/user_files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "sshd/contexts.h"
#include "sshd/effective.h"

enum { RELEASE_GLOBS = 1000 };

static int take_values(const struct sshd_config *config, const struct sshd_connection *connection,
                       const struct accounts *accounts, const char *keyword, char ***ret_values,
                       size_t *ret_n) {
        struct sshd_setting setting = { 0 };
        int r = sshd_effective_one(config, connection, accounts, keyword, &setting);

        if (r < 0)
                return r;
        r = strings_copy(ret_values, ret_n, setting.values, setting.n_values);
        sshd_setting_done(&setting);
        return r;
}

static bool has_globs(const struct sshd_config *config, const char *keyword) {
        return sshd_config_release(config)->number >= RELEASE_GLOBS &&
               strcmp(keyword, "authorizedkeysfile") == 0;
}

int sshd_user_keyword_init(struct sshd_user_keyword *keyword, const struct sshd_config *config,
                           const char *name) {
        *keyword = (struct sshd_user_keyword){
                .config = config,
                .keyword = name,
                .is_conditional = sshd_keyword_is_conditional(config, name),
                .has_globs = has_globs(config, name),
        };
        if (keyword->is_conditional)
                return 0;
        return take_values(config, NULL, NULL, name, &keyword->values, &keyword->n_values);
}

int sshd_user_keyword_init_values(struct sshd_user_keyword *keyword,
                                  const struct sshd_config *config, const char *name,
                                  char *const *values, size_t n_values) {
        *keyword = (struct sshd_user_keyword){ .config = config,
                                               .keyword = name,
                                               .has_globs = has_globs(config, name) };
        return strings_copy(&keyword->values, &keyword->n_values, values, n_values);
}

void sshd_user_keyword_done(struct sshd_user_keyword *keyword) {
        strings_free(keyword->values, keyword->n_values);
        *keyword = (struct sshd_user_keyword){ 0 };
}

void sshd_user_files_done(struct sshd_user_files *files) {
        for (size_t i = 0; i < files->n_items; i++)
                free(files->items[i].path);
        free(files->items);
        *files = (struct sshd_user_files){ 0 };
}

/* False for a token sshd does not know. */
static bool expand(const char *value, const struct account *account, struct text *text) {
        for (; *value; value++) {
                if (*value != '%') {
                        (void)text_append_char(text, *value);
                        continue;
                }
                switch (*++value) {
                case '%':
                        (void)text_append_char(text, '%');
                        break;
                case 'h':
                        (void)text_append(text, account->home);
                        break;
                case 'u':
                        (void)text_append(text, account->name);
                        break;
                case 'U':
                        (void)text_appendf(text, "%u", account->uid);
                        break;
                default:
                        return false;
                }
        }
        return true;
}

static int add_file(const struct sshd_user_keyword *keyword, const char *path,
                    struct sshd_user_files *files) {
        for (size_t i = 0; i < files->n_items; i++)
                if (strcmp(files->items[i].path, path) == 0)
                        return 0;
        if (ARRAY_GROW(files->items, files->n_items) < 0)
                return -ENOMEM;
        files->items[files->n_items] = (struct sshd_user_file){
                .path = strdup(path),
                .is_pattern = keyword->has_globs && strpbrk(path, "*?[\\"),
        };
        return files->items[files->n_items++].path ? 0 : -ENOMEM;
}

static int add_values(const struct sshd_user_keyword *keyword, const struct account *account,
                      char *const *values, size_t n_values, struct sshd_user_files *files) {
        for (size_t i = 0; i < n_values; i++) {
                CLEANUP(text_done) struct text name = { 0 }, path = { 0 };
                size_t n_home = strlen(account->home);
                int r;

                if (strcasecmp(values[i], "none") == 0 || !expand(values[i], account, &name))
                        continue;
                if (text_get(&name)[0] != '/') {
                        (void)text_append(&path, account->home);
                        if (n_home == 0 || account->home[n_home - 1] != '/')
                                (void)text_append_char(&path, '/');
                }
                (void)text_append(&path, text_get(&name));
                if (text_error(&name) < 0 || text_error(&path) < 0)
                        return -ENOMEM;
                r = add_file(keyword, text_get(&path), files);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int add_connection(const struct sshd_user_keyword *keyword, const struct account *account,
                          const struct sshd_connection *connection, const struct accounts *accounts,
                          struct sshd_user_files *files) {
        char **values = NULL;
        size_t n_values = 0;
        int r = take_values(keyword->config, connection, accounts, keyword->keyword, &values,
                            &n_values);

        if (r == -EINVAL) /* sshd fails on this connection: it reads nothing */
                return 0;
        if (r == 0)
                r = add_values(keyword, account, values, n_values, files);
        strings_free(values, n_values);
        return r;
}

static int add_conditional(const struct sshd_user_keyword *keyword, const struct account *account,
                           struct sshd_user_files *files) {
        CLEANUP(accounts_done) struct accounts alone = { 0 };
        CLEANUP(sshd_contexts_done) struct sshd_contexts contexts = { 0 };
        const struct sshd_when when = { .user = account->name };
        struct sshd_connection plain;
        int r = accounts_add(&alone, account);

        sshd_connection_init(&plain);
        plain.user = account->name;
        plain.lport = -1;
        /* a name that reads as a pattern cannot be asked about as one */
        if (r == 0 && !strpbrk(account->name, "*?!,"))
                r = sshd_contexts_new(keyword->config, keyword->keyword, &alone, &when, &contexts);
        for (size_t i = 0; i < contexts.n_items && r == 0; i++)
                if (contexts.items[i].user && strcmp(contexts.items[i].user, account->name) == 0)
                        r = add_connection(keyword, account, &contexts.items[i], &alone, files);
        if (r == 0 && contexts.n_items == 0)
                r = add_connection(keyword, account, &plain, &alone, files);
        return r;
}

int sshd_user_files_add(const struct sshd_user_keyword *keyword, const struct account *account,
                        struct sshd_user_files *files) {
        if (keyword->is_conditional)
                return add_conditional(keyword, account, files);
        return add_values(keyword, account, keyword->values, keyword->n_values, files);
}
