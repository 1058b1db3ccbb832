/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Operands of commands as parameters of calls. */

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* A positive decimal number, all of STRING. */
bool operand_parse_number(const char *string, int64_t *ret);

/* Sets `path`, or `path_base64` if it is not UTF-8; a relative path counts from the working
 * directory, links are left alone. False if it is empty or memory ran out. */
bool operand_set_path(json_t *parameters, const char *path);

/* A number is an incident (./12 is a path): sets `incident`, or the path as above. False as above.
 */
bool operand_set_subject(json_t *parameters, const char *operand);

/* Sets NAME to STRING; NULL: leaves it out. False if it is not UTF-8 or memory ran out. */
bool operand_set_string(json_t *parameters, const char *name, const char *string);
