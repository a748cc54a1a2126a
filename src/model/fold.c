/* SPDX-License-Identifier: MIT */
#include "model/fold.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/memory.h"
#include "base/name_set.h"
#include "model/range.h"

/*
 * Names of one shape ("web#-ib#") form a table whose cells are their numbers, as text:
 *
 *      1 0          1-2 0                 rows that differ in one column only become one row;
 *      1 1    ->    1-2 1    ->  1-2 0-1  column after column, in the better of two orders
 *      2 0
 *      2 1
 *
 * Every merge replaces rows by one that stands for just the same names, so the result is exact.
 */
enum {
    CELL = '\x01',          /* stands for a number in a shape */
    KEY_MAX = 64 * 1048576, /* bytes of one row's text */
};

struct row {
    const char **cells;
};

struct table {
    const char *shape;
    size_t columns;
    struct row *rows;
    size_t row_count;
};

struct folder {
    struct arena *arena;
    struct buf *out;
    bool has_output;
};

/* Things put into numbered buckets: those of bucket b are items[start[b]] .. items[start[b + 1]].
 */
struct buckets {
    size_t *start;
    size_t *items;
};

/* Sorts 0..count into the buckets `bucket_of` says, keeping their order. */
static void buckets_init(struct buckets *b, const size_t *bucket_of, size_t count,
                         size_t bucket_count)
{
    b->start = xcalloc(bucket_count + 2, sizeof *b->start);
    b->items = xcalloc(count, sizeof *b->items);
    for (size_t i = 0; i < count; i++)
        b->start[bucket_of[i] + 2]++;
    for (size_t k = 2; k < bucket_count + 2; k++)
        b->start[k] += b->start[k - 1];
    for (size_t i = 0; i < count; i++)
        b->items[b->start[bucket_of[i] + 1]++] = i;
}

static void buckets_release(struct buckets *b)
{
    free(b->start);
    free(b->items);
}

/* Are the numbers of this name left alone? An address in brackets would not be read back, and what
 * is no host name must not upset the shapes. */
static bool is_literal(const char *name)
{
    return strpbrk(name, "[\x01") != NULL;
}

/* Writes the name with its numbers replaced, and their text into `cells`. Returns how many. */
static size_t take_apart(const char *name, struct arena *arena, struct buf *shape,
                         const char *cells[static RANGE_BRACKETS_MAX])
{
    size_t count = 0;
    bool literal = is_literal(name);
    for (const char *at = name; *at;) {
        size_t digits = strspn(at, "0123456789");
        size_t plain = digits ? digits : strcspn(at, "0123456789");
        if (!digits || literal || digits > RANGE_DIGITS_MAX || count == RANGE_BRACKETS_MAX) {
            buf_add(shape, at, plain);
        } else {
            buf_add_char(shape, CELL);
            cells[count++] = arena_strndup(arena, at, digits);
        }
        at += plain;
    }
    return count;
}

/* Shorter numbers first; among those of one length, text order is number order. */
static int compare_numbers(const void *left, const void *right)
{
    const char *a = *(const char *const *)left, *b = *(const char *const *)right;
    size_t a_size = strlen(a), b_size = strlen(b);
    if (a_size != b_size)
        return a_size < b_size ? -1 : 1;
    return strcmp(a, b);
}

/* Is `b` the number after `a` in a range that began with `low`? Padded ranges keep their width. */
static bool is_successor(const char *low, const char *a, const char *b)
{
    if (strtoull(a, NULL, 10) + 1 != strtoull(b, NULL, 10))
        return false;
    bool is_padded = low[0] == '0' && low[1];
    size_t a_size = strlen(a), b_size = strlen(b);
    return a_size == b_size || (a_size + 1 == b_size && !is_padded && b[0] != '0');
}

