/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Algorithm lists per release, and the arithmetic on them.
 *
 * The tables are what `sshd -T` and `ssh -Q` of the releases print: the defaults are filtered by
 * what the build supports, and the order of "all" decides what a pattern expands to. For a release
 * the first row of its kind that is not newer counts.
 *
 * Names of ciphers, MACs and key exchanges are checked one by one; key types may be patterns, and
 * up to 9.8 short names like "rsa" passed the check only to match nothing afterwards. A check ends
 * at the first empty element, and a list that begins with `-` is never checked: that is sshd's
 * doing. */

#include "algorithms.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "base/cleanup.h"
#include "base/pattern.h"
#include "base/text.h"

enum {
        RELEASE_NO_SHORT_NAMES = 909,
        RELEASE_CA_PLAIN = 904, /* CASignatureAlgorithms takes no certificate types */
        RELEASE_NO_GSS = 1004,
        RELEASE_FIRST_NAME = 1004, /* ciphers_valid(), mac_valid(): at least one name */
};

/* clang-format off */
/* Names that stand together in the lists of many releases. */
#define CBC             "3des-cbc,aes128-cbc,aes192-cbc,aes256-cbc"
#define CTR             "aes128-ctr,aes192-ctr,aes256-ctr"
#define GCM             "aes128-gcm@openssh.com,aes256-gcm@openssh.com"
#define CHACHA          "chacha20-poly1305@openssh.com"
#define DH_ALL \
        "diffie-hellman-group1-sha1,diffie-hellman-group14-sha1," \
        "diffie-hellman-group14-sha256,diffie-hellman-group16-sha512," \
        "diffie-hellman-group18-sha512,diffie-hellman-group-exchange-sha1," \
        "diffie-hellman-group-exchange-sha256"
#define DH_SHA2 \
        "diffie-hellman-group-exchange-sha256,diffie-hellman-group16-sha512," \
        "diffie-hellman-group18-sha512,diffie-hellman-group14-sha256"
#define ECDH            "ecdh-sha2-nistp256,ecdh-sha2-nistp384,ecdh-sha2-nistp521"
#define CURVE           "curve25519-sha256,curve25519-sha256@libssh.org"
#define SNTRUP          "sntrup761x25519-sha512,sntrup761x25519-sha512@openssh.com"
#define SNTRUP_OLD      "sntrup761x25519-sha512@openssh.com"
#define MLKEM           "mlkem768x25519-sha256"
#define ECDSA           "ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521"
#define ECDSA_CERTS \
        "ecdsa-sha2-nistp256-cert-v01@openssh.com,ecdsa-sha2-nistp384-cert-v01@openssh.com," \
        "ecdsa-sha2-nistp521-cert-v01@openssh.com"
#define ECDSA_PAIRS \
        "ecdsa-sha2-nistp256,ecdsa-sha2-nistp256-cert-v01@openssh.com,ecdsa-sha2-nistp384," \
        "ecdsa-sha2-nistp384-cert-v01@openssh.com,ecdsa-sha2-nistp521," \
        "ecdsa-sha2-nistp521-cert-v01@openssh.com"
#define ED25519         "ssh-ed25519"
#define ED25519_CERT    "ssh-ed25519-cert-v01@openssh.com"
#define ED25519_PAIRS \
        "ssh-ed25519,ssh-ed25519-cert-v01@openssh.com,sk-ssh-ed25519@openssh.com," \
        "sk-ssh-ed25519-cert-v01@openssh.com"
#define SK_ED25519      "sk-ssh-ed25519@openssh.com"
#define SK_ED25519_CERT "sk-ssh-ed25519-cert-v01@openssh.com"
#define SK_ECDSA        "sk-ecdsa-sha2-nistp256@openssh.com"
#define SK_ECDSA_CERT   "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com"
#define WEBAUTHN        "webauthn-sk-ecdsa-sha2-nistp256@openssh.com"
#define WEBAUTHN_CERT   "webauthn-sk-ecdsa-sha2-nistp256-cert-v01@openssh.com"
#define RSA_SHA2        "rsa-sha2-512,rsa-sha2-256"
#define RSA_SHA2_CERTS  "rsa-sha2-512-cert-v01@openssh.com,rsa-sha2-256-cert-v01@openssh.com"
#define RSA_ALL         "ssh-rsa,rsa-sha2-256,rsa-sha2-512"
#define RSA_ALL_CERTS \
        "ssh-rsa-cert-v01@openssh.com,rsa-sha2-256-cert-v01@openssh.com," \
        "rsa-sha2-512-cert-v01@openssh.com"
