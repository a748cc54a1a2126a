/* SPDX-License-Identifier: MIT */
#include "agent_scene.h"

#include <criterion/criterion.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"

struct loop *loop;
struct agent_peer peer;
struct agent *agent;

void agent_scene_start_with(int64_t timeout_us)
{
    struct error err = ERROR_INIT;
    cr_assert(loop_new(&loop, &err));
    agent_peer_start(&peer);
    cr_assert(agent_open(&agent, loop, peer.path, timeout_us, &err), "%s", error_text(&err));
    agent_peer_accept(&peer);
}

void agent_scene_start(void)
{
    agent_scene_start_with(AGENT_TIMEOUT_US);
}

void agent_scene_stop(void)
{
    agent_close(agent);
    agent_peer_stop(&peer);
    cr_assert(loop_free(loop));
}

void turn_until(const int *count, int wanted)
{
    turn_until_within(count, wanted, 5000);
}

void turn_until_within(const int *count, int wanted, int ms)
{
    int64_t end = clock_monotonic_us() + ms * US_PER_MS;
    while (*count < wanted && clock_monotonic_us() < end) {
        struct pollfd p = { .fd = loop_fd(loop), .events = POLLIN };
        int wait = loop_timeout_ms(loop);
        poll(&p, 1, wait < 0 || wait > 100 ? 100 : wait);
        loop_step(loop);
    }
    for (int i = 0; i < 5; i++)
        loop_step(loop);
    cr_assert_eq(*count, wanted, "%d calls instead of %d", *count, wanted);
}

/* What both callbacks note. */
static void note_error(struct answer *a, const struct error *error)
{
    a->turn = ++*a->calls;
    if (!error)
        return;
    a->code = error->code;
    snprintf(a->error, sizeof a->error, "%s", error_text(error));
    cr_assert_neq(strstr(a->error, peer.path), NULL, "%s", a->error);
}

void note_keys(void *arg, const struct agent_key *keys, size_t count, const struct error *error)
{
    struct answer *a = arg;
    note_error(a, error);
    a->keys = count;
    for (size_t i = 0; i < count; i++) {
        size_t used = strlen(a->comments);
        snprintf(a->comments + used, sizeof a->comments - used, "%.*s=%s;", (int)keys[i].size,
                 (const char *)keys[i].blob, keys[i].comment);
    }
}

void note_signature(void *arg, const struct agent_signature *signature, const struct error *error)
{
    struct answer *a = arg;
    note_error(a, error);
    cr_assert_eq(signature->algorithm == NULL, error != NULL);
    if (error) {
        cr_assert(signature->data == NULL && signature->size == 0);
        return;
    }
    a->size = signature->size;
    snprintf(a->algorithm, sizeof a->algorithm, "%s", signature->algorithm);
    memcpy(a->data, signature->data, a->size < sizeof a->data ? a->size : sizeof a->data - 1);
}

struct agent_request *ask_keys(struct answer *a)
{
    int calls = *a->calls;
    struct agent_request *request = agent_list(agent, note_keys, a);
    cr_assert_eq(*a->calls, calls, "called back before the call had returned");
    return request;
}

struct agent_request *ask_signature(const char *text, const char *algorithm, struct answer *a)
{
    int calls = *a->calls;
    struct agent_sign what = { .blob = (const unsigned char *)"BLOB",
                               .blob_size = 4,
                               .data = (const unsigned char *)text,
                               .data_size = strlen(text),
                               .algorithm = algorithm };
    struct agent_request *request = agent_sign(agent, &what, note_signature, a);
    cr_assert_eq(*a->calls, calls, "called back before the call had returned");
    return request;
}

void expect_in_use(void)
{
    int calls = 0;
    struct answer a = { .calls = &calls };
    ask_signature("last", "ssh-ed25519", &a);
    agent_peer_read(&peer);
    agent_peer_sign(&peer, "ssh-ed25519", "made", 4);
    turn_until(&calls, 1);
    cr_assert_str_eq(a.error, "");
    cr_assert_str_eq(a.data, "made");
}

void expect_broken(const char *error)
{
    int calls = 0;
    struct answer later[2] = { { .calls = &calls }, { .calls = &calls } };
    ask_signature("later", "ssh-ed25519", &later[0]);
    ask_keys(&later[1]);
    turn_until(&calls, 2);
    for (size_t i = 0; i < 2; i++) {
        cr_assert_eq(later[i].code, ERR_AUTH);
        cr_assert_str_eq(later[i].error, error);
    }
}
