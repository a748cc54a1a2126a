/* SPDX-License-Identifier: MIT */
/* Public keys for tests: well-formed, different for each seed, nobody's. */
#ifndef MUSTER_TESTS_TEST_KEY_H
#define MUSTER_TESTS_TEST_KEY_H

#include <stddef.h>

struct test_key {
    unsigned char blob[600];
    size_t size;
    char base64[820];
    const char *type; /* "ssh-ed25519" ... */
};

/* An Ed25519 key; an RSA one with a modulus of `bits`; an ECDSA one on nistp256, whose point need
 * not be on the curve. */
struct test_key test_key_ed25519(unsigned seed);
struct test_key test_key_rsa(unsigned seed, size_t bits);
struct test_key test_key_ecdsa(unsigned seed);

/* "NAMES TYPE BASE64\n"; heap, never freed. */
char *test_key_line(const char *names, const struct test_key *key);

#endif
