/* SPDX-License-Identifier: MIT */
#include "ssh/job_transfer.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/rate.h"
#include "ssh/transfer_private.h"

/* How long cleaning up on the host may take. */
#define UNDO_US (3 * US_PER_SEC)

/* $@ after the token are files: a line with the SHA-256 of each, "-" where there is none. All at
 * once, as that is fastest; one by one only where that did not work for all, or where a name holds
 * a newline, which some programs write as it is. Others put backslashes before what they write
 * otherwise, and some shells' echo does not leave these alone: say does. */
static const char digest_script[] =
    "say() { printf \"%s\\n\" \"$1\"; }; say \"$1\"; shift; "
    "t=sha256sum; command -v sha256sum >/dev/null 2>&1 || t=\"shasum -a 256\"; "
    "command -v ${t%% *} >/dev/null 2>&1 || t=\"openssl dgst -sha256 -r\"; "
    "n=$(printf \"\\nx\"); "
    "if case \"$*\" in *\"${n%x}\"*) false;; "
    "*) all=$($t -- \"$@\" 2>/dev/null || $t \"$@\" 2>/dev/null);; esac; then say \"$all\"; else "
    "for f; do one=$($t <\"$f\" 2>/dev/null) || one=-; say \"$one\"; done; fi";

/* Pairs of a temporary file and the name that it is to have. */
static const char move_script[] =
    "echo \"$1\"; shift; while [ $# -gt 1 ]; do "
    "if [ -d \"$2\" ]; then echo folder; elif mv -f -- \"$1\" \"$2\" 2>/dev/null; then echo done; "
    "else echo failed; fi; shift 2; done";

struct transfer *transfer_of(struct job *job)
{
    return list_entry(job, struct transfer, job);
}

void transfer_start(struct transfer *t)
{
    if (t->result.has_started)
        return;
    t->result.has_started = true;
    t->args.listener.on_started(t->args.listener.arg);
}

void transfer_tell(struct transfer *t, const struct file_record *file, const struct error *error)
{
    struct transfer_totals *totals = &t->result.totals;
    if (error) {
        totals->failed++;
        if (!error_is_set(&t->first_failure))
            error_copy(&t->first_failure, error);
    } else {
        totals->files += file->action != FILE_DELETE;
        totals->changed += file->action != FILE_KEEP;
    }
    t->args.listener.on_file(t->args.listener.arg, file, error);
}

void transfer_moved(struct transfer *t, uint64_t bytes)
{
    t->result.totals.bytes += bytes;
    t->args.listener.on_moved(t->args.listener.arg, bytes);
}

bool transfer_may_move(struct transfer *t, size_t size)
{
    struct rate *rate = t->job.session->services->rate;
    int64_t now = clock_monotonic_us(), at;
    if (!rate_is_free(rate, now, &at)) {
        job_wake_at(&t->job, at);
        return false;
    }
    rate_take(rate, size, now);
    return true;
}

/* How many items may be at work at once. */
static size_t most_items(const struct transfer *t)
{
    bool holds_files = t->spec->landing && (t->spec->verifies || t->spec->resumes);
    if (!sftp_is_shell(t->sftp))
        return holds_files ? TRANSFER_PULL_FILES_MAX : TRANSFER_ITEMS_MAX;
    return session_is_dropbear(t->job.session) ? TRANSFER_DROPBEAR_ITEMS_MAX
                                               : TRANSFER_SHELL_ITEMS_MAX;
}

bool transfer_may_begin(const struct transfer *t)
{
    return t->phase == TRANSFER_WORKING && t->item_count - t->idle_count < most_items(t) &&
           sftp_in_flight(t->sftp) < SFTP_IN_FLIGHT_MAX / 2 &&
           !t->job.session->services->gate->held;
}

bool transfer_is_end_of_names(const struct sftp_reply *reply)
{
    return (reply->type == SFTP_STATUS && reply->status == SFTP_EOF) ||
           (reply->type == SFTP_NAME && reply->name_count == 0);
}

