/* SPDX-License-Identifier: MIT */
/*
 * The SSH wire format (RFC 4251, section 5): reading and writing uint32, string and mpint.
 *
 * A reader never goes past its end: what does not fit sets `failed`, which stays set, and reads
 * nothing, so that a series of reads needs one check at its end. A reader borrows the bytes.
 */
#ifndef MUSTER_BASE_WIRE_H
#define MUSTER_BASE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct wire {
    const unsigned char *at;
    size_t left;
    bool failed;
};

/* The value of a string: bytes inside the reader's memory, not NUL-terminated. */
struct wire_string {
    const unsigned char *data; /* never NULL after a read; size 0 where the read failed */
    size_t size;
};

struct wire wire_reader(const void *data, size_t size);

/* Each takes its value off the front; 0 or an empty string once the reader has failed. */
unsigned char wire_byte(struct wire *w);
uint32_t wire_u32(struct wire *w);
struct wire_string wire_string(struct wire *w);

/* Takes `size` raw bytes off the front. */
struct wire_string wire_bytes(struct wire *w, size_t size);

/* The uint32 in the four bytes at `bytes`: for memory whose size the caller has looked at. */
uint32_t wire_u32_at(const void *bytes);

/* Was everything read, without failure? */
bool wire_is_done(const struct wire *w);

/* Are the bytes of `s` those of the C string `text`? */
bool wire_string_is(struct wire_string s, const char *text);

/* Appends; failure is the buffer's. */
void wire_add_u32(struct buf *b, uint32_t n);
void wire_add_string(struct buf *b, const void *data, size_t size);
void wire_add_text(struct buf *b, const char *text);

/* Appends the unsigned big-endian number `data` as an mpint: without leading zeros, and with one
 * zero byte in front where its top bit is set. */
void wire_add_mpint(struct buf *b, const unsigned char *data, size_t size);

#endif
