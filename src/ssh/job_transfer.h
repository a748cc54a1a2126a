/* SPDX-License-Identifier: MIT */
/*
 * A push or a pull on one session, over SFTP, with small commands beside it for hashing and, where
 * SFTP cannot, for replacing.
 *
 * A file is there whole and new, or the old one is whole: content goes to a temporary file in the
 * same folder, its size (and digest) is checked, and one rename replaces. A tree is whole file by
 * file. What fails is told file by file while the others go on; the end is told once.
 *
 * Statuses: `transfer` where something failed, `timeout` and `cancelled` by cause, `lost` only
 * where the connection broke between a replacement's request and its answer.
 */
#ifndef MUSTER_SSH_JOB_TRANSFER_H
#define MUSTER_SSH_JOB_TRANSFER_H

#include "base/error.h"
#include "model/event.h"
#include "model/transfer.h"
#include "ssh/job.h"

struct transfer_result {
    bool has_started; /* the first write to the target was requested */
    struct transfer_totals totals;
    struct error error; /* ERR_NONE: all is in place */
};

struct transfer_listener {
    void (*on_started)(void *arg);
    /* `error` is NULL where the file is through. */
    void (*on_file)(void *arg, const struct file_record *file, const struct error *error);
    void (*on_moved)(void *arg, uint64_t bytes);
    void (*on_note)(void *arg, enum severity severity, const char *text);
    /* The receiver may move the error out of the result. */
    void (*on_end)(void *arg, struct transfer_result *result);
    void *arg;
};

struct transfer_args {
    const struct transfer_spec *spec;
    /* Push: the remote path, as typed but with its template filled in. Pull: NULL. Copied. */
    const char *destination;
    const char *host;   /* its name; outlives the job */
    int64_t timeout_us; /* from the server's greeting on; 0 none */
    int64_t idle_us;    /* without an answer; 0 none */
    int64_t open_us;    /* for the channel and the greeting; 0 none */
    struct transfer_listener listener;
};

struct job *job_push_new(const struct transfer_args *args);
struct job *job_pull_new(const struct transfer_args *args);

/* Ends the transfer: nothing more is begun, temporaries are removed; on_end will tell `why`. */
void job_transfer_end(struct job *job, const struct error *why);

bool job_transfer_has_started(const struct job *job);

#endif
