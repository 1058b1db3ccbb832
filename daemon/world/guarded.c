/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Deriving the guarded set.
 *
 * Four sources: a table of fixed places (the ones sshd, PAM and systemd read whatever the
 * configuration says), what the parsed sshd configuration reads and names, what the PAM services
 * read and load, and what file rules speak of. A setting's path may hold tokens of a user; those
 * are expanded for every account, and what lies in a home is flagged, since it is read and written
 * with that user's rights. */

#include "world/guarded.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "policy/judge_file.h"
#include "world/pam_stacks.h"
#include "world/users.h"

struct place {
        const char *pattern;
        unsigned flags;
        const char *why;
};

static const struct place places[] = {
        { "/etc/ssh/sshrc", 0, "sshd runs it at each login" },
        { "/etc/ssh/sshd_not_to_be_run", 0, "keeps sshd's unit from starting" },
        { "/etc/ssh/moduli", 0, "sshd reads it" },
        { "/etc/ssh/ssh_config", 0, "ssh clients read it" },
        { "/etc/ssh/ssh_config.d/*.conf", 0, "ssh clients read it" },
        { "/etc/ssh/ssh_host_*_key", GUARDED_SECRET, "host key" },
        { "/etc/ssh/ssh_host_*_key.pub", 0, "host key" },
        { "/etc/default/ssh", GUARDED_UNIT, "sshd's command line" },
        { "/etc/ssh/sshd_config", GUARDED_SSHD, "sshd reads it" },
        { "/etc/systemd/system/ssh.service", GUARDED_UNIT, "sshd's unit" },
        { "/etc/systemd/system/ssh.service.d/*.conf", GUARDED_UNIT, "sshd's unit" },
        { "/etc/systemd/system/sshd.service", GUARDED_UNIT, "sshd's unit" },
        { "/etc/systemd/system/sshd.service.d/*.conf", GUARDED_UNIT, "sshd's unit" },
        { "/etc/systemd/system/service.d/*.conf", GUARDED_UNIT, "sshd's unit" },
        { "/etc/systemd/system.control/ssh.service.d/*.conf", GUARDED_UNIT, "sshd's unit" },
        { "/run/systemd/system/ssh.service", GUARDED_UNIT, "sshd's unit" },
        { "/run/systemd/system/ssh.service.d/*.conf", GUARDED_UNIT, "sshd's unit" },
        { "/run/systemd/system/sshd.service.d/*.conf", GUARDED_UNIT, "sshd's unit" },
        { "/etc/systemd/system/ssh@.service", 0, "sshd's unit" },
        { "/etc/systemd/system/ssh@.service.d/*.conf", 0, "sshd's unit" },
        { "/etc/systemd/system/ssh.socket.d/*.conf", 0, "sshd's unit" },
        { "/etc/pam.conf", GUARDED_PAM, "PAM reads it" },
        { "/etc/pam.d/*", GUARDED_PAM, "PAM reads it" },
        { "/usr/lib/pam.d/*", GUARDED_PAM | GUARDED_ALERT_ONLY, "PAM reads it" },
        { "/usr/share/pam/pam.d/*", GUARDED_PAM | GUARDED_ALERT_ONLY, "PAM reads it" },
        { "/usr/share/pam-configs/*", GUARDED_ALERT_ONLY, "pam-auth-update makes stacks of it" },
        { "/etc/security/*.conf", 0, "PAM modules read it" },
        { "/etc/update-motd.d/*", 0, "pam_motd runs it at each login" },
        { "/etc/security/access.d/*.conf", 0, "pam_access reads it" },
        { "/etc/security/limits.d/*.conf", 0, "pam_limits reads it" },
        { "/etc/security/namespace.d/*.conf", 0, "pam_namespace reads it" },
        { "/etc/security/namespace.init", 0, "pam_namespace runs it" },
        { "/etc/environment", 0, "pam_env reads it" },
        { "/etc/passwd", GUARDED_ACCOUNTS, "accounts" },
        { "/etc/group", GUARDED_ACCOUNTS, "accounts" },
        { "/etc/shadow", GUARDED_ACCOUNTS | GUARDED_SECRET, "accounts" },
        { "/etc/skel/.ssh/*", 0, "every new account gets it" },
        { "/etc/nsswitch.conf", GUARDED_ACCOUNTS, "accounts" },
        { "/etc/userdb/*", 0, "accounts, and keys that `userdbctl ssh-authorized-keys` prints" },
        { "/run/userdb/*", 0, "accounts, and keys that `userdbctl ssh-authorized-keys` prints" },
        { "/etc/sshguardd/policy.d/*.conf", GUARDED_POLICY, "our own policy" },
        { "/etc/systemd/system/sshguardd.service", GUARDED_ALERT_ONLY, "our own unit" },
        { "/etc/systemd/system/sshguardd.service.d/*.conf", GUARDED_ALERT_ONLY, "our own unit" },
};

