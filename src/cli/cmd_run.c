/* SPDX-License-Identifier: MIT */
/* muster run: one command on every selected host. */
#include "cli/cli.h"
#include "model/option.h"

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

/* Runs the command on the hosts. */
static int run(struct invocation *inv)
{
    struct error error = ERROR_INIT;
    if (inv->operand_count == 0)
        error_set(&error, ERR_USAGE, "no command given");
    else
        error_set(&error, ERR_INTERNAL, "this build cannot run commands yet");
    return cli_fail(inv->command, &error);
}

const struct command cmd_run = {
    .name = "run",
    .id = CMD_RUN,
    .operands = "COMMAND...",
    .summary = "Run a command on many hosts and say what happened on each",
    .examples = examples,
    .run = run,
};
