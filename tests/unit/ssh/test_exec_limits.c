/* SPDX-License-Identifier: MIT */
/* What a command may take: time with and without output, the gate, slices; and its input. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "command.h"

#define S US_PER_SEC

/* A running command with these limits, on a server where nothing can be ended. */
static void begin_limited(struct command *c, struct rig *r, int64_t timeout_us, int64_t idle_us)
{
    rig_init(r);
    r->settings.no_remote_kill = true;
    command_init(c, r);
    c->args.timeout_us = timeout_us;
    c->args.idle_us = idle_us;
    command_begin(c, r);
}

static void finish(struct command *c, struct rig *r)
{
    while (r->gate.held)
        gate_release(&r->gate);
    rig_release(r);
    command_release(c);
}

/* The gate as the engine opens it. */
static void open_gate(struct rig *r)
{
    gate_release(&r->gate);
    session_wake(r->session);
    fake_settle(r->loop);
}

/* --- Time ------------------------------------------------------------------------------------- */

Test(exec_limits, timeout)
{
    struct rig r;
    struct command c;
    begin_limited(&c, &r, 5 * S, 0);
    for (int i = 0; i < 4; i++) {
        fake_advance(r.loop, 1 * S);
        server_says('o', 0, "x");
    }
    fake_advance(r.loop, 1 * S - 1);
    cr_assert_eq(c.ends, 0);
    fake_advance(r.loop, 1);
    command_expect_end(&c, ERR_RUN_TIMEOUT);
    cr_assert_str_eq(error_text(&c.result.error), "still running after 5s");
    cr_assert_eq(c.result.kill, KILL_UNCONFIRMED);
    command_expect_output(&c, STREAM_STDOUT, "xxxx");
    finish(&c, &r);
}

Test(exec_limits, timeout_counts_from_the_start)
{
    struct rig r;
    struct command c;
    rig_init(&r);
    r.settings.no_remote_kill = true;
    command_init(&c, &r);
    c.args.timeout_us = 5 * S;
    rig_open_ready(&r);
    command_run(&c);
    fake_advance(r.loop, 100 * S);
    server_opens(0);
    server_starts(0);
    fake_advance(r.loop, 5 * S - 1);
    cr_assert_eq(c.ends, 0);
    fake_advance(r.loop, 1);
    command_expect_end(&c, ERR_RUN_TIMEOUT);
    finish(&c, &r);
}

Test(exec_limits, idle)
{
    struct rig r;
    struct command c;
    begin_limited(&c, &r, 0, 3 * S);
    for (int i = 0; i < 20; i++) {
        fake_advance(r.loop, 3 * S - 1);
        cr_assert_eq(c.ends, 0);
        server_says(i % 2 ? 'o' : 'e', 0, "x");
        fake_settle(r.loop);
    }
    fake_advance(r.loop, 3 * S);
    command_expect_end(&c, ERR_IDLE_TIMEOUT);
    cr_assert_str_eq(error_text(&c.result.error), "no output for 3s");
    finish(&c, &r);
}

Test(exec_limits, the_earlier_of_both)
{
    struct rig r;
    struct command c;
    begin_limited(&c, &r, 5 * S, 3 * S);
    fake_advance(r.loop, 3 * S);
    command_expect_end(&c, ERR_IDLE_TIMEOUT);
    finish(&c, &r);
    begin_limited(&c, &r, 5 * S, 3 * S);
    fake_advance(r.loop, 2500000);
    server_says('o', 0, "x");
    fake_advance(r.loop, 2500000);
    command_expect_end(&c, ERR_RUN_TIMEOUT);
    finish(&c, &r);
}

Test(exec_limits, ends_in_the_same_moment)
{
    struct rig r;
    struct command c;
    begin_limited(&c, &r, 5 * S, 0);
    fake_advance(r.loop, 5 * S - 1);
    server_exits(0, 0);
    command_expect_exit(&c, 0);
    fake_advance(r.loop, 5 * S);
    finish(&c, &r);
}

/* --- The gate --------------------------------------------------------------------------------- */

Test(exec_gate, stops_reading)
{
    struct rig r;
    struct command c;
    begin_limited(&c, &r, 0, 0);
    c.holds_gate = true;
    server_says('o', 0, "one ");
    fake_settle(r.loop);
    command_expect_output(&c, STREAM_STDOUT, "one ");
    server_says('o', 0, "two");
    server_says('e', 0, "three");
    server_exits(0, 7);
    fake_advance(r.loop, 60 * S); /* the socket is readable, and the loop does not spin */
    command_expect_output(&c, STREAM_STDOUT, "one ");
    cr_assert_gt(wire.in.size, 0, "it was taken in");
    open_gate(&r);
    command_expect_exit(&c, 7);
    command_expect_output(&c, STREAM_STDOUT, "one two");
    command_expect_output(&c, STREAM_STDERR, "three");
    finish(&c, &r);
}

