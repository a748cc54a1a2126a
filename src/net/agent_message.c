/* SPDX-License-Identifier: MIT */
#include "net/agent_message.h"

#include <string.h>

#include "base/utf8.h"

enum message_type {
    FAILURE = 5,
    LIST = 11,
    LIST_ANSWER = 12,
    SIGN = 13,
    SIGN_ANSWER = 14,
    FAILURE_SSH2 = 30,     /* what OpenSSH, too, still takes for a failure */
    FAILURE_SSH_COM = 102, /* the same */
};

/* A key in a listing has two lengths at least. */
enum { KEY_SIZE_MIN = 8 };

enum agent_framing agent_message_next(const struct buf *in, struct wire *ret)
{
    struct wire w = wire_reader(in->data, in->size);
    uint32_t size = wire_u32(&w);
    if (w.failed)
        return AGENT_FRAME_PARTIAL;
    if (size == 0 || size > AGENT_MESSAGE_MAX)
        return AGENT_FRAME_BAD;
    struct wire_string body = wire_bytes(&w, size);
    *ret = wire_reader(body.data, body.size);
    return w.failed ? AGENT_FRAME_PARTIAL : AGENT_FRAME_WHOLE;
}

/* Appends length and type of a message, whose contents will take `size` bytes more. */
static bool begin_message(struct buf *out, enum message_type type, size_t size)
{
    size_t whole = AGENT_LENGTH_SIZE + 1 + size;
    if (1 + size > AGENT_MESSAGE_MAX || whole > out->cap - out->size)
        return false;
    wire_add_u32(out, (uint32_t)(1 + size));
    return buf_add_char(out, (char)type);
}

bool agent_message_add_list(struct buf *out)
{
    return begin_message(out, LIST, 0);
}

bool agent_message_add_sign(struct buf *out, const struct agent_sign *what)
{
    if (what->blob_size > AGENT_MESSAGE_MAX || what->data_size > AGENT_MESSAGE_MAX)
        return false;
    if (!begin_message(out, SIGN, 4 + what->blob_size + 4 + what->data_size + 4))
        return false;
    wire_add_string(out, what->blob, what->blob_size);
    wire_add_string(out, what->data, what->data_size);
    wire_add_u32(out, agent_sign_flags(what->algorithm));
    return true;
}

uint32_t agent_sign_flags(const char *algorithm)
{
    if (strcmp(algorithm, "rsa-sha2-256") == 0)
        return AGENT_SIGN_RSA_SHA2_256;
    if (strcmp(algorithm, "rsa-sha2-512") == 0)
        return AGENT_SIGN_RSA_SHA2_512;
    return 0;
}

/* Takes the type off a reply and compares it with the one that was hoped for. */
static enum agent_reply read_type(struct wire *w, enum message_type hoped)
{
    unsigned char type = wire_byte(w);
    if (type == FAILURE || type == FAILURE_SSH2 || type == FAILURE_SSH_COM)
        return AGENT_REPLY_REFUSED;
    return type == hoped ? AGENT_REPLY_GOOD : AGENT_REPLY_BAD;
}

/* Is the character one that may stand in a comment? */
static bool is_printable(uint32_t c)
{
    return c >= 0x20 && (c < 0x7f || c > 0x9f);
}

/* A copy of a comment with "?" for control characters and for what is not UTF-8. */
static const char *copy_comment(struct wire_string comment, struct arena *arena)
{
    char *text = arena_alloc(arena, comment.size + 1);
    memcpy(text, comment.data, comment.size);
    for (size_t at = 0; at < comment.size;) {
        uint32_t c = 0;
        int size = utf8_decode(text + at, comment.size - at, &c);
        size_t step = size > 0 ? (size_t)size : 1;
        if (size <= 0 || !is_printable(c))
            memset(text + at, '?', step);
        at += step;
    }
    return text;
}

/* A copy of bytes. */
static const unsigned char *copy_bytes(struct wire_string s, struct arena *arena)
{
    unsigned char *copy = arena_alloc(arena, s.size + 1);
    memcpy(copy, s.data, s.size);
    return copy;
}

enum agent_reply agent_message_read_keys(struct wire message, struct arena *arena,
                                         struct agent_keys *ret)
{
    enum agent_reply reply = read_type(&message, LIST_ANSWER);
    if (reply != AGENT_REPLY_GOOD)
        return reply;
    uint32_t count = wire_u32(&message);
    if (count > message.left / KEY_SIZE_MIN)
        return AGENT_REPLY_BAD;
    struct agent_key *keys = count ? arena_calloc(arena, count, sizeof *keys) : NULL;
    for (uint32_t i = 0; i < count; i++) {
        struct wire_string blob = wire_string(&message);
        keys[i].blob = copy_bytes(blob, arena);
        keys[i].size = blob.size;
        keys[i].comment = copy_comment(wire_string(&message), arena);
    }
    if (!wire_is_done(&message))
        return AGENT_REPLY_BAD;
    *ret = (struct agent_keys){ .items = keys, .count = count };
    return AGENT_REPLY_GOOD;
}

/* Does the algorithm's signature end with flags and a counter? */
static bool is_security_key(struct wire_string algorithm)
{
    return algorithm.size > 3 && memcmp(algorithm.data, "sk-", 3) == 0;
}

enum agent_reply agent_message_read_signature(struct wire message,
                                              struct agent_message_signature *ret)
{
    enum agent_reply reply = read_type(&message, SIGN_ANSWER);
    if (reply != AGENT_REPLY_GOOD)
        return reply;
    struct wire_string wrapper = wire_string(&message);
    struct wire w = wire_reader(wrapper.data, wrapper.size);
    ret->algorithm = wire_string(&w);
    const unsigned char *behind = w.at;
    size_t left = w.left;
    ret->data = wire_string(&w);
    if (is_security_key(ret->algorithm)) {
        ret->data = (struct wire_string){ .data = behind, .size = left };
        wire_byte(&w);
        wire_u32(&w);
    }
    return wire_is_done(&message) && wire_is_done(&w) ? AGENT_REPLY_GOOD : AGENT_REPLY_BAD;
}
