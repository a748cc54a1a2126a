/* SPDX-License-Identifier: MIT */
/* Events to JSON lines and back: nothing is lost, whatever a host sends. */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "model/event_json.h"

static const char *const groups[] = { "web", "eu", NULL };
static const char *const none[] = { NULL };
static const struct host_info host0 = { .index = 0,
                                        .name = "web01",
                                        .address = "10.0.0.1",
                                        .port = 2222,
                                        .user = "deploy",
                                        .groups = groups,
                                        .via = none };
static const struct host_info host1 = { .index = 1,
                                        .name = "db \"1\"",
                                        .address = "fe80::1",
                                        .port = 22,
                                        .user = "root",
                                        .groups = none,
                                        .via = groups };
static const struct host_info *const hosts[] = { &host0, &host1 };
static const char *const options[] = { "--fanout=64", "--label=\xc3\xa4", NULL };

/* A run that ended by a signal. */
static struct run_info make_run(void)
{
    return (struct run_info){ .id = "run-1",
                              .mode = "run",
                              .command = "echo \"x\"\n",
                              .command_digest = "sha256:00",
                              .controller = "desk",
                              .user = "me",
                              .options = options,
                              .started_at_us = INT64_C(1700000000123000),
                              .host_count = 2,
                              .hosts = hosts,
                              .finished_at_us = INT64_C(1700000012345000),
                              .interrupted = "signal",
                              .signal = 2 };
}

/* The event's line; heap. */
static char *write_line(const struct event *e)
{
    struct buf b;
    buf_init(&b, 1 << 20);
    event_json_write(&b, e);
    cr_assert_not(b.failed);
    cr_assert_eq(utf8_valid_prefix(b.data, b.size), b.size);
    cr_assert_eq(strchr(b.data, '\n') - b.data, (long)b.size - 1, "one line, one newline");
    return buf_detach(&b);
}

/* Writes the event, reads it back, and checks that it is written the same again. */
static struct event round_trip(struct event_reader *r, const struct event *e)
{
    char *line = write_line(e);
    struct error err = ERROR_INIT;
    struct event back;
    cr_assert_eq(event_reader_read(r, "t", line, strlen(line), &back, &err), EVENT_READ_DONE,
                 "%s in %s", error_text(&err), line);
    char *again = write_line(&back);
    cr_assert_str_eq(again, line);
    free(again);
    free(line);
    return back;
}

/* A reader that has read run_start. */
static struct event_reader *started(const struct run_info *run)
{
    struct event_reader *r = event_reader_new();
    struct event e = {
        .kind = EVENT_RUN_START, .seq = 1, .time_us = INT64_C(1700000000124000), .run = run
    };
    round_trip(r, &e);
    return r;
}

Test(event_json, run_start_names_every_host)
{
    struct run_info run = make_run();
    struct event_reader *r = event_reader_new();
    struct event e = { .kind = EVENT_RUN_START, .seq = 1, .time_us = 1000, .run = &run };
    struct event back = round_trip(r, &e);
    cr_assert_eq(back.seq, 1);
    cr_assert_eq(back.run->host_count, 2);
    cr_assert_str_eq(back.run->id, "run-1");
    cr_assert_str_eq(back.run->command, "echo \"x\"\n");
    cr_assert_null(back.run->label);
    cr_assert_null(back.run->interrupted, "known at the end only");
    cr_assert_str_eq(back.run->options[1], "--label=\xc3\xa4");
    const struct host_info *h = back.run->hosts[1];
    cr_assert_str_eq(h->name, "db \"1\"");
    cr_assert_eq(h->index, 1);
    cr_assert_eq(h->port, 22);
    cr_assert_str_eq(h->via[1], "eu");
    cr_assert_null(h->groups[0]);
    event_reader_free(r);
}

