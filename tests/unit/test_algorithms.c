/* SPDX-License-Identifier: MIT */
/* What is offered to a server, against the libssh2 in use. */
#include <criterion/criterion.h>

#include <errno.h>
#include <libssh2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "model/public_key.h"
#include "ssh/algorithms.h"

/* Bytes that libssh2 sends: its version, and its KEXINIT. */
static char sent[8192];
static size_t sent_size;

static ssize_t on_send(libssh2_socket_t fd, const void *data, size_t size, int flags,
                       void **abstract)
{
    (void)fd;
    (void)flags;
    (void)abstract;
    cr_assert_leq(sent_size + size, sizeof sent);
    memcpy(sent + sent_size, data, size);
    sent_size += size;
    return (ssize_t)size;
}

static ssize_t on_receive(libssh2_socket_t fd, void *data, size_t size, int flags, void **abstract)
{
    (void)fd;
    (void)flags;
    static const char version[] = "SSH-2.0-x\r\n";
    size_t *at = *abstract;
    size_t left = sizeof version - 1 - *at;
    if (left == 0)
        return -EAGAIN;
    size = size < left ? size : left;
    memcpy(data, version + *at, size);
    *at += size;
    return (ssize_t)size;
}

/* Hands libssh2 a callback, whose type it hides behind void *. */
static void set_callback(LIBSSH2_SESSION *ssh, int kind, void (*fn)(void))
{
    void *pointer;
    memcpy(&pointer, &fn, sizeof pointer);
    libssh2_session_callback_set(ssh, kind, pointer);
}

/* Does the list start with the item? What a libssh2 puts in front is not an algorithm: "ext-info-c"
 * (RFC 8308, section 2.1) and strict key exchange, which it sends as a name beside the others. */
static bool starts_with(const char *list, const char *item)
{
    static const char *const markers[] = { "ext-info-c,", "kex-strict-c-v00@openssh.com," };
    for (size_t i = 0; i < sizeof markers / sizeof *markers; i++) {
        if (strncmp(list, markers[i], strlen(markers[i])) == 0)
            return starts_with(list + strlen(markers[i]), item);
    }
    size_t size = strlen(item);
    return strncmp(list, item, size) == 0 && (list[size] == ',' || !list[size]);
}

/* What libssh2 offers after algorithms_apply(), read as a server would. */
static struct greeting *offered(unsigned known_types)
{
    static size_t received;
    struct error err = ERROR_INIT;
    received = sent_size = 0;
    LIBSSH2_SESSION *ssh = libssh2_session_init_ex(NULL, NULL, NULL, &received);
    libssh2_session_set_blocking(ssh, 0);
    set_callback(ssh, LIBSSH2_CALLBACK_SEND, (void (*)(void))on_send);
    set_callback(ssh, LIBSSH2_CALLBACK_RECV, (void (*)(void))on_receive);
    cr_assert(algorithms_apply(ssh, known_types, &err), "%s", error_text(&err));
    int pair[2];
    cr_assert_eq(pipe(pair), 0); /* libssh2 makes it non-blocking, no more */
    for (int i = 0; i < 5; i++)
        cr_assert_eq(libssh2_session_handshake(ssh, pair[0]), LIBSSH2_ERROR_EAGAIN);
    struct greeting *g = greeting_new();
    cr_assert(greeting_feed(g, sent, sent_size, &err), "%s", error_text(&err));
    libssh2_session_free(ssh);
    close(pair[0]);
    close(pair[1]);
    return g;
}

static const char *list_of(const struct greeting *g, enum algorithm_list which)
{
    const char *list = greeting_list(g, which);
    cr_assert_not_null(list, "%s", algorithm_list_phrase(which));
    cr_assert_neq(*list, '\0');
    return list;
}

Test(algorithms, nothing_broken_is_offered)
{
    static const char *const broken[] = { "group1-sha1", "group14-sha1", "exchange-sha1",
                                          "3des",        "arcfour",      "cbc",
                                          "blowfish",    "cast128",      "hmac-md5",
                                          "ripemd",      "ssh-dss",      "hmac-sha1-96",
                                          "ssh-rsa" };
    struct greeting *g = offered(0);
    for (int i = 0; i < ALGORITHM_LIST_COUNT; i++) {
        const char *list = list_of(g, (enum algorithm_list)i);
        for (size_t k = 0; k < sizeof broken / sizeof *broken; k++)
            cr_assert_null(strstr(list, broken[k]), "%s in %s", broken[k], list);
    }
    cr_assert_str_eq(list_of(g, ALGORITHM_COMPRESSION_CLIENT), "none");
    greeting_free(g);
}

