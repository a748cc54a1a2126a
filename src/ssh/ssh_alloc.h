/* SPDX-License-Identifier: MIT */
/*
 * The memory of one libssh2 session: what libssh2_session_init_ex() is given as its allocator and
 * as its `abstract` pointer. One object for what only an allocator can do:
 *
 *   - a cap: a hostile server cannot make libssh2 allocate without bound; past the cap it gets
 *     NULL and the call fails with LIBSSH2_ERROR_ALLOC;
 *   - the session's big, mostly unused block lives in pages of its own, and those still zero are
 *     given back after initialisation (law 22);
 *   - every decrypted packet is seen as it is freed: that a channel's "exit-status" came is noted,
 *     which libssh2 cannot say itself (law 16), and the number of the channel opened last;
 *   - the blob of an RSA user key is swapped between two allocations (law 11, rsa_sha2.h).
 *
 * Blocks start zeroed in their first bytes and packets are wiped when freed, so that libssh2's
 * reads of memory it never wrote find nothing of another packet.
 *
 * Lives from before libssh2_session_init_ex() until after libssh2_session_free(). Callbacks that
 * libssh2 hands `void **abstract` find their session with ssh_alloc_owner().
 */
#ifndef MUSTER_SSH_SSH_ALLOC_H
#define MUSTER_SSH_SSH_ALLOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct _LIBSSH2_SESSION;
struct ssh_alloc;

/* The most one session may hold, where the caller knows no better: many times what 1.10 to 1.11
 * need with the windows of law 5. */
#define SSH_ALLOC_CAP (64u * 1024 * 1024)

/* `owner` is what ssh_alloc_owner() returns; `cap` in bytes. Never NULL. */
struct ssh_alloc *ssh_alloc_new(void *owner, size_t cap);
void ssh_alloc_free(struct ssh_alloc *a); /* after libssh2_session_free(); NULL is fine */

/* libssh2_session_init_ex() with this allocator, then the unused pages are given back. NULL where
 * memory is out. The caller ends it with libssh2_session_free(), then ssh_alloc_free(). */
struct _LIBSSH2_SESSION *ssh_alloc_session(struct ssh_alloc *a);

/* In a libssh2 callback: from its `void **abstract` to the allocator's owner. */
void *ssh_alloc_owner(void **abstract);

/* Memory for what libssh2 frees itself (a signature, an answer to a prompt); NULL past the cap. */
void *ssh_alloc_get(struct ssh_alloc *a, size_t size);

/* The local number of the channel whose CHANNEL_OPEN libssh2 confirmed last: call it right after
 * libssh2_channel_open_ex() or _direct_tcpip_ex() returned a channel. Numbers are never used again
 * within a session. False where none was opened yet. */
bool ssh_alloc_last_channel(const struct ssh_alloc *a, uint32_t *ret);

/* Did an "exit-status" for this channel arrive? Ask after libssh2_channel_wait_closed(). */
bool ssh_alloc_exit_status_seen(const struct ssh_alloc *a, uint32_t channel);

/* The text of the last authentication banner (RFC 4252, section 5.4), at most SSH_ALLOC_BANNER_MAX
 * bytes, as the server sent it; NULL where none was seen. libssh2 1.10 keeps banners unread until
 * the session is freed: ask after libssh2_session_free(). */
#define SSH_ALLOC_BANNER_MAX 1024
const char *ssh_alloc_banner(const struct ssh_alloc *a);

/* Bytes held now, the most held so far, and whether the cap ever refused one. */
size_t ssh_alloc_held(const struct ssh_alloc *a);
size_t ssh_alloc_peak(const struct ssh_alloc *a);
bool ssh_alloc_was_refused(const struct ssh_alloc *a);

/* For rsa_sha2.c. The next two allocations must be of `sizes[0]` and `sizes[1]` bytes, else they
 * fail. When the second is made, `size` bytes go from `from` to `to`. Both are borrowed until the
 * second allocation or ssh_alloc_swap_cancel(). */
struct ssh_alloc_swap {
    size_t sizes[2];
    unsigned char *to;
    const unsigned char *from;
    size_t size;
};
void ssh_alloc_swap_arm(struct ssh_alloc *a, const struct ssh_alloc_swap *swap);

/* Disarms; true where the swap had been made. */
bool ssh_alloc_swap_cancel(struct ssh_alloc *a);

#endif
