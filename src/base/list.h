/* SPDX-License-Identifier: MIT */
/*
 * An intrusive, circular, doubly linked list.
 *
 * A `struct list` is either a head or a link embedded in an element. A link that is on no list
 * points to itself, so list_remove() may be called any number of times. Nothing is allocated.
 *
 *      head <-> element.link <-> element.link <-> head
 */
#ifndef MUSTER_BASE_LIST_H
#define MUSTER_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
    struct list *prev;
    struct list *next;
};

/* The element of type `type` whose member `member` is the link `link`. */
#define list_entry(link, type, member) ((type *)(void *)((char *)(link)-offsetof(type, member)))

/* Walks `head`; `it` (a struct list *) may be removed, and only `it`, while its turn lasts. */
#define list_for_each(it, tmp, head)                                                               \
    for (struct list *it = (head)->next, *tmp = it->next; it != (head); it = tmp, tmp = it->next)

static inline void list_init(struct list *l)
{
    l->prev = l;
    l->next = l;
}

static inline bool list_is_empty(const struct list *head)
{
    return head->next == head;
}

/* Puts `link`, which must be on no list, at the tail. */
static inline void list_append(struct list *head, struct list *link)
{
    link->prev = head->prev;
    link->next = head;
    head->prev->next = link;
    head->prev = link;
}

/* Puts `link`, which must be on no list, at the head. */
static inline void list_prepend(struct list *head, struct list *link)
{
    list_append(head->next, link);
}

/* Takes `link` off its list; a link that is on none stays so. */
static inline void list_remove(struct list *link)
{
    link->prev->next = link->next;
    link->next->prev = link->prev;
    list_init(link);
}

/* Takes the first link off and returns it, or NULL where the list is empty. */
static inline struct list *list_pop(struct list *head)
{
    struct list *first = head->next;
    if (first == head)
        return NULL;
    list_remove(first);
    return first;
}

/* Moves every link of `from` to the tail of `to`; `from` is empty afterwards. */
static inline void list_splice(struct list *to, struct list *from)
{
    if (list_is_empty(from))
        return;
    from->next->prev = to->prev;
    from->prev->next = to;
    to->prev->next = from->next;
    to->prev = from->prev;
    list_init(from);
}

#endif
