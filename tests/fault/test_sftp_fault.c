/* SPDX-License-Identifier: MIT */
/* Servers of files that misbehave: what is on disk afterwards, on either side, and what is said. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"
#include "fleet.h"
#include "report.h"
#include "transfer.h"

enum { SIZE = 300000, LIMIT_S = 5, MIB = 1 << 20 };

/* A path in the store of the server, which a client knows as "/NAME". */
static char *store(const char *name)
{
    return text_of("%s/%s", fleet_text("sftp_fault_store"), name);
}

/* --- Push ------------------------------------------------------------------------------------ */

enum target { OLD, NEW, MISSING };

struct push_case {
    const char *behaviour;
    const char *statuses; /* that are right, each between blanks */
    enum target target;   /* what is there afterwards, where "old\n" was before */
};

/* Where a server gives answers that are none, it is chance whether an error or the limit is first.
 */
static const struct push_case push_cases[] = {
    { "honest", " ok ", NEW },
    { "slow", " ok ", NEW },
    { "shortreads", " ok ", NEW },
    { "unordered", " ok ", NEW },
    { "full", " transfer ", OLD },
    { "quota", " transfer ", OLD },
    { "lie", " transfer ", OLD },
    { "corrupt", " transfer ", OLD },
    { "perm", " transfer ", OLD },
    { "badtype", " transfer ", OLD },
    { "renamefails", " transfer ", OLD },
    { "drop", " transfer ", OLD },
    { "stall", " timeout ", OLD },
    { "noreply", " timeout transfer ", OLD },
    { "badid", " timeout transfer ", OLD },
    { "hugepacket", " timeout transfer ", OLD },
    { "garbage", " timeout transfer ", OLD },
    { "lostrename", " lost ", OLD },
    { "renamedlost", " lost ", NEW },
};
enum { PUSH_CASES = sizeof push_cases / sizeof *push_cases };

/* Hosts named as the behaviours, so that DEST may be "/{host}/...". */
static char *push_inventory(void)
{
    char *hosts = "";
    for (size_t i = 0; i < PUSH_CASES; i++)
        hosts = text_of("%s%s\"%s\": { \"address\": \"%s\" }", hosts, i ? ",\n" : "",
                        push_cases[i].behaviour, fleet_text("sftp_fault_address"));
    return run_inventory("", hosts);
}

/* Each behaviour's own folder for this test; returns its name. */
static char *make_old_files(void)
{
    char *name = text_of("push-%d", (int)getpid());
    for (size_t i = 0; i < PUSH_CASES; i++) {
        char *dir = store(text_of("%s/%s", push_cases[i].behaviour, name));
        shell("rm -rf \"$1\" && mkdir \"$1\" && echo old >\"$1/app\"", dir, NULL, NULL);
        give_to_servers(dir);
    }
    return name;
}

/* One line about what is not as expected; "" where all is well. */
static char *compare(const struct run *r, const struct push_case *c, const char *dir,
                     const char *content)
{
    const char *status = run_status(r, c->behaviour);
    char *app = text_of("%s/app", dir);
    size_t size = 0;
    char *is = file_exists(app) ? file_read(app, &size) : strdup("(missing)");
    const char *wanted = c->target == NEW ? content : "old\n";
    size_t wanted_size = c->target == NEW ? SIZE : strlen("old\n");
    bool has_content = size == wanted_size && memcmp(is, wanted, size) == 0;
    if (strstr(c->statuses, text_of(" %s ", status)) != NULL && has_content)
        return "";
    return text_of("  %s: %s/%s (%s), %zu bytes there%s\n", c->behaviour, status,
                   run_error(r, c->behaviour), run_message(r, c->behaviour), size,
                   has_content ? "" : ", which are wrong");
}

static void expect_cases(const struct run *r, const char *name)
{
    char *content = bytes_of("app", SIZE), *wrong = "";
    for (size_t i = 0; i < PUSH_CASES; i++) {
        char *dir = store(text_of("%s/%s", push_cases[i].behaviour, name));
        wrong = text_of("%s%s", wrong, compare(r, &push_cases[i], dir, content));
    }
    cr_assert_str_empty(wrong, "\n%s", wrong);
    for (size_t i = 0; i < PUSH_CASES; i++)
        expect_no_secret_temporary(r, push_cases[i].behaviour,
                                   store(text_of("%s/%s", push_cases[i].behaviour, name)));
}

