/* SPDX-License-Identifier: MIT */
/*
 * muster's own form of an inventory, one document:
 *
 *      { "defaults": SCOPE, "vars": {...}, "hosts": HOSTS, "groups": { NAME: GROUP } }
 *      SCOPE   host options of the option table, "vars"
 *      HOSTS   { NAME or RANGE: SCOPE with "groups" } or [ NAME or RANGE ]
 *      GROUP   SCOPE with "hosts" (expressions, or HOSTS to define) and "children" (names, or
 *              { NAME: GROUP } to define)
 */
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/nearest.h"
#include "base/utf8.h"
#include "model/host_name.h"
#include "model/inventory_private.h"
#include "model/options.h"
#include "model/pattern.h"

/* Reading one file. */
struct reading {
    struct inventory *inv;
    uint32_t file;
    const struct json_document *doc;
    struct error err; /* of the thing in hand */
};

/* What an object with settings is about, a set of bits so that keys can say where they may stand.
 */
enum { ABOUT_ALL = 1, ABOUT_GROUP = 2, ABOUT_HOST = 4 };

/* One object with settings. */
struct entry {
    struct reading *r;
    unsigned about;
    struct scope *scope;
    struct group *group;    /* of ABOUT_GROUP */
    struct name_set *hosts; /* of ABOUT_HOST */
};

typedef void read_key_fn(struct entry *e, const struct json_value *v);

static void read_group(struct reading *r, const struct json_value *v);
static void read_hosts(struct reading *r, const struct json_value *v, struct group *group);

static struct place place_of(const struct reading *r, const struct json_value *v)
{
    return (struct place){ .file = r->file, .json = v };
}

/* Has the value this type? Notes a problem otherwise. */
static bool expect(struct reading *r, const struct json_value *v, enum json_type type)
{
    if (json_type(v) == type)
        return true;
    struct place place = place_of(r, v);
    inventory_problem(r->inv, &place, "must be %s, not %s", json_type_phrase(type),
                      json_type_phrase(json_type(v)));
    return false;
}

/* Notes that a key is unknown, with the nearest of those that could stand there. */
static void refuse_key(struct reading *r, const struct json_value *v, struct nearest *n)
{
    struct place place = place_of(r, v);
    const char *best = nearest_name(n);
    if (best)
        inventory_problem_at_key(r->inv, &place, "unknown key (did you mean \"%s\"?)", best);
    else
        inventory_problem_at_key(r->inv, &place, "unknown key");
}

static void read_vars(struct entry *e, const struct json_value *v)
{
    if (expect(e->r, v, JSON_OBJECT))
        e->scope->vars = v;
}

/* Why no group may be called so, or NULL. */
static const char *group_name_fault(const char *name)
{
    if (!*name)
        return "the name of a group is empty";
    if (utf8_has_controls(name) || strpbrk(name, " ,!&^[]@*?/\\\"'"))
        return "the name of a group has no blanks, quotes, slashes or any of ,!&^[]@*?";
    return NULL;
}

/* Calls `read` for a string, or for each string of an array. */
static void read_strings(struct entry *e, const struct json_value *v, read_key_fn *read)
{
    if (json_type(v) != JSON_ARRAY) {
        if (expect(e->r, v, JSON_STRING))
            read(e, v);
        return;
    }
    for (const struct json_value *item = json_first(v); item; item = json_next(item)) {
        if (expect(e->r, item, JSON_STRING))
            read(e, item);
    }
}

/* Puts the entry's hosts into one group. */
static void read_membership(struct entry *e, const struct json_value *v)
{
    struct inventory *inv = e->r->inv;
    struct place place = place_of(e->r, v);
    const char *fault = group_name_fault(json_string(v));
    if (fault) {
        inventory_problem(inv, &place, "%s", fault);
        return;
    }
    struct group *group = inventory_make_group(inv, json_string(v));
    for (size_t i = 0; i < e->hosts->count; i++)
        group_add_host(inv, group, inventory_make_host(inv, e->hosts->items[i]));
}

