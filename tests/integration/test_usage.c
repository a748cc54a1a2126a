/* SPDX-License-Identifier: MIT */
/* Bad input: exit status 2, a message that helps, nothing run and nothing half-written. */
#include <criterion/criterion.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"
#include "fleet.h"
#include "run.h"

/* Runs with the fleet's inventory or `inventory`; the message must hold each of the words. */
static void expect_refusal(const char *inventory, const char *const *words, const char *part)
{
    struct run r = run_muster(NULL, inventory, words);
    run_expect(&r, 2);
    cr_assert_not_null(strstr(r.p.err, part), "no \"%s\" in: %s", part, r.p.err);
    cr_assert_str_empty(r.p.out);
    cr_assert_not(file_exists(r.report_path), "a report was written");
}
#define REFUSED(inventory, part, ...)                                                              \
    expect_refusal(inventory, (const char *const[]){ __VA_ARGS__, NULL }, part)

Test(usage, no_selection_is_never_all)
{
    REFUSED(fleet_text("inventory"), "-a", "true");
}

Test(usage, unknown_host_of_the_inventory)
{
    REFUSED(fleet_text("inventory"), "nogroup", "-g", "nogroup", "true");
}

Test(usage, nothing_selected)
{
    REFUSED(fleet_text("inventory"), "host", "-w", "web001", "-x", "web001", "true");
}

Test(usage, broken_json_names_the_place)
{
    char *path = tmp_file("broken.json", "{\n  \"hosts\": { \"a\": {}, }\n  oops\n}\n");
    REFUSED(path, text_of("%s:3:3", path), "-a", "true");
}

Test(usage, a_port_out_of_range_names_the_place)
{
    char *path = tmp_file("port.json", "{ \"hosts\": {\n  \"db1\": { \"port\": 70000 } } }\n");
    REFUSED(path, "/hosts/db1/port: 70000 is not in 1..65535", "-a", "true");
    REFUSED(fleet_text("inventory"), "70000", "-p", "70000", "-a", "true");
}

Test(usage, missing_inventory)
{
    REFUSED("/nonexistent/hosts.json", "/nonexistent/hosts.json", "-a", "true");
}

Test(usage, missing_key_file)
{
    REFUSED(fleet_text("inventory"), "/nonexistent/key", "--key", "/nonexistent/key", "-a", "true");
}

Test(usage, unreadable_known_hosts)
{
    /* A folder cannot be read as a file, not even by root. */
    REFUSED(fleet_text("inventory"), tmp_dir(), "--known-hosts", tmp_dir(), "-a", "true");
}

Test(usage, unknown_option_suggests_the_nearest)
{
    REFUSED(fleet_text("inventory"), "--fanout", "--fanot", "4", "-a", "true");
}

Test(usage, no_command)
{
    REFUSED(fleet_text("inventory"), "command", "-a");
}

Test(usage, a_report_that_cannot_be_written_is_said_before_anything_runs)
{
    const char *argv[] = { MUSTER_BINARY,
                           "run",
                           "-i",
                           fleet_text("inventory"),
                           "-w",
                           "web001",
                           "--json",
                           "/nonexistent/r.json",
                           "touch $HOME/ran",
                           NULL };
    struct proc_result r = proc_run(&(struct proc_args){ .argv = argv });
    cr_assert(r.exit_code == 2 || r.exit_code == 74, "%s", proc_describe(&r));
    cr_assert_not(file_exists(text_of("%s/ran", fleet_text("home"))), "it ran all the same");
}

Test(usage, no_credential_at_all_is_a_clear_error)
{
    char *inventory = run_inventory("\"key\": [], \"known_hosts\": []", "\"h\": {}");
    struct run r = RUN(inventory, "-w", "h", "-p", "1", "-t", "1", "true");
    cr_assert(r.p.exit_code == 4 || r.p.exit_code == 2, "%s", proc_describe(&r.p));
}

Test(usage, help_and_version)
{
    struct proc_result r = MUSTER("--help");
    proc_expect_exit(&r, 0);
    cr_assert_not_null(strstr(r.out, "run"));
    r = MUSTER("run", "-h");
    proc_expect_exit(&r, 0);
    cr_assert_not_null(strstr(r.out, "--fanout"));
    r = MUSTER("--version");
    proc_expect_exit(&r, 0);
    cr_assert_not_null(strstr(r.out, "libssh2"));
}
