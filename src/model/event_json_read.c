/* SPDX-License-Identifier: MIT */
/* The reading half of event_json.h. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/base64.h"
#include "model/event_json.h"
#include "model/event_json_private.h"
#include "model/json_fields.h"

struct event_reader {
    struct arena *arena; /* run and hosts */
    struct run_info run;
    struct host_info *hosts;
    bool has_run;
    struct json_document *doc; /* of the last line */
    struct fields fields;      /* ... while it is read */
    struct buf data;           /* of the last line, where it came as base64 */
    struct buf source;         /* likewise */
    struct file_record file;
    struct outcome outcome;
    struct error error;
    struct run_counts counts;
};

struct event_reader *event_reader_new(void)
{
    struct arena *arena = arena_new();
    struct event_reader *r = arena_alloc(arena, sizeof *r);
    r->arena = arena;
    buf_init(&r->data, (size_t)64 * 1024 * 1024);
    buf_init(&r->source, (size_t)64 * 1024 * 1024);
    return r;
}

/* Frees what belonged to the last line. */
static void forget_line(struct event_reader *r)
{
    json_document_free(r->doc);
    r->doc = NULL;
    buf_clear(&r->data);
    buf_clear(&r->source);
    error_release(&r->error);
    error_release(&r->outcome.error);
}

void event_reader_free(struct event_reader *r)
{
    if (!r)
        return;
    forget_line(r);
    buf_release(&r->data);
    buf_release(&r->source);
    arena_free(r->arena);
}

/* As fields_text(), but kept until the reader is freed. */
static const char *keep_text(struct event_reader *r, const struct json_value *object,
                             const char *key)
{
    const char *text = fields_text(&r->fields, object, key);
    return text ? arena_strdup(r->arena, text) : NULL;
}

/* A list of texts, kept until the reader is freed; never NULL. */
static const char *const *keep_list(struct event_reader *r, const struct json_value *object,
                                    const char *key)
{
    const struct json_value *list = fields_get(&r->fields, object, key, JSON_ARRAY);
    const struct json_value *v = list ? json_first(list) : NULL;
    size_t count = 0;
    for (const struct json_value *it = v; it; it = json_next(it))
        count++;
    const char **texts = arena_calloc(r->arena, count + 1, sizeof *texts);
    for (size_t i = 0; v; v = json_next(v)) {
        if (json_type(v) == JSON_STRING)
            texts[i++] = arena_strdup(r->arena, json_string(v));
        else
            fields_fail(&r->fields, v, "has the wrong type");
    }
    return texts;
}

/* A stage by its word; QUEUED where it is missing. */
static enum stage get_stage(struct event_reader *r, const struct json_value *object)
{
    const struct json_value *v = fields_get(&r->fields, object, "stage", JSON_STRING);
    if (!v)
        return STAGE_QUEUED;
    enum stage stage;
    if (stage_from_word(json_string(v), &stage))
        return stage;
    fields_fail(&r->fields, v, "is no stage");
    return STAGE_QUEUED;
}

/* The error of a host or of an attempt. */
static void read_error(struct event_reader *r, const struct json_value *object,
                       enum stage *ret_stage, struct error *ret)
{
    const struct json_value *v = fields_get(&r->fields, object, "error", JSON_OBJECT);
    *ret_stage = STAGE_QUEUED;
    if (!v)
        return;
    *ret_stage = get_stage(r, v);
    const char *code = fields_text(&r->fields, v, "code"),
               *message = fields_text(&r->fields, v, "message");
    error_set(ret, code ? error_from_word(code) : ERR_INTERNAL, "%s", message ? message : "");
}

