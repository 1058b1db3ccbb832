/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Out of memory is an error like any other: each operation of the room runs again and again, its
 * first, second, third … allocation failing, until none is left to fail. It must say -ENOMEM or be
 * done, leave nothing half done behind, and (under the address sanitizer) leak nothing.
 *
 * malloc() and its like are wrapped by the linker in our own objects. */

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "os/accounts.h"
#include "os/probe.h"
#include "os/replace.h"
#include "os/store.h"
#include "os/watch.h"
#include "tree.h"

static unsigned n_allocations, fail_at; /* 0: never */

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *pointer, size_t n);
char *__real_strdup(const char *string);
char *__real_strndup(const char *string, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *pointer, size_t n);
char *__wrap_strdup(const char *string);
char *__wrap_strndup(const char *string, size_t n);

static bool fails(void) {
        if (!fail_at || ++n_allocations != fail_at)
                return false;
        errno = ENOMEM;
        return true;
}

void *__wrap_malloc(size_t n) {
        return fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size) {
        return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *pointer, size_t n) {
        return fails() ? NULL : __real_realloc(pointer, n);
}

char *__wrap_strdup(const char *string) {
        return fails() ? NULL : __real_strdup(string);
}

char *__wrap_strndup(const char *string, size_t n) {
        return fails() ? NULL : __real_strndup(string, n);
}

static struct tree tree;
static char state[PATH_MAX + 16];

static int look(void) {
        struct snapshot s;
        int r = snapshot_take(&tree.root, "/etc/link", 0, &s);

        if (r < 0)
                return r;
        r = s.metadata.kind == FILE_REGULAR && strcmp(s.data, "bad") == 0 ? 0 : -EBADMSG;
        snapshot_done(&s);
        return r;
}

static int expand(void) {
        char **paths;
        size_t n;
        int r = snapshot_glob(&tree.root, "/e*/[a-z]*/\\f?", &paths, &n);

        if (r < 0)
                return r;
        strings_free(paths, n);
        return n == 2 ? 0 : -EBADMSG;
}

static int find(void) {
        char *path;
        int r = os_root_realpath(&tree.root, "/etc/link", &path);

        if (r == 0)
                free(path);
        return r;
}

static int load_accounts(void) {
        struct accounts accounts;
        int r = os_accounts_load(&tree.root, NULL, 0, &accounts);

        if (r < 0)
                return r;
        r = accounts.n_items == 2 ? 0 : -EBADMSG;
        accounts_done(&accounts);
        return r;
}

static int run_program(void) {
        const char *const argv[] = { "/bin/echo", "x", NULL };
        struct probe_result result;
        int r = probe_run(argv, NULL, NULL, 60000, &result);

        if (r == 0)
                probe_result_done(&result);
        return r;
}

static int use_store(struct store *store) {
        char path[] = "/etc/file", name[] = "user.x", value[] = "v";
        struct file_xattr xattr = { name, value, 1 };
        struct approved_version approved = { .path = path }, *all;
        struct file_metadata m = { .kind = FILE_REGULAR, .xattrs = &xattr, .n_xattrs = 1 };
        struct incident incident = { .path = path, .count = 1 }, *incidents;
        struct incident_filter filter = { .limit = 3 };
        char content[] = "content", *data;
        struct snapshot old = { .metadata = m, .data = content, .n_data = 7 };
        size_t n;
        int64_t id;
        int r;

        approved.metadata = m;
        r = store_approve(store, &approved, content, 7);
        if (r == 0)
                r = store_add_incident(store, &incident, &old, &id);
        if (r == 0)
                r = store_get_quarantine(store, id, &data, &n);
        if (r < 0)
                return r;
        free(data);
        r = store_list_approved(store, &all, &n);
        if (r < 0)
                return r;
        approved_versions_free(all, n);
        r = store_list_incidents(store, &filter, &incidents, &n);
        if (r < 0)
                return r;
        incidents_free(incidents, n);
        return 0;
}

static int remember(void) {
        struct store *store;
        int r = store_open(state, &store);

        if (r < 0)
                return r;
        r = use_store(store);
        store_free(store);
        return r;
}

