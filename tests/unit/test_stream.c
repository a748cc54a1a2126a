/* SPDX-License-Identifier: MIT */
/* The text stream and the screen it shares: whole lines, labels, exactness, bounded memory. */
#include <criterion/criterion.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "sink/stream.h"
#include "sink_scene.h"

enum { MIB = 1024 * 1024 };

/* A stream sink over a scene. */
struct stage_set {
    struct scene scene;
    struct screen *screen;
    struct sink *stream;
};

static void open_set(struct stage_set *t, const struct screen_args *args, bool has_labels)
{
    t->screen = screen_new(args);
    struct stream_args stream = { .screen = t->screen, .has_labels = has_labels };
    t->stream = stream_new(&stream);
    scene_add(&t->scene, t->stream);
}

static void close_set(struct stage_set *t)
{
    sink_free(t->stream);
    screen_free(t->screen);
    scene_release(&t->scene);
}

/* A set whose sides are pipes; started. */
static void set_plain(struct stage_set *t, size_t hosts, bool has_labels)
{
    scene_init(&t->scene, hosts);
    struct screen_args args = scene_screen_args(&t->scene);
    open_set(t, &args, has_labels);
    scene_start(&t->scene);
}

/* A set whose sides are a terminal; not started. */
static void set_terminal(struct stage_set *t, size_t hosts, bool has_labels, bool has_color)
{
    scene_init(&t->scene, hosts);
    struct screen_args args = scene_screen_args(&t->scene);
    for (size_t i = 0; i < STREAM_COUNT; i++) {
        args.sides[i].is_terminal = true;
        args.sides[i].has_color = has_color;
    }
    open_set(t, &args, has_labels);
}

Test(stream, labels_every_line_and_keeps_the_streams_apart)
{
    struct stage_set t;
    set_plain(&t, 2, true);
    scene_print(&t.scene, 0, "one\ntwo\n");
    scene_output(&t.scene, 1, STREAM_STDERR, "oops\n", 5);
    scene_print(&t.scene, 1, "\n");
    scene_expect(&t.scene, STREAM_STDOUT, "h000: one\nh000: two\nh001: \n");
    scene_expect(&t.scene, STREAM_STDERR, "h001: oops\n");
    close_set(&t);
}

Test(stream, an_unfinished_line_waits_and_never_joins_another)
{
    struct stage_set t;
    set_plain(&t, 2, true);
    scene_print(&t.scene, 0, "a\nlast without");
    scene_print(&t.scene, 1, "other\n");
    scene_expect(&t.scene, STREAM_STDOUT, "h000: a\nh001: other\n");
    cr_assert_gt(stream_held(t.stream), 0);
    scene_exit(&t.scene, 0, 0, 1);
    scene_expect(&t.scene, STREAM_STDOUT, "h000: last without\n");
    scene_print(&t.scene, 1, "in ");
    scene_print(&t.scene, 1, "three ");
    scene_print(&t.scene, 1, "parts\nmore");
    scene_expect(&t.scene, STREAM_STDOUT, "h001: in three parts\n");
    scene_end(&t.scene, 1);
    scene_expect(&t.scene, STREAM_STDOUT, "h001: more\n");
    cr_assert_eq(stream_held(t.stream), 0);
    scene_expect(&t.scene, STREAM_STDERR, "");
    close_set(&t);
}

Test(stream, without_labels_lines_are_whole_all_the_same)
{
    struct stage_set t;
    set_plain(&t, 2, false);
    scene_print(&t.scene, 0, "a");
    scene_print(&t.scene, 1, "b\n");
    scene_exit(&t.scene, 0, 0, 1);
    scene_expect(&t.scene, STREAM_STDOUT, "b\na\n");
    close_set(&t);
}

