/* SPDX-License-Identifier: MIT */
/* Values as JSON: what may stand in config.json and inventories, and what `list --json` prints. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/json_read.h"
#include "base/json_write.h"
#include "model/value.h"

/* Sets "must be WHAT, not a string". */
static bool wrong_type(const struct json_value *json, const char *what, struct error *reterr)
{
    return error_set(reterr, ERR_USAGE, "must be %s, not %s", what,
                     json_type_phrase(json_type(json)));
}

/* Reads a number by giving its text to the type's own parser, so that limits and messages are the
 * same; fractions make sense for seconds only. */
static bool parse_number(const struct value_reader *reader, double number, union value *ret,
                         struct error *reterr)
{
    bool is_duration = reader->type->kind == VALUE_DURATION;
    if (!(number >= 0))
        return error_set(reterr, ERR_USAGE, "%.15g is negative", number);
    if (!is_duration && floor(number) != number)
        return error_set(reterr, ERR_USAGE, "%.15g is not a whole number", number);
    if (number > 1e15)
        return error_set(reterr, ERR_USAGE, "%.15g is too large", number);
    char text[64];
    int size = snprintf(text, sizeof text, is_duration ? "%.6f" : "%.0f", number);
    if (size < 0 || (size_t)size >= sizeof text)
        return error_set(reterr, ERR_USAGE, "%.15g is too large", number);
    return value_parse(reader, text, ret, reterr);
}

/* Reads a string, or an array of strings, into a list. */
static bool parse_strings(const struct value_reader *reader, const struct json_value *json,
                          union value *ret, struct error *reterr)
{
    static const char what[] = "a string or an array of strings";
    *ret = (union value){ .texts = { NULL, 0 } };
    if (json_type(json) == JSON_STRING)
        return value_parse_item(reader, json_string(json), ret, reterr);
    if (json_type(json) != JSON_ARRAY)
        return wrong_type(json, what, reterr);
    for (const struct json_value *v = json_first(json); v; v = json_next(v)) {
        if (json_type(v) != JSON_STRING)
            return wrong_type(v, "strings only", reterr);
        if (!value_parse_item(reader, json_string(v), ret, reterr))
            return false;
    }
    return true;
}

/* Reads what may be a number or a text: "10s" or 10. */
static bool parse_measure(const struct value_reader *reader, const struct json_value *json,
                          union value *ret, struct error *reterr)
{
    enum json_type type = json_type(json);
    bool is_count = reader->type->kind == VALUE_COUNT;
    if (type == JSON_NUMBER)
        return parse_number(reader, json_number(json), ret, reterr);
    if (type == JSON_STRING && !is_count)
        return value_parse(reader, json_string(json), ret, reterr);
    return wrong_type(json, is_count ? "a number" : "a number or a string", reterr);
}

bool value_parse_json(const struct value_reader *reader, const struct json_value *json,
                      union value *ret, struct error *reterr)
{
    switch (reader->type->kind) {
    case VALUE_FLAG:
        if (json_type(json) != JSON_BOOL)
            return wrong_type(json, "true or false", reterr);
        ret->flag = json_bool(json);
        return true;
    case VALUE_COUNT:
    case VALUE_DURATION:
    case VALUE_BYTES:
        return parse_measure(reader, json, ret, reterr);
    case VALUE_TEXT:
    case VALUE_PATH:
    case VALUE_CHOICE:
        if (json_type(json) != JSON_STRING)
            return wrong_type(json, "a string", reterr);
        return value_parse(reader, json_string(json), ret, reterr);
    case VALUE_TEXT_LIST:
    case VALUE_PATH_LIST:
        return parse_strings(reader, json, ret, reterr);
    }
    return error_set(reterr, ERR_INTERNAL, "unknown type of value");
}

/* Writes seconds: a whole number where it is one, else with three places. */
static void write_seconds(int64_t us, struct json_writer *out)
{
    if (us % US_PER_SEC == 0)
        json_add_int(out, us / US_PER_SEC);
    else
        json_add_ms(out, us / US_PER_MS); /* it prints thousandths of what it is given */
}

/* Writes an array of strings. */
static void write_strings(const struct text_list *list, struct json_writer *out)
{
    json_begin_array(out);
    for (size_t i = 0; i < list->count; i++)
        json_add_string(out, list->items[i]);
    json_end_array(out);
}

void value_write_json(const struct value_type *type, const void *value, struct json_writer *out)
{
    union value v = { .texts = { NULL, 0 } };
    memcpy(&v, value, type->size);
    switch (type->kind) {
    case VALUE_FLAG:
        json_add_bool(out, v.flag);
        break;
    case VALUE_COUNT:
        json_add_uint(out, v.count.n);
        break;
    case VALUE_DURATION:
        write_seconds(v.duration.us, out);
        break;
    case VALUE_BYTES:
        json_add_uint(out, v.bytes.n);
        break;
    case VALUE_TEXT:
    case VALUE_PATH:
        json_add_string(out, v.text.s);
        break;
    case VALUE_CHOICE:
        json_add_string(out, type->words[v.choice]);
        break;
    case VALUE_TEXT_LIST:
    case VALUE_PATH_LIST:
        write_strings(&v.texts, out);
        break;
    }
}
