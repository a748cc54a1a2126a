/* SPDX-License-Identifier: MIT */
/*
 * One file that lands (see base/landing.h): written under a temporary name, ".NAME.muster-XXXXXXXX"
 * in its own folder, then put in place of the old one whole. Until then, and after any failure, the
 * old file is untouched; of a symbolic link that is replaced the target is never touched.
 *
 * An open file holds two descriptors, its own and its folder's. Files to the same path may be open
 * at once: the one that is committed last stays.
 */
#ifndef MUSTER_BASE_LANDING_FILE_H
#define MUSTER_BASE_LANDING_FILE_H

#include "base/landing.h"

struct landing_file;

struct landing_attributes {
    uint64_t size; /* what the file must have by now */
    mode_t mode;   /* only its 0777 bits count, and the umask does not */
    bool has_mtime;
    int64_t mtime_s;
};

/* Creates a temporary (0600, a name nobody can know) for a file at `path`. Refuses at once where
 * there is anything but a regular file or a link. */
bool landing_create(struct landing *l, const char *path, struct landing_file **ret,
                    struct error *reterr);

/* As landing_create(), with a temporary that a later run finds again: its name comes from that of
 * the file and from `tag`, 1 to 64 hexadecimal digits that say which state of which source file it
 * is. `*ret_offset` is how much there is already. What is there must be a regular file of our own
 * with one name, in which nobody else is writing; its bytes are to be checked in the end, for the
 * server may have sent a file of that very name. */
bool landing_create_resumable(struct landing *l, const char *path, const char *tag,
                              struct landing_file **ret, uint64_t *ret_offset,
                              struct error *reterr);

/* Writes all of it at `offset`. */
bool landing_write(struct landing_file *f, const void *data, size_t size, uint64_t offset,
                   struct error *reterr);

/* Reads back up to `size` bytes: > 0 bytes; 0 at the end; -errno. */
ssize_t landing_read(struct landing_file *f, void *data, size_t size, uint64_t offset);

/* The temporary's path below the folder, for texts; lives as long as `f`. */
const char *landing_temporary(const struct landing_file *f);

/* Checks the size, sets mode and time, and puts the file in place; frees `f` in any case. Where it
 * fails, the temporary is gone. */
bool landing_commit(struct landing_file *f, const struct landing_attributes *attributes,
                    struct error *reterr);

/* Removes the temporary and frees `f`; NULL is fine. */
void landing_abandon(struct landing_file *f);

/* Frees `f` but leaves the temporary for landing_create_resumable(); NULL is fine. */
void landing_keep(struct landing_file *f);

#endif
