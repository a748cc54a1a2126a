/* SPDX-License-Identifier: MIT */
/* muster push: files and folders to every selected host. */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/source_tree.h"
#include "cli/cli.h"
#include "cli/copy.h"
#include "cli/execution.h"
#include "cli/select.h"
#include "model/option.h"
#include "model/plan.h"
#include "model/template.h"
#include "model/transfer_path.h"

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

enum { PATH_MAX_SIZE = 64 * 1024 };

/* The path of DEST on one host, as it will be used. */
static bool check_destination(const char *destination, const struct plan *plan,
                              const struct target *target, struct error *reterr)
{
    struct buf typed, path;
    buf_init(&typed, PATH_MAX_SIZE);
    buf_init(&path, PATH_MAX_SIZE);
    bool is_good = template_expand(destination, true, plan, target, &typed, reterr) &&
                   transfer_path_from_user(buf_str(&typed), &path, reterr);
    if (is_good && (typed.failed || path.failed))
        is_good = error_set(reterr, ERR_USAGE, "DEST is too long");
    buf_release(&typed);
    buf_release(&path);
    return is_good;
}

/* Tries DEST for every host, so that nothing runs where one of them cannot have it. */
static bool check_destinations(const char *destination, const struct plan *plan,
                               struct error *reterr)
{
    for (size_t i = 0; i < plan->target_count; i++) {
        if (!check_destination(destination, plan, plan->targets[i], reterr))
            return false;
    }
    return true;
}

/* Selects the hosts and carries the push out. */
static int push(struct invocation *inv, const struct transfer_spec *spec)
{
    struct error error = ERROR_INIT;
    struct cli_selection selection;
    const struct job_spec job = { .kind = JOB_PUSH, .transfer = spec };
    int status;
    if (!cli_select(&selection, inv, &job, &error) ||
        !check_destinations(spec->destination, selection.plan, &error))
        status = cli_fail(inv->command, &error);
    else
        status = execution_run(inv, selection.plan);
    cli_selection_release(&selection);
    return status;
}

/* Lists what is to be sent. */
static bool list_sources(const struct invocation *inv, struct transfer_spec *spec,
                         struct error *reterr)
{
    const struct source_args args = {
        .sources = spec->sources,
        .count = inv->operand_count - 1,
        .is_recursive = spec->is_recursive,
        .wants_digests = spec->verifies || spec->resumes || spec->skips_same,
    };
    if (!template_check("DEST", spec->destination, reterr) ||
        !source_tree_new(&spec->tree, &args, reterr))
        return false;
    copy_note_skipped(spec->tree);
    return true;
}

static int run(struct invocation *inv)
{
    struct error error = ERROR_INIT;
    struct transfer_spec spec;
    bool is_good = copy_spec_init(&spec, inv, "DEST", &error) && list_sources(inv, &spec, &error);
    int status = is_good ? push(inv, &spec) : cli_fail(inv->command, &error);
    source_tree_free(spec.tree);
    return status;
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
