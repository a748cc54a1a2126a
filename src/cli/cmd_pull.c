/* SPDX-License-Identifier: MIT */
/* muster pull: files and folders from every selected host. */
#include "cli/cli.h"
#include "cli/copy.h"
#include "model/option.h"

static const struct example examples[] = {
    { "muster pull -a /var/log/app.log logs/", "Get a file of every host, as logs/HOST/app.log." },
    { "muster pull -g web -r /etc/nginx nginx/", "Get a folder, as nginx/HOST/nginx/..." },
    { "muster pull -a --flat /etc/hostname names/",
      "Get all into one folder: names/hostname.HOST." },
    { "muster pull -a -r --preserve --verify /srv/data backup/",
      "Keep times, and check every file." },
    { "muster pull -a -r --skip-same --preserve /var/log logs/", "Get what has changed since." },
    { NULL, NULL },
};

static int run(struct invocation *inv)
{
    return copy_run(inv, JOB_PULL);
}

const struct command cmd_pull = {
    .name = "pull",
    .id = CMD_PULL,
    .operands = "SRC... DIR",
    .summary = "Get files and folders from many hosts, each whole or not at all",
    .examples = examples,
    .is_mixed = true,
    .run = run,
};
