/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Whose reading is asked for. Key types came and went, and the grammar of some options changed;
 * every such difference of this room is keyed on this value. */

#include <stdbool.h>
#include <stdint.h>

struct keys_release {
        unsigned number; /* 100 * major + minor: 804, 902, 1006 */
        bool is_debian;  /* built by Debian or Ubuntu: group-writable files of a private group pass
                            StrictModes */
};

/* A point in time as people write it: month and day from 1, no time zone. Fields may lie a little
 * outside their range (31 June, second 61) and are carried over, as mktime(3) does. */
struct keys_civil_time {
        int year, month, day, hour, minute, second;
};

/* What only the system knows, asked for through functions of the caller. Any of them may be NULL,
 * and so may the whole structure: local time is then UTC, and there are no services and no
 * interfaces. */
struct keys_environment {
        /* Seconds since 1970 of a local time without summer time (mktime(3) with tm_isdst 0); false
         * if it cannot be told. */
        bool (*local_time)(void *userdata, const struct keys_civil_time *time, int64_t *ret);
        /* The TCP port of a service (getservbyname(3)), or -1. */
        int (*service_port)(void *userdata, const char *name);
        /* The index of an interface (if_nametoindex(3)), or 0. */
        uint32_t (*scope)(void *userdata, const char *name);
        void *userdata;
};