Test(event_json, lines_have_the_documented_form)
{
    struct run_info run = make_run();
    struct event e = { .kind = EVENT_OUTPUT,
                       .seq = 7,
                       .time_us = INT64_C(1700000000123456),
                       .run = &run,
                       .host = &host0,
                       .stream = STREAM_STDERR,
                       .data = "a\tb\n",
                       .size = 4 };
    char *line = write_line(&e);
    cr_assert_str_eq(line, "{\"v\":1,\"seq\":7,\"time\":\"2023-11-14T22:13:20.123Z\","
                           "\"event\":\"output\",\"host\":\"web01\",\"index\":0,"
                           "\"stream\":\"stderr\",\"data\":\"a\\tb\\n\"}\n");
    free(line);
    e.data = "\xff\0x";
    e.size = 3;
    line = write_line(&e);
    cr_assert_not_null(strstr(line, "\"data_b64\":\"/wB4\"}"));
    cr_assert_null(strstr(line, "\"data\""));
    free(line);
    struct error error = { ERR_CONNECT, (char *)"refused" };
    e = (struct event){ .kind = EVENT_HOST_RETRY,
                        .seq = 8,
                        .time_us = INT64_C(1700000000123456),
                        .host = &host0,
                        .attempt = 1,
                        .stage = STAGE_CONNECT,
                        .error = &error,
                        .delay_us = 1500000 };
    line = write_line(&e);
    cr_assert_str_eq(line, "{\"v\":1,\"seq\":8,\"time\":\"2023-11-14T22:13:20.123Z\","
                           "\"event\":\"host_retry\",\"host\":\"web01\",\"index\":0,\"attempt\":1,"
                           "\"delay_ms\":1500.000,\"error\":{\"stage\":\"connect\","
                           "\"code\":\"connect\",\"message\":\"refused\",\"hint\":null}}\n");
    free(line);
}

/* An outcome with every member set. */
static struct outcome make_outcome(void)
{
    return (struct outcome){ .status = STATUS_TIMEOUT,
                             .signal = "KILL",
                             .kill = KILL_UNCONFIRMED,
                             .attempts = 3,
                             .started_at_us = INT64_C(1700000001000000),
                             .stage_us = { 1, -1, 1001, 20000, 3, 123456789, 123500000 },
                             .bytes = { UINT64_C(1) << 40, 5 },
                             .error_stage = STAGE_EXEC,
                             .error = { ERR_RUN_TIMEOUT, (char *)"bad \xff byte" } };
}

Test(event_json, host_end_is_the_whole_record)
{
    struct run_info run = make_run();
    struct event_reader *r = started(&run);
    struct outcome o = make_outcome();
    struct event e = {
        .kind = EVENT_HOST_END, .seq = 2, .time_us = 1000, .host = &host1, .outcome = &o
    };
    char *line = write_line(&e);
    struct event back;
    struct error err = ERROR_INIT;
    cr_assert_eq(event_reader_read(r, "t", line, strlen(line), &back, &err), EVENT_READ_DONE);
    free(line);
    cr_assert_eq(back.host->index, 1);
    const struct outcome *got = back.outcome;
    cr_assert_eq(got->status, STATUS_TIMEOUT);
    cr_assert_not(got->has_exit_code);
    cr_assert_str_eq(got->signal, "KILL");
    cr_assert_eq(got->kill, KILL_UNCONFIRMED);
    cr_assert_eq(got->attempts, 3);
    cr_assert_eq(got->started_at_us, o.started_at_us);
    for (int i = 0; i < STAGE_COUNT; i++)
        cr_assert_eq(got->stage_us[i], o.stage_us[i], "stage %d", i);
    cr_assert_eq(got->bytes[0], o.bytes[0]);
    cr_assert_eq(got->error.code, ERR_RUN_TIMEOUT);
    cr_assert_eq(got->error_stage, STAGE_EXEC);
    cr_assert_str_eq(error_text(&got->error), "bad \xef\xbf\xbd byte");
    o = (struct outcome){ .status = STATUS_FAILED, .has_exit_code = true, .exit_code = UINT32_MAX };
    back = round_trip(r, &e);
    cr_assert(back.outcome->has_exit_code);
    cr_assert_eq(back.outcome->exit_code, UINT32_MAX);
    cr_assert_not(error_is_set(&back.outcome->error));
    event_reader_free(r);
}

