/* SPDX-License-Identifier: MIT */
/* muster push: files and folders to every selected host. */
#include "cli/cli.h"
#include "cli/copy.h"
#include "model/option.h"

static const struct example examples[] = {
    { "muster push -g web app.tar.gz /srv/app/", "Put a file into a folder of every host." },
    { "muster push -a -r --mkdir --verify site/ '/srv/www/{host}/'",
      "Put a folder where each host has its own, and check what arrived." },
    { "muster push -a --mode 0600 --preserve secrets.env '~/app/.env'",
      "Replace a file below the remote home; readers see the old one or the new one, whole." },
    { "muster push -a -r --skip-same --verify conf/ /etc/app/", "Send only what differs." },
    { "muster push -a -r --delete -n conf/ /etc/app/",
      "Look at what would be created, replaced and deleted." },
    { NULL, NULL },
};

static int run(struct invocation *inv)
{
    return copy_run(inv, JOB_PUSH);
}

const struct command cmd_push = {
    .name = "push",
    .id = CMD_PUSH,
    .operands = "SRC... DEST",
    .summary = "Put files and folders on many hosts, each whole or not at all",
    .examples = examples,
    .is_mixed = true,
    .run = run,
};
