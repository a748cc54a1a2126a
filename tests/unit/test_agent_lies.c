/* SPDX-License-Identifier: MIT */
/* An ssh-agent that dies or lies; and callers that close and abandon while they are called back. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "agent_scene.h"

/* Three requests under way: a signature, the keys, another signature. */
struct underway {
    int calls;
    struct answer first, keys, last;
};

static void ask_three(struct underway *u)
{
    *u = (struct underway){ .calls = 0 };
    u->first.calls = u->keys.calls = u->last.calls = &u->calls;
    ask_signature("first", "ssh-ed25519", &u->first);
    ask_keys(&u->keys);
    ask_signature("last", "ssh-ed25519", &u->last);
    for (int i = 0; i < 3; i++)
        agent_peer_read(&peer);
}

/* All three fail with one error, which says `why`; so does what is asked later. */
static void expect_all_failed(struct underway *u, const char *why)
{
    turn_until(&u->calls, 3);
    cr_assert_neq(strstr(u->first.error, why), NULL, "%s", u->first.error);
    cr_assert_eq(u->first.code, ERR_AUTH);
    cr_assert_str_eq(u->keys.error, u->first.error);
    cr_assert_str_eq(u->last.error, u->first.error);
    expect_broken(u->first.error);
}

struct lie {
    const char *what;
    const char *reply;
    size_t size;
};
#define LIE(what, reply)                                                                           \
    {                                                                                              \
        what, reply, sizeof reply - 1                                                              \
    }

static const struct lie false_signatures[] = {
    LIE("type", "\x0c\0\0\0\0"),
    LIE("unknown type", "\xc8"),
    LIE("success", "\6"),
    LIE("the request itself", "\x0d\0\0\0\0\0\0\0\0\0\0\0\0"),
    LIE("nothing but the type", "\x0e"),
    LIE("empty wrapper", "\x0e\0\0\0\0"),
    LIE("cut length", "\x0e\0\0\0"),
    LIE("wrapper too long", "\x0e\0\0\0\x14\0\0\0\1a\0\0\0\1b"),
    LIE("wrapper of 4 GiB", "\x0e\xff\xff\xff\xff\0\0\0\1a\0\0\0\1b"),
    LIE("algorithm too long", "\x0e\0\0\0\x0a\0\0\0\xff\x61\0\0\0\1b"),
    LIE("no signature", "\x0e\0\0\0\5\0\0\0\1a"),
    LIE("signature too long", "\x0e\0\0\0\x0a\0\0\0\1a\0\0\0\2b"),
    LIE("bytes behind the signature", "\x0e\0\0\0\x0b\0\0\0\1a\0\0\0\1bc"),
    LIE("bytes behind the wrapper", "\x0e\0\0\0\x0a\0\0\0\1a\0\0\0\1bc"),
    LIE("security key without counter", "\x0e\0\0\0\x10\0\0\0\4sk-x\0\0\0\1b\1\0\0"),
    LIE("bytes behind the counter", "\x0e\0\0\0\x13\0\0\0\4sk-x\0\0\0\1b\1\0\0\0\1x"),
};

static const struct lie false_keys[] = {
    LIE("type", "\x0e\0\0\0\0"),
    LIE("old type", "\2\0\0\0\0"),
    LIE("no count", "\x0c\0\0\0"),
    LIE("one key too few", "\x0c\0\0\0\2\0\0\0\1a\0\0\0\1b"),
    LIE("four thousand million keys", "\x0c\xff\xff\xff\xff\0\0\0\1a\0\0\0\1b"),
    LIE("a key too many", "\x0c\0\0\0\0\0\0\0\1a\0\0\0\1b"),
    LIE("no comment", "\x0c\0\0\0\1\0\0\0\4abcd"),
    LIE("blob too long", "\x0c\0\0\0\1\0\0\0\x0a\x61\0\0\0\1b"),
    LIE("comment too long", "\x0c\0\0\0\1\0\0\0\1a\0\0\0\2b"),
    LIE("byte behind the last", "\x0c\0\0\0\1\0\0\0\1a\0\0\0\1b!"),
};

static const struct lie false_frames[] = {
    LIE("empty", "\0\0\0\0"),
    LIE("one byte too long", "\0\4\0\1"),
    LIE("4 GiB", "\xff\xff\xff\xff"),
    LIE("text", "HTTP/1.1 200 OK\r\n\r\n"),
};

Test(agent_lies, about_a_signature)
{
    for (size_t i = 0; i < sizeof false_signatures / sizeof *false_signatures; i++) {
        const struct lie *lie = &false_signatures[i];
        struct underway u;
        cr_log_info("%s", lie->what);
        agent_scene_start();
        ask_three(&u);
        agent_peer_reply(&peer, lie->reply, lie->size);
        expect_all_failed(&u, "does not follow the protocol");
        agent_scene_stop();
    }
}

