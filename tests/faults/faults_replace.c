/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A revert as the guard does it: the approved version from the store, exchanged with what is there,
 * the old version into quarantine, the spare away. Every system call of it fails once in each way
 * it can, and the process is killed before every one of them. Whatever happens:
 *
 * - the file is one of the two versions, whole, and the good one never without its owner, mode and
 *   labels;
 * - the bad version is somewhere: under its name, under a spare name, or in quarantine;
 * - the database is sound and knows the approved version;
 * - what said it was done is done;
 * - the next start finishes the job: leftovers are kept and removed, the good version is in force.
 *
 * With --power-cut everything lies on a loop device, and instead of failing calls the device is
 * copied before each of them, as a power cut would leave it: what the file system wrote so far.
 * Each copy is mounted, which replays its journal, and the same must hold, and the next start
 * finishes the job. That writes reach a disk in another order between two flushes is not tried.
 *
 * Where a file system lets files be written and nothing else, the file may be torn when we are
 * killed; the rest holds, and the next start mends it.
 *
 * Usage: faults_replace [SCENARIO | --power-cut]. Prints the number of points and runs. */

#include <errno.h>
#include <fcntl.h>
#include <openssl/sha.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "os/replace.h"
#include "os/standby.h"
#include "os/store.h"
#include "supervisor.h"
#include "tree.h"

enum { BOB = 70000, SKIPPED = 77 };

static const char good[] =
        "PermitRootLogin no\n# the approved version, longer than the other one\n";
static const char bad[] = "PermitRootLogin yes\n";
static const char path[] = "/etc/ssh/sshd_config";
static const char target[] = "elsewhere";

struct scenario {
        const char *name;
        enum file_kind from, to;
        bool is_locked, as_user, no_exchange, no_rename, stands_by;
};

static const struct scenario scenarios[] = {
        { "exchange", .from = FILE_REGULAR, .to = FILE_REGULAR },
        { "standing by", .from = FILE_REGULAR, .to = FILE_REGULAR, .stands_by = true },
        { "as the user", .from = FILE_REGULAR, .to = FILE_REGULAR, .as_user = true },
        { "immutable", .from = FILE_REGULAR, .to = FILE_REGULAR, .is_locked = true },
        { "create", .from = FILE_ABSENT, .to = FILE_REGULAR },
        { "put away", .from = FILE_REGULAR, .to = FILE_ABSENT },
        { "link", .from = FILE_REGULAR, .to = FILE_SYMLINK },
        { "no exchange", .from = FILE_REGULAR, .to = FILE_REGULAR, .no_exchange = true },
        { "no exchange, put away", .from = FILE_REGULAR, .to = FILE_ABSENT, .no_exchange = true },
        { "in place", .from = FILE_REGULAR, .to = FILE_REGULAR, .no_exchange = true,
          .no_rename = true },
};

struct fixture {
        struct tree tree;
        const struct scenario *scenario;
        const char *place;
        struct file_metadata version;
        struct file_xattr xattr;
        char state[PATH_MAX + 8];
        unsigned n_failures;
};

static void prepare(struct fixture *f, const struct scenario *scenario) {
        char name[] = "trusted.note", value[] = "label";

        f->scenario = scenario;
        f->version = (struct file_metadata){ .kind = scenario->to };
        if (scenario->to == FILE_REGULAR) {
                f->version.mode = 0640;
                f->version.uid = scenario->as_user ? BOB : 0;
                f->version.gid = BOB;
                f->version.size = strlen(good);
                f->version.has_sha256 = true;
                f->version.flags = scenario->is_locked ? 0x10 : 0;
                (void)SHA256((const void *)good, strlen(good), f->version.sha256);
                f->xattr = (struct file_xattr){ strdup(name), strdup(value), strlen(value) };
                f->version.xattrs = &f->xattr;
                f->version.n_xattrs = 1;
        }
        if (scenario->to == FILE_SYMLINK)
                f->version.link_target = strdup(target);
}

static void forget(struct fixture *f) {
        free(f->xattr.name);
        free(f->xattr.value);
        free(f->version.link_target);
        f->xattr = (struct file_xattr){ 0 };
}

