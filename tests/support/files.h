/* SPDX-License-Identifier: MIT */
/* Temporary folders, whole files, free ports. Each function fails the running test on an error. */
#ifndef MUSTER_TESTS_FILES_H
#define MUSTER_TESTS_FILES_H

#include <stdbool.h>
#include <stddef.h>

/* The running test's own folder, made at the first call, removed when the test ends. Static
 * storage. */
const char *tmp_dir(void);

/* "TMP_DIR/NAME"; heap, and never freed: tests are short. */
char *tmp_path(const char *name);

/* Writes tmp_path(NAME) and returns that path. */
char *tmp_file(const char *name, const char *text);
char *tmp_file_bytes(const char *name, const void *data, size_t size);

/* The whole file, NUL-terminated; heap. `ret_size` may be NULL. */
char *file_read(const char *path, size_t *ret_size);
bool file_exists(const char *path);

/* How many lines start with `prefix` ("" counts all). */
size_t count_lines(const char *text, const char *prefix);
/* How many times `needle` occurs. */
size_t count_text(const char *text, const char *needle);

/* A TCP port of 127.0.0.1 on which nobody listened a moment ago. */
int free_port(void);

/* printf into the heap. */
char *text_of(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* How many names the folder holds. */
int file_count(const char *path);

#endif
