/* SPDX-License-Identifier: MIT */
#include "base/json_copy.h"

#include "base/json_read.h"
#include "base/json_write.h"

/* Writes the children of an array or object. */
static void copy_children(struct json_writer *w, const struct json_value *parent)
{
    for (const struct json_value *c = json_first(parent); c; c = json_next(c)) {
        if (json_key(c))
            json_add_key(w, json_key(c));
        json_copy(w, c);
    }
}

void json_copy(struct json_writer *w, const struct json_value *v)
{
    switch (json_type(v)) {
    case JSON_NULL:
        json_add_null(w);
        break;
    case JSON_BOOL:
        json_add_bool(w, json_bool(v));
        break;
    case JSON_NUMBER:
        json_add_double(w, json_number(v));
        break;
    case JSON_STRING:
        json_add_string(w, json_string(v));
        break;
    case JSON_ARRAY:
        json_begin_array(w);
        copy_children(w, v);
        json_end_array(w);
        break;
    case JSON_OBJECT:
        json_begin_object(w);
        copy_children(w, v);
        json_end_object(w);
        break;
    }
}
