/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading a service: _pam_init_handlers(), _pam_open_config_file(), _pam_load_conf_file() and
 * _pam_parse_conf_file() of pam_handlers.c, with Debian's patches.
 *
 * What surprises: the first file that opens wins, nothing is merged; `other` is always read, too,
 * and a mistake in it keeps every service from starting; each type falls back to `other` by itself;
 * an illegal type becomes a must-fail rule of *auth*; a broken include keeps what was read before
 * the mistake and adds a must-fail rule behind it.
 *
 * Where libpam would crash, loop or go on with memory it never set, the service counts as not
 * starting, and a diagnostic says which of these it is. */

#include "pam/stack.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/array.h"
#include "base/ascii.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "loader.h"

#define SERVICE_OTHER "other"
#define PAM_CONF      "/etc/pam.conf"

enum file_result {
        FILE_READ = 0,
        FILE_ABORTED = 1, /* PAM_ABORT: the caller adds a must-fail rule, or gives up */
        FILE_ABSENT = 2,  /* no such file: the same for an include */
        FILE_FATAL = 3,   /* service->start says what happens */
};

/* One file while it is read. */
struct file {
        struct pam_loader *loader;
        const char *path;
        const char *service; /* NULL: each line begins with it (pam.conf) */
        unsigned type;       /* of lines to take; PAM_TYPE_ANY: all */
        unsigned depth;      /* of inclusions */
        unsigned level;      /* of substacks */
};

/* One line while it is read. */
struct entry {
        struct pam_rule_draft draft;
        const struct pam_line *line;
        char *rest;
        const char *service;
        int actions[N_PAM_CODES];
        enum pam_control_kind control;
        bool is_at_include;
};

static int load_file(const struct file *file);

static int complain(const struct file *file, const struct pam_line *line, const char *problem,
                    const char *argument) {
        struct diagnostics *diagnostics = &file->loader->service->diagnostics;

        if (diagnostics->n_items >= PAM_DIAGNOSTICS_MAX)
                return 0;
        return diagnostics_add(diagnostics, file->path, line ? line->first : 0, 0, "%s%s%s",
                               problem, argument ? " " : "", argument ? argument : "");
}

/* The service will not start, and not in an orderly way. */
static int set_fatal(const struct file *file, const struct pam_line *line, enum pam_start start,
                     const char *reason) {
        file->loader->service->start = start;
        return diagnostics_add(&file->loader->service->diagnostics, file->path,
                               line ? line->first : 0, 0, "%s", reason) < 0
                       ? -ENOMEM
                       : FILE_FATAL;
}

/* Notes that PATH was asked for. *RET is the service's own copy of it. */
static int note_file(struct pam_service *service, const char *path, bool is_read,
                     const char **ret) {
        size_t i = 0;
        int r;

        while (i < service->n_files && strcmp(service->files[i], path) != 0)
                i++;
        if (i == service->n_files) {
                r = ARRAY_GROW(service->is_read, service->n_files);
                if (r == 0)
                        r = strings_append(&service->files, &service->n_files, path);
                if (r < 0)
                        return r;
        }
        service->is_read[i] |= is_read;
        *ret = service->files[i];
        return 0;
}

/* Opens PATH. Returns FILE_READ, FILE_ABSENT, FILE_FATAL or a negative errno. */
static int read_path(struct pam_loader *loader, const char *path, const char **ret_path,
                     char **ret_data, size_t *ret_n) {
        const struct pam_environment *environment = loader->environment;
        int r = environment->read(environment->userdata, path, ret_data, ret_n);
        int noted;

        if (r == -ENOMEM)
                return r;
        if (r == 0) {
                loader->n_bytes += *ret_n;
                if (loader->n_bytes > PAM_BYTES_MAX) {
                        free(TAKE(*ret_data));
                        r = -EFBIG;
                }
        }
        noted = note_file(loader->service, path, r == 0 || r == -EFBIG, ret_path);
        if (noted < 0 && r == 0)
                free(*ret_data);
        if (noted == 0 && r == -EFBIG) {
                const struct file file = { .loader = loader, .path = *ret_path };

                return set_fatal(&file, NULL, PAM_START_UNKNOWN, "there is too much to read");
        }
        return noted < 0 ? noted : r == 0 ? FILE_READ : FILE_ABSENT;
}

