/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Finding a unit and its drop-ins (systemd.unit(5), "Unit File Load Path").
 *
 * The first directory that has the unit file wins, and of drop-ins with the same name the one in
 * the first directory; drop-ins are applied in the order of their names, wherever they lie. A link
 * to a unit of another name makes both names one unit. What lies below /run/systemd is read too,
 * since `systemctl edit --runtime` writes there.
 *
 * Drop-ins for all services (service.d) are read. Those that systemd's generators make are, too. */

#include "world/service_tree.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"

static const char default_config_path[] = "/etc/ssh/sshd_config";

static const char *const load_path[] = {
        "/etc/systemd/system.control", "/run/systemd/system.control",
        "/run/systemd/transient",      "/run/systemd/generator.early",
        "/etc/systemd/system",         "/etc/systemd/system.attached",
        "/run/systemd/system",         "/run/systemd/system.attached",
        "/run/systemd/generator",      "/usr/local/lib/systemd/system",
        "/usr/lib/systemd/system",     "/lib/systemd/system",
        "/run/systemd/generator.late",
};

/* Debian's name first; the other one is an alias there and the name elsewhere. */
static const char *const unit_names[] = { "ssh.service", "sshd.service" };

bool service_tree_concerns(const char *path) {
        static const char *const folders[] = {
                "/etc/systemd/",           "/run/systemd/", "/usr/lib/systemd/system/",
                "/usr/local/lib/systemd/", "/etc/default/", "/lib/systemd/system/",
        };

        for (size_t i = 0; i < N_ELEMENTS(folders); i++)
                if (strncmp(path, folders[i], strlen(folders[i])) == 0)
                        return true;
        return false;
}

bool service_tree_is_of(const struct service_tree *tree, const char *path) {
        for (size_t i = 0; i < tree->n_paths; i++)
                if (strcmp(tree->paths[i], path) == 0)
                        return true;
        return false;
}

bool service_tree_reads_same(const struct service_tree *a, const struct service_tree *b) {
        for (size_t i = 0; i < a->n_paths; i++)
                if (!service_tree_is_of(b, a->paths[i]))
                        return false;
        return a->n_paths == b->n_paths;
}

const char *service_tree_config_path(const struct service_tree *tree) {
        return tree->line.config_path ? tree->line.config_path : default_config_path;
}

/* ---- the files of a unit ---- */

struct finding_files {
        struct view *view;
        const char *names[N_ELEMENTS(unit_names)]; /* the unit's, aliases last */
        size_t n_names;
        struct service_source *sources; /* data is the view's */
        char **paths;
        size_t n_sources;
};

static void finding_files_done(struct finding_files *files) {
        strings_free(files->paths, files->n_sources);
        free(files->sources);
}

static const char *last_component(const char *path) {
        const char *slash = strrchr(path, '/');

        return slash ? slash + 1 : path;
}

/* Adds one file as it is behind links; what is no regular file is read as an empty one. */
static int add_file(struct finding_files *files, const char *path) {
        const struct snapshot *snapshot;
        struct service_source *grown;
        size_t n = files->n_sources;
        int r = view_follow(files->view, path, 0, NULL, &snapshot);

        if (r < 0)
                return r;
        grown = reallocarray(files->sources, n + 1, sizeof *grown);
        if (!grown)
                return -ENOMEM;
        files->sources = grown;
        r = strings_append(&files->paths, &files->n_sources, path);
        if (r < 0)
                return r;
        grown[n] = (struct service_source){ files->paths[n], snapshot->data ? snapshot->data : "",
                                            snapshot->data ? snapshot->n_data : 0 };
        return 0;
}

/* Where the unit file NAME is: 1 with its path, 0 if nowhere. */
static int find_unit_file(struct view *view, const char *name, char **ret_path,
                          const struct snapshot **ret) {
        for (size_t i = 0; i < N_ELEMENTS(load_path); i++) {
                CLEANUP_FREE char *path = text_format("%s/%s", load_path[i], name);
                int r = path ? view_look(view, path, 0, ret) : -ENOMEM;

                if (r < 0)
                        return r;
                if ((*ret)->metadata.kind != FILE_ABSENT) {
                        *ret_path = TAKE(path);
                        return 1;
                }
        }
        return 0;
}

