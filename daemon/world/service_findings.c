/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Findings about the command line and the environment of sshd's unit.
 *
 * The sshd room knows an override by its number only. Whoever has to put it right needs the file
 * and line it was written in, and whoever replays a witness the options themselves, since `sshd -T`
 * on its own has none. */

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/escape.h"
#include "base/text.h"
#include "world/service_tree.h"

static const char command_line_name[] = "command-line";
static const char witness_program[] = "sshd -T";

/* Through which the dynamic loader, or a library that sshd loads, runs somebody else's code. */
static const char *const foreign_code[] = {
        "LD_*",           "GCONV_PATH", "OPENSSL_CONF", "OPENSSL_ENGINES", "OPENSSL_MODULES",
        "GLIBC_TUNABLES",
};

static const struct service_word *word_of_option(const struct service_tree *tree, unsigned number) {
        size_t word;

        if (number == 0 || number > tree->line.n_options)
                return NULL;
        word = tree->line.options[number - 1].word;
        return word < tree->words.n_items ? &tree->words.items[word] : NULL;
}

/* "command line of ssh.service: SSHD_OPTS" */
static int append_origin(struct text *text, const struct service_tree *tree,
                         const struct service_word *word) {
        return text_appendf(text, "command line of %s%s%s", tree->service.name,
                            word->variable ? ": " : "", word->variable ? word->variable : "");
}

static int blame_word(const struct service_tree *tree, const struct service_word *word,
                      struct finding *finding) {
        CLEANUP(text_done) struct text text = { 0 };
        int r;

        (void)text_appendf(&text, "%s (", finding->message ? finding->message : "");
        (void)append_origin(&text, tree, word);
        (void)text_append_char(&text, ')');
        r = text_error(&text);
        r = finding_set(r, &finding->message, "%s", text_get(&text));
        r = finding_set(r, &finding->path, "%s", word->place.file);
        finding->line = word->place.line;
        return r;
}

/* "command-line:2: PermitRootLogin=yes" */
static int place_loser(const struct service_tree *tree, char **loser) {
        const struct service_word *word;
        const char *rest;
        char *number, *placed;

        if (strncmp(*loser, "command-line:", strlen("command-line:")) != 0)
                return 0;
        word = word_of_option(tree,
                              (unsigned)strtoul(*loser + strlen("command-line:"), &number, 10));
        if (!word)
                return 0;
        rest = *number == ':' ? number + 1 : number;
        placed = text_format("%s:%u:%s", word->place.file, word->place.line, rest);
        if (!placed)
                return -ENOMEM;
        free(*loser);
        *loser = placed;
        return 0;
}

/* What has to stand behind `sshd -T` for it to say what the service's sshd does. */
static int append_options(const struct service_tree *tree, struct text *text) {
        const struct sshd_command_line *line = &tree->line;

        for (size_t i = 0; i < line->n_options; i++) {
                bool is_port = strncmp(line->options[i].text, "-p", 2) == 0;

                (void)text_append(text, is_port ? " " : " -o ");
                (void)escape_append_shell(text, line->options[i].text);
        }
        if (line->config_path) {
                (void)text_append(text, " -f ");
                (void)escape_append_shell(text, line->config_path);
        }
        return text_error(text);
}

static int complete_witness(const struct service_tree *tree, struct finding *finding) {
        CLEANUP(text_done) struct text text = { 0 };
        size_t n = strlen(witness_program);
        int r;

        if (!finding->witness || strncmp(finding->witness, witness_program, n) != 0)
                return 0;
        (void)text_append(&text, witness_program);
        (void)append_options(tree, &text);
        (void)text_append(&text, finding->witness + n);
        r = text_error(&text);
        return finding_set(r, &finding->witness, "%s", text_get(&text));
}

int service_tree_place_findings(const struct service_tree *tree, struct findings *findings,
                                size_t first) {
        int r = 0;

        if (tree->line.n_options == 0 && !tree->line.config_path)
                return 0;
        for (size_t i = first; i < findings->n_items && r == 0; i++) {
                struct finding *finding = &findings->items[i];
                bool is_placed = finding->path && strcmp(finding->path, command_line_name) == 0;
                const struct service_word *word =
                        is_placed ? word_of_option(tree, finding->line) : NULL;

                if (word)
                        r = blame_word(tree, word, finding);
                for (size_t k = 0; k < finding->n_losers && r == 0; k++)
                        r = place_loser(tree, &finding->losers[k]);
                if (r == 0)
                        r = complete_witness(tree, finding);
        }
        return r;
}

/* ---- the unit itself ---- */

static int judge_command_line(const struct service_tree *tree, struct findings *findings) {
        const struct sshd_command_line *line = &tree->line;
        const struct service_word *word;
        CLEANUP(finding_done) struct finding finding = { 0 };
        int r;

        if (!line->problem)
                return 0;
        word = &tree->words.items[line->problem_word];
        r = finding_init_own(&finding, "service.refused", SEVERITY_CRITICAL);
        finding.response = RESPONSE_REVERT;
        r = finding_set(r, &finding.path, "%s", word->place.file);
        finding.line = word->place.line;
        r = finding_set(r, &finding.want, "a command line that sshd accepts");
        r = finding_set(r, &finding.got, "%s", line->problem);
        r = finding_set(r, &finding.message, "sshd would not start with the command line of %s: %s",
                        tree->service.name, line->problem);
        return r < 0 ? r : findings_add(findings, &finding);
}

