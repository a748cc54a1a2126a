/* SPDX-License-Identifier: MIT */
/*
 * The messages of SFTP version 3 (draft-ietf-secsh-filexfer-02), to bytes and from bytes; no I/O.
 *
 * Why not libssh2's own SFTP: it lets one request of a kind wait for its answer at a time, so that
 * a tree of small files costs several round trips a file, and before 1.11.1 it cannot ask for
 * posix-rename@openssh.com, which is the way to replace a file atomically. Over a channel both are
 * a few lines.
 */
#ifndef MUSTER_SSH_SFTP_MESSAGE_H
#define MUSTER_SSH_SFTP_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/wire.h"

#define SFTP_VERSION_SPOKEN 3

/* The largest message that is accepted from a server: what OpenSSH sends at most, and its length.
 */
#define SFTP_MESSAGE_MAX (256 * 1024 + 4)

/* SSH_FXP_* of section 3. */
enum sftp_type {
    SFTP_INIT = 1,
    SFTP_VERSION,
    SFTP_OPEN,
    SFTP_CLOSE,
    SFTP_READ,
    SFTP_WRITE,
    SFTP_LSTAT,
    SFTP_FSTAT,
    SFTP_SETSTAT,
    SFTP_FSETSTAT,
    SFTP_OPENDIR,
    SFTP_READDIR,
    SFTP_REMOVE,
    SFTP_MKDIR,
    SFTP_RMDIR,
    SFTP_REALPATH,
    SFTP_STAT,
    SFTP_RENAME, /* fails where the new name exists */
    SFTP_READLINK,
    SFTP_SYMLINK,
    SFTP_STATUS = 101,
    SFTP_HANDLE,
    SFTP_DATA,
    SFTP_NAME,
    SFTP_ATTRS,
    SFTP_EXTENDED = 200,
    SFTP_EXTENDED_REPLY,
    /* Not of the draft: SFTP_EXTENDED with the name posix-rename@openssh.com. */
    SFTP_POSIX_RENAME = 1000,
};

/* SSH_FX_* of section 7. */
enum sftp_status {
    SFTP_OK,
    SFTP_EOF,
    SFTP_NO_SUCH_FILE,
    SFTP_PERMISSION_DENIED,
    SFTP_FAILURE,
    SFTP_BAD_MESSAGE,
    SFTP_NO_CONNECTION,
    SFTP_CONNECTION_LOST,
    SFTP_OP_UNSUPPORTED,
};

/* SSH_FXF_* of section 6.3. */
enum {
    SFTP_FOR_READING = 1,
    SFTP_FOR_WRITING = 2,
    SFTP_CREATE = 8,
    SFTP_TRUNCATE = 16,
    SFTP_EXCLUSIVE = 32
};

/* Attributes that are known, or are to be set. */
struct sftp_attributes {
    bool has_size, has_owner, has_mode, has_times;
    uint64_t size;
    uint32_t uid, gid;
    uint32_t mode; /* with the type of file, as in st_mode */
    uint32_t atime_s, mtime_s;
};

/* What a server says a thing is. */
enum sftp_kind {
    SFTP_KIND_UNKNOWN,
    SFTP_KIND_FILE,
    SFTP_KIND_FOLDER,
    SFTP_KIND_LINK,
    SFTP_KIND_OTHER
};
enum sftp_kind sftp_kind(const struct sftp_attributes *a);

/* A request; members that its type does not have are ignored. All is borrowed. */
struct sftp_request {
    enum sftp_type type;
    const char *path;
    const char *target;        /* new name of a rename; what a link points to */
    struct wire_string handle; /* CLOSE, READ, WRITE, FSTAT, FSETSTAT, READDIR */
    uint64_t offset;
    uint32_t size;                     /* READ: how much; WRITE: of `data` */
    const void *data;                  /* WRITE */
    uint32_t flags;                    /* OPEN */
    struct sftp_attributes attributes; /* OPEN, MKDIR, SETSTAT, FSETSTAT */
};

/* A message from the server, taken apart; texts and bytes lie in the message. */
struct sftp_reply {
    enum sftp_type type;
    uint32_t id;                       /* of VERSION: the version */
    enum sftp_status status;           /* STATUS */
    struct wire_string text;           /* STATUS: the server's words, or empty */
    struct wire_string handle;         /* HANDLE */
    struct wire_string data;           /* DATA */
    struct sftp_attributes attributes; /* ATTRS */
    uint32_t name_count;               /* NAME: how many sftp_next_name() gives */
    struct wire names;                 /* NAME; VERSION: the extensions */
};

/* Appends a request with its length in front; failure is the buffer's. */
void sftp_add_request(struct buf *out, uint32_t id, const struct sftp_request *request);

/* Appends attributes as messages have them (section 5). */
void sftp_add_attributes(struct buf *out, const struct sftp_attributes *a);

/* Appends the greeting. */
void sftp_add_init(struct buf *out);

/* Takes a message (without its length) apart; ERR_TRANSFER where it is none, or is cut off. */
bool sftp_parse(struct sftp_reply *ret, const void *message, size_t size, struct error *reterr);

/* One name of a NAME reply: false at the end. */
struct sftp_name {
    struct wire_string name;
    struct sftp_attributes attributes;
};
bool sftp_next_name(struct sftp_reply *reply, struct sftp_name *ret);

/* Does a VERSION reply announce the extension with this data? */
bool sftp_has_extension(const struct sftp_reply *version, const char *name, const char *data);

/* The server's words about a failure, or our own for its code; printable, for error texts. */
void sftp_status_text(const struct sftp_reply *reply, char *ret, size_t size);

#endif
