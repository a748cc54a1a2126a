/* SPDX-License-Identifier: MIT */
/* The client of an ssh-agent that answers, refuses or is slow; test_agent_lies.c has worse ones. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent_scene.h"
#include "base/clock.h"
#include "base/wire.h"
#include "files.h"

/* --- Opening ---------------------------------------------------------------------------------- */

Test(agent, nobody_there)
{
    struct error err = ERROR_INIT;
    cr_assert(loop_new(&loop, &err));
    char *stale = tmp_path("stale");
    agent_peer_start(&peer);
    cr_assert_eq(rename(peer.path, stale), 0);
    agent_peer_stop(&peer);
    char deep[200];
    memset(deep, 'x', sizeof deep - 1);
    deep[sizeof deep - 1] = '\0';
    const char *paths[] = { tmp_path("none"), stale, tmp_file("plain", ""), deep, "" };
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        cr_assert_not(agent_open(&agent, loop, paths[i], 1, &err), "%s", paths[i]);
        cr_assert_eq(err.code, ERR_AUTH_NO_CREDENTIAL);
        cr_assert_neq(strstr(err.text, paths[i]), NULL, "%s", err.text);
    }
    error_release(&err);
    agent_close(NULL);
    agent_abandon(NULL);
    cr_assert(loop_free(loop));
}

Test(agent, nothing_is_asked_unasked, .init = agent_scene_start, .fini = agent_scene_stop)
{
    cr_assert(agent_peer_is_idle(&peer));
}

/* --- Listing ---------------------------------------------------------------------------------- */

static const char two_keys[] = "\x0c\0\0\0\2"
                               "\0\0\0\1a\0\0\0\7my key\n"
                               "\0\0\0\2bb\0\0\0\7\x1b[m\xc3\xa4\xff\0";

Test(agent, one_listing_for_all, .init = agent_scene_start, .fini = agent_scene_stop)
{
    int calls = 0;
    struct answer a[4] = {
        { .calls = &calls }, { .calls = &calls }, { .calls = &calls }, { .calls = &calls }
    };
    for (size_t i = 0; i < 3; i++)
        ask_keys(&a[i]);
    cr_assert_eq(calls, 0);
    const struct buf *asked = agent_peer_read(&peer);
    cr_assert(asked->size == 1 && asked->data[0] == 11);
    agent_peer_reply(&peer, two_keys, sizeof two_keys - 1);
    turn_until(&calls, 3);
    ask_keys(&a[3]);
    cr_assert_eq(calls, 3);
    turn_until(&calls, 4);
    for (int i = 0; i < 4; i++) {
        cr_assert_str_eq(a[i].error, "");
        cr_assert_eq(a[i].keys, 2);
        cr_assert_eq(a[i].turn, i + 1);
        cr_assert_str_eq(a[i].comments, "a=my key?;bb=?[m\xc3\xa4??;");
    }
    cr_assert(agent_peer_is_idle(&peer));
}

Test(agent, an_empty_agent_has_no_keys, .init = agent_scene_start, .fini = agent_scene_stop)
{
    int calls = 0;
    struct answer a = { .calls = &calls };
    ask_keys(&a);
    agent_peer_reply(&peer, "\x0c\0\0\0\0", 5);
    turn_until(&calls, 1);
    cr_assert_str_eq(a.error, "");
    cr_assert_eq(a.keys, 0);
}

Test(agent, refuses_to_list, .init = agent_scene_start, .fini = agent_scene_stop)
{
    int calls = 0;
    struct answer a = { .calls = &calls }, b = { .calls = &calls };
    ask_keys(&a);
    agent_peer_read(&peer);
    agent_peer_reply(&peer, "\5", 1);
    turn_until(&calls, 1);
    ask_keys(&b);
    turn_until(&calls, 2);
    cr_assert_neq(strstr(a.error, "refuses to list"), NULL, "%s", a.error);
    cr_assert_str_eq(a.error, b.error);
    expect_in_use();
}