#define RSA_PAIRS \
        "ssh-rsa,ssh-rsa-cert-v01@openssh.com,rsa-sha2-256," \
        "rsa-sha2-256-cert-v01@openssh.com,rsa-sha2-512,rsa-sha2-512-cert-v01@openssh.com"

/* Whole lists of several releases, by the first of them. */
#define CIPHERS_ALL_805 \
        CBC "," CTR "," GCM "," CHACHA
#define CIPHERS_804 \
        CHACHA "," CTR "," GCM
#define KEX_1000 \
        MLKEM "," SNTRUP "," CURVE "," ECDH
#define KEX_ALL_909 \
        DH_ALL "," ECDH "," CURVE "," SNTRUP "," MLKEM
#define KEX_ALL_805 \
        DH_ALL "," ECDH "," CURVE "," SNTRUP_OLD
#define KEX_804 \
        CURVE "," ECDH "," DH_SHA2
#define KEYS_1003 \
        ED25519_CERT "," ECDSA_CERTS "," SK_ED25519_CERT "," SK_ECDSA_CERT "," \
        WEBAUTHN_CERT "," RSA_SHA2_CERTS "," ED25519 "," ECDSA "," SK_ED25519 "," SK_ECDSA "," \
        WEBAUTHN "," RSA_SHA2
#define KEYS_808 \
        ED25519_CERT "," ECDSA_CERTS "," SK_ED25519_CERT "," SK_ECDSA_CERT "," \
        RSA_SHA2_CERTS "," ED25519 "," ECDSA "," SK_ED25519 "," SK_ECDSA "," RSA_SHA2
#define KEYS_ALL_804 \
        ED25519_PAIRS "," RSA_ALL "," "ssh-dss" "," ECDSA "," SK_ECDSA "," WEBAUTHN "," \
        RSA_ALL_CERTS "," "ssh-dss-cert-v01@openssh.com" "," ECDSA_CERTS "," SK_ECDSA_CERT
#define CA_1003 \
        ED25519 "," ECDSA "," SK_ED25519 "," SK_ECDSA "," WEBAUTHN "," RSA_SHA2
#define CA_ALL_908 \
        ED25519 "," SK_ED25519 "," ECDSA "," SK_ECDSA "," WEBAUTHN "," RSA_ALL
#define CA_805 \
        ED25519 "," ECDSA "," SK_ED25519 "," SK_ECDSA "," RSA_SHA2
#define CA_ALL_804 \
        ED25519 "," SK_ED25519 "," RSA_ALL "," "ssh-dss" "," ECDSA "," SK_ECDSA "," WEBAUTHN

