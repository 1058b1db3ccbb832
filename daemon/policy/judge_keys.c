/* SPDX-License-Identifier: GPL-3.0-or-later */
/* keys rules: which keys may open an account, and how far.
 *
 * Each condition is one row of a table: whether the rule asks for it, whether an entry breaks it,
 * and the words for the finding. An entry is named by its fingerprint and its line, never by its
 * key material. */

#include "policy/judge_keys.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/escape.h"
#include "base/pattern.h"
#include "base/text.h"
#include "policy/users.h"

bool policy_keys_rule_covers(const struct rule *rule, const struct account *account) {
        return policy_users_cover(rule->keys.users, account);
}

/* --- conditions ------------------------------------------------------------------------------- */

struct judge {
        const struct rule *rule;
        const struct judged_keys *keys;
        size_t n_good; /* entries sshd takes, up to and including the present one */
};

static bool matches_one(const char *string, const struct rule_words *patterns) {
        for (size_t i = 0; i < patterns->n_items; i++)
                if (pattern_match(string, patterns->items[i]))
                        return true;
        return false;
}

static bool has_key(const struct authorized_key *entry) {
        return entry->key.type != NULL;
}

static bool is_unknown(const struct authorized_key *entry) {
        return entry->problem == KEY_UNKNOWN_TYPE || entry->problem == KEY_OTHER_RELEASE;
}

static bool is_authority(const struct authorized_key *entry) {
        return entry->problem == KEY_OK && entry->options.cert_authority;
}

static bool lists_key(const struct rule_words *fingerprints, const struct public_key *key) {
        for (size_t i = 0; i < fingerprints->n_items; i++)
                if (strcmp(fingerprints->items[i], key->sha256) == 0)
                        return true;
        return false;
}

static void put_words(struct text *text, const struct rule_words *words) {
        for (size_t i = 0; i < words->n_items; i++)
                (void)text_appendf(text, "%s%s", i > 0 ? ", " : "", words->items[i]);
        if (words->n_items == 0)
                (void)text_append(text, "none");
}

static bool asks_types(const struct rule_keys *rule) {
        return rule->types.n_items > 0;
}

static bool breaks_types(const struct judge *judge, const struct authorized_key *entry) {
        if (is_unknown(entry))
                return true;
        return has_key(entry) && !matches_one(entry->key.type, &judge->rule->keys.types);
}

static void want_types(const struct rule_keys *rule, struct text *text) {
        put_words(text, &rule->types);
}

static bool asks_bits(const struct rule_keys *rule) {
        return rule->rsa_bits_at_least > 0;
}

static bool breaks_bits(const struct judge *judge, const struct authorized_key *entry) {
        return has_key(entry) && strncmp(entry->key.type, "ssh-rsa", 7) == 0 &&
               entry->key.bits < (unsigned)judge->rule->keys.rsa_bits_at_least;
}

static void want_bits(const struct rule_keys *rule, struct text *text) {
        (void)text_appendf(text, "at least %d", rule->rsa_bits_at_least);
}

static bool asks_only(const struct rule_keys *rule) {
        return rule->only.is_set;
}

/* A key that may log in is not thereby a key that may sign others: an authority stands or falls
 * with cert_authorities. */
static bool breaks_only(const struct judge *judge, const struct authorized_key *entry) {
        const struct rule_keys *rule = &judge->rule->keys;

        if (is_unknown(entry))
                return true;
        if (!has_key(entry))
                return false;
        if (is_authority(entry))
                return !rule->cert_authorities.is_set;
        return !lists_key(&rule->only, &entry->key);
}

static void want_only(const struct rule_keys *rule, struct text *text) {
        put_words(text, &rule->only);
}

static bool asks_forbids(const struct rule_keys *rule) {
        return rule->forbids.n_items > 0;
}

static bool breaks_forbids(const struct judge *judge, const struct authorized_key *entry) {
        return has_key(entry) && lists_key(&judge->rule->keys.forbids, &entry->key);
}

static void want_forbids(const struct rule_keys *rule, struct text *text) {
        (void)text_append(text, "none of ");
        put_words(text, &rule->forbids);
}

static bool asks_authorities(const struct rule_keys *rule) {
        return rule->cert_authorities.is_set;
}

static bool breaks_authorities(const struct judge *judge, const struct authorized_key *entry) {
        const struct rule_keys *rule = &judge->rule->keys;

        if (is_unknown(entry)) /* `only` says so already where it is asked */
                return !rule->only.is_set;
        return is_authority(entry) && !lists_key(&rule->cert_authorities, &entry->key);
}

static void want_authorities(const struct rule_keys *rule, struct text *text) {
        put_words(text, &rule->cert_authorities);
}

static bool asks_options(const struct rule_keys *rule) {
        return rule->requires_options.n_items > 0;
}

