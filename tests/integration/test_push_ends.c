/* SPDX-License-Identifier: MIT */
/* Pushes that do not come to their end: the old file is whole, and nothing else is left. */
#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"
#include "fleet.h"
#include "report.h"
#include "skip.h"
#include "transfer.h"

enum { BIG = 32 << 20, WAIT_MS = 20000 };

/* Starts a push that takes half a minute over an old file, and waits until it is on its way. */
static struct proc *start_slowly(const char *const *options)
{
    const char *words[16] = { "-a", "--limit-rate", "1M" };
    size_t count = 3;
    char *dst = target_file("app", "old\n");
    for (; *options != NULL; options++)
        words[count++] = *options;
    words[count++] = source_file("app", BIG);
    words[count] = dst;
    struct proc *p = run_start_command("push", NULL, one_host(), words);
    cr_assert(wait_for_temporary(target_dir(), WAIT_MS), "nothing arrives");
    return p;
}
#define START_SLOWLY(...) start_slowly((const char *const[]){ __VA_ARGS__ NULL })

static void expect_old_and_nothing_else(void)
{
    expect_text(target_path("app"), "old\n");
    expect_no_temporary(target_dir());
}

Test(push_ends, interrupt)
{
    struct proc *p = START_SLOWLY();
    proc_signal(p, SIGINT);
    proc_pause(p, 1500);
    proc_signal(p, SIGINT);
    struct run r = run_finish(p);
    run_expect(&r, 130);
    expect_status(&r, "h", " cancelled ");
    cr_assert_lt(r.p.elapsed_ms, 15000);
    expect_old_and_nothing_else();
}

/* A signal too many does not cost the report, which run_finish() reads. */
Test(push_ends, many_interrupts)
{
    struct proc *p = START_SLOWLY();
    for (int i = 0; i < 20; i++) {
        proc_signal(p, SIGINT);
        usleep(2000);
    }
    struct run r = run_finish(p);
    expect_status(&r, "h", " cancelled ");
    expect_text(target_path("app"), "old\n");
}

Test(push_ends, terminate)
{
    struct proc *p = START_SLOWLY();
    proc_signal(p, SIGTERM);
    struct run r = run_finish(p);
    run_expect(&r, 128 + SIGTERM);
    expect_status(&r, "h", " cancelled ");
    expect_old_and_nothing_else();
}

Test(push_ends, timeout)
{
    struct proc *p = START_SLOWLY("-u", "2", );
    struct run r = run_finish(p);
    run_expect(&r, 3);
    expect_status(&r, "h", " timeout ");
    cr_assert_str_eq(run_error(&r, "h"), "run_timeout");
    expect_old_and_nothing_else();
}

Test(push_ends, deadline)
{
    struct proc *p = START_SLOWLY("--deadline", "3", );
    struct run r = run_finish(p);
    run_expect(&r, 5);
    expect_status(&r, "h", " cancelled ");
    expect_old_and_nothing_else();
}

/* Nobody is left to remove the temporary, but the old file is whole, and the next push works. */
Test(push_ends, kill)
{
    struct proc *p = START_SLOWLY();
    proc_signal(p, SIGKILL);
    proc_finish(p);
    expect_text(target_path("app"), "old\n");
    struct run r = PUSH(one_host(), "-a", "--verify", tmp_path("app"), target_path("app"));
    run_expect(&r, 0);
    expect_same_file(tmp_path("app"), target_path("app"));
}

Test(push_ends, resume_sends_the_rest)
{
    struct proc *p = START_SLOWLY("--resume", );
    proc_pause(p, 2000);
    proc_signal(p, SIGKILL);
    proc_finish(p);
    expect_text(target_path("app"), "old\n");
    struct run r =
        PUSH(one_host(), "-a", "--resume", "--verify", tmp_path("app"), target_path("app"));
    run_expect(&r, 0);
    expect_same_file(tmp_path("app"), target_path("app"));
    cr_assert_lt(transfer_sum(&r, "h", "bytes"), BIG);
    expect_no_temporary(target_dir());
}

