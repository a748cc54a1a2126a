/* SPDX-License-Identifier: MIT */
/* Pulling from honest servers: where files land here, and what does not happen to those here. */
#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"
#include "fleet.h"
#include "report.h"
#include "transfer.h"

enum { SIZE = 300000, BIG = 32 << 20, MANY = 50 };

static char *out_dir(void)
{
    char *out = tmp_path("out");
    mkdir(out, 0755);
    return out;
}

/* A file on the hosts, of bytes that differ from those of other names. */
static char *remote_file(const char *name, size_t size)
{
    char *path = target_path(name);
    shell("cp \"$1\" \"$2\"", source_file("made", size), path, NULL);
    give_to_servers(path);
    return path;
}

static char *hosts_named(const char *format, int count)
{
    char *hosts = "";
    for (int i = 0; i < count; i++)
        hosts = text_of("%s%s\"%s%02d\": { \"address\": \"%s\" }", hosts, i ? "," : "", format, i,
                        fleet_address(i * 4));
    return run_inventory("", hosts);
}

Test(pull, a_file_from_each_host)
{
    char *src = remote_file("app.log", SIZE), *out = out_dir();
    struct run r = PULL(hosts_named("n", 3), "-a", src, out);
    run_expect(&r, 0);
    for (int i = 0; i < 3; i++)
        expect_same_file(src, tmp_path(text_of("out/n%02d/app.log", i)));
    const cJSON *file = only_file(&r, "n01");
    cr_assert_str_eq(json_text_at(file, "src"), src);
    cr_assert(strstr(json_text_at(file, "dst"), "n01/app.log"), "%s", json_text_at(file, "dst"));
    cr_assert_str_eq(json_text_at(file, "kind"), "file");
    cr_assert_str_eq(json_text_at(file, "action"), "create");
    cr_assert_eq(json_number_at(file, "bytes"), SIZE);
    cr_assert_eq(json_number_at(file, "moved"), SIZE);
    cr_assert_eq(transfer_sum(&r, "n02", "bytes"), SIZE);
    cr_assert_str_eq(json_text_at(r.report, "run.mode"), "pull");
    expect_no_temporary(out);
}

Test(pull, the_folder_of_a_host_keeps_its_mode)
{
    char *src = remote_file("app", 100), *out = out_dir();
    mkdir(tmp_path("out/h"), 0700);
    struct run r = PULL(one_host(), "-a", src, out);
    run_expect(&r, 0);
    cr_assert_eq(mode_of(tmp_path("out/h")), 0700);
}

Test(pull, flat_names_hosts)
{
    char *src = remote_file("app.log", SIZE), *out = out_dir();
    struct run r = PULL(hosts_named("n", 2), "-a", "--flat", src, out);
    run_expect(&r, 0);
    expect_same_file(src, tmp_path("out/app.log.n00"));
    expect_same_file(src, tmp_path("out/app.log.n01"));
    cr_assert_eq(strcmp(shell("ls -A \"$1\" | wc -l | tr -d ' '", out, NULL, NULL), "2\n"), 0);
}

Test(pull, several_sources_and_the_home)
{
    char *one = remote_file("one", 5000), *two = remote_file("two", SIZE), *out = out_dir();
    const char *name = strrchr(target_dir(), '/') + 1;
    struct run r = PULL(one_host(), "-a", one, text_of("~/%s/two", name), out);
    run_expect(&r, 0);
    expect_same_file(one, tmp_path("out/h/one"));
    expect_same_file(two, tmp_path("out/h/two"));
    cr_assert_eq(transfer_sum(&r, "h", "files"), 2);
}

Test(pull, an_old_file_is_replaced_whole)
{
    char *src = remote_file("app", SIZE), *out = out_dir();
    mkdir(tmp_path("out/h"), 0755);
    tmp_file("out/h/app", "old\n");
    shell("ln \"$1/h/app\" \"$1/h/link\"", out, NULL, NULL);
    struct run r = PULL(one_host(), "-a", "--verify", src, out);
    run_expect(&r, 0);
    expect_same_file(src, tmp_path("out/h/app"));
    expect_text(tmp_path("out/h/link"), "old\n");
    char *digest = shell("sha256sum <\"$1\" | cut -c1-64 | tr -d '\\n'", src, NULL, NULL);
    cr_assert_str_eq(json_text_at(only_file(&r, "h"), "sha256"), digest);
    expect_no_temporary(out);
}

