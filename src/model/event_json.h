/* SPDX-License-Identifier: MIT */
/*
 * Events as JSON lines, both ways: what --jsonl writes and what reads it back. The members are
 * those of muster-report(5), "EVENTS". Lines are valid UTF-8 whatever a host sent; output that is
 * not comes as base64 ("data_b64"), so that nothing is lost.
 */
#ifndef MUSTER_MODEL_EVENT_JSON_H
#define MUSTER_MODEL_EVENT_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/json_write.h"
#include "model/event.h"

/* Is this an event that files hold? host_stage, host_moved and note are for displays only. */
bool event_json_is_written(enum event_kind kind);

/* Appends the event, one line with its newline. The kind is one that is written. */
void event_json_write(struct buf *out, const struct event *event);

/* Parts that the report has in common. Each adds members to the object that is open. */
void event_json_add_host(struct json_writer *w, const struct host_info *host);
void event_json_add_by_status(struct json_writer *w, const size_t by_status[static STATUS_COUNT]);

/* ... how a host ended; "transfer" is null unless `is_transfer`. */
void event_json_add_outcome(struct json_writer *w, const struct outcome *outcome, bool is_transfer);

/* ... what became of a file; `error` is why it failed, or NULL. A path that is not valid UTF-8
 * comes as base64 too ("src_b64", "dst_b64"). */
void event_json_add_file(struct json_writer *w, const struct file_record *file,
                         const struct error *error);

/* ... those of "run"; what is known only at run_end is null unless `is_over`. */
void event_json_add_run(struct json_writer *w, const struct run_info *run, bool is_over);

/* A value: the totals as an object; null where `totals` is NULL. */
void event_json_add_transfer(struct json_writer *w, const struct transfer_totals *totals);

enum event_read {
    EVENT_READ_DONE,
    EVENT_READ_SKIPPED, /* an event this version does not know */
    EVENT_READ_FAILED,  /* the error is set */
};

/* Reads the lines of one run in order. Owns what its events point to: run and hosts until it is
 * freed, all else until the next line. */
struct event_reader;

struct event_reader *event_reader_new(void);
void event_reader_free(struct event_reader *r); /* NULL is fine */

/* Reads one line (its newline may be missing); `name` stands for the file in errors. Members that
 * are not known are ignored. `ret` is set on EVENT_READ_DONE. Errors have code ERR_FILE. */
enum event_read event_reader_read(struct event_reader *r, const char *name, const char *line,
                                  size_t size, struct event *ret, struct error *reterr);

#endif
