/* SPDX-License-Identifier: MIT */
#include "fake_dns.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "base/memory.h"

struct fake_dns fake_dns;

struct dns {
    char nothing;
};

static struct list waiting;

struct dns *dns_new(struct loop *loop)
{
    (void)loop;
    fake_dns.objects++;
    list_init(&waiting);
    return xcalloc(1, sizeof(struct dns));
}

void dns_free(struct dns *r)
{
    if (!r)
        return;
    cr_assert(list_is_empty(&waiting), "somebody still waits for the resolver");
    fake_dns.objects--;
    free(r);
}

/* Gives one the answer. */
static void answer(struct dns_wait *wait)
{
    struct address_list list = { 0 };
    if (fake_dns.address)
        list.count = address_parse(fake_dns.address, &list.items[0]);
    wait->fn(wait->arg, fake_dns.error ? NULL : &list, fake_dns.error);
}

void dns_ask(struct dns *r, const char *name, struct dns_wait *wait)
{
    (void)r;
    (void)name;
    fake_dns.asked++;
    if (fake_dns.is_instant)
        answer(wait);
    else
        list_append(&waiting, &wait->link);
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

void fake_dns_answer(void)
{
    cr_assert(!list_is_empty(&waiting), "nobody waits for the resolver");
    for (struct list *link = list_pop(&waiting); link; link = list_pop(&waiting))
        answer(list_entry(link, struct dns_wait, link));
}
