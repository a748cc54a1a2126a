/* SPDX-License-Identifier: MIT */
#include "command.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static void on_started(void *arg)
{
    struct command *c = arg;
    cr_assert_eq(c->ends, 0);
    c->starts++;
}

static void on_output(void *arg, enum stream stream, const char *data, size_t size)
{
    struct command *c = arg;
    cr_assert_eq(c->starts, 1, "output before the start");
    cr_assert_eq(c->ends, 0, "output after the end");
    cr_assert_gt(size, 0);
    cr_assert(buf_add(&c->out[stream], data, size));
    if (c->holds_gate)
        gate_hold(&c->rig->gate);
    c->holds_gate = false;
}

static void on_end(void *arg, struct exec_result *result)
{
    struct command *c = arg;
    c->ends++;
    cr_assert_eq(c->ends, 1, "it ended twice");
    c->job = NULL;
    c->result = *result;
    result->error = (struct error)ERROR_INIT;
    if (c->next)
        session_add_job(c->rig->session, (c->next->job = job_exec_new(&c->next->args)));
    else if (!c->is_background)
        session_finish(c->rig->session);
}

void command_init(struct command *c, struct rig *rig)
{
    *c = (struct command){ .rig = rig };
    buf_init(&c->out[STREAM_STDOUT], 64 << 20);
    buf_init(&c->out[STREAM_STDERR], 64 << 20);
    c->args.command = "uname";
    c->args.listener = (struct exec_listener){ on_started, on_output, on_end, c };
}

void command_release(struct command *c)
{
    buf_release(&c->out[STREAM_STDOUT]);
    buf_release(&c->out[STREAM_STDERR]);
    error_release(&c->result.error);
}

void command_run(struct command *c)
{
    c->job = job_exec_new(&c->args);
    session_add_job(c->rig->session, c->job);
    fake_settle(c->rig->loop);
}

void command_begin(struct command *c, struct rig *rig)
{
    if (!rig->session)
        rig_open_ready(rig);
    command_run(c);
    server_opens(0);
    server_starts(0);
    fake_settle(rig->loop);
    cr_assert_eq(c->starts, 1);
    cr_assert_eq(c->ends, 0);
}

void command_expect_end(struct command *c, enum error_code code)
{
    fake_settle(c->rig->loop);
    cr_assert_eq(c->ends, 1, "on_end came %d times", c->ends);
    cr_assert_str_eq(error_word(c->result.error.code), error_word(code), "%s: %s",
                     error_word(c->result.error.code), error_text(&c->result.error));
}

void command_expect_exit(struct command *c, uint32_t code)
{
    command_expect_end(c, ERR_NONE);
    cr_assert(c->result.has_started);
    cr_assert(c->result.has_exit_code);
    cr_assert_eq(c->result.exit_code, code);
    cr_assert_str_eq(c->result.signal, "");
    cr_assert_eq(c->result.kill, KILL_NOT_NEEDED);
}

void command_expect_output(const struct command *c, enum stream stream, const char *text)
{
    cr_assert_str_eq(buf_str(&c->out[stream]), text);
}

const char *helper_token(void)
{
    static char token[33];
    const char *line = client_last('X');
    const char *at = line ? strstr(line, "' muster-end ") : NULL;
    cr_assert(at, "no helper was started");
    cr_assert_eq(sscanf(at, "' muster-end %*s %*s %32s", token), 1);
    return token;
}
