/* SPDX-License-Identifier: MIT */
/* `muster list`: every form, and every way to get it wrong. */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "files.h"
#include "golden.h"
#include "proc.h"
#include "report.h"

#define INVENTORY TEST_SOURCE_DIR "/golden/inventory.json"

/* Runs `muster list` in the folder of the inventory. */
static struct proc_result list_in(const char *folder, const char *const *words)
{
    const char *argv[20] = { MUSTER_BINARY, "list" };
    for (size_t i = 0; words[i]; i++)
        argv[i + 2] = words[i];
    return proc_run(&(struct proc_args){ .argv = argv, .cwd = folder });
}

#define LIST(...)                                                                                  \
    list_in(TEST_SOURCE_DIR "/golden",                                                             \
            (const char *const[]){ "-i", "inventory.json", __VA_ARGS__, NULL })

#define CHECK(name, ...)                                                                           \
    do {                                                                                           \
        struct proc_result r = LIST(__VA_ARGS__);                                                  \
        golden_check(name, &r);                                                                    \
        proc_result_release(&r);                                                                   \
    } while (0)

Test(list, prints_hosts_in_every_form)
{
    CHECK("list-table", "-a");
    CHECK("list-all-unasked", "--fold");
    CHECK("list-names", "--names", "-g", "db", "-w", "web[03-04].example.com");
    CHECK("list-fold-without-canary", "--fold", "-a", "-x", "@canary");
    CHECK("list-tree", "--tree");
    CHECK("list-tree-of-some", "--tree", "-w", "db1,lone");
    CHECK("list-strangers", "-l", "me", "-w",
          "10.0.0.9,root@web01.example.com:22,[::1]:2022,new@host");
    CHECK("list-check", "--check");
}

Test(list, refuses_with_reasons)
{
    CHECK("list-unknown-host", "-w", "web01.example.com,wbe02.example.com");
    CHECK("list-unknown-group", "-g", "wbe");
    CHECK("list-bad-expression", "-w", "web[01-12.example.com");
    CHECK("list-absurd-range", "-w", "web[1-99999999]");
    CHECK("list-nothing-left", "-g", "db", "-x", "db1");
    CHECK("list-two-forms", "--names", "--fold");
    CHECK("list-operand", "db1");
}

Test(list, without_an_inventory)
{
    static const char *const rows[][3] = { { "--check" }, { "-a" }, { "-w", "a[1-2]" } };
    static const char *const names[] = { TEST_SOURCE_DIR "/golden/expected/list-none-check",
                                         TEST_SOURCE_DIR "/golden/expected/list-none-all",
                                         TEST_SOURCE_DIR "/golden/expected/list-none-names" };
    for (size_t i = 0; i < 3; i++) {
        const char *words[] = { "-l", "me", rows[i][0], rows[i][1], NULL };
        struct proc_result r = list_in(tmp_dir(), words);
        golden_compare(names[i], &r);
        proc_result_release(&r);
    }
}

Test(list, tells_all_errors_of_an_inventory)
{
    tmp_file("bad.json", "{ \"hosts\": { \"db1\": { \"port\": 70000, \"adress\": \"x\" },\n"
                         "             \"w[3-1]\": {}, \"b\": [] },\n"
                         "  \"groups\": { \"g\": { \"children\": [\"h\"] } } }\n");
    tmp_file("broken.json", "{ \"hosts\": {\n  \"a\": {}\n  \"b\": {} } }\n");
    const char *const words[][4] = { { "-i", "bad.json", "--check" },
                                     { "-i", "broken.json" },
                                     { "-i", "none.json", "-a" } };
    static const char *const names[] = { TEST_SOURCE_DIR "/golden/expected/list-bad-inventory",
                                         TEST_SOURCE_DIR "/golden/expected/list-broken-inventory",
                                         TEST_SOURCE_DIR "/golden/expected/list-no-file" };
    for (size_t i = 0; i < 3; i++) {
        struct proc_result r = list_in(tmp_dir(), words[i]);
        golden_compare(names[i], &r);
        proc_result_release(&r);
    }
}

Test(list, does_not_let_an_inventory_steer_the_terminal)
{
    tmp_file("evil.json", "{\"groups\": {\"g\": {\"children\": [\"\\u001b[2Jx\", \"\\u009b\"]}},"
                          " \"\\u001b]0;t\": 1}");
    static const char *const words[] = { "-i", "evil.json", NULL };
    struct proc_result r = list_in(tmp_dir(), words);
    golden_check("list-evil-inventory", &r);
    cr_assert_null(strpbrk(r.err, "\x1b\x07\x9b"));
    proc_result_release(&r);
}

Test(list, explains_who_set_what)
{
    static const char *const argv[] = { MUSTER_BINARY,    "list",      "-i",
                                        "inventory.json", "--explain", "root@db1",
                                        "--timeout",      "3m",        NULL };
    static const char *const env[] = { "MUSTER_IDLE_TIMEOUT=7s", NULL };
    struct proc_result r =
        proc_run(&(struct proc_args){ .argv = argv, .env = env, .cwd = TEST_SOURCE_DIR "/golden" });
    proc_expect_exit(&r, 0);
    static const char *const lines[] = {
        "root@db1\n",
        "  groups            prod,canary,db            inventory\n",
        "  address           10.0.0.5                  inventory.json:6:24: /hosts/db1/address\n",
        "  user              root                      the host's name\n",
        "  port              2222                      inventory.json:6:44: /hosts/db1/port\n",
        "  connect_timeout   5s                        inventory.json:3:53: "
        "/defaults/connect_timeout\n",
        "  timeout           3m                        --timeout\n",
        "  idle_timeout      7s                        MUSTER_IDLE_TIMEOUT\n",
        "  vars.site         \"b\"                       inventory.json:10:74: "
        "/groups/prod/vars/site\n",
        "  vars.rack         \"r1\"                      inventory.json:6:85: /hosts/db1/vars/rack\n",
    };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        cr_expect(strstr(r.out, lines[i]), "%s is not in:\n%s", lines[i], r.out);
    proc_result_release(&r);
}