Test(agent, the_longest_message_passes, .init = agent_scene_start, .fini = agent_scene_stop)
{
    enum { MOST = 256 * 1024 };
    int calls = 0;
    struct answer a = { .calls = &calls };
    char *message = calloc(1, MOST);
    struct buf head;
    buf_init(&head, 64);
    buf_add(&head, "\x0c\0\0\0\1\0\0\0\0", 9);
    wire_add_u32(&head, MOST - 13);
    memcpy(message, head.data, head.size);
    ask_keys(&a);
    /* More than a socket holds: both ends take turns. */
    agent_peer_send(&peer, "\0\4\0\0", 4);
    for (size_t at = 0; at < MOST; at += MOST / 64) {
        agent_peer_send(&peer, message + at, MOST / 64);
        loop_step(loop);
    }
    turn_until(&calls, 1);
    cr_assert_eq(a.keys, 1, "%s", a.error);
    buf_release(&head);
    free(message);
}

/* --- Signing ---------------------------------------------------------------------------------- */

Test(agent, says_which_hash)
{
    cr_assert_eq(agent_sign_flags("rsa-sha2-256"), 2);
    cr_assert_eq(agent_sign_flags("rsa-sha2-512"), 4);
    cr_assert_eq(agent_sign_flags("ssh-rsa"), 0);
    cr_assert_eq(agent_sign_flags("ssh-ed25519"), 0);
}

Test(agent, a_request_to_the_byte, .init = agent_scene_start, .fini = agent_scene_stop)
{
    static const char expected[] = "\x0d\0\0\0\4BLOB\0\0\0\2hi\0\0\0\4";
    int calls = 0;
    struct answer a = { .calls = &calls };
    ask_signature("hi", "rsa-sha2-512", &a);
    const struct buf *asked = agent_peer_read(&peer);
    cr_assert_eq(asked->size, sizeof expected - 1);
    cr_assert_arr_eq(asked->data, expected, sizeof expected - 1);
    agent_peer_sign(&peer, "rsa-sha2-512", "x\0y", 3);
    turn_until(&calls, 1);
    cr_assert_str_eq(a.algorithm, "rsa-sha2-512");
    cr_assert_eq(a.size, 3);
    cr_assert_arr_eq(a.data, "x\0y", 3);
}

Test(agent, a_security_keys_signature_stays_whole, .init = agent_scene_start,
     .fini = agent_scene_stop)
{
    static const char reply[] = "\x0e\0\0\0\x2b\0\0\0\x1ask-ssh-ed25519@openssh.com"
                                "\0\0\0\4SIGN\1\0\0\0\7";
    int calls = 0;
    struct answer a = { .calls = &calls };
    ask_signature("hi", "sk-ssh-ed25519@openssh.com", &a);
    agent_peer_reply(&peer, reply, sizeof reply - 1);
    turn_until(&calls, 1);
    cr_assert_str_eq(a.error, "");
    cr_assert_eq(a.size, 13);
    cr_assert_arr_eq(a.data, "\0\0\0\4SIGN\1\0\0\0\7", 13);
}

/* Every third is abandoned before its reply, of those every second before it was sent at all. */
Test(agent, many_at_once_in_order, .init = agent_scene_start, .fini = agent_scene_stop)
{
    enum { MANY = 300 };
    static struct answer a[MANY];
    static struct agent_request *requests[MANY];
    int calls = 0;
    char text[16];
    for (int i = 0; i < MANY; i++) {
        a[i].calls = &calls;
        snprintf(text, sizeof text, "data %d", i);
        requests[i] = ask_signature(text, "ssh-ed25519", &a[i]);
        if (i % 6 == 0)
            agent_abandon(requests[i]);
    }
    for (int i = 3; i < MANY; i += 6)
        agent_abandon(requests[i]);
    for (int i = 0; i < MANY; i++) {
        const struct buf *asked = agent_peer_read(&peer);
        struct wire w = wire_reader(asked->data, asked->size);
        wire_byte(&w);
        wire_string(&w);
        struct wire_string data = wire_string(&w);
        agent_peer_sign(&peer, "ssh-ed25519", data.data, data.size);
        loop_step(loop);
    }
    turn_until(&calls, MANY - MANY / 3);
    for (int i = 0, turn = 0; i < MANY; i++) {
        snprintf(text, sizeof text, "data %d", i);
        cr_assert_str_eq(a[i].error, "");
        cr_assert_str_eq(a[i].data, i % 3 ? text : "");
        cr_assert_eq(a[i].turn, i % 3 ? ++turn : 0);
    }
}