static const struct algorithm_row {
        enum algorithm_kind kind;
        unsigned since;
        bool is_debian;
        const char *initial, *all;
} rows[] = {
        { ALGORITHM_CIPHER, 1000, false,
          CHACHA "," GCM "," CTR,
          CIPHERS_ALL_805 },
        { ALGORITHM_CIPHER, 805, false, CIPHERS_804, CIPHERS_ALL_805 },
        { ALGORITHM_CIPHER, 0, false,
          CIPHERS_804,
          CBC "," "rijndael-cbc@lysator.liu.se" "," CTR "," GCM "," CHACHA },
        { ALGORITHM_MAC, 0, false,
          "umac-64-etm@openssh.com,umac-128-etm@openssh.com,hmac-sha2-256-etm@openssh.com,"
          "hmac-sha2-512-etm@openssh.com,hmac-sha1-etm@openssh.com,umac-64@openssh.com,"
          "umac-128@openssh.com,hmac-sha2-256,hmac-sha2-512,hmac-sha1",
          "hmac-sha1,hmac-sha1-96,hmac-sha2-256,hmac-sha2-512,hmac-md5,hmac-md5-96,"
          "umac-64@openssh.com,umac-128@openssh.com,hmac-sha1-etm@openssh.com,"
          "hmac-sha1-96-etm@openssh.com,hmac-sha2-256-etm@openssh.com,"
          "hmac-sha2-512-etm@openssh.com,hmac-md5-etm@openssh.com,hmac-md5-96-etm@openssh.com,"
          "umac-64-etm@openssh.com,umac-128-etm@openssh.com" },
        { ALGORITHM_KEX, 1006, false,
          KEX_1000,
          DH_ALL "," ECDH "," "mlkem768nistp256-sha256" "," CURVE "," SNTRUP "," MLKEM },
        { ALGORITHM_KEX, 1000, false, KEX_1000, KEX_ALL_909 },
        { ALGORITHM_KEX, 909, false,
          SNTRUP "," MLKEM "," CURVE "," ECDH "," DH_SHA2,
          KEX_ALL_909 },
        { ALGORITHM_KEX, 902, true,
          SNTRUP "," CURVE "," ECDH "," DH_SHA2,
          DH_ALL "," ECDH "," CURVE "," SNTRUP },
        { ALGORITHM_KEX, 900, false,
          SNTRUP_OLD "," CURVE "," ECDH "," DH_SHA2,
          KEX_ALL_805 },
        { ALGORITHM_KEX, 809, false,
          CURVE "," ECDH "," SNTRUP_OLD "," DH_SHA2,
          KEX_ALL_805 },
        { ALGORITHM_KEX, 805, false, KEX_804, KEX_ALL_805 },
        { ALGORITHM_KEX, 0, false,
          KEX_804,
          DH_ALL "," ECDH "," CURVE "," "sntrup4591761x25519-sha512@tinyssh.org" },
        { ALGORITHM_KEY, 1006, false,
          ED25519_CERT "," ECDSA_CERTS "," SK_ED25519_CERT "," SK_ECDSA_CERT ","
          WEBAUTHN_CERT "," RSA_SHA2_CERTS "," "ssh-mldsa44-ed25519-cert" "," ED25519 ","
          ECDSA "," SK_ED25519 "," SK_ECDSA "," WEBAUTHN "," RSA_SHA2 "," "ssh-mldsa44-ed25519",
          ED25519_PAIRS "," "ssh-mldsa44-ed25519,ssh-mldsa44-ed25519-cert" "," ECDSA_PAIRS ","
          SK_ECDSA "," SK_ECDSA_CERT "," WEBAUTHN "," WEBAUTHN_CERT "," RSA_PAIRS },
        { ALGORITHM_KEY, 1005, false,
          KEYS_1003,
          ED25519_PAIRS ","
          "ssh-mldsa44-ed25519@openssh.com,ssh-mldsa44-ed25519-cert-v01@openssh.com" ","
          ECDSA_PAIRS "," SK_ECDSA "," SK_ECDSA_CERT "," WEBAUTHN "," WEBAUTHN_CERT "," RSA_PAIRS },
        { ALGORITHM_KEY, 1003, false,
          KEYS_1003,
          ED25519_PAIRS "," ECDSA_PAIRS "," SK_ECDSA "," SK_ECDSA_CERT "," WEBAUTHN ","
          WEBAUTHN_CERT "," RSA_PAIRS },
        { ALGORITHM_KEY, 908, false,
          KEYS_808,
          ED25519_PAIRS "," ECDSA_PAIRS "," SK_ECDSA "," SK_ECDSA_CERT "," WEBAUTHN "," RSA_PAIRS },
        { ALGORITHM_KEY, 902, false,
          KEYS_808,
          ED25519_PAIRS "," ECDSA_PAIRS "," SK_ECDSA "," SK_ECDSA_CERT "," WEBAUTHN ","
          "ssh-dss,ssh-dss-cert-v01@openssh.com" "," RSA_PAIRS },
        { ALGORITHM_KEY, 808, false, KEYS_808, KEYS_ALL_804 },
        { ALGORITHM_KEY, 805, false,
          ED25519_CERT "," ECDSA_CERTS "," SK_ED25519_CERT "," SK_ECDSA_CERT ","
          RSA_SHA2_CERTS "," "ssh-rsa-cert-v01@openssh.com" "," ED25519 "," ECDSA ","
          SK_ED25519 "," SK_ECDSA "," RSA_SHA2 "," "ssh-rsa",
          KEYS_ALL_804 },
        { ALGORITHM_KEY, 0, false,
          ECDSA_CERTS "," SK_ECDSA_CERT "," ED25519_CERT "," SK_ED25519_CERT ","
          RSA_SHA2_CERTS "," "ssh-rsa-cert-v01@openssh.com" "," ECDSA "," SK_ECDSA ","
          ED25519 "," SK_ED25519 "," RSA_SHA2 "," "ssh-rsa",
          KEYS_ALL_804 },
        { ALGORITHM_CA, 1006, false,
          CA_1003,
          ED25519 "," SK_ED25519 "," "ssh-mldsa44-ed25519" "," ECDSA "," SK_ECDSA ","
          WEBAUTHN "," RSA_ALL },
        { ALGORITHM_CA, 1005, false,
          CA_1003,
          ED25519 "," SK_ED25519 "," "ssh-mldsa44-ed25519@openssh.com" "," ECDSA "," SK_ECDSA ","
          WEBAUTHN "," RSA_ALL },
        { ALGORITHM_CA, 1003, false, CA_1003, CA_ALL_908 },
        { ALGORITHM_CA, 908, false, CA_805, CA_ALL_908 },
        { ALGORITHM_CA, 902, false,
          CA_805,
          ED25519 "," SK_ED25519 "," ECDSA "," SK_ECDSA "," WEBAUTHN "," "ssh-dss" "," RSA_ALL },
        { ALGORITHM_CA, 805, false, CA_805, CA_ALL_804 },
        { ALGORITHM_CA, 0, false,
          ECDSA "," SK_ECDSA "," ED25519 "," SK_ED25519 "," RSA_SHA2,
          CA_ALL_804 },
};
/* clang-format on */

