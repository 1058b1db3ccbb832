/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One connection: sshd's doors, its methods, how AuthenticationMethods joins them, PAM's account
 * and session, and what the session may do.
 *
 * auth2.c: with AuthenticationMethods "any" one method is enough; otherwise all those of one list
 * are, and a list that names a disabled method is dropped, all of them dropped lets nobody in. Root
 * passes a method only where PermitRootLogin allows it (auth_root_allowed() of auth.c): also the
 * methods of a list. `none` succeeds only with an empty password. keyboard-interactive has no
 * device but PAM. Hostbased and GSSAPI logins depend on the other side, and are "cannot tell" where
 * they are enabled. */

#include "access/login.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "admission.h"
#include "base/array.h"
#include "base/cleanup.h"
#include "base/escape.h"
#include "base/text.h"
#include "prompts.h"
#include "publickey.h"
#include "settings.h"

DEFINE_CLEANUP(cleanup_effective, struct sshd_effective, sshd_effective_free)
DEFINE_CLEANUP(cleanup_refusal, struct sshd_refusal, sshd_refusal_free)

enum method {
        METHOD_PUBLICKEY,
        METHOD_PASSWORD,
        METHOD_KEYBOARD,
        METHOD_HOSTBASED,
        METHOD_GSSAPI,
        METHOD_NONE,
        N_METHODS
};

static const struct {
        const char *name;
        bool is_for_root_without_password; /* passes under PermitRootLogin prohibit-password */
} methods[N_METHODS] = {
        [METHOD_PUBLICKEY] = { "publickey", true },
        [METHOD_PASSWORD] = { "password", false },
        [METHOD_KEYBOARD] = { "keyboard-interactive", false },
        [METHOD_HOSTBASED] = { "hostbased", true },
        [METHOD_GSSAPI] = { "gssapi-with-mic", true },
        [METHOD_NONE] = { "none", false },
};

/* All that the steps share. */
struct judging {
        const struct access_machine *machine;
        const struct account *account;
        const struct sshd_effective *effective;
        struct access_login *login;
        const struct pam_service *service; /* NULL without UsePAM */
        struct access_ways ways[N_METHODS];
};

/* ---- methods ---- */

static bool uses_pam(const struct judging *judging) {
        return settings_is_yes(judging->effective, "usepam");
}

static bool is_enabled(const struct judging *judging, enum method method) {
        const struct sshd_effective *effective = judging->effective;

        switch (method) {
        case METHOD_PUBLICKEY:
                return settings_is_yes(effective, "pubkeyauthentication");
        case METHOD_PASSWORD:
                return settings_is_yes(effective, "passwordauthentication");
        case METHOD_KEYBOARD:
                return settings_is_yes(effective, "kbdinteractiveauthentication") ||
                       settings_is_yes(effective, "challengeresponseauthentication");
        case METHOD_HOSTBASED:
                return settings_is_yes(effective, "hostbasedauthentication");
        case METHOD_GSSAPI:
                return settings_is_yes(effective, "gssapiauthentication");
        default:
                return true;
        }
}

enum root_login { ROOT_YES, ROOT_WITHOUT_PASSWORD, ROOT_FORCED_COMMAND, ROOT_NO };

/* What PermitRootLogin asks of this account. */
static enum root_login root_login(const struct judging *judging) {
        const char *value = settings_get(judging->effective, "permitrootlogin", "yes");

        if (judging->account->uid != 0 || strcasecmp(value, "yes") == 0)
                return ROOT_YES;
        if (strcasecmp(value, "no") == 0)
                return ROOT_NO;
        return strcasecmp(value, "forced-commands-only") == 0 ? ROOT_FORCED_COMMAND
                                                              : ROOT_WITHOUT_PASSWORD;
}

static bool root_may(const struct judging *judging, enum method method) {
        switch (root_login(judging)) {
        case ROOT_YES:
                return true;
        case ROOT_WITHOUT_PASSWORD:
                return methods[method].is_for_root_without_password;
        case ROOT_FORCED_COMMAND:
                return method == METHOD_PUBLICKEY;
        default:
                return false;
        }
}

