/* SPDX-License-Identifier: MIT */
/*
 * "Did you mean": of many known words the one a person most likely meant by an unknown one.
 *
 * Offer every candidate, then ask. Case, and `-` against `_`, cost nothing; a candidate counts only
 * where few of its letters differ (one in three), so that nonsense gets no suggestion.
 */
#ifndef MUSTER_BASE_NEAREST_H
#define MUSTER_BASE_NEAREST_H

#include <stddef.h>

/* Longer words and candidates are left out of the game. */
#define NEAREST_MAX 64

struct nearest {
    const char *word;           /* borrowed */
    char best[NEAREST_MAX + 1]; /* empty while there is none */
    size_t distance;            /* nearest.c's own: less than this is better */
};

/* Starts a search for `word`, which must live as long as the search. */
void nearest_init(struct nearest *n, const char *word);

/* Considers `candidate`, which is copied where it is the best so far; the first of equals stays. */
void nearest_offer(struct nearest *n, const char *candidate);

/* The best candidate, or NULL where none is near enough; lives as long as `n`. */
const char *nearest_name(const struct nearest *n);

#endif
