/* SPDX-License-Identifier: GPL-3.0-or-later */
/* bench_sshd_eval TREE [COUNT]: how long it takes to read and to judge TREE/etc/ssh/sshd_config
 * with 50 rules for every possible connection, beside one `sshd -T` of the tree's own sshd, in
 * turn. The files are in memory; reading them from disk is measured apart.
 *
 * bench_sshd_eval: how the cost grows with the Match blocks, and the worst that could be
 * constructed. */

#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "policy/judge_sshd.h"
#include "policy/parse.h"
#include "sshd/config.h"

extern char **environ;

/* ---- the rules ---- */

/* 50 of them, as guides ask for; most hold. */
static const char *const rules[] = {
        "sshd = \"PasswordAuthentication\"; must = \"no\"",
        "sshd = \"PermitRootLogin\"; one_of = [ \"no\", \"prohibit-password\" ]",
        "sshd = \"PermitRootLogin\"; must = \"no\"; when = { address = \"*,!10.0.0.0/8\"; }",
        "sshd = \"PermitEmptyPasswords\"; must = \"no\"",
        "sshd = \"KbdInteractiveAuthentication\"; must = \"no\"",
        "sshd = \"PubkeyAuthentication\"; must = \"yes\"",
        "sshd = \"HostbasedAuthentication\"; must = \"no\"",
        "sshd = \"GSSAPIAuthentication\"; must = \"no\"",
        "sshd = \"KerberosAuthentication\"; must = \"no\"",
        "sshd = \"UsePAM\"; must = \"yes\"",
        "sshd = \"StrictModes\"; must = \"yes\"",
        "sshd = \"IgnoreRhosts\"; must = \"yes\"",
        "sshd = \"IgnoreUserKnownHosts\"; must = \"no\"",
        "sshd = \"PermitUserEnvironment\"; must = \"no\"",
        "sshd = \"PermitUserRC\"; must = \"no\"",
        "sshd = \"X11Forwarding\"; must = \"no\"",
        "sshd = \"X11UseLocalhost\"; must = \"yes\"",
        "sshd = \"AllowTcpForwarding\"; one_of = [ \"no\", \"local\" ]",
        "sshd = \"AllowAgentForwarding\"; must = \"no\"",
        "sshd = \"AllowStreamLocalForwarding\"; must = \"no\"",
        "sshd = \"GatewayPorts\"; must = \"no\"",
        "sshd = \"PermitTunnel\"; must = \"no\"",
        "sshd = \"DisableForwarding\"; one_of = [ \"yes\", \"no\" ]",
        "sshd = \"ExposeAuthInfo\"; must = \"no\"",
        "sshd = \"Compression\"; must = \"no\"",
        "sshd = \"TCPKeepAlive\"; must = \"yes\"",
        "sshd = \"UseDNS\"; must = \"no\"",
        "sshd = \"PrintLastLog\"; must = \"yes\"",
        "sshd = \"StreamLocalBindUnlink\"; must = \"no\"",
        "sshd = \"MaxAuthTries\"; at_most = 4",
        "sshd = \"MaxSessions\"; at_most = 10",
        "sshd = \"MaxStartups\"; at_most = \"10:30:100\"",
        "sshd = \"LoginGraceTime\"; at_least = \"1s\"; at_most = \"60s\"",
        "sshd = \"ClientAliveInterval\"; at_least = \"15s\"; at_most = \"300s\"",
        "sshd = \"ClientAliveCountMax\"; at_least = 1; at_most = 3",
        "sshd = \"RequiredRSASize\"; at_least = 2048",
        "sshd = \"LogLevel\"; one_of = [ \"INFO\", \"VERBOSE\" ]",
        "sshd = \"SyslogFacility\"; one_of = [ \"AUTH\", \"AUTHPRIV\" ]",
        "sshd = \"FingerprintHash\"; must = \"SHA256\"",
        "sshd = \"Ciphers\"; none_match = [ \"*-cbc\", \"3des*\", \"arcfour*\" ]",
        "sshd = \"MACs\"; none_match = [ \"*md5*\", \"hmac-sha1-96*\" ]",
        "sshd = \"KexAlgorithms\"; none_match = [ \"*-sha1\" ]",
        "sshd = \"HostKeyAlgorithms\"; none_match = [ \"ssh-dss*\", \"ssh-rsa\" ]",
        "sshd = \"PubkeyAcceptedAlgorithms\"; none_match = [ \"ssh-dss*\", \"ssh-rsa\" ]",
        "sshd = \"AcceptEnv\"; none_match = [ \"LD_*\", \"BASH_ENV\", \"PATH\" ]",
        "sshd = \"SetEnv\"; none_match = [ \"LD_*\", \"BASH_ENV*\" ]",
        "sshd = \"AuthorizedKeysFile\"; only_match = [ \".ssh/authorized_keys*\" ]",
        "sshd = \"AuthorizedKeysCommand\"; must = \"none\"",
        "sshd = \"AuthorizedPrincipalsCommand\"; must = \"none\"",
        "sshd = \"ForceCommand\"; one_of = [ \"none\", \"internal-sftp\" ]",
};