static struct prompts_question prompts(const struct judging *judging, enum method method) {
        return (struct prompts_question){
                .machine = judging->machine,
                .account = judging->account,
                .service = judging->service,
                .method = methods[method].name,
                .has_one_answer = method != METHOD_KEYBOARD,
                .permits_empty = settings_is_yes(judging->effective, "permitemptypasswords"),
        };
}

/* sys_auth_passwd() of auth-passwd.c: shadow decides. */
static int judge_shadow(const struct judging *judging, enum method method,
                        struct access_ways *ways) {
        const struct shadow *shadow;

        if (!judging->machine->shadows)
                return access_ways_add(ways, ACCESS_PASSWORD, ACCESS_CANNOT_TELL,
                                       methods[method].name, "shadow is not known");
        shadow = shadows_find(judging->machine->shadows, judging->account->name);
        if (!shadow || shadow->password == SHADOW_PASSWORD_NONE)
                return 0;
        if (shadow->password == SHADOW_PASSWORD_SET)
                return access_ways_add(ways, ACCESS_PASSWORD, ACCESS_YES, methods[method].name,
                                       NULL);
        if (!settings_is_yes(judging->effective, "permitemptypasswords"))
                return 0;
        return access_ways_add(ways, 0, ACCESS_YES, methods[method].name, NULL);
}

static int judge_password(const struct judging *judging, enum method method,
                          struct access_ways *ways) {
        struct prompts_question question = prompts(judging, method);

        return judging->service ? prompts_judge_auth(&question, ways)
                                : judge_shadow(judging, method, ways);
}

/* With an empty password, where these are permitted: nothing is asked. */
static int judge_none(const struct judging *judging, struct access_ways *ways) {
        CLEANUP(access_ways_done) struct access_ways found = { 0 };
        int r = 0;

        if (!settings_is_yes(judging->effective, "permitemptypasswords") ||
            !is_enabled(judging, METHOD_PASSWORD))
                return 0;
        r = judge_password(judging, METHOD_NONE, &found);
        for (size_t i = 0; r == 0 && i < found.n_items; i++)
                if (found.items[i].factors == 0)
                        r = access_ways_add(ways, 0, found.items[i].answer,
                                            methods[METHOD_NONE].name, found.items[i].reason);
        return r;
}

static int judge_method(struct judging *judging, enum method method, struct access_ways *ways) {
        const struct publickey_question keys = {
                .machine = judging->machine,
                .account = judging->account,
                .connection = &judging->login->connection,
                .effective = judging->effective,
                .needs_command = root_login(judging) == ROOT_FORCED_COMMAND,
        };
        struct prompts_question question = prompts(judging, method);

        if (!is_enabled(judging, method) || !root_may(judging, method))
                return 0;
        switch (method) {
        case METHOD_PUBLICKEY:
                return publickey_judge(&keys, judging->login, ways);
        case METHOD_PASSWORD:
                return judge_password(judging, method, ways);
        case METHOD_KEYBOARD:
                return judging->service ? prompts_judge_auth(&question, ways) : 0;
        case METHOD_HOSTBASED:
                return access_ways_add(ways, ACCESS_HOST, ACCESS_CANNOT_TELL, methods[method].name,
                                       "which hosts are trusted is not read here");
        case METHOD_GSSAPI:
                return access_ways_add(ways, ACCESS_TICKET, ACCESS_CANNOT_TELL,
                                       methods[method].name, "who gets a ticket is not known here");
        default:
                return judge_none(judging, ways);
        }
}

/* ---- AuthenticationMethods ---- */

static enum method find_method(const char *name, size_t n) {
        for (size_t i = 0; i < N_METHODS; i++)
                if (strncmp(methods[i].name, name, n) == 0 && !methods[i].name[n])
                        return (enum method)i;
        return N_METHODS;
}

static size_t count_opening_keys(const struct access_login *login) {
        size_t n = 0;

        for (size_t i = 0; i < login->n_keys; i++) {
                bool is_again = login->keys[i].refusal || login->keys[i].is_authority;

                for (size_t k = 0; k < i && !is_again; k++)
                        is_again = !login->keys[k].refusal && !login->keys[k].is_authority &&
                                   strcmp(login->keys[k].sha256, login->keys[i].sha256) == 0;
                n += !is_again;
        }
        return n;
}

