/* SPDX-License-Identifier: MIT */
/*
 * Ending a remote command, not just its channel (law 18).
 *
 *   TERM by SSH signal --> helper: TERM, grace, KILL -----------+--> close the channel
 *   (libssh2 >= 1.11)  `-> KILL by SSH signal, after the grace -'
 *                          (where a helper is not safe)
 *
 * A signal proves nothing: OpenSSH drops it silently for root and for forced commands. Confirmation
 * is that the channel ends. On dropbear, a helper that is safe goes first. The helper is a second
 * exec on the connection: a POSIX sh script that finds the processes of the other commands of this
 * connection (siblings below the same server process), ends them and prints a random token with
 * what is left: that token is the confirmation.
 */
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/random_hex.h"
#include "ssh/job_exec_private.h"
#include "ssh/ssh_features.h"

#define GRACE_US  (2 * US_PER_SEC)
#define SIGNAL_US (500 * US_PER_MS) /* for a signal's effect, where a helper can follow */
#define DRAIN_US  (1 * US_PER_SEC)  /* for the channel's end after the helper's word */
#define HELPER_US (6 * US_PER_SEC)

/* Turns of 0.2 s that the helper waits after the signal before it sends KILL. */
#define HELPER_GRACE_TURNS 10

/*
 * $1 signal, $2 turns of grace (0: only signal), $3 token, $4 "group" where each command leads a
 * session of its own (OpenSSH), "child" where it does not (dropbear). No single quote and no
 * newline may stand in it: it goes through whatever login shell the account has.
 *
 * lead: the leader of our own process group; up: the server process that serves this connection;
 * kin: everything below `up` but ourselves. Zombies do not count as left. Where the connection is
 * gone already, our parent is init or another reaper, whose children are none of our business:
 * nothing is done unless `up` is a server by name.
 * hit: whole groups where their leader is kin, single processes elsewhere: each gets it once.
 */
static const char helper_script[] =
    "s=$1 g=$2 t=$3 m=$4 me=$$ lead=$$ up=$PPID kin=\" \"; "
    "scan() { all=$(ps -A -o pid= -o ppid= -o pgid= -o stat= 2>/dev/null"
    " || ps -o pid,ppid,pgid,stat); }; "
    "place() { set -- $all; while [ $# -ge 4 ]; do"
    " if [ \"$1\" = $me ]; then lead=$3; fi; shift 4; done;"
    " set -- $all; while [ $# -ge 4 ]; do"
    " if [ \"$1\" = $lead ]; then up=$2; fi; shift 4; done; }; "
    "grow() { more=; set -- $all; while [ $# -ge 4 ]; do"
    " if [ \"$1\" != $lead ] && [ \"$1\" != $me ]; then"
    " case \"$kin\" in *\" $1 \"*) ;; *)"
    " case \"$kin$up \" in *\" $2 \"*) kin=\"$kin$1 \"; more=y;; esac;; esac; fi;"
    " shift 4; done; }; "
    "hit() { sig=$1 hot=\" \"; set -- $all; while [ $# -ge 4 ]; do"
    " case \"$kin\" in *\" $3 \"*) case \"$hot\" in *\" $3 \"*) ;; *)"
    " hot=\"$hot$3 \"; kill -s $sig -- -$3 2>/dev/null;; esac;;"
    " *\" $1 \"*) kill -s $sig $1 2>/dev/null;; esac; shift 4; done; }; "
    "left() { scan; c=0; set -- $all; while [ $# -ge 4 ]; do case \"$4\" in Z*) ;; *)"
    " case \"$kin\" in *\" $1 \"*|*\" $3 \"*) c=$((c+1));; esac;; esac; shift 4; done; }; "
    "nap() { sleep 0.2 2>/dev/null || { sleep 1; i=$((i+4)); }; i=$((i+1)); }; "
    "is_server() { (ps -A -o pid= -o comm= 2>/dev/null || ps -o pid,comm) | while read -r p c; do"
    " if [ \"$p\" = $up ]; then case \"$c\" in *sshd*|*dropbear*) echo y;; esac; fi; done; }; "
    "scan; if [ \"$m\" = group ]; then place; fi; "
    "if [ $up -le 1 ] || ! [ \"$(is_server)\" ]; then exit 3; fi; "
    "more=y; while [ \"$more\" ]; do grow; done; hit $s; "
    "i=0; left; while [ $c -gt 0 ] && [ $i -lt $g ]; do nap; left; done; "
    "if [ $c -gt 0 ] && [ $g -gt 0 ]; then hit KILL; nap; left; fi; "
    "echo $t $c";