/* The text of distinct numbers: "01-12,14". */
static const char *join_numbers(struct folder *f, const char **numbers, size_t count)
{
    if (count == 1)
        return numbers[0];
    qsort(numbers, count, sizeof *numbers, compare_numbers);
    struct buf text;
    buf_init(&text, KEY_MAX);
    for (size_t i = 0, next; i < count; i = next) {
        next = i + 1;
        while (next < count && is_successor(numbers[i], numbers[next - 1], numbers[next]))
            next++;
        buf_addf(&text, "%s%s", i ? "," : "", numbers[i]);
        if (next - i > 1)
            buf_addf(&text, "-%s", numbers[next - 1]);
    }
    const char *joined = arena_strndup(f->arena, buf_str(&text), text.size);
    buf_release(&text);
    return joined;
}

/* What a row has in all columns but one. */
static const char *key_without(struct folder *f, const struct table *t, const struct row *row,
                               size_t column)
{
    struct buf key;
    buf_init(&key, KEY_MAX);
    for (size_t c = 0; c < t->columns; c++) {
        if (c != column)
            buf_addf(&key, "%s;", row->cells[c]);
    }
    const char *text = arena_strndup(f->arena, buf_str(&key), key.size);
    buf_release(&key);
    return text;
}

/* Makes one row of `count` rows that differ in `column` only. */
static struct row merge_rows(struct folder *f, const struct table *t, const size_t *indexes,
                             size_t count, size_t column)
{
    struct row merged = { arena_calloc(f->arena, t->columns, sizeof *merged.cells) };
    memcpy(merged.cells, t->rows[indexes[0]].cells, t->columns * sizeof *merged.cells);
    const char **numbers = xcalloc(count, sizeof *numbers);
    for (size_t i = 0; i < count; i++)
        numbers[i] = t->rows[indexes[i]].cells[column];
    merged.cells[column] = join_numbers(f, numbers, count);
    free(numbers);
    return merged;
}

/* Merges all rows that differ in `column` only. */
static void merge_column(struct folder *f, struct table *t, size_t column)
{
    struct name_set keys;
    name_set_init(&keys);
    size_t *bucket_of = xcalloc(t->row_count, sizeof *bucket_of);
    for (size_t i = 0; i < t->row_count; i++)
        name_set_add(&keys, key_without(f, t, &t->rows[i], column), &bucket_of[i]);
    struct buckets b;
    buckets_init(&b, bucket_of, t->row_count, keys.count);
    struct row *rows = arena_calloc(f->arena, keys.count, sizeof *rows);
    for (size_t k = 0; k < keys.count; k++)
        rows[k] = merge_rows(f, t, b.items + b.start[k], b.start[k + 1] - b.start[k], column);
    t->rows = rows;
    t->row_count = keys.count;
    buckets_release(&b);
    free(bucket_of);
    name_set_release(&keys);
}

/* How many different numbers stand in a column. */
static size_t count_distinct(const struct table *t, size_t column)
{
    struct name_set seen;
    name_set_init(&seen);
    for (size_t i = 0; i < t->row_count; i++)
        name_set_add(&seen, t->rows[i].cells[column], NULL);
    size_t count = seen.count;
    name_set_release(&seen);
    return count;
}

/* Merges column after column, beginning with the one that has the most or the fewest numbers. */
static struct table merge_columns(struct folder *f, struct table t, bool most_first)
{
    size_t variety[RANGE_BRACKETS_MAX] = { 0 };
    for (size_t c = 0; c < t.columns; c++)
        variety[c] = count_distinct(&t, c);
    for (size_t turn = 0; turn < t.columns; turn++) {
        size_t best = t.columns;
        for (size_t c = 0; c < t.columns; c++) {
            if (variety[c] > 1 && (best == t.columns || (variety[c] > variety[best]) == most_first))
                best = c;
        }
        if (best == t.columns)
            break;
        merge_column(f, &t, best);
        variety[best] = 0;
    }
    return t;
}

