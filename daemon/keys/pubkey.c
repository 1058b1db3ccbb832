/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `TYPE BASE64 COMMENT` → key.
 *
 * What sshd takes for a key is decided twice: the word in front must be a type its release knows,
 * and the blob must decode to a key of that type (and curve) with nothing left over. The name
 * inside the blob has rules of its own: aliases count ("rsa-sha2-512" is an RSA key), and until 9.8
 * even the short names of ssh-keygen did ("RSA", in any case). Such a key authenticates like its
 * canonical twin, so it gets the twin's name and fingerprint. */

#include "keys/pubkey.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "blob.h"
#include "crypto.h"

enum {
        RSA_BITS_MIN = 1024, /* sshkey.h: SSH_RSA_MINIMUM_MODULUS_SIZE */
        ED25519_SIZE = 32,
        MLDSA44_ED25519_SIZE = 1312 + ED25519_SIZE,
};

struct key_type {
        const char *name;
        const char *short_name;
        enum key_algorithm algorithm;
        unsigned curve_bits;
        bool is_certificate;
        unsigned since, until; /* releases; 0: always */
};

/* The canonical name of a type comes first, its aliases behind it. */
static const struct key_type key_types[] = {
        { "ssh-ed25519", "ED25519", KEY_ED25519, 0, false, 0, 0 },
        { "ssh-ed25519-cert-v01@openssh.com", "ED25519-CERT", KEY_ED25519, 0, true, 0, 0 },
        { "sk-ssh-ed25519@openssh.com", "ED25519-SK", KEY_ED25519_SK, 0, false, 0, 0 },
        { "sk-ssh-ed25519-cert-v01@openssh.com", "ED25519-SK-CERT", KEY_ED25519_SK, 0, true, 0, 0 },
        /* the name lost its domain with the standard */
        { "ssh-mldsa44-ed25519@openssh.com", "MLDSA44-ED25519", KEY_MLDSA44_ED25519, 0, false, 1004,
          1005 },
        { "ssh-mldsa44-ed25519-cert-v01@openssh.com", "MLDSA44-ED25519-CERT", KEY_MLDSA44_ED25519,
          0, true, 1004, 1005 },
        { "ssh-mldsa44-ed25519", "MLDSA44-ED25519", KEY_MLDSA44_ED25519, 0, false, 1006, 0 },
        { "ssh-mldsa44-ed25519-cert", "MLDSA44-ED25519-CERT", KEY_MLDSA44_ED25519, 0, true, 1006,
          0 },
        { "ecdsa-sha2-nistp256", "ECDSA", KEY_ECDSA, 256, false, 0, 0 },
        { "ecdsa-sha2-nistp256-cert-v01@openssh.com", "ECDSA-CERT", KEY_ECDSA, 256, true, 0, 0 },
        { "ecdsa-sha2-nistp384", "ECDSA", KEY_ECDSA, 384, false, 0, 0 },
        { "ecdsa-sha2-nistp384-cert-v01@openssh.com", "ECDSA-CERT", KEY_ECDSA, 384, true, 0, 0 },
        { "ecdsa-sha2-nistp521", "ECDSA", KEY_ECDSA, 521, false, 0, 0 },
        { "ecdsa-sha2-nistp521-cert-v01@openssh.com", "ECDSA-CERT", KEY_ECDSA, 521, true, 0, 0 },
        { "sk-ecdsa-sha2-nistp256@openssh.com", "ECDSA-SK", KEY_ECDSA_SK, 256, false, 0, 0 },
        { "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com", "ECDSA-SK-CERT", KEY_ECDSA_SK, 256, true,
          0, 0 },
        { "webauthn-sk-ecdsa-sha2-nistp256@openssh.com", "ECDSA-SK", KEY_ECDSA_SK, 256, false, 0,
          0 },
        { "webauthn-sk-ecdsa-sha2-nistp256-cert-v01@openssh.com", "ECDSA-SK-CERT", KEY_ECDSA_SK,
          256, true, 1003, 0 },
        /* 9.8 and 9.9 still have DSA in their source, but are built without it */
        { "ssh-dss", "DSA", KEY_DSA, 0, false, 0, 907 },
        { "ssh-dss-cert-v01@openssh.com", "DSA-CERT", KEY_DSA, 0, true, 0, 907 },
        { "ssh-rsa", "RSA", KEY_RSA, 0, false, 0, 0 },
        { "ssh-rsa-cert-v01@openssh.com", "RSA-CERT", KEY_RSA, 0, true, 0, 0 },
        { "rsa-sha2-256", "RSA", KEY_RSA, 0, false, 0, 0 },
        { "rsa-sha2-256-cert-v01@openssh.com", "RSA-CERT", KEY_RSA, 0, true, 0, 0 },
        { "rsa-sha2-512", "RSA", KEY_RSA, 0, false, 0, 0 },
        { "rsa-sha2-512-cert-v01@openssh.com", "RSA-CERT", KEY_RSA, 0, true, 0, 0 },
};

