/* SPDX-License-Identifier: MIT */
/*
 * A command's life: each state when all goes well, slowly, wrong, or not at all. Its end is told
 * once in every case.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "command.h"

/* --- It goes well ----------------------------------------------------------------------------- */

Test(exec, runs_and_ends)
{
    struct rig r;
    struct command c;
    rig_init(&r);
    command_init(&c, &r);
    command_begin(&c, &r);
    server_says('o', 0, "Linux\n");
    server_says('e', 0, "a warning\n");
    server_says('o', 0, "and more");
    server_exits(0, 3);
    command_expect_exit(&c, 3);
    command_expect_output(&c, STREAM_STDOUT, "Linux\nand more");
    command_expect_output(&c, STREAM_STDERR, "a warning\n");
    rig_expect_end(&r, ERR_NONE, STAGE_QUEUED);
    cr_assert_str_eq(client_sent(), "O0 \nX0 uname\nF0 \nC0 \nQ0 done\n");
    command_release(&c);
    rig_release(&r);
}

Test(exec, all_in_one_piece)
{
    struct rig r;
    struct command c;
    rig_init(&r);
    command_init(&c, &r);
    rig_open_ready(&r);
    server_opens(0);
    server_starts(0);
    server_says('o', 0, "quick");
    server_exits(0, 0);
    command_run(&c); /* the open swallows everything: nothing will be signalled again (law 3) */
    command_expect_exit(&c, 0);
    command_expect_output(&c, STREAM_STDOUT, "quick");
    command_release(&c);
    rig_release(&r);
}

Test(exec, exit_code_beyond_a_byte)
{
    struct rig r;
    struct command c;
    rig_init(&r);
    command_init(&c, &r);
    command_begin(&c, &r);
    server_exits(0, 300);
    command_expect_exit(&c, 300);
    command_release(&c);
    rig_release(&r);
}

Test(exec, dies_by_a_signal)
{
    struct rig r;
    struct command c;
    rig_init(&r);
    command_init(&c, &r);
    command_begin(&c, &r);
    server_dies(0, "SEGV");
    command_expect_end(&c, ERR_NONE);
    cr_assert_str_eq(c.result.signal, "SEGV");
    cr_assert_not(c.result.has_exit_code);
    command_release(&c);
    rig_release(&r);
}

Test(exec, a_signal_counts_more_than_a_status)
{
    struct rig r;
    struct command c;
    rig_init(&r);
    command_init(&c, &r);
    command_begin(&c, &r);
    server_says('F', 0, "");
    server_says('S', 0, "0");
    server_says('G', 0, "KILL");
    server_says('C', 0, "");
    command_expect_end(&c, ERR_NONE);
    cr_assert_str_eq(c.result.signal, "KILL");
    cr_assert_not(c.result.has_exit_code);
    command_release(&c);
    rig_release(&r);
}

Test(exec, an_endless_signal_name_is_cut)
{
    struct rig r;
    struct command c;
    rig_init(&r);
    command_init(&c, &r);
    command_begin(&c, &r);
    server_dies(0, "abcdefghijklmnopqrstuvwxyz");
    command_expect_end(&c, ERR_NONE);
    cr_assert_str_eq(c.result.signal, "abcdefghijklmnopqrstuvw");
    command_release(&c);
    rig_release(&r);
}

/* It goes to terminals and reports. */
Test(exec, a_signal_name_is_a_name)
{
    struct rig r;
    struct command c;
    rig_init(&r);
    command_init(&c, &r);
    command_begin(&c, &r);
    server_dies(0, "\x1b[2J\xff SIG@x.org");
    command_expect_end(&c, ERR_NONE);
    cr_assert_str_eq(c.result.signal, "__2J__SIG@x.org");
    command_release(&c);
    rig_release(&r);
}

Test(exec, closed_without_a_status)
{
    struct rig r;
    struct command c;
    rig_init(&r);
    command_init(&c, &r);
    command_begin(&c, &r);
    server_says('o', 0, "half");
    server_says('C', 0, "");
    command_expect_end(&c, ERR_NO_EXIT_STATUS);
    cr_assert(c.result.has_started);
    cr_assert_not(c.result.has_exit_code);
    command_expect_output(&c, STREAM_STDOUT, "half");
    command_release(&c);
    rig_release(&r);
}