static struct policy *make_policy(const struct sshd_release *release) {
        CLEANUP(text_done) struct text text = { 0 };
        struct policy_sources sources = { .main = { BORROWED("bench"), NULL, 0 },
                                          .release = *release };
        struct diagnostics diagnostics = { 0 };
        struct policy *policy;

        (void)text_append(&text, "rules = (\n");
        for (size_t i = 0; i < N_ELEMENTS(rules); i++)
                (void)text_appendf(&text, "%s{ id = \"r%zu\"; %s; }", i > 0 ? ",\n" : "", i,
                                   rules[i]);
        (void)text_append(&text, " );");
        sources.main.data = text.data;
        sources.main.n = text.n;
        if (policy_parse(&sources, &policy, &diagnostics) < 0) {
                (void)fprintf(stderr, "%s\n", diagnostics.items[0].message);
                exit(2);
        }
        return policy;
}

/* ---- the files ---- */

struct file {
        char *path, *data;
        size_t n;
};

struct tree {
        const char *root; /* NULL: FILES are all there is */
        struct file *files;
        size_t n_files;
        bool is_from_disk;
};

static int read_path(const char *path, char **ret_data, size_t *ret_n) {
        char buffer[65536];
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t n = fd >= 0 ? read(fd, buffer, sizeof buffer) : -1;

        if (fd >= 0)
                (void)close(fd);
        *ret_data = n >= 0 ? malloc((size_t)n + 1) : NULL;
        if (!*ret_data)
                return -ENOENT;
        memcpy(*ret_data, buffer, (size_t)n);
        *ret_n = (size_t)n;
        return 0;
}

static int tree_read(void *userdata, const char *path, char **ret_data, size_t *ret_n) {
        const struct tree *tree = userdata;

        if (tree->is_from_disk) {
                CLEANUP_FREE char *full = text_format("%s%s", tree->root, path);

                return read_path(full, ret_data, ret_n);
        }
        for (size_t i = 0; i < tree->n_files; i++) {
                if (strcmp(tree->files[i].path, path) != 0)
                        continue;
                *ret_data = malloc(tree->files[i].n + 1);
                if (!*ret_data)
                        return -ENOMEM;
                memcpy(*ret_data, tree->files[i].data, tree->files[i].n);
                *ret_n = tree->files[i].n;
                return 0;
        }
        return -ENOENT;
}

/* Drop-ins are the only files beside the main one. */
static int tree_glob(void *userdata, const char *pattern, char ***ret_paths, size_t *ret_n) {
        const struct tree *tree = userdata;

        *ret_paths = NULL;
        *ret_n = 0;
        if (tree->is_from_disk) {
                CLEANUP_FREE char *full = text_format("%s%s", tree->root, pattern);
                glob_t found;
                int r = 0;

                if (glob(full, 0, NULL, &found) != 0)
                        return 0;
                for (size_t i = 0; i < found.gl_pathc && r == 0; i++)
                        r = strings_append(ret_paths, ret_n,
                                           found.gl_pathv[i] + strlen(tree->root));
                globfree(&found);
                return r;
        }
        for (size_t i = 1; i < tree->n_files; i++)
                if (strings_append(ret_paths, ret_n, tree->files[i].path) < 0)
                        return -ENOMEM;
        return 0;
}

static void load_tree(const char *root, struct tree *tree) {
        char **paths = NULL;
        size_t n = 0;

        *tree = (struct tree){ .root = root, .is_from_disk = true };
        if (strings_append(&paths, &n, "/etc/ssh/sshd_config") < 0)
                abort();
        {
                char **dropins;
                size_t n_dropins;

                if (tree_glob(tree, "/etc/ssh/sshd_config.d/*.conf", &dropins, &n_dropins) < 0)
                        abort();
                for (size_t i = 0; i < n_dropins; i++)
                        if (strings_append(&paths, &n, dropins[i]) < 0)
                                abort();
                strings_free(dropins, n_dropins);
        }
        tree->files = calloc(n, sizeof *tree->files);
        if (!tree->files)
                abort();
        for (size_t i = 0; i < n; i++) {
                tree->files[i].path = paths[i];
                if (tree_read(tree, paths[i], &tree->files[i].data, &tree->files[i].n) < 0) {
                        (void)fprintf(stderr, "%s%s: cannot be read\n", root, paths[i]);
                        exit(2);
                }
        }
        tree->n_files = n;
        free(paths);
        tree->is_from_disk = false;
}

