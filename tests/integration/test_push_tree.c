/* SPDX-License-Identifier: MIT */
/* Pushing trees: names of all kinds, links as links, what is deleted, and many hosts at once. */
#include <criterion/criterion.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"
#include "fleet.h"
#include "report.h"
#include "transfer.h"

enum { TREE_HOSTS = 50 };

/* What a file system allows: $1 is the folder to make. */
static const char tree_script[] =
    "mkdir \"$1\" && cd \"$1\" && umask 022 &&"
    "mkdir -p 'two words/deeper/deepest' empty 'empty too/in it' sub &&"
    "echo a >'two words/deeper/deepest/file' && echo b >'new\nline' && echo c >'-rf' &&"
    "echo d >\"$(printf '\\377\\376bytes')\" && echo e >'\"quoted\" it'\\''s $HOME;`id`' &&"
    "echo f >.hidden && : >nothing && echo g >sub/script && chmod 0755 sub/script &&"
    "echo h >sub/secret && chmod 0600 sub/secret && head -c 700000 /dev/zero >sub/zeros &&"
    "ln -s sub/script relative && ln -s /etc/passwd absolute && ln -s nowhere dangling &&"
    "ln -s sub folder-link && ln -s . sub/loop &&"
    "i=0; while [ $i -lt 300 ]; do echo $i >\"sub/small-$i\"; i=$((i + 1)); done";
enum { TREE_SMALL = 300 };

static char *make_tree(void)
{
    char *tree = tmp_path("tree");
    shell(tree_script, tree, NULL, NULL);
    return tree;
}

/* "DEST/tree" where that is, else DEST. */
static char *landed(const char *dest)
{
    char *inside = text_of("%s/tree", dest);
    return file_exists(inside) ? inside : text_of("%s", dest);
}

Test(push_tree, arrives_as_it_is)
{
    char *tree = make_tree(), *dst = target_path("copy");
    struct run r = PUSH(one_host(), "-a", "-r", tree, dst);
    run_expect(&r, 0);
    expect_status(&r, "h", " ok ");
    expect_same_tree(tree, dst);
    cr_assert_eq(mode_of(target_path("copy/sub/secret")), 0600);
    cr_assert_eq(mode_of(target_path("copy/sub/script")), 0755);
    cr_assert_eq(transfer_sum(&r, "h", "failed"), 0);
    cr_assert_geq(transfer_sum(&r, "h", "files"), TREE_SMALL + 15);
    expect_no_temporary(target_dir());
}

Test(push_tree, an_existing_folder_takes_it_in)
{
    char *tree = make_tree();
    target_folder("into");
    struct run r = PUSH(one_host(), "-a", "-r", tree, target_path("into"));
    run_expect(&r, 0);
    expect_same_tree(tree, target_path("into/tree"));
    /* Over itself: nothing is followed, nothing nested. */
    r = PUSH(one_host(), "-a", "-r", tree, target_path("into"));
    run_expect(&r, 0);
    expect_same_tree(tree, target_path("into/tree"));
    expect_no_temporary(target_dir());
}

/* Those that have failed make room for the others: there are more than are under way at once. */
Test(push_tree, folders_in_the_way_of_many_files)
{
    char *tree = make_tree();
    target_folder("into");
    shell("mkdir \"$1/tree\" && for n in 1 2 3 4 5 6; do mkdir -p \"$1/tree/sub/small-$n\"; done",
          target_path("into"), NULL, NULL);
    give_to_servers(target_path("into"));
    struct run r = PUSH(one_host(), "-a", "-r", "-u", "20", tree, target_path("into"));
    run_expect(&r, 4);
    expect_status(&r, "h", " transfer ");
    cr_assert_eq(transfer_sum(&r, "h", "failed"), 6);
    cr_assert_geq(transfer_sum(&r, "h", "files"), TREE_SMALL + 15 - 6);
    expect_same_file(text_of("%s/sub/zeros", tree), target_path("into/tree/sub/zeros"));
}

/* Programs for digests write such names in a way of their own, others in the same answer. */
Test(push_tree, digests_below_names_with_newlines)
{
    char *tree = tmp_path("lines");
    shell("mkdir -p \"$1/new\nline\" \"$1/back\\\\slash\" && cd \"$1\" &&"
          "for i in 1 2 3 4 5; do echo $i >\"new\nline/$i\"; echo $i >\"back\\\\slash/$i\";"
          "echo $i >$i; echo $i >\"$i\n\"; done",
          tree, NULL, NULL);
    char *dst = target_path("copy");
    struct run r = PUSH(one_host(), "-a", "-r", "--verify", tree, dst);
    run_expect(&r, 0);
    r = PUSH(one_host(), "-a", "-r", "--verify", "--skip-same", text_of("%s/.", tree), dst);
    run_expect(&r, 0);
    cr_assert_eq(transfer_sum(&r, "h", "changed"), 0);
    expect_same_tree(tree, dst);
}

