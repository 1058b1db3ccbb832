/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Shared by service.c (units) and service_environment.c (variables). */

#include "sshd/service.h"

/* Takes NAME=value over a variable of that name; what is no assignment is left out. Returns 0 or
 * -ENOMEM. */
int service_environment_set(struct service_environment *environment, const char *assignment,
                            const struct service_place *place);

/* PATH as a string that lives as long as the service. Returns 0 or -ENOMEM. */
int service_intern(struct service *service, const char *path, const char **ret);

/* TEXT (the words' from now on, freed on failure; NULL is -ENOMEM). Returns 0 or -ENOMEM. */
int service_add_word(struct service_words *words, char *text, const struct service_place *place,
                     const char *variable);
