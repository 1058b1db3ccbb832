/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The application on the real libpam's side: preloaded into a small program of the tree, so that it
 * runs with the tree's own libc and libpam, whatever they were built for. Nothing newer than glibc
 * 2.31 may be used here, and no header of libpam is needed.
 *
 * It reads requests from standard input, a line each, fields separated by tabs:
 *   run SERVICE FACILITY,… FACILITY:TAG=CODE …   what the modules return; success if not named
 *   all SERVICE FACILITY TAG,… CODE,…            every assignment of these codes to these tags
 * TAG is what follows `t=` in a module's argument. Answers are a line each:
 *   run START, then "call FACILITY MODULE TAG" and "end FACILITY RESULT" in the order of events
 *   all START RESULTS WITHOUT   the results as a set of bits; bit N of WITHOUT: success was reached
 *                               though no call of the module pam_mN returned success
 *   died SIGNAL                 the application did not survive (SIGPROF: it never came back) */

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

enum { N_FACILITIES = 6, N_TAGS_MAX = 16, N_CODES_MAX = 16, N_MODULES = 8, TIME_LIMIT = 5 };
/* A file that includes itself makes older releases run out of stack: let it be soon. */
enum { LINE_SIZE = 1 << 16, STACK_SIZE = 1 << 20 };

struct pam_message;
struct pam_response;
struct pam_conv {
        int (*converse)(int, const struct pam_message **, struct pam_response **, void *);
        void *data;
};
int pam_start(const char *service, const char *user, const struct pam_conv *conv, void **handle);
int pam_authenticate(void *handle, int flags);
int pam_setcred(void *handle, int flags);
int pam_acct_mgmt(void *handle, int flags);
int pam_open_session(void *handle, int flags);
int pam_close_session(void *handle, int flags);
int pam_chauthtok(void *handle, int flags);

/* What libpam logs is of no interest, and opening a socket for each line takes long. */
void syslog(int priority, const char *format, ...) {
        (void)priority;
        (void)format;
}
void vsyslog(int priority, const char *format, va_list arguments) {
        (void)priority;
        (void)format;
        (void)arguments;
}
void __syslog_chk(int priority, int flag, const char *format, ...) {
        (void)priority;
        (void)flag;
        (void)format;
}
void __vsyslog_chk(int priority, int flag, const char *format, va_list arguments) {
        (void)priority;
        (void)flag;
        (void)format;
        (void)arguments;
}
/* No audit subsystem. */
int audit_open(void) {
        errno = EPROTONOSUPPORT;
        return -1;
}

static const struct {
        const char *name;
        int (*call)(void *handle, int flags);
} facilities[N_FACILITIES] = {
        { "auth", pam_authenticate },           { "setcred", pam_setcred },
        { "account", pam_acct_mgmt },           { "open_session", pam_open_session },
        { "close_session", pam_close_session }, { "password", pam_chauthtok },
};

static struct {
        char *fields[4096];
        int n_fields;
        const char *facility; /* that is being called */
        int is_exhaustive;
        char *tags[N_TAGS_MAX];
        int codes[N_TAGS_MAX];
        int n_tags;
        unsigned succeeded; /* modules, a bit each */
} state;

static int read_number(const char *text) {
        int sign = *text == '-' ? -1 : 1, number = 0;

        for (text += *text == '-'; *text >= '0' && *text <= '9'; text++)
                number = number * 10 + (*text - '0');
        return sign * number;
}

static const char *find_tag(int argc, const char **argv) {
        for (int i = 0; i < argc; i++)
                if (strncmp(argv[i], "t=", 2) == 0)
                        return argv[i] + 2;
        return "";
}

static int find_code(const char *tag) {
        size_t n = strlen(state.facility), length = strlen(tag);

        if (state.is_exhaustive) {
                for (int i = 0; i < state.n_tags; i++)
                        if (strcmp(state.tags[i], tag) == 0)
                                return state.codes[i];
                return 0;
        }
        for (int i = 3; i < state.n_fields; i++) {
                const char *field = state.fields[i];

                if (strncmp(field, state.facility, n) == 0 && field[n] == ':' &&
                    strncmp(field + n + 1, tag, length) == 0 && field[n + 1 + length] == '=')
                        return read_number(field + n + length + 2);
        }
        return 0;
}

/* Called by the modules. */
int oracle_call(const char *module, int argc, const char **argv);
int oracle_call(const char *module, int argc, const char **argv) {
        const char *tag = find_tag(argc, argv);
        int code = find_code(tag);

        if (!state.is_exhaustive)
                printf("\tcall %s %s %s", state.facility, module, tag);
        else if (code == 0)
                state.succeeded |= 1U << (module[strlen(module) - 1] - '0');
        return code;
}