static bool breaks_options(const struct judge *judge, const struct authorized_key *entry) {
        const struct rule_words *words = &judge->rule->keys.requires_options;

        for (size_t i = 0; entry->problem == KEY_OK && i < words->n_items; i++)
                if (!key_options_hold(&entry->options, words->items[i]))
                        return true;
        return false;
}

static void want_options(const struct rule_keys *rule, struct text *text) {
        put_words(text, &rule->requires_options);
}

static bool asks_no_options(const struct rule_keys *rule) {
        return rule->forbids_options.n_items > 0;
}

static bool breaks_no_options(const struct judge *judge, const struct authorized_key *entry) {
        const struct rule_words *words = &judge->rule->keys.forbids_options;

        for (size_t i = 0; entry->problem == KEY_OK && i < words->n_items; i++)
                if (key_options_hold(&entry->options, words->items[i]))
                        return true;
        return false;
}

static void want_no_options(const struct rule_keys *rule, struct text *text) {
        (void)text_append(text, "none of ");
        put_words(text, &rule->forbids_options);
}

static bool asks_comments(const struct rule_keys *rule) {
        return rule->comments.n_items > 0;
}

static bool breaks_comments(const struct judge *judge, const struct authorized_key *entry) {
        return has_key(entry) && !matches_one(entry->comment, &judge->rule->keys.comments);
}

static void want_comments(const struct rule_keys *rule, struct text *text) {
        put_words(text, &rule->comments);
}

static bool asks_expiry(const struct rule_keys *rule) {
        return rule->expires_within_s >= 0;
}

static bool breaks_expiry(const struct judge *judge, const struct authorized_key *entry) {
        int64_t latest;

        if (entry->problem != KEY_OK)
                return false;
        if (__builtin_add_overflow(judge->keys->now, judge->rule->keys.expires_within_s, &latest))
                latest = INT64_MAX;
        return !entry->options.has_expiry || latest < 0 ||
               entry->options.expires > (uint64_t)latest;
}

static void want_expiry(const struct rule_keys *rule, struct text *text) {
        (void)text_appendf(text, "an expiry-time within %lld seconds",
                           (long long)rule->expires_within_s);
}

static bool asks_number(const struct rule_keys *rule) {
        return rule->max_keys >= 0;
}

static bool breaks_number(const struct judge *judge, const struct authorized_key *entry) {
        return entry->problem == KEY_OK && judge->n_good > (size_t)judge->rule->keys.max_keys;
}

static void want_number(const struct rule_keys *rule, struct text *text) {
        (void)text_appendf(text, "at most %d", rule->max_keys);
}

static const struct condition {
        const char *setting; /* as the policy language has it */
        bool (*is_asked)(const struct rule_keys *rule);
        bool (*is_broken)(const struct judge *judge, const struct authorized_key *entry);
        void (*put_want)(const struct rule_keys *rule, struct text *text);
        bool is_about_options; /* ssh-keygen does not show them */
        const char *message;
} conditions[] = {
        { "types", asks_types, breaks_types, want_types, false,
          "A key of another type than the policy allows opens the account." },
        { "rsa_bits_at_least", asks_bits, breaks_bits, want_bits, false,
          "An RSA key that is too short opens the account." },
        { "only", asks_only, breaks_only, want_only, false,
          "A key that is not among the allowed ones opens the account." },
        { "forbids", asks_forbids, breaks_forbids, want_forbids, false,
          "A forbidden key opens the account." },
        { "cert_authorities", asks_authorities, breaks_authorities, want_authorities, true,
          "Whoever this authority signs for can open the account." },
        { "requires_options", asks_options, breaks_options, want_options, true,
          "A key opens the account without a restriction the policy requires." },
        { "forbids_options", asks_no_options, breaks_no_options, want_no_options, true,
          "A key opens the account with an option the policy forbids." },
        { "comments", asks_comments, breaks_comments, want_comments, false,
          "The comment of a key does not say whose it is." },
        { "expires_within", asks_expiry, breaks_expiry, want_expiry, true,
          "A key opens the account for longer than the policy allows." },
        { "max_keys", asks_number, breaks_number, want_number, false,
          "More keys open the account than the policy allows." },
};

/* --- findings --------------------------------------------------------------------------------- */

/* What the entry is: fingerprint, kind, and the options where they are the point. */
static int put_entry(const struct authorized_key *entry, bool with_options, struct text *text) {
        CLEANUP(text_done) struct text options = { 0 };

        if (!has_key(entry)) {
                (void)text_append(text, entry->reason);
                return text_error(text);
        }
        (void)text_appendf(text, "%s %s %u", entry->key.sha256, entry->key.type, entry->key.bits);
        if (entry->problem == KEY_OK && with_options) {
                if (key_options_format(&entry->options, &options) < 0)
                        return -ENOMEM;
                (void)text_appendf(text, " %s", options.n > 0 ? text_get(&options) : "no options");
        }
        return text_error(text);
}