bool transfer_keep_handle(struct transfer_handle *h, const struct sftp_reply *reply)
{
    if (reply->handle.size == 0 || reply->handle.size > sizeof h->bytes)
        return false;
    memcpy(h->bytes, reply->handle.data, reply->handle.size);
    h->size = (uint32_t)reply->handle.size;
    return true;
}

struct wire_string transfer_handle(const struct transfer_handle *h)
{
    return (struct wire_string){ h->bytes, h->size };
}

bool transfer_reply_failed(const struct sftp_reply *reply, enum sftp_type wanted,
                           struct error *reterr, const char *what)
{
    if (reply->type == wanted && (wanted != SFTP_STATUS || reply->status == SFTP_OK))
        return false;
    char text[200];
    sftp_status_text(reply, text, sizeof text);
    if (!error_is_set(reterr))
        error_set(reterr, ERR_TRANSFER, "%s: %s", what, text);
    return true;
}

/* Says in the error what may be left on the host. */
static void name_leftovers(const struct transfer *t, struct error *error)
{
    const char *first;
    size_t count = t->ops->leftovers(t, &first);
    if (count == 0)
        return;
    char *text = count == 1 ? xprintf("%s; %s may be left there", error_text(error), first)
                            : xprintf("%s; %s and %zu more may be left there", error_text(error),
                                      first, count - 1);
    error_set(error, error->code, "%s", text);
    free(text);
}

/* Ends the transfer on the spot, with what may be left on the host. */
static void end_hard(struct transfer *t, enum error_code code, const char *text)
{
    struct error *error = &t->result.error;
    if (t->ops->was_replacing(t))
        error_set(error, ERR_CONNECTION_LOST, "%s, while a file was being replaced",
                  error_is_set(&t->end_why) ? error_text(&t->end_why) : text);
    else if (error_is_set(&t->end_why))
        error_move(error, &t->end_why);
    else
        error_set(error, code, "%s", text);
    name_leftovers(t, error);
    t->phase = TRANSFER_ENDED;
}

/* Undoes what is under way, because of end_why. */
static void begin_undo(struct transfer *t)
{
    t->phase = TRANSFER_UNDOING;
    t->undo_until_us = clock_monotonic_us() + UNDO_US;
    job_wake_at(&t->job, t->undo_until_us);
    t->ops->undo(t);
    batch_cancel(t->digests, "the transfer was ended");
    /* A channel that is being opened for digests cannot be given up without barring all others: by
     * then there may be none for mv any more. */
    batch_cancel_unsent(t->moves, "the transfer was ended");
}

void job_transfer_end(struct job *job, const struct error *why)
{
    struct transfer *t = transfer_of(job);
    if (t->phase != TRANSFER_WORKING)
        return;
    error_copy(&t->end_why, why);
    if (sftp_is_ready(t->sftp))
        begin_undo(t);
    else
        end_hard(t, why->code, error_text(why));
    session_wake(job->session);
}

void transfer_fail(struct transfer *t, const char *fmt, ...)
{
    struct error why = ERROR_INIT;
    va_list ap;
    va_start(ap, fmt);
    error_vset(&why, ERR_TRANSFER, fmt, ap);
    va_end(ap);
    job_transfer_end(&t->job, &why);
    error_release(&why);
}

/* Everything was begun and has ended: draws the sum. */
static void end_well(struct transfer *t)
{
    uint64_t failed = t->result.totals.failed;
    t->phase = TRANSFER_ENDED;
    if (error_is_set(&t->end_why) && t->is_cut)
        error_move(&t->result.error, &t->end_why);
    else if (failed > 1)
        error_set(&t->result.error, ERR_TRANSFER, "%s (and %" PRIu64 " more)",
                  error_text(&t->first_failure), failed - 1);
    else if (failed > 0)
        error_move(&t->result.error, &t->first_failure);
}

