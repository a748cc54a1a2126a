/* SPDX-License-Identifier: MIT */
/*
 * OpenSSH's own private key format (PROTOCOL.key in OpenSSH's sources): a container with the public
 * key in the clear and one private key, encrypted or not.
 */
#ifndef MUSTER_SSH_OPENSSH_KEY_H
#define MUSTER_SSH_OPENSSH_KEY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/wire.h"

struct evp_pkey_st; /* OpenSSL's EVP_PKEY */

struct openssh_key {
    struct wire_string blob; /* the public key, inside the container that was parsed */
    bool is_encrypted;
    struct evp_pkey_st *key; /* the caller frees it; NULL where it is encrypted */
};

/* Does the file's text hold such a container? */
bool openssh_key_is_here(const char *text, size_t size);

/* Takes the container out of the file's text: appends it to `ret`, which must have room for `size`
 * bytes so that no copy of a private key is left behind. False where it is damaged. */
bool openssh_key_decode(const char *text, size_t size, struct buf *ret);

/* Reads a container. On failure `ret_why` is a phrase in static storage: "is damaged". */
bool openssh_key_parse(const void *data, size_t size, struct openssh_key *ret,
                       const char **ret_why);

#endif
