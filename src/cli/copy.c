/* SPDX-License-Identifier: MIT */
#include "cli/copy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/memory.h"
#include "base/source_tree.h"
#include "cli/execution.h"
#include "cli/select.h"
#include "model/transfer.h"

/* The operands: all are sources but the last of several, the destination. */
static struct transfer_request request_of(const struct invocation *inv, enum job_kind kind)
{
    bool has_destination = inv->operand_count > 1;
    size_t count = inv->operand_count - has_destination;
    const char **sources = arena_calloc(inv->arena, count + 1, sizeof *sources);
    for (size_t i = 0; i < count; i++)
        sources[i] = inv->operands[i];
    return (struct transfer_request){ .kind = kind,
                                      .settings = &inv->settings,
                                      .sources = sources,
                                      .destination =
                                          has_destination ? inv->operands[count] : NULL };
}

/* Says which files cannot be copied and are left out. */
static void note_skipped(const struct source_tree *tree)
{
    enum { SHOWN_MAX = 5 };
    size_t count = source_tree_skipped_count(tree);
    for (size_t i = 0; i < count && i < SHOWN_MAX; i++)
        fprintf(stderr, "muster: warning: %s is no file, folder or link and is left out\n",
                source_tree_skipped(tree, i));
    if (count > SHOWN_MAX)
        fprintf(stderr, "muster: warning: and %zu more\n", count - SHOWN_MAX);
}

/* cli_select() for those who expect --exclude to be about files, as it is in rsync. */
static bool select_hosts(struct cli_selection *ret, const struct invocation *inv,
                         const struct job_spec *job, struct error *reterr)
{
    static const char option[] = "-x ";
    if (cli_select(ret, inv, job, reterr))
        return true;
    if (strncmp(error_text(reterr), option, strlen(option)) == 0) {
        char *text = xprintf("%s; -x leaves out hosts, not files", error_text(reterr));
        error_set(reterr, reterr->code, "%s", text);
        free(text);
    }
    return false;
}

/* Selects the hosts and carries the transfer out. */
static int select_and_run(struct invocation *inv, enum job_kind kind, struct transfer_spec *spec)
{
    struct error error = ERROR_INIT;
    struct cli_selection selection;
    const struct job_spec job = { .kind = kind, .transfer = spec };
    int status;
    if (!select_hosts(&selection, inv, &job, &error) ||
        !transfer_spec_fit(spec, selection.plan, &error))
        status = cli_fail(inv->command, &error);
    else
        status = execution_run(inv, selection.plan);
    cli_selection_release(&selection);
    return status;
}

int copy_run(struct invocation *inv, enum job_kind kind)
{
    struct error error = ERROR_INIT;
    struct transfer_spec spec;
    const struct transfer_request request = request_of(inv, kind);
    int status;
    if (!transfer_spec_init(&spec, &request, &error)) {
        status = cli_fail(inv->command, &error);
    } else {
        if (spec.tree)
            note_skipped(spec.tree);
        status = select_and_run(inv, kind, &spec);
    }
    transfer_spec_release(&spec);
    return status;
}
