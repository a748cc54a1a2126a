/* SPDX-License-Identifier: MIT */
#include "ssh/auth.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

struct auth {
    char *methods;
    struct credential *candidates; /* only those the server's methods allow */
    size_t count;
    size_t current;
    size_t keys_offered; /* before the current one */
    bool has_unusable;   /* a candidate was left out: its method is not accepted */
};

/* Does the server accept this method? */
static bool accepts(const char *methods, const char *method)
{
    size_t size = strlen(method);
    for (const char *item = methods; *item;) {
        size_t n = strcspn(item, ",");
        if (n == size && memcmp(item, method, n) == 0)
            return true;
        item += n + (item[n] == ',');
    }
    return false;
}

/* The method of RFC 4252 that a credential belongs to. */
static const char *method_of(const struct credential *c)
{
    return c->kind == CREDENTIAL_PASSWORD ? "password" : "publickey";
}

/* Is this credential the key `blob`? */
static bool is_key(const struct credential *c, const unsigned char *blob, size_t size)
{
    return c->blob && c->blob_size == size && memcmp(c->blob, blob, size) == 0;
}

/* Is the key among the first `count` already? The agent often holds what a file has, too. */
static bool is_double(const struct auth *a, const struct credential *c)
{
    for (size_t i = 0; c->blob && i < a->count; i++) {
        if (is_key(&a->candidates[i], c->blob, c->blob_size))
            return true;
    }
    return false;
}

/* Moves the key that worked elsewhere to the front. */
static void prefer(struct auth *a, const unsigned char *blob, size_t size)
{
    for (size_t i = 1; i < a->count; i++) {
        if (!is_key(&a->candidates[i], blob, size))
            continue;
        struct credential c = a->candidates[i];
        memmove(&a->candidates[1], &a->candidates[0], i * sizeof c);
        a->candidates[0] = c;
        return;
    }
}

struct auth *auth_new(const struct auth_args *args)
{
    struct auth *a = xcalloc(1, sizeof *a);
    a->methods = xstrdup(args->methods);
    a->candidates = xcalloc(args->candidate_count, sizeof *a->candidates);
    for (size_t i = 0; i < args->candidate_count; i++) {
        const struct credential *c = &args->candidates[i];
        if (!accepts(a->methods, method_of(c)))
            a->has_unusable = true;
        else if (!is_double(a, c))
            a->candidates[a->count++] = *c;
    }
    if (args->preferred)
        prefer(a, args->preferred, args->preferred_size);
    return a;
}

void auth_free(struct auth *a)
{
    if (!a)
        return;
    free(a->methods);
    free(a->candidates);
    free(a);
}

const struct credential *auth_current(const struct auth *a)
{
    static const struct credential end = { .kind = CREDENTIAL_END };
    return a->current < a->count ? &a->candidates[a->current] : &end;
}

/* Is it a key, and have as many been offered as may be? */
static bool is_beyond_limit(const struct auth *a, const struct credential *c)
{
    return c->blob && a->keys_offered >= AUTH_MAX_KEYS;
}

void auth_next(struct auth *a)
{
    if (auth_current(a)->blob)
        a->keys_offered++;
    do {
        a->current++;
    } while (a->current < a->count && is_beyond_limit(a, &a->candidates[a->current]));
}

/* Appends the names of the keys that were offered. */
static void add_key_names(const struct auth *a, struct buf *out)
{
    size_t offered = a->keys_offered;
    buf_addf(out, "%zu key%s (", offered, offered == 1 ? "" : "s");
    for (size_t i = 0, n = 0; i < a->count && n < offered; i++) {
        if (a->candidates[i].blob)
            buf_addf(out, "%s%s", n++ ? ", " : "", a->candidates[i].name);
    }
    buf_add_char(out, ')');
}

/* Was a password among what was tried? */
static bool tried_password(const struct auth *a)
{
    for (size_t i = 0; i < a->current && i < a->count; i++) {
        if (a->candidates[i].kind == CREDENTIAL_PASSWORD)
            return true;
    }
    return false;
}

bool auth_has_offered(const struct auth *a)
{
    return a->keys_offered > 0 || tried_password(a);
}

char *auth_explain(const struct auth *a)
{
    struct buf out;
    buf_init(&out, 16 * 1024);
    bool password = tried_password(a);
    if (a->keys_offered) {
        buf_add_str(&out, "refused ");
        add_key_names(a, &out);
        buf_add_str(&out, password ? " and the password" : "");
    } else if (password) {
        buf_add_str(&out, "refused the password");
    } else {
        buf_add_str(&out, a->has_unusable ? "no credential of a kind that the server accepts"
                                          : "no credential to offer");
    }
    buf_addf(&out, "; the server accepts %s", *a->methods ? a->methods : "nothing");
    return buf_detach(&out);
}