Test(exec, status_before_the_output_ended)
{
    struct rig r;
    struct command c;
    rig_init(&r);
    command_init(&c, &r);
    command_begin(&c, &r);
    server_says('S', 0, "0");
    fake_advance(r.loop, 60 * US_PER_SEC);
    cr_assert_eq(c.ends, 0); /* something in the background still holds its output */
    server_says('o', 0, "late");
    server_says('F', 0, "");
    server_says('C', 0, "");
    command_expect_exit(&c, 0);
    command_expect_output(&c, STREAM_STDOUT, "late");
    command_release(&c);
    rig_release(&r);
}

Test(exec, a_channel_that_is_never_closed)
{
    struct rig r;
    struct command c;
    rig_init(&r);
    command_init(&c, &r);
    command_begin(&c, &r);
    server_says('F', 0, "");
    fake_advance(r.loop, 60 * US_PER_SEC);
    cr_assert_eq(c.ends, 0); /* it closed its output and runs on */
    server_says('S', 0, "4");
    fake_settle(r.loop);
    cr_assert_eq(c.ends, 0);
    fake_advance(r.loop, 3 * US_PER_SEC);
    command_expect_exit(&c, 4);
    command_release(&c);
    rig_release(&r);
}

/* --- The states, held up ---------------------------------------------------------------------- */

static void nothing(void)
{
}

static void open_0(void)
{
    server_opens(0);
}

static void start_0(void)
{
    server_opens(0);
    server_starts(0);
}

static void end_0(void)
{
    server_opens(0);
    server_starts(0);
    server_says('o', 0, "output");
    server_says('F', 0, "");
}

struct row {
    const char *name;
    void (*reach)(void);     /* what the server says to bring it there */
    bool has_started;        /* there */
    enum error_code lost;    /* what a broken connection means there */
    enum error_code expired; /* what -t means there; ERR_NONE: it is over */
    bool has_output;
};

static const struct row rows[] = {
    { "open", nothing, false, ERR_CLOSED_BEFORE_START, ERR_OPEN_TIMEOUT, false },
    { "request", open_0, true, ERR_CONNECTION_LOST, ERR_CONNECTION_LOST, false },
    { "pump", start_0, true, ERR_CONNECTION_LOST, ERR_NONE, false },
    { "reap", end_0, true, ERR_CONNECTION_LOST, ERR_NONE, true },
};
#define ROW_COUNT (sizeof rows / sizeof *rows)

/* Brings a command to the row's state, where it waits. */
static void reach(struct command *c, struct rig *r, const struct row *row)
{
    rig_init(r);
    r->settings.no_remote_kill = true;
    command_init(c, r);
    c->args.open_us = CONNECT_US;
    rig_open_ready(r);
    command_run(c);
    row->reach();
    fake_settle(r->loop);
    cr_assert_eq(c->ends, 0);
    cr_assert_eq(c->starts, row->has_started);
    cr_assert_eq(job_exec_has_started(c->job), row->has_started);
}

/* Checks how the row's command ended, and lets go. */
static void expect_end(struct command *c, struct rig *r, const struct row *row,
                       enum error_code code)
{
    command_expect_end(c, code);
    cr_assert_eq(c->result.has_started, row->has_started, "%s", row->name);
    cr_assert_not(c->result.has_exit_code, "%s", row->name);
    command_expect_output(c, STREAM_STDOUT, row->has_output ? "output" : "");
    rig_release(r);
    command_release(c);
}

Test(exec_matrix, again_then_ok)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        struct rig r;
        struct command c;
        reach(&c, &r, &rows[i]);
        fake_advance(r.loop, CONNECT_US - 1);
        for (int n = 0; n < 3; n++) {
            server_says('D', 0, "nobody's");
            session_wake(r.session);
            fake_settle(r.loop);
        }
        cr_assert_eq(c.ends, 0);
        if (i < 1)
            server_opens(0);
        if (i < 2)
            server_starts(0);
        if (i < 3)
            server_says('o', 0, "output");
        server_exits(0, 0);
        command_expect_exit(&c, 0);
        command_expect_output(&c, STREAM_STDOUT, "output");
        rig_release(&r);
        command_release(&c);
    }
}

Test(exec_matrix, connection_closed)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        struct rig r;
        struct command c;
        reach(&c, &r, &rows[i]);
        wire.is_at_end = true;
        expect_end(&c, &r, &rows[i], rows[i].lost);
    }
}

Test(exec_matrix, connection_reset)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        struct rig r;
        struct command c;
        reach(&c, &r, &rows[i]);
        wire.recv_errno = ECONNRESET;
        command_expect_end(&c, rows[i].lost);
        cr_assert(strstr(error_text(&c.result.error), strerror(ECONNRESET)), "%s",
                  error_text(&c.result.error));
        expect_end(&c, &r, &rows[i], rows[i].lost);
    }
}