/* ---- measuring ---- */

static double now_us(void) {
        struct timespec now;

        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static struct sshd_config *parse(struct tree *tree, const char *release,
                                 const struct accounts *accounts) {
        const struct sshd_environment environment = { .userdata = tree,
                                                      .glob = tree_glob,
                                                      .read = tree_read };
        struct sshd_source source = { .path = "/etc/ssh/sshd_config",
                                      .cwd = "/",
                                      .accounts = accounts };
        struct sshd_config *config;

        if (!sshd_release_parse(release, &source.release) ||
            sshd_config_load(&source, &environment, &config) < 0)
                abort();
        if (sshd_config_refusal(config)) {
                (void)fprintf(stderr, "refused: %s\n", sshd_config_refusal(config)->reason);
                exit(2);
        }
        return config;
}

static size_t judge(const struct policy *policy, const struct sshd_config *config,
                    const struct accounts *accounts) {
        CLEANUP(findings_done) struct findings findings = { 0 };

        for (size_t i = 0; i < policy->n_rules; i++)
                if (policy_judge_sshd(&policy->rules[i], config, accounts, &findings) < 0)
                        abort();
        return findings.n_items;
}

static int compare(const void *a, const void *b) {
        double x = *(const double *)a, y = *(const double *)b;

        return (x > y) - (x < y);
}

struct times {
        double *items;
        size_t n;
};

static void times_add(struct times *times, double value) {
        if (ARRAY_GROW(times->items, times->n) < 0)
                abort();
        times->items[times->n++] = value;
}

static double times_at(struct times *times, double share) {
        qsort(times->items, times->n, sizeof times->items[0], compare);
        return times->items[(size_t)((double)(times->n - 1) * share)];
}

/* Its time on the wall, and on the processor in *RET_CPU. */
static double run_sshd(double *ret_cpu) {
        char *const argv[] = { BORROWED("/usr/sbin/sshd"), BORROWED("-T"), BORROWED("-C"),
                               BORROWED("user=root,host=h,addr=203.0.113.9,lport=22"), NULL };
        posix_spawn_file_actions_t actions;
        double start = now_us();
        struct rusage usage;
        int status;
        pid_t pid;

        (void)posix_spawn_file_actions_init(&actions);
        (void)posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
        if (posix_spawn(&pid, argv[0], &actions, NULL, argv, environ) != 0 ||
            wait4(pid, &status, 0, &usage) < 0 || status != 0) {
                (void)fprintf(stderr, "sshd -T failed\n");
                exit(2);
        }
        (void)posix_spawn_file_actions_destroy(&actions);
        *ret_cpu = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
                   (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
        return now_us() - start;
}

static void print_row(const char *name, struct times *times) {
        printf("%-34s %10.1f %10.1f %10.1f\n", name, times_at(times, 0), times_at(times, 0.5),
               times_at(times, 0.99));
}

static int beside_sshd(const char *root, const char *release, unsigned count) {
        struct times sshd = { 0 }, sshd_cpu = { 0 }, read = { 0 }, parsing = { 0 }, judging = { 0 },
                     both = { 0 };
        CLEANUP_FREE char *passwd = text_format("%s/etc/passwd", root);
        CLEANUP_FREE char *group = text_format("%s/etc/group", root);
        struct file files[2] = { 0 };
        struct accounts accounts;
        struct sshd_release parsed;
        struct policy *policy;
        struct tree tree;
        size_t n_findings = 0;

        if (read_path(passwd, &files[0].data, &files[0].n) < 0 ||
            read_path(group, &files[1].data, &files[1].n) < 0 ||
            accounts_parse(files[0].data, files[0].n, files[1].data, files[1].n, &accounts) < 0 ||
            !sshd_release_parse(release, &parsed))
                return 2;
        policy = make_policy(&parsed);
        load_tree(root, &tree);
        for (unsigned i = 0; i < count; i++) {
                struct tree disk = { .root = root, .is_from_disk = true };
                double start = now_us(), middle, end;
                struct sshd_config *config = parse(&disk, release, &accounts);

                times_add(&read, now_us() - start);
                sshd_config_free(config);
                start = now_us();
                config = parse(&tree, release, &accounts);
                middle = now_us();
                n_findings = judge(policy, config, &accounts);
                end = now_us();
                times_add(&parsing, middle - start);
                times_add(&judging, end - middle);
                times_add(&both, end - start);
                sshd_config_free(config);
        }
        if (chroot(root) < 0 || chdir("/") < 0)
                return 2;
        for (unsigned i = 0; i < count; i++) {
                double cpu;

                times_add(&sshd, run_sshd(&cpu));
                times_add(&sshd_cpu, cpu);
        }
        printf("OpenSSH %s, %zu files, %zu rules, %zu findings\n", release, tree.n_files,
               policy->n_rules, n_findings);
        printf("%-34s %10s %10s %10s\n", "microseconds", "best", "median", "99 %");
        print_row("sshd -T", &sshd);
        print_row("sshd -T, on the processor", &sshd_cpu);
        print_row("parse, files in memory", &parsing);
        print_row("judge", &judging);
        print_row("both", &both);
        print_row("parse, files read from disk", &read);
        printf("sshd -T takes %.0f times as long as both (best), on the processor %.0f times\n",
               times_at(&sshd, 0) / times_at(&both, 0),
               times_at(&sshd_cpu, 0.5) / times_at(&both, 0));
        return 0;
}

/* ---- growth ---- */

/* Blocks as they come on a large machine: users, groups, networks, some of both. */
static void append_usual(struct text *text, unsigned i) {
        switch (i % 5) {
        case 0:
                (void)text_appendf(text, "Match User user%u\n", i);
                break;
        case 1:
                (void)text_appendf(text, "Match Group group%u\n", i);
                break;
        case 2:
                (void)text_appendf(text, "Match Address 10.%u.%u.0/24\n", i >> 8 & 255, i & 255);
                break;
        case 3:
                (void)text_appendf(text, "Match User deploy%u Address 192.168.%u.0/24\n", i,
                                   i & 255);
                break;
        default:
                (void)text_appendf(text, "Match User app%u-*\n", i);
        }
        (void)text_appendf(text, "PasswordAuthentication %s\nX11Forwarding no\nAcceptEnv LC_%u\n",
                           i % 4 ? "no" : "yes", i);
}

static void append_infixes(struct text *text, unsigned i) {
        (void)text_appendf(text, "Match User *%c%c*\nPasswordAuthentication yes\nDenyUsers u%u\n",
                           'a' + i % 26, 'a' + i / 26 % 26, i);
}

/* Each needs what all the ones before it take away. */
static void append_puzzle(struct text *text, unsigned i) {
        (void)text_appendf(text,
                           "Match User *%c*,*%c* Address 10.*.%u,10.?.%u.* LocalAddress *.%u.*\n"
                           "PasswordAuthentication %s\n",
                           'a' + i * 7 % 26, 'a' + i * 11 % 26, i % 10, i % 9, i % 8,
                           i % 2 ? "yes" : "no");
}

static void grow(const char *name, void (*append)(struct text *text, unsigned i)) {
        static const unsigned sizes[] = { 1, 10, 100, 300, 1000 };
        static const char passwd[] = "root:x:0:0::/root:/bin/sh\nbob:x:1:1::/home/bob:/bin/sh\n";
        static const char group[] = "root:x:0:\ngroup1:x:1:bob\n";
        struct accounts accounts;
        struct sshd_release release;
        struct policy *policy;

        if (accounts_parse(passwd, strlen(passwd), group, strlen(group), &accounts) < 0 ||
            !sshd_release_parse("10.0", &release))
                abort();
        policy = make_policy(&release);
        printf("\n%-22s %12s %12s %10s\n", name, "parse us", "judge us", "findings");
        for (size_t i = 0; i < N_ELEMENTS(sizes); i++) {
                struct text text = { 0 };
                struct file file = { .path = BORROWED("/etc/ssh/sshd_config") };
                struct tree tree = { .files = &file, .n_files = 1 };
                double parsing = 1e12, judging = 1e12;
                size_t n_findings = 0;

                for (unsigned k = 0; k < sizes[i]; k++)
                        append(&text, k);
                file.data = text.data;
                file.n = text.n;
                for (int k = 0; k < 3; k++) {
                        double start = now_us(), middle;
                        struct sshd_config *config = parse(&tree, "10.0", &accounts);

                        middle = now_us();
                        n_findings = judge(policy, config, &accounts);
                        judging = now_us() - middle < judging ? now_us() - middle : judging;
                        parsing = middle - start < parsing ? middle - start : parsing;
                        sshd_config_free(config);
                }
                printf("%8u Match blocks %12.0f %12.0f %10zu\n", sizes[i], parsing, judging,
                       n_findings);
                text_done(&text);
        }
        policy_free(policy);
        accounts_done(&accounts);
}

int main(int argc, char **argv) {
        if (argc >= 3)
                return beside_sshd(argv[1], argv[2],
                                   argc > 3 ? (unsigned)strtoul(argv[3], NULL, 10) : 200);
        grow("usual blocks", append_usual);
        grow("overlapping globs", append_infixes);
        grow("puzzles", append_puzzle);
        return 0;
}