const char *key_problem_describe(enum key_problem problem) {
        static const char *const texts[N_KEY_PROBLEMS] = {
                [KEY_OK] = "a key",
                [KEY_NOT_A_KEY] = "the line has no key",
                [KEY_UNKNOWN_TYPE] = "no release of OpenSSH knows this key type",
                [KEY_OTHER_RELEASE] = "this release of OpenSSH does not know the key type",
                [KEY_BAD_BASE64] = "the base64 of the key is damaged",
                [KEY_BAD_STRUCTURE] = "the key is cut short or has bytes left over",
                [KEY_TYPE_MISMATCH] = "the key is of another type than the line says",
                [KEY_TOO_SHORT] = "the RSA modulus is shorter than 1024 bits",
                [KEY_BAD_POINT] = "the key is no valid point of its curve",
                [KEY_BAD_CERTIFICATE] = "the certificate is malformed",
                [KEY_BAD_SIGNATURE] = "the signature of the certificate does not verify",
                [KEY_BAD_QUOTES] = "a quote in the options is not closed",
                [KEY_BAD_OPTIONS] = "sshd refuses the options",
        };

        return problem < N_KEY_PROBLEMS ? texts[problem] : "unknown";
}

const char *public_key_type_name(size_t i) {
        return i < N_ELEMENTS(key_types) ? key_types[i].name : NULL;
}

/* --- types */

static bool type_is_of(const struct key_type *type, const struct keys_release *release) {
        return release->number >= type->since &&
               (type->until == 0 || release->number <= type->until);
}

static const struct key_type *find_type(const char *name, size_t n) {
        for (size_t i = 0; i < N_ELEMENTS(key_types); i++)
                if (strlen(key_types[i].name) == n && memcmp(key_types[i].name, name, n) == 0)
                        return &key_types[i];
        return NULL;
}

bool public_key_type_is_known(const char *text) {
        return find_type(text, strcspn(text, " \t\r\n")) != NULL;
}

static const struct key_type *canonical_type(enum key_algorithm algorithm, unsigned curve_bits,
                                             bool is_certificate,
                                             const struct keys_release *release) {
        for (size_t i = 0; i < N_ELEMENTS(key_types); i++) {
                const struct key_type *type = &key_types[i];

                if (type->algorithm == algorithm && type->curve_bits == curve_bits &&
                    type->is_certificate == is_certificate && type_is_of(type, release))
                        return type;
        }
        return NULL;
}

/* The type a name inside a blob stands for. A short name of an ECDSA key names no curve and never
 * decodes, so it counts as unknown. */
