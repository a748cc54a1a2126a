/* SPDX-License-Identifier: MIT */
/*
 * The messages of an ssh-agent (draft-miller-ssh-agent, sections 3 and 4): requests written,
 * replies read. Pure functions; everything an agent sends is checked to the last byte.
 */
#ifndef MUSTER_NET_AGENT_MESSAGE_H
#define MUSTER_NET_AGENT_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/wire.h"
#include "net/agent.h"

/* The longest message either side may send, as in OpenSSH. */
#define AGENT_MESSAGE_MAX (256 * 1024)

/* The bytes of a message's own length in front of it. */
#define AGENT_LENGTH_SIZE 4

enum agent_framing { AGENT_FRAME_PARTIAL, AGENT_FRAME_WHOLE, AGENT_FRAME_BAD };

/* Looks at the first message in `in`. Where it is whole, `ret` reads it, without its length. BAD:
 * it claims to be empty or longer than AGENT_MESSAGE_MAX. */
enum agent_framing agent_message_next(const struct buf *in, struct wire *ret);

/* Each appends a request. False, and `out` as before, where the message would be longer than
 * AGENT_MESSAGE_MAX or `out` may not grow that much. */
bool agent_message_add_list(struct buf *out);
bool agent_message_add_sign(struct buf *out, const struct agent_sign *what);

/* BAD: of another type, cut short, or with bytes behind its end. */
enum agent_reply { AGENT_REPLY_BAD, AGENT_REPLY_REFUSED, AGENT_REPLY_GOOD };

struct agent_keys {
    const struct agent_key *items; /* NULL where count is 0 */
    size_t count;
};

/* Reads the reply to a listing. `ret` is set where it is GOOD; its memory is the arena's. */
enum agent_reply agent_message_read_keys(struct wire message, struct arena *arena,
                                         struct agent_keys *ret);

/* A signature inside the message that was read. */
struct agent_message_signature {
    struct wire_string algorithm;
    struct wire_string data; /* see agent_message_read_signature() */
};

/* Reads the reply to a signing request. `ret` is set where it is GOOD. `data` is the signature
 * without any wrapper; of a security key's ("sk-...": PROTOCOL.u2f) the signature with its length,
 * the flags and the counter, which belong together. */
enum agent_reply agent_message_read_signature(struct wire message,
                                              struct agent_message_signature *ret);

#endif
