/* SPDX-License-Identifier: MIT */
/*
 * The other end of an SFTP client's channel: takes the client's requests out of what it sent, one
 * after the other, and answers as the test says. There is one at a time, on one channel.
 */
#ifndef MUSTER_TESTS_SFTP_PEER_H
#define MUSTER_TESTS_SFTP_PEER_H

#include "rig.h"
#include "ssh/sftp_message.h"

struct peer_request {
    enum sftp_type type; /* SFTP_POSIX_RENAME, too */
    uint32_t id;         /* of INIT: the version */
    const char *path;    /* "" where there is none, as all below */
    const char *target;
    const char *handle;
    uint64_t offset;
    uint32_t size;
    const char *data;
    uint32_t flags;
    struct sftp_attributes attributes;
};

/* From now on: the channel with this number, and what is sent on it. */
void peer_listen(int channel);
void peer_release(void);

/* The next request; false where none has come whole. Its texts live until the next call. */
bool peer_next(struct peer_request *ret);

/* The next request has this type (and path or handle, where `what` is not NULL). */
struct peer_request peer_expect(enum sftp_type type, const char *what);
void peer_expect_none(void);

/* Bytes on the channel. */
void peer_sends(const void *data, size_t size);

/* Answers: built into `out`, with the length in front. */
void peer_add_version(struct buf *out, uint32_t version, bool can_replace);
void peer_add_status(struct buf *out, uint32_t id, uint32_t code, const char *words);
void peer_add_handle(struct buf *out, uint32_t id, const char *handle);
void peer_add_data(struct buf *out, uint32_t id, const void *data, size_t size);
void peer_add_attrs(struct buf *out, uint32_t id, const struct sftp_attributes *attributes);

/* A NAME with this many, appended by peer_add_name(); peer_end_names() sets its length. */
size_t peer_begin_names(struct buf *out, uint32_t id, uint32_t count);
void peer_add_name(struct buf *out, const char *name, const struct sftp_attributes *attributes);
void peer_end_names(struct buf *out, size_t start);

/* The same, sent. */
void peer_version(uint32_t version, bool can_replace);
void peer_status(uint32_t id, uint32_t code, const char *words);
void peer_handle(uint32_t id, const char *handle);
void peer_data(uint32_t id, const void *data, size_t size);
void peer_attrs(uint32_t id, const struct sftp_attributes *attributes);

/* The channel `n` of a client that waits for it is opened, the subsystem started, the greeting
 * answered; settles. */
void peer_accept(struct rig *r, int channel, bool can_replace);

#endif
