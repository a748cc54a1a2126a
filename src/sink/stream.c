/* SPDX-License-Identifier: MIT */
#include "sink/stream.h"

#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "sink/label.h"
#include "sink/safe_text.h"

enum {
    WRITE_SIZE = 256 * 1024, /* what is rendered is written when it has grown to this */
};

/* The unfinished line of one stream of a host. */
struct partial {
    struct list link; /* on stream->holding while there are bytes */
    const struct host_info *host;
    enum stream side;
    struct buf text;
    bool is_split; /* a piece of this line was printed already */
};

struct line_stream {
    struct sink sink;
    struct stream_args args;
    struct partial **partials; /* per host; two each; NULL until needed */
    size_t host_count;
    struct list holding;
    size_t held; /* bytes of all partials, as allocated */
    struct label label;
    struct buf rendered; /* what is about to be written to rendered_side */
    enum stream rendered_side;
    size_t split_lines;
    bool is_exact; /* one host, no label: nothing is added */
};

static struct line_stream *from_sink(const struct sink *sink)
{
    return list_entry(sink, struct line_stream, sink);
}

size_t stream_held(const struct sink *stream)
{
    return from_sink(stream)->held;
}

/* Writes what was rendered. */
static void write_rendered(struct line_stream *s)
{
    if (s->rendered.failed)
        base_out_of_memory();
    screen_write(s->args.screen, s->rendered_side, s->rendered.data, s->rendered.size);
    buf_clear(&s->rendered);
}

/* Makes `side` the one that is rendered for. */
static void turn_to(struct line_stream *s, enum stream side)
{
    if (s->rendered_side != side)
        write_rendered(s);
    s->rendered_side = side;
}

/* Adds a line, or a piece of one, and the newline that it lacks unless every byte is exact. */
static void render(struct line_stream *s, const struct partial *p, const char *data, size_t size)
{
    turn_to(s, p->side);
    if (s->args.has_labels)
        label_add(&s->label, p->side, p->host, &s->rendered);
    screen_add_remote(s->args.screen, p->side, &s->rendered, data, size);
    if (data[size - 1] != '\n' && !s->is_exact)
        buf_add_char(&s->rendered, '\n');
    if (s->rendered.size >= WRITE_SIZE)
        write_rendered(s);
}

/* Forgets the unfinished line, which was rendered. */
static void drop_held(struct line_stream *s, struct partial *p)
{
    s->held -= p->text.room;
    buf_release(&p->text);
    list_remove(&p->link);
}

/* Prints the first `size` bytes of the unfinished line as a piece. */
static void print_piece(struct line_stream *s, struct partial *p, size_t size)
{
    render(s, p, p->text.data, size);
    if (!p->is_split && !s->is_exact)
        s->split_lines++;
    p->is_split = true;
    if (size == p->text.size)
        drop_held(s, p);
    else
        buf_consume(&p->text, size);
}

/* Keeps the total of unfinished lines bounded: the longest ones become pieces. */
static void limit_held(struct line_stream *s)
{
    while (s->held > s->args.held_max && !list_is_empty(&s->holding)) {
        struct partial *longest = NULL;
        list_for_each(it, tmp, &s->holding)
        {
            struct partial *p = list_entry(it, struct partial, link);
            if (!longest || p->text.room > longest->text.room)
                longest = p;
        }
        print_piece(s, longest, longest->text.size);
    }
}

/* Adds to the unfinished line, which has room for it. */
static void append(struct line_stream *s, struct partial *p, const char *data, size_t size)
{
    if (p->text.size == 0)
        list_append(&s->holding, &p->link);
    s->held -= p->text.room;
    if (!buf_add(&p->text, data, size))
        base_out_of_memory();
    s->held += p->text.room;
}

/* Keeps bytes of an unfinished line; what is longer than a piece is printed. */
static void hold(struct line_stream *s, struct partial *p, const char *data, size_t size)
{
    while (size > 0) {
        size_t room = STREAM_PIECE_MAX - p->text.size;
        if (room == 0) {
            print_piece(s, p, utf8_cut(p->text.data, p->text.size));
            continue;
        }
        size_t now = size < room ? size : room;
        append(s, p, data, now);
        data += now;
        size -= now;
    }
    limit_held(s);
}

/* Prints what is held, with the newline that it lacks unless every byte must be exact. */
static void print_held(struct line_stream *s, struct partial *p)
{
    if (p->text.size > 0) {
        render(s, p, p->text.data, p->text.size);
        drop_held(s, p);
    }
    p->is_split = false;
}

/* Prints a line whose end, the newline included, is `data`. */
static void finish_line(struct line_stream *s, struct partial *p, const char *data, size_t size)
{
    if (p->text.size == 0 && !p->is_split && size <= STREAM_PIECE_MAX) {
        render(s, p, data, size);
        return;
    }
    hold(s, p, data, size - 1);
    if (p->text.size > 0 || s->is_exact)
        append(s, p, "\n", 1);
    print_held(s, p);
}

