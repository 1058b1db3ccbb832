/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Keys, as auth2-pubkey.c takes them.
 *
 * A key opens if one of the files sshd reads for the account lists it, its options let the
 * connection pass, its signature algorithm is among PubkeyAcceptedAlgorithms, an RSA modulus has
 * RequiredRSASize bits, and RevokedKeys does not hold it (a RevokedKeys that cannot be read refuses
 * every key). Certificates open through a cert-authority entry, or through TrustedUserCAKeys: then
 * the account's name is the principal, unless AuthorizedPrincipalsFile or -Command say otherwise.
 * What a certificate itself restricts is not known before it is shown. AuthorizedKeysCommand may
 * name any key. */

#include "publickey.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/array.h"
#include "base/cleanup.h"
#include "base/escape.h"
#include "base/text.h"
#include "keys/principals.h"
#include "revoked.h"
#include "settings.h"
#include "sshd/user_files.h"

struct judged {
        const struct publickey_question *question;
        struct access_login *login;
        struct revoked revoked;
        const char *algorithms; /* the keyword */
        unsigned rsa_bits;
        struct key_connection connection;
        size_t n_opening;   /* keys that open */
        bool has_authority; /* certificates do */
        bool has_principal; /* AuthorizedPrincipalsFile names one */
        char *unknown;      /* why a file could not be looked at, or NULL */
};

/* ---- algorithms ---- */

/* The algorithms a key of TYPE can sign with. */
static const char *const *signature_algorithms(const char *type) {
        static const char *const rsa[] = { "rsa-sha2-512", "rsa-sha2-256", "ssh-rsa", NULL };

        return strcmp(type, "ssh-rsa") == 0 ? rsa : NULL;
}

static bool is_accepted(const struct judged *judged, const char *keyword, const char *type) {
        const struct sshd_effective *effective = judged->question->effective;
        const char *const *names = signature_algorithms(type);

        if (!names)
                return settings_allow(effective, keyword, type);
        for (size_t i = 0; names[i]; i++)
                if (settings_allow(effective, keyword, names[i]))
                        return true;
        return false;
}

/* True if a certificate of any kind may be shown. */
static bool accepts_certificates(const struct judged *judged) {
        size_t n;
        char *const *values = settings_list(judged->question->effective, judged->algorithms, &n);

        for (size_t i = 0; i < n; i++)
                if (strstr(values[i], "-cert-v01"))
                        return true;
        return n == 0;
}

static const char *refuse_key(const struct judged *judged, const struct public_key *key) {
        if (!is_accepted(judged, judged->algorithms, key->type))
                return "its algorithm is not among PubkeyAcceptedAlgorithms";
        if (strcmp(key->type, "ssh-rsa") == 0 && key->bits < judged->rsa_bits)
                return "it has fewer bits than RequiredRSASize";
        return NULL;
}

static const char *refuse_authority(const struct judged *judged, const struct public_key *key) {
        if (!accepts_certificates(judged))
                return "PubkeyAcceptedAlgorithms has no certificates";
        if (!is_accepted(judged, "casignaturealgorithms", key->type))
                return "its algorithm is not among CASignatureAlgorithms";
        return NULL;
}

/* ---- entries ---- */

static const char *refuse_entry(const struct judged *judged, const struct authorized_key *entry) {
        const struct publickey_question *question = judged->question;
        const char *reason = NULL;

        if (entry->problem != KEY_OK)
                return entry->reason;
        reason = entry->options.cert_authority ? refuse_authority(judged, &entry->key)
                                               : refuse_key(judged, &entry->key);
        if (!reason)
                reason = revoked_refuse(&judged->revoked, entry->key.sha256);
        if (!reason && question->needs_command && !entry->options.command)
                reason = "root needs a forced command here (PermitRootLogin)";
        if (!reason)
                (void)authorized_key_would_accept(entry, &question->machine->keys_release,
                                                  question->machine->keys_environment,
                                                  &judged->connection, &reason);
        return reason;
}

