/* SPDX-License-Identifier: GPL-3.0-or-later */
/* sshguardd --dump-pam SERVICE: the resolved stack and what it can conclude, or with --run what it
 * does conclude if the modules return what --with says.
 *
 * The what-if prints one line for each module that runs, "FILE:LINE MODULE -> CODE", and after each
 * facility "FACILITY=RESULT". Rules without a module to run (broken lines, marks of substacks) have
 * no line; what libpam complains about is on standard error. password runs its rules twice, so they
 * appear twice. A service that does not start gives "FACILITY=abort", one that is
 * too large to be read whole "FACILITY=unknown".
 *
 * FILE is the path libpam opens, with --pam-dir the one below DIR (as it was typed) that was read
 * in its place. --with takes either of them, or a path relative to the directory: sshd,
 * common-auth. FILE:LINE#N is the Nth inclusion, without #N it is every one. Of several --with for
 * a rule the one with #N wins, then the later one.
 *
 * Without --run each line begins with what it is about: "service", "file", a type, "diagnostic". */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/escape.h"
#include "guard/invocation.h"
#include "offline/modes.h"
#include "pam/module.h"
#include "pam/outcomes.h"
#include "pam/run.h"
#include "world/pam_world.h"

#define PAM_DIR "/etc/pam.d"

/* One --with. */
struct override {
        enum pam_facility facility;
        char *file;
        unsigned line;
        unsigned inclusion; /* 0: every one */
        int code;
};

struct dump {
        const struct invocation *invocation;
        struct pam_service *service;
        struct override *overrides;
        size_t n_overrides;
        struct text text;
};

static void dump_done(struct dump *dump) {
        for (size_t i = 0; i < dump->n_overrides; i++)
                free(dump->overrides[i].file);
        free(dump->overrides);
        pam_service_free(dump->service);
        text_done(&dump->text);
}

static int complain(const char *format, const char *argument) {
        CLEANUP(text_done) struct text text = { 0 };

        (void)escape_append(&text, argument, strlen(argument));
        (void)fputs("sshguardd: ", stderr);
        (void)fprintf(stderr, "%s: %s\n", format, text_get(&text));
        return EXIT_CANNOT_TELL;
}

/* Reads a decimal number that fills the string from TEXT on. */
static bool parse_number(const char *text, unsigned *ret) {
        char *end;
        unsigned long number = strtoul(text, &end, 10);

        if (*text < '0' || *text > '9' || *end || number == 0 || number > 100000000)
                return false;
        *ret = (unsigned)number;
        return true;
}

/* FACILITY:FILE:LINE[#N]=CODE; FILE may hold every one of these signs. */
static bool parse_override(const char *text, struct override *ret) {
        CLEANUP_FREE char *copy = strdup(text);
        struct override override = { 0 };
        char *code = copy ? strrchr(copy, '=') : NULL, *file = copy ? strchr(copy, ':') : NULL;
        char *line, *inclusion;

        if (!code || !file || file > code)
                return false;
        *code++ = *file++ = '\0';
        line = strrchr(file, ':');
        if (!line || line == file)
                return false;
        *line++ = '\0';
        inclusion = strchr(line, '#');
        if (inclusion)
                *inclusion++ = '\0';
        override.facility = pam_facility_parse(copy);
        if (override.facility == N_PAM_FACILITIES || !parse_number(line, &override.line) ||
            (inclusion && !parse_number(inclusion, &override.inclusion)) ||
            !pam_code_parse(code, &override.code))
                return false;
        override.file = strdup(file);
        *ret = override;
        return override.file != NULL;
}

/* How people see the path libpam has opened. */
static char *shown_path(const struct dump *dump, const char *path) {
        const char *pam_dir = dump->invocation->pam_dir;
        size_t n = strlen(PAM_DIR), length;

        if (!pam_dir || strncmp(path, PAM_DIR "/", n + 1) != 0)
                return strdup(path);
        length = strlen(pam_dir);
        while (length > 1 && pam_dir[length - 1] == '/')
                length--;
        return text_format("%.*s%s", (int)length, pam_dir, path + n);
}

/* True if FILE of a --with means the path: as libpam has it, as it is shown, or below the
 * directory. */
