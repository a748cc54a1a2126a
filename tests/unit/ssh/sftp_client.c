/* SPDX-License-Identifier: MIT */
#include "sftp_client.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "base/memory.h"

enum { MOST_BYTES = 16 << 20 };

static struct client *client_of(struct job *job)
{
    return list_entry(list_entry(job, struct transfer, job), struct client, t);
}

static enum step run(struct job *job)
{
    struct client *c = client_of(job);
    enum step step = c->gives_up ? STEP_NEXT : sftp_run(c->t.sftp);
    if (step != STEP_NEXT)
        return step;
    c->ends++;
    error_copy(&c->error, sftp_error(c->t.sftp));
    sftp_close(c->t.sftp);
    return STEP_NEXT;
}

static void abort_job(struct job *job, const struct error *why)
{
    struct client *c = client_of(job);
    (void)why;
    cr_assert_eq(c->ends, 0);
    c->aborts++;
}

static void free_job(struct job *job)
{
    struct client *c = client_of(job);
    sftp_free(c->t.sftp);
    c->t.sftp = NULL;
}

static void on_ready(void *arg)
{
    struct client *c = arg;
    c->readies++;
    cr_assert_eq(c->readies, 1);
    cr_assert(sftp_is_ready(c->t.sftp));
    buf_add_str(&c->heard, "ready; ");
}

static void on_room(void *arg)
{
    struct client *c = arg;
    if (c->on_room)
        c->on_room(c->arg);
}

void client_begin(struct client *c, struct rig *r)
{
    static const struct job_ops ops = {
        .name = "client", .run = run, .abort = abort_job, .free = free_job
    };
    c->rig = r;
    buf_init(&c->heard, MOST_BYTES);
    list_init(&c->questions);
    c->t.job.ops = &ops;
    list_init(&c->t.job.link);
    list_init(&c->t.items);
    c->t.sftp = sftp_new(&(struct sftp_args){
        .job = &c->t.job, .on_ready = on_ready, .on_room = on_room, .arg = c });
    if (!r->session) {
        server_greets("SSH-2.0-Cisco-1.25\r\n"); /* whose shell is not asked in SFTP's stead */
        rig_open(r);
        rig_expect_state(r, SESSION_READY);
    }
    session_add_job(r->session, &c->t.job);
    fake_settle(r->loop);
}

void client_begin_ready(struct client *c, struct rig *r)
{
    client_begin(c, r);
    peer_accept(r, 0, true);
    cr_assert_eq(c->readies, 1);
    buf_clear(&c->heard);
}

/* What one request waits for. */
struct question {
    struct list link; /* on client.questions */
    struct client *c;
    const char *name;
};

static void forget(struct question *q)
{
    list_remove(&q->link);
    free(q);
}

void client_release(struct client *c)
{
    cr_assert_null(c->t.sftp, "the job was not freed");
    list_for_each(it, tmp, &c->questions) forget(list_entry(it, struct question, link));
    buf_release(&c->heard);
    error_release(&c->error);
    peer_release();
}

static void on_answer(void *arg, const struct sftp_reply *reply)
{
    struct question q = *(struct question *)arg;
    forget(arg);
    cr_assert_eq(q.c->ends, 0);
    buf_addf(&q.c->heard, "%s ", q.name);
    if (reply->type == SFTP_STATUS)
        buf_addf(&q.c->heard, "status %d; ", (int)reply->status);
    else if (reply->type == SFTP_HANDLE)
        buf_addf(&q.c->heard, "handle %.*s; ", (int)reply->handle.size,
                 (const char *)reply->handle.data);
    else
        buf_addf(&q.c->heard, "type %d; ", (int)reply->type);
    if (q.c->on_answer)
        q.c->on_answer(q.c, q.name);
}

void client_ask(struct client *c, enum sftp_type type, const char *path, const char *name)
{
    struct question *q = xcalloc(1, sizeof *q);
    *q = (struct question){ .c = c, .name = name };
    list_init(&q->link);
    list_append(&c->questions, &q->link);
    sftp_send(c->t.sftp, &(struct sftp_request){ .type = type, .path = path }, on_answer, q);
    session_wake(c->rig->session);
}

void client_expect(struct client *c, const char *heard)
{
    fake_settle(c->rig->loop);
    cr_assert_str_eq(buf_str(&c->heard), heard);
    buf_clear(&c->heard);
}

void client_expect_end(struct client *c, enum error_code code, const char *text)
{
    fake_settle(c->rig->loop);
    cr_assert_eq(c->ends, 1, "it ended %d times", c->ends);
    cr_assert_eq(c->aborts, 0);
    cr_assert_str_eq(error_word(c->error.code), error_word(code), "%s", error_text(&c->error));
    cr_assert_str_eq(error_text(&c->error), text);
}

void client_begin_greeting(struct client *c, struct rig *r)
{
    rig_init(r);
    client_begin(c, r);
    peer_listen(0);
    server_opens(0);
    server_starts(0);
    fake_settle(r->loop);
    peer_expect(SFTP_INIT, NULL);
}

uint32_t client_begin_one(struct client *c, struct rig *r)
{
    rig_init(r);
    client_begin_ready(c, r);
    client_ask(c, SFTP_STAT, "p", "a");
    fake_settle(r->loop);
    return peer_expect(SFTP_STAT, "p").id;
}

void client_finish(struct client *c, struct rig *r)
{
    rig_release(r);
    client_release(c);
}
