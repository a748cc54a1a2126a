/* SPDX-License-Identifier: MIT */
/* The program under valgrind: no invalid access, nothing definitely lost, whatever the end. */
#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>

#include "files.h"
#include "fleet.h"
#include "proc.h"
#include "run.h"

enum { VALGRIND_FOUND = 99, MOST_WORDS = 64 };

static struct proc *start(const char *const *words)
{
    const char *argv[MOST_WORDS] = {
        "valgrind",
        "-q",
        "--suppressions=" TEST_SOURCE_DIR "/integration/valgrind.supp",
        "--leak-check=full",
        "--errors-for-leak-kinds=definite",
        text_of("--error-exitcode=%d", VALGRIND_FOUND),
        MUSTER_BINARY,
    };
    for (size_t i = 7; *words != NULL && i < MOST_WORDS - 1; i++)
        argv[i] = *words++;
    return proc_start(&(struct proc_args){ .argv = argv, .deadline_ms = 120000 });
}

static void expect_clean(const char *const *words, int exit_code)
{
    struct proc_result r = proc_finish(start(words));
    proc_expect_exit(&r, exit_code);
}
#define CLEAN(exit_code, ...) expect_clean((const char *const[]){ __VA_ARGS__, NULL }, exit_code)

Test(valgrind, hosts_that_work, .timeout = 150)
{
    CLEAN(1, "run", "-i", fleet_text("inventory"), "-w", "web[001-012]", "-f", "4", "-t", "60",
          "--json", tmp_path("r.json"), "--jsonl", tmp_path("e.jsonl"),
          "seq 1000; seq 100 >&2; exit 3");
}

Test(valgrind, hosts_that_fail, .timeout = 150)
{
    static const char *const faults[] = { "refuse",         "silent",       "endless_lines",
                                          "no_common",      "auth_refuse",  "auth_silent",
                                          "channel_refuse", "exec_refuse",  "no_status",
                                          "exit_signal",    "midway_reset", "stall" };
    char *hosts = "";
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        hosts = text_of("%s%s\"%s\": { \"address\": \"%s\" }", hosts, i ? ", " : "", faults[i],
                        fleet_text(text_of("fault_%s", faults[i])));
    CLEAN(4, "run", "-i", run_inventory("", hosts), "-a", "-t", "12", "-u", "3", "--connects", "4",
          "--json", tmp_path("r.json"), "true");
}

Test(valgrind, a_run_that_is_interrupted, .timeout = 150)
{
    const char *words[] = { "run", "-i", fleet_text("inventory"),     "-w", "web[001-010]",
                            "-f",  "5",  "echo ready; sleep 77777.7", NULL };
    struct proc *p = start(words);
    cr_assert(proc_wait_stdout(p, "ready", 60000));
    proc_signal(p, SIGTERM);
    struct proc_result r = proc_finish(p);
    proc_expect_exit(&r, 143);
}

Test(valgrind, bad_input, .timeout = 150)
{
    CLEAN(2, "run", "-i", tmp_file("bad.json", "{ \"hosts\": { \"a\": { \"port\": 0 } }"), "-a",
          "true");
    CLEAN(2, "run", "-i", fleet_text("inventory"), "true");
    CLEAN(0, "run", "--help");
    CLEAN(0, "list", "-i", fleet_text("inventory"), "-a", "--fold");
}
