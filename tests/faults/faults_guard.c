/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The daemon's start, and an approval, as they are: every system call fails once in each way it
 * can, and the process is killed before every one of them. Whatever happens:
 *
 * - a file is one of the versions it had, whole;
 * - a version that is not in force any more is in quarantine, or under a leftover's name;
 * - the approved version in the database is one that was approved, whole; what said that it
 *   approved did;
 * - what said that nothing is wrong has the approved version in force, and so has who recorded
 *   that it was reverted;
 * - the next start goes well, and after it the approved version is in force, or that it is not is
 *   told, what it replaced is in quarantine, and no leftover is there.
 *
 * Usage: faults_guard SCENARIO [STEP [FROM [TO]]]: faults are at each STEP-th of these calls only.
 * Prints the number of points and runs. */

#include <errno.h>
#include <fcntl.h>
#include <openssl/sha.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "manager.h"
#include "os/replace.h"
#include "os/store.h"
#include "supervisor.h"
#include "tree.h"

enum {
        SKIPPED = 77,
        /* what a start says */
        ALL_IS_WELL = 0,
        FAILED = 1,
        SOMETHING_IS_TOLD = 2, /* a finding is open */
};

static const char good[] = "PermitRootLogin no\n# the approved version, longer than the others\n";
static const char other[] = "PermitRootLogin no\nX11Forwarding no\n";
static const char path[] = "/etc/ssh/sshd_config";
static const char policy[] =
        "mode = \"enforce\";\n"
        "rules = ( { id = \"whole\"; file = \"/etc/ssh/sshd_config\"; approved_only = true;\n"
        "            response = \"revert\"; severity = \"high\"; } );\n";

struct fixture {
        struct tree tree; /* with root/ and state/ in it */
        char template[64];
        struct invocation invocation;
        char root[PATH_MAX + 8], state[PATH_MAX + 8], socket[PATH_MAX + 8];
        unsigned n_failures;
};

__attribute__((format(printf, 1, 2))) static void command(const char *format, ...) {
        char line[2 * PATH_MAX];
        va_list arguments;

        va_start(arguments, format);
        (void)vsnprintf(line, sizeof line, format, arguments);
        va_end(arguments);
        if (system(line) != 0) {
                printf("FAILED: %s\n", line);
                exit(EXIT_FAILURE);
        }
}

static void write_file(const struct fixture *f, const char *name, const char *content) {
        char place[sizeof f->root + 64];
        FILE *file;

        (void)snprintf(place, sizeof place, "%s%s", f->root, name);
        file = fopen(place, "w");
        if (!file || fputs(content, file) < 0 || fclose(file) != 0)
                abort();
}

/* ---- what is supervised ---- */

/* What it has to say would be very much. */
static void be_silent(void) {
        if (!freopen("/dev/null", "w", stderr))
                abort();
}

static bool has_finding(const struct manager *manager) {
        return manager->reconciler.ledger.n_items > 0;
}

static int start(void *userdata) {
        struct fixture *f = userdata;
        struct manager *manager;
        int result;

        be_silent();
        supervise_from_here();
        if (manager_new(&f->invocation, &manager) < 0)
                return FAILED;
        result = has_finding(manager) ? SOMETHING_IS_TOLD : ALL_IS_WELL;
        manager_free(manager);
        return result;
}

static int approve(void *userdata) {
        struct fixture *f = userdata;
        struct control_approval approval = { .path = path, .reason = "reviewed" };
        struct control_refusal refusal = { 0 };
        struct manager *manager;
        int r;

        be_silent();
        if (manager_new(&f->invocation, &manager) < 0)
                return FAILED;
        write_file(f, path, other);
        (void)SHA256((const void *)other, strlen(other), approval.sha256);
        supervise_from_here();
        r = manager_approve(manager, &approval, &refusal);
        control_refusal_done(&refusal);
        manager_free(manager);
        return r == CONTROL_DONE ? ALL_IS_WELL : FAILED;
}

/* ---- what is there afterwards ---- */

/* Whether what is at NAME below the root has this content. */
static bool has_content(const struct fixture *f, const char *name, const char *content) {
        struct os_root root;
        struct snapshot now;
        bool same;

        if (os_root_open(f->root, &root) < 0 ||
            snapshot_take(&root, name, SNAPSHOT_NOFOLLOW, &now) < 0)
                abort();
        same = now.metadata.kind == FILE_REGULAR && now.n_data == strlen(content) &&
               memcmp(now.data, content, now.n_data) == 0;
        snapshot_done(&now);
        os_root_close(&root);
        return same;
}

static size_t count_leftovers(const struct fixture *f, const char *content) {
        struct os_root root;
        char **paths;
        size_t n, n_such = 0;

        if (os_root_open(f->root, &root) < 0 ||
            replace_list_leftovers(&root, "/etc/ssh", &paths, &n) < 0)
                abort();
        for (size_t i = 0; i < n; i++)
                n_such += !content || has_content(f, paths[i], content);
        strings_free(paths, n);
        os_root_close(&root);
        return n_such;
}

