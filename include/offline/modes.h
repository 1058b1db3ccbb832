/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* What sshguardd does beside being a daemon: evaluate once, show what a file means, change nothing.
 * Each returns an exit status and writes results to standard output, complaints to standard error.
 */

struct invocation;

int offline_check(const struct invocation *invocation);
int offline_test_policy(const struct invocation *invocation);
int offline_dump_sshd(const struct invocation *invocation);
int offline_dump_pam(const struct invocation *invocation);
int offline_dump_keys(const struct invocation *invocation);
int offline_dump_access(const struct invocation *invocation);
