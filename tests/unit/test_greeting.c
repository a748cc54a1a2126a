/* SPDX-License-Identifier: MIT */
/* The server's first words: good and hostile ones, whole, in two pieces, and byte by byte. */
#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "ssh/greeting.h"

enum { MOST = 64 * 1024 };

/* What became of some bytes. */
struct heard {
    bool good;
    struct error err;
    struct buf taken; /* by libssh2 */
    char version[300];
    char kex[300];
};

/* Takes out what can be taken, `step` bytes at a time. */
static void take_all(struct greeting *g, struct buf *to, size_t step)
{
    char piece[512];
    size_t n;
    while ((n = greeting_take(g, piece, step < sizeof piece ? step : sizeof piece)) > 0)
        buf_add(to, piece, n);
}

/* Feeds the bytes in pieces that end at `cut` and then every `step` bytes. */
static struct heard hear(const char *data, size_t size, size_t cut, size_t step)
{
    struct heard h = { .good = true };
    struct greeting *g = greeting_new();
    buf_init(&h.taken, MOST);
    for (size_t at = 0; at < size && h.good;) {
        size_t n = at < cut ? cut - at : step;
        if (n > size - at)
            n = size - at;
        char *exact = malloc(n);
        memcpy(exact, data + at, n);
        h.good = greeting_feed(g, exact, n, &h.err);
        free(exact);
        take_all(g, &h.taken, step);
        at += n;
    }
    const char *version = greeting_version(g), *kex = greeting_list(g, ALGORITHM_KEX);
    snprintf(h.version, sizeof h.version, "%s", version ? version : "-");
    snprintf(h.kex, sizeof h.kex, "%s", kex ? kex : "-");
    greeting_free(g);
    cr_assert_eq(h.good, !error_is_set(&h.err));
    return h;
}

static void release(struct heard *h)
{
    buf_release(&h->taken);
    error_release(&h->err);
}

/* However the bytes come, the result is the same: `wanted` for libssh2, or an error that says it.
 */
static void expect_taken(const char *data, size_t size, const char *wanted, size_t wanted_size)
{
    for (size_t cut = 0; cut <= size; cut++) {
        struct heard h = hear(data, size, cut, cut % 7 + 1);
        cr_assert(h.good, "cut at %zu: %s", cut, error_text(&h.err));
        cr_assert_eq(h.taken.size, wanted_size, "cut at %zu: %zu bytes", cut, h.taken.size);
        cr_assert_eq(memcmp(h.taken.data, wanted, wanted_size), 0);
        release(&h);
    }
}

static void expect_refused(const char *data, size_t size, const char *text)
{
    for (size_t cut = 0; cut <= size; cut += cut < 300 ? 1 : 97) {
        struct heard h = hear(data, size, cut, cut % 7 + 1);
        cr_assert_not(h.good, "cut at %zu", cut);
        cr_assert_eq(h.err.code, ERR_NOT_SSH);
        cr_assert(strstr(error_text(&h.err), text), "cut at %zu: %s", cut, error_text(&h.err));
        release(&h);
    }
}

/* A KEXINIT packet with these name-lists; bytes written. */
static size_t make_kexinit(char *to, const char *const lists[ALGORITHM_LIST_COUNT])
{
    size_t at = 22;
    memset(to, 0, at);
    to[4] = 4;
    to[5] = 20;
    for (size_t i = 0; i < ALGORITHM_LIST_COUNT; i++) {
        size_t n = strlen(lists[i]);
        const char size[] = { 0, 0, (char)(n >> 8), (char)n };
        memcpy(to + at, size, 4);
        memcpy(to + at + 4, lists[i], n);
        at += 4 + n;
    }
    memset(to + at, 0, 17); /* two language lists, a flag, reserved, padding */
    at += 17;
    to[2] = (char)((at - 4) >> 8);
    to[3] = (char)(at - 4);
    return at;
}

