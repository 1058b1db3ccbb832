/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/address.h"
#include "base/cleanup.h"

static uint32_t scope_of_lo(void *userdata, const char *name) {
        (void)userdata;
        return strcmp(name, "lo") == 0 ? 1 : 0;
}

static void test_parse(void **state) {
        static const struct {
                const char *text, *expected; /* NULL: no address */
        } cases[] = {
                { "127.0.0.1", "127.0.0.1" },
                { "127.1", "127.0.0.1" },
                { "0x7f000001", "127.0.0.1" },
                { "0X7f.1", "127.0.0.1" },
                { "0177.0.0.1", "127.0.0.1" },
                { "4294967295", "255.255.255.255" },
                { "10", "0.0.0.10" },
                { "1.2.65535", "1.2.255.255" },
                { "1.2.65536", NULL },
                { "4294967296", NULL },
                { "256.1.1.1", NULL },
                { "1.2.3.4.5", NULL },
                { "1.2.3.4 ", NULL },
                { "08.1.1.1", NULL },
                { "0x", NULL },
                { "0xg", NULL },
                { "1.", NULL },
                { ".1", NULL },
                { "", NULL },
                { "*", NULL },
                { "1.2.3.4%lo", NULL },
                { "::", "::" },
                { "::1", "::1" },
                { "1::", "1::" },
                { "2001:DB8::A", "2001:db8::a" },
                { "2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1" },
                { "1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7" },
                { "1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0" },
                { "::ffff:1.2.3.4", "::ffff:1.2.3.4" },
                { "::1.2.3.4", "::1.2.3.4" },
                { "1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304" },
                { "1:2:3:4:5:6:7:1.2.3.4", NULL },
                { "::1.2.3.04", NULL },
                { "::1.2.3", NULL },
                { "::1.2.3.256", NULL },
                { "1:2:3:4:5:6:7:8:9", NULL },
                { "1:2:3:4:5:6:7", NULL },
                { "1::2::3", NULL },
                { ":1", NULL },
                { "1:", NULL },
                { ":", NULL },
                { ":::", NULL },
                { "12345::", NULL },
                { "::g", NULL },
                { "1:2:3:4::5:6:7:8", NULL },
                { "[::1]", NULL },
                { "fe80::1%lo", "fe80::1%1" },
                { "fe80::1%7", "fe80::1%7" },
                { "fe80::1%nosuch", NULL },
                { "fe80::1%", NULL },
                { "fe80::1%4294967296", NULL },
                { "fe80::1%3x", NULL },
                { "ff02::1%lo", "ff02::1%1" },
                { "2001:db8::1%lo", NULL },
                { "2001:db8::1%3", "2001:db8::1%3" },
        };

        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                char buffer[ADDRESS_TEXT_MAX];
                struct address address;
                bool is_one = address_parse(cases[i].text, scope_of_lo, NULL, &address);

                if (!cases[i].expected)
                        assert_false(is_one);
                else if (!is_one)
                        fail_msg("%s: not an address", cases[i].text);
                else
                        assert_string_equal(address_format(&address, buffer), cases[i].expected);
        }
}

static bool parse_with_libc(const char *text, struct address *ret) {
        struct addrinfo hints = { .ai_flags = AI_NUMERICHOST }, *info;

        if (getaddrinfo(text, NULL, &hints, &info) != 0)
                return false;
        memset(ret, 0, sizeof *ret);
        if (info->ai_family == AF_INET) {
                const struct sockaddr_in *in = (const void *)info->ai_addr;

                ret->family = 4;
                memcpy(ret->bytes, &in->sin_addr, 4);
        } else {
                const struct sockaddr_in6 *in6 = (const void *)info->ai_addr;

                ret->family = 6;
                ret->scope = in6->sin6_scope_id;
                memcpy(ret->bytes, &in6->sin6_addr, 16);
        }
        freeaddrinfo(info);
        return true;
}

/* Random texts of the letters addresses are made of, against the function sshd calls. */
static void test_parse_like_libc(void **state) {
        static const char letters[] = "0123456789abfx::::....:%";

        (void)state;
        srand(1);
        for (unsigned i = 0; i < 200000; i++) {
                char text[24], buffer[ADDRESS_TEXT_MAX], wanted[INET6_ADDRSTRLEN];
                unsigned n = (unsigned)rand() % 16;
                struct address address = { 0 }, expected = { 0 };
                bool is_one, is_expected;

                for (unsigned k = 0; k < n; k++)
                        text[k] = letters[(unsigned)rand() % (sizeof letters - 1)];
                text[n] = '\0';
                is_one = address_parse(text, NULL, NULL, &address);
                is_expected = parse_with_libc(text, &expected);
                if (is_one != is_expected)
                        fail_msg("'%s': %d instead of %d", text, is_one, is_expected);
                if (!is_one)
                        continue;
                assert_int_equal(address.family, expected.family);
                assert_int_equal(address.scope, expected.scope);
                assert_memory_equal(address.bytes, expected.bytes, address.family == 4 ? 4 : 16);
                address.scope = 0;
                (void)inet_ntop(address.family == 4 ? AF_INET : AF_INET6, address.bytes, wanted,
                                sizeof wanted);
                assert_string_equal(address_format(&address, buffer), wanted);
        }
}

