/* SPDX-License-Identifier: MIT */
#include "model/overlay.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "base/arena.h"
#include "base/memory.h"
#include "base/trace.h"
#include "model/host_name.h"
#include "model/inventory_private.h"
#include "model/options.h"

/*
 * Settings form a tree: the root has those of the run, and each step down puts one scope on top.
 * Hosts that agree on their scopes, or on the first of them, share the way and the settings.
 *
 *      run --> defaults --> group web --> range web[01-12]      12 hosts
 *                      |             \--> host web13
 *                      \--> host db1
 */
struct node_key {
    const struct node *parent;
    const struct scope *scope;
};

struct node {
    struct node_key key;
    struct settings settings;
    UT_hash_handle hh;
};

/* All hosts that are themselves in the same groups. */
struct membership {
    size_t *ranks; /* of these groups, rising: the key */
    const char *const *names;
    const struct node *node; /* after defaults and groups */
    UT_hash_handle hh;
};

struct overlay {
    const struct inventory *inv;
    struct arena *arena;
    struct node root;
    struct node *nodes;
    struct membership *memberships;
    struct name_set noted; /* what was said with -v */
};

struct overlay *overlay_new(const struct inventory *inv, const struct settings *run)
{
    struct overlay *o = xcalloc(1, sizeof *o);
    o->inv = inv;
    o->arena = arena_new();
    o->root.settings = *run;
    name_set_init(&o->noted);
    return o;
}

void overlay_free(struct overlay *o)
{
    if (!o)
        return;
    HASH_CLEAR(hh, o->nodes);
    HASH_CLEAR(hh, o->memberships);
    name_set_release(&o->noted);
    arena_free(o->arena);
    free(o);
}

/* One step down the tree. */
static const struct node *descend(struct overlay *o, const struct node *parent,
                                  const struct scope *scope)
{
    if (scope->layer.count == 0)
        return parent;
    struct node_key key = { .parent = parent, .scope = scope };
    struct node *node;
    HASH_FIND(hh, o->nodes, &key, sizeof key, node);
    if (node)
        return node;
    node = arena_alloc(o->arena, sizeof *node);
    node->key = key;
    node->settings = parent->settings;
    settings_apply(&node->settings, &scope->layer);
    HASH_ADD(hh, o->nodes, key, sizeof key, node);
    return node;
}

/* Scopes in the order in which they are applied. */
struct scope_row {
    const struct scope **items; /* arena */
    size_t count;
    size_t room;
};

static void append_scope(struct overlay *o, struct scope_row *row, const struct scope *scope)
{
    if (row->count == row->room) {
        size_t room = row->room ? row->room * 2 : 8;
        const struct scope **items = arena_calloc(o->arena, room, sizeof *items);
        if (row->count)
            memcpy(items, row->items, row->count * sizeof *items);
        row->items = items;
        row->room = room;
    }
    row->items[row->count++] = scope;
}

/* Marks the group and everything above it. */
static void mark_up(const struct group *group, bool *marks)
{
    if (marks[group->rank])
        return;
    marks[group->rank] = true;
    for (const struct group_link *p = group->parents; p; p = p->next)
        mark_up(p->group, marks);
}

/* Is `above` the group itself, or above it? */
static bool is_above(const struct overlay *o, const struct group *above, const struct group *group)
{
    bool *marks = xcalloc(o->inv->group_names.count, sizeof *marks);
    mark_up(group, marks);
    bool found = marks[above->rank];
    free(marks);
    return found;
}

/* Does the layer set the row? */
static bool sets(const struct layer *layer, const struct option_row *row)
{
    for (size_t i = 0; i < layer->count; i++) {
        if (layer->items[i].row == row)
            return true;
    }
    return false;
}

/* Notes, once, that of two groups which are not one above the other the later one decides. */
static void note_rivals(struct overlay *o, const struct scope *winner, const struct scope *loser)
{
    if (winner->file != loser->file || is_above(o, loser->group, winner->group))
        return;
    for (size_t i = 0; i < winner->layer.count; i++) {
        const struct option_row *row = winner->layer.items[i].row;
        if (!sets(&loser->layer, row))
            continue;
        char *note =
            arena_printf(o->arena,
                         "groups \"%s\" and \"%s\" have hosts in common and both set %s: "
                         "\"%s\", which is defined later, decides",
                         loser->group->name, winner->group->name, row->name, winner->group->name);
        if (name_set_add(&o->noted, note, NULL))
            trace_note("%s", note);
    }
}

