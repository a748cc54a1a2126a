/* SPDX-License-Identifier: MIT */
/*
 * What a publickey signature is made over (RFC 4252, section 7): read and checked before signing,
 * so that a defect or a trick anywhere below never gets something else signed.
 */
#ifndef MUSTER_SSH_USERAUTH_REQUEST_H
#define MUSTER_SSH_USERAUTH_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* What the request must say. */
struct userauth_expected {
    const char *user;
    const unsigned char *blob; /* of the key, SSH wire format */
    size_t blob_size;
};

/* Checks the `data` a sign callback was given: session id, then SSH_MSG_USERAUTH_REQUEST for this
 * user, "ssh-connection", "publickey", TRUE, an algorithm that fits the key's type, this blob, and
 * nothing behind it. Returns the algorithm's name (static storage: "rsa-sha2-256", "ssh-ed25519"
 * ...), or NULL with `reterr` set (ERR_AUTH). "ssh-rsa" (SHA-1) is returned where libssh2 >= 1.11
 * asks for it, for the caller to accept or refuse. */
const char *userauth_request_check(const unsigned char *data, size_t size,
                                   const struct userauth_expected *expected, struct error *reterr);

#endif
