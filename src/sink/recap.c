/* SPDX-License-Identifier: MIT */
#include "sink/recap.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/size_text.h"
#include "base/utf8.h"
#include "model/fold.h"
#include "sink/elapsed.h"
#include "sink/failure.h"
#include "sink/tally.h"

enum {
    TAIL_SIZE = 160,      /* of a host's last line */
    NAMES_SIZE_MAX = 240, /* of the folded names in one line */
    NAMES_COLUMN_MAX = 28,
};

/* The last line that was not empty, of each stream of a host that runs. */
struct tails {
    char lines[STREAM_COUNT][TAIL_SIZE + 1];
};

struct recap {
    struct sink sink;
    struct recap_args args;
    const struct run_info *run;
    struct tails **tails; /* per host; NULL until it prints something and after its end */
    struct failure *failures;
    size_t failure_count;
    size_t failure_room;
    bool is_over;
};

static struct recap *from_sink(const struct sink *sink)
{
    return list_entry(sink, struct recap, sink);
}

/* The last line of `data` that holds more than blanks, as a terminal would show it at the end;
 * `ret_size` 0 where there is none. */
static const char *last_line(const char *data, size_t size, size_t *ret_size)
{
    while (size > 0 && strchr(" \t\r\n", data[size - 1]) && data[size - 1] != '\0')
        size--;
    size_t start = size;
    while (start > 0 && data[start - 1] != '\n' && data[start - 1] != '\r')
        start--;
    *ret_size = size - start;
    return data + start;
}

static void on_output(struct recap *r, const struct event *e)
{
    size_t size;
    const char *line = last_line(e->data, e->size, &size);
    if (size == 0)
        return;
    struct tails **tails = &r->tails[e->host->index];
    if (!*tails)
        *tails = xcalloc(1, sizeof **tails);
    size = utf8_cut(line, size < TAIL_SIZE ? size : TAIL_SIZE);
    char *to = (*tails)->lines[e->stream];
    for (size_t i = 0; i < size; i++)
        to[i] = line[i] ? line[i] : ' ';
    to[size] = '\0';
}

/* What to show of a failed host: its last line of stderr, else of stdout. */
static const char *tail_of(const struct recap *r, size_t host)
{
    const struct tails *tails = r->tails[host];
    if (!tails || r->run->host_count == 1)
        return NULL;
    return *tails->lines[STREAM_STDERR] ? tails->lines[STREAM_STDERR] : tails->lines[STREAM_STDOUT];
}

static void on_host_end(struct recap *r, const struct event *e)
{
    if (e->outcome->status != STATUS_OK) {
        if (r->failure_count == r->failure_room) {
            r->failure_room = r->failure_room ? 2 * r->failure_room : 16;
            r->failures = xrealloc_array(r->failures, r->failure_room, sizeof *r->failures);
        }
        r->failures[r->failure_count++] =
            failure_make(e->host, e->outcome, tail_of(r, e->host->index));
    }
    free(r->tails[e->host->index]);
    r->tails[e->host->index] = NULL;
}

static void on_event(struct listener *listener, const struct event *e)
{
    struct recap *r = list_entry(listener, struct recap, sink.listener);
    switch (e->kind) {
    case EVENT_RUN_START:
        r->run = e->run;
        r->tails = xcalloc(e->run->host_count, sizeof *r->tails);
        break;
    case EVENT_OUTPUT:
        on_output(r, e);
        break;
    case EVENT_HOST_END:
        on_host_end(r, e);
        break;
    case EVENT_RUN_END:
        r->is_over = true;
        break;
    case EVENT_HOST_START:
    case EVENT_HOST_STAGE:
    case EVENT_HOST_AUTH:
    case EVENT_HOST_EXEC:
    case EVENT_HOST_RETRY:
    case EVENT_PROGRESS:
    case EVENT_FILE:
    case EVENT_MOVED:
    case EVENT_NOTE:
        break;
    }
}

