/* SPDX-License-Identifier: MIT */
#include "sink/jsonl.h"

#include <stdlib.h>

#include "base/memory.h"
#include "model/event_json.h"

enum {
    KEPT_ROOM = 1024 * 1024, /* a buffer that grew above this is not kept */
    LINE_MAX_BYTES = 1 << 30,
};

struct jsonl {
    struct sink sink;
    struct writer *writer;
    struct output *output;
    struct buf line;
    uint64_t seq;
};

static void on_event(struct listener *listener, const struct event *event)
{
    struct jsonl *j = list_entry(listener, struct jsonl, sink.listener);
    if (!event_json_is_written(event->kind))
        return;
    struct event numbered = *event;
    numbered.seq = ++j->seq;
    buf_clear(&j->line);
    event_json_write(&j->line, &numbered);
    if (j->line.failed)
        base_out_of_memory();
    output_put(j->output, j->line.data, j->line.size);
    if (event->kind == EVENT_HOST_END)
        writer_barrier(j->writer);
    if (j->line.room > KEPT_ROOM)
        buf_release(&j->line);
}

static void free_jsonl(struct sink *sink)
{
    struct jsonl *j = list_entry(sink, struct jsonl, sink);
    buf_release(&j->line);
    free(j);
}

struct sink *jsonl_new(struct writer *writer, struct output *output)
{
    static const struct sink_ops ops = { .name = "jsonl", .free = free_jsonl };
    struct jsonl *j = xcalloc(1, sizeof *j);
    j->sink.ops = &ops;
    j->sink.listener.on_event = on_event;
    j->writer = writer;
    j->output = output;
    buf_init(&j->line, LINE_MAX_BYTES);
    return &j->sink;
}
