/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From files to a policy: profiles first, in the order they are extended, then sshguardd.conf, then
 * the fragments in byte order; later wins by id.
 *
 * Everything that can be said about all the files is said in one go; then the policy is dropped if
 * anything was. libconfig aborts the process when memory runs out, which is its own affair: the
 * texts are bounded (scan.h), so it takes a few MiB at most. */

#include "policy/parse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/nearest.h"
#include "scan.h"
#include "statement.h"

enum {
        PROFILE_DEPTH_MAX = 16, /* profiles extending profiles; the shipped ones do so once */
};

struct loader {
        const struct policy_sources *sources;
        struct policy *policy;
        struct diagnostics *diagnostics;
        const char *chain[PROFILE_DEPTH_MAX]; /* profiles that are being read, outermost first */
        size_t n_chain;
        char **loaded; /* profiles read: each counts once, where it comes first */
        size_t n_loaded;
};

/* What kind of file a setting stands in, as bits. */
enum { IN_MAIN = 1 << 0, IN_PROFILE = 1 << 1, IN_FRAGMENT = 1 << 2 };

struct source {
        struct loader *loader;
        struct reader reader;
        const char *profile;
        unsigned kind;
};

static int load_profiles(const struct source *source, const config_setting_t *setting,
                         const struct rule_words *names);

/* --- settings --------------------------------------------------------------------------------- */

static int take_extends(const struct source *source, const config_setting_t *setting) {
        struct rule_words names = { 0 };
        int r;

        r = read_words(&source->reader, setting, &names);
        if (r == READ_OK)
                r = load_profiles(source, setting, &names);
        if (r == READ_OK && source->kind == IN_MAIN) {
                source->loader->policy->extends = names;
                return r;
        }
        rule_words_done(&names);
        return r;
}

static const char *name_of_mode(unsigned value) {
        return policy_mode_name((enum policy_mode)value);
}

static int take_mode(const struct source *source, const config_setting_t *setting) {
        unsigned mode = MODE_ENFORCE;
        int r = read_name(&source->reader, setting, name_of_mode, N_POLICY_MODES, &mode);

        if (r == READ_OK)
                source->loader->policy->mode = (enum policy_mode)mode;
        return r;
}

static const char *name_of_unapproved(unsigned value) {
        return unapproved_response_name((enum unapproved_response)value);
}

static int take_unapproved(const struct source *source, const config_setting_t *setting) {
        struct policy *policy = source->loader->policy;
        const struct {
                const char *name;
                enum unapproved_response *response;
        } places[] = { { "etc", &policy->unapproved_etc }, { "users", &policy->unapproved_users } };
        int result = READ_OK;

        if (!config_setting_is_group(setting))
                return read_complain(&source->reader, setting,
                                     "`unapproved` takes a group: write unapproved = { etc = "
                                     "\"alert\"; users = \"accept\"; }");
        for (int i = 0; result >= 0 && i < config_setting_length(setting); i++) {
                const config_setting_t *member = config_setting_get_elem(setting, (unsigned)i);
                const char *name = config_setting_name(member);
                unsigned value = UNAPPROVED_ALERT;
                size_t place = strcmp(name, places[0].name) == 0 ? 0 : 1;
                int r;

                if (strcmp(name, places[place].name) != 0)
                        r = read_complain(&source->reader, member,
                                          "`unapproved` has the keys etc and users, not `%s`",
                                          name);
                else
                        r = read_name(&source->reader, member, name_of_unapproved,
                                      N_UNAPPROVED_RESPONSES, &value);
                if (r == READ_OK)
                        *places[place].response = (enum unapproved_response)value;
                result = r == READ_OK ? result : r;
        }
        return result;
}

static const char *name_of_severity(unsigned value) {
        return severity_name((enum severity)value);
}

static int take_notify(const struct source *source, const config_setting_t *setting) {
        unsigned severity = SEVERITY_INFO;
        int r = read_name(&source->reader, setting, name_of_severity, N_SEVERITIES, &severity);

        if (r == READ_OK) {
                source->loader->policy->has_notify = true;
                source->loader->policy->notify = (enum severity)severity;
        }
        return r;
}

