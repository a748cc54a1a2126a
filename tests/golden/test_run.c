/* SPDX-License-Identifier: MIT */
/* What people read: help, refusals, and how runs look, against snapshots. */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "files.h"
#include "fleet.h"
#include "golden.h"
#include "mask.h"
#include "proc.h"
#include "run.h"

enum { MOST_WORDS = 24 };

/* Runs muster in the test's own folder. */
static struct proc_result muster_in_tmp(const char *const *words, const char *const *env)
{
    const char *argv[MOST_WORDS] = { MUSTER_BINARY };
    for (size_t i = 0; words[i]; i++)
        argv[i + 1] = words[i];
    return proc_run(&(struct proc_args){ .argv = argv, .env = env, .cwd = tmp_dir() });
}

/* Runs muster, masks what varies, compares. */
static void check(const char *name, const char *const *words)
{
    struct proc_result r = muster_in_tmp(words, NULL);
    mask_result(&r);
    golden_compare(text_of("%s/golden/expected/%s", TEST_SOURCE_DIR, name), &r);
    proc_result_release(&r);
}

#define CHECK(name, ...) check(name, (const char *const[]){ __VA_ARGS__, NULL })

/* The same on hosts, one after the other so that their order is known. */
#define CHECK_RUN(name, ...)                                                                       \
    CHECK(name, "run", "-i", inventory(), "-f", "1", "--host-key-check", "strict", __VA_ARGS__)

/* Good hosts, and one for each way not to be reached. */
static const char *inventory(void)
{
    static const char *path;
    if (path)
        return path;
    char *hosts =
        text_of("\"web[1-3]\": { \"groups\": [\"web\"] }, \"web1\": { \"address\": \"%s\" },"
                "\"web2\": { \"address\": \"%s\" }, \"web3\": { \"address\": \"%s\" },"
                "\"refuse[1-2]\": { \"address\": \"%s\" },"
                "\"changed\": { \"address\": \"127.1.1.1\", \"known_hosts\": \"%s\" },"
                "\"unknown\": { \"address\": \"%s\", \"known_hosts\": \"/dev/null\" },"
                "\"nobody\": { \"address\": \"%s\", \"user\": \"nobody\" },"
                "\"lost\": { \"address\": \"%s\", \"user\": \"fleet\" }",
                fleet_address(0), fleet_address(1), fleet_address(2), fleet_text("fault_refuse"),
                fleet_text("known_hosts_changed"), fleet_address(3), fleet_address(4),
                fleet_text("fault_no_status"));
    path = run_inventory("", hosts);
    return path;
}

Test(help, is_what_it_was)
{
    CHECK("help", "help");
    CHECK("help-run", "run", "--help");
    CHECK("help-list", "help", "list");
}

Test(help, comes_without_arguments_and_in_every_spelling)
{
    struct proc_result wanted = MUSTER("help");
    static const char *const spellings[][3] = {
        { NULL }, { "-h" }, { "--help" }, { "help", "help" }
    };
    for (size_t i = 0; i < sizeof spellings / sizeof *spellings; i++) {
        struct proc_result r = muster_in_tmp(spellings[i], NULL);
        proc_expect_exit(&r, 0);
        cr_expect_str_eq(r.out, wanted.out);
        proc_result_release(&r);
    }
    proc_result_release(&wanted);
}

Test(help, tells_versions_and_limits)
{
    static const char *const words[] = { "--version", NULL };
    static const char *const lines[] = { "muster #.#.#\n",    "\nlibuv #.#.#\n",
                                         "\nOpenSSL #.#.#\n", "\ncJSON #.#.#\n",
                                         "\nlibssh2 #.#.#\n", "  no post-quantum key exchange\n" };
    struct proc_result r = muster_in_tmp(words, NULL);
    proc_expect_exit(&r, 0);
    mask_result(&r);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        cr_expect(strstr(r.out, lines[i]), "no %s in:\n%s", lines[i], r.out);
    proc_result_release(&r);
}

Test(refusal, of_wrong_words)
{
    CHECK("run-no-command", "run");
    CHECK("run-no-selection", "run", "true");
    CHECK("run-hosts-without-command", "run", "-w", "a");
    CHECK("run-empty-command", "run", "-w", "a", "");
    CHECK("run-unknown-option", "run", "-w", "a", "--fanuot", "3", "true");
    CHECK("run-unknown-letter", "run", "-w", "a", "-A", "true");
    CHECK("run-bad-number", "run", "-w", "a", "-f", "many", "true");
    CHECK("run-bad-port", "run", "-w", "a", "-p", "70000", "true");
    CHECK("run-bad-time", "run", "-w", "a", "-t", "10 parsecs", "true");
    CHECK("run-no-value", "run", "-w");
    CHECK("run-bad-choice", "run", "-w", "a", "--color", "pink", "true");
    CHECK("run-two-on-stdout", "run", "-w", "a", "--json", "-", "--jsonl", "-", "true");
    CHECK("unknown-command", "rnu", "-a", "true");
    CHECK("unknown-command-far", "uptime");
    CHECK("option-before-command", "-a", "uptime");
    CHECK("help-of-nothing", "help", "dance");
}

