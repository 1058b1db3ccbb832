/* SPDX-License-Identifier: GPL-3.0-or-later */
/* libcrypto, and nothing of it outside this file.
 *
 * Keys reach libcrypto as SubjectPublicKeyInfo (RFC 3279, 5480, 8410), written here by hand: that
 * is the one form every libcrypto from 1.1.1 takes without deprecated calls. Failures leave nothing
 * in the thread's error queue. What a line of authorized keys can do never depends on a signature
 * (sshd takes no certificate from there); it is checked because `ssh-keygen -l` and sshd call a
 * forged certificate no key at all. */

#include "crypto.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/objects.h>
#include <openssl/x509.h>

#include "base/cleanup.h"
#include "base/escape.h"

DEFINE_CLEANUP(group_cleanup, EC_GROUP, EC_GROUP_free)
DEFINE_CLEANUP(point_cleanup, EC_POINT, EC_POINT_free)
DEFINE_CLEANUP(number_cleanup, BIGNUM, BN_free)
DEFINE_CLEANUP(key_cleanup, EVP_PKEY, EVP_PKEY_free)
DEFINE_CLEANUP(context_cleanup, EVP_MD_CTX, EVP_MD_CTX_free)

/* --- fingerprints */

int crypto_fingerprint(const struct text *blob, char ret_sha256[KEY_SHA256_TEXT_MAX],
                       char ret_md5[KEY_MD5_TEXT_MAX]) {
        CLEANUP(text_done) struct text base64 = { 0 };
        unsigned char digest[EVP_MAX_MD_SIZE];
        unsigned n = 0;

        if (EVP_Digest(blob->data, blob->n, digest, &n, EVP_sha256(), NULL) != 1 ||
            escape_append_base64(&base64, (const char *)digest, n) < 0)
                return -ENOMEM;
        (void)snprintf(ret_sha256, KEY_SHA256_TEXT_MAX, "SHA256:%.43s", text_get(&base64));
        ret_md5[0] = '\0';
        (void)ERR_set_mark();
        if (EVP_Digest(blob->data, blob->n, digest, &n, EVP_md5(), NULL) == 1) {
                static const char digits[] = "0123456789abcdef";
                char *to = stpcpy(ret_md5, "MD5");

                for (unsigned i = 0; i < n; i++) {
                        *to++ = ':';
                        *to++ = digits[digest[i] >> 4];
                        *to++ = digits[digest[i] & 15];
                }
                *to = '\0';
        }
        (void)ERR_pop_to_mark();
        return 0;
}

/* --- points */

static int curve_nid(unsigned curve_bits) {
        return curve_bits == 256   ? NID_X9_62_prime256v1
               : curve_bits == 384 ? NID_secp384r1
                                   : NID_secp521r1;
}

/* Until 10.2: each coordinate longer than half the order and below the order minus one. */
static bool coordinate_is_ordinary(const uint8_t *data, size_t n, const BIGNUM *order) {
        CLEANUP(number_cleanup) BIGNUM *number = BN_bin2bn(data, (int)n, NULL);

        return number && BN_num_bits(number) > BN_num_bits(order) / 2 &&
               BN_add_word(number, 1) == 1 && BN_cmp(number, order) < 0;
}

static bool point_is_valid(struct blob point, unsigned curve_bits,
                           const struct keys_release *release) {
        CLEANUP(group_cleanup) EC_GROUP *group = EC_GROUP_new_by_curve_name(curve_nid(curve_bits));
        CLEANUP(point_cleanup) EC_POINT *decoded = group ? EC_POINT_new(group) : NULL;
        size_t n = (curve_bits + 7) / 8;
        const BIGNUM *order;

        if (!decoded || point.n != 1 + 2 * n || point.data[0] != POINT_CONVERSION_UNCOMPRESSED ||
            EC_POINT_oct2point(group, decoded, point.data, point.n, NULL) != 1)
                return false;
        if (release->number >= 1003)
                return true;
        order = EC_GROUP_get0_order(group);
        return coordinate_is_ordinary(point.data + 1, n, order) &&
               coordinate_is_ordinary(point.data + 1 + n, n, order);
}

bool crypto_point_is_valid(struct blob point, unsigned curve_bits,
                           const struct keys_release *release) {
        bool is_valid;

        (void)ERR_set_mark();
        is_valid = point_is_valid(point, curve_bits, release);
        (void)ERR_pop_to_mark();
        return is_valid;
}

/* --- DER */

enum { DER_INTEGER = 0x02, DER_BIT_STRING = 0x03, DER_SEQUENCE = 0x30 };