/* Collects what the helper prints. */
static void on_helper_output(void *arg, enum stream stream, const char *data, size_t size)
{
    struct job_exec *e = arg;
    if (stream == STREAM_STDOUT)
        buf_add(&e->helper_output, data, size);
}

/* Did the helper print its token with nothing left behind it? */
static bool helper_says_done(const struct job_exec *e)
{
    const char *at = strstr(buf_str(&e->helper_output), e->helper_token);
    return at && strncmp(at + strlen(e->helper_token), " 0\n", 3) == 0;
}

static void start_helper(struct job_exec *e, const char *signal, int grace_turns);

/* The helper is through; one that interrupted makes room for one that ends, if that is due. */
static void on_helper_end(void *arg, struct exec_result *result)
{
    struct job_exec *e = arg;
    (void)result;
    e->helper = NULL;
    if (e->is_interrupting) {
        e->is_interrupting = false;
        if (e->ending == ENDING_HELPER && !e->job.session->is_doomed)
            start_helper(e, "TERM", HELPER_GRACE_TURNS);
    } else {
        e->helper_confirmed = helper_says_done(e);
        e->ending_until_us = clock_monotonic_us() + (e->helper_confirmed ? DRAIN_US : 0);
    }
    session_wake(e->job.session);
}

/* The command line that runs the script with its arguments. */
static char *helper_command(struct job_exec *e, const char *signal, int grace_turns)
{
    random_hex(e->helper_token, sizeof e->helper_token / 2);
    return xprintf("exec /bin/sh -c '%s' muster-end %s %d %s %s", helper_script, signal,
                   grace_turns, e->helper_token,
                   session_is_dropbear(e->job.session) ? "child" : "group");
}

/* Starts the helper on the same connection. */
static void start_helper(struct job_exec *e, const char *signal, int grace_turns)
{
    char *command = helper_command(e, signal, grace_turns);
    const struct exec_args args = {
        .command = command,
        .timeout_us = HELPER_US,
        .open_us = HELPER_US,
        .is_helper = true,
        .listener = { .on_output = on_helper_output, .on_end = on_helper_end, .arg = e },
    };
    buf_clear(&e->helper_output);
    struct job *helper = job_exec_new(&args);
    e->helper = helper;
    session_add_job(e->job.session, helper);
    free(command);
}

/* Enters one step of the ending, which may take until `us` from now. */
static void enter(struct job_exec *e, enum ending ending, int64_t us)
{
    e->ending = ending;
    e->ending_until_us = clock_monotonic_us() + us;
    job_wake_at(&e->job, e->ending_until_us);
}

/* Can a helper end the command? A helper itself gets none. */
static bool can_help(const struct job_exec *e)
{
    return !e->is_helper && session_may_exec_helper(e->job.session);
}

/* Is an SSH signal the way to begin? Dropbear signals the command's first process alone, whose
 * children then are nobody's and no helper can find them: there a helper goes first. */
static bool can_signal(const struct job_exec *e)
{
    return ssh_features_get().signal && !e->is_helper &&
           !(session_is_dropbear(e->job.session) && can_help(e));
}

/* Ends by a helper, once one that interrupts is through. */
static void end_by_helper(struct job_exec *e)
{
    enter(e, ENDING_HELPER, HELPER_US + DRAIN_US);
    if (!e->helper)
        start_helper(e, "TERM", HELPER_GRACE_TURNS);
}