static const struct key_type *inner_type(struct blob name, const struct keys_release *release) {
        const struct key_type *type = find_type((const char *)name.data, name.n);

        if (type && type_is_of(type, release))
                return type;
        for (size_t i = 0; release->number <= 908 && i < N_ELEMENTS(key_types); i++) {
                type = &key_types[i];
                if (!type->is_certificate && type->curve_bits == 0 &&
                    strlen(type->short_name) == name.n &&
                    strncasecmp(type->short_name, (const char *)name.data, name.n) == 0 &&
                    type_is_of(type, release))
                        return type;
        }
        return NULL;
}

/* --- the key proper */

static int take_numbers(struct blob *blob, struct key_parts *parts, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (!blob_take_mpint(blob, &parts->numbers[i]))
                        return KEY_BAD_STRUCTURE;
        if (parts->algorithm == KEY_RSA && blob_bits(parts->numbers[1]) < RSA_BITS_MIN)
                return KEY_TOO_SHORT;
        return KEY_OK;
}

static int take_point(struct blob *blob, const struct keys_release *release,
                      struct key_parts *parts) {
        struct blob curve;
        char name[16];

        if (!blob_take_cstring(blob, &curve) || !blob_take_string(blob, &parts->point))
                return KEY_BAD_STRUCTURE;
        (void)snprintf(name, sizeof name, "nistp%u", parts->curve_bits);
        if (!blob_equals(curve, name))
                return KEY_TYPE_MISMATCH;
        return crypto_point_is_valid(parts->point, parts->curve_bits, release) ? KEY_OK
                                                                               : KEY_BAD_POINT;
}

static int take_bytes(struct blob *blob, size_t n, struct key_parts *parts) {
        return blob_take_string(blob, &parts->point) && parts->point.n == n ? KEY_OK
                                                                            : KEY_BAD_STRUCTURE;
}

static int take_parts(struct blob *blob, const struct keys_release *release,
                      struct key_parts *parts) {
        int r;

        switch (parts->algorithm) {
        case KEY_RSA:
                return take_numbers(blob, parts, 2);
        case KEY_DSA:
                return take_numbers(blob, parts, 4);
        case KEY_MLDSA44_ED25519:
                return take_bytes(blob, MLDSA44_ED25519_SIZE, parts);
        case KEY_ED25519:
                return take_bytes(blob, ED25519_SIZE, parts);
        case KEY_ECDSA:
                return take_point(blob, release, parts);
        default:
                r = parts->algorithm == KEY_ECDSA_SK ? take_point(blob, release, parts)
                                                     : take_bytes(blob, ED25519_SIZE, parts);
        }
        if (r == KEY_OK && !blob_take_cstring(blob, &parts->application))
                r = KEY_BAD_STRUCTURE;
        return r;
}

/* sshkey_size(): for keys that are a string it is what the release says of the type. */
static unsigned bits_of(const struct key_parts *parts, const struct keys_release *release) {
        if (parts->algorithm == KEY_RSA)
                return blob_bits(parts->numbers[1]);
        if (parts->algorithm == KEY_DSA)
                return blob_bits(parts->numbers[0]);
        if (parts->algorithm == KEY_MLDSA44_ED25519 && release->number >= 1006)
                return 512;
        return parts->curve_bits ? parts->curve_bits : 256;
}

/* The plain key of these parts, written as OpenSSH writes it. */
static void put_canonical(const struct key_parts *parts, const struct keys_release *release,
                          struct text *ret) {
        const char *name =
                canonical_type(parts->algorithm, parts->curve_bits, false, release)->name;
        size_t n_numbers = parts->algorithm == KEY_RSA ? 2 : parts->algorithm == KEY_DSA ? 4 : 0;

        blob_put_string(ret, name, strlen(name));
        for (size_t i = 0; i < n_numbers; i++)
                blob_put_mpint(ret, parts->numbers[i]);
        if (parts->curve_bits > 0)
                blob_put_string(ret, strstr(name, "nistp"), 8);
        if (n_numbers == 0)
                blob_put_string(ret, parts->point.data, parts->point.n);
        if (parts->algorithm == KEY_ECDSA_SK || parts->algorithm == KEY_ED25519_SK)
                blob_put_string(ret, parts->application.data, parts->application.n);
}

