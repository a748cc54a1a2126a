/* SPDX-License-Identifier: MIT */
/* How runs end before their time: limits, signals, readers that go away; and what is left. */
#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "files.h"
#include "fleet.h"
#include "report.h"
#include "run.h"

/* A length of sleep that nobody else on this machine uses. */
static char *own_sleep(void)
{
    return text_of("sleep 98765.%d", (int)getpid());
}

/* -u ends a command with its background child, on the server too; the report says how. */
static void timeout_ends_the_remote_command(const char *address, const char *user)
{
    char *nap = own_sleep();
    char *inventory = run_inventory(text_of("\"user\": \"%s\"", user),
                                    text_of("\"h\": { \"address\": \"%s\" }", address));
    struct run r = RUN(inventory, "-u", "1", "-a", text_of("%s & echo started; %s", nap, nap));
    run_expect(&r, 3);
    cr_assert_str_eq(run_status(&r, "h"), "timeout");
    cr_assert_str_eq(run_error(&r, "h"), "run_timeout");
    cr_assert_str_eq(run_stdout(&r, "h"), "started\n");
    cr_assert(run_was_killed(&r, "h"));
    cr_assert_eq(processes_left(nap, 500), 0, "the remote command lives on");
    cr_assert_lt(r.p.elapsed_ms, 8000);
}

Test(ending, timeout_on_openssh_as_user)
{
    timeout_ends_the_remote_command(fleet_address(0), "fleet");
}

Test(ending, timeout_on_openssh_as_root)
{
    timeout_ends_the_remote_command(fleet_text("root_address"), "root");
}

Test(ending, timeout_on_dropbear)
{
    timeout_ends_the_remote_command(fleet_text("dropbear_address"), "fleet");
    char *inventory = run_inventory(
        "", text_of("\"h\": { \"address\": \"%s\" }", fleet_text("dropbear_address")));
    struct run r = RUN(inventory, "-a", "true");
    run_expect(&r, 0); /* and the server is still there */
}

Test(ending, a_forced_command_is_run_once)
{
    const char *runs = fleet_text("forced_runs");
    size_t before = file_exists(runs) ? count_lines(file_read(runs, NULL), "") : 0;
    char *inventory = run_inventory("\"user\": \"forced\"",
                                    text_of("\"h\": { \"address\": \"%s\" }", fleet_address(20)));
    struct run r = RUN(inventory, "-a", "-u", "1", "anything");
    run_expect(&r, 3);
    cr_assert_str_eq(run_status(&r, "h"), "timeout");
    cr_assert_eq(count_lines(file_read(runs, NULL), ""), before + 1, "%s", file_read(runs, NULL));
}

Test(ending, idle_limit_counts_silence_only)
{
    char *inventory =
        run_inventory("", text_of("\"h\": { \"address\": \"%s\" }", fleet_address(0)));
    struct run r = RUN(inventory, "-a", "--idle-timeout", "1",
                       "for i in 1 2 3 4; do echo $i; sleep 0.5; done");
    run_expect(&r, 0);
    r = RUN(inventory, "-a", "--idle-timeout", "1", text_of("echo 1; %s", own_sleep()));
    run_expect(&r, 3);
    cr_assert_str_eq(run_error(&r, "h"), "idle_timeout");
    cr_assert_eq(processes_left(own_sleep(), 500), 0);
}

Test(ending, deadline_ends_the_whole_run)
{
    struct run r = RUN(fleet_text("inventory"), "-w", "web[001-010]", "-f", "4", "--deadline", "2",
                       own_sleep());
    run_expect(&r, 5);
    cr_assert_eq(run_count(&r, "cancelled"), 4);
    cr_assert_eq(run_count(&r, "not_run"), 6);
    cr_assert_eq(processes_left(own_sleep(), 500), 0);
    cr_assert_lt(r.p.elapsed_ms, 9000);
}

/* Starts naps on eight hosts, four at a time, and waits until they sleep. */
static struct proc *start_naps(const char *nap)
{
    struct proc *p = RUN_START(NULL, fleet_text("inventory"), "-w", "web[001-008]", "-f", "4",
                               text_of("echo ready; %s", nap));
    for (int i = 0; i < 100 && processes_with(nap) < 5; i++) /* muster itself is one */
        usleep(50000);
    cr_assert(proc_wait_stdout(p, "ready\n", 5000));
    usleep(200000);
    return p;
}

Test(ending, first_interrupt_is_forwarded_and_starts_nothing)
{
    char *nap = own_sleep();
    struct proc *p = start_naps(nap);
    proc_signal(p, SIGINT);
    struct run r = run_finish(p);
    run_expect(&r, 130);
    cr_assert_eq(run_count(&r, "cancelled"), 4);
    cr_assert_eq(run_count(&r, "not_run"), 4);
    cr_assert_str_eq(json_text_at(r.report, "run.interrupted"), "signal");
    cr_assert_eq(processes_left(nap, 500), 0);
}

