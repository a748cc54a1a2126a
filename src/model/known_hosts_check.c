/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "model/known_hosts_private.h"

/* Does the entry come from the last reading of its file? */
static bool is_current(const struct known_entry *e)
{
    return e->generation == e->file->generation;
}

/* Tries a hashed line for a name, and if it is the name's, puts it under it for good. */
static void try_hashed(struct known_hosts *kh, struct hashed_name *h, struct known_name *name)
{
    unsigned char hash[SHA1_SIZE];
    if (h->name || !is_current(h->entry))
        return;
    hmac_sha1(kh->hmac, h->salt, name->text, strlen(name->text), hash);
    if (memcmp(hash, h->hash, sizeof hash) != 0)
        return;
    h->name = name;
    known_hosts_link(kh, name, h->entry);
}

/* Tries the hashed lines that hold this key. */
static void try_hashed_of_key(struct known_hosts *kh, const struct known_key *key,
                              struct known_name *name)
{
    for (struct hashed_name *h = key ? key->hashed : NULL; h; h = h->next_of_key)
        try_hashed(kh, h, name);
}

/* Tries every hashed line that was not yet tried for this name. */
static void try_all_hashed(struct known_hosts *kh, struct known_name *name)
{
    for (struct hashed_name *h = kh->hashed; h && h != name->tried; h = h->next)
        try_hashed(kh, h, name);
    name->tried = kh->hashed;
}

/* What the entries found for one name say. */
struct findings {
    const struct known_key *offered; /* NULL where it stands on no line */
    enum public_key_type type;       /* of the offered key; PUBLIC_KEY_TYPE_COUNT if none */
    const struct known_entry *match;
    const struct known_entry *revoked;
    const struct known_entry *other; /* a recorded key that is not the offered one */
    unsigned types;
};

/* Does `a` tell a person more than `b`: the offered key's type first, then the earlier line. */
static bool is_better(const struct known_entry *a, const struct known_entry *b,
                      enum public_key_type type)
{
    if (!b)
        return true;
    if ((a->key->type == type) != (b->key->type == type))
        return a->key->type == type;
    if (a->file != b->file)
        return a->file->place < b->file->place;
    return a->line < b->line;
}

/* Takes one entry into account. */
static void add_finding(struct findings *f, const struct known_entry *e)
{
    if (!is_current(e) || e->marker == KNOWN_HOSTS_CA)
        return;
    if (e->marker == KNOWN_HOSTS_REVOKE) {
        if (e->key == f->offered && is_better(e, f->revoked, f->type))
            f->revoked = e;
        return;
    }
    f->types |= 1u << e->key->type;
    if (e->key == f->offered && is_better(e, f->match, f->type))
        f->match = e;
    else if (e->key != f->offered && is_better(e, f->other, f->type))
        f->other = e;
}

/* Goes through all that is known for a name without trying hashes. */
static void gather(const struct known_hosts *kh, const struct known_name *name, struct findings *f)
{
    for (const struct name_entry *n = name->entries; n; n = n->next)
        add_finding(f, n->entry);
    for (const struct pattern_entry *p = kh->patterns; p; p = p->next) {
        if (known_hosts_names_match(p->names, p->size, name->text))
            add_finding(f, p->entry);
    }
}

/* Writes down the line that decided. */
static void decide(struct known_hosts_result *r, enum known_hosts_verdict verdict,
                   const struct known_entry *e)
{
    r->verdict = verdict;
    r->file = e->file->path;
    r->line = e->line;
    r->recorded_type = e->key->type;
    public_key_fingerprint(e->key->blob, e->key->size, r->recorded);
}

/* Looks a name up; with `is_final` a name that has no entry is one that has no hashed one either.
 */
static void look_up(struct known_hosts *kh, const char *text, struct findings f, bool is_final,
                    struct known_hosts_result *ret)
{
    struct known_name *name = known_hosts_intern_name(kh, text, strlen(text));
    try_hashed_of_key(kh, f.offered, name);
    struct findings found = f;
    gather(kh, name, &found);
    if (!found.match && !found.revoked && is_final) {
        try_all_hashed(kh, name);
        found = f;
        gather(kh, name, &found);
    }
    if (found.revoked) {
        decide(ret, KNOWN_HOSTS_REVOKED, found.revoked);
    } else if (found.match) {
        decide(ret, KNOWN_HOSTS_MATCH, found.match);
    } else if (found.other) {
        decide(ret, KNOWN_HOSTS_CHANGED, found.other);
        ret->types = found.types;
        ret->is_other_type_only = f.type != PUBLIC_KEY_TYPE_COUNT && !(found.types & 1u << f.type);
    }
}

/* The name without its port, where ssh looks for it as well; false where there was none. */
static bool plain_name_text(const struct known_hosts_name *name, char ret[KNOWN_HOSTS_NAME_SIZE])
{
    char with_port[KNOWN_HOSTS_NAME_SIZE];
    struct known_hosts_name plain = { .host = name->host, .port = 0 };
    return known_hosts_name_text(name, with_port) && known_hosts_name_text(&plain, ret) &&
           strcmp(with_port, ret) != 0;
}

void known_hosts_check(struct known_hosts *kh, const struct known_hosts_name *name,
                       const void *blob, size_t size, struct known_hosts_result *ret)
{
    struct findings f = { .type = PUBLIC_KEY_TYPE_COUNT };
    char text[KNOWN_HOSTS_NAME_SIZE];
    *ret = (struct known_hosts_result){ .verdict = KNOWN_HOSTS_UNKNOWN };
    public_key_fingerprint(blob, size, ret->offered);
    if (public_key_parse(blob, size, &f.type))
        f.offered = known_hosts_find_key(kh, blob, size);
    if (!known_hosts_name_text(name, text))
        return;
    look_up(kh, text, f, true, ret);
    if (ret->verdict != KNOWN_HOSTS_UNKNOWN || !plain_name_text(name, text))
        return;
    struct known_hosts_result plain = *ret;
    look_up(kh, text, f, false, &plain);
    if (plain.verdict == KNOWN_HOSTS_MATCH || plain.verdict == KNOWN_HOSTS_REVOKED) {
        *ret = plain;
        ret->by_plain_name = true;
    }
}

/* The types recorded for a name. */
static unsigned types_of(struct known_hosts *kh, const char *text, enum known_hosts_effort effort)
{
    struct findings f = { .type = PUBLIC_KEY_TYPE_COUNT };
    struct known_name *name = known_hosts_intern_name(kh, text, strlen(text));
    if (effort == KNOWN_HOSTS_THOROUGH)
        try_all_hashed(kh, name);
    gather(kh, name, &f);
    return f.types;
}

unsigned known_hosts_types(struct known_hosts *kh, const struct known_hosts_name *name,
                           enum known_hosts_effort effort)
{
    char text[KNOWN_HOSTS_NAME_SIZE];
    unsigned types = known_hosts_name_text(name, text) ? types_of(kh, text, effort) : 0;
    if (types == 0 && plain_name_text(name, text))
        types = types_of(kh, text, effort);
    return types;
}
