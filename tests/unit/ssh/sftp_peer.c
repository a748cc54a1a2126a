/* SPDX-License-Identifier: MIT */
#include "sftp_peer.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_BYTES = 64 << 20, FRAME_MAX = 32 * 1024 };

static struct {
    int channel;
    size_t at;           /* in wire.sent */
    struct buf in;       /* the channel's bytes */
    struct buf texts[4]; /* path, target, handle, data of the request taken last */
} peer;

void peer_release(void)
{
    buf_release(&peer.in);
    for (size_t i = 0; i < 4; i++)
        buf_release(&peer.texts[i]);
}

void peer_listen(int channel)
{
    peer_release();
    peer.channel = channel;
    peer.at = 0;
    buf_init(&peer.in, MOST_BYTES);
    for (size_t i = 0; i < 4; i++)
        buf_init(&peer.texts[i], MOST_BYTES);
}

/* Takes the channel's data out of the frames that were sent. */
static void take_frames(void)
{
    const unsigned char *sent = (const unsigned char *)wire.sent.data;
    if (peer.at == 0 && wire.sent.size > 4 && memcmp(sent, "SSH-", 4) == 0)
        peer.at = (size_t)((const unsigned char *)memchr(sent, '\n', wire.sent.size) + 1 - sent);
    while (wire.sent.size >= peer.at + 4) {
        const unsigned char *head = sent + peer.at;
        size_t size = (size_t)head[2] << 8 | head[3];
        if (head[0] == 'd' && head[1] == peer.channel)
            buf_add(&peer.in, head + 4, size);
        peer.at += 4 + size;
    }
}

static uint64_t read_u64(struct wire *w)
{
    uint64_t high = wire_u32(w);
    return high << 32 | wire_u32(w);
}

/* Keeps the next string of the message. */
static const char *keep(size_t i, struct wire *w)
{
    struct wire_string s = wire_string(w);
    cr_assert_not(w->failed, "a request is cut off");
    buf_clear(&peer.texts[i]);
    buf_add(&peer.texts[i], s.data, s.size);
    return buf_str(&peer.texts[i]);
}

static struct sftp_attributes read_attributes(struct wire *w)
{
    struct sftp_attributes a = { 0 };
    uint32_t flags = wire_u32(w);
    cr_assert_lt(flags, 16);
    a.has_size = flags & 1;
    a.has_owner = flags & 2;
    a.has_mode = flags & 4;
    a.has_times = flags & 8;
    a.size = a.has_size ? read_u64(w) : 0;
    a.uid = a.has_owner ? wire_u32(w) : 0;
    a.gid = a.has_owner ? wire_u32(w) : 0;
    a.mode = a.has_mode ? wire_u32(w) : 0;
    a.atime_s = a.has_times ? wire_u32(w) : 0;
    a.mtime_s = a.has_times ? wire_u32(w) : 0;
    return a;
}

/* Reads what follows a handle. */
static void read_handle(struct peer_request *r, struct wire *w)
{
    r->handle = keep(2, w);
    if (r->type == SFTP_READ || r->type == SFTP_WRITE)
        r->offset = read_u64(w);
    if (r->type == SFTP_READ)
        r->size = wire_u32(w);
    if (r->type == SFTP_WRITE) {
        r->data = keep(3, w);
        r->size = (uint32_t)peer.texts[3].size;
    }
    if (r->type == SFTP_FSETSTAT)
        r->attributes = read_attributes(w);
}

/* Reads what follows a path. */
static void read_path(struct peer_request *r, struct wire *w)
{
    if (r->type == SFTP_EXTENDED) {
        cr_assert_str_eq(keep(0, w), "posix-rename@openssh.com");
        r->type = SFTP_POSIX_RENAME;
    }
    if (r->type == SFTP_SYMLINK)
        r->target = keep(1, w); /* OpenSSH's order */
    r->path = keep(0, w);
    if (r->type == SFTP_RENAME || r->type == SFTP_POSIX_RENAME)
        r->target = keep(1, w);
    if (r->type == SFTP_OPEN)
        r->flags = wire_u32(w);
    if (r->type == SFTP_OPEN || r->type == SFTP_MKDIR || r->type == SFTP_SETSTAT)
        r->attributes = read_attributes(w);
}

static bool has_handle(enum sftp_type type)
{
    return type == SFTP_CLOSE || type == SFTP_READ || type == SFTP_WRITE || type == SFTP_FSTAT ||
           type == SFTP_FSETSTAT || type == SFTP_READDIR;
}

bool peer_next(struct peer_request *ret)
{
    take_frames();
    if (peer.in.size < 4 || peer.in.size < 4 + wire_u32_at(peer.in.data))
        return false;
    size_t size = wire_u32_at(peer.in.data);
    struct wire w = wire_reader(peer.in.data + 4, size);
    *ret = (struct peer_request){ .path = "", .target = "", .handle = "", .data = "" };
    ret->type = (enum sftp_type)wire_byte(&w);
    ret->id = wire_u32(&w);
    if (has_handle(ret->type))
        read_handle(ret, &w);
    else if (ret->type != SFTP_INIT)
        read_path(ret, &w);
    cr_assert(wire_is_done(&w), "a request of type %d is too long or too short", (int)ret->type);
    buf_consume(&peer.in, 4 + size);
    return true;
}

