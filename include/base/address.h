/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Numeric network addresses and address lists, as OpenSSH's addr.c and addrmatch.c read them.
 *
 * Text is read like getaddrinfo(AI_NUMERICHOST): `127.1`, `0x7f000001` and `0177.0.0.1` are IPv4
 * (inet_aton(3)); IPv6 may carry a scope, asked for through a function of the caller. */

#include <stdbool.h>
#include <stdint.h>

struct address {
        int family;        /* 4 or 6 */
        uint8_t bytes[16]; /* network order; 4 or 16 of them */
        uint32_t scope;    /* IPv6 scope id, 0 if none */
};

struct network {
        struct address address;
        unsigned bits; /* mask length */
};

/* The interface index of a scope name (if_nametoindex(3)), or 0; may be NULL: only numbers then. */
typedef uint32_t (*address_scope_fn)(void *userdata, const char *name);

/* True and *ret set if TEXT is a numeric address. */
bool address_parse(const char *text, address_scope_fn scope, void *userdata, struct address *ret);

/* Writes inet_ntop(3)'s form (scope as %NUMBER); BUFFER holds at least ADDRESS_TEXT_MAX bytes. */
enum { ADDRESS_TEXT_MAX = 64 };
const char *address_format(const struct address *address, char buffer[ADDRESS_TEXT_MAX]);

/* addr_pton_cidr(): NETWORK_NOT_ONE: no address at all (may be a glob); NETWORK_BAD: host bits set,
 * or a mask too long. STRICT_MASK: a mask beyond the family is NETWORK_BAD (9.8 and later) instead
 * of NETWORK_NOT_ONE. */
enum network_result { NETWORK_OK = 0, NETWORK_NOT_ONE = 1, NETWORK_BAD = 2 };
enum network_result network_parse(const char *text, bool strict_mask, address_scope_fn scope,
                                  void *userdata, struct network *ret);

/* addr_netmatch(): the scopes must be equal too. */
bool network_contains(const struct network *network, const struct address *address);

/* addr_match_list() of addrmatch.c: 1 matched, 0 none, -1 a negated element matched, -2 the list is
 * invalid (an empty element or NETWORK_BAD). With address NULL the list is only validated: 0 or -2.
 * An ADDRESS that is not numeric matches nothing. -ENOMEM when memory ran out. */
int address_match_list(const char *address, const char *list, bool strict_mask,
                       address_scope_fn scope, void *userdata);
