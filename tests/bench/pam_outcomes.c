/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How long symbolic execution takes as a stack grows: a table, no judgement. Each stack repeats
 * five lines that use every action, jumps and (in the last column) substacks with `reset`; the
 * question is the dearest there is, all results over all codes of all modules. */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "pam/outcomes.h"

static const char *const flat_lines[] = {
        "auth [success=1 default=ignore] pam_a.so\n",
        "auth required pam_b.so\n",
        "auth [success=2 new_authtok_reqd=ok auth_err=die default=bad] pam_c.so\n",
        "auth sufficient pam_d.so\n",
        "auth [success=ok user_unknown=reset default=ignore] pam_e.so\n",
};

struct stack {
        char *text;
        bool has_substacks;
};

static int read_file(void *userdata, const char *path, char **ret_data, size_t *ret_n) {
        static const char inner[] = "auth [success=ok auth_err=reset default=bad] pam_f.so\n"
                                    "auth [success=1 ignore=reset default=ok] pam_g.so\n"
                                    "auth requisite pam_h.so\n";
        const struct stack *stack = userdata;
        const char *text = strcmp(path, "/etc/pam.d/s") == 0   ? stack->text
                           : strcmp(path, "/etc/pam.d/i") == 0 ? inner
                                                               : NULL;

        if (!text)
                return -ENOENT;
        *ret_data = strdup(text);
        *ret_n = strlen(text);
        return *ret_data ? 0 : -ENOMEM;
}

static bool is_directory(void *userdata, const char *path) {
        (void)userdata;
        (void)path;
        return true;
}

static double now_ms(void) {
        struct timespec now;

        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* Milliseconds for one question to a stack of N lines, the best of a few. */
static double measure(size_t n, bool has_substacks) {
        struct stack stack = { .text = calloc(n + 1, 96), .has_substacks = has_substacks };
        const struct pam_environment environment = { &stack, read_file, is_directory, NULL };
        struct pam_service *service = NULL;
        struct pam_release release;
        double best = 1e9;
        char *out = stack.text;

        for (size_t i = 0; i < n; i++)
                out = stpcpy(out,
                             has_substacks && i % 4 == 3 ? "auth substack i\n" : flat_lines[i % 5]);
        if (!pam_release_parse("1.7.0", &release) ||
            pam_service_load("s", &environment, &release, &service) < 0)
                abort();
        for (int i = 0; i < 5; i++) {
                uint32_t results;
                double start = now_ms();

                if (pam_outcomes(service, PAM_AUTH, NULL, NULL, &results) < 0 ||
                    pam_can_succeed_without(service, PAM_AUTH, "pam_b.so", NULL) < 0)
                        abort();
                best = now_ms() - start < best ? now_ms() - start : best;
        }
        pam_service_free(service);
        free(stack.text);
        return best;
}

int main(void) {
        static const size_t sizes[] = { 10, 30, 60, 100, 200, 500, 1000 };

        (void)printf("%6s  %12s  %12s\n", "lines", "flat", "substacks");
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
                (void)printf("%6zu  %9.2f ms  %9.2f ms\n", sizes[i], measure(sizes[i], false),
                             measure(sizes[i], true));
        return 0;
}
