/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every allocation fails once: the room says -ENOMEM, leaves nothing behind and keeps what there
 * was.
 *
 * malloc and its like are this program's own (glibc allows it: "Replacing malloc" in its manual).
 * The loader is left out, since libconfig does not survive it, and so are sanitizers, whose malloc
 * it is. */
#include "cmocka_env.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "policy/judge_file.h"
#include "policy/judge_sshd.h"
#include "policy/parse.h"
#include "policy/repair.h"

#if defined(__SANITIZE_ADDRESS__)
#define HAS_OWN_MALLOC 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_OWN_MALLOC 0
#endif
#endif
#ifndef HAS_OWN_MALLOC
#define HAS_OWN_MALLOC 1
#endif

static long countdown = -1; /* allocations until one fails; negative: none does */
static long n_alive;

#if HAS_OWN_MALLOC
extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *pointer, size_t n);
extern void __libc_free(void *pointer);

static bool fails(void) {
        return countdown >= 0 && countdown-- == 0;
}

static void *counted(void *pointer) {
        n_alive += pointer ? 1 : 0;
        return pointer;
}

void *malloc(size_t n) {
        return fails() ? NULL : counted(__libc_malloc(n));
}

void *calloc(size_t n, size_t size) {
        return fails() ? NULL : counted(__libc_calloc(n, size));
}

void *realloc(void *pointer, size_t n) {
        void *moved = fails() ? NULL : __libc_realloc(pointer, n);

        if (!pointer && moved)
                n_alive++;
        return moved;
}

void free(void *pointer) {
        n_alive -= pointer ? 1 : 0;
        __libc_free(pointer);
}
#endif

/* --- what is there ---------------------------------------------------------------------------- */

static const char policy_text[] =
        "rules = (\n"
        "  { id = \"list\"; sshd = \"AcceptEnv\"; none_match = [ \"LD_*\" ]; includes = \"LANG\"; "
        "},\n"
        "  { id = \"number\"; sshd = \"MaxAuthTries\"; at_most = 3; why = \"w\"; },\n"
        "  { id = \"methods\"; sshd = \"AuthenticationMethods\"; must = [ \"publickey\", "
        "\"password\" ]; none_match = \"none\"; },\n"
        "  { id = \"word\"; sshd = \"PermitRootLogin\"; one_of = [ \"no\" ]; when = { user = "
        "\"root\"; }; },\n"
        "  { id = \"file\"; file = \"~/.ssh/%u\"; owner = \"root\"; group = \"7\"; mode_at_most = "
        "\"0600\"; approved_only = true; },\n"
        "  { id = \"keys\"; keys = \"*\"; expires_within = \"1d\"; max_keys = 1; } );\n";
static const char config_text[] = "AcceptEnv LC_*\n"
                                  "AcceptEnv LD_PRELOAD\n"
                                  "MaxAuthTries 9\n"
                                  "AuthenticationMethods none\n"
                                  "Match User root\n"
                                  "PermitRootLogin yes\n"
                                  "MaxAuthTries 8\n";

static int no_glob(void *userdata, const char *pattern, char ***ret_paths, size_t *ret_n) {
        (void)userdata;
        (void)pattern;
        *ret_paths = NULL;
        *ret_n = 0;
        return 0;
}

static int read_config(void *userdata, const char *path, char **ret_data, size_t *ret_n) {
        (void)userdata;
        (void)path;
        *ret_data = strdup(config_text);
        *ret_n = strlen(config_text);
        return *ret_data ? 0 : -ENOMEM;
}

struct world {
        struct policy *policy;
        struct sshd_config *config;
        struct accounts accounts;
        struct findings findings;
};

static int set_up(void **state) {
        static const char passwd[] = "root:x:0:0::/root:/bin/sh\nbob:x:9:9::/home/bob:/bin/sh\n";
        const struct sshd_environment environment = { .glob = no_glob, .read = read_config };
        struct world *world = calloc(1, sizeof *world);
        struct sshd_source source = { .path = "/etc/ssh/sshd_config",
                                      .cwd = "/",
                                      .accounts = &world->accounts };
        struct policy_sources sources = { .main = { strdup("policy"), strdup(policy_text),
                                                    strlen(policy_text) } };
        struct diagnostics diagnostics = { 0 };

        assert_true(sshd_release_parse("9.2", &source.release));
        sources.release = source.release;
        assert_int_equal(accounts_parse(passwd, strlen(passwd), NULL, 0, &world->accounts), 0);
        assert_int_equal(sshd_config_load(&source, &environment, &world->config), 0);
        assert_null(sshd_config_refusal(world->config));
        assert_int_equal(policy_parse(&sources, &world->policy, &diagnostics), 0);
        policy_text_done(&sources.main);
        *state = world;
        return 0;
}