/* _pam_open_config_file(): an absolute path, or a name looked up in the service directories. */
static int open_file(struct pam_loader *loader, const char *name, const char **ret_path,
                     char **ret_data, size_t *ret_n) {
        int r = FILE_ABSENT;

        if (name[0] == '/')
                return read_path(loader, name, ret_path, ret_data, ret_n);
        for (size_t i = 0; r == FILE_ABSENT && loader->release->service_dirs[i]; i++) {
                CLEANUP_FREE char *path =
                        text_format("%s/%s", loader->release->service_dirs[i], name);

                r = path ? read_path(loader, path, ret_path, ret_data, ret_n) : -ENOMEM;
        }
        return r;
}

/* Reads the type; *RET_SKIP if the line is none of those that this file is read for. */
static int read_type(const struct file *file, struct entry *entry, bool *ret_skip) {
        static const char *const instead[N_PAM_TYPES] = {
                [PAM_TYPE_AUTH] = "illegal type, a rule of auth fails instead:",
                [PAM_TYPE_ACCOUNT] = "illegal type, a rule of account fails instead:",
                [PAM_TYPE_PASSWORD] = "illegal type, a rule of password fails instead:",
                [PAM_TYPE_SESSION] = "illegal type, a rule of session fails instead:",
        };
        char *word = pam_word_next(&entry->rest);
        enum pam_type type;
        int r = 0;

        *ret_skip = false;
        if (word && *word == '-') {
                entry->draft.is_silent = true;
                word++;
        }
        if (word && file->loader->release->has_at_include && strcasecmp(word, "@include") == 0) {
                entry->is_at_include = true;
                entry->draft.type = file->type;
                return 0;
        }
        type = word ? pam_type_parse(word) : N_PAM_TYPES;
        if (type == N_PAM_TYPES) {
                entry->draft.kind = PAM_RULE_MUST_FAIL;
                type = file->type == PAM_TYPE_ANY ? PAM_TYPE_AUTH : (enum pam_type)file->type;
                r = complain(file, entry->line, instead[type], word);
        }
        entry->draft.type = type;
        *ret_skip = file->type != PAM_TYPE_ANY && file->type != (unsigned)type;
        return r;
}

static int read_control(const struct file *file, struct entry *entry) {
        char *word = pam_word_next(&entry->rest);
        const char *reason;

        for (int code = 0; code < N_PAM_CODES; code++)
                entry->actions[code] = PAM_ACTION_UNSET;
        if (!word) {
                pam_actions_set_unset(entry->actions, PAM_ACTION_BAD);
                entry->draft.kind = PAM_RULE_MUST_FAIL;
                return complain(file, entry->line, "no control; the rule fails", NULL);
        }
        entry->draft.control = word;
        entry->control = pam_control_parse(file->loader->release, word, entry->actions, &reason);
        return reason ? complain(file, entry->line,
                                 "bad control, every result of the module counts as bad:", reason)
                      : 0;
}

static int add_rule(const struct file *file, const struct entry *entry) {
        int r = pam_loader_add(file->loader, &entry->draft);

        switch (r) {
        case PAM_ADD_TOO_MANY:
                return set_fatal(file, entry->line, PAM_START_UNKNOWN, "too many rules");
        case PAM_ADD_ABORTED:
                /* libpam has linked the rule already, with a next pointer it never set; that is
                 * only harmless where the whole service is thrown away. */
                if (file->type != PAM_TYPE_ANY && entry->draft.type < N_PAM_TYPES)
                        return set_fatal(file, entry->line, PAM_START_UNKNOWN,
                                         "a module without a name in an included file; libpam goes "
                                         "on with memory it never set");
                r = entry->draft.type < N_PAM_TYPES
                            ? complain(file, entry->line,
                                       "a module without a name; the service does not start", NULL)
                            : complain(file, entry->line,
                                       "@include failed; the service does not start", NULL);
                return r < 0 ? r : FILE_ABORTED;
        default:
                return r;
        }
}

