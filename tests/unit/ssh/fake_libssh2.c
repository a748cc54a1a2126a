/* SPDX-License-Identifier: MIT */
#include "fake_libssh2.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "fake_libssh2_private.h"
#include "fake_net.h"

enum { MOST_SCRIPTED = 64, MOST_BYTES = 64 << 20, HEAD = 4 };

struct fake_ssh2 fake_ssh2;

static struct {
    int result;
    int times;
} scripts[FAKE_CALL_COUNT][MOST_SCRIPTED];

/* --- Scripts ---------------------------------------------------------------------------------- */

void fake_script(enum fake_call call, int result, int times)
{
    for (size_t i = 0; i < MOST_SCRIPTED; i++) {
        if (scripts[call][i].times > 0)
            continue;
        scripts[call][i].result = result;
        scripts[call][i].times = times;
        return;
    }
    cr_assert_fail("the script is full");
}

int fake_next(enum fake_call call)
{
    fake_ssh2.calls[call]++;
    int result = scripts[call][0].times > 0 ? scripts[call][0].result : FAKE_GOOD;
    if (scripts[call][0].times > 0 && --scripts[call][0].times == 0) {
        memmove(&scripts[call][0], &scripts[call][1],
                sizeof scripts[call] - sizeof scripts[call][0]);
        scripts[call][MOST_SCRIPTED - 1].times = 0;
    }
    return result;
}

void fake_ssh2_reset(void)
{
    cr_assert_eq(fake_ssh2.sessions, 0, "a libssh2 session was not freed");
    fake_ssh2 = (struct fake_ssh2){ .methods = "publickey,password" };
    memset(scripts, 0, sizeof scripts);
}

void fake_note(const char *what, uint32_t channel)
{
    size_t used = strlen(fake_ssh2.trace);
    snprintf(fake_ssh2.trace + used, sizeof fake_ssh2.trace - used, "%s%u ", what, channel);
}

int fake_scripted(LIBSSH2_SESSION *s, int result)
{
    if (result == LIBSSH2_ERROR_EAGAIN)
        return fake_pump(s);
    return result <= 0 ? fake_fail(s, result) : result;
}

int fake_fail(LIBSSH2_SESSION *s, int code)
{
    s->last_errno = code;
    s->last_text = code == LIBSSH2_ERROR_EAGAIN ? "would block" : "libssh2's words";
    return code;
}

void fake_authenticated(LIBSSH2_SESSION *s)
{
    s->is_authenticated = true;
}

/* --- The wire --------------------------------------------------------------------------------- */

int fake_send(LIBSSH2_SESSION *s, char kind, uint32_t channel, const void *data, size_t size)
{
    unsigned char frame[HEAD + PACKET_DATA];
    cr_assert_leq(size, (size_t)PACKET_DATA);
    frame[0] = (unsigned char)kind;
    frame[1] = (unsigned char)channel;
    frame[2] = (unsigned char)(size >> 8);
    frame[3] = (unsigned char)size;
    if (size)
        memcpy(frame + HEAD, data, size);
    ssize_t sent = s->send(0, frame, HEAD + size, 0, &s->abstract);
    if (sent == -EAGAIN)
        return fake_fail(s, LIBSSH2_ERROR_EAGAIN);
    if (sent < 0)
        return fake_fail(s, LIBSSH2_ERROR_SOCKET_SEND);
    cr_assert_eq((size_t)sent, HEAD + size, "law 1: a send callback takes all");
    return 0;
}

/* A frame of the session itself. */
static void take_frame(LIBSSH2_SESSION *s, char kind, const char *data, size_t size)
{
    if (kind == 'H') {
        s->host_key = s->alloc(size, &s->abstract);
        memcpy(s->host_key, data, size);
        s->host_key_size = size;
    } else if (kind == 'D' && s->debug) {
        s->debug(s, 0, data, (int)size, "", 0, &s->abstract);
    } else if (kind == 'Q') {
        s->is_disconnected = true;
        if (s->disconnected)
            s->disconnected(s, 11, data, (int)size, "", 0, &s->abstract);
    }
}