Test(exec_matrix, disconnected_by_the_server)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        struct rig r;
        struct command c;
        reach(&c, &r, &rows[i]);
        server_says('Q', 0, "shutting down");
        command_expect_end(&c, rows[i].lost);
        cr_assert(strstr(error_text(&c.result.error), "shutting down"));
        expect_end(&c, &r, &rows[i], rows[i].lost);
    }
}

Test(exec_matrix, cancelled)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        struct rig r;
        struct command c;
        reach(&c, &r, &rows[i]);
        session_fail(r.session, ERR_CANCELLED_BY_USER, "stopped");
        cr_assert_eq(c.ends, 0, "called back from session_fail()");
        command_expect_end(&c, ERR_CANCELLED_BY_USER);
        cr_assert_eq(c.result.kill, rows[i].has_started ? KILL_UNCONFIRMED : KILL_NOT_NEEDED);
        rig_expect_end(&r, ERR_CANCELLED_BY_USER, STAGE_EXEC);
        expect_end(&c, &r, &rows[i], ERR_CANCELLED_BY_USER);
    }
}

Test(exec_matrix, ended_where_nothing_can_end_it)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        struct rig r;
        struct command c;
        struct error why = ERROR_INIT;
        reach(&c, &r, &rows[i]);
        error_set(&why, ERR_RUN_TIMEOUT, "too long");
        job_exec_end(c.job, &why);
        job_exec_end(c.job, &why);
        error_release(&why);
        cr_assert_eq(c.ends, 0, "called back from job_exec_end()");
        command_expect_end(&c, ERR_RUN_TIMEOUT);
        cr_assert_eq(c.result.kill, rows[i].has_started ? KILL_UNCONFIRMED : KILL_NOT_NEEDED, "%s",
                     rows[i].name);
        expect_end(&c, &r, &rows[i], ERR_RUN_TIMEOUT);
    }
}

Test(exec_matrix, time_to_open)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        struct rig r;
        struct command c;
        reach(&c, &r, &rows[i]);
        fake_advance(r.loop, CONNECT_US - 1);
        cr_assert_eq(c.ends, 0, "%s", rows[i].name);
        fake_advance(r.loop, 1);
        if (rows[i].expired == ERR_NONE) {
            cr_assert_eq(c.ends, 0, "%s", rows[i].name);
            server_exits(0, 0);
            command_expect_exit(&c, 0);
            rig_release(&r);
            command_release(&c);
        } else {
            expect_end(&c, &r, &rows[i], rows[i].expired);
        }
    }
}

/* --- It goes wrong ---------------------------------------------------------------------------- */

Test(exec, channel_refused)
{
    struct rig r;
    struct command c;
    rig_init(&r);
    command_init(&c, &r);
    rig_open_ready(&r);
    command_run(&c);
    server_says('N', 0, "");
    command_expect_end(&c, ERR_CHANNEL_REFUSED);
    cr_assert_not(c.result.has_started);
    rig_expect_end(&r, ERR_NONE, STAGE_QUEUED);
    command_release(&c);
    rig_release(&r);
}

Test(exec, request_refused)
{
    struct rig r;
    struct command c;
    rig_init(&r);
    command_init(&c, &r);
    rig_open_ready(&r);
    command_run(&c);
    server_opens(0);
    server_says('-', 0, "");
    command_expect_end(&c, ERR_REQUEST_REFUSED);
    cr_assert_not(c.result.has_started);
    rig_expect_end(&r, ERR_NONE, STAGE_QUEUED);
    command_release(&c);
    rig_release(&r);
}

/* A packet that cannot be decrypted is no refusal: the command may well run. */
Test(exec, request_goes_wrong)
{
    struct rig r;
    struct command c;
    rig_init(&r);
    command_init(&c, &r);
    rig_open_ready(&r);
    fake_script(FAKE_STARTUP, FAKE_GOOD, 1);
    fake_script(FAKE_STARTUP, LIBSSH2_ERROR_INVALID_MAC, 1);
    command_run(&c);
    server_opens(0);
    fake_settle(r.loop);
    server_says('D', 0, "");
    command_expect_end(&c, ERR_CONNECTION_LOST);
    cr_assert(c.result.has_started);
    command_release(&c);
    rig_release(&r);
}

