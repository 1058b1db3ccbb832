/* SPDX-License-Identifier: GPL-3.0-or-later */
/* oracle_repair ROOT RELEASE RULE: repairs ROOT/etc/ssh/sshd_config and what it includes until the
 * rule, in the policy language, holds; as the daemon does it, edit by edit, without the daemon's
 * own checks. Prints the -C spec of each violation it met, then the number of edits. Exit status: 0
 * repaired, 1 no edit helps (nothing is written), 2 the call is wrong, 3 nothing to repair, 4 what
 * the configuration asks for (a host name) is not known here. */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <net/if.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "policy/judge_sshd.h"
#include "policy/parse.h"
#include "policy/repair.h"
#include "sshd/config.h"
#include "sshd/edit.h"

enum { EDITS_MAX = 100 };

struct edited {
        char *path, *data;
        size_t n;
};

struct world {
        struct accounts accounts;
        struct sshd_release release;
        struct policy *policy;
        struct edited *edited;
        size_t n_edited;
};

static int read_path(const char *path, char **ret_data, size_t *ret_n) {
        CLEANUP(text_done) struct text text = { 0 };
        FILE *file = fopen(path, "re");
        char buffer[4096];
        struct stat status;
        size_t n;

        if (!file)
                return -errno;
        if (fstat(fileno(file), &status) == 0 && S_ISDIR(status.st_mode))
                n = 0;
        else
                while ((n = fread(buffer, 1, sizeof buffer, file)) > 0)
                        (void)text_append_n(&text, buffer, n);
        (void)fclose(file);
        *ret_n = text.n;
        *ret_data = text_take(&text);
        return *ret_data ? 0 : -ENOMEM;
}

static int read_now(void *userdata, const char *path, char **ret_data, size_t *ret_n) {
        const struct world *world = userdata;

        for (size_t i = 0; i < world->n_edited; i++) {
                if (strcmp(world->edited[i].path, path) != 0)
                        continue;
                *ret_data = malloc(world->edited[i].n + 1);
                if (!*ret_data)
                        return -ENOMEM;
                memcpy(*ret_data, world->edited[i].data, world->edited[i].n);
                *ret_n = world->edited[i].n;
                return 0;
        }
        return read_path(path, ret_data, ret_n);
}

static int expand(void *userdata, const char *pattern, char ***ret_paths, size_t *ret_n) {
        glob_t found;
        int r = 0;

        (void)userdata;
        *ret_paths = NULL;
        *ret_n = 0;
        if (glob(pattern, 0, NULL, &found) != 0)
                return 0;
        for (size_t i = 0; i < found.gl_pathc && r == 0; i++)
                r = strings_append(ret_paths, ret_n, found.gl_pathv[i]);
        globfree(&found);
        return r;
}

static int find_service(void *userdata, const char *name, uint16_t *ret_port) {
        const struct servent *entry = getservbyname(name, "tcp");

        (void)userdata;
        if (!entry)
                return -ENOENT;
        *ret_port = ntohs((uint16_t)entry->s_port);
        return 0;
}

static uint32_t find_scope(void *userdata, const char *name) {
        (void)userdata;
        return if_nametoindex(name);
}

static struct sshd_config *parse(struct world *world) {
        const struct sshd_environment environment = { .userdata = world,
                                                      .glob = expand,
                                                      .read = read_now,
                                                      .service = find_service,
                                                      .scope = find_scope };
        const struct sshd_source source = { .release = world->release,
                                            .path = "/etc/ssh/sshd_config",
                                            .cwd = "/",
                                            .accounts = &world->accounts };
        struct sshd_config *config;

        if (sshd_config_load(&source, &environment, &config) < 0)
                abort();
        return config;
}

static void keep(struct world *world, struct sshd_edit *edit) {
        struct edited *kept = NULL;

        for (size_t i = 0; i < world->n_edited; i++)
                if (strcmp(world->edited[i].path, edit->path) == 0)
                        kept = &world->edited[i];
        if (!kept) {
                if (ARRAY_GROW(world->edited, world->n_edited) < 0)
                        abort();
                kept = &world->edited[world->n_edited++];
                kept->path = TAKE(edit->path);
        }
        free(kept->data);
        kept->data = TAKE(edit->data);
        kept->n = edit->n_data;
}

