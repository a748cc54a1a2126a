/* SPDX-License-Identifier: MIT */
#include "model/range.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"

enum {
    TEXT_MAX = 1024, /* bytes of plain text in a row */
    NAME_MAX_SIZE = (RANGE_BRACKETS_MAX + 1) * (TEXT_MAX + RANGE_DIGITS_MAX),
};

/* Reading one name: `at` moves through `text`. */
struct reader {
    const char *text;
    const char *at;
    struct error *err;
};

/* The digits of a number, and what they say. */
struct number {
    uint64_t value;
    int digits;
    bool is_padded;
};

/* Fails because of what stands at the current place. Returns false. */
static bool fail_here(struct reader *r, const char *wanted)
{
    if (*r->at == ':')
        return error_set(r->err, ERR_USAGE, "expected %s, found ':' (a range is written 1-9)",
                         wanted);
    if ((unsigned char)*r->at < 0x20 || (unsigned char)*r->at >= 0x7f)
        return error_set(r->err, ERR_USAGE, "expected %s", wanted);
    return error_set(r->err, ERR_USAGE, "expected %s, found '%c'", wanted, *r->at);
}

static bool read_number(struct reader *r, struct number *ret)
{
    size_t digits = strspn(r->at, "0123456789");
    if (digits == 0)
        return fail_here(r, "a number");
    if (digits > RANGE_DIGITS_MAX)
        return error_set(r->err, ERR_USAGE, "a number of more than %d digits", RANGE_DIGITS_MAX);
    *ret = (struct number){ .digits = (int)digits, .is_padded = digits > 1 && *r->at == '0' };
    for (size_t i = 0; i < digits; i++)
        ret->value = ret->value * 10 + (uint64_t)(*r->at++ - '0');
    return true;
}

/* Reads "/STEP", where it is there. */
static bool read_step(struct reader *r, struct range *ret)
{
    ret->step = 1;
    if (*r->at != '/')
        return true;
    const char *start = ++r->at;
    struct number step = { 0 };
    if (!read_number(r, &step))
        return false;
    ret->step = step.value;
    if (step.value > 0)
        return true;
    r->at = start;
    return error_set(r->err, ERR_USAGE, "the step of a range is at least 1");
}

/* Reads LOW, LOW-HIGH or LOW-HIGH/STEP. */
static bool read_range(struct reader *r, struct range *ret)
{
    const char *start = r->at;
    struct number low = { 0 }, high = { 0 };
    if (!read_number(r, &low))
        return false;
    *ret = (struct range){ .low = low.value, .high = low.value, .step = 1 };
    ret->width = low.is_padded ? low.digits : 0;
    if (*r->at != '-')
        return true;
    r->at++;
    if (!read_number(r, &high) || !read_step(r, ret))
        return false;
    ret->high = high.value;
    bool good_width = high.is_padded ? high.digits == low.digits : high.digits >= ret->width;
    if (good_width && high.value >= low.value)
        return true;
    r->at = start;
    if (high.value < low.value)
        return error_set(r->err, ERR_USAGE, "the range %" PRIu64 "-%" PRIu64 " runs backwards",
                         low.value, high.value);
    return error_set(r->err, ERR_USAGE, "the ends of a range are padded to different widths");
}

/* Reads the bracket at the current place, and moves behind it. */
static bool read_bracket(struct reader *r, struct arena *arena, struct range_part *part)
{
    const char *open = r->at++;
    const char *close = strchr(r->at, ']');
    if (!close) {
        r->at = open;
        return error_set(r->err, ERR_USAGE, "'[' is not closed");
    }
    size_t count = 1;
    for (const char *c = r->at; c < close; c++)
        count += *c == ',';
    part->ranges = arena_calloc(arena, count, sizeof *part->ranges);
    for (;;) {
        if (!read_range(r, &part->ranges[part->range_count++]))
            return false;
        if (r->at == close)
            break;
        if (*r->at != ',')
            return fail_here(r, "',' or ']'");
        r->at++;
    }
    r->at++;
    return true;
}