Test(event_json, every_other_kind_comes_back)
{
    struct run_info run = make_run();
    struct event_reader *r = started(&run);
    struct run_counts counts = { .selected = 2, .running = 1 };
    counts.stages[STAGE_AUTH] = 1;
    counts.by_status[STATUS_HOST_KEY] = 1;
    struct error error = { ERR_CLOSED_EARLY, (char *)"closed" };
    struct event e = {
        .kind = EVENT_HOST_START, .seq = 2, .time_us = 1000, .host = &host0, .attempt = 2
    };
    cr_assert_eq(round_trip(r, &e).attempt, 2);
    e.kind = EVENT_HOST_AUTH;
    e.text = "publickey";
    cr_assert_str_eq(round_trip(r, &e).text, "publickey");
    e.kind = EVENT_HOST_EXEC;
    cr_assert_eq(round_trip(r, &e).kind, EVENT_HOST_EXEC);
    e.kind = EVENT_HOST_RETRY;
    e.error = &error;
    e.stage = STAGE_HANDSHAKE;
    e.delay_us = 250000;
    struct event back = round_trip(r, &e);
    cr_assert_eq(back.error->code, ERR_CLOSED_EARLY);
    cr_assert_eq(back.stage, STAGE_HANDSHAKE);
    cr_assert_eq(back.delay_us, 250000);
    e = (struct event){ .kind = EVENT_PROGRESS, .seq = 3, .time_us = 1000, .counts = &counts };
    back = round_trip(r, &e);
    cr_assert_eq(back.counts->stages[STAGE_AUTH], 1);
    cr_assert_eq(back.counts->by_status[STATUS_HOST_KEY], 1);
    e = (struct event){ .kind = EVENT_RUN_END, .seq = 4, .time_us = 1000, .run = &run };
    back = round_trip(r, &e);
    cr_assert_str_eq(back.run->interrupted, "signal");
    cr_assert_eq(back.run->signal, 2);
    cr_assert_eq(back.run->finished_at_us, run.finished_at_us);
    event_reader_free(r);
}

Test(event_json, what_is_for_displays_is_not_written)
{
    for (int i = 0; i < EVENT_KIND_COUNT; i++) {
        bool is_display = i == EVENT_HOST_STAGE || i == EVENT_MOVED || i == EVENT_NOTE;
        cr_assert_neq(event_json_is_written((enum event_kind)i), is_display);
    }
}

/* A run that pushed. */
static struct run_info make_push(void)
{
    static const char *const sources[] = { "app.tar.gz", "conf", NULL };
    struct run_info run = make_run();
    run.mode = "push";
    run.command = NULL;
    run.sources = sources;
    run.destination = "/srv/app/";
    return run;
}

Test(event_json, a_push_names_what_goes_where)
{
    struct run_info run = make_push();
    struct event_reader *r = event_reader_new();
    struct event e = { .kind = EVENT_RUN_START, .seq = 1, .time_us = 1000, .run = &run };
    struct event back = round_trip(r, &e);
    cr_assert_str_eq(back.run->sources[1], "conf");
    cr_assert_null(back.run->sources[2]);
    cr_assert_str_eq(back.run->destination, "/srv/app/");
    cr_assert(run_is_transfer(back.run));
    event_reader_free(r);
    run = make_run();
    r = started(&run);
    e.kind = EVENT_RUN_END;
    back = round_trip(r, &e);
    cr_assert_null(back.run->sources);
    cr_assert_null(back.run->destination);
    event_reader_free(r);
}

Test(event_json, files_have_the_documented_form)
{
    struct run_info run = make_push();
    const struct file_record file = { .kind = FILE_KIND_FILE,
                                      .action = FILE_REPLACE,
                                      .src = "a\xff",
                                      .dst = "/srv/a\xff",
                                      .bytes = 5,
                                      .moved = 5 };
    struct event e = { .kind = EVENT_FILE,
                       .seq = 7,
                       .time_us = INT64_C(1700000000123456),
                       .run = &run,
                       .host = &host0,
                       .file = &file };
    char *line = write_line(&e);
    cr_assert_str_eq(line,
                     "{\"v\":1,\"seq\":7,\"time\":\"2023-11-14T22:13:20.123Z\","
                     "\"event\":\"host_file\",\"host\":\"web01\",\"index\":0,"
                     "\"kind\":\"file\",\"action\":\"replace\","
                     "\"src\":\"a\xef\xbf\xbd\",\"src_b64\":\"Yf8=\","
                     "\"dst\":\"/srv/a\xef\xbf\xbd\",\"dst_b64\":\"L3Nydi9h/w==\","
                     "\"bytes\":5,\"moved\":5,\"sha256\":null,\"changed\":true,\"error\":null}\n");
    free(line);
}

