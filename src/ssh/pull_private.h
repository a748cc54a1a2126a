/* SPDX-License-Identifier: MIT */
/*
 * A pull, shared by pull.c (what comes when), get.c (one file or link) and pull_folder.c (one
 * folder). The server is taken for hostile: base/landing.h says what becomes of its names.
 *
 *   [ queue: found, not begun, the last found first ] -> items under way -> told
 *      ^ READDIR puts what a folder holds on top, and pauses while much of it is queued
 *
 * As the last found comes first, a folder that pauses makes room for itself: what is in it is dealt
 * with before what is beside it. So few folders are open at a time, and none waits for its
 * siblings.
 */
#ifndef MUSTER_SSH_PULL_PRIVATE_H
#define MUSTER_SSH_PULL_PRIVATE_H

#include "base/landing_file.h"
#include "ssh/transfer_private.h"

struct reader;
struct sha256;

/* What the queue may take. Some levels of large folders fit; what a server can make of paths that
 * are as long and folders that are as deep as may be does not. */
#define PULL_QUEUE_MAX (128u * 1024 * 1024)

/* Folders in folders that are followed. */
#define PULL_DEPTH_MAX 128

enum get_state {
    GET_LOOK,     /* what is it? */
    GET_COMPARE,  /* --skip-same: is what is here the same? */
    GET_READ,     /* content comes */
    GET_CHECK,    /* --verify */
    GET_READLINK, /* where does the link lead? */
    GET_FOLDER,   /* its content is listed, and then dealt with */
};

struct pull {
    struct transfer t; /* first */
    struct list queue;
    size_t queued_bytes; /* what the queue takes */
    struct list hashing; /* files whose local copy is being hashed */
    bool is_begun;
    uint64_t entries;
    uint64_t bytes;
    uint64_t backlog; /* of begun files, not received yet */
};

/* One file, link or folder. */
struct get {
    struct list link; /* on pull.queue, then on transfer.items */
    struct list also; /* on pull.hashing */
    struct pull *pull;
    struct get *parent; /* the folder that waits for it; NULL at the top */
    enum get_state state;
    unsigned waiting;
    char *remote;
    char *local; /* below the landing */
    size_t depth;
    enum file_kind kind;
    enum file_action action;
    struct sftp_attributes attributes;
    uint64_t received;
    uint64_t backlog; /* its part of the pull's */
    uint64_t moved;
    bool is_cancelled;
    struct error error;

    /* Of a file. */
    struct reader *reader;
    struct landing_file *file;
    uint64_t resumed; /* bytes that were here already */
    bool is_spoilt;   /* what came, and was here, is not what the host has */
    int existing_fd;  /* COMPARE: what is here; -1: none */
    struct sha256 *local_sum, *remote_sum;
    uint64_t hashed;
    char local_digest[65], remote_digest[65]; /* hexadecimal; "" while unknown */

    /* Of a folder. */
    struct transfer_handle handle;
    size_t children; /* that are not through */
    bool is_listed;
    bool is_paused; /* its listing waits until less of it is queued */
    bool is_idle;   /* it waits for its children and holds nobody up */
};

/* pull.c */
struct get *pull_add(struct pull *pull, struct get *parent, const char *remote, const char *local);
void pull_tell(struct get *g);

/* Puts the folder here in front of the error of something that was not done below it; gives back
 * whether it was. */
bool pull_landed(const struct pull *pull, bool is_done, struct error *error);
void get_free(struct get *g);

/* get.c */
void get_begin(struct get *g);
bool get_fill(struct get *g);
void get_hash_more(struct get *g); /* hashes a slice of the local copy */
void get_cancel(struct get *g);
void get_end(struct get *g); /* tells, frees, and lets the folder know */
bool get_fail(struct get *g, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* pull_folder.c */
void pull_folder_begin(struct get *g);
void pull_folder_child_ended(struct get *folder);
void pull_folder_cancel(struct get *folder); /* none of what was queued comes any more */

#endif
