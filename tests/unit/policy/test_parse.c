/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the golden tests of the language do not show: the interface, and that what is printed reads
 * back as what it was. */
#include "cmocka_env.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "policy/parse.h"

static struct sshd_release release(void) {
        struct sshd_release release;

        assert_true(sshd_release_parse("9.2", &release));
        return release;
}

static struct policy_text text_of(char *path, char *data) {
        return (struct policy_text){ .path = path, .data = data, .n = strlen(data) };
}

static int parse(char *data, struct policy **ret, struct diagnostics *diagnostics) {
        const struct policy_sources sources = { .main = text_of("main", data),
                                                .release = release() };

        return policy_parse(&sources, ret, diagnostics);
}

static void test_values(void **state) {
        static char data[] =
                "mode = \"audit\"; unapproved = { etc = \"accept\"; users = \"alert\"; };\n"
                "admins = [ \"a\", \"b\" ]; extra_users = \"c\";\n"
                "control = { read = \"r\"; change = [ \"x\", \"y\" ]; };\n"
                "rules = (\n"
                "  { id = \"s\"; sshd = \"maxauthtries\"; at_most = 3; response = \"lock\";\n"
                "    severity = \"info\"; mode = \"audit\"; why = \"w\"; source = \"x\";\n"
                "    when = { user = \"root\"; lport = 22; }; },\n"
                "  { id = \"f\"; file = \"/etc/x\"; mode_at_most = \"4750\"; },\n"
                "  { id = \"k\"; keys = \"*\"; max_keys = 0; expires_within = \"2d\"; } );\n";
        struct policy *policy = NULL;
        struct diagnostics diagnostics = { 0 };
        const struct rule *rule;

        (void)state;
        assert_int_equal(parse(data, &policy, &diagnostics), 0);
        assert_int_equal(policy->mode, MODE_AUDIT);
        assert_int_equal(policy->unapproved_etc, UNAPPROVED_ACCEPT);
        assert_int_equal(policy->unapproved_users, UNAPPROVED_ALERT);
        assert_int_equal(policy->admins.n_items, 2);
        assert_string_equal(policy->extra_users.items[0], "c");
        assert_string_equal(policy->control_read.items[0], "r");
        assert_int_equal(policy->control_change.n_items, 2);
        rule = policy_find_rule(policy, "s");
        assert_non_null(rule);
        assert_int_equal(rule->family, RULE_SSHD);
        assert_string_equal(rule->sshd.keyword, "maxauthtries");
        assert_string_equal(rule->sshd.at_most, "3");
        assert_string_equal(rule->sshd.when.lport, "22");
        assert_int_equal(rule->response, RESPONSE_LOCK);
        assert_int_equal(rule->severity, SEVERITY_INFO);
        assert_true(rule->is_audit_only);
        assert_true(rule->is_enabled);
        assert_string_equal(rule->file, "main");
        assert_int_equal(rule->line, 5);
        assert_null(rule->profile);
        rule = policy_find_rule(policy, "f");
        assert_int_equal(rule->file_rule.mode_at_most, 04750);
        assert_int_equal(rule->response, RESPONSE_ALERT);
        assert_int_equal(rule->severity, SEVERITY_MEDIUM);
        assert_null(rule->file_rule.owner);
        rule = policy_find_rule(policy, "k");
        assert_int_equal(rule->keys.max_keys, 0);
        assert_int_equal(rule->keys.expires_within_s, 172800);
        assert_int_equal(rule->keys.rsa_bits_at_least, 0);
        assert_false(rule->keys.types.is_set);
        policy_free(policy);
        diagnostics_done(&diagnostics);
}

static void test_defaults(void **state) {
        struct policy *policy = NULL;
        struct diagnostics diagnostics = { 0 };

        (void)state;
        assert_int_equal(parse("", &policy, &diagnostics), 0);
        assert_int_equal(policy->mode, MODE_ENFORCE);
        assert_int_equal(policy->unapproved_etc, UNAPPROVED_ALERT);
        assert_int_equal(policy->unapproved_users, UNAPPROVED_ACCEPT);
        assert_int_equal(policy->n_rules, 0);
        policy_free(policy);
}

/* Nothing of a bad policy gets out, and complaints that were there before do not count. */
static void test_all_or_nothing(void **state) {
        struct policy *policy = NULL;
        struct diagnostics diagnostics = { 0 };

        (void)state;
        assert_int_equal(diagnostics_add(&diagnostics, "earlier", 1, 0, "x"), 0);
        assert_int_equal(parse("mode = \"audit\";", &policy, &diagnostics), 0);
        policy_free(policy);
        policy = NULL;
        assert_int_equal(parse("mode = 1;", &policy, &diagnostics), -EINVAL);
        assert_null(policy);
        assert_int_equal(diagnostics.n_items, 2);
        assert_string_equal(diagnostics.items[1].file, "main");
        assert_int_equal(diagnostics.items[1].line, 1);
        diagnostics_done(&diagnostics);
}