struct peer_request peer_expect(enum sftp_type type, const char *what)
{
    struct peer_request r;
    cr_assert(peer_next(&r), "no request came, type %d was to", (int)type);
    cr_assert_eq(r.type, type, "type %d instead of %d", (int)r.type, (int)type);
    if (what)
        cr_assert_str_eq(has_handle(type) ? r.handle : r.path, what);
    return r;
}

void peer_expect_none(void)
{
    struct peer_request r;
    cr_assert_not(peer_next(&r), "a request of type %d, \"%s%s\"", (int)r.type, r.path, r.handle);
}

/* --- Answers ---------------------------------------------------------------------------------- */

void peer_sends(const void *data, size_t size)
{
    for (size_t at = 0; at < size; at += FRAME_MAX) {
        size_t n = size - at < FRAME_MAX ? size - at : FRAME_MAX;
        server_sends('o', peer.channel, (const char *)data + at, n);
    }
}

/* A message begins: returns where its length stands. */
static size_t begin(struct buf *out, char type, uint32_t id)
{
    size_t start = out->size;
    wire_add_u32(out, 0);
    buf_add_char(out, type);
    wire_add_u32(out, id);
    return start;
}

static void end(struct buf *out, size_t start)
{
    uint32_t size = (uint32_t)(out->size - start - 4);
    for (size_t i = 0; i < 4; i++)
        out->data[start + i] = (char)(size >> (24 - 8 * i));
}

static void add_u64(struct buf *out, uint64_t n)
{
    wire_add_u32(out, (uint32_t)(n >> 32));
    wire_add_u32(out, (uint32_t)n);
}

static void add_attributes(struct buf *out, const struct sftp_attributes *a)
{
    wire_add_u32(out, (a->has_size ? 1u : 0u) | (a->has_owner ? 2u : 0u) | (a->has_mode ? 4u : 0u) |
                          (a->has_times ? 8u : 0u));
    if (a->has_size)
        add_u64(out, a->size);
    if (a->has_owner)
        add_u64(out, (uint64_t)a->uid << 32 | a->gid);
    if (a->has_mode)
        wire_add_u32(out, a->mode);
    if (a->has_times)
        add_u64(out, (uint64_t)a->atime_s << 32 | a->mtime_s);
}

void peer_add_version(struct buf *out, uint32_t version, bool can_replace)
{
    size_t start = begin(out, SFTP_VERSION, version);
    wire_add_text(out, "vendor@example.com");
    wire_add_text(out, "x");
    if (can_replace) {
        wire_add_text(out, "posix-rename@openssh.com");
        wire_add_text(out, "1");
    }
    end(out, start);
}

void peer_add_status(struct buf *out, uint32_t id, uint32_t code, const char *words)
{
    size_t start = begin(out, SFTP_STATUS, id);
    wire_add_u32(out, code);
    wire_add_text(out, words);
    wire_add_text(out, "en");
    end(out, start);
}

void peer_add_handle(struct buf *out, uint32_t id, const char *handle)
{
    size_t start = begin(out, SFTP_HANDLE, id);
    wire_add_text(out, handle);
    end(out, start);
}

void peer_add_data(struct buf *out, uint32_t id, const void *data, size_t size)
{
    size_t start = begin(out, SFTP_DATA, id);
    wire_add_string(out, data, size);
    end(out, start);
}

void peer_add_attrs(struct buf *out, uint32_t id, const struct sftp_attributes *attributes)
{
    size_t start = begin(out, SFTP_ATTRS, id);
    add_attributes(out, attributes);
    end(out, start);
}

size_t peer_begin_names(struct buf *out, uint32_t id, uint32_t count)
{
    size_t start = begin(out, SFTP_NAME, id);
    wire_add_u32(out, count);
    return start;
}

void peer_add_name(struct buf *out, const char *name, const struct sftp_attributes *attributes)
{
    wire_add_text(out, name);
    wire_add_text(out, "for people");
    add_attributes(out, attributes);
}

void peer_end_names(struct buf *out, size_t start)
{
    end(out, start);
}

/* Sends what was built, and forgets it. */
static void send_off(struct buf *out)
{
    cr_assert_not(out->failed);
    peer_sends(out->data, out->size);
    buf_release(out);
}

void peer_version(uint32_t version, bool can_replace)
{
    struct buf out;
    buf_init(&out, MOST_BYTES);
    peer_add_version(&out, version, can_replace);
    send_off(&out);
}

void peer_status(uint32_t id, uint32_t code, const char *words)
{
    struct buf out;
    buf_init(&out, MOST_BYTES);
    peer_add_status(&out, id, code, words);
    send_off(&out);
}

void peer_handle(uint32_t id, const char *handle)
{
    struct buf out;
    buf_init(&out, MOST_BYTES);
    peer_add_handle(&out, id, handle);
    send_off(&out);
}

void peer_data(uint32_t id, const void *data, size_t size)
{
    struct buf out;
    buf_init(&out, MOST_BYTES);
    peer_add_data(&out, id, data, size);
    send_off(&out);
}

void peer_attrs(uint32_t id, const struct sftp_attributes *attributes)
{
    struct buf out;
    buf_init(&out, MOST_BYTES);
    peer_add_attrs(&out, id, attributes);
    send_off(&out);
}

void peer_accept(struct rig *r, int channel, bool can_replace)
{
    peer_listen(channel);
    fake_settle(r->loop);
    server_opens(channel);
    server_starts(channel);
    fake_settle(r->loop);
    peer_expect(SFTP_INIT, NULL);
    peer_version(3, can_replace);
    fake_settle(r->loop);
}
