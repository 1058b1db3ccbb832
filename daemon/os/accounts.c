/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The accounts of the machine.
 *
 * NSS runs whatever modules nsswitch.conf(5) names: it may wait for a server, leak, crash. So it is
 * asked in a child, and what comes back over the pipe is taken as a stranger's bytes. Groups are
 * asked with getgrouplist(3), as sshd does for Match Group; enumeration alone would miss what a
 * directory server does not enumerate.
 *
 * A tree given with --root is read from its own passwd and group, never through NSS, whose modules
 * would read the host's. The same reading of the real root is the fallback when NSS fails; then the
 * list is not called complete. */

#include "os/accounts.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "codec.h"
#include "fd.h"
#include "os/probe.h"

enum {
        FILE_MAX = 64 << 20,       /* passwd(5) of ACCOUNTS_MAX accounts has some 20 MiB */
        NAME_MAX_LENGTH = 4096,    /* of any string of an account */
        GROUPS_OF_USER_MAX = 65536 /* NGROUPS_MAX */
};

struct request {
        const char *const *extra;
        size_t n_extra;
};

/* In the child: what was asked already, and what goes into the pipe. */
struct collector {
        struct text answer;
        struct accounts names; /* groups by gid: getgrgid(3) is asked once for each */
        uint32_t n_accounts;
};

static const char *group_name(struct collector *collector, gid_t gid) {
        const char *known = accounts_group_name(&collector->names, gid);
        const struct group *group;

        if (known)
                return known;
        group = getgrgid(gid);
        if (!group || accounts_add_group(&collector->names, group->gr_name, gid) < 0)
                return NULL;
        return accounts_group_name(&collector->names, gid);
}

static void collect_groups(struct collector *collector, const char *name, gid_t primary) {
        CLEANUP_FREE gid_t *gids = NULL;
        CLEANUP(text_done) struct text names = { 0 };
        uint32_t n_names = 0;
        int n = 64;

        for (int attempt = 0; attempt < 2; attempt++) {
                free(gids);
                gids = calloc((size_t)n, sizeof *gids);
                if (!gids)
                        return;
                if (getgrouplist(name, primary, gids, &n) >= 0)
                        break;
                if (n > GROUPS_OF_USER_MAX || attempt > 0)
                        n = 0;
        }
        for (int i = 0; i < n; i++) {
                const char *group = group_name(collector, gids[i]);

                if (!group)
                        continue;
                encode_string(&names, group);
                n_names++;
        }
        encode_u32(&collector->answer, n_names);
        (void)text_append_n(&collector->answer, text_get(&names), names.n);
}

static void collect(struct collector *collector, const struct passwd *entry) {
        if (collector->n_accounts >= ACCOUNTS_MAX || !entry->pw_name || entry->pw_name[0] == '\0')
                return;
        collector->n_accounts++;
        encode_u32(&collector->answer, 1);
        encode_string(&collector->answer, entry->pw_name);
        encode_u32(&collector->answer, entry->pw_uid);
        encode_u32(&collector->answer, entry->pw_gid);
        encode_string(&collector->answer, entry->pw_dir);
        encode_string(&collector->answer, entry->pw_shell);
        collect_groups(collector, entry->pw_name, entry->pw_gid);
}

static void collect_all_groups(struct collector *collector) {
        const struct group *group;

        setgrent();
        while ((group = getgrent()))
                (void)accounts_add_group(&collector->names, group->gr_name, group->gr_gid);
        endgrent();
}

