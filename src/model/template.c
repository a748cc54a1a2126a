/* SPDX-License-Identifier: MIT */
#include "model/template.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/json_copy.h"
#include "base/json_read.h"
#include "base/json_write.h"
#include "base/memory.h"
#include "base/nearest.h"
#include "model/overlay.h"
#include "model/plan.h"

#define VARIABLE_PREFIX "var."

enum { PREFIX_SIZE = sizeof VARIABLE_PREFIX - 1, VALUE_MAX = 1 << 20 };

/* Text as it stands, or the name between two braces. */
struct piece {
    const char *text;
    size_t size;
    bool is_name;
};

/* One expansion under way. */
struct expansion {
    const struct plan *plan;
    const struct target *target;
    struct buf *out;
    struct error *err;
    bool is_path;
    size_t start; /* of the text in `out` */
};

/* What the names of names[] stand for. */
static void add_host(struct buf *out, const struct expansion *e)
{
    buf_add_str(out, e->target->info.name);
}

static void add_index(struct buf *out, const struct expansion *e)
{
    buf_addf(out, "%u", (unsigned)e->target->info.index);
}

static void add_count(struct buf *out, const struct expansion *e)
{
    buf_addf(out, "%zu", e->plan->target_count);
}

static void add_user(struct buf *out, const struct expansion *e)
{
    buf_add_str(out, e->target->info.user);
}

static void add_address(struct buf *out, const struct expansion *e)
{
    buf_add_str(out, e->target->info.address);
}

static void add_port(struct buf *out, const struct expansion *e)
{
    buf_addf(out, "%u", (unsigned)e->target->info.port);
}

struct name_row {
    const char *name;
    void (*add)(struct buf *out, const struct expansion *e);
};

static const struct name_row names[] = {
    { "host", add_host }, { "index", add_index },     { "count", add_count },
    { "user", add_user }, { "address", add_address }, { "port", add_port },
};

enum { NAME_COUNT = sizeof names / sizeof *names };

/* The row of a name, or NULL. */
static const struct name_row *find_row(const struct piece *name)
{
    for (size_t i = 0; i < NAME_COUNT; i++) {
        if (strlen(names[i].name) == name->size &&
            memcmp(names[i].name, name->text, name->size) == 0)
            return &names[i];
    }
    return NULL;
}

/* Is it the name of a variable, whether any host has that or not? */
static bool is_variable(const struct piece *name)
{
    return name->size > PREFIX_SIZE && memcmp(name->text, VARIABLE_PREFIX, PREFIX_SIZE) == 0;
}

/* Offers what may have been meant by a name that does not exist. */
static bool refuse_name(const char *name, struct error *reterr)
{
    struct nearest n;
    nearest_init(&n, name);
    for (size_t i = 0; i < NAME_COUNT; i++)
        nearest_offer(&n, names[i].name);
    const char *dot = strchr(name, '.');
    char *variable = dot && dot[1] ? xprintf(VARIABLE_PREFIX "%s", dot + 1) : NULL;
    if (variable)
        nearest_offer(&n, variable);
    free(variable);
    if (nearest_name(&n))
        return error_set(reterr, ERR_USAGE, "unknown name {%s}; did you mean {%s}?", name,
                         nearest_name(&n));
    return error_set(reterr, ERR_USAGE, "unknown name {%s}", name);
}

/* Takes a name, whose brace is at `*at`. */
static bool take_name(const char **at, struct piece *ret, struct error *reterr)
{
    const char *text = *at + 1;
    *ret = (struct piece){ .text = text, .size = strcspn(text, "{}"), .is_name = true };
    if (text[ret->size] != '}')
        return error_set(reterr, ERR_USAGE, "{%.*s is not closed; {{ stands for a brace",
                         (int)ret->size, text);
    *at = text + ret->size + 1;
    if (find_row(ret) || is_variable(ret))
        return true;
    char *name = xstrndup(ret->text, ret->size);
    refuse_name(name, reterr);
    free(name);
    return false;
}

/* Takes the next piece off `*at`, which is not at the end. */
static bool take_piece(const char **at, struct piece *ret, struct error *reterr)
{
    const char *text = *at;
    size_t plain = strcspn(text, "{}");
    bool is_doubled = plain == 0 && text[1] == text[0];
    if (plain == 0 && !is_doubled && *text == '{')
        return take_name(at, ret, reterr);
    if (plain == 0 && !is_doubled)
        return error_set(reterr, ERR_USAGE, "a single } closes nothing; }} stands for a brace");
    *ret = (struct piece){ .text = text, .size = is_doubled ? 1 : plain };
    *at = text + (is_doubled ? 2 : plain);
    return true;
}