const char algorithms_initial_gss[] =
        "gss-group14-sha256-,gss-group16-sha512-,gss-nistp256-sha256-,"
        "gss-curve25519-sha256-,gss-group14-sha1-,gss-gex-sha1-";

/* Short names of plain key types, which some releases took for names. */
static const char *const short_names[] = { "ED25519", "ED25519-SK", "RSA",
                                           "DSA",     "ECDSA",      "ECDSA-SK" };

static const char *const gss_names[] = {
        "gss-gex-sha1-",          "gss-group1-sha1-",    "gss-group14-sha1-",
        "gss-group14-sha256-",    "gss-group16-sha512-", "gss-nistp256-sha256-",
        "gss-curve25519-sha256-",
};

static const struct algorithm_row *find_row(enum algorithm_kind kind,
                                            const struct sshd_release *release) {
        const struct algorithm_row *row = rows;

        while (row->kind != kind || row->since > release->number ||
               (row->is_debian && release->flavour != SSHD_DEBIAN))
                row++;
        return row;
}

const char *algorithms_initial(enum algorithm_kind kind, const struct sshd_release *release) {
        return find_row(kind, release)->initial;
}

const char *algorithms_all(enum algorithm_kind kind, const struct sshd_release *release) {
        return find_row(kind, release)->all;
}

/* Is the name of N bytes an element of the list? */
static bool list_has(const char *list, const char *name, size_t n) {
        while (*list) {
                size_t n_element = strcspn(list, ",");

                if (n_element == n && memcmp(list, name, n) == 0)
                        return true;
                list += n_element;
                if (*list)
                        list++;
        }
        return false;
}

bool algorithms_is_gss(const char *name, unsigned n) {
        for (size_t i = 0; i < N_ELEMENTS(gss_names); i++) {
                size_t n_prefix = strlen(gss_names[i]);

                if (n >= n_prefix && memcmp(name, gss_names[i], n_prefix) == 0)
                        return true;
        }
        return false;
}

const char *algorithms_unknown_gss(const char *list) {
        if (*list == '\0')
                return list;
        for (const char *name = list; *name && *name != ',';) {
                size_t n = strcspn(name, ",");

                if (!algorithms_is_gss(name, (unsigned)n))
                        return name;
                name += n;
                if (*name)
                        name++;
        }
        return NULL;
}

/* Does any name of ALL match the pattern, or is it excluded by it? */
static bool touches_any(const char *pattern, const char *all) {
        while (*all) {
                char name[128];
                size_t n = strcspn(all, ",");

                memcpy(name, all, n);
                name[n] = '\0';
                if (pattern_match_list(name, pattern, false) != PATTERN_NONE)
                        return true;
                all += n;
                if (*all)
                        all++;
        }
        return false;
}

static bool is_short_name(const char *name) {
        for (size_t i = 0; i < N_ELEMENTS(short_names); i++) {
                if (strcasecmp(name, short_names[i]) == 0)
                        return true;
        }
        return false;
}

static bool is_valid_key(enum algorithm_kind kind, const char *name,
                         const struct sshd_release *release) {
        const char *all = algorithms_all(ALGORITHM_KEY, release);

        if (list_has(all, name, strlen(name)))
                return kind != ALGORITHM_CA || release->number < RELEASE_CA_PLAIN ||
                       !strstr(name, "-cert");
        if (release->number < RELEASE_NO_SHORT_NAMES && is_short_name(name))
                return true;
        return touches_any(name, all);
}

static bool is_valid_name(enum algorithm_kind kind, const char *name,
                          const struct sshd_release *release) {
        size_t n = strlen(name);

        if (kind == ALGORITHM_KEY || kind == ALGORITHM_CA)
                return is_valid_key(kind, name, release);
        if (list_has(algorithms_all(kind, release), name, n))
                return true;
        return kind == ALGORITHM_KEX && release->flavour == SSHD_DEBIAN &&
               release->number < RELEASE_NO_GSS && algorithms_is_gss(name, (unsigned)n);
}