static int take_cross_check(const struct source *source, const config_setting_t *setting) {
        return read_flag(&source->reader, setting, &source->loader->policy->cross_check);
}

static int take_admins(const struct source *source, const config_setting_t *setting) {
        return read_words(&source->reader, setting, &source->loader->policy->admins);
}

static int take_never_remove(const struct source *source, const config_setting_t *setting) {
        struct rule_words *words = &source->loader->policy->never_remove;
        int r = read_words(&source->reader, setting, words);

        for (size_t i = 0; r == READ_OK && i < words->n_items; i++)
                if (!check_is_fingerprint(words->items[i]))
                        r = read_complain(&source->reader, setting,
                                          "\"%s\" is no fingerprint: they look like \"SHA256:…\" "
                                          "with 43 digits (ssh-keygen -lf FILE)",
                                          words->items[i]);
        return r;
}

static int take_control(const struct source *source, const config_setting_t *setting) {
        struct policy *policy = source->loader->policy;
        int result = READ_OK;

        if (!config_setting_is_group(setting))
                return read_complain(&source->reader, setting,
                                     "`control` takes a group: write control = { read = [ \"bob\" "
                                     "]; change = [ \"alice\" ]; }");
        for (int i = 0; result >= 0 && i < config_setting_length(setting); i++) {
                const config_setting_t *member = config_setting_get_elem(setting, (unsigned)i);
                const char *name = config_setting_name(member);
                struct rule_words *words = strcmp(name, "read") == 0     ? &policy->control_read
                                           : strcmp(name, "change") == 0 ? &policy->control_change
                                                                         : NULL;
                int r = words ? read_words(&source->reader, member, words)
                              : read_complain(&source->reader, member,
                                              "`control` has the keys read and change, not `%s`",
                                              name);

                result = r == READ_OK ? result : r;
        }
        return result;
}

static int take_extra_users(const struct source *source, const config_setting_t *setting) {
        return read_words(&source->reader, setting, &source->loader->policy->extra_users);
}

static int take_rules(const struct source *source, const config_setting_t *setting) {
        const struct rule_target target = { source->loader->policy,
                                            &source->loader->sources->release, source->reader,
                                            source->profile };

        if (!config_setting_is_list(setting) &&
            !(config_setting_is_array(setting) && config_setting_length(setting) == 0))
                return read_complain(&source->reader, setting,
                                     "`rules` takes a list of groups: write rules = ( { … }, "
                                     "{ … } )");
        for (int i = 0; i < config_setting_length(setting) &&
                        source->loader->diagnostics->n_items < POLICY_COMPLAINTS_MAX;
             i++) {
                int r = statement_apply(&target, config_setting_get_elem(setting, (unsigned)i));

                if (r < 0)
                        return r;
        }
        return READ_OK;
}

/* In the order in which they are taken: profiles before the rules that override them. */
static const struct {
        const char *name;
        unsigned kinds;
        int (*take)(const struct source *source, const config_setting_t *setting);
} settings[] = {
        { "extends", IN_MAIN | IN_PROFILE, take_extends },
        { "mode", IN_MAIN, take_mode },
        { "unapproved", IN_MAIN, take_unapproved },
        { "notify", IN_MAIN, take_notify },
        { "cross_check", IN_MAIN, take_cross_check },
        { "admins", IN_MAIN, take_admins },
        { "never_remove", IN_MAIN, take_never_remove },
        { "control", IN_MAIN, take_control },
        { "extra_users", IN_MAIN, take_extra_users },
        { "rules", IN_MAIN | IN_PROFILE | IN_FRAGMENT, take_rules },
};

/* --- one file --------------------------------------------------------------------------------- */