/* Does an IPv6 address stand in the bracket at `open`? */
static bool is_address_bracket(const char *text, const char *open)
{
    bool at_start = open == text || open[-1] == '@';
    return at_start && open[1 + strcspn(open + 1, ":]")] == ':' && strchr(open, ']');
}

/* The end of the plain text that begins at `from`: the next bracket with ranges, or the end. */
static const char *skip_plain(const char *text, const char *from)
{
    const char *stop = from + strcspn(from, "[]");
    if (*stop == '[' && is_address_bracket(text, stop)) {
        stop = strchr(stop, ']') + 1;
        stop += strcspn(stop, "[]");
    }
    return stop;
}

/* Reads the next part. Sets `ret_end` after the last. */
static bool read_part(struct reader *r, struct arena *arena, struct range_name *name, bool *ret_end)
{
    struct range_part *part = &name->parts[name->part_count++];
    part->text = r->at;
    r->at = skip_plain(r->text, r->at);
    part->size = (size_t)(r->at - part->text);
    *ret_end = !*r->at;
    if (part->size > TEXT_MAX)
        return error_set(r->err, ERR_USAGE, "the name is too long");
    if (*ret_end)
        return true;
    if (*r->at == ']')
        return error_set(r->err, ERR_USAGE, "']' without '['");
    if (name->part_count > RANGE_BRACKETS_MAX)
        return error_set(r->err, ERR_USAGE, "more than %d brackets", RANGE_BRACKETS_MAX);
    return read_bracket(r, arena, part);
}

bool range_parse(const char *text, struct arena *arena, struct range_name *ret, size_t *ret_at,
                 struct error *reterr)
{
    struct reader r = { .text = text, .at = text, .err = reterr };
    *ret = (struct range_name){ 0 };
    bool end = false;
    while (!end) {
        if (!read_part(&r, arena, ret, &end)) {
            *ret_at = (size_t)(r.at - text);
            return false;
        }
    }
    return true;
}

/* a + b and a * b, staying at the top once there. */
static uint64_t add_capped(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static uint64_t multiply_capped(uint64_t a, uint64_t b)
{
    return b && a > UINT64_MAX / b ? UINT64_MAX : a * b;
}

uint64_t range_count(const struct range_name *name)
{
    uint64_t total = 1;
    for (size_t i = 0; i + 1 < name->part_count; i++) {
        const struct range_part *part = &name->parts[i];
        uint64_t numbers = 0;
        for (size_t k = 0; k < part->range_count; k++) {
            const struct range *range = &part->ranges[k];
            numbers = add_capped(numbers, (range->high - range->low) / range->step + 1);
        }
        total = multiply_capped(total, numbers);
    }
    return total;
}

/* A walk over all names. */
struct walk {
    const struct range_name *name;
    struct buf text; /* what stands before the part in turn */
    range_visit_fn *visit;
    void *arg;
};

/* Cuts the text back to `size` bytes. */
static void truncate_text(struct buf *b, size_t size)
{
    b->size = size;
    b->data[size] = '\0';
}

static bool walk_part(struct walk *w, size_t index)
{
    const struct range_part *part = &w->name->parts[index];
    if (!buf_add(&w->text, part->text, part->size))
        return false;
    if (index + 1 == w->name->part_count)
        return w->visit(w->arg, buf_str(&w->text));
    size_t before = w->text.size;
    for (size_t i = 0; i < part->range_count; i++) {
        const struct range *range = &part->ranges[i];
        for (uint64_t n = range->low; n <= range->high; n += range->step) {
            char digits[24];
            snprintf(digits, sizeof digits, "%0*" PRIu64, range->width, n);
            truncate_text(&w->text, before);
            if (!buf_add_str(&w->text, digits) || !walk_part(w, index + 1))
                return false;
        }
    }
    return true;
}

bool range_expand(const struct range_name *name, range_visit_fn *visit, void *arg)
{
    struct walk w = { .name = name, .visit = visit, .arg = arg };
    buf_init(&w.text, NAME_MAX_SIZE);
    bool done = walk_part(&w, 0);
    buf_release(&w.text);
    return done;
}