/* Every kind of file and action, with hard names; failed or not. */
Test(event_json, files_come_back)
{
    static const char *const names[] = { "a b\n", "\xff/\xfe", "\xe2\x82\xac \"x\"", "" };
    struct run_info run = make_push();
    struct event_reader *r = started(&run);
    struct error error = { ERR_TRANSFER, (char *)"No space left on device" };
    for (int i = 0; i < FILE_KIND_COUNT * FILE_ACTION_COUNT * 4; i++) {
        struct file_record file = { .kind = (enum file_kind)(i % FILE_KIND_COUNT),
                                    .action = (enum file_action)(i / FILE_KIND_COUNT % 4),
                                    .src = i % 5 ? names[i % 4] : NULL,
                                    .dst = names[i / 4 % 4],
                                    .bytes = UINT64_C(1) << 50,
                                    .moved = (uint64_t)i,
                                    .sha256 = i % 2 ? "00ff" : NULL };
        struct event e = { .kind = EVENT_FILE,
                           .seq = 5,
                           .time_us = 1000,
                           .run = &run,
                           .host = &host1,
                           .file = &file,
                           .error = i % 3 ? NULL : &error };
        struct event back = round_trip(r, &e);
        cr_assert_eq(back.file->kind, file.kind);
        cr_assert_eq(back.file->action, file.action);
        cr_assert_eq(back.file->src == NULL, file.src == NULL);
        if (file.src)
            cr_assert_str_eq(back.file->src, file.src);
        cr_assert_str_eq(back.file->dst, file.dst);
        cr_assert_eq(back.file->bytes, file.bytes);
        cr_assert_eq(back.error == NULL, e.error == NULL);
        if (e.error)
            cr_assert_eq(back.error->code, ERR_TRANSFER);
        bool wanted = file.action != FILE_KEEP && !e.error;
        cr_assert_eq(file_is_changed(back.file, back.error), wanted);
    }
    event_reader_free(r);
}

Test(event_json, totals_are_there_exactly_for_transfers)
{
    struct run_info runs[] = { make_run(), make_push(), make_push() };
    runs[2].mode = "pull";
    struct outcome o = { .status = STATUS_OK, .transfer = { 2000, 12, 1, UINT64_C(1) << 40 } };
    for (size_t i = 0; i < 3; i++) {
        struct event_reader *r = started(&runs[i]);
        struct event e = { .kind = EVENT_HOST_END,
                           .seq = 2,
                           .time_us = 1000,
                           .run = &runs[i],
                           .host = &host1,
                           .outcome = &o };
        char *line = write_line(&e);
        cr_assert_not_null(strstr(line, i ? "\"transfer\":{\"files\":2000,\"changed\":12,"
                                            "\"failed\":1,\"bytes\":1099511627776}"
                                          : "\"transfer\":null"),
                           "%s", line);
        free(line);
        const struct transfer_totals got = round_trip(r, &e).outcome->transfer;
        cr_assert_eq(got.files, i ? 2000 : 0);
        cr_assert_eq(got.bytes, i ? o.transfer.bytes : 0);
        event_reader_free(r);
    }
}

Test(event_json, files_of_before_transfers_are_read)
{
    static const char *const lines[] = {
        "{\"v\":1,\"event\":\"run_start\",\"run\":{\"id\":\"x\",\"mode\":\"run\"},"
        "\"hosts\":[{\"name\":\"web01\"}]}",
        "{\"v\":1,\"event\":\"host_end\",\"host\":\"web01\",\"index\":0,\"status\":\"ok\"}",
    };
    struct event_reader *r = event_reader_new();
    struct event e;
    struct error err = ERROR_INIT;
    for (size_t i = 0; i < 2; i++)
        cr_assert_eq(event_reader_read(r, "t", lines[i], strlen(lines[i]), &e, &err),
                     EVENT_READ_DONE, "%s", error_text(&err));
    cr_assert_null(e.run->sources);
    cr_assert_eq(e.outcome->transfer.files, 0);
    event_reader_free(r);
}

/* Random output comes back byte by byte, whether it is text or not. */
Test(event_json, any_output_comes_back)
{
    struct run_info run = make_run();
    struct event_reader *r = started(&run);
    srand(11);
    for (int round = 0; round < 5000; round++) {
        char data[40];
        size_t size = (size_t)rand() % sizeof data;
        for (size_t i = 0; i < size; i++)
            data[i] = (char)(round % 2 ? rand() % 256 : 1 + rand() % 127);
        struct event e = { .kind = EVENT_OUTPUT,
                           .seq = 5,
                           .time_us = 1000,
                           .host = &host0,
                           .data = data,
                           .size = size };
        struct event back = round_trip(r, &e);
        cr_assert_eq(back.size, size);
        cr_assert_eq(memcmp(back.data, data, size), 0);
    }
    event_reader_free(r);
}

/* Reads one line after run_start and expects an error that ends so. */
static void expect_error(const char *line, const char *wanted)
{
    struct run_info run = make_run();
    struct event_reader *r = started(&run);
    struct event e;
    struct error err = ERROR_INIT;
    cr_assert_eq(event_reader_read(r, "t", line, strlen(line), &e, &err), EVENT_READ_FAILED, "%s",
                 line);
    const char *text = error_text(&err);
    size_t size = strlen(wanted);
    cr_assert(strlen(text) >= size && strcmp(text + strlen(text) - size, wanted) == 0,
              "%s: %s, wanted %s", line, text, wanted);
    cr_assert_eq(err.code, ERR_FILE);
    error_release(&err);
    event_reader_free(r);
}

