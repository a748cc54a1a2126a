/* SPDX-License-Identifier: MIT */
#include "net/dns.h"

#include <netdb.h>
#include <stdlib.h>
#include <uthash.h>

#include "base/memory.h"

/* A name that somebody asked for. */
struct entry {
    UT_hash_handle hh;
    char *name;
    struct lookup *lookup;     /* NULL once answered */
    struct address_list *list; /* NULL where it failed */
    char *error;
    struct list waiting; /* of struct dns_wait */
};

struct dns {
    struct loop *loop;
    struct entry *entries;
};

struct dns *dns_new(struct loop *loop)
{
    struct dns *r = xcalloc(1, sizeof *r);
    r->loop = loop;
    return r;
}

void dns_free(struct dns *r)
{
    if (!r)
        return;
    struct entry *e, *tmp;
    HASH_ITER(hh, r->entries, e, tmp)
    {
        HASH_DEL(r->entries, e);
        if (e->lookup)
            lookup_abandon(e->lookup);
        free(e->name);
        free(e->list);
        free(e->error);
        free(e);
    }
    free(r);
}

/* The look-up ended: keeps the answer and gives it to all who wait. */
static void answered(void *arg, struct addrinfo *found, const char *error)
{
    struct entry *e = arg;
    e->lookup = NULL;
    if (found) {
        e->list = xcalloc(1, sizeof *e->list);
        address_list_from(e->list, found);
        freeaddrinfo(found);
    } else {
        e->error = xstrdup(error);
    }
    for (struct list *link = list_pop(&e->waiting); link; link = list_pop(&e->waiting)) {
        struct dns_wait *wait = list_entry(link, struct dns_wait, link);
        wait->fn(wait->arg, e->list, e->error);
    }
}

/* Finds the name, or begins its look-up. */
static struct entry *find_or_start(struct dns *r, const char *name)
{
    struct entry *e;
    HASH_FIND_STR(r->entries, name, e);
    if (e)
        return e;
    e = xcalloc(1, sizeof *e);
    e->name = xstrdup(name);
    list_init(&e->waiting);
    HASH_ADD_KEYPTR(hh, r->entries, e->name, strlen(e->name), e);
    e->lookup = lookup_start(r->loop, name, answered, e);
    if (!e->lookup)
        e->error = xstrdup("the resolver cannot be asked");
    return e;
}

void dns_ask(struct dns *r, const char *name, struct dns_wait *wait)
{
    struct entry *e = find_or_start(r, name);
    if (e->lookup)
        list_append(&e->waiting, &wait->link);
    else
        wait->fn(wait->arg, e->list, e->error);
}

void dns_wait_init(struct dns_wait *wait, dns_fn *fn, void *arg)
{
    list_init(&wait->link);
    wait->fn = fn;
    wait->arg = arg;
}

void dns_wait_cancel(struct dns_wait *wait)
{
    list_remove(&wait->link);
}
