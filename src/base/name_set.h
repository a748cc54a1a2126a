/* SPDX-License-Identifier: MIT */
/*
 * An ordered set of names: each is in it once, at the place where it was first added. Looking one
 * up costs the same however many there are. Names are borrowed; they must outlive the set.
 */
#ifndef MUSTER_BASE_NAME_SET_H
#define MUSTER_BASE_NAME_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct name_set {
    const char **items; /* in order */
    size_t count;
    size_t room;
    uint32_t *slots; /* index + 1, 0 where free; `slot_count` is a power of two or 0 */
    size_t slot_count;
};

/* An empty set. */
void name_set_init(struct name_set *s);

/* Frees the set, not the names; it is empty afterwards. */
void name_set_release(struct name_set *s);

/* Adds `name` unless it is there. Returns whether it was added; sets `ret_index`, which may be
 * NULL, to its place. */
bool name_set_add(struct name_set *s, const char *name, size_t *ret_index);

/* Is `name` there? Sets `ret_index`, which may be NULL, to its place. */
bool name_set_find(const struct name_set *s, const char *name, size_t *ret_index);

/* Adds all of `other`. */
void name_set_unite(struct name_set *s, const struct name_set *other);

/* Keeps only what is also in `other` (`keep` true), or what is not (`keep` false). */
void name_set_filter(struct name_set *s, const struct name_set *other, bool keep);

/* Makes `s` what is in exactly one of the two: what is left of `s`, then what is left of `other`.
 */
void name_set_differ(struct name_set *s, const struct name_set *other);

#endif
