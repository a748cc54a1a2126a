/* SPDX-License-Identifier: MIT */
/* From json_read.h to json_write.h: a value that was read, written again. */
#ifndef MUSTER_BASE_JSON_COPY_H
#define MUSTER_BASE_JSON_COPY_H

struct json_value;
struct json_writer;

/* Writes `v` with everything in it as the next value. */
void json_copy(struct json_writer *w, const struct json_value *v);

#endif
