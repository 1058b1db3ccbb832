/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* A machine for tests of the reconciler: a tree in a temporary directory, a store, a policy. */

#include "cmocka_env.h"

#include <fcntl.h>
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

/* A tree with a policy, a configuration and a store, and the reconciler over it. */
struct machine {
        char directory[64];
        const char *openssh;
        struct world world;
        struct verdicts *verdicts;
        struct permits permits;
        struct reconciler reconciler;
        size_t n_reloads;
};

static const char main_config[] = "Include /etc/ssh/sshd_config.d/*.conf\n"
                                  "PasswordAuthentication no\n"
                                  "PermitRootLogin no\n";

static inline void write_at(const struct machine *machine, const char *path, const char *text) {
        char name[256];
        FILE *file;

        (void)snprintf(name, sizeof name, "%s/root%s", machine->directory, path);
        file = fopen(name, "w");
        assert_non_null(file);
        assert_true(fputs(text, file) >= 0);
        assert_int_equal(fclose(file), 0);
}

static inline void remove_at(const struct machine *machine, const char *path) {
        CLEANUP_FREE char *name = text_format("%s/root%s", machine->directory, path);

        assert_int_equal(unlink(name), 0);
}

/* The content of a path; NULL if there is none. */
static inline char *read_at(const struct machine *machine, const char *path) {
        CLEANUP_FREE char *name = text_format("%s/root%s", machine->directory, path);
        struct text text = { 0 };
        char buffer[512];
        size_t n;
        FILE *file = fopen(name, "r");

        if (!file)
                return NULL;
        while ((n = fread(buffer, 1, sizeof buffer, file)) > 0)
                assert_int_equal(text_append_n(&text, buffer, n), 0);
        (void)fclose(file);
        return text_take(&text);
}

static inline void assert_content(const struct machine *machine, const char *path,
                                  const char *expected) {
        CLEANUP_FREE char *content = read_at(machine, path);

        if (!expected)
                assert_null(content);
        else
                assert_string_equal(content ? content : "(absent)", expected);
}

static inline void write_policy(const struct machine *machine, const char *mode) {
        CLEANUP_FREE char *text = text_format(
                "mode = \"%s\";\n"
                "rules = (\n"
                "  { id = \"password\"; sshd = \"PasswordAuthentication\"; must = \"no\";\n"
                "    response = \"revert\"; severity = \"critical\"; },\n"
                "  { id = \"tries\"; sshd = \"MaxAuthTries\"; at_most = 6;\n"
                "    response = \"repair\"; },\n"
                "  { id = \"mode\"; file = \"/etc/ssh/sshd_config\"; mode_at_most = \"0644\";\n"
                "    response = \"revert\"; },\n"
                "  { id = \"sshrc\"; file = \"/etc/ssh/sshrc\"; absent = true;\n"
                "    response = \"revert\"; } );\n",
                mode);

        write_at(machine, "/etc/sshguardd/sshguardd.conf", text);
}

static inline void load_policy(struct machine *machine) {
        CLEANUP(diagnostics_done) struct diagnostics diagnostics = { 0 };
        struct policy *policy;

        assert_int_equal(policy_load(&machine->world.root, machine->world.config_path,
                                     &machine->world.release, &policy, &diagnostics),
                         0);
        reconciler_forget(&machine->reconciler);
        policy_free(machine->world.policy);
        machine->world.policy = policy;
}

static inline void count_reload(void *userdata) {
        struct machine *machine = userdata;

        machine->n_reloads++;
}

static inline void start(struct machine *machine) {
        CLEANUP_FREE char *root = text_format("%s/root", machine->directory);
        struct world *world = &machine->world;

        assert_int_equal(world_init(world, root, "/etc/sshguardd/sshguardd.conf", machine->openssh),
                         0);
        assert_int_equal(store_open(machine->directory, &world->store), 0);
        assert_int_equal(baseline_load(world->store, NULL, NULL, &world->baseline), 0);
        assert_int_equal(permits_load(world->store, &machine->permits), 0);
        assert_int_equal(verdicts_new(machine->directory, &machine->verdicts), 0);
        reconciler_init(&machine->reconciler, world, machine->verdicts);
        machine->reconciler.permits = &machine->permits;
        machine->reconciler.on_sshd_changed = count_reload;
        machine->reconciler.userdata = machine;
        load_policy(machine);
        assert_int_equal(world_load_accounts(world), 0);
        assert_true(world_load_service(world) >= 0);
        assert_true(world_load_config(world) >= 0);
        assert_true(world_load_pam(world) >= 0);
        assert_int_equal(world_derive_set(world), 0);
        if (!baseline_is_established(world->baseline))
                assert_true(reconcile_adopt_all(&machine->reconciler) > 0);
        else
                assert_int_equal(world_update_patterns(world), 0);
}

static inline void stop(struct machine *machine) {
        reconciler_done(&machine->reconciler);
        permits_done(&machine->permits);
        verdicts_free(machine->verdicts);
        world_done(&machine->world);
}

static inline int set_up(void **state) {
        static const char *const directories[] = { "",
                                                   "/etc",
                                                   "/etc/ssh",
                                                   "/etc/ssh/sshd_config.d",
                                                   "/etc/sshguardd",
                                                   "/etc/default",
                                                   "/etc/systemd",
                                                   "/etc/systemd/system",
                                                   "/etc/systemd/system/ssh.service.d" };
        struct machine *machine = calloc(1, sizeof *machine);
        char name[256];

        journal_use_stderr(true);
        machine->openssh = "9.2";
        strcpy(machine->directory, "/tmp/test-reconcile-XXXXXX");
        assert_non_null(mkdtemp(machine->directory));
        for (size_t i = 0; i < N_ELEMENTS(directories); i++) {
                (void)snprintf(name, sizeof name, "%s/root%s", machine->directory, directories[i]);
                assert_int_equal(mkdir(name, 0755), 0);
        }
        write_at(machine, "/etc/passwd", "root:x:0:0::/root:/bin/sh\n");
        write_at(machine, "/etc/group", "root:x:0:\n");
        write_at(machine, "/etc/ssh/sshd_config", main_config);
        write_policy(machine, "enforce");
        *state = machine;
        return 0;
}

static inline int tear_down(void **state) {
        struct machine *machine = *state;
        CLEANUP_FREE char *command = text_format("rm -rf '%s'", machine->directory);

        stop(machine);
        assert_int_equal(system(command), 0);
        free(machine);
        return 0;
}

static inline void reconcile(struct machine *machine, const char *path) {
        char directory[] = "/etc/ssh/sshd_config.d";
        char *paths[] = { BORROWED(path), directory };

        assert_int_equal(reconcile_paths(&machine->reconciler, paths, 2), 0);
}

static inline const struct open_finding *only_finding(const struct machine *machine) {
        assert_int_equal(machine->reconciler.ledger.n_items, 1);
        return &machine->reconciler.ledger.items[0];
}

static inline size_t count_incidents(struct machine *machine, const char *action) {
        const struct incident_filter filter = { 0 };
        struct incident *incidents;
        size_t n, n_such = 0;

        assert_int_equal(store_list_incidents(machine->world.store, &filter, &incidents, &n), 0);
        for (size_t i = 0; i < n; i++)
                n_such += strcmp(incidents[i].action, action) == 0;
        incidents_free(incidents, n);
        return n_such;
}