static int describe_entry(const struct authorized_key *entry, struct access_key *key) {
        CLEANUP(text_done) struct text text = { 0 }, options = { 0 };
        CLEANUP(text_done) struct text escaped = { 0 };
        int r = entry->key.type ? authorized_key_format(entry, &text)
                                : text_append(&text, "not a key");

        if (r == 0 && entry->problem == KEY_OK)
                r = key_options_format(&entry->options, &options);
        if (r == 0)
                r = escape_append(&escaped, text_get(&options), options.n);
        if (r < 0)
                return r;
        key->description = text_take(&text);
        key->restrictions = text_take(&escaped);
        key->sha256 = entry->key.type ? strdup(entry->key.sha256) : NULL;
        return key->description && key->restrictions && (key->sha256 || !entry->key.type) ? 0
                                                                                          : -ENOMEM;
}

static int add_key(struct access_login *login, const char *path, const struct authorized_key *entry,
                   const char *refusal) {
        struct access_key *key;

        if (ARRAY_GROW(login->keys, login->n_keys) < 0)
                return -ENOMEM;
        key = &login->keys[login->n_keys++];
        *key = (struct access_key){ .path = strdup(path),
                                    .line = entry->line,
                                    .refusal = refusal ? strdup(refusal) : NULL,
                                    .is_authority = entry->options.cert_authority,
                                    .has_command = entry->options.command != NULL };
        if (entry->options.from)
                key->from = strdup(entry->options.from);
        if (!key->path || (refusal && !key->refusal) || (entry->options.from && !key->from))
                return -ENOMEM;
        return describe_entry(entry, key);
}

static bool is_counted(const struct access_login *login, const char *sha256) {
        for (size_t i = 0; i < login->n_keys; i++)
                if (!login->keys[i].refusal && !login->keys[i].is_authority &&
                    login->keys[i].sha256 && strcmp(login->keys[i].sha256, sha256) == 0)
                        return true;
        return false;
}

static int judge_entries(struct judged *judged, const char *path,
                         const struct access_user_file *file) {
        const struct access_machine *machine = judged->question->machine;
        CLEANUP(authorized_keys_done) struct authorized_keys keys = { 0 };
        int r = authorized_keys_parse(file->data, file->n_data, &machine->keys_release,
                                      machine->keys_environment, &keys);

        for (size_t i = 0; r == 0 && i < keys.n_items; i++) {
                const struct authorized_key *entry = &keys.items[i];
                const char *refusal = refuse_entry(judged, entry);

                if (!refusal && entry->options.cert_authority)
                        judged->has_authority = true;
                else if (!refusal && !is_counted(judged->login, entry->key.sha256))
                        judged->n_opening++;
                r = add_key(judged->login, path, entry, refusal);
        }
        return r;
}

/* A file that sshd does not read is one line of its own in the list. */
static int add_ignored(struct judged *judged, const char *path, const char *reason) {
        const struct authorized_key none = { 0 };

        return add_key(judged->login, path, &none, reason);
}

static int judge_file(struct judged *judged, const char *path) {
        const struct publickey_question *question = judged->question;
        const struct access_machine *machine = question->machine;
        CLEANUP(access_user_file_done) struct access_user_file file = { 0 };
        int r = machine->user_file(machine->userdata, question->account, path,
                                   settings_is_yes(question->effective, "strictmodes"), &file);

        if (r < 0)
                return r;
        if (file.data)
                return judge_entries(judged, path, &file);
        if (!file.ignored)
                return 0;
        r = add_ignored(judged, path, file.ignored);
        if (file.is_unknown && !judged->unknown)
                judged->unknown = TAKE(file.ignored);
        return r;
}

typedef int (*file_fn)(struct judged *judged, const char *path);

