/* SPDX-License-Identifier: MIT */
/* muster run: one command on every selected host. */
#include "base/buf.h"
#include "cli/cli.h"
#include "cli/dry_run.h"
#include "cli/execution.h"
#include "cli/select.h"
#include "model/option.h"
#include "model/plan.h"

static const struct example examples[] = {
    { "muster run -g web uptime", "Ask every host of group web how it does." },
    { "muster run -w 'web[01-12],db1' -l root 'df -h | tail -1'",
      "Name the hosts; what a shell would take apart here is quoted." },
    { "muster run -a -x @db -f 20 -u 5m apt-get -y upgrade",
      "All hosts but those of group db, 20 at a time, at most five minutes each." },
    { "muster run -g web -I setup.sh sh", "Run a local script on each host." },
    { "muster run -a --json report.json systemctl is-active nginx",
      "Keep what every host said, and how it ended, in a file." },
    { NULL, NULL },
};

/* The longest command: it must fit one SSH packet (RFC 4253, section 6.1). */
#define COMMAND_MAX 32000

/* Joins the operands by spaces, as ssh(1) does. */
static bool join_command(const struct invocation *inv, struct buf *ret, struct error *reterr)
{
    if (inv->operand_count == 0)
        return error_set(reterr, ERR_USAGE, "no command given");
    for (size_t i = 0; i < inv->operand_count; i++)
        buf_addf(ret, "%s%s", i ? " " : "", inv->operands[i]);
    if (ret->failed)
        return error_set(reterr, ERR_USAGE,
                         "the command is longer than %d bytes; put it into a file and feed it to a "
                         "shell: muster run -I FILE sh",
                         COMMAND_MAX);
    return ret->size > 0 || error_set(reterr, ERR_USAGE, "the command is empty");
}

/* Runs the command on the hosts, or prints what would be run. */
static int run_command(struct invocation *inv, const char *command)
{
    struct error error = ERROR_INIT;
    struct cli_selection selection;
    const struct job_spec job = { .kind = JOB_EXEC, .command = command };
    int status;
    if (!cli_select(&selection, inv, &job, &error))
        status = cli_fail(inv->command, &error);
    else if (inv->settings.dry_run)
        status = dry_run_print(selection.plan);
    else
        status = execution_run(inv, selection.plan);
    cli_selection_release(&selection);
    return status;
}

static int run(struct invocation *inv)
{
    struct error error = ERROR_INIT;
    struct buf command;
    buf_init(&command, COMMAND_MAX);
    bool is_good = join_command(inv, &command, &error);
    int status = is_good ? run_command(inv, buf_str(&command)) : cli_fail(inv->command, &error);
    buf_release(&command);
    return status;
}

const struct command cmd_run = {
    .name = "run",
    .id = CMD_RUN,
    .operands = "COMMAND...",
    .summary = "Run a command on many hosts and say what happened on each",
    .examples = examples,
    .run = run,
};
