/* SPDX-License-Identifier: GPL-3.0-or-later */
/* From inotify events to wanted paths.
 *
 * Three objects do the work: places.c knows the tree the wanted paths lead through and its watches,
 * walk.c resolves one path into it, mounts.c knows where it must not go. Here events are read and
 * turned into "look again".
 *
 * What the kernel tells and what is made of it:
 * - an event without a name is about the watched object itself: its paths are dirty; if it was
 * moved, deleted or unmounted, everything below is resolved anew;
 * - a name that comes or goes: if a path leads through it, that is resolved anew;
 * - any event in a directory with wanted files dirties all of these: a file written under O_TMPFILE
 *   goes by "#inode" for ever, and an exchange names one of two;
 * - IN_IGNORED: the kernel dropped the watch;
 * - IN_Q_OVERFLOW: anything may have happened. Each path is resolved anew when it is next
 * refreshed.
 *
 * Nothing is restructured while events are read: paths are queued first, resolved and reported when
 * all were read, so one path is reported once per dispatch however many events it had. And whoever
 * puts the look off has it resolved and reported once until he takes it: what users do in their
 * directories, by the ten thousand a second, is to cost little more than reading it. */

#include "os/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "fd.h"
#include "mounts.h"
#include "places.h"
#include "walk.h"

enum {
        BUFFER_SIZE = 64 << 10, /* some thousand events of ordinary names */
        READS_PER_DISPATCH = 4, /* then others get their turn; the rest is still there */
};

struct watch {
        struct os_root root;
        struct watch_events events;
        int fd;
        struct mounts mounts;
        struct places places;
        struct table wanted;
        struct wanted *queue; /* dirty, to be reported; a ring would do, order does not matter */
        uint64_t epoch;       /* number of overflows so far */
        struct node *busy;    /* wanted directories that had events in this dispatch */
        uint64_t n_dispatches;
        bool is_dispatching; /* what is reported may be put off */
        size_t n_limited;    /* wanted paths that are WATCH_LIMITED */
};

static struct wanted *wanted_of(struct table_entry *entry) {
        return (struct wanted *)(void *)((char *)entry - offsetof(struct wanted, by_path));
}

static struct wanted *find(const struct watch *watch, const char *path) {
        struct table_entry *entry = table_first(&watch->wanted, table_hash(path, strlen(path), 0));

        for (; entry; entry = table_next(entry))
                if (strcmp(wanted_of(entry)->path, path) == 0)
                        return wanted_of(entry);
        return NULL;
}

static bool is_of_writer(uint32_t mask) {
        const uint32_t unsettled = IN_MODIFY | IN_CREATE; /* an open file is created empty */

        return (mask & unsettled) && !(mask & IN_ISDIR) && !(mask & IN_ALL_EVENTS & ~unsettled);
}

/* MASK: of the event, 0 if it was none. */
static void enqueue(struct watch *watch, struct wanted *wanted, bool needs_resolving,
                    uint32_t mask) {
        bool is_being_written = is_of_writer(mask);

        wanted->needs_resolving = wanted->needs_resolving || needs_resolving;
        if (wanted->told == TOLD_SETTLED)
                return; /* the look is to come, and waits for no writer */
        if (wanted->is_queued) {
                wanted->is_being_written = wanted->is_being_written && is_being_written;
                return;
        }
        wanted->is_queued = true;
        wanted->is_being_written = is_being_written;
        wanted->previous = NULL;
        wanted->next = watch->queue;
        if (watch->queue)
                watch->queue->previous = wanted;
        watch->queue = wanted;
}

static void dequeue(struct watch *watch, struct wanted *wanted) {
        if (!wanted->is_queued)
                return;
        if (wanted->previous)
                wanted->previous->next = wanted->next;
        else
                watch->queue = wanted->next;
        if (wanted->next)
                wanted->next->previous = wanted->previous;
        wanted->is_queued = false;
}

