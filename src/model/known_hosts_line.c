/* SPDX-License-Identifier: MIT */
#include "model/known_hosts_line.h"

#include <ctype.h>
#include <stdint.h>
#include <string.h>

#include "base/base64.h"

/* OpenSSH's match_pattern_list() gives a list up that holds a longer name. */
enum { NAME_MAX_SIZE = 1022 };

/* A run of bytes inside the line. */
struct span {
    const char *at;
    size_t size;
};

/* What separates fields. */
static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Takes the next field off the front of `line`; size 0 at its end. */
static struct span take_field(struct span *line)
{
    while (line->size > 0 && is_blank(*line->at)) {
        line->at++;
        line->size--;
    }
    struct span field = { line->at, 0 };
    while (field.size < line->size && !is_blank(field.at[field.size]))
        field.size++;
    line->at += field.size;
    line->size -= field.size;
    return field;
}

/* Is the field exactly `text`? */
static bool field_is(struct span field, const char *text)
{
    return field.size == strlen(text) && memcmp(field.at, text, field.size) == 0;
}

/* Decodes base64 as OpenSSH does: white space such as a carriage return does not count. */
static bool decode_key(struct span field, struct buf *blob)
{
    struct buf digits;
    buf_init(&digits, field.size);
    for (size_t i = 0; i < field.size; i++) {
        if (!isspace((unsigned char)field.at[i]))
            buf_add_char(&digits, field.at[i]);
    }
    buf_clear(blob);
    bool done = !digits.failed && base64_decode(blob, buf_str(&digits), digits.size);
    buf_release(&digits);
    return done;
}

/* Decodes base64 that stands for exactly one hash. */
static bool decode_hash(const char *text, size_t size, unsigned char ret[SHA1_SIZE])
{
    struct buf bytes;
    buf_init(&bytes, SHA1_SIZE);
    bool done = base64_decode(&bytes, text, size) && bytes.size == SHA1_SIZE;
    if (done)
        memcpy(ret, bytes.data, SHA1_SIZE);
    buf_release(&bytes);
    return done;
}

/* Reads |1|salt|hash. */
static bool parse_hash(struct span field, struct known_hosts_line *ret)
{
    static const char magic[] = "|1|";
    size_t skip = sizeof magic - 1;
    if (field.size < skip || memcmp(field.at, magic, skip) != 0)
        return false;
    const char *salt = field.at + skip;
    const char *end = field.at + field.size;
    const char *bar = memchr(salt, '|', (size_t)(end - salt));
    return bar && decode_hash(salt, (size_t)(bar - salt), ret->salt) &&
           decode_hash(bar + 1, (size_t)(end - bar - 1), ret->hash);
}

/* Is any name of the list too long to be looked at? */
static bool has_long_name(struct span names)
{
    size_t size = 0;
    for (size_t i = 0; i < names.size; i++) {
        size = names.at[i] == ',' ? 0 : size + 1;
        if (size > NAME_MAX_SIZE)
            return true;
    }
    return false;
}

/* Reads the fields behind the marker; returns NULL, or what is wrong. */
static const char *parse_entry(struct span line, struct known_hosts_line *ret, struct buf *blob)
{
    struct span names = take_field(&line);
    ret->names = names.at;
    ret->names_size = names.size;
    ret->is_hashed = names.size > 0 && *names.at == '|';
    if (ret->is_hashed && !parse_hash(names, ret))
        return "bad hashed name";
    if (!ret->is_hashed && has_long_name(names))
        return "name too long";
    struct span type = take_field(&line);
    struct span key = take_field(&line);
    enum public_key_type named;
    if (key.size == 0)
        return "incomplete";
    if (!public_key_type_from_name(type.at, type.size, &named))
        return "unknown key type";
    if (!decode_key(key, blob) || !public_key_parse(blob->data, blob->size, &ret->type))
        return "bad key";
    return named == ret->type ? NULL : "key of another type than named";
}

/* Takes the marker off the front; false where it is none that is known. */
static bool take_marker(struct span *line, enum known_hosts_marker *ret)
{
    *ret = KNOWN_HOSTS_PLAIN;
    if (line->size == 0 || *line->at != '@')
        return true;
    struct span field = take_field(line);
    if (field_is(field, "@cert-authority"))
        *ret = KNOWN_HOSTS_CA;
    else if (field_is(field, "@revoked"))
        *ret = KNOWN_HOSTS_REVOKE;
    while (line->size > 0 && is_blank(*line->at)) {
        line->at++;
        line->size--;
    }
    return *ret != KNOWN_HOSTS_PLAIN && (line->size == 0 || *line->at != '@');
}

enum known_hosts_line_kind known_hosts_line_parse(const char *text, size_t size,
                                                  struct known_hosts_line *ret, struct buf *blob,
                                                  const char **ret_why)
{
    /* OpenSSH reads lines as strings: what is behind a NUL is not there. */
    struct span line = { text, strnlen(text, size) };
    while (line.size > 0 && (is_blank(*line.at) || *line.at == '\r')) {
        line.at++;
        line.size--;
    }
    if (line.size == 0 || *line.at == '#')
        return KNOWN_HOSTS_LINE_EMPTY;
    *ret_why = "unknown marker";
    if (!take_marker(&line, &ret->marker))
        return KNOWN_HOSTS_LINE_BAD;
    *ret_why = parse_entry(line, ret, blob);
    return *ret_why ? KNOWN_HOSTS_LINE_BAD : KNOWN_HOSTS_LINE_ENTRY;
}

/* Lower case, as the "C" locale has it. */
static char lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

/* Does the pattern, with * and ?, match the whole of `text`? Linear in practice: only the last *
 * is ever taken back. */
static bool glob(struct span pattern, const char *text)
{
    size_t p = 0;
    size_t after_star = SIZE_MAX;
    const char *retry = NULL;
    while (*text || p < pattern.size) {
        if (p < pattern.size && pattern.at[p] == '*') {
            after_star = ++p;
            retry = text;
            continue;
        }
        if (*text && p < pattern.size && (pattern.at[p] == '?' || lower(pattern.at[p]) == *text)) {
            p++;
            text++;
            continue;
        }
        if (!retry || !*retry)
            return false;
        p = after_star;
        text = ++retry;
    }
    return true;
}

bool known_hosts_names_match(const char *names, size_t size, const char *host)
{
    const char *end = names + size;
    bool found = false;
    for (const char *at = names; at < end;) {
        const char *comma = memchr(at, ',', (size_t)(end - at));
        struct span name = { at, (size_t)((comma ? comma : end) - at) };
        bool is_negated = name.size > 0 && *name.at == '!';
        if (is_negated) {
            name.at++;
            name.size--;
        }
        if (glob(name, host)) {
            if (is_negated)
                return false;
            found = true;
        }
        at = comma ? comma + 1 : end;
    }
    return found;
}

bool known_hosts_names_have_pattern(const char *names, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        bool starts = i == 0 || names[i - 1] == ',';
        if (names[i] == '*' || names[i] == '?' || (starts && names[i] == '!'))
            return true;
    }
    return false;
}
