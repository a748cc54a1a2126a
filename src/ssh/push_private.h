/* SPDX-License-Identifier: MIT */
/*
 * A push, shared by push.c (what comes when), put*.c (one file or link), push_folder.c (one folder)
 * and push_delete.c (--delete).
 *
 *   DEST -> FOLDERS, level by level -> FILES and links -> DELETE -> FOLDER_MODES
 *
 * Each stage begins when every item of the one before has ended.
 */
#ifndef MUSTER_SSH_PUSH_PRIVATE_H
#define MUSTER_SSH_PUSH_PRIVATE_H

#include "base/source_tree.h"
#include "ssh/transfer_private.h"

enum push_stage {
    PUSH_DEST,
    PUSH_FOLDERS,
    PUSH_FILES,
    PUSH_DELETE,
    PUSH_FOLDER_MODES,
};

/* What is known of a folder of the source, over there. */
enum folder_state {
    FOLDER_PENDING,
    FOLDER_THERE,
    FOLDER_MADE, /* by us: nothing is in it that we did not put there */
    FOLDER_FAILED,
};

struct reader;

struct push {
    struct transfer t; /* first */
    enum push_stage stage;
    size_t next;  /* entry to be begun */
    size_t level; /* of PUSH_FOLDERS */
    size_t deepest;
    unsigned char *folders; /* enum folder_state of each entry */

    char *dest; /* as the server understands it */
    bool is_asked;
    bool is_into;     /* entries go into the folder `dest`; else the only one becomes `dest` */
    bool root_is_new; /* what holds the top entries was made by us */
    char *parents;    /* --mkdir: what is made, folder by folder */
    size_t parents_at;
    struct error parents_error; /* why one could not be made */
    struct list making;         /* folders under way */
    uint64_t backlog;           /* bytes of begun files that are not sent yet */
    char temporary_id[17];

    struct list doomed;  /* --delete: what waits for its turn, the last found first */
    struct list dooming; /* what has had it */
    size_t deleting;     /* requests under way */
};

enum put_state {
    PUT_LOOK,     /* what is there? */
    PUT_FOLLOW,   /* a link that was named: where does it lead? */
    PUT_READLINK, /* a link that is there: is it the same? */
    PUT_COMPARE,  /* --skip-same: is it the same? */
    PUT_ADJUST,   /* it is, but for mode or time */
    PUT_OPEN,     /* the temporary */
    PUT_RESUME,   /* how much of it is there? */
    PUT_WRITE,
    PUT_STREAM, /* instead of OPEN to SETTLE, without SFTP */
    PUT_SETTLE, /* mode, size, close */
    PUT_LINK,   /* a link is made under the temporary name */
    PUT_CHECK,  /* --verify */
    PUT_REPLACE,
    PUT_UNDO,
};

/* One file or link under way. */
struct put {
    struct list link; /* on transfer.items */
    struct push *push;
    size_t index;
    const struct source_entry *entry;
    enum put_state state;
    bool is_idle;     /* closed over there: it takes the place of none that could be begun */
    unsigned waiting; /* answers that this state waits for */
    bool follows;     /* a link at `path` is followed: the user named it */

    char *path;
    char *temporary;
    bool has_temporary; /* it may be there */
    char *why_not;      /* heap: why SFTP cannot replace; NULL: it was not tried */
    bool is_replacing;  /* the replacement was requested and not answered */
    bool must_check;    /* a part of it was there already */
    bool is_spoilt;     /* the temporary holds something else than the source */
    struct transfer_handle handle;
    struct reader *reader; /* reads it back, where the host has no program for digests */
    struct sha256 *digest;
    struct job *stream; /* STREAM: the command that takes the content ... */
    struct buf answer;  /* ... and what it prints */
    int read_error;     /* errno of reading the source for it */
    bool has_old;
    struct sftp_attributes old;
    enum file_action action;
    uint64_t sent;
    uint64_t backlog; /* its part of the push's */
    uint64_t moved;
    bool is_cancelled;
    struct error error;
};

/* push.c: the entry's path over there; heap. */
char *push_path(const struct push *push, const struct source_entry *entry);

/* What holds the entry was made by us: nothing can be there. */
bool push_is_new_place(const struct push *push, const struct source_entry *entry);

/* The record of an entry, for transfer_tell(). */
struct file_record push_record(const struct source_entry *entry, const char *path,
                               enum file_action action);

/* put.c */
void put_begin(struct push *push, size_t index);
void put_cancel(struct put *p);
void put_free(struct put *p);

/* put.c, for the files below: requests, and what becomes of their answers. The last answer that a
 * state waits for makes it go on. */
void put_ask(struct put *p, const struct sftp_request *request, sftp_reply_fn *fn);
void put_answered(struct put *p);
void put_go_on(struct put *p);
/* Sends what the state asks for; a state without requests is left at once. */
void put_enter(struct put *p, enum put_state state);
void put_on_done(void *arg, const struct sftp_reply *reply);  /* the request must succeed */
void put_on_tried(void *arg, const struct sftp_reply *reply); /* whether or not it does */
/* Is it another reply than the wanted one? Then that is the error, with `what` went wrong. */
bool put_reply_failed(struct put *p, const struct sftp_reply *reply, enum sftp_type wanted,
                      const char *what);
void put_fail(struct put *p, const char *why); /* the first one counts */

/* put_digest.c */
void put_ask_digest(struct put *p);

/* put_write.c */
bool put_resumes(const struct put *p);         /* --resume; without SFTP nothing is gone on with */
char *put_temporary_name(const struct put *p); /* heap */
void put_open(struct put *p);
void put_resume(struct put *p);
void put_shrink_backlog(struct put *p, uint64_t bytes);
bool put_fill(struct put *p); /* sends one more piece; false: none */
void put_settle(struct put *p);
struct sftp_attributes put_wanted_attributes(const struct put *p); /* mode, and times if kept */
bool put_needs_adjusting(const struct put *p);
void put_adjust(struct put *p);

/* put_stream.c */
void put_stream(struct put *p);
void put_stream_cancel(struct put *p);

/* put_replace.c */
void put_readlink(struct put *p);
void put_link(struct put *p);
void put_replace(struct put *p);

/* push_folder.c */
void push_folder_begin(struct push *push, size_t index);
void push_folder_finish(struct push *push, size_t index);
void push_folder_release(struct push *push);

/* push_delete.c */
void push_delete_begin(struct push *push, size_t index);
void push_delete_run(struct push *push);  /* goes on; called each turn */
void push_delete_undo(struct push *push); /* nothing more goes: what waits ends */
void push_delete_release(struct push *push);

#endif
