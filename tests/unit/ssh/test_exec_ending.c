/* SPDX-License-Identifier: MIT */
/* Ending the remote command, not just its channel (law 18), and interrupting it. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "command.h"

#define S US_PER_SEC

/* A running command on a server of this version. */
static void begin_on(struct command *c, struct rig *r, const char *version)
{
    rig_init(r);
    command_init(c, r);
    server_greets(version);
    rig_open(r);
    rig_expect_state(r, SESSION_READY);
    command_begin(c, r);
}

/* Ends it as -u would, and settles. */
static void end(struct command *c)
{
    struct error why = ERROR_INIT;
    error_set(&why, ERR_RUN_TIMEOUT, "too long");
    job_exec_end(c->job, &why);
    error_release(&why);
    fake_settle(c->rig->loop);
}

static void finish(struct command *c, struct rig *r)
{
    while (r->gate.held)
        gate_release(&r->gate);
    rig_release(r);
    command_release(c);
}

/* The helper's channel is opened and its command accepted. */
static void start_helper(struct rig *r, int channel)
{
    server_opens(channel);
    server_starts(channel);
    fake_settle(r->loop);
}

/* The helper says that `left` processes are left, and ends. */
static void helper_says(struct rig *r, int channel, int left)
{
    char line[64];
    snprintf(line, sizeof line, "noise\n%s %d\n", helper_token(), left);
    server_says('o', channel, line);
    server_exits(channel, 0);
    fake_settle(r->loop);
}

static void expect_killed(struct command *c, enum kill_result kill)
{
    command_expect_end(c, ERR_RUN_TIMEOUT);
    cr_assert_str_eq(error_text(&c->result.error), "too long");
    cr_assert_eq(c->result.kill, kill, "%d", c->result.kill);
    cr_assert(c->result.has_started);
}

/* --- By signal -------------------------------------------------------------------------------- */

Test(exec_signal, term_suffices)
{
    struct rig r;
    struct command c;
    begin_on(&c, &r, NULL);
    fake_ssh2.can_signal = true;
    end(&c);
    cr_assert_str_eq(client_last('T'), "TERM");
    server_says('o', 0, "cleaned up\n");
    server_dies(0, "TERM");
    expect_killed(&c, KILL_SIGNAL);
    cr_assert_str_eq(c.result.signal, "TERM");
    command_expect_output(&c, STREAM_STDOUT, "cleaned up\n");
    cr_assert_null(strstr(client_sent(), "O1"), "no helper was needed");
    finish(&c, &r);
}

Test(exec_signal, is_dropped_and_a_helper_follows)
{
    struct rig r;
    struct command c;
    begin_on(&c, &r, NULL);
    fake_ssh2.can_signal = true;
    end(&c);
    fake_advance(r.loop, 500000);
    start_helper(&r, 1);
    helper_says(&r, 1, 0);
    server_dies(0, "TERM");
    expect_killed(&c, KILL_EXEC);
    finish(&c, &r);
}

Test(exec_signal, kill_follows_where_no_helper_may)
{
    struct rig r;
    struct command c;
    begin_on(&c, &r, "SSH-2.0-Cisco-1.25\r\n");
    fake_ssh2.can_signal = true;
    end(&c);
    fake_advance(r.loop, 2 * S - 1);
    cr_assert_str_eq(client_last('T'), "TERM");
    fake_advance(r.loop, 1);
    cr_assert_str_eq(client_last('T'), "KILL");
    fake_advance(r.loop, 2 * S - 1);
    cr_assert_eq(c.ends, 0);
    fake_advance(r.loop, 1);
    expect_killed(&c, KILL_UNCONFIRMED);
    cr_assert_null(strstr(client_sent(), "O1"));
    finish(&c, &r);
}

/* --- By helper -------------------------------------------------------------------------------- */

Test(exec_helper, confirms)
{
    struct rig r;
    struct command c;
    begin_on(&c, &r, NULL);
    end(&c);
    cr_assert(strstr(client_sent(), "O1"));
    start_helper(&r, 1);
    cr_assert(strstr(client_last('X'), " TERM 10 "), "%s", client_last('X'));
    cr_assert(strstr(client_last('X'), " group"));
    helper_says(&r, 1, 0);
    cr_assert_eq(c.ends, 0);
    server_dies(0, "TERM");
    expect_killed(&c, KILL_EXEC);
    cr_assert_str_eq(c.result.signal, "TERM");
    finish(&c, &r);
}