Test(exec_gate, time_held_does_not_count)
{
    for (int idle = 0; idle < 2; idle++) {
        struct rig r;
        struct command c;
        begin_limited(&c, &r, idle ? 0 : 5 * S, idle ? 5 * S : 0);
        fake_advance(r.loop, 2 * S);
        gate_hold(&r.gate);
        fake_advance(r.loop, 1000 * S);
        cr_assert_eq(c.ends, 0);
        open_gate(&r);
        fake_advance(r.loop, 3 * S - 1);
        cr_assert_eq(c.ends, 0);
        fake_advance(r.loop, 1);
        command_expect_end(&c, idle ? ERR_IDLE_TIMEOUT : ERR_RUN_TIMEOUT);
        finish(&c, &r);
    }
}

Test(exec_gate, time_held_costs_no_timers)
{
    struct rig r;
    struct command c;
    begin_limited(&c, &r, 5 * S, 0);
    fake_advance(r.loop, 5 * S - 100);
    gate_hold(&r.gate);
    int before = fake_timers_fired(r.loop);
    fake_advance(r.loop, 60 * S);
    cr_assert_leq(fake_timers_fired(r.loop) - before, 2);
    open_gate(&r);
    fake_advance(r.loop, 100);
    command_expect_end(&c, ERR_RUN_TIMEOUT);
    finish(&c, &r);
}

/* Only output is held back: a channel is opened and a command started all the same. */
Test(exec_gate, does_not_keep_a_command_from_starting)
{
    struct rig r;
    struct command c;
    rig_init(&r);
    command_init(&c, &r);
    c.args.open_us = 10 * S;
    rig_open_ready(&r);
    gate_hold(&r.gate);
    command_run(&c);
    server_opens(0);
    fake_settle(r.loop);
    cr_assert_eq(c.starts, 1);
    server_starts(0);
    fake_advance(r.loop, 60 * S);
    cr_assert_eq(c.ends, 0, "%s", error_text(&c.result.error));
    server_says('o', 0, "output");
    server_exits(0, 0);
    fake_advance(r.loop, 60 * S);
    command_expect_output(&c, STREAM_STDOUT, "");
    open_gate(&r);
    command_expect_exit(&c, 0);
    command_expect_output(&c, STREAM_STDOUT, "output");
    finish(&c, &r);
}

/* --- Slices ----------------------------------------------------------------------------------- */

Test(exec_slices, a_flood_gives_way)
{
    struct rig r;
    struct command c;
    static char block[32 * 1024];
    begin_limited(&c, &r, 0, 0);
    memset(block, 'x', sizeof block);
    for (int i = 0; i < 128; i++)
        server_sends(i % 3 ? 'o' : 'e', 0, block, sizeof block);
    server_exits(0, 0);
    int turns = fake_settle(r.loop);
    cr_assert_geq(turns, 16, "4 MiB in %d turns", turns);
    command_expect_exit(&c, 0);
    cr_assert_eq(c.out[0].size + c.out[1].size, 128 * sizeof block);
    finish(&c, &r);
}

/* --- Input ------------------------------------------------------------------------------------ */

/* A running command that reads the fake input. */
static void begin_reading(struct command *c, struct rig *r, uint64_t size, bool is_over)
{
    rig_init(r);
    r->settings.no_remote_kill = true;
    command_init(c, r);
    fake_input.size = size;
    fake_input.is_over = is_over;
    c->args.input = fake_input_get();
    command_begin(c, r);
}

/* All that the command was sent is the input, in order. */
static void expect_sent(uint64_t size)
{
    uint64_t at = 0;
    for (size_t i = strlen("SSH-2.0-x\r\n"); i + 4 <= wire.sent.size;) {
        const unsigned char *p = (const unsigned char *)wire.sent.data + i;
        size_t n = (size_t)p[2] << 8 | p[3];
        for (size_t k = 0; p[0] == 'd' && k < n; k++, at++)
            cr_assert_eq((char)p[4 + k], fake_input_byte(at), "byte %d", (int)at);
        i += 4 + n;
    }
    cr_assert_eq(at, size, "%d bytes", (int)at);
}

Test(exec_input, whole)
{
    static const uint64_t sizes[] = { 0, 1, 32 * 1024, 32 * 1024 + 1, 1000000 };
    for (size_t i = 0; i < 5; i++) {
        struct rig r;
        struct command c;
        begin_reading(&c, &r, sizes[i], true);
        fake_settle(r.loop);
        expect_sent(sizes[i]);
        cr_assert(strstr(client_sent(), "F0 \n"), "no end of file");
        server_exits(0, 0);
        command_expect_exit(&c, 0);
        finish(&c, &r);
    }
}

Test(exec_input, partial_reads_and_writes)
{
    struct rig r;
    struct command c;
    rig_init(&r);
    command_init(&c, &r);
    fake_input = (struct fake_input){ .size = 5000, .is_over = true, .most = 777 };
    fake_script(FAKE_WRITE, 1, 3);
    fake_script(FAKE_WRITE, LIBSSH2_ERROR_EAGAIN, 1);
    fake_script(FAKE_WRITE, 100, 5);
    c.args.input = fake_input_get();
    command_begin(&c, &r);
    server_says('D', 0, "");
    fake_settle(r.loop);
    expect_sent(5000);
    server_exits(0, 0);
    command_expect_exit(&c, 0);
    finish(&c, &r);
}

