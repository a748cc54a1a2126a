/* SPDX-License-Identifier: MIT */
#include "base/digest.h"

#include <openssl/evp.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

enum { SHA1_BLOCK = 64, INNER_PAD = 0x36, OUTER_PAD = 0x5c };

void digest_sha256_text(const unsigned char digest[static SHA256_SIZE],
                        char ret[static SHA256_TEXT_SIZE])
{
    int at = snprintf(ret, SHA256_TEXT_SIZE, "sha256:");
    for (size_t i = 0; i < SHA256_SIZE; i++)
        at += snprintf(ret + at, 3, "%02x", digest[i]);
}

struct sha256 {
    EVP_MD_CTX *context;
};

/* By hand (RFC 2104): OpenSSL's own HMAC looks its digest up anew for each. */
struct hmac_sha1 {
    EVP_MD_CTX *context;
    EVP_MD *sha1;
};

void digest_sha256(const void *data, size_t size, unsigned char ret[static SHA256_SIZE])
{
    if (!SHA256(data, size, ret))
        base_out_of_memory();
}

struct sha256 *sha256_new(void)
{
    struct sha256 *s = xcalloc(1, sizeof *s);
    s->context = EVP_MD_CTX_new();
    if (!s->context || EVP_DigestInit_ex(s->context, EVP_sha256(), NULL) != 1)
        base_out_of_memory();
    return s;
}

void sha256_add(struct sha256 *s, const void *data, size_t size)
{
    if (EVP_DigestUpdate(s->context, data, size) != 1)
        base_out_of_memory();
}

void sha256_finish(struct sha256 *s, unsigned char ret[static SHA256_SIZE])
{
    if (EVP_DigestFinal_ex(s->context, ret, NULL) != 1)
        base_out_of_memory();
}

void sha256_free(struct sha256 *s)
{
    if (!s)
        return;
    EVP_MD_CTX_free(s->context);
    free(s);
}

struct hmac_sha1 *hmac_sha1_new(void)
{
    struct hmac_sha1 *h = xcalloc(1, sizeof *h);
    h->context = EVP_MD_CTX_new();
    h->sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
    if (!h->context || !h->sha1)
        base_out_of_memory();
    return h;
}

void hmac_sha1_free(struct hmac_sha1 *h)
{
    if (!h)
        return;
    EVP_MD_CTX_free(h->context);
    EVP_MD_free(h->sha1);
    free(h);
}

/* Digests the padded key, then `data`. */
static void digest_pass(struct hmac_sha1 *h, const unsigned char block[SHA1_BLOCK],
                        const void *data, size_t size, unsigned char *ret)
{
    if (EVP_DigestInit_ex2(h->context, h->sha1, NULL) != 1 ||
        EVP_DigestUpdate(h->context, block, SHA1_BLOCK) != 1 ||
        EVP_DigestUpdate(h->context, data, size) != 1 ||
        EVP_DigestFinal_ex(h->context, ret, NULL) != 1)
        base_out_of_memory();
}

void hmac_sha1(struct hmac_sha1 *h, const unsigned char key[static SHA1_SIZE], const void *data,
               size_t size, unsigned char ret[static SHA1_SIZE])
{
    unsigned char block[SHA1_BLOCK] = { 0 };
    unsigned char inner[SHA1_SIZE];
    memcpy(block, key, SHA1_SIZE);
    for (size_t i = 0; i < SHA1_BLOCK; i++)
        block[i] ^= INNER_PAD;
    digest_pass(h, block, data, size, inner);
    for (size_t i = 0; i < SHA1_BLOCK; i++)
        block[i] ^= INNER_PAD ^ OUTER_PAD;
    digest_pass(h, block, inner, sizeof inner, ret);
}
