/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* One public key or certificate as sshkey_read() of sshkey.c reads it: `TYPE BASE64 [COMMENT]`.
 *
 * The blob is decoded completely (RFC 4253 6.6, PROTOCOL.certkeys, PROTOCOL.u2f): trailing bytes, a
 * point that is not on its curve, a modulus below 1024 bits or a certificate whose signature does
 * not verify are no key. Fingerprints are those of the key written canonically, as OpenSSH prints
 * them: two blobs that differ only in leading zeros are the same key. A certificate has the
 * fingerprint of the key it certifies.
 *
 * Rests on libcrypto for digests, for the membership of a point in its curve and for the signature
 * of a certificate. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keys/release.h"

enum {
        KEY_SHA256_TEXT_MAX = 51,             /* "SHA256:" and 43 of base64 */
        KEY_MD5_TEXT_MAX = 52,                /* "MD5:" and 16 pairs of digits */
        KEY_CERTIFICATE_PRINCIPALS_MAX = 256, /* sshkey.h: SSHKEY_CERT_MAX_PRINCIPALS */
};

enum key_problem {
        KEY_OK,
        KEY_NOT_A_KEY,       /* fewer than two words */
        KEY_UNKNOWN_TYPE,    /* no release of OpenSSH knows this word as a key type */
        KEY_OTHER_RELEASE,   /* another release does */
        KEY_BAD_BASE64,      /* RFC 4648 with padding; white space inside is skipped */
        KEY_BAD_STRUCTURE,   /* cut short, overlong, or bytes left over */
        KEY_TYPE_MISMATCH,   /* the blob is of another type or curve than the word says */
        KEY_TOO_SHORT,       /* an RSA modulus below 1024 bits */
        KEY_BAD_POINT,       /* not a valid point of the curve */
        KEY_BAD_CERTIFICATE, /* the fields after the key */
        KEY_BAD_SIGNATURE,   /* of a certificate */
        KEY_BAD_QUOTES,      /* of the options before it (authorized_keys) */
        KEY_BAD_OPTIONS,     /* likewise: an option sshd does not take */
        N_KEY_PROBLEMS
};

/* A clause for people: "the base64 of the key is damaged". */
const char *key_problem_describe(enum key_problem problem);

struct key_certificate {
        uint64_t serial;
        bool is_host; /* a host certificate: authenticates no user */
        char *key_id;
        char **principals;
        size_t n_principals;
        uint64_t valid_after, valid_before; /* seconds since 1970; UINT64_MAX: for ever */
        const char *ca_type;
        char ca_fingerprint[KEY_SHA256_TEXT_MAX];
};

struct public_key {
        const char *type;       /* the canonical name: "ssh-rsa", also where "rsa-sha2-512" is
                                   written */
        const char *short_name; /* as ssh-keygen prints it: "RSA", "ECDSA-SK-CERT" */
        unsigned bits;
        char sha256[KEY_SHA256_TEXT_MAX];
        char md5[KEY_MD5_TEXT_MAX];          /* "" where libcrypto refuses MD5 */
        char *application;                   /* of security keys ("ssh:"), or NULL */
        struct key_certificate *certificate; /* NULL: a plain key */
};

/* Reads one key at the start of TEXT (NUL-terminated, no white space before it). On KEY_OK the
 * caller owns *ret, and *ret_end is the offset of the comment, or of the end of TEXT. Returns an
 * enum key_problem, or -ENOMEM. */
int public_key_parse(const char *text, const struct keys_release *release, struct public_key *ret,
                     size_t *ret_end);

/* True if the first word of TEXT is a type some release of OpenSSH knows. */
bool public_key_type_is_known(const char *text);

/* The canonical names of the key types, one by one; NULL behind the last. For "did you mean" and
 * for the validation of a policy's patterns. */
const char *public_key_type_name(size_t i);

void public_key_done(struct public_key *key);
