/* SPDX-License-Identifier: MIT */
#include "sink/report.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "base/version.h"
#include "model/event_json.h"
#include "sink/keep.h"
#include "sink/whole_file.h"

enum {
    DRAIN_SIZE = 256 * 1024,        /* what is rendered is written when it has grown to this */
    RENDERED_MAX = 1 << 30,         /* one host's record without its output is far below */
    QUEUED_MAX = 1024 * 1024,       /* for the reader of standard output to take */
    JOINT_SIZE = KEEP_HOST_MAX + 4, /* a piece and what the one before it left over */
};

/* How one host ended. */
struct record {
    struct outcome outcome;
    bool has_started; /* its exec was seen */
    bool has_ended;
    bool has_files; /* something was kept of its files */
};

struct report {
    struct sink sink;
    struct report_args args;
    char *path;
    struct whole_file *file; /* NULL: standard output, or put in place already */
    int spool_fd;
    struct output *spool;
    struct keep *keep; /* from run_start on */
    const struct run_info *run;
    bool is_over;
    struct record *records;
    struct buf out;
    struct json_writer json;
    struct buf file_text; /* of one file */
    char *joint;
};

/* A stream on its way into the document. */
struct text {
    struct report *report;
    struct error *reterr;
    bool is_base64;
    bool has_lost; /* bytes that no JSON string can hold */
    char carry[3]; /* the begin of a character, or of a group of three */
    size_t carried;
};

static struct report *from_sink(const struct sink *sink)
{
    return list_entry(sink, struct report, sink);
}

static void on_run_start(struct report *r, const struct run_info *run)
{
    struct keep_args keep = { .stream_max = r->args.max_output,
                              .spool_fd = r->spool_fd,
                              .spool = r->spool };
    r->run = run;
    r->keep = keep_new(&keep, run->host_count);
    r->records = xcalloc(run->host_count, sizeof *r->records);
}

/* Keeps what became of a file, in the form in which it stands in the document: a line. */
static void on_file(struct report *r, const struct event *e)
{
    struct record *record = &r->records[e->host->index];
    struct buf *text = &r->file_text;
    struct json_writer w;
    buf_clear(text);
    buf_add_str(text, record->has_files ? ",\n    " : "\n    ");
    json_writer_init(&w, text, 0);
    json_begin_object(&w);
    event_json_add_file(&w, e->file, e->error);
    json_end_object(&w);
    if (text->failed)
        base_out_of_memory();
    keep_add(r->keep, e->host->index, KEEP_FILES, text->data, text->size);
    record->has_files = true;
}

/* Copies how a host ended. */
static void on_host_end(struct report *r, size_t host, const struct outcome *outcome)
{
    struct record *record = &r->records[host];
    error_release(&record->outcome.error);
    record->outcome = *outcome;
    record->outcome.error = (struct error)ERROR_INIT;
    error_copy(&record->outcome.error, &outcome->error);
    record->has_ended = true;
    keep_end(r->keep, host);
}

static void on_event(struct listener *listener, const struct event *e)
{
    struct report *r = list_entry(listener, struct report, sink.listener);
    switch (e->kind) {
    case EVENT_RUN_START:
        on_run_start(r, e->run);
        break;
    case EVENT_HOST_EXEC:
        r->records[e->host->index].has_started = true;
        break;
    case EVENT_FILE:
        on_file(r, e);
        break;
    case EVENT_OUTPUT:
        keep_add(r->keep, e->host->index, e->stream, e->data, e->size);
        break;
    case EVENT_HOST_END:
        on_host_end(r, e->host->index, e->outcome);
        break;
    case EVENT_RUN_END:
        r->is_over = true;
        break;
    case EVENT_HOST_START:
    case EVENT_HOST_STAGE:
    case EVENT_HOST_AUTH:
    case EVENT_HOST_RETRY:
    case EVENT_PROGRESS:
    case EVENT_MOVED:
    case EVENT_NOTE:
        break;
    }
}

/* Puts bytes to standard output, never many more than its reader has room for. */
static bool write_stdout(struct report *r, struct error *reterr)
{
    struct output *o = r->args.standard_output;
    int64_t wait_us = r->run && r->run->signal ? SINK_DRAIN_AFTER_SIGNAL_US : -1;
    output_put(o, r->out.data, r->out.size);
    if (writer_pending(r->args.screen) > QUEUED_MAX && !writer_flush(r->args.screen, wait_us))
        return error_set(reterr, ERR_OUTPUT, "%s: nobody read the report", output_name(o));
    int error = output_errno(o);
    return !error || error_set(reterr, ERR_OUTPUT, "%s: %s", output_name(o), strerror(error));
}

