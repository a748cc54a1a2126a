/* SPDX-License-Identifier: MIT */
#include "sink_scene.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"

/* Noon, 2026-11-23, UTC. */
#define STARTED_AT_US (INT64_C(1795435200) * US_PER_SEC)

/* Fills in a host. */
static void make_host(struct host_info *host, size_t index, char name[static 8])
{
    static const char *const groups[] = { "all", "web", NULL };
    static const char *const via[] = { NULL };
    host->index = (uint32_t)index;
    snprintf(name, 8, "h%03zu", index % 10000);
    host->name = name;
    host->address = "127.0.0.1";
    host->port = 22;
    host->user = "deploy";
    host->groups = groups;
    host->via = via;
}

void scene_init(struct scene *s, size_t host_count)
{
    memset(s, 0, sizeof *s);
    emitter_init(&s->emitter);
    struct error err = ERROR_INIT;
    struct writer_args args = { .gate = &s->gate };
    cr_assert(writer_new(&s->writer, &args, &err));
    for (size_t i = 0; i < STREAM_COUNT; i++) {
        s->fds[i] = memfd_create("scene", MFD_CLOEXEC);
        cr_assert_geq(s->fds[i], 0);
        s->outputs[i] =
            writer_add(s->writer, i ? "standard error" : "standard output", s->fds[i], false);
    }
    s->hosts = xcalloc(host_count, sizeof *s->hosts);
    s->host_list = xcalloc(host_count, sizeof *s->host_list);
    s->names = xcalloc(host_count, sizeof *s->names);
    for (size_t i = 0; i < host_count; i++) {
        make_host(&s->hosts[i], i, s->names[i]);
        s->host_list[i] = &s->hosts[i];
    }
    static const char *const options[] = { "--fanout=64", NULL };
    s->run = (struct run_info){ .id = "0123456789abcdef",
                                .mode = "run",
                                .command = "uptime",
                                .controller = "desk",
                                .user = "me",
                                .options = options,
                                .started_at_us = STARTED_AT_US,
                                .host_count = host_count,
                                .hosts = s->host_list };
}

void scene_release(struct scene *s)
{
    struct error err = ERROR_INIT;
    cr_assert(writer_close(s->writer, 5 * US_PER_SEC, &err), "%s", error_text(&err));
    for (size_t i = 0; i < STREAM_COUNT; i++)
        close(s->fds[i]);
    free(s->hosts);
    free(s->host_list);
    free(s->names);
}

void scene_name(struct scene *s, size_t host, const char *name)
{
    s->hosts[host].name = name;
}

struct screen_args scene_screen_args(const struct scene *s)
{
    struct screen_args args = { .is_utf8 = true };
    for (size_t i = 0; i < STREAM_COUNT; i++) {
        args.sides[i].output = s->outputs[i];
        args.sides[i].fd = s->fds[i];
    }
    return args;
}

void scene_add(struct scene *s, struct sink *sink)
{
    emitter_add(&s->emitter, &sink->listener);
}

void scene_start(struct scene *s)
{
    struct event e = { .kind = EVENT_RUN_START, .run = &s->run };
    event_emit(&s->emitter, &e);
}

void scene_emit(struct scene *s, size_t host, enum event_kind kind)
{
    struct event e = { .kind = kind, .run = &s->run, .host = &s->hosts[host], .attempt = 1 };
    event_emit(&s->emitter, &e);
}

void scene_stage(struct scene *s, size_t host, enum stage stage)
{
    struct event e = { .kind = EVENT_HOST_STAGE,
                       .run = &s->run,
                       .host = &s->hosts[host],
                       .attempt = 1,
                       .stage = stage };
    event_emit(&s->emitter, &e);
}

void scene_note(struct scene *s, size_t host, enum severity severity, const char *text)
{
    struct event e = { .kind = EVENT_NOTE,
                       .run = &s->run,
                       .host = host < s->run.host_count ? &s->hosts[host] : NULL,
                       .severity = severity,
                       .text = text };
    event_emit(&s->emitter, &e);
}

void scene_output(struct scene *s, size_t host, enum stream stream, const char *data, size_t size)
{
    struct event e = { .kind = EVENT_OUTPUT,
                       .run = &s->run,
                       .host = &s->hosts[host],
                       .stream = stream,
                       .data = data,
                       .size = size };
    event_emit(&s->emitter, &e);
}

