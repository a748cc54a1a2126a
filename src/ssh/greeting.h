/* SPDX-License-Identifier: MIT */
/*
 * The server's first words, watched before libssh2 sees them (law 2): the lines before "SSH-",
 * the version string, and the plaintext KEXINIT packet (RFC 4253, sections 4.2 and 7.1).
 *
 * libssh2 itself does not return while bytes arrive, accepts SSH-1 and says of a failed
 * negotiation only that it failed. Bytes are fed as they come and taken out by libssh2 in order,
 * from the version string on: the lines before it, which are nobody's affair, stay here (libssh2
 * gives up at an empty one).
 */
#ifndef MUSTER_SSH_GREETING_H
#define MUSTER_SSH_GREETING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct greeting;

/* The name-lists of a KEXINIT packet, in its order. */
enum algorithm_list {
    ALGORITHM_KEX,
    ALGORITHM_HOST_KEY,
    ALGORITHM_CIPHER_CLIENT,
    ALGORITHM_CIPHER_SERVER,
    ALGORITHM_MAC_CLIENT,
    ALGORITHM_MAC_SERVER,
    ALGORITHM_COMPRESSION_CLIENT,
    ALGORITHM_COMPRESSION_SERVER,
};
#define ALGORITHM_LIST_COUNT (ALGORITHM_COMPRESSION_SERVER + 1)

struct greeting *greeting_new(void);
void greeting_free(struct greeting *g); /* NULL is fine */

/* Looks at bytes from the server; false with ERR_NOT_SSH where it is none we can talk to: garbage,
 * an endless banner (more than 1,024 lines or 8 KiB before "SSH-"), SSH-1. */
bool greeting_feed(struct greeting *g, const char *data, size_t size, struct error *reterr);

/* The connection ended: false with ERR_NOT_SSH where something was said that was no SSH. */
bool greeting_end(const struct greeting *g, struct error *reterr);

/* Moves up to `size` fed bytes to `data`; 0 where none are left. */
size_t greeting_take(struct greeting *g, char *data, size_t size);

/* The version string without CR LF, or NULL while it has not come. */
const char *greeting_version(const struct greeting *g);

/* The server's comma-separated list, or NULL while the KEXINIT has not come whole. */
const char *greeting_list(const struct greeting *g, enum algorithm_list which);

/* "key exchange", "host key type", "cipher" ... for error texts. Static storage. */
const char *algorithm_list_phrase(enum algorithm_list which);

#endif
