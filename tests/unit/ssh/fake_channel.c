/* SPDX-License-Identifier: MIT */
/* The channels of the fake libssh2. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "fake_libssh2_private.h"
#include "ssh/ssh_features.h"

enum { WINDOW = 2 * 1024 * 1024, ADJUST_AT = 64 * 1024, MOST_BYTES = 64 << 20 };

/* --- What the server says --------------------------------------------------------------------- */

/* Makes and frees a packet as libssh2 does: session memory watches for these two. */
static void pass_packet(LIBSSH2_CHANNEL *c, unsigned char type, const char *name)
{
    LIBSSH2_SESSION *s = c->session;
    size_t name_size = strlen(name);
    size_t size = 14 + name_size;
    unsigned char *packet = s->alloc(size, &s->abstract);
    memset(packet, 0, size);
    packet[0] = type;
    packet[4] = (unsigned char)c->id;
    packet[8] = (unsigned char)name_size;
    memcpy(packet + 9, name, name_size);
    s->free(packet, &s->abstract);
}

/* "exit-status" and "exit-signal" have come. */
static void take_end(LIBSSH2_CHANNEL *c, char kind, const char *data, size_t size)
{
    char text[32];
    snprintf(text, sizeof text, "%.*s", (int)size, data);
    if (kind == 'S') {
        c->exit_status = atoi(text);
        pass_packet(c, 98, "exit-status");
    } else {
        snprintf(c->signal, sizeof c->signal, "%s", text);
        pass_packet(c, 98, "exit-signal");
    }
}

static LIBSSH2_CHANNEL *find_channel(LIBSSH2_SESSION *s, uint32_t id)
{
    for (size_t i = 0; i < MOST_CHANNELS; i++) {
        if (s->channels[i] && s->channels[i]->id == id)
            return s->channels[i];
    }
    return NULL;
}

void fake_channel_frame(LIBSSH2_SESSION *s, char kind, uint32_t channel, const char *data,
                        size_t size)
{
    LIBSSH2_CHANNEL *c = find_channel(s, channel);
    if (!c)
        return; /* as libssh2 does: nobody's packet */
    if (kind == 'K') {
        c->is_open = true;
        pass_packet(c, 91, "");
    } else if (kind == 'N') {
        c->is_refused = true;
    } else if (kind == '+' || kind == '-') {
        c->reply = kind;
    } else if (kind == 'o' || kind == 'e') {
        buf_add(&c->data[kind == 'e'], data, size);
    } else if (kind == 'F') {
        c->remote_eof = true;
    } else if (kind == 'S' || kind == 'G') {
        take_end(c, kind, data, size);
    } else if (kind == 'C') {
        c->remote_eof = true;
        c->remote_close = true;
    } else {
        c->window += (size_t)atoi(data);
    }
}

/* --- Opening ---------------------------------------------------------------------------------- */

static LIBSSH2_CHANNEL *add_channel(LIBSSH2_SESSION *s)
{
    LIBSSH2_CHANNEL *c = xcalloc(1, sizeof *c);
    c->session = s;
    c->id = s->next_channel++;
    c->window = WINDOW;
    buf_init(&c->data[0], MOST_BYTES);
    buf_init(&c->data[1], MOST_BYTES);
    for (size_t i = 0; i < MOST_CHANNELS; i++) {
        if (s->channels[i])
            continue;
        s->channels[i] = c;
        return c;
    }
    cr_assert_fail("too many channels");
    return NULL;
}

void fake_channel_drop(LIBSSH2_CHANNEL *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < MOST_CHANNELS; i++) {
        if (c->session->channels[i] == c)
            c->session->channels[i] = NULL;
    }
    buf_release(&c->data[0]);
    buf_release(&c->data[1]);
    free(c);
}

