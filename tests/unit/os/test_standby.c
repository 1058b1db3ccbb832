/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <fcntl.h>
#include <sys/mman.h>

#include "base/array.h"
#include "os/replace.h"
#include "os/standby.h"
#include "tree.h"

static const char good[] = "PermitRootLogin no\n";
static const char bad[] = "PermitRootLogin yes\n";

static struct tree tree;
static dev_t device;

static int set_up(void **state) {
        struct stat st;

        (void)state;
        tree_make(&tree);
        tree_mkdir(&tree, "/etc");
        tree_write(&tree, "/etc/sshd_config", bad);
        TREE_MUST(stat(tree.directory, &st));
        device = st.st_dev;
        return 0;
}

static int tear_down(void **state) {
        (void)state;
        tree_remove(&tree);
        return 0;
}

static const struct file_metadata *regular(void) {
        static struct file_metadata m;

        m = (struct file_metadata){
                .kind = FILE_REGULAR, .mode = 0640, .uid = geteuid(), .gid = getegid()
        };
        return &m;
}

static struct replace_version version(void) {
        return (struct replace_version){ regular(), good, strlen(good) };
}

/* False where the file system of the tests has no unnamed files. */
static bool prepare(struct standby *ret) {
        struct replace_version v = version();
        int r = standby_prepare(&tree.root, "/etc", device, &v, ret);

        if (r == -EOPNOTSUPP) {
                print_message("skipped: no O_TMPFILE here\n");
                return false;
        }
        assert_int_equal(r, 0);
        return true;
}

static size_t count_names(void) {
        char **names;
        size_t n;

        assert_int_equal(snapshot_list(&tree.root, "/etc", 100, &names, &n), 0);
        strings_free(names, n);
        return n;
}

static struct replacement put(struct standby *standby) {
        struct replace_request request = { .path = "/etc/sshd_config",
                                           .version = version(),
                                           .standby = standby };
        struct replacement replacement;

        assert_int_equal(replace_file(&tree.root, &request, &replacement), 0);
        assert_int_equal(replacement.outcome, REPLACE_DONE);
        assert_string_equal(tree_read(&tree, "/etc/sshd_config"), good);
        assert_int_equal(replace_finish(&replacement), 0);
        return replacement;
}

static void test_what_stands_by_has_no_name_and_is_put_in_force(void **state) {
        struct standby standby = { .fd = -1 };
        struct replacement replacement;
        struct stat st;

        (void)state;
        if (!prepare(&standby))
                return;
        assert_int_equal(count_names(), 1);
        assert_true(standby_is_untouched(&standby));
        replacement = put(&standby);
        assert_string_equal(replacement.old.data, bad);
        replacement_done(&replacement);
        assert_int_equal(standby.fd, -1);
        assert_int_equal(count_names(), 1);
        TREE_MUST(stat(tree_path(&tree, "/etc/sshd_config"), &st));
        assert_int_equal(st.st_ino, standby.made.st_ino);
        assert_int_equal(st.st_mode & 07777, 0640);
}

static void test_one_that_was_touched_is_not_used(void **state) {
        struct standby standby = { .fd = -1 };
        struct replacement replacement;
        char name[64];
        int fd;

        (void)state;
        if (!prepare(&standby))
                return;
        (void)snprintf(name, sizeof name, "/proc/self/fd/%d", standby.fd);
        fd = open(name, O_WRONLY | O_CLOEXEC);
        assert_true(fd >= 0);
        assert_int_equal(write(fd, bad, strlen(bad)), strlen(bad));
        (void)close(fd);
        assert_false(standby_is_untouched(&standby));
        replacement = put(&standby);
        replacement_done(&replacement);
        assert_true(standby.fd >= 0);
        assert_int_equal(count_names(), 1);
        standby_done(&standby);
}

static void test_the_ordinary_way_where_it_cannot_be_named(void **state) {
        struct replace_version v = version();
        struct replace_request request = { .path = "/etc/sshd_config", .version = v };
        struct standby standby = { .fd = -1 };
        struct replacement replacement;
        int r;

        (void)state;
        if (!prepare(&standby))
                return;
        standby_done(&standby);
        /* of another file system: linkat(2) refuses */
        standby.fd = memfd_create("elsewhere", MFD_CLOEXEC);
        assert_true(standby.fd >= 0);
        TREE_MUST(fstat(standby.fd, &standby.made));
        request.standby = &standby;
        r = replace_file(&tree.root, &request, &replacement);
        assert_int_equal(r, 0);
        assert_int_equal(replacement.outcome, REPLACE_DONE);
        assert_int_equal(replace_finish(&replacement), 0);
        replacement_done(&replacement);
        standby_done(&standby);
        assert_string_equal(tree_read(&tree, "/etc/sshd_config"), good);
}

static void test_nothing_stands_by_elsewhere_or_for_other_kinds(void **state) {
        struct standby standby = { .fd = -1 };
        struct file_metadata link = { .kind = FILE_SYMLINK };
        struct replace_version v = version(), of_link = { &link, NULL, 0 };

        (void)state;
        assert_int_equal(standby_prepare(&tree.root, "/etc", device + 1, &v, &standby), -EXDEV);
        assert_int_equal(standby_prepare(&tree.root, "/none", device, &v, &standby), -ENOENT);
        assert_int_equal(standby_prepare(&tree.root, "/etc", device, &of_link, &standby),
                         -EOPNOTSUPP);
        assert_int_equal(standby.fd, -1);
        assert_false(standby_is_untouched(&standby));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_what_stands_by_has_no_name_and_is_put_in_force,
                                                set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_one_that_was_touched_is_not_used, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(test_the_ordinary_way_where_it_cannot_be_named,
                                                set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_nothing_stands_by_elsewhere_or_for_other_kinds,
                                                set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
