/* SPDX-License-Identifier: MIT */
/*
 * Errors: one code for programs, one sentence for people.
 *
 * Convention: a function that can fail returns bool and takes `struct error *reterr` last, never
 * NULL; it is set exactly when false is returned. Context is prefixed on the way up. Library code
 * never prints and never exits. A remote command's non-zero exit status is an outcome, no error.
 */
#ifndef MUSTER_BASE_ERROR_H
#define MUSTER_BASE_ERROR_H

#include <stdarg.h>
#include <stdbool.h>

#include "base/status.h"

/* The order is that of error_codes[] in error.c, which says word, status, retryable and hint. */
enum error_code {
    ERR_NONE,
    /* Before anything runs: exit status 2. */
    ERR_USAGE,
    ERR_CONFIG,
    ERR_INVENTORY,
    ERR_FILE,
    /* Getting there: status unreachable. */
    ERR_DNS,
    ERR_DNS_TIMEOUT,
    ERR_CONNECT,
    ERR_CONNECT_TIMEOUT,
    ERR_PROXY,
    ERR_CLOSED_EARLY,
    ERR_NOT_SSH,
    ERR_NO_COMMON_ALGORITHM,
    ERR_HANDSHAKE,
    ERR_HANDSHAKE_TIMEOUT,
    /* Host keys: status host_key. */
    ERR_HOST_KEY_UNKNOWN,
    ERR_HOST_KEY_CHANGED,
    ERR_HOST_KEY_REVOKED,
    ERR_HOST_KEY_FILE,
    /* Authentication: status auth. */
    ERR_AUTH,
    ERR_AUTH_TIMEOUT,
    ERR_AUTH_NO_CREDENTIAL,
    ERR_AUTH_PASSWORD_EXPIRED,
    ERR_AUTH_CLOSED,
    /* After login, before the start: status unreachable. */
    ERR_CHANNEL_REFUSED,
    ERR_REQUEST_REFUSED,
    ERR_OPEN_TIMEOUT,
    ERR_CLOSED_BEFORE_START,
    /* After the start. */
    ERR_RUN_TIMEOUT,
    ERR_IDLE_TIMEOUT,
    ERR_NO_EXIT_STATUS,
    ERR_CONNECTION_LOST,
    ERR_PEER_DEAD,
    ERR_TRANSFER,
    ERR_INPUT,
    /* The run ended first. */
    ERR_CANCELLED_BY_USER,
    ERR_CANCELLED_BY_LIMIT,
    ERR_CANCELLED_BY_DEADLINE,
    ERR_NOT_RUN_INTERRUPTED,
    ERR_NOT_RUN_LIMIT,
    ERR_NOT_RUN_DEADLINE,
    /* muster itself. */
    ERR_OUTPUT,
    ERR_MEMORY,
    ERR_INTERNAL,
};
#define ERROR_CODE_COUNT (ERR_INTERNAL + 1)

struct error {
    enum error_code code;
    char *text; /* heap, owned; NULL exactly when code is ERR_NONE */
};

#define ERROR_INIT                                                                                 \
    {                                                                                              \
        .code = ERR_NONE, .text = NULL                                                             \
    }

/* Sets `err`, releasing what it held. Returns false, so that `return error_set(...)` reads well. */
bool error_set(struct error *err, enum error_code code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
bool error_vset(struct error *err, enum error_code code, const char *fmt, va_list ap)
    __attribute__((format(printf, 3, 0)));

/* Puts "PREFIX: " in front of the text. Returns false. */
bool error_prefix(struct error *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Moves `src` to `dst`, releasing what `dst` held; `src` is empty afterwards. */
void error_move(struct error *dst, struct error *src);

/* Copies `src` to `dst`, releasing what `dst` held. */
void error_copy(struct error *dst, const struct error *src);

/* Frees the text and makes the error empty. */
void error_release(struct error *err);

/* Is an error set? */
static inline bool error_is_set(const struct error *err)
{
    return err->code != ERR_NONE;
}

/* The text, never NULL. */
const char *error_text(const struct error *err);

/* What the table says of a code. Strings are static; the hint may be NULL. */
const char *error_word(enum error_code code);
enum host_status error_status(enum error_code code);
bool error_is_retryable(enum error_code code);
const char *error_hint(enum error_code code);

/* Finds the code whose error_word() is `word`; ERR_INTERNAL where there is none. */
enum error_code error_from_word(const char *word);

#endif
