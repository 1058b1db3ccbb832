/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The factors behind a PAM stack.
 *
 * Every stack is run symbolically, once for each set of factors somebody could hold: if all that
 * can come out is success, the set is a way; if success is one of several results, some module's
 * answer is not known, and it is named. sshd asks libpam for auth with `password` and
 * `keyboard-interactive`, then, whatever the method was, for account, and at last it opens a
 * session (auth-pam.c; a session that cannot be opened ends the login in session.c). A password
 * that has to be changed first (new_authtok_reqd) is no refusal.
 *
 * A setcred that fails ends only a login by keyboard-interactive (sshpam_authenticated in
 * do_pam_setcred()); and as sshd ran auth in another process then, no chain is frozen for it. */

#include "prompts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "modules.h"
#include "pam/outcomes.h"

static struct module_question ask(const struct prompts_question *question,
                                  enum pam_facility facility, unsigned held) {
        const struct access_machine *machine = question->machine;

        return (struct module_question){
                .machine = machine,
                .account = question->account,
                .shadow = machine->shadows ? shadows_find(machine->shadows, question->account->name)
                                           : NULL,
                .knows_shadow = machine->shadows != NULL,
                .service = question->service,
                .facility = facility,
                .held = held,
                .has_one_answer = question->has_one_answer,
                .permits_empty = question->permits_empty,
        };
}

/* "what pam_ldap.so (/etc/pam.d/sshd:4) answers is not known" */
static char *name_unknown(struct module_question *question) {
        const struct pam_rules *rules = pam_service_rules(question->service, question->facility);

        for (size_t i = 0; i < rules->n_items; i++)
                if (rules->items[i].kind == PAM_RULE_MODULE &&
                    !modules_is_known(question, &rules->items[i]))
                        return text_format("what %s (%s:%u) answers is not known",
                                           rules->items[i].module, rules->items[i].file,
                                           rules->items[i].line);
        return text_format("what %s concludes is not known", question->service->name);
}

/* GOOD: the results that count as success. */
static int judge(struct module_question *question, uint32_t good, enum access_answer *ret) {
        uint32_t results = 0;
        int r;

        if (question->service->start == PAM_START_UNKNOWN) {
                *ret = ACCESS_CANNOT_TELL;
                return 0;
        }
        r = pam_outcomes(question->service, question->facility, modules_answer, question, &results);
        if (r == -E2BIG) {
                *ret = ACCESS_CANNOT_TELL;
                return 0;
        }
        if (r == 0)
                r = question->error;
        if (r < 0)
                return r;
        if ((results & good) == 0)
                *ret = ACCESS_NO;
        else
                *ret = (results & ~good) == 0 ? ACCESS_YES : ACCESS_CANNOT_TELL;
        return 0;
}

/* auth, and where it counts setcred: the less certain of both. */
static int judge_set(const struct prompts_question *question, struct module_question *asked,
                     enum access_answer *ret) {
        struct module_question setcred = ask(question, PAM_SETCRED, asked->held);
        enum access_answer later = ACCESS_YES;
        int r = judge(asked, PAM_CODE_BIT(PAM_CODE_SUCCESS), ret);

        if (r == 0 && *ret != ACCESS_NO && !question->has_one_answer)
                r = judge(&setcred, PAM_CODE_BIT(PAM_CODE_SUCCESS), &later);
        if (r == 0 && later < *ret)
                *ret = later;
        return r;
}

int prompts_judge_auth(const struct prompts_question *question, struct access_ways *ways) {
        static const unsigned sets[] = { 0, ACCESS_PASSWORD, ACCESS_CODE,
                                         ACCESS_PASSWORD | ACCESS_CODE };

        for (size_t i = 0; i < N_ELEMENTS(sets); i++) {
                struct module_question asked = ask(question, PAM_AUTH, sets[i]);
                CLEANUP_FREE char *reason = NULL;
                enum access_answer answer;
                int r = judge_set(question, &asked, &answer);

                if (r < 0)
                        return r;
                if (answer == ACCESS_NO)
                        continue;
                if (answer == ACCESS_CANNOT_TELL && !(reason = name_unknown(&asked)))
                        return -ENOMEM;
                r = access_ways_add(ways, sets[i], answer, question->method, reason);
                if (r < 0)
                        return r;
        }
        return 0;
}

static char *describe_refusal(const struct module_question *question) {
        const struct shadow *shadow = question->shadow;
        enum shadow_verdict verdict =
                shadow ? shadow_judge(shadow, question->machine->now / 86400) : SHADOW_VALID;

        if (question->facility == PAM_OPEN_SESSION)
                return text_format("PAM (%s) opens no session", question->service->name);
        if (verdict == SHADOW_ACCOUNT_EXPIRED)
                return text_format("the account has expired");
        if (verdict == SHADOW_PASSWORD_EXPIRED)
                return text_format("the password has expired");
        return text_format("PAM (%s) refuses the account", question->service->name);
}

int prompts_judge_account(const struct prompts_question *question, enum access_answer *ret,
                          char **ret_reason) {
        static const struct {
                enum pam_facility facility;
                uint32_t good;
        } asked[] = {
                { PAM_ACCOUNT,
                  PAM_CODE_BIT(PAM_CODE_SUCCESS) | PAM_CODE_BIT(PAM_CODE_NEW_AUTHTOK_REQD) },
                { PAM_OPEN_SESSION, PAM_CODE_BIT(PAM_CODE_SUCCESS) },
        };
        CLEANUP_FREE char *reason = NULL;
        enum access_answer all = ACCESS_YES;

        for (size_t i = 0; i < N_ELEMENTS(asked) && all != ACCESS_NO; i++) {
                struct module_question one = ask(question, asked[i].facility, 0);
                enum access_answer answer;
                int r = judge(&one, asked[i].good, &answer);

                if (r < 0)
                        return r;
                if (answer >= all)
                        continue;
                all = answer;
                free(reason);
                reason = answer == ACCESS_NO ? describe_refusal(&one) : name_unknown(&one);
                if (!reason)
                        return -ENOMEM;
        }
        *ret = all;
        *ret_reason = TAKE(reason);
        return 0;
}