/* The scopes of all marked groups, file by file. */
static void collect_group_scopes(struct overlay *o, const bool *marks, struct scope_row *ret)
{
    for (uint32_t file = 0; file < o->inv->file_count; file++) {
        for (size_t rank = 0; rank < o->inv->group_names.count; rank++) {
            if (!marks[rank])
                continue;
            const struct scope_link *link = o->inv->by_rank[rank]->scopes.first;
            for (; link; link = link->next) {
                if (link->scope->file == file)
                    append_scope(o, ret, link->scope);
            }
        }
    }
}

/* The names of all marked groups. */
static const char *const *collect_names(struct overlay *o, const bool *marks)
{
    size_t count = 0, total = o->inv->group_names.count;
    for (size_t rank = 0; rank < total; rank++)
        count += marks[rank];
    const char **names = arena_calloc(o->arena, count + 1, sizeof *names);
    for (size_t rank = 0, i = 0; rank < total; rank++) {
        if (marks[rank])
            names[i++] = o->inv->by_rank[rank]->name;
    }
    return names;
}

/* Tells with -v where it was the order of definition that decided. */
static void note_all_rivals(struct overlay *o, const struct scope_row *scopes)
{
    if (trace_level() < 1)
        return;
    for (size_t i = 1; i < scopes->count; i++) {
        for (size_t k = 0; k < i; k++)
            note_rivals(o, scopes->items[i], scopes->items[k]);
    }
}

/* Everything that hosts in these groups, and no others, have in common. */
static struct membership *make_membership(struct overlay *o, const struct host *host)
{
    struct membership *m = arena_alloc(o->arena, sizeof *m);
    bool *marks = xcalloc(o->inv->group_names.count, sizeof *marks);
    for (const struct group_link *link = host->groups; link; link = link->next)
        mark_up(link->group, marks);
    struct scope_row scopes = { 0 };
    collect_group_scopes(o, marks, &scopes);
    note_all_rivals(o, &scopes);
    m->names = collect_names(o, marks);
    free(marks);
    m->node = &o->root;
    for (const struct scope_link *link = o->inv->defaults.first; link; link = link->next)
        m->node = descend(o, m->node, link->scope);
    for (size_t i = 0; i < scopes.count; i++)
        m->node = descend(o, m->node, scopes.items[i]);
    return m;
}

static int compare_ranks(const void *left, const void *right)
{
    size_t a = *(const size_t *)left, b = *(const size_t *)right;
    return a < b ? -1 : a > b;
}

/* The membership of the host, shared with all hosts in the same groups. */
static const struct membership *find_membership(struct overlay *o, const struct host *host)
{
    size_t count = 0;
    for (const struct group_link *link = host->groups; link; link = link->next)
        count++;
    size_t *ranks = xcalloc(count, sizeof *ranks), *to = ranks;
    for (const struct group_link *link = host->groups; link; link = link->next)
        *to++ = link->group->rank;
    qsort(ranks, count, sizeof *ranks, compare_ranks);
    struct membership *m;
    HASH_FIND(hh, o->memberships, ranks, count * sizeof *ranks, m);
    if (!m) {
        m = make_membership(o, host);
        m->ranks = arena_calloc(o->arena, count, sizeof *ranks);
        memcpy(m->ranks, ranks, count * sizeof *ranks);
        HASH_ADD_KEYPTR(hh, o->memberships, m->ranks, count * sizeof *ranks, m);
    }
    free(ranks);
    return m;
}

/* Calls `visit` for the host's own scopes in order: of each file ranges, then the exact name. */
static void visit_host_scopes(const struct host *host,
                              void (*visit)(void *arg, const struct scope *scope), void *arg)
{
    for (const struct scope_link *file = host->scopes.first, *next; file; file = next) {
        for (next = file; next && next->scope->file == file->scope->file; next = next->next) {
            if (!next->scope->is_exact)
                visit(arg, next->scope);
        }
        for (const struct scope_link *link = file; link != next; link = link->next) {
            if (link->scope->is_exact)
                visit(arg, link->scope);
        }
    }
}