/* When -u is over: the time that the gate was held is not the host's. */
static int64_t run_until_us(const struct transfer *t, int64_t now)
{
    int64_t held = gate_held_us(t->job.session->services->gate, now) - t->gate_held_us;
    return t->ready_us + t->args.timeout_us + held;
}

/* Does the host owe an answer? Who waits for the rate or the gate is not kept waiting by it. */
static bool is_awaiting(const struct transfer *t)
{
    /* A program that hashes a large file answers nothing for long, and is at work. */
    return sftp_in_flight(t->sftp) > 0 || batch_is_busy(t->moves);
}

/* The limit that is over at `now`. */
static enum error_code expired(const struct transfer *t, int64_t now)
{
    if (t->args.timeout_us > 0 && now >= run_until_us(t, now))
        return ERR_RUN_TIMEOUT;
    if (t->args.idle_us > 0 && now >= t->answer_us + t->args.idle_us)
        return ERR_IDLE_TIMEOUT;
    return ERR_NONE;
}

/* Looks at the clock while the transfer works. */
static void enforce_work_limits(struct transfer *t, int64_t now)
{
    struct error why = ERROR_INIT;
    if (!is_awaiting(t))
        t->answer_us = now;
    switch (expired(t, now)) {
    case ERR_RUN_TIMEOUT:
        error_set(&why, ERR_RUN_TIMEOUT, "still at work after %.3gs",
                  (double)t->args.timeout_us / 1e6);
        break;
    case ERR_IDLE_TIMEOUT:
        error_set(&why, ERR_IDLE_TIMEOUT, "no answer for %.3gs", (double)t->args.idle_us / 1e6);
        break;
    default:
        /* While the gate is held no time passes; who opens it wakes the session. */
        if (t->args.timeout_us > 0 && !t->job.session->services->gate->held)
            job_wake_at(&t->job, run_until_us(t, now));
        if (t->args.idle_us > 0)
            job_wake_at(&t->job, t->answer_us + t->args.idle_us);
        return;
    }
    job_transfer_end(&t->job, &why);
    error_release(&why);
}

/* Looks at the clock before the server's greeting. */
static void enforce_open_limit(struct transfer *t, int64_t now)
{
    if (t->args.open_us <= 0)
        return;
    if (t->open_until_us == 0)
        t->open_until_us = now + t->args.open_us;
    job_wake_at(&t->job, t->open_until_us);
    if (now < t->open_until_us)
        return;
    char *text =
        xprintf("the SFTP server did not answer within %.3gs", (double)t->args.open_us / 1e6);
    end_hard(t, ERR_OPEN_TIMEOUT, text);
    free(text);
}

static void enforce_limits(struct transfer *t)
{
    int64_t now = clock_monotonic_us();
    if (t->phase == TRANSFER_UNDOING && now >= t->undo_until_us)
        end_hard(t, ERR_TRANSFER, "the server did not answer");
    else if (t->phase == TRANSFER_UNDOING)
        job_wake_at(&t->job, t->undo_until_us);
    else if (t->phase == TRANSFER_WORKING && sftp_is_ready(t->sftp))
        enforce_work_limits(t, now);
    else if (t->phase == TRANSFER_WORKING)
        enforce_open_limit(t, now);
}

/* The server greeted. */
static void on_ready(void *arg)
{
    struct transfer *t = arg;
    t->ready_us = t->answer_us = clock_monotonic_us();
    t->gate_held_us = gate_held_us(t->job.session->services->gate, t->ready_us);
    t->digests = batch_new(t->job.session, t->spec->as_user, digest_script);
    t->moves = batch_new(t->job.session, t->spec->as_user, move_script);
}

static void on_room(void *arg)
{
    struct transfer *t = arg;
    if (t->phase == TRANSFER_WORKING)
        t->ops->fill(t);
}

/* The SFTP client has ended by itself. */
static void sftp_ended(struct transfer *t)
{
    const struct error *why = sftp_error(t->sftp);
    end_hard(t, why->code, error_text(why));
}

