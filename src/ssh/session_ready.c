/* SPDX-License-Identifier: MIT */
/* READY and CLOSE: running the jobs, and letting go. */
#include "ssh/session_private.h"

/* Takes a job that is through off the list and frees it. */
static void drop_job(struct session *s, struct job *job)
{
    if (s->opening == job)
        session_opened(s, job);
    list_remove(&job->link);
    timer_close(job->timer);
    job->ops->free(job);
}

/* The timer's callback: the job looks at the clock in its turn. */
static void job_is_due(void *arg)
{
    struct job *job = arg;
    session_wake(job->session);
}

void job_wake_at(struct job *job, int64_t at_us)
{
    if (!job->timer)
        job->timer = timer_new(job->session->services->loop, job_is_due, job);
    if (timer_is_armed(job->timer) && job->wake_at_us <= at_us)
        return; /* what is due later is armed again in that turn */
    job->wake_at_us = at_us;
    timer_arm(job->timer, at_us);
}

/* Gives each job a turn; false where one broke the connection. */
static bool run_jobs(struct session *s, bool *ret_again)
{
    list_for_each(it, tmp, &s->jobs)
    {
        struct job *job = list_entry(it, struct job, link);
        switch (job->ops->run(job)) {
        case STEP_NEXT:
            drop_job(s, job);
            break;
        case STEP_AGAIN:
            *ret_again = true;
            break;
        case STEP_WAIT:
            break;
        case STEP_FAIL:
            return false;
        }
        if (s->is_doomed)
            return false;
    }
    return true;
}

/* Must a job go on although the gate is held? */
static bool has_urgent_job(struct session *s)
{
    list_for_each(it, tmp, &s->jobs)
    {
        if (list_entry(it, struct job, link)->is_urgent)
            return true;
    }
    return false;
}

/* Runs the jobs until no pass received anything: what one call takes in may be for a stream or a
 * job that had its turn before, and will not be signalled again (laws 3, 4). */
static bool run_passes(struct session *s, bool *ret_again)
{
    size_t slice_before;
    do {
        slice_before = s->slice_left;
        *ret_again = false;
        if (!run_jobs(s, ret_again))
            return false;
    } while (s->slice_left != slice_before && s->slice_left > 0);
    return true;
}

enum step session_ready_run(struct session *s)
{
    if (!s->was_ready) {
        s->was_ready = true;
        s->listener.on_ready(s->listener.arg);
    }
    bool again = false;
    if (!run_passes(s, &again))
        return STEP_FAIL;
    if (list_is_empty(&s->jobs) && s->is_finishing)
        return STEP_NEXT;
    bool is_drained = !again && s->slice_left > 0 && !s->services->gate->held;
    if (session_is_broken(s) && is_drained) {
        session_fail(s, session_broken_code(s), "%s", session_broken_text(s));
        return STEP_FAIL;
    }
    bool paused = s->services->gate->held && !has_urgent_job(s);
    session_listen(s, !paused && !list_is_empty(&s->jobs) && !session_is_broken(s));
    return again ? STEP_AGAIN : STEP_WAIT;
}

/* Tells the jobs that are left; only then frees them, because they may know each other. */
void session_ready_leave(struct session *s)
{
    static const struct error finished = { ERR_INTERNAL, (char *)"the session was finished" };
    const struct error *why = error_is_set(&s->error) ? &s->error : &finished;
    list_for_each(it, tmp, &s->jobs)
    {
        struct job *job = list_entry(it, struct job, link);
        job->ops->abort(job, why);
    }
    list_for_each(it2, tmp2, &s->jobs) drop_job(s, list_entry(it2, struct job, link));
}

bool session_may_open(struct session *s, struct job *job)
{
    if (!s->opening && !s->is_open_stuck)
        s->opening = job;
    return s->opening == job;
}

void session_give_up_open(struct session *s)
{
    s->opening = NULL;
    s->is_open_stuck = true;
}

void session_opened(struct session *s, struct job *job)
{
    if (s->opening != job)
        return;
    s->opening = NULL;
    session_wake(s);
}

enum step session_close_run(struct session *s)
{
    return session_io_close(s);
}
