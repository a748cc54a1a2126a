/* SPDX-License-Identifier: MIT */
#include "model/event_json.h"

#include <stdint.h>
#include <string.h>

#include "base/clock.h"
#include "model/event_json_private.h"

const char *event_json_timing_word(enum stage stage)
{
    return stage == STAGE_DONE ? "total" : stage_word(stage);
}

bool event_json_is_written(enum event_kind kind)
{
    return kind != EVENT_HOST_STAGE && kind != EVENT_MOVED && kind != EVENT_NOTE;
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

static void add_bool(struct json_writer *w, const char *key, bool b)
{
    json_add_key(w, key);
    json_add_bool(w, b);
}

/* A moment; 0 is written as null. */
static void add_time(struct json_writer *w, const char *key, int64_t unix_us)
{
    char text[CLOCK_RFC3339_SIZE];
    if (unix_us)
        clock_rfc3339(unix_us, text);
    add_string(w, key, unix_us ? text : NULL);
}

/* A NULL-ended list; NULL is an empty one. */
static void add_list(struct json_writer *w, const char *key, const char *const *list)
{
    json_add_key(w, key);
    json_begin_array(w);
    for (; list && *list; list++)
        json_add_string(w, *list);
    json_end_array(w);
}

static void add_error(struct json_writer *w, enum stage stage, const struct error *error)
{
    json_add_key(w, "error");
    if (!error_is_set(error)) {
        json_add_null(w);
        return;
    }
    json_begin_object(w);
    add_string(w, "stage", stage_word(stage));
    add_string(w, "code", error_word(error->code));
    add_string(w, "message", error_text(error));
    add_string(w, "hint", error_hint(error->code));
    json_end_object(w);
}

void event_json_add_host(struct json_writer *w, const struct host_info *host)
{
    add_uint(w, "index", host->index);
    add_string(w, "name", host->name);
    add_string(w, "address", host->address);
    add_uint(w, "port", host->port);
    add_string(w, "user", host->user);
    add_list(w, "via", host->via);
    add_list(w, "groups", host->groups);
}

static void add_timing(struct json_writer *w, const struct outcome *outcome)
{
    json_add_key(w, "timing_ms");
    json_begin_object(w);
    for (int i = 0; i < STAGE_COUNT; i++) {
        json_add_key(w, event_json_timing_word((enum stage)i));
        json_add_ms(w, outcome->stage_us[i]);
    }
    json_end_object(w);
}

void event_json_add_transfer(struct json_writer *w, const struct transfer_totals *totals)
{
    if (!totals) {
        json_add_null(w);
        return;
    }
    json_begin_object(w);
    add_uint(w, "files", totals->files);
    add_uint(w, "changed", totals->changed);
    add_uint(w, "failed", totals->failed);
    add_uint(w, "bytes", totals->bytes);
    json_end_object(w);
}

void event_json_add_outcome(struct json_writer *w, const struct outcome *outcome, bool is_transfer)
{
    add_string(w, "status", status_word(outcome->status));
    json_add_key(w, "exit_code");
    if (outcome->has_exit_code)
        json_add_uint(w, outcome->exit_code);
    else
        json_add_null(w);
    add_string(w, "signal", *outcome->signal ? outcome->signal : NULL);
    add_string(w, "kill", kill_word(outcome->kill));
    add_uint(w, "attempts", outcome->attempts);
    add_time(w, "started_at", outcome->started_at_us);
    add_timing(w, outcome);
    add_uint(w, "stdout_bytes", outcome->bytes[STREAM_STDOUT]);
    add_uint(w, "stderr_bytes", outcome->bytes[STREAM_STDERR]);
    json_add_key(w, "transfer");
    event_json_add_transfer(w, is_transfer ? &outcome->transfer : NULL);
    add_error(w, outcome->error_stage, &outcome->error);
}

/* A path, and its exact bytes where the text lost some. */
static void add_path(struct json_writer *w, const char *key, const char *base64_key,
                     const char *path)
{
    add_string(w, key, path);
    if (!path || json_are_bytes_whole(path, strlen(path)))
        return;
    json_add_key(w, base64_key);
    json_add_base64(w, path, strlen(path));
}

/* Why a file failed. */
static void add_file_error(struct json_writer *w, const struct error *error)
{
    json_add_key(w, "error");
    if (!error || !error_is_set(error)) {
        json_add_null(w);
        return;
    }
    json_begin_object(w);
    add_string(w, "code", error_word(error->code));
    add_string(w, "message", error_text(error));
    json_end_object(w);
}

void event_json_add_file(struct json_writer *w, const struct file_record *file,
                         const struct error *error)
{
    add_string(w, "kind", file_kind_word(file->kind));
    add_string(w, "action", file_action_word(file->action));
    add_path(w, "src", "src_b64", file->src);
    add_path(w, "dst", "dst_b64", file->dst);
    add_uint(w, "bytes", file->bytes);
    add_uint(w, "moved", file->moved);
    add_string(w, "sha256", file->sha256);
    add_bool(w, "changed", file_is_changed(file, error));
    add_file_error(w, error);
}

void event_json_add_by_status(struct json_writer *w, const size_t by_status[static STATUS_COUNT])
{
    json_add_key(w, "by_status");
    json_begin_object(w);
    for (int i = 0; i < STATUS_COUNT; i++)
        add_uint(w, status_word((enum host_status)i), by_status[i]);
    json_end_object(w);
}

void event_json_add_run(struct json_writer *w, const struct run_info *run, bool is_over)
{
    add_string(w, "id", run->id);
    add_string(w, "mode", run->mode);
    add_string(w, "command", run->command);
    add_string(w, "command_digest", run->command_digest);
    if (run->sources)
        add_list(w, "sources", run->sources);
    else
        add_string(w, "sources", NULL);
    add_string(w, "destination", run->destination);
    add_string(w, "label", run->label);
    add_time(w, "started_at", run->started_at_us);
    add_time(w, "finished_at", is_over ? run->finished_at_us : 0);
    json_add_key(w, "duration_ms");
    json_add_ms(w, is_over ? run->finished_at_us - run->started_at_us : -1);
    add_string(w, "controller", run->controller);
    add_string(w, "user", run->user);
    add_string(w, "interrupted", is_over ? run->interrupted : NULL);
    json_add_key(w, "signal");
    if (is_over && run->signal)
        json_add_int(w, run->signal);
    else
        json_add_null(w);
    add_string(w, "shard", NULL);
    add_string(w, "inventory_digest", run->inventory_digest);
    add_uint(w, "selected", run->host_count);
    add_list(w, "options", run->options);
}

static void add_run_start(struct json_writer *w, const struct run_info *run)
{
    json_add_key(w, "run");
    json_begin_object(w);
    event_json_add_run(w, run, false);
    json_end_object(w);
    json_add_key(w, "hosts");
    json_begin_array(w);
    for (size_t i = 0; i < run->host_count; i++) {
        json_begin_object(w);
        event_json_add_host(w, run->hosts[i]);
        json_end_object(w);
    }
    json_end_array(w);
}

static void add_output(struct json_writer *w, const struct event *e)
{
    add_string(w, "stream", stream_word(e->stream));
    if (json_are_bytes_whole(e->data, e->size)) {
        json_add_key(w, "data");
        json_add_bytes(w, e->data, e->size);
    } else {
        json_add_key(w, "data_b64");
        json_add_base64(w, e->data, e->size);
    }
}

static void add_retry(struct json_writer *w, const struct event *e)
{
    add_uint(w, "attempt", e->attempt);
    json_add_key(w, "delay_ms");
    json_add_ms(w, e->delay_us);
    add_error(w, e->stage, e->error);
}

static void add_counts(struct json_writer *w, const struct run_counts *counts)
{
    add_uint(w, "selected", counts->selected);
    add_uint(w, "running", counts->running);
    json_add_key(w, "stages");
    json_begin_object(w);
    for (int i = 0; i < STAGE_COUNT; i++)
        add_uint(w, stage_word((enum stage)i), counts->stages[i]);
    json_end_object(w);
    event_json_add_by_status(w, counts->by_status);
}

static void add_run_end(struct json_writer *w, const struct run_info *run)
{
    json_add_key(w, "run");
    json_begin_object(w);
    event_json_add_run(w, run, true);
    json_end_object(w);
}

/* Adds what belongs to the kind of event. */
static void add_details(struct json_writer *w, const struct event *e)
{
    switch (e->kind) {
    case EVENT_RUN_START:
        add_run_start(w, e->run);
        break;
    case EVENT_HOST_START:
        add_uint(w, "attempt", e->attempt);
        break;
    case EVENT_HOST_AUTH:
        add_string(w, "method", e->text);
        break;
    case EVENT_FILE:
        event_json_add_file(w, e->file, e->error);
        break;
    case EVENT_OUTPUT:
        add_output(w, e);
        break;
    case EVENT_HOST_RETRY:
        add_retry(w, e);
        break;
    case EVENT_HOST_END:
        event_json_add_host(w, e->host);
        event_json_add_outcome(w, e->outcome, e->run && run_is_transfer(e->run));
        break;
    case EVENT_PROGRESS:
        add_counts(w, e->counts);
        break;
    case EVENT_RUN_END:
        add_run_end(w, e->run);
        break;
    case EVENT_HOST_EXEC:
    case EVENT_HOST_STAGE:
    case EVENT_MOVED:
    case EVENT_NOTE:
        break;
    }
}

void event_json_write(struct buf *out, const struct event *event)
{
    struct json_writer w;
    json_writer_init(&w, out, 0);
    json_begin_object(&w);
    add_uint(&w, "v", 1);
    add_uint(&w, "seq", event->seq);
    add_time(&w, "time", event->time_us);
    add_string(&w, "event", event_kind_word(event->kind));
    if (event->host) {
        add_string(&w, "host", event->host->name);
        if (event->kind != EVENT_HOST_END)
            add_uint(&w, "index", event->host->index);
    }
    add_details(&w, event);
    json_end_object(&w);
    buf_add_char(out, '\n');
}
