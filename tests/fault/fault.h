/* SPDX-License-Identifier: MIT */
/*
 * SSH servers that misbehave, one way each. A behaviour is a function that runs in a process of its
 * own for one connection, and may do with it what it likes; the process has a limited life.
 */
#ifndef MUSTER_TESTS_FAULT_H
#define MUSTER_TESTS_FAULT_H

#include <stddef.h>

struct fault {
    const char *name;
    void (*run)(int fd, const struct fault *self); /* NULL: nobody listens there */
    long number;                                   /* what it means is the behaviour's affair */
    const char *text;
};

/* Before or below SSH (fault_raw.c). */
void fault_silent(int fd, const struct fault *self);
void fault_say(int fd, const struct fault *self);       /* `text`, then `number` ms of silence */
void fault_say_reset(int fd, const struct fault *self); /* `text`, then a TCP reset */
void fault_endless(int fd, const struct fault *self);   /* `text` again and again */
void fault_garbage(int fd, const struct fault *self);   /* random bytes, `number` of them */
void fault_no_common(int fd, const struct fault *self); /* key exchange no client can do */
void fault_cut(int fd, const struct fault *self);     /* a good server, cut after `number` bytes */
void fault_trickle(int fd, const struct fault *self); /* a good one, a byte each `number` ms */

/* After the key exchange, with a real SSH server (fault_ssh.c). `text` chooses the way. */
void fault_ssh(int fd, const struct fault *self);

/* The host key's file, for fault_ssh. */
extern const char *fault_host_key;

/* Sends all; ends the process where the peer is gone. */
void fault_write(int fd, const void *data, size_t size);

/* Makes close(2) send a reset. */
void fault_reset(int fd);

#endif
