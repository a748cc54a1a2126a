/* SPDX-License-Identifier: MIT */
#include "ssh/userauth_request.h"

#include <string.h>

#include "base/wire.h"
#include "model/public_key.h"

enum { MSG_USERAUTH_REQUEST = 50 };

/* What an RSA key may sign with (RFC 8332); other keys have one algorithm, their type's name. */
static const char *const rsa_algorithms[] = { "rsa-sha2-256", "rsa-sha2-512", "ssh-rsa" };

/* The algorithm's name if it fits a key of this type, else NULL. */
static const char *fitting_algorithm(struct wire_string name, enum public_key_type type)
{
    if (type != PUBLIC_KEY_RSA)
        return wire_string_is(name, public_key_type_name(type)) ? public_key_type_name(type) : NULL;
    for (size_t i = 0; i < sizeof rsa_algorithms / sizeof *rsa_algorithms; i++) {
        if (wire_string_is(name, rsa_algorithms[i]))
            return rsa_algorithms[i];
    }
    return NULL;
}

/* Does the request begin as one of publickey for this user must? */
static bool has_right_start(struct wire *w, const char *user)
{
    wire_string(w); /* the session's identifier */
    bool is_request = wire_byte(w) == MSG_USERAUTH_REQUEST;
    bool is_user = wire_string_is(wire_string(w), user);
    bool is_service = wire_string_is(wire_string(w), "ssh-connection");
    bool is_method = wire_string_is(wire_string(w), "publickey");
    bool is_signed = wire_byte(w) == 1;
    return is_request && is_user && is_service && is_method && is_signed;
}

const char *userauth_request_check(const unsigned char *data, size_t size,
                                   const struct userauth_expected *expected, struct error *reterr)
{
    enum public_key_type type;
    struct wire w = wire_reader(data, size);
    bool starts_right = has_right_start(&w, expected->user);
    struct wire_string name = wire_string(&w);
    struct wire_string blob = wire_string(&w);
    bool is_key = blob.size == expected->blob_size &&
                  memcmp(blob.data, expected->blob, blob.size) == 0 &&
                  public_key_parse(expected->blob, expected->blob_size, &type);
    const char *algorithm =
        starts_right && is_key && wire_is_done(&w) ? fitting_algorithm(name, type) : NULL;
    if (!algorithm)
        error_set(reterr, ERR_AUTH, "refused to sign what is no request for this user and key");
    return algorithm;
}
