/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rules join their list: _pam_add_handler() and _pam_load_module() of pam_handlers.c.
 *
 * A module that cannot be loaded is no error when the service is read; it answers every call with
 * module_unknown. A module whose base name is empty or `?` is one: libpam gives the whole file up.
 * Debian looks a bare name up in two directories, upstream in the one it was built for; which of
 * the usual ones that was cannot be told from here, so the first that has the module is taken. */

#include "loader.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/text.h"

/* extract_modulename() gives a name: the last component without its last extension is neither empty
 * nor `?`. */
static bool has_module_name(const char *module) {
        const char *slash = strrchr(module, '/');
        const char *base = slash ? slash + 1 : module;
        const char *dot = strrchr(base, '.');
        size_t n = dot ? (size_t)(dot - base) : strlen(base);

        return n > 0 && !(n == 1 && *base == '?');
}

static bool can_load(const struct pam_loader *loader, const char *path) {
        return !loader->environment->has_module ||
               loader->environment->has_module(loader->environment->userdata, path);
}

/* An absolute path; `$ISA` is replaced by the second module directory if it does not load as is. */
static int resolve_absolute(const struct pam_loader *loader, struct pam_rule *rule) {
        static const char isa[] = "$ISA";
        const char *at = strstr(rule->module, isa), *directory = loader->release->module_dirs[1];

        rule->module_path = strdup(rule->module);
        if (!rule->module_path)
                return -ENOMEM;
        rule->is_missing = !can_load(loader, rule->module);
        if (rule->is_missing && at && directory) {
                char *path = text_format("%.*s%s%s", (int)(at - rule->module), rule->module,
                                         directory, at + sizeof isa - 1);

                if (!path)
                        return -ENOMEM;
                rule->is_missing = !can_load(loader, path);
                if (rule->is_missing)
                        free(path);
                else {
                        free(rule->module_path);
                        rule->module_path = path;
                }
        }
        return 0;
}

static int resolve_module(const struct pam_loader *loader, struct pam_rule *rule) {
        if (rule->module[0] == '/')
                return resolve_absolute(loader, rule);
        for (size_t i = 0; loader->release->module_dirs[i]; i++) {
                char *path = text_format("%s/%s", loader->release->module_dirs[i], rule->module);

                if (!path)
                        return -ENOMEM;
                rule->is_missing = !can_load(loader, path);
                if (!rule->is_missing) {
                        free(rule->module_path);
                        rule->module_path = path;
                        return 0;
                }
                if (rule->module_path)
                        free(path);
                else
                        rule->module_path = path;
        }
        return 0;
}

static void rule_done(struct pam_rule *rule) {
        free(rule->control);
        free(rule->module);
        free(rule->module_path);
        strings_free(rule->args, rule->n_args);
        *rule = (struct pam_rule){ 0 };
}

void pam_rules_done(struct pam_rules *rules) {
        for (size_t i = 0; i < rules->n_items; i++)
                rule_done(&rules->items[i]);
        free(rules->items);
        *rules = (struct pam_rules){ 0 };
}

static int copy_draft(const struct pam_loader *loader, const struct pam_rule_draft *draft,
                      struct pam_rule *rule) {
        char *rest = draft->args, *word;

        rule->kind = draft->kind;
        rule->type = (enum pam_type)draft->type;
        rule->file = draft->file;
        rule->line = draft->line;
        rule->last_line = draft->last_line;
        rule->level = draft->level;
        rule->is_silent = draft->is_silent;
        memcpy(rule->actions, draft->actions, sizeof rule->actions);
        rule->control = draft->control ? strdup(draft->control) : NULL;
        rule->module = draft->module ? strdup(draft->module) : NULL;
        if ((draft->control && !rule->control) || (draft->module && !rule->module))
                return -ENOMEM;
        while ((word = pam_word_next(&rest))) {
                int r = strings_append(&rule->args, &rule->n_args, word);

                if (r < 0)
                        return r;
        }
        return rule->kind == PAM_RULE_MODULE ? resolve_module(loader, rule) : 0;
}

int pam_loader_add(struct pam_loader *loader, const struct pam_rule_draft *draft) {
        struct pam_rule rule = { 0 };
        struct pam_rules *rules;
        int r;

        if (draft->type >= N_PAM_TYPES || (draft->module && !has_module_name(draft->module)))
                return PAM_ADD_ABORTED;
        if (loader->n_rules >= PAM_RULES_MAX)
                return PAM_ADD_TOO_MANY;
        r = copy_draft(loader, draft, &rule);
        rules = draft->is_other ? &loader->other[draft->type] : &loader->own[draft->type];
        if (r == 0)
                r = ARRAY_GROW(rules->items, rules->n_items);
        if (r < 0) {
                rule_done(&rule);
                return r;
        }
        rules->items[rules->n_items++] = rule;
        loader->n_rules++;
        return PAM_ADDED;
}
