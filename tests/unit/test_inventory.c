/* SPDX-License-Identifier: MIT */
/* inventory: what the own form may say, and what is said where it says something wrong. */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/text_source.h"
#include "files.h"
#include "inventories.h"
#include "model/inventory_search.h"

static const char example[] =
    "{ \"$schema\": \"inventory.schema.json\", // comment\n"
    "  \"defaults\": { \"user\": \"deploy\", \"port\": 22 },\n"
    "  \"hosts\": { \"web[01-03].example.com\": { \"groups\": [\"web\"] },\n"
    "             \"db1\": { \"address\": \"10.0.0.5\", \"port\": 2222, \"groups\": \"db\",\n"
    "                      \"vars\": {\"rack\": \"r1\"} }, \"lone\": null },\n"
    "  \"groups\": { \"prod\": { \"children\": [\"web\", \"db\"], \"user\": \"root\" },\n"
    "              \"canary\": { \"hosts\": [\"web01*\", \"db1\"] }, } }";

static char *hosts_of_group(const struct inventory *inv, const char *group)
{
    struct name_set names;
    struct error err = ERROR_INIT;
    name_set_init(&names);
    cr_assert(inventory_add_group(inv, group, &names, &err), "%s", error_text(&err));
    char *joined = names_joined(&names);
    name_set_release(&names);
    return joined;
}

Test(inventory, reads_its_own_form)
{
    struct inventory *inv = inventory_good(example);
    cr_assert_eq(inventory_host_count(inv), 5);
    cr_assert_str_eq(host_name(inventory_host(inv, 0)), "web01.example.com");
    cr_assert_str_eq(host_name(inventory_host(inv, 3)), "db1");
    cr_assert_eq(inventory_find(inv, "lone"), inventory_host(inv, 4));
    cr_assert_null(inventory_find(inv, "web04.example.com"));
    cr_assert_str_eq(hosts_of_group(inv, "prod"),
                     "web01.example.com web02.example.com web03.example.com db1");
    cr_assert_str_eq(hosts_of_group(inv, "canary"), "web01.example.com db1");
    cr_assert_eq(inventory_group_count(inv), 4);
    const struct group *prod = inventory_group(inv, 0);
    cr_assert_str_eq(group_name(prod), "prod");
    cr_assert_str_eq(group_name(inventory_group(inv, 1)), "canary");
    cr_assert_eq(group_child_count(prod), 2);
    cr_assert_str_eq(group_name(group_child(prod, 1)), "db");
    cr_assert(group_is_top(prod));
    cr_assert_not(group_is_top(group_child(prod, 0)));
    struct name_set own;
    name_set_init(&own);
    group_add_own_hosts(prod, &own);
    cr_assert_eq(own.count, 0);
    name_set_release(&own);
    inventory_free(inv);
    inventory_free(NULL);
}

Test(inventory, takes_hosts_and_groups_in_every_place)
{
    struct inventory *inv = inventory_good(
        "{\"hosts\": [\"a[1-2]\", \"b\"],"
        " \"groups\": {\"top\": {\"children\": {\"mid\": {\"hosts\": {\"c[1-2]\": {}, \"a1\": "
        "{\"port\": 1}}, \"children\": [\"leaf\"]}, \"side\": null}},"
        " \"leaf\": {\"hosts\": \"b,@side\"}, \"side\": {\"hosts\": [\"a*!a1\"]}}}");
    cr_assert_eq(inventory_host_count(inv), 5);
    cr_assert_str_eq(hosts_of_group(inv, "mid"), "a1 a2 b c1 c2");
    cr_assert_str_eq(hosts_of_group(inv, "leaf"), "a2 b");
    cr_assert_str_eq(hosts_of_group(inv, "side"), "a2");
    cr_assert_str_eq(hosts_of_group(inv, "top"), "a1 a2 b c1 c2");
    inventory_free(inv);
}

Test(inventory, merges_files)
{
    struct inventory *inv = NULL;
    struct error err = ERROR_INIT;
    cr_assert(inventory_from(&inv, &err,
                             "{\"hosts\": {\"a\": {\"groups\": [\"g\"]}}, \"groups\": {\"g\": {}}}",
                             "{\"hosts\": {\"b\": {}, \"a\": {}}, \"groups\": {\"g\": {\"hosts\": "
                             "[\"b\", \"a\"]}, \"h\": {\"children\": [\"g\"]}}}",
                             NULL),
              "%s", error_text(&err));
    cr_assert_eq(inventory_host_count(inv), 2);
    cr_assert_str_eq(hosts_of_group(inv, "h"), "a b");
    inventory_free(inv);
}