static bool is_link_to(const struct snapshot *snapshot, const char *name) {
        return snapshot->metadata.kind == FILE_SYMLINK && snapshot->metadata.link_target &&
               strcmp(last_component(snapshot->metadata.link_target), name) == 0;
}

/* The unit's own name and file first, then the other names that lead to it. Returns 1, or 0 if
 * there is no such unit. */
static int find_names(struct finding_files *files) {
        for (size_t i = 0; i < N_ELEMENTS(unit_names); i++) {
                const char *other = unit_names[1 - i];
                CLEANUP_FREE char *path = NULL, *alias = NULL;
                const struct snapshot *snapshot;
                int r = find_unit_file(files->view, unit_names[i], &path, &snapshot);

                if (r < 0)
                        return r;
                if (r == 0 || is_link_to(snapshot, other))
                        continue;
                files->names[files->n_names++] = unit_names[i];
                r = add_file(files, path);
                if (r == 0)
                        r = find_unit_file(files->view, other, &alias, &snapshot);
                if (r < 0)
                        return r;
                if (r > 0 && is_link_to(snapshot, unit_names[i]))
                        files->names[files->n_names++] = other;
                return 1;
        }
        return 0;
}

static bool has_name(char *const *paths, size_t n_paths, const char *name) {
        for (size_t i = 0; i < n_paths; i++)
                if (strcmp(last_component(paths[i]), name) == 0)
                        return true;
        return false;
}

static int compare_names(const void *a, const void *b) {
        return strcmp(last_component(*(char *const *)a), last_component(*(char *const *)b));
}

struct path_list {
        char **items;
        size_t n_items;
};

static void path_list_done(struct path_list *list) {
        strings_free(list->items, list->n_items);
}

/* Drop-ins of FOLDER whose name no earlier folder had. */
static int collect_drop_ins(struct view *view, const char *folder, const char *name,
                            struct path_list *list) {
        CLEANUP_FREE char *pattern = text_format("%s/%s.d/*.conf", folder, name);
        CLEANUP(path_list_done) struct path_list found = { 0 };
        int r = pattern ? view_glob(view, pattern, &found.items, &found.n_items) : -ENOMEM;

        for (size_t i = 0; i < found.n_items && r == 0; i++)
                if (!has_name(list->items, list->n_items, last_component(found.items[i])))
                        r = strings_append(&list->items, &list->n_items, found.items[i]);
        return r;
}

static int add_drop_ins(struct finding_files *files) {
        CLEANUP(path_list_done) struct path_list list = { 0 };
        int r = 0;

        for (size_t i = 0; i < N_ELEMENTS(load_path) && r == 0; i++) {
                for (size_t k = 0; k < files->n_names && r == 0; k++)
                        r = collect_drop_ins(files->view, load_path[i], files->names[k], &list);
                if (r == 0)
                        r = collect_drop_ins(files->view, load_path[i], "service", &list);
        }
        if (list.n_items > 1)
                qsort(list.items, list.n_items, sizeof *list.items, compare_names);
        for (size_t i = 0; i < list.n_items && r == 0; i++)
                r = add_file(files, list.items[i]);
        return r;
}

/* ---- the environment ---- */

/* The release of systemd, from the name of its library: without systemd running there is no other
 * place that says it. */
static int find_systemd(struct view *view, unsigned *ret) {
        static const char *const patterns[] = {
                "/usr/lib/systemd/libsystemd-shared-*.so",
                "/usr/lib/*/systemd/libsystemd-shared-*.so",
                "/lib/systemd/libsystemd-shared-*.so",
        };

        *ret = SERVICE_SYSTEMD_NEWEST;
        for (size_t i = 0; i < N_ELEMENTS(patterns); i++) {
                CLEANUP(path_list_done) struct path_list found = { 0 };
                int r = view_glob(view, patterns[i], &found.items, &found.n_items);

                if (r < 0)
                        return r;
                if (found.n_items > 0) {
                        const char *dash = strrchr(found.items[0], '-');
                        unsigned long number = dash ? strtoul(dash + 1, NULL, 10) : 0;

                        if (number > 0 && number <= SERVICE_SYSTEMD_NEWEST)
                                *ret = (unsigned)number;
                        return 0;
                }
        }
        return 0;
}