Test(stream, one_host_without_label_is_exact)
{
    struct stage_set t;
    set_plain(&t, 1, false);
    static const char bytes[] = "\0\x01\x1b[2J\r\n\xff\xfe\nno newline";
    scene_output(&t.scene, 0, STREAM_STDOUT, bytes, sizeof bytes - 1);
    scene_output(&t.scene, 0, STREAM_STDERR, "x", 1);
    scene_exit(&t.scene, 0, 0, 1);
    scene_end(&t.scene, 1);
    size_t size;
    char *text = scene_take(&t.scene, STREAM_STDOUT, &size);
    cr_assert_eq(size, sizeof bytes - 1);
    cr_assert_eq(memcmp(text, bytes, size), 0);
    free(text);
    scene_expect(&t.scene, STREAM_STDERR, "x");
    close_set(&t);
}

Test(stream, piped_bytes_are_untouched_behind_the_label)
{
    struct stage_set t;
    set_plain(&t, 2, true);
    scene_output(&t.scene, 0, STREAM_STDOUT, "\x1b[2J\xff\r\n", 8);
    scene_expect(&t.scene, STREAM_STDOUT, "h000: \x1b[2J\xff\r\n");
    close_set(&t);
}

/* Sends a line of `size` bytes in events of 64 KiB. */
static void send_long_line(struct scene *s, size_t host, size_t size)
{
    static char piece[65536];
    memset(piece, 'x', sizeof piece);
    while (size > 0) {
        size_t now = size < sizeof piece ? size : sizeof piece;
        piece[now - 1] = size == now ? '\n' : 'x';
        scene_output(s, host, STREAM_STDOUT, piece, now);
        size -= now;
    }
}

Test(stream, a_line_of_one_mebibyte_is_whole_and_a_longer_one_comes_in_pieces)
{
    struct stage_set t;
    set_plain(&t, 2, true);
    send_long_line(&t.scene, 0, MIB + 1);
    size_t size;
    char *text = scene_take(&t.scene, STREAM_STDOUT, &size);
    cr_assert_eq(size, MIB + 1 + 6);
    cr_assert_eq(strchr(text, '\n') - text, MIB + 6);
    free(text);
    send_long_line(&t.scene, 0, 2 * MIB + 10);
    scene_print(&t.scene, 0, "next\n");
    text = scene_take(&t.scene, STREAM_STDOUT, &size);
    cr_assert_eq(size, (6 + MIB + 1) * 2 + (6 + 10) + strlen("h000: next\n"));
    cr_assert_eq(strchr(text, '\n') - text, MIB + 6);
    cr_assert_eq(strncmp(text + MIB + 7, "h000: xxx", 9), 0);
    cr_assert_str_eq(text + size - 27, "h000: xxxxxxxxx\nh000: next\n");
    free(text);
    scene_end(&t.scene, 1);
    scene_expect(&t.scene, STREAM_STDERR,
                 "muster: 1 line too long to be kept whole was printed in pieces\n");
    close_set(&t);
}

Test(stream, a_piece_ends_between_characters)
{
    struct stage_set t;
    set_plain(&t, 2, true);
    char *line = xcalloc(MIB + 10, 1);
    memset(line, 'x', MIB - 1);
    memcpy(line + MIB - 1, "\xe2\x82\xac\n", 4);
    scene_output(&t.scene, 0, STREAM_STDOUT, line, MIB - 1);
    scene_output(&t.scene, 0, STREAM_STDOUT, line + MIB - 1, 4);
    size_t size;
    char *text = scene_take(&t.scene, STREAM_STDOUT, &size);
    cr_assert_eq(size, 6 + MIB + 6 + 4);
    cr_assert_str_eq(text + 6 + MIB, "h000: \xe2\x82\xac\n");
    free(text);
    free(line);
    close_set(&t);
}

