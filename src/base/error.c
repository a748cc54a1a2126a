/* SPDX-License-Identifier: MIT */
#include "base/error.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

struct error_row {
    const char *word;
    enum host_status status;
    bool is_retryable;
    const char *hint;
};

/* Retryable means: nothing was started and trying again may help. */
static const struct error_row error_codes[ERROR_CODE_COUNT] = {
    [ERR_NONE] = { "none", STATUS_OK, false, NULL },
    [ERR_USAGE] = { "usage", STATUS_NOT_RUN, false, NULL },
    [ERR_CONFIG] = { "config", STATUS_NOT_RUN, false, NULL },
    [ERR_INVENTORY] = { "inventory", STATUS_NOT_RUN, false, NULL },
    [ERR_FILE] = { "file", STATUS_NOT_RUN, false, NULL },
    [ERR_DNS] = { "dns", STATUS_UNREACHABLE, true, "check the name, or set \"address\"" },
    [ERR_DNS_TIMEOUT] = { "dns_timeout", STATUS_UNREACHABLE, true,
                          "the resolver did not answer; set \"address\" or raise -t" },
    [ERR_CONNECT] = { "connect", STATUS_UNREACHABLE, true, NULL },
    [ERR_CONNECT_TIMEOUT] = { "connect_timeout", STATUS_UNREACHABLE, true,
                              "is the host up, and the port right? -t allows more time" },
    [ERR_PROXY] = { "proxy", STATUS_UNREACHABLE, true, NULL },
    [ERR_CLOSED_EARLY] = { "closed_early", STATUS_UNREACHABLE, true,
                           "a busy server drops connections (MaxStartups); try fewer --connects" },
    [ERR_NOT_SSH] = { "not_ssh", STATUS_UNREACHABLE, false, "is this the SSH port?" },
    [ERR_NO_COMMON_ALGORITHM] = { "no_common_algorithm", STATUS_UNREACHABLE, false,
                                  "muster --version lists what this libssh2 can do" },
    [ERR_HANDSHAKE] = { "handshake", STATUS_UNREACHABLE, true, NULL },
    [ERR_HANDSHAKE_TIMEOUT] = { "handshake_timeout", STATUS_UNREACHABLE, true,
                                "the server accepted the connection and fell silent" },
    [ERR_HOST_KEY_UNKNOWN] = { "host_key_unknown", STATUS_HOST_KEY, false,
                               "--host-key-check accept-new records keys seen for the first time" },
    [ERR_HOST_KEY_CHANGED] = { "host_key_changed", STATUS_HOST_KEY, false,
                               "if the change is expected, remove the old key with "
                               "ssh-keygen -R" },
    [ERR_HOST_KEY_REVOKED] = { "host_key_revoked", STATUS_HOST_KEY, false,
                               "the key is marked @revoked in known_hosts" },
    [ERR_HOST_KEY_FILE] = { "host_key_file", STATUS_HOST_KEY, false, NULL },
    [ERR_AUTH] = { "auth", STATUS_AUTH, false, NULL },
    [ERR_AUTH_TIMEOUT] = { "auth_timeout", STATUS_AUTH, true, NULL },
    [ERR_AUTH_NO_CREDENTIAL] = { "auth_no_credential", STATUS_AUTH, false,
                                 "give one with --key FILE, -k, --password-file or an ssh-agent" },
    [ERR_AUTH_PASSWORD_EXPIRED] = { "auth_password_expired", STATUS_AUTH, false,
                                    "log in once with ssh to set a new password" },
    [ERR_AUTH_CLOSED] = { "auth_closed", STATUS_AUTH, true, NULL },
    [ERR_CHANNEL_REFUSED] = { "channel_refused", STATUS_UNREACHABLE, false, NULL },
    [ERR_REQUEST_REFUSED] = { "request_refused", STATUS_UNREACHABLE, false, NULL },
    [ERR_OPEN_TIMEOUT] = { "open_timeout", STATUS_UNREACHABLE, true, NULL },
    [ERR_CLOSED_BEFORE_START] = { "closed_before_start", STATUS_UNREACHABLE, true, NULL },
    [ERR_RUN_TIMEOUT] = { "run_timeout", STATUS_TIMEOUT, false, NULL },
    [ERR_IDLE_TIMEOUT] = { "idle_timeout", STATUS_TIMEOUT, false, NULL },
    [ERR_NO_EXIT_STATUS] = { "no_exit_status", STATUS_LOST, false,
                             "whether it finished is unknown" },
    [ERR_CONNECTION_LOST] = { "connection_lost", STATUS_LOST, false,
                              "whether it finished is unknown" },
    [ERR_PEER_DEAD] = { "peer_dead", STATUS_LOST, false, "whether it finished is unknown" },
    [ERR_TRANSFER] = { "transfer", STATUS_TRANSFER, false, NULL },
    [ERR_INPUT] = { "input", STATUS_CANCELLED, false, "--max-stdin allows more from a pipe" },
    [ERR_CANCELLED_BY_USER] = { "cancelled_by_user", STATUS_CANCELLED, false, NULL },
    [ERR_CANCELLED_BY_LIMIT] = { "cancelled_by_limit", STATUS_CANCELLED, false, NULL },
    [ERR_CANCELLED_BY_DEADLINE] = { "cancelled_by_deadline", STATUS_CANCELLED, false, NULL },
    [ERR_NOT_RUN_INTERRUPTED] = { "not_run_interrupted", STATUS_NOT_RUN, false, NULL },
    [ERR_NOT_RUN_LIMIT] = { "not_run_limit", STATUS_NOT_RUN, false, NULL },
    [ERR_NOT_RUN_DEADLINE] = { "not_run_deadline", STATUS_NOT_RUN, false, NULL },
    [ERR_OUTPUT] = { "output", STATUS_INTERNAL, false, NULL },
    [ERR_MEMORY] = { "memory", STATUS_INTERNAL, false, NULL },
    [ERR_INTERNAL] = { "internal", STATUS_INTERNAL, false, "please report this" },
};

