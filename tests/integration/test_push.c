/* SPDX-License-Identifier: MIT */
/* Pushing single files: where they land, what becomes of what was there, what is said of it. */
#include <criterion/criterion.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"
#include "fleet.h"
#include "report.h"
#include "transfer.h"

enum { SIZE = 300000 };

/* --- What is said ---------------------------------------------------------------------------- */

Test(push, a_new_file_is_created_and_reported)
{
    char *src = source_file("app", SIZE), *dst = target_path("app.new");
    struct run r = PUSH(one_host(), "-a", src, dst);
    run_expect(&r, 0);
    expect_status(&r, "h", " ok ");
    expect_same_file(src, dst);
    const cJSON *file = only_file(&r, "h");
    cr_assert_str_eq(json_text_at(file, "src"), src);
    cr_assert_str_eq(json_text_at(file, "dst"), dst);
    cr_assert_str_eq(json_text_at(file, "kind"), "file");
    cr_assert_str_eq(json_text_at(file, "action"), "create");
    cr_assert_eq(json_number_at(file, "bytes"), SIZE);
    cr_assert_eq(json_number_at(file, "moved"), SIZE);
    cr_assert(json_is_true(file, "changed"));
    cr_assert_not(json_has(file, "error"));
    cr_assert_eq(transfer_sum(&r, "h", "files"), 1);
    cr_assert_eq(transfer_sum(&r, "h", "changed"), 1);
    cr_assert_eq(transfer_sum(&r, "h", "failed"), 0);
    cr_assert_eq(transfer_sum(&r, "h", "bytes"), SIZE);
    cr_assert_str_eq(json_text_at(r.report, "run.mode"), "push");
    expect_no_temporary(target_dir());
}

/* The old file is replaced, not written into: who has it open, or linked, keeps it. */
Test(push, an_old_file_is_replaced_whole)
{
    char *src = source_file("app", SIZE), *dst = target_file("app", "old\n");
    shell("ln \"$1\" \"$1.link\"", dst, NULL, NULL);
    struct run r = PUSH(one_host(), "-a", src, dst);
    run_expect(&r, 0);
    expect_same_file(src, dst);
    expect_text(target_path("app.link"), "old\n");
    cr_assert_str_eq(json_text_at(only_file(&r, "h"), "action"), "replace");
    expect_no_temporary(target_dir());
}

Test(push, an_empty_file_is_a_file)
{
    char *src = tmp_file("empty", ""), *dst = target_file("empty", "not yet\n");
    struct run r = PUSH(one_host(), "-a", "--verify", src, dst);
    run_expect(&r, 0);
    expect_text(dst, "");
}

Test(push, verify_gives_the_digest)
{
    char *src = source_file("app", SIZE), *dst = target_path("app");
    struct run r = PUSH(one_host(), "-a", "--verify", src, dst);
    run_expect(&r, 0);
    expect_same_file(src, dst);
    char *digest = shell("sha256sum <\"$1\" | cut -c1-64 | tr -d '\\n'", src, NULL, NULL);
    cr_assert_str_eq(json_text_at(only_file(&r, "h"), "sha256"), digest);
}

/* --- Where it lands, as with cp -------------------------------------------------------------- */

Test(push, an_existing_folder_takes_it_in)
{
    char *src = source_file("app", SIZE), *dir = target_folder("dir");
    struct run r = PUSH(one_host(), "-a", src, dir);
    run_expect(&r, 0);
    expect_same_file(src, target_path("dir/app"));
    char *other = source_file("other", 1000);
    r = PUSH(one_host(), "-a", other, text_of("%s/", dir));
    run_expect(&r, 0);
    expect_same_file(other, target_path("dir/other"));
    cr_assert_str_eq(json_text_at(only_file(&r, "h"), "dst"), target_path("dir/other"));
}

Test(push, a_trailing_slash_asks_for_a_folder)
{
    char *src = source_file("app", SIZE);
    struct run r = PUSH(one_host(), "-a", src, target_path("missing/"));
    run_expect(&r, 4);
    expect_status(&r, "h", " transfer ");
    cr_assert_not(file_exists(target_path("missing")));
    r = PUSH(one_host(), "-a", "--mkdir", src, target_path("missing/"));
    run_expect(&r, 0);
    expect_same_file(src, target_path("missing/app"));
}