/* One pass: begins what can be begun, sends and receives. */
static enum step run_pass(struct transfer *t)
{
    if (sftp_is_ready(t->sftp) && t->phase == TRANSFER_WORKING)
        t->ops->advance(t);
    enum step step = sftp_run(t->sftp);
    if (step == STEP_NEXT)
        sftp_ended(t);
    if (t->digests && t->phase != TRANSFER_ENDED) {
        batch_run(t->digests);
        batch_run(t->moves);
    }
    bool is_done = t->is_complete || t->phase == TRANSFER_UNDOING;
    if (step != STEP_FAIL && t->phase != TRANSFER_ENDED && is_done && t->item_count == 0)
        end_well(t);
    return step;
}

/* Passes, until no answer came in the last one. */
static enum step run_passes(struct transfer *t)
{
    for (;;) {
        enum step step = run_pass(t);
        if (step == STEP_FAIL || t->phase == TRANSFER_ENDED)
            return step;
        if (sftp_answers(t->sftp) == t->answers)
            return step;
        t->answers = sftp_answers(t->sftp);
        t->answer_us = clock_monotonic_us();
        if (step == STEP_AGAIN)
            return step;
    }
}

/* Nothing comes after this: the scripts beside the transfer have nobody to answer to. */
static void tell_end(struct transfer *t)
{
    batch_free(t->digests);
    batch_free(t->moves);
    t->digests = t->moves = NULL;
    t->args.listener.on_end(t->args.listener.arg, &t->result);
}

static enum step transfer_run(struct job *job)
{
    struct transfer *t = transfer_of(job);
    enforce_limits(t);
    enum step step = t->phase == TRANSFER_ENDED ? STEP_NEXT : run_passes(t);
    if (step == STEP_FAIL || t->phase != TRANSFER_ENDED)
        return step;
    sftp_close(t->sftp);
    tell_end(t);
    return STEP_NEXT;
}

/* What an error of the connection means for the transfer. */
static enum error_code code_for(const struct transfer *t, enum error_code why)
{
    bool is_broken =
        why == ERR_CONNECTION_LOST || why == ERR_PEER_DEAD || why == ERR_CLOSED_BEFORE_START;
    if (!is_broken)
        return why;
    return t->result.has_started ? ERR_TRANSFER : ERR_CLOSED_BEFORE_START;
}

static void transfer_abort(struct job *job, const struct error *why)
{
    struct transfer *t = transfer_of(job);
    if (t->phase != TRANSFER_ENDED)
        end_hard(t, code_for(t, why->code), error_text(why));
    tell_end(t);
}

static void transfer_free(struct job *job)
{
    struct transfer *t = transfer_of(job);
    t->ops->release(t);
    sftp_free(t->sftp);
    error_release(&t->result.error);
    error_release(&t->end_why);
    error_release(&t->first_failure);
    free((char *)t->args.destination);
    free(t);
}

void transfer_init(struct transfer *t, const struct transfer_ops *ops,
                   const struct transfer_args *args)
{
    static const struct job_ops job_ops = {
        .name = "transfer",
        .run = transfer_run,
        .abort = transfer_abort,
        .free = transfer_free,
    };
    t->job.ops = &job_ops;
    t->job.is_urgent = true; /* it begins nothing while the gate is held */
    list_init(&t->job.link);
    t->ops = ops;
    t->args = *args;
    t->args.destination = args->destination ? xstrdup(args->destination) : NULL;
    t->spec = args->spec;
    list_init(&t->items);
    t->sftp = sftp_new(&(struct sftp_args){ .job = &t->job,
                                            .as_user = args->spec->as_user,
                                            .on_ready = on_ready,
                                            .on_room = on_room,
                                            .arg = t });
}

bool job_transfer_has_started(const struct job *job)
{
    return list_entry(job, const struct transfer, job)->result.has_started;
}