Test(exec_input, more_comes_later)
{
    struct rig r;
    struct command c;
    begin_reading(&c, &r, 10, false);
    expect_sent(10);
    cr_assert_not(strstr(client_sent(), "F0"));
    fake_input.size = 30;
    session_wake(r.session); /* the engine's bell */
    fake_settle(r.loop);
    expect_sent(30);
    fake_input.is_over = true;
    session_wake(r.session);
    fake_settle(r.loop);
    cr_assert(strstr(client_sent(), "F0 \n"));
    server_exits(0, 0);
    command_expect_exit(&c, 0);
    finish(&c, &r);
}

Test(exec_input, waits_for_the_window)
{
    struct rig r;
    struct command c;
    begin_reading(&c, &r, 3 << 20, true);
    fake_settle(r.loop);
    expect_sent(2 << 20);
    cr_assert_not(strstr(client_sent(), "F0"));
    server_says('A', 0, "1048576");
    fake_settle(r.loop);
    expect_sent(3 << 20);
    server_exits(0, 0);
    command_expect_exit(&c, 0);
    finish(&c, &r);
}

Test(exec_input, waits_for_the_socket)
{
    struct rig r;
    struct command c;
    rig_init(&r);
    command_init(&c, &r);
    fake_input = (struct fake_input){ .size = 1 << 20, .is_over = true };
    c.args.input = fake_input_get();
    wire.is_stuck = true;
    command_begin(&c, &r);
    cr_assert_lt(wire.pending, TRANSPORT_PENDING_LOW + 64 * 1024);
    wire_drain();
    fake_settle(r.loop);
    expect_sent(1 << 20);
    server_exits(0, 0);
    command_expect_exit(&c, 0);
    finish(&c, &r);
}

/* A rekeying may be in the way of the end of file, too. */
Test(exec_input, end_of_file_again)
{
    struct rig r;
    struct command c;
    rig_init(&r);
    command_init(&c, &r);
    fake_script(FAKE_SEND_EOF, LIBSSH2_ERROR_EAGAIN, 2);
    command_begin(&c, &r);
    server_says('D', 0, "");
    fake_settle(r.loop);
    cr_assert(strstr(client_sent(), "F0 \n"));
    cr_assert_eq(fake_ssh2.calls[FAKE_SEND_EOF], 3);
    server_exits(0, 0);
    command_expect_exit(&c, 0);
    finish(&c, &r);
}

Test(exec_input, is_not_wanted)
{
    static const int errors[] = { LIBSSH2_ERROR_CHANNEL_CLOSED, LIBSSH2_ERROR_CHANNEL_EOF_SENT };
    for (size_t i = 0; i < 2; i++) {
        struct rig r;
        struct command c;
        rig_init(&r);
        command_init(&c, &r);
        fake_input = (struct fake_input){ .size = 1 << 20, .is_over = true };
        fake_script(FAKE_WRITE, errors[i], 1);
        c.args.input = fake_input_get();
        command_begin(&c, &r);
        server_says('o', 0, "head");
        server_exits(0, 0);
        command_expect_exit(&c, 0);
        cr_assert_eq(fake_ssh2.calls[FAKE_WRITE], 1);
        finish(&c, &r);
    }
}

Test(exec_input, nothing_was_taken_is_no_end)
{
    struct rig r;
    struct command c;
    rig_init(&r);
    command_init(&c, &r);
    fake_input = (struct fake_input){ .size = 100, .is_over = true };
    fake_script(FAKE_WRITE, 0, 1);
    c.args.input = fake_input_get();
    command_begin(&c, &r);
    server_says('D', 0, "");
    fake_settle(r.loop);
    expect_sent(100);
    server_exits(0, 0);
    command_expect_exit(&c, 0);
    finish(&c, &r);
}

Test(exec_input, the_command_ends_first)
{
    struct rig r;
    struct command c;
    begin_reading(&c, &r, 3 << 20, true);
    server_says('o', 0, "head");
    server_exits(0, 0);
    command_expect_exit(&c, 0);
    finish(&c, &r);
}

Test(exec_input, cannot_be_read)
{
    struct rig r;
    struct command c;
    rig_init(&r);
    r.settings.no_remote_kill = true;
    command_init(&c, &r);
    fake_input = (struct fake_input){ .size = 100, .error = EFBIG };
    c.args.input = fake_input_get();
    rig_open_ready(&r);
    command_run(&c);
    server_opens(0);
    server_starts(0);
    command_expect_end(&c, ERR_INPUT);
    cr_assert_str_eq(error_text(&c.result.error), "standard input after 100 bytes: File too large");
    cr_assert(c.result.has_started);
    cr_assert_eq(c.result.kill, KILL_UNCONFIRMED);
    cr_assert_not(strstr(client_sent(), "F0"), "the command must not take it for whole");
    finish(&c, &r);
}