static int check_setting_name(const struct source *source, const config_setting_t *setting) {
        const char *name = config_setting_name(setting);
        struct nearest nearest;
        char buffer[128];

        nearest_init(&nearest, name);
        for (size_t i = 0; i < N_ELEMENTS(settings); i++) {
                if (strcmp(settings[i].name, name) != 0) {
                        if (settings[i].kinds & source->kind)
                                nearest_offer(&nearest, settings[i].name);
                        continue;
                }
                if (settings[i].kinds & source->kind)
                        return READ_OK;
                return read_complain(&source->reader, setting, "`%s` stands in %s only", name,
                                     source->loader->sources->main.path);
        }
        return read_complain(&source->reader, setting, "unknown setting `%s`%s", name,
                             read_suggestion(&nearest, buffer));
}

static int take_settings(const struct source *source, const config_t *config) {
        const config_setting_t *root = config_root_setting(config);
        int r;

        for (int i = 0; i < config_setting_length(root); i++) {
                r = check_setting_name(source, config_setting_get_elem(root, (unsigned)i));
                if (r < 0)
                        return r;
        }
        for (size_t i = 0; i < N_ELEMENTS(settings); i++) {
                const config_setting_t *setting = config_setting_get_member(root, settings[i].name);

                if (!setting || !(settings[i].kinds & source->kind))
                        continue;
                r = settings[i].take(source, setting);
                if (r < 0)
                        return r;
        }
        return 0;
}

static int complain_syntax(const struct source *source, const config_t *config) {
        const char *text = config_error_text(config);
        unsigned line = config_error_line(config) > 0 ? (unsigned)config_error_line(config) : 0;

        if (!text || strcmp(text, "syntax error") == 0)
                text = "syntax error: is a `;`, a `,` or a bracket missing here or just before?";
        else if (strcmp(text, "duplicate setting name") == 0)
                text = "a key is given a second time here";
        else if (strcmp(text, "mismatched element type in array") == 0)
                text = "brackets hold elements of one type; write a list of several in parentheses";
        return diagnostics_add(source->reader.diagnostics, source->reader.path, line, 0, "%s",
                               text);
}

static int load_text(struct loader *loader, const struct policy_text *text, const char *profile,
                     unsigned kind) {
        const struct source source = { loader, { text->path, loader->diagnostics }, profile, kind };
        CLEANUP_FREE char *data = NULL;
        bool is_unsafe = false;
        config_t config;
        int r;

        r = scan_text(text->path, text->data, text->n, loader->diagnostics, &is_unsafe);
        if (r < 0 || is_unsafe)
                return r;
        data = strndup(text->data ? text->data : "", text->n);
        if (!data)
                return -ENOMEM;
        config_init(&config);
        if (config_read_string(&config, data) == CONFIG_TRUE)
                r = take_settings(&source, &config);
        else
                r = complain_syntax(&source, &config);
        config_destroy(&config);
        return r;
}

/* --- profiles --------------------------------------------------------------------------------- */

static int complain_cycle(const struct source *source, const config_setting_t *setting,
                          size_t first, const char *name) {
        CLEANUP(text_done) struct text chain = { 0 };

        for (size_t i = first; i < source->loader->n_chain; i++)
                (void)text_appendf(&chain, "%s, which extends ", source->loader->chain[i]);
        return read_complain(&source->reader, setting, "profiles extend each other: %s%s",
                             text_get(&chain), name);
}

static int complain_no_profile(const struct source *source, const config_setting_t *setting,
                               const char *name) {
        const struct policy_sources *sources = source->loader->sources;
        struct nearest nearest;
        char buffer[128];

        nearest_init(&nearest, name);
        for (size_t i = 0; i < sources->n_profile_names; i++)
                nearest_offer(&nearest, sources->profile_names[i]);
        return read_complain(&source->reader, setting, "there is no profile `%s`%s", name,
                             read_suggestion(&nearest, buffer));
}

