/* SPDX-License-Identifier: MIT */
/* Any bytes as an inventory; what is accepted is selected whole, resolved and planned. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/text_source.h"
#include "model/inventory.h"
#include "model/plan.h"
#include "model/selection.h"
#include "model/settings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HOSTS_MAX = 2000, DATA_MAX = 60000 /* fits in a pipe */ };

/* Loads the bytes as they would come from standard input. */
static bool load(struct inventory **ret, const uint8_t *data, size_t size, struct error *err)
{
    int ends[2];
    if (pipe(ends) != 0 || write(ends[1], data, size) != (ssize_t)size)
        abort();
    close(ends[1]);
    char *names[] = { "-" };
    struct path_list files = { names, 1 };
    struct text_source source = { .fd = ends[0] };
    bool good = inventory_load(ret, &files, &source, err);
    close(ends[0]);
    return good;
}

/* Every group can be selected; a child's hosts are its parent's. */
static void check_groups(const struct inventory *inv)
{
    for (size_t i = 0; i < inventory_group_count(inv); i++) {
        const struct group *group = inventory_group(inv, i);
        struct error err = ERROR_INIT;
        struct name_set all, below;
        name_set_init(&all);
        name_set_init(&below);
        if (!inventory_add_group(inv, group_name(group), &all, &err))
            abort();
        for (size_t k = 0; k < group_child_count(group); k++) {
            if (!inventory_add_group(inv, group_name(group_child(group, k)), &below, &err))
                abort();
        }
        name_set_filter(&below, &all, false);
        if (below.count != 0)
            abort();
        name_set_release(&all);
        name_set_release(&below);
    }
}

/* Selects everything and makes a plan of it. */
static void check_plan(const struct inventory *inv)
{
    struct arena *arena = arena_new();
    struct settings settings;
    struct name_set names;
    struct plan *plan = NULL;
    struct error err = ERROR_INIT;
    struct text_source source = { .fd = -1 };
    settings_init(&settings, arena);
    settings.all = true;
    name_set_init(&names);
    struct selection_request selection = { .settings = &settings,
                                           .inventory = inv,
                                           .source = &source };
    if (!selection_make(&selection, arena, &names, &err))
        abort();
    struct plan_request request = { .names = &names, .inventory = inv, .settings = &settings };
    if (plan_build(&plan, &request, &err)) {
        const struct variable *variables;
        if (plan->target_count != inventory_host_count(inv))
            abort();
        for (size_t i = 0; i < plan->target_count; i++)
            plan_variables(plan, plan->targets[i], &variables);
    }
    error_release(&err);
    plan_free(plan);
    name_set_release(&names);
    arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct inventory *inv = NULL;
    struct error err = ERROR_INIT;
    if (size > DATA_MAX)
        return 0;
    bool good = load(&inv, data, size, &err);
    if (good == error_is_set(&err))
        abort();
    if (good) {
        check_groups(inv);
        size_t hosts = inventory_host_count(inv);
        if (hosts > 0 && hosts <= HOSTS_MAX)
            check_plan(inv);
    }
    error_release(&err);
    inventory_free(inv);
    return 0;
}