static void test_network(void **state) {
        static const struct {
                const char *text;
                enum network_result old, strict;
        } cases[] = {
                { "1.2.3.0/24", NETWORK_OK, NETWORK_OK },
                { "1.2.3.4", NETWORK_OK, NETWORK_OK },
                { "0.0.0.0/0", NETWORK_OK, NETWORK_OK },
                { "::/0", NETWORK_OK, NETWORK_OK },
                { "10.0/8", NETWORK_OK, NETWORK_OK },
                { "10/8", NETWORK_BAD, NETWORK_BAD },
                { "1.2.3.4/24", NETWORK_BAD, NETWORK_BAD },
                { "1.2.3.4/33", NETWORK_BAD, NETWORK_BAD },
                { "1.2.3.4/129", NETWORK_NOT_ONE, NETWORK_BAD },
                { "::1/129", NETWORK_NOT_ONE, NETWORK_BAD },
                { "::1/99999999999", NETWORK_NOT_ONE, NETWORK_NOT_ONE },
                { "1.2.3.0/255.255.255.0", NETWORK_NOT_ONE, NETWORK_NOT_ONE },
                { "1.2.3.0/", NETWORK_NOT_ONE, NETWORK_NOT_ONE },
                { "1.2.3.0/+24", NETWORK_NOT_ONE, NETWORK_OK },
                { "1.2.3.0/ 24", NETWORK_NOT_ONE, NETWORK_OK },
                { "1.2.3.*", NETWORK_NOT_ONE, NETWORK_NOT_ONE },
                { "2001:db8::/33", NETWORK_OK, NETWORK_OK },
                { "2001:db8:8000::/32", NETWORK_BAD, NETWORK_BAD },
                { "1.2.3.4xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
                  NETWORK_NOT_ONE, NETWORK_NOT_ONE },
        };
        struct network network;
        struct address address;

        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                assert_int_equal(network_parse(cases[i].text, false, NULL, NULL, &network),
                                 cases[i].old);
                assert_int_equal(network_parse(cases[i].text, true, NULL, NULL, &network),
                                 cases[i].strict);
        }
        assert_int_equal(network_parse("1.2.4.0/23", false, NULL, NULL, &network), NETWORK_OK);
        assert_true(address_parse("1.2.5.9", NULL, NULL, &address));
        assert_true(network_contains(&network, &address));
        assert_true(address_parse("1.2.6.0", NULL, NULL, &address));
        assert_false(network_contains(&network, &address));
        assert_true(address_parse("::", NULL, NULL, &address));
        assert_false(network_contains(&network, &address));
}

static void test_list(void **state) {
        static const struct {
                const char *address, *list;
                int old, strict;
        } cases[] = {
                { "1.2.3.4", "1.2.3.4", 1, 1 },
                { "1.2.3.4", "10.0.0.0/8,1.2.3.0/24", 1, 1 },
                { "1.2.3.4", "!1.2.3.4,*", -1, -1 },
                { "1.2.3.4", "*,!1.2.3.4", -1, -1 },
                { "1.2.3.4", "!1.2.3.5", 0, 0 },
                { "1.2.3.4", "1.2.3.*", 1, 1 },
                { "1.2.3.4", "127.1,1.2.3.4,", -2, -2 },
                { "1.2.3.4", "", -2, -2 },
                { "1.2.3.4", "!", -2, -2 },
                { "1.2.3.4", "1.2.3.4/24", -2, -2 },
                { "1.2.3.4", "!1.2.3.4,1.2.3.4/24", -1, -1 },
                { "1.2.3.4", "1.2.3.4/129", 0, -2 },
                { "1.2.3.4", "::/0", 0, 0 },
                { "::ffff:1.2.3.4", "1.2.3.4", 0, 0 },
                { "fe80::1", "fe80::1%1", 0, 0 },
                { "fe80::1%1", "fe80::/10", 0, 0 },
                { "fe80::1%1", "fe80::%1/10", 1, 1 },
                { "UNKNOWN", "*", 0, 0 },
                { "UNKNOWN", "bad/,", 0, 0 },
                { NULL, "*,10.0.0.0/8", 0, 0 },
                { NULL, "10/8", -2, -2 },
                { NULL, "a,,b", -2, -2 },
        };

        (void)state;
        for (size_t i = 0; i < N_ELEMENTS(cases); i++) {
                assert_int_equal(
                        address_match_list(cases[i].address, cases[i].list, false, NULL, NULL),
                        cases[i].old);
                assert_int_equal(
                        address_match_list(cases[i].address, cases[i].list, true, NULL, NULL),
                        cases[i].strict);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_parse),
                cmocka_unit_test(test_parse_like_libc),
                cmocka_unit_test(test_network),
                cmocka_unit_test(test_list),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
