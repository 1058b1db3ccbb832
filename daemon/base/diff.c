/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Myers' greedy algorithm ("An O(ND) Difference Algorithm and Its Variations", 1986) over lines.
 *
 * Common lines at both ends are set aside first. The furthest reaching paths of every edit count
 * are kept, (d + 1)² integers in all, and followed back. Texts that differ in more than
 * DIFF_EDITS_MAX lines are shown as a replacement of the whole middle: right, if not smallest. */

#include "base/diff.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

struct line {
        const char *bytes; /* with its newline, if it has one */
        size_t n;
        uint32_t hash;
        bool is_changed; /* removed from `before`, or added in `after` */
};

struct lines {
        struct line *items;
        size_t n_items;
};

static void lines_done(struct lines *lines) {
        free(lines->items);
}

/* One more slot than lines, so that an empty text has an array too. */
static int split(const char *bytes, size_t n, struct lines *ret, bool *truncated) {
        size_t n_lines = 0;

        for (size_t i = 0; i < n; i++)
                n_lines += bytes[i] == '\n' || i + 1 == n;
        if (n_lines > DIFF_LINES_MAX) {
                n_lines = DIFF_LINES_MAX;
                *truncated = true;
        }
        ret->items = calloc(n_lines + 1, sizeof *ret->items);
        if (!ret->items)
                return -ENOMEM;
        ret->n_items = n_lines;
        for (size_t i = 0; i < n_lines; i++) {
                struct line *line = &ret->items[i];
                const char *newline = memchr(bytes, '\n', n);

                *line = (struct line){ .bytes = bytes, .hash = 2166136261U };
                line->n = newline ? (size_t)(newline - bytes) + 1 : n;
                for (size_t k = 0; k < line->n; k++) /* FNV-1a */
                        line->hash = (line->hash ^ (unsigned char)bytes[k]) * 16777619U;
                bytes += line->n;
                n -= line->n;
        }
        return 0;
}

static bool is_same(const struct line *a, const struct line *b) {
        return a->hash == b->hash && a->n == b->n && memcmp(a->bytes, b->bytes, a->n) == 0;
}

/* The texts between their common ends, and the paths: trace[d² + d + k] is how far into `before`
 * a path of d edits reaches on diagonal k = x - y. */
struct search {
        struct line *before, *after;
        int n_before, n_after;
        int *trace;
        size_t capacity;
};

static int *reached(struct search *search, int edits, int diagonal) {
        return &search->trace[(size_t)edits * (size_t)edits + (size_t)(edits + diagonal)];
}

static int reserve(struct search *search, int edits) {
        size_t wanted = ((size_t)edits + 1) * ((size_t)edits + 1);
        size_t capacity = search->capacity == 0 ? 64 : search->capacity;
        int *trace;

        if (wanted <= search->capacity)
                return 0;
        while (capacity < wanted)
                capacity *= 2;
        trace = realloc(search->trace, capacity * sizeof *trace);
        if (!trace)
                return -ENOMEM;
        search->trace = trace;
        search->capacity = capacity;
        return 0;
}

/* Whether the path of EDITS on DIAGONAL came down (an addition) rather than right (a removal). */
static bool came_down(struct search *search, int edits, int diagonal) {
        if (diagonal == -edits)
                return true;
        if (diagonal == edits)
                return false;
        return *reached(search, edits - 1, diagonal - 1) <
               *reached(search, edits - 1, diagonal + 1);
}

static int start_of(struct search *search, int edits, int diagonal) {
        if (edits == 0)
                return 0;
        if (came_down(search, edits, diagonal))
                return *reached(search, edits - 1, diagonal + 1);
        return *reached(search, edits - 1, diagonal - 1) + 1;
}

/* True when a path of EDITS arrives at both ends. */
static bool extend(struct search *search, int edits) {
        for (int diagonal = -edits; diagonal <= edits; diagonal += 2) {
                int x = start_of(search, edits, diagonal), y = x - diagonal;

                while (x < search->n_before && y >= 0 && y < search->n_after &&
                       is_same(&search->before[x], &search->after[y]))
                        x++, y++;
                *reached(search, edits, diagonal) = x;
                if (x >= search->n_before && y >= search->n_after)
                        return true;
        }
        return false;
}

static void mark_all(struct search *search) {
        for (int i = 0; i < search->n_before; i++)
                search->before[i].is_changed = true;
        for (int i = 0; i < search->n_after; i++)
                search->after[i].is_changed = true;
}

static void mark_path(struct search *search, int edits) {
        int diagonal = search->n_before - search->n_after;

        for (; edits > 0; edits--) {
                if (came_down(search, edits, diagonal)) {
                        int x = *reached(search, edits - 1, diagonal + 1);

                        search->after[x - diagonal - 1].is_changed = true;
                        diagonal++;
                } else {
                        int x = *reached(search, edits - 1, diagonal - 1);

                        search->before[x].is_changed = true;
                        diagonal--;
                }
        }
}

