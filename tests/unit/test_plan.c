/* SPDX-License-Identifier: MIT */
/* plan and overlay: which setting wins, who said so, what hosts share, what targets show. */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/json_read.h"
#include "base/trace.h"
#include "files.h"
#include "inventories.h"
#include "model/options.h"
#include "model/overlay.h"
#include "model/plan.h"

/* A run's settings, an inventory and a plan of some of its hosts. */
struct scene {
    struct arena *arena;
    struct settings settings;
    struct inventory *inv;
    struct name_set names;
    struct plan *plan;
};

static void scene_open(struct scene *s, struct inventory *inv, const char *const *names)
{
    struct error err = ERROR_INIT;
    *s = (struct scene){ .arena = arena_new(), .inv = inv };
    settings_init(&s->settings, s->arena);
    name_set_init(&s->names);
    for (; *names; names++)
        name_set_add(&s->names, *names, NULL);
    struct plan_request request = { .names = &s->names,
                                    .inventory = inv,
                                    .settings = &s->settings,
                                    .job = { .command = "uptime" },
                                    .mode = "run" };
    cr_assert(plan_build(&s->plan, &request, &err), "%s", error_text(&err));
}

static void scene_close(struct scene *s)
{
    plan_free(s->plan);
    name_set_release(&s->names);
    inventory_free(s->inv);
    arena_free(s->arena);
}

/* Adds a setting of the run from the command line. */
static void set_flag(struct scene *s, const char *key, const char *value)
{
    static const struct source source = { .kind = SOURCE_COMMAND_LINE, .text = "--flag" };
    struct layer *layer = arena_alloc(s->arena, sizeof *layer);
    struct error err = ERROR_INIT;
    layer_init(layer, s->arena);
    cr_assert(layer_add_text(layer, options_by_key(AT_HOST, key), value, &source, &err));
    settings_apply(&s->settings, layer);
}

static unsigned port_of(const struct scene *s, size_t index)
{
    return s->plan->targets[index]->info.port;
}

Test(plan, ranks_what_the_inventory_says)
{
    static const char *const names[] = { "plain", "web1", "web2", "web3", "db1", "db2", NULL };
    struct scene s;
    scene_open(
        &s,
        inventory_good(
            "{\"defaults\": {\"port\": 1000, \"user\": \"all\"},"
            " \"hosts\": {\"web2\": {\"port\": 3002}, \"plain\": {},"
            "  \"web[1-3]\": {\"groups\": [\"web\"], \"timeout\": 7},"
            "  \"web[2-3]\": {\"port\": 3000}, \"db1\": {\"groups\": [\"late\", \"db\", \"web\"]},"
            "  \"db2\": {\"groups\": [\"web\", \"db\"]}},"
            " \"groups\": {\"web\": {\"port\": 2001}, \"db\": {\"port\": 2002},"
            "  \"prod\": {\"children\": [\"web\"], \"port\": 2003, \"user\": \"prod\"},"
            "  \"late\": {\"port\": 2004}}}"),
        names);
    cr_assert_eq(port_of(&s, 0), 1000, "defaults");
    cr_assert_eq(port_of(&s, 1), 2001, "a child group beats its parent, though defined first");
    cr_assert_eq(port_of(&s, 2), 3002, "an exact name beats ranges, though it stands first");
    cr_assert_eq(port_of(&s, 3), 3000, "a range beats groups");
    cr_assert_eq(port_of(&s, 4), 2004, "the last of several groups");
    cr_assert_eq(port_of(&s, 5), 2001, "web comes after its parent, and so after db");
    cr_assert_str_eq(s.plan->targets[0]->info.user, "all");
    cr_assert_str_eq(s.plan->targets[1]->info.user, "prod");
    cr_assert_eq(s.plan->targets[2]->settings->timeout.us, 7000000);
    scene_close(&s);
}

