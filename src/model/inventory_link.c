/* SPDX-License-Identifier: MIT */
/* Linking: when all files were read, names become groups and expressions become hosts. */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/memory.h"
#include "base/nearest.h"
#include "model/inventory_private.h"
#include "model/pattern.h"

static struct group *find_group(const struct inventory *inv, const char *name)
{
    size_t index;
    return name_set_find(&inv->group_names, name, &index) ? inv->groups[index] : NULL;
}

/* Is `child` among the children of the group already? */
static bool has_child(const struct group *group, const struct group *child)
{
    for (const struct group_link *p = child->parents; p; p = p->next) {
        if (p->group == group)
            return true;
    }
    return false;
}

static void add_child(struct inventory *inv, struct group *group, struct group *child)
{
    if (has_child(group, child))
        return;
    struct group_link *link = arena_alloc(inv->arena, sizeof *link);
    *link = (struct group_link){ .group = group, .next = child->parents };
    child->parents = link;
    group->children[group->child_count++] = child;
}

/* Notes that a group names a child that does not exist. */
static void refuse_child(struct inventory *inv, const struct child_mention *mention)
{
    struct nearest n;
    nearest_init(&n, mention->name);
    for (size_t i = 0; i < inv->group_names.count; i++)
        nearest_offer(&n, inv->group_names.items[i]);
    const char *best = nearest_name(&n);
    if (best)
        inventory_problem(inv, &mention->place, "unknown group \"%s\" (did you mean \"%s\"?)",
                          mention->name, best);
    else
        inventory_problem(inv, &mention->place, "unknown group \"%s\"", mention->name);
}

/* Turns the names of a group's children into groups. */
static void find_children(struct inventory *inv, struct group *group)
{
    size_t count = 0;
    for (const struct child_mention *m = group->mentions; m; m = m->next)
        count++;
    group->children = arena_calloc(inv->arena, count, sizeof(struct group *));
    for (const struct child_mention *m = group->mentions; m; m = m->next) {
        struct group *child = find_group(inv, m->name);
        if (child)
            add_child(inv, group, child);
        else
            refuse_child(inv, m);
    }
}

/* The first place where `group` names `child`. */
static const struct place *find_mention(const struct group *group, const struct group *child)
{
    const struct child_mention *m = group->mentions;
    while (strcmp(m->name, child->name) != 0)
        m = m->next;
    return &m->place;
}

/* Computes the depth below `group` and refuses cycles; `above` groups are being walked. */
static bool measure(struct inventory *inv, struct group *group, size_t above)
{
    if (group->state == GROUP_DONE)
        return true;
    group->state = GROUP_BUSY;
    for (size_t i = 0; i < group->child_count; i++) {
        struct group *child = group->children[i];
        bool is_cycle = child->state == GROUP_BUSY;
        if (!is_cycle && above < GROUP_DEPTH_MAX && !measure(inv, child, above + 1))
            return false;
        if (is_cycle || above >= GROUP_DEPTH_MAX || child->depth + 1 >= GROUP_DEPTH_MAX) {
            inventory_problem(inv, find_mention(group, child),
                              is_cycle ? "group \"%s\" would contain itself"
                                       : "below group \"%s\" groups are nested too deep",
                              child->name);
            return false;
        }
        if (child->depth + 1 > group->depth)
            group->depth = child->depth + 1;
    }
    group->state = GROUP_DONE;
    return true;
}

/* Groups in order of definition; those that only hosts name after them. */
static int compare_order(const void *left, const void *right)
{
    const struct group *a = *(struct group *const *)left, *b = *(struct group *const *)right;
    if (a->order != b->order)
        return a->order < b->order ? -1 : 1;
    return 0;
}

static void sort_groups(struct inventory *inv)
{
    size_t count = inv->group_names.count;
    /* A stable order for those that have none. */
    for (size_t i = 0; i < count; i++) {
        if (inv->groups[i]->order == SIZE_MAX)
            inv->groups[i]->order = inv->defined_count + i;
    }
    inv->by_order = arena_calloc(inv->arena, count, sizeof(struct group *));
    if (count)
        memcpy(inv->by_order, inv->groups, count * sizeof(struct group *));
    qsort(inv->by_order, count, sizeof(struct group *), compare_order);
}

/* Ranks what is below the group, then the group, from `*left` down. Walking backwards makes the
 * ranks rise in order of definition where parents and children leave it open. */
static void rank_below(struct inventory *inv, struct group *group, size_t *left)
{
    if (group->state == GROUP_DONE)
        return;
    group->state = GROUP_DONE;
    for (size_t i = group->child_count; i-- > 0;)
        rank_below(inv, group->children[i], left);
    group->rank = --*left;
    inv->by_rank[group->rank] = group;
}

static void clear_states(struct inventory *inv)
{
    for (size_t i = 0; i < inv->group_names.count; i++)
        inv->groups[i]->state = GROUP_NEW;
}