Test(push, several_sources_need_a_folder)
{
    char *one = source_file("one", 5000), *two = source_file("two", SIZE);
    char *file = target_file("file", "old\n"), *dir = target_folder("dir");
    struct run r = PUSH(one_host(), "-a", one, two, file);
    run_expect(&r, 4);
    expect_status(&r, "h", " transfer ");
    expect_text(file, "old\n");
    r = PUSH(one_host(), "-a", one, two, dir);
    run_expect(&r, 0);
    expect_same_file(one, target_path("dir/one"));
    expect_same_file(two, target_path("dir/two"));
    cr_assert_eq(transfer_sum(&r, "h", "files"), 2);
    cr_assert_eq(transfer_sum(&r, "h", "bytes"), 5000 + SIZE);
    expect_no_temporary(target_dir());
}

Test(push, a_folder_is_never_replaced_by_a_file)
{
    char *src = source_file("app", SIZE);
    target_folder("dir");
    target_folder("dir/app");
    target_file("dir/app/inside", "stays\n");
    struct run r = PUSH(one_host(), "-a", src, target_path("dir/"));
    run_expect(&r, 4);
    expect_status(&r, "h", " transfer ");
    expect_text(target_path("dir/app/inside"), "stays\n");
    expect_no_temporary(target_dir());
}

Test(push, missing_parents_only_with_mkdir)
{
    char *src = source_file("app", SIZE), *dst = target_path("a/b/c/app");
    struct run r = PUSH(one_host(), "-a", src, dst);
    run_expect(&r, 4);
    expect_status(&r, "h", " transfer ");
    cr_assert_not(file_exists(target_path("a")));
    r = PUSH(one_host(), "-a", "--mkdir", src, dst);
    run_expect(&r, 0);
    expect_same_file(src, dst);
    r = PUSH(one_host(), "-a", "--mkdir", src, dst);
    run_expect(&r, 0);
}

Test(push, home_is_that_of_the_host)
{
    char *src = source_file("app", SIZE);
    const char *name = strrchr(target_dir(), '/') + 1;
    struct run r = PUSH(one_host(), "-a", src, text_of("~/%s/tilde", name));
    run_expect(&r, 0);
    expect_same_file(src, target_path("tilde"));
    r = PUSH(one_host(), "-a", src, text_of("%s/relative", name));
    run_expect(&r, 0);
    expect_same_file(src, target_path("relative"));
}

Test(push, names_of_all_kinds)
{
    static const char *const names[] = { "two words",
                                         " ",
                                         "new\nline",
                                         "-rf",
                                         "quo'te\"s",
                                         "$HOME;`id`",
                                         "back\\slash",
                                         "*?[x]",
                                         "\xc3\xa4\xe2\x82\xac",
                                         "\xff\xfe bytes",
                                         ".hidden" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *src = source_file(names[i], 1000 + i), *dst = target_path(names[i]);
        struct run r = PUSH(one_host(), "-a", "--verify", src, dst);
        run_expect(&r, 0);
        expect_same_file(src, dst);
        r = PUSH(one_host(), "-a", "--verify", src, text_of("%s/", target_dir()));
        run_expect(&r, 0);
        expect_same_file(src, dst);
    }
    expect_no_temporary(target_dir());
}

Test(push, templates_name_hosts)
{
    char *inventory = run_inventory("", text_of("\"left\": { \"address\": \"%s\" },"
                                                "\"right\": { \"address\": \"%s\","
                                                " \"vars\": { \"rack\": \"r7\" } }",
                                                fleet_address(0), fleet_address(1)));
    char *src = source_file("app", SIZE);
    struct run r = PUSH(inventory, "-a", "--mkdir", src, target_path("{host}/{user}-{index}"));
    run_expect(&r, 0);
    expect_same_file(src, target_path("left/fleet-0"));
    expect_same_file(src, target_path("right/fleet-1"));
    r = PUSH(inventory, "-w", "right", src, target_path("{{{var.rack}"));
    run_expect(&r, 0);
    expect_same_file(src, target_path("{r7"));
    r = PUSH(inventory, "-a", src, target_path("{hots}"));
    run_expect(&r, 2);
}

/* --- Kinds of files -------------------------------------------------------------------------- */

