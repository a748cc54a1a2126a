/* SPDX-License-Identifier: MIT */
/*
 * Queues, because a reply may come for a request that nobody waits for any more:
 *
 *      places     [ signature | the listing | signature | ... ]     replies come in this order
 *                       |             |
 *      waiting    [ request ... ]     |                             for signatures, oldest first
 *      listening                [ request ... ]                     for the keys
 *                       |             |
 *                       v             v    answered, failed or too late
 *      done       [ request ... ] --> task --> callbacks
 *
 * Only the task calls back, so nothing else here need fear that the agent is closed meanwhile.
 */
#include "net/agent.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "net/agent_message.h"
#include "net/agent_socket.h"

static const char too_much[] = "cannot take a request of that size, or so many";

/* A reply that is to come. */
struct place {
    struct list link;
    struct agent_request *request; /* NULL: the listing's, or nobody waits any more */
    bool is_listing;
};

struct agent_request {
    struct list link;       /* on waiting, listening, done or turn */
    struct place *place;    /* NULL for a listing, and once answered */
    agent_list_fn *on_list; /* one of the two is NULL */
    agent_sign_fn *on_signature;
    void *arg;
    int64_t deadline_us;
    char *algorithm;
    unsigned char *signature; /* heap; NULL until answered */
    size_t signature_size;
    struct error error;
};

enum listing { LISTING_UNASKED, LISTING_ASKED, LISTING_KNOWN };

struct agent {
    struct loop *loop;
    char *path;
    int64_t timeout_us;
    struct agent_socket socket; /* hung up once `broken` is set */
    struct timer *timer;
    int64_t timer_at_us; /* the first deadline, or an earlier one that is gone */
    struct task task;    /* calls back */
    struct list places;
    struct list waiting;
    struct list listening;
    struct list done;
    struct list turn; /* those of `done` that the task is calling back */
    bool is_delivering;
    bool is_closed; /* freed by the task */
    enum listing listing;
    int64_t listing_deadline_us; /* once asked */
    struct agent_keys keys;
    struct arena *arena;  /* of the keys */
    struct error refused; /* set where the agent would not list its keys */
    struct error broken;
};

/* Frees a request, which is on no list any more. */
static void free_request(struct agent_request *request)
{
    error_release(&request->error);
    free(request->signature);
    free(request->algorithm);
    free(request);
}

/* Frees all requests of a list. */
static void free_requests(struct list *requests)
{
    for (struct list *link = list_pop(requests); link; link = list_pop(requests))
        free_request(list_entry(link, struct agent_request, link));
}

/* Expects no reply any more. */
static void free_places(struct agent *agent)
{
    for (struct list *link = list_pop(&agent->places); link; link = list_pop(&agent->places))
        free(list_entry(link, struct place, link));
}

/* The request's outcome is known: the task will call back. */
static void finish(struct agent *agent, struct agent_request *request)
{
    if (request->place)
        request->place->request = NULL;
    request->place = NULL;
    list_remove(&request->link);
    list_append(&agent->done, &request->link);
    loop_wake(agent->loop, &agent->task);
}

/* Finishes the request with an error that is the agent's or the listing's. */
static void finish_with(struct agent *agent, struct agent_request *request,
                        const struct error *error)
{
    error_copy(&request->error, error);
    finish(agent, request);
}

/* The same for all requests of a list. */
static void finish_all(struct agent *agent, struct list *requests, const struct error *error)
{
    list_for_each(link, tmp, requests)
    {
        finish_with(agent, list_entry(link, struct agent_request, link), error);
    }
}

/* Sets `err` to the sentence "ssh-agent at PATH WHY". */
static void blame(const struct agent *agent, struct error *err, const char *why)
{
    error_set(err, ERR_AUTH, "ssh-agent at %s %s", agent->path, why);
}

/* Fails one request. */
static void fail(struct agent *agent, struct agent_request *request, const char *why)
{
    blame(agent, &request->error, why);
    finish(agent, request);
}

/* The socket's callback, and what follows a lie: all requests fail, now and later. */
static void break_off(void *arg, const char *why)
{
    struct agent *agent = arg;
    agent_socket_hang_up(&agent->socket);
    blame(agent, &agent->broken, why);
    finish_all(agent, &agent->waiting, &agent->broken);
    finish_all(agent, &agent->listening, &agent->broken);
    free_places(agent);
}

/* Takes the reply to the listing; false where it is nonsense. */
static bool take_keys(struct agent *agent, struct wire message)
{
    enum agent_reply reply = agent_message_read_keys(message, agent->arena, &agent->keys);
    if (reply == AGENT_REPLY_BAD)
        return false;
    if (reply == AGENT_REPLY_REFUSED)
        blame(agent, &agent->refused, "refuses to list its keys");
    agent->listing = LISTING_KNOWN;
    finish_all(agent, &agent->listening, &agent->refused);
    return true;
}

