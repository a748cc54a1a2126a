/* SPDX-License-Identifier: MIT */
/* libmuster as another program uses it: this test meets the shared library's muster_* only. */
#include <muster/muster.h>

#include <criterion/criterion.h>
#include <poll.h>
#include <pthread.h>
#include <string.h>

#include "files.h"
#include "fleet.h"
#include "scene.h"

Test(library, runs_a_plan_and_tells_all)
{
    struct scene s = { 0 };
    scene_prepare(&s, fleet_text("inventory"),
                  (struct muster_plan_args){ .hosts = "web[001-003],db-1",
                                             .command = "echo out; echo err >&2; exit 3" },
                  false);
    cr_assert_eq(muster_plan_host_count(s.plan), 4);
    struct muster_host host = muster_plan_host(s.plan, 3);
    cr_assert_str_eq(host.name, "db-1");
    cr_assert_str_eq(host.user, "fleet");
    cr_assert_str_eq(host.groups[0], "db");
    cr_assert_null(host.groups[1]);
    cr_assert_eq(host.port, fleet_number("port"));
    cr_assert_not_null(muster_inventory_host_name(s.inventory, 0));
    muster_engine_run(s.engine);
    scene_check_end(&s);
    for (size_t i = 0; i < 4; i++) {
        cr_expect_eq(s.statuses[i], MUSTER_FAILED);
        cr_expect(strstr(s.out[i], "out\n") && strstr(s.out[i], "err\n"), "%s", s.out[i]);
    }
    cr_expect_eq(s.kinds[MUSTER_HOST_START], 4);
    cr_expect_eq(s.kinds[MUSTER_HOST_AUTH], 4);
    cr_expect_eq(s.kinds[MUSTER_HOST_EXEC], 4);
    cr_expect_str_eq(muster_status_word(s.statuses[0]), "failed");
    scene_release(&s);
}

Test(library, runs_inside_a_loop_of_the_callers)
{
    struct scene s = { 0 };
    scene_prepare(
        &s, fleet_text("inventory"),
        (struct muster_plan_args){ .hosts = "web[001-004]", .command = "sleep 0.2; echo hi" },
        false);
    size_t rounds = 0;
    muster_engine_start(s.engine);
    while (!muster_engine_is_finished(s.engine)) {
        struct pollfd poll_fd = { .fd = muster_engine_fd(s.engine), .events = POLLIN };
        cr_assert_geq(poll(&poll_fd, 1, muster_engine_timeout_ms(s.engine)), 0);
        muster_engine_step(s.engine);
        cr_assert_lt(++rounds, 100000, "it spins");
    }
    scene_check_end(&s);
    cr_expect_gt(rounds, 4, "it blocks inside a step");
    for (size_t i = 0; i < 4; i++) {
        cr_expect_eq(s.statuses[i], MUSTER_OK);
        cr_expect_str_eq(s.out[i], "hi\n");
    }
    scene_release(&s);
}

Test(library, asks_once_about_all_unknown_keys)
{
    char *known = text_of("--known-hosts=%s", tmp_file("known_hosts", ""));
    const char *const options[] = { known, "--host-key-check=ask", NULL };
    const struct muster_plan_args args = { .hosts = "web001,web002",
                                           .command = "true",
                                           .options = options };
    struct scene s = { .accept = "web002" };
    scene_prepare(&s, fleet_text("inventory"), args, true);
    muster_engine_run(s.engine);
    scene_check_end(&s);
    cr_expect_eq(s.asked, 1);
    cr_expect_eq(s.asked_keys, 2);
    cr_expect_eq(s.statuses[0], MUSTER_BAD_HOST_KEY);
    cr_expect_str_eq(s.code[0], "host_key_unknown");
    cr_expect_eq(s.statuses[1], MUSTER_OK);
    cr_expect_eq(count_lines(file_read(tmp_path("known_hosts"), NULL), ""), 1);
    scene_release(&s);

    struct scene again = { .accept = "nobody" };
    scene_prepare(&again, fleet_text("inventory"), args, true);
    muster_engine_run(again.engine);
    scene_check_end(&again);
    cr_expect_eq(again.asked_keys, 1, "the recorded key is asked about again");
    cr_expect_eq(again.statuses[1], MUSTER_OK);
    scene_release(&again);
}

Test(library, without_a_question_unknown_keys_are_errors)
{
    char *known = text_of("--known-hosts=%s", tmp_file("known_hosts", ""));
    const char *const options[] = { known, NULL };
    struct scene s = { 0 };
    scene_prepare(
        &s, fleet_text("inventory"),
        (struct muster_plan_args){ .hosts = "web001", .command = "true", .options = options },
        false);
    muster_engine_run(s.engine);
    scene_check_end(&s);
    cr_expect_eq(s.statuses[0], MUSTER_BAD_HOST_KEY);
    scene_release(&s);
}