static void enqueue_attached(struct watch *watch, const struct node *node, bool needs_resolving,
                             uint32_t mask) {
        for (size_t i = 0; i < node->n_attached; i++)
                enqueue(watch, node->attached[i], needs_resolving, mask);
}

/* Everything that leads through the node. */
static void enqueue_below(struct watch *watch, struct node *node) {
        struct node *const lists[] = { node->directories, node->others };

        enqueue_attached(watch, node, true, 0);
        for (size_t i = 0; i < N_ELEMENTS(lists); i++)
                for (struct node *child = lists[i]; child; child = child->next)
                        enqueue_below(watch, child);
}

static int resolve(struct watch *watch, struct wanted *wanted) {
        bool was_limited = wanted->coverage & WATCH_LIMITED;
        int r;

        wanted->epoch = watch->epoch;
        wanted->needs_resolving = false;
        r = walk_wanted(&watch->root, &watch->mounts, &watch->places, wanted);
        watch->n_limited -= was_limited;
        watch->n_limited += (wanted->coverage & WATCH_LIMITED) != 0;
        return r;
}

int watch_take(struct watch *watch, const char *path) {
        struct wanted *wanted = find(watch, path); /* a callback may have removed it */

        if (!wanted)
                return 0;
        wanted->told = TOLD_NOTHING;
        return wanted->needs_resolving ? resolve(watch, wanted) : 0;
}

/* Reports the first of the queue. What cannot be put off is resolved before. */
static int report(struct watch *watch) {
        struct wanted *wanted = watch->queue;
        bool is_being_written = wanted->is_being_written;
        CLEANUP_FREE char *path = strdup(wanted->path);
        int taken, r = wanted->needs_resolving && !(watch->is_dispatching && path)
                               ? resolve(watch, wanted)
                               : 0;

        dequeue(watch, wanted);
        if (!path)
                return -ENOMEM;
        wanted->told = is_being_written ? TOLD_WRITTEN : TOLD_SETTLED;
        if (watch->events.on_dirty(watch->events.userdata, path, is_being_written))
                return r;
        taken = watch_take(watch, path);
        return r < 0 ? r : taken;
}

static void report_busy(struct watch *watch) {
        for (struct node *node = watch->busy; node; node = node->next_busy) {
                if (watch->events.on_events)
                        watch->events.on_events(watch->events.userdata, node->attached[0]->path,
                                                node->n_events);
                node->n_events = 0;
        }
        watch->busy = NULL;
}

/* Reports what was queued. The first error is kept, the rest is done all the same. */
static int flush(struct watch *watch) {
        int result = 0;

        while (watch->queue) {
                int r = report(watch);

                if (r < 0 && result == 0)
                        result = r;
        }
        return result;
}

static void on_self(struct watch *watch, struct node *node, uint32_t mask) {
        if (mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_UNMOUNT | IN_IGNORED)) {
                enqueue_below(watch, node);
                if (mask & IN_IGNORED)
                        places_unwatch(&watch->places, node, true);
        } else {
                enqueue_attached(watch, node, false, mask);
        }
}

/* All files of a directory: once for each kind of event. */
static void dirty_others(struct watch *watch, struct node *directory, uint32_t mask) {
        const bool is_settled = !is_of_writer(mask);

        if (directory->spread_in == watch->n_dispatches &&
            (directory->has_spread_settled || !is_settled))
                return;
        directory->spread_in = watch->n_dispatches;
        directory->has_spread_settled = is_settled;
        for (struct node *other = directory->others; other; other = other->next)
                enqueue_attached(watch, other, false, mask);
}

static void on_entry(struct watch *watch, struct node *directory, uint32_t mask, const char *name) {
        const uint32_t renames = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO;
        struct node *child = places_find(&watch->places, directory, name);

        if (directory->n_attached > 0 && directory->n_events++ == 0) {
                directory->next_busy = watch->busy;
                watch->busy = directory;
        }
        enqueue_attached(watch, directory, false, mask);
        if (child && (mask & renames))
                enqueue_below(watch, child);
        else if (child)
                enqueue_attached(watch, child, false, mask);
        /* the name of a directory can be believed: it has no other, and no O_TMPFILE */
        if ((mask & IN_ISDIR) && !(mask & (IN_MOVED_FROM | IN_MOVED_TO)))
                return;
        dirty_others(watch, directory, mask);
}