bool template_check(const char *what, const char *text, struct error *reterr)
{
    struct piece piece;
    for (const char *at = text; *at;) {
        if (!take_piece(&at, &piece, reterr))
            return error_prefix(reterr, "%s \"%s\"", what, text);
    }
    return true;
}

/* Sets the error to "HOST: {NAME} PROBLEM". Returns false. */
static bool refuse(const struct expansion *e, const struct piece *name, const char *problem)
{
    return error_set(e->err, ERR_USAGE, "%s: {%.*s} %s", e->target->info.name, (int)name->size,
                     name->text, problem);
}

/* A variable that the host has not; the nearest of its own is offered. */
static bool refuse_variable(const struct expansion *e, const struct piece *name,
                            const struct variable *variables, size_t count)
{
    struct nearest n;
    char *wanted = xstrndup(name->text + PREFIX_SIZE, name->size - PREFIX_SIZE);
    nearest_init(&n, wanted);
    for (size_t i = 0; i < count; i++)
        nearest_offer(&n, variables[i].name);
    const char *best = nearest_name(&n);
    char *problem = best ? xprintf("is not set; did you mean {" VARIABLE_PREFIX "%s}?", best)
                         : xstrdup("is not set");
    refuse(e, name, problem);
    free(problem);
    free(wanted);
    return false;
}

/* The value as text. */
static bool add_json(const struct expansion *e, const struct piece *name,
                     const struct json_value *value, struct buf *out)
{
    struct json_writer w;
    switch (json_type(value)) {
    case JSON_STRING:
        buf_add_str(out, json_string(value));
        return true;
    case JSON_BOOL:
    case JSON_NUMBER:
        json_writer_init(&w, out, 0);
        json_copy(&w, value);
        return true;
    case JSON_NULL:
        return refuse(e, name, "is null");
    case JSON_ARRAY:
        return refuse(e, name, "is a list, not a text or number");
    case JSON_OBJECT:
        return refuse(e, name, "is an object, not a text or number");
    }
    return refuse(e, name, "has no value");
}

/* The value of a name that is no row of the table. */
static bool add_variable(const struct expansion *e, const struct piece *name, struct buf *out)
{
    const char *wanted = name->text + PREFIX_SIZE;
    size_t size = name->size - PREFIX_SIZE;
    const struct variable *variables;
    size_t count = plan_variables(e->plan, e->target, &variables);
    for (size_t i = 0; i < count; i++) {
        const char *own = variables[i].name;
        if (strlen(own) == size && memcmp(own, wanted, size) == 0)
            return add_json(e, name, variables[i].value, out);
    }
    return refuse_variable(e, name, variables, count);
}

/* Does the value stay within the component where it stands? Together with what surrounds it, it
 * makes "." or ".." only where it is one of them itself. */
static bool check_value(const struct expansion *e, const struct piece *name, const char *value)
{
    if (*value == '\0')
        return refuse(e, name, "is empty, which a path cannot do with");
    if (strchr(value, '\n'))
        return refuse(e, name, "holds a newline, which a path must not");
    bool is_home = *value == '~' && e->out->size == e->start;
    bool is_dots = strcmp(value, ".") == 0 || strcmp(value, "..") == 0;
    if (!is_home && !is_dots && !strchr(value, '/'))
        return true;
    char *problem = xprintf("is \"%s\", which would lead to another folder", value);
    refuse(e, name, problem);
    free(problem);
    return false;
}

/* Appends what a name stands for. */
static bool expand_name(const struct expansion *e, const struct piece *name)
{
    struct buf value;
    buf_init(&value, VALUE_MAX);
    const struct name_row *row = find_row(name);
    bool is_good = true;
    if (row)
        row->add(&value, e);
    else
        is_good = add_variable(e, name, &value);
    if (is_good && value.failed)
        is_good = refuse(e, name, "is too long");
    if (is_good && e->is_path)
        is_good = check_value(e, name, buf_str(&value));
    if (is_good)
        buf_add(e->out, buf_str(&value), value.size);
    buf_release(&value);
    return is_good;
}

bool template_expand(const char *text, bool is_path, const struct plan *plan,
                     const struct target *target, struct buf *out, struct error *reterr)
{
    const struct expansion e = { .plan = plan,
                                 .target = target,
                                 .out = out,
                                 .err = reterr,
                                 .is_path = is_path,
                                 .start = out->size };
    struct piece piece;
    while (*text) {
        if (!take_piece(&text, &piece, reterr))
            return error_prefix(reterr, "%s", target->info.name);
        if (!piece.is_name)
            buf_add(out, piece.text, piece.size);
        else if (!expand_name(&e, &piece))
            return false;
        if (out->failed)
            return error_set(reterr, ERR_USAGE, "%s: the text is too long", target->info.name);
    }
    return true;
}