Test(pull, names_of_all_kinds)
{
    static const char *const names[] = { "two words",      "-rf",     "quo'te\"s",
                                         "$HOME;`id`",     ".hidden", "\xc3\xa4\xe2\x82\xac",
                                         "\xff\xfe bytes", "*?[x]" };
    char *out = out_dir();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *src = remote_file(names[i], 1000 + i);
        struct run r = PULL(one_host(), "-a", "--verify", src, out);
        run_expect(&r, 0);
        expect_same_file(src, tmp_path(text_of("out/h/%s", names[i])));
    }
    expect_no_temporary(out);
}

/* The piece that is too much is the last that is under way. */
Test(pull, more_bytes_than_allowed)
{
    char *src = remote_file("app", 10), *out = out_dir();
    struct run r = PULL(one_host(), "-a", "--max-size", "5", src, out);
    run_expect(&r, 4);
    expect_status(&r, "h", " transfer ");
    cr_assert(strstr(run_message(&r, "h"), "--max-size"), "%s", run_message(&r, "h"));
    cr_assert_eq(access(tmp_path("out/h/app"), F_OK), -1);
    expect_no_temporary(out);
}

/* They say that they are empty: what comes nevertheless holds nobody up. */
Test(pull, files_that_announce_nothing)
{
    char *out = out_dir();
    struct run r = PULL(one_host(), "-a", "-r", "-u", "20", "/proc/sys/kernel", out);
    cr_assert_str_neq(run_status(&r, "h"), "timeout");
    cr_assert(transfer_sum(&r, "h", "files") > 50);
    expect_same_file("/proc/sys/kernel/ostype", tmp_path("out/h/kernel/ostype"));
}

/* --- Trees ----------------------------------------------------------------------------------- */

static char *remote_tree(void)
{
    char *tree = target_path("tree");
    shell("mkdir \"$1\" && cd \"$1\" && mkdir -p 'two words/deeper' empty sub &&"
          "echo a >'two words/deeper/file' && echo b >\"$(printf '\\377bytes')\" && : >nothing &&"
          "head -c 700000 /dev/zero >sub/zeros && echo c >sub/script && chmod 0750 sub/script &&"
          "ln -s sub/script relative && ln -s /etc/passwd absolute && ln -s nowhere dangling &&"
          "ln -s . sub/loop &&"
          "i=0; while [ $i -lt 300 ]; do echo $i >\"sub/small-$i\"; i=$((i + 1)); done",
          tree, NULL, NULL);
    give_to_servers(tree);
    return tree;
}

Test(pull, a_tree_arrives_as_it_is)
{
    char *tree = remote_tree(), *out = out_dir();
    struct run r = PULL(one_host(), "-a", "-r", tree, out);
    run_expect(&r, 0);
    expect_same_tree(tree, tmp_path("out/h/tree"));
    cr_assert_eq(mode_of(tmp_path("out/h/tree/sub/script")), 0750);
    expect_no_temporary(out);
}

/* Folders that wait for what is in them hold nobody up, however many they are. */
Test(pull, more_folders_than_fit_under_way)
{
    char *out = out_dir(), *tree = target_folder("tree");
    shell(
        "cd \"$1\" && i=0; while [ $i -lt 200 ]; do mkdir -p wide-$i/sub && echo $i >wide-$i/sub/f;"
        "i=$((i + 1)); done; deep=deep/deep/deep/deep/deep; deep=$deep/$deep/$deep/$deep;"
        "mkdir -p $deep/$deep/$deep/$deep/$deep && echo x >$deep/$deep/$deep/$deep/$deep/f",
        tree, NULL, NULL);
    give_to_servers(tree);
    struct run r = PULL(one_host(), "-a", "-r", "-u", "20", tree, out);
    run_expect(&r, 0);
    expect_same_tree(tree, tmp_path("out/h/tree"));
}

/* The listing of a folder pauses while much of it is under way. */
Test(pull, a_folder_of_many_files)
{
    char *out = out_dir(), *tree = target_folder("tree");
    shell("cd \"$1\" && mkdir sub && i=0; while [ $i -lt 7000 ]; do : >f$i; i=$((i + 1)); done;"
          "cp f1 sub",
          tree, NULL, NULL);
    give_to_servers(tree);
    struct run r = PULL(one_host(), "-a", "-r", "-u", "50", tree, out);
    run_expect(&r, 0);
    expect_same_tree(tree, tmp_path("out/h/tree"));
}

