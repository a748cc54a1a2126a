/* SPDX-License-Identifier: MIT */
/* What the sessions of an engine share: resolver, keys, known_hosts, agent. */
#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/buf.h"
#include "base/memory.h"
#include "base/trace.h"
#include "engine/engine_private.h"
#include "model/known_hosts.h"
#include "model/options.h"
#include "net/agent.h"
#include "net/dns.h"
#include "ssh/identity.h"

/* Targets that name the same files share one index; the name is the files, a line each. */
struct known_hosts_set {
    UT_hash_handle hh;
    char *name;
    struct known_hosts *known_hosts;
};

/* Was this setting given on the command line? Then what cannot be used is an error at once. */
static bool is_from_command_line(const struct target *target, const char *key)
{
    const struct option_row *row = options_by_key(AT_HOST, key);
    return settings_source(target->settings, row).kind == SOURCE_COMMAND_LINE;
}

/* Reads the files of a set. What nobody named on the command line may be unusable. */
static bool load_files(struct known_hosts *kh, const struct target *target, struct error *reterr)
{
    const struct path_list *files = &target->settings->known_hosts;
    bool must = is_from_command_line(target, "known_hosts");
    for (size_t i = 0; i < files->count; i++) {
        /* The first file receives new keys: it may be about to be made. */
        bool must_exist = must && target->settings->host_key_check != HOST_KEY_CHECK_ACCEPT_NEW &&
                          target->settings->host_key_check != HOST_KEY_CHECK_ASK;
        if (known_hosts_load(kh, files->items[i], must_exist, reterr))
            continue;
        if (must)
            return false;
        trace_note("%s", error_text(reterr));
        error_release(reterr);
    }
    return true;
}

bool engine_known_hosts(struct engine *e, const struct target *target, struct known_hosts **ret,
                        struct error *reterr)
{
    const struct path_list *files = &target->settings->known_hosts;
    struct buf name;
    buf_init(&name, 1 << 20);
    for (size_t i = 0; i < files->count; i++)
        buf_addf(&name, "%s\n", files->items[i]);
    struct known_hosts_set *set;
    HASH_FIND_STR(e->known_hosts, buf_str(&name), set);
    bool done = true;
    if (!set) {
        set = xcalloc(1, sizeof *set);
        set->name = xstrdup(buf_str(&name));
        set->known_hosts = known_hosts_new();
        HASH_ADD_KEYPTR(hh, e->known_hosts, set->name, strlen(set->name), set);
        done = load_files(set->known_hosts, target, reterr);
    }
    buf_release(&name);
    *ret = set->known_hosts;
    return done;
}

/* Loads the keys that the command line names, so that one that cannot be used is told at once. */
static bool check_named_keys(struct engine *e, struct error *reterr)
{
    const struct target *target = e->plan->target_count ? e->plan->targets[0] : NULL;
    if (!target || !is_from_command_line(target, "key"))
        return true;
    const struct path_list *keys = &target->settings->key;
    for (size_t i = 0; i < keys->count; i++) {
        const struct identity *id =
            identity_store_get(e->services.identities, keys->items[i], reterr);
        if (!id)
            return false;
        if (identity_state(id) != IDENTITY_READY && !e->services.agent)
            return identity_needs_agent(id, reterr);
    }
    return true;
}

/* Connects to the agent; none is no error, the keys may do. */
static void open_agent(struct engine *e, const char *socket)
{
    struct error *why = &e->services.no_agent;
    if (!socket || !*socket)
        return;
    if (!agent_open(&e->services.agent, e->loop, socket, AGENT_TIMEOUT_US, why))
        trace_note("%s", error_text(why));
}

bool engine_services_init(struct engine *e, const char *agent_socket, struct error *reterr)
{
    e->services.loop = e->loop;
    e->services.gate = &e->gate;
    e->services.dns = dns_new(e->loop);
    e->services.identities = identity_store_new();
    open_agent(e, agent_socket);
    return check_named_keys(e, reterr);
}

void engine_services_release(struct engine *e)
{
    dns_free(e->services.dns);
    identity_store_free(e->services.identities);
    agent_close(e->services.agent);
    error_release(&e->services.no_agent);
    free(e->services.preferred_key);
    struct known_hosts_set *set, *tmp;
    HASH_ITER(hh, e->known_hosts, set, tmp)
    {
        HASH_DEL(e->known_hosts, set);
        known_hosts_free(set->known_hosts);
        free(set->name);
        free(set);
    }
}
