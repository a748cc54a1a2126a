/* SPDX-License-Identifier: MIT */
/* Several commands on one connection: one open at a time (law 19), packets for all (law 4). */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "command.h"

static void finish(struct command *c, struct rig *r)
{
    rig_release(r);
    command_release(c);
}

/* Two commands at once on a ready session. */
static void begin_two(struct command *a, struct command *b, struct rig *r)
{
    rig_init(r);
    command_init(a, r);
    command_init(b, r);
    a->is_background = true;
    a->args.command = "first";
    b->args.command = "second";
    rig_open_ready(r);
    command_run(a);
    command_run(b);
}

Test(exec_two, one_open_at_a_time)
{
    struct rig r;
    struct command a, b;
    begin_two(&a, &b, &r);
    cr_assert_str_eq(client_sent(), "O0 \n");
    server_opens(0);
    fake_settle(r.loop);
    cr_assert(strstr(client_sent(), "X0 first\n"));
    cr_assert_null(strstr(client_sent(), "O1 \n"), "not before the request was answered");
    server_starts(0);
    fake_settle(r.loop);
    cr_assert(strstr(client_sent(), "O1 \n"));
    server_opens(1);
    fake_settle(r.loop);
    cr_assert(strstr(client_sent(), "X1 second\n"));
    server_starts(1);
    server_says('o', 1, "two");
    server_says('o', 0, "one");
    server_exits(0, 1);
    server_exits(1, 2);
    command_expect_exit(&a, 1);
    command_expect_exit(&b, 2);
    command_expect_output(&a, STREAM_STDOUT, "one");
    command_expect_output(&b, STREAM_STDOUT, "two");
    command_release(&b);
    finish(&a, &r);
}

Test(exec_two, a_refused_open_lets_the_next_one_through)
{
    struct rig r;
    struct command a, b;
    begin_two(&a, &b, &r);
    server_says('N', 0, "");
    command_expect_end(&a, ERR_CHANNEL_REFUSED);
    server_opens(1);
    server_starts(1);
    server_exits(1, 0);
    command_expect_exit(&b, 0);
    command_release(&b);
    finish(&a, &r);
}

/* Law 4: the last call of the second command takes in what the first one waits for. */
Test(exec_two, the_last_call_of_one_feeds_the_other)
{
    for (int order = 0; order < 2; order++) {
        struct rig r;
        struct command a, b;
        begin_two(&a, &b, &r);
        server_opens(0);
        server_starts(0);
        fake_settle(r.loop);
        server_opens(1);
        server_starts(1);
        fake_settle(r.loop);
        server_says('o', 0, "one");
        server_says('o', 1, "two");
        server_exits(order, 0);
        server_exits(!order, 0);
        command_expect_exit(&a, 0);
        command_expect_exit(&b, 0);
        command_expect_output(&a, STREAM_STDOUT, "one");
        command_expect_output(&b, STREAM_STDOUT, "two");
        command_release(&b);
        finish(&a, &r);
    }
}

Test(exec_two, one_after_the_other)
{
    struct rig r;
    struct command a, b;
    rig_init(&r);
    command_init(&a, &r);
    command_init(&b, &r);
    a.next = &b;
    command_begin(&a, &r);
    server_exits(0, 1);
    command_expect_exit(&a, 1);
    server_opens(1);
    server_starts(1);
    server_exits(1, 2);
    command_expect_exit(&b, 2);
    rig_expect_end(&r, ERR_NONE, STAGE_QUEUED);
    command_release(&b);
    finish(&a, &r);
}

Test(exec_two, both_end_with_the_connection)
{
    struct rig r;
    struct command a, b;
    begin_two(&a, &b, &r);
    server_opens(0);
    server_starts(0);
    fake_settle(r.loop);
    wire.recv_errno = ECONNRESET;
    command_expect_end(&a, ERR_CONNECTION_LOST);
    command_expect_end(&b, ERR_CLOSED_BEFORE_START);
    rig_expect_end(&r, ERR_CONNECTION_LOST, STAGE_EXEC);
    command_release(&b);
    finish(&a, &r);
}