static const char *const lists[ALGORITHM_LIST_COUNT] = { "kex-a,kex-b", "key-a", "c1",   "c2",
                                                         "m1",          "m2",    "none", "" };

Test(greeting, version_and_what_follows)
{
    static const char plain[] = "SSH-2.0-OpenSSH_9.2p1 Debian\r\nabc";
    static const char bare[] = "SSH-1.99-old\nabc";
    expect_taken(plain, sizeof plain - 1, plain, sizeof plain - 1);
    expect_taken(bare, sizeof bare - 1, bare, sizeof bare - 1);
    struct heard h = hear(plain, sizeof plain - 1, 0, 1);
    cr_assert_str_eq(h.version, "SSH-2.0-OpenSSH_9.2p1 Debian");
    release(&h);
}

Test(greeting, lines_before_it_stay_here)
{
    static const char text[] = "hello\r\n\r\n\nSSH\nSSH2\n SSH-2.0-no\r\nSSH-2.0-x\r\nabc";
    static const char wanted[] = "SSH-2.0-x\r\nabc";
    expect_taken(text, sizeof text - 1, wanted, sizeof wanted - 1);
}

Test(greeting, other_protocols)
{
    static const char ssh1[] = "SSH-1.5-Cisco-1.25\r\n";
    static const char ssh3[] = "SSH-3.0-future\r\n";
    static const char http[] = "HTTP/1.1 400 Bad Request\r\nDate: x\r\n\r\n";
    static const char nul[] = "hel\0lo\r\nSSH-2.0-x\r\n";
    expect_refused(ssh1, sizeof ssh1 - 1, "the server speaks SSH-1.5-Cisco-1.25, not SSH 2");
    expect_refused(ssh3, sizeof ssh3 - 1, "SSH-3.0-future");
    expect_refused(http, sizeof http - 1, "HTTP/1.1 400 Bad Request");
    expect_refused(nul, sizeof nul - 1, "hel?lo");
}

Test(greeting, control_bytes_are_not_repeated)
{
    static const char text[] = "SSH-2.0-\x1b[31mred\x7f\xff\0x\r\n";
    struct heard h = hear(text, sizeof text - 1, 0, 4);
    cr_assert(h.good);
    cr_assert_str_eq(h.version, "SSH-2.0-?[31mred???x");
    cr_assert_eq(h.taken.size, sizeof text - 1, "libssh2 gets what came");
    release(&h);
}

Test(greeting, endless_line)
{
    static char text[9000];
    memset(text, 'x', sizeof text);
    expect_refused(text, sizeof text, "this is no SSH server: it said \"xxxxx");
    memcpy(text, "SSH-2.0-", 8);
    expect_refused(text, sizeof text, "SSH-2.0-xx");
}

Test(greeting, at_most_8_kib_before_it)
{
    for (size_t before = 8100; before < 8300; before++) {
        static char text[8400];
        memset(text, 'x', before);
        text[before - 1] = '\n';
        memcpy(text + before, "SSH-2.0-x\n", 10);
        struct heard h = hear(text, before + 10, 0, 1000);
        cr_assert_eq(h.good, before + 10 <= 8192, "%zu", before);
        release(&h);
    }
}

Test(greeting, at_most_1024_lines_before_it)
{
    for (size_t lines = 1020; lines < 1030; lines++) {
        static char text[4096];
        memset(text, '\n', lines);
        memcpy(text + lines, "SSH-2.0-x\n", 10);
        struct heard h = hear(text, lines + 10, 0, 100);
        cr_assert_eq(h.good, lines <= 1024, "%zu", lines);
        release(&h);
    }
}