/* Nothing of the request went out: it cannot have started. */
Test(exec, connection_is_gone_before_the_request)
{
    struct rig r;
    struct command c;
    rig_init(&r);
    command_init(&c, &r);
    rig_open_ready(&r);
    command_run(&c);
    server_opens(0);
    wire.send_errno = EPIPE;
    command_expect_end(&c, ERR_CLOSED_BEFORE_START);
    cr_assert_not(c.result.has_started);
    cr_assert_eq(c.starts, 0);
    command_release(&c);
    rig_release(&r);
}

Test(exec, reading_goes_wrong)
{
    static const enum fake_call calls[] = { FAKE_READ_STDOUT, FAKE_READ_STDERR, FAKE_WAIT_CLOSED };
    for (size_t i = 0; i < 3; i++) {
        struct rig r;
        struct command c;
        rig_init(&r);
        command_init(&c, &r);
        command_begin(&c, &r);
        fake_script(calls[i], LIBSSH2_ERROR_INVALID_MAC, 1);
        server_says('F', 0, "");
        command_expect_end(&c, ERR_CONNECTION_LOST);
        cr_assert(c.result.has_started);
        rig_expect_end(&r, ERR_NONE, STAGE_QUEUED);
        command_release(&c);
        rig_release(&r);
    }
}

/* --- The connection ends with, or right after, the command -------------------------------------
 */

/* A server that closes as soon as it has said all: nothing of it may be lost. */
Test(exec, the_server_closes_at_once)
{
    for (int reset = 0; reset < 2; reset++) {
        struct rig r;
        struct command c;
        rig_init(&r);
        command_init(&c, &r);
        command_begin(&c, &r);
        server_says('o', 0, "all of it\n");
        server_says('e', 0, "and this\n");
        server_exits(0, 0);
        wire.is_at_end = !reset;
        wire.recv_errno = reset ? ECONNRESET : 0;
        command_expect_exit(&c, 0);
        command_expect_output(&c, STREAM_STDOUT, "all of it\n");
        command_expect_output(&c, STREAM_STDERR, "and this\n");
        command_release(&c);
        rig_release(&r);
    }
}

/* What came before the connection broke is still handed over. */
Test(exec, output_before_the_break)
{
    struct rig r;
    struct command c;
    rig_init(&r);
    command_init(&c, &r);
    command_begin(&c, &r);
    server_says('o', 0, "the first half");
    wire.is_at_end = true;
    command_expect_end(&c, ERR_CONNECTION_LOST);
    command_expect_output(&c, STREAM_STDOUT, "the first half");
    command_release(&c);
    rig_release(&r);
}

/* An exit status does not make up for output that may be missing. */
Test(exec, status_but_no_end_of_the_output)
{
    struct rig r;
    struct command c;
    rig_init(&r);
    command_init(&c, &r);
    command_begin(&c, &r);
    server_says('o', 0, "the first half");
    server_says('S', 0, "0");
    wire.recv_errno = ECONNRESET;
    command_expect_end(&c, ERR_CONNECTION_LOST);
    cr_assert_not(c.result.has_exit_code);
    command_expect_output(&c, STREAM_STDOUT, "the first half");
    command_release(&c);
    rig_release(&r);
}

/* The end of the output and the status are there: the rest is politeness. */
Test(exec, everything_but_the_close)
{
    struct rig r;
    struct command c;
    rig_init(&r);
    command_init(&c, &r);
    command_begin(&c, &r);
    server_says('o', 0, "all");
    server_says('F', 0, "");
    server_says('S', 0, "5");
    wire.recv_errno = ECONNRESET;
    command_expect_exit(&c, 5);
    command_expect_output(&c, STREAM_STDOUT, "all");
    command_release(&c);
    rig_release(&r);
}

/* While the output is held, a broken connection does not eat what came before. */
Test(exec, breaks_while_the_gate_is_held)
{
    struct rig r;
    struct command c;
    rig_init(&r);
    command_init(&c, &r);
    command_begin(&c, &r);
    server_says('o', 0, "first ");
    c.holds_gate = true;
    fake_settle(r.loop);
    server_says('o', 0, "second");
    server_exits(0, 0);
    wire.is_at_end = true;
    fake_advance(r.loop, 60 * US_PER_SEC);
    cr_assert_eq(c.ends, 0);
    gate_release(&r.gate);
    session_wake(r.session); /* the engine's on_open */
    command_expect_exit(&c, 0);
    command_expect_output(&c, STREAM_STDOUT, "first second");
    command_release(&c);
    rig_release(&r);
}