static int judge_matches(struct judged *judged, const char *pattern, file_fn judge) {
        const struct access_machine *machine = judged->question->machine;
        char **paths = NULL;
        size_t n = 0;
        int r = machine->glob(machine->userdata, pattern, &paths, &n);

        for (size_t i = 0; r == 0 && i < n; i++)
                r = judge(judged, paths[i]);
        strings_free(paths, n);
        return r;
}

/* Calls JUDGE for each file that the setting KEYWORD names for the account. */
static int each_file(struct judged *judged, const char *keyword, file_fn judge) {
        const struct publickey_question *question = judged->question;
        CLEANUP(sshd_user_keyword_done) struct sshd_user_keyword wanted = { 0 };
        CLEANUP(sshd_user_files_done) struct sshd_user_files files = { 0 };
        size_t n;
        char *const *values = settings_list(question->effective, keyword, &n);
        int r = sshd_user_keyword_init_values(&wanted, question->machine->config, keyword, values,
                                              n);

        if (r == 0)
                r = sshd_user_files_add(&wanted, question->account, &files);
        for (size_t i = 0; r == 0 && i < files.n_items; i++)
                r = files.items[i].is_pattern ? judge_matches(judged, files.items[i].path, judge)
                                              : judge(judged, files.items[i].path);
        return r;
}

/* ---- TrustedUserCAKeys ---- */

/* A principals file with a line that lets the connection pass. */
static int judge_principals_file(struct judged *judged, const char *path) {
        const struct publickey_question *question = judged->question;
        const struct access_machine *machine = question->machine;
        CLEANUP(authorized_principals_done) struct authorized_principals principals = { 0 };
        CLEANUP(access_user_file_done) struct access_user_file file = { 0 };
        int r = machine->user_file(machine->userdata, question->account, path,
                                   settings_is_yes(question->effective, "strictmodes"), &file);

        if (r == 0 && file.data)
                r = authorized_principals_parse(file.data, file.n_data, &machine->keys_release,
                                                machine->keys_environment, &principals);
        for (size_t i = 0; r == 0 && i < principals.n_items; i++)
                if (!principals.items[i].problem &&
                    !key_options_refuse(&principals.items[i].options, &machine->keys_release,
                                        machine->keys_environment, &judged->connection))
                        judged->has_principal = true;
        if (r == 0 && file.is_unknown && !judged->unknown)
                judged->unknown = TAKE(file.ignored);
        return r;
}

/* Is there a name a certificate could carry that is taken? */
static int judge_principals(struct judged *judged, enum access_answer *ret,
                            const char **ret_reason) {
        const struct publickey_question *question = judged->question;
        bool is_listed = settings_is_some(question->effective, "authorizedprincipalsfile");
        bool is_asked = settings_is_some(question->effective, "authorizedprincipalscommand");
        int r = is_listed ? each_file(judged, "authorizedprincipalsfile", judge_principals_file)
                          : 0;

        *ret = ACCESS_YES;
        *ret_reason = NULL;
        if (judged->has_principal || (!is_listed && !is_asked)) {
                if (question->needs_command) {
                        *ret = ACCESS_CANNOT_TELL;
                        *ret_reason = "a certificate may carry a forced command";
                }
        } else if (is_asked || judged->unknown) {
                *ret = ACCESS_CANNOT_TELL;
                *ret_reason = is_asked ? "what AuthorizedPrincipalsCommand prints is not known"
                                       : judged->unknown;
        } else {
                *ret = ACCESS_NO;
        }
        return r;
}

