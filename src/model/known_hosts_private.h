/* SPDX-License-Identifier: MIT */
/* What the .c files behind known_hosts.h share; included by nobody else. */
#ifndef MUSTER_MODEL_KNOWN_HOSTS_PRIVATE_H
#define MUSTER_MODEL_KNOWN_HOSTS_PRIVATE_H

#include <sys/stat.h>

#include "base/arena.h"
#include "base/digest.h"
#include "base/memory.h"
#include "model/known_hosts.h"
#include "model/known_hosts_line.h"

#define uthash_fatal(message) base_out_of_memory()
#include <uthash.h>

/* What tells whether a file was changed. */
struct stamp {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec modified;
};

struct known_file {
    char *path;
    unsigned place;  /* among the files: 0, 1, ... */
    struct buf text; /* what was indexed */
    /* Entries of an older reading of the file have a smaller one and do not count. */
    unsigned generation;
    struct stamp stamp;
    unsigned lines;
    unsigned skipped; /* lines */
    unsigned entries;
    bool is_last_hashed;
    struct known_file *next;
};

/* One key as it stands in a blob, whoever's it is. */
struct known_key {
    unsigned char *blob;
    size_t size;
    enum public_key_type type;
    struct hashed_name *hashed; /* lines with a hashed name and this key */
    UT_hash_handle hh;
};

struct known_entry {
    const struct known_file *file;
    unsigned generation;
    unsigned line;
    enum known_hosts_marker marker;
    const struct known_key *key;
};

/* A line whose name is hashed; `name` once somebody asked for it. */
struct hashed_name {
    unsigned char salt[SHA1_SIZE];
    unsigned char hash[SHA1_SIZE];
    struct known_entry *entry;
    const struct known_name *name;
    struct hashed_name *next_of_key;
    struct hashed_name *next;
};

/* A line with patterns in its names. */
struct pattern_entry {
    const char *names;
    size_t size;
    struct known_entry *entry;
    struct pattern_entry *next;
};

/* An entry found under a name. */
struct name_entry {
    struct known_entry *entry;
    struct name_entry *next;
};

struct known_name {
    char *text;
    struct name_entry *entries;
    /* The newest hashed line there was when all were tried for this name. */
    const struct hashed_name *tried;
    UT_hash_handle hh;
};

struct known_hosts {
    struct arena *arena; /* everything below, but the hash tables */
    struct known_file *files;
    struct known_file **files_end;
    struct known_name *names;
    struct known_key *keys;
    struct pattern_entry *patterns;
    struct hashed_name *hashed; /* newest first */
    struct hmac_sha1 *hmac;
    bool has_waited; /* in vain for the lock of a file */
};

/* The file called `path`, or NULL. */
struct known_file *known_hosts_find_file(const struct known_hosts *kh, const char *path);

/* The record of a file that was not loaded yet, at the end of the list. */
struct known_file *known_hosts_new_file(struct known_hosts *kh, const char *path);

/* Reads the whole of descriptor `fd` as the contents of `file`; where it was read before and only
 * grew, the new lines are added to the index. */
bool known_hosts_read(struct known_hosts *kh, struct known_file *file, int fd,
                      struct error *reterr);

/* Takes `text`, the whole of the file or, with `is_more`, what was added to it, into the index. */
void known_hosts_index(struct known_hosts *kh, struct known_file *file, const struct buf *text,
                       bool is_more);

/* The stamp of an open file. */
struct stamp known_hosts_stamp(const struct stat *st);

/* The record of a name, made if need be. */
struct known_name *known_hosts_intern_name(struct known_hosts *kh, const char *text, size_t size);

/* The record of a key, or NULL where it stands on no line. */
struct known_key *known_hosts_find_key(const struct known_hosts *kh, const void *blob, size_t size);

/* Puts an entry under a name. */
void known_hosts_link(struct known_hosts *kh, struct known_name *name, struct known_entry *entry);

#endif