/* Writes what was rendered, if it is much or `is_last`. */
static bool drain(struct report *r, bool is_last, struct error *reterr)
{
    if (r->out.failed)
        return error_set(reterr, ERR_MEMORY, "%s: out of memory", r->path);
    if (r->out.size == 0 || (r->out.size < DRAIN_SIZE && !is_last))
        return true;
    bool done = r->file ? whole_file_write(r->file, r->out.data, r->out.size, reterr)
                        : write_stdout(r, reterr);
    buf_clear(&r->out);
    return done;
}

/* Adds a part of a string, text or base64. */
static void add_part(struct text *t, const char *data, size_t size)
{
    if (t->is_base64)
        json_add_base64_part(&t->report->json, data, size);
    else if (!json_add_part(&t->report->json, data, size))
        t->has_lost = true;
}

/* Adds a piece, but for what only the next piece can complete. */
static bool take_piece(void *arg, const char *data, size_t size)
{
    struct text *t = arg;
    char *joint = t->report->joint;
    memcpy(joint, t->carry, t->carried);
    memcpy(joint + t->carried, data, size);
    size += t->carried;
    size_t whole = t->is_base64 ? size - size % 3 : utf8_cut(joint, size);
    add_part(t, joint, whole);
    t->carried = size - whole;
    memcpy(t->carry, joint + whole, t->carried);
    return drain(t->report, false, t->reterr);
}

/* Adds a stream of a host as one string; `t` says in which form. */
static bool add_text(struct text *t, size_t host, enum stream stream)
{
    struct report *r = t->report;
    json_begin_string(&r->json);
    if (!keep_read(r->keep, host, stream, take_piece, t, t->reterr))
        return false;
    add_part(t, t->carry, t->carried);
    json_end_string(&r->json);
    return true;
}

/* Adds a stream of a host: text, as base64 too where bytes were lost, and whether it is cut. */
static bool add_stream(struct report *r, size_t host, enum stream stream, struct error *reterr)
{
    static const char *const keys[STREAM_COUNT][3] = {
        [STREAM_STDOUT] = { "stdout", "stdout_b64", "stdout_truncated" },
        [STREAM_STDERR] = { "stderr", "stderr_b64", "stderr_truncated" },
    };
    struct text text = { .report = r, .reterr = reterr };
    json_add_key(&r->json, keys[stream][0]);
    if (!add_text(&text, host, stream))
        return false;
    if (text.has_lost) {
        struct text base64 = { .report = r, .reterr = reterr, .is_base64 = true };
        json_add_key(&r->json, keys[stream][1]);
        if (!add_text(&base64, host, stream))
            return false;
    }
    json_add_key(&r->json, keys[stream][2]);
    json_add_bool(&r->json, keep_is_truncated(r->keep, host, stream));
    return true;
}

/* A file's record, or a part of one, on its way into the document. */
struct files {
    struct report *report;
    struct error *reterr;
};

static bool take_files(void *arg, const char *data, size_t size)
{
    struct files *f = arg;
    json_add_raw(&f->report->json, data, size);
    return drain(f->report, false, f->reterr);
}

/* Adds what became of the host's files, in the order of the events. */
static bool add_files(struct report *r, size_t host, struct error *reterr)
{
    struct files files = { r, reterr };
    if (!run_is_transfer(r->run))
        return true;
    json_add_key(&r->json, "files");
    json_begin_array(&r->json);
    if (!keep_read(r->keep, host, KEEP_FILES, take_files, &files, reterr))
        return false;
    json_end_array(&r->json);
    return true;
}

/* What is said of a host whose end was never seen. */
static void assume_end(struct record *record)
{
    record->outcome = (struct outcome){ .status = STATUS_NOT_RUN };
    for (size_t i = 0; i < STAGE_COUNT; i++)
        record->outcome.stage_us[i] = -1;
    enum error_code code = record->has_started ? ERR_CONNECTION_LOST : ERR_NOT_RUN_INTERRUPTED;
    record->outcome.status = error_status(code);
    record->outcome.error_stage = record->has_started ? STAGE_EXEC : STAGE_QUEUED;
    error_set(&record->outcome.error, code, "the run ended without saying how this host did");
}

static bool add_host(struct report *r, size_t host, struct error *reterr)
{
    struct record *record = &r->records[host];
    if (!record->has_ended)
        assume_end(record);
    json_begin_object(&r->json);
    event_json_add_host(&r->json, r->run->hosts[host]);
    event_json_add_outcome(&r->json, &record->outcome, run_is_transfer(r->run));
    for (int stream = 0; stream < STREAM_COUNT; stream++) {
        if (!add_stream(r, host, (enum stream)stream, reterr))
            return false;
    }
    if (!add_files(r, host, reterr))
        return false;
    json_end_object(&r->json);
    return drain(r, false, reterr);
}

static void add_string(struct json_writer *w, const char *key, const char *text)
{
    json_add_key(w, key);
    json_add_string(w, text);
}

static void add_uint(struct json_writer *w, const char *key, uint64_t n)
{
    json_add_key(w, key);
    json_add_uint(w, n);
}

