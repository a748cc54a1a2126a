/* SPDX-License-Identifier: MIT */
/*
 * Strict JSON from people: UTF-8 is checked, comments and one trailing comma are allowed, the same
 * key twice in one object is an error, and every error names file:line:column and JSON pointer.
 *
 * cJSON does the parsing; what it lets pass (law: no positions, trailing junk, invalid UTF-8, raw
 * control bytes, strings cut at \u0000, case-blind look-ups) is checked here before and after.
 * Values belong to their document and live as long as it does.
 */
#ifndef MUSTER_BASE_JSON_READ_H
#define MUSTER_BASE_JSON_READ_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum json_type { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json_document;
struct json_value; /* opaque */

/* Parses `size` bytes; `name` stands for the file in errors ("hosts.json", "standard input") and is
 * copied. A byte order mark is skipped. Errors have `code`; the first one ends the reading. On true
 * the caller frees `*ret`. */
bool json_read(struct json_document **ret, const char *name, const char *text, size_t size,
               enum error_code code, struct error *reterr);
void json_document_free(struct json_document *doc); /* NULL is fine */

const struct json_value *json_root(const struct json_document *doc);
enum json_type json_type(const struct json_value *v);
const char *json_type_phrase(enum json_type type); /* "a string", "an object" ... */

/* Each needs a value of the right type. */
bool json_bool(const struct json_value *v);
double json_number(const struct json_value *v);
const char *json_string(const struct json_value *v);

/* Children of an array or object in document order; NULL at the end. */
const struct json_value *json_first(const struct json_value *parent);
const struct json_value *json_next(const struct json_value *v);
const char *json_key(const struct json_value *v); /* of an object's child, else NULL */

/* The member called `key`, or NULL. Linear: for small objects; iterate large ones once. */
const struct json_value *json_member(const struct json_value *object, const char *key);

/* "hosts.json:14:9: /hosts/db1/port", heap, the caller frees; the place is that of the value. Slow
 * (one pass over the text up to it); for errors and provenance. */
char *json_where(const struct json_document *doc, const struct json_value *v);

/* As json_where(), but the place is that of the key of an object's child. */
char *json_where_key(const struct json_document *doc, const struct json_value *v);

/* Where the value begins in its document, in bytes: what sorts errors. */
size_t json_offset(const struct json_value *v);

/* The name given to json_read(). */
const char *json_name(const struct json_document *doc);

/* Sets `err` to "WHERE: message". Returns false. */
bool json_error(const struct json_document *doc, const struct json_value *v, enum error_code code,
                struct error *err, const char *fmt, ...) __attribute__((format(printf, 5, 6)));

#endif
