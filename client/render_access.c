/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who can log in, with what: a matrix.
 *
 * Each set of factors that lets somebody in is a column, so that reading down one tells who can do
 * with that. Accounts nobody gets into have no line; they are counted. A machine with more sets
 * than a table has columns is rare: the rest share the last one. */

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "member.h"
#include "render_parts.h"
#include "table.h"

enum { WAYS_MAX = 8, HEADS_MAX = WAYS_MAX + 3 };

struct matrix {
        char *ways[WAYS_MAX]; /* "KEY + CODE" */
        size_t n_ways;
        bool has_others; /* the last column is for all that found no place */
        size_t n_shut_out;
        bool cannot_tell;
};

static void matrix_done(struct matrix *matrix) {
        for (size_t i = 0; i < matrix->n_ways; i++)
                free(matrix->ways[i]);
}

static bool is_answer(const json_t *object, const char *answer) {
        return strcmp(member_word(object, "answer", "?"), answer) == 0;
}

/* "KEY + CODE"; on the heap. */
static char *name_way(const json_t *way) {
        const json_t *factors = json_object_get(way, "factors");
        CLEANUP(text_done) struct text name = { 0 };

        for (size_t i = 0; i < json_array_size(factors); i++) {
                const char *factor = json_string_value(json_array_get(factors, i));

                (void)text_append(&name, i > 0 ? " + " : "");
                for (const char *c = factor ? factor : "?"; *c; c++)
                        (void)text_append_char(&name,
                                               *c >= 'a' && *c <= 'z' ? (char)(*c - 32) : *c);
        }
        if (name.n == 0)
                (void)text_append(&name, "NOTHING ASKED");
        return text_take(&name);
}

static size_t column_of(const struct matrix *matrix, const char *name) {
        for (size_t i = 0; i < matrix->n_ways; i++)
                if (strcmp(matrix->ways[i], name) == 0)
                        return i;
        return matrix->n_ways;
}

static void add_way(struct matrix *matrix, const json_t *way) {
        CLEANUP_FREE char *name = name_way(way);

        if (!name || column_of(matrix, name) < matrix->n_ways)
                return;
        if (matrix->n_ways < WAYS_MAX - 1) {
                matrix->ways[matrix->n_ways++] = TAKE(name);
        } else if (!matrix->has_others) {
                matrix->has_others = true;
                matrix->ways[matrix->n_ways] = strdup("OTHER");
                matrix->n_ways += matrix->ways[matrix->n_ways] != NULL;
        }
}

static int compare_ways(const void *a, const void *b) {
        const char *const *x = a, *const *y = b;
        size_t n = strlen(*x), m = strlen(*y);

        return n != m ? (n > m) - (n < m) : strcmp(*x, *y);
}

static bool lets_in(const json_t *account) {
        const json_t *logins = json_object_get(account, "logins");

        for (size_t i = 0; i < json_array_size(logins); i++)
                if (!is_answer(json_array_get(logins, i), "no"))
                        return true;
        return false;
}

static void find_ways(struct matrix *matrix, const json_t *accounts) {
        for (size_t i = 0; i < json_array_size(accounts); i++) {
                const json_t *account = json_array_get(accounts, i);
                const json_t *logins = json_object_get(account, "logins");

                matrix->n_shut_out += !lets_in(account);
                for (size_t k = 0; k < json_array_size(logins); k++) {
                        const json_t *login = json_array_get(logins, k);
                        const json_t *ways = json_object_get(login, "ways");

                        matrix->cannot_tell |= is_answer(login, "cannot tell");
                        for (size_t w = 0; w < json_array_size(ways); w++)
                                add_way(matrix, json_array_get(ways, w));
                }
        }
        qsort(matrix->ways, matrix->n_ways - matrix->has_others, sizeof *matrix->ways,
              compare_ways);
}

/* What the login's ways say of one column: "yes", "?" or "-"; of the last one which they are. */
static void append_cell(const struct matrix *matrix, const json_t *ways, size_t column,
                        struct text *cell) {
        bool is_others = matrix->has_others && column == matrix->n_ways - 1;

        for (size_t w = 0; w < json_array_size(ways); w++) {
                const json_t *way = json_array_get(ways, w);
                CLEANUP_FREE char *name = name_way(way);
                const char *answer = is_answer(way, "yes") ? "yes" : "?";
                size_t at = name ? column_of(matrix, name) : matrix->n_ways;

                if (at == column && !is_others)
                        (void)text_append(cell, answer);
                else if (at == matrix->n_ways && is_others)
                        (void)text_appendf(cell, "%s%s%s", cell->n > 0 ? ", " : "", name,
                                           answer[0] == '?' ? "?" : "");
        }
}

static enum style style_of_cell(const char *cell) {
        if (strcmp(cell, "?") == 0)
                return STYLE_WARN;
        return cell[0] ? STYLE_BOLD : STYLE_DIM;
}

static void add_row(struct table *table, const struct matrix *matrix, const json_t *account,
                    const json_t *login) {
        const json_t *ways = json_object_get(login, "ways");
        bool is_shut_out = is_answer(login, "no");
        const char *session = member_word(login, "session", "?");

        table_add(table, is_shut_out ? STYLE_DIM : STYLE_PLAIN, member_string(account, "user"));
        for (size_t i = 0; i < matrix->n_ways; i++) {
                CLEANUP(text_done) struct text cell = { 0 };

                append_cell(matrix, ways, i, &cell);
                table_add(table, style_of_cell(text_get(&cell)), text_get(&cell));
        }
        table_add(table, STYLE_PLAIN, is_shut_out ? "" : session);
        table_add(table, STYLE_PLAIN, member_string(login, "from"));
}

