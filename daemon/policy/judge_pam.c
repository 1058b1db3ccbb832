/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One pam rule against one service.
 *
 * What a rule asks of results (requires, must_not_succeed_by, requires_before) is decided over all
 * outcomes of the stack, and a violation carries the shortest run that shows it. What it asks of
 * lines (forbids, arguments, directories) is read off the flattened lists, so an inclusion hides
 * nothing.
 *
 * The line to blame for a success without M: M's own, if it ran and was let pass; else the one
 * whose success was the last, for it decided. */

#include "policy/judge_pam.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/pattern.h"
#include "base/text.h"
#include "pam/module.h"
#include "pam/outcomes.h"

struct judge {
        const struct rule *rule;
        const struct pam_service *service;
        struct findings *findings;
};

bool policy_pam_rule_covers(const struct rule *rule, const char *service) {
        return strcmp(rule->pam.service, "*") == 0 || strcmp(rule->pam.service, service) == 0;
}

static char *copy_string(const char *string) {
        return string ? strdup(string) : NULL;
}

/* Takes over SETTING to WITNESS, all of them also on failure; the finding is dropped if it is known
 * already: a line included twice is one line. */
static int add_finding(const struct judge *judge, const struct pam_rule *blamed,
                       struct finding *finding) {
        CLEANUP(finding_done) struct finding made = *finding;

        made.rule = judge->rule;
        made.rule_id = copy_string(judge->rule->id);
        made.severity = judge->rule->severity;
        made.response = judge->rule->response;
        if (!made.path && blamed)
                made.path = copy_string(blamed->file);
        made.line = blamed ? blamed->line : 0;
        if (!made.rule_id || (blamed && !made.path) || !made.setting || !made.want || !made.got ||
            !made.witness || !made.message)
                return -ENOMEM;
        if (findings_contain(judge->findings, &made))
                return 0;
        *finding = made;
        made = (struct finding){ 0 };
        return findings_add(judge->findings, finding);
}

static char *dump_command(const struct judge *judge) {
        return text_format("sshguardd --dump-pam %s", judge->service->name);
}

/* "auth /etc/pam.d/sshd" is what a finding of a type is about. */
static char *setting_of(const struct judge *judge, enum pam_type type) {
        return text_format("%s %s", judge->service->name, pam_type_name(type));
}

static char *join(const struct rule_words *words) {
        CLEANUP(text_done) struct text text = { 0 };

        for (size_t i = 0; i < words->n_items; i++)
                (void)text_appendf(&text, "%s%s", i > 0 ? ", " : "", words->items[i]);
        return text_take(&text);
}

static const char *first_file(const struct pam_service *service) {
        for (size_t i = 0; i < service->n_files; i++)
                if (service->is_read[i])
                        return service->files[i];
        return service->n_files > 0 ? service->files[0] : NULL;
}

/* --- results ---------------------------------------------------------------------------------- */

/* A question about results: one of pam/outcomes, put to one facility. */
struct question {
        const char *module; /* that must have succeeded; NULL for must_not_succeed_by */
        const char *later;  /* requires_before */
        char *want;         /* owned */
};

static const struct pam_rule *find_blamed(const struct question *question,
                                          const struct pam_witness *witness) {
        const struct pam_rule *last = NULL, *own = NULL;

        for (size_t i = 0; i < witness->n_steps; i++) {
                const struct pam_witness_step *step = &witness->steps[i];

                if (question->later && pam_module_matches(step->rule, question->later))
                        return step->rule;
                if (question->module && pam_module_matches(step->rule, question->module))
                        own = step->rule;
                if (step->code == PAM_CODE_SUCCESS)
                        last = step->rule;
        }
        return own ? own : last;
}

/* What happened to the module in the run that should not be. */
static char *describe_module(const struct question *question, const struct pam_witness *witness) {
        for (size_t i = 0; i < witness->n_steps; i++)
                if (pam_module_matches(witness->steps[i].rule, question->module))
                        return text_format("success although %s returned %s",
                                           witness->steps[i].rule->module,
                                           pam_code_name(witness->steps[i].code));
        return text_format("success although %s was not run", question->module);
}

static char *describe_success(const struct question *question, const struct pam_witness *witness) {
        CLEANUP(text_done) struct text text = { 0 };

        if (question->later)
                return text_format("%s runs before %s has succeeded", question->later,
                                   question->module);
        if (question->module)
                return describe_module(question, witness);
        (void)text_append(&text, "success by");
        for (size_t i = 0; i < witness->n_steps; i++)
                if (witness->steps[i].code == PAM_CODE_SUCCESS &&
                    witness->steps[i].rule->kind == PAM_RULE_MODULE)
                        (void)text_appendf(&text, " %s", witness->steps[i].rule->module);
        (void)text_append(&text, " alone");
        return text_take(&text);
}

