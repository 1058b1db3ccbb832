/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Regions against what trying all short strings finds. */
#include "cmocka_env.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../../daemon/sshd/regions.h"
#include "base/array.h"
#include "base/cleanup.h"
#include "base/pattern.h"

enum { N_PATTERNS = 4, PATTERN_MAX = 6 };

struct case_of {
        const char *patterns[N_PATTERNS];
        const struct network *networks;
        size_t n_networks;
        size_t n_given;
        bool seen[1 << 8];
        const char *unfit;
};

/* Which patterns and networks hold for TEXT, a bit each. */
static unsigned vector_of(const struct case_of *of, const char *text) {
        struct address address;
        unsigned vector = 0;

        for (size_t i = 0; i < N_PATTERNS; i++)
                vector |= (unsigned)pattern_match(text, of->patterns[i]) << i;
        for (size_t i = 0; i < of->n_networks; i++)
                vector |= (unsigned)(address_parse(text, NULL, NULL, &address) &&
                                     network_contains(&of->networks[i], &address))
                          << (N_PATTERNS + i);
        return vector;
}

static bool is_unfit(void *userdata, const char *string) {
        const struct case_of *of = userdata;

        return *string == '\0' || (of->unfit && strcmp(string, of->unfit) == 0);
}

static int take(void *userdata, const char *string) {
        struct case_of *of = userdata;
        unsigned vector = vector_of(of, string);

        assert_false(is_unfit(of, string));
        of->seen[vector] = true;
        of->n_given++;
        return 0;
}

static uint64_t seed = 7;

static unsigned pick(unsigned n) {
        seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
        return (unsigned)(seed >> 33) % n;
}

static void fail_case(const struct case_of *of, const char *text) {
        fail_msg("no example of the region of \"%s\": %s %s %s %s", text, of->patterns[0],
                 of->patterns[1], of->patterns[2], of->patterns[3]);
}

/* Every string of up to six of a, b and x is in a region with an example. */
static void check_strings(struct case_of *of) {
        const struct region_patterns patterns = { of->patterns, N_PATTERNS };
        const struct region_sink sink = { of, is_unfit, take };

        memset(of->seen, 0, sizeof of->seen);
        of->n_given = 0;
        assert_int_equal(regions_of_strings(&patterns, &sink), 1);
        for (unsigned n = 1; n <= 6; n++) {
                unsigned n_strings = 1;

                for (unsigned i = 0; i < n; i++)
                        n_strings *= 3;
                for (unsigned number = 0; number < n_strings; number++) {
                        char text[7] = { 0 };

                        for (unsigned i = 0, rest = number; i < n; i++, rest /= 3)
                                text[i] = "abx"[rest % 3];
                        if (!of->seen[vector_of(of, text)])
                                fail_case(of, text);
                }
        }
        for (size_t i = 0; i < N_ELEMENTS(of->seen); i++)
                of->n_given -= of->seen[i];
        assert_int_equal(of->n_given, 0); /* one example of each */
}

static void test_random_strings(void **state) {
        char text[N_PATTERNS][PATTERN_MAX + 1];
        struct case_of of = { 0 };

        (void)state;
        for (int round = 0; round < 150; round++) {
                for (size_t i = 0; i < N_PATTERNS; i++) {
                        size_t n = pick(PATTERN_MAX) + 1;

                        for (size_t k = 0; k < n; k++)
                                text[i][k] = "aabb?**"[pick(7)];
                        text[i][n] = '\0';
                        of.patterns[i] = text[i];
                }
                check_strings(&of);
        }
}