/* The place for a host's unfinished lines. */
static struct partial *find_partial(struct line_stream *s, const struct host_info *host,
                                    enum stream side)
{
    struct partial **both = &s->partials[host->index];
    if (!*both) {
        *both = xcalloc(STREAM_COUNT, sizeof **both);
        for (size_t i = 0; i < STREAM_COUNT; i++) {
            (*both)[i].host = host;
            (*both)[i].side = (enum stream)i;
            list_init(&(*both)[i].link);
            buf_init(&(*both)[i].text, STREAM_PIECE_MAX + 1);
        }
    }
    return &(*both)[side];
}

/* Prints lines, and keeps what comes after the last newline. */
static void on_output(struct line_stream *s, const struct event *e)
{
    const struct screen_side *side = screen_side(s->args.screen, e->stream);
    if (s->is_exact && !side->is_terminal) {
        screen_write(s->args.screen, e->stream, e->data, e->size);
        return;
    }
    struct partial *p = find_partial(s, e->host, e->stream);
    const char *data = e->data, *end = e->data + e->size;
    while (data < end) {
        const char *newline = memchr(data, '\n', (size_t)(end - data));
        const char *next = newline ? newline + 1 : end;
        if (newline)
            finish_line(s, p, data, (size_t)(next - data));
        else
            hold(s, p, data, (size_t)(next - data));
        data = next;
    }
    write_rendered(s);
}

/* Prints what is left of a host's lines and forgets it. */
static void end_host(struct line_stream *s, size_t index)
{
    struct partial *both = s->partials[index];
    if (!both)
        return;
    for (size_t i = 0; i < STREAM_COUNT; i++) {
        print_held(s, &both[i]);
        buf_release(&both[i].text);
    }
    free(both);
    s->partials[index] = NULL;
    write_rendered(s);
}

/* Learns how many hosts there are, and how wide their names. */
static void on_run_start(struct line_stream *s, const struct run_info *run)
{
    label_init(&s->label, s->args.screen, run);
    s->host_count = run->host_count;
    s->partials = xcalloc(run->host_count, sizeof *s->partials);
    s->is_exact = !s->args.has_labels && run->host_count == 1;
    if (s->is_exact)
        screen_keep_stdout_exact(s->args.screen);
}

/* Prints what hosts left behind that never ended, and says what was split. */
static void on_run_end(struct line_stream *s)
{
    for (size_t i = 0; i < s->host_count; i++)
        end_host(s, i);
    if (s->split_lines)
        screen_messagef(
            s->args.screen, "muster: %zu line%s too long to be kept whole %s printed in pieces",
            s->split_lines, s->split_lines == 1 ? "" : "s", s->split_lines == 1 ? "was" : "were");
}

static void on_event(struct listener *listener, const struct event *e)
{
    struct line_stream *s = list_entry(listener, struct line_stream, sink.listener);
    switch (e->kind) {
    case EVENT_RUN_START:
        on_run_start(s, e->run);
        break;
    case EVENT_OUTPUT:
        on_output(s, e);
        break;
    case EVENT_HOST_RETRY:
    case EVENT_HOST_END:
        end_host(s, e->host->index);
        break;
    case EVENT_RUN_END:
        on_run_end(s);
        break;
    case EVENT_HOST_START:
    case EVENT_HOST_STAGE:
    case EVENT_HOST_AUTH:
    case EVENT_HOST_EXEC:
    case EVENT_PROGRESS:
    case EVENT_FILE:
    case EVENT_MOVED:
    case EVENT_NOTE:
        break;
    }
}

static void free_stream(struct sink *sink)
{
    struct line_stream *s = from_sink(sink);
    for (size_t i = 0; i < s->host_count; i++) {
        for (size_t k = 0; s->partials[i] && k < STREAM_COUNT; k++)
            buf_release(&s->partials[i][k].text);
        free(s->partials[i]);
    }
    free(s->partials);
    buf_release(&s->rendered);
    free(s);
}

struct sink *stream_new(const struct stream_args *args)
{
    static const struct sink_ops ops = { .name = "stream", .free = free_stream };
    struct line_stream *s = xcalloc(1, sizeof *s);
    s->args = *args;
    if (!s->args.held_max)
        s->args.held_max = STREAM_HELD_MAX;
    s->sink.ops = &ops;
    s->sink.listener.on_event = on_event;
    list_init(&s->holding);
    /* Largest case: a piece, every byte of it shown as four, behind what was rendered before. */
    buf_init(&s->rendered, SAFE_TEXT_MAX(STREAM_PIECE_MAX) + 2 * (size_t)WRITE_SIZE);
    return &s->sink;
}
