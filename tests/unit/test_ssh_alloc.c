/* SPDX-License-Identifier: MIT */
/* The session's allocator: the cap, what it sees in packets that are freed, the swap. */
#include <criterion/criterion.h>

#include <libssh2.h>
#include <string.h>

#include "ssh/ssh_alloc.h"

static void *captured_abstract;
static int owner;

/* A real session, whose allocator is reached as libssh2 reaches it: through libssh2_free(). */
static LIBSSH2_SESSION *open_session(struct ssh_alloc **ret, size_t cap)
{
    *ret = ssh_alloc_new(&owner, cap);
    captured_abstract = *ret;
    return ssh_alloc_session(*ret);
}

/* Frees a packet through libssh2, as its own code does. */
static void free_packet(LIBSSH2_SESSION *session, struct ssh_alloc *a, const char *data,
                        size_t size)
{
    char *block = ssh_alloc_get(a, size);
    cr_assert_not_null(block);
    memcpy(block, data, size);
    libssh2_free(session, block);
}

Test(ssh_alloc, session_is_small_and_counted)
{
    struct ssh_alloc *a;
    LIBSSH2_SESSION *session = open_session(&a, SSH_ALLOC_CAP);
    cr_assert_not_null(session);
    cr_assert_gt(ssh_alloc_held(a), 40 * 1024);
    cr_assert_eq(ssh_alloc_owner(&captured_abstract), &owner);
    cr_assert_eq(*libssh2_session_abstract(session), a);
    size_t before = ssh_alloc_held(a);
    free_packet(session, a, "xyz", 3);
    cr_assert_eq(ssh_alloc_held(a), before);
    libssh2_session_free(session);
    cr_assert_eq(ssh_alloc_held(a), 0);
    ssh_alloc_free(a);
}

Test(ssh_alloc, exit_status_is_seen_per_channel)
{
    static const char status[] = "b\0\0\0\7\0\0\0\13exit-status\0\0\0\0\3";
    static const char signal[] = "b\0\0\0\1\0\0\0\13exit-signal\0\0\0\0\3";
    static const char opened[] = "[\0\0\0\7\0\0\0\0\0\0\0\0\0\0\0\0";
    struct ssh_alloc *a;
    uint32_t channel = 99;
    LIBSSH2_SESSION *session = open_session(&a, SSH_ALLOC_CAP);
    cr_assert_not(ssh_alloc_last_channel(a, &channel));
    free_packet(session, a, opened, sizeof opened - 1);
    cr_assert(ssh_alloc_last_channel(a, &channel));
    cr_assert_eq(channel, 7);
    cr_assert_not(ssh_alloc_exit_status_seen(a, 7));
    for (size_t cut = 1; cut < 20; cut++)
        free_packet(session, a, status, cut);
    free_packet(session, a, signal, sizeof signal - 1);
    cr_assert_not(ssh_alloc_exit_status_seen(a, 7), "cut off or something else");
    free_packet(session, a, status, sizeof status - 1);
    cr_assert(ssh_alloc_exit_status_seen(a, 7));
    for (uint32_t other = 0; other < 64; other++)
        cr_assert_eq(ssh_alloc_exit_status_seen(a, other), other == 7);
    libssh2_session_free(session);
    ssh_alloc_free(a);
}

Test(ssh_alloc, cap_refuses_and_is_remembered)
{
    struct ssh_alloc *a;
    LIBSSH2_SESSION *session = open_session(&a, 1 << 20);
    cr_assert_not(ssh_alloc_was_refused(a));
    cr_assert_null(ssh_alloc_get(a, 1 << 20));
    cr_assert_null(ssh_alloc_get(a, SIZE_MAX - 8));
    cr_assert(ssh_alloc_was_refused(a));
    libssh2_session_free(session);
    ssh_alloc_free(a);
    a = ssh_alloc_new(NULL, 1000);
    cr_assert_null(ssh_alloc_session(a), "no room for a session");
    ssh_alloc_free(a);
}

Test(ssh_alloc, big_blocks_are_whole_and_zero)
{
    struct ssh_alloc *a = ssh_alloc_new(NULL, SSH_ALLOC_CAP);
    LIBSSH2_SESSION *session = ssh_alloc_session(a);
    unsigned char *big = ssh_alloc_get(a, 300000);
    for (size_t i = 0; i < 300000; i++)
        cr_assert_eq(big[i], 0);
    memset(big, 0xaa, 300000);
    libssh2_free(session, big);
    cr_assert_geq(ssh_alloc_peak(a), 300000);
    libssh2_session_free(session);
    ssh_alloc_free(a);
}

Test(ssh_alloc, banner_is_kept)
{
    static const char banner[] = "5\0\0\0\6Hello\n\0\0\0\2en";
    static const char lying[] = "5\0\0\1\6Hello\n";
    struct ssh_alloc *a;
    LIBSSH2_SESSION *session = open_session(&a, SSH_ALLOC_CAP);
    free_packet(session, a, lying, sizeof lying - 1);
    cr_assert_null(ssh_alloc_banner(a));
    free_packet(session, a, banner, sizeof banner - 1);
    libssh2_session_free(session);
    cr_assert_str_eq(ssh_alloc_banner(a), "Hello\n");
    ssh_alloc_free(a);
}