/* Keeps a good signature for the callback. */
static void keep_signature(struct agent *agent, struct agent_request *request,
                           struct wire_string data)
{
    request->signature = xcalloc(1, data.size + 1);
    memcpy(request->signature, data.data, data.size);
    request->signature_size = data.size;
    finish(agent, request);
}

/* Takes the reply to a signing request, which is NULL where nobody waits for it; false where the
 * reply is nonsense. Agents that do not know the flags for SHA-2 sign RSA with SHA-1: that is no
 * reason to distrust their other keys. */
static bool take_signature(struct agent *agent, struct agent_request *request, struct wire message)
{
    struct agent_message_signature signature;
    enum agent_reply reply = agent_message_read_signature(message, &signature);
    if (reply == AGENT_REPLY_BAD || !request)
        return reply != AGENT_REPLY_BAD;
    if (reply == AGENT_REPLY_REFUSED) {
        fail(agent, request, "refused to sign");
    } else if (!wire_string_is(signature.algorithm, request->algorithm)) {
        char *why = xprintf("did not sign with %s, as asked", request->algorithm);
        fail(agent, request, why);
        free(why);
    } else {
        keep_signature(agent, request, signature.data);
    }
    return true;
}

/* The socket's callback: a whole reply. */
static void take_reply(void *arg, struct wire message)
{
    struct agent *agent = arg;
    struct list *link = list_pop(&agent->places);
    if (!link) {
        break_off(agent, "sent a reply that nobody asked for");
        return;
    }
    struct place place = *list_entry(link, struct place, link);
    free(list_entry(link, struct place, link));
    if (place.request)
        place.request->place = NULL;
    bool good = place.is_listing ? take_keys(agent, message)
                                 : take_signature(agent, place.request, message);
    if (!good)
        break_off(agent, "sent a reply that does not follow the protocol");
}

/* Arms the timer for the first deadline of a queue, unless it will fire earlier. */
static void arm_timer(struct agent *agent, const struct list *requests)
{
    if (list_is_empty(requests))
        return;
    const struct agent_request *first = list_entry(requests->next, struct agent_request, link);
    if (timer_is_armed(agent->timer) && agent->timer_at_us <= first->deadline_us)
        return;
    agent->timer_at_us = first->deadline_us;
    timer_arm(agent->timer, first->deadline_us);
}

/* How long a listing may take. */
static int64_t listing_limit_us(const struct agent *agent)
{
    return agent->timeout_us < AGENT_LIST_TIMEOUT_US ? agent->timeout_us : AGENT_LIST_TIMEOUT_US;
}

/* Fails those requests of a queue whose time is over. */
static void expire(struct agent *agent, struct list *requests, int64_t limit_us)
{
    int64_t now = clock_monotonic_us();
    char *why = xprintf("did not answer within %g s", (double)limit_us / (double)US_PER_SEC);
    list_for_each(link, tmp, requests)
    {
        struct agent_request *request = list_entry(link, struct agent_request, link);
        if (request->deadline_us > now)
            break;
        fail(agent, request, why);
    }
    free(why);
    arm_timer(agent, requests);
}

/* The timer's callback. A loop that was busy may not have read replies that came in time. */
static void deadline_passed(void *arg)
{
    struct agent *agent = arg;
    agent_socket_receive(&agent->socket);
    expire(agent, &agent->waiting, agent->timeout_us);
    expire(agent, &agent->listening, listing_limit_us(agent));
}

/* Tells the one who asked. */
static void call_back(struct agent *agent, struct agent_request *request)
{
    const struct error *error = error_is_set(&request->error) ? &request->error : NULL;
    if (request->on_list) {
        const struct agent_keys none = { .count = 0 };
        const struct agent_keys *keys = error ? &none : &agent->keys;
        request->on_list(request->arg, keys->items, keys->count, error);
        return;
    }
    struct agent_signature signature = { .algorithm = error ? NULL : request->algorithm,
                                         .data = request->signature,
                                         .size = request->signature_size };
    request->on_signature(request->arg, &signature, error);
}

/* Frees what agent_close() has left. */
static void free_agent(struct agent *agent)
{
    arena_free(agent->arena);
    error_release(&agent->refused);
    error_release(&agent->broken);
    free(agent->path);
    free(agent);
}