/* Takes the whole frames out of what came in. */
static void take_frames(LIBSSH2_SESSION *s)
{
    while (s->in.size >= HEAD && !s->is_disconnected) {
        const unsigned char *head = (const unsigned char *)s->in.data;
        size_t size = (size_t)head[2] << 8 | head[3];
        if (s->in.size < HEAD + size)
            return;
        char kind = (char)head[0];
        if (strchr("HDQ", kind))
            take_frame(s, kind, s->in.data + HEAD, size);
        else
            fake_channel_frame(s, kind, head[1], s->in.data + HEAD, size);
        buf_consume(&s->in, HEAD + size);
    }
}

int fake_pump(LIBSSH2_SESSION *s)
{
    static char piece[16 * 1024];
    for (;;) {
        if (s->is_disconnected)
            return fake_fail(s, LIBSSH2_ERROR_SOCKET_DISCONNECT);
        ssize_t got = s->recv(0, piece, sizeof piece, 0, &s->abstract);
        if (got == -EAGAIN)
            return fake_fail(s, LIBSSH2_ERROR_EAGAIN);
        if (got <= 0)
            return fake_fail(s, LIBSSH2_ERROR_SOCKET_RECV);
        cr_assert(buf_add(&s->in, piece, (size_t)got));
        take_frames(s);
    }
}

/* --- The session ------------------------------------------------------------------------------ */

LIBSSH2_SESSION *libssh2_session_init_ex(LIBSSH2_ALLOC_FUNC((*my_alloc)),
                                         LIBSSH2_FREE_FUNC((*my_free)),
                                         LIBSSH2_REALLOC_FUNC((*my_realloc)), void *abstract)
{
    (void)my_realloc;
    if (fake_next(FAKE_INIT) != FAKE_GOOD)
        return NULL;
    LIBSSH2_SESSION *s = my_alloc(sizeof *s, &abstract);
    memset(s, 0, sizeof *s);
    s->abstract = abstract;
    s->alloc = my_alloc;
    s->free = my_free;
    buf_init(&s->in, MOST_BYTES);
    fake_ssh2.sessions++;
    return s;
}

void *libssh2_session_callback_set(LIBSSH2_SESSION *s, int cbtype, void *callback)
{
    if (cbtype == LIBSSH2_CALLBACK_RECV)
        memcpy(&s->recv, &callback, sizeof callback);
    else if (cbtype == LIBSSH2_CALLBACK_SEND)
        memcpy(&s->send, &callback, sizeof callback);
    else if (cbtype == LIBSSH2_CALLBACK_DISCONNECT)
        memcpy(&s->disconnected, &callback, sizeof callback);
    else if (cbtype == LIBSSH2_CALLBACK_DEBUG)
        memcpy(&s->debug, &callback, sizeof callback);
    else
        cr_assert_fail("callback %d", cbtype);
    return NULL;
}

void libssh2_session_set_blocking(LIBSSH2_SESSION *s, int blocking)
{
    (void)s;
    cr_assert_eq(blocking, 0);
}

int libssh2_session_supported_algs(LIBSSH2_SESSION *s, int method_type, const char ***algs)
{
    static const char *const names[] = { "curve25519-sha256",   "ssh-ed25519",
                                         "ecdsa-sha2-nistp256", "aes128-ctr",
                                         "hmac-sha2-256",       "none" };
    (void)method_type;
    *algs = s->alloc(sizeof names, &s->abstract);
    memcpy(*algs, names, sizeof names);
    return sizeof names / sizeof *names;
}

int libssh2_session_method_pref(LIBSSH2_SESSION *s, int method_type, const char *prefs)
{
    (void)method_type;
    int result = fake_next(FAKE_METHOD_PREF);
    cr_assert_neq(*prefs, '\0');
    return result == FAKE_GOOD ? 0 : fake_fail(s, result);
}

void libssh2_free(LIBSSH2_SESSION *s, void *ptr)
{
    s->free(ptr, &s->abstract);
}

const char *libssh2_version(int req_version_num)
{
    (void)req_version_num;
    return "1.10.0";
}

int libssh2_session_last_errno(LIBSSH2_SESSION *s)
{
    return s->last_errno;
}

int libssh2_session_last_error(LIBSSH2_SESSION *s, char **errmsg, int *errmsg_len, int want_buf)
{
    (void)errmsg_len;
    cr_assert_eq(want_buf, 0);
    *errmsg = (char *)(s->last_text ? s->last_text : "");
    return s->last_errno;
}

