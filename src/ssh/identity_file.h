/* SPDX-License-Identifier: MIT */
/* The file of a user's key: read, recognised, parsed. identity.h keeps what comes of it. */
#ifndef MUSTER_SSH_IDENTITY_FILE_H
#define MUSTER_SSH_IDENTITY_FILE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"

struct evp_pkey_st; /* OpenSSL's EVP_PKEY */

/* The most bytes a public key may have. */
#define IDENTITY_BLOB_CAP (16 * 1024)

struct identity_file {
    struct evp_pkey_st *key; /* NULL where the file holds no private key, or an encrypted one */
    bool is_encrypted;
    struct buf blob; /* the public key in SSH wire format; empty where it is not known */
};

/* Reads `path`. False (ERR_FILE, names the file) where it holds nothing that can be used; an
 * encrypted key can be. For that one the public key is looked for in the file, then in
 * "PATH.pub". */
bool identity_file_read(struct identity_file *ret, const char *path, struct error *reterr);
void identity_file_release(struct identity_file *f);

#endif
