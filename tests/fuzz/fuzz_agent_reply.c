/* SPDX-License-Identifier: MIT */
/* Any bytes as what an ssh-agent sends: cut into messages, each read as a listing and as a
 * signature; what is accepted must be, byte for byte, what a well-formed message holds. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "net/agent_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CAP = 1 << 20 };

static void expect(bool is_so)
{
    if (!is_so)
        abort();
}

/* Does the buffer hold exactly the message? Releases it. */
static void expect_same(struct buf *b, struct wire message)
{
    expect(!b->failed && b->size == message.left && memcmp(b->data, message.at, b->size) == 0);
    buf_release(b);
}

/* A comment is one line of UTF-8, as long as what was sent. */
static void check_comment(const char *comment, struct wire_string sent)
{
    expect(strlen(comment) == sent.size && utf8_valid_prefix(comment, sent.size) == sent.size);
    for (const char *c = comment; *c; c++)
        expect((unsigned char)*c >= 0x20 && *c != 0x7f);
}

/* What was read, written again with the comments that were sent. */
static void check_keys(struct wire message)
{
    struct arena *arena = arena_new();
    struct agent_keys keys;
    if (agent_message_read_keys(message, arena, &keys) == AGENT_REPLY_GOOD) {
        struct buf again;
        struct wire w = message;
        buf_init(&again, CAP);
        buf_add_char(&again, (char)wire_byte(&w));
        wire_add_u32(&again, (uint32_t)keys.count);
        expect(wire_u32(&w) == keys.count);
        for (size_t i = 0; i < keys.count; i++) {
            wire_string(&w);
            struct wire_string comment = wire_string(&w);
            check_comment(keys.items[i].comment, comment);
            wire_add_string(&again, keys.items[i].blob, keys.items[i].size);
            wire_add_string(&again, comment.data, comment.size);
        }
        expect_same(&again, message);
    }
    arena_free(arena);
}

/* What was read, wrapped again. */
static void check_signature(struct wire message)
{
    struct agent_message_signature s;
    if (agent_message_read_signature(message, &s) != AGENT_REPLY_GOOD)
        return;
    bool is_whole = s.algorithm.size > 3 && memcmp(s.algorithm.data, "sk-", 3) == 0;
    struct buf again;
    buf_init(&again, CAP);
    buf_add_char(&again, 14);
    wire_add_u32(&again, (uint32_t)(4 + s.algorithm.size + (is_whole ? 0 : 4) + s.data.size));
    wire_add_string(&again, s.algorithm.data, s.algorithm.size);
    if (!is_whole)
        wire_add_u32(&again, (uint32_t)s.data.size);
    buf_add(&again, s.data.data, s.data.size);
    expect_same(&again, message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf in;
    struct wire message;
    buf_init(&in, CAP);
    if (!buf_add(&in, data, size))
        return 0;
    while (agent_message_next(&in, &message) == AGENT_FRAME_WHOLE) {
        expect(message.left > 0 && message.left <= AGENT_MESSAGE_MAX);
        check_keys(message);
        check_signature(message);
        buf_consume(&in, AGENT_LENGTH_SIZE + message.left);
    }
    buf_release(&in);
    return 0;
}
