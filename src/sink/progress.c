/* SPDX-License-Identifier: MIT */
#include "sink/progress.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/list.h"
#include "base/memory.h"
#include "base/size_text.h"
#include "sink/elapsed.h"
#include "sink/rate.h"

#define SLOW_US (INT64_C(2) * US_PER_SEC) /* younger hosts are not worth naming */

enum { LINE_MAX_SIZE = 64 * 1024 };

/* What is known of one host. */
struct place {
    struct list link; /* on progress->working, the oldest first */
    const struct host_info *host;
    enum stage stage;
    int64_t since_us; /* its attempt began */
    uint64_t moved;   /* of its share of the content, in this attempt */
};

struct progress {
    struct sink sink;
    struct progress_args args;
    struct place *places;
    size_t host_count;
    struct list working;
    size_t stages[STAGE_COUNT];
    size_t by_status[STATUS_COUNT];
    bool is_running; /* between run_start and run_end */
    bool is_transfer;
    uint64_t content;    /* to be moved in all; 0 where that is unknown */
    uint64_t moved;      /* by all hosts */
    uint64_t moving;     /* `moved` of the hosts that did not end */
    struct rate speed;   /* of `moved` */
    struct rate advance; /* of done_content() */
    int64_t started_us;
    int64_t now_us; /* of the last tick */
    int64_t painted_us;
    int64_t beat_us;
    char *painted; /* the line that was drawn last */
};

static struct progress *from_sink(const struct sink *sink)
{
    return list_entry(sink, struct progress, sink);
}

/* Moves a host to a stage. */
static void move(struct progress *p, const struct host_info *host, enum stage stage)
{
    struct place *place = &p->places[host->index];
    p->stages[place->stage]--;
    p->stages[stage]++;
    place->stage = stage;
    if (stage == STAGE_QUEUED || stage == STAGE_DONE)
        list_remove(&place->link);
}

/* A host begins an attempt. */
static void begin(struct progress *p, const struct host_info *host)
{
    struct place *place = &p->places[host->index];
    move(p, host, STAGE_DNS);
    place->since_us = p->now_us;
    list_remove(&place->link);
    list_append(&p->working, &place->link);
}

/* Content was moved to or from a host, which counts up to the host's share. */
static void on_moved(struct progress *p, const struct event *e)
{
    struct place *place = &p->places[e->host->index];
    uint64_t left = p->content / p->host_count - place->moved;
    uint64_t counted = p->content && e->size > left ? left : e->size;
    place->moved += counted;
    p->moving += counted;
    p->moved += e->size;
}

/* What a host has moved in this attempt stands for nothing any more. */
static void forget_moved(struct progress *p, const struct host_info *host)
{
    struct place *place = &p->places[host->index];
    p->moving -= place->moved;
    place->moved = 0;
}

static void on_run_start(struct progress *p, const struct run_info *run)
{
    p->host_count = run->host_count;
    p->places = xcalloc(run->host_count, sizeof *p->places);
    for (size_t i = 0; i < run->host_count; i++) {
        p->places[i].host = run->hosts[i];
        p->places[i].stage = STAGE_QUEUED;
        list_init(&p->places[i].link);
    }
    p->stages[STAGE_QUEUED] = run->host_count;
    p->is_running = true;
    p->is_transfer = run_is_transfer(run);
    p->content = run->transfer_bytes;
}

static void on_event(struct listener *listener, const struct event *e)
{
    struct progress *p = list_entry(listener, struct progress, sink.listener);
    switch (e->kind) {
    case EVENT_RUN_START:
        on_run_start(p, e->run);
        break;
    case EVENT_HOST_START:
        begin(p, e->host);
        break;
    case EVENT_HOST_STAGE:
        move(p, e->host, e->stage);
        break;
    case EVENT_HOST_EXEC:
        move(p, e->host, STAGE_EXEC);
        break;
    case EVENT_MOVED:
        on_moved(p, e);
        break;
    case EVENT_HOST_RETRY:
        move(p, e->host, STAGE_QUEUED);
        forget_moved(p, e->host);
        break;
    case EVENT_HOST_END:
        move(p, e->host, STAGE_DONE);
        forget_moved(p, e->host);
        p->by_status[e->outcome->status]++;
        break;
    case EVENT_RUN_END:
        p->is_running = false;
        screen_clear_status(p->args.screen);
        break;
    case EVENT_HOST_AUTH:
    case EVENT_OUTPUT:
    case EVENT_PROGRESS:
    case EVENT_FILE:
    case EVENT_NOTE:
        break;
    }
}

