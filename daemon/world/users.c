/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Deriving what belongs to each account.
 *
 * The list of users has the positions of the list of accounts. A path finds its users through one
 * hash table of positions; an entry that no longer says the truth (a file that left) is passed over
 * when its path is compared, and cleared away when the table is built anew.
 *
 * An account whose entry, key file settings and rules are the same as before keeps its findings and
 * stamps, so that a new account costs one account. Where neither the accounts nor what their files
 * follow from are others, nothing is derived: a configuration that was read again costs nothing
 * here. */

#include "world/users.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "policy/judge_file.h"

enum {
        FILES_MAX = 256,  /* of one account: more matches of a pattern than this are an attack */
        TARGETS_MAX = 16, /* links of one account whose targets are guarded */
};

struct user_slot {
        uint32_t user; /* position + 1; 0: free */
        uint32_t file;
        uint32_t tag; /* of the hash: most others are told apart without looking at their path */
};

static const struct guarded roles[N_USER_ROLES] = {
        [USER_HOME] = { GUARDED_USER | GUARDED_DIRECTORY | GUARDED_UNVERSIONED,
                        "home directory of an account" },
        [USER_SSH] = { GUARDED_USER | GUARDED_DIRECTORY | GUARDED_UNVERSIONED,
                       "sshd's directory of an account" },
        [USER_DIRECTORY] = { GUARDED_USER | GUARDED_DIRECTORY | GUARDED_UNVERSIONED,
                             "sshd looks for key files in it" },
        [USER_KEYS] = { GUARDED_USER | GUARDED_KEYS, "its keys open an account" },
        [USER_PRINCIPALS] = { GUARDED_USER, "its principals open an account" },
        [USER_TARGET] = { GUARDED_USER | GUARDED_KEYS, "a link to it opens an account" },
        [USER_SECRET] = { GUARDED_USER | GUARDED_SECRET | GUARDED_METADATA,
                          "seed of one-time passwords" },
        [USER_OTHER] = { GUARDED_USER, "a rule speaks of it" },
};

unsigned users_look_flags(enum user_role role) {
        if (roles[role].flags & (GUARDED_DIRECTORY | GUARDED_METADATA))
                return SNAPSHOT_BOUNDED | SNAPSHOT_METADATA;
        return SNAPSHOT_BOUNDED;
}

static void files_free(struct user_file *files, size_t n) {
        for (size_t i = 0; i < n; i++)
                free(files[i].path);
        free(files);
}

static void user_done(struct guarded_user *user) {
        files_free(user->files, user->n_files);
        strings_free(user->targets, user->n_targets);
        findings_done(&user->findings);
        ledger_done(&user->ledger);
        *user = (struct guarded_user){ 0 };
}

void users_init(struct users *users, struct looker *looker) {
        *users = (struct users){ .looker = looker, .can_assume = geteuid() == 0 };
}

void users_done(struct users *users) {
        for (size_t i = 0; i < users->n_items; i++)
                user_done(&users->items[i]);
        free(users->items);
        free(users->slots);
        user_rights_done(&users->rights);
        sshd_user_keyword_done(&users->keys);
        sshd_user_keyword_done(&users->principals);
        free(users->derived_from);
        *users = (struct users){ 0 };
}

/* ---- rights ---- */

int users_credentials(struct users *users, size_t i, const struct credentials **ret) {
        int r;

        *ret = NULL;
        if (users->rights_of != i + 1) {
                users->rights_of = 0;
                user_rights_done(&users->rights);
                r = user_rights_init(&users->rights, users->accounts, users_account(users, i),
                                     users->can_assume);
                if (r < 0)
                        return r;
                users->rights_of = i + 1;
        }
        *ret = user_rights_get(&users->rights);
        return 0;
}

/* ---- path → users ---- */

static uint64_t hash_path(const char *path) {
        uint64_t hash = 14695981039346656037U;

        while (*path)
                hash = (hash ^ (unsigned char)*path++) * 1099511628211U;
        return hash ^ hash >> 29;
}

static uint32_t tag_of(uint64_t hash) {
        return (uint32_t)(hash >> 32);
}

static void put_slot(struct user_slot *slots, size_t n_slots, const char *path, size_t user,
                     size_t file) {
        uint64_t hash = hash_path(path);
        size_t at = hash & (n_slots - 1);

        while (slots[at].user != 0)
                at = (at + 1) & (n_slots - 1);
        slots[at] = (struct user_slot){ (uint32_t)user + 1, (uint32_t)file, tag_of(hash) };
}

