/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* From the bytes of a file to logical lines: comments, continuations, and the buffer of the older
 * releases, through which a long comment can hide a rule. */

#include <stddef.h>

#include "base/text.h"
#include "pam/release.h"

enum pam_line_result {
        PAM_LINE_END = 0,
        PAM_LINE_READ = 1,
        PAM_LINE_BROKEN = 2,  /* libpam gives the file up here: PAM_ABORT */
        PAM_LINE_ENDLESS = 3, /* libpam (until 1.5.3) reads forever here */
};

struct pam_line_reader {
        const struct pam_release *release;
        const char *data;
        size_t n;
        size_t at;     /* bytes consumed */
        unsigned line; /* number of the physical line that comes next, from 1 */
};

struct pam_line {
        struct text text; /* may be longer than its C string: NUL bytes end the line for libpam */
        unsigned first, last; /* the physical lines it is made of */
        const char *reason;   /* why it is broken; static text */
};

/* RELEASE and DATA stay the caller's and must outlive the reader. */
void pam_line_reader_init(struct pam_line_reader *reader, const struct pam_release *release,
                          const char *data, size_t n);

/* Replaces *LINE by the next logical line. Returns a pam_line_result, or -ENOMEM. */
int pam_line_next(struct pam_line_reader *reader, struct pam_line *line);

void pam_line_done(struct pam_line *line);