Test(agent, an_agent_slow_to_read, .init = agent_scene_start, .fini = agent_scene_stop)
{
    enum { MANY = 60, BIG = 200 * 1000 };
    static struct answer a[MANY];
    int calls = 0;
    char *text = calloc(1, BIG + 1);
    memset(text, 'x', BIG);
    for (int i = 0; i < MANY; i++) {
        a[i].calls = &calls;
        text[0] = (char)('A' + i);
        ask_signature(text, "ssh-ed25519", &a[i]);
    }
    /* Nobody reads until now: the socket took a few, the rest waits. */
    for (int i = 0; i < MANY; i++) {
        while (agent_peer_is_idle(&peer))
            loop_step(loop);
        char c = 0;
        for (size_t got = 0; got < 4 + 1 + 4 + 4 + 4 + BIG + 4;) {
            char bytes[4096];
            size_t left = 4 + 1 + 4 + 4 + 4 + BIG + 4 - got;
            ssize_t n = recv(peer.fd, bytes, left < sizeof bytes ? left : sizeof bytes, 0);
            cr_assert_gt(n, 0);
            if (got == 0)
                c = bytes[17];
            got += (size_t)n;
            loop_step(loop);
        }
        agent_peer_sign(&peer, "ssh-ed25519", &c, 1);
        loop_step(loop);
    }
    turn_until(&calls, MANY);
    for (int i = 0; i < MANY; i++)
        cr_assert(a[i].size == 1 && a[i].data[0] == 'A' + i, "%d: %s", i, a[i].error);
    free(text);
}

Test(agent, takes_no_request_too_large, .init = agent_scene_start, .fini = agent_scene_stop)
{
    enum { SIZE = 256 * 1024 };
    int calls = 0;
    struct answer a = { .calls = &calls };
    char *text = calloc(1, SIZE + 1);
    memset(text, 'x', SIZE);
    ask_signature(text, "ssh-ed25519", &a);
    turn_until(&calls, 1);
    cr_assert_neq(strstr(a.error, "of that size"), NULL, "%s", a.error);
    text[SIZE - 17] = '\0'; /* type, two lengths, "BLOB" and the flags make it 256 KiB */
    ask_signature(text, "ssh-ed25519", &a);
    loop_step(loop);
    cr_assert_eq(calls, 1);
    cr_assert_not(agent_peer_is_idle(&peer));
    free(text);
}

Test(agent, what_waits_for_it_is_bounded, .init = agent_scene_start, .fini = agent_scene_stop)
{
    enum { SIZE = 250 * 1000, MANY = 80 };
    static struct answer a[MANY];
    int calls = 0, failed = 0;
    char *text = calloc(1, SIZE + 1);
    memset(text, 'x', SIZE);
    for (int i = 0; i < MANY; i++) {
        a[i].calls = &calls;
        ask_signature(text, "ssh-ed25519", &a[i]);
        loop_step(loop);
    }
    loop_step(loop);
    for (int i = 0; i < MANY; i++)
        failed += a[i].code != ERR_NONE;
    cr_assert(failed > 0 && failed == calls && failed < 20, "%d of %d", failed, calls);
    free(text);
}

/* --- Refusals, which concern one request ------------------------------------------------------ */

Test(agent, refuses_to_sign, .init = agent_scene_start, .fini = agent_scene_stop)
{
    static const char *refusals[] = { "\5", "\36", "\146" };
    int calls = 0;
    struct answer a[4];
    for (size_t i = 0; i < 4; i++) {
        a[i] = (struct answer){ .calls = &calls };
        ask_signature("x", "ssh-ed25519", &a[i]);
    }
    for (size_t i = 0; i < 3; i++)
        agent_peer_reply(&peer, refusals[i], 1);
    agent_peer_sign(&peer, "ssh-ed25519", "good", 4);
    turn_until(&calls, 4);
    for (size_t i = 0; i < 3; i++) {
        cr_assert_eq(a[i].code, ERR_AUTH);
        cr_assert_neq(strstr(a[i].error, "refused to sign"), NULL, "%s", a[i].error);
    }
    cr_assert_str_eq(a[3].data, "good");
}

Test(agent, signs_with_another_algorithm, .init = agent_scene_start, .fini = agent_scene_stop)
{
    int calls = 0;
    struct answer a = { .calls = &calls };
    ask_signature("x", "rsa-sha2-256", &a);
    agent_peer_read(&peer);
    agent_peer_sign(&peer, "ssh-rsa", "SHA-1", 5);
    turn_until(&calls, 1);
    cr_assert_eq(a.code, ERR_AUTH);
    cr_assert_neq(strstr(a.error, "rsa-sha2-256"), NULL, "%s", a.error);
    expect_in_use();
}