/* Adds what all methods of LIST ("publickey,keyboard-interactive:pam") ask for together. */
static int judge_list(const struct judging *judging, const char *list, struct access_ways *ways) {
        CLEANUP(access_ways_done) struct access_ways all = { 0 };
        size_t n_keys = 0;
        int r = access_ways_add(&all, 0, ACCESS_YES, "", NULL);

        for (const char *name = list; r == 0 && name;) {
                size_t n = strcspn(name, ",");
                enum method method = find_method(name, strcspn(name, ",:"));
                struct access_ways joined = { 0 };

                if (method == N_METHODS || !is_enabled(judging, method))
                        return 0;
                n_keys += method == METHOD_PUBLICKEY;
                r = access_ways_combine(&all, &judging->ways[method], &joined);
                access_ways_done(&all);
                all = joined;
                name = name[n] ? name + n + 1 : NULL;
        }
        if (r < 0)
                return r;
        /* a key counts once */
        if (n_keys > 1 && count_opening_keys(judging->login) < n_keys)
                return 0;
        for (size_t i = 0; r == 0 && i < all.n_items; i++)
                r = access_ways_add(ways, all.items[i].factors, all.items[i].answer, list,
                                    all.items[i].reason);
        return r;
}

static int join_methods(struct judging *judging, struct access_ways *ways) {
        size_t n;
        char *const *lists = settings_list(judging->effective, "authenticationmethods", &n);
        bool is_any = n == 0 || (n == 1 && strcmp(lists[0], "any") == 0);
        int r = 0;

        for (size_t i = 0; r == 0 && !is_any && i < n; i++)
                r = judge_list(judging, lists[i], ways);
        for (size_t i = 0; r == 0 && is_any && i < N_METHODS; i++)
                for (size_t k = 0; r == 0 && k < judging->ways[i].n_items; k++) {
                        const struct access_way *way = &judging->ways[i].items[k];

                        r = access_ways_add(ways, way->factors, way->answer, way->methods,
                                            way->reason);
                }
        return r;
}

/* ---- account and session ---- */

/* do_nologin() of session.c, where PAM is not asked. */
static int judge_nologin(const struct judging *judging, char **ret_reason) {
        const struct access_machine *machine = judging->machine;
        struct file_metadata metadata = { 0 };
        int r;

        if (judging->account->uid == 0)
                return 0;
        r = machine->look(machine->userdata, "/etc/nologin", &metadata);
        if (r == 0 && metadata.kind != FILE_ABSENT) {
                *ret_reason = strdup("/etc/nologin exists");
                r = *ret_reason ? 0 : -ENOMEM;
        }
        file_metadata_done(&metadata);
        return r;
}

/* Who gets through the methods may still be turned away. */
static int judge_account(struct judging *judging) {
        struct access_login *login = judging->login;
        struct prompts_question question = prompts(judging, METHOD_KEYBOARD);
        CLEANUP_FREE char *reason = NULL;
        enum access_answer answer = ACCESS_YES;
        int r;

        r = judging->service ? prompts_judge_account(&question, &answer, &reason)
                             : judge_nologin(judging, &reason);
        if (r < 0 || !reason)
                return r;
        if (answer != ACCESS_CANNOT_TELL) {
                access_ways_done(&login->ways);
                login->refusal = TAKE(reason);
                return 0;
        }
        for (size_t i = 0; i < login->ways.n_items; i++) {
                struct access_way *way = &login->ways.items[i];

                if (way->answer == ACCESS_YES && !(way->reason = strdup(reason)))
                        return -ENOMEM;
                way->answer = ACCESS_CANNOT_TELL;
        }
        return 0;
}

/* Shells that end at once, whatever they are asked to run. */
static bool is_no_shell(const char *shell) {
        static const char *const names[] = { "nologin", "false" };
        const char *slash = strrchr(shell, '/');

        for (size_t i = 0; i < N_ELEMENTS(names); i++)
                if (strcmp(slash ? slash + 1 : shell, names[i]) == 0)
                        return true;
        return false;
}

/* session.c: ForceCommand wins over a key's command=, and runs in the login shell unless it is
 * sshd's own sftp server. */