static int fingerprint(const struct key_parts *parts, const struct keys_release *release,
                       char ret_sha256[KEY_SHA256_TEXT_MAX], char ret_md5[KEY_MD5_TEXT_MAX]) {
        CLEANUP(text_done) struct text canonical = { 0 };
        int r;

        put_canonical(parts, release, &canonical);
        r = text_error(&canonical);
        return r < 0 ? r : crypto_fingerprint(&canonical, ret_sha256, ret_md5);
}

/* --- certificates */

static void certificate_free(struct key_certificate *certificate) {
        if (!certificate)
                return;
        free(certificate->key_id);
        strings_free(certificate->principals, certificate->n_principals);
        free(certificate);
}

DEFINE_CLEANUP(certificate_cleanup, struct key_certificate, certificate_free)

static int take_principals(struct blob list, struct key_certificate *certificate) {
        struct blob name;
        int r;

        while (list.n > 0) {
                if (certificate->n_principals >= KEY_CERTIFICATE_PRINCIPALS_MAX ||
                    !blob_take_cstring(&list, &name))
                        return KEY_BAD_CERTIFICATE;
                r = strings_append_n(&certificate->principals, &certificate->n_principals,
                                     (const char *)name.data, name.n);
                if (r < 0)
                        return r;
        }
        return KEY_OK;
}

/* Critical options and extensions: names and values, alternating. */
static bool are_pairs(struct blob list) {
        struct blob ignored;

        while (list.n > 0)
                if (!blob_take_string(&list, &ignored) || !blob_take_string(&list, &ignored))
                        return false;
        return true;
}

static int take_authority(struct blob blob, const struct keys_release *release,
                          struct key_parts *parts) {
        const struct key_type *type;
        struct blob name;
        int r;

        if (!blob_take_cstring(&blob, &name))
                return KEY_BAD_CERTIFICATE;
        type = inner_type(name, release);
        if (!type || type->is_certificate)
                return KEY_BAD_CERTIFICATE;
        *parts = (struct key_parts){ .algorithm = type->algorithm, .curve_bits = type->curve_bits };
        r = take_parts(&blob, release, parts);
        return r == KEY_OK && blob.n == 0 ? KEY_OK : KEY_BAD_CERTIFICATE;
}

/* The part of a certificate behind the key (PROTOCOL.certkeys). WHOLE is the certificate from its
 * first byte, BLOB what is left of it. */
static int take_certificate(struct blob whole, struct blob *blob,
                            const struct keys_release *release, struct key_certificate **ret) {
        CLEANUP(certificate_cleanup) struct key_certificate *certificate = NULL;
        struct blob key_id, principals, critical, extensions, reserved, authority, signature;
        struct blob data = whole;
        struct key_parts parts;
        char md5[KEY_MD5_TEXT_MAX];
        uint32_t kind;
        int r;

        certificate = calloc(1, sizeof *certificate);
        if (!certificate)
                return -ENOMEM;
        if (!blob_take_u64(blob, &certificate->serial) || !blob_take_u32(blob, &kind) ||
            !blob_take_cstring(blob, &key_id) || !blob_take_string(blob, &principals) ||
            !blob_take_u64(blob, &certificate->valid_after) ||
            !blob_take_u64(blob, &certificate->valid_before) ||
            !blob_take_string(blob, &critical) || !blob_take_string(blob, &extensions) ||
            !blob_take_string(blob, &reserved) || !blob_take_string(blob, &authority))
                return KEY_BAD_CERTIFICATE;
        data.n -= blob->n;
        if (!blob_take_string(blob, &signature) || (kind != 1 && kind != 2) ||
            !are_pairs(critical) || !are_pairs(extensions))
                return KEY_BAD_CERTIFICATE;
        r = take_principals(principals, certificate);
        if (r == KEY_OK)
                r = take_authority(authority, release, &parts);
        if (r != KEY_OK)
                return r;
        if (!crypto_signature_is_valid(&parts, signature, data))
                return KEY_BAD_SIGNATURE;
        r = fingerprint(&parts, release, certificate->ca_fingerprint, md5);
        if (r < 0)
                return r;
        certificate->is_host = kind == 2;
        certificate->ca_type =
                canonical_type(parts.algorithm, parts.curve_bits, false, release)->name;
        certificate->key_id = blob_copy(key_id);
        if (!certificate->key_id)
                return -ENOMEM;
        *ret = TAKE(certificate);
        return KEY_OK;
}

