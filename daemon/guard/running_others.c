/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Servers of ssh beside the unit's.
 *
 * What a second sshd reads is nobody's to judge: its options are its own, and so may be its
 * configuration, its keys and its PAM service. So that there is one is the finding. What runs when
 * the machine is looked at first is taken for wanted, as files are adopted, and said once; from
 * then on a title that was not there is told until it is gone. */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "guard/messages.h"
#include "manager.h"
#include "os/listeners.h"

static const char adopted_name[] = "ssh-servers"; /* their titles, one a line */

struct found {
        struct listener *items;
        size_t n_items;
};

static void found_done(struct found *found) {
        listeners_free(found->items, found->n_items);
}

/* Whether LINES hold LINE. */
static bool has_line(const char *lines, const char *line) {
        size_t n = strlen(line);

        for (const char *at = lines; *at; at += strcspn(at, "\n"), at += *at == '\n')
                if (strcspn(at, "\n") == n && strncmp(at, line, n) == 0)
                        return true;
        return false;
}

static bool is_other(const struct manager *manager, const struct listener *listener) {
        return listener->pid != manager->sshd_pid && !strchr(listener->title, '\n');
}

/* The titles that run now are the wanted ones. */
static int adopt(struct manager *manager, const struct found *found) {
        CLEANUP(text_done) struct text lines = { 0 };
        int r = 0;

        for (size_t i = 0; i < found->n_items && r == 0; i++) {
                if (!is_other(manager, &found->items[i]))
                        continue;
                record_notice(MESSAGE_ADOPTED, LOG_NOTICE,
                              "beside sshd's unit another server of ssh runs, which is not judged: "
                              "%s",
                              found->items[i].title);
                r = text_appendf(&lines, "%s\n", found->items[i].title);
        }
        return r < 0 ? r
                     : store_set_value(manager->world.store, adopted_name,
                                       text_get(&lines) ? text_get(&lines) : "");
}

static int note(struct manager *manager, const struct listener *listener) {
        CLEANUP(finding_done) struct finding finding = { 0 };
        int r = finding_init_own(&finding, FINDING_OTHER_SERVER, SEVERITY_CRITICAL);

        r = finding_set(r, &finding.want, "%s", "no server of ssh beside sshd's unit");
        r = finding_set(r, &finding.got, "%s", listener->title);
        r = finding_set(r, &finding.witness, "ps -ww -o pid,user,unit,args -p %u", listener->pid);
        r = finding_set(r, &finding.message,
                        "another server of ssh runs beside sshd's unit (process %u): what it reads "
                        "is not judged",
                        listener->pid);
        return r < 0 ? r : reconciler_note(&manager->reconciler, FINDING_OTHER_SERVER, &finding);
}

enum sight {
        SIGHT_AS_ADOPTED,
        SIGHT_OTHER, /* one that was not adopted */
        SIGHT_FIRST, /* nobody looked before */
};

/* Returns an enum sight, with *RET of FOUND at SIGHT_OTHER, or a negative errno. */
static int look(struct manager *manager, struct found *found, const struct listener **ret) {
        CLEANUP_FREE char *adopted = NULL;
        int r = listeners_find("/proc", &found->items, &found->n_items);

        if (r < 0)
                return r;
        r = store_get_value(manager->world.store, adopted_name, &adopted);
        if (r < 0)
                return r == -ENOENT ? SIGHT_FIRST : r;
        for (size_t i = 0; i < found->n_items; i++) {
                if (!is_other(manager, &found->items[i]) ||
                    has_line(adopted, found->items[i].title))
                        continue;
                *ret = &found->items[i];
                return SIGHT_OTHER;
        }
        return SIGHT_AS_ADOPTED;
}

void manager_judge_other_servers(struct manager *manager) {
        CLEANUP(found_done) struct found found = { 0 };
        const struct listener *other = NULL;
        bool is_noted = reconciler_has_noted(&manager->reconciler, FINDING_OTHER_SERVER);
        int r = look(manager, &found, &other);

        if (r == SIGHT_FIRST)
                r = adopt(manager, &found);
        else if (r == SIGHT_OTHER && !is_noted)
                r = note(manager, other);
        else if (r == SIGHT_AS_ADOPTED && is_noted)
                r = reconciler_note(&manager->reconciler, FINDING_OTHER_SERVER, NULL);
        if (r < 0)
                record_notice(NULL, LOG_ERR, "other servers of ssh cannot be looked for: %s",
                              strerror(-r));
}

void manager_look_for_other_servers(struct manager *manager) {
        CLEANUP(found_done) struct found found = { 0 };
        const struct listener *other = NULL;
        bool is_noted = reconciler_has_noted(&manager->reconciler, FINDING_OTHER_SERVER);
        int r;

        if (!manager->inquiry_timer)
                return;
        r = look(manager, &found, &other);
        /* the unit's own sshd may be a new process: systemd knows */
        if ((r == SIGHT_OTHER && !is_noted) || (r == SIGHT_AS_ADOPTED && is_noted))
                manager_ask_about_unit(manager);
}