Test(exec_helper, confirms_but_the_channel_stays_open)
{
    struct rig r;
    struct command c;
    begin_on(&c, &r, NULL);
    end(&c);
    start_helper(&r, 1);
    helper_says(&r, 1, 0);
    fake_advance(r.loop, 1 * S - 1);
    cr_assert_eq(c.ends, 0);
    fake_advance(r.loop, 1);
    expect_killed(&c, KILL_EXEC);
    finish(&c, &r);
}

Test(exec_helper, leaves_something)
{
    struct rig r;
    struct command c;
    begin_on(&c, &r, NULL);
    end(&c);
    start_helper(&r, 1);
    helper_says(&r, 1, 2);
    expect_killed(&c, KILL_UNCONFIRMED);
    finish(&c, &r);
}

Test(exec_helper, cannot_forge_the_token)
{
    struct rig r;
    struct command c;
    begin_on(&c, &r, NULL);
    end(&c);
    start_helper(&r, 1);
    server_says('o', 1, "0123456789abcdef0123456789abcdef 0\n");
    server_exits(1, 0);
    expect_killed(&c, KILL_UNCONFIRMED);
    finish(&c, &r);
}

Test(exec_helper, is_refused)
{
    for (int request = 0; request < 2; request++) {
        struct rig r;
        struct command c;
        begin_on(&c, &r, NULL);
        end(&c);
        if (request)
            server_opens(1);
        server_says(request ? '-' : 'N', 1, "");
        expect_killed(&c, KILL_UNCONFIRMED);
        finish(&c, &r);
    }
}

Test(exec_helper, never_answers)
{
    for (int stage = 0; stage < 3; stage++) {
        struct rig r;
        struct command c;
        begin_on(&c, &r, NULL);
        end(&c);
        if (stage > 0)
            server_opens(1);
        if (stage > 1)
            server_starts(1);
        fake_advance(r.loop, 15 * S);
        expect_killed(&c, KILL_UNCONFIRMED);
        finish(&c, &r);
    }
}

Test(exec_helper, is_too_late)
{
    struct rig r;
    struct command c;
    begin_on(&c, &r, NULL);
    end(&c);
    start_helper(&r, 1);
    server_dies(0, "TERM"); /* ended before the helper said so */
    fake_settle(r.loop);
    helper_says(&r, 1, 0);
    expect_killed(&c, KILL_EXEC);
    finish(&c, &r);
}

Test(exec_helper, is_cut_off)
{
    struct rig r;
    struct command c;
    begin_on(&c, &r, NULL);
    end(&c);
    start_helper(&r, 1);
    wire.recv_errno = ECONNRESET;
    expect_killed(&c, KILL_UNCONFIRMED);
    finish(&c, &r);
}

Test(exec_helper, fits_a_dropbear)
{
    struct rig r;
    struct command c;
    begin_on(&c, &r, "SSH-2.0-dropbear_2022.83\r\n");
    end(&c);
    start_helper(&r, 1);
    cr_assert(strstr(client_last('X'), " child"), "%s", client_last('X'));
    helper_says(&r, 1, 0);
    server_dies(0, "TERM");
    expect_killed(&c, KILL_EXEC);
    finish(&c, &r);
}

/* A dropbear would signal the command's first process only, and its children were out of reach. */
Test(exec_helper, goes_before_signals_on_a_dropbear)
{
    struct rig r;
    struct command c;
    begin_on(&c, &r, "SSH-2.0-dropbear_2022.83\r\n");
    fake_ssh2.can_signal = true;
    end(&c);
    start_helper(&r, 1);
    cr_assert_null(strstr(client_sent(), "T0"), "%s", client_sent());
    helper_says(&r, 1, 0);
    server_dies(0, "TERM");
    expect_killed(&c, KILL_EXEC);
    finish(&c, &r);
}

/* --- Where no helper may be sent ---------------------------------------------------------------
 */

static void expect_no_helper(struct command *c, struct rig *r)
{
    end(c);
    expect_killed(c, KILL_UNCONFIRMED);
    cr_assert_null(strstr(client_sent(), "O1"), "%s", client_sent());
    cr_assert(strstr(client_sent(), "C0"), "the channel is closed at least");
    finish(c, r);
}

