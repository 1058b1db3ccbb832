/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The promise of sshd/contexts.h, on random cases: whatever value a keyword has for a connection,
 * one of the contexts derived for the keyword has it too; and sshd serves every context.
 *
 * oracle_contexts --count N --seed S              checks N triples (configuration, keyword,
 * connection) oracle_contexts --show N --seed S --release V   prints configurations and contexts
 * for N keywords, as tests/oracle/contexts replays them with the real sshd
 * --passwd FILE --group FILE: other accounts than the built-in ones. */

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "../unit/sshd/memory_tree.h"
#include "base/address.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "sshd/contexts.h"
#include "sshd/dump.h"
#include "sshd/effective.h"

enum {
        PER_CONFIG = 4,  /* keywords and connections each: contexts are derived once for each */
        CONNECTIONS = 5, /* per keyword */
        BLOCKS_MAX = 6,
};

static const char passwd_text[] = "root:x:0:0::/root:/bin/bash\n"
                                  "alice:x:1000:1000::/home/alice:/bin/bash\n"
                                  "bob:x:1001:1001::/home/bob:/bin/sh\n"
                                  "ab:x:1002:1002::/home/ab:/bin/sh\n"
                                  "backup:x:34:34::/var/backups:/usr/sbin/nologin\n"
                                  "dave:x:1003:1001::/home/dave:/bin/sh\n";
static const char group_text[] = "root:x:0:\nalice:x:1000:\nbob:x:1001:\nab:x:1002:\nbackup:x:34:\n"
                                 "wheel:x:2000:alice,bob\nsshauth:x:2001:ab,dave,root\n";

static uint64_t random_state;

static unsigned pick(unsigned n) {
        random_state = random_state * 6364136223846793005ULL + 1442695040888963407ULL;
        return (unsigned)(random_state >> 33) % n;
}

#define PICK(array) ((array)[pick(N_ELEMENTS(array))])

/* ---- configurations ---- */

static const struct theme {
        const char *keyword;
        const char *values[4];
        const char *since; /* the first release that takes it in Match blocks, or "" */
} themes[] = {
        { "PasswordAuthentication", { "yes", "no", "yes", "no" }, "" },
        { "PermitRootLogin", { "yes", "no", "prohibit-password", "forced-commands-only" }, "" },
        { "MaxAuthTries", { "1", "2", "3", "4" }, "" },
        { "ForceCommand", { "none", "/bin/a", "/bin/b c", "none" }, "" },
        { "AuthenticationMethods", { "publickey", "password publickey", "any", "password" }, "" },
        { "AuthorizedKeysFile", { "none", "/k/%u", ".ssh/a .ssh/b", ".ssh/a" }, "" },
        { "PermitOpen", { "any", "none", "a:1", "a:1 b:2" }, "" },
        { "SetEnv", { "A=1", "A=2 B=3", "B=1", "C=1" }, "" },
        { "AllowUsers", { "a", "b c", "root", "x@10.0.0.0/8" }, "" },
        { "DenyUsers", { "a", "b", "c", "d e" }, "" },
        { "AllowGroups", { "g", "h", "wheel", "g" }, "" },
        { "AcceptEnv", { "LANG", "LC_*", "X", "LANG Y" }, "" },
        { "IPQoS", { "ef", "af11 cs1", "none", "lowdelay" }, "" },
        { "RekeyLimit", { "1G", "1G 1h", "default 2h", "default none" }, "" },
        { "StreamLocalBindMask", { "0177", "0111", "0", "0777" }, "" },
        { "AuthorizedPrincipalsCommand", { "/bin/p", "/bin/q x", "none", "/bin/r" }, "" },
        { "AuthorizedKeysCommand", { "/bin/p", "/bin/q x", "none", "/bin/r" }, "" },
        { "PubkeyAcceptedKeyTypes", { "ssh-ed25519", "-ssh-rsa", "+ssh-rsa", "^ssh-rsa" }, "" },
        { "UnusedConnectionTimeout", { "none", "1m", "2m", "1h" }, "9.2" },
        { "ChannelTimeout", { "none", "a=1m", "a=1m b=2", "b=1" }, "9.2" },
        { "Subsystem", { "a /bin/a", "b /bin/b", "a /bin/c", "c /bin/c" }, "9.5" },
};

static const char *const releases[] = { "8.4", "8.9", "9.2", "9.6", "9.9", "10.0", "10.3", "10.5" };

