/* SPDX-License-Identifier: MIT */
/* Base64 (RFC 4648, section 4): padded, without line breaks. */
#ifndef MUSTER_BASE_BASE64_H
#define MUSTER_BASE_BASE64_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* Appends the bytes that `size` digits stand for. False, and `out` as before, where the text is not
 * exactly what an encoder writes: whole groups of four, padded, nothing between them, unused bits
 * zero; false also where `out` is full. */
bool base64_decode(struct buf *out, const char *text, size_t size);

/* Appends the digits that stand for `data`; false where `out` is full. */
bool base64_encode(struct buf *out, const void *data, size_t size);

#endif