static int converse(int n, const struct pam_message **messages, struct pam_response **responses,
                    void *data) {
        (void)n;
        (void)messages;
        (void)responses;
        (void)data;
        return 19; /* PAM_CONV_ERR */
}

static int find_facility(const char *name) {
        for (int i = 0; i < N_FACILITIES; i++)
                if (strcmp(name, facilities[i].name) == 0)
                        return i;
        _exit(2);
}

static void answer_run(void *handle) {
        char *rest = state.fields[2], *name;

        while ((name = strsep(&rest, ","))) {
                int facility = find_facility(name), result;

                state.facility = name;
                result = facilities[facility].call(handle, 0);
                printf("\tend %s %d", name, result);
        }
}

static void answer_all(void *handle) {
        int facility = find_facility(state.fields[2]), codes[N_CODES_MAX], n_codes = 0;
        int digits[N_TAGS_MAX] = { 0 }, at;
        unsigned long results = 0, without = 0;
        char *rest = state.fields[3], *word;

        state.is_exhaustive = 1;
        state.facility = state.fields[2];
        while ((word = strsep(&rest, ",")))
                if (*word && state.n_tags < N_TAGS_MAX)
                        state.tags[state.n_tags++] = word;
        rest = state.fields[4];
        while ((word = strsep(&rest, ",")))
                if (n_codes < N_CODES_MAX)
                        codes[n_codes++] = read_number(word);
        do {
                int result;

                for (int i = 0; i < state.n_tags; i++)
                        state.codes[i] = codes[digits[i]];
                state.succeeded = 0;
                result = facilities[facility].call(handle, 0);
                if (result >= 0 && result < 32)
                        results |= 1UL << result;
                if (result == 0)
                        without |= ~(unsigned long)state.succeeded & ((1UL << N_MODULES) - 1);
                for (at = 0; at < state.n_tags && ++digits[at] == n_codes; at++)
                        digits[at] = 0;
        } while (at < state.n_tags);
        printf("\t%lu\t%lu", results, without);
}

static void answer(void) {
        const struct pam_conv conv = { converse, NULL };
        void *handle = NULL;
        const struct itimerval run_limit = { .it_value.tv_sec = TIME_LIMIT },
                               all_limit = { .it_value.tv_sec = 100 * TIME_LIMIT };
        int is_all = strcmp(state.fields[0], "all") == 0, started;

        (void)setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 0 });
        (void)setrlimit(RLIMIT_STACK, &(struct rlimit){ STACK_SIZE, STACK_SIZE });
        /* of processor time: a busy machine makes nobody die */
        (void)setitimer(ITIMER_PROF, is_all ? &all_limit : &run_limit, NULL);
        started = pam_start(state.fields[1], "someone", &conv, &handle);
        printf("%s\t%d", state.fields[0], started);
        if (started == 0 && is_all)
                answer_all(handle);
        else if (started == 0)
                answer_run(handle);
        printf("\n");
        (void)fflush(stdout);
        _exit(0);
}

/* Runs one request in a child, whose answer counts only if it lives to finish it. */
static void serve(void) {
        static char bytes[1 << 20];
        size_t n = 0;
        ssize_t got;
        int ends[2], status;
        pid_t pid;

        if (pipe(ends) < 0 || (pid = fork()) < 0)
                _exit(2);
        if (pid == 0) {
                (void)dup2(ends[1], 1);
                (void)close(ends[0]);
                (void)close(ends[1]);
                answer();
        }
        (void)close(ends[1]);
        while ((got = read(ends[0], bytes + n, sizeof bytes - n)) > 0)
                n += (size_t)got;
        (void)close(ends[0]);
        (void)waitpid(pid, &status, 0);
        if (WIFSIGNALED(status))
                printf("died\t%d\n", WTERMSIG(status));
        else
                (void)fwrite(bytes, 1, n, stdout);
        (void)fflush(stdout);
}

__attribute__((constructor)) static void drive(void) {
        static char line[LINE_SIZE];

        while (fgets(line, sizeof line, stdin)) {
                char *rest = line, *field;

                line[strcspn(line, "\n")] = '\0';
                state.n_fields = 0;
                while ((field = strsep(&rest, "\t")) && state.n_fields < 4096)
                        state.fields[state.n_fields++] = field;
                serve();
        }
        _exit(0);
}