/* Never removed and then renamed: between the two there would be nothing. */
static void expect_target_never_removed(const char *name)
{
    char *log = file_read(store("log"), NULL);
    for (size_t i = 0; i < PUSH_CASES; i++) {
        char *request = text_of("13 /%s/%s/app \n", push_cases[i].behaviour, name);
        cr_assert_eq(count_text(log, request), 0, "removed: %s", request);
        request = text_of("3 /%s/%s/app \n", push_cases[i].behaviour, name);
        const char *opened = strstr(log, request);
        cr_assert(opened == NULL, "opened in place: %s", request);
    }
}

Test(sftp_fault, push_leaves_the_old_file_or_the_new, .timeout = 120)
{
    char *inventory = push_inventory(), *name = make_old_files();
    char *src = source_file("app", SIZE);
    struct run r = PUSH(inventory, "-a", "-u", text_of("%d", LIMIT_S * 3), "--verify", src,
                        text_of("/{host}/%s/app", name));
    run_expect(&r, 4);
    expect_cases(&r, name);
    expect_target_never_removed(name);
    const cJSON *host;
    cJSON_ArrayForEach(host, json_at(r.report, "hosts"))
    {
        cr_assert_lt(json_number_at(host, "timing_ms.total"), (LIMIT_S * 3 + 10) * 1000);
    }
}

/* One behaviour, one file, without --verify. */
static struct run push_one(const char *behaviour, const char *src, const char *dir)
{
    char *path = store(text_of("%s/%s", behaviour, dir));
    shell("rm -rf \"$1\" && mkdir \"$1\" && echo old >\"$1/app\"", path, NULL, NULL);
    give_to_servers(path);
    return PUSH(host_inventory(fleet_text("sftp_fault_address")), "-a", "-u", "5", src,
                text_of("/%s/%s/app", behaviour, dir));
}

Test(sftp_fault, push_compares_sizes_unasked)
{
    char *src = source_file("app", SIZE), *dir = text_of("size-%d", (int)getpid());
    struct run r = push_one("lie", src, dir);
    run_expect(&r, 4);
    expect_status(&r, "h", " transfer ");
    expect_text(store(text_of("lie/%s/app", dir)), "old\n");
    expect_no_temporary(store(text_of("lie/%s", dir)));
}

Test(sftp_fault, push_stalls_no_longer_than_its_limit)
{
    char *src = source_file("app", SIZE), *dir = text_of("stall-%d", (int)getpid());
    struct run r = push_one("stall", src, dir);
    run_expect(&r, 3);
    expect_status(&r, "h", " timeout ");
    cr_assert_str_eq(run_error(&r, "h"), "run_timeout");
    cr_assert_lt(r.p.elapsed_ms, 15000);
    expect_text(store(text_of("stall/%s/app", dir)), "old\n");
}

Test(sftp_fault, push_says_why_the_disk_is_full)
{
    char *src = source_file("app", SIZE), *dir = text_of("full-%d", (int)getpid());
    struct run r = push_one("full", src, dir);
    run_expect(&r, 4);
    cr_assert(strstr(run_message(&r, "h"), "app"), "%s", run_message(&r, "h"));
    expect_no_temporary(store(text_of("full/%s", dir)));
    r = push_one("quota", src, dir);
    run_expect(&r, 4);
    expect_no_temporary(store(text_of("quota/%s", dir)));
}

/* A file that fails does not hold up those beside it. */
Test(sftp_fault, push_of_a_tree_goes_on_after_a_failure)
{
    char *tree = tmp_path("tree"), *dir = store(text_of("full/tree-%d", (int)getpid()));
    shell("mkdir \"$1\" && echo 1 >\"$1/a\" && head -c 300000 /dev/zero >\"$1/b\" &&"
          "echo 3 >\"$1/c\"",
          tree, NULL, NULL);
    struct run r = PUSH(host_inventory(fleet_text("sftp_fault_address")), "-a", "-u", "20", "-r",
                        tree, text_of("/full/tree-%d", (int)getpid()));
    run_expect(&r, 4);
    expect_status(&r, "h", " transfer ");
    expect_text(text_of("%s/a", dir), "1\n");
    expect_text(text_of("%s/c", dir), "3\n");
    cr_assert_not(file_exists(text_of("%s/b", dir)));
    cr_assert_eq(transfer_sum(&r, "h", "failed"), 1);
    expect_no_temporary(dir);
}

