/* SPDX-License-Identifier: MIT */
/*
 * A user's key from a file: loaded once, shared by all sessions of an engine, signing in memory.
 *
 * Read are PEM files (PKCS#1, PKCS#8, SEC1), OpenSSH's own format, and .pub files. Kinds: RSA of
 * at least 1024 bits, ECDSA on P-256, P-384 and P-521, Ed25519. A private key that group or others
 * can read is refused as ssh does. An identity owns its key; the store owns its identities, and
 * all pointers they give live as long as the store.
 */
#ifndef MUSTER_SSH_IDENTITY_H
#define MUSTER_SSH_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"
#include "model/public_key.h"

struct identity;
struct identity_store;

struct identity_store *identity_store_new(void);
void identity_store_free(struct identity_store *store); /* NULL is fine; private keys are wiped */

/* The identity in `path`; the file is read on the first call only. NULL with `reterr` set where it
 * cannot be used, also on the first call only read: ERR_FILE, the text names the file. An encrypted
 * file is no failure here: see identity_state(). */
const struct identity *identity_store_get(struct identity_store *store, const char *path,
                                          struct error *reterr);

enum identity_state {
    IDENTITY_READY,       /* identity_sign() works */
    IDENTITY_PUBLIC_ONLY, /* from a .pub file: the agent may hold its private part */
    IDENTITY_LOCKED,      /* the private part is encrypted: the agent may hold it */
};
enum identity_state identity_state(const struct identity *id);

/* Sets `err` (ERR_AUTH_NO_CREDENTIAL) to why an identity that is not READY cannot be used without
 * an agent that holds it, naming the file and what to do. Returns false. */
bool identity_needs_agent(const struct identity *id, struct error *err);

/* The file, as given. */
const char *identity_path(const struct identity *id);

/* The public key in SSH wire format. Size 0 where it is not known: a LOCKED PEM file without a
 * .pub beside it. */
const unsigned char *identity_blob(const struct identity *id, size_t *ret_size);
enum public_key_type identity_type(const struct identity *id); /* only where the blob is known */
const char *identity_fingerprint(const struct identity *id);   /* "SHA256:...", "" if unknown */

/* Signs `data` with `algorithm` ("ssh-ed25519", "ecdsa-sha2-nistp256" ..., "rsa-sha2-256",
 * "rsa-sha2-512", "ssh-rsa") and appends the signature's contents to `ret`, without the wrapper
 * that names the algorithm: for RSA and Ed25519 the plain bytes, for ECDSA mpint r, mpint s; that
 * is what libssh2's sign callback returns. False (ERR_AUTH) where the algorithm is not the key's
 * or the identity is not READY. */
bool identity_sign(const struct identity *id, const char *algorithm, const void *data, size_t size,
                   struct buf *ret, struct error *reterr);

/* The longest signature identity_sign() can append: RSA of 16384 bits. */
#define IDENTITY_SIGNATURE_MAX 2048

#endif