Test(ending, second_interrupt_closes_all)
{
    /* A command that an interrupt does not impress. */
    char *stubborn = text_of("trap '' INT TERM HUP; echo ready; %s; echo survived", own_sleep());
    struct proc *p = RUN_START(NULL, fleet_text("inventory"), "-w", "web[001-004]", stubborn);
    for (int i = 1; i <= 4; i++)
        cr_assert(proc_wait_stdout(p, text_of("web%03d: ready", i), 10000));
    proc_signal(p, SIGINT);
    usleep(300000);
    int64_t asked = clock_monotonic_us();
    proc_signal(p, SIGINT);
    struct run r = run_finish(p);
    cr_assert_lt((clock_monotonic_us() - asked) / US_PER_MS, 3000);
    run_expect(&r, 130);
    cr_assert_eq(run_count(&r, "cancelled"), 4);
    /* What was left by then is ended with the fleet. */
}

Test(ending, terminate_reports_every_host_in_two_seconds)
{
    struct proc *p = start_naps(own_sleep());
    int64_t asked = clock_monotonic_us();
    proc_signal(p, SIGTERM);
    struct run r = run_finish(p);
    cr_assert_lt((clock_monotonic_us() - asked) / US_PER_MS, 3000);
    run_expect(&r, 143);
    cr_assert_eq(cJSON_GetArraySize(json_at(r.report, "hosts")), 8);
    cr_assert_eq(processes_left(own_sleep(), 500), 0);
}

Test(ending, kill_leaves_every_ended_host_in_the_events)
{
    struct proc *p = RUN_START(NULL, fleet_text("inventory"), "-w", "web[001-030],db-1", "-f", "8",
                               "case $SSH_CONNECTION in *.7.9\\ *) sleep 7;; esac; echo $$");
    cr_assert(proc_wait_stdout(p, "web020: ", 10000));
    proc_signal(p, SIGKILL);
    struct proc_result dead = proc_finish(p);
    cr_assert_eq(dead.signal, SIGKILL);
    char *text = file_read(tmp_path("events.jsonl"), NULL);
    text[strrchr(text, '\n') - text + 1] = '\0'; /* the line it died in */
    cJSON *events = json_parse_lines(text);
    size_t started = json_count(events, "event", "host_start");
    size_t ended = json_count(events, "event", "host_end");
    cr_assert_geq(ended + 8, started, "%zu started, %zu ended", started, ended);
    cr_assert_geq(ended, 12);
}

Test(ending, a_reader_that_leaves_ends_the_run)
{
    const char *argv[] = { MUSTER_BINARY, "run",          "-i", fleet_text("inventory"),
                           "-w",          "web[001-008]", "--", "yes muster is here",
                           NULL };
    struct proc *p = proc_start(&(struct proc_args){ .argv = argv, .deadline_ms = 20000 });
    cr_assert(proc_wait_stdout(p, "web001: ", 10000));
    int64_t left = clock_monotonic_us();
    proc_close_stdout(p);
    struct proc_result r = proc_finish(p);
    cr_assert_lt((clock_monotonic_us() - left) / US_PER_MS, 4000);
    cr_assert_not(r.timed_out);
    cr_assert(r.exit_code == 141 || r.signal == SIGPIPE, "%s", proc_describe(&r));
    cr_assert_eq(processes_left("yes muster is here", 1000), 0);
}

Test(ending, a_full_disk_is_exit_74)
{
    const char *argv[] = { MUSTER_BINARY, "run",    "-i",     fleet_text("inventory"),
                           "-w",          "web001", "echo x", NULL };
    struct proc_result r =
        proc_run(&(struct proc_args){ .argv = argv, .stdout_path = "/dev/full" });
    proc_expect_exit(&r, 74);
    const char *full[] = { MUSTER_BINARY, "run",    "-i",     fleet_text("inventory"),
                           "-w",          "web001", "--json", "/dev/full",
                           "echo x",      NULL };
    r = proc_run(&(struct proc_args){ .argv = full });
    proc_expect_exit(&r, 74);
}

Test(ending, usr1_prints_where_things_stand)
{
    struct proc *p = start_naps(own_sleep());
    proc_signal(p, SIGUSR1);
    bool told = proc_wait_stderr(p, "/8", 3000);
    proc_signal(p, SIGTERM);
    struct run r = run_finish(p);
    cr_assert(told, "%s", proc_describe(&r.p));
    run_expect(&r, 143);
}

Test(ending, nohup_is_respected)
{
    char *command = text_of("trap '' HUP; exec '%s' run -i '%s' -w web001 'echo ready; sleep 1.5;"
                            " echo done'",
                            MUSTER_BINARY, fleet_text("inventory"));
    const char *argv[] = { "sh", "-c", command, NULL };
    struct proc *p = proc_start(&(struct proc_args){ .argv = argv });
    cr_assert(proc_wait_stdout(p, "ready", 5000));
    proc_signal(p, SIGHUP);
    struct proc_result r = proc_finish(p);
    proc_expect_exit(&r, 0);
    cr_assert_not_null(strstr(r.out, "done"));
}
