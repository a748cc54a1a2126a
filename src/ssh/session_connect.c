/* SPDX-License-Identifier: MIT */
/* RESOLVE and CONNECT: from a name to a transport. */
#include <stdio.h>
#include <string.h>

#include "net/transport_fd.h"
#include "ssh/session_private.h"

/* What to look up. */
static const char *address_of(const struct session *s)
{
    return s->target->info.address ? s->target->info.address : s->target->info.name;
}

/* The resolver's answer. */
static void lookup_answered(void *arg, const struct address_list *list, const char *error)
{
    struct session *s = arg;
    s->lookup_answered = true;
    if (list && list->count > 0)
        s->addresses = *list;
    else
        session_fail(s, ERR_DNS, "%s: %s", address_of(s), error ? error : "no address");
    session_wake(s);
}

/* Asks the resolver, which may know already. */
static void start_lookup(struct session *s)
{
    s->lookup_started = true;
    dns_wait_init(&s->lookup, lookup_answered, s);
    dns_ask(s->services->dns, address_of(s), &s->lookup);
}

enum step session_resolve_run(struct session *s)
{
    if (address_parse(address_of(s), &s->addresses.items[0])) {
        s->addresses.count = 1;
        return STEP_NEXT;
    }
    if (!s->lookup_started)
        start_lookup(s);
    if (s->is_doomed)
        return STEP_FAIL;
    return s->lookup_answered ? STEP_NEXT : STEP_WAIT;
}

void session_resolve_leave(struct session *s)
{
    if (s->lookup_started)
        dns_wait_cancel(&s->lookup);
}

/* The transport's callback: there is something to read, or room to write. */
static void transport_ready(void *arg)
{
    session_wake(arg);
}

/* The dialler's answer. */
static void dial_answered(void *arg, struct watch *watch, const struct address *address,
                          const char *error)
{
    struct session *s = arg;
    s->dial = NULL;
    if (!watch) {
        session_fail(s, ERR_CONNECT, "%s", error);
        return;
    }
    address_print(address, s->address);
    s->transport = transport_fd_new(watch, transport_ready, s);
    session_wake(s);
}

enum step session_connect_run(struct session *s)
{
    if (s->transport)
        return STEP_NEXT;
    if (!s->dial)
        s->dial =
            dial_start(s->services->loop, &s->addresses, s->target->info.port, dial_answered, s);
    return STEP_WAIT;
}

void session_connect_leave(struct session *s)
{
    dial_close(s->dial);
    s->dial = NULL;
}