/* Modes are given from the inside out: what locks us out comes last. */
Test(push_tree, folders_that_nobody_may_enter)
{
    char *tree = tmp_path("locked");
    shell("mkdir -p \"$1/a/b/c\" && echo x >\"$1/a/b/c/f\" && chmod 0750 \"$1/a/b/c\" &&"
          "chmod 0500 \"$1/a/b\" && chmod 0500 \"$1/a\"",
          tree, NULL, NULL);
    if (geteuid() == 0) /* who could read it otherwise? */
        shell("chmod 0400 \"$1/a/b\"", tree, NULL, NULL);
    struct run r = PUSH(one_host(), "-a", "-r", tree, target_path("copy"));
    run_expect(&r, 0);
    cr_assert_eq(mode_of(target_path("copy/a")), 0500);
    cr_assert_eq(mode_of(target_path("copy/a/b")), geteuid() == 0 ? 0400U : 0500U);
    cr_assert_eq(mode_of(target_path("copy/a/b/c")), 0750);
    shell("chmod -R u+rwx \"$1\"", tree, NULL, NULL);
}

/* What is in a folder keeps its names, also where DEST is made for it. */
Test(push_tree, the_content_of_a_folder)
{
    char *tree = make_tree(), *content = text_of("%s/.", tree);
    target_folder("there");
    struct run r = PUSH(one_host(), "-a", "-r", content, target_path("there"));
    run_expect(&r, 0);
    expect_same_tree(tree, target_path("there"));
    r = PUSH(one_host(), "-a", "-r", content, target_path("new"));
    run_expect(&r, 0);
    expect_same_tree(tree, target_path("new"));
    r = PUSH(one_host(), "-a", "-r", "--mkdir", content, target_path("two/new/"));
    run_expect(&r, 0);
    expect_same_tree(tree, target_path("two/new"));
}

Test(push_tree, a_file_is_no_folder_to_go_into)
{
    char *tree = make_tree(), *file = target_file("file", "stays\n");
    static const char *const options[] = { "-r", "--mkdir" };
    for (size_t i = 0; i < 2; i++) {
        struct run r = PUSH(one_host(), "-a", "-r", options[i], tree, text_of("%s/", file));
        run_expect(&r, 4);
        cr_assert(strstr(run_message(&r, "h"), "is not a folder"), "%s", run_message(&r, "h"));
        expect_text(file, "stays\n");
    }
}

Test(push_tree, a_tree_and_a_file_together)
{
    char *tree = make_tree(), *file = source_file("file", 5000);
    target_folder("into");
    struct run r = PUSH(one_host(), "-a", "-r", tree, file, target_path("into/"));
    run_expect(&r, 0);
    expect_same_tree(tree, target_path("into/tree"));
    expect_same_file(file, target_path("into/file"));
}

Test(push_tree, a_second_run_moves_nothing)
{
    char *tree = make_tree();
    target_folder("into");
    static const char *const options[] = { "--preserve", "--verify" };
    for (size_t i = 0; i < 2; i++) {
        struct run r = PUSH(one_host(), "-a", "-r", options[i], tree, target_path("into"));
        run_expect(&r, 0);
        r = PUSH(one_host(), "-a", "-r", options[i], "--skip-same", tree, target_path("into"));
        run_expect(&r, 0);
        cr_assert_eq(transfer_sum(&r, "h", "bytes"), 0);
        cr_assert_eq(transfer_sum(&r, "h", "changed"), 0);
        expect_same_tree(tree, target_path("into/tree"));
    }
    shell("echo more >>\"$1/sub/small-7\"", tree, NULL, NULL);
    struct run r =
        PUSH(one_host(), "-a", "-r", "--verify", "--skip-same", tree, target_path("into"));
    run_expect(&r, 0);
    cr_assert_eq(transfer_sum(&r, "h", "bytes"), strlen("7\nmore\n"));
    cr_assert_eq(transfer_sum(&r, "h", "changed"), 1);
    expect_same_tree(tree, target_path("into/tree"));
}

