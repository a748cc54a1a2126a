/* SPDX-License-Identifier: MIT */
#include "model/selection.h"

#include <string.h>

#include "base/arena.h"
#include "base/text_source.h"
#include "model/host_name.h"
#include "model/inventory.h"
#include "model/pattern.h"
#include "model/settings.h"

enum { QUOTED_MAX = 100 }; /* bytes of an expression in an error */

/* Making one selection. */
struct selector {
    const struct selection_request *request;
    struct arena *arena;
    const char *flag; /* in turn: "-w" */
    struct error *err;
};

/* Sets "there is no inventory", and why. Returns false. */
static bool fail_no_inventory(const struct selector *s, struct error *err)
{
    const char *why = s->request->why_none;
    return error_set(err, ERR_USAGE, "there is no inventory%s%s (-i FILE names one)",
                     why ? ": " : "", why ? why : "");
}

/* The functions of struct pattern_source. */
static bool use_group(void *arg, const char *name, struct name_set *ret, struct error *err)
{
    const struct selector *s = arg;
    if (!s->request->inventory)
        return fail_no_inventory(s, err);
    return inventory_add_group(s->request->inventory, name, ret, err);
}

static bool use_glob(void *arg, const char *glob, struct name_set *ret, struct error *err)
{
    const struct selector *s = arg;
    if (!s->request->inventory)
        return fail_no_inventory(s, err);
    return inventory_add_matches(s->request->inventory, glob, ret, err);
}

static bool use_file(void *arg, const char *file, struct buf *ret, struct error *err)
{
    const struct selector *s = arg;
    return text_source_read(s->request->source, file, s->flag, ret, err);
}

/* Is a name welcome? Without an inventory any is. */
static bool use_name(void *arg, const char *name, struct error *err)
{
    const struct selector *s = arg;
    const struct inventory *inv = s->request->inventory;
    if (!inv || inventory_find(inv, name))
        return true;
    struct host_name parsed;
    if (!host_name_parse(name, s->arena, &parsed, err))
        return false;
    return parsed.is_address || parsed.user || parsed.port || inventory_check_host(inv, name, err);
}

/* Adds what one expression of -w or -x means. */
static bool add_expression(struct selector *s, const char *text, struct name_set *ret)
{
    const struct pattern_source source = {
        .arg = s, .group = use_group, .glob = use_glob, .read = use_file, .check = use_name
    };
    if (pattern_eval(text, &source, s->arena, ret, s->err))
        return true;
    const char *dots = strlen(text) > QUOTED_MAX ? "..." : "";
    return error_prefix(s->err, "%s \"%.*s%s\"", s->flag, QUOTED_MAX, text, dots);
}

static bool add_expressions(struct selector *s, const char *flag, const struct text_list *texts,
                            struct name_set *ret)
{
    s->flag = flag;
    for (size_t i = 0; i < texts->count; i++) {
        if (!add_expression(s, texts->items[i], ret))
            return false;
    }
    return true;
}

/* Adds the groups of one -g, which are separated by commas. */
static bool add_groups(struct selector *s, const char *names, struct name_set *ret)
{
    for (const char *at = names;;) {
        size_t size = strcspn(at, ",");
        const char *name = arena_strndup(s->arena, at, size);
        if (!use_group(s, name, ret, s->err))
            return error_prefix(s->err, "-g");
        if (!at[size])
            return true;
        at += size + 1;
    }
}

static bool add_all_groups(struct selector *s, const struct text_list *groups, struct name_set *ret)
{
    for (size_t i = 0; i < groups->count; i++) {
        if (!add_groups(s, groups->items[i], ret))
            return false;
    }
    return true;
}

/* Adds every host of the inventory. */
static bool add_everything(struct selector *s, struct name_set *ret)
{
    const struct inventory *inv = s->request->inventory;
    if (!inv) {
        fail_no_inventory(s, s->err);
        return error_prefix(s->err, "-a");
    }
    for (size_t i = 0; i < inventory_host_count(inv); i++)
        name_set_add(ret, host_name(inventory_host(inv, i)), NULL);
    return true;
}

/* Adds the hosts of the file that $WCOLL names. */
static bool add_wcoll(struct selector *s, struct name_set *ret)
{
    const struct pattern_source source = {
        .arg = s, .group = use_group, .glob = use_glob, .read = use_file, .check = use_name
    };
    s->flag = "WCOLL";
    return pattern_eval_file(s->request->wcoll, &source, s->arena, ret, s->err) ||
           error_prefix(s->err, "WCOLL");
}

static bool add_selected(struct selector *s, struct name_set *ret)
{
    const struct settings *settings = s->request->settings;
    if (!settings->all && settings->hosts.count == 0 && settings->group.count == 0) {
        if (s->request->wcoll)
            return add_wcoll(s, ret);
        return error_set(s->err, ERR_USAGE, "no hosts selected: say which with -w, -g or -a");
    }
    return (!settings->all || add_everything(s, ret)) &&
           add_expressions(s, "-w", &settings->hosts, ret) &&
           add_all_groups(s, &settings->group, ret);
}

/* The host in "user@host:port"; `name` itself where it is bare. */
static const char *bare_name(struct selector *s, const char *name)
{
    struct host_name parsed;
    struct error ignored = ERROR_INIT;
    if (!strpbrk(name, "@:") || !host_name_parse(name, s->arena, &parsed, &ignored)) {
        error_release(&ignored);
        return name;
    }
    return parsed.user || parsed.port ? parsed.host : name;
}

/* Takes the excluded hosts out of `names`. */
static void remove_excluded(struct selector *s, const struct name_set *excluded,
                            struct name_set *names)
{
    struct name_set bare, gone;
    name_set_init(&bare);
    name_set_init(&gone);
    for (size_t i = 0; i < excluded->count; i++)
        name_set_add(&bare, bare_name(s, excluded->items[i]), NULL);
    for (size_t i = 0; i < names->count; i++) {
        const char *name = names->items[i], *host = bare_name(s, name);
        if (name_set_find(excluded, name, NULL) || name_set_find(excluded, host, NULL) ||
            (host == name && name_set_find(&bare, name, NULL)))
            name_set_add(&gone, name, NULL);
    }
    name_set_filter(names, &gone, false);
    name_set_release(&bare);
    name_set_release(&gone);
}

/* Applies -x. */
static bool exclude(struct selector *s, struct name_set *names)
{
    const struct text_list *texts = &s->request->settings->exclude;
    struct name_set excluded;
    name_set_init(&excluded);
    bool good = add_expressions(s, "-x", texts, &excluded);
    size_t before = names->count;
    if (good && excluded.count)
        remove_excluded(s, &excluded, names);
    name_set_release(&excluded);
    if (good && before && names->count == 0)
        return error_set(s->err, ERR_USAGE, "no hosts selected: -x takes all of them away");
    return good;
}

bool selection_make(const struct selection_request *request, struct arena *arena,
                    struct name_set *ret, struct error *reterr)
{
    struct selector s = { .request = request, .arena = arena, .err = reterr };
    if (!add_selected(&s, ret) || !exclude(&s, ret))
        return false;
    return ret->count > 0 ||
           error_set(reterr, ERR_USAGE, "no hosts selected: the selection is empty");
}
