/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A machine of five files, cut out of the input at each 0xff: sshd_config, shadow, a PAM service, a
 * key file and what another setting names. Whatever they hold, an account gets an answer, and a way
 * that asks for less than another is never less sure. */

#include <stdint.h>

#include "../../unit/access/memory_machine.h"

static const char passwd[] = "root:x:0:0::/root:/bin/sh\nbob:x:1000:1000::/home/bob:/bin/sh\n";

static void judge(struct memory_machine *memory, const char *user) {
        struct access_logins logins;

        if (access_logins_judge(&memory->machine, accounts_find(&memory->accounts, user), &logins) <
            0)
                return;
        for (size_t i = 0; i < logins.n_items; i++) {
                const struct access_login *login = &logins.items[i];

                if (login->refusal && login->ways.n_items > 0)
                        abort();
                for (size_t k = 0; k < login->ways.n_items; k++)
                        if (access_ways_suffice(&login->ways, login->ways.items[k].factors) <
                            login->ways.items[k].answer)
                                abort();
        }
        access_logins_done(&logins);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct memory_file files[] = {
                { .path = "/etc/ssh/sshd_config" },
                { .path = "/etc/shadow" },
                { .path = "/etc/pam.d/sshd" },
                { .path = "/home/bob/.ssh/authorized_keys" },
                { .path = "/etc/ssh/named" },
                { .path = "/etc/passwd", .text = passwd },
                { .path = "/bin/sh", .text = "", .mode = 0755 },
                { .path = "/home/bob/.google_authenticator",
                  .text = "",
                  .mode = 0400,
                  .uid = 1000 },
        };
        char *copy = malloc(size + 1), *rest = copy;
        struct memory_machine memory;

        if (!copy)
                return 0;
        memcpy(copy, data, size);
        copy[size] = '\0';
        for (size_t i = 0; i < 5; i++) {
                char *part = strsep(&rest, "\xff");

                files[i].text = part ? part : "";
        }
        if (memory_machine_open(files, N_ELEMENTS(files), &memory) == 0 &&
            !sshd_config_refusal(memory.config)) {
                judge(&memory, "root");
                judge(&memory, "bob");
        }
        memory_machine_close(&memory);
        free(copy);
        return 0;
}