LIBSSH2_CHANNEL *libssh2_channel_open_ex(LIBSSH2_SESSION *s, const char *channel_type,
                                         unsigned int channel_type_len, unsigned int window_size,
                                         unsigned int packet_size, const char *message,
                                         unsigned int message_len)
{
    (void)channel_type_len;
    (void)message;
    (void)message_len;
    cr_assert_str_eq(channel_type, "session");
    cr_assert_eq(packet_size, 32 * 1024, "law 5");
    int scripted = fake_next(FAKE_OPEN);
    if (scripted != FAKE_GOOD) {
        fake_scripted(s, scripted);
        return NULL;
    }
    int rc = 0;
    if (!s->opening) {
        s->opening = add_channel(s);
        s->opening->own_window = window_size;
        fake_note("open", s->opening->id);
        rc = fake_send(s, 'O', s->opening->id, NULL, 0);
    }
    LIBSSH2_CHANNEL *c = s->opening;
    if (!rc)
        rc = fake_pump(s);
    if (c->is_refused)
        rc = fake_fail(s, LIBSSH2_ERROR_CHANNEL_FAILURE);
    if (!c->is_open && rc == LIBSSH2_ERROR_EAGAIN)
        return NULL;
    s->opening = NULL;
    if (c->is_open)
        return c;
    fake_channel_drop(c);
    return NULL;
}

int libssh2_channel_process_startup(LIBSSH2_CHANNEL *c, const char *request,
                                    unsigned int request_len, const char *message,
                                    unsigned int message_len)
{
    bool is_exec = strcmp(request, "exec") == 0;
    cr_assert_eq(request_len, strlen(request));
    cr_assert(is_exec || strcmp(request, "subsystem") == 0);
    cr_assert_eq(c->own_window, (is_exec ? 256 : 2048) * 1024, "law 5");
    int scripted = fake_next(FAKE_STARTUP);
    if (scripted != FAKE_GOOD)
        return fake_scripted(c->session, scripted);
    char kind = is_exec ? 'X' : 'Y';
    int rc = c->was_requested ? 0 : fake_send(c->session, kind, c->id, message, message_len);
    if (rc)
        return rc;
    if (!c->was_requested)
        fake_note(request, c->id);
    c->was_requested = true;
    rc = fake_pump(c->session);
    if (c->reply == '+')
        return 0;
    return fake_fail(c->session, c->reply ? LIBSSH2_ERROR_CHANNEL_REQUEST_DENIED : rc);
}

/* --- Data ------------------------------------------------------------------------------------- */

/* Gives the server more window, as libssh2 does before it reads. */
static int adjust_window(LIBSSH2_CHANNEL *c)
{
    if (c->consumed < ADJUST_AT || c->remote_close)
        return 0;
    c->consumed = 0;
    return fake_send(c->session, 'A', c->id, NULL, 0);
}

ssize_t libssh2_channel_read_ex(LIBSSH2_CHANNEL *c, int stream_id, char *data, size_t size)
{
    LIBSSH2_SESSION *s = c->session;
    struct buf *from = &c->data[stream_id == SSH_EXTENDED_DATA_STDERR];
    int scripted = fake_next(stream_id ? FAKE_READ_STDERR : FAKE_READ_STDOUT);
    if (scripted != FAKE_GOOD)
        return fake_scripted(s, scripted);
    int rc = adjust_window(c);
    if (!rc)
        rc = fake_pump(s);
    if (rc != LIBSSH2_ERROR_EAGAIN)
        return rc; /* before anything that waits is handed out */
    size_t n = from->size < size ? from->size : size;
    if (n == 0)
        return c->remote_eof ? 0 : fake_fail(s, LIBSSH2_ERROR_EAGAIN);
    memcpy(data, from->data, n);
    buf_consume(from, n);
    c->consumed += n;
    return (ssize_t)n;
}

int libssh2_channel_eof(LIBSSH2_CHANNEL *c)
{
    return c->remote_eof && c->data[0].size == 0 && c->data[1].size == 0;
}

unsigned long libssh2_channel_window_write_ex(LIBSSH2_CHANNEL *c,
                                              unsigned long *window_size_initial)
{
    (void)window_size_initial;
    return c->window;
}