/* What must not be given has a neighbour that may. */
static void test_unfit(void **state) {
        struct case_of of = { .patterns = { "a*", "*b", "?", "a?" }, .unfit = "ab" };
        const struct region_patterns patterns = { of.patterns, N_PATTERNS };
        const struct region_sink sink = { &of, is_unfit, take };

        (void)state;
        assert_int_equal(regions_of_strings(&patterns, &sink), 1);
        assert_true(of.seen[1 << 0 | 1 << 1]);           /* a…b, longer than two */
        assert_true(of.seen[1 << 0 | 1 << 3]);           /* ax */
        assert_false(of.seen[1 << 0 | 1 << 1 | 1 << 3]); /* nothing but ab */
        assert_true(of.seen[0]);
}

static void test_bound(void **state) {
        CLEANUP_FREE char *text = malloc(40 * 8);
        const char *items[40];
        const struct region_patterns patterns = { items, 40 };
        struct case_of of = { .patterns = { "*", "*", "*", "*" } };
        const struct region_sink sink = { &of, is_unfit, take };

        (void)state;
        assert_non_null(text);
        for (int i = 0; i < 40; i++) {
                (void)snprintf(text + 8 * i, 8, "*%c%c*", 'a' + i % 20, 'a' + i / 20);
                items[i] = text + 8 * i;
        }
        assert_int_equal(regions_of_strings(&patterns, &sink), 0);
        assert_true(of.n_given > 40); /* the short ones are there all the same */
}

static struct network network(const char *text) {
        struct network network;

        assert_int_equal(network_parse(text, true, NULL, NULL, &network), NETWORK_OK);
        return network;
}

static void check_address(const struct case_of *of, const char *text) {
        if (!of->seen[vector_of(of, text)])
                fail_case(of, text);
}

static void test_ipv4(void **state) {
        const struct network networks[] = { network("10.0.0.0/9"), network("10.7.0.0/17"),
                                            network("0.0.0.0/0") };
        struct case_of of = { .patterns = { "10.*", "*.7", "1?.*", "10.7.?.*" },
                              .networks = networks,
                              .n_networks = 3 };
        const struct region_patterns patterns = { of.patterns, N_PATTERNS };
        const struct region_sink sink = { &of, is_unfit, take };

        (void)state;
        assert_int_equal(regions_of_ipv4(&patterns, networks, 3, &sink), 1);
        for (int i = 0; i < 200000; i++) {
                static const unsigned octets[] = { 10, 7, 1, 128, 127, 17, 107, 255, 0, 77 };
                char text[ADDRESS_TEXT_MAX];

                (void)snprintf(text, sizeof text, "%u.%u.%u.%u", octets[pick(10)], octets[pick(10)],
                               pick(4) ? pick(256) : octets[pick(10)], octets[pick(10)]);
                check_address(&of, text);
        }
}

static void test_ipv6(void **state) {
        const struct network networks[] = { network("2001:db8::/32"), network("2001:db8:7::/48"),
                                            network("fe80::/10") };
        struct case_of of = { .patterns = { "2001:*", "*7", "*e*", "?e8*:*" },
                              .networks = networks,
                              .n_networks = 3 };
        const struct region_patterns patterns = { of.patterns, N_PATTERNS };
        const struct region_sink sink = { &of, is_unfit, take };

        (void)state;
        assert_int_equal(regions_of_ipv6(&patterns, networks, 3, &sink), 1);
        for (int i = 0; i < 200000; i++) {
                static const unsigned groups[] = { 0x2001, 0xdb8, 7,    0xfe80, 0xe,
                                                   0xfe8,  0,     0x77, 0,      0xfebf };
                struct address address = { .family = 6 };
                char text[ADDRESS_TEXT_MAX];

                for (size_t k = 0; k < 8; k++) {
                        unsigned group = pick(4) ? groups[pick(10)] : pick(65536);

                        address.bytes[2 * k] = (uint8_t)(group >> 8);
                        address.bytes[2 * k + 1] = (uint8_t)group;
                }
                check_address(&of, address_format(&address, text));
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_random_strings), cmocka_unit_test(test_unfit),
                cmocka_unit_test(test_bound),          cmocka_unit_test(test_ipv4),
                cmocka_unit_test(test_ipv6),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