Test(plan, lets_later_files_win_within_their_rank)
{
    static const char *const names[] = { "a", "b", "c", NULL };
    struct inventory *inv = NULL;
    struct error err = ERROR_INIT;
    cr_assert(inventory_from(
                  &inv, &err,
                  "{\"defaults\": {\"port\": 1}, \"hosts\": {\"a\": {\"port\": 11}, \"b\": {},"
                  " \"c\": {}}, \"groups\": {\"p\": {\"children\": [\"g\"]}, \"g\": {\"hosts\": "
                  "\"b\", \"port\": 21}}}",
                  "{\"defaults\": {\"port\": 2}, \"hosts\": {\"[a]\": {}}}", NULL) == false);
    error_release(&err);
    cr_assert(inventory_from(
                  &inv, &err,
                  "{\"defaults\": {\"port\": 1}, \"hosts\": {\"a\": {\"port\": 11}, \"b\": {},"
                  " \"c\": {}}, \"groups\": {\"p\": {\"children\": [\"g\"]}, \"g\": {\"hosts\": "
                  "\"b\", \"port\": 21}}}",
                  "{\"defaults\": {\"port\": 2}, \"hosts\": {\"a\": {\"port\": 12}},"
                  " \"groups\": {\"p\": {\"port\": 22}}}",
                  NULL),
              "%s", error_text(&err));
    struct scene s;
    scene_open(&s, inv, names);
    cr_assert_eq(port_of(&s, 0), 12);
    cr_assert_eq(port_of(&s, 1), 22);
    cr_assert_eq(port_of(&s, 2), 2);
    scene_close(&s);
}

Test(plan, keeps_what_the_command_line_says)
{
    static const char *const names[] = { "a", "root@a", "a:99", "[::1]:7", "new", NULL };
    struct scene s;
    scene_open(&s,
               inventory_good("{\"hosts\": {\"a\": {\"port\": 11, \"user\": \"u\", \"address\": "
                              "\"10.0.0.1\", \"groups\": [\"g\"]}}}"),
               names);
    plan_free(s.plan);
    set_flag(&s, "port", "55");
    struct plan_request request = { .names = &s.names,
                                    .inventory = s.inv,
                                    .settings = &s.settings };
    struct error err = ERROR_INIT;
    cr_assert(plan_build(&s.plan, &request, &err));
    cr_assert_eq(port_of(&s, 0), 55);
    cr_assert_str_eq(s.plan->targets[0]->info.user, "u");
    cr_assert_str_eq(s.plan->targets[1]->info.user, "root");
    cr_assert_str_eq(s.plan->targets[1]->info.address, "10.0.0.1");
    cr_assert_str_eq(s.plan->targets[1]->info.groups[0], "g");
    cr_assert_eq(port_of(&s, 1), 55);
    cr_assert_eq(port_of(&s, 2), 99);
    cr_assert_str_eq(s.plan->targets[3]->info.name, "[::1]:7");
    cr_assert_str_eq(s.plan->targets[3]->info.address, "::1");
    cr_assert_eq(port_of(&s, 3), 7);
    cr_assert_str_eq(s.plan->targets[4]->info.address, "new");
    cr_assert_null(s.plan->targets[4]->info.groups[0]);
    cr_assert_null(s.plan->targets[4]->host);
    scene_close(&s);
}