static int index_all(struct users *users) {
        size_t n_files = 0, n_slots = 64;
        struct user_slot *slots;

        for (size_t i = 0; i < users->n_items; i++)
                n_files += users->items[i].n_files;
        while (n_slots < 2 * n_files + n_files / 2)
                n_slots *= 2;
        slots = calloc(n_slots, sizeof *slots);
        if (!slots)
                return -ENOMEM;
        for (size_t i = 0; i < users->n_items; i++)
                for (size_t f = 0; f < users->items[i].n_files; f++)
                        put_slot(slots, n_slots, users->items[i].files[f].path, i, f);
        free(users->slots);
        users->slots = slots;
        users->n_slots = n_slots;
        users->n_used = n_files;
        return 0;
}

static int index_user(struct users *users, size_t i) {
        const struct guarded_user *user = &users->items[i];

        if (2 * (users->n_used + user->n_files) > users->n_slots)
                return index_all(users);
        for (size_t f = 0; f < user->n_files; f++)
                put_slot(users->slots, users->n_slots, user->files[f].path, i, f);
        users->n_used += user->n_files;
        return 0;
}

/* A walk through the slots that may hold a path. */
struct probe {
        const char *path;
        uint32_t tag;
        size_t at;
};

static struct probe probe_start(const struct users *users, const char *path) {
        uint64_t hash = hash_path(path);

        return (struct probe){ path, tag_of(hash),
                               users->n_slots > 0 ? hash & (users->n_slots - 1) : 0 };
}

/* The next of the path's files; NULL at the end of the run. */
static struct user_file *probe_next(const struct users *users, struct probe *probe,
                                    size_t *ret_user) {
        while (users->n_slots > 0 && users->slots[probe->at].user != 0) {
                const struct user_slot *slot = &users->slots[probe->at];
                struct guarded_user *user = &users->items[slot->user - 1];

                probe->at = (probe->at + 1) & (users->n_slots - 1);
                if (slot->tag == probe->tag && slot->file < user->n_files &&
                    strcmp(user->files[slot->file].path, probe->path) == 0) {
                        *ret_user = slot->user - 1;
                        return &user->files[slot->file];
                }
        }
        return NULL;
}

bool users_first_of(const struct users *users, const char *path, size_t *ret_i,
                    const struct user_file **ret_file) {
        struct probe probe = probe_start(users, path);
        size_t i;
        const struct user_file *file = probe_next(users, &probe, &i);

        if (!file)
                return false;
        *ret_i = i;
        if (ret_file)
                *ret_file = file;
        return true;
}

void users_of_path(const struct users *users, const char *path,
                   void (*fn)(void *userdata, size_t i, struct user_file *file), void *userdata) {
        struct probe probe = probe_start(users, path);
        struct user_file *file;
        size_t i;

        while ((file = probe_next(users, &probe, &i)))
                fn(userdata, i, file);
}

const struct guarded *users_get(const struct users *users, const char *path) {
        const struct user_file *file;
        size_t i;

        return users_first_of(users, path, &i, &file) ? &roles[file->role] : NULL;
}

void users_each_own(const struct users *users, size_t i,
                    void (*fn)(void *userdata, const char *path), void *userdata) {
        for (size_t f = 0; f < users->items[i].n_files; f++) {
                const struct user_file *file = &users->items[i].files[f];
                size_t first;

                if (file->is_there && users_first_of(users, file->path, &first, NULL) && first == i)
                        fn(userdata, file->path);
        }
}

/* ---- one account ---- */

struct deriving {
        struct users *users;
        const struct account *account;
        size_t i;
        struct user_file *files;
        size_t n_files;
};

static int add_file(struct deriving *deriving, const char *path, enum user_role role) {
        for (size_t i = 0; i < deriving->n_files; i++)
                if (strcmp(deriving->files[i].path, path) == 0)
                        return 0;
        if (path[0] != '/' || deriving->n_files >= FILES_MAX)
                return 0;
        if (ARRAY_GROW(deriving->files, deriving->n_files) < 0)
                return -ENOMEM;
        deriving->files[deriving->n_files] =
                (struct user_file){ .path = strdup(path), .role = role };
        return deriving->files[deriving->n_files++].path ? 0 : -ENOMEM;
}

