/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of methods, who may call each and why that is safe, and the handlers that only ask.
 *
 * Lists come in pages, so that the answer to one question is bounded whatever is guarded; a page
 * begins at an index, which may skip or repeat an entry when the list changes between two pages. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/address.h"
#include "base/cleanup.h"
#include "base/escape.h"
#include "call.h"
#include "control/describe.h"
#include "wire/json.h"
#include "wire/message.h"

enum {
        PAGE_DEFAULT = 200,
        PAGE_MAX = 250, /* a few milliseconds and a hundred kilobytes */
};

#define SERVICE(name) WIRE_SERVICE "." name
#define CONTROL(name) WIRE_CONTROL "." name

static const struct control_method methods[] = {
        { SERVICE("GetInfo"), CONTROL_INTROSPECT, 0,
          "the names and version of a program whose package is public", control_get_info },
        { SERVICE("GetInterfaceDescription"), CONTROL_INTROSPECT, 0,
          "the text of an installed file", control_get_interface_description },
        { CONTROL("Status"), CONTROL_READ, 0,
          "findings quote configuration, never keys or secrets; the group exists to read them",
          control_status },
        { CONTROL("ListFiles"), CONTROL_READ, CONTROL_METHOD_COSTLY,
          "names and metadata of guarded files; digests only of files that are not secret",
          control_list_files },
        { CONTROL("ListKeys"), CONTROL_READ, CONTROL_METHOD_COSTLY,
          "fingerprints, options and comments of public keys; who may log in is what the group is "
          "for",
          control_list_keys },
        { CONTROL("ListAccess"), CONTROL_READ, CONTROL_METHOD_COSTLY,
          "as ListKeys; of passwords only whether one is set", control_list_access },
        { CONTROL("ListRules"), CONTROL_READ, CONTROL_METHOD_COSTLY, "the policy in force",
          control_list_rules },
        { CONTROL("ListFindings"), CONTROL_READ, CONTROL_METHOD_COSTLY, "as Status",
          control_list_findings },
        { CONTROL("ListIncidents"), CONTROL_READ, CONTROL_METHOD_COSTLY, "as Status",
          control_list_incidents },
        { CONTROL("GetIncident"), CONTROL_READ, 0, "as Status", control_get_incident },
        { CONTROL("Diff"), CONTROL_READ, CONTROL_METHOD_COSTLY,
          "keys appear as fingerprints, of secret files nothing but metadata", control_diff },
        { CONTROL("Approve"), CONTROL_CHANGE, CONTROL_METHOD_COSTLY,
          "decides what may stay; only the content that was reviewed", control_approve },
        { CONTROL("Restore"), CONTROL_CHANGE, CONTROL_METHOD_COSTLY,
          "writes only a version that was there before", control_restore },
        { CONTROL("GetContent"), CONTROL_CHANGE, CONTROL_METHOD_COSTLY,
          "to whom it may replace; guarded files only, none that is secret", control_get_content },
        { CONTROL("Preview"), CONTROL_CHANGE, CONTROL_METHOD_COSTLY,
          "changes nothing, but may run sshd -t on what the caller wrote", control_preview },
        { CONTROL("Install"), CONTROL_CHANGE, CONTROL_METHOD_COSTLY,
          "writes a guarded file only, over what was reviewed, nothing sshd refuses; what was "
          "there "
          "is kept",
          control_install },
        { CONTROL("Confirm"), CONTROL_CHANGE, 0,
          "changes no file; only from a login over ssh that began after the edit",
          control_confirm },
        { CONTROL("Undo"), CONTROL_CHANGE, CONTROL_METHOD_COSTLY,
          "brings forward what happens by itself: what was there before an edit", control_undo },
        { CONTROL("Check"), CONTROL_READ, 0,
          "brings forward what happens by itself; concurrent ones share a pass", control_check },
        { CONTROL("Reload"), CONTROL_CHANGE, CONTROL_METHOD_COSTLY, "a bad policy changes nothing",
          control_reload },
        { CONTROL("Acknowledge"), CONTROL_CHANGE, CONTROL_METHOD_COSTLY,
          "lets a rule of the policy respond; only the terms that were reviewed",
          control_acknowledge },
        { CONTROL("Monitor"), CONTROL_READ, CONTROL_METHOD_MORE,
          "as Status; who does not read is dropped", control_monitor },
        { CONTROL("Explain"), CONTROL_READ, CONTROL_METHOD_COSTLY, "as Status", control_explain },
        { CONTROL("GeneratePolicy"), CONTROL_READ, CONTROL_METHOD_COSTLY,
          "settings that findings quote too", control_generate_policy },
        { CONTROL("GetMetrics"), CONTROL_READ, 0, "counts", control_get_metrics },
        { CONTROL("Permit"), CONTROL_CHANGE, 0, "ends by itself; alerts go on", control_permit },
        { CONTROL("RevokePermit"), CONTROL_CHANGE, 0, "only tightens", control_revoke_permit },
        { CONTROL("ListPermits"), CONTROL_READ, 0, "who may change what, for whom",
          control_list_permits },
        { CONTROL("Pause"), CONTROL_CHANGE, 0, "ends by itself; alerts go on", control_pause },
        { CONTROL("Resume"), CONTROL_CHANGE, 0, "only tightens", control_resume },
        { CONTROL("Unlock"), CONTROL_CHANGE, 0, "ends by itself; drift is still reverted",
          control_unlock },
        { CONTROL("BeginPackageRun"), CONTROL_CHANGE, 0, "ends by itself; alerts go on",
          control_begin_packages },
        { CONTROL("EndPackageRun"), CONTROL_CHANGE, 0, "approves what packages brought",
          control_end_packages },
};

