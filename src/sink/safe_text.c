/* SPDX-License-Identifier: MIT */
#include "sink/safe_text.h"

#include <stdint.h>
#include <string.h>

#include "base/utf8.h"

enum { ESCAPE = 0x1b, SGR_SIZE_MAX = 64 };

/* Does the text need no look: printable ASCII and TAB? Length of the longest such prefix. */
static size_t plain_prefix(const char *data, size_t size)
{
    size_t i = 0;
    while (i < size && ((data[i] >= 0x20 && data[i] < 0x7f) || data[i] == '\t'))
        i++;
    return i;
}

/* Shows bytes as \xNN. */
static void show_bytes(struct buf *out, const char *data, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        unsigned char byte = (unsigned char)data[i];
        char text[4] = { '\\', 'x', digits[byte >> 4], digits[byte & 15] };
        buf_add(out, text, sizeof text);
    }
}

/* Length of the colour sequence (ESC [ digits ; : m) that `data` begins with, or 0. */
static size_t sgr_size(const char *data, size_t size)
{
    if (size < 3 || data[0] != ESCAPE || data[1] != '[')
        return 0;
    for (size_t i = 2; i < size && i < SGR_SIZE_MAX; i++) {
        if (data[i] == 'm')
            return i + 1;
        if (!strchr("0123456789;:", data[i]) || data[i] == '\0')
            return 0;
    }
    return 0;
}

/* Does a colour sequence leave nothing to be reset: is its last parameter 0 or missing? */
static bool resets(const char *sgr, size_t size)
{
    char last = sgr[size - 2], before = sgr[size - 3];
    return last == '[' || last == ';' || (last == '0' && (before == '[' || before == ';'));
}

/* May this character not reach a terminal as it is? C1 controls, and what reorders the text
 * around it (Unicode Annex 9: embeddings, overrides, isolates). */
static bool is_harmful(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x202a && c <= 0x202e) ||
           (c >= 0x2066 && c <= 0x2069);
}

/* Adds the character at `data` and returns its length. */
static size_t add_character(struct buf *out, const char *data, size_t size, bool is_utf8)
{
    uint32_t c = 0;
    int length = is_utf8 ? utf8_decode(data, size, &c) : 0;
    if (length <= 0) {
        show_bytes(out, data, 1);
        return 1;
    }
    if (is_harmful(c))
        show_bytes(out, data, (size_t)length);
    else
        buf_add(out, data, (size_t)length);
    return (size_t)length;
}

/* Ends a line's colour, and forgets it. */
static void end_colour(struct buf *out, bool *is_coloured)
{
    if (*is_coloured)
        buf_add_str(out, "\x1b[0m");
    *is_coloured = false;
}

/* Is the CR at `data` only half of a line's end? */
static bool is_crlf(const char *data, size_t size)
{
    return data[0] == '\r' && size > 1 && data[1] == '\n';
}

/* Adds what `data` begins with, of which the first byte is not plain; returns how much it took. */
static size_t add_special(struct buf *out, const char *data, size_t size, bool is_utf8)
{
    if (is_crlf(data, size))
        return 1;
    return add_character(out, data, size, is_utf8);
}

/* Adds all of it; a newline becomes `newline`. */
static void add(struct buf *out, const char *data, size_t size, bool is_utf8, char newline)
{
    bool is_coloured = false;
    for (size_t at = 0; at < size;) {
        size_t plain = plain_prefix(data + at, size - at);
        if (plain)
            buf_add(out, data + at, plain);
        at += plain;
        size_t sgr = sgr_size(data + at, size - at);
        if (sgr) {
            buf_add(out, data + at, sgr);
            is_coloured = !resets(data + at, sgr);
            at += sgr;
        } else if (at < size && data[at] == '\n') {
            end_colour(out, &is_coloured);
            buf_add_char(out, newline);
            at++;
        } else if (at < size) {
            at += add_special(out, data + at, size - at, is_utf8);
        }
    }
    end_colour(out, &is_coloured);
}

void safe_text_add(struct buf *out, const char *data, size_t size, bool is_utf8)
{
    add(out, data, size, is_utf8, '\n');
}

void safe_text_add_line(struct buf *out, const char *data, size_t size, bool is_utf8)
{
    add(out, data, size, is_utf8, ' ');
}
