/* SPDX-License-Identifier: MIT */
#include "ssh/sftp_message.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* SSH_FILEXFER_ATTR_* of section 5. */
enum {
    HAS_SIZE = 1,
    HAS_OWNER = 2,
    HAS_MODE = 4,
    HAS_TIMES = 8,
};

#define HAS_EXTENDED UINT32_C(0x80000000)

static void add_u64(struct buf *out, uint64_t n)
{
    wire_add_u32(out, (uint32_t)(n >> 32));
    wire_add_u32(out, (uint32_t)n);
}

static uint64_t read_u64(struct wire *w)
{
    uint64_t high = wire_u32(w);
    return high << 32 | wire_u32(w);
}

void sftp_add_attributes(struct buf *out, const struct sftp_attributes *a)
{
    wire_add_u32(out, (a->has_size ? HAS_SIZE : 0u) | (a->has_owner ? HAS_OWNER : 0u) |
                          (a->has_mode ? HAS_MODE : 0u) | (a->has_times ? HAS_TIMES : 0u));
    if (a->has_size)
        add_u64(out, a->size);
    if (a->has_owner) {
        wire_add_u32(out, a->uid);
        wire_add_u32(out, a->gid);
    }
    if (a->has_mode)
        wire_add_u32(out, a->mode);
    if (a->has_times) {
        wire_add_u32(out, a->atime_s);
        wire_add_u32(out, a->mtime_s);
    }
}

static struct sftp_attributes read_attributes(struct wire *w)
{
    struct sftp_attributes a = { 0 };
    uint32_t flags = wire_u32(w);
    a.has_size = flags & HAS_SIZE;
    a.has_owner = flags & HAS_OWNER;
    a.has_mode = flags & HAS_MODE;
    a.has_times = flags & HAS_TIMES;
    if (a.has_size)
        a.size = read_u64(w);
    if (a.has_owner) {
        a.uid = wire_u32(w);
        a.gid = wire_u32(w);
    }
    if (a.has_mode)
        a.mode = wire_u32(w);
    if (a.has_times) {
        a.atime_s = wire_u32(w);
        a.mtime_s = wire_u32(w);
    }
    uint32_t extended = flags & HAS_EXTENDED ? wire_u32(w) : 0;
    for (uint32_t i = 0; i < extended && !w->failed; i++) {
        wire_string(w);
        wire_string(w);
    }
    return a;
}

enum sftp_kind sftp_kind(const struct sftp_attributes *a)
{
    if (!a->has_mode || (a->mode & S_IFMT) == 0)
        return SFTP_KIND_UNKNOWN;
    switch (a->mode & S_IFMT) {
    case S_IFREG:
        return SFTP_KIND_FILE;
    case S_IFDIR:
        return SFTP_KIND_FOLDER;
    case S_IFLNK:
        return SFTP_KIND_LINK;
    default:
        return SFTP_KIND_OTHER;
    }
}

/* Appends what belongs to the type of request. */
static void add_details(struct buf *out, const struct sftp_request *r)
{
    switch (r->type) {
    case SFTP_OPEN:
        wire_add_text(out, r->path);
        wire_add_u32(out, r->flags);
        sftp_add_attributes(out, &r->attributes);
        break;
    case SFTP_MKDIR:
    case SFTP_SETSTAT:
        wire_add_text(out, r->path);
        sftp_add_attributes(out, &r->attributes);
        break;
    case SFTP_FSETSTAT:
        wire_add_string(out, r->handle.data, r->handle.size);
        sftp_add_attributes(out, &r->attributes);
        break;
    case SFTP_CLOSE:
    case SFTP_FSTAT:
    case SFTP_READDIR:
        wire_add_string(out, r->handle.data, r->handle.size);
        break;
    case SFTP_READ:
        wire_add_string(out, r->handle.data, r->handle.size);
        add_u64(out, r->offset);
        wire_add_u32(out, r->size);
        break;
    case SFTP_WRITE:
        wire_add_string(out, r->handle.data, r->handle.size);
        add_u64(out, r->offset);
        wire_add_string(out, r->data, r->size);
        break;
    case SFTP_SYMLINK:
        /* OpenSSH, whom all others follow, has the draft's arguments the wrong way round. */
        wire_add_text(out, r->target);
        wire_add_text(out, r->path);
        break;
    case SFTP_RENAME:
        wire_add_text(out, r->path);
        wire_add_text(out, r->target);
        break;
    case SFTP_POSIX_RENAME:
        wire_add_text(out, "posix-rename@openssh.com");
        wire_add_text(out, r->path);
        wire_add_text(out, r->target);
        break;
    case SFTP_LSTAT:
    case SFTP_STAT:
    case SFTP_OPENDIR:
    case SFTP_REMOVE:
    case SFTP_RMDIR:
    case SFTP_REALPATH:
    case SFTP_READLINK:
        wire_add_text(out, r->path);
        break;
    case SFTP_INIT:
    case SFTP_VERSION:
    case SFTP_STATUS:
    case SFTP_HANDLE:
    case SFTP_DATA:
    case SFTP_NAME:
    case SFTP_ATTRS:
    case SFTP_EXTENDED:
    case SFTP_EXTENDED_REPLY:
        break;
    }
}