Test(exec_forbidden, unknown_servers)
{
    static const char *const versions[] = { "SSH-2.0-Cisco-1.25\r\n",
                                            "SSH-2.0-OpenSSH_for_Windows_9.5\r\n" };
    for (size_t i = 0; i < 2; i++) {
        struct rig r;
        struct command c;
        begin_on(&c, &r, versions[i]);
        expect_no_helper(&c, &r);
    }
}

Test(exec_forbidden, by_the_user)
{
    struct rig r;
    struct command c;
    begin_on(&c, &r, NULL);
    r.settings.no_remote_kill = true;
    expect_no_helper(&c, &r);
}

Test(exec_forbidden, by_a_forced_command)
{
    char path[300];
    memset(path, 'x', sizeof path);
    path[sizeof path - 1] = '\0';
    for (int is_long = 0; is_long < 2; is_long++) {
        struct rig r;
        struct command c;
        char text[512];
        snprintf(text, sizeof text, "/home/%s/.ssh/authorized_keys:1: key options: pty command",
                 is_long ? path : "u");
        begin_on(&c, &r, NULL);
        server_says('D', 0, text);
        fake_settle(r.loop);
        expect_no_helper(&c, &r);
    }
}

Test(exec_forbidden, other_key_options_do_not_matter)
{
    struct rig r;
    struct command c;
    begin_on(&c, &r, NULL);
    server_says('D', 0, "f:1: key options: agent-forwarding port-forwarding pty user-rc");
    fake_settle(r.loop);
    end(&c);
    cr_assert(strstr(client_sent(), "O1"));
    start_helper(&r, 1);
    helper_says(&r, 1, 0);
    server_dies(0, "TERM");
    expect_killed(&c, KILL_EXEC);
    finish(&c, &r);
}

/* --- Interrupting ----------------------------------------------------------------------------- */

Test(exec_interrupt, goes_by_helper)
{
    struct rig r;
    struct command c;
    begin_on(&c, &r, NULL);
    job_exec_interrupt(c.job);
    job_exec_interrupt(c.job);
    fake_settle(r.loop);
    start_helper(&r, 1);
    cr_assert(strstr(client_last('X'), " INT 0 "), "%s", client_last('X'));
    helper_says(&r, 1, 1);
    cr_assert_null(strstr(client_sent(), "O2"), "once");
    fake_advance(r.loop, 100 * S);
    cr_assert_eq(c.ends, 0, "what the command does then is its affair");
    server_exits(0, 130);
    command_expect_exit(&c, 130);
    finish(&c, &r);
}

Test(exec_interrupt, goes_by_signal_where_no_helper_may)
{
    struct rig r;
    struct command c;
    begin_on(&c, &r, "SSH-2.0-Cisco-1.25\r\n");
    fake_ssh2.can_signal = true;
    job_exec_interrupt(c.job);
    fake_advance(r.loop, 10 * S);
    cr_assert_str_eq(client_last('T'), "INT");
    cr_assert_eq(fake_ssh2.calls[FAKE_SIGNAL], 1);
    server_dies(0, "INT");
    command_expect_end(&c, ERR_NONE);
    cr_assert_str_eq(c.result.signal, "INT");
    finish(&c, &r);
}

Test(exec_interrupt, ends_the_command_before_the_helper_says_so)
{
    struct rig r;
    struct command c;
    begin_on(&c, &r, NULL);
    job_exec_interrupt(c.job);
    fake_settle(r.loop);
    start_helper(&r, 1);
    server_dies(0, "INT");
    fake_settle(r.loop);
    helper_says(&r, 1, 0);
    command_expect_end(&c, ERR_NONE);
    cr_assert_str_eq(c.result.signal, "INT");
    cr_assert_eq(c.result.kill, KILL_NOT_NEEDED);
    finish(&c, &r);
}

Test(exec_interrupt, then_ended_while_the_helper_runs)
{
    struct rig r;
    struct command c;
    begin_on(&c, &r, NULL);
    job_exec_interrupt(c.job);
    fake_settle(r.loop);
    start_helper(&r, 1);
    end(&c);
    cr_assert_null(strstr(client_sent(), "O2"), "one helper at a time");
    helper_says(&r, 1, 1);
    start_helper(&r, 2);
    cr_assert(strstr(client_last('X'), " TERM 10 "));
    helper_says(&r, 2, 0);
    server_dies(0, "KILL");
    expect_killed(&c, KILL_EXEC);
    finish(&c, &r);
}

