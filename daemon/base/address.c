/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Numeric addresses and address lists.
 *
 * OpenSSH hands every candidate to getaddrinfo(AI_NUMERICHOST), so what counts as an address is
 * what glibc reads: inet_aton(3) without trailing blanks for IPv4 (one to four parts, each decimal,
 * octal or hexadecimal), inet_pton(3) with an optional %scope for IPv6. A scope name is only looked
 * up for link-local and node-local addresses; everywhere else a scope is a number.
 *
 * Written out here because the functions of libc are no pure functions (scopes ask the kernel). */

#include "base/address.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/pattern.h"

enum {
        NETWORK_TEXT_MAX = 64, /* addr.c: a longer text is no address */
        MASK_MAX_OLD = 128,    /* before 9.8 a larger mask length was no mask at all */
};

static bool is_digit(char c) {
        return c >= '0' && c <= '9';
}

static int digit_value(char c) {
        if (is_digit(c))
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        if (c >= 'A' && c <= 'F')
                return c - 'A' + 10;
        return 99;
}

/* One part as strtoul(…, 0) reads it; returns the bytes consumed, 0 if it is no 32-bit number. */
static size_t parse_ipv4_part(const char *text, uint32_t *ret) {
        int base = 10;
        uint64_t value = 0;
        size_t i = 0;

        if (!is_digit(text[0]))
                return 0;
        if (text[0] == '0') {
                base = 8;
                if ((text[1] == 'x' || text[1] == 'X') && digit_value(text[2]) < 16) {
                        base = 16;
                        i = 2;
                }
        }
        for (; digit_value(text[i]) < base; i++) {
                value = value * (unsigned)base + (unsigned)digit_value(text[i]);
                if (value > UINT32_MAX)
                        return 0;
        }
        *ret = (uint32_t)value;
        return i;
}

static bool parse_ipv4(const char *text, struct address *ret) {
        static const uint32_t last_max[4] = { 0xffffffff, 0xffffff, 0xffff, 0xff };
        struct address address = { .family = 4 };
        unsigned n = 0;
        uint32_t part;

        for (;;) {
                size_t length = parse_ipv4_part(text, &part);

                if (length == 0)
                        return false;
                text += length;
                if (*text != '.')
                        break;
                if (n == 3 || part > 0xff)
                        return false;
                address.bytes[n++] = (uint8_t)part;
                text++;
        }
        if (*text != '\0' || part > last_max[n])
                return false;
        for (unsigned i = 4; i-- > n; part >>= 8)
                address.bytes[i] = (uint8_t)part;
        *ret = address;
        return true;
}

/* The dotted quad that may end an IPv6 address: four decimal parts without leading zeros. */
static bool parse_dotted_quad(const char *text, size_t n, uint8_t ret[4]) {
        size_t i = 0;

        for (unsigned part = 0; part < 4; part++) {
                unsigned value = 0;
                size_t start = i;

                while (i < n && is_digit(text[i])) {
                        if (i > start && value == 0)
                                return false;
                        value = value * 10 + (unsigned)(text[i++] - '0');
                        if (value > 255)
                                return false;
                }
                if (i == start)
                        return false;
                ret[part] = (uint8_t)value;
                if (part < 3 && (i == n || text[i++] != '.'))
                        return false;
        }
        return i == n;
}

/* inet_pton(AF_INET6): groups to BYTES, the place of `::` and how far it came. */
static bool parse_ipv6_groups(const char *text, size_t n, uint8_t bytes[16]) {
        size_t filled = 0, gap = SIZE_MAX, i = 0;

        if (n > 0 && text[0] == ':') {
                if (n < 2 || text[1] != ':')
                        return false;
                i = 1;
        }
        while (i < n) {
                size_t start = i;
                unsigned value = 0;

                if (text[i] == ':') { /* the second colon of `::` */
                        if (gap != SIZE_MAX)
                                return false;
                        gap = filled;
                        i++;
                        continue;
                }
                for (; i < n && digit_value(text[i]) < 16; i++) {
                        if (i - start == 4)
                                return false;
                        value = value << 4 | (unsigned)digit_value(text[i]);
                }
                if (i < n && text[i] == '.') {
                        if (filled > 12 ||
                            !parse_dotted_quad(text + start, n - start, bytes + filled))
                                return false;
                        filled += 4;
                        break;
                }
                if (i == start || filled > 14)
                        return false;
                bytes[filled++] = (uint8_t)(value >> 8);
                bytes[filled++] = (uint8_t)value;
                if (i < n && (text[i] != ':' || ++i == n))
                        return false;
        }
        if (gap == SIZE_MAX)
                return filled == 16;
        if (filled == 16)
                return false;
        memmove(bytes + 16 - (filled - gap), bytes + gap, filled - gap);
        memset(bytes + gap, 0, 16 - filled);
        return true;
}