static int compare_indexes(const void *a, const void *b)
{
    const struct host_info *const *x = a, *const *y = b;
    return ((*x)->index > (*y)->index) - ((*x)->index < (*y)->index);
}

/* Cuts a long list of names after a whole one, and says how many there are. */
static void cut_names(struct buf *names, size_t count)
{
    if (names->size <= NAMES_SIZE_MAX)
        return;
    size_t at = NAMES_SIZE_MAX;
    while (at > NAMES_SIZE_MAX / 2 && names->data[at] != ',')
        at--;
    buf_truncate(names, utf8_cut(names->data, at));
    buf_addf(names, ",... (%zu hosts)", count);
}

/* The names of a group, folded. */
static void fold_group(const struct failure_group *g, struct buf *out)
{
    const struct host_info **hosts = xcalloc(g->count, sizeof *hosts);
    const char **names = xcalloc(g->count, sizeof *names);
    for (size_t i = 0; i < g->count; i++)
        hosts[i] = g->first[i].host;
    qsort(hosts, g->count, sizeof *hosts, compare_indexes);
    for (size_t i = 0; i < g->count; i++)
        names[i] = hosts[i]->name;
    fold_names(names, g->count, out);
    cut_names(out, g->count);
    free(names);
    free(hosts);
}

/* One line to be printed. */
struct row {
    const struct failure_group *group;
    struct buf names;
    bool has_hint; /* the first of its code */
};

struct table {
    struct row *rows;
    size_t count;
    size_t names_column;
    size_t label_column;
};

/* Columns that a text takes, one per character. */
static size_t count_columns(const char *text)
{
    size_t columns = 0;
    for (; *text; text++)
        columns += ((unsigned char)*text & 0xc0) != 0x80;
    return columns;
}

/* Is a hint for `code` shown in an earlier row? */
static bool has_code_before(const struct table *t, size_t row, enum error_code code)
{
    for (size_t i = 0; i < row; i++) {
        if (t->rows[i].group->first->code == code)
            return true;
    }
    return false;
}

/* Adds a group to the table; its columns grow. */
static void add_row(struct table *t, const struct failure_group *g)
{
    struct row *row = &t->rows[t->count];
    row->group = g;
    row->has_hint = error_hint(g->first->code) && !has_code_before(t, t->count, g->first->code);
    buf_init(&row->names, (size_t)1 << 28);
    fold_group(g, &row->names);
    size_t names = count_columns(buf_str(&row->names)), label = count_columns(g->first->label);
    if (names > t->names_column && names <= NAMES_COLUMN_MAX)
        t->names_column = names;
    t->label_column = label > t->label_column ? label : t->label_column;
    t->count++;
}

/* Adds blanks after a text up to a column, and two more. */
static void pad(struct buf *out, const char *text, size_t column)
{
    size_t columns = count_columns(text);
    buf_add_repeat(out, ' ', (columns < column ? column - columns : 0) + 2);
}

/* Takes blanks from the end of the line. */
static void trim(struct buf *out)
{
    size_t size = out->size;
    while (size > 0 && out->data[size - 1] == ' ')
        size--;
    buf_truncate(out, size);
}

/* Prints one row: names, label, message, hint. */
static void print_row(struct recap *r, const struct table *t, const struct row *row)
{
    const struct failure *f = row->group->first;
    bool has_color = screen_side(r->args.screen, STREAM_STDERR)->has_color;
    struct buf line;
    buf_init(&line, (size_t)1 << 28);
    buf_add_str(&line, "  ");
    screen_add_remote_line(r->args.screen, STREAM_STDERR, &line, buf_str(&row->names));
    pad(&line, buf_str(&row->names), t->names_column);
    buf_addf(&line, "%s%s%s", has_color ? "\x1b[31m" : "", f->label, has_color ? "\x1b[0m" : "");
    pad(&line, f->label, t->label_column);
    screen_add_remote_line(r->args.screen, STREAM_STDERR, &line, f->message);
    if (row->group->reasons > 1)
        buf_addf(&line, " (and %zu other messages)", row->group->reasons - 1);
    if (row->has_hint)
        buf_addf(&line, "   (%s)", error_hint(f->code));
    trim(&line);
    buf_add_char(&line, '\n');
    if (!line.failed)
        screen_message(r->args.screen, line.data, line.size);
    buf_release(&line);
}

