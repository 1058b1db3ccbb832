/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* The interfaces of this service, as compiled in from include/wire/NAME.varlink. */

#define WIRE_SERVICE "org.varlink.service"
#define WIRE_CONTROL "org.sshguardd.Control"

extern const char wire_service_description[];
extern const char wire_control_description[];
