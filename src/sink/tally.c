/* SPDX-License-Identifier: MIT */
#include "sink/tally.h"

#include <stdlib.h>

#include "base/memory.h"

enum { EXIT_CODE_MAX = 255 };

struct tally {
    struct sink sink;
    struct tally_counts counts;
    uint64_t bytes[STREAM_COUNT];
    struct transfer_totals transfer;
    int64_t *times_us; /* of the hosts that began, in the order in which they ended */
    size_t time_count;
    size_t time_room;
};

static struct tally *from_sink(const struct sink *sink)
{
    return list_entry(sink, struct tally, sink);
}

const struct tally_counts *tally_counts(const struct sink *tally)
{
    return &from_sink(tally)->counts;
}

uint64_t tally_bytes(const struct sink *tally, enum stream stream)
{
    return from_sink(tally)->bytes[stream];
}

struct transfer_totals tally_transfer(const struct sink *tally)
{
    return from_sink(tally)->transfer;
}

void tally_output_failed(struct sink *tally)
{
    from_sink(tally)->counts.has_failed_output = true;
}

size_t tally_not_reached(const struct tally_counts *counts)
{
    return counts->by_status[STATUS_UNREACHABLE] + counts->by_status[STATUS_HOST_KEY] +
           counts->by_status[STATUS_AUTH];
}

/* Did every selected host end exactly once, and the run too? */
static bool is_complete(const struct tally_counts *counts)
{
    size_t ended = 0;
    for (size_t i = 0; i < STATUS_COUNT; i++)
        ended += counts->by_status[i];
    return counts->is_over && ended == counts->selected;
}

/* 1, 3 or 4, the largest that applies; 0 where every host is ok. */
static int worst_of_hosts(const struct tally_counts *counts)
{
    if (tally_not_reached(counts) + counts->by_status[STATUS_TRANSFER] +
        counts->by_status[STATUS_LOST])
        return TALLY_NEVER_RAN;
    if (counts->by_status[STATUS_TIMEOUT])
        return TALLY_TIMEOUT;
    return counts->by_status[STATUS_FAILED] ? TALLY_FAILED : TALLY_OK;
}

/* -S: the largest exit code. */
static int largest_exit_code(const struct tally_counts *counts)
{
    if (counts->without_code || counts->max_exit_code > EXIT_CODE_MAX)
        return EXIT_CODE_MAX;
    return (int)counts->max_exit_code;
}

int tally_exit_status(const struct tally_counts *counts, const struct tally_rules *rules)
{
    if (counts->signal)
        return TALLY_SIGNAL + counts->signal;
    if (counts->by_status[STATUS_INTERNAL] || !is_complete(counts))
        return TALLY_INTERNAL;
    if (counts->has_failed_output)
        return TALLY_OUTPUT;
    if (rules->is_exit_zero)
        return TALLY_OK;
    if (counts->is_stopped || counts->by_status[STATUS_NOT_RUN] ||
        counts->by_status[STATUS_CANCELLED])
        return TALLY_INCOMPLETE;
    int worst = worst_of_hosts(counts);
    return worst && rules->is_maxrc ? largest_exit_code(counts) : worst;
}

/* How long the host took, without the queue; -1 where it did not begin. */
static int64_t time_of_host(const struct outcome *o)
{
    int64_t us = -1;
    for (size_t i = STAGE_DNS; i <= STAGE_EXEC; i++) {
        if (o->stage_us[i] >= 0)
            us = (us < 0 ? 0 : us) + o->stage_us[i];
    }
    return us;
}

/* Remembers how long a host took. */
static void add_time(struct tally *t, int64_t us)
{
    if (t->time_count == t->time_room) {
        t->time_room = t->time_room ? 2 * t->time_room : 64;
        t->times_us = xrealloc_array(t->times_us, t->time_room, sizeof *t->times_us);
    }
    t->times_us[t->time_count++] = us;
}

/* Adds what a push or pull did on one host. */
static void add_transfer(struct transfer_totals *sum, const struct transfer_totals *host)
{
    sum->files += host->files;
    sum->changed += host->changed;
    sum->failed += host->failed;
    sum->bytes += host->bytes;
}

static void on_host_end(struct tally *t, const struct outcome *o)
{
    t->counts.by_status[o->status]++;
    if (!o->has_exit_code)
        t->counts.without_code += o->status != STATUS_OK;
    else if (o->exit_code > t->counts.max_exit_code)
        t->counts.max_exit_code = o->exit_code;
    add_transfer(&t->transfer, &o->transfer);
    for (size_t i = 0; i < STREAM_COUNT; i++)
        t->bytes[i] += o->bytes[i];
    int64_t us = time_of_host(o);
    if (us >= 0)
        add_time(t, us);
}

static int compare_times(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* The smallest time that `percent` of all are not above (nearest rank). */
static int64_t percentile(const struct tally *t, size_t percent)
{
    size_t rank = (t->time_count * percent + 99) / 100;
    return t->times_us[rank ? rank - 1 : 0];
}

struct tally_times tally_times(const struct sink *tally)
{
    struct tally *t = from_sink(tally);
    if (t->time_count == 0)
        return (struct tally_times){ -1, -1, -1 };
    qsort(t->times_us, t->time_count, sizeof *t->times_us, compare_times);
    return (struct tally_times){ percentile(t, 50), percentile(t, 95), percentile(t, 100) };
}

static void on_event(struct listener *listener, const struct event *e)
{
    struct tally *t = list_entry(listener, struct tally, sink.listener);
    if (e->kind == EVENT_RUN_START)
        t->counts.selected = e->run->host_count;
    if (e->kind == EVENT_HOST_END)
        on_host_end(t, e->outcome);
    if (e->kind != EVENT_RUN_END)
        return;
    t->counts.is_over = true;
    t->counts.is_stopped = e->run->interrupted != NULL;
    t->counts.signal = e->run->signal;
}

static void free_tally(struct sink *sink)
{
    struct tally *t = from_sink(sink);
    free(t->times_us);
    free(t);
}

struct sink *tally_new(void)
{
    static const struct sink_ops ops = { .name = "tally", .free = free_tally };
    struct tally *t = xcalloc(1, sizeof *t);
    t->sink.ops = &ops;
    t->sink.listener.on_event = on_event;
    return &t->sink;
}