static void append_name_pattern(struct text *text) {
        static const char *const pieces[] = {
                "*", "*", "?", "a", "b", "al", "o", "root", "e", "bob"
        };

        for (unsigned n = pick(4) + 1; n > 0; n--)
                (void)text_append(text, PICK(pieces));
}

static void append_network(struct text *text) {
        static const unsigned octets[] = { 10, 192, 1, 2, 7, 203, 0 };
        static const unsigned lengths[] = { 0, 7, 8, 9, 16, 24, 25, 31, 32 };
        unsigned bits = PICK(lengths), address = 0;

        for (int i = 0; i < 4; i++)
                address = address << 8 | PICK(octets);
        address &= bits == 0 ? 0 : ~0U << (32 - bits);
        (void)text_appendf(text, "%u.%u.%u.%u", address >> 24, address >> 16 & 255,
                           address >> 8 & 255, address & 255);
        if (bits < 32 || pick(2))
                (void)text_appendf(text, "/%u", bits);
}

static void append_address(struct text *text) {
        static const char *const others[] = {
                "*",    "10.*",      "*.7",           "10.?.*",        "*2*",
                "1?.*", "*.*.1.*",   "192.0.2.*",     "2001:db8::/32", "2001:db8::/48",
                "::/0", "fe80::/10", "2001:db8::7",   "::1",           "2001:db8:*",
                "*7",   "*:*",       "::ffff:0:0/96", "foo.example",   "10.7.?.7",
        };

        if (pick(2))
                append_network(text);
        else
                (void)text_append(text, PICK(others));
}

static void append_host(struct text *text) {
        static const char *const hosts[] = {
                "*.example.com", "a*",   "db?.*", "10.*", "10.7.1.2",
                "db1.x",         "Gate", "*e*",   "*",    "2001:db8::7"
        };

        (void)text_append(text, PICK(hosts));
}

static void append_list(struct text *text, void (*append)(struct text *text)) {
        for (unsigned n = pick(3) + 1; n > 0; n--) {
                if (pick(4) == 0)
                        (void)text_append_char(text, '!');
                append(text);
                (void)text_append(text, n > 1 ? "," : "");
        }
}

static void append_group(struct text *text) {
        static const char *const groups[] = {
                "wheel", "sshauth", "*", "root", "b*", "nosuch", "?ob"
        };

        (void)text_append(text, PICK(groups));
}

static void append_rdomain(struct text *text) {
        static const char *const domains[] = { "vrf-a", "vrf-*", "*", "?*", "b" };

        (void)text_append(text, PICK(domains));
}

static void append_criterion(struct text *text, const struct sshd_release *release) {
        switch (pick(release->number >= 909 ? 12 : 11)) {
        case 0:
        case 1:
        case 2:
        case 3:
                (void)text_append(text, " User ");
                append_list(text, append_name_pattern);
                break;
        case 4:
                (void)text_append(text, " Group ");
                append_list(text, append_group);
                break;
        case 5:
        case 6:
                (void)text_append(text, " Address ");
                append_list(text, append_address);
                break;
        case 7:
                (void)text_append(text, " Host ");
                append_list(text, append_host);
                break;
        case 8:
                (void)text_append(text, " LocalAddress ");
                append_list(text, append_address);
                break;
        case 9:
                (void)text_appendf(text, " LocalPort %s", pick(2) ? "22" : "2222");
                break;
        case 10:
                (void)text_append(text, " RDomain ");
                append_list(text, append_rdomain);
                break;
        default:
                (void)text_append(text, " invalid-user");
        }
}

static void append_setting(struct text *text, const struct theme *const *chosen, size_t n) {
        const struct theme *theme = chosen[pick((unsigned)n)];

        (void)text_appendf(text, "%s %s\n", theme->keyword, PICK(theme->values));
}

static void append_blocks(struct text *text, const struct theme *const *chosen, size_t n,
                          const struct sshd_release *release, const char *include) {
        for (unsigned i = pick(BLOCKS_MAX + 1); i > 0; i--) {
                (void)text_append(text, "Match");
                if (pick(20) == 0)
                        (void)text_append(text, " all");
                else
                        for (unsigned k = pick(4) == 0 ? 2 : 1; k > 0; k--)
                                append_criterion(text, release);
                (void)text_append_char(text, '\n');
                for (unsigned k = pick(3); k > 0; k--)
                        append_setting(text, chosen, n);
                if (include && pick(6) == 0)
                        (void)text_appendf(text, "Include %s\n", include);
                if (pick(60) == 0)
                        (void)text_append(text, "Banner ~no-such-user/x\n");
                append_setting(text, chosen, n);
        }
}

