/* SPDX-License-Identifier: MIT */
/*
 * Writes JSON, always valid UTF-8: bad bytes become U+FFFD, and json_add_bytes() says whether any
 * were lost, so that the caller can add the exact bytes as base64. NUL is a bad byte too: too many
 * readers (json_read.h among them) refuse or cut a text at \u0000.
 *
 * Commas are the writer's affair. One line by default; `indent` > 0 makes it readable.
 */
#ifndef MUSTER_BASE_JSON_WRITE_H
#define MUSTER_BASE_JSON_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct json_writer {
    struct buf *out;
    unsigned indent; /* spaces per level; 0: all on one line */
    unsigned depth;
    bool needs_comma;
    bool after_key;
};

void json_writer_init(struct json_writer *w, struct buf *out, unsigned indent);

void json_begin_object(struct json_writer *w);
void json_end_object(struct json_writer *w);
void json_begin_array(struct json_writer *w);
void json_end_array(struct json_writer *w);
void json_add_key(struct json_writer *w, const char *key);

/* Values; in an object each follows its key. */
void json_add_string(struct json_writer *w, const char *text); /* NULL is written as null */
bool json_add_bytes(struct json_writer *w, const char *data, size_t size); /* false: bytes lost */
bool json_are_bytes_whole(const char *data, size_t size); /* what json_add_bytes() would return */
void json_add_base64(struct json_writer *w, const char *data, size_t size);
void json_add_int(struct json_writer *w, int64_t n);
void json_add_uint(struct json_writer *w, uint64_t n);
void json_add_double(struct json_writer *w, double n); /* no more digits than it needs */
void json_add_ms(struct json_writer *w, int64_t us);   /* microseconds as 1.234; < 0 as null */
void json_add_bool(struct json_writer *w, bool b);
void json_add_null(struct json_writer *w);

/* A string in parts, so that the buffer can be emptied between them. Each part holds whole
 * characters, or what follows it cannot make whole; false: bytes were lost. */
void json_begin_string(struct json_writer *w);
bool json_add_part(struct json_writer *w, const char *data, size_t size);
void json_end_string(struct json_writer *w);

/* A part of the values of the open array, which are JSON already, with their commas and lines. */
void json_add_raw(struct json_writer *w, const char *data, size_t size);

/* base64 in parts; each part but the last holds a multiple of three bytes. Stands between
 * json_begin_string() and json_end_string(). */
void json_add_base64_part(struct json_writer *w, const char *data, size_t size);

#endif