Test(refusal, of_inventories_and_selections)
{
    tmp_file("hosts.json", "{ \"hosts\": { \"web01\": {}, \"web02\": {} },\n"
                           "  \"groups\": { \"web\": { \"hosts\": \"web[01-02]\" } } }\n");
    tmp_file("port.json", "{ \"hosts\": { \"web01\": { \"port\": 70000 } } }\n");
    tmp_file("broken.json", "{ \"hosts\": { \"web01\": {} }\n");
    CHECK("run-unknown-host", "run", "-i", "hosts.json", "-w", "wbe01", "true");
    CHECK("run-unknown-group", "run", "-i", "hosts.json", "-g", "wbe", "true");
    CHECK("run-all-excluded", "run", "-i", "hosts.json", "-a", "-x", "@web", "true");
    CHECK("run-inventory-port", "run", "-i", "port.json", "-a", "true");
    CHECK("run-inventory-broken", "run", "-i", "broken.json", "-a", "true");
    CHECK("run-inventory-missing", "run", "-i", "none.json", "-a", "true");
    CHECK("run-all-without-inventory", "run", "-a", "true");
}

Test(refusal, of_files_named_on_the_command_line)
{
    mkdir(tmp_path("folder"), 0755);
    tmp_file("not-a-key", "hello\n");
    CHECK("run-key-missing", "run", "-w", "127.1.1.1", "-l", "me", "--key", "none", "true");
    CHECK("run-key-no-key", "run", "-w", "127.1.1.1", "-l", "me", "--key", "not-a-key", "true");
    CHECK("run-known-hosts-unreadable", "run", "-w", "127.1.1.1", "-l", "me", "--known-hosts",
          "folder", "true");
    CHECK("run-stdin-missing", "run", "-w", "127.1.1.1", "-l", "me", "-I", "none", "true");
    CHECK("run-report-nowhere", "run", "-w", "127.1.1.1", "-l", "me", "--json", "none/r.json",
          "true");
    CHECK("run-password-file-missing", "run", "-w", "127.1.1.1", "-l", "me", "--password-file",
          "none", "true");
    cr_expect_not(file_exists(tmp_path("none")));
}

Test(refusal, of_a_key_where_an_inventory_belongs)
{
    CHECK("run-key-as-inventory", "run", "-i", fleet_text("key"), "-a", "true");
}

Test(fleet, all_well)
{
    CHECK_RUN("run-ok", "-g", "web", "echo hello from $(echo here)");
    CHECK_RUN("run-one-ok", "-w", "web1", "echo hello");
    CHECK_RUN("run-quiet", "-g", "web", "-q", "echo", "hello");
    CHECK_RUN("run-no-label", "-w", "web[1-2]", "-N", "printf 'a\\nb'");
    CHECK_RUN("run-both-streams", "-w", "web1", "echo out; echo err >&2");
    CHECK_RUN("run-dry", "-n", "-g", "web", "-u", "2m", "rm -rf /tmp/nothing");
}

Test(fleet, commands_that_fail)
{
    CHECK_RUN("run-exit", "-g", "web", "echo no >&2; exit 3");
    CHECK_RUN("run-one-exit", "-w", "web1", "echo no >&2; exit 3");
    CHECK_RUN("run-signal", "-w", "web[1-2]", "kill -KILL $$");
    CHECK_RUN("run-maxrc", "-w", "web1", "-S", "exit 42");
    CHECK_RUN("run-exit-zero", "-w", "web1", "--exit-zero", "exit 42");
    CHECK_RUN("run-timeout", "-w", "web[1-2]", "-u", "700ms", "sleep 100");
    CHECK_RUN("run-one-timeout", "-w", "web1", "-u", "700ms", "sleep 100");
}

Test(fleet, hosts_that_cannot_be_reached)
{
    CHECK_RUN("run-mixed", "-a", "test -d /; echo done");
    CHECK_RUN("run-one-refused", "-w", "refuse1", "true");
    CHECK_RUN("run-one-changed", "-w", "changed", "true");
    CHECK_RUN("run-one-unknown-key", "-w", "unknown", "true");
    CHECK_RUN("run-none-reached", "-w", "refuse[1-2],nobody", "true");
}

Test(fleet, no_credentials_at_all)
{
    CHECK("run-no-agent-no-key", "run", "-w", fleet_address(0), "-p", fleet_port(), "-l", "fleet",
          "--known-hosts", fleet_text("known_hosts"), "true");
}

Test(fleet, in_ascii_where_the_locale_is_not_utf8)
{
    static const char *const env[] = { "LC_ALL=C", NULL };
    const char *words[] = { "run", "-i", inventory(), "-w", "web1", "echo h\xc3\xa9", NULL };
    struct proc_result r = muster_in_tmp(words, env);
    proc_expect_exit(&r, 0);
    cr_expect_str_eq(r.out, "web1: h\xc3\xa9\n", "piped bytes are untouched");
    for (const char *c = r.err; *c; c++)
        cr_assert_geq(*c, 0, "not ASCII: %s", r.err);
    cr_expect(strstr(r.err, "1 ok . "), "%s", r.err);
    proc_result_release(&r);
}
