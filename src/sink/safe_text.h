/* SPDX-License-Identifier: MIT */
/*
 * Remote bytes for a terminal. What a host sends may hold sequences that move the cursor, forge
 * another host's line, set the title, answer queries or paste keystrokes. Only colour (SGR,
 * ECMA-48 8.3.117) passes; it ends with the line. Everything else that is not text is shown:
 *
 *      ESC, other C0 controls, DEL, bytes that are not UTF-8      \x1b
 *      C1 controls and bidirectional overrides, as their bytes    \xc2\x9b
 *      TAB and newline pass; CR passes nowhere but is dropped before a newline
 *
 * In a locale that is not UTF-8, every byte above 0x7e is shown so: such a terminal may take
 * 0x80..0x9f, in the middle of a UTF-8 character too, for controls.
 */
#ifndef MUSTER_SINK_SAFE_TEXT_H
#define MUSTER_SINK_SAFE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

/* Most bytes that `size` bytes can become. */
#define SAFE_TEXT_MAX(size) (4 * (size) + 8)

/* Appends `size` bytes of `data`, whole lines or one part of a line, in a form that is harmless. */
void safe_text_add(struct buf *out, const char *data, size_t size, bool is_utf8);

/* As safe_text_add(), for a message that must stay on one line: newlines become spaces. */
void safe_text_add_line(struct buf *out, const char *data, size_t size, bool is_utf8);

#endif
