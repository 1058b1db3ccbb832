/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The daemon mode: build everything, serve, take it down. */

#include <stdlib.h>

#include "guard/invocation.h"
#include "guard/manager.h"

int guard_daemon(const struct invocation *invocation) {
        struct manager *manager = NULL;
        int status;

        if (manager_new(invocation, &manager) < 0)
                return EXIT_FAILURE;
        status = manager_run(manager);
        manager_free(manager);
        return status;
}