static int judge_session(struct judging *judging) {
        struct access_login *login = judging->login;
        const char *command = settings_get(judging->effective, "forcecommand", "none");

        if (strncmp(command, "internal-sftp", 13) == 0 &&
            (!command[13] || command[13] == ' ' || command[13] == '\t'))
                login->session = ACCESS_SESSION_SFTP;
        else if (is_no_shell(judging->account->shell))
                login->session = ACCESS_SESSION_NOTHING;
        else if (strcasecmp(command, "none") != 0)
                login->session = ACCESS_SESSION_COMMAND;
        if (login->session == ACCESS_SESSION_COMMAND && !(login->command = escape_string(command)))
                return -ENOMEM;
        return 0;
}

const char *access_session_name(enum access_session session) {
        switch (session) {
        case ACCESS_SESSION_COMMAND:
                return "command";
        case ACCESS_SESSION_SFTP:
                return "sftp";
        case ACCESS_SESSION_NOTHING:
                return "nothing";
        default:
                return "shell";
        }
}

/* ---- the whole ---- */

static int load_service(struct judging *judging) {
        const struct access_machine *machine = judging->machine;
        const char *name = settings_get(judging->effective, "pamservicename", "sshd");

        return uses_pam(judging) ? machine->pam_service(machine->userdata, name, &judging->service)
                                 : 0;
}

/* What sshd takes when it starts it may not take for this connection: it reads some lines of Match
 * blocks only then, and ends (servconf.c, "must appear alone in AuthenticationMethods"). */
static int refuse_connection(struct access_login *login, const struct sshd_refusal *refusal) {
        CLEANUP_FREE char *reason = escape_string(refusal->reason ? refusal->reason : "");

        login->refusal = reason ? text_format("sshd ends on such a connection: %s", reason) : NULL;
        return login->refusal ? 0 : -ENOMEM;
}

static int judge(struct judging *judging) {
        struct access_login *login = judging->login;
        int r = admission_judge(judging->machine, judging->account, &login->connection,
                                judging->effective, &login->refusal);

        if (r == 0 && !login->refusal && root_login(judging) == ROOT_NO &&
            !(login->refusal = strdup("PermitRootLogin is no")))
                r = -ENOMEM;
        if (r < 0 || login->refusal)
                return r;
        r = load_service(judging);
        for (size_t i = 0; r == 0 && i < N_METHODS; i++)
                r = judge_method(judging, (enum method)i, &judging->ways[i]);
        if (r == 0)
                r = join_methods(judging, &login->ways);
        if (r == 0 && login->ways.n_items > 0)
                r = judge_account(judging);
        if (r == 0)
                r = judge_session(judging);
        return r;
}

int access_login_judge(const struct access_machine *machine,
                       const struct sshd_connection *connection, struct access_login *ret) {
        CLEANUP(access_login_done) struct access_login login = { 0 };
        CLEANUP(cleanup_effective) struct sshd_effective *effective = NULL;
        CLEANUP(cleanup_refusal) struct sshd_refusal *refusal = NULL;
        struct judging judging = { .machine = machine, .login = &login };
        int r;

        judging.account =
                connection->user ? accounts_find(machine->accounts, connection->user) : NULL;
        if (!judging.account)
                return -ENOENT;
        login.account = judging.account;
        r = sshd_connection_copy(&login.connection, connection);
        if (r == 0)
                r = sshd_effective_new(machine->config, connection, machine->accounts, &effective,
                                       &refusal);
        judging.effective = effective;
        if (r == 0)
                r = judge(&judging);
        else if (refusal)
                r = refuse_connection(&login, refusal);
        for (size_t i = 0; i < N_METHODS; i++)
                access_ways_done(&judging.ways[i]);
        if (r < 0)
                return r;
        for (size_t i = 0; i < login.ways.n_items; i++)
                if (login.ways.items[i].answer > login.answer)
                        login.answer = login.ways.items[i].answer;
        *ret = login;
        login = (struct access_login){ 0 };
        return 0;
}

static void key_done(struct access_key *key) {
        free(key->path);
        free(key->description);
        free(key->sha256);
        free(key->refusal);
        free(key->restrictions);
        free(key->from);
}

void access_login_done(struct access_login *login) {
        sshd_connection_done(&login->connection);
        free(login->refusal);
        access_ways_done(&login->ways);
        for (size_t i = 0; i < login->n_keys; i++)
                key_done(&login->keys[i]);
        free(login->keys);
        free(login->command);
        *login = (struct access_login){ 0 };
}
