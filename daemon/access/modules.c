/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The modules that decide over most logins, by their sources (Linux-PAM 1.4 to 1.7,
 * google-authenticator-libpam 1.05 to 1.09): given the account and what its owner has in hand, each
 * gives one answer. Any other module may give any.
 *
 * sshd asks every prompt in turn with keyboard-interactive, and answers all of them with one text
 * with the method "password"; `forward_pass` of pam_google_authenticator is how password and code
 * fit into one. The module of a name counts only from the system's module directories. */

#include "modules.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "access/way.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "pam/module.h"
#include "succeed_if.h"

#define BIT(code) PAM_CODE_BIT(code)

enum { ACCOUNT_EXPIRED = 13, PASSWORD_EXPIRED = 27 }; /* PAM_ACCT_EXPIRED, PAM_AUTHTOK_EXPIRED */

static uint32_t success_if(bool is_success) {
        return is_success ? BIT(PAM_CODE_SUCCESS) : BIT(PAM_CODE_AUTH_ERR);
}

static bool is_module(const struct module_question *question, const struct pam_rule *rule,
                      const char *name) {
        return rule->kind == PAM_RULE_MODULE && !rule->is_missing &&
               pam_module_is_system(question->service, rule, name);
}

struct module_answers;
static const struct module_answers *find_answers(const struct module_question *question,
                                                 const struct pam_rule *rule);

/* ---- pam_unix and pam_google_authenticator ---- */

/* True if a rule before RULE leaves a password behind that it took from a prompt for both. */
static bool follows_forward_pass(const struct module_question *question,
                                 const struct pam_rule *rule) {
        const struct pam_rules *rules = pam_service_rules(question->service, question->facility);

        for (const struct pam_rule *before = rules->items; before < rule; before++)
                if (is_module(question, before, "pam_google_authenticator.so") &&
                    pam_module_has_argument(before, "forward_pass"))
                        return true;
        return false;
}

/* True if a rule before RULE may have asked for a password. */
static bool follows_a_prompt(const struct module_question *question, const struct pam_rule *rule) {
        const struct pam_rules *rules = pam_service_rules(question->service, question->facility);

        for (const struct pam_rule *before = rules->items; before < rule; before++)
                if (before->kind == PAM_RULE_MODULE && !find_answers(question, before))
                        return true;
                else if (is_module(question, before, "pam_unix.so") &&
                         !pam_module_has_argument(before, "use_first_pass"))
                        return true;
        return follows_forward_pass(question, rule);
}

static bool takes_earlier_answer(const struct pam_rule *rule) {
        return pam_module_has_argument(rule, "use_first_pass") ||
               pam_module_has_argument(rule, "try_first_pass");
}

/* True if the password reaches pam_unix. */
static bool gives_password(const struct module_question *question, const struct pam_rule *rule) {
        if (!(question->held & ACCESS_PASSWORD))
                return false;
        if (pam_module_has_argument(rule, "use_first_pass") && !follows_a_prompt(question, rule))
                return false;
        if (!question->has_one_answer || !(question->held & ACCESS_CODE))
                return true;
        return takes_earlier_answer(rule) && follows_forward_pass(question, rule);
}

static uint32_t unix_auth(struct module_question *question, const struct pam_rule *rule) {
        if (!question->knows_shadow)
                return BIT(PAM_CODE_SUCCESS) | BIT(PAM_CODE_AUTH_ERR);
        if (!question->shadow || question->shadow->password == SHADOW_PASSWORD_NONE)
                return BIT(PAM_CODE_AUTH_ERR);
        if (question->shadow->password == SHADOW_PASSWORD_SET)
                return success_if(gives_password(question, rule));
        if (!question->permits_empty)
                return BIT(PAM_CODE_AUTH_ERR);
        if (pam_module_has_argument(rule, "nullok_secure"))
                return BIT(PAM_CODE_SUCCESS) | BIT(PAM_CODE_AUTH_ERR);
        return success_if(pam_module_has_argument(rule, "nullok"));
}

