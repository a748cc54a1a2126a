/* SPDX-License-Identifier: MIT */
/* `muster run` against real servers: many hosts, streams, exit status, report and events. */
#include <criterion/criterion.h>
#include <string.h>

#include "files.h"
#include "fleet.h"
#include "report.h"
#include "run.h"

Test(run, two_hundred_hosts_keep_their_output_apart, .timeout = 120)
{
    struct run r = RUN(fleet_text("inventory"), "-a", "-f", "64", "--",
                       "set -- $SSH_CONNECTION; echo $3; echo err $3 >&2; exit 3");
    run_expect(&r, 1);
    size_t count = (size_t)fleet_number("hosts");
    cr_assert_eq(run_count(&r, "failed"), count);
    for (size_t i = 0; i < count; i++) {
        const cJSON *host = cJSON_GetArrayItem(json_at(r.report, "hosts"), (int)i);
        const char *address = json_text_at(host, "address");
        cr_assert_eq(json_number_at(host, "index"), (double)i);
        cr_assert_eq(json_number_at(host, "exit_code"), 3);
        cr_assert_str_eq(json_text_at(host, "stdout"), text_of("%s\n", address));
        cr_assert_str_eq(json_text_at(host, "stderr"), text_of("err %s\n", address));
        char *line = text_of("%s: %s\n", json_text_at(host, "name"), address);
        cr_assert_eq(count_text(r.p.out, line), 1, "no line %s", line);
    }
    cr_assert_eq(count_lines(r.p.out, ""), count);
    cr_assert_geq(count_text(r.p.err, ": err 127."), count);
}

Test(run, order_of_report_is_that_of_selection)
{
    struct run r = RUN(fleet_text("inventory"), "-w", "web003,web001,db-2", "true");
    run_expect(&r, 0);
    cr_assert_str_eq(json_text_at(r.report, "hosts.0.name"), "web003");
    cr_assert_str_eq(json_text_at(r.report, "hosts.1.name"), "web001");
    cr_assert_str_eq(json_text_at(r.report, "hosts.2.name"), "db-2");
}

Test(run, groups_ranges_and_exclusion_select)
{
    struct run r = RUN(fleet_text("inventory"), "-g", "db", "-x", "db-[1-9]", "true");
    run_expect(&r, 0);
    cr_assert_eq(cJSON_GetArraySize(json_at(r.report, "hosts")), fleet_number("hosts") / 4 - 9);
    cr_assert_null(json_find(json_at(r.report, "hosts"), "name", "db-9"));
}

Test(run, joins_words_as_ssh_does)
{
    struct run r =
        RUN(fleet_text("inventory"), "-w", "web001", "echo", "a  b", "-x", ";", "echo", "$HOME");
    run_expect(&r, 0);
    cr_assert_str_eq(run_stdout(&r, "web001"), text_of("a b -x\n%s\n", fleet_text("home")));
}

Test(run, output_is_exact_to_the_byte)
{
    /* Every byte value three hundred times, no newline at the end; twice the pipe's size. */
    struct run r = RUN(fleet_text("inventory"), "-w", "web001", "-N",
                       "perl -e 'print map { chr } (0..255) x 300' 2>/dev/null || "
                       "awk 'BEGIN { for (r = 0; r < 300; r++) for (i = 0; i < 256; i++)"
                       " printf \"%c\", i }'");
    run_expect(&r, 0);
    cr_assert_eq(json_number_at(run_host(&r, "web001"), "stdout_bytes"), 256 * 300);
    cr_assert(json_has(run_host(&r, "web001"), "stdout_b64"), "bytes were lost without base64");
    /* The stream ends the last line. */
    cr_assert_geq(r.p.out_size, (size_t)256 * 300);
    for (size_t i = 0; i < 256 * 300; i++)
        cr_assert_eq((unsigned char)r.p.out[i], i % 256, "byte %zu", i);
}

Test(run, last_line_without_newline_is_kept_apart)
{
    struct run r = RUN(fleet_text("inventory"), "-w", "web[001-004]", "printf abc");
    run_expect(&r, 0);
    cr_assert_eq(count_lines(r.p.out, "web00"), 4);
    cr_assert_eq(count_text(r.p.out, ": abc\n"), 4);
    cr_assert_str_eq(run_stdout(&r, "web002"), "abc");
}

Test(run, megabytes_arrive_whole)
{
    struct run r = RUN(fleet_text("inventory"), "-w", "web[001-008]", "--max-output", "10K",
                       "seq 1000000; seq 1000 >&2");
    run_expect(&r, 0);
    for (int i = 1; i <= 8; i++) {
        const cJSON *host = run_host(&r, text_of("web%03d", i));
        cr_assert_eq(json_number_at(host, "stdout_bytes"), 6888896);
        cr_assert_eq(json_number_at(host, "stderr_bytes"), 3893);
        cr_assert(json_is_true(host, "stdout_truncated"));
        cr_assert_leq(strlen(json_text_at(host, "stdout")), (size_t)10 * 1024);
    }
    cr_assert_eq(count_lines(r.p.out, "web"), 8000000);
}