static void read_memberships(struct entry *e, const struct json_value *v)
{
    read_strings(e, v, read_membership);
}

static void read_child_name(struct entry *e, const struct json_value *v)
{
    struct child_mention *mention = arena_alloc(e->r->inv->arena, sizeof *mention);
    mention->name = json_string(v);
    mention->place = place_of(e->r, v);
    *e->group->mentions_end = mention;
    e->group->mentions_end = &mention->next;
}

/* The children of a group: names, or definitions. */
static void read_children(struct entry *e, const struct json_value *v)
{
    if (json_type(v) != JSON_OBJECT) {
        read_strings(e, v, read_child_name);
        return;
    }
    for (const struct json_value *child = json_first(v); child; child = json_next(child)) {
        struct child_mention *mention = arena_alloc(e->r->inv->arena, sizeof *mention);
        *mention =
            (struct child_mention){ .name = json_key(child), .place = place_of(e->r, child) };
        *e->group->mentions_end = mention;
        e->group->mentions_end = &mention->next;
        read_group(e->r, child);
    }
}

static void read_expression(struct entry *e, const struct json_value *v)
{
    struct group_expression *expression = arena_alloc(e->r->inv->arena, sizeof *expression);
    expression->place = place_of(e->r, v);
    *e->group->expressions_end = expression;
    e->group->expressions_end = &expression->next;
}

/* The hosts of a group: expressions over hosts, or definitions. */
static void read_group_hosts(struct entry *e, const struct json_value *v)
{
    if (json_type(v) == JSON_OBJECT)
        read_hosts(e->r, v, e->group);
    else
        read_strings(e, v, read_expression);
}

/* The keys that are no options. */
static const struct special_key {
    const char *name;
    unsigned about;
    read_key_fn *read;
} special_keys[] = {
    { "vars", ABOUT_ALL | ABOUT_GROUP | ABOUT_HOST, read_vars },
    { "groups", ABOUT_HOST, read_memberships },
    { "children", ABOUT_GROUP, read_children },
    { "hosts", ABOUT_GROUP, read_group_hosts },
};

enum { SPECIAL_COUNT = sizeof special_keys / sizeof special_keys[0] };

/* The special key of this name that may stand in the entry, or NULL. */
static const struct special_key *find_special(unsigned about, const char *name)
{
    for (size_t i = 0; i < SPECIAL_COUNT; i++) {
        if ((special_keys[i].about & about) && strcmp(special_keys[i].name, name) == 0)
            return &special_keys[i];
    }
    return NULL;
}

static void refuse_entry_key(struct entry *e, const struct json_value *v)
{
    struct nearest n;
    nearest_init(&n, json_key(v));
    options_offer_keys(AT_HOST, &n);
    for (size_t i = 0; i < SPECIAL_COUNT; i++) {
        if (special_keys[i].about & e->about)
            nearest_offer(&n, special_keys[i].name);
    }
    refuse_key(e->r, v, &n);
}

/* Who sets what stands in the entry. */
static enum source_kind kind_of(const struct entry *e)
{
    if (e->about == ABOUT_HOST)
        return SOURCE_HOST;
    return e->about == ABOUT_GROUP ? SOURCE_GROUP : SOURCE_INVENTORY_DEFAULTS;
}

/* Does a string have control characters, or an array one that has? None is of any use in a setting,
 * and they would reach terminals and logs. */
static bool has_controls(const struct json_value *v)
{
    if (json_type(v) == JSON_ARRAY) {
        const struct json_value *item = json_first(v);
        while (item && !has_controls(item))
            item = json_next(item);
        return item != NULL;
    }
    return json_type(v) == JSON_STRING && utf8_has_controls(json_string(v));
}

