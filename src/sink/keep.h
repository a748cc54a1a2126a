/* SPDX-License-Identifier: MIT */
/*
 * What hosts printed, kept for a report: the head of each stream up to a limit; and a third stream
 * without a limit, for what the report itself has to say of a host's files. Memory stays bounded: a
 * host's text above KEEP_HOST_MAX, and any above KEEP_MEMORY_MAX once its host ended, goes to a
 * spool file through the writing thread and is read back at the end.
 *
 *      keep_add() --> [ text in memory ] --full--> writer --> spool: [ .. extent .. | .. ]
 *      keep_read() <------------------------------------------------/
 */
#ifndef MUSTER_SINK_KEEP_H
#define MUSTER_SINK_KEEP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/event.h"
#include "sink/writer.h"

#define KEEP_HOST_MAX   ((size_t)64 * 1024)
#define KEEP_MEMORY_MAX ((size_t)32 * 1024 * 1024)

/* The streams of a host: those of enum stream, and this one. */
enum { KEEP_FILES = STREAM_COUNT, KEEP_STREAM_COUNT };

struct keep_args {
    uint64_t stream_max;  /* bytes kept of what a host printed on one stream */
    int spool_fd;         /* an empty file, read with pread(2); stays the caller's */
    struct output *spool; /* the same file, as an output of the writer */
    size_t memory_max;    /* 0: KEEP_MEMORY_MAX */
};

struct keep;

struct keep *keep_new(const struct keep_args *args, size_t host_count);
void keep_free(struct keep *k); /* NULL is fine */

/* Adds to a host's stream; the bytes above the limit are dropped. */
void keep_add(struct keep *k, size_t host, unsigned stream, const char *data, size_t size);

/* No more will come from this host. */
void keep_end(struct keep *k, size_t host);

/* Was anything dropped? */
bool keep_is_truncated(const struct keep *k, size_t host, unsigned stream);

/* Takes a piece of at most KEEP_HOST_MAX bytes; false ends the reading. */
typedef bool keep_take_fn(void *arg, const char *data, size_t size);

/* Hands over a stream from its beginning. The writer must have been flushed. False where `take`
 * returned false (the error is then its own) or the spool lost bytes (ERR_OUTPUT). */
bool keep_read(const struct keep *k, size_t host, unsigned stream, keep_take_fn *take, void *arg,
               struct error *reterr);

/* Memory that texts take now. */
size_t keep_memory(const struct keep *k);

#endif
