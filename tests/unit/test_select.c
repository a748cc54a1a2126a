/* SPDX-License-Identifier: MIT */
/* From words to the plan: arguments, inventory, selection and targets together. */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "cli/invocation.h"
#include "cli/select.h"
#include "files.h"
#include "model/options.h"

static struct invocation invocation;
static struct cli_selection selection;

static void setup(void)
{
    unsetenv("WCOLL");
    unsetenv("MUSTER_INVENTORY");
    setenv("HOME", tmp_dir(), 1);
    setenv("XDG_CONFIG_HOME", tmp_dir(), 1);
    cr_assert_eq(chdir(tmp_dir()), 0);
    tmp_file("inv.json", "{ \"defaults\": { \"user\": \"deploy\" },\n"
                         "  \"hosts\": { \"web[1-3]\": { \"groups\": [\"web\"] },\n"
                         "    \"db1\": { \"address\": \"10.0.0.5\", \"port\": 2222 } } }");
}

static void teardown(void)
{
    cli_selection_release(&selection);
    invocation_release(&invocation);
}

TestSuite(select, .init = setup, .fini = teardown);

#define WORDS_MAX 20

/* Plans `words` as a command line of run; the error's text in the arena, NULL for none. */
static const char *plan_words(const char *const *words)
{
    char *copy[WORDS_MAX] = { NULL };
    size_t count = 0;
    struct error error = ERROR_INIT;
    const struct job_spec job = { .kind = JOB_EXEC, .command = "true" };
    for (; words[count]; count++)
        copy[count] = text_of("%s", words[count]);
    if (invocation_init(&invocation, &cmd_run, copy, count, &error) &&
        cli_select(&selection, &invocation, &job, &error))
        return NULL;
    const char *text = arena_strdup(invocation.arena, error_text(&error));
    error_release(&error);
    return text;
}

#define PLAN(...) plan_words((const char *const[]){ __VA_ARGS__, NULL })

/* Expects these names, separated by blanks, as targets. */
static void expect_targets(const char *names)
{
    const struct plan *p = selection.plan;
    char *text = text_of("%s", "");
    for (size_t i = 0; i < p->target_count; i++)
        text = text_of("%s%s%s", text, i ? " " : "", p->targets[i]->info.name);
    cr_expect_str_eq(text, names);
}

Test(select, plans_with_settings_of_every_source)
{
    setenv("MUSTER_CONNECT_TIMEOUT", "3", 1);
    cr_assert_null(PLAN("-i", "inv.json", "-a", "-x", "web2", "-u", "5", "true"));
    expect_targets("web1 web3 db1");
    const struct target *db = selection.plan->targets[2];
    cr_expect_str_eq(db->info.address, "10.0.0.5");
    cr_expect_eq(db->info.port, 2222);
    cr_expect_str_eq(db->info.user, "deploy");
    cr_expect_eq(db->settings->timeout.us, 5000000);
    cr_expect_eq(db->settings->connect_timeout.us, 3000000);
    const struct run_info *run = &selection.plan->run;
    cr_expect_str_eq(run->mode, "run");
    cr_expect_str_eq(run->command, "true");
    cr_expect_str_eq(run->options[0], "--inventory=inv.json");
    cr_expect_str_eq(run->options[1], "--all");
    cr_expect_str_eq(run->options[2], "--exclude=web2");
    cr_expect_str_eq(run->options[3], "--connect-timeout=3s");
    cr_expect_str_eq(run->options[4], "--timeout=5s");
    cr_expect_null(run->options[5]);
}

Test(select, command_line_beats_inventory)
{
    cr_assert_null(PLAN("-i", "inv.json", "-w", "db1", "-p", "22", "-l", "root", "true"));
    cr_expect_eq(selection.plan->targets[0]->info.port, 22);
    cr_expect_str_eq(selection.plan->targets[0]->info.user, "root");
    cr_expect_str_eq(selection.plan->targets[0]->info.address, "10.0.0.5");
}

Test(select, without_inventory_every_name_is_a_host)
{
    cr_assert_null(PLAN("-w", "127.0.0.[2-3]", "true"));
    expect_targets("127.0.0.2 127.0.0.3");
    cr_expect_null(selection.inventory);
}

Test(select, finds_inventories)
{
    setenv("MUSTER_INVENTORY", "inv.json", 1);
    cr_assert_null(PLAN("-g", "web", "true"));
    expect_targets("web1 web2 web3");
}

Test(select, finds_the_users_inventory)
{
    cr_assert_eq(mkdir("muster", 0700), 0);
    tmp_file("muster/inventory.json", "{ \"hosts\": { \"mine\": {} } }");
    cr_assert_null(PLAN("-a", "true"));
    expect_targets("mine");
}

Test(select, honours_wcoll_where_nothing_else_selects)
{
    setenv("WCOLL", tmp_file("wcoll", "h1\nh2\n"), 1);
    cr_assert_null(PLAN("true"));
    expect_targets("h1 h2");
}

Test(select, nothing_selected_is_an_error)
{
    const char *error = PLAN("-i", "inv.json", "true");
    cr_assert_not_null(error);
    cr_expect(strstr(error, "-a"), "%s", error);
}

Test(select, unknown_hosts_and_groups_are_errors)
{
    const char *error = PLAN("-i", "inv.json", "-w", "wbe1", "true");
    cr_expect(error && strstr(error, "web1"), "%s", error);
}

Test(select, all_needs_an_inventory)
{
    cr_expect_not_null(PLAN("-a", "true"));
}

Test(select, standard_input_is_read_once)
{
    const char *error = PLAN("-i", "-", "-a", "-I", "-", "true");
    cr_expect(error && strstr(error, "-I"), "%s", error);
}