static bool has_glob(const char *path) {
        return strpbrk(path, "*?[") != NULL;
}

static int add_path(struct guarded_set *set, const char *path, unsigned flags, const char *why) {
        struct guarded *guarded = map_get(&set->paths, path);
        int r;

        if (path[0] != '/')
                return 0;
        if (guarded) {
                guarded->flags |= flags;
                return 0;
        }
        guarded = calloc(1, sizeof *guarded);
        if (!guarded)
                return -ENOMEM;
        *guarded = (struct guarded){ flags, why };
        r = map_set(&set->paths, path, guarded, NULL);
        if (r < 0)
                free(guarded);
        return r;
}

static int add_once(char ***strings, size_t *n, const char *string, size_t n_string) {
        for (size_t i = 0; i < *n; i++)
                if (strncmp((*strings)[i], string, n_string) == 0 && !(*strings)[i][n_string])
                        return 0;
        return strings_append_n(strings, n, string, n_string);
}

/* The directory above the first component with a glob character is what has to be watched: there
 * new matches begin. The last directory is watched too where only the last component is a pattern.
 */
static int add_pattern_directory(struct guarded_set *set, const char *pattern) {
        size_t n = strcspn(pattern, "*?[");

        while (n > 0 && pattern[n] != '/')
                n--;
        if (n == 0)
                return 0;
        return add_once(&set->directories, &set->n_directories, pattern, n);
}

/* What the patterns of sshd, PAM and systemd say of a path. */
static unsigned flags_by_pattern(const struct guarded_sources *sources, const char *path) {
        size_t n = sources->config ? sshd_config_n_globs(sources->config) : 0;
        unsigned flags = 0;

        for (size_t i = 0; i < N_ELEMENTS(places); i++)
                if (view_glob_matches(places[i].pattern, path))
                        flags |= places[i].flags;
        for (size_t i = 0; i < n; i++)
                if (view_glob_matches(sshd_config_glob(sources->config, i), path))
                        flags |= GUARDED_SSHD;
        return flags;
}

static const char rule_why[] = "a rule speaks of it";

/* A directory is read for each pattern anew. What came meanwhile, so that only a rule's pattern
 * found it, is what the earlier ones would have said of it all the same. */
static int add_match(struct guarded_set *set, const struct guarded_sources *sources,
                     const char *path, const struct guarded *as) {
        bool is_late = as->why == rule_why && !map_get(&set->paths, path);

        return add_path(set, path, as->flags | (is_late ? flags_by_pattern(sources, path) : 0),
                        as->why);
}

static int add_pattern(struct guarded_set *set, const struct guarded_sources *sources,
                       const char *pattern, unsigned flags, const char *why) {
        const struct guarded as = { flags, why };
        char **paths = NULL;
        size_t n_paths = 0;
        int r;

        if (!has_glob(pattern))
                return add_path(set, pattern, flags, why);
        r = add_once(&set->patterns, &set->n_patterns, pattern, strlen(pattern));
        if (r == 0)
                r = add_pattern_directory(set, pattern);
        if (r == 0)
                r = view_glob(sources->view, pattern, &paths, &n_paths);
        for (size_t i = 0; i < n_paths && r == 0; i++)
                r = add_match(set, sources, paths[i], &as);
        strings_free(paths, n_paths);
        /* A file that was approved and is gone matches nothing any more, and is missed all the
         * same. */
        for (size_t i = 0; i < sources->n_approved && r == 0; i++)
                if (view_glob_matches(pattern, sources->approved[i]))
                        r = add_path(set, sources->approved[i], flags, why);
        return r;
}

