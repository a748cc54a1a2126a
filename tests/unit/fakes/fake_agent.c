/* SPDX-License-Identifier: MIT */
#include "fake_agent.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/list.h"
#include "base/memory.h"

struct fake_agent fake_agent;

struct agent {
    char nothing;
};

struct agent_request {
    struct list link;
    agent_list_fn *list_fn;
    agent_sign_fn *sign_fn;
    void *arg;
};

static struct list under_way;

/* A request that waits for its answer. */
static struct agent_request *add_request(void *arg)
{
    struct agent_request *r = xcalloc(1, sizeof *r);
    r->arg = arg;
    if (!under_way.next)
        list_init(&under_way);
    list_append(&under_way, &r->link);
    fake_agent.requests++;
    return r;
}

/* Takes the oldest request off; it is freed before it is answered, as the real one may be. */
static struct agent_request take_request(void)
{
    cr_assert_gt(fake_agent.requests, 0, "nobody asked the agent");
    struct list *link = list_pop(&under_way);
    struct agent_request *r = list_entry(link, struct agent_request, link);
    struct agent_request copy = *r;
    free(r);
    fake_agent.requests--;
    return copy;
}

struct agent *fake_agent_new(void)
{
    fake_agent.objects++;
    return xcalloc(1, sizeof(struct agent));
}

bool agent_open(struct agent **ret, struct loop *loop, const char *path, int64_t timeout_us,
                struct error *reterr)
{
    (void)loop;
    (void)timeout_us;
    if (fake_agent.cannot_open)
        return error_set(reterr, ERR_AUTH_NO_CREDENTIAL, "%s: nobody listens", path);
    *ret = fake_agent_new();
    return true;
}

void agent_close(struct agent *agent)
{
    if (!agent)
        return;
    cr_assert_eq(fake_agent.requests, 0, "requests are left to the agent");
    fake_agent.objects--;
    free(agent);
}

struct agent_request *agent_list(struct agent *agent, agent_list_fn *fn, void *arg)
{
    (void)agent;
    struct agent_request *r = add_request(arg);
    r->list_fn = fn;
    fake_agent.lists++;
    return r;
}

struct agent_request *agent_sign(struct agent *agent, const struct agent_sign *what,
                                 agent_sign_fn *fn, void *arg)
{
    (void)agent;
    struct agent_request *r = add_request(arg);
    r->sign_fn = fn;
    fake_agent.signs++;
    snprintf(fake_agent.sign_algorithm, sizeof fake_agent.sign_algorithm, "%s", what->algorithm);
    return r;
}

void agent_abandon(struct agent_request *request)
{
    if (!request)
        return;
    list_remove(&request->link);
    free(request);
    fake_agent.requests--;
    fake_agent.abandoned++;
}

void fake_agent_answer_list(const struct agent_key *keys, size_t count)
{
    const struct agent_request r = take_request();
    cr_assert(r.list_fn);
    r.list_fn(r.arg, keys, count, NULL);
}

void fake_agent_answer_sign(const char *signature)
{
    const struct agent_request r = take_request();
    cr_assert(r.sign_fn);
    const struct agent_signature s = { .algorithm = fake_agent.sign_algorithm,
                                       .data = (const unsigned char *)signature,
                                       .size = strlen(signature) };
    r.sign_fn(r.arg, &s, NULL);
}

void fake_agent_fail(const char *text)
{
    const struct agent_request r = take_request();
    struct error err = ERROR_INIT;
    error_set(&err, ERR_AUTH, "%s", text);
    if (r.list_fn)
        r.list_fn(r.arg, NULL, 0, &err);
    else
        r.sign_fn(r.arg, NULL, &err);
    error_release(&err);
}