/* Somebody foresaw the temporary's name, and put a link there. */
Test(push_ends, resume_writes_through_no_link)
{
    struct proc *p = START_SLOWLY("--resume", );
    proc_signal(p, SIGKILL);
    proc_finish(p);
    char *victim = target_file("victim", "precious\n");
    cr_assert_eq(chmod(victim, 0600), 0);
    shell("name=$(find \"$1\" -name '.muster-*') && rm \"$name\" && ln -s \"$2\" \"$name\"",
          target_dir(), victim, NULL);
    struct run r = PUSH(one_host(), "-a", "--resume", tmp_path("app"), target_path("app"));
    run_expect(&r, 4);
    expect_text(victim, "precious\n");
    expect_old_and_nothing_else();
}

Test(push_ends, resume_after_an_interrupt_that_was_resumed)
{
    struct proc *p = START_SLOWLY("--resume", );
    proc_pause(p, 1000);
    proc_signal(p, SIGKILL);
    proc_finish(p);
    const char *words[] = { "-a",       "--limit-rate",  "1M",
                            "--resume", tmp_path("app"), target_path("app"),
                            NULL };
    p = run_start_command("push", NULL, one_host(), words);
    proc_pause(p, 2500);
    proc_signal(p, SIGINT);
    struct run r = run_finish(p);
    run_expect(&r, 130);
    expect_text(target_path("app"), "old\n");
    cr_assert_str_not_empty(temporaries_in(target_dir()));
    r = PUSH(one_host(), "-a", "--resume", tmp_path("app"), target_path("app"));
    run_expect(&r, 0);
    cr_assert_lt(transfer_sum(&r, "h", "bytes"), BIG);
    expect_same_file(tmp_path("app"), target_path("app"));
    expect_no_temporary(target_dir());
}

/* The part that is there belongs to another file by now. */
Test(push_ends, resume_does_not_mix_files)
{
    struct proc *p = START_SLOWLY("--resume", );
    proc_pause(p, 1000);
    proc_signal(p, SIGKILL);
    proc_finish(p);
    char *data = bytes_of("another", BIG);
    char *src = tmp_file_bytes("app", data, BIG);
    struct run r = PUSH(one_host(), "-a", "--resume", src, target_path("app"));
    run_expect(&r, 0);
    expect_same_file(src, target_path("app"));
}

/* `cat` begins anew: what an interrupted push leaves would only be in the way. */
Test(push_ends, resume_without_sftp_begins_anew)
{
    char *hosts = host_inventory(fleet_text("no_sftp_address"));
    char *src = source_file("app", BIG), *dst = target_path("app");
    struct run r =
        PUSH(hosts, "-a", "--resume", "--limit-rate", "1M", "--deadline", "1500ms", src, dst);
    run_expect(&r, 5);
    expect_no_temporary(target_dir());
    r = PUSH(hosts, "-a", "--resume", src, dst);
    run_expect(&r, 0);
    expect_same_file(src, dst);
    expect_no_temporary(target_dir());
}

Test(push_ends, limit_rate_is_a_limit)
{
    char *src = source_file("app", 3 << 20), *dst = target_path("app");
    struct run r = PUSH(one_host(), "-a", "--limit-rate", "1M", src, dst);
    run_expect(&r, 0);
    expect_same_file(src, dst);
    cr_assert_geq(r.p.elapsed_ms, 1500);
    cr_assert_lt(r.p.elapsed_ms, 10000);
}

/* --- Two at once ----------------------------------------------------------------------------- */

static struct proc *start_plain(const char *inventory, const char *src, const char *dst)
{
    const char *argv[] = { MUSTER_BINARY, "push", "-i", inventory, "-a", src, dst, NULL };
    return proc_start(&(struct proc_args){ .argv = argv });
}

static bool is_same(const char *a, const char *b)
{
    const char *argv[] = { "cmp", "-s", a, b, NULL };
    return proc_run(&(struct proc_args){ .argv = argv }).exit_code == 0;
}

Test(push_ends, two_pushes_at_once_leave_one_of_two)
{
    char *one = source_file("one", 8 << 20), *two = source_file("two", (8 << 20) + 1);
    char *dst = target_path("app"), *inventory = one_host();
    for (int i = 0; i < 5; i++) {
        struct proc *p = start_plain(inventory, one, dst), *q = start_plain(inventory, two, dst);
        struct proc_result r = proc_finish(p), s = proc_finish(q);
        proc_expect_exit(&r, 0);
        proc_expect_exit(&s, 0);
        cr_assert(is_same(one, dst) || is_same(two, dst), "neither one nor two");
        expect_no_temporary(target_dir());
    }
}

