/* SPDX-License-Identifier: MIT */
/*
 * What push and pull share. Their work is a list of items, one for each file, folder or link under
 * way; each is a small state machine that sends requests and goes on when the last answer of its
 * step has come.
 */
#ifndef MUSTER_SSH_TRANSFER_PRIVATE_H
#define MUSTER_SSH_TRANSFER_PRIVATE_H

#include "base/buf.h"
#include "ssh/batch.h"
#include "ssh/job_transfer.h"
#include "ssh/session_private.h"
#include "ssh/sftp.h"

/* Items under way at once on a host, each of which may have a file open there: enough for small
 * files to fill a long line. */
#define TRANSFER_ITEMS_MAX 96

/* Likewise without SFTP, where each has a channel: servers allow about ten (MaxSessions). Dropbear
 * loses the connection where several short commands end at about the same time. */
#define TRANSFER_SHELL_ITEMS_MAX    4
#define TRANSFER_DROPBEAR_ITEMS_MAX 1

/* Content of a READ or WRITE: with its header it fits one SSH packet of libssh2 (32,700 bytes). */
#define TRANSFER_PIECE 32000

/* Pieces whose answers have not come: 2 MiB on the way, as much as OpenSSH's window. */
#define TRANSFER_PIECES_MAX 72

/* A handle of a server (section 3: at most 256 bytes). */
struct transfer_handle {
    unsigned char bytes[256];
    uint32_t size; /* 0: none */
};

struct transfer;

struct transfer_ops {
    const char *name;
    /* Begins items while there are any and they may be begun; sets is_complete after the last. */
    void (*advance)(struct transfer *t);
    /* Sends one request with content, or for content. */
    bool (*fill)(struct transfer *t);
    /* Every item is to clean up after itself and end; sets is_cut. */
    void (*undo)(struct transfer *t);
    /* Nothing more can be sent: whether a replacement's answer is missing, and what may be left
     * behind on the host: how many files, and the first of them. */
    bool (*was_replacing)(const struct transfer *t);
    size_t (*leftovers)(const struct transfer *t, const char **ret_first);
    /* Frees what the kind holds, its items too. */
    void (*release)(struct transfer *t);
};

enum transfer_phase {
    TRANSFER_WORKING,
    TRANSFER_UNDOING, /* end_why says why */
    TRANSFER_ENDED,
};

struct transfer {
    struct job job;
    const struct transfer_ops *ops;
    const struct transfer_spec *spec;
    struct transfer_args args;
    struct transfer_result result;
    enum transfer_phase phase;
    struct error end_why;
    struct sftp *sftp;
    struct batch *digests;
    struct batch *moves;

    struct list items;
    size_t item_count;
    /* Of these: folders that only wait for what is in them, files that are closed over there. */
    size_t idle_count;
    size_t pieces; /* READs or WRITEs under way */
    bool is_complete;
    bool is_cut; /* ops->undo() left something undone; else all may be in place after all */
    struct error first_failure;

    int64_t open_until_us; /* monotonic, as all below; 0: not waiting */
    int64_t ready_us;
    int64_t gate_held_us; /* as it was at ready_us */
    int64_t answer_us;    /* the last one came, or none was awaited */
    uint64_t answers;
    int64_t undo_until_us;
};

struct transfer *transfer_of(struct job *job);

/* Fills in the base; `t` is the first member of the kind's own struct, which job's free() frees. */
void transfer_init(struct transfer *t, const struct transfer_ops *ops,
                   const struct transfer_args *args);

/* The first write to the target is about to be requested; told once. */
void transfer_start(struct transfer *t);

/* The whole transfer cannot go on: it is undone and ends with this. */
void transfer_fail(struct transfer *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* A file is through, or (error set) failed; counts and tells. */
void transfer_tell(struct transfer *t, const struct file_record *file, const struct error *error);

/* Content went over the line. */
void transfer_moved(struct transfer *t, uint64_t bytes);

/* May a piece of content go now? Takes it from the rate limit, or sees to being woken. */
bool transfer_may_move(struct transfer *t, size_t size);

/* May another item be begun? */
bool transfer_may_begin(const struct transfer *t);

/* Does the answer to READDIR say that all names have come? One without names does, as for OpenSSH:
 * a server could send those for ever. */
bool transfer_is_end_of_names(const struct sftp_reply *reply);

/* Keeps a HANDLE reply's handle; false where it is none or too long. */
bool transfer_keep_handle(struct transfer_handle *h, const struct sftp_reply *reply);
struct wire_string transfer_handle(const struct transfer_handle *h);

/* Sets the error of a reply that is a failure, "WHAT: the server's words"; false where it is
 * STATUS OK, or of the type that is wanted. */
bool transfer_reply_failed(const struct sftp_reply *reply, enum sftp_type wanted,
                           struct error *reterr, const char *what);

#endif