const struct control_method *control_methods(size_t *ret_n) {
        *ret_n = N_ELEMENTS(methods);
        return methods;
}

/* ---- what handlers share ---- */

int control_call_fail(struct control_call *call, const char *error, json_t *parameters) {
        if (!parameters)
                return -ENOMEM;
        json_decref(call->reply);
        call->reply = parameters;
        call->error = error;
        call->wait = CONTROL_WAIT_NOTHING;
        return 0;
}

static int fail_parameter(struct control_call *call, const char *name) {
        return control_call_fail(call, WIRE_INVALID_PARAMETER,
                                 json_pack("{s:s}", "parameter", name));
}

/* REPLY is a new reference; NULL: out of memory. */
static int reply_with(struct control_call *call, json_t *reply) {
        call->reply = reply;
        return reply ? 0 : -ENOMEM;
}

static int decode_path(struct control_call *call, const char *plain, const char *encoded,
                       char **ret) {
        CLEANUP(text_done) struct text path = { 0 };
        int r;

        r = encoded ? escape_decode_base64(&path, encoded, strlen(encoded))
                    : text_append(&path, plain);
        if (r == -ENOMEM)
                return r;
        if (r < 0 || text_get(&path)[0] != '/' || memchr(path.data, '\0', path.n)) {
                r = fail_parameter(call, encoded ? "path_base64" : "path");
                return r < 0 ? r : 1;
        }
        *ret = text_take(&path);
        return *ret ? 0 : -ENOMEM;
}

int control_call_path(struct control_call *call, bool is_optional, char **ret) {
        const char *plain = json_string_value(json_object_get(call->parameters, "path"));
        const char *encoded = json_string_value(json_object_get(call->parameters, "path_base64"));
        int r;

        if (plain || encoded)
                return decode_path(call, plain, encoded, ret);
        if (is_optional) {
                *ret = NULL;
                return 0;
        }
        r = fail_parameter(call, "path");
        return r < 0 ? r : 1;
}

static int64_t get_int(const struct control_call *call, const char *name, int64_t fallback) {
        const json_t *value = json_object_get(call->parameters, name);

        return json_is_integer(value) ? json_integer_value(value) : fallback;
}

static const char *get_string(const struct control_call *call, const char *name) {
        return json_string_value(json_object_get(call->parameters, name));
}

