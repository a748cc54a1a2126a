/* SPDX-License-Identifier: MIT */
#include "cli/select.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text_source.h"
#include "base/trace.h"
#include "cli/config.h"
#include "model/inventory.h"
#include "model/inventory_search.h"
#include "model/selection.h"

/* Is this the name of standard input? */
static bool is_stdin(const char *path)
{
    return path && strcmp(path, "-") == 0;
}

/* Standard input, for those who may have it: what -I and --password-file read later is not for the
 * inventory. */
static struct text_source open_source(const struct settings *s)
{
    struct text_source source = TEXT_SOURCE_STDIN;
    if (is_stdin(s->standard_input.s))
        source.taken_by = "-I";
    else if (is_stdin(s->password_file.s))
        source.taken_by = "--password-file";
    return source;
}

/* The files that were named, else the one that is found, if any. `ret_why` says why there is none,
 * where there is something to say. */
static struct path_list choose_files(const struct invocation *inv, const char **ret_why)
{
    *ret_why = NULL;
    if (inv->settings.inventory.count > 0)
        return inv->settings.inventory;
    const struct inventory_search search = {
        .user_folder = config_user_folder(inv->arena),
        .system_folder = CONFIG_SYSTEM_FOLDER,
    };
    const char *file = inventory_find_file(&search, inv->arena, ret_why);
    struct path_list files = { .items = NULL, .count = 0 };
    if (file) {
        files.items = arena_calloc(inv->arena, 1, sizeof *files.items);
        files.items[files.count++] = arena_strdup(inv->arena, file);
    }
    return files;
}

/* Reads the inventory, if there is one. */
static bool load(struct inventory **ret, const struct invocation *inv, struct text_source *source,
                 const char **ret_why, struct error *reterr)
{
    *ret = NULL;
    struct path_list files = choose_files(inv, ret_why);
    for (size_t i = 0; i < files.count; i++)
        trace_note("reading inventory %s", text_source_name(files.items[i]));
    return files.count == 0 || inventory_load(ret, &files, source, reterr);
}

bool cli_load_inventory(struct inventory **ret, const struct invocation *inv, const char **ret_why,
                        struct error *reterr)
{
    struct text_source source = open_source(&inv->settings);
    return load(ret, inv, &source, ret_why, reterr);
}

/* Reads the inventory, selects hosts. */
static bool select_names(struct cli_selection *ret, const struct invocation *inv,
                         struct error *reterr)
{
    struct text_source source = open_source(&inv->settings);
    const char *wcoll = getenv("WCOLL");
    struct selection_request request = { .settings = &inv->settings,
                                         .wcoll = wcoll && *wcoll ? wcoll : NULL,
                                         .source = &source };
    if (!load(&ret->inventory, inv, &source, &request.why_none, reterr))
        return false;
    request.inventory = ret->inventory;
    return selection_make(&request, inv->arena, &ret->names, reterr);
}

bool cli_select(struct cli_selection *ret, const struct invocation *inv, const struct job_spec *job,
                struct error *reterr)
{
    *ret = (struct cli_selection){ .inventory = NULL };
    name_set_init(&ret->names);
    if (!select_names(ret, inv, reterr))
        return false;
    const struct plan_request request = {
        .names = &ret->names,
        .inventory = ret->inventory,
        .settings = &inv->settings,
        .job = *job,
        .mode = inv->command->name,
        .options = inv->options,
    };
    return plan_build(&ret->plan, &request, reterr);
}

void cli_selection_release(struct cli_selection *s)
{
    plan_free(s->plan);
    name_set_release(&s->names);
    inventory_free(s->inventory);
    *s = (struct cli_selection){ .inventory = NULL };
}
