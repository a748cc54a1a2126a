/* SPDX-License-Identifier: MIT */
/* SHA-256 and HMAC-SHA1, over OpenSSL. A failure inside OpenSSL can only be lack of memory, and
 * ends the process. */
#ifndef MUSTER_BASE_DIGEST_H
#define MUSTER_BASE_DIGEST_H

#include <stddef.h>

#define SHA256_SIZE 32
#define SHA1_SIZE   20

void digest_sha256(const void *data, size_t size, unsigned char ret[static SHA256_SIZE]);

/* A SHA-256 of data that comes in pieces: new, add as often as needed, finish once, free. */
struct sha256;

struct sha256 *sha256_new(void);
void sha256_add(struct sha256 *s, const void *data, size_t size);
void sha256_finish(struct sha256 *s, unsigned char ret[static SHA256_SIZE]);
void sha256_free(struct sha256 *s); /* NULL is fine */

/* Room for "sha256:", 64 hexadecimal digits and a NUL. */
#define SHA256_TEXT_SIZE (7 + 2 * SHA256_SIZE + 1)

/* A digest as reports show it: "sha256:...". */
void digest_sha256_text(const unsigned char digest[static SHA256_SIZE],
                        char ret[static SHA256_TEXT_SIZE]);

/* A state to be used again and again: made once, each HMAC costs two short digests. */
struct hmac_sha1;

struct hmac_sha1 *hmac_sha1_new(void);
void hmac_sha1_free(struct hmac_sha1 *h); /* NULL is fine */

/* The HMAC of `data` under a key of SHA1_SIZE bytes. */
void hmac_sha1(struct hmac_sha1 *h, const unsigned char key[static SHA1_SIZE], const void *data,
               size_t size, unsigned char ret[static SHA1_SIZE]);

#endif