Test(pull, a_second_run_moves_nothing)
{
    static const char *const options[] = { "--preserve", "--verify" };
    char *tree = remote_tree(), *out = out_dir();
    for (size_t i = 0; i < 2; i++) {
        struct run r = PULL(one_host(), "-a", "-r", options[i], tree, out);
        run_expect(&r, 0);
        r = PULL(one_host(), "-a", "-r", options[i], "--skip-same", tree, out);
        run_expect(&r, 0);
        cr_assert_eq(transfer_sum(&r, "h", "bytes"), 0);
        cr_assert_eq(transfer_sum(&r, "h", "changed"), 0);
        expect_same_tree(tree, tmp_path("out/h/tree"));
    }
}

Test(pull, fifty_hosts, .timeout = 240)
{
    char *tree = remote_tree(), *out = out_dir();
    struct run r = PULL(hosts_named("n", MANY), "-a", "-r", tree, out);
    run_expect(&r, 0);
    cr_assert_eq(run_count(&r, "ok"), MANY);
    for (int i = 0; i < MANY; i++)
        expect_same_tree(tree, tmp_path(text_of("out/n%02d/tree", i)));
    expect_no_temporary(out);
}

Test(pull, every_kind_of_server)
{
    static const char *const keys[] = { "sftp_server_address", "dropbear_sftp_address",
                                        "dropbear_address", "no_sftp_address",
                                        "no_rename_address" };
    char *src = remote_file("it's \"here\"", SIZE), *out = out_dir();
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        shell("rm -rf \"$1/h\"", out, NULL, NULL);
        struct run r = PULL(host_inventory(fleet_text(keys[i])), "-a", "--verify", src, out);
        run_expect(&r, 0);
        expect_same_file(src, tmp_path("out/h/it's \"here\""));
    }
    expect_no_temporary(out);
}

/* --- What is not done ------------------------------------------------------------------------ */

Test(pull, setuid_does_not_travel)
{
    char *src = remote_file("tool", 1000), *out = out_dir();
    chmod(src, 06755);
    struct run r = PULL(one_host(), "-a", "--preserve", src, out);
    run_expect(&r, 0);
    expect_same_file(src, tmp_path("out/h/tool"));
    cr_assert_eq(mode_of(tmp_path("out/h/tool")), 0755);
}

Test(pull, links_here_are_not_followed)
{
    char *src = remote_file("app", SIZE), *out = out_dir();
    mkdir(tmp_path("elsewhere"), 0755);
    tmp_file("elsewhere/app", "mine\n");
    shell("ln -s ../elsewhere \"$1/h\"", out, NULL, NULL);
    struct run r = PULL(one_host(), "-a", src, out);
    run_expect(&r, 4);
    expect_status(&r, "h", " transfer ");
    expect_text(tmp_path("elsewhere/app"), "mine\n");
    shell("rm \"$1/h\" && mkdir \"$1/h\" && ln -s ../../elsewhere/app \"$1/h/app\"", out, NULL,
          NULL);
    r = PULL(one_host(), "-a", src, out);
    expect_text(tmp_path("elsewhere/app"), "mine\n");
    if (r.p.exit_code == 0)
        expect_same_file(src, tmp_path("out/h/app"));
    expect_no_temporary(tmp_dir());
}

Test(pull, what_is_not_there_or_not_ours)
{
    char *secret = remote_file("secret", 1000), *out = out_dir();
    chmod(secret, 0);
    target_folder("folder");
    const char *sources[] = { target_path("missing"), secret, target_path("folder") };
    for (size_t i = 0; i < 3; i++) {
        struct run r = PULL(one_host(), "-a", sources[i], out);
        run_expect(&r, 4);
        expect_status(&r, "h", " transfer ");
        char *files = shell("find \"$1\" -type f", out, NULL, NULL);
        cr_assert_str_empty(files, "%s", files);
    }
}

Test(pull, pipes_are_refused)
{
    char *fifo = target_path("fifo"), *out = out_dir();
    cr_assert_eq(mkfifo(fifo, 0666), 0);
    give_to_servers(fifo);
    struct run r = PULL(one_host(), "-a", "-u", "10", fifo, out);
    run_expect(&r, 4);
    expect_status(&r, "h", " transfer ");
    cr_assert_not(file_exists(tmp_path("out/h/fifo")));
}

Test(pull, one_bad_host_does_not_hold_the_others)
{
    char *src = remote_file("app", SIZE), *out = out_dir();
    char *inventory =
        run_inventory("", text_of("\"good\": { \"address\": \"%s\" },"
                                  "\"bad\": { \"address\": \"%s\" },"
                                  "\"gone\": { \"address\": \"127.9.9.9\" }",
                                  fleet_address(0), fleet_text("no_sessions_address")));
    struct run r = PULL(inventory, "-a", src, out);
    run_expect(&r, 4);
    expect_same_file(src, tmp_path("out/good/app"));
    expect_status(&r, "good", " ok ");
    expect_status(&r, "bad", " unreachable ");
    expect_status(&r, "gone", " unreachable ");
}

