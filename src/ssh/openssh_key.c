/* SPDX-License-Identifier: MIT */
#include "ssh/openssh_key.h"

#include <ctype.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <string.h>

#include "base/base64.h"
#include "base/secret.h"
#include "model/public_key.h"

static const char begin_mark[] = "-----BEGIN OPENSSH PRIVATE KEY-----";
static const char end_mark[] = "-----END OPENSSH PRIVATE KEY-----";

/* Its terminating NUL is part of it. */
static const char magic[] = "openssh-key-v1";

enum { ED25519_SEED_SIZE = 32, ED25519_SECRET_SIZE = 64 };

bool openssh_key_is_here(const char *text, size_t size)
{
    return memmem(text, size, begin_mark, sizeof begin_mark - 1) != NULL;
}

bool openssh_key_decode(const char *text, size_t size, struct buf *ret)
{
    const char *from = memmem(text, size, begin_mark, sizeof begin_mark - 1);
    if (!from)
        return false;
    from += sizeof begin_mark - 1;
    const char *to = memmem(from, size - (size_t)(from - text), end_mark, sizeof end_mark - 1);
    if (!to)
        return false;
    struct buf digits;
    buf_init(&digits, size);
    bool done = buf_reserve(&digits, size) && buf_reserve(ret, size);
    for (const char *at = from; done && at < to; at++) {
        if (!isspace((unsigned char)*at))
            buf_add_char(&digits, *at);
    }
    done = done && base64_decode(ret, buf_str(&digits), digits.size);
    secret_release_buf(&digits);
    return done;
}

/* The numbers of an RSA key. */
enum { RSA_N, RSA_E, RSA_D, RSA_IQMP, RSA_P, RSA_Q, RSA_DMP1, RSA_DMQ1, RSA_NUMBERS };

static const char *const rsa_names[RSA_NUMBERS] = {
    [RSA_N] = OSSL_PKEY_PARAM_RSA_N,
    [RSA_E] = OSSL_PKEY_PARAM_RSA_E,
    [RSA_D] = OSSL_PKEY_PARAM_RSA_D,
    [RSA_IQMP] = OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
    [RSA_P] = OSSL_PKEY_PARAM_RSA_FACTOR1,
    [RSA_Q] = OSSL_PKEY_PARAM_RSA_FACTOR2,
    [RSA_DMP1] = OSSL_PKEY_PARAM_RSA_EXPONENT1,
    [RSA_DMQ1] = OSSL_PKEY_PARAM_RSA_EXPONENT2,
};

/* Makes a key of `type` from what was collected; NULL where OpenSSL does not take it. */
static EVP_PKEY *key_from(const char *type, OSSL_PARAM_BLD *builder)
{
    EVP_PKEY *key = NULL;
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(builder);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    if (!params || !context || EVP_PKEY_fromdata_init(context) != 1 ||
        EVP_PKEY_fromdata(context, &key, EVP_PKEY_KEYPAIR, params) != 1)
        key = NULL;
    EVP_PKEY_CTX_free(context);
    OSSL_PARAM_free(params);
    return key;
}

/* d mod (prime - 1), which the format leaves out. */
static BIGNUM *crt_exponent(const BIGNUM *d, const BIGNUM *prime)
{
    BIGNUM *ret = BN_secure_new();
    BIGNUM *less = BN_dup(prime);
    BIGNUM *exponent = BN_dup(d);
    BN_CTX *context = BN_CTX_secure_new();
    bool done = ret && less && exponent && context && !BN_is_zero(prime) &&
                BN_sub_word(less, 1) == 1 && !BN_is_zero(less);
    if (done)
        BN_set_flags(exponent, BN_FLG_CONSTTIME);
    if (!done || BN_mod(ret, exponent, less, context) != 1) {
        BN_clear_free(ret);
        ret = NULL;
    }
    BN_clear_free(exponent);
    BN_clear_free(less);
    BN_CTX_free(context);
    return ret;
}

/* All eight numbers in one key. */
static EVP_PKEY *rsa_from(BIGNUM *const numbers[RSA_NUMBERS])
{
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    bool done = builder != NULL;
    for (size_t i = 0; done && i < RSA_NUMBERS; i++)
        done = numbers[i] && OSSL_PARAM_BLD_push_BN(builder, rsa_names[i], numbers[i]) == 1;
    EVP_PKEY *key = done ? key_from("RSA", builder) : NULL;
    OSSL_PARAM_BLD_free(builder);
    return key;
}

