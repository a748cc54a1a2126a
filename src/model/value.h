/* SPDX-License-Identifier: MIT */
/*
 * The types a setting can have: how each reads, prints and becomes JSON.
 *
 * Each is a distinct C type, so that the option table can infer the type of a row from the member
 * of `struct settings` itself (option.h). Values are immutable once set and what they point to
 * belongs to an arena, so copying a value is copying its bytes, and nothing is freed one by one.
 */
#ifndef MUSTER_MODEL_VALUE_H
#define MUSTER_MODEL_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct arena;
struct buf;
struct json_value;
struct json_writer;

/* A whole number: "128". */
struct count {
    uint32_t n;
};

/* A length of time: "10s", "1500ms", "2m", "1h30m", "0.5s"; a bare number is seconds; 0 is "none".
 */
struct duration {
    int64_t us;
};

/* A size: "65536", "64K", "16M", "1G" (powers of 1024). */
struct bytes {
    uint64_t n;
};

/* A text, in an arena, never empty; NULL where none was given. */
struct text {
    char *s;
};

/* The name of a file, in an arena; a leading ~/ has become the home folder; "-" stays "-". */
struct path {
    char *s;
};

/* Several texts in order, in an arena. As one text they are separated by spaces. */
struct text_list {
    char **items;
    size_t count;
};

/* As text_list, each item a path. As one text they are separated by `:`, as in PATH. */
struct path_list {
    char **items;
    size_t count;
};

/* Room for a value of any type. A choice is kept as its number; enums have the size of an int. */
union value {
    bool flag;
    int choice;
    struct count count;
    struct duration duration;
    struct bytes bytes;
    struct text text;
    struct path path;
    struct text_list texts;
    struct path_list paths;
};

enum value_kind {
    VALUE_FLAG,
    VALUE_COUNT,
    VALUE_DURATION,
    VALUE_BYTES,
    VALUE_TEXT,
    VALUE_PATH,
    VALUE_CHOICE,
    VALUE_TEXT_LIST,
    VALUE_PATH_LIST,
};

struct value_type {
    enum value_kind kind;
    const char *name;         /* "duration" */
    size_t size;              /* of the C type */
    const char *const *words; /* of a choice, in the order of its enum, ended by NULL; else NULL */
};

extern const struct value_type value_flag, value_count, value_duration, value_bytes, value_text,
    value_path, value_text_list, value_path_list;

/* Does the type hold several items, so that a repeated option adds one? */
bool value_is_list(const struct value_type *type);

/* What a text or a JSON value is read with. */
struct value_reader {
    const struct value_type *type;
    struct arena *arena;
    uint32_t min; /* of a count */
    uint32_t max; /* of a count; 0: any */
    /* What a relative path is relative to; NULL: the current folder, so it stays as it is. */
    const char *folder;
};

/* Reads `text`. Errors (`ERR_USAGE`) say what is wrong with the value and not where it was found:
 * "70000 is not in 1..65535". A flag is "true" or "false"; lists are split at their separator. */
bool value_parse(const struct value_reader *reader, const char *text, union value *ret,
                 struct error *reterr);

/* As value_parse() for one item, put after those of the list in `list`. */
bool value_parse_item(const struct value_reader *reader, const char *text, union value *list,
                      struct error *reterr);

/* Reads a JSON value: true and false for flags, a number for counts, a number (seconds, bytes) or
 * string for durations and sizes, a string or an array of strings for lists, else a string. */
bool value_parse_json(const struct value_reader *reader, const struct json_value *json,
                      union value *ret, struct error *reterr);

/* Appends the text that value_parse() reads back to the same value; nothing where there is none
 * (a text that is NULL, an empty list). `value` points to a value of the type. */
void value_print(const struct value_type *type, const void *value, struct buf *out);

/* Writes the value as JSON: durations in seconds, sizes in bytes, null where there is none. */
void value_write_json(const struct value_type *type, const void *value, struct json_writer *out);

#endif
