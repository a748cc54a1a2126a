/* SPDX-License-Identifier: MIT */
/* What the .c files behind loop.h share; included by nobody else. */
#ifndef MUSTER_NET_LOOP_PRIVATE_H
#define MUSTER_NET_LOOP_PRIVATE_H

#include <stddef.h>
#include <uv.h>

#include "net/loop.h"

struct loop {
    uv_loop_t uv;
    uv_check_t check; /* runs the ready queue after each poll */
    uv_idle_t idle;   /* active while tasks are queued: the poll must not wait */
    struct list ready;
    size_t lookups; /* that libuv has not called back */
    char *read_buffer;
};

#endif
