/* SPDX-License-Identifier: MIT */
/* selection: -w, -g, -a, -x, WCOLL; what counts as known, in which order, and the errors. */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/text_source.h"
#include "files.h"
#include "inventories.h"
#include "model/selection.h"
#include "model/settings.h"

static const char inventory_text[] =
    "{\"hosts\": {\"db1\": {}, \"web[01-03]\": {\"groups\": [\"web\"]}, \"10.0.0.9\": {}},"
    " \"groups\": {\"db\": {\"hosts\": \"db1\"}}}";

/* One selection; each text may be NULL. */
struct row {
    const char *hosts, *groups, *exclude;
    bool all;
    const char *wanted; /* names joined, or the error */
};

static struct text_list list_of(char **item, const char *text)
{
    *item = (char *)text;
    return (struct text_list){ item, text ? 1 : 0 };
}

static void expect(const struct row *row, const struct inventory *inv, const char *wcoll,
                   const char *why_none)
{
    struct arena *arena = arena_new();
    char *items[3];
    struct settings settings = { .all = row->all,
                                 .hosts = list_of(&items[0], row->hosts),
                                 .group = list_of(&items[1], row->groups),
                                 .exclude = list_of(&items[2], row->exclude) };
    struct text_source source = { .fd = -1 };
    struct selection_request request = {
        &settings, inv, why_none, wcoll, &source,
    };
    struct name_set names;
    struct error err = ERROR_INIT;
    name_set_init(&names);
    bool good = selection_make(&request, arena, &names, &err);
    const char *got = good ? names_joined(&names) : error_text(&err);
    cr_assert_str_eq(got, row->wanted, "-w %s -g %s -x %s\n got: %s\nwant: %s", row->hosts,
                     row->groups, row->exclude, got, row->wanted);
    error_release(&err);
    name_set_release(&names);
    arena_free(arena);
}

Test(selection, follows_the_inventory)
{
    static const struct row rows[] = {
        { NULL, NULL, NULL, true, "db1 web01 web02 web03 10.0.0.9" },
        { "web03,db1", NULL, NULL, false, "web03 db1" },
        { "web03", "db,web", NULL, false, "web03 db1 web01 web02" },
        { "web02", NULL, NULL, true, "db1 web01 web02 web03 10.0.0.9" },
        { NULL, NULL, "@web", true, "db1 10.0.0.9" },
        { NULL, "web", "web[01-02]", false, "web03" },
        { "root@web01:2222,web01", NULL, NULL, false, "root@web01:2222 web01" },
        { "10.1.1.1,fe80::1,new:22,u@new,10.0.0.9", NULL, NULL, false,
          "10.1.1.1 fe80::1 new:22 u@new 10.0.0.9" },
        { "web*,root@web01,root@web02", NULL, "web01", false, "web02 web03 root@web02" },
        { "web*,root@web01", NULL, "root@web01", false, "web02 web03" },
        { "h:1,h:2", NULL, "h:1", false, "h:2" },
        { NULL, NULL, NULL, false, "no hosts selected: say which with -w, -g or -a" },
        { NULL, NULL, "db1", false, "no hosts selected: say which with -w, -g or -a" },
        { "db1", NULL, "db1", false, "no hosts selected: -x takes all of them away" },
        { "db1!db1", NULL, NULL, false, "no hosts selected: the selection is empty" },
        { "web01,wbe02", NULL, NULL, false,
          "-w \"web01,wbe02\": column 7: unknown host \"wbe02\" (did you mean \"web02\"?)" },
        { NULL, NULL, "wbe02", true,
          "-x \"wbe02\": column 1: unknown host \"wbe02\" (did you mean \"web02\"?)" },
        { "x*", NULL, NULL, false, "-w \"x*\": column 1: no host matches \"x*\"" },
        { "@bd", NULL, NULL, false,
          "-w \"@bd\": column 2: unknown group \"bd\" (did you mean \"db\"?)" },
        { NULL, "wbe", NULL, false, "-g: unknown group \"wbe\" (did you mean \"web\"?)" },
        { NULL, "db,", NULL, false, "-g: unknown group \"\"" },
    };
    struct inventory *inv = inventory_good(inventory_text);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        expect(&rows[i], inv, NULL, NULL);
    inventory_free(inv);
}

Test(selection, without_an_inventory_takes_any_name)
{
    static const struct row rows[] = {
        { "web[01-02],root@b:22", NULL, NULL, false, "web01 web02 root@b:22" },
        { "a,b", NULL, "b,c", false, "a" },
        { NULL, NULL, NULL, true, "-a: there is no inventory: because (-i FILE names one)" },
        { NULL, "g", NULL, false, "-g: there is no inventory: because (-i FILE names one)" },
        { "@g", NULL, NULL, false,
          "-w \"@g\": column 2: there is no inventory: because (-i FILE names one)" },
        { "a*", NULL, NULL, false,
          "-w \"a*\": column 1: there is no inventory: because (-i FILE names one)" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        expect(&rows[i], NULL, NULL, "because");
    expect(&(struct row){ .all = true, .wanted = "-a: there is no inventory (-i FILE names one)" },
           NULL, NULL, NULL);
}

Test(selection, reads_files_of_hosts)
{
    char *file = tmp_file("hosts", "web02\n# no\ndb1\n");
    char *bad = tmp_file("bad", "web02\n\nwbe01\n");
    struct inventory *inv = inventory_good(inventory_text);
    expect(&(struct row){ .wanted = "web02 db1" }, inv, file, NULL);
    expect(&(struct row){ .exclude = "db1", .wanted = "web02" }, inv, file, NULL);
    expect(&(struct row){ .hosts = "web01", .wanted = "web01" }, inv, file, NULL);
    expect(&(struct row){ .wanted = text_of("WCOLL: %s:3:1: unknown host \"wbe01\" (did you mean "
                                            "\"web01\"?)",
                                            bad) },
           inv, bad, NULL);
    expect(&(struct row){ .hosts = text_of("^%s", file), .wanted = "web02 db1" }, inv, NULL, NULL);
    expect(&(struct row){ .hosts = text_of("@web!^%s", file), .wanted = "web01 web03" }, inv, NULL,
           NULL);
    expect(&(struct row){ .hosts = "^/nonexistent/f",
                          .wanted = "-w \"^/nonexistent/f\": column 1: /nonexistent/f: No such "
                                    "file or directory" },
           inv, NULL, NULL);
    inventory_free(inv);
}