/* One byte of the greeting; 0 where none is there or the wire broke. */
static int take_byte(LIBSSH2_SESSION *s, char *ret)
{
    ssize_t got = s->recv(0, ret, 1, 0, &s->abstract);
    if (got == 1)
        return 0;
    return fake_fail(s, got == -EAGAIN ? LIBSSH2_ERROR_EAGAIN : LIBSSH2_ERROR_SOCKET_RECV);
}

/* The server's version string. */
static int take_version(LIBSSH2_SESSION *s)
{
    char c = 0;
    while (s->handshake_step == 0) {
        int rc = take_byte(s, &c);
        if (rc)
            return rc;
        if (c == '\n')
            s->handshake_step = 1;
        else
            buf_add_char(&s->in, c);
    }
    return 0;
}

/* The KEXINIT packet: a length, and as many bytes. */
static int take_kexinit(LIBSSH2_SESSION *s)
{
    char c = 0;
    while (s->handshake_step == 1) {
        int rc = take_byte(s, &c);
        if (rc)
            return rc;
        buf_add_char(&s->in, c);
        const unsigned char *p = (const unsigned char *)s->in.data;
        if (s->in.size >= 4 && s->in.size >= 4 + (size_t)((p[2] << 8) | p[3]))
            s->handshake_step = 2;
    }
    return 0;
}

int libssh2_session_handshake(LIBSSH2_SESSION *s, libssh2_socket_t sock)
{
    (void)sock;
    int scripted = fake_next(FAKE_HANDSHAKE);
    if (scripted != FAKE_GOOD)
        return scripted ? fake_fail(s, scripted) : 0;
    if (!s->has_sent_version && s->send(0, "SSH-2.0-x\r\n", 11, 0, &s->abstract) < 0)
        return fake_fail(s, LIBSSH2_ERROR_SOCKET_SEND);
    s->has_sent_version = true;
    int step = s->handshake_step;
    int rc = step == 0 ? take_version(s) : 0;
    if (!rc && step == 0)
        buf_clear(&s->in);
    if (!rc && s->handshake_step == 1) {
        rc = take_kexinit(s);
        if (!rc)
            buf_clear(&s->in);
    }
    if (rc)
        return rc;
    rc = fake_pump(s);
    return s->host_key ? 0 : rc;
}

const char *libssh2_session_hostkey(LIBSSH2_SESSION *s, size_t *len, int *type)
{
    *type = LIBSSH2_HOSTKEY_TYPE_ED25519;
    if (fake_next(FAKE_HOSTKEY) != FAKE_GOOD)
        return NULL;
    *len = s->host_key_size;
    return s->host_key;
}

int libssh2_session_disconnect_ex(LIBSSH2_SESSION *s, int reason, const char *description,
                                  const char *lang)
{
    (void)reason;
    (void)lang;
    int scripted = fake_next(FAKE_DISCONNECT);
    if (scripted != FAKE_GOOD)
        return fake_fail(s, scripted);
    return fake_send(s, 'Q', 0, description, strlen(description));
}

int libssh2_session_free(LIBSSH2_SESSION *s)
{
    int scripted = fake_next(FAKE_SESSION_FREE);
    if (scripted != FAKE_GOOD)
        return fake_fail(s, scripted);
    for (size_t i = 0; i < MOST_CHANNELS; i++) {
        LIBSSH2_CHANNEL *c = s->channels[i];
        if (c && !c->local_close)
            fake_send(s, 'C', c->id, NULL, 0);
        fake_channel_drop(c);
    }
    s->free(s->host_key, &s->abstract);
    s->free(s->methods, &s->abstract);
    buf_release(&s->in);
    s->free(s, &s->abstract);
    fake_ssh2.sessions--;
    return 0;
}

/* --- The server ------------------------------------------------------------------------------- */

/* Appends one name-list of RFC 4251, section 5. */
static size_t add_name_list(unsigned char *to, const char *names)
{
    size_t size = strlen(names);
    to[0] = to[1] = 0;
    to[2] = (unsigned char)(size >> 8);
    to[3] = (unsigned char)size;
    memcpy(to + 4, names, size);
    return 4 + size;
}

