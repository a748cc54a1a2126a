/* SPDX-License-Identifier: MIT */
/* Lines: whatever the pieces that go in, the bytes that come out are the same, in whole lines. */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "model/line_buffer.h"

struct seen {
    struct buf all;
    size_t pieces;
    size_t without_newline;
};

static void take(void *arg, const char *data, size_t size)
{
    struct seen *s = arg;
    cr_assert_gt(size, 0);
    cr_assert_leq(size, LINE_PIECE_SIZE);
    buf_add(&s->all, data, size);
    s->pieces++;
    s->without_newline += data[size - 1] != '\n';
}

/* Feeds `text` in pieces of `step` bytes and checks that all of it comes out. */
static struct seen feed(const char *text, size_t size, size_t step)
{
    struct seen seen = { 0 };
    struct line_buffer lb;
    buf_init(&seen.all, 64 << 20);
    line_buffer_init(&lb, take, &seen);
    for (size_t at = 0; at < size; at += step)
        line_buffer_add(&lb, text + at, size - at < step ? size - at : step);
    line_buffer_finish(&lb);
    line_buffer_release(&lb);
    cr_assert_eq(seen.all.size, size);
    cr_assert_eq(memcmp(buf_str(&seen.all), text, size), 0);
    buf_release(&seen.all);
    return seen;
}

Test(line_buffer, whole_lines_whatever_the_steps)
{
    static const char text[] = "one\ntwo\n\n\nfour and more\nlast";
    for (size_t step = 1; step <= sizeof text; step++)
        cr_assert_eq(feed(text, sizeof text - 1, step).without_newline, 1);
    cr_assert_eq(feed("a\nb\nc\n", 6, 6).pieces, 1);
}

Test(line_buffer, long_line_comes_in_full_pieces)
{
    size_t size = 3 * LINE_PIECE_SIZE + 5;
    char *text = malloc(size);
    memset(text, 'x', size);
    text[size - 1] = '\n';
    for (size_t step = 4096; step < 300000; step = step * 3 - 7) {
        struct seen seen = feed(text, size, step);
        cr_assert_eq(seen.pieces, 4);
        cr_assert_eq(seen.without_newline, 3);
    }
    free(text);
}

Test(line_buffer, random_streams)
{
    srand(7);
    for (int round = 0; round < 50; round++) {
        size_t size = (size_t)rand() % 400000;
        char *text = malloc(size + 1);
        int rarity = 1 << rand() % 18;
        for (size_t i = 0; i < size; i++)
            text[i] = (char)(rand() % rarity ? 'a' + rand() % 26 : '\n');
        feed(text, size, 1 + (size_t)rand() % 90000);
        free(text);
    }
}
