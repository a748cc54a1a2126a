/* SPDX-License-Identifier: MIT */
/*
 * Members of JSON objects that a program wrote, by type. The first thing that is wrong is kept as
 * the error and `failed` stays set, so that a series of look-ups needs one check at its end; after
 * a failure every look-up still returns something harmless.
 *
 * A member that is missing or null is the same to all of these, but for fields_need().
 */
#ifndef MUSTER_MODEL_JSON_FIELDS_H
#define MUSTER_MODEL_JSON_FIELDS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/json_read.h"

struct fields {
    const struct json_document *doc;
    enum error_code code; /* of the error */
    struct error *reterr;
    bool failed;
};

/* The largest whole number that JSON readers agree on. */
#define FIELDS_UINT_MAX (UINT64_C(1) << 53)

/* Says that `v` is wrong. */
void fields_fail(struct fields *f, const struct json_value *v, const char *what);

/* The member, which has to be of the type; NULL where it is missing. */
const struct json_value *fields_get(struct fields *f, const struct json_value *object,
                                    const char *key, enum json_type type);

/* As fields_get(), and missing is wrong. */
const struct json_value *fields_need(struct fields *f, const struct json_value *object,
                                     const char *key, enum json_type type);

/* A whole number from 0 to `max`; 0 where it is missing. */
uint64_t fields_uint(struct fields *f, const struct json_value *object, const char *key,
                     uint64_t max);

/* A text, which lives as long as the document; NULL where it is missing. */
const char *fields_text(struct fields *f, const struct json_value *object, const char *key);

/* Milliseconds, as microseconds; -1 where they are missing. */
int64_t fields_ms(struct fields *f, const struct json_value *object, const char *key);

/* A moment in RFC 3339, as microseconds of Unix time; 0 where it is missing. */
int64_t fields_time(struct fields *f, const struct json_value *object, const char *key);

#endif
