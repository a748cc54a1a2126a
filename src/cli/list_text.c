/* SPDX-License-Identifier: MIT */
/* Hosts as text: table, names, folded, as a tree. */
#include <stdlib.h>
#include <string.h>

#include "base/name_set.h"
#include "cli/list.h"
#include "model/fold.h"
#include "model/inventory.h"

enum { WIDEST_COLUMN = 40 };

/* Columns that a name takes: characters, as names are UTF-8. */
static size_t width_of(const char *text)
{
    size_t width = 0;
    for (const char *c = text; *c; c++)
        width += ((unsigned char)*c & 0xc0) != 0x80;
    return width;
}

/* Appends `text` and fills the column up; nothing is cut. */
static void add_column(struct buf *out, const char *text, size_t width)
{
    size_t used = width_of(text);
    buf_add_str(out, text);
    buf_add_repeat(out, ' ', (used < width ? width - used : 0) + 2);
}

/* Writes "user@address:port". */
static void print_login(struct buf *out, const struct host_info *host)
{
    bool has_colons = strchr(host->address, ':') != NULL;
    buf_addf(out, "%s@%s%s%s:%u", host->user, has_colons ? "[" : "", host->address,
             has_colons ? "]" : "", host->port);
}

/* The widest entry, as far as a column goes. */
static size_t wider(size_t width, const char *text)
{
    size_t other = width_of(text);
    if (other > WIDEST_COLUMN)
        other = WIDEST_COLUMN;
    return other > width ? other : width;
}

/* The widths of the first two columns. */
static void measure(const struct plan *plan, struct buf *login, size_t ret[static 2])
{
    ret[0] = ret[1] = 0;
    for (size_t i = 0; i < plan->target_count; i++) {
        const struct host_info *host = &plan->targets[i]->info;
        buf_clear(login);
        print_login(login, host);
        ret[0] = wider(ret[0], host->name);
        ret[1] = wider(ret[1], buf_str(login));
    }
}

void list_table(const struct plan *plan, const char *indent, struct page *out)
{
    struct buf login;
    size_t widths[2];
    buf_init(&login, 4096);
    measure(plan, &login, widths);
    for (size_t i = 0; i < plan->target_count; i++) {
        const struct host_info *host = &plan->targets[i]->info;
        buf_clear(&login);
        print_login(&login, host);
        buf_add_str(&out->text, indent);
        add_column(&out->text, host->name, widths[0]);
        if (!host->groups[0])
            buf_add_str(&out->text, buf_str(&login));
        else
            add_column(&out->text, buf_str(&login), widths[1]);
        for (const char *const *g = host->groups; *g; g++)
            buf_addf(&out->text, "%s%s", g == host->groups ? "" : ",", *g);
        buf_add_char(&out->text, '\n');
        page_turn(out);
    }
    buf_release(&login);
}

void list_names(const struct plan *plan, struct page *out)
{
    for (size_t i = 0; i < plan->target_count; i++) {
        buf_addf(&out->text, "%s\n", plan->targets[i]->info.name);
        page_turn(out);
    }
}

void list_fold(const struct plan *plan, struct page *out)
{
    struct name_set names;
    name_set_init(&names);
    for (size_t i = 0; i < plan->target_count; i++)
        name_set_add(&names, plan->targets[i]->info.name, NULL);
    fold_names(names.items, names.count, &out->text);
    buf_add_char(&out->text, '\n');
    name_set_release(&names);
}

/* Printing a tree. */
struct tree {
    struct page *out;
    struct name_set selected; /* hosts */
    struct name_set wanted;   /* groups with selected hosts, in them or below */
    struct name_set shown;    /* groups */
    bool all;
};

/* Prints a group and what is below it. */
static void print_group(struct tree *t, const struct group *group, unsigned depth)
{
    if (!t->all && !name_set_find(&t->wanted, group_name(group), NULL))
        return;
    struct buf *out = &t->out->text;
    buf_add_repeat(out, ' ', (size_t)2 * depth);
    buf_addf(out, "@%s", group_name(group));
    if (!name_set_add(&t->shown, group_name(group), NULL)) {
        buf_add_str(out, "  (as above)\n");
        return;
    }
    struct name_set own;
    name_set_init(&own);
    group_add_own_hosts(group, &own);
    name_set_filter(&own, &t->selected, true);
    buf_add_str(out, own.count ? "  " : "");
    fold_names(own.items, own.count, out);
    buf_add_char(out, '\n');
    name_set_release(&own);
    page_turn(t->out);
    for (size_t i = 0; i < group_child_count(group); i++)
        print_group(t, group_child(group, i), depth + 1);
}

/* Prints the selected hosts that are in no group. */
static void print_ungrouped(const struct plan *plan, struct page *out)
{
    struct name_set rest;
    name_set_init(&rest);
    for (size_t i = 0; i < plan->target_count; i++) {
        const struct host_info *host = &plan->targets[i]->info;
        if (!host->groups[0])
            name_set_add(&rest, host->name, NULL);
    }
    fold_names(rest.items, rest.count, &out->text);
    if (rest.count)
        buf_add_char(&out->text, '\n');
    name_set_release(&rest);
}

/* Notes which hosts are selected, and which groups they are in. */
static void fill_tree(struct tree *t, const struct plan *plan)
{
    for (size_t i = 0; i < plan->target_count; i++) {
        const struct target *target = plan->targets[i];
        const char *name = target->host ? host_name(target->host) : target->info.name;
        name_set_add(&t->selected, name, NULL);
        for (const char *const *g = target->info.groups; *g; g++)
            name_set_add(&t->wanted, *g, NULL);
    }
}

void list_tree(const struct inventory *inv, const struct plan *plan, bool all, struct page *out)
{
    struct tree t = { .out = out, .all = all };
    name_set_init(&t.selected);
    name_set_init(&t.wanted);
    name_set_init(&t.shown);
    fill_tree(&t, plan);
    for (size_t i = 0; inv && i < inventory_group_count(inv); i++) {
        if (group_is_top(inventory_group(inv, i)))
            print_group(&t, inventory_group(inv, i), 0);
    }
    print_ungrouped(plan, out);
    name_set_release(&t.selected);
    name_set_release(&t.wanted);
    name_set_release(&t.shown);
}