static bool is_named(const struct dump *dump, const char *file, const char *path) {
        CLEANUP_FREE char *shown = shown_path(dump, path);
        size_t n = strlen(PAM_DIR "/");

        return strcmp(file, path) == 0 || (shown && strcmp(file, shown) == 0) ||
               (strncmp(path, PAM_DIR "/", n) == 0 && strcmp(file, path + n) == 0) ||
               (!strchr(file, '/') && strcmp(file, strrchr(path, '/') + 1) == 0);
}

static bool is_meant(const struct dump *dump, const struct override *override,
                     const struct pam_rule *rule) {
        return override->line == rule->line &&
               (override->inclusion == 0 || override->inclusion == rule->inclusion) &&
               is_named(dump, override->file, rule->file);
}

/* A code by name, or by number: modules and libpam may return what has none. */
static void append_code(struct text *text, int code) {
        if (pam_code_name(code))
                (void)text_appendf(text, "%s\n", pam_code_name(code));
        else
                (void)text_appendf(text, "%d\n", code);
}

static int return_code(void *userdata, const struct pam_call *call) {
        struct dump *dump = userdata;
        const struct pam_rule *rule = call->rule;
        CLEANUP_FREE char *path = shown_path(dump, rule->file);
        bool is_exact = false;
        int code = PAM_CODE_SUCCESS;

        for (size_t i = 0; i < dump->n_overrides; i++) {
                const struct override *override = &dump->overrides[i];

                if (override->facility != call->facility || !is_meant(dump, override, rule) ||
                    (is_exact && override->inclusion == 0))
                        continue;
                is_exact = override->inclusion > 0;
                code = override->code;
        }
        if (!path)
                dump->text.failed = true;
        else
                (void)escape_append(&dump->text, path, strlen(path));
        (void)text_appendf(&dump->text, ":%u ", rule->line);
        (void)escape_append(&dump->text, rule->module, strlen(rule->module));
        (void)text_append(&dump->text, " -> ");
        append_code(&dump->text, code);
        return code;
}

static int run_facilities(struct dump *dump) {
        CLEANUP_FREE char *list = strdup(dump->invocation->run);
        struct pam_run *run;
        char *rest = list, *word;
        int r = list ? pam_run_new(dump->service, &run) : -ENOMEM;

        if (r < 0)
                return r;
        while ((word = strsep(&rest, ","))) {
                enum pam_facility facility = pam_facility_parse(word);
                int result = pam_run_facility(run, facility, return_code, dump);

                (void)text_appendf(&dump->text, "%s=", word);
                if (dump->service->start == PAM_START_UNKNOWN)
                        (void)text_append(&dump->text, "unknown\n");
                else
                        append_code(&dump->text, result);
        }
        pam_run_free(run);
        return text_error(&dump->text);
}

static void append_codes(struct text *text, uint32_t codes) {
        int n = __builtin_popcount(codes);
        bool is_inverted = n > N_PAM_CODES / 2 && n < N_PAM_CODES;

        if (n == N_PAM_CODES || is_inverted)
                (void)text_append(text, is_inverted ? " anything but" : " anything");
        if (n == N_PAM_CODES)
                return;
        for (int code = 0; code < N_PAM_CODES; code++)
                if (((codes & PAM_CODE_BIT(code)) != 0) != is_inverted)
                        (void)text_appendf(text, " %s", pam_code_name(code));
}

static void append_escaped(struct text *text, const char *string) {
        (void)escape_append(text, string, strlen(string));
}

/* A field as a file would have it: in brackets if it is empty or has one of these characters. */
static void append_field(struct text *text, const char *field, const char *bracketed) {
        bool is_bracketed = *field == '\0' || strpbrk(field, bracketed) != NULL;

        (void)text_append(text, is_bracketed ? " [" : " ");
        append_escaped(text, field);
        (void)text_append(text, is_bracketed ? "]" : "");
}

static int dump_rule(struct dump *dump, const struct pam_rule *rule) {
        CLEANUP_FREE char *path = shown_path(dump, rule->file);

        if (!path)
                return -ENOMEM;
        (void)text_appendf(&dump->text, "%s ", pam_type_name(rule->type));
        append_escaped(&dump->text, path);
        (void)text_appendf(&dump->text, ":%u", rule->line);
        if (rule->n_inclusions > 1)
                (void)text_appendf(&dump->text, "#%u", rule->inclusion);
        (void)text_appendf(&dump->text, "%*s", (int)(2 * rule->level), "");
        if (rule->kind == PAM_RULE_MUST_FAIL) {
                (void)text_append(&dump->text, " broken: always perm_denied\n");
                return 0;
        }
        append_field(&dump->text, rule->control, " \t\n=");
        append_field(&dump->text, rule->module ? rule->module : "", " \t\n");
        for (size_t i = 0; i < rule->n_args; i++)
                append_field(&dump->text, rule->args[i], " \t\n");
        (void)text_append(&dump->text, rule->is_missing ? " (cannot be loaded)\n" : "\n");
        return 0;
}

