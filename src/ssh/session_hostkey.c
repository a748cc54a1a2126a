/* SPDX-License-Identifier: MIT */
/* HOSTKEY: is this the host we know? Asked before anything secret is offered. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "base/trace.h"
#include "ssh/session_private.h"

struct known_hosts_name session_known_name(const struct session *s)
{
    const struct host_info *info = &s->target->info;
    return (struct known_hosts_name){ .host = info->address ? info->address : info->name,
                                      .port = info->port };
}

/* Keeps the offered key: the owner may ask for it after libssh2's session is gone. */
static bool keep_host_key(struct session *s)
{
    int type;
    size_t size = 0;
    const char *blob = libssh2_session_hostkey(s->ssh, &size, &type);
    if (!blob || size == 0)
        return false;
    s->host_key = xcalloc(size, 1);
    memcpy(s->host_key, blob, size);
    s->host_key_size = size;
    return true;
}

/* `off` takes every key; the engine has said so once, for all hosts. Where the key is not the
 * recorded one, no password is offered, as in ssh(1). */
static enum step accept_any(struct session *s, const struct known_hosts_result *found)
{
    if (found->verdict != KNOWN_HOSTS_MATCH)
        trace_note("%s: host key not checked: %s", s->target->info.name, found->offered);
    s->withholds_password =
        found->verdict == KNOWN_HOSTS_CHANGED || found->verdict == KNOWN_HOSTS_REVOKED;
    return STEP_NEXT;
}

/* `accept-new` records a key seen for the first time. */
static enum step accept_new(struct session *s, const struct known_hosts_result *found)
{
    const struct path_list *files = &s->target->settings->known_hosts;
    struct known_hosts_key key = { .name = session_known_name(s),
                                   .blob = s->host_key,
                                   .size = s->host_key_size };
    struct error err = ERROR_INIT;
    if (files->count == 0) {
        session_fail(s, ERR_HOST_KEY_FILE, "no known_hosts file to record %s in", found->offered);
        return STEP_FAIL;
    }
    if (!known_hosts_add(s->known_hosts, files->items[0], &key, 1, KNOWN_HOSTS_HASH_AUTO, &err)) {
        session_fail(s, err.code, "%s", err.text);
        error_release(&err);
        return STEP_FAIL;
    }
    if (key.verdict != KNOWN_HOSTS_MATCH) {
        session_fail(s, ERR_HOST_KEY_CHANGED, "CHANGED while it was being recorded: offered %s",
                     found->offered);
        return STEP_FAIL;
    }
    char *text = xprintf("recorded a new host key: %s", found->offered);
    s->listener.on_note(s->listener.arg, SEVERITY_INFO, text);
    free(text);
    return STEP_NEXT;
}

/* Nobody has recorded this host. */
static enum step judge_unknown(struct session *s, const struct known_hosts_result *found)
{
    if (s->target->settings->host_key_check == HOST_KEY_CHECK_ACCEPT_NEW)
        return accept_new(s, found);
    session_fail(s, ERR_HOST_KEY_UNKNOWN, "UNKNOWN: offered %s", found->offered);
    return STEP_FAIL;
}

/* Another key is recorded. With more than one recorded type it may be worth asking again. */
static enum step judge_changed(struct session *s, const struct known_hosts_result *found)
{
    s->wants_other_types = found->is_other_type_only && s->effort == KNOWN_HOSTS_QUICK;
    session_fail(s, ERR_HOST_KEY_CHANGED, "CHANGED: known %s (%s:%u), offered %s", found->recorded,
                 found->file, found->line, found->offered);
    return STEP_FAIL;
}

enum step session_hostkey_run(struct session *s)
{
    if (!keep_host_key(s)) {
        session_fail(s, ERR_HANDSHAKE, "the server offered no host key");
        return STEP_FAIL;
    }
    const struct known_hosts_name name = session_known_name(s);
    struct known_hosts_result found;
    known_hosts_check(s->known_hosts, &name, s->host_key, s->host_key_size, &found);
    if (s->target->settings->host_key_check == HOST_KEY_CHECK_OFF)
        return accept_any(s, &found);
    switch (found.verdict) {
    case KNOWN_HOSTS_MATCH:
        return STEP_NEXT;
    case KNOWN_HOSTS_UNKNOWN:
        return judge_unknown(s, &found);
    case KNOWN_HOSTS_CHANGED:
        return judge_changed(s, &found);
    case KNOWN_HOSTS_REVOKED:
        session_fail(s, ERR_HOST_KEY_REVOKED, "REVOKED: offered %s (%s:%u)", found.offered,
                     found.file, found.line);
        return STEP_FAIL;
    }
    return STEP_FAIL;
}
