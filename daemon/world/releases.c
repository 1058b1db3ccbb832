/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Asking sshd and libpam for their releases, at start and where they were replaced.
 *
 * Nothing tells of a new program: no watch lies on /usr/sbin, and the files it reads need not
 * change with it. So each pass looks at the few files that tell a release, which costs a stat(2)
 * each, and asks only where one is another file than before. dpkg replaces files by rename(2),
 * which gives them another inode; whoever writes into one changes its ctime. */

#include "world/releases.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "world/sshd_tree.h"
#include "world/world.h"

enum { UNANSWERED_MAX = 8 /* a program that hangs costs three seconds each time */ };

static void close_fd(int *fd) {
        if (*fd >= 0)
                (void)close(*fd);
}

/* Is PATH another file than at the last look? What cannot be looked at is as it was. */
static bool look(const struct os_root *root, const char *path, struct release_stamp *stamp) {
        CLEANUP(close_fd) int fd = os_root_openat(root, path, O_PATH, 0);
        struct release_stamp now = { 0 };
        struct stat status;
        bool is_same;

        if (fd < 0 && fd != -ENOENT && fd != -ENOTDIR && fd != -ELOOP)
                return false;
        if (fd >= 0 && fstat(fd, &status) == 0 && S_ISREG(status.st_mode))
                now = (struct release_stamp){ true, status.st_dev, status.st_ino,
                                              status.st_ctim.tv_sec * 1000000000LL +
                                                      status.st_ctim.tv_nsec };
        is_same = now.is_there == stamp->is_there && now.dev == stamp->dev &&
                  now.ino == stamp->ino && now.ctime_ns == stamp->ctime_ns;
        *stamp = now;
        return !is_same;
}

static int look_at_sshd(struct world *world) {
        struct releases *releases = &world->releases;
        struct release_stamp before = releases->sshd;
        struct sshd_release release;
        int r;

        if (releases->is_given || !look(&world->root, sshd_tree_program, &releases->sshd) ||
            !releases->sshd.is_there)
                return 0;
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

        for (size_t i = 0; i < PAM_WORLD_RELEASE_FILES; i++)
                is_touched |=
                        look(&world->root, pam_world_release_files[i], &world->releases.pam[i]);
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

static int find(struct world *world, unsigned which) {
        int sshd = which & RELEASES_SSHD ? look_at_sshd(world) : 0;

        return sshd < 0 || !(which & RELEASES_PAM) ? sshd : sshd | look_at_pam(world);
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
        r = find(world, RELEASES_SSHD | RELEASES_PAM);
        if (r >= 0 && !world->has_release) /* the machine's own, or the newest known */
                world->has_release = sshd_tree_release(&world->root, &world->release) == 0;
        name_sshd(world);
        return r < 0 ? r : 0;
}

int releases_look(struct world *world, unsigned which) {
        int r = find(world, which);

        if (r > 0 && r & RELEASES_SSHD)
                name_sshd(world);
        return r;
}
