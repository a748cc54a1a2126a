/* SPDX-License-Identifier: MIT */
/* push --sudo: real sudo on a real root login, which it lets become anybody without a password. */
#include <criterion/criterion.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"
#include "fleet.h"
#include "report.h"
#include "skip.h"
#include "transfer.h"

enum { SIZE = 300000, NOBODY = 65534 };

/* An inventory of one host "h" on which root logs in; skips where that, or sudo, is not to be had.
 */
static char *root_host(void)
{
    const char *address = fleet_text("root_address");
    if (access("/usr/bin/sudo", X_OK) != 0)
        test_skip("sudo is not installed");
    return run_inventory("\"user\": \"root\"", text_of("\"h\": { \"address\": \"%s\" }", address));
}

/* A folder in which nobody but `nobody` may write; heap. */
static char *nobodys_folder(void)
{
    char *path = target_folder("nobodys");
    cr_assert_eq(chmod(path, 0755), 0);
    cr_assert_eq(chown(path, NOBODY, NOBODY), 0);
    return path;
}

static void expect_nobodys(const char *path)
{
    struct stat st;
    cr_assert_eq(stat(path, &st), 0, "%s", path);
    cr_assert_eq(st.st_uid, NOBODY, "%s belongs to %u", path, (unsigned)st.st_uid);
}

Test(push_sudo, files_are_written_by_the_user)
{
    char *inventory = root_host(), *folder = nobodys_folder(), *src = source_file("app", SIZE);
    char *dst = text_of("%s/app", folder);
    struct run r = PUSH(inventory, "-a", "--sudo=nobody", "--verify", "--mode", "0640", src, dst);
    run_expect(&r, 0);
    expect_same_file(src, dst);
    expect_nobodys(dst);
    cr_assert_eq(mode_of(dst), 0640);
    expect_no_temporary(folder);
    r = PUSH(inventory, "-a", "--sudo=nobody", "--skip-same", "--mode", "0640", src, dst);
    run_expect(&r, 0);
    cr_assert_eq(transfer_sum(&r, "h", "changed"), 0);
}

Test(push_sudo, folders_too)
{
    char *inventory = root_host(), *folder = nobodys_folder(), *tree = tmp_path("tree");
    shell("mkdir -p \"$1/sub/empty\"; echo 1 >\"$1/a b\"; echo 2 >\"$1/sub/it's\"; "
          "ln -s ../up \"$1/sub/link\"",
          tree, NULL, NULL);
    struct run r =
        PUSH(inventory, "-a", "--sudo=nobody", "-r", "--mkdir", tree, text_of("%s/new/", folder));
    run_expect(&r, 0);
    expect_same_tree(tree, text_of("%s/new/tree", folder));
    expect_nobodys(text_of("%s/new", folder));
    expect_nobodys(text_of("%s/new/tree/sub/empty", folder));
    cr_assert_eq(mode_of(text_of("%s/new", folder)), 0755);
    expect_no_temporary(folder);
}

/* Root could write there; who the files are written as cannot. */
Test(push_sudo, what_the_user_may_not_is_refused)
{
    char *inventory = root_host(), *src = source_file("app", SIZE);
    char *dst = target_file("old", "old\n");
    struct run r = PUSH(inventory, "-a", "--sudo=nobody", src, dst);
    run_expect(&r, 4);
    expect_status(&r, "h", " transfer ");
    cr_assert(strstr(run_message(&r, "h"), "Permission denied"), "%s", run_message(&r, "h"));
    expect_text(dst, "old\n");
    expect_no_temporary(target_dir());
}

Test(push_sudo, a_user_that_is_none_is_told)
{
    char *inventory = root_host(), *src = source_file("app", SIZE);
    struct run r = PUSH(inventory, "-a", "--sudo=no-such-user", src, target_path("new"));
    run_expect(&r, 4);
    cr_assert(strstr(run_message(&r, "h"), "no-such-user"), "%s", run_message(&r, "h"));
    cr_assert_not(file_exists(target_path("new")));
}

/* Whether a command is forced is only known once a channel is open: it must not run instead. */
Test(push_sudo, a_forced_command_is_not_run)
{
    const char *runs = fleet_text("forced_runs");
    size_t before = file_exists(runs) ? count_lines(file_read(runs, NULL), "") : 0;
    char *inventory = run_inventory("\"user\": \"forced\"",
                                    text_of("\"h\": { \"address\": \"%s\" }", fleet_address(40)));
    struct run r = PUSH(inventory, "-a", "--sudo", source_file("app", SIZE), target_path("new"));
    run_expect(&r, 4);
    expect_status(&r, "h", " unreachable ");
    size_t after = file_exists(runs) ? count_lines(file_read(runs, NULL), "") : 0;
    cr_assert_eq(after, before);
}
