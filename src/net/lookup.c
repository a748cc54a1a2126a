/* SPDX-License-Identifier: MIT */
#include <netdb.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/memory.h"
#include "net/loop_private.h"

struct lookup {
    uv_getaddrinfo_t uv;
    lookup_fn *fn; /* NULL once abandoned */
    void *arg;
};

/* libuv's callback: hands the answer on, or frees it where nobody waits any more. */
static void lookup_done(uv_getaddrinfo_t *uv, int status, struct addrinfo *list)
{
    struct lookup *lookup = uv->data;
    struct loop *loop = uv->loop->data;
    loop->lookups--;
    if (!lookup->fn)
        uv_freeaddrinfo(list);
    else if (status < 0)
        lookup->fn(lookup->arg, NULL, uv_strerror(status));
    else
        lookup->fn(lookup->arg, list, NULL);
    free(lookup);
}

struct lookup *lookup_start(struct loop *loop, const char *name, lookup_fn *fn, void *arg)
{
    static const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
    struct lookup *lookup = xcalloc(1, sizeof *lookup);
    lookup->fn = fn;
    lookup->arg = arg;
    lookup->uv.data = lookup;
    if (uv_getaddrinfo(&loop->uv, &lookup->uv, lookup_done, name, NULL, &hints) < 0) {
        free(lookup);
        return NULL;
    }
    loop->lookups++;
    return lookup;
}

void lookup_abandon(struct lookup *lookup)
{
    lookup->fn = NULL;
    /* One that has not begun is taken out of the queue; one that runs answers to nobody. */
    uv_cancel((uv_req_t *)&lookup->uv);
}
