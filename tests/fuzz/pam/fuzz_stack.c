/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A service of three files: read, run, judged, edited. The first byte chooses the release, a byte
 * of 0xff ends a file. What must hold of any input: a success that is said to be possible replays,
 * and so does one without a module; reading twice gives the same; after an edit the service starts,
 * and what could succeed still can. */

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "pam/compare.h"
#include "pam/edit.h"
#include "pam/module.h"
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

/* Success without the module of each rule: it replays, and no call of that module succeeds. */
static void check_modules(const struct pam_service *service) {
        const struct pam_rules *rules = &service->rules[PAM_TYPE_AUTH];

        for (size_t i = 0; i < rules->n_items && i < 8; i++) {
                CLEANUP(pam_witness_done) struct pam_witness witness = { 0 };
                const char *module = rules->items[i].module;
                bool is_program = false;
                struct pam_run *run;

                for (size_t n = 0; pam_module_file(&rules->items[i], n, &is_program); n++)
                        if (n >= rules->items[i].n_args)
                                abort();
                if (!module || pam_can_succeed_without(service, PAM_AUTH, module, &witness) != 1)
                        continue;
                for (size_t k = 0; k < witness.n_steps; k++)
                        if (witness.steps[k].code == PAM_CODE_SUCCESS &&
                            pam_module_matches(witness.steps[k].rule, module))
                                abort();
                if (pam_run_new(service, &run) < 0 ||
                    pam_run_facility(run, PAM_AUTH, replay, &witness) != PAM_CODE_SUCCESS)
                        abort();
                pam_run_free(run);
        }
}

static void check_again(const struct pam_service *service,
                        const struct pam_environment *environment) {
        struct pam_service *again;

        if (pam_service_load("s", environment, &service->release, &again) < 0)
                abort();
        if (pam_service_is_same(service, again) != (service->start != PAM_START_UNKNOWN))
                abort();
        pam_service_free(again);
}

static void check_edits(const struct pam_service *service,
                        const struct pam_environment *environment) {
        for (unsigned line = 1; line <= 4; line++)
                for (enum pam_edit edit = 0; edit < N_PAM_EDITS; edit++) {
                        struct pam_edited edited = { 0 };

                        if (pam_edit_line(service, environment, "/etc/pam.d/s", line, edit,
                                          &edited) < 0)
                                continue;
                        if (edited.service->start != PAM_START_OK ||
                            (pam_can_succeed(service, PAM_AUTH, NULL, NULL, NULL) == 1 &&
                             pam_can_succeed(edited.service, PAM_AUTH, NULL, NULL, NULL) != 1))
                                abort();
                        pam_edited_done(&edited);
                }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const char *const releases[] = { "1.4.0",   "1.5.2",          "1.7.0-5",
                                                "1.7.0-8", "upstream-1.5.2", "upstream-1.7.2" };
        struct world world = { 0 };
        const struct pam_environment environment = { &world, read_file, is_directory, NULL };
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
        if (world.n[0] < 512) {
                check_modules(service);
                check_again(service, &environment);
                check_edits(service, &environment);
        }
        pam_service_free(service);
        return 0;
}
