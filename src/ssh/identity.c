/* SPDX-License-Identifier: MIT */
#include "ssh/identity.h"

#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "ssh/identity_file.h"
#include "ssh/key_blob.h"

#define uthash_fatal(message) base_out_of_memory()
#include <uthash.h>

struct identity {
    char *path;
    struct error failure; /* why it cannot be used; not set where it can */
    enum identity_state state;
    struct identity_file file;
    enum public_key_type type;
    char fingerprint[PUBLIC_KEY_FINGERPRINT_SIZE];
    UT_hash_handle hh;
};

struct identity_store {
    struct identity *identities; /* by path */
};

/* What keys of a type sign with. */
struct algorithm {
    const char *name;
    enum public_key_type type;
    const char *digest; /* NULL: the key's own affair */
};

static const struct algorithm algorithms[] = {
    { "ssh-ed25519", PUBLIC_KEY_ED25519, NULL },
    { "rsa-sha2-256", PUBLIC_KEY_RSA, "SHA256" },
    { "rsa-sha2-512", PUBLIC_KEY_RSA, "SHA512" },
    { "ssh-rsa", PUBLIC_KEY_RSA, "SHA1" },
    { "ecdsa-sha2-nistp256", PUBLIC_KEY_ECDSA_256, "SHA256" },
    { "ecdsa-sha2-nistp384", PUBLIC_KEY_ECDSA_384, "SHA384" },
    { "ecdsa-sha2-nistp521", PUBLIC_KEY_ECDSA_521, "SHA512" },
};

struct identity_store *identity_store_new(void)
{
    return xcalloc(1, sizeof(struct identity_store));
}

void identity_store_free(struct identity_store *store)
{
    if (!store)
        return;
    struct identity *id;
    struct identity *next;
    HASH_ITER(hh, store->identities, id, next)
    {
        HASH_DEL(store->identities, id);
        identity_file_release(&id->file);
        error_release(&id->failure);
        free(id->path);
        free(id);
    }
    free(store);
}

/* Reads the file, once and for all. */
static struct identity *load(const char *path)
{
    struct identity *id = xcalloc(1, sizeof *id);
    id->path = xstrdup(path);
    if (!identity_file_read(&id->file, path, &id->failure))
        return id;
    const struct buf *blob = &id->file.blob;
    id->state = id->file.key            ? IDENTITY_READY
                : id->file.is_encrypted ? IDENTITY_LOCKED
                                        : IDENTITY_PUBLIC_ONLY;
    if (blob->size > 0) {
        public_key_parse(blob->data, blob->size, &id->type);
        public_key_fingerprint(blob->data, blob->size, id->fingerprint);
    }
    return id;
}

const struct identity *identity_store_get(struct identity_store *store, const char *path,
                                          struct error *reterr)
{
    struct identity *id = NULL;
    HASH_FIND_STR(store->identities, path, id);
    if (!id) {
        id = load(path);
        HASH_ADD_KEYPTR(hh, store->identities, id->path, strlen(id->path), id);
    }
    if (!error_is_set(&id->failure))
        return id;
    error_copy(reterr, &id->failure);
    return NULL;
}

enum identity_state identity_state(const struct identity *id)
{
    return id->state;
}

bool identity_needs_agent(const struct identity *id, struct error *err)
{
    if (id->state == IDENTITY_LOCKED)
        return error_set(err, ERR_AUTH_NO_CREDENTIAL,
                         "%s is encrypted: add it to ssh-agent (ssh-add %s)", id->path, id->path);
    return error_set(err, ERR_AUTH_NO_CREDENTIAL,
                     "%s is a public key, and no agent holds its private key: name the private "
                     "key's file, or add it to ssh-agent",
                     id->path);
}

const char *identity_path(const struct identity *id)
{
    return id->path;
}

const unsigned char *identity_blob(const struct identity *id, size_t *ret_size)
{
    *ret_size = id->file.blob.size;
    return (const unsigned char *)buf_str(&id->file.blob);
}

enum public_key_type identity_type(const struct identity *id)
{
    return id->type;
}

const char *identity_fingerprint(const struct identity *id)
{
    return id->fingerprint;
}

/* The row for a name, or NULL. */
static const struct algorithm *find_algorithm(const char *name)
{
    for (size_t i = 0; i < sizeof algorithms / sizeof *algorithms; i++) {
        if (strcmp(algorithms[i].name, name) == 0)
            return &algorithms[i];
    }
    return NULL;
}

bool identity_sign(const struct identity *id, const char *algorithm, const void *data, size_t size,
                   struct buf *ret, struct error *reterr)
{
    const struct algorithm *a = find_algorithm(algorithm);
    if (id->state != IDENTITY_READY)
        return error_set(reterr, ERR_AUTH, "%s: has no private key to sign with", id->path);
    if (!a || a->type != id->type)
        return error_set(reterr, ERR_AUTH, "%s: cannot sign with %s", id->path, algorithm);
    bool done = key_blob_sign(id->file.key, a->digest, data, size, ret);
    ERR_clear_error();
    return done || error_set(reterr, ERR_AUTH, "%s: signing with %s failed", id->path, algorithm);
}