Test(list, writes_json_that_other_programs_read)
{
    struct proc_result r = LIST("--json", "-w", "db1,lone", "--key", "/k1", "--key", "/k2");
    proc_expect_exit(&r, 0);
    cJSON *json = json_parse(r.out);
    cr_assert_eq(cJSON_GetArraySize(json_at(json, "hosts")), 2);
    cr_assert_str_eq(json_text_at(json, "hosts.0.name"), "db1");
    cr_assert_str_eq(json_text_at(json, "hosts.0.address"), "10.0.0.5");
    cr_assert_float_eq(json_number_at(json, "hosts.0.port"), 2222, 0);
    cr_assert_str_eq(json_text_at(json, "hosts.0.user"), "root");
    cr_assert_str_eq(json_text_at(json, "hosts.0.groups.0"), "prod");
    cr_assert_str_eq(json_text_at(json, "hosts.0.vars.site"), "b");
    cr_assert_str_eq(json_text_at(json, "hosts.1.vars.site"), "a");
    cr_assert_eq(cJSON_GetArraySize(json_at(json, "hosts.0.via")), 0);
    cr_assert_str_eq(json_text_at(json, "hosts.0.settings.identity_files.1"), "/k2");
    cr_assert_float_eq(json_number_at(json, "hosts.0.settings.connect_timeout"), 5, 0);
    cr_assert(json_has(json, "hosts.0.settings.known_hosts_files"));
    cr_assert(json_has(json, "hosts.0.settings.host_key_check"));
    cJSON_Delete(json);
    proc_result_release(&r);
}

Test(list, the_schema_is_the_one_in_config_and_fits)
{
    struct proc_result r = MUSTER("list", "--schema");
    proc_expect_exit(&r, 0);
    char *kept = file_read(TEST_SOURCE_DIR "/../config/inventory.schema.json", NULL);
    cr_assert_str_eq(r.out, kept, "muster list --schema >config/inventory.schema.json");
    char *schema = TEST_SOURCE_DIR "/../config/inventory.schema.json";
    schema_check(schema, INVENTORY);
    schema_check(schema,
                 tmp_file("nested.json",
                          "{\"hosts\": [\"a[1-3]\"], \"groups\": {\"g\": {\"children\": {\"h\": "
                          "null, \"i\": {\"hosts\": {\"b\": {\"timeout\": 1.5, \"key\": "
                          "\"k\"}}}}, \"hosts\": \"a1\", \"connect_timeout\": \"1m30s\"}},"
                          " \"vars\": {\"x\": [1, null]}}"));
    free(kept);
    proc_result_release(&r);
}

Test(list, the_example_inventory_is_right)
{
    struct proc_result r =
        MUSTER("list", "-i", TEST_SOURCE_DIR "/../config/inventory.example.json", "--check");
    proc_expect_exit(&r, 0);
    proc_result_release(&r);
}

Test(list, says_when_standard_output_is_full)
{
    const char *const argv[] = { MUSTER_BINARY, "list", "-w", "a[1-100000]", "-l", "me", NULL };
    struct proc_result r =
        proc_run(&(struct proc_args){ .argv = argv, .stdout_path = "/dev/full" });
    proc_expect_exit(&r, 74);
    cr_assert_str_eq(r.err, "muster: standard output: No space left on device\n");
    proc_result_release(&r);
}

Test(list, reads_inventory_and_hosts_from_standard_input)
{
    const char *const argv[] = { MUSTER_BINARY, "list", "-i", "-", "--names", NULL };
    struct proc_result r =
        proc_run(&(struct proc_args){ .argv = argv, .stdin_text = "{\"hosts\": [\"a[1-2]\"]}" });
    proc_expect_exit(&r, 0);
    cr_assert_str_eq(r.out, "a1\na2\n");
    proc_result_release(&r);
    const char *const hosts[] = { MUSTER_BINARY, "list", "-w", "c,-", "--fold", NULL };
    r = proc_run(&(struct proc_args){ .argv = hosts, .stdin_text = "a1\na2 # x\nb\n" });
    proc_expect_exit(&r, 0);
    cr_assert_str_eq(r.out, "c,a[1-2],b\n");
    proc_result_release(&r);
    const char *const both[] = { MUSTER_BINARY, "list", "-i", "-", "-w", "-", NULL };
    r = proc_run(&(struct proc_args){ .argv = both, .stdin_text = "{}" });
    proc_expect_exit(&r, 2);
    cr_assert(strstr(r.err, "-i and -w both read standard input, which can be read only once"));
    proc_result_release(&r);
}

Test(list, wcoll_names_a_file_of_hosts)
{
    char *file = tmp_file("hosts", "web01.example.com\ndb1\n");
    const char *const argv[] = { MUSTER_BINARY, "list", "-i", INVENTORY, "--names", NULL };
    const char *const env[] = { text_of("WCOLL=%s", file), NULL };
    struct proc_result r = proc_run(&(struct proc_args){ .argv = argv, .env = env });
    proc_expect_exit(&r, 0);
    cr_assert_str_eq(r.out, "web01.example.com\ndb1\n");
    proc_result_release(&r);
}