/* Merges the rows as far as one of two ways gets. */
static void merge_table(struct folder *f, struct table *t)
{
    struct table fewest_first = merge_columns(f, *t, false);
    struct table most_first = fewest_first;
    if (t->columns > 1 && fewest_first.row_count > 1)
        most_first = merge_columns(f, *t, true);
    *t = most_first.row_count < fewest_first.row_count ? most_first : fewest_first;
}

/* Appends a row in the user's syntax. */
static void print_row(struct folder *f, const struct table *t, const struct row *row)
{
    if (f->has_output)
        buf_add_char(f->out, ',');
    f->has_output = true;
    const char **cell = row->cells;
    for (const char *at = t->shape; *at;) {
        size_t plain = 0;
        while (at[plain] && (at[plain] != CELL || t->columns == 0))
            plain++;
        buf_add(f->out, at, plain);
        at += plain;
        if (!*at)
            return;
        bool is_range = strpbrk(*cell, "-,") != NULL;
        buf_addf(f->out, is_range ? "[%s]" : "%s", *cell);
        cell++;
        at++;
    }
}

/* Merges and prints the names of one shape. */
static void print_table(struct folder *f, struct table *t)
{
    if (t->columns > 0 && t->row_count > 1)
        merge_table(f, t);
    for (size_t i = 0; i < t->row_count; i++)
        print_row(f, t, &t->rows[i]);
}

/* All names taken apart. */
struct dissection {
    struct row *rows;
    size_t *columns;        /* of each row */
    size_t *shape_of;       /* of each row, an index in shapes */
    struct name_set shapes; /* in order of first appearance */
};

static void dissect(struct folder *f, const struct name_set *names, struct dissection *d)
{
    d->rows = xcalloc(names->count, sizeof *d->rows);
    d->columns = xcalloc(names->count, sizeof *d->columns);
    d->shape_of = xcalloc(names->count, sizeof *d->shape_of);
    name_set_init(&d->shapes);
    struct buf shape;
    buf_init(&shape, KEY_MAX);
    for (size_t i = 0; i < names->count; i++) {
        const char *cells[RANGE_BRACKETS_MAX];
        buf_clear(&shape);
        d->columns[i] = take_apart(names->items[i], f->arena, &shape, cells);
        d->rows[i].cells = arena_calloc(f->arena, d->columns[i], sizeof *cells);
        memcpy(d->rows[i].cells, cells, d->columns[i] * sizeof *cells);
        size_t index;
        if (name_set_find(&d->shapes, buf_str(&shape), &index))
            d->shape_of[i] = index;
        else
            name_set_add(&d->shapes, arena_strndup(f->arena, buf_str(&shape), shape.size),
                         &d->shape_of[i]);
    }
    buf_release(&shape);
}

static void dissection_release(struct dissection *d)
{
    free(d->rows);
    free(d->columns);
    free(d->shape_of);
    name_set_release(&d->shapes);
}

/* Folds distinct names, shape after shape. */
static void fold_set(struct folder *f, const struct name_set *names)
{
    struct dissection d;
    dissect(f, names, &d);
    struct buckets b;
    buckets_init(&b, d.shape_of, names->count, d.shapes.count);
    for (size_t s = 0; s < d.shapes.count; s++) {
        const size_t *members = b.items + b.start[s];
        struct table t = { .shape = d.shapes.items[s],
                           .columns = d.columns[members[0]],
                           .row_count = b.start[s + 1] - b.start[s] };
        t.rows = arena_calloc(f->arena, t.row_count, sizeof *t.rows);
        for (size_t i = 0; i < t.row_count; i++)
            t.rows[i] = d.rows[members[i]];
        print_table(f, &t);
    }
    buckets_release(&b);
    dissection_release(&d);
}

void fold_names(const char *const *names, size_t count, struct buf *out)
{
    struct folder f = { .arena = arena_new(), .out = out };
    struct name_set set;
    name_set_init(&set);
    for (size_t i = 0; i < count; i++)
        name_set_add(&set, names[i], NULL);
    fold_set(&f, &set);
    name_set_release(&set);
    arena_free(f.arena);
}
