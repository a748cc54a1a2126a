/* SPDX-License-Identifier: MIT */
/* What source_tree.c, which lists, and source_content.c, which reads, share. */
#ifndef MUSTER_BASE_SOURCE_TREE_PRIVATE_H
#define MUSTER_BASE_SOURCE_TREE_PRIVATE_H

#include <fcntl.h>
#include <sys/stat.h>

#include "base/source_tree.h"

/* O_NONBLOCK: should it have become a FIFO meanwhile, opening does not wait for a writer. */
#define SOURCE_OPEN_FLAGS (O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)

/* A file that was read lately. */
struct source_open {
    size_t index;
    int fd;
    uint64_t used; /* the tree's clock when it was read */
};

struct source_tree {
    struct arena *arena; /* texts */
    struct source_entry *entries;
    size_t count;
    size_t room;
    const char **skipped;
    size_t skipped_count;
    size_t skipped_room;
    uint64_t bytes;
    struct source_open open[SOURCE_TREE_OPEN_MAX];
    size_t open_count;
    uint64_t clock;
};

/* Closes every file. */
void source_content_close(struct source_tree *t);

/* Digests every file. ERR_FILE. */
bool source_content_digest(struct source_tree *t, struct error *reterr);

/* The last component of an entry's path, by which its folder knows it. */
const char *source_last_name(const char *path);

#endif
