/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include "base/account.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "memory_tree.h"
#include "sshd/effective.h"

static const char passwd[] = "root:x:0:0::/root:/bin/sh\nalice:x:1000:1000::/home/alice:/bin/sh\n";

struct tilde_case {
        const char *release;
        const char *path;
        const char *expected; /* NULL: refused with REASON */
        const char *reason;
};

static void check_tilde(const struct tilde_case *tilde_case, const struct accounts *accounts) {
        CLEANUP_FREE char *text = text_format("Banner %s\n", tilde_case->path);
        const struct memory_file file = { "/etc/ssh/sshd_config", text };
        struct memory_tree tree = { &file, 1 };
        const struct sshd_environment environment = { .userdata = &tree,
                                                      .glob = memory_glob,
                                                      .read = memory_read };
        struct sshd_source source = { .path = file.path, .cwd = "/", .accounts = accounts };
        struct sshd_effective *effective = NULL;
        struct sshd_config *config = NULL;

        assert_non_null(text);
        assert_true(sshd_release_parse(tilde_case->release, &source.release));
        assert_int_equal(sshd_config_load(&source, &environment, &config), 0);
        if (tilde_case->expected) {
                assert_null(sshd_config_refusal(config));
                assert_int_equal(sshd_effective_new(config, NULL, accounts, &effective, NULL), 0);
                assert_string_equal(sshd_effective_get(effective, "banner")->values[0],
                                    tilde_case->expected);
        } else {
                assert_string_equal(sshd_config_refusal(config)->reason, tilde_case->reason);
        }
        sshd_effective_free(effective);
        sshd_config_free(config);
}

/* `~user` without a slash was a file in root's home until 8.8. */
static void test_tilde(void **state) {
        static const struct tilde_case cases[] = {
                { "8.4", "~alice", "/root/alice", NULL },
                { "8.7", "~alice", "/root/alice", NULL },
                { "8.9", "~alice", "/home/alice/", NULL },
                { "8.7", "~alice/x", "/home/alice/x", NULL },
                { "8.4", "~eve/x", NULL, "tilde_expand_filename: No such user eve" },
                { "8.7", "~eve/x", NULL, "tilde_expand: No such user eve" },
                { "9.2", "~eve", NULL, "tilde_expand: No such user eve" },
        };
        struct accounts accounts;

        (void)state;
        assert_int_equal(accounts_parse(passwd, sizeof passwd - 1, NULL, 0, &accounts), 0);
        for (size_t i = 0; i < N_ELEMENTS(cases); i++)
                check_tilde(&cases[i], &accounts);
        accounts_done(&accounts);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_tilde),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
