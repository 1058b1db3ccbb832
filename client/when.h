/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Times and durations, as people write and read them. */

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

#define WHEN_SECOND_US INT64_C(1000000)

/* "3min", "2h 5min", "4 days": the two largest units that say something. */
int when_append_span(struct text *text, int64_t span_us);

/* "3min ago", "in 2h", "just now". */
int when_append_relative(struct text *text, int64_t at_us, int64_t now_us);

/* "2026-11-20 15:04:11", local time. */
int when_append_local(struct text *text, int64_t at_us);

/* "2026-11-20 15:04:11 (3min ago)". */
int when_append_both(struct text *text, int64_t at_us, int64_t now_us);

/* A duration: "90", "30min", "2h", "1d", "1h 30m", "2 weeks"; without a unit seconds, as in
 * systemd.time(7). False if STRING is none, or it is longer than a century. */
bool when_parse_span(const char *string, int64_t *ret_us);

/* A time as journalctl's --since takes it: "2026-11-20", "[Fri ]2026-11-20 15:04[:11][ UTC]",
 * "15:04[:11]" of today, "today", "yesterday", "tomorrow", "now", "2h ago", "-2h", "@1795186800";
 * local time where it does not say UTC. */
bool when_parse(const char *string, int64_t now_us, int64_t *ret_us);
