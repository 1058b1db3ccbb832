/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Out of memory: every allocation fails once. Each time loading and evaluating say so or succeed,
 * and nothing crashes or leaks; with enough memory the result is always the same. */

#include "cmocka_env.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "memory_tree.h"
#include "sshd/config.h"
#include "sshd/dump.h"
#include "sshd/effective.h"

DEFINE_CLEANUP(cleanup_config, struct sshd_config, sshd_config_free)
DEFINE_CLEANUP(cleanup_effective, struct sshd_effective, sshd_effective_free)
DEFINE_CLEANUP(cleanup_refusal, struct sshd_refusal, sshd_refusal_free)

/* sanitizers bring an allocator of their own */
#if defined(__SANITIZE_ADDRESS__)
#define CAN_FAIL 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CAN_FAIL 0
#endif
#endif
#ifndef CAN_FAIL
#define CAN_FAIL 1
#endif

static long n_left = -1; /* allocations until one fails; negative: none does */

#if CAN_FAIL
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *pointer, size_t size);

static bool fails(void) {
        return n_left >= 0 && n_left-- == 0;
}

void *malloc(size_t size) {
        return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t n, size_t size) {
        return fails() ? NULL : __libc_calloc(n, size);
}

void *realloc(void *pointer, size_t size) {
        return fails() ? NULL : __libc_realloc(pointer, size);
}
#endif

static const struct memory_file files[] = {
        { "/etc/ssh/d", "PermitRootLogin no\nAcceptEnv A B\nMatch user bob\nBanner ~/x\nAllowUsers "
                        "a@1.2.3.4 b\n" },
        { "/etc/ssh/sshd_config",
          "Include d\nPort 1\nPort 2\nListenAddress 127.0.0.1\nListenAddress [::1]:5\n"
          "HostKey /a\nSubsystem a b \"c d\"\nSetEnv A=b C=d\nUseLogin yes\nCiphers ^aes256-cbc\n"
          "HostKeyAlgorithms -ssh-*\nMaxStartups 5:20:50\nPerSourcePenalties crash:1m\n"
          "AuthenticationMethods publickey,password keyboard-interactive\nIPQoS af21 17\n"
          "ForceCommand /bin/x y\nRekeyLimit 1G 1h\nPermitOpen a:1 b:*\nPermitListen 8\n"
          "PubkeyAuthOptions touch-required verify-required\nChannelTimeout session=5m\n"
          "Match host *.x.org address 10.0.0.0/8,!10.1.1.1 localport 22\nBanner none\n"
          "RSAAuthentication x\nBanner /y\nAuthorizedKeysFile .k\n" },
        { "/etc/ssh/bad", "NoSuch x\nPermitRootLogin\nMatch user bob\nUsePAM yes\n" },
        { "/etc/ssh/late", "Match user bob\nBanner ~nobody/x\nUseLogin y\nMatch all\nPort 1\n" },
};
static const char passwd[] = "root:x:0:0::/root:/bin/sh\nbob:x:1:1::/home/bob:/bin/sh\n";

/* Loads and evaluates once. Returns 0 with the dump or the refusal's message in RET, or a negative
 * errno. */
static int run_once(const char *path, const struct accounts *accounts, struct text *ret) {
        static struct memory_tree tree = { files, N_ELEMENTS(files) };
        const struct sshd_environment environment = { .userdata = &tree,
                                                      .glob = memory_glob,
                                                      .read = memory_read };
        struct sshd_connection connection = { .user = (char *)(uintptr_t) "bob",
                                              .host = (char *)(uintptr_t) "A.x.org",
                                              .addr = (char *)(uintptr_t) "10.0.0.1",
                                              .lport = 22 };
        struct sshd_source source = { .path = path, .cwd = "/", .accounts = accounts };
        CLEANUP(cleanup_config) struct sshd_config *config = NULL;
        CLEANUP(cleanup_effective) struct sshd_effective *effective = NULL;
        CLEANUP(cleanup_refusal) struct sshd_refusal *refusal = NULL;
        int r;

        (void)sshd_release_parse("OpenSSH_10.0p2 Debian-7", &source.release);
        r = sshd_config_load(&source, &environment, &config);
        if (r < 0)
                return r;
        if (sshd_config_refusal(config))
                return text_append(ret, sshd_config_refusal(config)->message);
        r = sshd_effective_new(config, &connection, accounts, &effective, &refusal);
        if (r == -EINVAL)
                return text_append(ret, refusal->message);
        return r < 0 ? r : sshd_effective_format(effective, ret);
}

static void check_file(const char *path, const struct accounts *accounts) {
        CLEANUP(text_done) struct text expected = { 0 };
        bool is_done = false;

        assert_int_equal(run_once(path, accounts, &expected), 0);
        for (long i = 0; !is_done; i++) {
                CLEANUP(text_done) struct text actual = { 0 };
                int r;

                n_left = CAN_FAIL ? i : -1;
                r = run_once(path, accounts, &actual);
                is_done = n_left >= 0 || !CAN_FAIL; /* no allocation was left to fail */
                n_left = -1;
                if (r < 0)
                        assert_int_equal(r, -ENOMEM);
                else
                        assert_string_equal(text_get(&actual), text_get(&expected));
        }
}

static void test_every_allocation(void **state) {
        CLEANUP(accounts_done) struct accounts accounts = { 0 };

        (void)state;
        assert_int_equal(accounts_parse(passwd, sizeof passwd - 1, NULL, 0, &accounts), 0);
        check_file("/etc/ssh/sshd_config", &accounts);
        check_file("/etc/ssh/bad", &accounts);
        check_file("/etc/ssh/late", &accounts);
        check_file("/etc/ssh/none", &accounts);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_every_allocation),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