/* "auth without pam_unix.so: cannot succeed" for each module of the list, once. */
static int dump_module(struct dump *dump, enum pam_type type, const char *module) {
        CLEANUP(pam_witness_done) struct pam_witness witness = { 0 };
        enum pam_facility facility = pam_type_facility(type);
        int r = pam_can_succeed_without(dump->service, facility, module, &witness);

        if (r < 0 && r != -E2BIG)
                return r;
        (void)text_appendf(&dump->text, "%s without ", pam_type_name(type));
        append_escaped(&dump->text, module);
        if (r == 0)
                (void)text_append(&dump->text, ": cannot succeed\n");
        else if (r == -E2BIG)
                (void)text_append(&dump->text, ": cannot tell, too many states\n");
        else {
                CLEANUP(text_done) struct text command = { 0 };

                r = pam_witness_format(dump->service, facility, &witness, &command);
                if (r < 0)
                        return r;
                (void)text_append(&dump->text, ": can succeed: ");
                append_escaped(&dump->text, text_get(&command));
                (void)text_append(&dump->text, "\n");
        }
        return 0;
}

static bool is_first_of_module(const struct pam_rules *rules, size_t i) {
        if (rules->items[i].kind != PAM_RULE_MODULE)
                return false;
        for (size_t k = 0; k < i; k++)
                if (rules->items[k].kind == PAM_RULE_MODULE &&
                    strcmp(rules->items[k].module, rules->items[i].module) == 0)
                        return false;
        return true;
}

static int dump_type(struct dump *dump, enum pam_type type) {
        const struct pam_rules *rules = &dump->service->rules[type];
        uint32_t codes = 0;
        int r;

        if (rules->is_from_other && rules->n_items > 0)
                (void)text_appendf(&dump->text, "%s is taken from other\n", pam_type_name(type));
        for (size_t i = 0; i < rules->n_items; i++) {
                r = dump_rule(dump, &rules->items[i]);
                if (r < 0)
                        return r;
        }
        r = pam_outcomes(dump->service, pam_type_facility(type), NULL, NULL, &codes);
        if (r < 0 && r != -E2BIG)
                return r;
        (void)text_appendf(&dump->text, "%s can conclude:", pam_type_name(type));
        if (r == 0)
                append_codes(&dump->text, codes);
        else
                (void)text_append(&dump->text, dump->service->start == PAM_START_UNKNOWN
                                                       ? " cannot tell"
                                                       : " cannot tell, too many states");
        (void)text_append(&dump->text, "\n");
        for (size_t i = 0; i < rules->n_items; i++) {
                r = is_first_of_module(rules, i) ? dump_module(dump, type, rules->items[i].module)
                                                 : 0;
                if (r < 0)
                        return r;
        }
        return 0;
}

static const char *const beginnings[N_PAM_STARTS] = {
        [PAM_START_OK] = "",
        [PAM_START_ABORT] = ": it does not start",
        [PAM_START_CRASH] = ": it does not start",
        [PAM_START_UNKNOWN] = ": what it does cannot be told",
};

static int dump_stack(struct dump *dump) {
        const struct pam_release *release = &dump->service->release;
        int r = 0;

        (void)text_append(&dump->text, "service ");
        append_escaped(&dump->text, dump->service->name);
        (void)text_appendf(&dump->text, ", as %sLinux-PAM %u.%u.%u reads it%s\n",
                           release->flavour == PAM_DEBIAN ? "Debian's " : "",
                           release->number / 10000, release->number / 100 % 100,
                           release->number % 100, beginnings[dump->service->start]);
        for (size_t i = 0; i < dump->service->n_files; i++) {
                CLEANUP_FREE char *path = shown_path(dump, dump->service->files[i]);

                if (!path)
                        return -ENOMEM;
                (void)text_append(&dump->text, dump->service->is_read[i] ? "file " : "no file ");
                append_escaped(&dump->text, path);
                (void)text_append(&dump->text, "\n");
        }
        for (enum pam_type type = 0; r == 0 && type < N_PAM_TYPES; type++)
                r = dump_type(dump, type);
        return r < 0 ? r : text_error(&dump->text);
}

