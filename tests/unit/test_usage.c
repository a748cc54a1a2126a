/* SPDX-License-Identifier: MIT */
/* The program itself: help, versions, and everything wrong before a run is exit status 2. */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "files.h"
#include "proc.h"

/* Expects an exit status and a text on one of the streams; the other one is empty. */
static void expect(struct proc_result r, int code, const char *out, const char *err)
{
    proc_expect_exit(&r, code);
    cr_expect(strstr(r.out, out), "no '%s' in %s", out, proc_describe(&r));
    cr_expect(strstr(r.err, err), "no '%s' in %s", err, proc_describe(&r));
    cr_expect(*out || !*r.out, "%s", proc_describe(&r));
    cr_expect(*err || !*r.err, "%s", proc_describe(&r));
    proc_result_release(&r);
}

Test(usage, help_is_on_stdout)
{
    expect(muster_run((const char *const[]){ MUSTER_BINARY, NULL }), 0, "\nCommands:\n", "");
    expect(MUSTER("help"), 0, "\nCommands:\n", "");
    expect(MUSTER("--help"), 0, "\nCommands:\n", "");
    expect(MUSTER("-h"), 0, "\nCommands:\n", "");
    expect(MUSTER("help", "run"), 0, "Usage: muster run", "");
    expect(MUSTER("run", "--help"), 0, "Usage: muster run", "");
    expect(MUSTER("run", "-ah"), 0, "Usage: muster run", "");
    expect(MUSTER("run", "-h", tmp_file("hosts.txt", "a\n"), "x"), 0, "Usage: muster run", "-w ^");
}

Test(usage, help_does_not_need_a_good_config)
{
    const char *env[] = { "MUSTER_PORT=bad", NULL };
    const char *argv[] = { MUSTER_BINARY, "run", "-h", NULL };
    expect(proc_run(&(struct proc_args){ .argv = argv, .env = env }), 0, "Usage: muster run", "");
}

Test(usage, version_names_the_libraries)
{
    expect(MUSTER("--version"), 0, "\nlibssh2 1.", "");
    expect(MUSTER("-V"), 0, "\nlibuv 1.", "");
    expect(MUSTER("run", "-V"), 0, "\nOpenSSL 3", "");
}

Test(usage, full_disk_is_74)
{
    const char *argv[] = { MUSTER_BINARY, "help", NULL };
    struct proc_args args = { .argv = argv, .stdout_path = "/dev/full" };
    expect(proc_run(&args), 74, "", "muster: standard output: No space left on device");
}

Test(usage, wrong_words_are_2)
{
    expect(MUSTER("rum"), 2, "", "unknown command 'rum'; did you mean run?\nsee muster --help\n");
    expect(MUSTER("uptime"), 2, "", "unknown command 'uptime'");
    expect(MUSTER("help", "rum"), 2, "", "did you mean run?");
    expect(MUSTER("-i", "x", "run"), 2, "", "muster: -i before a command");
    expect(MUSTER("run", "--fanut", "3", "x"), 2, "",
           "muster: unknown option --fanut; did you mean --fanout?\nsee muster run --help\n");
    expect(MUSTER("run"), 2, "", "muster: no command given\nsee muster run --help\n");
}

Test(usage, bad_variables_and_config_files_are_2)
{
    const char *argv[] = { MUSTER_BINARY, "run", "-a", "x", NULL };
    const char *env[] = { "MUSTER_PORT=0", NULL };
    expect(proc_run(&(struct proc_args){ .argv = argv, .env = env }), 2, "",
           "muster: MUSTER_PORT: 0 is not in 1..65535\n");
    const char *folder = text_of("XDG_CONFIG_HOME=%s", tmp_dir());
    const char *xdg[] = { folder, NULL };
    const char *mkdir[] = { "mkdir", tmp_path("muster"), NULL };
    expect(proc_run(&(struct proc_args){ .argv = mkdir }), 0, "", "");
    const char *file = tmp_file("muster/config.json", "{\n\"prot\": 1,\n\"hosts\": \"x\"}");
    expect(proc_run(&(struct proc_args){ .argv = argv, .env = xdg }), 2, "",
           text_of("muster: %s:2:9: /prot: unknown setting \"prot\"; did you mean \"port\"?\n"
                   "muster: %s:3:10: /hosts: hosts cannot be set in a file: ",
                   file, file));
}

Test(usage, notes_need_v)
{
    const char *env[] = { "MUSTER_FANUOT=3", NULL };
    const char *quiet[] = { MUSTER_BINARY, "run", NULL };
    const char *verbose[] = { MUSTER_BINARY, "run", "-v", NULL };
    expect(proc_run(&(struct proc_args){ .argv = verbose, .env = env }), 2, "",
           "muster: unknown variable MUSTER_FANUOT is ignored; did you mean MUSTER_FANOUT?\n");
    struct proc_result r = proc_run(&(struct proc_args){ .argv = quiet, .env = env });
    cr_expect_null(strstr(r.err, "MUSTER_FANUOT"));
    proc_result_release(&r);
}