/* Adds "  WHAT N" unless it is none. */
static void add_count(struct buf *out, const char *what, size_t count)
{
    if (count)
        buf_addf(out, "  %s %zu", what, count);
}

/* Adds how those that ended did. */
static void add_ended(const struct progress *p, struct buf *out)
{
    const size_t *by = p->by_status;
    add_count(out, "ok", by[STATUS_OK]);
    add_count(out, "failed", by[STATUS_FAILED]);
    add_count(out, "timed out", by[STATUS_TIMEOUT]);
    add_count(out, "not reached", by[STATUS_UNREACHABLE] + by[STATUS_HOST_KEY] + by[STATUS_AUTH]);
    add_count(out, "lost", by[STATUS_LOST]);
    add_count(out, "other",
              by[STATUS_TRANSFER] + by[STATUS_CANCELLED] + by[STATUS_NOT_RUN] +
                  by[STATUS_INTERNAL]);
}

/* Adds where the others are. */
static void add_stages(const struct progress *p, struct buf *out)
{
    if (p->stages[STAGE_DONE] < p->host_count)
        buf_add_char(out, ' ');
    add_count(out, "queued", p->stages[STAGE_QUEUED]);
    add_count(out, "connecting", p->stages[STAGE_DNS] + p->stages[STAGE_CONNECT]);
    add_count(out, "handshake", p->stages[STAGE_HANDSHAKE]);
    add_count(out, "auth", p->stages[STAGE_AUTH]);
    add_count(out, p->is_transfer ? "copying" : "running", p->stages[STAGE_EXEC]);
}

/* How much content is where it belongs, or need not go there. */
static uint64_t done_content(const struct progress *p)
{
    if (!p->content)
        return p->moved;
    double ended = (double)p->stages[STAGE_DONE] / (double)p->host_count;
    uint64_t done = (uint64_t)((double)p->content * ended) + p->moving;
    return done < p->content ? done : p->content;
}

/* Adds how much content was moved, of how much, and how fast. */
static void add_content(const struct progress *p, int64_t now_us, struct buf *out)
{
    char text[SIZE_TEXT_SIZE];
    if (!p->is_transfer)
        return;
    size_text(done_content(p), text);
    buf_addf(out, "   %s", text);
    if (p->content) {
        size_text(p->content, text);
        buf_addf(out, "/%s", text);
    }
    double speed = rate_per_second(&p->speed, now_us, p->moved);
    if (speed < 1)
        return;
    size_text((uint64_t)speed, text);
    buf_addf(out, "  %s/s", text);
}

/* How long it may still take by the content that is left; -1 where that is unknown. */
static int64_t left_by_content(const struct progress *p, int64_t now_us)
{
    uint64_t done = done_content(p);
    double advance = rate_per_second(&p->advance, now_us, done);
    if (advance < 1)
        return -1;
    double seconds = (double)(p->content - done) / advance;
    return seconds < 1e9 ? (int64_t)(seconds * 1e6) : -1;
}

/* ... by hosts: those to come are taken to be like those that ended. */
static int64_t left_by_hosts(const struct progress *p, int64_t elapsed_us)
{
    size_t done = p->stages[STAGE_DONE], left = p->host_count - done;
    if (done == 0 || done * 10 < p->host_count)
        return -1; /* too early to tell */
    return (int64_t)((double)elapsed_us / (double)done * (double)left);
}

/* Adds how long it took, and may take. */
static void add_clock(const struct progress *p, int64_t now_us, struct buf *out)
{
    char text[ELAPSED_SIZE];
    int64_t elapsed_us = now_us - p->started_us;
    elapsed_clock(elapsed_us, text);
    buf_addf(out, "   %s", text);
    if (p->stages[STAGE_DONE] == p->host_count || elapsed_us < US_PER_SEC)
        return;
    int64_t left_us = p->content ? left_by_content(p, now_us) : left_by_hosts(p, elapsed_us);
    if (left_us < 0)
        return;
    elapsed_clock(left_us, text);
    buf_addf(out, " eta %s", text);
}