static uint32_t unix_account(struct module_question *question, const struct pam_rule *rule) {
        bool is_lenient = pam_module_has_argument(rule, "no_pass_expiry");

        if (!question->knows_shadow)
                return PAM_CODES_ALL;
        if (!question->shadow)
                return BIT(PAM_CODE_SUCCESS);
        switch (shadow_judge(question->shadow, question->machine->now / 86400)) {
        case SHADOW_ACCOUNT_EXPIRED:
                return BIT(ACCOUNT_EXPIRED);
        case SHADOW_PASSWORD_EXPIRED:
                return is_lenient ? BIT(PAM_CODE_SUCCESS) : BIT(PASSWORD_EXPIRED);
        case SHADOW_MUST_CHANGE:
                return is_lenient ? BIT(PAM_CODE_SUCCESS) : BIT(PAM_CODE_NEW_AUTHTOK_REQD);
        default:
                return BIT(PAM_CODE_SUCCESS);
        }
}

/* The path of the secret: `secret=` with ${HOME} and ${USER}, or its default. NULL: it cannot be
 * told, or no memory. */
static char *secret_path(const struct module_question *question, const struct pam_rule *rule) {
        const char *text = "~/.google_authenticator";
        CLEANUP(text_done) struct text path = { 0 };

        for (size_t i = 0; i < rule->n_args; i++) {
                if (strncmp(rule->args[i], "user=", 5) == 0)
                        return NULL;
                if (strncmp(rule->args[i], "secret=", 7) == 0)
                        text = rule->args[i] + 7;
        }
        while (*text) {
                if (*text == '~' && path.n == 0) {
                        (void)text_append(&path, question->account->home);
                        text++;
                } else if (strncmp(text, "${HOME}", 7) == 0) {
                        (void)text_append(&path, question->account->home);
                        text += 7;
                } else if (strncmp(text, "${USER}", 7) == 0) {
                        (void)text_append(&path, question->account->name);
                        text += 7;
                } else if (*text == '$' || *text == '%') {
                        return NULL;
                } else {
                        (void)text_append_char(&path, *text++);
                }
        }
        return text_get(&path)[0] == '/' ? text_take(&path) : NULL;
}

enum secret { SECRET_ABSENT, SECRET_REFUSED, SECRET_GOOD, SECRET_UNKNOWN };

/* open_secret_file(): a regular file of the user's, for nobody else. */
static enum secret look_at_secret(struct module_question *question, const struct pam_rule *rule) {
        CLEANUP_FREE char *path = secret_path(question, rule);
        struct file_metadata metadata = { 0 };
        enum secret secret;
        int r;

        for (size_t i = 0; i < rule->n_args; i++)
                if (strncmp(rule->args[i], "allowed_perm=", 13) == 0 ||
                    strcmp(rule->args[i], "no_strict_owner") == 0)
                        return SECRET_UNKNOWN;
        if (!path)
                return SECRET_UNKNOWN;
        r = question->machine->look(question->machine->userdata, path, &metadata);
        if (r < 0) {
                question->error = question->error ? question->error : r;
                return SECRET_UNKNOWN;
        }
        if (metadata.kind == FILE_ABSENT)
                secret = SECRET_ABSENT;
        else if (metadata.kind == FILE_UNREADABLE)
                secret = SECRET_UNKNOWN;
        else
                secret = metadata.kind == FILE_REGULAR && metadata.uid == question->account->uid &&
                                         (metadata.mode & 03777 & ~0600U) == 0
                                 ? SECRET_GOOD
                                 : SECRET_REFUSED;
        file_metadata_done(&metadata);
        return secret;
}

static bool has_prefix(const struct pam_rule *rule, const char *prefix) {
        for (size_t i = 0; i < rule->n_args; i++)
                if (strncmp(rule->args[i], prefix, strlen(prefix)) == 0)
                        return true;
        return false;
}

/* True if a code reaches pam_google_authenticator. */
static bool gives_code(const struct module_question *question, const struct pam_rule *rule) {
        if (!(question->held & ACCESS_CODE))
                return false;
        return !question->has_one_answer || !(question->held & ACCESS_PASSWORD) ||
               pam_module_has_argument(rule, "forward_pass");
}

static uint32_t authenticator_auth(struct module_question *question, const struct pam_rule *rule) {
        if (takes_earlier_answer(rule))
                return PAM_CODES_ALL;
        switch (look_at_secret(question, rule)) {
        case SECRET_ABSENT:
                return pam_module_has_argument(rule, "nullok") ? BIT(PAM_CODE_IGNORE)
                                                               : BIT(PAM_CODE_AUTH_ERR);
        case SECRET_REFUSED:
                return BIT(PAM_CODE_AUTH_ERR);
        case SECRET_UNKNOWN:
                return PAM_CODES_ALL;
        default:
                break;
        }
        if (gives_code(question, rule))
                return BIT(PAM_CODE_SUCCESS);
        /* within the time of grace the last code still counts */
        return has_prefix(rule, "grace_period=") ? BIT(PAM_CODE_SUCCESS) | BIT(PAM_CODE_AUTH_ERR)
                                                 : BIT(PAM_CODE_AUTH_ERR);
}