static void read_run(struct event_reader *r, const struct json_value *root)
{
    struct run_info *run = &r->run;
    const struct json_value *v = fields_need(&r->fields, root, "run", JSON_OBJECT);
    if (!v)
        return;
    const char *id = fields_text(&r->fields, v, "id");
    snprintf(run->id, sizeof run->id, "%s", id ? id : "");
    run->mode = keep_text(r, v, "mode");
    run->command = keep_text(r, v, "command");
    run->command_digest = keep_text(r, v, "command_digest");
    run->sources =
        fields_get(&r->fields, v, "sources", JSON_ARRAY) ? keep_list(r, v, "sources") : NULL;
    run->destination = keep_text(r, v, "destination");
    run->label = keep_text(r, v, "label");
    run->controller = keep_text(r, v, "controller");
    run->user = keep_text(r, v, "user");
    run->inventory_digest = keep_text(r, v, "inventory_digest");
    run->options = keep_list(r, v, "options");
    run->started_at_us = fields_time(&r->fields, v, "started_at");
    run->finished_at_us = fields_time(&r->fields, v, "finished_at");
    run->interrupted = keep_text(r, v, "interrupted");
    run->signal = (int)fields_uint(&r->fields, v, "signal", 64);
}

static void read_host(struct event_reader *r, const struct json_value *v, struct host_info *host)
{
    fields_need(&r->fields, v, "name", JSON_STRING);
    host->name = keep_text(r, v, "name");
    host->address = keep_text(r, v, "address");
    host->port = (uint16_t)fields_uint(&r->fields, v, "port", UINT16_MAX);
    host->user = keep_text(r, v, "user");
    host->via = keep_list(r, v, "via");
    host->groups = keep_list(r, v, "groups");
}

/* run_start: the run and its hosts, which all later lines speak of. */
static void read_run_start(struct event_reader *r, const struct json_value *root)
{
    const struct json_value *list = fields_need(&r->fields, root, "hosts", JSON_ARRAY);
    if (r->has_run)
        fields_fail(&r->fields, root, "a second run_start");
    if (r->fields.failed)
        return;
    read_run(r, root);
    size_t count = 0, i = 0;
    for (const struct json_value *v = json_first(list); v; v = json_next(v))
        count++;
    const struct host_info **hosts = arena_calloc(r->arena, count, sizeof *hosts);
    r->hosts = arena_calloc(r->arena, count, sizeof *r->hosts);
    for (const struct json_value *v = json_first(list); v; v = json_next(v), i++) {
        read_host(r, v, &r->hosts[i]);
        r->hosts[i].index = (uint32_t)i;
        hosts[i] = &r->hosts[i];
    }
    r->run.host_count = count;
    r->run.hosts = hosts;
    r->has_run = !r->fields.failed;
}

/* The host that a line is about. */
static const struct host_info *find_host(struct event_reader *r, const struct json_value *root)
{
    const struct json_value *name = fields_need(&r->fields, root, "host", JSON_STRING);
    fields_need(&r->fields, root, "index", JSON_NUMBER);
    size_t index = (size_t)fields_uint(&r->fields, root, "index", UINT32_MAX);
    if (r->fields.failed)
        return NULL;
    if (index < r->run.host_count && strcmp(r->hosts[index].name, json_string(name)) == 0)
        return &r->hosts[index];
    fields_fail(&r->fields, name, "is no host of this run");
    return NULL;
}

/* Decodes what came as base64. */
static void decode(struct event_reader *r, const struct json_value *base64, struct buf *ret)
{
    const char *text = json_string(base64);
    if (!base64_decode(ret, text, strlen(text)))
        fields_fail(&r->fields, base64, "is not base64");
}

static void read_output(struct event_reader *r, const struct json_value *root, struct event *e)
{
    const struct json_value *stream = fields_need(&r->fields, root, "stream", JSON_STRING);
    const struct json_value *text = fields_get(&r->fields, root, "data", JSON_STRING);
    const struct json_value *base64 =
        text ? NULL : fields_need(&r->fields, root, "data_b64", JSON_STRING);
    if (r->fields.failed)
        return;
    if (!stream_from_word(json_string(stream), &e->stream))
        fields_fail(&r->fields, stream, "is no stream");
    if (base64)
        decode(r, base64, &r->data);
    e->data = text ? json_string(text) : buf_str(&r->data);
    e->size = text ? strlen(e->data) : r->data.size;
}

