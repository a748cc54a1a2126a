/* SPDX-License-Identifier: MIT */
#include "base/json_write.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/utf8.h"

void json_writer_init(struct json_writer *w, struct buf *out, unsigned indent)
{
    *w = (struct json_writer){ .out = out, .indent = indent };
}

/* Begins a line, where lines are wanted. */
static void break_line(struct json_writer *w)
{
    if (w->indent == 0)
        return;
    buf_add_char(w->out, '\n');
    buf_add_repeat(w->out, ' ', (size_t)w->indent * w->depth);
}

/* What stands between the last thing written and the next value or key. */
static void separate(struct json_writer *w)
{
    if (w->after_key) {
        w->after_key = false;
        return;
    }
    if (w->needs_comma)
        buf_add_char(w->out, ',');
    if (w->depth > 0)
        break_line(w);
}

static void begin(struct json_writer *w, char open)
{
    separate(w);
    buf_add_char(w->out, open);
    w->depth++;
    w->needs_comma = false;
}

static void end(struct json_writer *w, char close)
{
    w->depth--;
    if (w->needs_comma)
        break_line(w);
    buf_add_char(w->out, close);
    w->needs_comma = true;
}

void json_begin_object(struct json_writer *w)
{
    begin(w, '{');
}

void json_end_object(struct json_writer *w)
{
    end(w, '}');
}

void json_begin_array(struct json_writer *w)
{
    begin(w, '[');
}

void json_end_array(struct json_writer *w)
{
    end(w, ']');
}

/* May this character not stand as it is? Controls, which RFC 8259 or a terminal forbids, and the
 * two line separators that end a JavaScript string. */
static bool needs_escape(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == '"' || c == '\\' || c == 0x2028 ||
           c == 0x2029;
}

static void add_escaped(struct buf *out, uint32_t c)
{
    static const char named[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    for (size_t i = 0; i + 1 < sizeof named; i += 2) {
        if ((uint32_t)named[i] == c) {
            buf_add_char(out, '\\');
            buf_add_char(out, named[i + 1]);
            return;
        }
    }
    buf_addf(out, "\\u%04x", (unsigned)c);
}

/* Length of the longest prefix that is plain ASCII and needs no escape. */
static size_t plain_prefix(const char *data, size_t size)
{
    size_t i = 0;
    while (i < size && data[i] >= 0x20 && data[i] < 0x7f && data[i] != '"' && data[i] != '\\')
        i++;
    return i;
}

/* Writes the character at `data`, and returns how many bytes it took. A byte that is not UTF-8,
 * or is NUL, becomes U+FFFD and clears `whole`. */
static size_t add_character(struct buf *out, const char *data, size_t size, bool *whole)
{
    uint32_t c = 0;
    int length = utf8_decode(data, size, &c);
    if (length <= 0 || c == 0) {
        buf_add_str(out, "\xef\xbf\xbd");
        *whole = false;
        return 1;
    }
    if (needs_escape(c))
        add_escaped(out, c);
    else
        buf_add(out, data, (size_t)length);
    return (size_t)length;
}

/* Writes `data` without quotes. False where bytes were lost. */
static bool add_text(struct buf *out, const char *data, size_t size)
{
    bool whole = true;
    for (size_t at = 0; at < size;) {
        size_t plain = plain_prefix(data + at, size - at);
        if (plain)
            buf_add(out, data + at, plain);
        at += plain;
        if (at < size)
            at += add_character(out, data + at, size - at, &whole);
    }
    return whole;
}

/* Writes `data` as a string without separators. False where bytes were lost. */
static bool add_quoted(struct buf *out, const char *data, size_t size)
{
    buf_add_char(out, '"');
    bool whole = add_text(out, data, size);
    buf_add_char(out, '"');
    return whole;
}

bool json_are_bytes_whole(const char *data, size_t size)
{
    return utf8_valid_prefix(data, size) == size && (size == 0 || !memchr(data, '\0', size));
}

void json_begin_string(struct json_writer *w)
{
    separate(w);
    w->needs_comma = true;
    buf_add_char(w->out, '"');
}

bool json_add_part(struct json_writer *w, const char *data, size_t size)
{
    return add_text(w->out, data, size);
}

void json_end_string(struct json_writer *w)
{
    buf_add_char(w->out, '"');
}

void json_add_key(struct json_writer *w, const char *key)
{
    separate(w);
    add_quoted(w->out, key, strlen(key));
    buf_add_str(w->out, w->indent ? ": " : ":");
    w->after_key = true;
}

/* Writes a value that needs no quoting. */
static void add_plain(struct json_writer *w, const char *text)
{
    separate(w);
    buf_add_str(w->out, text);
    w->needs_comma = true;
}

void json_add_string(struct json_writer *w, const char *text)
{
    if (text)
        json_add_bytes(w, text, strlen(text));
    else
        json_add_null(w);
}

bool json_add_bytes(struct json_writer *w, const char *data, size_t size)
{
    separate(w);
    w->needs_comma = true;
    return add_quoted(w->out, data, size);
}

void json_add_raw(struct json_writer *w, const char *data, size_t size)
{
    buf_add(w->out, data, size);
    w->needs_comma = true;
}

void json_add_base64_part(struct json_writer *w, const char *data, size_t size)
{
    base64_encode(w->out, data, size);
}

void json_add_base64(struct json_writer *w, const char *data, size_t size)
{
    json_begin_string(w);
    json_add_base64_part(w, data, size);
    json_end_string(w);
}

void json_add_int(struct json_writer *w, int64_t n)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, n);
    add_plain(w, text);
}

void json_add_uint(struct json_writer *w, uint64_t n)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRIu64, n);
    add_plain(w, text);
}

void json_add_double(struct json_writer *w, double n)
{
    if (!isfinite(n)) {
        json_add_null(w);
        return;
    }
    char text[32];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, n);
        if (strtod(text, NULL) == n)
            break;
    }
    add_plain(w, text);
}

void json_add_ms(struct json_writer *w, int64_t us)
{
    if (us < 0) {
        json_add_null(w);
        return;
    }
    char text[32];
    snprintf(text, sizeof text, "%" PRId64 ".%03d", us / 1000, (int)(us % 1000));
    add_plain(w, text);
}

void json_add_bool(struct json_writer *w, bool b)
{
    add_plain(w, b ? "true" : "false");
}

void json_add_null(struct json_writer *w)
{
    add_plain(w, "null");
}