static int report_success(const struct judge *judge, enum pam_type type,
                          const struct question *question, const struct pam_witness *witness) {
        const struct pam_rule *blamed = find_blamed(question, witness);
        CLEANUP(text_done) struct text command = { 0 };
        struct finding finding = { 0 };

        if (pam_witness_format(judge->service, pam_type_facility(type), witness, &command) < 0)
                return -ENOMEM;
        finding.setting = setting_of(judge, type);
        finding.want = copy_string(question->want);
        finding.got = describe_success(question, witness);
        finding.witness = text_take(&command);
        finding.message = text_format("%s of service %s can end in %s", pam_type_name(type),
                                      judge->service->name, finding.got ? finding.got : "success");
        if (!blamed)
                finding.path = copy_string(first_file(judge->service));
        return add_finding(judge, blamed, &finding);
}

static int report_unknown(const struct judge *judge, enum pam_type type, const char *want,
                          const char *got) {
        struct finding finding = {
                .path = copy_string(first_file(judge->service)),
                .setting = setting_of(judge, type),
                .want = copy_string(want),
                .got = copy_string(got),
                .witness = dump_command(judge),
                .message = text_format("nothing can be excluded for service %s: %s",
                                       judge->service->name, got),
        };

        return add_finding(judge, NULL, &finding);
}

static int ask(const struct judge *judge, enum pam_type type, const struct question *question) {
        const struct rule_words *by = &judge->rule->pam.must_not_succeed_by;
        enum pam_facility facility = pam_type_facility(type);
        CLEANUP(pam_witness_done) struct pam_witness witness = { 0 };
        int r;

        if (!question->want)
                return -ENOMEM;
        if (judge->service->start == PAM_START_UNKNOWN)
                return report_unknown(judge, type, question->want,
                                      "what libpam does with this stack cannot be told");
        if (question->later)
                r = pam_can_succeed_before(judge->service, facility, question->module,
                                           question->later, &witness);
        else if (question->module)
                r = pam_can_succeed_without(judge->service, facility, question->module, &witness);
        else
                r = pam_can_succeed_by(judge->service, facility, by->items, by->n_items, &witness);
        if (r == -E2BIG)
                return report_unknown(judge, type, question->want,
                                      "the stack has too many states to look at");
        return r > 0 ? report_success(judge, type, question, &witness) : r;
}

static int judge_results(const struct judge *judge, enum pam_type type) {
        const struct rule_pam *pam = &judge->rule->pam;
        int r = 0;

        if (pam->requires_module) {
                CLEANUP_FREE char *want =
                        text_format("no success without %s", pam->requires_module);

                r = ask(judge, type, &(struct question){ pam->requires_module, NULL, want });
        }
        if (r == 0 && pam->requires_module && pam->requires_before) {
                CLEANUP_FREE char *want =
                        text_format("%s before %s", pam->requires_module, pam->requires_before);

                r = ask(judge, type,
                        &(struct question){ pam->requires_module, pam->requires_before, want });
        }
        if (r == 0 && pam->must_not_succeed_by.n_items > 0) {
                CLEANUP_FREE char *names = join(&pam->must_not_succeed_by);
                CLEANUP_FREE char *want =
                        names ? text_format("no success by %s alone", names) : NULL;

                r = ask(judge, type, &(struct question){ NULL, NULL, want });
        }
        return r;
}

/* --- lines ------------------------------------------------------------------------------------ */

/* True if the rule speaks of this type; what it asks of results is about auth if it names none. */
static bool concerns(const struct rule_pam *pam, enum pam_type type, bool is_result) {
        return pam->facility ? strcmp(pam->facility, pam_type_name(type)) == 0
                             : !is_result || type == PAM_TYPE_AUTH;
}

static int report_line(const struct judge *judge, const struct pam_rule *line, char *want,
                       char *got, const char *problem) {
        struct finding finding = {
                .setting = text_format("%s %s", pam_type_name(line->type), line->module),
                .want = want,
                .got = got,
                .witness = dump_command(judge),
                .message = text_format("service %s runs %s %s", judge->service->name, line->module,
                                       problem),
        };

        return add_finding(judge, line, &finding);
}

static const char *match_argument(const struct pam_rule *line, const char *pattern) {
        for (size_t i = 0; i < line->n_args; i++)
                if (pattern_match(line->args[i], pattern))
                        return line->args[i];
        return NULL;
}