/* Is this no news: the reader of standard output went away, and so the host was stopped? */
static bool is_expected(const struct recap *r, const struct failure *f)
{
    bool is_stopped = f->status == STATUS_CANCELLED || f->status == STATUS_NOT_RUN;
    return is_stopped && r->run->interrupted && strcmp(r->run->interrupted, "output") == 0;
}

static void print_failures(struct recap *r)
{
    size_t count;
    struct failure_group *groups =
        failure_group(r->failures, r->failure_count, RECAP_REASONS_MAX, &count);
    struct table table = { .rows = xcalloc(count, sizeof *table.rows) };
    for (size_t i = 0; i < count; i++) {
        if (!is_expected(r, groups[i].first))
            add_row(&table, &groups[i]);
    }
    for (size_t i = 0; i < table.count; i++) {
        print_row(r, &table, &table.rows[i]);
        buf_release(&table.rows[i].names);
    }
    free(table.rows);
    free(groups);
}

/* Adds "3 not reached" after a comma, unless it is none. */
static void add_count(struct buf *out, size_t count, const char *what)
{
    if (count == 0)
        return;
    bool is_first = out->size == 0 || out->data[out->size - 1] == ' ';
    buf_addf(out, "%s%zu %s", is_first ? "" : ", ", count, what);
}

static void add_counts(struct buf *out, const struct tally_counts *c, bool is_short)
{
    const size_t *by = c->by_status;
    if (by[STATUS_OK] || !is_short)
        buf_addf(out, "%zu ok", by[STATUS_OK]);
    add_count(out, by[STATUS_FAILED], "failed");
    add_count(out, by[STATUS_TIMEOUT], "timed out");
    add_count(out, tally_not_reached(c), "not reached");
    add_count(out, by[STATUS_TRANSFER], "not transferred");
    add_count(out, by[STATUS_LOST], "lost");
    add_count(out, by[STATUS_CANCELLED], "cancelled");
    add_count(out, by[STATUS_NOT_RUN], "not run");
    add_count(out, by[STATUS_INTERNAL], "internal error");
}

/* What stopped the run, in words; NULL where nothing did. */
static const char *stop_phrase(const char *interrupted)
{
    static const char *const phrases[][2] = {
        { "signal", "interrupted" },
        { "deadline", "stopped at the deadline" },
        { "limit", "stopped at a failure limit" },
        { "output", "standard output was closed" },
    };
    for (size_t i = 0; interrupted && i < sizeof phrases / sizeof *phrases; i++) {
        if (strcmp(phrases[i][0], interrupted) == 0)
            return phrases[i][1];
    }
    return interrupted;
}

/* Adds the percentiles, where there are enough hosts for them to mean something. */
static void add_times(struct buf *out, const struct tally_times *times, const char *dot)
{
    char p50[ELAPSED_SIZE], p95[ELAPSED_SIZE], max[ELAPSED_SIZE];
    if (times->max_us < 0)
        return;
    elapsed_text(times->p50_us, p50);
    elapsed_text(times->p95_us, p95);
    elapsed_text(times->max_us, max);
    buf_addf(out, "%sp50 %s p95 %s max %s", dot, p50, p95, max);
}

/* Adds a number with commas: "2,000". */
static void add_number(struct buf *out, uint64_t n)
{
    if (n >= 1000) {
        add_number(out, n / 1000);
        buf_addf(out, ",%03u", (unsigned)(n % 1000));
    } else {
        buf_addf(out, "%u", (unsigned)n);
    }
}