static void rank_groups(struct inventory *inv)
{
    size_t left = inv->group_names.count;
    inv->by_rank = arena_calloc(inv->arena, left, sizeof(struct group *));
    clear_states(inv);
    for (size_t i = inv->group_names.count; i-- > 0;)
        rank_below(inv, inv->by_order[i], &left);
}

/* Adds the names of the group and of those below it. */
static void add_below(const struct group *group, struct name_set *ret)
{
    if (!name_set_add(ret, group->name, NULL))
        return;
    for (size_t i = 0; i < group->child_count; i++)
        add_below(group->children[i], ret);
}

static int compare_hosts(const void *left, const void *right)
{
    const struct host *a = *(struct host *const *)left, *b = *(struct host *const *)right;
    return a->index < b->index ? -1 : a->index > b->index;
}

void inventory_add_below(const struct inventory *inv, const struct group *group,
                         struct name_set *ret)
{
    struct name_set groups;
    name_set_init(&groups);
    add_below(group, &groups);
    size_t count = 0;
    for (size_t i = 0; i < groups.count; i++)
        count += find_group(inv, groups.items[i])->host_count;
    struct host **hosts = xcalloc(count, sizeof *hosts), **to = hosts;
    for (size_t i = 0; i < groups.count; i++) {
        const struct group *g = find_group(inv, groups.items[i]);
        for (size_t k = 0; k < g->host_count; k++)
            *to++ = g->hosts[k];
    }
    qsort(hosts, count, sizeof *hosts, compare_hosts);
    for (size_t i = 0; i < count; i++)
        name_set_add(ret, hosts[i]->name, NULL);
    free(hosts);
    name_set_release(&groups);
}

/* The expressions being evaluated. */
struct evaluation {
    struct inventory *inv;
    struct group *group;
};

static bool evaluate(struct inventory *inv, struct group *group);

/* Evaluates the expressions of the group and below. False where one of them is being evaluated. */
static bool evaluate_below(struct inventory *inv, const struct group *group)
{
    struct name_set groups;
    name_set_init(&groups);
    add_below(group, &groups);
    bool good = true;
    for (size_t i = 0; good && i < groups.count; i++)
        good = evaluate(inv, find_group(inv, groups.items[i]));
    name_set_release(&groups);
    return good;
}

/* The hosts of "@NAME" in an expression; that group's own expressions come first. */
static bool use_group(void *arg, const char *name, struct name_set *ret, struct error *err)
{
    const struct evaluation *e = arg;
    const struct group *group = find_group(e->inv, name);
    if (group && !evaluate_below(e->inv, group))
        return error_set(err, ERR_USAGE,
                         "group \"%s\" needs the hosts of \"%s\" and the other way "
                         "round",
                         e->group->name, name);
    return inventory_add_group(e->inv, name, ret, err);
}

static bool use_glob(void *arg, const char *glob, struct name_set *ret, struct error *err)
{
    const struct evaluation *e = arg;
    return inventory_add_matches(e->inv, glob, ret, err);
}

static bool use_host(void *arg, const char *name, struct error *err)
{
    const struct evaluation *e = arg;
    return inventory_check_host(e->inv, name, err);
}

/* Puts the hosts of one expression into the group. */
static void use_expression(struct evaluation *e, const struct group_expression *expression)
{
    const struct pattern_source source = {
        .arg = e, .group = use_group, .glob = use_glob, .check = use_host
    };
    struct inventory *inv = e->inv;
    struct error err = ERROR_INIT;
    struct name_set names;
    struct arena *arena = arena_new();
    name_set_init(&names);
    if (pattern_eval(json_string(expression->place.json), &source, arena, &names, &err)) {
        for (size_t i = 0; i < names.count; i++)
            group_add_host(inv, e->group, inventory_make_host(inv, names.items[i]));
    } else {
        inventory_problem(inv, &expression->place, "%s", error_text(&err));
        error_release(&err);
    }
    name_set_release(&names);
    arena_free(arena);
}

/* Evaluates the group's expressions, once. False where that is under way already. */
static bool evaluate(struct inventory *inv, struct group *group)
{
    if (group->state == GROUP_BUSY)
        return false;
    if (group->state == GROUP_DONE)
        return true;
    group->state = GROUP_BUSY;
    struct evaluation e = { .inv = inv, .group = group };
    const struct group_expression *expression = group->expressions;
    for (; expression && !inventory_is_hopeless(inv); expression = expression->next)
        use_expression(&e, expression);
    group->state = GROUP_DONE;
    return true;
}

void inventory_link(struct inventory *inv)
{
    sort_groups(inv);
    for (size_t i = 0; i < inv->group_names.count; i++)
        find_children(inv, inv->by_order[i]);
    for (size_t i = 0; i < inv->group_names.count; i++) {
        if (!measure(inv, inv->by_order[i], 0))
            return;
    }
    rank_groups(inv);
    clear_states(inv);
    for (size_t i = 0; i < inv->group_names.count && !inv->lacks_hosts; i++)
        evaluate(inv, inv->by_order[i]);
}
