/* SPDX-License-Identifier: MIT */
/*
 * How a host ended. Every selected host ends in exactly one of these; the meanings are those of
 * muster-report(5), "STATUS". "Started" is the moment the exec request (for a transfer: the first
 * write to the target) was handed to the transport.
 */
#ifndef MUSTER_BASE_STATUS_H
#define MUSTER_BASE_STATUS_H

#include <stdbool.h>

enum host_status {
    STATUS_OK,          /* exit status 0 was received */
    STATUS_FAILED,      /* it ran: another exit status, or died by a signal */
    STATUS_TIMEOUT,     /* started; the command's or the idle time limit ended it */
    STATUS_UNREACHABLE, /* never started: dns .. key exchange, or a request was refused */
    STATUS_HOST_KEY,    /* never started: unknown, changed or revoked host key */
    STATUS_AUTH,        /* never started: no credential was accepted, or time ran out in auth */
    STATUS_TRANSFER,    /* push/pull failed; the target's old file is whole */
    STATUS_LOST,        /* started; the connection broke or no status came: outcome unknown */
    STATUS_CANCELLED,   /* started; the user, a failure limit or the run's deadline stopped it */
    STATUS_NOT_RUN,     /* never started because the run ended first */
    STATUS_INTERNAL,    /* a defect of muster */
};
#define STATUS_COUNT (STATUS_INTERNAL + 1)

/* The word used in reports: "ok", "host_key" ... Static storage. */
const char *status_word(enum host_status status);

/* The words a person reads: "ok", "host key", "not run" ... Static storage. */
const char *status_phrase(enum host_status status);

/* Finds the status whose status_word() is `word`; false where there is none. */
bool status_from_word(const char *word, enum host_status *ret);

#endif
