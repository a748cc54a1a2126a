/* SPDX-License-Identifier: MIT */
/*
 * Reads one remote file over SFTP: many READs under way, bytes handed over in order, whatever the
 * order and size of the server's answers.
 *
 *      OPEN -> FSTAT and READ, READ, READ ... -> CLOSE -> on_end
 *
 * What the server announces (FSTAT, else the size it had in its folder) is read, no more; a file
 * that ends before that is an error. Of a file that announces nothing at all, as those in /proc,
 * everything is read until it ends.
 */
#ifndef MUSTER_SSH_READER_H
#define MUSTER_SSH_READER_H

#include "ssh/transfer_private.h"

struct reader;

struct reader_args {
    struct transfer *transfer;
    const char *path; /* borrowed until the end */
    uint64_t offset;  /* where to begin */
    bool has_size;
    uint64_t size; /* as it is known so far */
    /* Bytes, in order. False: no more is wanted. */
    bool (*on_data)(void *arg, const void *data, size_t size, uint64_t offset);
    /* Once, at the end: `error` is NULL where all was read, or no more was wanted; the attributes
     * are those of FSTAT. The reader is freed afterwards. */
    void (*on_end)(void *arg, const struct error *error, const struct sftp_attributes *attributes);
    void *arg;
};

/* Begins. */
struct reader *reader_new(const struct reader_args *args);

/* Sends one more READ; false where there is none to be sent now. */
bool reader_fill(struct reader *r);

/* Reads no more: on_end() tells `why` once the answers under way have come. */
void reader_stop(struct reader *r, const struct error *why);

/* Frees a reader whose connection is gone; NULL is fine. */
void reader_free(struct reader *r);

#endif