static int add_matches(struct deriving *deriving, const char *pattern, enum user_role role) {
        size_t n_directory = strcspn(pattern, "*?[\\");
        CLEANUP_FREE char *directory = NULL;
        const struct credentials *as;
        char **paths = NULL;
        size_t n_paths = 0;
        int r;

        while (n_directory > 1 && pattern[n_directory - 1] != '/')
                n_directory--;
        directory = strndup(pattern, n_directory > 1 ? n_directory - 1 : n_directory);
        r = directory ? users_credentials(deriving->users, deriving->i, &as) : -ENOMEM;
        if (r == 0)
                r = looker_glob(deriving->users->looker, pattern, as, &paths, &n_paths);
        if (r < 0 && r != -ENOMEM) /* out of reach: nothing matches */
                r = 0;
        for (size_t i = 0; i < n_paths && r == 0; i++)
                r = add_file(deriving, paths[i], role);
        strings_free(paths, n_paths);
        return r < 0 ? r : add_file(deriving, directory, USER_DIRECTORY);
}

static int add_sshd_files(struct deriving *deriving, const struct sshd_user_keyword *keyword,
                          enum user_role role) {
        struct sshd_user_files files = { 0 };
        int r = keyword->config ? sshd_user_files_add(keyword, deriving->account, &files) : 0;

        for (size_t i = 0; i < files.n_items && r == 0; i++)
                r = files.items[i].is_pattern ? add_matches(deriving, files.items[i].path, role)
                                              : add_file(deriving, files.items[i].path, role);
        sshd_user_files_done(&files);
        return r;
}

/* Takes the backslashes out of a pattern without wildcards; false if it has some. */
static bool unescape_pattern(char *pattern) {
        char *to = pattern;

        for (const char *from = pattern; *from; from++) {
                if (strchr("*?", *from))
                        return false;
                if (*from == '\\' && from[1])
                        from++;
                *to++ = *from;
        }
        *to = '\0';
        return true;
}

static int add_rules(struct deriving *deriving) {
        const struct policy *policy = deriving->users->policy;
        int r = 0;

        for (size_t i = 0; policy && i < policy->n_rules && r == 0; i++) {
                const struct rule *rule = &policy->rules[i];
                CLEANUP_FREE char *pattern = NULL, *copy = NULL;

                if (rule->family != RULE_FILE || !rule->is_enabled ||
                    !policy_file_rule_is_per_user(rule))
                        continue;
                r = policy_file_rule_glob(rule, deriving->account, &pattern);
                copy = r == 0 ? strdup(pattern) : NULL;
                if (r == 0 && !copy)
                        r = -ENOMEM;
                if (r == 0 && unescape_pattern(copy))
                        r = add_file(deriving, copy,
                                     policy_file_rule_wants_directory(rule) ? USER_DIRECTORY
                                                                            : USER_OTHER);
                else if (r == 0)
                        r = add_matches(deriving, pattern, USER_OTHER);
        }
        return r;
}

static int add_home(struct deriving *deriving) {
        static const struct {
                const char *name;
                enum user_role role;
        } places[] = {
                { "", USER_HOME },
                { "/.ssh", USER_SSH },
                { "/.google_authenticator", USER_SECRET },
        };
        const char *home = deriving->account->home;
        size_t n = strlen(home);
        int r = 0;

        while (n > 0 && home[n - 1] == '/')
                n--;
        for (size_t i = 0; home[0] == '/' && i < N_ELEMENTS(places) && r == 0; i++) {
                CLEANUP_FREE char *path =
                        n == 0 && i == 0 ? strdup("/")
                                         : text_format("%.*s%s", (int)n, home, places[i].name);

                r = path ? add_file(deriving, path, places[i].role) : -ENOMEM;
        }
        return r;
}

static int derive_files(struct users *users, size_t i, struct user_file **ret, size_t *ret_n) {
        const struct guarded_user *user = &users->items[i];
        struct deriving deriving = { .users = users, .account = users_account(users, i), .i = i };
        int r = add_home(&deriving);

        if (r == 0)
                r = add_sshd_files(&deriving, &users->keys, USER_KEYS);
        if (r == 0)
                r = add_sshd_files(&deriving, &users->principals, USER_PRINCIPALS);
        for (size_t t = 0; t < user->n_targets && r == 0; t++)
                r = add_file(&deriving, user->targets[t], USER_TARGET);
        if (r == 0)
                r = add_rules(&deriving);
        if (r < 0) {
                files_free(deriving.files, deriving.n_files);
                return r;
        }
        *ret = deriving.files;
        *ret_n = deriving.n_files;
        return 0;
}

