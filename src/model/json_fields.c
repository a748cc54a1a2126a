/* SPDX-License-Identifier: MIT */
#include "model/json_fields.h"

#include "base/clock.h"

void fields_fail(struct fields *f, const struct json_value *v, const char *what)
{
    if (!f->failed)
        json_error(f->doc, v, f->code, f->reterr, "%s", what);
    f->failed = true;
}

const struct json_value *fields_get(struct fields *f, const struct json_value *object,
                                    const char *key, enum json_type type)
{
    const struct json_value *v = json_type(object) == JSON_OBJECT ? json_member(object, key) : NULL;
    if (!v || json_type(v) == JSON_NULL)
        return NULL;
    if (json_type(v) == type)
        return v;
    fields_fail(f, v, "has the wrong type");
    return NULL;
}

const struct json_value *fields_need(struct fields *f, const struct json_value *object,
                                     const char *key, enum json_type type)
{
    const struct json_value *v = fields_get(f, object, key, type);
    if (!v && !f->failed) {
        json_error(f->doc, object, f->code, f->reterr, "\"%s\" is missing", key);
        f->failed = true;
    }
    return v;
}

uint64_t fields_uint(struct fields *f, const struct json_value *object, const char *key,
                     uint64_t max)
{
    const struct json_value *v = fields_get(f, object, key, JSON_NUMBER);
    if (!v)
        return 0;
    double n = json_number(v);
    if (n >= 0 && n <= (double)max && n == (double)(uint64_t)n)
        return (uint64_t)n;
    fields_fail(f, v, "is out of range");
    return 0;
}

const char *fields_text(struct fields *f, const struct json_value *object, const char *key)
{
    const struct json_value *v = fields_get(f, object, key, JSON_STRING);
    return v ? json_string(v) : NULL;
}

int64_t fields_ms(struct fields *f, const struct json_value *object, const char *key)
{
    const struct json_value *v = fields_get(f, object, key, JSON_NUMBER);
    if (!v)
        return -1;
    double ms = json_number(v);
    if (ms >= 0 && ms <= 1e15)
        return (int64_t)(ms * 1000 + 0.5);
    fields_fail(f, v, "is out of range");
    return -1;
}

int64_t fields_time(struct fields *f, const struct json_value *object, const char *key)
{
    const struct json_value *v = fields_get(f, object, key, JSON_STRING);
    int64_t us = 0;
    if (v && !clock_from_rfc3339(json_string(v), &us))
        fields_fail(f, v, "is no time");
    return us;
}