static bool has_named_scopes(const uint8_t bytes[16]) {
        if (bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80)
                return true; /* link-local */
        return bytes[0] == 0xff && ((bytes[1] & 0x0f) == 1 || (bytes[1] & 0x0f) == 2);
}

static bool parse_scope(const char *text, const uint8_t bytes[16], address_scope_fn scope,
                        void *userdata, uint32_t *ret) {
        uint64_t value = 0;

        if (scope && has_named_scopes(bytes)) {
                *ret = scope(userdata, text);
                if (*ret != 0)
                        return true;
        }
        if (*text == '\0')
                return false;
        for (; is_digit(*text); text++) {
                value = value * 10 + (unsigned)(*text - '0');
                if (value > UINT32_MAX)
                        return false;
        }
        *ret = (uint32_t)value;
        return *text == '\0';
}

bool address_parse(const char *text, address_scope_fn scope, void *userdata, struct address *ret) {
        struct address address = { .family = 6 };
        const char *percent = strchr(text, '%');
        size_t n = percent ? (size_t)(percent - text) : strlen(text);

        if (parse_ipv4(text, ret))
                return true;
        if (!parse_ipv6_groups(text, n, address.bytes))
                return false;
        if (percent && !parse_scope(percent + 1, address.bytes, scope, userdata, &address.scope))
                return false;
        *ret = address;
        return true;
}

/* The longest run of at least two zero groups, the first of equals; length 0 if there is none. */
static unsigned find_zero_run(const uint16_t groups[8], unsigned *ret_start) {
        unsigned best = 0;

        for (unsigned i = 0; i < 8; i++) {
                unsigned n = 0;

                while (i + n < 8 && groups[i + n] == 0)
                        n++;
                if (n >= 2 && n > best) {
                        best = n;
                        *ret_start = i;
                }
        }
        return best;
}

static void format_ipv6(const struct address *address, char buffer[ADDRESS_TEXT_MAX]) {
        const uint8_t *b = address->bytes;
        uint16_t groups[8];
        unsigned start = 8, run;
        size_t n = 0;

        for (unsigned i = 0; i < 8; i++)
                groups[i] = (uint16_t)(b[2 * i] << 8 | b[2 * i + 1]);
        run = find_zero_run(groups, &start);
        buffer[0] = '\0';
        for (unsigned i = 0; i < 8; i++) {
                bool is_embedded = i == 6 && run > 0 && start == 0 &&
                                   (run == 6 || (run == 5 && groups[5] == 0xffff));

                if (run > 0 && i == start) {
                        n += (size_t)snprintf(buffer + n, ADDRESS_TEXT_MAX - n, "::");
                        i += run - 1;
                        continue;
                }
                if (n > 0 && buffer[n - 1] != ':')
                        buffer[n++] = ':';
                if (is_embedded) {
                        n += (size_t)snprintf(buffer + n, ADDRESS_TEXT_MAX - n, "%u.%u.%u.%u",
                                              b[12], b[13], b[14], b[15]);
                        break;
                }
                n += (size_t)snprintf(buffer + n, ADDRESS_TEXT_MAX - n, "%x", groups[i]);
        }
        if (address->scope != 0)
                (void)snprintf(buffer + n, ADDRESS_TEXT_MAX - n, "%%%u", address->scope);
}

const char *address_format(const struct address *address, char buffer[ADDRESS_TEXT_MAX]) {
        const uint8_t *b = address->bytes;

        if (address->family == 4)
                (void)snprintf(buffer, ADDRESS_TEXT_MAX, "%u.%u.%u.%u", b[0], b[1], b[2], b[3]);
        else
                format_ipv6(address, buffer);
        return buffer;
}