static int add_config(const struct guarded_sources *sources, struct guarded_set *set) {
        int r = 0;

        for (size_t i = 0; i < sshd_config_n_files(sources->config) && r == 0; i++)
                r = add_path(set, sshd_config_file(sources->config, i), GUARDED_SSHD,
                             "sshd reads it");
        for (size_t i = 0; i < sshd_config_n_globs(sources->config) && r == 0; i++)
                r = add_pattern(set, sources, sshd_config_glob(sources->config, i), GUARDED_SSHD,
                                "sshd reads it");
        return r;
}

/* A stack that calls a drop-in a module takes no protection away from it. */
static int add_pam(const struct guarded_sources *sources, struct guarded_set *set) {
        int r = 0;

        for (size_t i = 0; i < sources->pam->n_paths && r == 0; i++) {
                const struct pam_path *path = &sources->pam->paths[i];
                unsigned flags = path->flags;

                if (guarded_set_get(set, path->path))
                        flags &= GUARDED_PAM;
                r = add_path(set, path->path, flags, path->why);
        }
        return r;
}

static int add_unit(const struct guarded_sources *sources, struct guarded_set *set) {
        int r = 0;

        for (size_t i = 0; i < sources->n_unit_paths && r == 0; i++) {
                const char *path = sources->unit_paths[i];
                bool is_shipped = strncmp(path, "/usr/", 5) == 0 || strncmp(path, "/lib/", 5) == 0;

                r = add_path(set, path, GUARDED_UNIT | (is_shipped ? GUARDED_ALERT_ONLY : 0),
                             "sshd's unit");
        }
        return r;
}

/* Which settings name what; the rest of the named paths are plain guarded files. */
static unsigned flags_of_named(const struct sshd_named_path *named) {
        if (strcmp(named->keyword, "hostkey") == 0)
                return GUARDED_SECRET;
        if (strcmp(named->keyword, "authorizedkeyscommand") == 0 ||
            strcmp(named->keyword, "authorizedprincipalscommand") == 0 ||
            strcmp(named->keyword, "forcecommand") == 0 ||
            strcmp(named->keyword, "subsystem") == 0 ||
            strncmp(named->path, "/usr/", strlen("/usr/")) == 0)
                return GUARDED_ALERT_ONLY;
        return 0;
}

static const char named_why[] = "a setting of sshd names it";

static bool is_guarded_otherwise(const struct guarded_set *set, const char *path) {
        const struct guarded *guarded = guarded_set_get(set, path);

        return guarded && guarded->why != named_why;
}

static int add_named(const struct guarded_sources *sources, struct guarded_set *set) {
        const struct sshd_named_path *named;
        size_t n_named = sshd_config_named_paths(sources->config, &named);
        int r = 0;

        for (size_t i = 0; i < n_named && r == 0; i++)
                /* Being named takes no protection away: a drop-in that calls itself a host key or a
                 * forced command is still put back. */
                if (named[i].path[0] == '/' && !strchr(named[i].path, '%') &&
                    !is_guarded_otherwise(set, named[i].path))
                        r = add_path(set, named[i].path, flags_of_named(&named[i]), named_why);
        return r;
}

/* Rules that speak of accounts' files are judged for each account elsewhere. */
static int add_file_rules(const struct guarded_sources *sources, struct guarded_set *set) {
        int r = 0;

        for (size_t i = 0; i < sources->policy->n_rules && r == 0; i++) {
                const struct rule *rule = &sources->policy->rules[i];
                CLEANUP_FREE char *pattern = NULL;

                if (rule->family != RULE_FILE || !rule->is_enabled ||
                    policy_file_rule_is_per_user(rule))
                        continue;
                r = policy_file_rule_glob(rule, NULL, &pattern);
                if (r == 0)
                        r = add_pattern(set, sources, pattern,
                                        policy_file_rule_wants_directory(rule) ? GUARDED_DIRECTORY
                                                                               : 0,
                                        rule_why);
        }
        return r;
}

