/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A unit and, behind the first NUL byte, its environment file. Every word has a place in one of the
 * files, no two variables have the same name, names are names, and what the words come to is a
 * command line. */

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "sshd/command_line.h"
#include "sshd/service.h"

static void check_words(const struct service *service, const struct service_words *words) {
        const char **argv = calloc(words->n_items + 1, sizeof *argv);
        CLEANUP(sshd_command_line_done) struct sshd_command_line line = { 0 };

        if (!argv)
                return;
        for (size_t i = 0; i < words->n_items; i++) {
                bool is_known = false;

                for (size_t k = 0; k < service->n_files; k++)
                        is_known |= words->items[i].place.file == service->files[k];
                assert(is_known && words->items[i].place.line > 0);
                argv[i] = words->items[i].text;
        }
        assert(sshd_command_line_parse(argv, words->n_items, &line) == 0);
        for (size_t i = 0; i < line.n_options; i++)
                assert(line.options[i].word < words->n_items);
        assert(!line.problem || line.problem_word < words->n_items);
        free(argv);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        const char *bytes = (const char *)data;
        size_t n_unit = strnlen(bytes, size), begin = n_unit < size ? n_unit + 1 : size;
        const struct service_source unit = { "/unit", bytes, n_unit };
        const struct service_source file = { "/environment", bytes + begin, size - begin };
        CLEANUP(service_done) struct service service = { 0 };
        CLEANUP(service_environment_done) struct service_environment environment = { 0 };

        assert(service_parse("ssh@1.service", &unit, 1, &service) == 0);
        assert(service_load_environment(&service, &file, size % 2 ? 252 : 257) == 0);
        assert(service_environment(&service, &environment) == 0);
        for (size_t i = 0; i < environment.n_items; i++) {
                assert(environment.items[i].name[0] && !strchr(environment.items[i].name, '='));
                for (size_t k = 0; k < i; k++)
                        assert(strcmp(environment.items[i].name, environment.items[k].name) != 0);
        }
        for (size_t i = 0; i < service.n_commands; i++) {
                CLEANUP(service_words_done) struct service_words words = { 0 };

                assert(service.commands[i].words.n_items > 0);
                assert(service_arguments(&service, &service.commands[i], &words) == 0);
                check_words(&service, &words);
        }
        return 0;
}