Test(plan, remembers_who_said_it)
{
    static const char *const names[] = { "a", NULL };
    struct scene s;
    scene_open(&s,
               inventory_good("{\"defaults\": {\"timeout\": 5},\n \"hosts\": {\"a\": {\"port\": 11,"
                              " \"groups\": \"g\"}},\n \"groups\": {\"g\": {\"user\": \"u\"}}}"),
               names);
    static const char *const rows[][2] = {
        { "port", "a.json:2:26: /hosts/a/port" },
        { "user", "a.json:3:27: /groups/g/user" },
        { "timeout", "a.json:1:26: /defaults/timeout" },
        { "connect_timeout", "default" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct source source =
            settings_source(s.plan->targets[0]->settings, options_by_key(AT_HOST, rows[i][0]));
        char *where = source_where(&source);
        cr_assert_str_eq(where, rows[i][1], "%s", where);
        free(where);
    }
    scene_close(&s);
}

Test(plan, shares_settings_between_hosts_of_which_the_same_is_said)
{
    static const char *const names[] = { "w1", "w2", "x", "y", "z", NULL };
    struct scene s;
    scene_open(
        &s,
        inventory_good("{\"hosts\": {\"w[1-2]\": {\"port\": 5}, \"x\": {}, \"y\": {\"groups\": "
                       "[\"empty\"]}, \"z\": {\"port\": 5}}}"),
        names);
    struct target *const *t = s.plan->targets;
    cr_assert_eq(t[0]->settings, t[1]->settings);
    cr_assert_eq(t[2]->settings, t[3]->settings);
    cr_assert_neq(t[0]->settings, t[2]->settings);
    cr_assert_neq(t[0]->settings, t[4]->settings);
    scene_close(&s);
}

Test(plan, fills_in_the_run)
{
    static const char *const names[] = { "h[1", "b", NULL };
    static const char *const good_names[] = { "a", "b", NULL };
    struct scene s;
    scene_open(&s, inventory_good("{\"hosts\": [\"a\", \"b\"]}"), good_names);
    const struct run_info *run = &s.plan->run;
    cr_assert_eq(run->host_count, 2);
    cr_assert_str_eq(run->hosts[1]->name, "b");
    cr_assert_eq(run->hosts[1]->index, 1);
    cr_assert_eq(strlen(run->id), 32);
    cr_assert_str_eq(run->command, "uptime");
    cr_assert_str_eq(run->mode, "run");
    cr_assert_eq(strncmp(run->inventory_digest, "sha256:", 7), 0);
    cr_assert_null(run->options[0]);
    cr_assert_eq(s.plan->settings, &s.settings);
    struct name_set bad;
    name_set_init(&bad);
    name_set_add(&bad, names[0], NULL);
    struct plan_request request = { .names = &bad, .settings = &s.settings };
    struct plan *plan = NULL;
    struct error err = ERROR_INIT;
    cr_assert_not(plan_build(&plan, &request, &err));
    cr_assert_null(plan);
    error_release(&err);
    name_set_release(&bad);
    scene_close(&s);
}

Test(plan, layers_variables_too)
{
    static const char *const names[] = { "a", NULL };
    struct scene s;
    scene_open(
        &s,
        inventory_good("{\"vars\": {\"x\": 1, \"y\": \"top\"}, \"defaults\": {\"vars\": {\"z\": "
                       "true}}, \"hosts\": {\"a\": {\"vars\": {\"x\": 3, \"own\": []}}},"
                       " \"groups\": {\"g\": {\"hosts\": \"a\", \"vars\": {\"x\": 2, \"y\": "
                       "\"g\"}}}}"),
        names);
    const struct variable *v;
    cr_assert_eq(plan_variables(s.plan, s.plan->targets[0], &v), 4);
    cr_assert_str_eq(v[0].name, "x");
    cr_assert_float_eq(json_number(v[0].value), 3, 0);
    cr_assert_str_eq(v[1].name, "y");
    cr_assert_str_eq(json_string(v[1].value), "g");
    cr_assert_str_eq(v[2].name, "z");
    cr_assert_str_eq(v[3].name, "own");
    scene_close(&s);
}

static void keep_line(void *arg, const char *line)
{
    char **text = arg;
    *text = text_of("%s%s\n", *text, line);
}

Test(plan, notes_once_where_the_order_of_groups_decides)
{
    static const char *const names[] = { "a", "b", NULL };
    char *text = text_of("%s", "");
    struct scene s;
    trace_set(1, keep_line, &text);
    scene_open(
        &s,
        inventory_good("{\"hosts\": [\"a\", \"b\"], \"groups\": {\"p\": {\"children\": [\"g\"], "
                       "\"port\": 1}, \"g\": {\"hosts\": \"a,b\", \"port\": 2}, \"h\": "
                       "{\"hosts\": \"a\", \"port\": 3}}}"),
        names);
    trace_set(0, NULL, NULL);
    cr_assert_eq(port_of(&s, 0), 3);
    cr_assert_eq(port_of(&s, 1), 2);
    cr_assert_str_eq(text,
                     "groups \"p\" and \"h\" have hosts in common and both set port: \"h\", which "
                     "is defined later, decides\n"
                     "groups \"g\" and \"h\" have hosts in common and both set port: \"h\", which "
                     "is defined later, decides\n",
                     "%s", text);
    scene_close(&s);
}
