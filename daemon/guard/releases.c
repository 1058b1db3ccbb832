/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Asking sshd and libpam for their releases, at start and where they were replaced.
 *
 * Nothing tells of a new program: no watch lies on /usr/sbin, and the files it reads need not
 * change with it. So each pass looks at the few files that tell a release, which costs a stat(2)
 * each, and asks only where one is another file than before. dpkg replaces files by rename(2),
 * which gives them another inode; whoever writes into one changes its ctime. */

#include "guard/releases.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "guard/record.h"
#include "guard/sshd_tree.h"
#include "guard/world.h"
#include "os/snapshot.h"

enum { UNANSWERED_MAX = 8 /* a program that hangs costs three seconds each time */ };

/* Returns 1 if PATH is another file than at the last look, 0 or -ENOMEM. */
static int look(const struct os_root *root, const char *path, struct release_stamp *stamp) {
        struct release_stamp now = { 0 };
        struct snapshot snapshot;
        bool is_same;
        int r = snapshot_take(root, path, SNAPSHOT_METADATA, &snapshot);

        if (r < 0)
                return r == -ENOMEM ? r : 0;
        now.is_there = snapshot.metadata.kind == FILE_REGULAR;
        if (now.is_there) {
                now.dev = snapshot.metadata.dev;
                now.ino = snapshot.metadata.ino;
                now.ctime_ns = snapshot.metadata.ctime_ns;
        }
        snapshot_done(&snapshot);
        is_same = now.is_there == stamp->is_there && now.dev == stamp->dev &&
                  now.ino == stamp->ino && now.ctime_ns == stamp->ctime_ns;
        *stamp = now;
        return !is_same;
}

static int look_at_sshd(struct world *world) {
        struct releases *releases = &world->releases;
        struct release_stamp before = releases->sshd;
        struct sshd_release release;
        int r = releases->is_given ? 0 : look(&world->root, sshd_tree_program, &releases->sshd);

        if (r <= 0 || !releases->sshd.is_there)
                return r < 0 ? r : 0;
        r = sshd_tree_release(&world->root, &release);
        if (r == -ENOMEM)
                return r;
        if (r < 0) {
                if (++releases->n_unanswered < UNANSWERED_MAX)
                        releases->sshd = before;
                else
                        releases->n_unanswered = 0;
                return 0;
        }
        releases->n_unanswered = 0;
        if (world->has_release && strcmp(release.version, world->release.version) == 0)
                return 0;
        world->release = release;
        world->has_release = true;
        return RELEASES_SSHD;
}

static bool is_same_pam(const struct pam_release *a, const struct pam_release *b) {
        return a->number == b->number && a->flavour == b->flavour && a->revision == b->revision;
}

static int look_at_pam(struct world *world) {
        const struct pam_world tree = { .root = world->root, .machine.fd = -1 };
        struct pam_release release = { 0 };
        bool is_touched = false, has_pam;

        for (size_t i = 0; i < PAM_WORLD_RELEASE_FILES; i++) {
                int r = look(&world->root, pam_world_release_files[i], &world->releases.pam[i]);

                if (r < 0)
                        return r;
                is_touched = is_touched || r > 0;
        }
        if (!is_touched)
                return 0;
        has_pam = pam_world_release(&tree, &release) == 0;
        if (has_pam == world->has_pam_release &&
            (!has_pam || is_same_pam(&release, &world->pam_release)))
                return 0;
        world->has_pam_release = has_pam;
        world->pam_release = release;
        return RELEASES_PAM;
}

static int find(struct world *world) {
        int sshd = look_at_sshd(world);
        int pam = sshd < 0 ? 0 : look_at_pam(world);

        return sshd < 0 ? sshd : pam < 0 ? pam : sshd | pam;
}

static void name_sshd(struct world *world) {
        (void)snprintf(world->releases.openssh, sizeof world->releases.openssh, "%u.%u",
                       world->release.number / 100, world->release.number % 100);
}

int releases_init(struct world *world, const char *given) {
        int r;

        world->releases = (struct releases){ .is_given = given && sshd_release_parse(
                                                                          given, &world->release) };
        world->has_release = world->releases.is_given;
        r = find(world);
        if (r >= 0 && !world->has_release) /* the machine's own, or the newest known */
                world->has_release = sshd_tree_release(&world->root, &world->release) == 0;
        name_sshd(world);
        return r < 0 ? r : 0;
}

int releases_look(struct world *world) {
        int r = find(world);

        if (r > 0 && r & RELEASES_SSHD) {
                name_sshd(world);
                record_notice(NULL, LOG_NOTICE, "another sshd is installed: %s",
                              world->release.version);
        }
        if (r > 0 && r & RELEASES_PAM && !world->has_pam_release)
                record_notice(NULL, LOG_WARNING, "libpam is gone: PAM rules say nothing");
        else if (r > 0 && r & RELEASES_PAM)
                record_notice(NULL, LOG_NOTICE, "another libpam is installed: %u.%u.%u",
                              world->pam_release.number / 10000,
                              world->pam_release.number / 100 % 100,
                              world->pam_release.number % 100);
        return r;
}