static int compare(struct lines *before, struct lines *after) {
        struct search search = { .before = before->items, .after = after->items };
        size_t n_b = before->n_items, n_a = after->n_items;
        int edits = 0, r = 0;

        while (n_b > 0 && n_a > 0 && is_same(search.before, search.after))
                search.before++, search.after++, n_b--, n_a--;
        while (n_b > 0 && n_a > 0 && is_same(&search.before[n_b - 1], &search.after[n_a - 1]))
                n_b--, n_a--;
        search.n_before = (int)n_b;
        search.n_after = (int)n_a;
        for (;; edits++) {
                if (edits > DIFF_EDITS_MAX) {
                        mark_all(&search);
                        break;
                }
                r = reserve(&search, edits);
                if (r < 0)
                        break;
                if (extend(&search, edits)) {
                        mark_path(&search, edits);
                        break;
                }
        }
        free(search.trace);
        return r;
}

static void append_line(struct text *text, char sign, const struct line *line) {
        (void)text_append_char(text, sign);
        (void)text_append_n(text, line->bytes, line->n);
        if (line->n == 0 || line->bytes[line->n - 1] != '\n')
                (void)text_append(text, "\n\\ No newline at end of file\n");
}

/* diff(1) numbers an empty range by the line before it, and leaves a count of 1 out. */
static void append_range(struct text *text, char sign, size_t begin, size_t n) {
        (void)text_appendf(text, "%c%zu", sign, n == 0 ? begin : begin + 1);
        if (n != 1)
                (void)text_appendf(text, ",%zu", n);
}

struct hunk {
        size_t before, after; /* first lines */
        size_t n_before, n_after;
};

/* The hunk that begins with the next change at or after (*before, *after), whose lines are equal up
 * to there; both are moved behind its last change. False if no change is left. */
static bool next_hunk(const struct lines *b, const struct lines *a, size_t *before, size_t *after,
                      struct hunk *ret) {
        size_t n_equal = 0, context, i = *before, k = *after;

        while (i < b->n_items && k < a->n_items && !b->items[i].is_changed &&
               !a->items[k].is_changed)
                i++, k++;
        if (i == b->n_items && k == a->n_items)
                return false;
        context = i - *before < DIFF_CONTEXT ? i - *before : DIFF_CONTEXT;
        ret->before = i - context;
        ret->after = k - context;
        while (i < b->n_items || k < a->n_items) {
                if (i < b->n_items && b->items[i].is_changed) {
                        i++, n_equal = 0;
                } else if (k < a->n_items && a->items[k].is_changed) {
                        k++, n_equal = 0;
                } else {
                        i++, k++, n_equal++;
                        if (n_equal > 2 * DIFF_CONTEXT)
                                break;
                }
        }
        *before = i - n_equal;
        *after = k - n_equal;
        context = n_equal < DIFF_CONTEXT ? n_equal : DIFF_CONTEXT;
        ret->n_before = *before + context - ret->before;
        ret->n_after = *after + context - ret->after;
        return true;
}

static void append_hunk(struct text *text, const struct lines *b, const struct lines *a,
                        const struct hunk *hunk) {
        size_t i = hunk->before, end_i = i + hunk->n_before;
        size_t k = hunk->after, end_k = k + hunk->n_after;

        (void)text_append(text, "@@ ");
        append_range(text, '-', i, hunk->n_before);
        (void)text_append_char(text, ' ');
        append_range(text, '+', k, hunk->n_after);
        (void)text_append(text, " @@\n");
        while (i < end_i || k < end_k) {
                if (i < end_i && b->items[i].is_changed) {
                        append_line(text, '-', &b->items[i++]);
                } else if (k < end_k && a->items[k].is_changed) {
                        append_line(text, '+', &a->items[k++]);
                } else {
                        append_line(text, ' ', &b->items[i++]);
                        k++;
                }
        }
}

int diff_unified(const char *before, size_t n_before, const char *after, size_t n_after,
                 struct text *text, bool *ret_truncated) {
        CLEANUP(lines_done) struct lines b = { 0 };
        CLEANUP(lines_done) struct lines a = { 0 };
        bool truncated = false;
        size_t i = 0, k = 0;
        struct hunk hunk;
        int r;

        r = split(before, n_before, &b, &truncated);
        if (r == 0)
                r = split(after, n_after, &a, &truncated);
        if (r == 0)
                r = compare(&b, &a);
        if (r < 0)
                return r;
        while (next_hunk(&b, &a, &i, &k, &hunk))
                append_hunk(text, &b, &a, &hunk);
        if (ret_truncated)
                *ret_truncated = truncated;
        return text_error(text);
}
