/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two databases, one of which is enough to go on.
 *
 * SQLite's own check finds a damaged page when a database is opened; what a disk, a full file
 * system or an intruder did to one file is unlikely to have hit both. Incidents are kept once: they
 * say what was, and the journal says it too. */

#include "guard/emergency.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "guard/messages.h"
#include "guard/record.h"

/* 1 if a damaged database was set aside and an empty one begun. */
static int open_or_begin(const char *directory, const char *what, struct store **ret) {
        CLEANUP_FREE char *kept_as = NULL;
        int r = mkdir(directory, 0700) < 0 && errno != EEXIST ? -errno : 0;

        if (r == 0)
                r = store_open(directory, ret);
        if (r != -EUCLEAN)
                return r;
        r = store_set_aside(directory, &kept_as);
        if (r < 0)
                return r;
        record_notice(MESSAGE_STORE_DAMAGED, LOG_CRIT,
                      "%s was damaged; it is kept as %s and a new one begun", what, kept_as);
        r = store_open(directory, ret);
        return r < 0 ? r : 1;
}

static int restore(struct store *copy, struct store *store) {
        size_t n_restored = 0;
        int r = store_copy_protection(copy, store, &n_restored);

        if (r == 0)
                record_notice(MESSAGE_STORE_DAMAGED, LOG_CRIT,
                              "protection goes on: %zu approved versions came from the emergency "
                              "copy; permits and incidents did not",
                              n_restored);
        else
                record_notice(MESSAGE_STORE_DAMAGED, LOG_CRIT,
                              "the emergency copy could not be read: %s", strerror(-r));
        return r == -ENOMEM ? r : 0;
}

int emergency_open(const char *directory, struct store **ret_store, struct store **ret_copy) {
        CLEANUP_FREE char *beside = text_format("%s/emergency", directory);
        struct store *store = NULL, *copy = NULL;
        int r, r_copy;

        if (!beside)
                return -ENOMEM;
        r = open_or_begin(directory, "the database", &store);
        if (r < 0)
                return r;
        r_copy = open_or_begin(beside, "the emergency copy of approved versions", &copy);
        if (r_copy < 0)
                record_notice(MESSAGE_STORE_DAMAGED, LOG_ERR,
                              "no emergency copy of approved versions can be kept: %s",
                              strerror(-r_copy));
        if (r > 0 && copy)
                r = restore(copy, store);
        if (r < 0) {
                store_free(store);
                store_free(copy);
                return r;
        }
        *ret_store = store;
        *ret_copy = copy;
        return 0;
}

void emergency_update(struct store *store, struct store *copy) {
        size_t n_copied;
        int r = copy ? store_copy_protection(store, copy, &n_copied) : 0;

        if (r < 0)
                record_notice(MESSAGE_STORE_DAMAGED, LOG_ERR,
                              "the emergency copy of approved versions is not up to date: %s",
                              strerror(-r));
}