/* --- Pull ------------------------------------------------------------------------------------ */

struct pull_case {
    const char *source;
    const char *statuses;
    enum target target; /* of out/h/NAME, where "old\n" was before */
};

static const struct pull_case pull_cases[] = {
    { "/honest/file", " ok ", NEW },
    { "/unordered/file", " ok ", NEW },
    { "/shortreads/file", " ok ", NEW },
    { "/setuid/file", " ok ", NEW },
    { "/slow/file", " ok ", NEW },
    { "/perm/file", " ok ", NEW },
    { "/short/file", " transfer ", OLD },
    { "/zero/file", " transfer timeout ", OLD },
    { "/drop/file", " transfer ", OLD },
    { "/stall/file", " timeout ", OLD },
    { "/noreply/file", " timeout transfer ", OLD },
    { "/badid/file", " timeout transfer ", OLD },
    { "/hugepacket/file", " timeout transfer ", OLD },
    { "/garbage/file", " timeout transfer ", OLD },
    { "/badtype/file", " timeout transfer ", OLD },
    { "/full/missing", " transfer ", OLD },
};
enum { PULL_CASES = sizeof pull_cases / sizeof *pull_cases };

/* Pulls into a new folder OUT; fails the test where more than out/h is touched. */
static struct run pull(const char *source, const char *out, const char *option)
{
    const char *words[] = { "-a", "-u", text_of("%d", LIMIT_S), source, out, option, NULL };
    if (option != NULL) {
        words[3] = option;
        words[4] = source;
        words[5] = out;
    }
    tmp_file("beside", "mine\n");
    char *inventory = host_inventory(fleet_text("sftp_fault_address"));
    struct run r = run_finish(run_start_command("pull", NULL, inventory, words));
    expect_text(tmp_path("beside"), "mine\n");
    expect_no_temporary(tmp_dir());
    char *others = shell("cd \"$1\" && ls -A | grep -vx h || true", out, NULL, NULL);
    cr_assert_str_empty(others, "in DIR, but of no host: %s", others);
    cr_assert_not(file_exists("/tmp/muster-escaped"));
    return r;
}

/* One file over an old one; returns a line about what is not as expected. */
static char *pull_file(const struct pull_case *c)
{
    const char *name = strrchr(c->source, '/') + 1;
    char *out = tmp_path("out"), *dst = text_of("%s/h/%s", out, name);
    shell("rm -rf \"$1\" && mkdir -p \"$1/h\" && echo old >\"$2\"", out, dst, NULL);
    struct run r = pull(c->source, out, NULL);
    char *wanted = c->target == NEW ? store(c->source + 1) : tmp_file("old", "old\n");
    const char *argv[] = { "cmp", wanted, dst, NULL };
    bool is_right = proc_run(&(struct proc_args){ .argv = argv }).exit_code == 0;
    if (is_right && strstr(c->statuses, text_of(" %s ", run_status(&r, "h"))) != NULL)
        return "";
    return text_of("  %s: %s/%s (%s)%s\n", c->source, run_status(&r, "h"), run_error(&r, "h"),
                   run_message(&r, "h"), is_right ? "" : ", and wrong content");
}

Test(sftp_fault, pull_leaves_the_old_file_or_the_new, .timeout = 180)
{
    char *wrong = "";
    for (size_t i = 0; i < PULL_CASES; i++)
        wrong = text_of("%s%s", wrong, pull_file(&pull_cases[i]));
    cr_assert_str_empty(wrong, "\n%s", wrong);
}

static char *new_out(void)
{
    char *out = tmp_path("out");
    mkdir(out, 0755);
    return out;
}

