/* SPDX-License-Identifier: MIT */
/* SIGINT, real ones: what is asked for first, and what happens to commands that do not listen. */
#include <criterion/criterion.h>
#include <signal.h>
#include <unistd.h>

#include "fleet.h"
#include "report.h"
#include "run.h"

/* Starts `command` on two hosts and waits until both have said "ready". */
static struct proc *start_two(const char *command)
{
    struct proc *p = RUN_START(NULL, fleet_text("inventory"), "-w", "web[001-002]", command);
    cr_assert(proc_wait_stdout(p, "web001: ready", 20000));
    cr_assert(proc_wait_stdout(p, "web002: ready", 20000));
    return p;
}

Test(interrupt, first_is_passed_on)
{
    struct proc *p = start_two("trap 'echo bye; exit 9' INT; echo ready; "
                               "for i in 1 2 3 4 5 6 7 8 9 10; do sleep 1; done");
    proc_signal(p, SIGINT);
    struct run r = run_finish(p);
    run_expect(&r, 130);
    cr_assert_str_eq(run_status(&r, "web001"), "cancelled");
    cr_assert_eq(json_number_at(run_host(&r, "web001"), "exit_code"), 9);
    cr_assert_str_eq(run_stdout(&r, "web002"), "ready\nbye\n");
    cr_assert_lt(r.p.elapsed_ms, 8000);
}

Test(interrupt, second_ends_commands_that_ignore_the_first)
{
    struct proc *p = start_two("trap '' INT; echo ready; sleep 64738");
    proc_signal(p, SIGINT);
    cr_assert(proc_wait_stderr(p, "running", 5000), "what runs where is shown");
    sleep(1);
    cr_assert_eq(processes_with("sleep 64738") > 0, true, "the first waits for the command");
    proc_signal(p, SIGINT);
    struct run r = run_finish(p);
    run_expect(&r, 130);
    cr_assert_str_eq(run_status(&r, "web001"), "cancelled");
    cr_assert(run_was_killed(&r, "web001"));
    cr_assert_eq(processes_left("sleep 64738", 1000), 0);
}

Test(interrupt, third_waits_for_nobody)
{
    struct proc *p = start_two("trap '' INT TERM; echo ready; sleep 15.0739");
    proc_signal(p, SIGINT);
    cr_assert(proc_wait_stderr(p, "running", 5000));
    proc_signal(p, SIGINT);
    usleep(200 * 1000);
    proc_signal(p, SIGINT);
    struct run r = run_finish(p);
    run_expect(&r, 130);
    cr_assert_str_eq(json_text_at(run_host(&r, "web001"), "kill"), "unconfirmed");
    /* Whether the helper came before the connection was closed is chance: the command ends itself.
     */
    cr_assert_eq(processes_left("sleep 15.0739", 20000), 0);
}