/* ---- modules that look at the account or at a file ---- */

static bool is_there(struct module_question *question, const char *path) {
        struct file_metadata metadata = { 0 };
        int r = question->machine->look(question->machine->userdata, path, &metadata);
        bool is = r == 0 && metadata.kind != FILE_ABSENT;

        if (r < 0)
                question->error = question->error ? question->error : r;
        else
                file_metadata_done(&metadata);
        return is;
}

static uint32_t nologin_answer(struct module_question *question, const struct pam_rule *rule) {
        uint32_t otherwise = pam_module_has_argument(rule, "successok") ? BIT(PAM_CODE_SUCCESS)
                                                                        : BIT(PAM_CODE_IGNORE);

        if (has_prefix(rule, "file="))
                return PAM_CODES_ALL;
        if (question->account->uid != 0 &&
            (is_there(question, "/run/nologin") || is_there(question, "/etc/nologin")))
                return BIT(PAM_CODE_AUTH_ERR);
        return otherwise;
}

/* It looks at no file then. */
static uint32_t nologin_setcred(struct module_question *question, const struct pam_rule *rule) {
        (void)question;
        return pam_module_has_argument(rule, "successok") ? BIT(PAM_CODE_SUCCESS)
                                                          : BIT(PAM_CODE_IGNORE);
}

/* sshd runs as root when it asks. */
static uint32_t rootok_answer(struct module_question *question, const struct pam_rule *rule) {
        (void)question;
        (void)rule;
        return BIT(PAM_CODE_SUCCESS);
}

/* True if a line of the file is LINE, or begins with it where IS_PREFIX. */
static uint32_t find_line(struct module_question *question, const char *path, const char *line,
                          bool is_prefix, uint32_t otherwise) {
        CLEANUP_FREE char *bytes = NULL;
        size_t n = 0, n_line = strlen(line);
        int r = question->machine->read(question->machine->userdata, path, &bytes, &n);
        char *rest = bytes;

        if (r == -ENOENT)
                return otherwise;
        if (r < 0)
                return PAM_CODES_ALL;
        for (char *at; (at = strsep(&rest, "\n"));)
                if (strncmp(at, line, n_line) == 0 && (is_prefix || !at[n_line]))
                        return BIT(PAM_CODE_SUCCESS);
        return otherwise;
}

static uint32_t shells_answer(struct module_question *question, const struct pam_rule *rule) {
        const char *shell = question->account->shell;

        (void)rule;
        return find_line(question, "/etc/shells", shell[0] ? shell : "/bin/sh", false,
                         BIT(PAM_CODE_AUTH_ERR));
}

static uint32_t localuser_answer(struct module_question *question, const struct pam_rule *rule) {
        CLEANUP_FREE char *prefix = text_format("%s:", question->account->name);

        if (!prefix || has_prefix(rule, "file="))
                return PAM_CODES_ALL;
        return find_line(question, "/etc/passwd", prefix, true, BIT(PAM_CODE_PERM_DENIED));
}

static uint32_t succeed_if_answer(struct module_question *question, const struct pam_rule *rule) {
        switch (succeed_if_judge(question->account, question->service->name, rule->args,
                                 rule->n_args)) {
        case SUCCEED_IF_TRUE:
                return BIT(PAM_CODE_SUCCESS);
        case SUCCEED_IF_FALSE:
                return BIT(PAM_CODE_AUTH_ERR);
        default:
                return PAM_CODES_ALL;
        }
}

/* ---- the table ---- */

typedef uint32_t (*answer_fn)(struct module_question *question, const struct pam_rule *rule);

#define SUCCESS BIT(PAM_CODE_SUCCESS)
#define IGNORED BIT(PAM_CODE_IGNORE)

