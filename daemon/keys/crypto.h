/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* All that this room asks of libcrypto: digests, points of curves, signatures of certificates. */

#include <stdbool.h>
#include <stddef.h>

#include "blob.h"
#include "keys/pubkey.h"

enum key_algorithm {
        KEY_RSA,
        KEY_DSA,
        KEY_ECDSA,
        KEY_ECDSA_SK,
        KEY_ED25519,
        KEY_ED25519_SK,
        KEY_MLDSA44_ED25519,
        N_KEY_ALGORITHMS
};

/* The parts of a decoded key, borrowed from its blob. */
struct key_parts {
        enum key_algorithm algorithm;
        unsigned curve_bits;     /* of ECDSA: 256, 384, 521 */
        struct blob numbers[4];  /* RSA: e, n. DSA: p, q, g, y */
        struct blob point;       /* of a curve, or the bytes of a key that is one string */
        struct blob application; /* of security keys */
};

/* sshkey_fingerprint() of a key's canonical blob. Returns 0 or -ENOMEM. */
int crypto_fingerprint(const struct text *blob, char ret_sha256[KEY_SHA256_TEXT_MAX],
                       char ret_md5[KEY_MD5_TEXT_MAX]);

/* True if POINT is uncompressed and on the curve, and, until 10.2, of ordinary size as
 * sshkey_ec_validate_public() had it. */
bool crypto_point_is_valid(struct blob point, unsigned curve_bits,
                           const struct keys_release *release);

/* sshkey_verify(): SIGNATURE is the wire form, with its algorithm in front. A composite ML-DSA key
 * cannot be asked, for libcrypto before 3.5 does not know it, and is believed; so is a WebAuthn
 * signature refused, which no certificate carries. */
bool crypto_signature_is_valid(const struct key_parts *key, struct blob signature,
                               struct blob data);
