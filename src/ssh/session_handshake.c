/* SPDX-License-Identifier: MIT */
/* HANDSHAKE: version strings and key exchange. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "ssh/algorithms.h"
#include "ssh/session_private.h"

/* Makes libssh2's session and says what may be negotiated. */
static bool prepare(struct session *s)
{
    if (!session_io_init(s))
        return false;
    struct error err = ERROR_INIT;
    const struct known_hosts_name name = session_known_name(s);
    unsigned types = known_hosts_types(s->known_hosts, &name, s->effort);
    bool done = algorithms_apply(s->ssh, types, &err);
    if (!done)
        session_fail(s, err.code, "%s", err.text);
    error_release(&err);
    return done;
}

/* Says why there was no key exchange, as precisely as what was heard allows. */
static enum step fail_handshake(struct session *s)
{
    struct error err = ERROR_INIT;
    char *mismatch = algorithms_mismatch(s->ssh, s->greeting);
    if (mismatch)
        session_fail(s, ERR_NO_COMMON_ALGORITHM, "%s", mismatch);
    else if (session_is_broken(s) && !greeting_end(s->greeting, &err))
        session_fail(s, err.code, "%s", err.text);
    else if (session_is_broken(s))
        session_fail(s, ERR_CLOSED_EARLY, "%s %s", session_broken_text(s),
                     greeting_version(s->greeting) ? "during the key exchange"
                                                   : "before the key exchange");
    else
        session_fail(s, ERR_HANDSHAKE, "%s", session_libssh2_text(s));
    error_release(&err);
    free(mismatch);
    return STEP_FAIL;
}

enum step session_handshake_run(struct session *s)
{
    if (!s->ssh && !prepare(s))
        return STEP_FAIL;
    int rc = libssh2_session_handshake(s->ssh, s->transport->ops->fd(s->transport));
    if (rc == LIBSSH2_ERROR_EAGAIN)
        return STEP_WAIT;
    return rc == 0 ? STEP_NEXT : fail_handshake(s);
}

void session_handshake_leave(struct session *s)
{
    if (!s->greeting)
        return;
    const char *version = greeting_version(s->greeting);
    s->server_version = xstrdup(version ? version : "");
}

bool session_is_dropbear(const struct session *s)
{
    return s->server_version && strstr(s->server_version, "dropbear") != NULL;
}

bool session_may_exec_helper(const struct session *s)
{
    if (s->has_forced_command || s->target->settings->no_remote_kill || s->is_open_stuck ||
        !s->server_version || strstr(s->server_version, "Windows"))
        return false;
    return session_is_dropbear(s) || strstr(s->server_version, "OpenSSH") != NULL;
}