/* Adds the must-fail rule that stands for an inclusion that failed. */
static int fail_inclusion(const struct file *file, struct entry *entry, const char *target) {
        int r;

        if (entry->is_at_include && file->type != PAM_TYPE_ANY)
                return set_fatal(file, entry->line, PAM_START_UNKNOWN,
                                 "@include failed in an included file; libpam goes on with actions "
                                 "it never set");
        r = complain(file, entry->line,
                     "cannot include, the rule fails:", target ? target : "no file is named");
        if (r < 0)
                return r;
        for (int code = 0; code < N_PAM_CODES; code++)
                entry->actions[code] = PAM_ACTION_BAD;
        entry->draft.kind = PAM_RULE_MUST_FAIL;
        entry->draft.module = NULL;
        entry->draft.args = NULL;
        return add_rule(file, entry);
}

/* Loads what TARGET names; see load_file(). */
static int load_inclusion(const struct file *file, const struct entry *entry, const char *target) {
        const struct pam_loader *loader = file->loader;
        CLEANUP_FREE char *path = NULL;
        struct file inner = {
                .loader = file->loader,
                .path = target,
                .service = entry->service,
                .type = entry->draft.type,
                .depth = file->depth + 1,
                .level = file->level + (entry->control == PAM_CONTROL_SUBSTACK),
        };

        if (!target)
                return loader->release->includes_from_etc_only
                               ? set_fatal(file, entry->line, PAM_START_CRASH,
                                           "an include without a file; the application crashes")
                               : FILE_ABSENT;
        if (loader->release->includes_from_etc_only && target[0] != '/') {
                const char *directory = loader->release->service_dirs[0];

                if (!loader->environment->is_directory(loader->environment->userdata, directory))
                        return FILE_ABSENT;
                path = text_format("%s/%s", directory, target);
                if (!path)
                        return -ENOMEM;
                inner.path = path;
        }
        return load_file(&inner);
}

static int read_inclusion(const struct file *file, struct entry *entry, char *target) {
        int r;

        if (entry->control == PAM_CONTROL_SUBSTACK) {
                struct entry marker = *entry;

                marker.draft.kind = PAM_RULE_SUBSTACK;
                marker.draft.module = target;
                marker.draft.args = NULL;
                r = add_rule(file, &marker);
                if (r != FILE_READ)
                        return r;
        }
        r = load_inclusion(file, entry, target);
        return r == FILE_ABORTED || r == FILE_ABSENT ? fail_inclusion(file, entry, target) : r;
}

/* Reads one logical line. Returns a file_result or -ENOMEM. */
static int read_line(const struct file *file, struct pam_line *line) {
        struct entry entry = {
                .line = line,
                .rest = line->text.data,
                .service = file->service,
                .draft = { .kind = PAM_RULE_MODULE,
                           .level = file->level,
                           .file = file->path,
                           .line = line->first,
                           .last_line = line->last },
        };
        bool skip;
        char *word;
        int r;

        entry.draft.actions = entry.actions;
        if (!entry.service)
                entry.service = pam_word_next(&entry.rest);
        entry.draft.is_other = strcasecmp(entry.service, SERVICE_OTHER) == 0;
        if (!entry.draft.is_other && strcasecmp(entry.service, file->loader->service->name) != 0)
                return FILE_READ;
        r = read_type(file, &entry, &skip);
        if (r < 0 || skip)
                return r < 0 ? r : FILE_READ;
        if (!entry.is_at_include) {
                r = read_control(file, &entry);
                if (r < 0)
                        return r;
        }
        word = pam_word_next(&entry.rest);
        if (entry.is_at_include || entry.control != PAM_CONTROL_RULE)
                return read_inclusion(file, &entry, word);
        entry.draft.module = word;
        entry.draft.args = entry.rest;
        if (!word) {
                entry.draft.kind = PAM_RULE_MUST_FAIL;
                if (entry.draft.control)
                        r = complain(file, line, "no module; the rule fails", NULL);
                if (r < 0)
                        return r;
        }
        return add_rule(file, &entry);
}