int control_count_findings(const struct control_backend *backend, size_t ret[N_SEVERITIES]) {
        struct control_finding finding;
        int r = 0;

        for (size_t i = 0; i < N_SEVERITIES; i++)
                ret[i] = 0;
        if (!backend->get_finding)
                return -EOPNOTSUPP;
        for (size_t i = 0; (r = backend->get_finding(backend->userdata, i, &finding)) > 0; i++)
                ret[finding.finding->severity]++;
        return r;
}

/* Appends VALUE (a new reference) and lets go of it. */
static int append(json_t *list, json_t *value) {
        return json_array_append_new(list, value) < 0 ? -ENOMEM : 0;
}

/* ---- pages ---- */

struct page {
        size_t begin, end;
};

/* 0, 1 if the call failed, or a negative errno. */
static int get_page(struct control_call *call, struct page *ret) {
        const char *after = get_string(call, "after");
        int64_t limit = get_int(call, "limit", PAGE_DEFAULT);
        unsigned long long begin = 0;
        char *end;
        int r;

        if (after) {
                errno = 0;
                begin = strtoull(after, &end, 10);
                if (after[0] < '0' || after[0] > '9' || *end != '\0' || begin > UINT32_MAX) {
                        r = fail_parameter(call, "after");
                        return r < 0 ? r : 1;
                }
        }
        if (limit < 1) {
                r = fail_parameter(call, "limit");
                return r < 0 ? r : 1;
        }
        ret->begin = (size_t)begin;
        ret->end = ret->begin + (size_t)(limit > PAGE_MAX ? PAGE_MAX : limit);
        return 0;
}

/* One entry of a list: 1 with *ret a new reference, 0 past the end, or a negative errno. */
typedef int (*describe_entry_fn)(const struct control_backend *backend, size_t index, json_t **ret);

static int describe_nth_file(const struct control_backend *backend, size_t index, json_t **ret) {
        struct control_file file;
        int r = backend->get_file(backend->userdata, index, &file);

        if (r > 0)
                *ret = describe_file(&file);
        return r > 0 && !*ret ? -ENOMEM : r;
}

static int describe_nth_finding(const struct control_backend *backend, size_t index, json_t **ret) {
        struct control_finding finding;
        int r = backend->get_finding(backend->userdata, index, &finding);

        if (r > 0)
                *ret = describe_finding(&finding);
        return r > 0 && !*ret ? -ENOMEM : r;
}

static int reply_page(struct control_call *call, const char *name, describe_entry_fn describe) {
        CLEANUP(wire_json_cleanup) json_t *list = json_array();
        CLEANUP_FREE char *next = NULL;
        struct page page;
        json_t *entry = NULL;
        size_t index;
        int r;

        r = get_page(call, &page);
        if (r != 0)
                return r < 0 ? r : 0;
        if (page.begin > 0) { /* a walk begins at 0 */
                r = describe(call->backend, 0, &entry);
                if (r > 0)
                        json_decref(entry);
        }
        for (index = page.begin; r >= 0 && index < page.end; index++) {
                r = describe(call->backend, index, &entry);
                if (r > 0)
                        r = append(list, entry);
                else
                        break;
        }
        if (r < 0)
                return r;
        if (index == page.end && !(next = text_format("%zu", index)))
                return -ENOMEM;
        return reply_with(call, json_pack("{s:O,s:s?}", name, list, "next", next));
}

int control_list_files(struct control_call *call) {
        return call->backend->get_file ? reply_page(call, "files", describe_nth_file) : -EOPNOTSUPP;
}

/* A page is so many accounts: what one of them has is bounded by the size of its files. */
enum {
        PAGE_ACCOUNTS = 100,
        PAGE_JUDGED = 25, /* what each can do takes more time to tell than what it has */
};

static int append_key(void *userdata, const struct control_key *key) {
        return json_array_append_new(userdata, describe_authorized_key(key)) < 0 ? -ENOMEM : 0;
}

