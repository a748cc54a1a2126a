/* SPDX-License-Identifier: MIT */
/* libmuster as another program uses it: this test meets the shared library's muster_* only. */
#include <muster/muster.h>

#include <criterion/criterion.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files.h"
#include "fleet.h"
#include "run.h"

enum { HOSTS_MAX = 8, TEXT_MAX = 4096, KINDS = MUSTER_RUN_END + 1 };

/* One run, and what was heard of it. */
struct scene {
    struct muster_inventory *inventory;
    struct muster_plan *plan;
    struct muster_engine *engine;
    size_t kinds[KINDS];
    uint64_t seq;
    bool is_over; /* RUN_END came */
    size_t ends[HOSTS_MAX];
    enum muster_status statuses[HOSTS_MAX];
    char code[HOSTS_MAX][32];       /* error_code of the end */
    char out[HOSTS_MAX][TEXT_MAX];  /* both streams */
    enum muster_stop stop;          /* 0: do not ... */
    enum muster_event_kind stop_at; /* ... else at the first event of this kind */
    size_t asked;                   /* questions */
    size_t asked_keys;
    const char *accept; /* the host whose key is accepted */
};

/* Keeps what belongs to HOST_END. */
static void keep_end(struct scene *s, const struct muster_event *event)
{
    uint32_t i = event->host->index;
    s->ends[i]++;
    s->statuses[i] = event->status;
    snprintf(s->code[i], sizeof s->code[i], "%s", event->error_code ? event->error_code : "");
    cr_expect_eq(event->has_exit_code,
                 event->status == MUSTER_OK || event->status == MUSTER_FAILED);
    cr_expect_geq(event->duration_us, 0);
}

static void on_event(void *arg, const struct muster_event *event)
{
    struct scene *s = arg;
    cr_expect_not(s->is_over, "an event after RUN_END");
    cr_expect_eq(event->seq, s->seq + 1);
    cr_expect((event->kind == MUSTER_RUN_START) == (event->seq == 1));
    s->seq = event->seq;
    s->kinds[event->kind]++;
    s->is_over = event->kind == MUSTER_RUN_END;
    if (event->kind == MUSTER_HOST_END)
        keep_end(s, event);
    if (event->kind == MUSTER_OUTPUT)
        strncat(s->out[event->host->index], event->data,
                event->size < TEXT_MAX / 2 ? event->size : TEXT_MAX / 2);
    if (s->stop && event->kind == s->stop_at)
        muster_engine_stop(s->engine, s->stop);
}

static void on_host_keys(void *arg, const struct muster_host_key *keys, size_t count,
                         bool *accepted)
{
    struct scene *s = arg;
    s->asked++;
    s->asked_keys += count;
    for (size_t i = 0; i < count; i++) {
        cr_expect_str_eq(keys[i].type, "ssh-ed25519");
        cr_expect_eq(strncmp(keys[i].fingerprint, "SHA256:", 7), 0);
        cr_expect_eq(strncmp(keys[i].address, "[127.1.1.", 9), 0, "%s", keys[i].address);
        accepted[i] = strcmp(keys[i].host, s->accept) == 0;
    }
}

/* Loads an inventory and makes the plan; false with the error. */
static bool make_plan(struct scene *s, const char *inventory, struct muster_plan_args args,
                      struct muster_error *reterr)
{
    if (!muster_inventory_load(&s->inventory, &inventory, 1, reterr))
        return false;
    args.inventory = s->inventory;
    return muster_plan_new(&s->plan, &args, reterr);
}

/* The same, and an engine that asks where `asks` is set; all of it must succeed. */
static void prepare(struct scene *s, const char *inventory, struct muster_plan_args args, bool asks)
{
    struct muster_error error = MUSTER_ERROR_INIT;
    cr_assert(make_plan(s, inventory, args, &error), "%s", error.text);
    const struct muster_engine_args how = {
        .plan = s->plan, .on_event = on_event, .arg = s, .on_host_keys = asks ? on_host_keys : NULL
    };
    cr_assert(muster_engine_new(&s->engine, &how, &error), "%s", error.text);
}

/* What must hold after every run. */
static void check_end(const struct scene *s)
{
    cr_assert(s->is_over);
    cr_assert(muster_engine_is_finished(s->engine));
    cr_assert_eq(s->kinds[MUSTER_HOST_END], muster_plan_host_count(s->plan));
    for (size_t i = 0; i < muster_plan_host_count(s->plan); i++)
        cr_assert_eq(s->ends[i], 1);
}

static void release(struct scene *s)
{
    muster_engine_free(s->engine);
    muster_plan_free(s->plan);
    muster_inventory_free(s->inventory);
}

