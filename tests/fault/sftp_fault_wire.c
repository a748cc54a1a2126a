/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sftp_fault.h"

enum { PACKET_MAX = 1 << 20, HEADER = 4, NAMES_COUNT_AT = HEADER + 1 + 4 };

/* --- Writing --------------------------------------------------------------------------------- */

void wire_raw(const void *data, size_t size)
{
    const uint8_t *at = data;
    while (size > 0) {
        ssize_t n = write(1, at, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            exit(1);
        at += n;
        size -= (size_t)n;
    }
}

static void put(struct packet *p, const void *data, size_t size)
{
    if (p->size + size > p->room) {
        p->room = (p->size + size) * 2;
        p->data = realloc(p->data, p->room);
        if (p->data == NULL)
            abort();
    }
    if (size > 0)
        memcpy(p->data + p->size, data, size);
    p->size += size;
}

static void store_u32(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> (24 - 8 * i));
}

static void put_u8(struct packet *p, uint8_t value)
{
    put(p, &value, 1);
}

static void put_u32(struct packet *p, uint32_t value)
{
    uint8_t bytes[4];
    store_u32(bytes, value);
    put(p, bytes, 4);
}

static void put_u64(struct packet *p, uint64_t value)
{
    put_u32(p, (uint32_t)(value >> 32));
    put_u32(p, (uint32_t)value);
}

static void put_string(struct packet *p, const void *data, size_t size)
{
    put_u32(p, (uint32_t)size);
    put(p, data, size);
}

static void put_attrs(struct packet *p, const struct attrs *a)
{
    put_u32(p, a->flags);
    if (a->flags & SFTP_ATTR_SIZE)
        put_u64(p, a->size);
    if (a->flags & SFTP_ATTR_OWNER) {
        put_u32(p, a->uid);
        put_u32(p, a->gid);
    }
    if (a->flags & SFTP_ATTR_MODE)
        put_u32(p, a->mode);
    if (a->flags & SFTP_ATTR_TIMES) {
        put_u32(p, a->atime);
        put_u32(p, a->mtime);
    }
}

static struct packet *begin(struct server *s, uint8_t type, uint32_t id)
{
    s->out.size = 0;
    put_u32(&s->out, 0);
    put_u8(&s->out, type);
    put_u32(&s->out, id);
    return &s->out;
}

static void finish(struct packet *p)
{
    store_u32(p->data, (uint32_t)(p->size - HEADER));
    wire_raw(p->data, p->size);
}

void wire_version(struct server *s)
{
    struct packet *p = begin(s, SFTP_VERSION, 3);
    put_string(p, "posix-rename@openssh.com", strlen("posix-rename@openssh.com"));
    put_string(p, "1", 1);
    finish(p);
}

void wire_status(struct server *s, uint32_t id, enum sftp_status code, const char *message)
{
    struct packet *p = begin(s, SFTP_STATUS, id);
    put_u32(p, code);
    put_string(p, message, strlen(message));
    put_string(p, "", 0);
    finish(p);
}

void wire_errno(struct server *s, uint32_t id)
{
    enum sftp_status code = SFTP_FAILURE;
    if (errno == ENOENT || errno == ENOTDIR)
        code = SFTP_NO_SUCH_FILE;
    else if (errno == EACCES || errno == EPERM)
        code = SFTP_PERMISSION_DENIED;
    wire_status(s, id, code, strerror(errno));
}

void wire_handle(struct server *s, uint32_t id, const struct handle *h)
{
    struct packet *p = begin(s, SFTP_HANDLE, id);
    uint8_t place[4];
    store_u32(place, (uint32_t)(h - s->handles));
    put_string(p, place, sizeof place);
    finish(p);
}

void wire_data(struct server *s, uint32_t id, const void *data, size_t size)
{
    struct packet *p = begin(s, SFTP_DATA, id);
    put_string(p, data, size);
    finish(p);
}