/* --- Ends ------------------------------------------------------------------------------------ */

/* Starts a pull that takes half a minute over an old file, and waits until it is on its way. */
static struct proc *start_slowly(const char *limit)
{
    char *src = remote_file("app", BIG), *out = out_dir();
    mkdir(tmp_path("out/h"), 0755);
    tmp_file("out/h/app", "old\n");
    struct proc *p =
        PULL_START(NULL, one_host(), "-a", "--limit-rate", "1M", "-u", limit, src, out);
    cr_assert(wait_for_temporary(out, 20000), "nothing arrives");
    return p;
}

static void expect_old_and_nothing_else(void)
{
    expect_text(tmp_path("out/h/app"), "old\n");
    expect_no_temporary(tmp_path("out"));
}

Test(pull, interrupt)
{
    struct proc *p = start_slowly("60");
    proc_signal(p, SIGINT);
    proc_pause(p, 1500);
    proc_signal(p, SIGINT);
    struct run r = run_finish(p);
    run_expect(&r, 130);
    expect_status(&r, "h", " cancelled ");
    expect_old_and_nothing_else();
}

Test(pull, timeout)
{
    struct run r = run_finish(start_slowly("2"));
    run_expect(&r, 3);
    expect_status(&r, "h", " timeout ");
    expect_old_and_nothing_else();
}

Test(pull, kill)
{
    struct proc *p = start_slowly("60");
    proc_signal(p, SIGKILL);
    proc_finish(p);
    expect_text(tmp_path("out/h/app"), "old\n");
    struct run r = PULL(one_host(), "-a", target_path("app"), tmp_path("out"));
    run_expect(&r, 0);
    expect_same_file(target_path("app"), tmp_path("out/h/app"));
}

/* Starts the pull of start_slowly() with --resume, interrupts it, and returns its temporary. */
static char *interrupt_resumable(void)
{
    struct proc *p = PULL_START(NULL, one_host(), "-a", "--resume", "--limit-rate", "1M",
                                target_path("app"), tmp_path("out"));
    cr_assert(wait_for_temporary(tmp_path("out"), 20000), "nothing arrives");
    proc_pause(p, 1000);
    proc_signal(p, SIGINT);
    struct run r = run_finish(p);
    run_expect(&r, 130);
    return shell("find \"$1\" -name '.*.muster-*' | tr -d '\\n'", tmp_path("out"), NULL, NULL);
}

Test(pull, resume_after_several_interrupts)
{
    remote_file("app", BIG);
    out_dir();
    size_t first = 0, second = 0;
    free(file_read(interrupt_resumable(), &first));
    free(file_read(interrupt_resumable(), &second));
    cr_assert(first > 0 && second > first, "%zu, then %zu", first, second);
    struct run r = PULL(one_host(), "-a", "--resume", target_path("app"), tmp_path("out"));
    run_expect(&r, 0);
    cr_assert_eq(transfer_sum(&r, "h", "bytes"), (double)(BIG - second));
    expect_same_file(target_path("app"), tmp_path("out/h/app"));
    expect_no_temporary(tmp_path("out"));
}

/* What was found to be wrong is not gone on with another time. */
Test(pull, resume_of_something_else)
{
    remote_file("app", BIG);
    out_dir();
    shell("printf 'something else' | dd of=\"$1\" conv=notrunc 2>/dev/null", interrupt_resumable(),
          NULL, NULL);
    struct run r = PULL(one_host(), "-a", "--resume", target_path("app"), tmp_path("out"));
    run_expect(&r, 4);
    expect_no_temporary(tmp_path("out"));
    r = PULL(one_host(), "-a", "--resume", target_path("app"), tmp_path("out"));
    run_expect(&r, 0);
    expect_same_file(target_path("app"), tmp_path("out/h/app"));
}

Test(pull, resume_brings_the_rest)
{
    struct proc *p = start_slowly("60");
    proc_pause(p, 1500);
    proc_signal(p, SIGKILL);
    proc_finish(p);
    struct run r =
        PULL(one_host(), "-a", "--resume", "--verify", target_path("app"), tmp_path("out"));
    run_expect(&r, 0);
    expect_same_file(target_path("app"), tmp_path("out/h/app"));
}
