/* SPDX-License-Identifier: MIT */
#include "base/json_scan.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/utf8.h"

/* Stands for a blanked byte that had no column of its own; parsers take it for white space. */
#define NO_COLUMN '\x01'

struct scanner {
    char *text;
    size_t size;
    size_t at;
    unsigned depth;
    struct json_offsets *offsets;
    const char *name;
    enum error_code code;
    struct error *err;
};

static bool scan_value(struct scanner *s);

size_t json_bom_size(const char *text, size_t size)
{
    return size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

struct json_position json_position(const char *text, size_t offset)
{
    struct json_position p = { .line = 1 };
    const char *line = text + json_bom_size(text, offset);
    const char *end = text + offset;
    for (const char *nl; (nl = memchr(line, '\n', (size_t)(end - line))) != NULL; line = nl + 1)
        p.line++;
    p.column = 1;
    for (; line < end; line++)
        p.column += ((unsigned char)*line & 0xc0) != 0x80 && *line != NO_COLUMN;
    return p;
}

/* Sets the error to "NAME:LINE:COLUMN: what" for the byte at `offset`. Returns false. */
__attribute__((format(printf, 3, 4))) static bool fail(struct scanner *s, size_t offset,
                                                       const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    error_vset(s->err, s->code, fmt, ap);
    va_end(ap);
    struct json_position p = json_position(s->text, offset);
    return error_prefix(s->err, "%s:%zu:%zu", s->name, p.line, p.column);
}

/* Fails at the current byte: "expected WANTED, found X". */
static bool fail_expected(struct scanner *s, const char *wanted)
{
    if (s->at >= s->size)
        return fail(s, s->at, "expected %s, found the end of the file", wanted);
    uint32_t c;
    int length = utf8_decode(s->text + s->at, s->size - s->at, &c);
    if (c < 0x20 || (c >= 0x7f && c < 0xa0))
        return fail(s, s->at, "expected %s, found the control character U+%04X", wanted,
                    (unsigned)c);
    return fail(s, s->at, "expected %s, found '%.*s'", wanted, length, s->text + s->at);
}

/* The byte at the current place; NUL at the end, which no text contains. */
static char peek(const struct scanner *s)
{
    return s->text[s->at];
}

/* Overwrites [from, to) with white space, keeping lines and columns. */
static void blank(struct scanner *s, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        if (((unsigned char)s->text[i] & 0xc0) == 0x80)
            s->text[i] = NO_COLUMN;
        else if (s->text[i] != '\n')
            s->text[i] = ' ';
    }
}

/* Blanks the comment that begins here. */
static bool skip_comment(struct scanner *s)
{
    size_t start = s->at;
    const char *end = NULL;
    if (s->text[start + 1] == '/') {
        end = strchr(s->text + start, '\n');
        if (!end)
            end = s->text + s->size;
    } else if (s->text[start + 1] == '*') {
        end = strstr(s->text + start + 2, "*/");
        if (!end)
            return fail(s, start, "the comment is not closed");
        end += 2;
    }
    if (!end)
        return fail(s, start, "unexpected '/' (a comment begins with // or /*)");
    s->at = (size_t)(end - s->text);
    blank(s, start, s->at);
    return true;
}

/* Skips white space and comments. */
static bool skip_space(struct scanner *s)
{
    for (;;) {
        s->at += strspn(s->text + s->at, " \t\r\n");
        if (peek(s) != '/')
            return true;
        if (!skip_comment(s))
            return false;
    }
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* Reads "\uXXXX" at `at`; -1 where it is something else. */
static long read_unit(const char *at)
{
    if (at[0] != '\\' || at[1] != 'u')
        return -1;
    long unit = 0;
    for (int i = 2; i < 6; i++) {
        int digit = hex_digit(at[i]);
        if (digit < 0)
            return -1;
        unit = unit * 16 + digit;
    }
    return unit;
}

/* Skips one \uXXXX, or the two that make a character above U+FFFF. */
static bool scan_unicode_escape(struct scanner *s)
{
    long unit = read_unit(s->text + s->at);
    if (unit < 0)
        return fail(s, s->at, "\\u needs four hexadecimal digits");
    if (unit == 0)
        return fail(s, s->at, "\\u0000 (NUL) is not allowed");
    size_t start = s->at;
    s->at += 6;
    if (unit < 0xd800 || unit > 0xdfff)
        return true;
    long low = read_unit(s->text + s->at);
    if (unit > 0xdbff || low < 0xdc00 || low > 0xdfff)
        return fail(s, start, "\\u%04lx is half of a surrogate pair", (unsigned long)unit);
    s->at += 6;
    return true;
}

static bool scan_escape(struct scanner *s)
{
    char c = s->text[s->at + 1];
    if (c == 'u')
        return scan_unicode_escape(s);
    if (c == '\0' || !strchr("\"\\/bfnrt", c))
        return fail(s, s->at, "unknown escape in a string (a backslash is written \\\\)");
    s->at += 2;
    return true;
}

static bool scan_string(struct scanner *s)
{
    size_t start = s->at++;
    for (;;) {
        unsigned char c = (unsigned char)peek(s);
        if (c == '"')
            break;
        if (s->at >= s->size || c == '\n')
            return fail(s, start, "the string is not closed on its line");
        if (c < 0x20)
            return fail(s, s->at, "a control character in a string is written \\u%04x",
                        (unsigned)c);
        if (c == '\\') {
            if (!scan_escape(s))
                return false;
        } else {
            s->at++;
        }
    }
    s->at++;
    return true;
}

/* Skips digits; false where there is none. */
static bool skip_digits(struct scanner *s)
{
    size_t count = strspn(s->text + s->at, "0123456789");
    s->at += count;
    return count > 0;
}

/* Skips a number's fraction and exponent, where there are any. */
static bool scan_number_tail(struct scanner *s)
{
    if (peek(s) == '.') {
        s->at++;
        if (!skip_digits(s))
            return fail_expected(s, "a digit after the decimal point");
    }
    if (peek(s) == 'e' || peek(s) == 'E') {
        s->at++;
        if (peek(s) == '+' || peek(s) == '-')
            s->at++;
        if (!skip_digits(s))
            return fail_expected(s, "a digit in the exponent");
    }
    return true;
}

static bool scan_number(struct scanner *s)
{
    size_t start = s->at;
    if (peek(s) == '-')
        s->at++;
    bool zero = peek(s) == '0';
    if (!skip_digits(s))
        return fail_expected(s, "a digit");
    if (zero && s->at - start > (s->text[start] == '-' ? 2u : 1u))
        return fail(s, start, "a number does not begin with 0 (quote it to make it a string)");
    if (!scan_number_tail(s))
        return false;
    if (s->at - start > JSON_NUMBER_MAX)
        return fail(s, start, "a number of more than %d characters", JSON_NUMBER_MAX);
    return true;
}

/* Skips true, false or null. */
static bool scan_word(struct scanner *s)
{
    static const char *const words[] = { "true", "false", "null" };
    const char *start = s->text + s->at;
    size_t length =
        strspn(start, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strlen(words[i]) == length && strncmp(words[i], start, length) == 0) {
            s->at += length;
            return true;
        }
    }
    if (length == 0)
        return fail_expected(s, "a value");
    return fail(s, s->at, "unknown word '%.*s' (a string needs double quotes)",
                length > 40 ? 40 : (int)length, start);
}

