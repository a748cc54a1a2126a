/* SPDX-License-Identifier: MIT */
/* Nothing but a publickey request for this user, key and algorithm is ever signed. */
#include <criterion/criterion.h>

#include <string.h>

#include "base/wire.h"
#include "ssh/userauth_request.h"

/* What a request is made of; each test changes one thing. */
struct parts {
    unsigned char message;
    const char *user;
    const char *service;
    const char *method;
    unsigned char is_signed;
    const char *algorithm;
    const char *behind;
};

static const struct parts good = { 50, "ann", "ssh-connection", "publickey", 1, "ssh-ed25519", "" };

static void ed25519_blob(struct buf *b)
{
    buf_init(b, 100);
    wire_add_text(b, "ssh-ed25519");
    wire_add_string(b, "0123456789abcdef0123456789abcdef", 32);
}

static void rsa_blob(struct buf *b)
{
    unsigned char modulus[256];
    memset(modulus, 0xc3, sizeof modulus);
    buf_init(b, 1000);
    wire_add_text(b, "ssh-rsa");
    wire_add_string(b, "\1\0\1", 3);
    buf_add(b, "\0\0\1\1\0", 5);
    buf_add(b, modulus, sizeof modulus);
}

static void build(struct buf *out, const struct parts *p, const struct buf *blob)
{
    buf_init(out, 4096);
    wire_add_string(out, "session identifier 0123456789abc", 32);
    buf_add_char(out, (char)p->message);
    wire_add_text(out, p->user);
    wire_add_text(out, p->service);
    wire_add_text(out, p->method);
    buf_add_char(out, (char)p->is_signed);
    wire_add_text(out, p->algorithm);
    wire_add_string(out, blob->data, blob->size);
    buf_add_str(out, p->behind);
}

static const char *check(const struct parts *p, const struct buf *blob, const struct buf *key)
{
    struct buf data;
    struct error err = ERROR_INIT;
    build(&data, p, blob);
    const struct userauth_expected expected = { "ann", (unsigned char *)key->data, key->size };
    const char *algorithm =
        userauth_request_check((unsigned char *)data.data, data.size, &expected, &err);
    cr_assert_eq(algorithm == NULL, error_is_set(&err));
    for (size_t cut = 0; cut < data.size - strlen(p->behind); cut++) {
        error_release(&err);
        cr_assert_null(userauth_request_check((unsigned char *)data.data, cut, &expected, &err));
    }
    error_release(&err);
    buf_release(&data);
    return algorithm;
}

Test(userauth_request, only_the_right_one)
{
    struct buf key, other;
    ed25519_blob(&key);
    ed25519_blob(&other);
    other.data[other.size - 1] ^= 1;
    cr_assert_str_eq(check(&good, &key, &key), "ssh-ed25519");
    cr_assert_null(check(&good, &other, &key), "another key");
    struct parts bad[7];
    for (size_t i = 0; i < 7; i++)
        bad[i] = good;
    bad[0].message = 51;
    bad[1].user = "anna";
    bad[2].service = "ssh-userauth";
    bad[3].method = "hostbased";
    bad[4].is_signed = 0;
    bad[5].algorithm = "rsa-sha2-256";
    bad[6].behind = "x";
    for (size_t i = 0; i < 7; i++)
        cr_assert_null(check(&bad[i], &key, &key), "case %zu", i);
    buf_release(&key);
    buf_release(&other);
}

Test(userauth_request, rsa_keys_sign_with_their_algorithms)
{
    struct buf key;
    struct parts p = good;
    rsa_blob(&key);
    p.algorithm = "rsa-sha2-512";
    cr_assert_str_eq(check(&p, &key, &key), "rsa-sha2-512");
    p.algorithm = "ssh-ed25519";
    cr_assert_null(check(&p, &key, &key));
    buf_release(&key);
}
