/* SPDX-License-Identifier: MIT */
/* Key files (ssh/identity.h) without files: what a path names is told from the path. */
#ifndef MUSTER_TESTS_FAKE_IDENTITY_H
#define MUSTER_TESTS_FAKE_IDENTITY_H

#include "ssh/identity.h"

/*
 *   missing...   no such file
 *   locked...    the private part is encrypted
 *   public...    a .pub file
 *   unable...    can be used, but signing fails
 *   else         ready
 */
struct fake_identities {
    int objects; /* stores that exist */
    int signs;
};
extern struct fake_identities fake_identities;

/* A well-formed ssh-ed25519 public key blob whose 32 bytes are all `fill`. */
enum { FAKE_BLOB_SIZE = 4 + 11 + 4 + 32 };
void fake_blob(unsigned char ret[static FAKE_BLOB_SIZE], unsigned char fill);

/* The blob of the key in `path`, wherever it is; its last letter is what fills it. */
void fake_identity_blob(unsigned char ret[static FAKE_BLOB_SIZE], const char *path);

#endif
