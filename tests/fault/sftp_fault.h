/* SPDX-License-Identifier: MIT */
/*
 * The parts of sftp_fault, an SFTP server (version 3, draft-ietf-secsh-filexfer-02) on standard
 * input and output that misbehaves as the first component of a path says.
 *
 *      sftp_fault.c        the table of behaviours; request -> behaviour, else the honest answer
 *      sftp_fault_lies.c   the answers of behaviours
 *      sftp_fault_files.c  the honest answers: files below the store, $HOME/sftp_fault
 *      sftp_fault_wire.c   packets: reading requests, writing replies
 */
#ifndef MUSTER_TESTS_SFTP_FAULT_H
#define MUSTER_TESTS_SFTP_FAULT_H

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

enum sftp_type {
    SFTP_INIT = 1,
    SFTP_VERSION = 2,
    SFTP_OPEN = 3,
    SFTP_CLOSE = 4,
    SFTP_READ = 5,
    SFTP_WRITE = 6,
    SFTP_LSTAT = 7,
    SFTP_FSTAT = 8,
    SFTP_SETSTAT = 9,
    SFTP_FSETSTAT = 10,
    SFTP_OPENDIR = 11,
    SFTP_READDIR = 12,
    SFTP_REMOVE = 13,
    SFTP_MKDIR = 14,
    SFTP_RMDIR = 15,
    SFTP_REALPATH = 16,
    SFTP_STAT = 17,
    SFTP_RENAME = 18,
    SFTP_READLINK = 19,
    SFTP_SYMLINK = 20,
    SFTP_STATUS = 101,
    SFTP_HANDLE = 102,
    SFTP_DATA = 103,
    SFTP_NAME = 104,
    SFTP_ATTRS = 105,
    SFTP_EXTENDED = 200,
    /* Not on the wire. */
    SFTP_POSIX_RENAME = 250,
    SFTP_ANY = 251,
};

enum sftp_status {
    SFTP_OK = 0,
    SFTP_EOF = 1,
    SFTP_NO_SUCH_FILE = 2,
    SFTP_PERMISSION_DENIED = 3,
    SFTP_FAILURE = 4,
    SFTP_BAD_MESSAGE = 5,
    SFTP_OP_UNSUPPORTED = 8,
};

enum {
    SFTP_OPEN_READ = 1,
    SFTP_OPEN_WRITE = 2,
    SFTP_OPEN_APPEND = 4,
    SFTP_OPEN_CREAT = 8,
    SFTP_OPEN_TRUNC = 16,
    SFTP_OPEN_EXCL = 32,
    SFTP_ATTR_SIZE = 1,
    SFTP_ATTR_OWNER = 2,
    SFTP_ATTR_MODE = 4,
    SFTP_ATTR_TIMES = 8,
    PATH_ROOM = 4096,
    HANDLES = 512,
    DATA_ROOM = 1 << 18,
    REORDERED = 8,
};

struct attrs {
    uint32_t flags; /* which of the others count */
    uint64_t size;
    uint32_t uid, gid, mode, atime, mtime;
};

struct behaviour;

struct handle {
    bool is_used;
    bool is_written; /* opened for writing */
    int fd;
    DIR *dir; /* of a folder */
    const struct behaviour *behaviour;
    char *path;    /* as the client named it, tidied */
    size_t served; /* names given by READDIR so far, where a behaviour counts them */
};

/* One request; only what its type has is set. */
struct request {
    uint8_t type;
    uint32_t id;
    const struct behaviour *behaviour;
    char path[PATH_ROOM];  /* absolute, without empty, "." and ".." components */
    char other[PATH_ROOM]; /* RENAME: the new name; SYMLINK: where it points, as given */
    struct handle *handle; /* NULL: none, or one that we never gave */
    uint64_t offset;
    uint32_t size;       /* of a READ; of `data` */
    const uint8_t *data; /* of a WRITE, borrowed from the packet */
    uint32_t flags;      /* of an OPEN */
    struct attrs attrs;
};

/* Packets grow here; no reply of ours is larger than a few MiB. */
struct packet {
    uint8_t *data;
    size_t size;
    size_t room;
};

struct server {
    char *store; /* the real folder behind "/" */
    int log;     /* each request but READ and WRITE, one line; for tests */
    struct handle handles[HANDLES];
    struct packet in;
    struct packet out;
    struct request late[REORDERED]; /* READs kept back by /unordered */
    size_t late_count;
};

/* Answers a request, or keeps silent on purpose; false: let the honest server answer. */
typedef bool answer(struct server *s, const struct request *q);

struct behaviour {
    const char *name;   /* the first component of paths */
    size_t seed;        /* bytes of the file "file" that is there from the start; 0: none */
    uint64_t announces; /* what attributes say is a file's size; 0: the truth */
    unsigned seed_mode; /* of that file; 0: 0644 */
    struct {
        uint8_t type;
        answer *answer;
    } on[8]; /* up to the first without an answer */
};

/* --- sftp_fault.c --------------------------------------------------------------------------- */

/* By the first component of a path; the honest one for a name that is in no row. */
const struct behaviour *behaviour_of(const char *path);

/* --- sftp_fault_files.c --------------------------------------------------------------------- */

/* The honest answer. */
void files_answer(struct server *s, const struct request *q);

/* Makes the behaviour's folder in the store, with its seed. */
void files_seed(const struct server *s, const struct behaviour *b);

/* Opens the seed of the request's behaviour in place of what was named. */
bool files_open_seed(struct server *s, const struct request *q);

/* The next names of an open folder; without attributes where `is_bare`. */
void files_readdir(struct server *s, const struct request *q, bool is_bare);

/* --- sftp_fault_lies.c ---------------------------------------------------------------------- */

answer lie_silent, lie_open_as_name, lie_endless_readdir, lie_stat_seed, lie_open_seed,
    lie_deep_stat, lie_deep_opendir, lie_deep_readdir, lie_names_readdir, lie_links_readdir,
    lie_links_lstat, lie_links_readlink, lie_big_readdir, lie_big_lstat, lie_big_readlink,
    lie_bare_readdir, lie_drop, lie_full, lie_quota, lie_forget, lie_corrupt, lie_wrong_id,
    lie_huge_packet, lie_garbage, lie_zero, lie_unordered, lie_short_read, lie_rename_fails,
    lie_rename_lost, lie_renamed_lost, lie_not_for_writing, lie_slow;

/* Answers the READs kept back, the last first. */
void lies_flush(struct server *s);

/* --- sftp_fault_wire.c ---------------------------------------------------------------------- */

/* Reads the next packet and takes it apart; false at the end of input. A request that cannot be
 * read is answered here, and its type is 0. */
bool wire_next(struct server *s, struct request *ret_q);

/* "Is more input there, or within a moment?" */
bool wire_has_more(int ms);

void wire_version(struct server *s);
void wire_status(struct server *s, uint32_t id, enum sftp_status code, const char *message);
void wire_errno(struct server *s, uint32_t id); /* STATUS by errno */
void wire_handle(struct server *s, uint32_t id, const struct handle *h);
void wire_data(struct server *s, uint32_t id, const void *data, size_t size);
void wire_attrs(struct server *s, uint32_t id, const struct attrs *a);

/* A NAME packet: begin, add ..., end, which sends it. Nothing else may be written between. */
void wire_names_begin(struct server *s, uint32_t id);
void wire_names_add(struct server *s, const char *name, size_t size, const struct attrs *a);
void wire_names_end(struct server *s);

/* Bytes as they are. */
void wire_raw(const void *data, size_t size);

#endif