/* What is known of a file stays with it. */
static void carry_over(const struct guarded_user *user, struct user_file *files, size_t n) {
        for (size_t i = 0; i < n; i++)
                for (size_t k = 0; k < user->n_files; k++)
                        if (strcmp(files[i].path, user->files[k].path) == 0) {
                                files[i].is_watched = user->files[k].is_watched;
                                files[i].is_adopted = user->files[k].is_adopted;
                                files[i].is_there = user->files[k].is_there;
                                memcpy(files[i].stamp, user->files[k].stamp, sizeof files[i].stamp);
                                files[i].missed_at_us = user->files[k].missed_at_us;
                        }
}

static void tell_left(const struct users *users, const struct guarded_user *user,
                      const struct user_file *files, size_t n) {
        for (size_t k = 0; users->on_file_left && k < user->n_files; k++) {
                size_t i = 0;

                while (i < n && strcmp(files[i].path, user->files[k].path) != 0)
                        i++;
                if (i == n)
                        users->on_file_left(users->userdata, &user->files[k]);
        }
}

static bool has_same_files(const struct guarded_user *user, const struct user_file *files,
                           size_t n) {
        if (n != user->n_files)
                return false;
        for (size_t i = 0; i < n; i++)
                if (files[i].role != user->files[i].role ||
                    strcmp(files[i].path, user->files[i].path) != 0)
                        return false;
        return true;
}

int users_refresh(struct users *users, size_t i) {
        struct guarded_user *user = &users->items[i];
        struct user_file *files;
        size_t n;
        int r = derive_files(users, i, &files, &n);

        if (r < 0)
                return r;
        if (has_same_files(user, files, n)) {
                files_free(files, n);
                return 0;
        }
        carry_over(user, files, n);
        tell_left(users, user, files, n);
        files_free(user->files, user->n_files);
        user->files = files;
        user->n_files = n;
        user->is_stale = true;
        r = index_user(users, i);
        return r < 0 ? r : 1;
}

int users_add_target(struct users *users, size_t i, const char *path) {
        struct guarded_user *user = &users->items[i];
        int r;

        for (size_t t = 0; t < user->n_targets; t++)
                if (strcmp(user->targets[t], path) == 0)
                        return 0;
        if (user->n_targets >= TARGETS_MAX)
                return 0;
        r = strings_append(&user->targets, &user->n_targets, path);
        return r < 0 ? r : users_refresh(users, i);
}

/* ---- all accounts ---- */

/* Moves over what is known of the accounts that are still there. */
static void keep_known(struct users *users, const struct users_sources *sources,
                       struct guarded_user *items) {
        for (size_t i = 0; i < users->n_items; i++) {
                const struct account *was = &sources->before->items[i];
                const struct account *is = accounts_find(sources->accounts, was->name);

                if (is) {
                        size_t to = (size_t)(is - sources->accounts->items);

                        items[to] = users->items[i];
                        if (!account_is_same(was, is)) {
                                items[to].is_stale = true;
                                items[to].is_recalled = false; /* it may have moved */
                        }
                        users->items[i] = (struct guarded_user){ 0 };
                } else {
                        if (sources->on_left)
                                sources->on_left(sources->userdata, &users->items[i], was->name);
                        tell_left(users, &users->items[i], NULL, 0);
                        user_done(&users->items[i]);
                }
        }
}

static int take_accounts(struct users *users, const struct users_sources *sources) {
        size_t n = sources->accounts->n_items;
        struct guarded_user *items;

        users->accounts = sources->accounts;
        users->rights_of = 0;
        if (users->items && !sources->before)
                return 0;
        items = calloc(n + 1, sizeof *items);
        if (!items)
                return -ENOMEM;
        for (size_t i = 0; i < n; i++)
                items[i].is_stale = true;
        if (users->items)
                keep_known(users, sources, items);
        free(users->items);
        users->items = items;
        users->n_items = n;
        return 0;
}

static int take_keyword(struct sshd_user_keyword *keyword, const struct sshd_config *config,
                        const char *name) {
        struct sshd_user_keyword fresh = { 0 };
        int r = config ? sshd_user_keyword_init(&fresh, config, name) : 0;

        if (r == -EINVAL) /* sshd fails on every connection: it reads nothing */
                fresh = (struct sshd_user_keyword){ 0 };
        else if (r < 0)
                return r;
        sshd_user_keyword_done(keyword);
        *keyword = fresh;
        return 0;
}