/* --- profiles --------------------------------------------------------------------------------- */

static int profile(void *userdata, const char *name, struct policy_text *ret) {
        int *calls = userdata;

        (*calls)++;
        if (strcmp(name, "broken") == 0)
                return -EIO;
        if (strcmp(name, "p") != 0 && strcmp(name, "q") != 0)
                return -ENOENT;
        ret->path = text_format("%s.conf", name);
        ret->data = text_format("%s rules = ( { id = \"%s\"; sshd = \"Port\"; unset = true; } );",
                                name[0] == 'q' ? "extends = \"p\";" : "", name);
        ret->n = strlen(ret->data);
        return 0;
}

static int parse_profiles(char *data, int *calls, struct policy **ret,
                          struct diagnostics *diagnostics) {
        const struct policy_sources sources = { .main = text_of("main", data),
                                                .profile = profile,
                                                .userdata = calls,
                                                .release = release() };

        return policy_parse(&sources, ret, diagnostics);
}

static void test_profiles(void **state) {
        struct policy *policy = NULL;
        struct diagnostics diagnostics = { 0 };
        int calls = 0;

        (void)state;
        assert_int_equal(
                parse_profiles("extends = [ \"q\", \"p\" ];", &calls, &policy, &diagnostics), 0);
        assert_int_equal(calls, 2); /* p counts once */
        assert_int_equal(policy->n_rules, 2);
        assert_string_equal(policy->rules[0].id, "p");
        assert_string_equal(policy->rules[0].profile, "p");
        assert_string_equal(policy->rules[1].profile, "q");
        assert_string_equal(policy->extends.items[1], "p");
        policy_free(policy);
        policy = NULL;
        assert_int_equal(parse_profiles("extends = \"broken\";", &calls, &policy, &diagnostics),
                         -EIO);
        assert_int_equal(parse("extends = \"p\";", &policy, &diagnostics), -EINVAL);
        assert_null(policy);
        assert_string_equal(diagnostics.items[0].message, "there is no profile `p`");
        diagnostics_done(&diagnostics);
}

static int chain(void *userdata, const char *name, struct policy_text *ret) {
        (void)userdata;
        ret->path = strdup(name);
        ret->data = text_format("extends = \"%sx\";", name);
        ret->n = strlen(ret->data);
        return 0;
}

static void test_bounds(void **state) {
        const struct policy_sources deep = { .main = text_of("main", "extends = \"x\";"),
                                             .profile = chain,
                                             .release = release() };
        struct policy *policy = NULL;
        struct diagnostics diagnostics = { 0 };
        CLEANUP(text_done) struct text text = { 0 };

        (void)state;
        assert_int_equal(policy_parse(&deep, &policy, &diagnostics), -EINVAL);
        assert_int_equal(diagnostics.n_items, 1);
        assert_non_null(strstr(diagnostics.items[0].message, "more than 16 deep"));
        diagnostics_done(&diagnostics);

        for (int i = 0; i < 5000; i++)
                (void)text_append(&text, "x = 0644;\n");
        assert_int_equal(parse(text.data, &policy, &diagnostics), -EINVAL);
        assert_in_range(diagnostics.n_items, 100, 300);
        diagnostics_done(&diagnostics);

        text_done(&text);
        (void)text_append(&text, "rules = (\n");
        for (int i = 0; i < 5000; i++)
                (void)text_append(&text, "  { },\n");
        (void)text_append(&text, "  { } );\n");
        assert_int_equal(parse(text.data, &policy, &diagnostics), -EINVAL);
        assert_in_range(diagnostics.n_items, 100, 300);
        diagnostics_done(&diagnostics);

        text_done(&text);
        for (int i = 0; i < 200000; i++)
                (void)text_append(&text, "# much\n");
        assert_int_equal(parse(text.data, &policy, &diagnostics), -EINVAL);
        assert_non_null(strstr(diagnostics.items[0].message, "at most 1048576"));
        diagnostics_done(&diagnostics);
}

/* --- what is printed reads back --------------------------------------------------------------- */

static uint32_t seed = 1;

static uint32_t draw(uint32_t n) {
        seed = seed * 1664525 + 1013904223;
        return (seed >> 8) % n;
}