void scene_print(struct scene *s, size_t host, const char *text)
{
    scene_output(s, host, STREAM_STDOUT, text, strlen(text));
}

void scene_file(struct scene *s, size_t host, const struct file_record *file)
{
    struct event e = {
        .kind = EVENT_FILE, .run = &s->run, .host = &s->hosts[host], .attempt = 1, .file = file
    };
    event_emit(&s->emitter, &e);
}

void scene_file_failed(struct scene *s, size_t host, const struct file_record *file,
                       const char *text)
{
    struct error error = ERROR_INIT;
    error_set(&error, ERR_TRANSFER, "%s", text);
    struct event e = { .kind = EVENT_FILE,
                       .run = &s->run,
                       .host = &s->hosts[host],
                       .attempt = 1,
                       .file = file,
                       .error = &error };
    event_emit(&s->emitter, &e);
    error_release(&error);
}

void scene_moved(struct scene *s, size_t host, size_t size)
{
    struct event e = {
        .kind = EVENT_MOVED, .run = &s->run, .host = &s->hosts[host], .attempt = 1, .size = size
    };
    event_emit(&s->emitter, &e);
}

void scene_transferred(struct scene *s, size_t host, struct transfer_totals totals)
{
    struct outcome o = scene_outcome();
    o.has_exit_code = false;
    o.transfer = totals;
    scene_end_host(s, host, &o);
}

void scene_end_host(struct scene *s, size_t host, const struct outcome *outcome)
{
    struct event e = {
        .kind = EVENT_HOST_END, .run = &s->run, .host = &s->hosts[host], .outcome = outcome
    };
    event_emit(&s->emitter, &e);
}

struct outcome scene_outcome(void)
{
    return (struct outcome){ .status = STATUS_OK,
                             .has_exit_code = true,
                             .attempts = 1,
                             .started_at_us = STARTED_AT_US + 1000,
                             .stage_us = { 500, -1, 1000, 20000, 30000, 300000, 351500 } };
}

void scene_exit(struct scene *s, size_t host, uint32_t code, int64_t us)
{
    struct outcome o = scene_outcome();
    o.status = code ? STATUS_FAILED : STATUS_OK;
    o.exit_code = code;
    for (size_t i = STAGE_DNS; i < STAGE_EXEC; i++)
        o.stage_us[i] = 0;
    o.stage_us[STAGE_EXEC] = us;
    o.stage_us[STAGE_DONE] = us + o.stage_us[STAGE_QUEUED];
    scene_end_host(s, host, &o);
}

void scene_fail(struct scene *s, size_t host, enum error_code code, enum stage stage,
                const char *text)
{
    struct outcome o = { .status = error_status(code), .attempts = 1, .error_stage = stage };
    o.started_at_us = STARTED_AT_US;
    for (size_t i = 0; i < STAGE_COUNT; i++)
        o.stage_us[i] = -1;
    o.stage_us[STAGE_QUEUED] = 0;
    o.stage_us[stage] = US_PER_SEC;
    o.stage_us[STAGE_DONE] = US_PER_SEC;
    error_set(&o.error, code, "%s", text);
    scene_end_host(s, host, &o);
    error_release(&o.error);
}

void scene_end(struct scene *s, int64_t us)
{
    s->run.finished_at_us = s->run.started_at_us + us;
    struct event e = { .kind = EVENT_RUN_END, .run = &s->run };
    event_emit(&s->emitter, &e);
}

char *scene_take(struct scene *s, enum stream side, size_t *ret_size)
{
    cr_assert(writer_flush(s->writer, 10 * US_PER_SEC));
    struct stat st;
    cr_assert_eq(fstat(s->fds[side], &st), 0);
    size_t size = (size_t)(st.st_size - s->taken[side]);
    char *text = xcalloc(size + 1, 1);
    cr_assert_eq(pread(s->fds[side], text, size, s->taken[side]), (ssize_t)size);
    s->taken[side] = st.st_size;
    if (ret_size)
        *ret_size = size;
    return text;
}

void scene_expect(struct scene *s, enum stream side, const char *wanted)
{
    char *text = scene_take(s, side, NULL);
    cr_assert_str_eq(text, wanted, "%s holds:\n%s\nwanted:\n%s", stream_word(side), text, wanted);
    free(text);
}
