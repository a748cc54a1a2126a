/* SPDX-License-Identifier: MIT */
/* Any bytes as an agent's answer, to a listing and to a signing request. */
#include <stdint.h>
#include <stdlib.h>

#include "net/agent_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Touches every byte, for the sanitizers. */
static unsigned sum(const unsigned char *data, size_t size)
{
    unsigned total = 0;
    for (size_t i = 0; i < size; i++)
        total += data[i];
    return total;
}

/* Reads one message both ways. */
static void read_message(struct wire message)
{
    struct agent_keys keys;
    struct agent_message_signature s;
    struct arena *arena = arena_new();
    volatile unsigned total = 0;
    if (agent_message_read_keys(message, arena, &keys) == AGENT_REPLY_GOOD) {
        for (size_t i = 0; i < keys.count; i++)
            total +=
                sum(keys.items[i].blob, keys.items[i].size) + (unsigned)keys.items[i].comment[0];
    }
    if (agent_message_read_signature(message, &s) == AGENT_REPLY_GOOD)
        total += sum(s.algorithm.data, s.algorithm.size) + sum(s.data.data, s.data.size);
    arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf in;
    struct wire message;
    buf_init(&in, size);
    buf_add(&in, data, size);
    read_message(wire_reader(data, size));
    while (agent_message_next(&in, &message) == AGENT_FRAME_WHOLE) {
        size_t whole = message.left + AGENT_LENGTH_SIZE;
        read_message(message);
        buf_consume(&in, whole);
    }
    buf_release(&in);
    return 0;
}