/* Either version is in force, whole; a second attempt with memory succeeds. */
static int revert(void) {
        struct file_metadata m = { .kind = FILE_REGULAR, .mode = 0600 };
        struct replace_request request = {
                .path = "/etc/revert",
                .version = { .metadata = &m, .data = "good", .n_data = 4 },
        };
        struct replacement replacement;
        const char *now;
        int r;

        tree_write(&tree, "/etc/revert", "bad");
        r = replace_file(&tree.root, &request, &replacement);
        if (r == 0) {
                if (replacement.outcome == REPLACE_DONE && replacement.error == ENOMEM)
                        r = replace_look_again(&replacement);
                if (r == 0)
                        r = replace_finish(&replacement);
                if (r == 0 && replacement.outcome != REPLACE_DONE)
                        r = -replacement.error;
                if (r == 0 && strcmp(replacement.old.data, "bad") != 0)
                        r = -EBADMSG;
                replacement_done(&replacement);
        }
        now = tree_read(&tree, "/etc/revert");
        return strcmp(now, "good") == 0 || (r < 0 && strcmp(now, "bad") == 0) ? r : -EBADMSG;
}

static unsigned n_dirty;

static bool on_dirty(void *userdata, const char *path, bool is_being_written) {
        (void)userdata;
        (void)path;
        (void)is_being_written;
        n_dirty++;
        return true; /* looked at later */
}

static void on_overflow(void *userdata) {
        (void)userdata;
}

/* With memory back, a refresh makes the watch whole again. */
static bool is_deaf(struct watch *watch) {
        unsigned failing = fail_at, n_before = n_allocations;
        bool deaf;

        fail_at = 0;
        (void)watch_add(watch, "/etc/link");
        (void)watch_take(watch, "/etc/link");
        (void)watch_refresh(watch, "/etc/link");
        (void)watch_dispatch(watch);
        (void)watch_take(watch, "/etc/link");
        n_dirty = 0;
        tree_write(&tree, "/etc/d/f1", "bad");
        deaf = watch_dispatch(watch) != 0 || n_dirty != 1;
        fail_at = failing;
        n_allocations = n_before;
        return deaf;
}

static int keep_watch(void) {
        const struct watch_events events = { NULL, on_dirty, NULL, on_overflow };
        struct watch *watch;
        int r = watch_new(&tree.root, &events, &watch), dispatched;

        if (r < 0)
                return r;
        r = watch_add(watch, "/etc/link");
        TREE_MUST(rename(tree_path(&tree, "/etc/d"), tree_path(&tree, "/etc/d2")));
        dispatched = watch_dispatch(watch);
        TREE_MUST(rename(tree_path(&tree, "/etc/d2"), tree_path(&tree, "/etc/d")));
        if (dispatched == 0)
                dispatched = watch_take(watch, "/etc/link");
        if (dispatched == 0)
                dispatched = watch_dispatch(watch);
        r = r < 0 ? r : dispatched;
        if (is_deaf(watch))
                r = -EBADMSG;
        watch_remove(watch, "/etc/link");
        if (watch_n_watches(watch) > 1)
                r = -EBADMSG;
        watch_free(watch);
        return r;
}

static const struct {
        const char *name;
        int (*fn)(void);
} operations[] = {
        { "snapshot", look },          { "glob", expand },       { "realpath", find },
        { "accounts", load_accounts }, { "probe", run_program }, { "store", remember },
        { "replace", revert },         { "watch", keep_watch },
};

static bool exhaust(const char *name, int (*fn)(void)) {
        unsigned n_runs = 0;
        bool good = true;
        int r;

        do {
                n_allocations = 0;
                fail_at = ++n_runs;
                r = fn();
                fail_at = 0;
                if (r != 0 && r != -ENOMEM) {
                        printf("FAILED: %s: allocation %u: %s\n", name, n_runs, strerror(-r));
                        good = false;
                }
        } while (n_allocations >= n_runs && n_runs < 100000);
        if (r != 0) {
                printf("FAILED: %s: with memory: %s\n", name, strerror(-r));
                good = false;
        }
        printf("%s: %u allocations failed\n", name, n_runs - 1);
        return good && n_runs > 1;
}

int main(void) {
        bool good = true;

        (void)setvbuf(stdout, NULL, _IOLBF, 0);
        tree_make(&tree);
        (void)snprintf(state, sizeof state, "%s/state", tree.directory);
        tree_mkdir(&tree, "/etc");
        tree_mkdir(&tree, "/etc/d");
        tree_write(&tree, "/etc/d/f1", "bad");
        tree_write(&tree, "/etc/d/f2", "");
        tree_symlink(&tree, "/etc/d/f1", "/etc/link");
        tree_write(&tree, "/etc/passwd",
                   "root:x:0:0::/root:/bin/sh\nbob:x:1:1::/home/bob:/bin/sh\n");
        tree_write(&tree, "/etc/group", "root:x:0:\nbob:x:1:root\n");
        for (size_t i = 0; i < sizeof operations / sizeof operations[0]; i++)
                good = exhaust(operations[i].name, operations[i].fn) && good;
        tree_remove(&tree);
        return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