/* Conditions that may stand together, by family: a random subset of each row's first half. */
static const char *const subjects[] = {
        "sshd = \"maxauthtries\"", "sshd = \"PASSWORDAUTHENTICATION\"",
        "sshd = \"AcceptEnv\"",    "pam = \"sshd\"",
        "keys = \"@staff,*\"",     "file = \"/etc/%u*\"",
};
static const char *const conditions[][8] = {
        { "at_most = 3", "at_least = \"1\"", "one_of = ( 1, 2, \"3\" )", "must = 2",
          "when = { user = \"a\\\"b\\\\,c\"; address = \"10.0.0.0/8\"; }" },
        { "must = \"No\"", "one_of = \"yes\"", "only_match = [ ]", "none_match = \"*\\\\\"",
          "when = { shell = \"*/x\"; lport = \"22,23\"; group = \"g\"; }" },
        { "must = [ ]", "only_match = [ \"A\", \"B\" ]", "includes = \"X\"",
          "none_match = [ \"LD_*\" ]" },
        { "forbids = [ \"a\", \"b\" ]", "facility = \"auth\"", "requires = \"x\"",
          "modules_from = [ \"/a\", \"/b\" ]", "requires_args = \"y\"",
          "must_not_succeed_by = \"z\"" },
        { "types = \"ssh-*\"", "rsa_bits_at_least = 4096", "max_keys = 0",
          "expires_within = \"3w\"", "approved_only = true", "only = [ ]",
          "comments = [ \"ä\", \"b\" ]" },
        { "owner = \"root\"", "group = 5", "mode_at_most = \"0070\"", "approved_only = true" },
};
static const char *const commons[] = {
        "severity = \"high\"", "response = \"repair\"",           "mode = \"audit\"",
        "enabled = false",     "why = \"be\\\\cause \\\"x\\\"\"", "source = \"RFC\"",
};

static void append_some(struct text *text, const char *const *keys, size_t n, bool at_least_one) {
        size_t first = draw((uint32_t)n);

        for (size_t i = 0; i < n; i++)
                if (keys[i] && (draw(2) || (at_least_one && i == first)))
                        (void)text_appendf(text, "%s; ", keys[i]);
}

static void generate(struct text *text) {
        size_t n_rules = draw(6);

        (void)text_appendf(text, "mode = \"%s\"; ", draw(2) ? "audit" : "enforce");
        (void)text_append(text, "rules = ( ");
        for (size_t i = 0; i < n_rules; i++) {
                size_t kind = draw(6), n = 0;

                while (n < 8 && conditions[kind][n])
                        n++;
                (void)text_appendf(text, "%s{ id = \"r%zu\"; %s; %s; ", i ? ", " : "", i,
                                   subjects[kind], conditions[kind][0]);
                append_some(text, conditions[kind] + 1, n - 1, false);
                append_some(text, commons, 6, false);
                (void)text_append(text, "}");
        }
        (void)text_append(text, " );");
}

static char *without_comments(const char *text) {
        struct text rest = { 0 };

        for (const char *line = text; *line;) {
                size_t n = strcspn(line, "\n") + 1;

                if (!strstr(line, "//") || strstr(line, "//") > line + n)
                        (void)text_append_n(&rest, line, n);
                line += n;
        }
        return text_take(&rest);
}

static void test_round_trip(void **state) {
        (void)state;
        for (int i = 0; i < 3000; i++) {
                CLEANUP(text_done) struct text text = { 0 }, first = { 0 }, second = { 0 };
                CLEANUP_FREE char *once = NULL, *twice = NULL;
                struct diagnostics diagnostics = { 0 };
                struct policy *policy = NULL, *again = NULL;

                generate(&text);
                if (parse(text.data, &policy, &diagnostics) < 0)
                        fail_msg("%s\n%s", text.data, diagnostics.items[0].message);
                assert_int_equal(policy_format(policy, &first), 0);
                if (parse(first.data, &again, &diagnostics) < 0)
                        fail_msg("%s\n%s", first.data, diagnostics.items[0].message);
                assert_int_equal(policy_format(again, &second), 0);
                once = without_comments(first.data);
                twice = without_comments(second.data);
                assert_string_equal(once, twice);
                assert_int_equal(policy->n_rules, again->n_rules);
                for (size_t k = 0; k < policy->n_rules; k++) {
                        const struct rule *a = &policy->rules[k], *b = &again->rules[k];

                        assert_int_equal(a->family, b->family);
                        assert_int_equal(a->severity, b->severity);
                        assert_int_equal(a->response, b->response);
                        assert_int_equal(a->is_enabled, b->is_enabled);
                        assert_int_equal(a->is_audit_only, b->is_audit_only);
                        if (a->family == RULE_SSHD && a->sshd.must.is_set) {
                                assert_true(b->sshd.must.is_set);
                                assert_int_equal(a->sshd.must.n_items, b->sshd.must.n_items);
                        }
                }
                policy_free(policy);
                policy_free(again);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_values),         cmocka_unit_test(test_defaults),
                cmocka_unit_test(test_all_or_nothing), cmocka_unit_test(test_profiles),
                cmocka_unit_test(test_bounds),         cmocka_unit_test(test_round_trip),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