/* Checks what the option table does not say of the values it has taken. */
static bool check_option(const struct option_row *row, const struct json_value *v,
                         struct error *err)
{
    if (has_controls(v))
        return error_set(err, ERR_INVENTORY, "has a control character");
    return strcmp(row->name, "address") != 0 || host_name_check(json_string(v), err);
}

/* Adds the value of an option to the entry's layer. */
static void read_option(struct entry *e, const struct option_row *row, const struct json_value *v)
{
    struct layer_file file = {
        .doc = e->r->doc,
        .folder = e->r->inv->files[e->r->file].folder,
        .kind = kind_of(e),
        .code = ERR_INVENTORY,
    };
    struct place place = place_of(e->r, v);
    if (!layer_add_json(&e->scope->layer, row, &file, v, &e->r->err)) {
        inventory_problem_error(e->r->inv, &place, &e->r->err);
    } else if (!check_option(row, v, &e->r->err)) {
        inventory_problem(e->r->inv, &place, "%s", error_text(&e->r->err));
        error_release(&e->r->err);
    }
}

/* Reads the members of an object with settings; null is an empty one. */
static void read_entry(struct entry *e, const struct json_value *v)
{
    if (json_type(v) == JSON_NULL || !expect(e->r, v, JSON_OBJECT))
        return;
    for (const struct json_value *m = json_first(v); m; m = json_next(m)) {
        const struct special_key *special = find_special(e->about, json_key(m));
        const struct option_row *row = options_by_key(AT_HOST, json_key(m));
        if (special)
            special->read(e, m);
        else if (row)
            read_option(e, row, m);
        else
            refuse_entry_key(e, m);
        if (inventory_is_hopeless(e->r->inv))
            return;
    }
}

static struct scope *make_scope(struct reading *r)
{
    struct scope *scope = arena_alloc(r->inv->arena, sizeof *scope);
    layer_init(&scope->layer, r->inv->arena);
    scope->file = r->file;
    return scope;
}

/* Does the scope say anything? */
static bool is_empty(const struct scope *scope)
{
    return scope->layer.count == 0 && !scope->vars;
}

static void read_defaults(struct reading *r, const struct json_value *v)
{
    struct entry e = { .r = r, .about = ABOUT_ALL, .scope = make_scope(r) };
    read_entry(&e, v);
    if (!is_empty(e.scope))
        scope_list_add(r->inv, &r->inv->defaults, e.scope);
}

/* Adds the names that `text`, standing at `v`, means. Notes a problem where it means none. */
static void expand_hosts(struct reading *r, const struct json_value *v, const char *text,
                         struct name_set *ret)
{
    bool good = true;
    if (strchr(text, '['))
        good = pattern_expand(text, r->inv->arena, ret, &r->err);
    else if ((good = host_name_check(text, &r->err)))
        name_set_add(ret, text, NULL);
    struct place place = place_of(r, v);
    if (good && ret->count + r->inv->host_names.count > PATTERN_NAMES_MAX)
        good = error_set(&r->err, ERR_INVENTORY, "more than %d hosts", PATTERN_NAMES_MAX);
    if (good)
        return;
    r->inv->lacks_hosts = true;
    if (json_key(v))
        inventory_problem_at_key(r->inv, &place, "%s", error_text(&r->err));
    else
        inventory_problem(r->inv, &place, "%s", error_text(&r->err));
    error_release(&r->err);
    ret->count = 0;
}

/* Makes the hosts of one key (or one item of an array) and reads what is said about them. */
static void read_host(struct reading *r, const struct json_value *v, struct group *group)
{
    struct name_set names;
    name_set_init(&names);
    const char *text = json_key(v) ? json_key(v) : json_string(v);
    expand_hosts(r, v, text, &names);
    for (size_t i = 0; i < names.count; i++) {
        struct host *host = inventory_make_host(r->inv, names.items[i]);
        if (group)
            group_add_host(r->inv, group, host);
    }
    struct entry e = { .r = r, .about = ABOUT_HOST, .scope = make_scope(r), .hosts = &names };
    e.scope->is_exact = !strchr(text, '[');
    if (json_key(v))
        read_entry(&e, v);
    for (size_t i = 0; i < names.count && !is_empty(e.scope); i++)
        scope_list_add(r->inv, &inventory_make_host(r->inv, names.items[i])->scopes, e.scope);
    name_set_release(&names);
}

