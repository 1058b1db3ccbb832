/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The system behind an authorized_keys file: an expiry-time is local, a permitted port may be a
 * service, an address of from= may name an interface. None of these asks the network: services come
 * from a file, and NSS of hosts and users is not involved. */

#include "world/keys_tree.h"

#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <time.h>

/* mktime(3) leaves tm_wday alone where it fails: -1 is also a second before 1970. */
static bool local_time(void *userdata, const struct keys_civil_time *time, int64_t *ret) {
        struct tm tm = { .tm_year = time->year - 1900,
                         .tm_mon = time->month - 1,
                         .tm_mday = time->day,
                         .tm_hour = time->hour,
                         .tm_min = time->minute,
                         .tm_sec = time->second,
                         .tm_wday = -1 };
        time_t seconds = mktime(&tm);

        (void)userdata;
        *ret = seconds;
        return seconds != -1 || tm.tm_wday != -1;
}

static int service_port(void *userdata, const char *name) {
        const struct servent *service = getservbyname(name, "tcp");

        (void)userdata;
        return service ? ntohs((uint16_t)service->s_port) : -1;
}

static uint32_t scope(void *userdata, const char *name) {
        (void)userdata;
        return if_nametoindex(name);
}

const struct keys_environment keys_tree_environment = { local_time, service_port, scope, NULL };

struct keys_release keys_tree_release(const struct sshd_release *release) {
        return (struct keys_release){ .number = release->number,
                                      .is_debian = release->flavour == SSHD_DEBIAN };
}
