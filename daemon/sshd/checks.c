/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What sshd checks after the last line: main() of sshd.c, and the end of parse_server_config().
 *
 * In its order: addresses to listen on are resolved, algorithm lists worked out, commands must have
 * a user to run as, and one list of authentication methods must consist of enabled ones. */

#include "loader.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "evaluate.h"
#include "take.h"

enum { RELEASE_ONE_KBDINT = 807 };

const struct assembled_list assembled_lists[] = {
        { SETTING_CIPHERS, "ciphers", NULL },
        { SETTING_MACS, "macs", NULL },
        { SETTING_KEX_ALGORITHMS, "kex_algorithms", NULL },
        { SETTING_HOST_KEY_ALGORITHMS, "hostkeyalgorithms", NULL },
        { SETTING_HOSTBASED_ACCEPTED_ALGORITHMS, "hostbased_accepted_algos",
          "hostbased_key_types" },
        { SETTING_PUBKEY_ACCEPTED_ALGORITHMS, "pubkey_accepted_algos", "pubkey_key_types" },
        { SETTING_CA_SIGNATURE_ALGORITHMS, "ca_sign_algorithms", NULL },
};
const size_t n_assembled_lists = N_ELEMENTS(assembled_lists);

char *assembled_list_reason(const struct assembled_list *list, const struct sshd_release *release) {
        bool is_old = release->number < RELEASE_ACCEPTED_ALGORITHMS && list->old_name;

        return text_format("assemble_algorithms: %s: invalid argument",
                           is_old ? list->old_name : list->name);
}

/* Before 8.7 the two were options of their own, the first off unless the other is on. */
static void imply_keyboard_interactive(struct sshd_config *config) {
        const struct state *challenge = &config->global[SETTING_CHALLENGE_RESPONSE_AUTHENTICATION];
        struct state *keyboard = &config->global[SETTING_KBD_INTERACTIVE_AUTHENTICATION];
        bool is_challenged = !challenge->is_set || challenge->numbers[0] == 1;

        if (config->release.number >= RELEASE_ONE_KBDINT || (keyboard->is_set && !is_challenged))
                return;
        keyboard->is_set = true;
        keyboard->numbers[0] = is_challenged;
        keyboard->n_numbers = 1;
}

/* The order in which sshd works the lists out, and what it calls them. */
static int check_algorithms(struct loader *loader) {
        struct sshd_config *config = loader->config;

        for (size_t i = 0; i < n_assembled_lists; i++) {
                const struct assembled_list *list = &assembled_lists[i];
                const struct keyword *keyword = keyword_of_setting(list->setting, &config->release);
                char **values = NULL;
                size_t n_values = 0;
                int r;

                if (!config->global[list->setting].is_set)
                        continue; /* the defaults are in order */
                r = take_print(keyword, &config->global[list->setting], false, &config->release,
                               &values, &n_values);
                if (r == -EINVAL)
                        return loader_refuse_bare(loader,
                                                  assembled_list_reason(list, &config->release));
                if (r < 0)
                        return r;
                strings_free(values, n_values);
        }
        return READING_DONE;
}

static int check_command_user(struct loader *loader, enum setting command, enum setting user,
                              const char *name) {
        const struct state *state = &loader->config->global[command];

        if (!state->is_set || strcasecmp(state->strings[0], "none") == 0 ||
            loader->config->global[user].is_set)
                return READING_DONE;
        return loader_refuse_bare(loader, text_format("%s set without %sUser", name, name));
}

/* Is every method of the list enabled? *RET_DISABLED: the first that is not. */
static bool is_satisfiable(const struct sshd_config *config, const char *list,
                           const char **ret_disabled, size_t *ret_n) {
        static const struct {
                const char *name;
                enum setting setting;
                bool initial;
        } methods[] = {
                { "publickey", SETTING_PUBKEY_AUTHENTICATION, true },
                { "password", SETTING_PASSWORD_AUTHENTICATION, true },
                { "keyboard-interactive", SETTING_KBD_INTERACTIVE_AUTHENTICATION, true },
                { "hostbased", SETTING_HOSTBASED_AUTHENTICATION, false },
                { "gssapi-with-mic", SETTING_GSSAPI_AUTHENTICATION, false },
                { "gssapi-keyex", SETTING_GSSAPI_KEY_EXCHANGE, false },
        };

        for (const char *method = list;; method++) {
                size_t n = strcspn(method, ",:");

                for (size_t i = 0; i < N_ELEMENTS(methods); i++) {
                        const struct state *state = &config->global[methods[i].setting];
                        bool is_on = state->is_set ? state->numbers[0] == 1 : methods[i].initial;

                        if (strlen(methods[i].name) != n ||
                            strncmp(methods[i].name, method, n) != 0 || is_on)
                                continue;
                        *ret_disabled = method;
                        *ret_n = n;
                        return false;
                }
                method += strcspn(method, ",");
                if (*method == '\0')
                        return true;
        }
}

