/* SPDX-License-Identifier: MIT */
/* One question about the host keys nobody has recorded, once every other host is done. */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "engine/engine_private.h"
#include "model/known_hosts.h"
#include "model/public_key.h"

/* The question under way; its texts live until the answer. */
struct host_key_question {
    struct engine *engine;
    size_t count;
    struct host_run **hosts;
    struct ask_host_key *keys;
    char (*fingerprints)[PUBLIC_KEY_FINGERPRINT_SIZE];
    char (*names)[KNOWN_HOSTS_NAME_SIZE];
};

/* How known_hosts names the host. */
static struct known_hosts_name name_of(const struct host_run *h)
{
    const struct host_info *info = &h->target->info;
    return (struct known_hosts_name){ .host = info->address ? info->address : info->name,
                                      .port = info->port };
}

/* Frees the question. */
static void free_question(struct host_key_question *q)
{
    if (!q)
        return;
    free(q->hosts);
    free(q->keys);
    free(q->fingerprints);
    free(q->names);
    free(q);
}

/* Ends a host whose key was not accepted, or could not be recorded. */
static void refuse(struct host_run *h, enum error_code code, const char *text)
{
    struct error why = ERROR_INIT;
    error_set(&why, code, "%s", text);
    host_run_end_unstarted(h, STAGE_HANDSHAKE, &why);
    error_release(&why);
}

/* Records the key of a host in the first of its files, and queues it again. */
static void accept(struct host_run *h)
{
    const struct path_list *files = &h->target->settings->known_hosts;
    const struct known_hosts_key key = { .name = name_of(h),
                                         .blob = h->host_key,
                                         .size = h->host_key_size };
    struct error err = ERROR_INIT;
    if (files->count == 0)
        error_set(&err, ERR_HOST_KEY_FILE, "no known_hosts file to record the key in");
    else
        known_hosts_add(h->known_hosts, files->items[0], &key, 1, KNOWN_HOSTS_HASH_AUTO, &err);
    if (error_is_set(&err))
        refuse(h, err.code, err.text);
    else
        host_run_accept_key(h);
    error_release(&err);
}

/* The answer has come: accepted hosts queue again, the others are done. */
static void answered(void *arg, const bool *accepted, size_t count)
{
    struct host_key_question *q = arg;
    struct engine *e = q->engine;
    e->question = NULL;
    for (size_t i = 0; i < count && i < q->count; i++) {
        struct host_run *h = q->hosts[i];
        if (h->state != HOST_PARKED)
            continue;
        if (accepted[i])
            accept(h);
        else
            refuse(h, ERR_HOST_KEY_UNKNOWN, "UNKNOWN: the key was not accepted");
    }
    free_question(q);
    loop_wake(e->loop, &e->schedule);
}

/* Fills in what is shown of one host. */
static void describe(struct host_key_question *q, size_t i, struct host_run *h)
{
    enum public_key_type type = PUBLIC_KEY_RSA;
    bool is_known = public_key_parse(h->host_key, h->host_key_size, &type);
    const struct known_hosts_name name = name_of(h);
    public_key_fingerprint(h->host_key, h->host_key_size, q->fingerprints[i]);
    if (!known_hosts_name_text(&name, q->names[i]))
        q->names[i][0] = '\0';
    q->hosts[i] = h;
    q->keys[i] = (struct ask_host_key){ .name = h->target->info.name,
                                        .address = q->names[i],
                                        .key_type = is_known ? public_key_type_name(type) : "?",
                                        .fingerprint = q->fingerprints[i] };
}

void engine_ask_host_keys(struct engine *e)
{
    if (e->question)
        return;
    struct host_key_question *q = xcalloc(1, sizeof *q);
    q->engine = e;
    for (struct list *link = e->parked.next; link != &e->parked; link = link->next)
        q->count++;
    q->hosts = xcalloc(q->count, sizeof *q->hosts);
    q->keys = xcalloc(q->count, sizeof *q->keys);
    q->fingerprints = xcalloc(q->count, sizeof *q->fingerprints);
    q->names = xcalloc(q->count, sizeof *q->names);
    size_t i = 0;
    for (struct list *link = e->parked.next; link != &e->parked; link = link->next)
        describe(q, i++, list_entry(link, struct host_run, link));
    e->question = q;
    e->ask->host_keys(e->ask, q->keys, q->count, answered, q);
}

void engine_keys_release(struct engine *e)
{
    free_question(e->question);
    e->question = NULL;
}