struct kept {
        bool is_readable; /* the database */
        bool is_approved_good, is_approved_other;
        bool has_other;                /* in quarantine */
        bool is_reverted, is_going_on; /* some incident says so */
};

static void look_at_quarantine(struct store *store, struct kept *kept) {
        const struct incident_filter filter = { 0 };
        struct incident *incidents = NULL;
        size_t n = 0;

        kept->is_readable = store_list_incidents(store, &filter, &incidents, &n) == 0;
        for (size_t i = 0; i < n; i++) {
                CLEANUP_FREE char *data = NULL;
                size_t n_data;

                kept->is_reverted |= strcmp(incidents[i].action, "reverted") == 0;
                kept->is_going_on |= strcmp(incidents[i].action, "reverting") == 0;
                kept->has_other |=
                        store_get_quarantine(store, incidents[i].id, &data, &n_data) == 0 &&
                        n_data == strlen(other) && memcmp(data, other, n_data) == 0;
        }
        incidents_free(incidents, n);
}

static struct kept look_at_store(const struct fixture *f) {
        struct kept kept = { 0 };
        struct approved_version approved;
        struct store *store;

        if (store_open(f->state, &store) < 0)
                return kept;
        look_at_quarantine(store, &kept);
        if (store_get_approved(store, path, &approved) == 0) {
                CLEANUP_FREE char *data = NULL;
                size_t n = 0;

                if (store_get_content(store, approved.metadata.sha256, &data, &n) < 0)
                        kept.is_readable = false;
                kept.is_approved_good = data && strcmp(data, good) == 0;
                kept.is_approved_other = data && strcmp(data, other) == 0;
                approved_version_done(&approved);
        }
        store_free(store);
        return kept;
}

/* The next start, with nothing in its way. */
static int start_again(struct fixture *f) {
        int status;
        pid_t pid = fork();

        if (pid < 0)
                abort();
        if (pid == 0)
                _exit(start(f));
        if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
                return FAILED;
        return WEXITSTATUS(status);
}

/* ---- scenarios ---- */

/* Before anything was approved. */
static const char *judge_first_start(struct fixture *f, const struct outcome *outcome) {
        struct kept kept;
        int status;

        (void)outcome;
        if (!has_content(f, path, good))
                return "the file was touched";
        status = start_again(f);
        kept = look_at_store(f);
        if (status == FAILED || !kept.is_readable)
                return "the next start fails";
        if (!kept.is_approved_good && status != SOMETHING_IS_TOLD)
                return "the file is not approved and nobody is told";
        return has_content(f, path, good) ? NULL : "the next start touched the file";
}

/* What was changed while nobody watched. */
static const char *judge_start(struct fixture *f, const struct outcome *outcome) {
        bool is_good = has_content(f, path, good), is_other = has_content(f, path, other);
        struct kept kept = look_at_store(f);

        if (!is_good && !is_other)
                return "the file is neither version";
        if (!kept.is_readable || !kept.is_approved_good)
                return "the approved version is lost";
        if (!is_other && !kept.has_other && count_leftovers(f, other) == 0)
                return "the other version is lost";
        if (outcome->status == ALL_IS_WELL && !is_good)
                return "it said that all is well, and it is not";
        if (kept.is_reverted && !is_good)
                return "an incident says that it was reverted, and it is not";
        if (start_again(f) != ALL_IS_WELL)
                return "the next start does not finish";
        kept = look_at_store(f);
        if (!has_content(f, path, good) || !kept.is_approved_good)
                return "the next start did not put it back";
        if (!kept.has_other)
                return "the other version is not in quarantine in the end";
        if (kept.is_going_on)
                return "an incident says for ever that it goes on";
        return count_leftovers(f, NULL) == 0 ? NULL : "a leftover stays";
}

static const char *judge_approval(struct fixture *f, const struct outcome *outcome) {
        struct kept kept = look_at_store(f);
        bool is_approved;

        if (!has_content(f, path, other))
                return "the file was touched";
        if (!kept.is_readable || (!kept.is_approved_good && !kept.is_approved_other))
                return "the approved version is lost";
        if (outcome->status == ALL_IS_WELL && !kept.is_approved_other)
                return "it said that it approved, and did not";
        is_approved = kept.is_approved_other;
        if (start_again(f) != ALL_IS_WELL)
                return "the next start does not finish";
        if (is_approved)
                return has_content(f, path, other) ? NULL : "what was approved was put back";
        kept = look_at_store(f);
        if (!has_content(f, path, good) || !kept.has_other)
                return "what was not approved was not put back, or not kept";
        return NULL;
}

static const struct scenario {
        const char *name;
        bool is_established, has_drifted, no_exchange;
        int (*run)(void *userdata);
        const char *(*judge)(struct fixture *f, const struct outcome *outcome);
} scenarios[] = {
        { "first start", false, false, false, start, judge_first_start },
        { "start", true, true, false, start, judge_start },
        { "start, no exchange", true, true, true, start, judge_start },
        { "approve", true, false, false, approve, judge_approval },
};