/* Runs in the child. Status 0: everybody who is enumerated is in the answer. */
static int ask_nss(void *userdata, int fd) {
        const struct request *request = userdata;
        struct collector collector = { 0 };
        const struct passwd *entry;
        bool is_whole;

        collect_all_groups(&collector);
        setpwent();
        for (;;) {
                errno = 0;
                entry = getpwent();
                if (!entry)
                        break;
                collect(&collector, entry);
        }
        is_whole = (errno == 0 || errno == ENOENT) && collector.n_accounts < ACCOUNTS_MAX;
        endpwent();
        for (size_t i = 0; i < request->n_extra; i++) {
                entry = getpwnam(request->extra[i]);
                if (entry)
                        collect(&collector, entry);
        }
        encode_u32(&collector.answer, 0);
        encode_u32(&collector.answer, (uint32_t)collector.names.n_groups);
        for (size_t i = 0; i < collector.names.n_groups; i++) {
                encode_string(&collector.answer, collector.names.groups[i].name);
                encode_u32(&collector.answer, collector.names.groups[i].gid);
        }
        if (text_error(&collector.answer) < 0 ||
            !probe_write(fd, collector.answer.data, collector.answer.n))
                return 2;
        return is_whole ? 0 : 1;
}

static bool is_sane(const char *string) {
        return string && strlen(string) < NAME_MAX_LENGTH;
}

/* One account of the answer; 0, or -ENOMEM. One that makes no sense is left out. */
static int decode_account(struct decoder *decoder, struct accounts *accounts) {
        CLEANUP(account_done) struct account account = { 0 };
        uint32_t n_groups;

        account.name = decode_string(decoder);
        account.uid = decode_u32(decoder);
        account.gid = decode_u32(decoder);
        account.home = decode_string(decoder);
        account.shell = decode_string(decoder);
        n_groups = decode_u32(decoder);
        for (uint32_t i = 0; i < n_groups && !decoder->failed; i++) {
                CLEANUP_FREE char *group = decode_string(decoder);

                if (group && strings_append(&account.groups, &account.n_groups, group) < 0)
                        return -ENOMEM;
        }
        if (decoder->failed || !is_sane(account.name) || !is_sane(account.home) ||
            !is_sane(account.shell))
                return 0;
        return accounts_add(accounts, &account);
}

static int decode_answer(const char *data, size_t n, struct accounts *accounts) {
        struct decoder decoder = { .data = data, .n = n };
        uint32_t n_groups;
        int r;

        while (decode_u32(&decoder) == 1) {
                r = decode_account(&decoder, accounts);
                if (r < 0)
                        return r;
        }
        n_groups = decode_u32(&decoder);
        for (uint32_t i = 0; i < n_groups && !decoder.failed; i++) {
                CLEANUP_FREE char *name = decode_string(&decoder);
                uint32_t gid = decode_u32(&decoder);

                r = is_sane(name) && !decoder.failed ? accounts_add_group(accounts, name, gid) : 0;
                if (r < 0)
                        return r;
        }
        return decode_end(&decoder);
}

static int load_nss(const char *const *extra, size_t n_extra, struct accounts *ret) {
        CLEANUP(accounts_done) struct accounts accounts = { 0 };
        struct request request = { .extra = extra, .n_extra = n_extra };
        CLEANUP_FREE char *data = NULL;
        int status = -1, r;
        size_t n = 0;

        r = probe_call(ask_nss, &request, ACCOUNTS_TIMEOUT_MS, &data, &n, &status);
        if (r < 0)
                return r;
        if (status != 0 && status != 1)
                return -EIO;
        r = decode_answer(data, n, &accounts);
        if (r < 0)
                return r;
        accounts.complete = status == 0;
        *ret = accounts;
        accounts = (struct accounts){ 0 };
        return 0;
}