Test(stream, unfinished_lines_of_all_hosts_are_bounded_and_lose_nothing, .timeout = 60)
{
    enum { HOSTS = 200, EACH = 500000 };
    struct stage_set t;
    set_plain(&t, HOSTS, true);
    static char piece[50000];
    memset(piece, 'y', sizeof piece);
    size_t most = 0;
    for (size_t k = 0; k < EACH / sizeof piece; k++) {
        for (size_t i = 0; i < HOSTS; i++) {
            scene_output(&t.scene, i, STREAM_STDOUT, piece, sizeof piece);
            if (stream_held(t.stream) > most)
                most = stream_held(t.stream);
        }
    }
    cr_assert_leq(most, STREAM_HELD_MAX, "%zu bytes were held", most);
    for (size_t i = 0; i < HOSTS; i++)
        scene_exit(&t.scene, i, 0, 1);
    scene_end(&t.scene, 1);
    cr_assert_eq(stream_held(t.stream), 0);
    size_t size, ys = 0;
    char *text = scene_take(&t.scene, STREAM_STDOUT, &size);
    for (size_t i = 0; i < size; i++)
        ys += text[i] == 'y';
    cr_assert_eq(ys, (size_t)HOSTS * EACH);
    free(text);
    close_set(&t);
}

Test(stream, a_terminal_gets_safe_text_and_aligned_labels)
{
    struct stage_set t;
    set_terminal(&t, 2, true, false);
    scene_name(&t.scene, 0, "a");
    scene_name(&t.scene, 1, "longer");
    scene_start(&t.scene);
    scene_print(&t.scene, 0, "\x1b[2J\x1b[31mred\r\n");
    scene_print(&t.scene, 1, "x\n");
    scene_expect(&t.scene, STREAM_STDOUT, "a:      \\x1b[2J\x1b[31mred\x1b[0m\nlonger: x\n");
    close_set(&t);
}

Test(stream, labels_are_coloured_where_colour_is_wanted)
{
    struct stage_set t;
    set_terminal(&t, 2, true, true);
    scene_start(&t.scene);
    scene_print(&t.scene, 0, "a\n");
    scene_output(&t.scene, 1, STREAM_STDERR, "b\n", 2);
    scene_expect(&t.scene, STREAM_STDOUT, "\x1b[36mh000:\x1b[0m a\n");
    scene_expect(&t.scene, STREAM_STDERR, "\x1b[31mh001:\x1b[0m b\n");
    close_set(&t);
}

Test(stream, one_host_without_label_is_safe_on_a_terminal_and_adds_no_newline)
{
    struct stage_set t;
    set_terminal(&t, 1, false, false);
    scene_start(&t.scene);
    scene_print(&t.scene, 0, "\x1b]0;x\x07\nprompt> ");
    scene_exit(&t.scene, 0, 0, 1);
    scene_expect(&t.scene, STREAM_STDOUT, "\\x1b]0;x\\x07\nprompt> ");
    screen_messagef(t.screen, "  %d ok", 1);
    scene_expect(&t.scene, STREAM_STDERR, "\n  1 ok\n");
    close_set(&t);
}

Test(screen, the_progress_line_never_mixes_with_lines)
{
    struct stage_set t;
    set_terminal(&t, 2, true, false);
    scene_start(&t.scene);
    cr_assert(screen_draw_status(t.screen, "0/2"));
    scene_expect(&t.scene, STREAM_STDERR, "\r0/2\x1b[K");
    scene_print(&t.scene, 0, "x\n");
    scene_expect(&t.scene, STREAM_STDERR, "\r\x1b[K");
    scene_print(&t.scene, 0, "y\n");
    scene_expect(&t.scene, STREAM_STDERR, "");
    cr_assert(screen_draw_status(t.screen, "1/2"));
    screen_messagef(t.screen, "muster: note");
    scene_expect(&t.scene, STREAM_STDERR, "\r1/2\x1b[K\r\x1b[Kmuster: note\n");
    screen_write(t.screen, STREAM_STDOUT, "prompt> ", 8);
    cr_assert_not(screen_draw_status(t.screen, "1/2"), "the cursor is behind an unfinished line");
    close_set(&t);
}

