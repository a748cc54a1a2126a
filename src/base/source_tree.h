/* SPDX-License-Identifier: MIT */
/*
 * What a push sends: files, folders and links, listed once before the run and shared by all hosts.
 *
 *      SRC            name of its top entry
 *      a/tree         "tree"; so do "a/tree/" and "a/tree//"
 *      .  a/.  ..  /  "": what is in the folder goes straight to the destination, as with cp -r
 *
 * A SRC that is a link is followed; links below it are kept as links and never followed, neither
 * when the tree is listed nor later. Everything is opened once while it is listed, so that no host
 * gets half a tree because of a file that cannot be read. Paths stay relative to the current
 * folder, which must not change.
 *
 * Content is read with pread(2) and not mapped: a file that shrinks while it is mapped ends the
 * process with SIGBUS. What hosts share is the page cache. At most SOURCE_TREE_OPEN_MAX files are
 * open at a time. For one thread.
 */
#ifndef MUSTER_BASE_SOURCE_TREE_H
#define MUSTER_BASE_SOURCE_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/digest.h"
#include "base/error.h"

#define SOURCE_TREE_DEPTH_MAX   256      /* folders below a SRC */
#define SOURCE_TREE_ENTRIES_MAX 10000000 /* of all SRC together */
#define SOURCE_TREE_OPEN_MAX    64

/* No entry; as a parent: the entry is a SRC itself. */
#define SOURCE_NONE SIZE_MAX

struct source_tree;

enum source_entry_kind { SOURCE_FILE, SOURCE_FOLDER, SOURCE_LINK };

struct source_entry {
    enum source_entry_kind kind;
    const char *path; /* by which it is found here: SRC without slashes at its end, and below */
    const char *name; /* path below the destination: "tree/sub/a"; "" as shown above */
    size_t parent;    /* index of the folder that holds it, or SOURCE_NONE */
    mode_t mode;      /* the bits 07777 */
    uint32_t uid;
    uint32_t gid;
    int64_t mtime_s;         /* modification, Unix time ... */
    long mtime_ns;           /* ... and the nanoseconds beyond */
    uint64_t size;           /* of a file; 0 of others */
    const char *link_target; /* of a link; else NULL */
    unsigned char sha256[SHA256_SIZE];
    bool has_sha256;
};

struct source_args {
    const char *const *sources; /* as the user named them */
    size_t count;
    bool is_recursive;  /* folders are allowed */
    bool wants_digests; /* of every file */
    size_t entries_max; /* 0: SOURCE_TREE_ENTRIES_MAX */
};

/* Lists the sources. Parents come before what is in them; what is in a folder is sorted by name,
 * bytewise. Files that cannot be sent (FIFOs, sockets, devices) are skipped below a SRC.
 * ERR_FILE, with the path: something is missing, cannot be read, changed meanwhile, is a folder
 * without `is_recursive`, is a SRC that cannot be sent, or is beyond the limits.
 * ERR_USAGE: a SRC is empty, or two would be the same at the destination.
 * On true the caller frees `*ret`. */
bool source_tree_new(struct source_tree **ret, const struct source_args *args,
                     struct error *reterr);
void source_tree_free(struct source_tree *t); /* NULL is fine */

size_t source_tree_count(const struct source_tree *t);
const struct source_entry *source_tree_entry(const struct source_tree *t, size_t index);

/* The content of all files together. */
uint64_t source_tree_bytes(const struct source_tree *t);

/* The paths of what was skipped. */
size_t source_tree_skipped_count(const struct source_tree *t);
const char *source_tree_skipped(const struct source_tree *t, size_t index);

/* Reads up to `size` bytes of a file at `offset`: > 0 bytes; 0 at the end (or where `size` is 0);
 * -ESTALE where the file is no longer what was listed: gone, of another size or time when it is
 * opened, or at its end too early; another -errno. */
ssize_t source_tree_read(struct source_tree *t, size_t index, void *data, size_t size,
                         uint64_t offset);

/* Is the file still what was listed, and what was read? To be asked when all of it was read. */
bool source_tree_is_unchanged(struct source_tree *t, size_t index);

#endif