static void put_matrix(struct screen *screen, const struct matrix *matrix, const json_t *accounts,
                       bool with_shut_out) {
        const char *heads[HEADS_MAX] = { "USER" };
        CLEANUP(table_done)
        struct table table = { .heads = heads, .n_columns = matrix->n_ways + 3 };

        for (size_t i = 0; i < matrix->n_ways; i++)
                heads[i + 1] = matrix->ways[i];
        heads[matrix->n_ways + 1] = "SESSION";
        heads[matrix->n_ways + 2] = "FROM";
        for (size_t i = 0; i < json_array_size(accounts); i++) {
                const json_t *account = json_array_get(accounts, i);
                const json_t *logins = json_object_get(account, "logins");

                if (!lets_in(account) && !with_shut_out)
                        continue;
                for (size_t k = 0; k < json_array_size(logins); k++)
                        add_row(&table, matrix, account, json_array_get(logins, k));
        }
        if (table.n_cells > 0)
                table_put(&table, screen, 0);
}

void render_access(struct screen *screen, const json_t *reply) {
        const json_t *accounts = json_object_get(reply, "accounts");
        CLEANUP(matrix_done) struct matrix matrix = { 0 };

        find_ways(&matrix, accounts);
        put_matrix(screen, &matrix, accounts, false);
        if (matrix.n_shut_out > 0)
                screen_putf(screen, STYLE_DIM, "%zu %s no way in.", matrix.n_shut_out,
                            matrix.n_shut_out == 1 ? "account has" : "accounts have");
        if (matrix.cannot_tell)
                screen_putf(screen, STYLE_WARN,
                            "%s? cannot be told: `sshguardctl access USER` says why.",
                            matrix.n_shut_out > 0 ? " " : "");
        if (matrix.n_shut_out > 0 || matrix.cannot_tell)
                screen_raw(screen, "\n");
}

/* ---- one account ---- */

static void put_key(struct screen *screen, const json_t *key) {
        const char *options = member_word(key, "options", "");
        bool opens = member_bool(key, "opens");

        screen_raw(screen, "  ");
        screen_put(screen, opens ? STYLE_GOOD : STYLE_DIM, opens ? "opens  " : "refused");
        screen_putf(screen, STYLE_PLAIN, "  %s", member_word(key, "path", "?"));
        if (member_int(key, "line") > 0)
                screen_putf(screen, STYLE_PLAIN, ":%lld", (long long)member_int(key, "line"));
        if (member_string(key, "key"))
                screen_putf(screen, STYLE_PLAIN, " %s%s",
                            member_bool(key, "authority") ? "authority " : "",
                            member_string(key, "key"));
        if (options[0])
                screen_putf(screen, STYLE_PLAIN, " %s", options);
        if (!opens)
                screen_putf(screen, STYLE_PLAIN, ": %s", member_word(key, "refusal", "?"));
        screen_raw(screen, "\n");
}

static void put_login(struct screen *screen, const json_t *login) {
        const json_t *ways = json_object_get(login, "ways"), *keys = json_object_get(login, "keys");

        screen_raw(screen, "\n");
        screen_putf(screen, STYLE_BOLD, "From %s", member_word(login, "from", "?"));
        screen_raw(screen, "\n");
        if (json_array_size(ways) == 0) {
                const char *refusal = member_string(login, "refusal");

                screen_putf(screen, STYLE_PLAIN, "  no way in%s%s", refusal ? ": " : "",
                            refusal ? refusal : "");
                screen_raw(screen, "\n");
        }
        for (size_t w = 0; w < json_array_size(ways); w++) {
                const json_t *way = json_array_get(ways, w);
                CLEANUP_FREE char *name = name_way(way);

                screen_putf(screen, STYLE_PLAIN, "  %s by %s", name,
                            member_word(way, "methods", "?"));
                if (!is_answer(way, "yes"))
                        screen_putf(screen, STYLE_WARN, ": cannot be told: %s",
                                    member_word(way, "reason", "?"));
                screen_raw(screen, "\n");
        }
        if (member_string(login, "command")) {
                screen_putf(screen, STYLE_PLAIN, "  runs %s", member_string(login, "command"));
                screen_raw(screen, "\n");
        }
        for (size_t k = 0; k < json_array_size(keys); k++)
                put_key(screen, json_array_get(keys, k));
        screen_putf(screen, STYLE_DIM, "  sshd -T -C %s", member_word(login, "connection", "?"));
        screen_raw(screen, "\n");
}

void render_access_of(struct screen *screen, const json_t *reply) {
        const json_t *accounts = json_object_get(reply, "accounts");
        CLEANUP(matrix_done) struct matrix matrix = { 0 };

        find_ways(&matrix, accounts);
        put_matrix(screen, &matrix, accounts, true);
        for (size_t i = 0; i < json_array_size(accounts); i++) {
                const json_t *account = json_array_get(accounts, i);
                const json_t *logins = json_object_get(account, "logins");

                for (size_t k = 0; k < json_array_size(logins); k++)
                        put_login(screen, json_array_get(logins, k));
                if (!member_bool(account, "complete"))
                        screen_raw(screen, "\nA bound was reached: other logins may exist.\n");
        }
}