void wire_attrs(struct server *s, uint32_t id, const struct attrs *a)
{
    struct packet *p = begin(s, SFTP_ATTRS, id);
    put_attrs(p, a);
    finish(p);
}

void wire_names_begin(struct server *s, uint32_t id)
{
    put_u32(begin(s, SFTP_NAME, id), 0);
}

void wire_names_add(struct server *s, const char *name, size_t size, const struct attrs *a)
{
    uint8_t *count = s->out.data + NAMES_COUNT_AT;
    store_u32(count, ((uint32_t)count[2] << 8 | count[3]) + 1);
    put_string(&s->out, name, size);
    put_string(&s->out, name, size); /* the long form, for people */
    put_attrs(&s->out, a);
}

void wire_names_end(struct server *s)
{
    finish(&s->out);
}

/* --- Reading --------------------------------------------------------------------------------- */

struct reader {
    const uint8_t *at;
    size_t left;
    bool is_bad; /* something was not there */
};

bool wire_has_more(int ms)
{
    struct pollfd in = { .fd = 0, .events = POLLIN };
    return poll(&in, 1, ms) > 0;
}

static bool read_all(uint8_t *data, size_t size)
{
    while (size > 0) {
        ssize_t n = read(0, data, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        data += n;
        size -= (size_t)n;
    }
    return true;
}

static const uint8_t *get(struct reader *r, size_t size)
{
    static const uint8_t nothing[8];
    if (r->is_bad || size > r->left) {
        r->is_bad = true;
        return nothing;
    }
    r->at += size;
    r->left -= size;
    return r->at - size;
}

static uint32_t get_u32(struct reader *r)
{
    const uint8_t *at = get(r, 4);
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static uint64_t get_u64(struct reader *r)
{
    uint64_t high = get_u32(r);
    return high << 32 | get_u32(r);
}

static const uint8_t *get_string(struct reader *r, uint32_t *ret_size)
{
    *ret_size = get_u32(r);
    const uint8_t *at = get(r, *ret_size);
    if (r->is_bad)
        *ret_size = 0;
    return at;
}

/* Text with its end; text that is too long, or holds a NUL, cannot be read. */
static void get_text(struct reader *r, char text[PATH_ROOM])
{
    uint32_t size = 0;
    const uint8_t *at = get_string(r, &size);
    if (size >= PATH_ROOM || memchr(at, '\0', size) != NULL) {
        r->is_bad = true;
        size = 0;
    }
    memcpy(text, at, size);
    text[size] = '\0';
}

/* Removes the last component. */
static void cut_last(char *path)
{
    char *slash = strrchr(path, '/');
    if (slash != NULL)
        *slash = '\0';
}

/* Makes `raw` absolute, without empty, "." and ".." components: it never leaves the store. */
static void tidy(const char *raw, char path[PATH_ROOM])
{
    size_t size = 0;
    path[0] = '\0';
    while (*raw != '\0') {
        size_t part = strcspn(raw, "/");
        if (part == 2 && strncmp(raw, "..", 2) == 0) {
            cut_last(path);
        } else if (part > 0 && !(part == 1 && *raw == '.')) {
            size = strlen(path);
            snprintf(path + size, PATH_ROOM - size, "/%.*s", (int)part, raw);
        }
        raw += part;
        raw += *raw == '/';
    }
    if (path[0] == '\0')
        strcpy(path, "/");
}

static void get_path(struct reader *r, struct request *q)
{
    char raw[PATH_ROOM];
    get_text(r, raw);
    q->behaviour = behaviour_of(raw);
    tidy(raw, q->path);
}

static void get_other(struct reader *r, struct request *q)
{
    char raw[PATH_ROOM];
    get_text(r, raw);
    tidy(raw, q->other);
}

static void get_handle(struct reader *r, struct server *s, struct request *q)
{
    uint32_t size = 0;
    const uint8_t *at = get_string(r, &size);
    struct reader place = { at, size, false };
    uint32_t n = get_u32(&place);
    q->behaviour = behaviour_of("/honest");
    if (place.is_bad || n >= HANDLES || !s->handles[n].is_used)
        return;
    q->handle = &s->handles[n];
    q->behaviour = q->handle->behaviour;
    snprintf(q->path, sizeof q->path, "%s", q->handle->path);
}

static void get_attrs(struct reader *r, struct attrs *a)
{
    a->flags = get_u32(r);
    if (a->flags & SFTP_ATTR_SIZE)
        a->size = get_u64(r);
    if (a->flags & SFTP_ATTR_OWNER) {
        a->uid = get_u32(r);
        a->gid = get_u32(r);
    }
    if (a->flags & SFTP_ATTR_MODE)
        a->mode = get_u32(r);
    if (a->flags & SFTP_ATTR_TIMES) {
        a->atime = get_u32(r);
        a->mtime = get_u32(r);
    }
}

static void get_extended(struct reader *r, struct request *q)
{
    char name[PATH_ROOM];
    get_text(r, name);
    q->behaviour = behaviour_of("/honest");
    if (strcmp(name, "posix-rename@openssh.com") != 0)
        return;
    q->type = SFTP_POSIX_RENAME;
    get_path(r, q);
    get_other(r, q);
}

/* OpenSSH, and so everyone, sends the target of a SYMLINK first. */
static void get_symlink(struct reader *r, struct request *q)
{
    get_text(r, q->other);
    get_path(r, q);
}

static void get_open(struct reader *r, struct request *q)
{
    get_path(r, q);
    q->flags = get_u32(r);
    get_attrs(r, &q->attrs);
}

static void get_read(struct reader *r, struct server *s, struct request *q)
{
    get_handle(r, s, q);
    q->offset = get_u64(r);
    q->size = get_u32(r);
}

static void get_write(struct reader *r, struct server *s, struct request *q)
{
    get_handle(r, s, q);
    q->offset = get_u64(r);
    q->data = get_string(r, &q->size);
}

static void get_body(struct reader *r, struct server *s, struct request *q)
{
    switch (q->type) {
    case SFTP_OPEN:
        get_open(r, q);
        break;
    case SFTP_READ:
        get_read(r, s, q);
        break;
    case SFTP_WRITE:
        get_write(r, s, q);
        break;
    case SFTP_CLOSE:
    case SFTP_FSTAT:
    case SFTP_READDIR:
        get_handle(r, s, q);
        break;
    case SFTP_FSETSTAT:
        get_handle(r, s, q);
        get_attrs(r, &q->attrs);
        break;
    case SFTP_SETSTAT:
    case SFTP_MKDIR:
        get_path(r, q);
        get_attrs(r, &q->attrs);
        break;
    case SFTP_RENAME:
        get_path(r, q);
        get_other(r, q);
        break;
    case SFTP_SYMLINK:
        get_symlink(r, q);
        break;
    case SFTP_EXTENDED:
        get_extended(r, q);
        break;
    default:
        get_path(r, q);
        break; /* all others are one path */
    }
}

bool wire_next(struct server *s, struct request *ret_q)
{
    uint8_t header[HEADER];
    if (!read_all(header, HEADER))
        return false;
    struct reader r = { header, HEADER, false };
    uint32_t size = get_u32(&r);
    if (size > PACKET_MAX)
        return false;
    if (size > s->in.room) {
        s->in.data = realloc(s->in.data, size);
        s->in.room = size;
    }
    if (s->in.data == NULL || !read_all(s->in.data, size))
        return false;
    r = (struct reader){ s->in.data, size, false };
    memset(ret_q, 0, sizeof *ret_q);
    ret_q->type = *get(&r, 1);
    ret_q->id = get_u32(&r); /* of an INIT: the version */
    if (ret_q->type != SFTP_INIT)
        get_body(&r, s, ret_q);
    if (r.is_bad) {
        wire_status(s, ret_q->id, SFTP_BAD_MESSAGE, "Bad message");
        ret_q->type = 0;
    }
    return true;
}
