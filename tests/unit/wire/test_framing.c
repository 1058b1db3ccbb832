/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cmocka_env.h"

#include <errno.h>
#include <string.h>

#include "base/text.h"
#include "wire/framing.h"

/* Feeds BYTES in portions of PORTION bytes; messages come out joined with '|'. */
static int feed(struct wire_input *input, const char *bytes, size_t n, size_t portion,
                struct text *ret) {
        for (size_t done = 0; done < n;) {
                const char *message;
                size_t room_size, message_size;
                char *room;
                int r;

                r = wire_input_room(input, &room, &room_size);
                if (r < 0)
                        return r;
                assert_true(room_size > 0);
                if (room_size > portion)
                        room_size = portion;
                if (room_size > n - done)
                        room_size = n - done;
                memcpy(room, bytes + done, room_size);
                wire_input_filled(input, room_size);
                done += room_size;
                while ((r = wire_input_next(input, &message, &message_size)) > 0) {
                        (void)text_append_n(ret, message, message_size);
                        (void)text_append_char(ret, '|');
                }
                if (r < 0)
                        return r;
        }
        return 0;
}

static void test_every_split_gives_the_same_messages(void **state) {
        static const char bytes[] = "{\"method\":\"a.B\"}\0{}\0\0{\"x\":1}\0{\"unfinis";

        (void)state;
        for (size_t portion = 1; portion <= sizeof bytes; portion++) {
                struct wire_input input = { .max = 100 };
                struct text messages = { 0 };

                assert_int_equal(feed(&input, bytes, sizeof bytes - 1, portion, &messages), 0);
                assert_string_equal(text_get(&messages), "{\"method\":\"a.B\"}|{}||{\"x\":1}|");
                assert_int_equal(wire_input_n_pending(&input), 9);
                text_done(&messages);
                wire_input_done(&input);
        }
}

static void test_limit(void **state) {
        char bytes[64];

        (void)state;
        memset(bytes, 'x', sizeof bytes);
        for (size_t portion = 1; portion <= sizeof bytes; portion++) {
                struct wire_input input = { .max = 40 };
                struct text messages = { 0 };

                /* exactly MAX bytes and their NUL pass */
                bytes[40] = '\0';
                assert_int_equal(feed(&input, bytes, 41, portion, &messages), 0);
                assert_int_equal(messages.n, 41);
                /* one byte more does not, however it arrives */
                bytes[40] = 'x';
                bytes[41] = '\0';
                assert_int_equal(feed(&input, bytes, 42, portion, &messages), -EMSGSIZE);
                text_done(&messages);
                wire_input_done(&input);
        }
}

static void test_room_is_given_back(void **state) {
        struct wire_input input = { .max = 1 << 20 };
        struct text messages = { 0 };
        static char bytes[300 << 10];
        size_t room_size;
        char *room;

        (void)state;
        memset(bytes, 'y', sizeof bytes - 1);
        assert_int_equal(feed(&input, bytes, sizeof bytes, 1000, &messages), 0);
        assert_int_equal(messages.n, sizeof bytes);
        assert_true(input.capacity >= sizeof bytes);
        assert_int_equal(wire_input_room(&input, &room, &room_size), 0);
        assert_true(input.capacity <= 4096);
        text_done(&messages);
        wire_input_done(&input);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_every_split_gives_the_same_messages),
                cmocka_unit_test(test_limit),
                cmocka_unit_test(test_room_is_given_back),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}