/* A path: its exact bytes where they are there, else the text; NULL where there is none. */
static const char *read_path(struct event_reader *r, const struct json_value *root,
                             const char *const keys[2], struct buf *room)
{
    const struct json_value *base64 = fields_get(&r->fields, root, keys[1], JSON_STRING);
    if (!base64)
        return fields_text(&r->fields, root, keys[0]);
    decode(r, base64, room);
    if (strlen(buf_str(room)) != room->size)
        fields_fail(&r->fields, base64, "is no path");
    return buf_str(room);
}

static void read_file(struct event_reader *r, const struct json_value *root, struct event *e)
{
    static const char *const src[] = { "src", "src_b64" }, *const dst[] = { "dst", "dst_b64" };
    struct file_record *file = &r->file;
    const struct json_value *kind = fields_need(&r->fields, root, "kind", JSON_STRING);
    const struct json_value *action = fields_need(&r->fields, root, "action", JSON_STRING);
    if (r->fields.failed)
        return;
    if (!file_kind_from_word(json_string(kind), &file->kind))
        fields_fail(&r->fields, kind, "is no kind of file");
    if (!file_action_from_word(json_string(action), &file->action))
        fields_fail(&r->fields, action, "is no action");
    file->src = read_path(r, root, src, &r->source);
    file->dst = read_path(r, root, dst, &r->data);
    file->bytes = fields_uint(&r->fields, root, "bytes", FIELDS_UINT_MAX);
    file->moved = fields_uint(&r->fields, root, "moved", FIELDS_UINT_MAX);
    file->sha256 = fields_text(&r->fields, root, "sha256");
    read_error(r, root, &e->stage, &r->error);
    e->file = file;
    e->error = error_is_set(&r->error) ? &r->error : NULL;
}

/* What a transfer did on the host; nothing where there was none. */
static void read_transfer(struct event_reader *r, const struct json_value *root,
                          struct transfer_totals *ret)
{
    const struct json_value *v = fields_get(&r->fields, root, "transfer", JSON_OBJECT);
    if (!v)
        return;
    ret->files = fields_uint(&r->fields, v, "files", FIELDS_UINT_MAX);
    ret->changed = fields_uint(&r->fields, v, "changed", FIELDS_UINT_MAX);
    ret->failed = fields_uint(&r->fields, v, "failed", FIELDS_UINT_MAX);
    ret->bytes = fields_uint(&r->fields, v, "bytes", FIELDS_UINT_MAX);
}

static void read_outcome(struct event_reader *r, const struct json_value *root)
{
    struct outcome *o = &r->outcome;
    const struct json_value *status = fields_need(&r->fields, root, "status", JSON_STRING);
    *o = (struct outcome){ 0 };
    if (status && !status_from_word(json_string(status), &o->status))
        fields_fail(&r->fields, status, "is no status");
    o->has_exit_code = fields_get(&r->fields, root, "exit_code", JSON_NUMBER) != NULL;
    o->exit_code = (uint32_t)fields_uint(&r->fields, root, "exit_code", UINT32_MAX);
    const char *signal = fields_text(&r->fields, root, "signal"),
               *kill = fields_text(&r->fields, root, "kill");
    snprintf(o->signal, sizeof o->signal, "%s", signal ? signal : "");
    if (kill && !kill_from_word(kill, &o->kill))
        o->kill = KILL_UNCONFIRMED;
    o->attempts = (unsigned)fields_uint(&r->fields, root, "attempts", UINT32_MAX);
    o->started_at_us = fields_time(&r->fields, root, "started_at");
    const struct json_value *timing = fields_get(&r->fields, root, "timing_ms", JSON_OBJECT);
    for (int i = 0; i < STAGE_COUNT; i++)
        o->stage_us[i] =
            timing ? fields_ms(&r->fields, timing, event_json_timing_word((enum stage)i)) : -1;
    o->bytes[STREAM_STDOUT] = fields_uint(&r->fields, root, "stdout_bytes", FIELDS_UINT_MAX);
    o->bytes[STREAM_STDERR] = fields_uint(&r->fields, root, "stderr_bytes", FIELDS_UINT_MAX);
    read_transfer(r, root, &o->transfer);
    read_error(r, root, &o->error_stage, &o->error);
}

