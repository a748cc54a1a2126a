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

/* The file that receives the key of a host, or NULL. */
static const char *file_of(const struct host_run *h)
{
    const struct path_list *files = &h->target->settings->known_hosts;
    return files->count > 0 ? files->items[0] : NULL;
}

/* Do the keys of both hosts go to the same file? */
static bool share_file(const struct host_run *a, const struct host_run *b)
{
    return a->known_hosts == b->known_hosts && file_of(a) && file_of(b) &&
           strcmp(file_of(a), file_of(b)) == 0;
}

/* Moves the hosts that share the file of the first to the front of `hosts`; returns how many. */
static size_t gather_file(struct host_run **hosts, size_t count)
{
    size_t n = 1;
    for (size_t i = 1; i < count; i++) {
        if (!share_file(hosts[0], hosts[i]))
            continue;
        struct host_run *h = hosts[i];
        hosts[i] = hosts[n];
        hosts[n++] = h;
    }
    return n;
}

/* What became of one key: the host queues again, or ends. */
static void follow_verdict(struct host_run *h, enum known_hosts_verdict verdict)
{
    if (verdict == KNOWN_HOSTS_MATCH)
        host_run_accept_key(h);
    else if (verdict == KNOWN_HOSTS_REVOKED)
        refuse(h, ERR_HOST_KEY_REVOKED, "REVOKED since it was asked about");
    else if (verdict == KNOWN_HOSTS_CHANGED)
        refuse(h, ERR_HOST_KEY_CHANGED, "CHANGED since it was asked about");
    else
        refuse(h, ERR_HOST_KEY_FILE, "the key cannot be written to known_hosts");
}

/* Records the keys of hosts that share a file, in one write. */
static void record(struct host_run **hosts, size_t count)
{
    struct known_hosts_key *keys = xcalloc(count, sizeof *keys);
    struct error err = ERROR_INIT;
    for (size_t i = 0; i < count; i++)
        keys[i] = (struct known_hosts_key){ .name = name_of(hosts[i]),
                                            .blob = hosts[i]->host_key,
                                            .size = hosts[i]->host_key_size };
    if (!file_of(hosts[0]))
        error_set(&err, ERR_HOST_KEY_FILE, "no known_hosts file to record the key in");
    else
        known_hosts_add(hosts[0]->known_hosts, file_of(hosts[0]), keys, count,
                        KNOWN_HOSTS_HASH_AUTO, &err);
    for (size_t i = 0; i < count; i++) {
        if (error_is_set(&err))
            refuse(hosts[i], err.code, err.text);
        else
            follow_verdict(hosts[i], keys[i].verdict);
    }
    error_release(&err);
    free(keys);
}

/* The answer has come: accepted hosts queue again, the others are done. */
static void answered(void *arg, const bool *accepted, size_t count)
{
    struct host_key_question *q = arg;
    struct engine *e = q->engine;
    size_t n = 0;
    e->question = NULL;
    for (size_t i = 0; i < count && i < q->count; i++) {
        struct host_run *h = q->hosts[i];
        if (h->state != HOST_PARKED)
            continue; /* the run was stopped meanwhile */
        if (accepted[i])
            q->hosts[n++] = h;
        else
            refuse(h, ERR_HOST_KEY_UNKNOWN, "UNKNOWN: the key was not accepted");
    }
    for (size_t at = 0, size; at < n; at += size) {
        size = gather_file(q->hosts + at, n - at);
        record(q->hosts + at, size);
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