size_t kexinit_packet(const char *kex, unsigned char *ret, size_t room)
{
    const char *const lists[] = { kex,
                                  "ssh-ed25519",
                                  "aes128-ctr",
                                  "aes128-ctr",
                                  "hmac-sha2-256",
                                  "hmac-sha2-256",
                                  "none",
                                  "none",
                                  "",
                                  "" };
    enum { PADDING = 4, KEXINIT = 20, COOKIE = 16 };
    cr_assert_gt(room, 512 + strlen(kex));
    memset(ret, 0, room);
    ret[4] = PADDING;
    ret[5] = KEXINIT;
    size_t at = 6 + COOKIE;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        at += add_name_list(ret + at, lists[i]);
    at += 5 + PADDING; /* first_kex_packet_follows, reserved, padding */
    ret[2] = (unsigned char)((at - 4) >> 8);
    ret[3] = (unsigned char)(at - 4);
    return at;
}

void server_greets(const char *version)
{
    unsigned char packet[1024];
    size_t size = kexinit_packet("curve25519-sha256", packet, sizeof packet);
    const char *line = version ? version : "SSH-2.0-OpenSSH_9.2\r\n";
    wire_put(line, strlen(line));
    wire_put(packet, size);
    server_says('H', 0, "the server's host key");
}

void server_sends(char kind, int channel, const void *data, size_t size)
{
    cr_assert_leq(size, 0xffff);
    const unsigned char head[HEAD] = { (unsigned char)kind, (unsigned char)channel,
                                       (unsigned char)(size >> 8), (unsigned char)size };
    wire_put(head, sizeof head);
    wire_put(data, size);
}

void server_says(char kind, int channel, const char *text)
{
    server_sends(kind, channel, text, strlen(text));
}

void server_opens(int channel)
{
    server_says('K', channel, "");
}

void server_starts(int channel)
{
    server_says('+', channel, "");
}

void server_exits(int channel, int status)
{
    char text[16];
    snprintf(text, sizeof text, "%d", status);
    server_says('F', channel, "");
    server_says('S', channel, text);
    server_says('C', channel, "");
}

void server_dies(int channel, const char *signal_name)
{
    server_says('F', channel, "");
    server_says('G', channel, signal_name);
    server_says('C', channel, "");
}

/* The client's version line, which stands before its frames. */
static size_t skip_version(void)
{
    const char *end = wire.sent.size ? memchr(wire.sent.data, '\n', wire.sent.size) : NULL;
    return end && memcmp(wire.sent.data, "SSH-", 4) == 0 ? (size_t)(end + 1 - wire.sent.data) : 0;
}

/* The frame at `*at` of what was sent; moves on. */
static bool next_frame(size_t *at, char *ret_kind, unsigned *ret_channel, struct buf *payload)
{
    if (wire.sent.size < *at + HEAD)
        return false;
    const unsigned char *p = (const unsigned char *)wire.sent.data + *at;
    size_t size = (size_t)p[2] << 8 | p[3];
    *ret_kind = (char)p[0];
    *ret_channel = p[1];
    buf_clear(payload);
    buf_add(payload, p + HEAD, size);
    *at += HEAD + size;
    return true;
}

const char *client_sent(void)
{
    static struct buf text, payload;
    size_t at = skip_version();
    char kind;
    unsigned channel;
    buf_release(&text);
    buf_init(&text, MOST_BYTES);
    buf_init(&payload, PACKET_DATA);
    while (next_frame(&at, &kind, &channel, &payload)) {
        if (kind == 'd')
            buf_addf(&text, "d%u %zu\n", channel, payload.size);
        else
            buf_addf(&text, "%c%u %s\n", kind, channel, buf_str(&payload));
    }
    buf_release(&payload);
    return buf_str(&text);
}

const char *client_last(char kind)
{
    static struct buf last;
    struct buf payload;
    size_t at = skip_version();
    char found;
    unsigned channel;
    bool any = false;
    buf_release(&last);
    buf_init(&last, PACKET_DATA);
    buf_init(&payload, PACKET_DATA);
    while (next_frame(&at, &found, &channel, &payload)) {
        if (found != kind)
            continue;
        any = true;
        buf_clear(&last);
        buf_add(&last, buf_str(&payload), payload.size);
    }
    buf_release(&payload);
    return any ? buf_str(&last) : NULL;
}