Test(greeting, lists_of_the_kexinit)
{
    char text[1024] = "SSH-2.0-x\r\n";
    size_t size = 11 + make_kexinit(text + 11, lists);
    for (size_t cut = 0; cut <= size; cut++) {
        struct greeting *g = greeting_new();
        struct error err = ERROR_INIT;
        cr_assert(greeting_feed(g, text, cut, &err));
        cr_assert(cut < size || greeting_list(g, ALGORITHM_COMPRESSION_SERVER));
        cr_assert(cut == size || !greeting_list(g, ALGORITHM_KEX), "known at %zu", cut);
        cr_assert(greeting_feed(g, text + cut, size - cut, &err));
        for (int i = 0; i < ALGORITHM_LIST_COUNT; i++)
            cr_assert_str_eq(greeting_list(g, (enum algorithm_list)i), lists[i]);
        greeting_free(g);
    }
}

/* A packet that was cut off, whole for who believes its length. */
Test(greeting, kexinit_cut_off_at_every_byte)
{
    char text[1024] = "SSH-2.0-x\r\n", *packet = text + 11;
    size_t size = make_kexinit(packet, lists);
    for (size_t cut = 4; cut < size; cut++) {
        packet[2] = (char)((cut - 4) >> 8);
        packet[3] = (char)(cut - 4);
        struct heard h = hear(text, 11 + cut, 11, 11 + cut);
        cr_assert(h.good);
        cr_assert(strcmp(h.kex, "-") == 0 || strcmp(h.kex, lists[0]) == 0);
        cr_assert_eq(h.taken.size, 11 + cut, "libssh2 judges it");
        release(&h);
    }
}

/* Every length in the packet says too much, or nothing. */
Test(greeting, lengths_lie)
{
    static const unsigned char lies[] = { 0x00, 0x01, 0x7f, 0x80, 0xff };
    char good[1024] = "SSH-2.0-x\r\n";
    size_t size = 11 + make_kexinit(good + 11, lists);
    for (size_t at = 11; at < size; at++) {
        for (size_t i = 0; i < sizeof lies; i++) {
            char text[1024];
            memcpy(text, good, size);
            text[at] = (char)lies[i];
            struct heard h = hear(text, size, at, 5);
            cr_assert(h.good);
            cr_assert_eq(h.taken.size, size);
            release(&h);
        }
    }
}

Test(greeting, another_packet_first)
{
    char text[1024] = "SSH-2.0-x\r\n";
    size_t size = 11 + make_kexinit(text + 11, lists);
    text[11 + 5] = 2; /* SSH_MSG_IGNORE */
    struct heard h = hear(text, size, 0, size);
    cr_assert(h.good);
    cr_assert_str_eq(h.kex, "-");
    release(&h);
}

Test(greeting, a_flood_nobody_takes_is_refused)
{
    static char block[32 * 1024];
    struct greeting *g = greeting_new();
    struct error err = ERROR_INIT;
    cr_assert(greeting_feed(g, "SSH-2.0-x\n", 10, &err));
    bool good = true;
    for (int i = 0; i < 100 && good; i++)
        good = greeting_feed(g, block, sizeof block, &err);
    cr_assert_not(good);
    cr_assert_eq(err.code, ERR_NOT_SSH);
    error_release(&err);
    greeting_free(g);
}

Test(greeting, the_end)
{
    static const struct {
        const char *said;
        bool is_ssh;
    } cases[] = { { "", true },
                  { "x", false },
                  { "busy\n", false },
                  { "SSH-2.0", false },
                  { "SSH-2.0-x\r\n", true } };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct greeting *g = greeting_new();
        struct error err = ERROR_INIT;
        cr_assert(greeting_feed(g, cases[i].said, strlen(cases[i].said), &err));
        cr_assert_eq(greeting_end(g, &err), cases[i].is_ssh, "%s", cases[i].said);
        cr_assert_eq(error_is_set(&err), !cases[i].is_ssh);
        error_release(&err);
        greeting_free(g);
    }
}

Test(greeting, phrases)
{
    for (int i = 0; i < ALGORITHM_LIST_COUNT; i++)
        cr_assert_not_null(algorithm_list_phrase((enum algorithm_list)i));
    cr_assert_str_eq(algorithm_list_phrase(ALGORITHM_KEX), "key exchange");
}