/* Fast if possible; where locks are part of it, a file system that has them. NULL if none has. */
static const char *find_place(const struct scenario *scenario) {
        static const char *const places[] = { "/dev/shm", "/tmp" };

        for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
                char name[64];
                bool fits;
                int fd;

                (void)snprintf(name, sizeof name, "%s/sshguardd-flags-XXXXXX", places[i]);
                fd = mkstemp(name);
                if (fd < 0)
                        continue;
                (void)close(fd);
                fits = !scenario->is_locked || tree_set_flags(name, 0x10) == 0;
                (void)tree_set_flags(name, 0);
                (void)unlink(name);
                if (fits)
                        return places[i];
        }
        return NULL;
}

static void lay_out(struct fixture *f) {
        struct approved_version approved = { .metadata = f->version, .reason = NULL };
        struct store *store;
        char path_copy[sizeof path];

        tree_make_in(&f->tree, f->place);
        tree_mkdir(&f->tree, "/etc");
        tree_mkdir(&f->tree, "/etc/ssh");
        if (f->scenario->as_user)
                TREE_MUST(chown(tree_path(&f->tree, "/etc/ssh"), BOB, BOB));
        if (f->scenario->from == FILE_REGULAR) {
                tree_write(&f->tree, path, bad);
                if (f->scenario->as_user)
                        TREE_MUST(chown(tree_path(&f->tree, path), BOB, BOB));
                if (f->scenario->is_locked)
                        (void)tree_set_flags(tree_path(&f->tree, path), 0x10);
        }
        (void)snprintf(f->state, sizeof f->state, "%s/state", f->tree.directory);
        memcpy(path_copy, path, sizeof path);
        approved.path = path_copy;
        if (store_open(f->state, &store) < 0 ||
            store_approve(store, &approved, f->version.kind == FILE_REGULAR ? good : NULL,
                          f->version.kind == FILE_REGULAR ? strlen(good) : 0) < 0)
                abort();
        store_free(store);
}

static int keep(struct store *store, const struct snapshot *old, int64_t *ret_id) {
        char path_copy[sizeof path];
        struct incident incident = { .path = path_copy, .count = 1 };

        memcpy(path_copy, path, sizeof path);
        return store_add_incident(store, &incident, old, ret_id);
}

/* 0: done; 1: not done, and it was said. */
static int put_in_force(struct fixture *f, struct store *store,
                        const struct approved_version *approved, const char *data, size_t n) {
        const struct credentials bob = { .uid = BOB, .gid = BOB };
        struct replace_request request = {
                .path = path,
                .version = { .metadata = &approved->metadata, .data = data, .n_data = n },
                .as = f->scenario->as_user ? &bob : NULL,
                .flags = REPLACE_NOFOLLOW,
        };
        CLEANUP(standby_done) struct standby standby = { .fd = -1 };
        struct replacement replacement;
        struct stat st;
        int64_t id;
        int result = 1;

        if (f->scenario->stands_by && stat(f->tree.directory, &st) == 0 &&
            standby_prepare(&f->tree.root, "/etc/ssh", st.st_dev, &request.version, &standby) == 0)
                request.standby = &standby;
        if (replace_file(&f->tree.root, &request, &replacement) < 0)
                return 1;
        if (replacement.outcome == REPLACE_STORE_FIRST) {
                if (keep(store, &replacement.old, &id) == 0 &&
                    replace_overwrite(&f->tree.root, &request, &replacement) == 0 &&
                    replacement.outcome == REPLACE_DONE)
                        result = 0;
        } else if (replacement.outcome == REPLACE_DONE) {
                if (!replacement.spare ||
                    ((!replacement.error || replace_look_again(&replacement) == 0) &&
                     keep(store, &replacement.old, &id) == 0 && replace_finish(&replacement) == 0))
                        result = 0;
        }
        replacement_done(&replacement);
        return result;
}

static int revert(void *userdata) {
        struct fixture *f = userdata;
        struct approved_version approved = { 0 };
        struct store *store = NULL;
        char *data = NULL;
        size_t n = 0;
        int r = 1;

        if (store_open(f->state, &store) < 0)
                return 1;
        if (store_get_approved(store, path, &approved) == 0) {
                r = 0;
                if (approved.metadata.has_sha256)
                        r = store_get_content(store, approved.metadata.sha256, &data, &n);
                r = r < 0 ? 1 : put_in_force(f, store, &approved, data, n);
        }
        free(data);
        approved_version_done(&approved);
        store_free(store);
        return r;
}