Test(exec_interrupt, then_ended_and_cut_off)
{
    struct rig r;
    struct command c;
    begin_on(&c, &r, NULL);
    job_exec_interrupt(c.job);
    fake_settle(r.loop);
    start_helper(&r, 1);
    end(&c);
    wire.recv_errno = ECONNRESET;
    expect_killed(&c, KILL_UNCONFIRMED);
    finish(&c, &r);
}

/* While the request waits for its answer the command may be running already. */
Test(exec_interrupt, reaches_a_command_that_just_starts)
{
    struct rig r;
    struct command c;
    rig_init(&r);
    command_init(&c, &r);
    rig_open_ready(&r);
    command_run(&c);
    job_exec_interrupt(c.job); /* no effect before the start */
    server_opens(0);
    fake_settle(r.loop);
    cr_assert_eq(c.starts, 1);
    job_exec_interrupt(c.job);
    fake_settle(r.loop);
    server_starts(0);
    fake_settle(r.loop);
    start_helper(&r, 1);
    cr_assert(strstr(client_last('X'), " INT 0 "), "%s", client_last('X'));
    helper_says(&r, 1, 0);
    server_dies(0, "INT");
    command_expect_end(&c, ERR_NONE);
    finish(&c, &r);
}

/* A helper whose channel is never opened must not take the command with it. */
Test(exec_interrupt, helper_is_never_opened)
{
    struct rig r;
    struct command c;
    begin_on(&c, &r, NULL);
    job_exec_interrupt(c.job);
    fake_advance(r.loop, 60 * S);
    cr_assert_eq(c.ends, 0, "%s", error_text(&c.result.error));
    server_says('o', 0, "still here");
    server_exits(0, 0);
    command_expect_exit(&c, 0);
    command_expect_output(&c, STREAM_STDOUT, "still here");
    finish(&c, &r);
}

/* --- Ending under a held gate ------------------------------------------------------------------
 */

Test(exec_ending_gate, helper_is_heard)
{
    struct rig r;
    struct command c;
    begin_on(&c, &r, NULL);
    gate_hold(&r.gate);
    end(&c);
    start_helper(&r, 1);
    helper_says(&r, 1, 0);
    server_says('o', 0, "last words");
    server_dies(0, "TERM");
    expect_killed(&c, KILL_EXEC);
    command_expect_output(&c, STREAM_STDOUT, "last words");
    finish(&c, &r);
}

Test(exec_ending_gate, helper_never_answers)
{
    struct rig r;
    struct command c;
    begin_on(&c, &r, NULL);
    gate_hold(&r.gate);
    end(&c);
    start_helper(&r, 1);
    fake_advance(r.loop, 15 * S);
    expect_killed(&c, KILL_UNCONFIRMED);
    finish(&c, &r);
}

Test(exec_ending_gate, lets_a_window_through_and_no_more)
{
    static char block[32 * 1024];
    struct rig r;
    struct command c;
    begin_on(&c, &r, "SSH-2.0-Cisco-1.25\r\n");
    fake_ssh2.can_signal = true;
    gate_hold(&r.gate);
    end(&c);
    memset(block, 'y', sizeof block);
    for (int i = 0; i < 100; i++)
        server_sends('o', 0, block, sizeof block);
    fake_advance(r.loop, 1 * S); /* and does not spin */
    cr_assert_leq(c.out[0].size, 256 * 1024 + 64 * 1024);
    fake_advance(r.loop, 4 * S);
    expect_killed(&c, KILL_UNCONFIRMED);
    finish(&c, &r);
}

Test(exec_ending_gate, interrupting_opens_no_way_around_it)
{
    struct rig r;
    struct command c;
    begin_on(&c, &r, NULL);
    gate_hold(&r.gate);
    job_exec_interrupt(c.job);
    fake_settle(r.loop);
    start_helper(&r, 1);
    helper_says(&r, 1, 1);
    server_says('o', 0, "output");
    fake_advance(r.loop, 10 * S);
    command_expect_output(&c, STREAM_STDOUT, "");
    gate_release(&r.gate);
    session_wake(r.session);
    server_exits(0, 0);
    command_expect_exit(&c, 0);
    command_expect_output(&c, STREAM_STDOUT, "output");
    finish(&c, &r);
}