static void append_keyword(struct text *text, const struct sshd_user_keyword *keyword) {
        (void)text_append(text, keyword->has_globs ? "\nglobs" : "\nfiles");
        for (size_t i = 0; i < keyword->n_values; i++)
                (void)text_appendf(text, "\n\t%s", keyword->values[i]);
}

/* What the files of every account follow from, as one text; NULL if it is not the same for every
 * connection, or there is no memory for it. */
static char *describe_sources(const struct users *users) {
        CLEANUP(text_done) struct text text = { 0 };

        if (users->keys.is_conditional || users->principals.is_conditional)
                return NULL;
        append_keyword(&text, &users->keys);
        append_keyword(&text, &users->principals);
        for (size_t i = 0; users->policy && i < users->policy->n_rules; i++) {
                const struct rule *rule = &users->policy->rules[i];

                if (rule->family == RULE_FILE && rule->is_enabled &&
                    policy_file_rule_is_per_user(rule))
                        (void)text_appendf(&text, "\n%s", rule->file_rule.path);
        }
        return text_take(&text);
}

/* Whether they follow from something else than before; that they do from now on. */
static bool has_new_sources(struct users *users) {
        char *was = users->derived_from;
        bool is_new;

        users->derived_from = describe_sources(users);
        is_new = !was || !users->derived_from || strcmp(was, users->derived_from) != 0;
        free(was);
        return is_new;
}

int users_derive(struct users *users, const struct users_sources *sources) {
        int r;

        users->policy = sources->policy;
        r = take_keyword(&users->keys, sources->config, "authorizedkeysfile");
        if (r == 0)
                r = take_keyword(&users->principals, sources->config, "authorizedprincipalsfile");
        if (r == 0 && !has_new_sources(users) && users->items && !sources->before) {
                users->accounts = sources->accounts;
                return 0;
        }
        if (r == 0)
                r = take_accounts(users, sources);
        users->coverage.is_counted = false; /* another may be the first of a shared file */
        for (size_t i = 0; i < users->n_items && r == 0; i++) {
                struct guarded_user *user = &users->items[i];
                struct user_file *files;
                size_t n;

                r = derive_files(users, i, &files, &n);
                if (r < 0)
                        break;
                user->is_stale |= !has_same_files(user, files, n);
                carry_over(user, files, n);
                tell_left(users, user, files, n);
                files_free(user->files, user->n_files);
                user->files = files;
                user->n_files = n;
        }
        if (r == 0)
                r = index_all(users);
        if (r < 0) {
                free(users->derived_from);
                users->derived_from = NULL;
        }
        return r;
}

/* ---- stamps ---- */

static uint64_t mix(uint64_t hash, uint64_t value) {
        hash = (hash ^ value) * 0x9e3779b97f4a7c15U;
        return hash ^ hash >> 32;
}

static void make_stamp(const struct file_metadata *m, uint64_t stamp[2]) {
        /* what happens in a directory is seen at its files */
        bool has_content = m->kind != FILE_DIRECTORY;
        const uint64_t values[] = { m->kind,
                                    (uint64_t)m->error,
                                    m->mode,
                                    m->uid,
                                    m->gid,
                                    m->dev,
                                    m->ino,
                                    m->flags,
                                    has_content ? m->size : 0,
                                    has_content ? m->nlink : 0,
                                    has_content ? (uint64_t)m->mtime_ns : 0,
                                    has_content ? (uint64_t)m->ctime_ns : 0 };

        stamp[0] = 1;
        stamp[1] = 0;
        for (size_t i = 0; i < N_ELEMENTS(values); i++)
                stamp[0] = mix(stamp[0], values[i]);
        if (m->link_target)
                stamp[0] = mix(stamp[0], hash_path(m->link_target));
        if (m->has_sha256)
                memcpy(&stamp[1], m->sha256, sizeof stamp[1]);
}

bool users_has_moved(const struct user_file *file, const struct file_metadata *metadata) {
        uint64_t stamp[2];

        make_stamp(metadata, stamp);
        return memcmp(stamp, file->stamp, sizeof stamp) != 0;
}

bool users_note_seen(struct user_file *file, const struct file_metadata *metadata) {
        bool has_moved = users_has_moved(file, metadata);

        make_stamp(metadata, file->stamp);
        file->is_there = metadata->kind != FILE_ABSENT;
        return has_moved;
}