ssize_t libssh2_channel_write_ex(LIBSSH2_CHANNEL *c, int stream_id, const char *data, size_t size)
{
    LIBSSH2_SESSION *s = c->session;
    (void)stream_id;
    int scripted = fake_next(FAKE_WRITE);
    if (scripted <= 0)
        return fake_scripted(s, scripted);
    if (c->local_eof)
        return fake_fail(s, LIBSSH2_ERROR_CHANNEL_EOF_SENT);
    int rc = fake_pump(s);
    if (rc != LIBSSH2_ERROR_EAGAIN)
        return rc;
    if (c->remote_close)
        return fake_fail(s, LIBSSH2_ERROR_CHANNEL_CLOSED);
    if (size > c->window)
        size = c->window;
    if (size > PACKET_DATA)
        size = PACKET_DATA;
    if (scripted != FAKE_GOOD && size > (size_t)scripted)
        size = (size_t)scripted;
    rc = size ? fake_send(s, 'd', c->id, data, size) : 0;
    if (rc)
        return rc;
    c->window -= size;
    return (ssize_t)size;
}

int libssh2_channel_send_eof(LIBSSH2_CHANNEL *c)
{
    int scripted = fake_next(FAKE_SEND_EOF);
    if (scripted != FAKE_GOOD)
        return fake_scripted(c->session, scripted);
    cr_assert_not(c->local_eof, "a second end of file");
    c->local_eof = true;
    return fake_send(c->session, 'F', c->id, NULL, 0);
}

/* --- The end ---------------------------------------------------------------------------------- */

int libssh2_channel_wait_closed(LIBSSH2_CHANNEL *c)
{
    int scripted = fake_next(FAKE_WAIT_CLOSED);
    if (scripted != FAKE_GOOD)
        return fake_scripted(c->session, scripted);
    if (!c->remote_eof)
        return fake_fail(c->session, LIBSSH2_ERROR_INVAL);
    if (c->remote_close)
        return 0;
    int rc = fake_pump(c->session);
    return c->remote_close ? 0 : rc;
}

int libssh2_channel_get_exit_signal(LIBSSH2_CHANNEL *c, char **name, size_t *name_len,
                                    char **message, size_t *message_len, char **language,
                                    size_t *language_len)
{
    cr_assert(!message && !message_len && !language && !language_len);
    *name = NULL;
    *name_len = strlen(c->signal);
    if (*name_len) {
        *name = c->session->alloc(*name_len + 1, &c->session->abstract);
        memcpy(*name, c->signal, *name_len + 1);
    }
    return 0;
}

int libssh2_channel_get_exit_status(LIBSSH2_CHANNEL *c)
{
    return c->exit_status;
}

int libssh2_channel_free(LIBSSH2_CHANNEL *c)
{
    int scripted = fake_next(FAKE_CHANNEL_FREE);
    if (scripted != FAKE_GOOD)
        return fake_scripted(c->session, scripted);
    fake_note("free", c->id);
    int rc = 0;
    if (!c->local_close) {
        c->local_close = true;
        rc = fake_send(c->session, 'C', c->id, NULL, 0);
    }
    if (!rc && !c->remote_close)
        rc = fake_pump(c->session);
    if (rc == LIBSSH2_ERROR_EAGAIN && !c->remote_close)
        return rc;
    fake_channel_drop(c);
    return 0;
}

/* --- Signals (ssh/ssh_features.h) ------------------------------------------------------------- */

struct ssh_features ssh_features_get(void)
{
    return (struct ssh_features){ .version = "1.10.0", .signal = fake_ssh2.can_signal };
}

void ssh_features_channel_signal(LIBSSH2_CHANNEL *c, const char *name)
{
    cr_assert(fake_ssh2.can_signal);
    fake_next(FAKE_SIGNAL);
    fake_send(c->session, 'T', c->id, name, strlen(name));
}