Test(push_tree, every_kind_of_server)
{
    static const char *const keys[] = { "sftp_server_address", "dropbear_sftp_address",
                                        "no_sftp_address", "no_rename_address" };
    char *tree = make_tree();
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        char *inventory = host_inventory(fleet_text(keys[i]));
        struct run r = PUSH(inventory, "-a", "-r", tree, target_path(keys[i]));
        run_expect(&r, 0);
        expect_same_tree(tree, target_path(keys[i]));
        r = PUSH(inventory, "-a", "-r", tree, text_of("%s/..", target_path(keys[i])));
        run_expect(&r, 0);
        expect_same_tree(tree, target_path("tree"));
    }
    expect_no_temporary(target_dir());
}

/* --- Kinds that do not fit ------------------------------------------------------------------- */

Test(push_tree, a_folder_in_the_place_of_a_file_stays)
{
    char *tree = make_tree();
    target_folder("into");
    target_folder("into/tree");
    target_folder("into/tree/nothing"); /* a file in the tree */
    target_file("into/tree/nothing/inside", "stays\n");
    struct run r = PUSH(one_host(), "-a", "-r", tree, target_path("into"));
    run_expect(&r, 4);
    expect_status(&r, "h", " transfer ");
    expect_text(target_path("into/tree/nothing/inside"), "stays\n");
    cr_assert_geq(transfer_sum(&r, "h", "failed"), 1);
    expect_no_temporary(target_dir());
}

Test(push_tree, a_file_in_the_place_of_a_folder_stays)
{
    char *tree = make_tree();
    target_folder("into");
    target_folder("into/tree");
    target_file("into/tree/sub", "stays\n");
    struct run r = PUSH(one_host(), "-a", "-r", tree, target_path("into"));
    run_expect(&r, 4);
    expect_status(&r, "h", " transfer ");
    expect_text(target_path("into/tree/sub"), "stays\n");
    expect_no_temporary(target_dir());
}

/* Their temporaries are made before it is known that there is no use for them. */
Test(push_tree, what_cannot_be_replaced_stays_and_the_others_arrive)
{
    char *tree = make_tree();
    shell("mkdir -p \"$2/into\" && cp -a \"$1\" \"$2/into/tree\" && cd \"$2/into/tree/sub\" &&"
          "rm small-1 small-2 small-3 && mkdir small-1 && mkfifo small-2 && ln -s secret small-3 &&"
          "echo other >small-4",
          tree, target_dir(), NULL);
    give_to_servers(target_path("into"));
    struct run r = PUSH(one_host(), "-a", "-r", tree, target_path("into"));
    run_expect(&r, 4);
    expect_status(&r, "h", " transfer ");
    cr_assert_eq(transfer_sum(&r, "h", "failed"), 2);
    shell("cd \"$1\" && test -d small-1 && test -p small-2 && test -f small-3 && ! test -L small-3",
          target_path("into/tree/sub"), NULL, NULL);
    expect_text(target_path("into/tree/sub/small-3"), "3\n");
    expect_text(target_path("into/tree/sub/small-4"), "4\n");
    expect_text(target_path("into/tree/sub/secret"), "h\n");
    expect_no_temporary(target_dir());
}

Test(push_tree, pipes_in_it_are_left_out)
{
    char *tree = make_tree();
    cr_assert_eq(mkfifo(text_of("%s/fifo", tree), 0644), 0);
    struct run r = PUSH(one_host(), "-a", "-u", "20", "-r", tree, target_path("copy"));
    run_expect(&r, 0);
    cr_assert(strstr(r.p.err, "/fifo is no file, folder or link and is left out"), "%s", r.p.err);
    cr_assert_not(file_exists(target_path("copy/fifo")));
    cr_assert(file_exists(target_path("copy/sub")));
}

/* --- Deleting -------------------------------------------------------------------------------- */

/* DEST holds more than the tree, and a link out of it; beside it are things that look alike. */
static void make_leftovers(const char *tree)
{
    target_folder("into");
    shell("cp -a \"$1\" \"$2/into/tree\" && cd \"$2\" && mkdir -p outside into/tree/old/deep &&"
          "echo 1 >outside/precious && echo 2 >into/beside && echo 3 >into/tree/old/deep/file &&"
          "echo 4 >into/tree/sub/extra && ln -s \"$2/outside\" into/tree/way-out &&"
          "echo 5 >'into/tree/empty/new\nline'",
          tree, target_dir(), NULL);
    give_to_servers(target_path("into"));
    give_to_servers(target_path("outside"));
}