static void read_counts(struct event_reader *r, const struct json_value *root)
{
    struct run_counts *c = &r->counts;
    const struct json_value *stages = fields_need(&r->fields, root, "stages", JSON_OBJECT);
    const struct json_value *by_status = fields_need(&r->fields, root, "by_status", JSON_OBJECT);
    c->selected = fields_uint(&r->fields, root, "selected", FIELDS_UINT_MAX);
    c->running = fields_uint(&r->fields, root, "running", FIELDS_UINT_MAX);
    for (int i = 0; stages && i < STAGE_COUNT; i++)
        c->stages[i] = fields_uint(&r->fields, stages, stage_word((enum stage)i), FIELDS_UINT_MAX);
    for (int i = 0; by_status && i < STATUS_COUNT; i++)
        c->by_status[i] =
            fields_uint(&r->fields, by_status, status_word((enum host_status)i), FIELDS_UINT_MAX);
}

/* Reads what belongs to the kind of event. */
static void read_details(struct event_reader *r, const struct json_value *root, struct event *e)
{
    switch (e->kind) {
    case EVENT_RUN_START:
        read_run_start(r, root);
        break;
    case EVENT_HOST_AUTH:
        e->text = fields_text(&r->fields, root, "method");
        break;
    case EVENT_FILE:
        read_file(r, root, e);
        break;
    case EVENT_OUTPUT:
        read_output(r, root, e);
        break;
    case EVENT_HOST_RETRY:
        read_error(r, root, &e->stage, &r->error);
        e->error = &r->error;
        e->delay_us = fields_ms(&r->fields, root, "delay_ms");
        break;
    case EVENT_HOST_END:
        read_outcome(r, root);
        e->outcome = &r->outcome;
        break;
    case EVENT_PROGRESS:
        read_counts(r, root);
        e->counts = &r->counts;
        break;
    case EVENT_RUN_END:
        read_run(r, root);
        break;
    case EVENT_HOST_START:
    case EVENT_HOST_EXEC:
    case EVENT_HOST_STAGE:
    case EVENT_MOVED:
    case EVENT_NOTE:
        break;
    }
}

/* Is the event about one host? */
static bool is_about_host(enum event_kind kind)
{
    return kind != EVENT_RUN_START && kind != EVENT_PROGRESS && kind != EVENT_RUN_END;
}

/* Finds the kind; false where it is one that files do not hold. */
static bool find_kind(struct event_reader *r, const struct json_value *root, enum event_kind *ret)
{
    const struct json_value *word = fields_need(&r->fields, root, "event", JSON_STRING);
    return word && event_kind_from_word(json_string(word), ret) && event_json_is_written(*ret);
}

enum event_read event_reader_read(struct event_reader *r, const char *name, const char *text,
                                  size_t size, struct event *ret, struct error *reterr)
{
    forget_line(r);
    if (!json_read(&r->doc, name, text, size, ERR_FILE, reterr))
        return EVENT_READ_FAILED;
    r->fields = (struct fields){ .doc = r->doc, .code = ERR_FILE, .reterr = reterr };
    const struct json_value *root = json_root(r->doc);
    if (fields_uint(&r->fields, root, "v", FIELDS_UINT_MAX) != 1)
        fields_fail(&r->fields, root, "is no event of version 1");
    enum event_kind kind = EVENT_NOTE;
    if (!find_kind(r, root, &kind) && !r->fields.failed)
        return EVENT_READ_SKIPPED;
    *ret = (struct event){ .kind = kind, .run = &r->run };
    ret->seq = fields_uint(&r->fields, root, "seq", FIELDS_UINT_MAX);
    ret->time_us = fields_time(&r->fields, root, "time");
    ret->attempt = (unsigned)fields_uint(&r->fields, root, "attempt", UINT32_MAX);
    if (!r->fields.failed && ret->kind != EVENT_RUN_START && !r->has_run)
        fields_fail(&r->fields, root, "comes before run_start");
    if (!r->fields.failed && is_about_host(ret->kind))
        ret->host = find_host(r, root);
    if (!r->fields.failed)
        read_details(r, root, ret);
    return r->fields.failed ? EVENT_READ_FAILED : EVENT_READ_DONE;
}