static int judge_unknown(const struct service_tree *tree, struct findings *findings) {
        CLEANUP(finding_done) struct finding finding = { 0 };
        int r;

        if (!tree->unknown)
                return 0;
        r = finding_init_own(&finding, "service.unknown", SEVERITY_MEDIUM);
        if (tree->service.n_commands > 0) {
                r = finding_set(r, &finding.path, "%s", tree->service.commands[0].place.file);
                finding.line = tree->service.commands[0].place.line;
        } else if (tree->n_paths > 0) {
                r = finding_set(r, &finding.path, "%s", tree->paths[0]);
        }
        r = finding_set(r, &finding.setting, "ExecStart");
        r = finding_set(r, &finding.want, "sshd and its options");
        r = finding_set(r, &finding.got, "%s", tree->unknown);
        r = finding_set(r, &finding.message,
                        "what sshd is told on its command line is not known: %s", tree->unknown);
        return r < 0 ? r : findings_add(findings, &finding);
}

static bool runs_foreign_code(const char *name) {
        for (size_t i = 0; i < N_ELEMENTS(foreign_code); i++)
                if (fnmatch(foreign_code[i], name, 0) == 0)
                        return true;
        return false;
}

static int judge_variable(const struct service_tree *tree, const struct service_variable *variable,
                          struct findings *findings) {
        CLEANUP(finding_done) struct finding finding = { 0 };
        int r;

        if (!runs_foreign_code(variable->name))
                return 0;
        r = finding_init_own(&finding, "service.environment", SEVERITY_CRITICAL);
        finding.response = RESPONSE_REVERT;
        r = finding_set(r, &finding.path, "%s", variable->place.file);
        finding.line = variable->place.line;
        r = finding_set(r, &finding.setting, "%s", variable->name);
        r = finding_set(r, &finding.want, "not set");
        r = finding_set(r, &finding.got, "%s", variable->value);
        r = finding_set(r, &finding.message,
                        "the environment of %s sets %s, by which foreign code gets into sshd",
                        tree->service.name, variable->name);
        return r < 0 ? r : findings_add(findings, &finding);
}

static int judge_setting(const struct service_tree *tree, const struct service_setting *setting,
                         struct findings *findings) {
        CLEANUP(finding_done) struct finding finding = { 0 };
        int r = finding_init_own(&finding, "service.namespace", SEVERITY_HIGH);

        finding.response = RESPONSE_REVERT;
        r = finding_set(r, &finding.path, "%s", setting->place.file);
        finding.line = setting->place.line;
        r = finding_set(r, &finding.setting, "%s", setting->key);
        r = finding_set(r, &finding.want, "not set");
        r = finding_set(r, &finding.got, "%s", setting->value);
        r = finding_set(r, &finding.message,
                        "%s of %s lets sshd see other files than those that are looked at here",
                        setting->key, tree->service.name);
        return r < 0 ? r : findings_add(findings, &finding);
}

int service_tree_judge(const struct service_tree *tree, struct findings *findings) {
        CLEANUP(service_environment_done) struct service_environment environment = { 0 };
        int r = 0;

        if (!tree->service.name)
                return 0;
        r = judge_command_line(tree, findings);
        if (r == 0)
                r = judge_unknown(tree, findings);
        if (r == 0)
                r = service_environment(&tree->service, &environment);
        for (size_t i = 0; i < environment.n_items && r == 0; i++)
                r = judge_variable(tree, &environment.items[i], findings);
        for (size_t i = 0; i < tree->service.n_settings && r == 0; i++)
                r = judge_setting(tree, &tree->service.settings[i], findings);
        return r;
}

/* ---- the sshd that runs ---- */

/* sshd shows its words in its title, joined by blanks: "sshd: /usr/sbin/sshd -D [listener] 0 of
 * 10-100 startups". A long title is cut, and says nothing then. */
int service_tree_compare_running(const struct service_tree *tree, const char *title,
                                 char **ret_line) {
        static const char begin[] = "sshd: ", end[] = " [listener] ";
        CLEANUP(text_done) struct text expected = { 0 };
        const char *last = strstr(title, end), *next;
        char *line;

        *ret_line = NULL;
        if (strncmp(title, begin, strlen(begin)) != 0 || !last || tree->unknown ||
            tree->words.n_items == 0)
                return SERVICE_RUNNING_UNKNOWN;
        while ((next = strstr(last + 1, end)))
                last = next;
        for (size_t i = 0; i < tree->words.n_items; i++)
                (void)text_appendf(&expected, "%s%s", i > 0 ? " " : "", tree->words.items[i].text);
        line = strndup(title + strlen(begin), (size_t)(last - title) - strlen(begin));
        if (!line || text_error(&expected) < 0) {
                free(line);
                return -ENOMEM;
        }
        *ret_line = line;
        if (text_get(&expected)[strcspn(text_get(&expected), "\\\n\t")])
                return SERVICE_RUNNING_UNKNOWN; /* the title has escapes in their place */
        return strcmp(line, text_get(&expected)) == 0 ? SERVICE_RUNNING_SAME
                                                      : SERVICE_RUNNING_OTHER;
}
