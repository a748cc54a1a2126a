/* SPDX-License-Identifier: MIT */
#include "ssh/rsa_sha2.h"

#include <libssh2.h>
#include <string.h>

#include "base/wire.h"
#include "model/public_key.h"
#include "ssh/ssh_alloc.h"
#include "ssh/ssh_features.h"

/* The longest blob that is disguised: RSA of 16384 bits. */
#define BLOB_MAX 4096

const char *rsa_sha2_algorithm(const char *key_type)
{
    return strcmp(key_type, "ssh-rsa") == 0 ? "rsa-sha2-256" : key_type;
}

/* Must this key be disguised for this libssh2? */
static bool needs_disguise(const struct rsa_sha2_offer *offer)
{
    enum public_key_type type;
    return public_key_parse(offer->blob, offer->blob_size, &type) && type == PUBLIC_KEY_RSA &&
           !ssh_features_get().rsa_user_sha2;
}

/* Makes the disguised blob: the algorithm's name, then anything, in the true one's length. */
static bool disguise(struct rsa_sha2_offer *offer)
{
    struct buf *d = &offer->disguised;
    buf_init(d, BLOB_MAX);
    wire_add_text(d, offer->algorithm);
    if (d->failed || d->size > offer->blob_size)
        return false;
    return buf_add(d, offer->blob + d->size, offer->blob_size - d->size);
}

/* The two allocations of libssh2 1.10's userauth_publickey() before it sends anything: the
 * algorithm's name; the request, with room for the signature. */
static struct ssh_alloc_swap swap_of(const struct rsa_sha2_offer *offer)
{
    /* Message number, the lengths of five strings, "ssh-connection", "publickey", a boolean. */
    const size_t fixed = 1 + 5 * 4 + 14 + 9 + 1;
    size_t name = strlen(offer->algorithm);
    size_t request = fixed + strlen(offer->user) + name + offer->blob_size;
    return (struct ssh_alloc_swap){
        .sizes = { name, request + 4 + (4 + name) + (4 + offer->blob_size) },
        .to = (unsigned char *)offer->disguised.data,
        .from = offer->blob,
        .size = offer->blob_size,
    };
}

/* The call for `blob`, true or disguised. */
static int call(LIBSSH2_SESSION *session, const struct rsa_sha2_offer *offer, const void *blob,
                rsa_sha2_sign_fn *sign, void **abstract)
{
    return libssh2_userauth_publickey(session, offer->user, blob, offer->blob_size, sign, abstract);
}

int rsa_sha2_userauth(LIBSSH2_SESSION *session, struct ssh_alloc *alloc,
                      struct rsa_sha2_offer *offer, rsa_sha2_sign_fn *sign, void **abstract)
{
    if (offer->disguised.size > 0)
        return call(session, offer, offer->disguised.data, sign, abstract);
    if (!needs_disguise(offer))
        return call(session, offer, offer->blob, sign, abstract);
    if (!disguise(offer))
        return LIBSSH2_ERROR_ALLOC;
    const struct ssh_alloc_swap swap = swap_of(offer);
    ssh_alloc_swap_arm(alloc, &swap);
    int rc = call(session, offer, offer->disguised.data, sign, abstract);
    return ssh_alloc_swap_cancel(alloc) ? rc : LIBSSH2_ERROR_ALLOC;
}

void rsa_sha2_offer_release(struct rsa_sha2_offer *offer)
{
    buf_release(&offer->disguised);
}