Test(push, a_link_to_a_file_stays_and_its_file_is_replaced)
{
    char *src = source_file("app", SIZE);
    target_file("real", "old\n");
    shell("ln -s real \"$1\"", target_path("link"), NULL, NULL);
    struct run r = PUSH(one_host(), "-a", src, target_path("link"));
    run_expect(&r, 0);
    expect_same_file(src, target_path("real"));
    char *link = shell("readlink \"$1\"", target_path("link"), NULL, NULL);
    cr_assert_str_eq(link, "real\n");
    expect_no_temporary(target_dir());
}

Test(push, a_link_to_a_folder_is_a_folder)
{
    char *src = source_file("app", SIZE);
    target_folder("real");
    shell("ln -s real \"$1\"", target_path("link"), NULL, NULL);
    struct run r = PUSH(one_host(), "-a", src, target_path("link"));
    run_expect(&r, 0);
    expect_same_file(src, target_path("real/app"));
}

Test(push, pipes_are_refused_on_either_side)
{
    char *src = source_file("app", SIZE), *fifo = target_path("fifo");
    cr_assert_eq(mkfifo(fifo, 0666), 0);
    give_to_servers(fifo);
    struct run r = PUSH(one_host(), "-a", "-u", "10", src, fifo);
    run_expect(&r, 4);
    expect_status(&r, "h", " transfer ");
    shell("test -p \"$1\"", fifo, NULL, NULL);
    expect_no_temporary(target_dir());
    char *local = tmp_path("local-fifo");
    cr_assert_eq(mkfifo(local, 0666), 0);
    r = PUSH(one_host(), "-a", "-u", "10", local, target_path("x"));
    run_expect(&r, 2);
    cr_assert_not(file_exists(target_path("x")));
}

Test(push, what_cannot_be_sent_is_said_before_connecting)
{
    struct run r = PUSH(one_host(), "-a", tmp_path("missing"), target_path("x"));
    run_expect(&r, 2);
    cr_assert(strstr(r.p.err, "missing"), "%s", r.p.err);
    r = PUSH(one_host(), "-a", tmp_dir(), target_path("x"));
    run_expect(&r, 2);
    cr_assert(strstr(r.p.err, "-r"), "%s", r.p.err);
    r = PUSH(one_host(), "-a", target_path("only-one-operand"));
    run_expect(&r, 2);
}

/* --- Modes and times ------------------------------------------------------------------------- */

Test(push, mode_is_the_sources_or_as_asked)
{
    static const unsigned modes[] = { 0600, 0640, 0644, 0666, 0755, 0777 };
    char *dst = target_path("app");
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        char *src = source_file("app", 1000);
        chmod(src, modes[i]);
        struct run r = PUSH(one_host(), "-a", src, dst);
        run_expect(&r, 0);
        cr_assert_eq(mode_of(dst), modes[i], "%o instead of %o", mode_of(dst), modes[i]);
    }
    struct run r = PUSH(one_host(), "-a", "--mode", "0751", source_file("app", 1000), dst);
    run_expect(&r, 0);
    cr_assert_eq(mode_of(dst), 0751, "%o", mode_of(dst));
    r = PUSH(one_host(), "-a", "--mode", "9", source_file("app", 1000), dst);
    run_expect(&r, 2);
}

Test(push, preserve_keeps_the_time)
{
    char *src = source_file("app", SIZE), *dst = target_path("app");
    shell("touch -d '2001-02-03 04:05:06 UTC' \"$1\"", src, NULL, NULL);
    struct run r = PUSH(one_host(), "-a", "--preserve", src, dst);
    run_expect(&r, 0);
    struct stat st;
    cr_assert_eq(stat(dst, &st), 0);
    cr_assert_eq(st.st_mtime, 981173106);
}

Test(push, mkdir_says_why_not)
{
    char *src = source_file("app", SIZE);
    target_folder("closed");
    cr_assert_eq(chmod(target_path("closed"), 0555), 0);
    struct run r = PUSH(one_host(), "-a", "--mkdir", src, target_path("closed/a/b/app"));
    run_expect(&r, 4);
    cr_assert(strstr(run_message(&r, "h"), "closed/a:"), "%s", run_message(&r, "h"));
    cr_assert(strstr(run_message(&r, "h"), "Permission denied"), "%s", run_message(&r, "h"));
}

/* --- What is not done ------------------------------------------------------------------------ */

