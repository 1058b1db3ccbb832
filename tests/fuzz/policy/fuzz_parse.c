/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A policy file: whatever is accepted can be printed, read again, and printed the same. */

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "policy/parse.h"

static const char profile_text[] =
        "rules = ( { id = \"a\"; sshd = \"PasswordAuthentication\"; must = \"no\"; },\n"
        "          { id = \"b\"; file = \"/etc/x\"; owner = \"root\"; } );";

static int profile(void *userdata, const char *name, struct policy_text *ret) {
        (void)userdata;
        if (strcmp(name, "p") != 0)
                return -ENOENT;
        ret->path = strdup("p.conf");
        ret->data = strdup(profile_text);
        ret->n = sizeof profile_text - 1;
        return ret->path && ret->data ? 0 : -ENOMEM;
}

/* Without the lines that say where a rule stands. */
static char *without_comments(const char *text) {
        struct text rest = { 0 };

        for (const char *line = text; *line;) {
                size_t n = strcspn(line, "\n") + 1, blank = strspn(line, " ");

                if (strncmp(line + blank, "//", 2) != 0)
                        (void)text_append_n(&rest, line, n);
                line += n;
        }
        return text_take(&rest);
}

static struct policy *parse(char *path, char *data, size_t n) {
        struct policy_sources sources = { .main = { path, data, n }, .profile = profile };
        struct diagnostics diagnostics = { 0 };
        struct policy *policy = NULL;
        int r;

        (void)sshd_release_parse("9.2", &sources.release);
        r = policy_parse(&sources, &policy, &diagnostics);
        assert((r == 0) == (policy != NULL));
        assert(r != -EINVAL || diagnostics.n_items > 0);
        diagnostics_done(&diagnostics);
        return policy;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        CLEANUP_FREE char *copy = strndup((const char *)data, size);
        CLEANUP_FREE char *first_rules = NULL, *second_rules = NULL;
        CLEANUP(text_done) struct text first = { 0 }, second = { 0 };
        char path[] = "policy";
        struct policy *policy, *again;

        if (!copy)
                return 0;
        /* a NUL byte is a complaint of its own: give it the bytes, not the string */
        policy = memchr(data, '\0', size) ? parse(path, (char *)(uintptr_t)data, size)
                                          : parse(path, copy, strlen(copy));
        if (!policy)
                return 0;
        assert(policy_format(policy, &first) == 0);
        again = parse(path, first.data, first.n);
        assert(again);
        assert(policy_format(again, &second) == 0);
        first_rules = without_comments(first.data);
        second_rules = without_comments(second.data);
        assert(first_rules && second_rules && strcmp(first_rules, second_rules) == 0);
        policy_free(policy);
        policy_free(again);
        return 0;
}