Test(screen, the_progress_line_is_cut_to_the_width)
{
    struct stage_set t;
    set_terminal(&t, 1, true, false);
    char line[400] = "";
    for (int i = 0; i < 100; i++)
        strcat(line, "\xc3\xa4");
    cr_assert(screen_draw_status(t.screen, line));
    char *text = scene_take(&t.scene, STREAM_STDERR, NULL);
    cr_assert_eq(strlen(text), 1 + 2 * 79 + 3);
    free(text);
    screen_pause(t.screen, true);
    cr_assert_not(screen_draw_status(t.screen, "x"));
    scene_expect(&t.scene, STREAM_STDERR, "\r\x1b[K");
    close_set(&t);
}

Test(screen, a_dropped_progress_line_is_not_erased)
{
    struct stage_set t;
    scene_init(&t.scene, 1);
    int ends[2];
    cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
    struct screen_args args = scene_screen_args(&t.scene);
    args.sides[STREAM_STDERR].is_terminal = true;
    args.sides[STREAM_STDOUT].output = writer_add(t.scene.writer, "a full pipe", ends[1], false);
    open_set(&t, &args, true);
    scene_start(&t.scene);
    static char big[100000];
    screen_write(t.screen, STREAM_STDOUT, big, sizeof big);
    cr_assert_not(screen_draw_status(t.screen, "busy"));
    static char got[100000];
    for (size_t at = 0; at < sizeof got;) {
        ssize_t n = read(ends[0], got, sizeof got);
        cr_assert_gt(n, 0);
        at += (size_t)n;
    }
    screen_clear_status(t.screen);
    scene_expect(&t.scene, STREAM_STDERR, "");
    close_set(&t);
    close(ends[0]);
    close(ends[1]);
}

/* Opens a set under GitHub Actions. */
static void set_github(struct stage_set *t, size_t hosts, bool has_labels, bool is_file)
{
    scene_init(&t->scene, hosts);
    struct screen_args args = scene_screen_args(&t->scene);
    args.is_github = true;
    args.sides[STREAM_STDOUT].is_regular_file = is_file;
    open_set(t, &args, has_labels);
    scene_start(&t->scene);
}

Test(screen, github_reads_no_command_of_a_host)
{
    struct stage_set t;
    set_github(&t, 2, true, false);
    scene_print(&t.scene, 0, "::add-path::/tmp\n##[add-mask]x\n");
    screen_end(t.screen);
    char *out = scene_take(&t.scene, STREAM_STDOUT, NULL);
    char token[33] = "";
    cr_assert_eq(sscanf(out, "::stop-commands::%32s", token), 1);
    cr_assert_eq(strlen(token), 32);
    char *wanted = xprintf(
        "::stop-commands::%s\nh000: ::add-path::/tmp\nh000: ##[add-mask]x\n::%s::\n", token, token);
    cr_assert_str_eq(out, wanted);
    free(wanted);
    wanted = xprintf("::stop-commands::%s\n::%s::\n", token, token);
    scene_expect(&t.scene, STREAM_STDERR, wanted);
    free(wanted);
    free(out);
    close_set(&t);

    struct stage_set other;
    set_github(&other, 2, true, false);
    scene_print(&other.scene, 0, "x\n");
    out = scene_take(&other.scene, STREAM_STDOUT, NULL);
    cr_assert_null(strstr(out, token), "a token is used once");
    free(out);
    close_set(&other);
}

Test(screen, github_markers_spare_files_and_exact_output)
{
    struct stage_set t;
    set_github(&t, 2, true, true);
    scene_print(&t.scene, 0, "x\n");
    screen_end(t.screen);
    scene_expect(&t.scene, STREAM_STDOUT, "h000: x\n");
    close_set(&t);
    set_github(&t, 1, false, false);
    scene_print(&t.scene, 0, "::error::x");
    screen_end(t.screen);
    scene_expect(&t.scene, STREAM_STDOUT, "::error::x");
    char *err = scene_take(&t.scene, STREAM_STDERR, NULL);
    cr_assert_eq(strncmp(err, "::stop-commands::", 17), 0);
    free(err);
    close_set(&t);
}