/* --- the whole */

static int parse_blob(struct blob blob, const struct key_type *outer,
                      const struct keys_release *release, struct public_key *ret) {
        CLEANUP(public_key_done) struct public_key key = { 0 };
        struct key_parts parts = { 0 };
        const struct key_type *inner, *canonical;
        struct blob whole = blob, name, nonce;
        int r;

        if (!blob_take_cstring(&blob, &name))
                return KEY_BAD_STRUCTURE;
        inner = inner_type(name, release);
        if (!inner || inner->algorithm != outer->algorithm ||
            inner->curve_bits != outer->curve_bits ||
            inner->is_certificate != outer->is_certificate)
                return KEY_TYPE_MISMATCH;
        if (inner->is_certificate && !blob_take_string(&blob, &nonce))
                return KEY_BAD_STRUCTURE;
        parts.algorithm = inner->algorithm;
        parts.curve_bits = inner->curve_bits;
        r = take_parts(&blob, release, &parts);
        if (r == KEY_OK && inner->is_certificate)
                r = take_certificate(whole, &blob, release, &key.certificate);
        if (r != KEY_OK)
                return r;
        if (blob.n > 0)
                return KEY_BAD_STRUCTURE;
        r = fingerprint(&parts, release, key.sha256, key.md5);
        if (r < 0)
                return r;
        if (parts.algorithm == KEY_ECDSA_SK || parts.algorithm == KEY_ED25519_SK) {
                key.application = blob_copy(parts.application);
                if (!key.application)
                        return -ENOMEM;
        }
        canonical =
                canonical_type(inner->algorithm, inner->curve_bits, inner->is_certificate, release);
        key.type = canonical->name;
        key.short_name = canonical->short_name;
        key.bits = bits_of(&parts, release);
        *ret = key;
        key = (struct public_key){ 0 };
        return KEY_OK;
}

int public_key_parse(const char *text, const struct keys_release *release, struct public_key *ret,
                     size_t *ret_end) {
        CLEANUP_FREE uint8_t *bytes = NULL;
        size_t n_type = strcspn(text, " \t"), n_base64;
        const struct key_type *type = find_type(text, n_type);
        const char *base64 = text + n_type;
        long n;
        int r;

        if (*base64 == '\0')
                return KEY_NOT_A_KEY;
        if (!type)
                return KEY_UNKNOWN_TYPE;
        if (!type_is_of(type, release))
                return KEY_OTHER_RELEASE;
        base64 += strspn(base64, " \t");
        if (*base64 == '\0')
                return KEY_NOT_A_KEY;
        n_base64 = strcspn(base64, " \t");
        bytes = malloc(n_base64);
        if (!bytes)
                return -ENOMEM;
        n = blob_decode_base64(base64, n_base64, bytes);
        if (n < 0)
                return KEY_BAD_BASE64;
        r = parse_blob((struct blob){ bytes, (size_t)n }, type, release, ret);
        if (r != KEY_OK)
                return r;
        base64 += n_base64;
        base64 += strspn(base64, " \t");
        *ret_end = (size_t)(base64 - text);
        return KEY_OK;
}

void public_key_done(struct public_key *key) {
        free(key->application);
        certificate_free(key->certificate);
        *key = (struct public_key){ 0 };
}
