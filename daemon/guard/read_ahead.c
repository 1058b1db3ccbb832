/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Children that read ahead.
 *
 * The accounts are dealt out in small runs, so that the children stay together, just ahead of the
 * pass that follows them. To open the files with keys is to read the directories above them; their
 * content is asked for with posix_fadvise(2), which does not wait. What else is looked at of an
 * account (~/.ssh/rc, ~/.google_authenticator) lies in the same directories. */

#include "guard/read_ahead.h"

#include <errno.h>
#include <stdlib.h>

#include "base/array.h"

enum { RUN_USERS = 16 }; /* dealt out to a child at a time */

static bool is_read(enum user_role role) {
        return role == USER_KEYS || role == USER_PRINCIPALS || role == USER_TARGET;
}

void read_ahead_share(struct users *users, size_t number) {
        for (size_t i = 0; i < users->n_items; i++) {
                const struct guarded_user *user = &users->items[i];
                const struct credentials *as;

                if (i / RUN_USERS % READ_AHEAD_CHILDREN != number)
                        continue;
                if (users_credentials(users, i, &as) < 0 ||
                    looker_keep_rights(users->looker, as) < 0)
                        return;
                for (size_t f = 0; f < user->n_files; f++)
                        if (is_read(user->files[f].role))
                                looker_read_ahead(users->looker, user->files[f].path, as);
                looker_drop_rights(users->looker);
        }
}

struct share {
        struct users *users;
        size_t number;
};

static int read_in_child(void *userdata, int fd) {
        const struct share *share = userdata;

        (void)fd;
        read_ahead_share(share->users, share->number);
        return EXIT_SUCCESS;
}

static void on_done(void *userdata, int error, struct probe_result *result) {
        struct probe **child = userdata;

        (void)error;
        (void)result;
        *child = NULL;
}

int read_ahead_start(struct read_ahead *read_ahead, sd_event *event, struct users *users) {
        if (users->n_items < READ_AHEAD_USERS_MIN)
                return 0;
        for (size_t i = 0; i < READ_AHEAD_CHILDREN; i++) {
                struct share share = { users, i };
                const struct probe_work work = { read_in_child, &share, READ_AHEAD_MS };
                int r = probe_start_call(event, &work, on_done, &read_ahead->children[i],
                                         &read_ahead->children[i]);

                if (r < 0) {
                        read_ahead->children[i] = NULL;
                        return r == -ENOMEM ? r : 0;
                }
        }
        return 0;
}

void read_ahead_stop(struct read_ahead *read_ahead) {
        for (size_t i = 0; i < READ_AHEAD_CHILDREN; i++) {
                probe_cancel(read_ahead->children[i]);
                read_ahead->children[i] = NULL;
        }
}
