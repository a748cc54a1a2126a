/* SPDX-License-Identifier: MIT */
/*
 * The types a setting can have. Each is a distinct C type, so that the option table can infer how
 * to parse, print and free a member of `struct settings` from the member itself (option.h).
 */
#ifndef MUSTER_MODEL_VALUE_H
#define MUSTER_MODEL_VALUE_H

#include <stddef.h>
#include <stdint.h>

/* A whole number: "128". */
struct count {
    uint32_t n;
};

/* A length of time: "10s", "1500ms", "2m", "1h30m", a bare number is seconds; 0 is "none". */
struct duration {
    int64_t us;
};

/* A size: "65536", "64K", "16M", "1G" (powers of 1024). */
struct bytes {
    uint64_t n;
};

/* A text, heap, owned; NULL where none was given. */
struct text {
    char *s;
};

/* The name of a file, heap, owned; a leading ~/ is the home folder; "-" where the option says so.
 */
struct path {
    char *s;
};

/* Several texts in order, heap, owned. */
struct text_list {
    char **items;
    size_t count;
};

/* As text_list, each item a path. */
struct path_list {
    char **items;
    size_t count;
};

#endif