static int judge_arguments(const struct judge *judge, const struct pam_rule *line) {
        const struct rule_pam *pam = &judge->rule->pam;
        int r = 0;

        if (pam->requires_module && !pam_module_matches(line, pam->requires_module))
                return 0;
        for (size_t i = 0; r == 0 && i < pam->forbids_args.n_items; i++) {
                const char *found = match_argument(line, pam->forbids_args.items[i]);

                if (found)
                        r = report_line(judge, line,
                                        text_format("no argument %s", pam->forbids_args.items[i]),
                                        strdup(found), "with a forbidden argument");
        }
        for (size_t i = 0; r == 0 && i < pam->requires_args.n_items; i++)
                if (!match_argument(line, pam->requires_args.items[i]))
                        r = report_line(judge, line,
                                        text_format("argument %s", pam->requires_args.items[i]),
                                        strdup("none that matches"),
                                        "without an argument it must have");
        return r;
}

/* /lib is a link to /usr/lib on every release this was written for. */
static const char *without_usr(const char *path) {
        return strncmp(path, "/usr/lib", 8) == 0 ? path + 4 : path;
}

static bool is_in_directory(const char *path, const struct rule_words *directories) {
        const char *slash = strrchr(path, '/');
        CLEANUP_FREE char *directory = strndup(path, (size_t)(slash - path));

        if (!directory || strstr(path, "/../") || strstr(path, "/./") || strstr(path, "//"))
                return false;
        for (size_t i = 0; i < directories->n_items; i++)
                if (pattern_match(without_usr(directory), without_usr(directories->items[i])))
                        return true;
        return false;
}

static int judge_line(const struct judge *judge, const struct pam_rule *line) {
        const struct rule_pam *pam = &judge->rule->pam;
        int r = 0;

        if (line->kind != PAM_RULE_MODULE)
                return 0;
        for (size_t i = 0; r == 0 && i < pam->forbids.n_items; i++)
                if (pam_module_matches(line, pam->forbids.items[i]))
                        r = report_line(judge, line, text_format("no %s", pam->forbids.items[i]),
                                        strdup(line->module), "which is forbidden");
        if (r == 0)
                r = judge_arguments(judge, line);
        if (r == 0 && pam->modules_from.n_items > 0 &&
            !is_in_directory(line->module_path, &pam->modules_from)) {
                char *names = join(&pam->modules_from);

                r = report_line(judge, line, names, strdup(line->module_path),
                                "from another directory");
        }
        return r;
}

static int report_lack(const struct judge *judge, const char *module) {
        const struct rule_pam *pam = &judge->rule->pam;
        const char *of = pam->facility ? pam->facility : "any facility";
        struct finding finding = {
                .path = copy_string(first_file(judge->service)),
                .setting = text_format("%s %s", judge->service->name, of),
                .want = strdup(module),
                .got = strdup("no such module"),
                .witness = dump_command(judge),
                .message = text_format("service %s does not run %s in %s", judge->service->name,
                                       module, of),
        };

        return add_finding(judge, NULL, &finding);
}

static bool runs(const struct pam_rules *rules, const char *module) {
        for (size_t i = 0; i < rules->n_items; i++)
                if (pam_module_matches(&rules->items[i], module))
                        return true;
        return false;
}

static int judge_includes(const struct judge *judge) {
        const struct rule_pam *pam = &judge->rule->pam;
        int r = 0;

        for (size_t i = 0; r == 0 && i < pam->includes.n_items; i++) {
                bool is_there = false;

                for (enum pam_type type = 0; type < N_PAM_TYPES; type++)
                        if (concerns(pam, type, false))
                                is_there |=
                                        runs(&judge->service->rules[type], pam->includes.items[i]);
                if (!is_there)
                        r = report_lack(judge, pam->includes.items[i]);
        }
        return r;
}

/* --- the rule --------------------------------------------------------------------------------- */

static int judge_absent(const struct judge *judge) {
        struct finding finding = { 0 };

        if (!judge->service->is_present)
                return 0;
        finding = (struct finding){
                .path = copy_string(first_file(judge->service)),
                .setting = strdup(judge->service->name),
                .want = strdup("absent"),
                .got = strdup("present"),
                .witness = dump_command(judge),
                .message = text_format("service %s must not be configured", judge->service->name),
        };
        return add_finding(judge, NULL, &finding);
}

int policy_judge_pam(const struct rule *rule, const struct pam_service *service,
                     struct findings *findings) {
        const struct judge judge = { rule, service, findings };
        int r;

        if (rule->pam.absent)
                return judge_absent(&judge);
        r = judge_includes(&judge);
        for (enum pam_type type = 0; r == 0 && type < N_PAM_TYPES; type++) {
                const struct pam_rules *rules = &service->rules[type];

                if (concerns(&rule->pam, type, true))
                        r = judge_results(&judge, type);
                if (!concerns(&rule->pam, type, false))
                        continue;
                for (size_t i = 0; r == 0 && i < rules->n_items; i++)
                        r = judge_line(&judge, &rules->items[i]);
        }
        return r;
}