/* Adds what became of the files. */
static void add_files(const struct recap *r, struct buf *out, const struct transfer_totals *t)
{
    char moved[SIZE_TEXT_SIZE];
    add_number(out, t->files);
    buf_add_str(out, t->files == 1 ? " file" : " files");
    if (t->changed != t->files || r->args.is_dry_run) {
        buf_add_str(out, ", ");
        add_number(out, t->changed);
        buf_add_str(out, r->args.is_dry_run ? " would change" : " changed");
    }
    if (t->failed) {
        buf_add_str(out, ", ");
        add_number(out, t->failed);
        buf_add_str(out, " failed");
    }
    if (t->bytes) {
        size_text(t->bytes, moved);
        buf_addf(out, ", %s", moved);
    }
}

/* Is there anything to be said of files? */
static bool has_files(const struct recap *r, const struct transfer_totals *t)
{
    bool has_any = t->files || t->changed || t->failed || t->bytes;
    return run_is_transfer(r->run) &&
           (has_any || tally_counts(r->args.tally)->by_status[STATUS_OK]);
}

/* Adds the bytes of a second, where there are enough for that to mean something. */
static void add_rate(struct buf *out, uint64_t bytes, int64_t us, const char *dot)
{
    char rate[SIZE_TEXT_SIZE];
    if (bytes < RECAP_RATE_MIN || us <= 0)
        return;
    size_text((uint64_t)((double)bytes * 1e6 / (double)us), rate);
    buf_addf(out, "%s%s/s", dot, rate);
}

static void print_counts(struct recap *r)
{
    const struct tally_counts *counts = tally_counts(r->args.tally);
    const char *dot = screen_is_utf8(r->args.screen) ? " \xc2\xb7 " : " . ";
    bool is_short = counts->selected < RECAP_FEW;
    const struct transfer_totals files = tally_transfer(r->args.tally);
    int64_t took_us = r->run->finished_at_us - r->run->started_at_us;
    char took[ELAPSED_SIZE];
    struct buf line;
    buf_init(&line, 1024);
    buf_add_str(&line, "  ");
    if (!is_short)
        buf_addf(&line, "%zu hosts: ", counts->selected);
    add_counts(&line, counts, is_short);
    if (has_files(r, &files)) {
        buf_add_str(&line, dot);
        add_files(r, &line, &files);
    }
    elapsed_text(took_us, took);
    buf_addf(&line, "%s%s", dot, took);
    add_rate(&line, files.bytes, took_us, dot);
    if (!is_short) {
        struct tally_times times = tally_times(r->args.tally);
        add_times(&line, &times, dot);
    }
    const char *stop = stop_phrase(r->run->interrupted);
    if (stop)
        buf_addf(&line, "%s%s", dot, stop);
    buf_add_char(&line, '\n');
    screen_message(r->args.screen, line.data, line.size);
    buf_release(&line);
}

static bool finish(struct sink *sink, struct error *reterr)
{
    struct recap *r = from_sink(sink);
    (void)reterr;
    if (!r->is_over)
        return true;
    print_failures(r);
    if (!r->args.is_quiet)
        print_counts(r);
    return true;
}

static void free_recap(struct sink *sink)
{
    struct recap *r = from_sink(sink);
    for (size_t i = 0; i < r->failure_count; i++)
        failure_release(&r->failures[i]);
    for (size_t i = 0; r->tails && i < r->run->host_count; i++)
        free(r->tails[i]);
    free(r->tails);
    free(r->failures);
    free(r);
}

struct sink *recap_new(const struct recap_args *args)
{
    static const struct sink_ops ops = { .name = "recap", .finish = finish, .free = free_recap };
    struct recap *r = xcalloc(1, sizeof *r);
    r->sink.ops = &ops;
    r->sink.listener.on_event = on_event;
    r->args = *args;
    return &r->sink;
}
