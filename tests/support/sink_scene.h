/* SPDX-License-Identifier: MIT */
/*
 * A run for tests of sinks: hosts, an emitter, a writer, and two files in memory that stand for
 * standard output and standard error. The test plays the engine by calling scene_*() in order.
 */
#ifndef MUSTER_TESTS_SINK_SCENE_H
#define MUSTER_TESTS_SINK_SCENE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "model/event.h"
#include "sink/screen.h"
#include "sink/sink.h"
#include "sink/writer.h"

struct scene {
    struct emitter emitter;
    struct gate gate;
    struct writer *writer;
    struct output *outputs[STREAM_COUNT];
    int fds[STREAM_COUNT];
    off_t taken[STREAM_COUNT]; /* what scene_take() returned already */
    struct run_info run;
    struct host_info *hosts;
    const struct host_info **host_list;
    char (*names)[8];
};

/* Hosts are called "h000" and so on, unless named with scene_name(). */
void scene_init(struct scene *s, size_t host_count);
void scene_release(struct scene *s);

/* Gives a host another name; before scene_start(). The text is borrowed. */
void scene_name(struct scene *s, size_t host, const char *name);

/* What both sides are, for screen_new(): neither a terminal, no colour, UTF-8. */
struct screen_args scene_screen_args(const struct scene *s);

void scene_add(struct scene *s, struct sink *sink);

/* Events. */
void scene_start(struct scene *s);
void scene_emit(struct scene *s, size_t host, enum event_kind kind);
void scene_stage(struct scene *s, size_t host, enum stage stage);
void scene_note(struct scene *s, size_t host, enum severity severity, const char *text);
void scene_output(struct scene *s, size_t host, enum stream stream, const char *data, size_t size);
void scene_print(struct scene *s, size_t host, const char *text); /* on stdout */

/* Push, pull: a file is through, or failed for the reason `text`; bytes of content moved. */
void scene_file(struct scene *s, size_t host, const struct file_record *file);
void scene_file_failed(struct scene *s, size_t host, const struct file_record *file,
                       const char *text);
void scene_moved(struct scene *s, size_t host, size_t size);

/* host_end of a push or pull that went well. */
void scene_transferred(struct scene *s, size_t host, struct transfer_totals totals);

/* host_end: exit code `code` after `us` microseconds of EXEC. */
void scene_exit(struct scene *s, size_t host, uint32_t code, int64_t us);

/* host_end: `code` of the error table, at `stage`, after `us` microseconds of it. */
void scene_fail(struct scene *s, size_t host, enum error_code code, enum stage stage,
                const char *text);
void scene_end_host(struct scene *s, size_t host, const struct outcome *outcome);

/* run_end, `us` microseconds after the start. */
void scene_end(struct scene *s, int64_t us);

/* An outcome of exit code 0 with plausible times; the error is empty. */
struct outcome scene_outcome(void);

/* What was written to one side since the last call; heap, NUL-terminated. `ret_size` may be NULL.
 */
char *scene_take(struct scene *s, enum stream side, size_t *ret_size);

/* Asserts what scene_take() returns. */
void scene_expect(struct scene *s, enum stream side, const char *wanted);

#endif