static void der_put(struct text *der, uint8_t tag, const void *content, size_t n) {
        (void)text_append_char(der, (char)tag);
        if (n >= 0x100) {
                (void)text_append_char(der, (char)0x82);
                (void)text_append_char(der, (char)(n >> 8));
        } else if (n >= 0x80) {
                (void)text_append_char(der, (char)0x81);
        }
        (void)text_append_char(der, (char)n);
        (void)text_append_n(der, content, n);
}

static void der_put_integer(struct text *der, struct blob mpint) {
        CLEANUP(text_done) struct text content = { 0 };

        if (mpint.n == 0 || (mpint.data[0] & 0x80))
                (void)text_append_char(&content, '\0');
        (void)text_append_n(&content, (const char *)mpint.data, mpint.n);
        der_put(der, DER_INTEGER, text_get(&content), content.n);
}

static void der_put_integers(struct text *der, const struct blob *mpints, const int *order,
                             size_t n) {
        CLEANUP(text_done) struct text content = { 0 };

        for (size_t i = 0; i < n; i++)
                der_put_integer(&content, mpints[order[i]]);
        der_put(der, DER_SEQUENCE, text_get(&content), content.n);
}

/* AlgorithmIdentifiers, complete but for DSA's parameters. */
static const char rsa_identifier[] = "\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05";
static const char dsa_identifier[] = "\x06\x07\x2a\x86\x48\xce\x38\x04\x01";
static const char p256_identifier[] = "\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86"
                                      "\x48\xce\x3d\x03\x01\x07";
static const char p384_identifier[] = "\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81"
                                      "\x04\x00\x22";
static const char p521_identifier[] = "\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81"
                                      "\x04\x00\x23";
static const char ed25519_identifier[] = "\x30\x05\x06\x03\x2b\x65\x70";

static void der_put_dsa_identifier(struct text *der, const struct key_parts *key) {
        CLEANUP(text_done) struct text content = { 0 };

        (void)text_append_n(&content, dsa_identifier, sizeof dsa_identifier - 1);
        der_put_integers(&content, key->numbers, (const int[]){ 0, 1, 2 }, 3);
        der_put(der, DER_SEQUENCE, text_get(&content), content.n);
}

static void der_put_identifier(struct text *der, const struct key_parts *key) {
        switch (key->algorithm) {
        case KEY_RSA: /* the NULL behind it is the literal's own terminator */
                (void)text_append_n(der, rsa_identifier, sizeof rsa_identifier);
                break;
        case KEY_DSA:
                der_put_dsa_identifier(der, key);
                break;
        case KEY_ECDSA:
        case KEY_ECDSA_SK:
                if (key->curve_bits == 256)
                        (void)text_append_n(der, p256_identifier, sizeof p256_identifier - 1);
                else if (key->curve_bits == 384)
                        (void)text_append_n(der, p384_identifier, sizeof p384_identifier - 1);
                else
                        (void)text_append_n(der, p521_identifier, sizeof p521_identifier - 1);
                break;
        default:
                (void)text_append_n(der, ed25519_identifier, sizeof ed25519_identifier - 1);
        }
}

static EVP_PKEY *load_key(const struct key_parts *key) {
        CLEANUP(text_done) struct text bits = { 0 }, body = { 0 }, der = { 0 };
        const unsigned char *bytes;

        (void)text_append_char(&bits, '\0'); /* no unused bits */
        if (key->algorithm == KEY_RSA)
                der_put_integers(&bits, key->numbers, (const int[]){ 1, 0 }, 2);
        else if (key->algorithm == KEY_DSA)
                der_put_integer(&bits, key->numbers[3]);
        else
                (void)text_append_n(&bits, (const char *)key->point.data, key->point.n);
        der_put_identifier(&body, key);
        der_put(&body, DER_BIT_STRING, text_get(&bits), bits.n);
        der_put(&der, DER_SEQUENCE, text_get(&body), body.n);
        bytes = (const unsigned char *)text_get(&der);
        return d2i_PUBKEY(NULL, &bytes, (long)der.n);
}

/* --- signatures */

static bool verify(const struct key_parts *key, const EVP_MD *digest, struct blob signature,
                   struct blob data) {
        CLEANUP(key_cleanup) EVP_PKEY *loaded = load_key(key);
        CLEANUP(context_cleanup) EVP_MD_CTX *context = EVP_MD_CTX_new();

        return loaded && context &&
               EVP_DigestVerifyInit(context, NULL, digest, NULL, loaded) == 1 &&
               EVP_DigestVerify(context, signature.data, signature.n, data.data, data.n) == 1;
}

/* r and s as the DER libcrypto wants. */
static bool verify_pair(const struct key_parts *key, const EVP_MD *digest,
                        const struct blob pair[2], struct blob data) {
        CLEANUP(text_done) struct text der = { 0 };

        der_put_integers(&der, pair, (const int[]){ 0, 1 }, 2);
        return verify(key, digest, (struct blob){ (const uint8_t *)text_get(&der), der.n }, data);
}

