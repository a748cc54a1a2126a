/* SPDX-License-Identifier: MIT */
#include "base/wire.h"

#include <string.h>

struct wire wire_reader(const void *data, size_t size)
{
    static const unsigned char nothing[1] = { 0 };
    return (struct wire){ .at = size ? data : nothing, .left = size };
}

struct wire_string wire_bytes(struct wire *w, size_t size)
{
    struct wire_string s = { .data = w->at, .size = 0 };
    if (w->failed || size > w->left) {
        w->failed = true;
        return s;
    }
    s.size = size;
    w->at += size;
    w->left -= size;
    return s;
}

unsigned char wire_byte(struct wire *w)
{
    struct wire_string s = wire_bytes(w, 1);
    return s.size ? s.data[0] : 0;
}

uint32_t wire_u32(struct wire *w)
{
    struct wire_string s = wire_bytes(w, 4);
    if (s.size == 0)
        return 0;
    return wire_u32_at(s.data);
}

uint32_t wire_u32_at(const void *bytes)
{
    const unsigned char *p = bytes;
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | (uint32_t)p[3];
}

struct wire_string wire_string(struct wire *w)
{
    uint32_t size = wire_u32(w);
    return wire_bytes(w, size);
}

bool wire_is_done(const struct wire *w)
{
    return !w->failed && w->left == 0;
}

bool wire_string_is(struct wire_string s, const char *text)
{
    return s.size == strlen(text) && memcmp(s.data, text, s.size) == 0;
}

void wire_add_u32(struct buf *b, uint32_t n)
{
    unsigned char bytes[4] = { (unsigned char)(n >> 24), (unsigned char)(n >> 16 & 0xff),
                               (unsigned char)(n >> 8 & 0xff), (unsigned char)(n & 0xff) };
    buf_add(b, bytes, sizeof bytes);
}

void wire_add_string(struct buf *b, const void *data, size_t size)
{
    if (size > UINT32_MAX) {
        b->failed = true;
        return;
    }
    wire_add_u32(b, (uint32_t)size);
    buf_add(b, data, size);
}

void wire_add_text(struct buf *b, const char *text)
{
    wire_add_string(b, text, strlen(text));
}

void wire_add_mpint(struct buf *b, const unsigned char *data, size_t size)
{
    while (size > 0 && data[0] == 0) {
        data++;
        size--;
    }
    bool needs_zero = size > 0 && data[0] & 0x80;
    wire_add_u32(b, (uint32_t)(size + needs_zero));
    if (needs_zero)
        buf_add(b, "", 1);
    buf_add(b, data, size);
}
