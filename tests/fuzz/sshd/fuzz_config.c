/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Configurations: the first byte picks the release, the rest is the main file; a line "%%NAME"
 * starts another file, /etc/ssh/NAME, that an Include may name. Whatever comes, loading ends, a
 * refusal has a reason and a status, evaluation is the same every time, and one keyword alone is
 * what it is among all. */

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../../daemon/sshd/evaluate.h"
#include "../../../daemon/sshd/table.h"
#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "input.h"
#include "sshd/config.h"
#include "sshd/dump.h"
#include "sshd/effective.h"

DEFINE_CLEANUP(cleanup_config, struct sshd_config, sshd_config_free)
DEFINE_CLEANUP(cleanup_effective, struct sshd_effective, sshd_effective_free)
DEFINE_CLEANUP(cleanup_refusal, struct sshd_refusal, sshd_refusal_free)

static void check_alone(const struct sshd_config *config, const struct sshd_effective *effective,
                        const struct sshd_connection *connection, const struct accounts *accounts) {
        bool *active = calloc(config->n_blocks + 1, sizeof *active);

        if (!active || sshd_blocks_match(config, connection, accounts, active, NULL) < 0) {
                free(active);
                return;
        }
        for (size_t i = 0; i < n_keyword_table; i++) {
                const struct keyword *row = &keyword_table[i];
                const struct sshd_setting *among;
                struct sshd_setting alone = { 0 };

                if (row->use != KEYWORD_SETTING || !keyword_is_of(row, &config->release))
                        continue;
                among = sshd_effective_get(effective, row->name);
                if (sshd_setting_evaluate(config, row, active, &alone, NULL) < 0)
                        continue;
                assert(alone.n_values == among->n_values);
                for (size_t k = 0; k < alone.n_values; k++)
                        assert(strcmp(alone.values[k], among->values[k]) == 0);
                sshd_setting_done(&alone);
        }
        free(active);
}

static void evaluate(const struct sshd_config *config, const struct sshd_connection *connection,
                     const struct accounts *accounts) {
        CLEANUP(cleanup_effective) struct sshd_effective *effective = NULL;
        CLEANUP(cleanup_effective) struct sshd_effective *again = NULL;
        CLEANUP(cleanup_refusal) struct sshd_refusal *refusal = NULL;
        CLEANUP(text_done) struct text first = { 0 };
        CLEANUP(text_done) struct text second = { 0 };
        int r = sshd_effective_new(config, connection, accounts, &effective, &refusal);

        assert(r == 0 || (r == -EINVAL && refusal && refusal->reason));
        if (r < 0)
                return;
        assert(sshd_effective_new(config, connection, accounts, &again, NULL) == 0);
        assert(sshd_effective_format(effective, &first) == 0);
        assert(sshd_effective_format(again, &second) == 0);
        assert(strcmp(text_get(&first), text_get(&second)) == 0);
        check_alone(config, effective, connection, accounts);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const unsigned numbers[] = { 804, 902, 1000, 1006, 905, 1003 };
        struct input input = { (const char *)data + (size > 0), size - (size > 0) };
        const struct sshd_environment environment = { .userdata = &input,
                                                      .glob = glob_input,
                                                      .read = read_input };
        struct sshd_source source = {
                .release = { .number = numbers[size ? data[0] % N_ELEMENTS(numbers) : 0],
                             .flavour = SSHD_DEBIAN,
                             .version = "OpenSSH_10.0p2 Debian" },
                .path = main_path,
                .cwd = "/",
        };
        struct sshd_connection connection = {
                .user = (char *)(uintptr_t) "bob",
                .host = (char *)(uintptr_t) "client.example.com",
                .addr = (char *)(uintptr_t) "192.0.2.7",
                .laddr = (char *)(uintptr_t) "2001:db8::1",
                .lport = 22,
        };
        CLEANUP(cleanup_config) struct sshd_config *config = NULL;
        CLEANUP(accounts_done) struct accounts accounts = { 0 };
        int r;

        if (accounts_parse(passwd, sizeof passwd - 1, groups, sizeof groups - 1, &accounts) < 0)
                return 0;
        source.accounts = &accounts;
        r = sshd_config_load(&source, &environment, &config);
        if (r < 0) {
                assert(r == -ENOMEM || r == -E2BIG);
                return 0;
        }
        if (sshd_config_refusal(config)) {
                const struct sshd_refusal *refusal = sshd_config_refusal(config);

                assert(refusal->reason && refusal->message);
                assert(refusal->exit_status == 1 || refusal->exit_status == 255);
                return 0;
        }
        evaluate(config, NULL, &accounts);
        evaluate(config, &connection, &accounts);
        return 0;
}