/* Also where nobody waits for it, the replies after it cannot be trusted. */
Test(agent_lies, about_an_abandoned_signature, .init = agent_scene_start, .fini = agent_scene_stop)
{
    int calls = 0;
    struct answer a = { .calls = &calls }, b = { .calls = &calls };
    struct agent_request *request = ask_signature("a", "ssh-ed25519", &a);
    ask_signature("b", "ssh-ed25519", &b);
    agent_abandon(request);
    agent_peer_reply(&peer, "\x0e\0\0\0\0", 5);
    turn_until(&calls, 1);
    cr_assert_eq(a.turn, 0);
    expect_broken(b.error);
}

Test(agent_lies, about_its_keys)
{
    for (size_t i = 0; i < sizeof false_keys / sizeof *false_keys; i++) {
        const struct lie *lie = &false_keys[i];
        struct underway u;
        cr_log_info("%s", lie->what);
        agent_scene_start();
        ask_three(&u);
        agent_peer_sign(&peer, "ssh-ed25519", "good", 4);
        agent_peer_reply(&peer, lie->reply, lie->size);
        turn_until(&u.calls, 3);
        cr_assert_str_eq(u.first.data, "good");
        cr_assert_neq(strstr(u.keys.error, "does not follow the protocol"), NULL, "%s: %s",
                      lie->what, u.keys.error);
        cr_assert_str_eq(u.last.error, u.keys.error);
        expect_broken(u.keys.error);
        agent_scene_stop();
    }
}

Test(agent_lies, about_a_length)
{
    for (size_t i = 0; i < sizeof false_frames / sizeof *false_frames; i++) {
        struct underway u;
        cr_log_info("%s", false_frames[i].what);
        agent_scene_start();
        ask_three(&u);
        agent_peer_send(&peer, false_frames[i].reply, false_frames[i].size);
        expect_all_failed(&u, "impossible length");
        agent_scene_stop();
    }
}

Test(agent_lies, a_reply_for_nobody, .init = agent_scene_start, .fini = agent_scene_stop)
{
    int calls = 0;
    struct answer a = { .calls = &calls };
    agent_peer_sign(&peer, "ssh-ed25519", "unasked", 7);
    for (int i = 0; i < 10; i++)
        loop_step(loop);
    ask_signature("a", "ssh-ed25519", &a);
    turn_until(&calls, 1);
    cr_assert_neq(strstr(a.error, "nobody asked for"), NULL, "%s", a.error);
    expect_broken(a.error);
}

Test(agent_lies, one_reply_too_many, .init = agent_scene_start, .fini = agent_scene_stop)
{
    int calls = 0;
    struct answer a = { .calls = &calls };
    ask_signature("a", "ssh-ed25519", &a);
    agent_peer_sign(&peer, "ssh-ed25519", "good", 4);
    agent_peer_sign(&peer, "ssh-ed25519", "bad", 3);
    turn_until(&calls, 1);
    cr_assert_str_eq(a.data, "good");
    ask_signature("b", "ssh-ed25519", &a);
    turn_until(&calls, 2);
    cr_assert_neq(strstr(a.error, "nobody asked for"), NULL, "%s", a.error);
}

/* --- Dying ------------------------------------------------------------------------------------ */

Test(agent_dies, before_it_answers, .init = agent_scene_start, .fini = agent_scene_stop)
{
    struct underway u;
    ask_three(&u);
    agent_peer_hang_up(&peer);
    expect_all_failed(&u, "closed the connection");
}

Test(agent_dies, in_the_middle_of_a_reply, .init = agent_scene_start, .fini = agent_scene_stop)
{
    struct underway u;
    ask_three(&u);
    agent_peer_send(&peer, "\0\0\0\x20\x0e\0\0\0\x1b\0", 10);
    for (int i = 0; i < 5; i++)
        loop_step(loop);
    cr_assert_eq(u.calls, 0);
    agent_peer_hang_up(&peer);
    expect_all_failed(&u, "closed the connection");
}

Test(agent_dies, while_idle, .init = agent_scene_start, .fini = agent_scene_stop)
{
    int calls = 0;
    struct answer a = { .calls = &calls };
    expect_in_use();
    agent_peer_hang_up(&peer);
    for (int i = 0; i < 5; i++)
        loop_step(loop);
    ask_keys(&a);
    turn_until(&calls, 1);
    cr_assert_neq(strstr(a.error, "closed the connection"), NULL, "%s", a.error);
    expect_broken(a.error);
}

/* What it said before counts, though the next request finds it gone before anything was read. */
Test(agent_dies, after_one_answer, .init = agent_scene_start, .fini = agent_scene_stop)
{
    int calls = 0;
    struct answer a = { .calls = &calls }, b = { .calls = &calls };
    ask_signature("a", "ssh-ed25519", &a);
    agent_peer_read(&peer);
    agent_peer_sign(&peer, "ssh-ed25519", "good", 4);
    agent_peer_hang_up(&peer);
    ask_signature("b", "ssh-ed25519", &b);
    turn_until(&calls, 2);
    cr_assert_str_eq(a.data, "good", "%s", a.error);
    cr_assert_neq(strstr(b.error, "closed the connection"), NULL, "%s", b.error);
    expect_broken(b.error);
}

