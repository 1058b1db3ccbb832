/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A service of three files: read, run, judged, edited. The first byte chooses the release, a byte
 * of 0xff ends a file. What must hold of any input: a success that is said to be possible replays,
 * and an edit is what it promises. */

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "pam/edit.h"
#include "pam/outcomes.h"

enum { N_FILES = 3 };

struct world {
        const uint8_t *data[N_FILES];
        size_t n[N_FILES];
};

static int read_file(void *userdata, const char *path, char **ret_data, size_t *ret_n) {
        static const char *const paths[N_FILES] = { "/etc/pam.d/s", "/etc/pam.d/i",
                                                    "/etc/pam.d/other" };
        const struct world *world = userdata;

        for (size_t i = 0; i < N_FILES; i++) {
                if (strcmp(path, paths[i]) != 0 || !world->data[i])
                        continue;
                *ret_data = malloc(world->n[i] + 1);
                if (!*ret_data)
                        return -ENOMEM;
                memcpy(*ret_data, world->data[i], world->n[i]);
                (*ret_data)[world->n[i]] = '\0';
                *ret_n = world->n[i];
                return 0;
        }
        return -ENOENT;
}

static bool is_directory(void *userdata, const char *path) {
        (void)userdata;
        (void)path;
        return true;
}

static int replay(void *userdata, const struct pam_call *call) {
        const struct pam_witness *witness = userdata;

        for (size_t i = 0; i < witness->n_steps; i++)
                if (witness->steps[i].rule == call->rule)
                        return witness->steps[i].code;
        abort();
}

static void check_facility(const struct pam_service *service, enum pam_facility facility) {
        CLEANUP(pam_witness_done) struct pam_witness witness = { 0 };
        CLEANUP(text_done) struct text text = { 0 };
        uint32_t results = 0;
        struct pam_run *run;

        if (pam_outcomes(service, facility, NULL, NULL, &results) < 0 ||
            pam_can_succeed(service, facility, NULL, NULL, &witness) != 1) {
                if (results & PAM_CODE_BIT(PAM_CODE_SUCCESS))
                        abort();
                return;
        }
        if (!(results & PAM_CODE_BIT(PAM_CODE_SUCCESS)) || pam_run_new(service, &run) < 0)
                abort();
        if (pam_run_facility(run, facility, replay, &witness) != PAM_CODE_SUCCESS)
                abort();
        pam_run_free(run);
        (void)pam_witness_format(service, facility, &witness, &text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const char *const releases[] = { "1.4.0",   "1.5.2",          "1.7.0-5",
                                                "1.7.0-8", "upstream-1.5.2", "upstream-1.7.2" };
        struct world world = { 0 };
        const struct pam_environment environment = { &world, read_file, is_directory, NULL };
        struct pam_edited edited = { 0 };
        struct pam_service *service;
        struct pam_release release;

        if (size == 0 ||
            !pam_release_parse(releases[data[0] % (sizeof releases / sizeof releases[0])],
                               &release))
                return 0;
        data++;
        size--;
        for (size_t i = 0; i < N_FILES && size > 0; i++) {
                const uint8_t *end = memchr(data, 0xff, size);

                world.data[i] = data;
                world.n[i] = end ? (size_t)(end - data) : size;
                data += world.n[i] + (end != NULL);
                size -= world.n[i] + (end != NULL);
        }
        if (pam_service_load("s", &environment, &release, &service) < 0)
                return 0;
        for (enum pam_facility facility = 0; facility < N_PAM_FACILITIES; facility++)
                check_facility(service, facility);
        if (world.n[0] < 512 &&
            pam_edit_line(service, &environment, "/etc/pam.d/s", 1, PAM_EDIT_COMMENT, &edited) == 0)
                pam_edited_done(&edited);
        pam_service_free(service);
        return 0;
}
