/* SPDX-License-Identifier: MIT */
/*
 * Public keys in SSH wire format ("blobs"): their type, whether they are well-formed, and their
 * fingerprint. Pure functions over borrowed bytes.
 */
#ifndef MUSTER_MODEL_PUBLIC_KEY_H
#define MUSTER_MODEL_PUBLIC_KEY_H

#include <stdbool.h>
#include <stddef.h>

/* The plain key types OpenSSH knows; a set of them is `1u << type` or-ed together. */
enum public_key_type {
    PUBLIC_KEY_RSA,
    PUBLIC_KEY_DSA,
    PUBLIC_KEY_ECDSA_256,
    PUBLIC_KEY_ECDSA_384,
    PUBLIC_KEY_ECDSA_521,
    PUBLIC_KEY_ED25519,
    PUBLIC_KEY_SK_ECDSA_256,
    PUBLIC_KEY_SK_ED25519,
};
#define PUBLIC_KEY_TYPE_COUNT (PUBLIC_KEY_SK_ED25519 + 1)

/* "ssh-ed25519" ... as it stands in the blob. Static storage. */
const char *public_key_type_name(enum public_key_type type);

/* Finds the type by the name a line of known_hosts or of a .pub file begins its key with. */
bool public_key_type_from_name(const char *name, size_t size, enum public_key_type *ret);

/* The type of a blob; false where it is of no known plain type or not well-formed: a field missing,
 * of the wrong size, or bytes after the last. Certificates are of no plain type. */
bool public_key_parse(const void *blob, size_t size, enum public_key_type *ret);

/* Room for "SHA256:", 43 digits and a NUL. */
#define PUBLIC_KEY_FINGERPRINT_SIZE 51

/* The SHA-256 fingerprint as OpenSSH prints it: "SHA256:" and base64 without padding. */
void public_key_fingerprint(const void *blob, size_t size,
                            char ret[static PUBLIC_KEY_FINGERPRINT_SIZE]);

#endif
