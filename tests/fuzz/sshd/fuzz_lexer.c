/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lexer: the first byte picks the release. Lines cover the file from end to end without overlap,
 * and hold no line end; words hold no more bytes than the line, and words that are joined with
 * quotes split into the same words again. */

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../../daemon/sshd/lexer.h"
#include "base/array.h"
#include "base/cleanup.h"

static void check_join(const struct arguments *arguments, const struct sshd_release *release) {
        CLEANUP_FREE char *joined = NULL;
        struct arguments again;

        for (size_t i = 0; i < arguments->n_words; i++) {
                const char *word = arguments->words[i];

                /* what quoting cannot carry: an empty word, a comment sign in front */
                if (*word == '\0' || *word == '#')
                        return;
        }
        joined = lexer_join(arguments->words, arguments->n_words, true);
        if (!joined)
                return;
        if (arguments_init(&again, joined, release) == 0) {
                assert(again.n_words == arguments->n_words);
                for (size_t i = 0; i < again.n_words; i++)
                        assert(strcmp(again.words[i], arguments->words[i]) == 0);
        }
        arguments_done(&again);
}

static void check_line(char *text, const struct sshd_release *release) {
        size_t n = strlen(text), n_words = 0;
        char *rest = text, *keyword = lexer_delimit(&rest, false);
        struct arguments arguments;

        if (!keyword || !rest)
                return;
        assert(strlen(keyword) <= n);
        if (arguments_init(&arguments, rest, release) == 0) {
                if (!arguments.is_lazy)
                        check_join(&arguments, release);
                while (arguments_has_more(&arguments) && arguments_next(&arguments))
                        n_words++;
                assert(n_words <= n);
                arguments_consume(&arguments);
                assert(!arguments_has_more(&arguments));
        }
        arguments_done(&arguments);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const unsigned numbers[] = { 804, 902, 1006 };
        struct sshd_release release = {
                .number = numbers[size ? data[0] % N_ELEMENTS(numbers) : 0],
                .flavour = SSHD_DEBIAN,
        };
        const char *text = (const char *)data + (size > 0);
        size_t n = size - (size > 0), end = 0;
        struct lexer lexer;
        struct lexer_line line;
        unsigned count = 0;

        lexer_init(&lexer, text, n, &release);
        while (lexer_next(&lexer, &line) == 1) {
                assert(line.line == ++count);
                assert(line.begin >= end && line.end >= line.begin && line.end <= n);
                assert(!strchr(line.text, '\n'));
                end = line.end;
                check_line(line.text, &release);
                free(line.text);
        }
        /* a NUL byte may have swallowed the last line end */
        assert(end == n || (end + 1 == n && text[end] == '\n'));
        return 0;
}