static int edit(struct world *world, const struct sshd_config *config,
                const struct finding *finding) {
        static const char prefix[] = "sshd -T -C ";
        const struct rule *rule = &world->policy->rules[0];
        CLEANUP(sshd_connection_done) struct sshd_connection connection;
        CLEANUP(sshd_setting_done) struct sshd_setting setting = { 0 };
        CLEANUP(sshd_edit_done) struct sshd_edit made = { 0 };
        CLEANUP_FREE char *message = NULL, *spec = NULL;
        char **values = NULL;
        size_t n_values = 0;
        int r;

        sshd_connection_init(&connection);
        if (!finding->witness)
                return -ENOTSUP; /* cannot exclude */
        spec = strdup(finding->witness + strlen(prefix));
        if (!spec)
                abort();
        if (*spec == '\'') { /* no name of the worlds has a quote */
                memmove(spec, spec + 1, strlen(spec));
                spec[strlen(spec) - 1] = '\0';
        }
        printf("%s\n", spec);
        r = sshd_connection_parse(&connection, spec, &world->release, &message);
        if (r == 0)
                r = sshd_effective_one(config, &connection, &world->accounts, rule->sshd.keyword,
                                       &setting);
        if (r == 0)
                r = policy_repair_sshd(rule, &world->release, &setting, &values, &n_values);
        if (r == 0)
                r = sshd_edit_set(config, rule->sshd.keyword,
                                  &(struct sshd_wanted){ (const char *const *)values, n_values },
                                  &connection, &world->accounts, &made);
        strings_free(values, n_values);
        if (r == 0)
                keep(world, &made);
        return r;
}

/* Returns the number of edits, or -ENOTSUP. */
static int repair(struct world *world) {
        for (int n = 0; n <= EDITS_MAX; n++) {
                struct sshd_config *config = parse(world);
                CLEANUP(findings_done) struct findings findings = { 0 };
                int r = 0;

                if (sshd_config_refusal(config)) {
                        if (n > 0)
                                printf("refused: %s\n", sshd_config_refusal(config)->reason);
                        r = n > 0 ? -ENOTSUP : -EINVAL;
                }
                if (r == 0 && policy_judge_sshd(&world->policy->rules[0], config, &world->accounts,
                                                &findings) < 0)
                        abort();
                if (r == 0 && findings.n_items > 0)
                        r = edit(world, config, &findings.items[0]);
                sshd_config_free(config);
                if (r < 0)
                        return r;
                if (findings.n_items == 0)
                        return n;
        }
        return -ENOTSUP;
}

static void write_all(const struct world *world) {
        for (size_t i = 0; i < world->n_edited; i++) {
                FILE *file = fopen(world->edited[i].path, "we");

                if (!file || fwrite(world->edited[i].data, 1, world->edited[i].n, file) !=
                                     world->edited[i].n) {
                        perror(world->edited[i].path);
                        exit(2);
                }
                (void)fclose(file);
        }
}

int main(int argc, char **argv) {
        struct policy_sources sources = { .main = { BORROWED("rule"), NULL, 0 } };
        struct diagnostics diagnostics = { 0 };
        struct world world = { 0 };
        char *passwd, *group;
        size_t n_passwd, n_group;
        int r;

        if (argc != 4 || !sshd_release_parse(argv[2], &world.release))
                return 2;
        sources.main.data = text_format("rules = ( { id = \"r\"; %s } );", argv[3]);
        sources.main.n = strlen(sources.main.data);
        sources.release = world.release;
        if (policy_parse(&sources, &world.policy, &diagnostics) < 0) {
                (void)fprintf(stderr, "%s\n", diagnostics.items[0].message);
                return 2;
        }
        if (chroot(argv[1]) < 0 || chdir("/") < 0 ||
            read_path("/etc/passwd", &passwd, &n_passwd) < 0 ||
            read_path("/etc/group", &group, &n_group) < 0 ||
            accounts_parse(passwd, n_passwd, group, n_group, &world.accounts) < 0) {
                perror(argv[1]);
                return 2;
        }
        r = repair(&world);
        if (r > 0)
                write_all(&world);
        printf("%d\n", r);
        return r > 0 ? 0 : r == 0 ? 3 : r == -EINVAL ? 4 : 1;
}
