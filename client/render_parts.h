/* SPDX-License-Identifier: GPL-3.0-or-later */
#pragma once

/* Pieces that several of the text views are made of (render_text.c, render_status.c). */

#include <jansson.h>

#include "screen.h"

enum style render_severity_style(const char *severity);

/* "PATH:LINE", "PATH", or "(default)" when no file has it. */
void render_append_place(struct text *text, const json_t *object);

/* "in 3min", "3min ago" of a member in microseconds; "never" if it is null. */
void render_append_when(struct text *text, const struct screen *screen, const json_t *object,
                        const char *name);

/* Tables of [Finding] and [Incident], INDENT columns in. */
void render_put_findings(struct screen *screen, const json_t *findings, unsigned indent);
void render_put_incidents(struct screen *screen, const json_t *incidents, unsigned indent);

/* "LABEL: TEXT" with labels right-aligned to the width of the longest ("Last pass"). */
void render_put_label(struct screen *screen, const char *label);

/* The same with its text and a newline; nothing if there is none. */
void render_put_line(struct screen *screen, const char *label, enum style style,
                     const char *string);

/* Lines of a unified diff, each in its colour; tabs are kept. */
void render_put_diff(struct screen *screen, const char *diff);

/* Who can log in, with what: everybody, or one account with its keys. */
void render_access(struct screen *screen, const json_t *reply);
void render_access_of(struct screen *screen, const json_t *reply);

void render_preview(struct screen *screen, const json_t *preview);

void render_status(struct screen *screen, const json_t *status);
void render_rules(struct screen *screen, const json_t *reply);
void render_explanation(struct screen *screen, const json_t *reply);

/* What an error reply means, and what to do about it. */
void render_error(struct screen *screen, const char *error, const json_t *parameters);
