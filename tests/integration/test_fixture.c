/* SPDX-License-Identifier: MIT */
/* The ground the other tests stand on: processes, and a fleet that the ordinary ssh reaches. */
#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>

#include "files.h"
#include "fleet.h"
#include "proc.h"

/* ssh with nothing but the fleet's own files. */
static struct proc_result ssh_to(const char *user, const char *address, const char *key,
                                 const char *command)
{
    char *known = text_of("UserKnownHostsFile=%s", fleet_text("known_hosts"));
    const char *argv[] = { "ssh",
                           "-F",
                           "none",
                           "-o",
                           "BatchMode=yes",
                           "-o",
                           known,
                           "-o",
                           "IdentitiesOnly=yes",
                           "-i",
                           key,
                           "-p",
                           fleet_port(),
                           "-l",
                           user,
                           address,
                           command,
                           NULL };
    return proc_run(&(struct proc_args){ .argv = argv, .deadline_ms = 20000 });
}

Test(proc, keeps_streams_apart_and_measures)
{
    const char *argv[] = { "sh", "-c", "cat; echo err >&2; exit 7", NULL };
    struct proc_result r = proc_run(&(struct proc_args){ .argv = argv, .stdin_text = "in\n" });
    proc_expect_exit(&r, 7);
    cr_assert_str_eq(r.out, "in\n");
    cr_assert_str_eq(r.err, "err\n");
    cr_assert_gt(r.usage.ru_maxrss, 100);
    proc_result_release(&r);
}

Test(proc, never_waits_past_the_deadline)
{
    const char *argv[] = { "sh", "-c", "sleep 100 & sleep 100", NULL };
    struct proc_result r = proc_run(&(struct proc_args){ .argv = argv, .deadline_ms = 200 });
    cr_assert(r.timed_out);
    cr_assert_eq(r.signal, SIGKILL);
    cr_assert_lt(r.elapsed_ms, 5000);
}

Test(proc, cleans_the_environment)
{
    const char *argv[] = { "sh", "-c", "echo $HOME:$A:$SSH_AUTH_SOCK:$LC_ALL", NULL };
    const char *env[] = { "A=b", NULL };
    struct proc_result r = proc_run(&(struct proc_args){ .argv = argv, .env = env });
    cr_assert_str_eq(r.out, text_of("%s:b::C.UTF-8\n", tmp_dir()));
}

Test(fleet, first_and_last_host_answer_as_themselves)
{
    int hosts[] = { 0, fleet_number("hosts") - 1 };
    for (size_t i = 0; i < 2; i++) {
        struct proc_result r = ssh_to("fleet", fleet_address(hosts[i]), fleet_text("key"),
                                      "set -- $SSH_CONNECTION; echo $3; id -u; exit 3");
        proc_expect_exit(&r, 3);
        cr_assert_str_eq(r.out, text_of("%s\n%d\n", fleet_address(hosts[i]), fleet_number("uid")));
    }
}

Test(fleet, refuses_a_stranger)
{
    struct proc_result r = ssh_to("fleet", fleet_address(0), fleet_text("key_stranger"), "true");
    proc_expect_exit(&r, 255);
    cr_assert(strstr(r.err, "Permission denied"), "%s", r.err);
}

Test(fleet, dropbear_takes_an_rsa_key)
{
    struct proc_result r =
        ssh_to("fleet", fleet_text("dropbear_address"), fleet_text("key_rsa"), "echo $0");
    proc_expect_exit(&r, 0);
}

Test(fleet, root_logs_in_where_root_started_it)
{
    struct proc_result r = ssh_to("root", fleet_text("root_address"), fleet_text("key"), "id -u");
    proc_expect_exit(&r, 0);
    cr_assert_str_eq(r.out, "0\n");
}

Test(fleet, forced_command_counts_its_runs)
{
    const char *runs = fleet_text("forced_runs");
    size_t before = file_exists(runs) ? count_lines(file_read(runs, NULL), "") : 0;
    char *known = text_of("UserKnownHostsFile=%s", fleet_text("known_hosts"));
    const char *argv[] = { "ssh",
                           "-F",
                           "none",
                           "-o",
                           "BatchMode=yes",
                           "-o",
                           known,
                           "-o",
                           "SendEnv=MUSTER_TEST_SLEEP",
                           "-i",
                           fleet_text("key"),
                           "-p",
                           fleet_port(),
                           text_of("forced@%s", fleet_address(2)),
                           "other",
                           NULL };
    const char *env[] = { "MUSTER_TEST_SLEEP=0", NULL };
    struct proc_result r = proc_run(&(struct proc_args){ .argv = argv, .env = env });
    proc_expect_exit(&r, 0);
    cr_assert_eq(count_lines(file_read(runs, NULL), ""), before + 1);
}
