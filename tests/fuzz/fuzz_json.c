/* SPDX-License-Identifier: MIT */
/* Any bytes as JSON: read or refused with a place; what was read is written and read again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_read.h"
#include "base/json_write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void write_value(struct json_writer *w, const struct json_value *v);

/* Writes the children of an array or object. */
static void write_children(struct json_writer *w, const struct json_value *parent)
{
    for (const struct json_value *c = json_first(parent); c; c = json_next(c)) {
        if (json_key(c))
            json_add_key(w, json_key(c));
        write_value(w, c);
    }
}

static void write_value(struct json_writer *w, const struct json_value *v)
{
    switch (json_type(v)) {
    case JSON_NULL:
        json_add_null(w);
        break;
    case JSON_BOOL:
        json_add_bool(w, json_bool(v));
        break;
    case JSON_NUMBER:
        json_add_int(w,
                     json_number(v) > -1e9 && json_number(v) < 1e9 ? (int64_t)json_number(v) : 0);
        break;
    case JSON_STRING:
        json_add_string(w, json_string(v));
        break;
    case JSON_ARRAY:
        json_begin_array(w);
        write_children(w, v);
        json_end_array(w);
        break;
    case JSON_OBJECT:
        json_begin_object(w);
        write_children(w, v);
        json_end_object(w);
        break;
    }
}

/* Every value has a place. */
static void check_places(const struct json_document *doc, const struct json_value *v, int *budget)
{
    if (--*budget < 0)
        return;
    char *where = json_where(doc, v), *key = json_where_key(doc, v);
    if (strncmp(where, "f:", 2) != 0 || strncmp(key, "f:", 2) != 0)
        abort();
    free(where);
    free(key);
    if (json_type(v) != JSON_ARRAY && json_type(v) != JSON_OBJECT)
        return;
    for (const struct json_value *c = json_first(v); c; c = json_next(c))
        check_places(doc, c, budget);
}

/* What the writer makes must be readable, and the same when written again. */
static void check_round_trip(const struct json_value *v)
{
    struct buf first, second;
    buf_init(&first, 64 << 20);
    buf_init(&second, 64 << 20);
    struct json_writer w;
    json_writer_init(&w, &first, 2);
    write_value(&w, v);
    struct json_document *doc = NULL;
    struct error err = ERROR_INIT;
    if (!json_read(&doc, "g", buf_str(&first), first.size, ERR_CONFIG, &err))
        abort();
    json_writer_init(&w, &second, 2);
    write_value(&w, json_root(doc));
    if (strcmp(buf_str(&first), buf_str(&second)) != 0)
        abort();
    json_document_free(doc);
    buf_release(&first);
    buf_release(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct json_document *doc = NULL;
    struct error err = ERROR_INIT;
    if (json_read(&doc, "f", (const char *)data, size, ERR_CONFIG, &err)) {
        int budget = 200;
        check_places(doc, json_root(doc), &budget);
        check_round_trip(json_root(doc));
        json_document_free(doc);
    } else {
        if (strncmp(error_text(&err), "f:", 2) != 0)
            abort();
        error_release(&err);
    }
    return 0;
}