/* Is what is there the good version, with all that belongs to it but the flags? */
static bool is_good(struct fixture *f) {
        const unsigned ignored = FILE_DIFFERS_FLAGS;
        struct snapshot now;
        bool same;

        if (snapshot_take(&f->tree.root, path, SNAPSHOT_NOFOLLOW, &now) < 0)
                abort();
        same = (file_metadata_compare(&now.metadata, &f->version) &
                (f->version.kind == FILE_SYMLINK ? FILE_DIFFERS_KIND | FILE_DIFFERS_LINK
                                                 : ~ignored)) == 0;
        snapshot_done(&now);
        return same;
}

static bool is_bad(struct fixture *f, const char *where) {
        struct snapshot now;
        bool same;

        if (snapshot_take(&f->tree.root, where, SNAPSHOT_NOFOLLOW, &now) < 0)
                abort();
        same = now.metadata.kind == FILE_REGULAR && strcmp(now.data, bad) == 0;
        snapshot_done(&now);
        return same;
}

/* Is the bad version in quarantine? Also looks at the database as a whole. */
static bool is_stored(struct fixture *f, const char **ret_problem) {
        struct approved_version approved = { 0 };
        struct incident *incidents = NULL;
        struct incident_filter filter = { 0 };
        struct store *store;
        bool found = false;
        size_t n = 0;

        if (store_open(f->state, &store) < 0 || store_get_approved(store, path, &approved) < 0 ||
            store_list_incidents(store, &filter, &incidents, &n) < 0) {
                *ret_problem = "the database is damaged";
                return false;
        }
        for (size_t i = 0; i < n; i++) {
                size_t n_data;
                char *data;

                if (store_get_quarantine(store, incidents[i].id, &data, &n_data) < 0)
                        continue;
                found = found || strcmp(data, bad) == 0;
                free(data);
        }
        incidents_free(incidents, n);
        approved_version_done(&approved);
        store_free(store);
        return found;
}

/* What the next start does with leftovers: keep each, then remove it. */
static bool collect_leftovers(struct fixture *f) {
        struct store *store;
        char **paths;
        size_t n;
        bool all = true;

        if (store_open(f->state, &store) < 0 ||
            replace_list_leftovers(&f->tree.root, "/etc/ssh", &paths, &n) < 0)
                return false;
        for (size_t i = 0; i < n; i++) {
                struct snapshot left;
                int64_t id;

                if (snapshot_take(&f->tree.root, paths[i], SNAPSHOT_NOFOLLOW, &left) < 0)
                        abort();
                /* whoever was killed may have left the directory unlocked or the file locked */
                (void)tree_set_flags(tree_path(&f->tree, paths[i]), 0);
                all = all && keep(store, &left, &id) == 0 &&
                      replace_remove_leftover(&f->tree.root, paths[i]) == 0;
                snapshot_done(&left);
        }
        strings_free(paths, n);
        store_free(store);
        return all;
}

static const char *judge(struct fixture *f, const struct outcome *outcome) {
        bool had_bad = f->scenario->from == FILE_REGULAR, is_left = false, stored;
        const char *problem = NULL;
        char **paths;
        size_t n;

        if (!f->scenario->no_rename && !is_good(f) &&
            !(had_bad ? is_bad(f, path) : access(tree_path(&f->tree, path), F_OK) < 0))
                return "the file is neither version";
        if (replace_list_leftovers(&f->tree.root, "/etc/ssh", &paths, &n) < 0)
                return "leftovers cannot be listed";
        for (size_t i = 0; i < n; i++)
                is_left = is_left || is_bad(f, paths[i]);
        strings_free(paths, n);
        stored = is_stored(f, &problem);
        if (problem)
                return problem;
        if (had_bad && !is_bad(f, path) && !is_left && !stored)
                return "the bad version is lost";
        if (outcome->status == 0 && !is_good(f))
                return "it said done and was not";
        if (outcome->status == 0 && had_bad && !stored)
                return "it said done and kept nothing";
        if (!outcome->was_killed && outcome->status != 0 && outcome->status != 1)
                return "it crashed";
        if (!collect_leftovers(f))
                return "leftovers cannot be collected";
        if (!is_good(f) && revert(f) != 0)
                return "the next start cannot finish";
        if (!is_good(f))
                return "the next start did not finish";
        if (!collect_leftovers(f) || (had_bad && !is_stored(f, &problem)))
                return "the bad version is not in quarantine in the end";
        return NULL;
}