struct world {
        struct sshd_release release;
        const char *version;
        struct accounts accounts;
        struct text main, included;
        const struct theme *chosen[PER_CONFIG];
        struct sshd_config *config;
        bool use_dns;
};

static bool is_known(const struct theme *theme, const struct sshd_release *release) {
        struct sshd_release since;

        return !*theme->since ||
               (sshd_release_parse(theme->since, &since) && release->number >= since.number);
}

static void make_config(struct world *world) {
        struct memory_file files[2];
        struct memory_tree tree = { files, 2 };

        text_done(&world->main);
        text_done(&world->included);
        sshd_config_free(world->config);
        world->config = NULL;
        for (size_t i = 0; i < PER_CONFIG; i++)
                do
                        world->chosen[i] = &PICK(themes);
                while (!is_known(world->chosen[i], &world->release));
        world->use_dns = pick(3) == 0;
        (void)text_append(&world->main, "AuthorizedKeysCommandUser nobody\n"
                                        "AuthorizedPrincipalsCommandUser nobody\n");
        if (world->use_dns)
                (void)text_append(&world->main, "UseDNS yes\n");
        for (unsigned i = pick(4); i > 0; i--)
                append_setting(&world->main, world->chosen, PER_CONFIG);
        append_blocks(&world->main, world->chosen, PER_CONFIG, &world->release,
                      "/etc/ssh/included");
        append_setting(&world->included, world->chosen, PER_CONFIG);
        append_blocks(&world->included, world->chosen, PER_CONFIG, &world->release, NULL);
        files[0] = (struct memory_file){ "/etc/ssh/sshd_config", text_get(&world->main) };
        files[1] = (struct memory_file){ "/etc/ssh/included", text_get(&world->included) };
        if (memory_load_as(world->version, &tree, &world->accounts, &world->config) < 0)
                abort();
}

/* ---- connections ---- */

static char *take_or_die(struct text *text) {
        char *taken = text_take(text);

        if (!taken)
                abort();
        return taken;
}

static char *draw_user(const struct accounts *accounts) {
        static const char letters[] = "abeloxrt?*";
        struct text text = { 0 };

        if (pick(2))
                (void)text_append(&text, accounts->items[pick((unsigned)accounts->n_items)].name);
        else
                for (unsigned n = pick(6) + 1; n > 0; n--)
                        (void)text_append_char(&text, letters[pick(sizeof letters - 1)]);
        return take_or_die(&text);
}

static char *draw_address(void) {
        static const unsigned octets[] = { 10, 192, 1, 2, 7, 203, 0, 17, 72, 255 };
        static const char *const others[] = { "2001:db8::7", "2001:db8:1::1", "fe80::1",
                                              "::1",         "2001:db9::",    "1:2:3:4:5:6:7:8" };
        struct text text = { 0 };

        if (pick(4) == 0)
                (void)text_append(&text, PICK(others));
        else
                (void)text_appendf(&text, "%u.%u.%u.%u", PICK(octets), PICK(octets), PICK(octets),
                                   PICK(octets));
        return take_or_die(&text);
}

static void draw_connection(const struct world *world, struct sshd_connection *ret) {
        static const char *const hosts[] = {
                "a.example.com",    "db1.x", "db22.y",   "gate", "10.x",
                "mail.example.org", "e",     "localhost"
        };
        static const char *const domains[] = { "", "", "vrf-a", "vrf-b", "b", "q" };
        static const int ports[] = { 22, 2222, 443 };

        sshd_connection_init(ret);
        ret->user = draw_user(&world->accounts);
        ret->addr = draw_address();
        ret->laddr = draw_address();
        ret->host = strdup(world->use_dns && pick(4) ? PICK(hosts) : ret->addr);
        ret->rdomain = strdup(PICK(domains));
        ret->lport = PICK(ports);
        ret->invalid_user =
                world->release.number >= 909 && !accounts_find(&world->accounts, ret->user);
}

/* ---- the check ---- */

