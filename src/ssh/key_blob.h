/* SPDX-License-Identifier: MIT */
/* From OpenSSL's keys to SSH's: the public key in wire format, and signatures in SSH's form. */
#ifndef MUSTER_SSH_KEY_BLOB_H
#define MUSTER_SSH_KEY_BLOB_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "model/public_key.h"

struct evp_pkey_st; /* OpenSSL's EVP_PKEY */

/* Appends the public key in SSH wire format; false where SSH has no such keys. */
bool key_blob_make(struct evp_pkey_st *key, struct buf *ret);

/* Signs `data` and appends the contents of an SSH signature: plain bytes for RSA and Ed25519, mpint
 * r and mpint s for ECDSA. `digest` is "SHA256" ..., NULL for Ed25519. */
bool key_blob_sign(struct evp_pkey_st *key, const char *digest, const void *data, size_t size,
                   struct buf *ret);

/* Do the key's two halves belong together? Signs and verifies once. */
bool key_blob_is_whole(struct evp_pkey_st *key, const char *digest);

#endif