static void on_event(struct watch *watch, const struct inotify_event *event) {
        struct node *next;

        if (event->mask & IN_Q_OVERFLOW) {
                watch->epoch++;
                watch->events.on_overflow(watch->events.userdata);
                return;
        }
        for (struct node *node = places_first_of(&watch->places, event->wd); node; node = next) {
                next = places_next_of(node);
                if (event->len == 0 || event->name[0] == '\0')
                        on_self(watch, node, event->mask);
                else
                        on_entry(watch, node, event->mask, event->name);
        }
}

/* Returns the number of bytes read, 0 when there is nothing more, or a negative errno. */
static ssize_t read_events(struct watch *watch) {
        _Alignas(struct inotify_event) char buffer[BUFFER_SIZE];
        ssize_t n = read(watch->fd, buffer, sizeof buffer);

        if (n < 0)
                return errno == EAGAIN || errno == EINTR ? 0 : -errno;
        for (char *p = buffer; p < buffer + n;) {
                const struct inotify_event *event = (const void *)p;

                on_event(watch, event);
                p += sizeof *event + event->len;
        }
        return n;
}

int watch_dispatch(struct watch *watch) {
        ssize_t n = BUFFER_SIZE;
        int r;

        watch->n_dispatches++;
        /* a buffer that was not filled has emptied the queue */
        for (int i = 0; i < READS_PER_DISPATCH && n >= BUFFER_SIZE / 2; i++)
                n = read_events(watch);
        report_busy(watch);
        watch->is_dispatching = true;
        r = flush(watch);
        watch->is_dispatching = false;
        return n < 0 ? (int)n : r;
}

int watch_fd(const struct watch *watch) {
        return watch->fd;
}

int watch_mounts_fd(const struct watch *watch) {
        return watch->mounts.fd;
}

static void on_mount(void *userdata, const char *path) {
        struct watch *watch = userdata;
        struct node *node = places_lookup(&watch->places, path);

        if (node)
                enqueue_below(watch, node);
}

int watch_dispatch_mounts(struct watch *watch) {
        int r = mounts_reload(&watch->root, &watch->mounts, on_mount, watch);
        int flushed = flush(watch);

        return r < 0 ? r : flushed;
}

int watch_new(const struct os_root *root, const struct watch_events *events, struct watch **ret) {
        struct watch *watch = calloc(1, sizeof *watch);
        int r;

        if (!watch)
                return -ENOMEM;
        watch->events = *events;
        watch->fd = watch->root.fd = watch->mounts.fd = -1;
        watch->root.path = strdup(root->path);
        watch->root.fd = fcntl(root->fd, F_DUPFD_CLOEXEC, 0);
        r = !watch->root.path ? -ENOMEM : watch->root.fd < 0 ? -errno : 0;
        if (r == 0) {
                watch->fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
                r = watch->fd < 0 ? -errno : places_init(&watch->places, watch->fd);
        }
        if (r == 0)
                r = mounts_open(root, &watch->mounts);
        if (r < 0) {
                watch_free(watch);
                return r;
        }
        *ret = watch;
        return 0;
}

static void wanted_free(struct wanted *wanted) {
        free(wanted->nodes);
        free(wanted->path);
        free(wanted);
}

static void free_by_path(struct table_entry *entry) {
        wanted_free(wanted_of(entry));
}

void watch_free(struct watch *watch) {
        if (!watch)
                return;
        table_done(&watch->wanted, free_by_path);
        places_done(&watch->places);
        mounts_done(&watch->mounts);
        fd_close(&watch->fd);
        os_root_close(&watch->root);
        free(watch);
}

/* A mount that was not dispatched yet may have put something silent on the way. */
static int update_mounts(struct watch *watch) {
        return mounts_have_changed(&watch->mounts)
                       ? mounts_reload(&watch->root, &watch->mounts, on_mount, watch)
                       : 0;
}