/* ---- where guarded links lead ---- */

struct linking {
        struct guarded_set *set;
        struct view *view;
        char **links;
        size_t n_links;
        int error;
};

static void note_link(const char *path, void *value, void *userdata) {
        const struct guarded *guarded = value;
        struct linking *linking = userdata;
        const struct snapshot *now;

        if (linking->error < 0 || guarded->flags & (GUARDED_USER | GUARDED_DIRECTORY))
                return;
        linking->error = view_look(linking->view, path,
                                   guarded->flags & GUARDED_SECRET ? SNAPSHOT_SECRET : 0, &now);
        if (linking->error == 0 && now->metadata.kind == FILE_SYMLINK)
                linking->error = strings_append(&linking->links, &linking->n_links, path);
}

/* Whoever writes to what a link leads to decides as much as who writes the link. Each link on the
 * way counts, and what is at the end if it can be a file; a device (a masked unit's) cannot. */
static int add_destinations(struct linking *linking, const char *path) {
        const unsigned flags = guarded_set_get(linking->set, path)->flags;
        CLEANUP_FREE char *at = strdup(path);

        for (unsigned i = 0; at && i < VIEW_LINKS_MAX; i++) {
                const struct snapshot *now;
                char *next;
                int r = view_look(linking->view, at, flags & GUARDED_SECRET ? SNAPSHOT_SECRET : 0,
                                  &now);

                if (r == 0 && i > 0 &&
                    (now->metadata.kind == FILE_REGULAR || now->metadata.kind == FILE_ABSENT ||
                     now->metadata.kind == FILE_SYMLINK))
                        r = add_path(linking->set, at, flags | GUARDED_LED_TO,
                                     "a guarded link leads to it");
                if (r < 0 || now->metadata.kind != FILE_SYMLINK)
                        return r;
                next = view_link_destination(
                        at, now->metadata.link_target ? now->metadata.link_target : "");
                free(at);
                at = next;
        }
        return at ? 0 : -ENOMEM;
}

static int add_links(const struct guarded_sources *sources, struct guarded_set *set) {
        struct linking linking = { .set = set, .view = sources->view };

        map_each(&set->paths, note_link, &linking);
        for (size_t i = 0; i < linking.n_links && linking.error == 0; i++)
                linking.error = add_destinations(&linking, linking.links[i]);
        strings_free(linking.links, linking.n_links);
        return linking.error;
}

int guarded_set_derive(const struct guarded_sources *sources, struct guarded_set *ret) {
        CLEANUP(guarded_set_done) struct guarded_set set = { 0 };
        int r = 0;

        for (size_t i = 0; i < N_ELEMENTS(places) && r == 0; i++)
                r = add_pattern(&set, sources, places[i].pattern, places[i].flags, places[i].why);
        if (r == 0)
                r = add_path(&set, sources->config_path, GUARDED_POLICY, "our own configuration");
        if (r == 0)
                r = add_unit(sources, &set);
        if (r == 0 && sources->config)
                r = add_config(sources, &set);
        if (r == 0 && sources->pam)
                r = add_pam(sources, &set);
        if (r == 0 && sources->config)
                r = add_named(sources, &set);
        if (r == 0 && sources->policy)
                r = add_file_rules(sources, &set);
        if (r == 0)
                r = add_links(sources, &set);
        if (r < 0)
                return r;
        *ret = set;
        set = (struct guarded_set){ 0 };
        return 0;
}

void guarded_set_done(struct guarded_set *set) {
        map_done(&set->paths, free);
        strings_free(set->patterns, set->n_patterns);
        strings_free(set->directories, set->n_directories);
        *set = (struct guarded_set){ 0 };
}

const struct guarded *guarded_set_get(const struct guarded_set *set, const char *path) {
        const struct guarded *guarded = set->users ? users_get(set->users, path) : NULL;

        return guarded ? guarded : map_get(&set->paths, path);
}