Test(run, remote_exit_codes_and_signals)
{
    struct run r = RUN(fleet_text("inventory"), "-w", "web001", "exit 255");
    run_expect(&r, 1);
    cr_assert_eq(json_number_at(run_host(&r, "web001"), "exit_code"), 255);
    r = RUN(fleet_text("inventory"), "-w", "web001", "kill -9 $$");
    run_expect(&r, 1);
    cr_assert_str_eq(run_status(&r, "web001"), "failed");
    cr_assert_str_eq(json_text_at(run_host(&r, "web001"), "signal"), "KILL");
    cr_assert_not(json_has(run_host(&r, "web001"), "exit_code"));
}

Test(run, maxrc_and_exit_zero_change_the_exit_status)
{
    struct run r = RUN(fleet_text("inventory"), "-w", "web001", "-S", "exit 42");
    run_expect(&r, 42);
    r = RUN(fleet_text("inventory"), "-w", "web001", "--exit-zero", "exit 42");
    run_expect(&r, 0);
}

Test(run, fanout_is_a_limit)
{
    /* Each command counts its fellows in a folder that all hosts share. */
    struct run r =
        RUN(fleet_text("inventory"), "-w", "web[001-040]", "-f", "5",
            "mkdir -p $HOME/now; f=$HOME/now/$$; : > $f; sleep 0.1; ls $HOME/now | wc -l;"
            " rm $f");
    run_expect(&r, 0);
    long most = 0;
    for (int i = 1; i <= 40; i++) {
        long n = strtol(run_stdout(&r, text_of("web%03d", i)), NULL, 10);
        most = n > most ? n : most;
    }
    cr_assert_leq(most, 5);
    cr_assert_geq(most, 2, "nothing ran at the same time");
}

Test(run, standard_input_reaches_every_host_whole)
{
    char *text = malloc(3000001);
    for (int i = 0; i < 3000000; i++)
        text[i] = (char)('a' + i % 26);
    text[3000000] = '\0';
    char *path = tmp_file("input", text);
    struct run r = RUN(fleet_text("inventory"), "-w", "web[001-010]", "-I", path, "cksum");
    run_expect(&r, 0);
    struct proc_args piped = { .stdin_text = text };
    struct run q =
        RUN_WITH(&piped, fleet_text("inventory"), "-w", "web[001-010]", "-I", "-", "cksum");
    run_expect(&q, 0);
    for (int i = 1; i <= 10; i++) {
        char *name = text_of("web%03d", i);
        cr_assert_not_null(strstr(run_stdout(&r, name), " 3000000\n"));
        cr_assert_str_eq(run_stdout(&q, name), run_stdout(&r, name));
    }
}

Test(run, standard_input_is_not_read_unasked)
{
    struct proc_args args = { .stdin_text = "do not read this\n" };
    struct run r = RUN_WITH(&args, fleet_text("inventory"), "-w", "web001", "cat; echo end");
    run_expect(&r, 0);
    cr_assert_str_eq(run_stdout(&r, "web001"), "end\n");
}

Test(run, reaches_a_host_by_ipv6)
{
    char *inventory =
        run_inventory("", text_of("\"six\": { \"address\": \"%s\" }", fleet_text("ipv6_address")));
    struct run r = RUN(inventory, "-a", "set -- $SSH_CONNECTION; echo $3");
    run_expect(&r, 0);
    cr_assert_str_eq(run_stdout(&r, "six"), "::1\n");
}

Test(run, a_busy_server_is_tried_again, .timeout = 120)
{
    /* MaxStartups 4:100:4: sshd drops what is too much before a word is said. */
    char *inventory = run_inventory(
        "", text_of("\"busy[01-24]\": { \"address\": \"%s\" }", fleet_text("busy_address")));
    struct run r = RUN(inventory, "-a", "-t", "20", "true");
    run_expect(&r, 0);
    cr_assert_eq(run_count(&r, "ok"), 24);
}

Test(run, json_to_stdout_turns_the_stream_off)
{
    const char *argv[] = { MUSTER_BINARY, "run",    "-i",     fleet_text("inventory"),
                           "-w",          "web001", "--json", "-",
                           "echo",        "hello",  NULL };
    struct proc_result r = proc_run(&(struct proc_args){ .argv = argv });
    proc_expect_exit(&r, 0);
    cJSON *report = json_parse(r.out);
    cr_assert_str_eq(json_text_at(report, "schema"), "muster.report/1");
    cr_assert_str_eq(json_text_at(report, "hosts.0.stdout"), "hello\n");
}