bool error_vset(struct error *err, enum error_code code, const char *fmt, va_list ap)
{
    char *text = NULL;
    if (vasprintf(&text, fmt, ap) < 0)
        base_out_of_memory();
    free(err->text);
    err->code = code;
    err->text = text;
    return false;
}

bool error_set(struct error *err, enum error_code code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    error_vset(err, code, fmt, ap);
    va_end(ap);
    return false;
}

bool error_prefix(struct error *err, const char *fmt, ...)
{
    char *prefix = NULL;
    va_list ap;
    va_start(ap, fmt);
    if (vasprintf(&prefix, fmt, ap) < 0)
        base_out_of_memory();
    va_end(ap);
    char *text = xprintf("%s: %s", prefix, error_text(err));
    free(prefix);
    free(err->text);
    err->text = text;
    return false;
}

void error_move(struct error *dst, struct error *src)
{
    error_release(dst);
    *dst = *src;
    *src = (struct error)ERROR_INIT;
}

void error_copy(struct error *dst, const struct error *src)
{
    char *text = src->text ? xstrdup(src->text) : NULL;
    error_release(dst);
    dst->code = src->code;
    dst->text = text;
}

void error_release(struct error *err)
{
    free(err->text);
    *err = (struct error)ERROR_INIT;
}

const char *error_text(const struct error *err)
{
    return err->text ? err->text : "";
}

const char *error_word(enum error_code code)
{
    return error_codes[code].word;
}

enum host_status error_status(enum error_code code)
{
    return error_codes[code].status;
}

bool error_is_retryable(enum error_code code)
{
    return error_codes[code].is_retryable;
}

const char *error_hint(enum error_code code)
{
    return error_codes[code].hint;
}

enum error_code error_from_word(const char *word)
{
    for (int i = 0; i < ERROR_CODE_COUNT; i++) {
        if (strcmp(error_codes[i].word, word) == 0)
            return (enum error_code)i;
    }
    return ERR_INTERNAL;
}