/* _pam_parse_conf_file(). Returns a file_result or -ENOMEM. */
static int read_lines(const struct file *file, const char *data, size_t n) {
        CLEANUP(pam_line_done) struct pam_line line = { 0 };
        struct pam_line_reader reader;
        int r;

        pam_line_reader_init(&reader, file->loader->release, data, n);
        while ((r = pam_line_next(&reader, &line)) == PAM_LINE_READ) {
                r = read_line(file, &line);
                if (r != FILE_READ)
                        return r;
        }
        if (r == PAM_LINE_ENDLESS)
                return set_fatal(file, &line, PAM_START_CRASH, line.reason);
        if (r == PAM_LINE_BROKEN) {
                r = complain(file, &line, line.reason, NULL);
                return r < 0 ? r : FILE_ABORTED;
        }
        return r < 0 ? r : FILE_READ;
}

/* _pam_load_conf_file(): an inclusion; file->path is a name as the line gives it. */
static int load_file(const struct file *file) {
        const struct pam_release *release = file->loader->release;
        unsigned limited = release->counts_substacks_only ? file->level : file->depth;
        CLEANUP_FREE char *data = NULL;
        struct file opened = *file;
        size_t n;
        int r;

        if (limited >= PAM_LEVEL_MAX)
                return FILE_ABORTED;
        if (file->depth > PAM_RECURSION_MAX)
                return set_fatal(file, NULL, PAM_START_CRASH,
                                 "a file includes itself; the application runs out of stack");
        if (++file->loader->n_inclusions > PAM_INCLUSIONS_MAX)
                return set_fatal(file, NULL, PAM_START_UNKNOWN, "too many inclusions");
        r = open_file(file->loader, file->path, &opened.path, &data, &n);
        return r == FILE_READ ? read_lines(&opened, data, n) : r;
}

/* Reads a whole service file, that of the service or `other`. */
static int load_service_file(struct pam_loader *loader, const char *name) {
        CLEANUP_FREE char *data = NULL;
        struct file file = { .loader = loader, .service = name, .type = PAM_TYPE_ANY };
        size_t n;
        int r;

        r = open_file(loader, name, &file.path, &data, &n);
        return r == FILE_READ ? read_lines(&file, data, n) : r;
}

static bool has_service_directory(const struct pam_loader *loader) {
        const struct pam_environment *environment = loader->environment;

        for (size_t i = 0; loader->release->service_dirs[i]; i++)
                if (environment->is_directory(environment->userdata,
                                              loader->release->service_dirs[i]))
                        return true;
        return false;
}

/* _pam_init_handlers(). Returns a file_result or -ENOMEM. */
static int load_all(struct pam_loader *loader) {
        struct file file = { .loader = loader, .type = PAM_TYPE_ANY };
        CLEANUP_FREE char *data = NULL;
        int own, other;
        size_t n;

        if (!has_service_directory(loader)) {
                own = read_path(loader, PAM_CONF, &file.path, &data, &n);
                if (own == FILE_READ)
                        own = read_lines(&file, data, n);
                for (enum pam_type type = 0; type < N_PAM_TYPES; type++)
                        loader->service->is_present |= loader->own[type].n_items > 0;
                return own;
        }
        own = load_service_file(loader, loader->service->name);
        loader->service->is_present = own == FILE_READ;
        if (own != FILE_READ && own != FILE_ABSENT)
                return own;
        other = load_service_file(loader, SERVICE_OTHER);
        return other == FILE_ABSENT ? own : other;
}

