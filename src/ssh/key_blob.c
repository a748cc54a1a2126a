/* SPDX-License-Identifier: MIT */
#include "ssh/key_blob.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <string.h>

#include "base/memory.h"
#include "base/wire.h"

enum { NUMBER_MAX = 2048, POINT_MAX = 133, ED25519_SIZE = 32, SIGNATURE_MAX = 2048 };

/* Appends a number as an mpint. */
static bool add_number(const BIGNUM *n, struct buf *ret)
{
    unsigned char bytes[NUMBER_MAX];
    int size = BN_num_bytes(n);
    if (size > NUMBER_MAX)
        return false;
    BN_bn2bin(n, bytes);
    wire_add_mpint(ret, bytes, (size_t)size);
    return !ret->failed;
}

/* Appends a number that OpenSSL knows by `name`. */
static bool add_key_number(EVP_PKEY *key, const char *name, struct buf *ret)
{
    BIGNUM *n = NULL;
    bool done = EVP_PKEY_get_bn_param(key, name, &n) == 1 && add_number(n, ret);
    BN_free(n);
    return done;
}

/* string "ssh-rsa", mpint e, mpint n (RFC 4253, section 6.6). */
static bool add_rsa(EVP_PKEY *key, struct buf *ret)
{
    wire_add_text(ret, "ssh-rsa");
    return add_key_number(key, OSSL_PKEY_PARAM_RSA_E, ret) &&
           add_key_number(key, OSSL_PKEY_PARAM_RSA_N, ret);
}

/* string "ecdsa-sha2-CURVE", string CURVE, string Q (RFC 5656, section 3.1). */
static bool add_ecdsa(EVP_PKEY *key, struct buf *ret)
{
    static const struct {
        const char *group;
        const char *curve;
    } curves[] = { { "prime256v1", "nistp256" },
                   { "secp384r1", "nistp384" },
                   { "secp521r1", "nistp521" } };
    char group[32];
    unsigned char point[POINT_MAX];
    size_t size = 0;
    if (EVP_PKEY_get_group_name(key, group, sizeof group, NULL) != 1 ||
        EVP_PKEY_set_utf8_string_param(key, OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT,
                                       "uncompressed") != 1 ||
        EVP_PKEY_get_octet_string_param(key, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, point,
                                        sizeof point, &size) != 1)
        return false;
    for (size_t i = 0; i < sizeof curves / sizeof *curves; i++) {
        if (strcmp(group, curves[i].group) != 0)
            continue;
        char *name = xprintf("ecdsa-sha2-%s", curves[i].curve);
        wire_add_text(ret, name);
        wire_add_text(ret, curves[i].curve);
        wire_add_string(ret, point, size);
        free(name);
        return !ret->failed;
    }
    return false;
}

/* string "ssh-ed25519", string key (RFC 8709, section 4). */
static bool add_ed25519(EVP_PKEY *key, struct buf *ret)
{
    unsigned char bytes[ED25519_SIZE];
    size_t size = sizeof bytes;
    if (EVP_PKEY_get_raw_public_key(key, bytes, &size) != 1)
        return false;
    wire_add_text(ret, "ssh-ed25519");
    wire_add_string(ret, bytes, size);
    return !ret->failed;
}

bool key_blob_make(EVP_PKEY *key, struct buf *ret)
{
    switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_RSA:
        return add_rsa(key, ret);
    case EVP_PKEY_EC:
        return add_ecdsa(key, ret);
    case EVP_PKEY_ED25519:
        return add_ed25519(key, ret);
    default:
        return false;
    }
}

/* From ASN.1 to mpint r, mpint s (RFC 5656, section 3.1.2). */
static bool add_ecdsa_signature(const unsigned char *der, size_t size, struct buf *ret)
{
    ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &der, (long)size);
    bool done = signature && add_number(ECDSA_SIG_get0_r(signature), ret) &&
                add_number(ECDSA_SIG_get0_s(signature), ret);
    ECDSA_SIG_free(signature);
    return done;
}

/* Signs as OpenSSL has it. */
static bool sign_plainly(EVP_PKEY *key, const char *digest, struct wire_string data,
                         unsigned char ret[SIGNATURE_MAX], size_t *ret_size)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    *ret_size = SIGNATURE_MAX;
    bool done = context &&
                EVP_DigestSignInit_ex(context, NULL, digest, NULL, NULL, key, NULL) == 1 &&
                EVP_DigestSign(context, ret, ret_size, data.data, data.size) == 1;
    EVP_MD_CTX_free(context);
    return done;
}

bool key_blob_sign(EVP_PKEY *key, const char *digest, const void *data, size_t size,
                   struct buf *ret)
{
    unsigned char bytes[SIGNATURE_MAX];
    size_t bytes_size = 0;
    const struct wire_string all = { data, size };
    if (!sign_plainly(key, digest, all, bytes, &bytes_size))
        return false;
    if (EVP_PKEY_get_base_id(key) == EVP_PKEY_EC)
        return add_ecdsa_signature(bytes, bytes_size, ret);
    return buf_add(ret, bytes, bytes_size);
}

bool key_blob_is_whole(EVP_PKEY *key, const char *digest)
{
    static const unsigned char text[] = "muster";
    unsigned char bytes[SIGNATURE_MAX];
    size_t size = 0;
    struct wire_string all = { text, sizeof text };
    if (!sign_plainly(key, digest, all, bytes, &size))
        return false;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool done = context &&
                EVP_DigestVerifyInit_ex(context, NULL, digest, NULL, NULL, key, NULL) == 1 &&
                EVP_DigestVerify(context, bytes, size, text, sizeof text) == 1;
    EVP_MD_CTX_free(context);
    return done;
}