static int load_environment_file(struct view *view, const char *path, unsigned systemd,
                                 struct service_tree *tree) {
        struct service_source source = { .path = path };
        const struct snapshot *snapshot;
        int r = view_follow(view, path, 0, NULL, &snapshot);

        if (r == 0)
                r = strings_append(&tree->paths, &tree->n_paths, path);
        if (r < 0 || snapshot->metadata.kind != FILE_REGULAR || snapshot->metadata.is_oversize)
                return r;
        source.data = snapshot->data;
        source.n_data = snapshot->n_data;
        return service_load_environment(&tree->service, &source, systemd);
}

static int load_environment(struct view *view, struct service_tree *tree) {
        unsigned systemd;
        int r = find_systemd(view, &systemd);

        for (size_t i = 0; i < tree->service.n_environment_files && r == 0; i++) {
                const char *pattern = tree->service.environment_files[i].pattern;
                CLEANUP(path_list_done) struct path_list found = { 0 };

                r = view_glob(view, pattern, &found.items, &found.n_items);
                for (size_t k = 0; k < found.n_items && r == 0; k++)
                        r = load_environment_file(view, found.items[k], systemd, tree);
                /* what is not there may come */
                if (r == 0 && found.n_items == 0 && !strpbrk(pattern, "*?["))
                        r = strings_append(&tree->paths, &tree->n_paths, pattern);
        }
        return r;
}

/* ---- the command line ---- */

static int set_unknown(struct service_tree *tree, char *reason) {
        tree->unknown = reason;
        return reason ? 0 : -ENOMEM;
}

static int read_command_line(struct service_tree *tree) {
        const struct service *service = &tree->service;
        const char **argv;
        const char *program;
        int r;

        if (service->problem)
                return set_unknown(tree, strdup(service->problem));
        if (service->n_commands == 0)
                return set_unknown(tree, text_format("%s starts nothing", service->name));
        program = service->commands[0].words.items[0].text;
        if (service->n_commands > 1 || strcmp(last_component(program), "sshd") != 0)
                return set_unknown(tree, text_format("%s starts %s%s", service->name, program,
                                                     service->n_commands > 1 ? " and more" : ""));
        r = service_arguments(service, &service->commands[0], &tree->words);
        if (r < 0)
                return r;
        argv = calloc(tree->words.n_items + 1, sizeof *argv);
        if (!argv)
                return -ENOMEM;
        for (size_t i = 0; i < tree->words.n_items; i++)
                argv[i] = tree->words.items[i].text;
        r = sshd_command_line_parse(argv, tree->words.n_items, &tree->line);
        free(argv);
        if (r < 0)
                return r;
        tree->overrides = calloc(tree->line.n_options + 1, sizeof *tree->overrides);
        if (!tree->overrides)
                return -ENOMEM;
        for (size_t i = 0; i < tree->line.n_options; i++)
                tree->overrides[i] = tree->line.options[i].text;
        return 0;
}

int service_tree_load(struct view *view, struct service_tree *ret) {
        CLEANUP(service_tree_done) struct service_tree tree = { 0 };
        CLEANUP(finding_files_done) struct finding_files files = { .view = view };
        int r = find_names(&files);

        if (r > 0) {
                r = add_drop_ins(&files);
                if (r == 0)
                        r = service_parse(files.names[0], files.sources, files.n_sources,
                                          &tree.service);
                if (r == 0)
                        r = strings_copy(&tree.paths, &tree.n_paths, files.paths, files.n_sources);
                if (r == 0)
                        r = load_environment(view, &tree);
                if (r == 0)
                        r = read_command_line(&tree);
        }
        if (r < 0)
                return r;
        *ret = tree;
        tree = (struct service_tree){ 0 };
        return 0;
}

void service_tree_done(struct service_tree *tree) {
        service_done(&tree->service);
        service_words_done(&tree->words);
        sshd_command_line_done(&tree->line);
        free(tree->overrides);
        strings_free(tree->paths, tree->n_paths);
        free(tree->unknown);
        *tree = (struct service_tree){ 0 };
}