/* What decides nothing about who comes in has one answer on a machine that works: a constant. */
static const struct module_answers {
        const char *name;
        answer_fn ask[N_PAM_FACILITIES];
        uint32_t constant[N_PAM_FACILITIES];
} answers[] = {
        { "pam_unix.so",
          { [PAM_AUTH] = unix_auth, [PAM_ACCOUNT] = unix_account },
          { [PAM_SETCRED] = SUCCESS, [PAM_OPEN_SESSION] = SUCCESS } },
        { "pam_google_authenticator.so",
          { [PAM_AUTH] = authenticator_auth },
          { [PAM_SETCRED] = SUCCESS } },
        { "pam_nologin.so",
          { [PAM_AUTH] = nologin_answer,
            [PAM_SETCRED] = nologin_setcred,
            [PAM_ACCOUNT] = nologin_answer },
          { 0 } },
        { "pam_rootok.so",
          { [PAM_AUTH] = rootok_answer, [PAM_ACCOUNT] = rootok_answer },
          { [PAM_SETCRED] = SUCCESS } },
        { "pam_shells.so",
          { [PAM_AUTH] = shells_answer, [PAM_ACCOUNT] = shells_answer },
          { [PAM_SETCRED] = SUCCESS } },
        { "pam_localuser.so",
          { [PAM_AUTH] = localuser_answer, [PAM_ACCOUNT] = localuser_answer },
          { [PAM_SETCRED] = SUCCESS } },
        { "pam_succeed_if.so",
          { [PAM_AUTH] = succeed_if_answer,
            [PAM_ACCOUNT] = succeed_if_answer,
            [PAM_OPEN_SESSION] = succeed_if_answer },
          { [PAM_SETCRED] = IGNORED } },
        { "pam_permit.so",
          { NULL },
          { [PAM_AUTH] = SUCCESS,
            [PAM_SETCRED] = SUCCESS,
            [PAM_ACCOUNT] = SUCCESS,
            [PAM_OPEN_SESSION] = SUCCESS } },
        { "pam_env.so",
          { NULL },
          { [PAM_AUTH] = IGNORED, [PAM_SETCRED] = SUCCESS, [PAM_OPEN_SESSION] = SUCCESS } },
        { "pam_faildelay.so", { NULL }, { [PAM_AUTH] = IGNORED, [PAM_SETCRED] = IGNORED } },
        { "pam_group.so", { NULL }, { [PAM_AUTH] = IGNORED, [PAM_SETCRED] = SUCCESS } },
        { "pam_cap.so",
          { NULL },
          { [PAM_AUTH] = SUCCESS | IGNORED, [PAM_SETCRED] = SUCCESS | IGNORED } },
        { "pam_limits.so", { NULL }, { [PAM_OPEN_SESSION] = SUCCESS } },
        { "pam_loginuid.so", { NULL }, { [PAM_OPEN_SESSION] = SUCCESS } },
        { "pam_keyinit.so", { NULL }, { [PAM_OPEN_SESSION] = SUCCESS } },
        { "pam_selinux.so", { NULL }, { [PAM_OPEN_SESSION] = SUCCESS | IGNORED } },
        { "pam_systemd.so", { NULL }, { [PAM_OPEN_SESSION] = SUCCESS } },
        { "pam_umask.so", { NULL }, { [PAM_OPEN_SESSION] = SUCCESS } },
        { "pam_lastlog.so", { NULL }, { [PAM_OPEN_SESSION] = SUCCESS } },
        { "pam_mkhomedir.so", { NULL }, { [PAM_OPEN_SESSION] = SUCCESS } },
        { "pam_mail.so", { NULL }, { [PAM_OPEN_SESSION] = SUCCESS } },
        { "pam_motd.so", { NULL }, { [PAM_OPEN_SESSION] = SUCCESS | IGNORED } },
};

static const struct module_answers *find_answers(const struct module_question *question,
                                                 const struct pam_rule *rule) {
        for (size_t i = 0; i < N_ELEMENTS(answers); i++)
                if (is_module(question, rule, answers[i].name))
                        return &answers[i];
        return NULL;
}

uint32_t modules_answer(void *userdata, const struct pam_rule *rule) {
        struct module_question *question = userdata;
        const struct module_answers *found = find_answers(question, rule);

        if (found && found->ask[question->facility])
                return found->ask[question->facility](question, rule);
        if (found && found->constant[question->facility])
                return found->constant[question->facility];
        return pam_module_codes(question->service, rule, question->facility);
}

bool modules_is_known(struct module_question *question, const struct pam_rule *rule) {
        uint32_t codes = modules_answer(question, rule);

        return (codes & SUCCESS) == 0 || (codes & ~(SUCCESS | IGNORED)) == 0;
}
