/* SPDX-License-Identifier: MIT */
/* Any bytes as JSON: read or refused with a place; what was read is written and read again. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_copy.h"
#include "base/json_read.h"
#include "base/json_write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

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
    json_copy(&w, v);
    struct json_document *doc = NULL;
    struct error err = ERROR_INIT;
    if (!json_read(&doc, "g", buf_str(&first), first.size, ERR_CONFIG, &err))
        abort();
    json_writer_init(&w, &second, 2);
    json_copy(&w, json_root(doc));
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