static int compare_origins(const void *a, const void *b) {
        const struct pam_rule *const *left = a, *const *right = b;

        if ((*left)->file != (*right)->file)
                return (*left)->file < (*right)->file ? -1 : 1;
        if ((*left)->line != (*right)->line)
                return (*left)->line < (*right)->line ? -1 : 1;
        return *left < *right ? -1 : *left > *right;
}

/* Numbers the rules of a list that stem from the same line. */
static int number_inclusions(struct pam_rules *rules) {
        struct pam_rule **sorted = calloc(rules->n_items + 1, sizeof *sorted);
        size_t n = 0, end;

        if (!sorted)
                return -ENOMEM;
        for (size_t i = 0; i < rules->n_items; i++)
                if (rules->items[i].kind != PAM_RULE_SUBSTACK)
                        sorted[n++] = &rules->items[i];
        qsort(sorted, n, sizeof *sorted, compare_origins);
        for (size_t start = 0; start < n; start = end) {
                for (end = start; end < n && sorted[end]->file == sorted[start]->file &&
                                  sorted[end]->line == sorted[start]->line;
                     end++)
                        sorted[end]->inclusion = (unsigned)(end - start + 1);
                for (size_t i = start; i < end; i++)
                        sorted[i]->n_inclusions = (unsigned)(end - start);
        }
        free(sorted);
        return 0;
}

/* Gives the service its lists: `other` where it has no rule of a type itself. */
static int settle(struct pam_loader *loader) {
        int r = 0;

        for (enum pam_type type = 0; type < N_PAM_TYPES; type++) {
                bool is_other = loader->own[type].n_items == 0;
                struct pam_rules *from = is_other ? &loader->other[type] : &loader->own[type];

                if (loader->service->start == PAM_START_OK) {
                        loader->service->rules[type] = *from;
                        *from = (struct pam_rules){ 0 };
                        loader->service->rules[type].is_from_other = is_other;
                        if (r == 0)
                                r = number_inclusions(&loader->service->rules[type]);
                }
                pam_rules_done(&loader->own[type]);
                pam_rules_done(&loader->other[type]);
        }
        return r;
}

static char *service_name(const char *name) {
        const char *slash = strrchr(name, '/');
        char *copy = strdup(slash ? slash + 1 : name);

        for (char *at = copy; at && *at; at++)
                *at = ascii_to_lower(*at);
        return copy;
}

int pam_service_load(const char *name, const struct pam_environment *environment,
                     const struct pam_release *release, struct pam_service **ret) {
        struct pam_service *service = calloc(1, sizeof *service);
        struct pam_loader loader = { .environment = environment,
                                     .release = release,
                                     .service = service };
        int r, settled;

        if (!service)
                return -ENOMEM;
        service->release = *release;
        service->name = service_name(name);
        r = service->name ? load_all(&loader) : -ENOMEM;
        if (r == FILE_ABORTED || r == FILE_ABSENT)
                service->start = PAM_START_ABORT;
        if (r == FILE_ABSENT)
                r = diagnostics_add(&service->diagnostics, NULL, 0, 0,
                                    "there is neither a file for %s nor for other; the service "
                                    "does not start",
                                    service->name);
        settled = settle(&loader);
        if (r < 0 || settled < 0) {
                pam_service_free(service);
                return r < 0 ? r : settled;
        }
        *ret = service;
        return 0;
}

void pam_service_free(struct pam_service *service) {
        if (!service)
                return;
        for (enum pam_type type = 0; type < N_PAM_TYPES; type++)
                pam_rules_done(&service->rules[type]);
        strings_free(service->files, service->n_files);
        free(service->is_read);
        free(service->name);
        diagnostics_done(&service->diagnostics);
        free(service);
}

const struct pam_rules *pam_service_rules(const struct pam_service *service,
                                          enum pam_facility facility) {
        return &service->rules[pam_facility_type(facility)];
}