int control_list_keys(struct control_call *call) {
        const struct control_backend *backend = call->backend;
        CLEANUP(wire_json_cleanup) json_t *keys = json_array();
        CLEANUP_FREE char *name = NULL;
        struct control_key_query query = {
                .user = json_string_value(json_object_get(call->parameters, "user")),
                .n_accounts = PAGE_ACCOUNTS,
                .on_key = append_key,
                .userdata = keys,
        };
        struct page page;
        size_t next = 0;
        int r;

        if (!backend->list_keys)
                return -EOPNOTSUPP;
        r = get_page(call, &page);
        if (r != 0)
                return r < 0 ? r : 0;
        query.first = page.begin;
        r = keys ? backend->list_keys(backend->userdata, &query, &next) : -ENOMEM;
        if (r == 0)
                return fail_parameter(call, "user");
        if (r > 0 && next > 0 && !(name = text_format("%zu", next)))
                r = -ENOMEM;
        return r < 0 ? r : reply_with(call, json_pack("{s:O,s:s?}", "keys", keys, "next", name));
}

struct listing {
        json_t *accounts;
        bool with_keys;
};

static int append_account(void *userdata, const struct account *account,
                          const struct access_logins *logins) {
        const struct listing *listing = userdata;

        return append(listing->accounts, describe_access(account, logins, listing->with_keys));
}

int control_list_access(struct control_call *call) {
        const struct control_backend *backend = call->backend;
        CLEANUP(wire_json_cleanup) json_t *accounts = json_array();
        CLEANUP_FREE char *name = NULL;
        struct control_refusal refusal = { 0 };
        struct listing listing = { accounts, false };
        struct control_access_query query = {
                .user = get_string(call, "user"),
                .address = get_string(call, "address"),
                .n_accounts = PAGE_JUDGED,
                .on_account = append_account,
                .userdata = &listing,
        };
        struct address address;
        struct page page;
        size_t next = 0;
        int r;

        if (!backend->list_access)
                return -EOPNOTSUPP;
        if (query.address && !address_parse(query.address, NULL, NULL, &address))
                return fail_parameter(call, "address");
        r = get_page(call, &page);
        if (r != 0)
                return r < 0 ? r : 0;
        query.first = page.begin;
        listing.with_keys = query.user != NULL;
        r = accounts ? backend->list_access(backend->userdata, &query, &next, &refusal) : -ENOMEM;
        if (r == -ENOENT)
                return fail_parameter(call, "user");
        if (r == CONTROL_DONE && next > 0 && !(name = text_format("%zu", next)))
                r = -ENOMEM;
        return control_call_conclude(call, r, &refusal, &(struct control_request){ 0 },
                                     json_pack("{s:O,s:s?}", "accounts", accounts, "next", name));
}

int control_list_findings(struct control_call *call) {
        return call->backend->get_finding ? reply_page(call, "findings", describe_nth_finding)
                                          : -EOPNOTSUPP;
}

int control_list_permits(struct control_call *call) {
        const struct control_backend *backend = call->backend;
        CLEANUP(wire_json_cleanup) json_t *list = json_array();
        struct control_permit permit;
        int r;

        if (!backend->get_permit)
                return -EOPNOTSUPP;
        for (size_t i = 0; (r = backend->get_permit(backend->userdata, i, &permit)) > 0; i++)
                if (permit.path && append(list, describe_permit(&permit)) < 0)
                        return -ENOMEM;
        return r < 0 ? r : reply_with(call, json_pack("{s:O}", "permits", list));
}

/* ---- org.varlink.service ---- */

int control_get_info(struct control_call *call) {
        return reply_with(call, json_pack("{s:s,s:s,s:s,s:s,s:[s,s]}", "vendor", "sshguardd",
                                          "product", "sshguardd", "version", SSHGUARDD_VERSION,
                                          "url", "man:org.sshguardd.Control(7)", "interfaces",
                                          WIRE_CONTROL, WIRE_SERVICE));
}

