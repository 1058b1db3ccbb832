/* SPDX-License-Identifier: GPL-3.0-or-later */
/* allowed_user() of auth.c, in its order: a locked or expired account where PAM is not asked, a
 * shell that cannot be run, DenyUsers, AllowUsers, DenyGroups, AllowGroups.
 *
 * USER@HOST: the user is a pattern; the host part is tried as an address list first, then as a list
 * of host names. Where the client's name is not known, sshd uses its address (UseDNS no). A `!` has
 * no meaning in front of a user or a group: ga_match() and match_user() know patterns alone. */

#include "admission.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/address.h"
#include "base/ascii.h"
#include "base/cleanup.h"
#include "base/pattern.h"
#include "base/text.h"
#include "settings.h"

enum { RELEASE_STRICT_MASK = 908, DAY = 86400 };

/* ---- without PAM ---- */

static char *refuse_locked(const struct access_machine *machine, const struct account *account,
                           const struct sshd_effective *effective) {
        const struct shadow *shadow;

        if (settings_is_yes(effective, "usepam") || !machine->shadows)
                return NULL;
        shadow = shadows_find(machine->shadows, account->name);
        if (!shadow)
                return NULL;
        if (shadow->expire != -1 && shadow->expire < machine->now / DAY)
                return text_format("the account has expired");
        return shadow->is_locked ? text_format("the account is locked") : NULL;
}

/* ---- the shell ---- */

static int refuse_shell(const struct access_machine *machine, const struct account *account,
                        const struct sshd_effective *effective, char **ret_reason) {
        const char *shell = account->shell[0] ? account->shell : "/bin/sh";
        struct file_metadata metadata = { 0 };
        int r;

        if (settings_is_some(effective, "chrootdirectory"))
                return 0;
        r = machine->look(machine->userdata, shell, &metadata);
        if (r < 0)
                return r;
        if (metadata.kind == FILE_ABSENT)
                *ret_reason = text_format("its shell %s does not exist", shell);
        else if (metadata.kind != FILE_REGULAR || (metadata.mode & 0111) == 0)
                *ret_reason = text_format("its shell %s is not executable", shell);
        else
                shell = NULL;
        file_metadata_done(&metadata);
        return shell && !*ret_reason ? -ENOMEM : 0;
}

/* ---- lists ---- */

struct visitor {
        const struct account *account;
        const char *host, *address;
        bool is_mask_strict;
};

static bool match_host(const struct visitor *visitor, const char *list) {
        CLEANUP_FREE char *host = NULL;
        int by_address;

        if (!visitor->address || !visitor->host)
                return false;
        by_address =
                address_match_list(visitor->address, list, visitor->is_mask_strict, NULL, NULL);
        if (by_address < 0)
                return false;
        host = strdup(visitor->host);
        if (!host)
                return false;
        for (char *c = host; *c; c++)
                *c = ascii_to_lower(*c);
        switch (pattern_match_list(host, list, true)) {
        case PATTERN_NEGATED:
                return false;
        case PATTERN_MATCHED:
                return true;
        default:
                return by_address == 1;
        }
}

static bool match_user(const struct visitor *visitor, const char *pattern) {
        const char *at = strchr(pattern, '@');
        CLEANUP_FREE char *user = NULL;

        if (!at)
                return pattern_match(visitor->account->name, pattern);
        user = strndup(pattern, (size_t)(at - pattern));
        return user && pattern_match(visitor->account->name, user) && match_host(visitor, at + 1);
}

static bool match_users(const struct visitor *visitor, char *const *patterns, size_t n) {
        for (size_t i = 0; i < n; i++)
                if (match_user(visitor, patterns[i]))
                        return true;
        return false;
}

/* ga_match() */
static bool match_groups(const struct account *account, char *const *patterns, size_t n) {
        for (size_t i = 0; i < account->n_groups; i++)
                for (size_t k = 0; k < n; k++)
                        if (pattern_match(account->groups[i], patterns[k]))
                                return true;
        return false;
}

static const char *refuse_by_lists(const struct visitor *visitor,
                                   const struct sshd_effective *effective) {
        size_t n;
        char *const *list = settings_list(effective, "denyusers", &n);

        if (match_users(visitor, list, n))
                return "it is listed in DenyUsers";
        list = settings_list(effective, "allowusers", &n);
        if (n > 0 && !match_users(visitor, list, n))
                return "it is not listed in AllowUsers";
        list = settings_list(effective, "denygroups", &n);
        if (match_groups(visitor->account, list, n))
                return "one of its groups is listed in DenyGroups";
        list = settings_list(effective, "allowgroups", &n);
        if (n > 0 && !match_groups(visitor->account, list, n))
                return "none of its groups is listed in AllowGroups";
        return NULL;
}

int admission_judge(const struct access_machine *machine, const struct account *account,
                    const struct sshd_connection *connection,
                    const struct sshd_effective *effective, char **ret_reason) {
        const struct visitor visitor = {
                .account = account,
                .address = connection->addr,
                .host = settings_is_yes(effective, "usedns") && connection->host ? connection->host
                                                                                 : connection->addr,
                .is_mask_strict = sshd_effective_release(effective)->number >= RELEASE_STRICT_MASK,
        };
        const char *listed;
        char *reason = refuse_locked(machine, account, effective);
        int r = 0;

        if (!reason)
                r = refuse_shell(machine, account, effective, &reason);
        if (r < 0)
                return r;
        if (!reason && (listed = refuse_by_lists(&visitor, effective))) {
                reason = strdup(listed);
                if (!reason)
                        return -ENOMEM;
        }
        *ret_reason = reason;
        return 0;
}
