/* SPDX-License-Identifier: MIT */
#include "fake_identity.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { MOST_IDENTITIES = 100 };

struct fake_identities fake_identities;

struct identity {
    char *path;
    enum identity_state state;
    unsigned char blob[FAKE_BLOB_SIZE];
};

struct identity_store {
    struct identity *items[MOST_IDENTITIES];
    size_t count;
};

void fake_blob(unsigned char ret[static FAKE_BLOB_SIZE], unsigned char fill)
{
    static const unsigned char head[] = "\0\0\0\013ssh-ed25519\0\0\0\040";
    memcpy(ret, head, sizeof head - 1);
    memset(ret + sizeof head - 1, fill, 32);
}

void fake_identity_blob(unsigned char ret[static FAKE_BLOB_SIZE], const char *path)
{
    fake_blob(ret, (unsigned char)path[strlen(path) - 1]);
}

struct identity_store *identity_store_new(void)
{
    fake_identities.objects++;
    return xcalloc(1, sizeof(struct identity_store));
}

void identity_store_free(struct identity_store *store)
{
    if (!store)
        return;
    for (size_t i = 0; i < store->count; i++) {
        free(store->items[i]->path);
        free(store->items[i]);
    }
    free(store);
    fake_identities.objects--;
}

/* Does the path begin with this word? */
static bool is_called(const char *path, const char *word)
{
    return strncmp(path, word, strlen(word)) == 0;
}

/* What the path says of the key in it. */
static enum identity_state state_of(const char *path)
{
    if (is_called(path, "locked"))
        return IDENTITY_LOCKED;
    return is_called(path, "public") ? IDENTITY_PUBLIC_ONLY : IDENTITY_READY;
}

const struct identity *identity_store_get(struct identity_store *store, const char *path,
                                          struct error *reterr)
{
    if (is_called(path, "missing")) {
        error_set(reterr, ERR_FILE, "%s: no such file", path);
        return NULL;
    }
    for (size_t i = 0; i < store->count; i++) {
        if (strcmp(store->items[i]->path, path) == 0)
            return store->items[i];
    }
    struct identity *id = xcalloc(1, sizeof *id);
    id->path = xstrdup(path);
    id->state = state_of(path);
    fake_identity_blob(id->blob, path);
    store->items[store->count++] = id;
    return id;
}

enum identity_state identity_state(const struct identity *id)
{
    return id->state;
}

bool identity_needs_agent(const struct identity *id, struct error *err)
{
    return error_set(err, ERR_AUTH_NO_CREDENTIAL, "%s: needs an agent", id->path);
}

const char *identity_path(const struct identity *id)
{
    return id->path;
}

const unsigned char *identity_blob(const struct identity *id, size_t *ret_size)
{
    *ret_size = sizeof id->blob;
    return id->blob;
}

bool identity_sign(const struct identity *id, const char *algorithm, const void *data, size_t size,
                   struct buf *ret, struct error *reterr)
{
    (void)algorithm;
    (void)data;
    (void)size;
    fake_identities.signs++;
    if (is_called(id->path, "unable"))
        return error_set(reterr, ERR_AUTH, "%s: cannot sign", id->path);
    return buf_add_str(ret, "signature");
}