/* One run. Returns the call the fault was at, -1 behind the last one, -2 if it cannot be done. */
static int run(struct fixture *f, const struct fault *fault) {
        struct outcome outcome;
        const char *problem;
        int r;

        lay_out(f);
        r = supervise(revert, f, fault, &outcome);
        if (r < 0) {
                tree_remove(&f->tree);
                printf("skipped: seccomp_unotify(2): %s\n", strerror(-r));
                return -2;
        }
        problem = judge(f, &outcome);
        if (problem) {
                f->n_failures++;
                printf("FAILED: %s: call %u (%s), fault %d, %s: %s\n", f->scenario->name, fault->at,
                       call_name(outcome.nr), (int)fault->kind,
                       fault->kind == FAULT_KILL ? "killed" : strerror(fault->error), problem);
        }
        tree_remove(&f->tree);
        return outcome.nr;
}

static bool run_scenario(const struct scenario *scenario, unsigned *n_points, unsigned *n_runs) {
        struct fixture f = { 0 };
        unsigned points = 0, runs = 0;
        int nr = 0;

        f.place = find_place(scenario);
        if (!f.place) {
                printf("skipped: %s: no file system with immutable files\n", scenario->name);
                return true;
        }
        prepare(&f, scenario);
        for (unsigned at = 1; nr >= 0; at++) {
                struct fault fault = { .kind = FAULT_KILL,
                                       .at = at,
                                       .no_exchange = scenario->no_exchange,
                                       .no_rename = scenario->no_rename };

                nr = run(&f, &fault);
                runs++;
                points += nr >= 0;
                for (size_t i = 1; nr >= 0 && call_fault(nr, i, &fault); i++) {
                        (void)run(&f, &fault);
                        runs++;
                }
        }
        forget(&f);
        printf("%s: %u points, %u runs, %u failures\n", scenario->name, points, runs, f.n_failures);
        *n_points += points;
        *n_runs += runs;
        return nr != -2 && f.n_failures == 0;
}

/* ---- power cuts ---- */

enum { DEVICE_SIZE = 16 << 20 }; /* what ext4 needs with a journal, and room for the database */

struct power {
        struct fixture *fixture;
        char place[64];
        char *last;                  /* the image that was tried last */
        unsigned n_points, n_images; /* images differ; points between the same writes do not */
};

__attribute__((format(printf, 1, 2))) static void command(const char *format, ...) {
        char line[1024];
        va_list arguments;

        va_start(arguments, format);
        (void)vsnprintf(line, sizeof line, format, arguments);
        va_end(arguments);
        if (system(line) != 0) {
                printf("FAILED: %s\n", line);
                exit(EXIT_FAILURE);
        }
}

/* The image as it is now; false if it is the last one. */
static bool copy_image(struct power *power) {
        char name[96], *now = malloc(DEVICE_SIZE);
        bool differs;
        int fd;

        (void)snprintf(name, sizeof name, "%s/image", power->place);
        fd = open(name, O_RDONLY | O_CLOEXEC);
        if (!now || fd < 0 || pread(fd, now, DEVICE_SIZE, 0) != DEVICE_SIZE)
                abort();
        (void)close(fd);
        differs = !power->last || memcmp(now, power->last, DEVICE_SIZE) != 0;
        free(power->last);
        power->last = now;
        return differs;
}