static int finish(int r, struct finding *finding, const struct judged_keys *keys,
                  const struct judged_key_file *file, const struct authorized_key *entry) {
        CLEANUP(text_done) struct text path = { 0 };

        finding->line = entry->line;
        r = finding_set(r, &finding->path, "%s", file->path);
        r = finding_set(r, &finding->users, "%s", keys->account->name);
        if (r == 0)
                r = escape_append_shell(&path, file->path);
        return finding_set(r, &finding->witness, "sshguardd --dump-keys %s", text_get(&path));
}

static int report(const struct judge *judge, const struct condition *condition,
                  const struct judged_key_file *file, const struct authorized_key *entry,
                  struct findings *findings) {
        CLEANUP(finding_done) struct finding finding = { 0 };
        CLEANUP(text_done) struct text want = { 0 };
        CLEANUP(text_done) struct text got = { 0 };
        int r = finding_init(&finding, judge->rule);

        condition->put_want(&judge->rule->keys, &want);
        if (r == 0)
                r = put_entry(entry, condition->is_about_options, &got);
        if (r == 0)
                r = text_error(&want);
        r = finding_set(r, &finding.setting, "%s", condition->setting);
        r = finding_set(r, &finding.want, "%s", text_get(&want));
        r = finding_set(r, &finding.got, "%s", text_get(&got));
        r = finding_set(r, &finding.message, "%s", condition->message);
        r = finish(r, &finding, judge->keys, file, entry);
        return r < 0 ? r : findings_add(findings, &finding);
}

int policy_judge_keys(const struct rule *rule, const struct judged_keys *keys,
                      struct findings *findings) {
        struct judge judge = { rule, keys, 0 };

        for (size_t i = 0; i < keys->n_files; i++) {
                const struct judged_key_file *file = &keys->files[i];

                for (size_t j = 0; j < file->keys->n_items; j++) {
                        const struct authorized_key *entry = &file->keys->items[j];

                        judge.n_good += entry->problem == KEY_OK;
                        for (size_t c = 0; c < N_ELEMENTS(conditions); c++) {
                                int r;

                                if (!conditions[c].is_asked(&rule->keys) ||
                                    !conditions[c].is_broken(&judge, entry))
                                        continue;
                                r = report(&judge, &conditions[c], file, entry, findings);
                                if (r < 0)
                                        return r;
                        }
                }
        }
        return 0;
}

static int report_line(const struct judged_keys *keys, const struct judged_key_file *file,
                       const struct authorized_key *entry, struct findings *findings) {
        CLEANUP(finding_done) struct finding finding = { 0 };
        int r = is_unknown(entry) ? finding_init_own(&finding, "keys.unknown-type", SEVERITY_MEDIUM)
                                  : finding_init_own(&finding, "keys.bad-line", SEVERITY_LOW);

        r = finding_set(r, &finding.want, "%s", "a line sshd understands");
        r = finding_set(r, &finding.got, "%s", entry->reason);
        r = finding_set(r, &finding.message, "%s", "sshd can make nothing of a line of keys.");
        r = finish(r, &finding, keys, file, entry);
        return r < 0 ? r : findings_add(findings, &finding);
}

int policy_judge_key_lines(const struct judged_keys *keys, struct findings *findings) {
        for (size_t i = 0; i < keys->n_files; i++) {
                const struct judged_key_file *file = &keys->files[i];

                for (size_t j = 0; j < file->keys->n_items; j++) {
                        int r;

                        if (file->keys->items[j].problem == KEY_OK)
                                continue;
                        r = report_line(keys, file, &file->keys->items[j], findings);
                        if (r < 0)
                                return r;
                }
        }
        return 0;
}

/* --- repair ----------------------------------------------------------------------------------- */

static bool breaks_any(const struct judge *judge, const struct authorized_key *entry) {
        for (size_t c = 0; c < N_ELEMENTS(conditions); c++)
                if (conditions[c].is_asked(&judge->rule->keys) &&
                    conditions[c].is_broken(judge, entry))
                        return true;
        return false;
}

/* An entry that goes for another reason does not count towards max_keys. */
int policy_repair_keys(const struct rule *rule, const struct judged_keys *keys, size_t i,
                       bool **ret_remove) {
        const struct authorized_keys *wanted = keys->files[i].keys;
        struct judge judge = { rule, keys, 0 };
        bool *remove = calloc(wanted->n_items + 1, sizeof *remove);

        if (!remove)
                return -ENOMEM;
        for (size_t f = 0; f <= i; f++) {
                const struct authorized_keys *file = keys->files[f].keys;

                for (size_t j = 0; j < file->n_items; j++) {
                        const struct authorized_key *entry = &file->items[j];
                        bool is_good = entry->problem == KEY_OK, is_broken;

                        judge.n_good += is_good;
                        is_broken = breaks_any(&judge, entry);
                        judge.n_good -= is_good && is_broken;
                        if (f == i)
                                remove[j] = is_broken;
                }
        }
        *ret_remove = remove;
        return 0;
}