static void add_ms(struct json_writer *w, const char *key, int64_t us)
{
    json_add_key(w, key);
    json_add_ms(w, us);
}

static void add_summary(struct report *r)
{
    const struct tally_counts *counts = tally_counts(r->args.tally);
    struct tally_times times = tally_times(r->args.tally);
    struct transfer_totals transfer = tally_transfer(r->args.tally);
    struct json_writer *w = &r->json;
    json_begin_object(w);
    add_uint(w, "hosts", counts->selected);
    for (int i = 0; i < STATUS_COUNT; i++)
        add_uint(w, status_word((enum host_status)i), counts->by_status[i]);
    add_uint(w, "not_reached", tally_not_reached(counts));
    event_json_add_by_status(w, counts->by_status);
    add_uint(w, "exit_code", (uint64_t)tally_exit_status(counts, &r->args.rules));
    add_uint(w, "stdout_bytes", tally_bytes(r->args.tally, STREAM_STDOUT));
    add_uint(w, "stderr_bytes", tally_bytes(r->args.tally, STREAM_STDERR));
    json_add_key(w, "transferred"); /* "transfer" is a status */
    event_json_add_transfer(w, run_is_transfer(r->run) ? &transfer : NULL);
    add_ms(w, "p50_ms", times.p50_us);
    add_ms(w, "p95_ms", times.p95_us);
    add_ms(w, "max_ms", times.max_us);
    json_end_object(w);
}

/* Adds all that stands before the hosts. */
static void add_head(struct report *r)
{
    struct json_writer *w = &r->json;
    json_begin_object(w);
    add_string(w, "schema", "muster.report/1");
    json_add_key(w, "muster");
    json_begin_object(w);
    add_string(w, "version", version_muster());
    add_string(w, "libssh2", version_libssh2());
    add_string(w, "libuv", version_libuv());
    json_end_object(w);
    json_add_key(w, "run");
    json_begin_object(w);
    event_json_add_run(w, r->run, r->is_over);
    json_end_object(w);
    json_add_key(w, "summary");
    add_summary(r);
    json_add_key(w, "hosts");
    json_begin_array(w);
}

/* Writes the whole document. */
static bool write_document(struct report *r, struct error *reterr)
{
    json_writer_init(&r->json, &r->out, 1);
    add_head(r);
    for (size_t i = 0; i < r->run->host_count; i++) {
        if (!add_host(r, i, reterr))
            return false;
    }
    json_end_array(&r->json);
    json_end_object(&r->json);
    buf_add_char(&r->out, '\n');
    return drain(r, true, reterr);
}

/* Waits until the spool holds all that was put there. */
static bool settle_spool(struct report *r, struct error *reterr)
{
    writer_flush(r->args.files, -1);
    int error = output_errno(r->spool);
    return !error || error_set(reterr, ERR_OUTPUT, "%s: cannot spool the hosts' output: %s",
                               r->path, strerror(error));
}

static bool finish(struct sink *sink, struct error *reterr)
{
    struct report *r = from_sink(sink);
    if (!r->run)
        return true;
    if (!settle_spool(r, reterr) || !write_document(r, reterr))
        return false;
    struct whole_file *file = r->file;
    r->file = NULL;
    return !file || whole_file_commit(file, reterr);
}

static void free_report(struct sink *sink)
{
    struct report *r = from_sink(sink);
    for (size_t i = 0; r->records && i < r->run->host_count; i++)
        error_release(&r->records[i].outcome.error);
    free(r->records);
    whole_file_abandon(r->file);
    keep_free(r->keep);
    buf_release(&r->out);
    buf_release(&r->file_text);
    free(r->joint);
    free(r->path);
    free(r);
}

/* Opens the report's file and its spool. */
static bool open_files(struct report *r, struct error *reterr)
{
    if (strcmp(r->path, "-") != 0 && !whole_file_open(&r->file, r->path, reterr))
        return false;
    r->spool_fd = whole_file_open_spool(r->path, reterr);
    if (r->spool_fd < 0)
        return false;
    r->spool = writer_add(r->args.files, "the report's temporary file", r->spool_fd, true);
    return true;
}

bool report_new(struct sink **ret, const struct report_args *args, struct error *reterr)
{
    static const struct sink_ops ops = { .name = "report", .finish = finish, .free = free_report };
    struct report *r = xcalloc(1, sizeof *r);
    r->sink.ops = &ops;
    r->sink.listener.on_event = on_event;
    r->args = *args;
    r->path = xstrdup(args->path);
    r->joint = xcalloc(JOINT_SIZE, 1);
    buf_init(&r->out, RENDERED_MAX);
    buf_init(&r->file_text, RENDERED_MAX);
    if (!open_files(r, reterr)) {
        free_report(&r->sink);
        return false;
    }
    *ret = &r->sink;
    return true;
}