/* Reads --run and --with; false with a complaint made. */
static bool parse_what_if(struct dump *dump) {
        CLEANUP_FREE char *list = dump->invocation->run ? strdup(dump->invocation->run) : NULL;
        char *rest = list, *word;

        if (!dump->invocation->run && dump->invocation->n_withs > 0) {
                (void)complain("--with needs --run", dump->invocation->withs[0]);
                return false;
        }
        while ((word = strsep(&rest, ",")))
                if (pam_facility_parse(word) == N_PAM_FACILITIES) {
                        (void)complain("not one of auth, setcred, account, open_session, "
                                       "close_session, password",
                                       word);
                        return false;
                }
        for (size_t i = 0; i < dump->invocation->n_withs; i++) {
                if (ARRAY_GROW(dump->overrides, dump->n_overrides) < 0 ||
                    !parse_override(dump->invocation->withs[i],
                                    &dump->overrides[dump->n_overrides])) {
                        (void)complain("not FACILITY:FILE:LINE[#N]=CODE",
                                       dump->invocation->withs[i]);
                        return false;
                }
                dump->n_overrides++;
        }
        return true;
}

/* A --with that means no rule is most likely a typing error; it is said, and changes nothing. */
static void complain_of_unknown(const struct dump *dump) {
        for (size_t i = 0; i < dump->n_overrides; i++) {
                const struct override *override = &dump->overrides[i];
                const struct pam_rules *rules =
                        pam_service_rules(dump->service, override->facility);
                bool is_known = false;

                for (size_t k = 0; k < rules->n_items && !is_known; k++)
                        is_known = rules->items[k].kind == PAM_RULE_MODULE &&
                                   is_meant(dump, override, &rules->items[k]);
                if (!is_known)
                        (void)complain("no module runs there, --with changes nothing",
                                       dump->invocation->withs[i]);
        }
}

static int find_release(const struct invocation *invocation, const struct pam_world *world,
                        struct pam_release *ret) {
        static const char newest[] = "1.7.0";

        if (invocation->pam_release)
                return pam_release_parse(invocation->pam_release, ret)
                               ? EXIT_HOLDS
                               : complain("not a release of Linux-PAM", invocation->pam_release);
        if (pam_world_release(world, ret) < 0)
                (void)pam_release_parse(newest, ret);
        return EXIT_HOLDS;
}

static int dump_world(struct dump *dump, struct pam_world *world) {
        struct pam_environment environment = pam_world_environment(world);
        CLEANUP(text_done) struct text diagnostics = { 0 };
        struct pam_release release;
        int r = find_release(dump->invocation, world, &release);

        if (r != EXIT_HOLDS)
                return r;
        if (dump->invocation->run)
                environment.has_module = NULL; /* every module returns what --with says */
        r = pam_service_load(dump->invocation->operand, &environment, &release, &dump->service);
        if (r == 0)
                r = diagnostics_format(&dump->service->diagnostics, &diagnostics);
        if (r == 0) {
                (void)fputs(text_get(&diagnostics), stderr);
                complain_of_unknown(dump);
                r = dump->invocation->run ? run_facilities(dump) : dump_stack(dump);
        }
        if (r < 0)
                return complain("cannot tell", strerror(-r));
        (void)fwrite(text_get(&dump->text), 1, dump->text.n, stdout);
        return fflush(stdout) == 0 ? EXIT_HOLDS : EXIT_CANNOT_TELL;
}

int offline_dump_pam(const struct invocation *invocation) {
        CLEANUP(dump_done) struct dump dump = { .invocation = invocation };
        struct pam_world world;
        int r;

        if (!parse_what_if(&dump))
                return EXIT_CANNOT_TELL;
        r = pam_world_open(invocation->root_path, invocation->pam_dir, &world);
        if (r < 0)
                return complain(strerror(-r), invocation->pam_dir     ? invocation->pam_dir
                                              : invocation->root_path ? invocation->root_path
                                                                      : "/");
        r = dump_world(&dump, &world);
        pam_world_close(&world);
        return r;
}