static void start_impatient(void)
{
    agent_scene_start_with(50 * US_PER_MS);
}

Test(agent, late_replies_go_to_nobody, .init = start_impatient, .fini = agent_scene_stop)
{
    int calls = 0;
    struct answer late = { .calls = &calls }, list = { .calls = &calls },
                  next = { .calls = &calls };
    int64_t begun = clock_monotonic_us();
    ask_signature("late", "ssh-ed25519", &late);
    ask_keys(&list);
    turn_until(&calls, 2);
    int64_t waited = clock_monotonic_us() - begun;
    cr_assert(waited >= 50 * US_PER_MS && waited < 1500 * US_PER_MS, "%ld us", (long)waited);
    cr_assert_neq(strstr(late.error, "did not answer within 0.05 s"), NULL, "%s", late.error);
    cr_assert_str_eq(late.error, list.error);
    /* The listing's deadline is everybody's. */
    struct answer hurried = { .calls = &calls };
    ask_keys(&hurried);
    loop_step(loop);
    loop_step(loop);
    cr_assert_eq(calls, 3);
    cr_assert_str_eq(hurried.error, list.error);
    ask_signature("next", "ssh-ed25519", &next);
    agent_peer_sign(&peer, "ssh-ed25519", "late", 4);
    agent_peer_reply(&peer, two_keys, sizeof two_keys - 1);
    agent_peer_sign(&peer, "ssh-ed25519", "next", 4);
    turn_until(&calls, 4);
    cr_assert_str_eq(next.data, "next");
    /* The listing that came too late for one is there for others. */
    struct answer again = { .calls = &calls };
    ask_keys(&again);
    turn_until(&calls, 5);
    cr_assert_eq(again.keys, 2);
}

/* Each request has a deadline of its own, also where the timer was armed for one that is gone. */
Test(agent, deadlines_one_by_one, .init = start_impatient, .fini = agent_scene_stop)
{
    int calls = 0, none = 0;
    struct answer gone = { .calls = &none }, a = { .calls = &calls }, b = { .calls = &calls };
    struct agent_request *request = ask_signature("gone", "ssh-ed25519", &gone);
    usleep(20000);
    ask_signature("a", "ssh-ed25519", &a);
    agent_abandon(request);
    usleep(20000);
    ask_signature("b", "ssh-ed25519", &b);
    turn_until(&calls, 1);
    cr_assert(a.code == ERR_AUTH && b.code == ERR_NONE);
    turn_until(&calls, 2);
    cr_assert_eq(b.code, ERR_AUTH);
    cr_assert_eq(none, 0);
}

Test(agent, a_reply_that_came_in_time_counts, .init = start_impatient, .fini = agent_scene_stop)
{
    int calls = 0;
    struct answer a = { .calls = &calls };
    ask_signature("x", "ssh-ed25519", &a);
    agent_peer_sign(&peer, "ssh-ed25519", "good", 4);
    usleep(80000); /* the loop is busy elsewhere */
    turn_until(&calls, 1);
    cr_assert_str_eq(a.data, "good", "%s", a.error);
}

/* A person may be asked to touch a token, but nobody need wait for the list so long. */
Test(agent, a_listing_has_less_time, .init = agent_scene_start, .fini = agent_scene_stop)
{
    int calls = 0, none = 0;
    struct answer a = { .calls = &none }, list = { .calls = &calls };
    int64_t begun = clock_monotonic_us();
    ask_signature("a", "ssh-ed25519", &a);
    ask_keys(&list);
    turn_until_within(&calls, 1, 10000);
    int64_t waited = clock_monotonic_us() - begun;
    cr_assert(waited >= AGENT_LIST_TIMEOUT_US && waited < 2 * AGENT_LIST_TIMEOUT_US);
    cr_assert_neq(strstr(list.error, "did not answer within 5 s"), NULL, "%s", list.error);
    cr_assert_eq(none, 0);
    agent_peer_sign(&peer, "ssh-ed25519", "touched", 7);
    turn_until(&none, 1);
    cr_assert_str_eq(a.data, "touched");
}