/* Writes the length of what was appended after `start` into the four bytes there. */
static void set_length(struct buf *out, size_t start)
{
    if (out->failed)
        return;
    uint32_t size = (uint32_t)(out->size - start - 4);
    for (int i = 0; i < 4; i++)
        out->data[start + (size_t)i] = (char)(size >> (24 - 8 * i));
}

void sftp_add_request(struct buf *out, uint32_t id, const struct sftp_request *request)
{
    size_t start = out->size;
    bool is_extended = request->type == SFTP_POSIX_RENAME;
    wire_add_u32(out, 0);
    buf_add_char(out, (char)(is_extended ? SFTP_EXTENDED : request->type));
    wire_add_u32(out, id);
    add_details(out, request);
    set_length(out, start);
}

void sftp_add_init(struct buf *out)
{
    wire_add_u32(out, 5);
    buf_add_char(out, SFTP_INIT);
    wire_add_u32(out, SFTP_VERSION_SPOKEN);
}

/* STATUS: before version 3, and from some servers, the code stands alone. */
static void parse_status(struct sftp_reply *r, struct wire *w)
{
    uint32_t code = wire_u32(w);
    r->status = code <= SFTP_OP_UNSUPPORTED ? (enum sftp_status)code : SFTP_FAILURE;
    r->text = w->left ? wire_string(w) : (struct wire_string){ (const unsigned char *)"", 0 };
}

/* NAME: a listing that lacks names must not look whole, so they are walked here once. */
static void parse_names(struct sftp_reply *r, struct wire *w)
{
    struct sftp_name name;
    r->name_count = wire_u32(w);
    r->names = *w;
    struct sftp_reply walk = *r;
    while (sftp_next_name(&walk, &name))
        ;
    w->failed = walk.names.failed;
}

/* Reads what belongs to the type; false where we know none such. */
static bool parse_details(struct sftp_reply *r, struct wire *w)
{
    switch ((int)r->type) {
    case SFTP_VERSION:
        r->names = *w;
        return true;
    case SFTP_STATUS:
        parse_status(r, w);
        return true;
    case SFTP_HANDLE:
        r->handle = wire_string(w);
        return true;
    case SFTP_DATA:
        r->data = wire_string(w);
        return true;
    case SFTP_ATTRS:
        r->attributes = read_attributes(w);
        return true;
    case SFTP_NAME:
        parse_names(r, w);
        return true;
    case SFTP_EXTENDED_REPLY:
        return true;
    default:
        return false;
    }
}

bool sftp_parse(struct sftp_reply *ret, const void *message, size_t size, struct error *reterr)
{
    struct wire w = wire_reader(message, size);
    *ret = (struct sftp_reply){ 0 };
    ret->type = (enum sftp_type)wire_byte(&w);
    ret->id = wire_u32(&w);
    bool is_known = !w.failed && parse_details(ret, &w);
    if (!w.failed && !is_known)
        return error_set(reterr, ERR_TRANSFER, "the SFTP server sent a message of type %d",
                         (int)ret->type);
    return !w.failed ||
           error_set(reterr, ERR_TRANSFER, "the SFTP server sent a message that is cut off");
}

bool sftp_next_name(struct sftp_reply *reply, struct sftp_name *ret)
{
    if (reply->name_count == 0 || reply->names.failed)
        return false;
    reply->name_count--;
    ret->name = wire_string(&reply->names);
    wire_string(&reply->names); /* as ls -l shows it, for people */
    ret->attributes = read_attributes(&reply->names);
    return !reply->names.failed;
}

bool sftp_has_extension(const struct sftp_reply *version, const char *name, const char *data)
{
    struct wire w = version->names;
    while (w.left > 0 && !w.failed) {
        struct wire_string found = wire_string(&w), its = wire_string(&w);
        if (!w.failed && wire_string_is(found, name) && wire_string_is(its, data))
            return true;
    }
    return false;
}

/* What a code means, for servers without words. */
static const char *code_phrase(enum sftp_status status)
{
    static const char *const phrases[] = {
        [SFTP_OK] = "no error",
        [SFTP_EOF] = "end of file",
        [SFTP_NO_SUCH_FILE] = "No such file or directory",
        [SFTP_PERMISSION_DENIED] = "Permission denied",
        [SFTP_FAILURE] = "the server says: failure",
        [SFTP_BAD_MESSAGE] = "the server says: bad message",
        [SFTP_NO_CONNECTION] = "the server says: no connection",
        [SFTP_CONNECTION_LOST] = "the server says: connection lost",
        [SFTP_OP_UNSUPPORTED] = "the server cannot do that",
    };
    return phrases[status];
}

/* Are the server's words worth more than ours? OpenSSH's "Failure" is not. */
static bool is_telling(const struct sftp_reply *r)
{
    return r->status == SFTP_FAILURE && r->text.size > 0 && !wire_string_is(r->text, "Failure");
}

void sftp_status_text(const struct sftp_reply *reply, char *ret, size_t size)
{
    if (reply->type != SFTP_STATUS) {
        snprintf(ret, size, "the SFTP server gave an answer that does not fit");
        return;
    }
    if (!is_telling(reply)) {
        snprintf(ret, size, "%s", code_phrase(reply->status));
        return;
    }
    snprintf(ret, size, "%.*s", (int)(reply->text.size < size ? reply->text.size : size),
             (const char *)reply->text.data);
    for (char *c = ret; *c; c++) {
        if (!isprint((unsigned char)*c))
            *c = ' ';
    }
}