Test(push_ends, hosts_that_share_a_disk)
{
    char *hosts = "";
    for (int i = 0; i < 16; i++)
        hosts = text_of("%s%s\"n%02d\": { \"address\": \"%s\" }", hosts, i ? "," : "", i,
                        fleet_address(i));
    char *src = source_file("app", 1 << 20), *dst = target_path("app");
    struct run r = PUSH(run_inventory("", hosts), "-a", "--verify", src, dst);
    run_expect(&r, 0);
    cr_assert_eq(run_count(&r, "ok"), 16);
    expect_same_file(src, dst);
    expect_no_temporary(target_dir());
}

/* --- A full disk ----------------------------------------------------------------------------- */

/* An sshd of the fleet's kind that alone sees a small disk at $2; $1 is the fleet's folder, $3 a
 * folder for its files, $4 a port. */
static const char small_disk_script[] =
    "sed '/^ListenAddress/d' \"$1/etc/group1.conf\" >\"$3/small.conf\" &&"
    "echo \"ListenAddress 127.2.0.40:$4\" >>\"$3/small.conf\" &&"
    "mount -t tmpfs -o size=1m,mode=0777 tmpfs \"$2\" &&"
    "line=$(sed -n \"s|$1/etc/group1.conf.*|$3/small.conf -E $3/small.log|p\" \"$1/servers\") &&"
    "exec sh -c \"$line\"";

/* With root's rights, or with those a user has in a world of their own; should the test fail, it
 * ends by itself. */
static struct proc *start_small_disk(const char *port)
{
    const char *root[] = { "timeout", "100", "unshare", "-m", NULL };
    const char *user[] = { "timeout", "100", "unshare", "-c", "--keep-caps", "-m", NULL };
    const char *argv[16] = { NULL }, *const *how = geteuid() == 0 ? root : user;
    size_t count = 0;
    for (; how[count] != NULL; count++)
        argv[count] = how[count];
    argv[count] = "true";
    if (proc_run(&(struct proc_args){ .argv = argv }).exit_code != 0)
        test_skip("needs a mount namespace (unshare -m)");
    const char *rest[] = {
        "sh",         "-c", small_disk_script, "sh", fleet_text("dir"), target_folder("disk"),
        target_dir(), port
    };
    memcpy(argv + count, rest, sizeof rest);
    return proc_start(&(struct proc_args){ .argv = argv });
}

/* That host "full", and a good one. */
static char *disk_inventory(const char *port)
{
    char *key = file_read(text_of("%s/hostkeys/group1.pub", fleet_text("dir")), NULL);
    char *known = tmp_file("known", text_of("[127.2.0.40]:%s %s%s", port, key,
                                            file_read(fleet_text("known_hosts"), NULL)));
    return run_inventory(text_of("\"known_hosts\": [\"%s\"]", known),
                         text_of("\"full\": { \"address\": \"127.2.0.40\", \"port\": %s },"
                                 "\"good\": { \"address\": \"%s\" }",
                                 port, fleet_address(0)));
}

Test(push_ends, a_disk_that_gets_full)
{
    const char *port = text_of("%d", free_port());
    struct proc *server = start_small_disk(port);
    char *inventory = disk_inventory(port), *dst = target_path("disk/app");
    char *old = text_of("mkdir -p '%s' && echo old >'%s'", target_path("disk"), dst);
    struct run r = RUN(inventory, "-a", "-t", "20", old);
    for (int i = 0; i < 50 && r.p.exit_code != 0; i++) {
        usleep(100000);
        r = RUN(inventory, "-a", "-t", "20", old);
    }
    run_expect(&r, 0);
    r = RUN(inventory, "-w", "full",
            text_of("cd '%s'; head -c 3000000 /dev/zero >probe; s=$?; rm probe; exit $s",
                    target_path("disk")));
    run_expect(&r, 1);
    char *src = source_file("app", 3 << 20);
    r = PUSH(inventory, "-a", src, dst);
    run_expect(&r, 4);
    expect_status(&r, "full", " transfer ");
    expect_status(&r, "good", " ok ");
    expect_same_file(src, dst);
    r = RUN(inventory, "-w", "full", text_of("cd '%s' && cat app && ls -A", target_path("disk")));
    run_expect(&r, 0);
    cr_assert_str_eq(run_stdout(&r, "full"), "old\napp\n");
    proc_signal(server, SIGTERM);
    proc_finish(server);
}