/* The bytes of a small file of the tree; nothing (NULL, 0) if there is no such regular file. */
static int read_file(const struct os_root *root, const char *path, char **ret_data, size_t *ret_n) {
        CLEANUP(text_done) struct text text = { 0 };
        CLEANUP_FD int path_fd = -1, fd = -1;
        char chunk[65536];
        struct stat st;
        ssize_t n;

        *ret_data = NULL;
        *ret_n = 0;
        path_fd = os_root_openat(root, path, O_PATH, 0);
        if (path_fd < 0)
                return path_fd == -ENOENT || path_fd == -ENOTDIR ? 0 : path_fd;
        if (fstat(path_fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return 0;
        fd = open(fd_name(path_fd).path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (fd < 0)
                return -errno;
        while ((n = read(fd, chunk, sizeof chunk)) != 0) {
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (text.n + (size_t)n > FILE_MAX)
                        return -E2BIG;
                if (text_append_n(&text, chunk, (size_t)n) < 0)
                        return -ENOMEM;
        }
        *ret_n = text.n;
        *ret_data = text_take(&text);
        return *ret_data ? 0 : -ENOMEM;
}

static int load_files(const struct os_root *root, struct accounts *ret) {
        CLEANUP_FREE char *passwd = NULL, *group = NULL;
        size_t n_passwd, n_group;
        int r;

        r = read_file(root, "/etc/passwd", &passwd, &n_passwd);
        if (r < 0)
                return r;
        r = read_file(root, "/etc/group", &group, &n_group);
        if (r < 0)
                return r;
        return accounts_parse(passwd, n_passwd, group, n_group, ret);
}

int os_accounts_load(const struct os_root *root, const char *const *extra, size_t n_extra,
                     struct accounts *ret) {
        int r;

        if (!os_root_is_system(root))
                return load_files(root, ret);
        r = load_nss(extra, n_extra, ret);
        if (r == 0 || r == -ENOMEM)
                return r;
        r = load_files(root, ret);
        if (r < 0)
                return r;
        ret->complete = false;
        return 0;
}

/* ---- without waiting ---- */

struct accounts_query {
        struct accounts_request request;
        struct probe *probe;          /* NULL: nobody has to be asked */
        sd_event_source *immediately; /* then the answer comes from the next turn of the loop */
};

static void answer_query(struct accounts_query *query, int error, struct accounts *accounts) {
        struct accounts_request request = query->request;

        query->probe = NULL; /* it frees itself */
        os_accounts_query_cancel(query);
        request.on_done(request.userdata, error, accounts);
        accounts_done(accounts);
}

/* What the tree's own files say; not the whole where NSS failed. */
static void answer_with_files(struct accounts_query *query, bool complete) {
        struct accounts accounts = { 0 };
        int r = load_files(query->request.root, &accounts);

        accounts.complete = accounts.complete && complete;
        answer_query(query, r, &accounts);
}

static void on_answer(void *userdata, int error, struct probe_result *result) {
        struct accounts_query *query = userdata;
        struct accounts accounts = { 0 };
        int r = error;

        if (r == 0 && result->exit_status != 0 && result->exit_status != 1)
                r = -EIO;
        if (r == 0)
                r = decode_answer(result->out, result->n_out, &accounts);
        if (r < 0) {
                accounts_done(&accounts);
                answer_with_files(query, false);
                return;
        }
        accounts.complete = result->exit_status == 0;
        answer_query(query, 0, &accounts);
}

static int on_next_turn(sd_event_source *source, void *userdata) {
        (void)source;
        answer_with_files(userdata, true);
        return 0;
}

int os_accounts_query(sd_event *event, const struct accounts_request *request,
                      struct accounts_query **ret) {
        struct request names = { .extra = request->extra, .n_extra = request->n_extra };
        const struct probe_work work = { ask_nss, &names, ACCOUNTS_TIMEOUT_MS };
        struct accounts_query *query = calloc(1, sizeof *query);
        int r;

        if (!query)
                return -ENOMEM;
        query->request = *request;
        r = os_root_is_system(request->root)
                    ? probe_start_call(event, &work, on_answer, query, &query->probe)
                    : sd_event_add_defer(event, &query->immediately, on_next_turn, query);
        if (r < 0) {
                free(query);
                return r;
        }
        *ret = query;
        return 0;
}

void os_accounts_query_cancel(struct accounts_query *query) {
        if (!query)
                return;
        probe_cancel(query->probe);
        (void)sd_event_source_disable_unref(query->immediately);
        free(query);
}
