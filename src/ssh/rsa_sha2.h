/* SPDX-License-Identifier: MIT */
/*
 * Public key authentication in libssh2, RSA with SHA-2 (RFC 8332) included on versions that know
 * RSA with SHA-1 only.
 *
 * libssh2 1.10 takes the algorithm name from the first field of the key blob, and sends the blob
 * behind it. RFC 8332 wants the name "rsa-sha2-256" but the blob of "ssh-rsa". So the call is
 * given a disguised blob of the true one's length that begins with "rsa-sha2-256"; libssh2 copies
 * the name (allocation 1), allocates the request (2) and copies the blob; at 2 the true blob is put
 * back (ssh_alloc_swap_arm()). The request is then byte-exact. From 1.11 on the library does all
 * that itself, given the true blob, from what the server announces.
 *
 * What is signed is never taken on trust: the sign callback calls userauth_request_check()
 * (userauth_request.h), which refuses data that is not a request for this user, key and algorithm.
 */
#ifndef MUSTER_SSH_RSA_SHA2_H
#define MUSTER_SSH_RSA_SHA2_H

#include <stddef.h>

#include "base/buf.h"

struct _LIBSSH2_SESSION;
struct ssh_alloc;

/* One key that is offered to a server; lives, unmoved, until the authentication ended. */
struct rsa_sha2_offer {
    /* Set by the caller. */
    const char *user;
    const unsigned char *blob; /* the true blob: SSH wire format, as in a .pub file */
    size_t blob_size;
    const char *algorithm; /* what to sign with: rsa_sha2_algorithm() or the blob's own type */
    /* The module's own. */
    struct buf disguised;
};

/* The algorithm to ask for with a key whose blob has the type `key_type`, with the libssh2 in use:
 * "rsa-sha2-256" for "ssh-rsa" (OpenSSH and dropbear both know it), else the type itself. From
 * 1.11 on libssh2 may choose another one of the key's: see userauth_request_check(). */
const char *rsa_sha2_algorithm(const char *key_type);

/* As libssh2_userauth_publickey_FUNC: how the signature is made; `abstract` is the session's. */
typedef int rsa_sha2_sign_fn(struct _LIBSSH2_SESSION *session, unsigned char **sig,
                             size_t *sig_size, const unsigned char *data, size_t data_size,
                             void **abstract);

/* libssh2_userauth_publickey() for an offer; call it again with the same offer while it returns
 * LIBSSH2_ERROR_EAGAIN. `abstract` goes to `sign` as it is: `&pointer` that outlives the call.
 * Returns what libssh2 returns; LIBSSH2_ERROR_ALLOC where libssh2 did not allocate as expected, and
 * then nothing was signed. */
int rsa_sha2_userauth(struct _LIBSSH2_SESSION *session, struct ssh_alloc *alloc,
                      struct rsa_sha2_offer *offer, rsa_sha2_sign_fn *sign, void **abstract);

/* Frees what the module holds of the offer; call it once the authentication with it has ended. */
void rsa_sha2_offer_release(struct rsa_sha2_offer *offer);

#endif