Test(library, runs_a_plan_and_tells_all)
{
    struct scene s = { 0 };
    prepare(&s, fleet_text("inventory"),
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
    check_end(&s);
    for (size_t i = 0; i < 4; i++) {
        cr_expect_eq(s.statuses[i], MUSTER_FAILED);
        cr_expect(strstr(s.out[i], "out\n") && strstr(s.out[i], "err\n"), "%s", s.out[i]);
    }
    cr_expect_eq(s.kinds[MUSTER_HOST_START], 4);
    cr_expect_eq(s.kinds[MUSTER_HOST_AUTH], 4);
    cr_expect_eq(s.kinds[MUSTER_HOST_EXEC], 4);
    cr_expect_str_eq(muster_status_word(s.statuses[0]), "failed");
    release(&s);
}

Test(library, runs_inside_a_loop_of_the_callers)
{
    struct scene s = { 0 };
    prepare(&s, fleet_text("inventory"),
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
    check_end(&s);
    cr_expect_gt(rounds, 4, "it blocks inside a step");
    for (size_t i = 0; i < 4; i++) {
        cr_expect_eq(s.statuses[i], MUSTER_OK);
        cr_expect_str_eq(s.out[i], "hi\n");
    }
    release(&s);
}

Test(library, asks_once_about_all_unknown_keys)
{
    char *known = text_of("--known-hosts=%s", tmp_file("known_hosts", ""));
    const char *const options[] = { known, "--host-key-check=ask", NULL };
    const struct muster_plan_args args = { .hosts = "web001,web002",
                                           .command = "true",
                                           .options = options };
    struct scene s = { .accept = "web002" };
    prepare(&s, fleet_text("inventory"), args, true);
    muster_engine_run(s.engine);
    check_end(&s);
    cr_expect_eq(s.asked, 1);
    cr_expect_eq(s.asked_keys, 2);
    cr_expect_eq(s.statuses[0], MUSTER_BAD_HOST_KEY);
    cr_expect_str_eq(s.code[0], "host_key_unknown");
    cr_expect_eq(s.statuses[1], MUSTER_OK);
    cr_expect_eq(count_lines(file_read(tmp_path("known_hosts"), NULL), ""), 1);
    release(&s);

    struct scene again = { .accept = "nobody" };
    prepare(&again, fleet_text("inventory"), args, true);
    muster_engine_run(again.engine);
    check_end(&again);
    cr_expect_eq(again.asked_keys, 1, "the recorded key is asked about again");
    cr_expect_eq(again.statuses[1], MUSTER_OK);
    release(&again);
}

Test(library, without_a_question_unknown_keys_are_errors)
{
    char *known = text_of("--known-hosts=%s", tmp_file("known_hosts", ""));
    const char *const options[] = { known, NULL };
    struct scene s = { 0 };
    prepare(&s, fleet_text("inventory"),
            (struct muster_plan_args){ .hosts = "web001", .command = "true", .options = options },
            false);
    muster_engine_run(s.engine);
    check_end(&s);
    cr_expect_eq(s.statuses[0], MUSTER_BAD_HOST_KEY);
    release(&s);
}

/* Expects that no plan is made, for a reason that holds `text`. */
static void expect_refused(struct muster_plan_args args, const char *code, const char *text)
{
    struct scene s = { 0 };
    struct muster_error error = MUSTER_ERROR_INIT;
    cr_expect_not(make_plan(&s, fleet_text("inventory"), args, &error), "not refused: %s", text);
    cr_expect_str_eq(error.code, code);
    cr_expect(strstr(error.text, text), "%s", error.text);
    muster_error_release(&error);
    release(&s);
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
    cr_assert(make_plan(
        &s, fleet_text("inventory"),
        (struct muster_plan_args){ .hosts = "web001", .command = "true", .options = options },
        &error));
    const struct muster_engine_args how = { .plan = s.plan, .on_event = on_event, .arg = &s };
    cr_expect_not(muster_engine_new(&s.engine, &how, &error));
    cr_expect_str_eq(error.code, "file");
    cr_expect(strstr(error.text, "/nowhere/key"), "%s", error.text);
    muster_error_release(&error);
    release(&s);
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
        prepare(&s, fleet_text("inventory"),
                (struct muster_plan_args){ .hosts = "web[001-003]",
                                           .command = "echo up; exec sleep 47.11",
                                           .options = options },
                false);
        muster_engine_run(s.engine);
        check_end(&s);
        cr_expect_eq(s.kinds[MUSTER_HOST_EXEC], 1);
        cr_expect_eq(s.statuses[0], MUSTER_CANCELLED, "way %zu: %s", i,
                     muster_status_word(s.statuses[0]));
        cr_expect_eq(s.statuses[1], MUSTER_NOT_RUN);
        cr_expect_eq(s.statuses[2], MUSTER_NOT_RUN);
        release(&s);
    }
}

Test(library, logs_in_with_a_password)
{
    char *host = text_of("pw@%s:%s", fleet_text("password_address"), fleet_port());
    char *known = text_of("--known-hosts=%s", fleet_text("known_hosts"));
    const char *const options[] = { known, NULL };
    struct scene s = { 0 };
    prepare(&s, fleet_text("inventory"),
            (struct muster_plan_args){ .hosts = host,
                                       .command = "echo $LOGNAME",
                                       .options = options,
                                       .password = fleet_text("password") },
            false);
    muster_engine_run(s.engine);
    check_end(&s);
    cr_expect_eq(s.statuses[0], MUSTER_OK, "%s", s.code[0]);
    cr_expect_str_eq(s.out[0], "pw\n");
    release(&s);
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
        prepare(&scenes[i], fleet_text("inventory"),
                (struct muster_plan_args){ .hosts = "web[001-004]", .command = "echo hi" }, false);
        cr_assert_eq(pthread_create(&threads[i], NULL, run_one, &scenes[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        cr_assert_eq(pthread_join(threads[i], NULL), 0);
        check_end(&scenes[i]);
        for (size_t host = 0; host < 4; host++)
            cr_expect_str_eq(scenes[i].out[host], "hi\n");
        release(&scenes[i]);
    }
}