/* The keyword's value, a line per element; NULL: sshd dies of this connection. */
static char *value_for(const struct world *world, const char *keyword,
                       const struct sshd_connection *connection) {
        struct sshd_effective *effective = NULL;
        const struct sshd_setting *setting;
        struct text text = { 0 };
        int r = sshd_effective_new(world->config, connection, &world->accounts, &effective, NULL);

        if (r == -EINVAL)
                return NULL;
        setting = r == 0 ? sshd_effective_get(effective, keyword) : NULL;
        if (!setting)
                abort();
        for (size_t i = 0; i < setting->n_values; i++)
                (void)text_appendf(&text, "%s\n", setting->values[i]);
        sshd_effective_free(effective);
        return take_or_die(&text);
}

/* The values of all contexts; a context that sshd does not serve, or that is no possible
 * connection, is a failure. */
static bool value_contexts(const struct world *world, const char *keyword,
                           const struct sshd_contexts *contexts, char ***ret) {
        *ret = calloc(contexts->n_items + 1, sizeof **ret);
        if (!*ret)
                abort();
        for (size_t i = 0; i < contexts->n_items; i++) {
                const struct sshd_connection *item = &contexts->items[i];
                struct address address;
                bool is_possible =
                        item->user && item->addr && item->host && item->lport > 0 &&
                        (strcmp(item->host, item->addr) == 0 ||
                         (world->use_dns && !address_parse(item->host, NULL, NULL, &address)));

                (*ret)[i] = value_for(world, keyword, item);
                if ((*ret)[i] && is_possible)
                        continue;
                printf("impossible: user=%s host=%s addr=%s of %s\n", item->user, item->host,
                       item->addr, keyword);
                return false;
        }
        return true;
}

static bool is_among(char *const *values, size_t n, const char *value) {
        for (size_t i = 0; i < n; i++)
                if (strcmp(values[i], value) == 0)
                        return true;
        return false;
}

struct tally {
        unsigned long triples, misses, contexts, dead, cut, refused;
};

static void complain(const struct world *world, const char *keyword, const char *value,
                     const struct sshd_connection *connection) {
        CLEANUP_FREE char *spec = sshd_connection_format(connection);

        printf("--- OpenSSH %s: %s of -C %s is in no context:\n%s%s--- included:\n%s\n",
               world->version, keyword, spec, value, text_get(&world->main),
               text_get(&world->included));
}

static void check_keyword(const struct world *world, const char *keyword, struct tally *tally) {
        CLEANUP(sshd_contexts_done) struct sshd_contexts contexts = { 0 };
        char **values = NULL;

        if (sshd_contexts_new(world->config, keyword, &world->accounts, NULL, &contexts) < 0)
                abort();
        tally->contexts += contexts.n_items;
        tally->cut += !contexts.complete;
        if (!value_contexts(world, keyword, &contexts, &values)) {
                tally->misses++;
                complain(world, keyword, "", &contexts.items[0]);
        } else {
                for (int i = 0; i < CONNECTIONS; i++) {
                        CLEANUP(sshd_connection_done) struct sshd_connection connection;
                        CLEANUP_FREE char *value = NULL;

                        draw_connection(world, &connection);
                        value = value_for(world, keyword, &connection);
                        tally->dead += !value;
                        tally->triples += value != NULL;
                        if (!value || is_among(values, contexts.n_items, value) ||
                            !contexts.complete)
                                continue;
                        tally->misses++;
                        complain(world, keyword, value, &connection);
                }
        }
        strings_free(values, contexts.n_items);
}

static int check(struct world *world, const char *release, unsigned long count) {
        struct tally tally = { 0 };

        while (tally.triples < count && tally.misses < 5) {
                world->version = release ? release : PICK(releases);
                if (!sshd_release_parse(world->version, &world->release))
                        abort();
                make_config(world);
                if (sshd_config_refusal(world->config)) {
                        tally.refused++;
                        continue;
                }
                for (size_t i = 0; i < PER_CONFIG; i++)
                        check_keyword(world, world->chosen[i]->keyword, &tally);
        }
        printf("%lu triples, %lu misses; %lu contexts, %lu incomplete answers, %lu connections "
               "that "
               "sshd drops, %lu refused configurations\n",
               tally.triples, tally.misses, tally.contexts, tally.cut, tally.dead, tally.refused);
        return tally.misses > 0;
}

/* ---- for the replay ---- */