/* Adds the host that is at work for longest. */
static void add_slowest(const struct progress *p, int64_t now_us, struct buf *out)
{
    if (list_is_empty(&p->working))
        return;
    const struct place *oldest = list_entry(p->working.next, struct place, link);
    char text[ELAPSED_SIZE];
    if (now_us - oldest->since_us < SLOW_US)
        return;
    elapsed_text(now_us - oldest->since_us, text);
    buf_add_str(out, "   slowest ");
    screen_add_remote_line(p->args.screen, STREAM_STDERR, out, oldest->host->name);
    buf_addf(out, " %s", text);
}

void progress_status_line(const struct sink *progress, int64_t now_us, struct buf *out)
{
    const struct progress *p = from_sink(progress);
    buf_addf(out, "%zu/%zu", p->stages[STAGE_DONE], p->host_count);
    add_ended(p, out);
    add_stages(p, out);
    add_content(p, now_us, out);
    add_clock(p, now_us, out);
    add_slowest(p, now_us, out);
}

/* What a host does, in words. */
static const char *phase_of(const struct progress *p, enum stage stage)
{
    static const char *const phrases[STAGE_COUNT] = {
        [STAGE_QUEUED] = "queued",       [STAGE_DNS] = "looking up the name",
        [STAGE_CONNECT] = "connecting",  [STAGE_HANDSHAKE] = "handshake",
        [STAGE_AUTH] = "authenticating", [STAGE_EXEC] = "running",
        [STAGE_DONE] = "done",
    };
    return stage == STAGE_EXEC && p->is_transfer ? "copying" : phrases[stage];
}

void progress_running(const struct sink *progress, int64_t now_us, size_t hosts_max,
                      struct buf *out)
{
    const struct progress *p = from_sink(progress);
    size_t count = 0;
    list_for_each(it, tmp, &p->working)
    {
        const struct place *place = list_entry(it, struct place, link);
        char text[ELAPSED_SIZE];
        if (count++ >= hosts_max)
            continue;
        elapsed_text(now_us - place->since_us, text);
        buf_add_str(out, "  ");
        screen_add_remote_line(p->args.screen, STREAM_STDERR, out, place->host->name);
        buf_addf(out, "  %s  %s\n", phase_of(p, place->stage), text);
    }
    if (count > hosts_max)
        buf_addf(out, "  and %zu more\n", count - hosts_max);
}

/* Draws the line, unless it stands there already. */
static void paint(struct progress *p)
{
    struct buf line;
    buf_init(&line, LINE_MAX_SIZE);
    progress_status_line(&p->sink, p->now_us, &line);
    bool is_there =
        screen_has_status(p->args.screen) && p->painted && strcmp(p->painted, buf_str(&line)) == 0;
    if (!is_there && !line.failed && screen_draw_status(p->args.screen, buf_str(&line))) {
        free(p->painted);
        p->painted = buf_detach(&line);
        p->painted_us = p->now_us;
    }
    buf_release(&line);
}

/* Writes the line into the log. */
static void beat(struct progress *p)
{
    struct buf line;
    buf_init(&line, LINE_MAX_SIZE);
    progress_status_line(&p->sink, p->now_us, &line);
    if (!line.failed)
        screen_messagef(p->args.screen, "muster: %s", buf_str(&line));
    buf_release(&line);
    p->beat_us = p->now_us;
}

void progress_tick(struct sink *progress, int64_t now_us)
{
    struct progress *p = from_sink(progress);
    p->now_us = now_us;
    if (!p->is_running)
        return;
    rate_sample(&p->speed, now_us, p->moved);
    rate_sample(&p->advance, now_us, done_content(p));
    bool is_early = now_us - p->started_us < PROGRESS_FIRST_US;
    if (p->args.has_line && !is_early && now_us - p->painted_us >= PROGRESS_TICK_US)
        paint(p);
    if (p->args.has_beat && now_us - p->beat_us >= PROGRESS_BEAT_US)
        beat(p);
}

static void free_progress(struct sink *sink)
{
    struct progress *p = from_sink(sink);
    free(p->places);
    free(p->painted);
    free(p);
}

struct sink *progress_new(const struct progress_args *args)
{
    static const struct sink_ops ops = { .name = "progress", .free = free_progress };
    struct progress *p = xcalloc(1, sizeof *p);
    p->sink.ops = &ops;
    p->sink.listener.on_event = on_event;
    p->args = *args;
    p->started_us = p->now_us = p->beat_us = args->now_us;
    list_init(&p->working);
    return &p->sink;
}