static void expect_others_stay(void)
{
    expect_text(target_path("outside/precious"), "1\n");
    expect_text(target_path("into/beside"), "2\n");
}

Test(push_tree, delete_removes_only_inside)
{
    char *tree = make_tree();
    make_leftovers(tree);
    struct run r = PUSH(one_host(), "-a", "-r", "--delete", tree, target_path("into"));
    run_expect(&r, 0);
    expect_same_tree(tree, target_path("into/tree"));
    expect_others_stay();
    const cJSON *files = json_at(run_host(&r, "h"), "files");
    cr_assert_geq(json_count(files, "action", "delete"), (size_t)4);
    cr_assert_not_null(json_find(files, "dst", target_path("into/tree/sub/extra")));
    expect_no_temporary(target_dir());
}

Test(push_tree, delete_spares_what_another_source_put_there)
{
    char *tree = make_tree(), *file = source_file("another", 5000);
    target_folder("into");
    target_file("into/extra", "goes\n");
    struct run r =
        PUSH(one_host(), "-a", "-r", "--delete", text_of("%s/.", tree), file, target_path("into"));
    run_expect(&r, 0);
    expect_same_file(file, target_path("into/another"));
    expect_same_file(text_of("%s/nothing", tree), target_path("into/nothing"));
    cr_assert_not(file_exists(target_path("into/extra")));
}

Test(push_tree, without_delete_nothing_goes)
{
    char *tree = make_tree();
    make_leftovers(tree);
    struct run r = PUSH(one_host(), "-a", "-r", tree, target_path("into"));
    run_expect(&r, 0);
    expect_text(target_path("into/tree/sub/extra"), "4\n");
    expect_text(target_path("into/tree/old/deep/file"), "3\n");
    expect_others_stay();
}

Test(push_tree, dry_run_lists_what_would_go_and_keeps_it)
{
    char *tree = make_tree();
    make_leftovers(tree);
    char *before = shell("find \"$1\" -print0 | sort -z | tr '\\0' '!'", target_dir(), NULL, NULL);
    struct proc_result p =
        MUSTER("push", "-i", one_host(), "-a", "-n", "-r", "--delete", tree, target_path("into"));
    proc_expect_exit(&p, 0);
    cr_assert(strstr(p.out, "extra") || strstr(p.err, "extra"), "%s", proc_describe(&p));
    char *after = shell("find \"$1\" -print0 | sort -z | tr '\\0' '!'", target_dir(), NULL, NULL);
    cr_assert_str_eq(before, after);
}

/* What lies beside the tree, in the folder that took it in, is no part of the copy. */
Test(push_tree, delete_of_one_source_leaves_the_folder_of_others)
{
    char *tree = make_tree(), *file = source_file("file", 5000);
    make_leftovers(tree);
    struct run r = PUSH(one_host(), "-a", "-r", "--delete", tree, file, target_path("into/"));
    run_expect(&r, 0);
    expect_same_tree(tree, target_path("into/tree"));
    expect_same_file(file, target_path("into/file"));
    expect_others_stay();
}

/* --- Many hosts ------------------------------------------------------------------------------ */

static char *many_hosts(void)
{
    char *hosts = "";
    for (int i = 0; i < TREE_HOSTS; i++)
        hosts = text_of("%s%s\"n%02d\": { \"address\": \"%s\" }", hosts, i ? "," : "", i,
                        fleet_address(i * 4));
    return run_inventory("", hosts);
}

Test(push_tree, fifty_hosts_have_it_whole, .timeout = 240)
{
    char *tree = make_tree(), *inventory = many_hosts(), *dst = target_path("x/{host}/");
    struct run r = PUSH(inventory, "-a", "-r", "--mkdir", "--verify", tree, dst);
    run_expect(&r, 0);
    cr_assert_eq(run_count(&r, "ok"), TREE_HOSTS);
    for (int i = 0; i < TREE_HOSTS; i++)
        expect_same_tree(tree, landed(target_path(text_of("x/n%02d", i))));
    r = PUSH(inventory, "-a", "-r", "--mkdir", "--verify", "--skip-same", tree, dst);
    run_expect(&r, 0);
    for (int i = 0; i < TREE_HOSTS; i++)
        cr_assert_eq(transfer_sum(&r, text_of("n%02d", i), "bytes"), 0);
    expect_no_temporary(target_dir());
}
