/* SPDX-License-Identifier: MIT */
/* UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF. */
#ifndef MUSTER_BASE_UTF8_H
#define MUSTER_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Decodes the character at `data` (`size` > 0). Returns its length in bytes and sets `ret`; 0 where
 * the bytes are not UTF-8 (the caller skips one byte), and -1 where they are a true prefix of a
 * character that `size` cuts off. */
int utf8_decode(const char *data, size_t size, uint32_t *ret);

/* Length of the longest prefix that is valid UTF-8. */
size_t utf8_valid_prefix(const char *data, size_t size);

/* The largest size, at most `size`, at which the bytes do not end within a character: 0 to 3 less.
 */
size_t utf8_cut(const char *data, size_t size);

/* Has the text control characters: C0, DEL, or C1 in UTF-8 (U+0080..U+009F)? */
bool utf8_has_controls(const char *text);

#endif