Test(library, refuses_with_reasons)
{
    static const char *const unknown[] = { "--fanuot=3", NULL };
    static const char *const no_value[] = { "--fanout", NULL };
    static const char *const bad_value[] = { "--port=70000", NULL };
    static const char *const not_ours[] = { "--json=report.json", NULL };
    struct muster_plan_args args = { .hosts = "web001", .command = "true", .options = unknown };
    expect_refused(args, "usage", "--fanuot=3: no such option");
    args.options = no_value;
    expect_refused(args, "usage", "needs a value");
    args.options = bad_value;
    expect_refused(args, "usage", "70000 is not in 1..65535");
    args.options = not_ours;
    expect_refused(args, "usage", "--json=report.json: not an option of the library");
    args.options = NULL;
    args.hosts = "wbe001";
    expect_refused(args, "usage", "unknown host \"wbe001\"");
    args.hosts = NULL;
    expect_refused(args, "usage", "no hosts");
    args.hosts = "web001";
    args.command = NULL;
    expect_refused(args, "usage", "no command");
}

Test(library, refuses_files_that_cannot_be_used)
{
    struct muster_error error = MUSTER_ERROR_INIT;
    struct muster_inventory *inventory = NULL;
    const char *files[] = { tmp_file("broken.json", "{ \"hosts\": {") };
    cr_expect_not(muster_inventory_load(&inventory, files, 1, &error));
    cr_expect_str_eq(error.code, "inventory");
    cr_expect(strstr(error.text, "broken.json:1:13: "), "%s", error.text);
    const char *missing[] = { "/nowhere/hosts.json" };
    cr_expect_not(muster_inventory_load(&inventory, missing, 1, &error));
    cr_expect(strstr(error.text, "/nowhere/hosts.json"), "%s", error.text);

    static const char *const options[] = { "--key=/nowhere/key", NULL };
    struct scene s = { 0 };
    cr_assert(scene_plan(
        &s, fleet_text("inventory"),
        (struct muster_plan_args){ .hosts = "web001", .command = "true", .options = options },
        &error));
    const struct muster_engine_args how = { .plan = s.plan, .on_event = scene_on_event, .arg = &s };
    cr_expect_not(muster_engine_new(&s.engine, &how, &error));
    cr_expect_str_eq(error.code, "file");
    cr_expect(strstr(error.text, "/nowhere/key"), "%s", error.text);
    muster_error_release(&error);
    scene_release(&s);
}

Test(library, stops_from_inside_an_event)
{
    static const char *const options[] = { "--fanout=1", NULL };
    static const struct {
        enum muster_stop stop;
        enum muster_event_kind at;
    } ways[] = { { MUSTER_STOP_INTERRUPT, MUSTER_OUTPUT },
                 { MUSTER_STOP_END, MUSTER_HOST_EXEC },
                 { MUSTER_STOP_CLOSE, MUSTER_HOST_EXEC } };
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        struct scene s = { .stop = ways[i].stop, .stop_at = ways[i].at };
        scene_prepare(&s, fleet_text("inventory"),
                      (struct muster_plan_args){ .hosts = "web[001-003]",
                                                 .command = "echo up; exec sleep 47.11",
                                                 .options = options },
                      false);
        muster_engine_run(s.engine);
        scene_check_end(&s);
        cr_expect_eq(s.kinds[MUSTER_HOST_EXEC], 1);
        cr_expect_eq(s.statuses[0], MUSTER_CANCELLED, "way %zu: %s", i,
                     muster_status_word(s.statuses[0]));
        cr_expect_eq(s.statuses[1], MUSTER_NOT_RUN);
        cr_expect_eq(s.statuses[2], MUSTER_NOT_RUN);
        scene_release(&s);
    }
}

Test(library, logs_in_with_a_password)
{
    char *host = text_of("pw@%s:%s", fleet_text("password_address"), fleet_port());
    char *known = text_of("--known-hosts=%s", fleet_text("known_hosts"));
    const char *const options[] = { known, NULL };
    struct scene s = { 0 };
    scene_prepare(&s, fleet_text("inventory"),
                  (struct muster_plan_args){ .hosts = host,
                                             .command = "echo $LOGNAME",
                                             .options = options,
                                             .password = fleet_text("password") },
                  false);
    muster_engine_run(s.engine);
    scene_check_end(&s);
    cr_expect_eq(s.statuses[0], MUSTER_OK, "%s", s.code[0]);
    cr_expect_str_eq(s.out[0], "pw\n");
    scene_release(&s);
}

/* A thread with an engine of its own. */
static void *run_one(void *arg)
{
    muster_engine_run(((struct scene *)arg)->engine);
    return NULL;
}

Test(library, runs_several_engines_in_several_threads)
{
    enum { THREADS = 3 };
    struct scene scenes[THREADS] = { 0 };
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++) {
        scene_prepare(&scenes[i], fleet_text("inventory"),
                      (struct muster_plan_args){ .hosts = "web[001-004]", .command = "echo hi" },
                      false);
        cr_assert_eq(pthread_create(&threads[i], NULL, run_one, &scenes[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        cr_assert_eq(pthread_join(threads[i], NULL), 0);
        scene_check_end(&scenes[i]);
        for (size_t host = 0; host < 4; host++)
            cr_expect_str_eq(scenes[i].out[host], "hi\n");
        scene_release(&scenes[i]);
    }
}