/* On the way down the tree. */
struct walk {
    struct overlay *o;
    const struct node *node;
};

static void walk_scope(void *arg, const struct scope *scope)
{
    struct walk *w = arg;
    w->node = descend(w->o, w->node, scope);
}

/* Puts what the selected name itself says on top. */
static bool apply_name(struct overlay *o, const struct host_name *name, struct resolved *ret,
                       struct error *err)
{
    if (!name->user && !name->port)
        return true;
    static const struct source source = { .kind = SOURCE_COMMAND_LINE, .text = "the host's name" };
    struct layer layer;
    layer_init(&layer, o->arena);
    struct settings *settings = arena_alloc(o->arena, sizeof *settings);
    *settings = *ret->settings;
    const char *port = arena_printf(o->arena, "%u", name->port);
    if ((name->user &&
         !layer_add_text(&layer, options_by_key(AT_HOST, "user"), name->user, &source, err)) ||
        (name->port &&
         !layer_add_text(&layer, options_by_key(AT_HOST, "port"), port, &source, err)))
        return false;
    settings_apply(settings, &layer);
    ret->settings = settings;
    return true;
}

bool overlay_find(struct overlay *o, const char *name, struct resolved *ret, struct error *reterr)
{
    static const char *const no_groups[] = { NULL };
    struct host_name parsed = { .host = name };
    struct walk w = { .o = o, .node = &o->root };
    *ret = (struct resolved){ .groups = no_groups };
    ret->host = o->inv ? inventory_find(o->inv, name) : NULL;
    if (!ret->host) {
        if (!host_name_parse(name, o->arena, &parsed, reterr))
            return false;
        ret->host = o->inv ? inventory_find(o->inv, parsed.host) : NULL;
    }
    if (ret->host) {
        const struct membership *m = find_membership(o, ret->host);
        ret->groups = m->names;
        w.node = m->node;
        visit_host_scopes(ret->host, walk_scope, &w);
    }
    ret->settings = &w.node->settings;
    if (!apply_name(o, &parsed, ret, reterr))
        return false;
    ret->address = ret->settings->address.s ? ret->settings->address.s : parsed.host;
    return true;
}

/* Variables being collected: the first place of a name stays, its last value counts. */
struct collection {
    struct overlay *o;
    struct name_set names;
    struct variable *items; /* heap */
    size_t room;
};

static void collect_variables(void *arg, const struct scope *scope)
{
    struct collection *c = arg;
    const struct json_value *v = scope->vars ? json_first(scope->vars) : NULL;
    for (; v; v = json_next(v)) {
        size_t index;
        name_set_add(&c->names, json_key(v), &index);
        if (index == c->room) {
            c->room = c->room ? c->room * 2 : 8;
            c->items = xrealloc_array(c->items, c->room, sizeof *c->items);
        }
        c->items[index] = (struct variable){ .name = json_key(v),
                                             .value = v,
                                             .doc = c->o->inv->files[scope->file].doc };
    }
}

/* Collects from everything that is said about the host. */
static void collect_all(struct collection *c, const struct host *host)
{
    const struct inventory *inv = c->o->inv;
    for (const struct scope_link *link = inv->defaults.first; link; link = link->next)
        collect_variables(c, link->scope);
    bool *marks = xcalloc(inv->group_names.count, sizeof *marks);
    for (const struct group_link *link = host->groups; link; link = link->next)
        mark_up(link->group, marks);
    struct scope_row scopes = { 0 };
    collect_group_scopes(c->o, marks, &scopes);
    free(marks);
    for (size_t i = 0; i < scopes.count; i++)
        collect_variables(c, scopes.items[i]);
    visit_host_scopes(host, collect_variables, c);
}

size_t overlay_variables(struct overlay *o, const struct host *host, const struct variable **ret)
{
    *ret = NULL;
    if (!host || !o->inv)
        return 0;
    struct collection c = { .o = o };
    name_set_init(&c.names);
    collect_all(&c, host);
    size_t count = c.names.count;
    struct variable *items = arena_calloc(o->arena, count, sizeof *items);
    if (count)
        memcpy(items, c.items, count * sizeof *items);
    free(c.items);
    name_set_release(&c.names);
    *ret = items;
    return count;
}