/* A second time with the same; returns the second run's record. */
static const cJSON *push_twice(const char *option, const char *src, const char *dst)
{
    struct run r = PUSH(one_host(), "-a", option, src, dst);
    run_expect(&r, 0);
    r = PUSH(one_host(), "-a", option, "--skip-same", src, dst);
    run_expect(&r, 0);
    cr_assert_eq(transfer_sum(&r, "h", "bytes"), 0);
    cr_assert_eq(transfer_sum(&r, "h", "changed"), 0);
    cr_assert_eq(transfer_sum(&r, "h", "files"), 1);
    return only_file(&r, "h");
}

Test(push, skip_same_moves_nothing_twice)
{
    static const char *const options[] = { "--preserve", "--verify" };
    for (size_t i = 0; i < 2; i++) {
        char *src = source_file(options[i], SIZE), *dst = target_path(options[i]);
        const cJSON *file = push_twice(options[i], src, dst);
        cr_assert_str_eq(json_text_at(file, "action"), "keep");
        cr_assert_not(json_is_true(file, "changed"));
        expect_same_file(src, dst);
    }
}

Test(push, skip_same_sees_a_change_of_the_same_size)
{
    char *src = source_file("app", SIZE), *dst = target_path("app");
    push_twice("--verify", src, dst);
    shell("touch -r \"$2\" \"$1.time\"; printf X | dd of=\"$1\" bs=1 seek=70000 conv=notrunc "
          "2>/dev/null; touch -r \"$1.time\" \"$1\"; rm \"$1.time\"",
          dst, src, NULL);
    struct run r = PUSH(one_host(), "-a", "--verify", "--skip-same", src, dst);
    run_expect(&r, 0);
    expect_same_file(src, dst);
    cr_assert_eq(transfer_sum(&r, "h", "bytes"), SIZE);
}

/* Whatever a dry run says, by whatever way, it changes nothing. */
Test(push, dry_run_changes_nothing)
{
    char *src = source_file("app", SIZE), *dst = target_file("app", "old\n");
    char *inventory = one_host();
    struct proc_result p = MUSTER("push", "-i", inventory, "-a", "-n", src, dst);
    proc_expect_exit(&p, 0);
    cr_assert(strstr(p.out, "app") || strstr(p.err, "app"), "%s", proc_describe(&p));
    p = MUSTER("push", "-i", inventory, "-a", "-n", "--mkdir", src, target_path("a/b/"));
    proc_expect_exit(&p, 0);
    expect_text(dst, "old\n");
    cr_assert_not(file_exists(target_path("a")));
    expect_no_temporary(target_dir());
}

Test(push, a_folder_that_may_not_be_written)
{
    char *src = source_file("app", SIZE), *dir = target_folder("closed");
    char *dst = target_file("closed/app", "old\n");
    chmod(dir, 0555);
    struct run r = PUSH(one_host(), "-a", src, dst);
    run_expect(&r, 4);
    expect_status(&r, "h", " transfer ");
    cr_assert(strcasestr(run_message(&r, "h"), "permission denied"), "%s", run_message(&r, "h"));
    expect_text(dst, "old\n");
    expect_no_temporary(target_dir());
}

/* --- Kinds of servers ------------------------------------------------------------------------ */

/* Creates, replaces, and compares on the host. */
static void push_to_server(const char *address_key)
{
    char *inventory = host_inventory(fleet_text(address_key));
    char *dst = target_path("it's \"here\"");
    for (int i = 0; i < 2; i++) {
        char *src = source_file(text_of("%s-%d", address_key, i), SIZE + (size_t)i);
        chmod(src, 0640);
        struct run r = PUSH(inventory, "-a", "--verify", "--preserve", src, dst);
        run_expect(&r, 0);
        expect_status(&r, "h", " ok ");
        expect_same_file(src, dst);
        cr_assert_eq(mode_of(dst), 0640);
        expect_no_temporary(target_dir());
    }
}

Test(push, to_an_external_sftp_server)
{
    push_to_server("sftp_server_address");
}

Test(push, to_a_dropbear_with_sftp)
{
    push_to_server("dropbear_sftp_address");
}

/* It grants the subsystem, and then there is no program. */
Test(push, to_a_dropbear_without_sftp)
{
    push_to_server("dropbear_address");
}

Test(push, to_a_server_without_sftp)
{
    push_to_server("no_sftp_address");
}

Test(push, to_a_server_that_cannot_replace)
{
    push_to_server("no_rename_address");
}