static int check_methods(struct loader *loader) {
        struct sshd_config *config = loader->config;
        const struct state *state = &config->global[SETTING_AUTHENTICATION_METHODS];

        if (!state->is_set || (state->n_strings == 1 && strcasecmp(state->strings[0], "any") == 0))
                return READING_DONE;
        for (size_t i = 0; i < state->n_strings; i++) {
                const char *method = NULL;
                size_t n = 0;
                CLEANUP_FREE char *line = NULL;

                if (is_satisfiable(config, state->strings[i], &method, &n))
                        return READING_DONE;
                line = text_format("Disabled method \"%.*s\" in AuthenticationMethods list \"%s\"",
                                   (int)n, method, state->strings[i]);
                if (!line ||
                    log_append(&config->messages, config->log_limit, LOG_LEVEL_ERROR, line) < 0)
                        return -ENOMEM;
        }
        return loader_refuse_bare(loader,
                                  strdup("AuthenticationMethods cannot be satisfied by enabled "
                                         "authentication methods"));
}

int checks_run(struct loader *loader) {
        char *reason = NULL;
        int r;

        r = listen_resolve(loader->config, &reason);
        if (r == READING_FATAL)
                return loader_refuse_bare(loader, reason);
        if (r < 0)
                return r;
        imply_keyboard_interactive(loader->config);
        r = check_algorithms(loader);
        if (r == READING_DONE)
                r = check_command_user(loader, SETTING_AUTHORIZED_KEYS_COMMAND,
                                       SETTING_AUTHORIZED_KEYS_COMMAND_USER,
                                       "AuthorizedKeysCommand");
        if (r == READING_DONE)
                r = check_command_user(loader, SETTING_AUTHORIZED_PRINCIPALS_COMMAND,
                                       SETTING_AUTHORIZED_PRINCIPALS_COMMAND_USER,
                                       "AuthorizedPrincipalsCommand");
        if (r == READING_DONE)
                r = check_methods(loader);
        return r;
}

/* ---- pass 2 ---- */

/* Up to 9.6 `any` among the methods dies of what another line has set, of whatever block. */
static bool has_any_method(const struct sshd_slot *slot) {
        for (size_t i = 0; i < slot->n_directives; i++)
                for (size_t k = 0; k < slot->directives[i]->value.n_strings; k++)
                        if (strcmp(slot->directives[i]->value.strings[k], "any") == 0)
                                return true;
        return false;
}

/* Could lines that are harmless alone kill sshd together with others? */
static bool is_deadly_slot(const struct sshd_config *config, size_t setting) {
        const struct state *global = &config->global[setting];
        const struct state some = { .n_strings = 1 };

        if (setting == SETTING_LISTEN_ADDRESS)
                return config->listen_reason != NULL;
        if (setting == SETTING_AUTHENTICATION_METHODS)
                return config->release.number < RELEASE_NO_EMPTY &&
                       has_any_method(&config->slots[setting]);
        return setting == SETTING_SUBSYSTEM && subsystems_crash(global, &some, &config->release);
}

/* Does sshd die of the line if it is taken? 1, 0 or -ENOMEM. */
static int is_deadly(const struct sshd_config *config, const struct sshd_directive *line) {
        struct sshd_setting setting;
        int r;

        if (line->later.reason)
                return 1;
        if (line->keyword->layout != LAYOUT_COMMAS)
                return 0;
        r = sshd_setting_of_lines(config, line->keyword, &(const struct sshd_directive *){ line },
                                  1, &setting);
        if (r < 0)
                return r == -EINVAL ? 1 : r;
        sshd_setting_done(&setting);
        return 0;
}

int checks_mark_deadly(struct sshd_config *config) {
        config->may_die = config->again;
        for (size_t i = 0; i < config->n_slots; i++) {
                struct sshd_slot *slot = &config->slots[i];
                bool has_block = false;
                int r = 0;

                for (size_t k = 0; k < slot->n_directives && r >= 0 && !slot->may_kill; k++) {
                        if (!slot->directives[k]->block)
                                continue;
                        has_block = true;
                        r = is_deadly(config, slot->directives[k]);
                        slot->may_kill = r == 1;
                }
                if (r < 0)
                        return r;
                slot->may_kill = slot->may_kill || (has_block && is_deadly_slot(config, i));
                config->may_die = config->may_die || slot->may_kill;
        }
        return 0;
}
