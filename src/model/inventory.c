/* SPDX-License-Identifier: MIT */
#include "model/inventory.h"

#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/memory.h"
#include "base/nearest.h"
#include "model/inventory_private.h"

enum { COMPARISONS_MAX = 300000 };

const char *inventory_digest(const struct inventory *inv)
{
    return inv->digest;
}

size_t inventory_host_count(const struct inventory *inv)
{
    return inv->host_names.count;
}

const struct host *inventory_host(const struct inventory *inv, size_t index)
{
    return inv->hosts[index];
}

const struct host *inventory_find(const struct inventory *inv, const char *name)
{
    size_t index;
    return name_set_find(&inv->host_names, name, &index) ? inv->hosts[index] : NULL;
}

const char *host_name(const struct host *host)
{
    return host->name;
}

size_t inventory_group_count(const struct inventory *inv)
{
    return inv->group_names.count;
}

const struct group *inventory_group(const struct inventory *inv, size_t index)
{
    return inv->by_order[index];
}

const char *group_name(const struct group *group)
{
    return group->name;
}

size_t group_child_count(const struct group *group)
{
    return group->child_count;
}

const struct group *group_child(const struct group *group, size_t index)
{
    return group->children[index];
}

bool group_is_top(const struct group *group)
{
    return !group->parents;
}

void group_add_own_hosts(const struct group *group, struct name_set *ret)
{
    for (size_t i = 0; i < group->host_count; i++)
        name_set_add(ret, group->hosts[i]->name, NULL);
}

/* Sets `unknown WHAT "NAME"`, with the nearest of `names`; among many problems and many names only
 * the first get such a hint, for it takes its time. Returns false. */
static bool fail_unknown(const struct inventory *inv, const char *what, const char *name,
                         const struct name_set *names, struct error *err)
{
    struct nearest n;
    nearest_init(&n, name);
    bool has_time = names->count < COMPARISONS_MAX / (inv->problem_count + 1);
    for (size_t i = 0; has_time && i < names->count; i++)
        nearest_offer(&n, names->items[i]);
    const char *best = nearest_name(&n);
    if (best)
        return error_set(err, ERR_USAGE, "unknown %s \"%s\" (did you mean \"%s\"?)", what, name,
                         best);
    return error_set(err, ERR_USAGE, "unknown %s \"%s\"", what, name);
}

bool inventory_add_group(const struct inventory *inv, const char *name, struct name_set *ret,
                         struct error *reterr)
{
    size_t index;
    if (!name_set_find(&inv->group_names, name, &index))
        return fail_unknown(inv, "group", name, &inv->group_names, reterr);
    inventory_add_below(inv, inv->groups[index], ret);
    return true;
}

bool inventory_add_matches(const struct inventory *inv, const char *glob, struct name_set *ret,
                           struct error *reterr)
{
    bool found = false;
    for (size_t i = 0; i < inv->host_names.count; i++) {
        if (fnmatch(glob, inv->host_names.items[i], 0) != 0)
            continue;
        name_set_add(ret, inv->host_names.items[i], NULL);
        found = true;
    }
    return found || error_set(reterr, ERR_USAGE, "no host matches \"%s\"", glob);
}

bool inventory_check_host(const struct inventory *inv, const char *name, struct error *reterr)
{
    return name_set_find(&inv->host_names, name, NULL) ||
           fail_unknown(inv, "host", name, &inv->host_names, reterr);
}

struct host *inventory_make_host(struct inventory *inv, const char *name)
{
    size_t index;
    if (!name_set_add(&inv->host_names, name, &index))
        return inv->hosts[index];
    if (index == inv->host_room) {
        inv->host_room = inv->host_room ? inv->host_room * 2 : 64;
        inv->hosts = xrealloc_array(inv->hosts, inv->host_room, sizeof *inv->hosts);
    }
    struct host *host = arena_alloc(inv->arena, sizeof *host);
    host->name = name;
    host->index = index;
    inv->hosts[index] = host;
    return host;
}

struct group *inventory_make_group(struct inventory *inv, const char *name)
{
    size_t index;
    if (!name_set_add(&inv->group_names, name, &index))
        return inv->groups[index];
    if (index == inv->group_room) {
        inv->group_room = inv->group_room ? inv->group_room * 2 : 16;
        inv->groups = xrealloc_array(inv->groups, inv->group_room, sizeof *inv->groups);
    }
    struct group *group = arena_alloc(inv->arena, sizeof *group);
    group->name = name;
    group->order = SIZE_MAX;
    group->mentions_end = &group->mentions;
    group->expressions_end = &group->expressions;
    inv->groups[index] = group;
    return group;
}

void group_add_host(struct inventory *inv, struct group *group, struct host *host)
{
    for (const struct group_link *link = host->groups; link; link = link->next) {
        if (link->group == group)
            return;
    }
    struct group_link *link = arena_alloc(inv->arena, sizeof *link);
    *link = (struct group_link){ .group = group, .next = host->groups };
    host->groups = link;
    if (group->host_count == group->host_room) {
        group->host_room = group->host_room ? group->host_room * 2 : 8;
        group->hosts = xrealloc_array(group->hosts, group->host_room, sizeof(struct host *));
    }
    group->hosts[group->host_count++] = host;
}

void scope_list_add(struct inventory *inv, struct scope_list *list, const struct scope *scope)
{
    struct scope_link *link = arena_alloc(inv->arena, sizeof *link);
    link->scope = scope;
    if (list->last)
        list->last->next = link;
    else
        list->first = link;
    list->last = link;
}

void inventory_free(struct inventory *inv)
{
    if (!inv)
        return;
    for (size_t i = 0; i < inv->problem_count; i++)
        free(inv->problems[i].text);
    for (size_t i = 0; i < inv->group_names.count; i++)
        free(inv->groups[i]->hosts);
    for (size_t i = 0; i < inv->file_count; i++)
        json_document_free(inv->files[i].doc);
    free(inv->problems);
    free(inv->groups);
    free(inv->hosts);
    free(inv->files);
    name_set_release(&inv->host_names);
    name_set_release(&inv->group_names);
    arena_free(inv->arena);
    free(inv);
}