int watch_add(struct watch *watch, const char *path) {
        struct wanted *wanted = find(watch, path);
        int r, resolved, flushed;

        if (wanted)
                return 0;
        wanted = calloc(1, sizeof *wanted);
        if (!wanted)
                return -ENOMEM;
        wanted->path = strdup(path);
        if (!wanted->path ||
            table_add(&watch->wanted, &wanted->by_path, table_hash(path, strlen(path), 0)) < 0) {
                wanted_free(wanted);
                return -ENOMEM;
        }
        r = update_mounts(watch);
        resolved = resolve(watch, wanted);
        enqueue(watch, wanted, false, 0);
        flushed = flush(watch);
        return r == -ENOMEM ? r : resolved < 0 ? resolved : flushed;
}

void watch_remove(struct watch *watch, const char *path) {
        struct wanted *wanted = find(watch, path);
        struct node **nodes;

        if (!wanted)
                return;
        dequeue(watch, wanted);
        watch->n_limited -= (wanted->coverage & WATCH_LIMITED) != 0;
        table_remove(&watch->wanted, &wanted->by_path);
        nodes = wanted->nodes;
        wanted->nodes = NULL;
        places_release(&watch->places, wanted, nodes, wanted->n_nodes);
        wanted_free(wanted);
}

/* Does the path lead to the inode that is watched for it? */
static bool is_current(const struct watch *watch, const struct wanted *wanted) {
        const struct node *end = wanted->n_nodes > 0 ? wanted->nodes[wanted->n_nodes - 1] : NULL;
        CLEANUP_FD int fd = -1;
        struct stat st;

        if (!end || wanted->epoch != watch->epoch)
                return false;
        if (wanted->coverage & WATCH_NO_EVENTS)
                return true;
        fd = os_root_openat(&watch->root, wanted->path, O_PATH, 0);
        if (fd < 0)
                return end->wd < 0;
        return end->wd >= 0 && fstat(fd, &st) == 0 && st.st_dev == end->dev &&
               st.st_ino == end->ino;
}

int watch_refresh(struct watch *watch, const char *path) {
        const unsigned incomplete = WATCH_LIMITED | WATCH_UNREACHABLE;
        struct wanted *wanted = find(watch, path);
        unsigned before;
        int r = 0;

        if (!wanted)
                return 0;
        if (update_mounts(watch) == -ENOMEM)
                return -ENOMEM;
        before = wanted->coverage;
        if (!is_current(watch, wanted)) {
                r = resolve(watch, wanted);
                /* as incomplete as it was: tried once more, nothing to tell */
                if (!(before & incomplete) || wanted->coverage != before)
                        enqueue(watch, wanted, false, 0);
        }
        return r < 0 ? r : flush(watch);
}

int watch_retry_limited(struct watch *watch) {
        bool is_reached = false;
        int r = watch->n_limited > 0 ? update_mounts(watch) : 0;

        for (size_t i = 0; i < watch->wanted.n_buckets && watch->n_limited > 0 && !is_reached; i++)
                for (struct table_entry *entry = watch->wanted.buckets[i];
                     entry && r >= 0 && !is_reached; entry = entry->next) {
                        struct wanted *wanted = wanted_of(entry);

                        if (!(wanted->coverage & WATCH_LIMITED))
                                continue;
                        r = resolve(watch, wanted);
                        is_reached = wanted->coverage & WATCH_LIMITED;
                        if (!is_reached)
                                enqueue(watch, wanted, false, 0);
                }
        return r < 0 ? r : flush(watch);
}

unsigned watch_coverage(const struct watch *watch, const char *path) {
        const struct wanted *wanted = find(watch, path);

        return wanted ? wanted->coverage : WATCH_NONE;
}

size_t watch_n_limited(const struct watch *watch) {
        return watch->n_limited;
}

size_t watch_n_watches(const struct watch *watch) {
        return watch->places.n_watches;
}