static void prepare(struct fixture *f, const struct scenario *scenario) {
        (void)snprintf(f->template, sizeof f->template, "%s", "/dev/shm/sshguardd-faults-XXXXXX");
        if (!mkdtemp(f->template))
                abort();
        (void)snprintf(f->root, sizeof f->root, "%s/root", f->template);
        (void)snprintf(f->state, sizeof f->state, "%s/state", f->template);
        (void)snprintf(f->socket, sizeof f->socket, "%s/socket", f->template);
        f->invocation = (struct invocation){ .config_path = "/etc/sshguardd/sshguardd.conf",
                                             .root_path = f->root,
                                             .state_path = f->state,
                                             .socket_path = f->socket,
                                             .release = "9.2" };
        command("mkdir -p %s/etc/ssh %s/etc/sshguardd", f->root, f->root);
        write_file(f, "/etc/passwd", "root:x:0:0::/root:/bin/sh\n");
        write_file(f, "/etc/group", "root:x:0:\n");
        write_file(f, "/etc/sshguardd/sshguardd.conf", policy);
        write_file(f, path, good);
        if (scenario->is_established && start_again(f) != ALL_IS_WELL) {
                printf("FAILED: %s cannot be prepared\n", scenario->name);
                exit(EXIT_FAILURE);
        }
        if (scenario->has_drifted)
                write_file(f, path, other);
}

/* The same paths each time: it is the number of calls that must not differ. */
static void lay_out(struct fixture *f) {
        (void)snprintf(f->tree.directory, sizeof f->tree.directory, "%s.run", f->template);
        command("rm -rf %s && cp -a %s %s", f->tree.directory, f->template, f->tree.directory);
        (void)snprintf(f->root, sizeof f->root, "%s/root", f->tree.directory);
        (void)snprintf(f->state, sizeof f->state, "%s/state", f->tree.directory);
        (void)snprintf(f->socket, sizeof f->socket, "%s/socket", f->tree.directory);
}

/* Returns the call the fault was at, -1 behind the last one, -2 if it cannot be done. */
static int run(struct fixture *f, const struct scenario *scenario, const struct fault *fault) {
        struct outcome outcome;
        const char *problem;
        int r;

        lay_out(f);
        r = supervise(scenario->run, f, fault, &outcome);
        if (r < 0) {
                printf("skipped: seccomp_unotify(2): %s\n", strerror(-r));
                return -2;
        }
        problem = !outcome.was_killed && outcome.status < 0 ? "it crashed"
                                                            : scenario->judge(f, &outcome);
        if (outcome.was_killed && fault->kind != FAULT_KILL)
                problem = "it crashed";
        if (problem) {
                f->n_failures++;
                printf("FAILED: %s: call %u (%s), %s, ended with %d: %s\n", scenario->name,
                       fault->at, call_name(outcome.nr),
                       fault->kind == FAULT_KILL ? "killed" : strerror(fault->error),
                       outcome.status, problem);
        }
        return outcome.nr;
}

struct calls {
        unsigned step, from, to;
};

static int run_scenario(const struct scenario *scenario, const struct calls *calls) {
        struct fixture f = { 0 };
        unsigned n_points = 0, n_runs = 0;
        int nr = 0;

        prepare(&f, scenario);
        for (unsigned at = calls->from; nr >= 0 && at <= calls->to; at += calls->step) {
                struct fault fault = { .kind = FAULT_KILL,
                                       .at = at,
                                       .waits = true,
                                       .no_exchange = scenario->no_exchange };

                nr = run(&f, scenario, &fault);
                n_runs++;
                n_points += nr >= 0;
                for (size_t i = 1; nr >= 0 && call_fault(nr, i, &fault); i++) {
                        (void)run(&f, scenario, &fault);
                        n_runs++;
                }
        }
        command("rm -rf %s %s.run", f.template, f.template);
        printf("%s: %u points, %u runs, %u failures\n", scenario->name, n_points, n_runs,
               f.n_failures);
        if (nr == -2)
                return SKIPPED;
        return f.n_failures == 0 && n_points > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static unsigned number(const char *argument, unsigned absent) {
        unsigned long n = argument ? strtoul(argument, NULL, 10) : absent;

        return n > 0 && n <= UINT32_MAX / 2 ? (unsigned)n : absent;
}

int main(int argc, char **argv) {
        (void)setvbuf(stdout, NULL, _IOLBF, 0);
        if (geteuid() != 0) {
                printf("skipped: needs root\n");
                return SKIPPED;
        }
        for (size_t i = 0; argc > 1 && i < N_ELEMENTS(scenarios); i++)
                if (strcmp(argv[1], scenarios[i].name) == 0)
                        return run_scenario(&scenarios[i],
                                            &(struct calls){ number(argc > 2 ? argv[2] : NULL, 1),
                                                             number(argc > 3 ? argv[3] : NULL, 1),
                                                             number(argc > 4 ? argv[4] : NULL,
                                                                    UINT32_MAX / 2) });
        printf("usage: faults_guard SCENARIO [STEP [FROM [TO]]]\n");
        return EXIT_FAILURE;
}