/* The task: calls back for all that is done now. What the callbacks add waits for the next turn. */
static void deliver(struct task *task)
{
    struct agent *agent = list_entry(task, struct agent, task);
    list_splice(&agent->turn, &agent->done);
    agent->is_delivering = true;
    for (struct list *link = list_pop(&agent->turn); link; link = list_pop(&agent->turn)) {
        struct agent_request *request = list_entry(link, struct agent_request, link);
        call_back(agent, request);
        free_request(request);
    }
    agent->is_delivering = false;
    if (agent->is_closed)
        free_agent(agent);
}

/* An agent without a connection. */
static struct agent *new_agent(struct loop *loop, const char *path, int64_t timeout_us)
{
    struct agent *agent = xcalloc(1, sizeof *agent);
    agent->loop = loop;
    agent->path = xstrdup(path);
    agent->timeout_us = timeout_us;
    agent->arena = arena_new();
    task_init(&agent->task, deliver);
    list_init(&agent->places);
    list_init(&agent->waiting);
    list_init(&agent->listening);
    list_init(&agent->done);
    list_init(&agent->turn);
    return agent;
}

bool agent_open(struct agent **ret, struct loop *loop, const char *path, int64_t timeout_us,
                struct error *reterr)
{
    struct agent *agent = new_agent(loop, path, timeout_us);
    const struct agent_socket_user user = { .message = take_reply,
                                            .lost = break_off,
                                            .arg = agent };
    if (!agent_socket_open(&agent->socket, loop, path, &user, reterr)) {
        free_agent(agent);
        return false;
    }
    agent->timer = timer_new(loop, deadline_passed, agent);
    *ret = agent;
    return true;
}

void agent_close(struct agent *agent)
{
    if (!agent)
        return;
    agent_socket_release(&agent->socket);
    timer_close(agent->timer);
    task_cancel(&agent->task);
    free_requests(&agent->waiting);
    free_requests(&agent->listening);
    free_requests(&agent->done);
    free_requests(&agent->turn);
    free_places(agent);
    agent->is_closed = true;
    if (!agent->is_delivering)
        free_agent(agent);
}

/* A request at the end of a queue, whose deadlines are in order. */
static struct agent_request *new_request(struct list *queue, int64_t deadline_us, void *arg)
{
    struct agent_request *request = xcalloc(1, sizeof *request);
    request->arg = arg;
    request->deadline_us = deadline_us;
    list_append(queue, &request->link);
    return request;
}

/* A message was put into the buffer: keeps a place for its reply, and sends it. */
static void send_message(struct agent *agent, struct agent_request *request)
{
    struct place *place = xcalloc(1, sizeof *place);
    place->request = request;
    place->is_listing = request == NULL;
    if (request)
        request->place = place;
    list_append(&agent->places, &place->link);
    agent_socket_flush(&agent->socket);
}

/* The first request for the keys asks for them. */
static void ask_for_keys(struct agent *agent, struct agent_request *request)
{
    if (!agent_message_add_list(&agent->socket.out)) {
        fail(agent, request, too_much);
        return;
    }
    agent->listing = LISTING_ASKED;
    send_message(agent, NULL);
}

struct agent_request *agent_list(struct agent *agent, agent_list_fn *fn, void *arg)
{
    if (agent->listing == LISTING_UNASKED)
        agent->listing_deadline_us = clock_monotonic_us() + listing_limit_us(agent);
    struct agent_request *request = new_request(&agent->listening, agent->listing_deadline_us, arg);
    request->on_list = fn;
    if (!agent_socket_is_open(&agent->socket)) {
        finish_with(agent, request, &agent->broken);
    } else if (agent->listing == LISTING_KNOWN) {
        finish_with(agent, request, &agent->refused);
    } else if (agent->listing == LISTING_UNASKED) {
        ask_for_keys(agent, request);
    }
    arm_timer(agent, &agent->listening);
    return request;
}

struct agent_request *agent_sign(struct agent *agent, const struct agent_sign *what,
                                 agent_sign_fn *fn, void *arg)
{
    int64_t deadline_us = clock_monotonic_us() + agent->timeout_us;
    struct agent_request *request = new_request(&agent->waiting, deadline_us, arg);
    request->on_signature = fn;
    request->algorithm = xstrdup(what->algorithm);
    if (!agent_socket_is_open(&agent->socket))
        finish_with(agent, request, &agent->broken);
    else if (agent_message_add_sign(&agent->socket.out, what))
        send_message(agent, request);
    else
        fail(agent, request, too_much);
    arm_timer(agent, &agent->waiting);
    return request;
}

void agent_abandon(struct agent_request *request)
{
    if (!request)
        return;
    if (request->place)
        request->place->request = NULL;
    list_remove(&request->link);
    free_request(request);
}
