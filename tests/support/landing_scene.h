/* SPDX-License-Identifier: MIT */
/* A folder to land in, "out" in the test's own folder, and "outside" beside it, which nothing may
 * touch. */
#ifndef MUSTER_TESTS_LANDING_SCENE_H
#define MUSTER_TESTS_LANDING_SCENE_H

#include "base/landing_file.h"

/* Makes "outside" with a few files and opens "out". */
struct landing *landing_scene(void);

/* All that is in a folder, one line an entry in a fixed order: path, mode, size, time, content. The
 * entry `except` of the top is left out; NULL for none. Heap. */
char *tree_of(const char *path, const char *except);

/* The names below "out", "a a/b a/c", in order. */
char *names_landed(void);

/* "TMP_DIR/out/PATH". */
char *landed(const char *path);

/* Creates, writes and commits a small file. */
bool land(struct landing *l, const char *path, const char *text, struct error *reterr);

/* The same, and a folder or a link, which must work. */
void must_land(struct landing *l, const char *path, const char *text);
void must_make_folder(struct landing *l, const char *path);
void must_link(struct landing *l, const char *path, const char *target);

/* Opens a file that must open, with `text` in it. */
struct landing_file *must_create(struct landing *l, const char *path, const char *text);

/* Is the error of that code with that text? Releases it. */
void expect_error(struct error *err, enum error_code code, const char *text);

#endif
