/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A machine for tests of accounts: a tree with homes and keys in a temporary directory, a store, a
 * policy, and the reconciler over it. Files of several owners need root. */

#include "cmocka_env.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "guard/policy_load.h"
#include "guard/reconcile.h"
#include "os/journal.h"

/* A tree with accounts and their keys, and the reconciler over it. */
struct machine {
        char directory[64];
        struct world world;
        struct verdicts *verdicts;
        struct reconciler reconciler;
};

#define KEY_A                                                                                      \
        "ssh-ed25519 "                                                                             \
        "AAAAC3NzaC1lZDI1NTE5AAAAIDWmGTpxJvVsGVpYxXxGiSlBlVtWQHc8Q0mDCnRXcbzX a\n"
#define KEY_B                                                                                      \
        "ssh-ed25519 "                                                                             \
        "AAAAC3NzaC1lZDI1NTE5AAAAIKwgfsgnUQh+hYtOWhwplSY9TggXymjgfbyHQ8IFcHj2 b\n"

static inline const char *host(const struct machine *machine, const char *path) {
        static char names[4][256];
        static unsigned turn;
        char *name = names[turn++ % 4];

        (void)snprintf(name, sizeof names[0], "%s/root%s", machine->directory, path);
        return name;
}

static inline void write_at(const struct machine *machine, const char *path, const char *text) {
        FILE *file = fopen(host(machine, path), "w");

        assert_non_null(file);
        assert_true(fputs(text, file) >= 0);
        assert_int_equal(fclose(file), 0);
}

static inline void give(const struct machine *machine, const char *path, mode_t mode, uid_t owner) {
        assert_int_equal(chmod(host(machine, path), mode), 0);
        assert_int_equal(chown(host(machine, path), owner, owner), 0);
}

static inline void assert_content(const struct machine *machine, const char *path,
                                  const char *expected) {
        char content[1024] = "";
        FILE *file = fopen(host(machine, path), "r");

        if (!expected) {
                assert_null(file);
                return;
        }
        assert_non_null(file);
        content[fread(content, 1, sizeof content - 1, file)] = '\0';
        (void)fclose(file);
        assert_string_equal(content, expected);
}

static inline void make_home(const struct machine *machine, const char *name, uid_t owner,
                             const char *keys) {
        CLEANUP_FREE char *home = text_format("/home/%s", name);
        CLEANUP_FREE char *ssh = text_format("/home/%s/.ssh", name);
        CLEANUP_FREE char *path = text_format("/home/%s/.ssh/authorized_keys", name);

        assert_int_equal(mkdir(host(machine, home), 0755), 0);
        assert_int_equal(mkdir(host(machine, ssh), 0700), 0);
        write_at(machine, path, keys);
        give(machine, home, 0755, owner);
        give(machine, ssh, 0700, owner);
        give(machine, path, 0600, owner);
}

static inline void start(struct machine *machine) {
        CLEANUP(diagnostics_done) struct diagnostics diagnostics = { 0 };
        CLEANUP_FREE char *root = text_format("%s/root", machine->directory);
        struct world *world = &machine->world;

        assert_int_equal(world_init(world, root, "/etc/sshguardd/sshguardd.conf", "9.2"), 0);
        assert_int_equal(store_open(machine->directory, &world->store), 0);
        assert_int_equal(baseline_load(world->store, NULL, NULL, &world->baseline), 0);
        world_tell_baseline(world);
        assert_int_equal(verdicts_new(machine->directory, &machine->verdicts), 0);
        reconciler_init(&machine->reconciler, world, machine->verdicts);
        assert_int_equal(policy_load(&world->root, world->config_path, &world->release,
                                     &world->policy, &diagnostics),
                         0);
        assert_int_equal(world_load_accounts(world), 0);
        assert_true(world_load_config(world) >= 0);
        assert_int_equal(world_derive_set(world), 0);
        if (!baseline_is_established(world->baseline))
                assert_true(reconcile_adopt_all(&machine->reconciler) > 0);
        assert_int_equal(reconcile_users(&machine->reconciler, 0, world->users.n_items), 0);
}

static inline void stop(struct machine *machine) {
        reconciler_done(&machine->reconciler);
        verdicts_free(machine->verdicts);
        world_done(&machine->world);
}

/* Directories and nothing in them; the tests' set_up goes on from here. */
static inline struct machine *make_machine(void) {
        static const char *const directories[] = { "",      "/etc",  "/etc/ssh", "/etc/sshguardd",
                                                   "/root", "/home", "/bin" };
        struct machine *machine = calloc(1, sizeof *machine);

        journal_use_stderr(true);
        strcpy(machine->directory, "/tmp/test-accounts-XXXXXX");
        assert_non_null(mkdtemp(machine->directory));
        assert_int_equal(chmod(machine->directory, 0755), 0);
        for (size_t i = 0; i < N_ELEMENTS(directories); i++)
                assert_int_equal(mkdir(host(machine, directories[i]), 0755), 0);
        return machine;
}

static inline void make_shell(const struct machine *machine) {
        write_at(machine, "/bin/sh", "");
        assert_int_equal(chmod(host(machine, "/bin/sh"), 0755), 0);
}

/* Of a machine that was started if we are root. */
static inline int tear_down(void **state) {
        struct machine *machine = *state;
        CLEANUP_FREE char *command = text_format("rm -rf '%s'", machine->directory);

        if (geteuid() == 0)
                stop(machine);
        assert_int_equal(system(command), 0);
        free(machine);
        return 0;
}
