/* SPDX-License-Identifier: MIT */
/* What the files of the fake libssh2 share. */
#ifndef MUSTER_TESTS_FAKE_LIBSSH2_PRIVATE_H
#define MUSTER_TESTS_FAKE_LIBSSH2_PRIVATE_H

#include <libssh2.h>
#include <stdint.h>

#include "base/buf.h"
#include "fake_libssh2.h"

enum { MOST_CHANNELS = 16, PACKET_DATA = 32 * 1024 };

struct _LIBSSH2_CHANNEL {
    LIBSSH2_SESSION *session;
    uint32_t id;
    bool is_open;    /* the server confirmed it */
    bool is_refused; /* ... or not */
    bool was_requested;
    int reply; /* '+' or '-', 0 while none came */
    bool remote_eof;
    bool remote_close;
    bool local_eof;
    bool local_close;
    size_t own_window; /* what the client opened it with */
    size_t window;     /* what the server takes */
    size_t consumed;   /* read since the window was last adjusted */
    struct buf data[2];
    int exit_status;
    char signal[32];
};

struct _LIBSSH2_SESSION {
    void *abstract;
    LIBSSH2_ALLOC_FUNC((*alloc));
    LIBSSH2_FREE_FUNC((*free));
    LIBSSH2_RECV_FUNC((*recv));
    LIBSSH2_SEND_FUNC((*send));
    LIBSSH2_DISCONNECT_FUNC((*disconnected));
    LIBSSH2_DEBUG_FUNC((*debug));
    int last_errno;
    const char *last_text;
    bool is_authenticated;
    bool is_disconnected;
    bool has_sent_version;
    int handshake_step;
    struct buf in; /* frames that are not whole yet */
    char *host_key;
    size_t host_key_size;
    char *methods;
    LIBSSH2_CHANNEL *channels[MOST_CHANNELS];
    uint32_t next_channel;
    LIBSSH2_CHANNEL *opening;
};

/* Sends a frame; what the send callback says. */
int fake_send(LIBSSH2_SESSION *s, char kind, uint32_t channel, const void *data, size_t size);

/* fake_channel.c: a frame for a channel has come. */
void fake_channel_frame(LIBSSH2_SESSION *s, char kind, uint32_t channel, const char *data,
                        size_t size);
void fake_channel_drop(LIBSSH2_CHANNEL *c);

void fake_note(const char *what, uint32_t channel);

#endif