/* After an element: a comma, or `close`. Sets `ret_more`; blanks a trailing comma. */
static bool scan_separator(struct scanner *s, size_t open, bool *ret_more)
{
    char close = s->text[open] == '{' ? '}' : ']';
    if (!skip_space(s))
        return false;
    if (s->at >= s->size) {
        struct json_position p = json_position(s->text, open);
        return fail(s, s->at, "the file ends before the '%c' of %zu:%zu is closed", s->text[open],
                    p.line, p.column);
    }
    size_t comma = s->at;
    *ret_more = peek(s) == ',';
    if (!*ret_more && peek(s) != close)
        return fail_expected(s, close == '}' ? "',' or '}'" : "',' or ']'");
    s->at++;
    if (!*ret_more)
        return true;
    if (!skip_space(s))
        return false;
    if (peek(s) != close)
        return true;
    blank(s, comma, comma + 1);
    *ret_more = false;
    s->at++;
    return true;
}

/* Skips "key": and the space after it. */
static bool scan_key(struct scanner *s)
{
    if (peek(s) != '"')
        return fail_expected(s, "a key in double quotes");
    if (!scan_string(s) || !skip_space(s))
        return false;
    if (peek(s) != ':')
        return fail_expected(s, "':' after the key");
    s->at++;
    return skip_space(s);
}

/* Skips an object or array whose bracket is the current byte. */
static bool scan_container(struct scanner *s)
{
    size_t open = s->at++;
    bool is_object = s->text[open] == '{';
    if (++s->depth > JSON_DEPTH_MAX)
        return fail(s, open, "nested more than %d deep", JSON_DEPTH_MAX);
    if (!skip_space(s))
        return false;
    bool more = peek(s) != (is_object ? '}' : ']');
    if (!more)
        s->at++;
    while (more) {
        if (is_object && s->at < s->size && !scan_key(s))
            return false;
        if (s->at < s->size && !scan_value(s))
            return false;
        if (!scan_separator(s, open, &more))
            return false;
    }
    s->depth--;
    return true;
}

/* Notes where a value begins. */
static void note_offset(struct scanner *s)
{
    struct json_offsets *o = s->offsets;
    if (o->count == o->room) {
        o->room = o->room ? o->room * 2 : 64;
        o->items = xrealloc_array(o->items, o->room, sizeof *o->items);
    }
    o->items[o->count++] = (uint32_t)s->at;
}

static bool scan_value(struct scanner *s)
{
    note_offset(s);
    char c = peek(s);
    if (c == '{' || c == '[')
        return scan_container(s);
    if (c == '"')
        return scan_string(s);
    if (c == '-' || (c >= '0' && c <= '9'))
        return scan_number(s);
    return scan_word(s);
}

/* What concerns the bytes, before any grammar. */
static bool check_bytes(struct scanner *s)
{
    const char *nul = memchr(s->text, '\0', s->size);
    if (nul)
        return fail(s, (size_t)(nul - s->text), "a NUL byte: this is not a JSON text");
    size_t valid = utf8_valid_prefix(s->text, s->size);
    if (valid < s->size)
        return fail(s, valid, "byte 0x%02x is not valid UTF-8", (unsigned char)s->text[valid]);
    return true;
}

bool json_scan(const struct json_text *text, struct json_offsets *offsets, struct error *reterr)
{
    struct scanner s = {
        .text = text->text,
        .size = text->size,
        .offsets = offsets,
        .name = text->name,
        .code = text->code,
        .err = reterr,
    };
    if (s.size > JSON_SIZE_MAX)
        return error_set(reterr, s.code, "%s: too large", s.name);
    if (!check_bytes(&s))
        return false;
    s.at = json_bom_size(s.text, s.size);
    if (!skip_space(&s))
        return false;
    if (s.at == s.size)
        return fail(&s, s.at, "the file is empty");
    if (!scan_value(&s) || !skip_space(&s))
        return false;
    if (s.at < s.size)
        return fail_expected(&s, "the end of the file");
    return true;
}