static int tear_down(void **state) {
        struct world *world = *state;

        policy_free(world->policy);
        sshd_config_free(world->config);
        accounts_done(&world->accounts);
        findings_done(&world->findings);
        free(world);
        return 0;
}

/* Runs TRY with the first, second … allocation failing, until none fails any more. TRY returns 0 or
 * -ENOMEM, and has given back what it allocated. */
static void exhaust(int (*try)(struct world *world, const struct rule *rule), struct world *world,
                    const struct rule *rule) {
        const long alive = n_alive;
        long n = 0;
        int r;

        if (!HAS_OWN_MALLOC)
                SKIP("a sanitizer has malloc() to itself");
        do {
                countdown = n;
                r = try(world, rule);
                if (countdown >= 0)
                        assert_int_equal(r, 0);
                else
                        assert_int_equal(r, -ENOMEM);
                countdown = -1;
                assert_int_equal(n_alive, alive);
                n++;
        } while (r < 0 && n < 1000000);
        assert_int_equal(r, 0);
        assert_true(n > 1);
}

/* --- each way in ------------------------------------------------------------------------------ */

static int try_judge_sshd(struct world *world, const struct rule *rule) {
        struct findings findings = { 0 };
        int r = policy_judge_sshd(rule, world->config, &world->accounts, &findings);

        if (r == 0)
                assert_true(findings.n_items > 0);
        else
                assert_int_equal(findings.n_items, 0);
        findings_done(&findings);
        return r;
}

static void test_judge_sshd(void **state) {
        struct world *world = *state;

        for (size_t i = 0; i < 4; i++)
                exhaust(try_judge_sshd, world, &world->policy->rules[i]);
}

static int id_of(void *userdata, const char *name, uint32_t *ret) {
        (void)userdata;
        (void)name;
        *ret = 0;
        return 0;
}

static int try_judge_file(struct world *world, const struct rule *rule) {
        const struct file_metadata approved = { .kind = FILE_REGULAR };
        const struct file_metadata metadata = { .kind = FILE_REGULAR, .mode = 0666, .uid = 5 };
        const struct judged_file file = { .path = "/home/bob/.ssh/bob x",
                                          .metadata = &metadata,
                                          .approved = &approved,
                                          .uid_of = id_of,
                                          .gid_of = id_of };
        struct findings findings = { 0 };
        int r = policy_judge_file(rule, &file, &findings);

        (void)world;
        assert_int_equal(findings.n_items, r == 0 ? 4 : 0);
        findings_done(&findings);
        return r;
}

static int try_glob(struct world *world, const struct rule *rule) {
        char *pattern = NULL;
        int r = policy_file_rule_glob(rule, &world->accounts.items[1], &pattern);

        assert_int_equal(pattern == NULL, r < 0);
        free(pattern);
        return r;
}

static void test_file(void **state) {
        struct world *world = *state;

        exhaust(try_judge_file, world, policy_find_rule(world->policy, "file"));
        exhaust(try_glob, world, policy_find_rule(world->policy, "file"));
}

static int try_repair(struct world *world, const struct rule *rule) {
        static char *present[] = { "none" }, *numbers[] = { "9" };
        bool is_number = rule->sshd.at_most;
        const struct sshd_setting setting = { .keyword = rule->sshd.keyword,
                                              .values = is_number ? numbers : present,
                                              .n_values = 1 };
        char **values = NULL;
        size_t n_values = 0;
        int r = policy_repair_sshd(rule, sshd_config_release(world->config), &setting, &values,
                                   &n_values);

        strings_free(values, n_values);
        return r == -ENOTSUP ? 0 : r;
}

static void test_repair(void **state) {
        struct world *world = *state;

        for (size_t i = 0; i < 4; i++)
                exhaust(try_repair, world, &world->policy->rules[i]);
}

static int try_format(struct world *world, const struct rule *rule) {
        struct text text = { 0 };
        int r = policy_format(world->policy, &text);

        (void)rule;
        text_done(&text);
        return r;
}

static int try_copy(struct world *world, const struct rule *rule) {
        struct finding copy = { 0 };
        int r = finding_copy(&copy, &world->findings.items[0]);

        (void)rule;
        finding_done(&copy);
        return r;
}

static void test_format_and_copy(void **state) {
        struct world *world = *state;

        exhaust(try_format, world, NULL);
        assert_int_equal(policy_judge_sshd(&world->policy->rules[1], world->config,
                                           &world->accounts, &world->findings),
                         0);
        exhaust(try_copy, world, NULL);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_judge_sshd, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_file, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_repair, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_format_and_copy, set_up, tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
