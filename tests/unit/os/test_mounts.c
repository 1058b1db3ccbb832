/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <stdio.h>
#include <string.h>

#include "../../../daemon/os/mounts.h"

static const char table[] =
        "22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n"
        "23 22 0:21 / /proc rw - proc proc rw\n"
        "30 22 0:40 / /etc/pve rw,nosuid shared:9 master:2 - fuse /dev/fuse rw,user_id=0\n"
        "31 22 0:41 / /mnt/with\\040blank\\134x rw - nfs4 server:/x rw\n"
        "32 22 0:42 / /home rw - autofs systemd-1 rw\n"
        "33 22 0:43 / /home rw - ext4 /dev/vdb rw\n"
        "34 22 0:44 / /srv rw - ext4 /dev/vdc rw\n"
        "35 22 0:45 / /srv rw - fuse.sshfs me@there: rw\n"
        "36 22 0:46 / /tree/root rw - 9p host rw\n"
        "garbage\n"
        "37 22 0:47 / /no/type rw\n";

static void test_silent(void **state) {
        static const struct {
                const char *root, *path;
                bool is_silent;
        } cases[] = {
                { "", "/", false },
                { "", "/proc", false },
                { "", "/etc/pve", true },
                { "", "/etc/pve/priv", false }, /* a walk ended above it */
                { "", "/etc/pv", false },
                { "", "/mnt/with blank\\x", true },
                { "", "/home", false }, /* the topmost one counts */
                { "", "/srv", true },
                { "/etc", "/pve", true },
                { "/etc", "/", false },
                { "/etc/pve/priv", "/", true }, /* the root itself lies on one */
                { "/etc/pvex", "/", false },
                { "/tree/root", "/", true },
                { "/home/x", "/", false },
                { "/srv/x", "/", true },
        };

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct mounts mounts;

                assert_int_equal(mounts_parse(table, cases[i].root, &mounts), 0);
                if (mounts_is_silent(&mounts, cases[i].path) != cases[i].is_silent)
                        fail_msg("%s below \"%s\"", cases[i].path, cases[i].root);
                mounts_done(&mounts);
        }
}

static void test_types(void **state) {
        static const struct {
                const char *type;
                bool is_silent;
        } cases[] = {
                { "fuse", true },     { "fuseblk", true },  { "fuse.pmxcfs", true },
                { "fusectl", false }, { "nfs", true },      { "nfsd", false },
                { "cifs", true },     { "9p", true },       { "btrfs", false },
                { "tmpfs", false },   { "overlay", false }, { "virtiofs", true },
        };

        (void)state;
        for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
                struct mounts mounts;
                char line[128];

                (void)snprintf(line, sizeof line, "1 1 0:1 / /x rw - %s x rw", cases[i].type);
                assert_int_equal(mounts_parse(line, "", &mounts), 0);
                if (mounts_is_silent(&mounts, "/x") != cases[i].is_silent)
                        fail_msg("%s", cases[i].type);
                mounts_done(&mounts);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_silent),
                cmocka_unit_test(test_types),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