/* n, e, d, iqmp, p, q. */
static EVP_PKEY *read_rsa(struct wire *w)
{
    BIGNUM *numbers[RSA_NUMBERS] = { NULL };
    for (size_t i = RSA_N; i <= RSA_Q; i++) {
        struct wire_string s = wire_string(w);
        numbers[i] = BN_secure_new();
        if (w->failed || !numbers[i] || !BN_bin2bn(s.data, (int)s.size, numbers[i]))
            w->failed = true;
    }
    EVP_PKEY *key = NULL;
    if (!w->failed) {
        numbers[RSA_DMP1] = crt_exponent(numbers[RSA_D], numbers[RSA_P]);
        numbers[RSA_DMQ1] = crt_exponent(numbers[RSA_D], numbers[RSA_Q]);
        key = rsa_from(numbers);
    }
    for (size_t i = 0; i < RSA_NUMBERS; i++)
        BN_clear_free(numbers[i]);
    return key;
}

/* The curve's name, the public point, the private number. */
static EVP_PKEY *read_ecdsa(struct wire *w, const char *group)
{
    wire_string(w); /* the curve, which the key's type has said already */
    struct wire_string point = wire_string(w);
    struct wire_string number = wire_string(w);
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    BIGNUM *d = w->failed ? NULL : BN_secure_new();
    EVP_PKEY *key = NULL;
    if (builder && d && BN_bin2bn(number.data, (int)number.size, d) &&
        OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, group, 0) == 1 &&
        OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point.data,
                                         point.size) == 1 &&
        OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_PRIV_KEY, d) == 1)
        key = key_from("EC", builder);
    OSSL_PARAM_BLD_free(builder);
    BN_clear_free(d);
    return key;
}

/* The public key, then seed and public key. */
static EVP_PKEY *read_ed25519(struct wire *w)
{
    wire_string(w);
    struct wire_string secret = wire_string(w);
    if (w->failed || secret.size != ED25519_SECRET_SIZE)
        return NULL;
    return EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, secret.data, ED25519_SEED_SIZE);
}

/* The private key behind its type's name. */
static EVP_PKEY *read_key(struct wire *w, enum public_key_type type)
{
    switch (type) {
    case PUBLIC_KEY_RSA:
        return read_rsa(w);
    case PUBLIC_KEY_ECDSA_256:
        return read_ecdsa(w, "P-256");
    case PUBLIC_KEY_ECDSA_384:
        return read_ecdsa(w, "P-384");
    case PUBLIC_KEY_ECDSA_521:
        return read_ecdsa(w, "P-521");
    case PUBLIC_KEY_ED25519:
        return read_ed25519(w);
    case PUBLIC_KEY_DSA:
    case PUBLIC_KEY_SK_ECDSA_256:
    case PUBLIC_KEY_SK_ED25519:
        return NULL;
    }
    return NULL;
}

/* Are the bytes that are left 1, 2, 3 ...? */
static bool is_padding(const struct wire *w)
{
    for (size_t i = 0; i < w->left; i++) {
        if (w->at[i] != (unsigned char)(i + 1))
            return false;
    }
    return !w->failed;
}

/* Reads the private part: twice the same number, the key, a comment, padding. */
static const char *parse_private(struct wire w, struct openssh_key *ret)
{
    uint32_t first = wire_u32(&w);
    uint32_t second = wire_u32(&w);
    struct wire_string name = wire_string(&w);
    enum public_key_type type;
    if (w.failed || first != second)
        return "is damaged";
    if (!public_key_type_from_name((const char *)name.data, name.size, &type))
        return "holds a key of an unknown type";
    if (type == PUBLIC_KEY_DSA)
        return "holds a DSA key, which OpenSSH gave up";
    if (type == PUBLIC_KEY_SK_ECDSA_256 || type == PUBLIC_KEY_SK_ED25519)
        return "holds a security key: add it to ssh-agent";
    ret->key = read_key(&w, type);
    wire_string(&w);
    if (ret->key && is_padding(&w))
        return NULL;
    EVP_PKEY_free(ret->key);
    ret->key = NULL;
    return "is damaged";
}

/* Reads what is in the clear; returns what is wrong, or NULL and where the private part is. */
static const char *parse_head(struct wire *w, struct openssh_key *ret, struct wire_string *private)
{
    struct wire_string mark = wire_bytes(w, sizeof magic);
    if (w->failed || memcmp(mark.data, magic, sizeof magic) != 0)
        return "is damaged";
    struct wire_string cipher = wire_string(w);
    struct wire_string kdf = wire_string(w);
    wire_string(w); /* the key derivation's options */
    uint32_t count = wire_u32(w);
    if (!w->failed && count != 1)
        return "holds more than one key";
    ret->blob = wire_string(w);
    *private = wire_string(w);
    ret->is_encrypted = !wire_string_is(cipher, "none") || !wire_string_is(kdf, "none");
    return w->failed ? "is damaged" : NULL;
}

bool openssh_key_parse(const void *data, size_t size, struct openssh_key *ret, const char **ret_why)
{
    struct wire w = wire_reader(data, size);
    struct wire_string private;
    *ret = (struct openssh_key){ .key = NULL };
    *ret_why = parse_head(&w, ret, &private);
    if (!*ret_why && !ret->is_encrypted)
        *ret_why = parse_private(wire_reader(private.data, private.size), ret);
    return !*ret_why;
}