/* The lines of `sshd -T` that hold the keyword. */
static char *lines_of(const struct sshd_effective *effective, const char *keyword) {
        const char *name = sshd_effective_get(effective, keyword)->keyword;
        CLEANUP(text_done) struct text all = { 0 };
        struct text text = { 0 };
        size_t n_name = strlen(name);

        if (sshd_effective_format(effective, &all) < 0)
                abort();
        for (const char *line = text_get(&all); *line;) {
                size_t n = strcspn(line, "\n") + 1;

                if (strncasecmp(line, name, n_name) == 0 && line[n_name] == ' ')
                        (void)text_append_n(&text, line, n);
                line += n;
        }
        return take_or_die(&text);
}

/* "main N\n" and N bytes, "included N\n" and N bytes, then "context NAME N M\n", N bytes of a -C
 * spec and M bytes of what `sshd -T` prints of the keyword NAME. */
static void show_keyword(const struct world *world, const char *keyword) {
        CLEANUP(sshd_contexts_done) struct sshd_contexts contexts = { 0 };

        if (sshd_contexts_new(world->config, keyword, &world->accounts, NULL, &contexts) < 0)
                abort();
        for (size_t i = 0; i < contexts.n_items; i++) {
                CLEANUP_FREE char *spec = sshd_connection_format(&contexts.items[i]);
                CLEANUP_FREE char *lines = NULL;
                struct sshd_effective *effective = NULL;

                if (!spec || sshd_effective_new(world->config, &contexts.items[i], &world->accounts,
                                                &effective, NULL) < 0)
                        abort();
                lines = lines_of(effective, keyword);
                printf("context %s %zu %zu\n%s%s", sshd_effective_get(effective, keyword)->keyword,
                       strlen(spec), strlen(lines), spec, lines);
                sshd_effective_free(effective);
        }
}

static int show(struct world *world, const char *release, unsigned long count) {
        world->version = release;
        if (!sshd_release_parse(release, &world->release)) {
                (void)fprintf(stderr, "no release: %s\n", release);
                return 2;
        }
        while (count > 0) {
                make_config(world);
                if (sshd_config_refusal(world->config))
                        continue;
                printf("main %zu\n%sincluded %zu\n%s", world->main.n, text_get(&world->main),
                       world->included.n, text_get(&world->included));
                for (size_t i = 0; i < PER_CONFIG && count > 0; i++, count--)
                        show_keyword(world, world->chosen[i]->keyword);
        }
        return 0;
}

/* ---- the call ---- */

static char *read_file(const char *path) {
        struct text text = { 0 };
        FILE *file = fopen(path, "re");
        char buffer[4096];
        size_t n;

        if (!file) {
                perror(path);
                exit(2);
        }
        while ((n = fread(buffer, 1, sizeof buffer, file)) > 0)
                (void)text_append_n(&text, buffer, n);
        (void)fclose(file);
        return take_or_die(&text);
}

int main(int argc, char **argv) {
        const char *passwd = passwd_text, *group = group_text, *release = NULL;
        CLEANUP_FREE char *own_passwd = NULL, *own_group = NULL;
        unsigned long count = 2000, n_shown = 0;
        struct world world = { 0 };
        int r;

        for (int i = 1; i + 1 < argc; i += 2) {
                if (strcmp(argv[i], "--count") == 0)
                        count = strtoul(argv[i + 1], NULL, 10);
                else if (strcmp(argv[i], "--show") == 0)
                        n_shown = strtoul(argv[i + 1], NULL, 10);
                else if (strcmp(argv[i], "--seed") == 0)
                        random_state = strtoull(argv[i + 1], NULL, 10) * 2654435761U + 1;
                else if (strcmp(argv[i], "--release") == 0)
                        release = argv[i + 1];
                else if (strcmp(argv[i], "--passwd") == 0)
                        passwd = own_passwd = read_file(argv[i + 1]);
                else if (strcmp(argv[i], "--group") == 0)
                        group = own_group = read_file(argv[i + 1]);
        }
        if (accounts_parse(passwd, strlen(passwd), group, strlen(group), &world.accounts) < 0)
                return 2;
        r = n_shown ? show(&world, release ? release : "9.2", n_shown)
                    : check(&world, release, count);
        sshd_config_free(world.config);
        accounts_done(&world.accounts);
        text_done(&world.main);
        text_done(&world.included);
        return r;
}
