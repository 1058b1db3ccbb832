/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Titles and states of processes in a folder that stands for /proc. */

#include "cmocka_env.h"

#include "base/cleanup.h"
#include "os/listeners.h"
#include "tree.h"

static const char here[] = "Name:\tx\nNSpid:\t7\nUid:\t0\n";
static const char contained[] = "Name:\tx\nNSpid:\t7\t1\nUid:\t0\n";

static const struct {
        const char *pid, *title, *status;
        size_t n_title;
        const char *expected; /* NULL: no server */
} processes[] = {
#define TITLE(text) (text), here, sizeof(text)
        { "1", TITLE("/sbin/init\0splash"), NULL },
        { "10", TITLE("sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups"),
          "sshd: /usr/sbin/sshd -D [listener]" },
        { "11", TITLE("x: /tmp/x -f /tmp/evil [listener] 3 of 10-100 startups\0\0\0"),
          "x: /tmp/x -f /tmp/evil [listener]" },
        { "12", TITLE("sshd: alice [priv]"), NULL },
        { "13", TITLE("/usr/sbin/dropbear\0-p\0002222"), "/usr/sbin/dropbear -p 2222" },
        { "14", TITLE("vi\0/etc/dropbear"), NULL },
        { "15", TITLE("dropbear"), "dropbear" },
        { "16", TITLE("dropbearkey\0-y"), NULL },
        { "17", TITLE(""), NULL },
        { "18", "sshd: /usr/sbin/sshd -D [listener] 0 of 10-100 startups", contained, 55, NULL },
        { "self", TITLE("dropbear"), NULL },
};

static const char *title_of(const struct listener *listeners, size_t n, unsigned long pid) {
        for (size_t i = 0; i < n; i++)
                if (listeners[i].pid == pid)
                        return listeners[i].title;
        return NULL;
}

static void write_bytes(const char *path, const char *bytes, size_t n) {
        FILE *file = fopen(path, "w");

        assert_non_null(file);
        assert_int_equal(fwrite(bytes, 1, n, file), n);
        assert_int_equal(fclose(file), 0);
}

static void test_titles(void **state) {
        struct listener *listeners = NULL;
        size_t n = 0, n_expected = 0;
        struct tree tree;

        (void)state;
        tree_make(&tree);
        for (size_t i = 0; i < N_ELEMENTS(processes); i++) {
                char name[64];

                (void)snprintf(name, sizeof name, "/%s", processes[i].pid);
                assert_int_equal(mkdir(tree_path(&tree, name), 0755), 0);
                (void)snprintf(name, sizeof name, "/%s/cmdline", processes[i].pid);
                write_bytes(tree_path(&tree, name), processes[i].title, processes[i].n_title);
                (void)snprintf(name, sizeof name, "/%s/status", processes[i].pid);
                write_bytes(tree_path(&tree, name), processes[i].status,
                            strlen(processes[i].status));
        }
        assert_int_equal(listeners_find(tree.directory, &listeners, &n), 0);
        for (size_t i = 0; i < N_ELEMENTS(processes); i++) {
                const char *expected = processes[i].expected;
                const char *title = title_of(listeners, n, strtoul(processes[i].pid, NULL, 10));

                if (processes[i].pid[0] == 's')
                        continue;
                n_expected += expected != NULL;
                if (expected)
                        assert_string_equal(title, expected);
                else
                        assert_null(title);
        }
        assert_int_equal(n, n_expected);
        listeners_free(listeners, n);
        tree_remove(&tree);
}

static void test_no_such_folder(void **state) {
        struct listener *listeners = NULL;
        size_t n = 0;

        (void)state;
        assert_int_equal(listeners_find("/proc/self/none", &listeners, &n), -ENOENT);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_titles),
                cmocka_unit_test(test_no_such_folder),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