Test(agent_answers, byte_by_byte, .init = agent_scene_start, .fini = agent_scene_stop)
{
    static const char replies[] = "\0\0\0\x0f\x0e\0\0\0\x0a\0\0\0\1a\0\0\0\1b"
                                  "\0\0\0\x0f\x0e\0\0\0\x0a\0\0\0\1a\0\0\0\1c";
    int calls = 0;
    struct answer a = { .calls = &calls }, b = { .calls = &calls };
    ask_signature("a", "a", &a);
    ask_signature("b", "a", &b);
    for (size_t i = 0; i < sizeof replies - 1; i++) {
        agent_peer_send(&peer, replies + i, 1);
        loop_step(loop);
    }
    turn_until(&calls, 2);
    cr_assert_str_eq(a.data, "b", "%s", a.error);
    cr_assert_str_eq(b.data, "c", "%s", b.error);
}

/* --- What callbacks may do -------------------------------------------------------------------- */

static void close_it(void *arg, const struct agent_signature *signature, const struct error *error)
{
    int *calls = arg;
    ++*calls;
    agent_close(agent);
    agent = NULL;
    cr_assert_eq(error == NULL, signature->size == 3);
    cr_assert(error != NULL || memcmp(signature->data, "end", 3) == 0);
}

static void ask_to_close(int *calls)
{
    struct agent_sign what = { .blob = (const unsigned char *)"BLOB",
                               .blob_size = 4,
                               .data = (const unsigned char *)"x",
                               .data_size = 1,
                               .algorithm = "a" };
    agent_sign(agent, &what, close_it, calls);
}

/* The answer that follows in the same turn is not delivered any more, nor those still to come. */
Test(agent_callback, closes_the_agent, .init = agent_scene_start, .fini = agent_scene_stop)
{
    int calls = 0, none = 0;
    struct answer a = { .calls = &none };
    ask_to_close(&calls);
    ask_signature("a", "ssh-ed25519", &a);
    ask_keys(&a);
    agent_peer_sign(&peer, "a", "end", 3);
    agent_peer_sign(&peer, "ssh-ed25519", "late", 4);
    turn_until(&calls, 1);
    cr_assert_eq(none, 0);
    cr_assert_null(agent);
}

Test(agent_callback, closes_a_broken_agent, .init = agent_scene_start, .fini = agent_scene_stop)
{
    int calls = 0, none = 0;
    struct answer a = { .calls = &none };
    ask_to_close(&calls);
    ask_signature("a", "ssh-ed25519", &a);
    agent_peer_hang_up(&peer);
    turn_until(&calls, 1);
    cr_assert_eq(none, 0);
}

Test(agent_callback, never_comes_once_closed, .init = agent_scene_start, .fini = agent_scene_stop)
{
    int none = 0;
    struct answer a = { .calls = &none };
    ask_signature("a", "ssh-ed25519", &a);
    ask_keys(&a);
    agent_peer_sign(&peer, "ssh-ed25519", "late", 4);
    agent_peer_hang_up(&peer);
    ask_signature("b", "ssh-ed25519", &a); /* finds all of it; only the callbacks are missing */
    agent_close(agent);
    agent = NULL;
    turn_until(&none, 0);
}

struct chain {
    int calls;
    struct agent_request *others[2];
    struct answer next;
};

/* Abandons one request that is answered and one that is not, and asks for more. */
static void meddle(void *arg, const struct agent_key *keys, size_t count, const struct error *error)
{
    struct chain *chain = arg;
    (void)keys;
    cr_assert(count == 0 && error == NULL);
    if (++chain->calls > 1)
        return;
    agent_abandon(chain->others[0]);
    agent_abandon(chain->others[1]);
    agent_list(agent, meddle, chain);
    ask_signature("next", "ssh-ed25519", &chain->next);
}

Test(agent_callback, abandons_and_asks, .init = agent_scene_start, .fini = agent_scene_stop)
{
    int none = 0, calls = 0;
    struct answer a = { .calls = &none };
    struct chain chain = { .next.calls = &calls };
    agent_list(agent, meddle, &chain);
    chain.others[0] = ask_signature("a", "ssh-ed25519", &a);
    chain.others[1] = ask_signature("b", "ssh-ed25519", &a);
    agent_peer_reply(&peer, "\x0c\0\0\0\0", 5);
    agent_peer_sign(&peer, "ssh-ed25519", "a", 1);
    turn_until(&chain.calls, 2);
    agent_peer_sign(&peer, "ssh-ed25519", "b", 1);
    agent_peer_sign(&peer, "ssh-ed25519", "next", 4);
    turn_until(&calls, 1);
    cr_assert_str_eq(chain.next.data, "next", "%s", chain.next.error);
    cr_assert_eq(none, 0);
}
