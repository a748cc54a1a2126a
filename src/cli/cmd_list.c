/* SPDX-License-Identifier: MIT */
/* muster list: hosts and groups as they are resolved; or is the inventory right? */
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/list.h"
#include "cli/select.h"
#include "model/inventory.h"
#include "model/option.h"

static const struct example examples[] = {
    { "muster list", "Every host of the inventory, where it is and its groups." },
    { "muster list -g web -x 'web[01-02]' --fold", "What a selection means, in short." },
    { "muster list --explain db1", "Every setting of a host, and who set it." },
    { "muster list -i hosts.json --check", "Is the inventory without errors?" },
    { "muster list --json -a", "All that is known of each host, for other programs." },
    { NULL, NULL },
};

/* How many of the forms were asked for. */
static unsigned count_forms(const struct settings *s)
{
    return (unsigned)s->list_names + s->list_fold + s->list_tree + s->list_check + s->list_schema +
           s->list_json + (s->list_explain.s != NULL);
}

/* Was no selection made, so that all hosts are meant? To look at them does no harm. */
static bool is_unselective(const struct settings *s)
{
    return s->hosts.count == 0 && s->group.count == 0;
}

/* Checks the inventory; all of its errors are told. */
static bool check(const struct invocation *inv, struct page *out, struct error *err)
{
    struct inventory *inventory;
    const char *why;
    if (!cli_load_inventory(&inventory, inv, &why, err))
        return false;
    if (!inventory)
        return error_set(err, ERR_USAGE, "there is no inventory%s%s (-i FILE names one)",
                         why ? ": " : "", why ? why : "");
    buf_addf(&out->text, "%zu hosts, %zu groups, no errors\n", inventory_host_count(inventory),
             inventory_group_count(inventory));
    inventory_free(inventory);
    return true;
}

/* Prints the selection in the form that was asked for. */
static void print(const struct settings *s, const struct cli_selection *selection, struct page *out)
{
    const struct plan *plan = selection->plan;
    if (s->list_names)
        list_names(plan, out);
    else if (s->list_fold)
        list_fold(plan, out);
    else if (s->list_tree)
        list_tree(selection->inventory, plan, s->all && s->exclude.count == 0, out);
    else if (s->list_json)
        list_json(plan, out);
    else if (s->list_explain.s)
        list_explain(plan, out);
    else
        list_table(plan, "", out);
}

/* Makes the selection what --explain names. */
static void select_only(struct settings *s, struct text *host)
{
    s->hosts = (struct text_list){ .items = &host->s, .count = 1 };
    s->group.count = 0;
    s->exclude.count = 0;
    s->all = false;
}

/* Selects, and prints what was selected. */
static bool list(struct invocation *inv, struct page *out, struct error *err)
{
    static const struct job_spec no_job = { .kind = JOB_EXEC };
    struct settings *s = &inv->settings;
    if (s->list_explain.s)
        select_only(s, &s->list_explain);
    else if (is_unselective(s) && !getenv("WCOLL"))
        s->all = true;
    struct cli_selection selection;
    bool good = cli_select(&selection, inv, &no_job, err);
    if (good)
        print(s, &selection, out);
    cli_selection_release(&selection);
    return good;
}

/* Does what was asked for. */
static bool answer(struct invocation *inv, struct page *out, struct error *err)
{
    if (inv->operand_count > 0)
        return error_set(err, ERR_USAGE, "list takes no operands; hosts are selected with -w %s",
                         inv->operands[0]);
    if (count_forms(&inv->settings) > 1)
        return error_set(err, ERR_USAGE,
                         "only one of --names, --fold, --tree, --json, --explain, --check and "
                         "--schema at a time");
    if (inv->settings.list_schema) {
        list_schema(out);
        return true;
    }
    return inv->settings.list_check ? check(inv, out, err) : list(inv, out, err);
}

static int run(struct invocation *inv)
{
    struct page out;
    struct error error = ERROR_INIT;
    page_init(&out);
    bool good = answer(inv, &out, &error);
    int status = page_finish(&out);
    return good ? status : cli_fail(inv->command, &error);
}

const struct command cmd_list = {
    .name = "list",
    .id = CMD_LIST,
    .operands = "",
    .summary = "Print hosts and groups as they are resolved, or check the inventory",
    .examples = examples,
    .run = run,
};