/* Power comes back to a copy of the device. */
static void cut_power(void *userdata) {
        struct power *power = userdata;
        const struct outcome killed = { .was_killed = true, .status = -1 };
        struct fixture f = *power->fixture;
        const char *name = strrchr(f.tree.directory, '/'), *problem;
        char copy[96];
        int fd;

        power->n_points++;
        if (!copy_image(power))
                return;
        power->n_images++;
        (void)snprintf(copy, sizeof copy, "%s/copy", power->place);
        fd = open(copy, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        if (fd < 0 || write(fd, power->last, DEVICE_SIZE) != DEVICE_SIZE)
                abort();
        (void)close(fd);
        command("mount -o loop %s %s/after", copy, power->place);
        (void)snprintf(f.tree.directory, sizeof f.tree.directory, "%s/after%s", power->place, name);
        (void)snprintf(f.state, sizeof f.state, "%s/state", f.tree.directory);
        if (os_root_open(f.tree.directory, &f.tree.root) < 0)
                abort();
        problem = judge(&f, &killed);
        if (problem) {
                power->fixture->n_failures++;
                printf("FAILED: %s: power cut before call %u: %s\n", f.scenario->name,
                       power->n_points, problem);
        }
        os_root_close(&f.tree.root);
        command("umount %s/after", power->place);
        command("e2fsck -fn %s >/dev/null 2>&1", copy);
}

static void cut_power_in(const struct scenario *scenario, const char *options,
                         struct power *power) {
        struct fixture f = { .place = NULL };
        const struct fault fault = { .before_call = cut_power, .userdata = power };
        struct outcome outcome;
        char place[96];

        (void)snprintf(place, sizeof place, "%s/before", power->place);
        power->fixture = &f;
        command("mkfs.ext4 -q -F -E lazy_itable_init=0,lazy_journal_init=0 %s/image", power->place);
        command("mount -o loop,%s %s/image %s", options, power->place, place);
        f.place = place;
        prepare(&f, scenario);
        lay_out(&f);
        sync();
        if (supervise(revert, &f, &fault, &outcome) < 0 || outcome.status != 0)
                f.n_failures++;
        cut_power(power); /* after the last call */
        printf("%s (%s): power cut at %u points, %u different devices, %u failures\n",
               scenario->name, options, power->n_points, power->n_images, f.n_failures);
        forget(&f);
        tree_remove(&f.tree);
        command("umount %s", place);
        if (f.n_failures > 0)
                exit(EXIT_FAILURE);
}

/* Loop devices and mounts in a namespace of its own. */
static int cut_power_everywhere(void) {
        /* as late as the file system may write, and each change as soon as it is made */
        static const char *const options[] = { "rw", "sync,dirsync" };
        char place[] = "/tmp/sshguardd-power-XXXXXX";
        unsigned n_points = 0, n_images = 0;

        if (access("/dev/loop-control", W_OK) < 0 || unshare(CLONE_NEWNS) < 0 ||
            mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0) {
                printf("skipped: no loop devices, or no mounts\n");
                return SKIPPED;
        }
        if (!mkdtemp(place))
                return EXIT_FAILURE;
        command("mkdir %s/before %s/after && truncate -s %d %s/image", place, place, DEVICE_SIZE,
                place);
        for (size_t i = 0; i < 2 * sizeof scenarios / sizeof scenarios[0]; i++) {
                struct power power = { .fixture = NULL };

                if (scenarios[i / 2].no_exchange || scenarios[i / 2].no_rename)
                        continue; /* of file systems without exchange; ext4 has it */
                memcpy(power.place, place, sizeof place);
                cut_power_in(&scenarios[i / 2], options[i % 2], &power);
                free(power.last);
                n_points += power.n_points;
                n_images += power.n_images;
        }
        command("rm -r %s", place);
        printf("power cut at %u points, %u different devices\n", n_points, n_images);
        return EXIT_SUCCESS;
}

int main(int argc, char **argv) {
        unsigned n_points = 0, n_runs = 0;
        bool all = true;

        (void)setvbuf(stdout, NULL, _IOLBF, 0);
        if (geteuid() != 0) {
                printf("skipped: needs root\n");
                return SKIPPED;
        }
        if (argc > 1 && strcmp(argv[1], "--power-cut") == 0)
                return cut_power_everywhere();
        for (size_t i = 0; i < sizeof scenarios / sizeof scenarios[0]; i++) {
                if (argc > 1 && strcmp(argv[1], scenarios[i].name) != 0)
                        continue;
                all = run_scenario(&scenarios[i], &n_points, &n_runs) && all;
                if (n_points == 0)
                        return SKIPPED;
        }
        printf("%u points, %u runs\n", n_points, n_runs);
        return all && n_runs > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