static int judge_authorities(struct judged *judged, struct access_ways *ways) {
        const struct publickey_question *question = judged->question;
        const struct access_machine *machine = question->machine;
        const char *path = settings_get(question->effective, "trustedusercakeys", "none");
        CLEANUP(authorized_keys_done) struct authorized_keys keys = { 0 };
        CLEANUP_FREE char *bytes = NULL;
        const char *reason = NULL;
        enum access_answer answer = ACCESS_NO;
        bool has_one = false;
        size_t n = 0;
        int r;

        if (!settings_is_some(question->effective, "trustedusercakeys"))
                return 0;
        r = machine->read(machine->userdata, path, &bytes, &n);
        if (r == -ENOENT)
                return 0;
        if (r < 0)
                return r == -ENOMEM ? r
                                    : access_ways_add(ways, ACCESS_CERTIFICATE, ACCESS_CANNOT_TELL,
                                                      "publickey",
                                                      "TrustedUserCAKeys could not be read");
        r = authorized_keys_parse(bytes, n, &machine->keys_release, machine->keys_environment,
                                  &keys);
        for (size_t i = 0; r == 0 && i < keys.n_items; i++) {
                struct authorized_key *entry = &keys.items[i];
                const char *refusal = entry->problem != KEY_OK
                                              ? entry->reason
                                              : refuse_authority(judged, &entry->key);

                entry->options.cert_authority = true;
                if (!refusal)
                        refusal = revoked_refuse(&judged->revoked, entry->key.sha256);
                has_one |= !refusal;
                r = add_key(judged->login, path, entry, refusal);
        }
        if (r == 0)
                r = judge_principals(judged, &answer, &reason);
        if (r < 0 || !has_one || answer == ACCESS_NO)
                return r;
        return access_ways_add(ways, ACCESS_CERTIFICATE, answer, "publickey", reason);
}

/* ---- the method ---- */

static int add_ways(const struct judged *judged, struct access_ways *ways) {
        int r = 0;

        if (judged->n_opening > 0)
                r = access_ways_add(ways, ACCESS_KEY, ACCESS_YES, "publickey", NULL);
        if (r == 0 && judged->has_authority)
                r = access_ways_add(ways, ACCESS_CERTIFICATE, ACCESS_YES, "publickey", NULL);
        if (r == 0 && judged->revoked.is_unknown)
                r = access_ways_add(ways, ACCESS_KEY, ACCESS_CANNOT_TELL, "publickey",
                                    "RevokedKeys is a revocation list that is not read here");
        if (r == 0 && settings_is_some(judged->question->effective, "authorizedkeyscommand"))
                r = access_ways_add(ways, ACCESS_KEY, ACCESS_CANNOT_TELL, "publickey",
                                    "what AuthorizedKeysCommand prints is not known");
        if (r == 0 && judged->unknown)
                r = access_ways_add(ways, ACCESS_KEY, ACCESS_CANNOT_TELL, "publickey",
                                    judged->unknown);
        return r;
}

/* The keyword's name in this release. */
static const char *accepted_algorithms(const struct sshd_effective *effective) {
        return sshd_effective_get(effective, "pubkeyacceptedalgorithms")
                       ? "pubkeyacceptedalgorithms"
                       : "pubkeyacceptedkeytypes";
}

int publickey_judge(const struct publickey_question *question, struct access_login *login,
                    struct access_ways *ways) {
        const struct access_machine *machine = question->machine;
        const struct sshd_effective *effective = question->effective;
        struct judged judged = {
                .question = question,
                .login = login,
                .algorithms = accepted_algorithms(effective),
                .rsa_bits = (unsigned)strtoul(settings_get(effective, "requiredrsasize", "0"), NULL,
                                              10),
                .connection = { .user = question->account->name,
                                .host = settings_is_yes(effective, "usedns")
                                                ? question->connection->host
                                                : question->connection->addr,
                                .address = question->connection->addr,
                                .now = machine->now },
        };
        int r = revoked_load(machine, effective, &judged.revoked);

        if (r == 0)
                r = each_file(&judged, "authorizedkeysfile", judge_file);
        if (r == 0)
                r = judge_authorities(&judged, ways);
        if (r == 0)
                r = add_ways(&judged, ways);
        revoked_done(&judged.revoked);
        free(judged.unknown);
        return r;
}

void access_user_file_done(struct access_user_file *file) {
        free(file->data);
        free(file->ignored);
        *file = (struct access_user_file){ 0 };
}