int control_get_interface_description(struct control_call *call) {
        const char *name = get_string(call, "interface");
        const char *description = NULL;

        if (strcmp(name, WIRE_CONTROL) == 0)
                description = wire_control_description;
        else if (strcmp(name, WIRE_SERVICE) == 0)
                description = wire_service_description;
        if (!description)
                return control_call_fail(call, WIRE_INTERFACE_NOT_FOUND,
                                         json_pack("{s:s}", "interface", name));
        return reply_with(call, json_pack("{s:s}", "description", description));
}

/* ---- incidents ---- */

int control_find_incidents(const struct control_backend *backend,
                           const struct incident_filter *wanted, json_t **ret,
                           bool *ret_truncated) {
        CLEANUP(wire_json_cleanup) json_t *list = json_array();
        struct incident *incidents = NULL;
        struct incident_filter filter = *wanted;
        size_t n = 0, limit = filter.limit;
        int r;

        if (!backend->list_incidents)
                return -EOPNOTSUPP;
        filter.limit++; /* one more tells whether the list goes on */
        r = backend->list_incidents(backend->userdata, &filter, &incidents, &n);
        if (r < 0)
                return r;
        for (size_t i = 0; r == 0 && i < n && i < limit; i++)
                r = append(list, describe_incident(&incidents[i]));
        incidents_free(incidents, n);
        if (r < 0)
                return r;
        *ret_truncated = n > limit;
        *ret = TAKE(list);
        return 0;
}

static int parse_severity(const char *name) {
        for (int i = 0; i < N_SEVERITIES; i++)
                if (strcmp(severity_name((enum severity)i), name) == 0)
                        return i;
        return 0;
}

int control_list_incidents(struct control_call *call) {
        CLEANUP(wire_json_cleanup) json_t *list = NULL;
        CLEANUP_FREE char *path = NULL;
        const char *severity = get_string(call, "severity_at_least");
        struct page page;
        bool truncated;
        int r;

        r = control_call_path(call, true, &path);
        if (r == 0)
                r = get_page(call, &page);
        if (r != 0)
                return r < 0 ? r : 0;
        r = control_find_incidents(
                call->backend,
                &(struct incident_filter){
                        .path = path,
                        .rule_id = get_string(call, "rule"),
                        .user = get_string(call, "user"),
                        .since_us = get_int(call, "since_us", 0),
                        .until_us = get_int(call, "until_us", 0),
                        .severity_at_least = severity ? parse_severity(severity) : 0,
                        .limit = page.end - page.begin,
                },
                &list, &truncated);
        if (r < 0)
                return r;
        return reply_with(call, json_pack("{s:O,s:b}", "incidents", list, "truncated", truncated));
}

int control_get_incident(struct control_call *call) {
        const struct control_backend *backend = call->backend;
        int64_t id = get_int(call, "id", 0);
        struct incident incident = { 0 };
        int r;

        if (!backend->get_incident)
                return -EOPNOTSUPP;
        r = backend->get_incident(backend->userdata, id, &incident);
        if (r < 0)
                return r;
        if (r == 0)
                return control_call_fail(call, CONTROL_ERROR("NoSuchIncident"),
                                         json_pack("{s:I}", "incident", (json_int_t)id));
        r = reply_with(call, json_pack("{s:o}", "incident", describe_incident(&incident)));
        incident_done(&incident);
        return r;
}

int control_generate_policy(struct control_call *call) {
        const struct control_backend *backend = call->backend;
        CLEANUP(text_done) struct text generated = { 0 };
        CLEANUP(text_done) struct text shown = { 0 };
        struct control_refusal refusal = { 0 };
        int r;

        if (!backend->generate_policy)
                return -EOPNOTSUPP;
        r = backend->generate_policy(backend->userdata, &generated, &refusal);
        if (r == CONTROL_DONE &&
            describe_append_lines(&shown, text_get(&generated), generated.n) < 0)
                r = -ENOMEM;
        return control_call_conclude(call, r, &refusal, &(struct control_request){ 0 },
                                     json_pack("{s:s}", "text", text_get(&shown)));
}