static int load_profile(const struct source *source, const config_setting_t *setting,
                        const char *name) {
        struct loader *loader = source->loader;
        struct policy_text text = { 0 };
        int r;

        for (size_t i = 0; i < loader->n_chain; i++)
                if (strcmp(loader->chain[i], name) == 0)
                        return complain_cycle(source, setting, i, name);
        for (size_t i = 0; i < loader->n_loaded; i++)
                if (strcmp(loader->loaded[i], name) == 0)
                        return READ_OK;
        if (name[0] == '.' || strchr(name, '/'))
                return read_complain(&source->reader, setting,
                                     "a profile is a name such as \"baseline\", not a path: \"%s\"",
                                     name);
        if (loader->n_chain == PROFILE_DEPTH_MAX)
                return read_complain(&source->reader, setting,
                                     "profiles extend profiles more than %d deep",
                                     PROFILE_DEPTH_MAX);
        r = loader->sources->profile
                    ? loader->sources->profile(loader->sources->userdata, name, &text)
                    : -ENOENT;
        if (r == -ENOENT)
                return complain_no_profile(source, setting, name);
        if (r < 0)
                return r;
        loader->chain[loader->n_chain++] = name;
        r = load_text(loader, &text, name, IN_PROFILE);
        loader->n_chain--;
        policy_text_done(&text);
        return r < 0 ? r : strings_append(&loader->loaded, &loader->n_loaded, name);
}

static int load_profiles(const struct source *source, const config_setting_t *setting,
                         const struct rule_words *names) {
        for (size_t i = 0; i < names->n_items; i++) {
                int r = load_profile(source, setting, names->items[i]);

                if (r < 0)
                        return r;
        }
        return READ_OK;
}

/* --- the complaints --------------------------------------------------------------------------- */

static size_t first_of_file(const struct diagnostics *diagnostics, size_t from, size_t i) {
        const char *file = diagnostics->items[i].file;

        for (size_t k = from; k < i; k++)
                if (strcmp(diagnostics->items[k].file, file) == 0)
                        return k;
        return i;
}

/* By file in the order of their first complaint, then by line: the text is looked at twice, but
 * read once. An insertion sort, as it is stable and there are few. */
static void sort_complaints(struct diagnostics *diagnostics, size_t from) {
        for (size_t i = from; i < diagnostics->n_items; i++) {
                struct diagnostic item = diagnostics->items[i];
                size_t first = first_of_file(diagnostics, from, i), end = first, to;

                while (end < i && strcmp(diagnostics->items[end].file, item.file) == 0)
                        end++;
                for (to = end; to > first && diagnostics->items[to - 1].line > item.line; to--)
                        ;
                memmove(&diagnostics->items[to + 1], &diagnostics->items[to],
                        (i - to) * sizeof item);
                diagnostics->items[to] = item;
        }
}

/* --- all files -------------------------------------------------------------------------------- */

DEFINE_CLEANUP(cleanup_policy, struct policy, policy_free)

int policy_parse(const struct policy_sources *sources, struct policy **ret_policy,
                 struct diagnostics *diagnostics) {
        CLEANUP(cleanup_policy) struct policy *policy = calloc(1, sizeof *policy);
        struct loader loader = { .sources = sources, .policy = policy, .diagnostics = diagnostics };
        size_t n_before = diagnostics->n_items;
        int r;

        if (!policy)
                return -ENOMEM;
        policy->release = sources->release;
        policy->mode = MODE_ENFORCE;
        policy->unapproved_etc = UNAPPROVED_ALERT;
        policy->unapproved_users = UNAPPROVED_ACCEPT;
        policy->cross_check = true;
        r = load_text(&loader, &sources->main, NULL, IN_MAIN);
        for (size_t i = 0; r >= 0 && i < sources->n_fragments; i++)
                r = load_text(&loader, &sources->fragments[i], NULL, IN_FRAGMENT);
        strings_free(loader.loaded, loader.n_loaded);
        sort_complaints(diagnostics, n_before);
        if (r < 0)
                return r;
        if (diagnostics->n_items > n_before)
                return -EINVAL;
        *ret_policy = TAKE(policy);
        return 0;
}

void policy_text_done(struct policy_text *text) {
        free(text->path);
        free(text->data);
        *text = (struct policy_text){ 0 };
}