/* Reads definitions of hosts; `group` (or NULL) is one that all of them are in. */
static void read_hosts(struct reading *r, const struct json_value *v, struct group *group)
{
    bool is_array = json_type(v) == JSON_ARRAY;
    if (!is_array && !expect(r, v, JSON_OBJECT))
        return;
    for (const struct json_value *h = json_first(v); h; h = json_next(h)) {
        if (!is_array || expect(r, h, JSON_STRING))
            read_host(r, h, group);
        if (inventory_is_hopeless(r->inv))
            return;
    }
}

/* Reads the definition of a group, whose name is the key. */
static void read_group(struct reading *r, const struct json_value *v)
{
    struct place place = place_of(r, v);
    const char *fault = group_name_fault(json_key(v));
    if (fault) {
        inventory_problem_at_key(r->inv, &place, "%s", fault);
        return;
    }
    struct group *group = inventory_make_group(r->inv, json_key(v));
    if (group->order == SIZE_MAX)
        group->order = r->inv->defined_count++;
    struct entry e = { .r = r, .about = ABOUT_GROUP, .scope = make_scope(r), .group = group };
    e.scope->group = group;
    read_entry(&e, v);
    if (!is_empty(e.scope))
        scope_list_add(r->inv, &group->scopes, e.scope);
}

static void read_groups(struct reading *r, const struct json_value *v)
{
    if (!expect(r, v, JSON_OBJECT))
        return;
    for (const struct json_value *g = json_first(v); g; g = json_next(g)) {
        read_group(r, g);
        if (inventory_is_hopeless(r->inv))
            return;
    }
}

static void read_top_hosts(struct reading *r, const struct json_value *v)
{
    read_hosts(r, v, NULL);
}

/* Variables of every host. */
static void read_top_vars(struct reading *r, const struct json_value *v)
{
    struct entry e = { .r = r, .about = ABOUT_ALL, .scope = make_scope(r) };
    read_vars(&e, v);
    if (!is_empty(e.scope))
        scope_list_add(r->inv, &r->inv->defaults, e.scope);
}

static void read_schema(struct reading *r, const struct json_value *v)
{
    expect(r, v, JSON_STRING);
}

static const struct {
    const char *name;
    void (*read)(struct reading *r, const struct json_value *v);
} top_keys[] = {
    { "$schema", read_schema },  { "defaults", read_defaults }, { "vars", read_top_vars },
    { "hosts", read_top_hosts }, { "groups", read_groups },
};

enum { TOP_COUNT = sizeof top_keys / sizeof top_keys[0] };

/* Reads one member of the document. */
static void read_top_member(struct reading *r, const struct json_value *v)
{
    struct nearest n;
    nearest_init(&n, json_key(v));
    for (size_t i = 0; i < TOP_COUNT; i++) {
        if (strcmp(top_keys[i].name, json_key(v)) == 0) {
            top_keys[i].read(r, v);
            return;
        }
        nearest_offer(&n, top_keys[i].name);
    }
    refuse_key(r, v, &n);
}

void inventory_read_own(struct inventory *inv, uint32_t file)
{
    struct reading r = { .inv = inv, .file = file, .doc = inv->files[file].doc, .err = ERROR_INIT };
    const struct json_value *root = json_root(r.doc);
    if (!expect(&r, root, JSON_OBJECT))
        return;
    for (const struct json_value *m = json_first(root); m; m = json_next(m))
        read_top_member(&r, m);
}
