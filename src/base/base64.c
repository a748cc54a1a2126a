/* SPDX-License-Identifier: MIT */
#include "base/base64.h"

#include <stdint.h>

/* The value of one digit, or -1. */
static int digit_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+')
        return 62;
    return c == '/' ? 63 : -1;
}

/* Decodes a group of which the first `digits` are no padding; returns how many bytes, or -1. */
static int decode_group(const char *text, size_t digits, char to[static 3])
{
    uint32_t group = 0;
    for (size_t i = 0; i < 4; i++) {
        int value = i < digits ? digit_value(text[i]) : 0;
        if (value < 0)
            return -1;
        group = group << 6 | (uint32_t)value;
    }
    uint32_t unused = digits == 4 ? 0 : digits == 3 ? 0xff : 0xffff;
    if (group & unused)
        return -1;
    to[0] = (char)(group >> 16);
    to[1] = (char)(group >> 8 & 0xff);
    to[2] = (char)(group & 0xff);
    return (int)digits - 1;
}

/* Digits before the padding at the end. */
static size_t count_digits(const char *text, size_t size)
{
    if (size > 0 && text[size - 1] == '=')
        size--;
    if (size > 0 && text[size - 1] == '=')
        size--;
    return size;
}

bool base64_decode(struct buf *out, const char *text, size_t size)
{
    size_t before = out->size;
    size_t digits = count_digits(text, size);
    if (size % 4 != 0)
        return false;
    for (size_t at = 0; at < size; at += 4) {
        char bytes[3];
        int count = decode_group(text + at, digits - at < 4 ? digits - at : 4, bytes);
        if (count < 0 || !buf_add(out, bytes, (size_t)count)) {
            buf_truncate(out, before);
            return false;
        }
    }
    return true;
}

/* The four digits of one to three bytes (RFC 4648). */
static void encode_group(char *to, const unsigned char *from, size_t count)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    unsigned second = count > 1 ? from[1] : 0;
    unsigned third = count > 2 ? from[2] : 0;
    unsigned group = (unsigned)from[0] << 16 | second << 8 | third;
    to[0] = digits[group >> 18];
    to[1] = digits[group >> 12 & 63];
    to[2] = count > 1 ? digits[group >> 6 & 63] : '=';
    to[3] = count > 2 ? digits[group & 63] : '=';
}

bool base64_encode(struct buf *out, const void *data, size_t size)
{
    size_t length = (size / 3 + (size % 3 != 0)) * 4;
    char *to = buf_reserve(out, length);
    if (!to)
        return false;
    const unsigned char *from = data;
    for (size_t i = 0, o = 0; i < size; i += 3, o += 4)
        encode_group(to + o, from + i, size - i < 3 ? size - i : 3);
    buf_commit(out, length);
    return true;
}
