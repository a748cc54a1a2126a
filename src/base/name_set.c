/* SPDX-License-Identifier: MIT */
#include "base/name_set.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { FIRST_ITEMS = 16 };

void name_set_init(struct name_set *s)
{
    *s = (struct name_set){ 0 };
}

void name_set_release(struct name_set *s)
{
    free(s->items);
    free(s->slots);
    name_set_init(s);
}

/* FNV-1a, its high bits folded down because slots are taken from the low ones. */
static size_t hash_name(const char *name)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    for (const char *c = name; *c; c++)
        h = (h ^ (unsigned char)*c) * UINT64_C(0x100000001b3);
    return (size_t)(h ^ h >> 32);
}

/* The slot that holds `name`, or the free one where it belongs. */
static uint32_t *find_slot(const struct name_set *s, const char *name)
{
    size_t mask = s->slot_count - 1;
    size_t at = hash_name(name) & mask;
    while (s->slots[at] && strcmp(s->items[s->slots[at] - 1], name) != 0)
        at = (at + 1) & mask;
    return &s->slots[at];
}

/* Enters every item into `slot_count` new slots. */
static void rebuild_slots(struct name_set *s, size_t slot_count)
{
    free(s->slots);
    s->slots = xcalloc(slot_count, sizeof *s->slots);
    s->slot_count = slot_count;
    for (size_t i = 0; i < s->count; i++)
        *find_slot(s, s->items[i]) = (uint32_t)i + 1;
}

/* Makes room for one more item; the slots stay at most half full. */
static void grow(struct name_set *s)
{
    if (s->count < s->room)
        return;
    if (s->room >= UINT32_MAX / 4)
        base_out_of_memory();
    s->room = s->room ? s->room * 2 : FIRST_ITEMS;
    s->items = xrealloc_array(s->items, s->room, sizeof *s->items);
    rebuild_slots(s, s->room * 2);
}

bool name_set_add(struct name_set *s, const char *name, size_t *ret_index)
{
    grow(s);
    uint32_t *slot = find_slot(s, name);
    bool is_new = *slot == 0;
    if (is_new) {
        s->items[s->count++] = name;
        *slot = (uint32_t)s->count;
    }
    if (ret_index)
        *ret_index = *slot - 1;
    return is_new;
}

bool name_set_find(const struct name_set *s, const char *name, size_t *ret_index)
{
    if (s->count == 0)
        return false;
    uint32_t slot = *find_slot(s, name);
    if (slot && ret_index)
        *ret_index = slot - 1;
    return slot != 0;
}

void name_set_unite(struct name_set *s, const struct name_set *other)
{
    for (size_t i = 0; i < other->count; i++)
        name_set_add(s, other->items[i], NULL);
}

void name_set_filter(struct name_set *s, const struct name_set *other, bool keep)
{
    size_t kept = 0;
    for (size_t i = 0; i < s->count; i++) {
        if (name_set_find(other, s->items[i], NULL) == keep)
            s->items[kept++] = s->items[i];
    }
    if (kept == s->count)
        return;
    s->count = kept;
    rebuild_slots(s, s->slot_count);
}

void name_set_differ(struct name_set *s, const struct name_set *other)
{
    struct name_set rest;
    name_set_init(&rest);
    name_set_unite(&rest, other);
    name_set_filter(&rest, s, false);
    name_set_filter(s, other, false);
    name_set_unite(s, &rest);
    name_set_release(&rest);
}