static bool verify_rsa(const struct key_parts *key, struct blob algorithm, struct blob signature,
                       struct blob data) {
        CLEANUP(text_done) struct text padded = { 0 };
        size_t n_modulus = key->numbers[1].n;
        const EVP_MD *digest = blob_equals(algorithm, "ssh-rsa")        ? EVP_sha1()
                               : blob_equals(algorithm, "rsa-sha2-256") ? EVP_sha256()
                               : blob_equals(algorithm, "rsa-sha2-512") ? EVP_sha512()
                                                                        : NULL;

        if (!digest || signature.n == 0 || signature.n > n_modulus)
                return false;
        for (size_t i = signature.n; i < n_modulus; i++)
                (void)text_append_char(&padded, '\0');
        (void)text_append_n(&padded, (const char *)signature.data, signature.n);
        return verify(key, digest, (struct blob){ (const uint8_t *)text_get(&padded), padded.n },
                      data);
}

static bool verify_dsa(const struct key_parts *key, struct blob signature, struct blob data) {
        struct blob pair[2] = { { signature.data, 20 }, { signature.data + 20, 20 } };

        return signature.n == 40 && verify_pair(key, EVP_sha1(), pair, data);
}

static bool verify_ecdsa(const struct key_parts *key, struct blob signature, struct blob data) {
        struct blob pair[2];

        return blob_take_mpint(&signature, &pair[0]) && blob_take_mpint(&signature, &pair[1]) &&
               signature.n == 0 &&
               verify_pair(key,
                           key->curve_bits == 256   ? EVP_sha256()
                           : key->curve_bits == 384 ? EVP_sha384()
                                                    : EVP_sha512(),
                           pair, data);
}

/* PROTOCOL.u2f: what a security key signs is a digest of the application, flags, a counter and a
 * digest of the data. */
static bool put_security_key_data(const struct key_parts *key, struct blob *rest, struct blob data,
                                  struct text *ret) {
        unsigned char digest[EVP_MAX_MD_SIZE];
        struct blob flags_and_counter = { rest->data, 5 };
        unsigned n;

        if (rest->n != flags_and_counter.n || EVP_Digest(key->application.data, key->application.n,
                                                         digest, &n, EVP_sha256(), NULL) != 1)
                return false;
        (void)text_append_n(ret, (const char *)digest, n);
        (void)text_append_n(ret, (const char *)flags_and_counter.data, flags_and_counter.n);
        if (EVP_Digest(data.data, data.n, digest, &n, EVP_sha256(), NULL) != 1)
                return false;
        (void)text_append_n(ret, (const char *)digest, n);
        return text_error(ret) == 0;
}

static bool signature_is_valid(const struct key_parts *key, struct blob signature,
                               struct blob data) {
        static const char *const names[N_KEY_ALGORITHMS] = {
                [KEY_DSA] = "ssh-dss",
                [KEY_ECDSA_SK] = "sk-ecdsa-sha2-nistp256@openssh.com",
                [KEY_ED25519] = "ssh-ed25519",
                [KEY_ED25519_SK] = "sk-ssh-ed25519@openssh.com",
        };
        CLEANUP(text_done) struct text wrapped = { 0 };
        struct blob algorithm, bytes;
        char ecdsa[24];

        if (key->algorithm == KEY_MLDSA44_ED25519)
                return true;
        if (!blob_take_cstring(&signature, &algorithm) || !blob_take_string(&signature, &bytes))
                return false;
        if (key->algorithm == KEY_ECDSA_SK || key->algorithm == KEY_ED25519_SK) {
                if (!put_security_key_data(key, &signature, data, &wrapped))
                        return false;
                data = (struct blob){ (const uint8_t *)text_get(&wrapped), wrapped.n };
        } else if (signature.n > 0) {
                return false;
        }
        if (key->algorithm == KEY_RSA)
                return verify_rsa(key, algorithm, bytes, data);
        (void)snprintf(ecdsa, sizeof ecdsa, "ecdsa-sha2-nistp%u", key->curve_bits);
        if (!blob_equals(algorithm, key->algorithm == KEY_ECDSA ? ecdsa : names[key->algorithm]))
                return false;
        if (key->algorithm == KEY_DSA)
                return verify_dsa(key, bytes, data);
        if (key->algorithm == KEY_ED25519 || key->algorithm == KEY_ED25519_SK)
                return bytes.n == 64 && verify(key, NULL, bytes, data);
        return verify_ecdsa(key, bytes, data);
}

bool crypto_signature_is_valid(const struct key_parts *key, struct blob signature,
                               struct blob data) {
        bool is_valid;

        (void)ERR_set_mark();
        is_valid = signature_is_valid(key, signature, data);
        (void)ERR_pop_to_mark();
        return is_valid;
}
