/* SPDX-License-Identifier: MIT */
#include "test_key.h"

#include <openssl/evp.h>
#include <string.h>

#include "base/buf.h"
#include "base/wire.h"
#include "files.h"

/* Bytes that look random and depend on the seed. */
static void fill(unsigned char *to, size_t size, unsigned seed)
{
    unsigned state = seed * 2654435761u + 12345u;
    for (size_t i = 0; i < size; i++) {
        state = state * 1664525u + 1013904223u;
        to[i] = (unsigned char)(state >> 24);
    }
}

/* Finishes a key from its blob. */
static struct test_key make(const char *type, struct buf *blob)
{
    struct test_key key = { .type = type, .size = blob->size };
    memcpy(key.blob, blob->data, blob->size);
    EVP_EncodeBlock((unsigned char *)key.base64, key.blob, (int)key.size);
    buf_release(blob);
    return key;
}

struct test_key test_key_ed25519(unsigned seed)
{
    struct buf blob;
    unsigned char bytes[32];
    fill(bytes, sizeof bytes, seed);
    buf_init(&blob, sizeof((struct test_key *)0)->blob);
    wire_add_text(&blob, "ssh-ed25519");
    wire_add_string(&blob, bytes, sizeof bytes);
    return make("ssh-ed25519", &blob);
}

struct test_key test_key_rsa(unsigned seed, size_t bits)
{
    struct buf blob;
    unsigned char bytes[512];
    size_t size = (bits + 7) / 8;
    fill(bytes, size, seed);
    bytes[0] = (unsigned char)(1u << (bits - 1) % 8);
    bytes[size - 1] |= 1;
    buf_init(&blob, sizeof((struct test_key *)0)->blob);
    wire_add_text(&blob, "ssh-rsa");
    wire_add_mpint(&blob, (const unsigned char *)"\x01\x00\x01", 3);
    wire_add_mpint(&blob, bytes, size);
    return make("ssh-rsa", &blob);
}

struct test_key test_key_ecdsa(unsigned seed)
{
    struct buf blob;
    unsigned char bytes[65];
    fill(bytes, sizeof bytes, seed);
    bytes[0] = 4;
    buf_init(&blob, sizeof((struct test_key *)0)->blob);
    wire_add_text(&blob, "ecdsa-sha2-nistp256");
    wire_add_text(&blob, "nistp256");
    wire_add_string(&blob, bytes, sizeof bytes);
    return make("ecdsa-sha2-nistp256", &blob);
}

char *test_key_line(const char *names, const struct test_key *key)
{
    return text_of("%s %s %s\n", names, key->type, key->base64);
}
