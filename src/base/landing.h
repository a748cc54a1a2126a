/* SPDX-License-Identifier: MIT */
/*
 * Where files that servers send land: below one local folder, whatever names the servers give.
 *
 * A server is taken for hostile. Its names, kinds, sizes, link targets and their order are its
 * choice, and an entry may be a symbolic link that it had us create a moment ago. Whatever it
 * sends, nothing outside the folder is written, created, removed, changed or followed:
 * - paths are relative, "web01/etc/passwd": names joined by single slashes. Callers refuse a bad
 *   name where it arrives; each function checks each name once more;
 * - each function goes from the folder's descriptor name by name (openat, O_NOFOLLOW) and never
 *   through a link. The folder last come to is kept open, so that the next file in it costs no
 * walk. That is safe because nothing here moves, removes or replaces a folder. What other local
 *   programs move meanwhile is moved with all that goes on in it, and is no concern of this module;
 * - only regular files and links are ever replaced: whole, by renameat(2).
 *
 * Errors are ERR_TRANSFER and begin with the path, whose bytes are the server's: they may be no
 * UTF-8, and of a refused path they may be anything. Where no parent folder is there, that is an
 * error as any other.
 *
 * All calls are synchronous and are made by the loop. That is accepted because they go to the page
 * cache of a local disk, at most 64 KiB a call; nothing is forced to the disk, so a file that was
 * committed survives the end of the process, not a power cut.
 */
#ifndef MUSTER_BASE_LANDING_H
#define MUSTER_BASE_LANDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

struct landing;

enum landing_kind {
    LANDING_NONE,
    LANDING_FILE,
    LANDING_FOLDER,
    LANDING_LINK,
    LANDING_OTHER, /* a FIFO, a socket, a device */
};

struct landing_state {
    enum landing_kind kind;
    uint64_t size; /* the rest is 0 where kind is LANDING_NONE */
    int64_t mtime_s;
    mode_t mode; /* its 07777 bits */
};

/* Opens the folder; where only its last component is missing, creates it (0777 without the umask).
 * It is the user's word: links in it are followed. Errors are ERR_FILE. */
bool landing_new(struct landing **ret, const char *path, struct error *reterr);

/* As landing_new() for a dry run: makes nothing. Where the folder is missing, nothing is there. */
bool landing_new_to_look(struct landing **ret, const char *path, struct error *reterr);

/* Closes the folder. Files that are open below it stay usable. NULL is fine. */
void landing_free(struct landing *l);

/* Why one name that a server sent cannot be one component of a path ("contains a slash"); NULL
 * where it can. Static. Bytes from 0x80 on are fine, UTF-8 or not. */
const char *landing_name_problem(const char *name, size_t size);

/* What is there, links not followed; LANDING_NONE also where a parent folder is missing. */
bool landing_look(struct landing *l, const char *path, struct landing_state *ret,
                  struct error *reterr);

/* Makes one folder, mode 0700 until landing_finish_folder(). A folder that is there already is
 * fine, with its mode; anything else there, a link to a folder too, is an error. */
bool landing_make_folder(struct landing *l, const char *path, bool *ret_created,
                         struct error *reterr);

/* Gives a folder the 0777 bits of `mode`, with u+rwx in any case so that a later run can come back,
 * and, with `has_mtime`, its time. To be called when all below it is done. */
bool landing_finish_folder(struct landing *l, const char *path, mode_t mode, bool has_mtime,
                           int64_t mtime_s, struct error *reterr);

/* Puts a symbolic link in place of nothing, a file or a link; one that is the same already is left
 * alone, and `*ret_changed` false. The target is kept byte for byte and
 * never looked at; it is refused where it is empty, holds a NUL or is longer than 4095 bytes. */
bool landing_link(struct landing *l, const char *path, const char *target, size_t target_size,
                  bool *ret_changed, struct error *reterr);

/* Opens a regular file that is there for reading, never waiting; the caller closes it. */
bool landing_open_existing(struct landing *l, const char *path, int *ret_fd, struct error *reterr);

#endif