/* A log that grows meanwhile: its beginning, or nothing. */
Test(sftp_fault, pull_of_a_file_that_grows)
{
    char *out = new_out(), *dst = tmp_path("out/h/file");
    struct run r = pull("/grow/file", out, NULL);
    expect_status(&r, "h", " ok transfer ");
    if (r.p.exit_code != 0) {
        cr_assert_not(file_exists(dst));
        return;
    }
    size_t size = 0;
    char *is = file_read(dst, &size), *all = file_read(store("grow/file"), NULL);
    cr_assert(size == 1000 || size == 5000, "%zu bytes", size);
    cr_assert_arr_eq(is, all, size);
}

Test(sftp_fault, pull_drops_setuid)
{
    struct run r = pull("/setuid", new_out(), "-r");
    run_expect(&r, 0);
    cr_assert_eq(mode_of(tmp_path("out/h/setuid/file")), 0755);
}

Test(sftp_fault, pull_ends_at_an_endless_folder, .timeout = 120)
{
    struct run r = pull("/endless", new_out(), "-r");
    cr_assert(r.p.exit_code == 4 || r.p.exit_code == 3, "%s", proc_describe(&r.p));
    expect_status(&r, "h", " transfer timeout ");
    cr_assert_lt(r.p.elapsed_ms, 30000);
    proc_expect_memory(&r.p, 200 * 1024);
}

Test(sftp_fault, pull_ends_in_an_endless_depth, .timeout = 120)
{
    struct run r = pull("/deep", new_out(), "-r");
    cr_assert(r.p.exit_code == 4 || r.p.exit_code == 3, "%s", proc_describe(&r.p));
    expect_status(&r, "h", " transfer timeout ");
    cr_assert_lt(r.p.elapsed_ms, 30000);
    proc_expect_memory(&r.p, 200 * 1024);
}

/* Good names arrive, the others are said to be bad. */
Test(sftp_fault, pull_refuses_names_that_are_none)
{
    struct run r = pull("/names", new_out(), "-r");
    run_expect(&r, 4);
    expect_status(&r, "h", " transfer ");
    char *names = shell("cd \"$1\" && find . -type f | sort", tmp_path("out/h"), NULL, NULL);
    for (char *name = names; *name != '\0'; name += strcspn(name, "\n") + 1) {
        size_t size = strcspn(name, "\n");
        bool is_known =
            strncmp(name, "./names/good", size) == 0 || strncmp(name, "./names/twice", size) == 0;
        cr_assert(is_known, "pulled: %s", names);
    }
    expect_same_file(store("names/file"), tmp_path("out/h/names/good"));
    cr_assert_geq(transfer_sum(&r, "h", "failed"), 1);
    cr_assert_not(strchr(r.p.err, '\x1b'), "an escape sequence reaches the terminal");
    cr_assert_not(strchr(r.p.out, '\x1b'), "an escape sequence reaches the terminal");
}

/* Which of the two "a" is believed does not matter, as long as nothing is written through it. */
Test(sftp_fault, pull_writes_through_no_link)
{
    unlink("/tmp/muster-escaped");
    struct run r = pull("/links", new_out(), "-r");
    expect_status(&r, "h", " ok transfer ");
    cr_assert_not(file_exists("/tmp/muster-escaped"));
    shell("test ! -e \"$1\" -o -L \"$1\"", tmp_path("out/h/links/loop"), NULL, NULL);
}

Test(sftp_fault, pull_of_a_link_whose_target_is_a_megabyte)
{
    struct run r = pull("/biglink", new_out(), "-r");
    expect_status(&r, "h", " transfer timeout ");
    cr_assert_lt(r.p.elapsed_ms, 15000);
}

Test(sftp_fault, pull_asks_where_a_folder_tells_no_types)
{
    struct run r = pull("/typeless", new_out(), "-r");
    run_expect(&r, 0);
    expect_same_file(store("typeless/file"), tmp_path("out/h/typeless/file"));
    shell("test -d \"$1\"", tmp_path("out/h/typeless/sub"), NULL, NULL);
}

/* A connection that breaks names no file of the next: the others are whole or not there. */
Test(sftp_fault, pull_of_many_files_that_breaks)
{
    char *out = new_out();
    struct run r = pull("/drop", out, "-r");
    run_expect(&r, 4);
    expect_status(&r, "h", " transfer ");
    cr_assert_not(file_exists(tmp_path("out/h/drop/file")));
}
