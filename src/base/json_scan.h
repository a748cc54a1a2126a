/* SPDX-License-Identifier: MIT */
/*
 * The strict half of json_read.h: reads a text once, byte by byte, and says whether it is JSON
 * (RFC 8259) apart from comments and trailing commas, which it blanks in place so that every
 * offset stays true. What passes can be given to a lenient parser.
 *
 * Beyond the grammar it refuses what such a parser would let through or lose: invalid UTF-8, NUL
 * (also as \u0000), lone surrogates, raw control bytes in strings, deep nesting, long numbers.
 */
#ifndef MUSTER_BASE_JSON_SCAN_H
#define MUSTER_BASE_JSON_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

#define JSON_DEPTH_MAX  64
#define JSON_NUMBER_MAX 60 /* characters of one number */
#define JSON_SIZE_MAX   (INT32_MAX - 1)

/* A place in a text, both from 1; columns count characters. */
struct json_position {
    size_t line;
    size_t column;
};

/* Where each value begins, in document order: a parent before its children. */
struct json_offsets {
    uint32_t *items; /* heap, owned by the caller */
    size_t count;
    size_t room;
};

/* A text to be scanned. */
struct json_text {
    char *text; /* changed only by blanking; a NUL follows */
    size_t size;
    const char *name; /* of the file, for errors: "NAME:LINE:COLUMN: what" */
    enum error_code code;
};

/* Checks the text. `offsets` starts zeroed and is filled; the caller frees its items also after a
 * failure. */
bool json_scan(const struct json_text *text, struct json_offsets *offsets, struct error *reterr);

/* The place of byte `offset`; a byte order mark takes no column. */
struct json_position json_position(const char *text, size_t offset);

/* Bytes of the byte order mark at the start of `text`: 3 or 0. */
size_t json_bom_size(const char *text, size_t size);

#endif
