/* SPDX-License-Identifier: MIT */
/*
 * Reading what muster writes: JSON documents and JSON lines, by path. A path names members and
 * array places with dots between: "hosts.0.error.code". Every function fails the running test where
 * the thing is not there or has another type.
 */
#ifndef MUSTER_TESTS_REPORT_H
#define MUSTER_TESTS_REPORT_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

/* Parses; the whole text must be one JSON value in valid UTF-8. */
cJSON *json_parse(const char *text);
cJSON *json_load(const char *path);

/* Each line one value, as an array; a last line without its newline fails the test. */
cJSON *json_load_lines(const char *path);
cJSON *json_parse_lines(const char *text);

const cJSON *json_at(const cJSON *root, const char *path);
bool json_has(const cJSON *root, const char *path); /* false where it is missing or null */
const char *json_text_at(const cJSON *root, const char *path);
double json_number_at(const cJSON *root, const char *path);
bool json_is_true(const cJSON *root, const char *path);

/* The element of array `list` whose string member `key` is `value`; NULL where there is none. */
const cJSON *json_find(const cJSON *list, const char *key, const char *value);

/* How many elements of `list` have it. */
size_t json_count(const cJSON *list, const char *key, const char *value);

/* A host's record of a muster.report/1 document. */
const cJSON *report_host(const cJSON *report, const char *name);

/* Loads a --json report and checks it against config/report.schema.json. */
cJSON *report_load(const char *path);

/* Fails the test, with the validator's words, unless `path` obeys `schema` (both files). */
void schema_check(const char *schema, const char *path);

#endif