/* Takes the step `ending`, or the first one after it that can be taken. */
static void end_by(struct job_exec *e, enum ending ending)
{
    if (ending == ENDING_TERM && can_signal(e)) {
        ssh_features_channel_signal(e->channel, "TERM");
        enter(e, ENDING_TERM, can_help(e) ? SIGNAL_US : GRACE_US);
    } else if (ending <= ENDING_KILL && can_signal(e) && !can_help(e)) {
        ssh_features_channel_signal(e->channel, "KILL");
        enter(e, ENDING_KILL, GRACE_US);
    } else if (ending <= ENDING_HELPER && e->ending != ENDING_KILL && can_help(e)) {
        end_by_helper(e);
    } else {
        e->ending = ENDING_CLOSE;
        exec_abandon(e);
    }
}

void job_exec_end(struct job *job, const struct error *why)
{
    struct job_exec *e = job_exec_of(job);
    if (e->ending != ENDING_NONE || e->state == EXEC_FREE)
        return;
    error_copy(&e->end_why, why);
    e->job.is_urgent = true;
    e->overflow_left = SESSION_CHANNEL_WINDOW;
    if (e->state == EXEC_OPEN || e->state == EXEC_REQUEST) {
        e->ending = ENDING_CLOSE;
        exec_abandon(e);
    } else {
        end_by(e, ENDING_TERM);
    }
    session_wake(job->session);
}

/* Sends the interrupt, now that the command is known to run. */
static void interrupt(struct job_exec *e)
{
    e->wants_interrupt = false;
    e->interrupt_again_us = clock_monotonic_us();
    if (!can_signal(e))
        return;
    ssh_features_channel_signal(e->channel, "INT");
    e->interrupt_again_us += SIGNAL_US;
}

/* A command that was sent an interrupt and still runs gets another way. */
static void follow_up_interrupt(struct job_exec *e)
{
    e->interrupt_again_us = 0;
    if (e->ending != ENDING_NONE || e->helper || !can_help(e))
        return;
    e->is_interrupting = true;
    start_helper(e, "INT", 0);
}

/* Follows an interrupt. */
static void interrupt_step(struct job_exec *e, int64_t now)
{
    if (e->state != EXEC_PUMP && e->state != EXEC_REAP)
        return;
    if (e->wants_interrupt)
        interrupt(e);
    if (e->interrupt_again_us > now)
        job_wake_at(&e->job, e->interrupt_again_us);
    else if (e->interrupt_again_us > 0)
        follow_up_interrupt(e);
}

void exec_end_step(struct job_exec *e)
{
    int64_t now = clock_monotonic_us();
    interrupt_step(e, now);
    if (e->ending == ENDING_NONE || e->state == EXEC_FREE)
        return;
    if (now < e->ending_until_us) {
        job_wake_at(&e->job, e->ending_until_us);
        return;
    }
    switch (e->ending) {
    case ENDING_TERM:
        end_by(e, ENDING_KILL);
        return;
    case ENDING_KILL:
        end_by(e, ENDING_HELPER);
        return;
    case ENDING_HELPER:
        end_by(e, ENDING_CLOSE);
        return;
    case ENDING_NONE:
    case ENDING_CLOSE:
        return;
    }
}

enum kill_result exec_end_result(const struct job_exec *e)
{
    switch (e->ending) {
    case ENDING_NONE:
        return KILL_NOT_NEEDED;
    case ENDING_TERM:
    case ENDING_KILL:
        return KILL_SIGNAL;
    case ENDING_HELPER:
        return e->helper_confirmed ? KILL_EXEC : KILL_UNCONFIRMED;
    case ENDING_CLOSE:
        break;
    }
    if (!e->result.has_started)
        return KILL_NOT_NEEDED;
    return e->helper_confirmed ? KILL_EXEC : KILL_UNCONFIRMED;
}

void job_exec_interrupt(struct job *job)
{
    struct job_exec *e = job_exec_of(job);
    if (!e->result.has_started || e->ending != ENDING_NONE || e->interrupt_again_us > 0)
        return;
    e->wants_interrupt = true;
    session_wake(job->session);
}

void exec_end_release(struct job_exec *e)
{
    error_release(&e->end_why);
    buf_release(&e->helper_output);
}
