/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which rules of profiles wait: an upgrade's do, what the administrator chose or wrote does not. */
#include "cmocka_env.h"

#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "guard/policy_load.h"
#include "guard/rollout.h"
#include "policy/parse.h"

static const char shipped[] = "/usr/share/sshguardd/profiles";
static const char own[] = "/etc/sshguardd/profiles";

#define RULE(id, conditions) "rules = ( { id = \"" id "\"; " conditions " } );"
#define OWNER(name)          "file = \"/f\"; owner = \"" name "\"; response = \"revert\";"

struct profile {
        const char *folder, *name, *text;
};

struct place {
        char path[64];
        struct store *store;
        const struct profile *profiles; /* those there are, up to one without a name */
        struct policy *policy;
        struct rollout rollout;
};

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw) {
        (void)st;
        (void)type;
        (void)ftw;
        return remove(path);
}

static int set_up(void **state) {
        struct place *place = calloc(1, sizeof *place);

        assert_non_null(place);
        (void)snprintf(place->path, sizeof place->path, "/tmp/sshguardd-rollout-XXXXXX");
        assert_non_null(mkdtemp(place->path));
        assert_int_equal(store_open(place->path, &place->store), 0);
        *state = place;
        return 0;
}

static int tear_down(void **state) {
        struct place *place = *state;

        rollout_done(&place->rollout);
        policy_free(place->policy);
        store_free(place->store);
        (void)nftw(place->path, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
        free(place);
        return 0;
}

static struct policy_text text_of(const char *path, const char *text) {
        struct policy_text ret = { strdup(path), strdup(text), strlen(text) };

        assert_non_null(ret.path);
        assert_non_null(ret.data);
        return ret;
}

static int find_profile(void *userdata, const char *name, struct policy_text *ret) {
        const struct place *place = userdata;

        for (const struct profile *profile = place->profiles; profile->name; profile++) {
                CLEANUP_FREE char *path = text_format("%s/%s.conf", profile->folder, name);

                if (strcmp(profile->name, name) != 0)
                        continue;
                *ret = text_of(path, profile->text);
                return 0;
        }
        return -ENOENT;
}

static struct policy *parse(struct place *place, const char *text) {
        CLEANUP(diagnostics_done) struct diagnostics diagnostics = { 0 };
        CLEANUP(policy_text_done)
        struct policy_text main_text = text_of("/etc/sshguardd/sshguardd.conf", text);
        struct policy_sources sources = { .main = main_text,
                                          .profile = find_profile,
                                          .userdata = place };
        struct policy *policy = NULL;

        assert_true(sshd_release_parse("9.2", &sources.release));
        assert_int_equal(policy_parse(&sources, &policy, &diagnostics), 0);
        return policy;
}

/* The profiles alone that NAMES extends. */
static struct policy *parse_profiles(struct place *place, const struct rule_words *names) {
        CLEANUP(text_done) struct text text = { 0 };

        for (size_t i = 0; i < names->n_items; i++)
                (void)text_appendf(&text, "%s\"%s\"", i == 0 ? "extends = [ " : ", ",
                                   names->items[i]);
        (void)text_append(&text, names->n_items > 0 ? " ];" : "");
        return parse(place, text_get(&text));
}

/* What the daemon does when it loads a policy. */
static void load(struct place *place, const struct profile *profiles, const char *text) {
        CLEANUP(rule_words_done) struct rule_words last = { 0 };
        struct policy *now, *before = NULL;

        place->profiles = profiles;
        rollout_done(&place->rollout);
        policy_free(place->policy);
        place->policy = parse(place, text);
        now = parse_profiles(place, &place->policy->extends);
        if (rollout_last_extends(place->store, &last) == 0)
                before = parse_profiles(place, &last);
        assert_int_equal(rollout_begin(place->store, place->policy,
                                       &(struct rollout_profiles){ now, before }, &place->rollout),
                         0);
        policy_free(now);
        policy_free(before);
}

static struct rule *rule_of(struct place *place, const char *id) {
        for (size_t i = 0; i < place->policy->n_rules; i++)
                if (strcmp(place->policy->rules[i].id, id) == 0)
                        return &place->policy->rules[i];
        fail_msg("there is no rule %s", id);
        return NULL;
}

static size_t count_pending(const struct policy *policy) {
        size_t n = 0;

        for (size_t i = 0; i < policy->n_rules; i++)
                n += policy->rules[i].is_enabled && policy->rules[i].is_pending;
        return n;
}

static const struct profile first[] = {
        { shipped, "base", RULE("f.base", OWNER("root")) },
        { shipped, "more", "extends = [ \"base\" ]; " RULE("f.more", OWNER("root")) },
        { 0 },
};
static const struct profile upgraded[] = {
        { shipped, "base",
          "rules = ( { id = \"f.base\"; " OWNER("daemon") " }, { id = \"f.new\"; " OWNER(
                  "root") " } );" },
        { shipped, "more", "extends = [ \"base\" ]; " RULE("f.more", OWNER("root")) },
        { 0 },
};
static const struct profile retold[] = {
        { shipped, "base",
          RULE("f.base",
               OWNER("root") " why = \"another\"; severity = \"high\"; source = \"x\";") },
        { 0 },
};

static const char extends_base[] = "extends = [ \"base\" ];";

static void test_first_start_knows_all(void **state) {
        struct place *place = *state;
        const struct acknowledgement *known;

        load(place, first, "extends = [ \"base\" ]; " RULE("own", OWNER("root")));
        assert_int_equal(count_pending(place->policy), 0);
        known = rollout_acknowledged(&place->rollout, "f.base");
        assert_non_null(known);
        assert_string_equal(known->reason, "in force when the guard began");
        assert_null(rollout_acknowledged(&place->rollout, "own"));
        assert_null(rollout_terms(&place->rollout, place->policy, rule_of(place, "own")));
}

static void test_upgrade_waits_until_acknowledged(void **state) {
        struct place *place = *state;
        struct rule *rule;

        load(place, first, extends_base);
        load(place, upgraded, extends_base);
        assert_true(rule_of(place, "f.base")->is_pending);
        assert_true(rule_of(place, "f.new")->is_pending);
        assert_int_equal(count_pending(place->policy), 2);
        rule = rule_of(place, "f.base");
        assert_int_equal(rollout_acknowledge(&place->rollout, place->store, place->policy, rule,
                                             1000, "seen"),
                         0);
        assert_false(rule->is_pending);
        assert_int_equal(rollout_acknowledged(&place->rollout, "f.base")->by, 1000);
        assert_string_equal(rollout_acknowledged(&place->rollout, "f.base")->reason, "seen");
        /* it is remembered, and so is what nobody acknowledged */
        load(place, upgraded, extends_base);
        assert_false(rule_of(place, "f.base")->is_pending);
        assert_true(rule_of(place, "f.new")->is_pending);
        /* back to what was known before is a change too */
        load(place, first, extends_base);
        assert_true(rule_of(place, "f.base")->is_pending);
}

static void test_other_words_are_no_change(void **state) {
        struct place *place = *state;

        load(place, first, extends_base);
        load(place, retold, extends_base);
        assert_int_equal(count_pending(place->policy), 0);
}

static void test_what_the_administrator_writes_does_not_wait(void **state) {
        struct place *place = *state;

        load(place, first, extends_base);
        load(place, first,
             "extends = [ \"base\" ]; rules = ( { id = \"f.base\"; owner = \"alice\"; }, "
             "{ id = \"own\"; " OWNER("root") " } );");
        assert_int_equal(count_pending(place->policy), 0);
        /* what his override rests on does */
        load(place, upgraded,
             "extends = [ \"base\" ]; rules = ( { id = \"f.base\"; severity = \"low\"; } );");
        assert_true(rule_of(place, "f.base")->is_pending);
        /* a rule that is off waits for nothing */
        load(place, upgraded,
             "extends = [ \"base\" ]; rules = ( { id = \"f.base\"; enabled = false; }, "
             "{ id = \"f.new\"; enabled = false; } );");
        assert_int_equal(count_pending(place->policy), 0);
}

static void test_own_profiles_do_not_wait(void **state) {
        static const struct profile before[] = { { own, "base", RULE("f.base", OWNER("root")) },
                                                 { 0 } };
        static const struct profile after[] = { { own, "base", RULE("f.base", OWNER("daemon")) },
                                                { 0 } };
        struct place *place = *state;

        load(place, before, extends_base);
        load(place, after, extends_base);
        assert_int_equal(count_pending(place->policy), 0);
}

static void test_an_added_profile_does_not_wait(void **state) {
        struct place *place = *state;

        load(place, first, extends_base);
        load(place, first, "extends = [ \"more\" ];");
        assert_int_equal(count_pending(place->policy), 0);
        assert_string_equal(rollout_acknowledged(&place->rollout, "f.more")->reason,
                            "brought by a profile that was added to `extends`");
}

/* An upgrade while the guard was stopped, and a new `extends` with it: each is told apart. */
static void test_an_upgrade_does_not_hide_behind_an_added_profile(void **state) {
        struct place *place = *state;

        load(place, first, extends_base);
        load(place, upgraded, "extends = [ \"more\" ];");
        assert_true(rule_of(place, "f.base")->is_pending);
        assert_true(rule_of(place, "f.new")->is_pending);
        assert_false(rule_of(place, "f.more")->is_pending);
}

/* A profile that pulls in another one by an upgrade is not chosen by anybody. */
static void test_what_an_upgrade_pulls_in_waits(void **state) {
        static const struct profile pulling[] = {
                { shipped, "base", "extends = [ \"more\" ]; " RULE("f.base", OWNER("root")) },
                { shipped, "more", RULE("f.more", OWNER("root")) },
                { 0 },
        };
        struct place *place = *state;

        load(place, first, extends_base);
        load(place, pulling, extends_base);
        assert_true(rule_of(place, "f.more")->is_pending);
        assert_false(rule_of(place, "f.base")->is_pending);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_first_start_knows_all, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_upgrade_waits_until_acknowledged, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(test_other_words_are_no_change, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_what_the_administrator_writes_does_not_wait,
                                                set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_own_profiles_do_not_wait, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_an_added_profile_does_not_wait, set_up,
                                                tear_down),
                cmocka_unit_test_setup_teardown(
                        test_an_upgrade_does_not_hide_behind_an_added_profile, set_up, tear_down),
                cmocka_unit_test_setup_teardown(test_what_an_upgrade_pulls_in_waits, set_up,
                                                tear_down),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