/* The mask length after the slash. The older reader (strtoul) wants a digit first and took a number
 * beyond any family for no mask; the newer one (strtonum) skips blanks and a plus sign. */
static bool parse_mask(const char *text, bool strict_mask, unsigned *ret) {
        uint64_t value = 0;

        if (strict_mask) {
                while (*text == ' ' || (*text >= '\t' && *text <= '\r'))
                        text++;
                if (*text == '+')
                        text++;
        }
        if (!is_digit(*text))
                return false;
        for (; is_digit(*text); text++) {
                value = value * 10 + (unsigned)(*text - '0');
                if (value > INT32_MAX)
                        return false;
        }
        if (*text != '\0' || (!strict_mask && value > MASK_MAX_OLD))
                return false;
        *ret = (unsigned)value;
        return true;
}

static bool has_host_bits(const struct network *network) {
        unsigned size = network->address.family == 4 ? 4 : 16;

        for (unsigned i = 0; i < size; i++) {
                unsigned covered = network->bits > 8 * i ? network->bits - 8 * i : 0;

                if (covered < 8 && (network->address.bytes[i] & (0xff >> covered)) != 0)
                        return true;
        }
        return false;
}

enum network_result network_parse(const char *text, bool strict_mask, address_scope_fn scope,
                                  void *userdata, struct network *ret) {
        char copy[NETWORK_TEXT_MAX];
        size_t n = strlen(text);
        struct network network = { 0 };
        unsigned family_bits;
        char *slash;

        if (n >= sizeof copy)
                return NETWORK_NOT_ONE;
        memcpy(copy, text, n + 1);
        slash = strchr(copy, '/');
        if (slash) {
                *slash = '\0';
                if (!parse_mask(slash + 1, strict_mask, &network.bits))
                        return NETWORK_NOT_ONE;
        }
        if (!address_parse(copy, scope, userdata, &network.address))
                return NETWORK_NOT_ONE;
        family_bits = network.address.family == 4 ? 32 : 128;
        if (!slash)
                network.bits = family_bits;
        if (network.bits > family_bits || has_host_bits(&network))
                return NETWORK_BAD;
        *ret = network;
        return NETWORK_OK;
}

/* addr_netmatch() compares what is left of the masked address as a whole, so scopes count: a
 * network without a scope does not contain a scoped address. */
bool network_contains(const struct network *network, const struct address *address) {
        const struct address *base = &network->address;
        unsigned whole = network->bits / 8, rest = network->bits % 8;

        if (base->family != address->family)
                return false;
        if (base->family == 6 && base->scope != address->scope)
                return false;
        if (memcmp(base->bytes, address->bytes, whole) != 0)
                return false;
        return rest == 0 || ((base->bytes[whole] ^ address->bytes[whole]) >> (8 - rest)) == 0;
}

/* One element, without its `!`, NUL-terminated: 1, 0 or -2. */
static int match_element(const char *text, const struct address *address, const char *element,
                         bool strict_mask, address_scope_fn scope, void *userdata) {
        struct network network;

        if (element[0] == '\0')
                return -2;
        switch (network_parse(element, strict_mask, scope, userdata, &network)) {
        case NETWORK_BAD:
                return -2;
        case NETWORK_OK:
                return text && network_contains(&network, address);
        default:
                return text && pattern_match(text, element);
        }
}

int address_match_list(const char *address, const char *list, bool strict_mask,
                       address_scope_fn scope, void *userdata) {
        CLEANUP_FREE char *copy = NULL;
        struct address parsed = { 0 };
        int result = 0;

        if (address && !address_parse(address, scope, userdata, &parsed))
                return 0;
        copy = strdup(list);
        if (!copy)
                return -ENOMEM;
        for (char *element = copy, *next; element; element = next) {
                bool is_negated = element[0] == '!';
                int r;

                next = strchr(element, ',');
                if (next)
                        *next++ = '\0';
                r = match_element(address, &parsed, element + is_negated, strict_mask, scope,
                                  userdata);
                if (r < 0)
                        return r;
                if (r > 0 && is_negated)
                        return -1;
                if (r > 0)
                        result = 1;
        }
        return result;
}