Test(event_json, lines_of_others_are_refused)
{
    expect_error("", "");
    expect_error("[]", "is no event of version 1");
    expect_error("3", "is no event of version 1");
    expect_error("{\"v\":2,\"event\":\"output\"}", "is no event of version 1");
    expect_error("{\"v\":1}", "\"event\" is missing");
    expect_error("{\"v\":1,\"event\":3}", "/event: has the wrong type");
    expect_error("{\"v\":1,\"event\":\"host_exec\"}", "\"host\" is missing");
    expect_error("{\"v\":1,\"event\":\"host_exec\",\"host\":\"web01\",\"index\":1}",
                 "/host: is no host of this run");
    expect_error("{\"v\":1,\"event\":\"host_exec\",\"host\":\"web01\",\"index\":99}",
                 "/host: is no host of this run");
    expect_error("{\"v\":1,\"event\":\"host_exec\",\"host\":\"web01\",\"index\":-1}",
                 "/index: is out of range");
    expect_error("{\"v\":1,\"event\":\"host_exec\",\"host\":\"web01\",\"index\":0.5}",
                 "/index: is out of range");
    expect_error(
        "{\"v\":1,\"event\":\"output\",\"host\":\"web01\",\"index\":0,\"stream\":\"stdin\","
        "\"data\":\"\"}",
        "/stream: is no stream");
    expect_error("{\"v\":1,\"event\":\"output\",\"host\":\"web01\",\"index\":0,"
                 "\"stream\":\"stdout\",\"data_b64\":\"a\"}",
                 "/data_b64: is not base64");
    expect_error("{\"v\":1,\"event\":\"output\",\"host\":\"web01\",\"index\":0,"
                 "\"stream\":\"stdout\"}",
                 "\"data_b64\" is missing");
    expect_error("{\"v\":1,\"event\":\"host_end\",\"host\":\"web01\",\"index\":0,"
                 "\"status\":\"fine\"}",
                 "/status: is no status");
    expect_error("{\"v\":1,\"event\":\"host_file\",\"host\":\"web01\",\"index\":0,"
                 "\"kind\":\"door\",\"action\":\"keep\"}",
                 "/kind: is no kind of file");
    expect_error("{\"v\":1,\"event\":\"host_file\",\"host\":\"web01\",\"index\":0,"
                 "\"kind\":\"file\",\"action\":\"keep\",\"dst_b64\":\"AA==\"}",
                 "/dst_b64: is no path");
    expect_error("{\"v\":1,\"time\":\"yesterday\",\"event\":\"progress\"}", "/time: is no time");
    expect_error("{\"v\":1,\"event\":\"run_start\",\"run\":{},\"hosts\":[]}", "a second run_start");
}

Test(event_json, nothing_is_read_before_run_start)
{
    struct event_reader *r = event_reader_new();
    struct event e;
    struct error err = ERROR_INIT;
    static const char early[] = "{\"v\":1,\"event\":\"host_exec\",\"host\":\"web01\",\"index\":0}";
    cr_assert_eq(event_reader_read(r, "t", early, strlen(early), &e, &err), EVENT_READ_FAILED);
    static const char cut[] =
        "{\"v\":1,\"event\":\"run_start\",\"run\":{},\"hosts\":[{\"port\":1}]}";
    cr_assert_eq(event_reader_read(r, "t", cut, strlen(cut), &e, &err), EVENT_READ_FAILED);
    cr_assert_eq(event_reader_read(r, "t", early, strlen(early), &e, &err), EVENT_READ_FAILED);
    error_release(&err);
    event_reader_free(r);
}

Test(event_json, what_a_later_version_adds_is_ignored)
{
    struct run_info run = make_run();
    struct event_reader *r = started(&run);
    struct event e;
    struct error err = ERROR_INIT;
    static const char added[] = "{\"v\":1,\"event\":\"host_weather\",\"host\":\"web01\"}";
    cr_assert_eq(event_reader_read(r, "t", added, strlen(added), &e, &err), EVENT_READ_SKIPPED);
    static const char member[] =
        "{\"v\":1,\"event\":\"host_exec\",\"host\":\"web01\",\"index\":0,\"mood\":[1,{}]}";
    cr_assert_eq(event_reader_read(r, "t", member, strlen(member), &e, &err), EVENT_READ_DONE);
    event_reader_free(r);
}
