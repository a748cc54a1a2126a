/* SPDX-License-Identifier: MIT */
#include "base/utf8.h"

/* What a first byte says: length, its own bits, and the range of the second byte (RFC 3629, 4). */
struct lead {
    unsigned char length;
    unsigned char bits;
    unsigned char second_min;
    unsigned char second_max;
};

/* Length 0 where `byte` begins no character. */
static struct lead classify(unsigned char byte)
{
    if (byte < 0x80)
        return (struct lead){ 1, byte, 0, 0 };
    if (byte >= 0xc2 && byte <= 0xdf)
        return (struct lead){ 2, byte & 0x1f, 0x80, 0xbf };
    if (byte >= 0xe0 && byte <= 0xef)
        return (struct lead){ 3, byte & 0x0f, byte == 0xe0 ? 0xa0 : 0x80,
                              byte == 0xed ? 0x9f : 0xbf };
    if (byte >= 0xf0 && byte <= 0xf4)
        return (struct lead){ 4, byte & 0x07, byte == 0xf0 ? 0x90 : 0x80,
                              byte == 0xf4 ? 0x8f : 0xbf };
    return (struct lead){ 0, 0, 0, 0 };
}

int utf8_decode(const char *data, size_t size, uint32_t *ret)
{
    const unsigned char *bytes = (const unsigned char *)data;
    struct lead lead = classify(bytes[0]);
    uint32_t c = lead.bits;
    for (size_t i = 1; i < lead.length; i++) {
        if (i == size)
            return -1;
        unsigned char min = i == 1 ? lead.second_min : 0x80;
        unsigned char max = i == 1 ? lead.second_max : 0xbf;
        if (bytes[i] < min || bytes[i] > max)
            return 0;
        c = c << 6 | (bytes[i] & 0x3fu);
    }
    if (lead.length)
        *ret = c;
    return lead.length;
}

size_t utf8_valid_prefix(const char *data, size_t size)
{
    size_t at = 0;
    while (at < size) {
        if ((unsigned char)data[at] < 0x80) {
            at++;
            continue;
        }
        uint32_t c;
        int length = utf8_decode(data + at, size - at, &c);
        if (length <= 0)
            break;
        at += (size_t)length;
    }
    return at;
}

size_t utf8_cut(const char *data, size_t size)
{
    for (size_t back = 1; back <= 3 && back <= size; back++) {
        uint32_t c;
        if (((unsigned char)data[size - back] & 0xc0) == 0x80)
            continue;
        return utf8_decode(data + size - back, back, &c) == -1 ? size - back : size;
    }
    return size;
}

bool utf8_has_controls(const char *text)
{
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        if (*c < 0x20 || *c == 0x7f || (*c == 0xc2 && c[1] >= 0x80 && c[1] < 0xa0))
            return true;
    }
    return false;
}