/* Is a list refused that begins with an empty name? The check ends there, and knows of none. */
static bool needs_first_name(enum algorithm_kind kind, const struct sshd_release *release) {
        return (kind == ALGORITHM_CIPHER || kind == ALGORITHM_MAC) &&
               release->number >= RELEASE_FIRST_NAME;
}

int algorithms_check(enum algorithm_kind kind, const char *list, const struct sshd_release *release,
                     const char **ret_unknown) {
        CLEANUP_FREE char *copy = strdup(list);

        if (!copy)
                return -ENOMEM;
        if (*list == '\0' || (*list == ',' && needs_first_name(kind, release)))
                return -EINVAL;
        for (char *name = copy; *name && *name != ',';) {
                char *end = name + strcspn(name, ",");
                bool is_last = *end == '\0';

                *end = '\0';
                if (!is_valid_name(kind, name, release)) {
                        if (ret_unknown)
                                *ret_unknown = list + (name - copy);
                        return -EINVAL;
                }
                if (is_last)
                        break;
                name = end + 1;
        }
        return 0;
}

/* match_filter_*list(): the names of LIST that the patterns match, or that they do not. */
static int filter(const char *list, const char *patterns, bool keep_matches, struct text *ret) {
        for (const char *name = list;; name++) {
                size_t n = strcspn(name, ",");
                CLEANUP_FREE char *copy = strndup(name, n);
                int r = 0;

                if (!copy)
                        return -ENOMEM;
                if ((pattern_match_list(copy, patterns, false) == PATTERN_MATCHED) ==
                    keep_matches) {
                        r = ret->n > 0 ? text_append_char(ret, ',') : 0;
                        if (r == 0)
                                r = text_append_n(ret, name, n);
                }
                if (r < 0)
                        return r;
                name += n;
                if (*name == '\0')
                        return 0;
        }
}

/* kex_names_cat(): A, then what of B is not there yet; B up to its first empty element. */
static int join(const char *a, const char *b, struct text *ret) {
        int r;

        if (*a == '\0' || *b == '\0')
                return text_append(ret, *a ? a : b);
        r = text_append(ret, a);
        while (r == 0 && *b && *b != ',') {
                size_t n = strcspn(b, ",");

                if (!list_has(text_get(ret), b, n)) {
                        r = text_append_char(ret, ',');
                        if (r == 0)
                                r = text_append_n(ret, b, n);
                }
                b += n;
                if (*b)
                        b++;
        }
        return r;
}

/* Replaces each pattern by the names it matches. */
static int expand(const char *patterns, const char *all, struct text *ret) {
        for (const char *pattern = patterns;; pattern++) {
                CLEANUP(text_done) struct text matching = { 0 };
                CLEANUP(text_done) struct text joined = { 0 };
                size_t n = strcspn(pattern, ",");
                CLEANUP_FREE char *copy = strndup(pattern, n);
                int r;

                if (!copy)
                        return -ENOMEM;
                if (*copy == '!')
                        return -EINVAL;
                r = filter(all, copy, true, &matching);
                if (r == 0)
                        r = join(text_get(ret), text_get(&matching), &joined);
                if (r < 0)
                        return r;
                text_done(ret);
                *ret = joined;
                joined = (struct text){ 0 };
                pattern += n;
                if (*pattern == '\0')
                        return 0;
        }
}

int algorithms_assemble(enum algorithm_kind kind, const char *list,
                        const struct sshd_release *release, char **ret) {
        const struct algorithm_row *row = find_row(kind, release);
        CLEANUP(text_done) struct text patterns = { 0 };
        CLEANUP(text_done) struct text result = { 0 };
        int r;

        if (!list || *list == '\0') {
                r = text_append(&result, row->initial);
        } else if (*list == '-') {
                r = filter(row->initial, list + 1, false, &result);
        } else {
                if (*list == '+')
                        r = join(row->initial, list + 1, &patterns);
                else if (*list == '^')
                        r = join(list + 1, row->initial, &patterns);
                else
                        r = text_append(&patterns, list);
                if (r == 0)
                        r = expand(text_get(&patterns), row->all, &result);
                if (r == 0 && result.n == 0)
                        r = -EINVAL;
        }
        if (r < 0)
                return r;
        *ret = text_take(&result);
        return *ret ? 0 : -ENOMEM;
}