Test(inventory, digest_of_one_file_is_its_sha256)
{
    struct inventory *inv = inventory_good("{}");
    cr_assert_str_eq(inventory_digest(inv),
                     "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a");
    inventory_free(inv);
}

static void expect_error(const char *text, const char *wanted)
{
    struct inventory *inv = NULL;
    struct error err = ERROR_INIT;
    cr_assert_not(inventory_from(&inv, &err, text, NULL, NULL), "passed: %s", text);
    cr_assert_null(inv);
    cr_assert_str_eq(error_text(&err), wanted, "%s\n got: %s\nwant: %s", text, error_text(&err),
                     wanted);
    error_release(&err);
}

Test(inventory, names_the_place_of_every_error)
{
    static const char *const rows[][2] = {
        { "{\n \"hosts\": {\n  \"db1\": { \"port\": 70000 } } }",
          "a.json:3:20: /hosts/db1/port: 70000 is not in 1..65535" },
        { "[]", "a.json:1:1: must be an object, not an array" },
        { "{\"host\": {}}", "a.json:1:2: /host: unknown key (did you mean \"hosts\"?)" },
        { "{\"xyzzy\": {}}", "a.json:1:2: /xyzzy: unknown key" },
        { "{\"hosts\": \"a\"}", "a.json:1:11: /hosts: must be an object, not a string" },
        { "{\"hosts\": {\"a\": {\"prt\": 1}}}",
          "a.json:1:18: /hosts/a/prt: unknown key (did you mean \"port\"?)" },
        { "{\"defaults\": {\"groups\": []}}", "a.json:1:15: /defaults/groups: unknown key" },
        { "{\"defaults\": {\"fanout\": 3}}", "a.json:1:15: /defaults/fanout: unknown key" },
        { "{\"hosts\": {\"a\": 5}}", "a.json:1:17: /hosts/a: must be an object, not a number" },
        { "{\"hosts\": [\"a\", 5]}", "a.json:1:17: /hosts/1: must be a string, not a number" },
        { "{\"hosts\": {\"a\": {\"vars\": []}}}",
          "a.json:1:26: /hosts/a/vars: must be an object, not an array" },
        { "{\"hosts\": {\"w[1-\": {}}}", "a.json:1:12: /hosts/w[1-: '[' is not closed" },
        { "{\"hosts\": {\"w[1-9999999]\": {}}}",
          "a.json:1:12: /hosts/w[1-9999999]: 9999999 names are too many (1000000 at most)" },
        { "{\"hosts\": [\"a[1-999999]\", \"b[1-2]\"]}",
          "a.json:1:27: /hosts/1: more than 1000000 hosts" },
        { "{\"hosts\": {\"u@h\": {}}}",
          "a.json:1:12: /hosts/u@h: \"u@h\" cannot be a host name: it contains '@'" },
        { "{\"hosts\": {\"a\": {\"groups\": [\"x y\"]}}}",
          "a.json:1:29: /hosts/a/groups/0: the name of a group has no blanks, quotes, slashes or "
          "any of ,!&^[]@*?" },
        { "{\"hosts\": {\"a\": {\"address\": \"x y\"}}}",
          "a.json:1:29: /hosts/a/address: \"x y\" cannot be a host name: it contains ' '" },
        { "{\"hosts\": {\"a\": {\"user\": \"x\\u001b\"}}}",
          "a.json:1:26: /hosts/a/user: has a control character" },
        { "{\"hosts\": {\"a\": {\"key\": [\"k\", \"x\\n\"]}}}",
          "a.json:1:25: /hosts/a/key: has a control character" },
        { "{\"groups\": {\"\": {}}}", "a.json:1:13: /groups/: the name of a group is empty" },
        { "{\"groups\": {\"g\": {\"children\": [\"h\"]}, \"hh\": {}}}",
          "a.json:1:32: /groups/g/children/0: unknown group \"h\"" },
        { "{\"groups\": {\"g\": {\"children\": [\"wbe\"]}, \"web\": {}}}",
          "a.json:1:32: /groups/g/children/0: unknown group \"wbe\" (did you mean \"web\"?)" },
        { "{\"groups\": {\"a\": {\"children\": [\"b\"]}, \"b\": {\"children\": [\"c\"]}, \"c\": "
          "{\"children\": [\"a\"]}}}",
          "a.json:1:84: /groups/c/children/0: group \"a\" would contain itself" },
        { "{\"groups\": {\"a\": {\"children\": [\"a\"]}}}",
          "a.json:1:32: /groups/a/children/0: group \"a\" would contain itself" },
        { "{\"hosts\": {\"web01\": {}}, \"groups\": {\"g\": {\"hosts\": [\"wbe01\"]}}}",
          "a.json:1:53: /groups/g/hosts/0: column 1: unknown host \"wbe01\" (did you mean "
          "\"web01\"?)" },
        { "{\"groups\": {\"g\": {\"hosts\": \"a[1-\"}}}",
          "a.json:1:28: /groups/g/hosts: column 2: '[' is not closed" },
        { "{\"groups\": {\"g\": {\"hosts\": \"^f\"}}}",
          "a.json:1:28: /groups/g/hosts: column 1: no file can be read here" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        expect_error(rows[i][0], rows[i][1]);
}

Test(inventory, refuses_groups_that_need_each_other)
{
    struct inventory *inv = NULL;
    struct error err = ERROR_INIT;
    cr_assert_not(inventory_from(&inv, &err,
                                 "{\"groups\": {\"g\": {\"hosts\": \"@h\"}, \"h\": {\"hosts\": "
                                 "\"@g\"}}}",
                                 NULL, NULL));
    cr_assert_str_eq(error_text(&err), "a.json:1:50: /groups/h/hosts: column 2: group \"h\" needs "
                                       "the hosts of \"g\" and the other way round");
    cr_assert_not(inventory_from(&inv, &err,
                                 "{\"groups\": {\"p\": {\"children\": [\"c\"]}, \"c\": {\"hosts\": "
                                 "\"@p\"}}}",
                                 NULL, NULL));
    cr_assert_str_eq(error_text(&err), "a.json:1:54: /groups/c/hosts: column 2: group \"c\" needs "
                                       "the hosts of \"p\" and the other way round");
    error_release(&err);
}

Test(inventory, tells_all_semantic_errors_in_order_of_place)
{
    expect_error("{\"groups\": {\"g\": {\"children\": [\"nix\"], \"port\": 0}},\n"
                 " \"hosts\": {\"a\": {\"prot\": 1, \"user\": 7},\n \"b\": []}}",
                 "a.json:1:32: /groups/g/children/0: unknown group \"nix\"\n"
                 "a.json:1:48: /groups/g/port: 0 is not in 1..65535\n"
                 "a.json:2:18: /hosts/a/prot: unknown key (did you mean \"port\"?)\n"
                 "a.json:2:37: /hosts/a/user: must be a string, not a number\n"
                 "a.json:3:7: /hosts/b: must be an object, not an array");
}

Test(inventory, tells_one_syntax_error_a_file)
{
    struct inventory *inv = NULL;
    struct error err = ERROR_INIT;
    cr_assert_not(inventory_from(&inv, &err, "{\"a\" 1, \"b\" 2}", "{\"nonsense\": 1}", "[\n1 2]"));
    cr_assert_str_eq(error_text(&err), "a.json:1:6: expected ':' after the key, found '1'\n"
                                       "c.json:2:3: expected ',' or ']', found '2'");
    cr_assert_eq(err.code, ERR_INVENTORY);
    error_release(&err);
}

Test(inventory, stops_at_a_number_of_errors)
{
    struct buf b;
    buf_init(&b, 1 << 24);
    buf_add_str(&b, "{\"hosts\": {");
    for (int i = 0; i < 20000; i++)
        buf_addf(&b, "%s\"h%d\": {\"port\": 0}", i ? "," : "", i);
    buf_add_str(&b, "}}");
    struct inventory *inv = NULL;
    struct error err = ERROR_INIT;
    cr_assert_not(inventory_from(&inv, &err, buf_str(&b), NULL, NULL));
    cr_assert_eq(count_lines(error_text(&err), "a.json:1:"), 25);
    cr_assert(strstr(error_text(&err), "\nonly the first 25 errors are shown"));
    error_release(&err);
    buf_release(&b);
}

Test(inventory, limits_the_depth_of_groups)
{
    for (int deep = 98; deep < 102; deep++) {
        struct buf b;
        buf_init(&b, 1 << 20);
        buf_add_str(&b, "{\"groups\": {\"g0\": {}");
        for (int i = 1; i <= deep; i++)
            buf_addf(&b, ", \"g%d\": {\"children\": [\"g%d\"]}", i, i - 1);
        buf_add_str(&b, "}}");
        struct inventory *inv = NULL;
        struct error err = ERROR_INIT;
        cr_assert_eq(inventory_from(&inv, &err, buf_str(&b), NULL, NULL), deep < 100, "%d", deep);
        if (deep >= 100)
            cr_assert(strstr(error_text(&err), "groups are nested too deep"));
        error_release(&err);
        inventory_free(inv);
        buf_release(&b);
    }
}

/* A lattice: each group has both groups of the next level as children. Naive walks never end. */
Test(inventory, walks_a_lattice_of_groups_once, .timeout = 20)
{
    struct buf b;
    buf_init(&b, 1 << 20);
    buf_add_str(&b, "{\"hosts\": [\"h\"], \"groups\": {\"a0\": {\"hosts\": \"h\"}, \"b0\": {}");
    for (int i = 1; i < 90; i++) {
        for (int side = 'a'; side <= 'b'; side++)
            buf_addf(&b, ", \"%c%d\": {\"children\": [\"a%d\", \"b%d\"], \"hosts\": \"@a%d\"}",
                     side, i, i - 1, i - 1, i - 1);
    }
    buf_add_str(&b, "}}");
    struct inventory *inv = inventory_good(buf_str(&b));
    cr_assert_str_eq(hosts_of_group(inv, "b89"), "h");
    inventory_free(inv);
    buf_release(&b);
}

Test(inventory, says_what_a_file_is_not)
{
    char *names[] = { tmp_path("none.json") };
    struct path_list files = { names, 1 };
    struct text_source source = TEXT_SOURCE_STDIN;
    struct inventory *inv = NULL;
    struct error err = ERROR_INIT;
    cr_assert_not(inventory_load(&inv, &files, &source, &err));
    cr_assert_str_eq(error_text(&err), text_of("%s: No such file or directory", names[0]));
    cr_assert_eq(err.code, ERR_FILE);
    names[0] = tmp_file("id_ed25519", "-----BEGIN OPENSSH PRIVATE KEY-----\n");
    cr_assert_not(inventory_load(&inv, &files, &source, &err));
    cr_assert_str_eq(error_text(&err), text_of("%s: that is a key and no inventory (a private key "
                                               "is given with --key)",
                                               names[0]));
    names[0] = (char *)tmp_dir();
    cr_assert_not(inventory_load(&inv, &files, &source, &err));
    cr_assert_str_eq(error_text(&err), text_of("%s: Is a directory", names[0]));
    error_release(&err);
}

Test(inventory, reads_standard_input_once)
{
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    cr_assert_eq(write(ends[1], "{\"hosts\":[\"p\"]}", 15), 15);
    close(ends[1]);
    char *names[] = { "-", "-" };
    struct path_list files = { names, 1 };
    struct text_source source = { .fd = ends[0] };
    struct inventory *inv = NULL;
    struct error err = ERROR_INIT;
    cr_assert(inventory_load(&inv, &files, &source, &err), "%s", error_text(&err));
    cr_assert_not_null(inventory_find(inv, "p"));
    inventory_free(inv);
    files.count = 2;
    cr_assert_not(inventory_load(&inv, &files, &source, &err));
    cr_assert_str_eq(error_text(&err),
                     "-i and -i both read standard input, which can be read only once");
    error_release(&err);
    close(ends[0]);
}

static const char *search(const char *user_folder, const char *system_folder, const char **why)
{
    static struct arena *arena;
    if (!arena)
        arena = arena_new();
    struct inventory_search s = { user_folder, system_folder };
    return inventory_find_file(&s, arena, why);
}

Test(inventory, is_searched_in_order_and_with_care)
{
    const char *why;
    const char *folder = tmp_dir();
    cr_assert_eq(chdir(folder), 0);
    cr_assert_null(search(NULL, "/nonexistent", &why));
    cr_assert_null(why);
    char *inventory = tmp_file("inventory.json", "{}");
    cr_assert_str_eq(search("/nonexistent", folder, &why), inventory);
    cr_assert_str_eq(search(folder, "/nonexistent", &why), inventory);
    char *local = tmp_file("muster.json", "{}");
    chmod(folder, 0700);
    chmod(local, 0644);
    cr_assert_str_eq(search(folder, folder, &why), "muster.json");
    chmod(local, 0646);
    cr_assert_str_eq(search(folder, folder, &why), inventory);
    cr_assert_str_eq(why, "./muster.json is not used because it can be written by everybody");
    chmod(local, 0644);
    chmod(folder, 0757);
    cr_assert_null(search(NULL, "/nonexistent", &why));
    cr_assert_str_eq(why,
                     "./muster.json is not used because its folder can be written by everybody");
    chmod(folder, 0700);
    if (getuid() == 0) {
        cr_assert_eq(chown(local, 12345, 12345), 0);
        cr_assert_null(search(NULL, "/nonexistent", &why));
        cr_assert_str_eq(why, "./muster.json is not used because it belongs to somebody else");
        cr_assert_eq(chown(local, 0, 12345), 0);
        chmod(local, 0664);
        cr_assert_null(search(NULL, "/nonexistent", &why));
        cr_assert_str_eq(why, "./muster.json is not used because it can be written by its group");
    }
    cr_assert_eq(chdir("/"), 0);
}
