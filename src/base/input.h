/* SPDX-License-Identifier: MIT */
/*
 * Standard input for many hosts: a file read with pread(2) by each at its own offset.
 *
 * A file that was named is complete from the start. A pipe is spooled by a thread into an unlinked
 * temporary file as it comes; `notify` is called from that thread whenever there is more. Nobody
 * waits for anybody: a host that reads slowly has its own offset.
 */
#ifndef MUSTER_BASE_INPUT_H
#define MUSTER_BASE_INPUT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

struct input;

/* A regular file, or anything else that can be read, which is then spooled. Takes `fd`. `max`
 * bounds what is spooled; beyond it reading fails with EFBIG. */
bool input_open(struct input **ret, int fd, uint64_t max, struct error *reterr);

/* Ends the spooling thread at its next byte; the input must not be used any more. NULL is fine. */
void input_free(struct input *in);

/* Called from the spooling thread when more has come or the end is known. Set before use. */
void input_on_more(struct input *in, void (*notify)(void *arg), void *arg);

/* Reads up to `size` bytes at `offset`: > 0 bytes; 0 at the end; -EAGAIN where more may come;
 * another -errno. */
ssize_t input_read(struct input *in, void *data, size_t size, uint64_t offset);

#endif