Test(algorithms, fastest_first)
{
    struct greeting *g = offered(0);
    static const struct {
        enum algorithm_list which;
        const char *first;
    } expected[] = { { ALGORITHM_KEX, "curve25519-sha256" },
                     { ALGORITHM_CIPHER_CLIENT, "aes128-ctr" },
                     { ALGORITHM_MAC_SERVER, "hmac-sha2-256" },
                     { ALGORITHM_HOST_KEY, "ssh-ed25519" } };
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        const char *list = list_of(g, expected[i].which);
        cr_assert(starts_with(list, expected[i].first), "%s: %s", expected[i].first, list);
    }
    greeting_free(g);
}

/* Is `first` the first item of the host key types offered? */
static void expect_first(unsigned known_types, const char *first)
{
    struct greeting *g = offered(known_types);
    const char *list = list_of(g, ALGORITHM_HOST_KEY);
    cr_assert(starts_with(list, first), "%s", list);
    cr_assert(strstr(list, "ssh-ed25519"), "the others follow: %s", list);
    cr_assert(strstr(list, "ecdsa-sha2-nistp521"));
    greeting_free(g);
}

Test(algorithms, recorded_host_key_types_first)
{
    expect_first(1u << PUBLIC_KEY_ED25519, "ssh-ed25519");
    expect_first(1u << PUBLIC_KEY_ECDSA_256, "ecdsa-sha2-nistp256");
    expect_first(1u << PUBLIC_KEY_ECDSA_384, "ecdsa-sha2-nistp384");
    expect_first(1u << PUBLIC_KEY_ECDSA_521, "ecdsa-sha2-nistp521");
    /* Of several, the one that is best. */
    expect_first(1u << PUBLIC_KEY_ECDSA_256 | 1u << PUBLIC_KEY_ED25519, "ssh-ed25519");
    expect_first(1u << PUBLIC_KEY_RSA | 1u << PUBLIC_KEY_ED25519, "ssh-ed25519");
    /* Of no use for a host key, or unknown to libssh2. */
    expect_first(1u << PUBLIC_KEY_DSA | 1u << PUBLIC_KEY_SK_ED25519, "ssh-ed25519");
}

/* What is said of a server whose KEXINIT has this instead of our names, in one list. */
static char *mismatch(enum algorithm_list which, const char *names)
{
    struct greeting *ours = offered(0), *theirs = greeting_new();
    struct error err = ERROR_INIT;
    static char packet[128 * 1024];
    size_t at = 0;
    memcpy(packet, "SSH-2.0-x\n", 10);
    memset(packet + 10, 0, 22);
    packet[10 + 5] = 20;
    at = 32;
    for (int i = 0; i < ALGORITHM_LIST_COUNT; i++) {
        const char *list = i == (int)which ? names : list_of(ours, (enum algorithm_list)i);
        size_t n = strlen(list);
        const char size[] = { 0, 0, (char)(n >> 8), (char)n };
        memcpy(packet + at, size, 4);
        memcpy(packet + at + 4, list, n);
        at += 4 + n;
    }
    size_t length = at - 14;
    packet[12] = (char)(length >> 8);
    packet[13] = (char)length;
    cr_assert(greeting_feed(theirs, packet, at, &err));
    LIBSSH2_SESSION *ssh = libssh2_session_init();
    char *text = algorithms_mismatch(ssh, theirs);
    libssh2_session_free(ssh);
    greeting_free(ours);
    greeting_free(theirs);
    return text;
}

Test(algorithms, says_what_is_not_common)
{
    for (int i = 0; i < ALGORITHM_LIST_COUNT; i++) {
        char *text = mismatch((enum algorithm_list)i, "future-a,future-b");
        char wanted[128];
        snprintf(wanted, sizeof wanted,
                 "no common %s: the server offers future-a,future-b; libssh2 %s has ",
                 algorithm_list_phrase((enum algorithm_list)i), libssh2_version(0));
        cr_assert_not_null(text);
        cr_assert_eq(strncmp(text, wanted, strlen(wanted)), 0, "%s", text);
        free(text);
    }
}

Test(algorithms, says_nothing_where_all_is_common)
{
    cr_assert_null(mismatch(ALGORITHM_KEX, "future,curve25519-sha256"));
}

Test(algorithms, a_hostile_list_is_cut)
{
    static char names[20000];
    memset(names, 'x', sizeof names - 1);
    char *text = mismatch(ALGORITHM_HOST_KEY, names);
    cr_assert_not_null(text);
    cr_assert_lt(strlen(text), 1500);
    free(text);
}

Test(algorithms, says_nothing_where_nothing_was_heard)
{
    struct greeting *g = greeting_new();
    LIBSSH2_SESSION *ssh = libssh2_session_init();
    cr_assert_null(algorithms_mismatch(ssh, g));
    libssh2_session_free(ssh);
    greeting_free(g);
}
