/* SPDX-License-Identifier: MIT */
/* --json: one valid document whatever hosts send, and no old report lost to a failure. */
#include <criterion/criterion.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/version.h"
#include "files.h"
#include "proc.h"
#include "report.h"
#include "sink/report.h"
#include "sink_scene.h"

/* A tally and a report over a scene. */
struct desk {
    struct scene scene;
    struct sink *tally;
    struct sink *report;
};

/* The sinks; false with the error where the report cannot be opened. */
static bool try_open(struct desk *d, const char *path, uint64_t max_output, struct error *err)
{
    d->tally = tally_new();
    scene_add(&d->scene, d->tally);
    struct report_args args = { .path = path,
                                .standard_output = d->scene.outputs[STREAM_STDOUT],
                                .screen = d->scene.writer,
                                .files = d->scene.writer,
                                .max_output = max_output,
                                .tally = d->tally };
    if (!report_new(&d->report, &args, err))
        return false;
    scene_add(&d->scene, d->report);
    return true;
}

static void open_desk(struct desk *d, size_t hosts, const char *path, uint64_t max_output)
{
    struct error err = ERROR_INIT;
    scene_init(&d->scene, hosts);
    cr_assert(try_open(d, path, max_output, &err), "%s", error_text(&err));
    scene_start(&d->scene);
}

/* Ends the run and finishes the report, which must work. */
static void finish_desk(struct desk *d)
{
    struct error err = ERROR_INIT;
    scene_end(&d->scene, 12400000);
    cr_assert(sink_finish(d->report, &err), "%s", error_text(&err));
}

static void close_desk(struct desk *d)
{
    sink_free(d->report);
    sink_free(d->tally);
    scene_release(&d->scene);
}

Test(report, tells_everything_of_every_host_in_selection_order)
{
    struct desk d;
    const char *path = tmp_path("r.json");
    open_desk(&d, 5, path, 1 << 20);
    scene_print(&d.scene, 3, "out\n");
    scene_output(&d.scene, 3, STREAM_STDERR, "err\n", 4);
    scene_exit(&d.scene, 3, 3, 300000);
    scene_exit(&d.scene, 0, 0, 100000);
    scene_fail(&d.scene, 2, ERR_HOST_KEY_CHANGED, STAGE_HANDSHAKE, "CHANGED: known x, offered y");
    struct outcome o = scene_outcome();
    o.status = STATUS_TIMEOUT;
    o.has_exit_code = false;
    o.kill = KILL_UNCONFIRMED;
    o.error_stage = STAGE_EXEC;
    o.attempts = 2;
    o.bytes[STREAM_STDOUT] = 77;
    error_set(&o.error, ERR_RUN_TIMEOUT, "timed out after 2s");
    scene_end_host(&d.scene, 1, &o);
    error_release(&o.error);
    o = scene_outcome();
    o.status = STATUS_FAILED;
    o.has_exit_code = false;
    strcpy(o.signal, "SEGV");
    scene_end_host(&d.scene, 4, &o);
    finish_desk(&d);
    cJSON *r = report_load(path);
    cr_assert_str_eq(json_text_at(r, "schema"), "muster.report/1");
    cr_assert_str_eq(json_text_at(r, "muster.libssh2"), version_libssh2());
    cr_assert_str_eq(json_text_at(r, "run.command"), "uptime");
    cr_assert_str_eq(json_text_at(r, "run.options.0"), "--fanout=64");
    cr_assert_eq(json_number_at(r, "run.duration_ms"), 12400);
    cr_assert_str_eq(json_text_at(r, "run.finished_at"), "2026-11-23T12:00:12.400Z");
    cr_assert_eq(json_number_at(r, "summary.hosts"), 5);
    cr_assert_eq(json_number_at(r, "summary.failed"), 2);
    cr_assert_eq(json_number_at(r, "summary.by_status.host_key"), 1);
    cr_assert_eq(json_number_at(r, "summary.not_reached"), 1);
    cr_assert_eq(json_number_at(r, "summary.exit_code"), 4);
    cr_assert_eq(json_number_at(r, "summary.stdout_bytes"), 77);
    cr_assert_eq(json_number_at(r, "summary.max_ms"), 1000);
    for (int i = 0; i < 5; i++) {
        cr_assert_eq(json_number_at(r, text_of("hosts.%d.index", i)), i);
        cr_assert_str_eq(json_text_at(r, text_of("hosts.%d.name", i)), text_of("h%03d", i));
    }
    cr_assert_str_eq(json_text_at(r, "hosts.3.stdout"), "out\n");
    cr_assert_str_eq(json_text_at(r, "hosts.3.stderr"), "err\n");
    cr_assert_not(json_has(r, "hosts.3.stdout_b64"));
    cr_assert_eq(json_number_at(r, "hosts.3.exit_code"), 3);
    cr_assert_str_eq(json_text_at(r, "hosts.1.kill"), "unconfirmed");
    cr_assert_str_eq(json_text_at(r, "hosts.1.error.message"), "timed out after 2s");
    cr_assert_str_eq(json_text_at(r, "hosts.1.error.stage"), "exec");
    cr_assert_not_null(json_text_at(r, "hosts.2.error.hint"));
    cr_assert_str_eq(json_text_at(r, "hosts.4.signal"), "SEGV");
    cr_assert_not(json_has(r, "hosts.4.exit_code"));
    cr_assert_not(json_has(r, "run.interrupted"));
    close_desk(&d);
}

/* What a base64 member of a report stands for. */
static struct buf decode_at(const cJSON *r, const char *path)
{
    struct buf b;
    buf_init(&b, 1 << 26);
    const char *text = json_text_at(r, path);
    cr_assert(base64_decode(&b, text, strlen(text)), "%s is no base64", path);
    return b;
}

Test(report, bytes_that_are_no_text_are_kept_beside)
{
    struct desk d;
    const char *path = tmp_path("r.json");
    open_desk(&d, 2, path, 1 << 20);
    scene_output(&d.scene, 0, STREAM_STDOUT, "a\xff\0b\n", 5);
    scene_output(&d.scene, 0, STREAM_STDERR, "\x1b]0;x\x07\xe2\x80\xae\n", 10);
    scene_exit(&d.scene, 0, 0, 1);
    scene_exit(&d.scene, 1, 0, 1);
    finish_desk(&d);
    cJSON *r = report_load(path);
    cr_assert_str_eq(json_text_at(r, "hosts.0.stdout"), "a\xef\xbf\xbd\xef\xbf\xbd\x62\n");
    struct buf b = decode_at(r, "hosts.0.stdout_b64");
    cr_assert_eq(b.size, 5);
    cr_assert_eq(memcmp(b.data, "a\xff\0b\n", 5), 0);
    buf_release(&b);
    cr_assert_str_eq(json_text_at(r, "hosts.0.stderr"), "\x1b]0;x\x07\xe2\x80\xae\n");
    cr_assert_not(json_has(r, "hosts.0.stderr_b64"));
    close_desk(&d);
}

Test(report, characters_are_whole_wherever_events_and_pieces_end)
{
    enum { SIZE = 300000 };
    struct desk d;
    const char *path = tmp_path("r.json");
    open_desk(&d, 1, path, 1 << 20);
    char *text = xcalloc(SIZE + 1, 1);
    for (size_t i = 0; i + 3 <= SIZE; i += 3)
        memcpy(text + i, "\xe2\x82\xac", 3);
    srand(5);
    for (size_t at = 0; at < SIZE;) {
        size_t now = 1 + (size_t)rand() % 50000;
        now = now < SIZE - at ? now : SIZE - at;
        scene_output(&d.scene, 0, STREAM_STDOUT, text + at, now);
        at += now;
    }
    scene_exit(&d.scene, 0, 0, 1);
    finish_desk(&d);
    cJSON *r = report_load(path);
    cr_assert_eq(strcmp(json_text_at(r, "hosts.0.stdout"), text), 0);
    cr_assert_not(json_has(r, "hosts.0.stdout_b64"));
    free(text);
    close_desk(&d);
}

Test(report, large_binary_output_comes_back_from_the_spool)
{
    enum { SIZE = 1000001 };
    struct desk d;
    const char *path = tmp_path("r.json");
    open_desk(&d, 2, path, 1 << 24);
    char *data = xcalloc(SIZE, 1);
    srand(6);
    for (size_t i = 0; i < SIZE; i++)
        data[i] = (char)(rand() % 256);
    for (size_t at = 0; at < SIZE; at += 10007) {
        size_t now = SIZE - at < 10007 ? SIZE - at : 10007;
        scene_output(&d.scene, 0, STREAM_STDOUT, data + at, now);
        scene_output(&d.scene, 1, STREAM_STDERR, data + at, now);
    }
    scene_exit(&d.scene, 0, 0, 1);
    scene_exit(&d.scene, 1, 0, 1);
    finish_desk(&d);
    cJSON *r = report_load(path);
    struct buf b = decode_at(r, "hosts.0.stdout_b64");
    cr_assert_eq(b.size, SIZE);
    cr_assert_eq(memcmp(b.data, data, SIZE), 0);
    buf_release(&b);
    b = decode_at(r, "hosts.1.stderr_b64");
    cr_assert_eq(memcmp(b.data, data, SIZE), 0);
    buf_release(&b);
    free(data);
    close_desk(&d);
}

Test(report, max_output_keeps_the_head_of_each_stream)
{
    struct desk d;
    const char *path = tmp_path("r.json");
    open_desk(&d, 1, path, 10);
    scene_print(&d.scene, 0, "12345\n");
    scene_print(&d.scene, 0, "789\xe2\x82\xac\n");
    scene_print(&d.scene, 0, "x\n");
    scene_output(&d.scene, 0, STREAM_STDERR, "0123456789", 10);
    scene_exit(&d.scene, 0, 0, 1);
    finish_desk(&d);
    cJSON *r = report_load(path);
    cr_assert_str_eq(json_text_at(r, "hosts.0.stdout"), "12345\n789", "no half characters");
    cr_assert(json_is_true(r, "hosts.0.stdout_truncated"));
    cr_assert_str_eq(json_text_at(r, "hosts.0.stderr"), "0123456789");
    cr_assert_not(json_is_true(r, "hosts.0.stderr_truncated"));
    close_desk(&d);
}

Test(report, is_whole_after_an_abort)
{
    struct desk d;
    const char *path = tmp_path("r.json");
    open_desk(&d, 3, path, 1000);
    scene_exit(&d.scene, 0, 0, 1);
    scene_emit(&d.scene, 1, EVENT_HOST_EXEC);
    scene_print(&d.scene, 1, "half");
    d.scene.run.interrupted = "signal";
    d.scene.run.signal = 15;
    finish_desk(&d);
    cJSON *r = report_load(path);
    cr_assert_str_eq(json_text_at(r, "run.interrupted"), "signal");
    cr_assert_eq(json_number_at(r, "summary.exit_code"), 143);
    cr_assert_str_eq(json_text_at(r, "hosts.1.status"), "lost");
    cr_assert_str_eq(json_text_at(r, "hosts.1.stdout"), "half");
    cr_assert_str_eq(json_text_at(r, "hosts.2.status"), "not_run");
    close_desk(&d);
}

/* A desk for a push. */
static void open_push(struct desk *d, size_t hosts, const char *path)
{
    static const char *const sources[] = { "app", "conf/", NULL };
    struct error err = ERROR_INIT;
    scene_init(&d->scene, hosts);
    d->scene.run.mode = "push";
    d->scene.run.command = NULL;
    d->scene.run.sources = sources;
    d->scene.run.destination = "/srv/";
    cr_assert(try_open(d, path, 10, &err), "%s", error_text(&err));
    scene_start(&d->scene);
}

static const struct file_record new_file = {
    .action = FILE_CREATE,
    .src = "app/a\xff",
    .dst = "/srv/app/a\xff",
    .bytes = 1200,
    .moved = 1200,
    .sha256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
};
static const struct file_record kept_folder = {
    .kind = FILE_KIND_FOLDER, .action = FILE_KEEP, .src = "app", .dst = "/srv/app"
};
static const struct file_record deleted_link = { .kind = FILE_KIND_LINK,
                                                 .action = FILE_DELETE,
                                                 .dst = "/srv/app/\"old\"\n" };

Test(report, a_push_lists_the_files_of_each_host)
{
    struct desk d;
    const char *path = tmp_path("r.json");
    open_push(&d, 4, path);
    scene_file(&d.scene, 1, &kept_folder);
    scene_file(&d.scene, 0, &kept_folder);
    scene_file(&d.scene, 1, &new_file);
    scene_file_failed(&d.scene, 0, &new_file, "No space left on device");
    scene_file(&d.scene, 1, &deleted_link);
    scene_transferred(&d.scene, 1, (struct transfer_totals){ 2, 2, 0, 1200 });
    struct outcome o = scene_outcome();
    o.status = STATUS_TRANSFER;
    o.has_exit_code = false;
    o.transfer = (struct transfer_totals){ 1, 0, 1, 700 };
    o.error_stage = STAGE_EXEC;
    error_set(&o.error, ERR_TRANSFER, "1 of 2 files failed");
    scene_end_host(&d.scene, 0, &o);
    error_release(&o.error);
    scene_transferred(&d.scene, 2, (struct transfer_totals){ 0 });
    finish_desk(&d);
    cJSON *r = report_load(path);
    cr_assert_str_eq(json_text_at(r, "run.mode"), "push");
    cr_assert_str_eq(json_text_at(r, "run.sources.1"), "conf/");
    cr_assert_str_eq(json_text_at(r, "run.destination"), "/srv/");
    cr_assert_eq(json_number_at(r, "summary.transferred.files"), 3);
    cr_assert_eq(json_number_at(r, "summary.transferred.failed"), 1);
    cr_assert_eq(json_number_at(r, "summary.transferred.bytes"), 1900);
    cr_assert_eq(json_number_at(r, "hosts.1.transfer.changed"), 2);
    cr_assert_eq(cJSON_GetArraySize(json_at(r, "hosts.1.files")), 3);
    cr_assert_str_eq(json_text_at(r, "hosts.1.files.0.kind"), "folder");
    cr_assert_not(json_is_true(r, "hosts.1.files.0.changed"));
    cr_assert_str_eq(json_text_at(r, "hosts.1.files.1.dst"), "/srv/app/a\xef\xbf\xbd");
    cr_assert_str_eq(json_text_at(r, "hosts.1.files.1.src_b64"), "YXBwL2H/");
    cr_assert_eq(json_number_at(r, "hosts.1.files.1.moved"), 1200);
    cr_assert(json_is_true(r, "hosts.1.files.1.changed"));
    cr_assert_str_eq(json_text_at(r, "hosts.1.files.2.action"), "delete");
    cr_assert_str_eq(json_text_at(r, "hosts.1.files.2.dst"), "/srv/app/\"old\"\n");
    cr_assert_not(json_has(r, "hosts.1.files.2.src"));
    cr_assert_str_eq(json_text_at(r, "hosts.0.files.1.error.message"), "No space left on device");
    cr_assert_not(json_is_true(r, "hosts.0.files.1.changed"));
    cr_assert_eq(cJSON_GetArraySize(json_at(r, "hosts.2.files")), 0);
    cr_assert_str_eq(json_text_at(r, "hosts.3.status"), "not_run");
    cr_assert_eq(json_number_at(r, "hosts.3.transfer.files"), 0);
    close_desk(&d);
}

/* More than memory holds, and more than --max-output: nothing is cut. */
Test(report, every_file_of_a_large_push_is_there)
{
    enum { HOSTS = 20, FILES = 2000 };
    struct desk d;
    const char *path = tmp_path("r.json");
    open_push(&d, HOSTS, path);
    for (size_t i = 0; i < FILES; i++) {
        char name[40];
        snprintf(name, sizeof name, "/srv/file-%04zu", i);
        struct file_record file = new_file;
        file.dst = name;
        for (size_t host = 0; host < HOSTS; host++)
            scene_file(&d.scene, host, &file);
    }
    for (size_t host = 0; host < HOSTS; host++)
        scene_transferred(&d.scene, host, (struct transfer_totals){ FILES, FILES, 0, 1 });
    finish_desk(&d);
    cJSON *r = json_load(path);
    for (int host = 0; host < HOSTS; host++) {
        const cJSON *file = json_at(r, text_of("hosts.%d.files", host))->child;
        for (int i = 0; i < FILES; i++, file = file->next)
            cr_assert_str_eq(json_text_at(file, "dst"), text_of("/srv/file-%04d", i));
        cr_assert_null(file);
    }
    close_desk(&d);
}

/* Makes one change after another to the report and expects the schema to refuse each. */
static const char mutate[] =
    "import copy, json, sys, jsonschema\n"
    "schema, report = (json.load(open(name)) for name in sys.argv[1:3])\n"
    "valid = jsonschema.Draft202012Validator(schema).is_valid\n"
    "assert valid(report)\n"
    "def refuses(change):\n"
    "    other = copy.deepcopy(report)\n"
    "    exec(change, {'r': other, 'h': other['hosts'][0]})\n"
    "    assert not valid(other), change\n"
    "for change in sys.argv[3:]:\n"
    "    refuses(change)\n"
    "report['new'] = report['run']['new'] = report['hosts'][0]['new'] = 1\n"
    "assert valid(report)\n";

/* Runs the changes, which end with NULL, on the report at `path`. */
static void expect_refused(const char *path, const char *const *changes)
{
    const char *argv[32] = { "/usr/bin/python3",
                             "-W",
                             "ignore",
                             "-c",
                             mutate,
                             TEST_SOURCE_DIR "/../config/report.schema.json",
                             path };
    for (size_t i = 7; *changes; i++)
        argv[i] = *changes++;
    struct proc_result r = proc_run(&(struct proc_args){ .argv = argv });
    cr_assert_eq(r.exit_code, 0, "%s", proc_describe(&r));
    proc_result_release(&r);
}

Test(report, the_schema_catches_mistakes_and_lets_additions_pass)
{
    static const char *const changes[] = { "r['schema'] = 'muster.report/2'",
                                           "del r['run']['options']",
                                           "del h['stderr_truncated']",
                                           "h['status'] = 'fine'",
                                           "h['exit_code'] = '0'",
                                           "h['exit_code'] = 1",
                                           "h['exit_code'] = None",
                                           "h['error'] = {'stage': 'exec', 'code': 'lost'}",
                                           "h['started_at'] = 'today'",
                                           "h['timing_ms']['total'] = -1",
                                           "h['stdout_b64'] = 'Zm9v'",
                                           "h['files'] = []",
                                           "r['hosts'][1]['exit_code'] = 0",
                                           "r['hosts'][1]['error'] = None",
                                           "r['summary']['by_status']['lost'] = 0.5",
                                           "r['run']['mode'] = 'push'",
                                           NULL };
    struct desk d;
    const char *path = tmp_path("r.json");
    open_desk(&d, 2, path, 1000);
    scene_exit(&d.scene, 0, 0, 1);
    scene_fail(&d.scene, 1, ERR_CONNECT, STAGE_CONNECT, "refused");
    finish_desk(&d);
    close_desk(&d);
    expect_refused(path, changes);
}

Test(report, the_schema_catches_mistakes_in_files)
{
    static const char *const changes[] = { "r['run']['mode'] = 'run'",
                                           "r['summary']['transferred'] = None",
                                           "del h['files']",
                                           "h['transfer'] = None",
                                           "del h['transfer']['bytes']",
                                           "h['files'][0]['action'] = 'move'",
                                           "h['files'][0]['kind'] = 'device'",
                                           "h['files'][0]['sha256'] = 'abc'",
                                           "h['files'][0]['error'] = {'code': 'transfer'}",
                                           "h['files'][0]['src'] = 'plain'",
                                           "h['files'][1]['changed'] = True",
                                           "del h['files'][1]['moved']",
                                           NULL };
    struct desk d;
    const char *path = tmp_path("r.json");
    open_push(&d, 1, path);
    scene_file(&d.scene, 0, &new_file);
    scene_file(&d.scene, 0, &kept_folder);
    scene_transferred(&d.scene, 0, (struct transfer_totals){ 2, 1, 0, 1200 });
    finish_desk(&d);
    close_desk(&d);
    expect_refused(path, changes);
}

Test(report, goes_to_standard_output)
{
    struct desk d;
    open_desk(&d, 1, "-", 1000);
    scene_print(&d.scene, 0, "x\n");
    scene_exit(&d.scene, 0, 0, 1);
    finish_desk(&d);
    char *text = scene_take(&d.scene, STREAM_STDOUT, NULL);
    cJSON *r = json_parse(text);
    cr_assert_str_eq(json_text_at(r, "hosts.0.stdout"), "x\n");
    free(text);
    close_desk(&d);
}

Test(report, an_unwritable_place_is_found_out_at_once)
{
    struct desk d;
    struct error err = ERROR_INIT;
    scene_init(&d.scene, 1);
    const char *path = tmp_path("missing/r.json");
    cr_assert_not(try_open(&d, path, 1000, &err));
    cr_assert_eq(err.code, ERR_FILE);
    cr_assert_str_eq(error_text(&err), text_of("%s: No such file or directory", path));
    cr_assert_not(try_open(&d, tmp_dir(), 1000, &err));
    cr_assert_str_eq(error_text(&err), text_of("%s: Is a directory", tmp_dir()));
    error_release(&err);
    scene_release(&d.scene);
}

Test(report, an_old_report_survives_a_run_that_fails)
{
    struct desk d;
    const char *path = tmp_file("r.json", "old\n");
    open_desk(&d, 1, path, 1000);
    close_desk(&d);
    cr_assert_str_eq(file_read(path, NULL), "old\n");
    cr_assert_eq(file_count(tmp_dir()), 1);
}

/* A file may not grow above 20,000 bytes from now on: as good as a full disk. */
static void fill_disk(void)
{
    struct rlimit limit = { 20000, 20000 };
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    signal(SIGXFSZ, SIG_IGN);
}

Test(report, an_old_report_survives_a_full_disk)
{
    struct desk d;
    const char *path = tmp_file("r.json", "old\n");
    open_desk(&d, 1, path, 1 << 20);
    static char data[30000];
    memset(data, 'x', sizeof data);
    scene_output(&d.scene, 0, STREAM_STDOUT, data, sizeof data);
    scene_exit(&d.scene, 0, 0, 1);
    scene_end(&d.scene, 1);
    fill_disk();
    struct error err = ERROR_INIT;
    cr_assert_not(sink_finish(d.report, &err));
    cr_assert_eq(err.code, ERR_OUTPUT);
    cr_assert_str_eq(error_text(&err), text_of("%s: File too large", path));
    error_release(&err);
    close_desk(&d);
    cr_assert_str_eq(file_read(path, NULL), "old\n");
    cr_assert_eq(file_count(tmp_dir()), 1);
}

Test(report, a_full_disk_under_the_spool_is_an_error_not_a_cut_report)
{
    struct desk d;
    const char *path = tmp_path("r.json");
    open_desk(&d, 1, path, 1 << 20);
    fill_disk();
    static char data[60000];
    for (int i = 0; i < 10; i++)
        scene_output(&d.scene, 0, STREAM_STDOUT, data, sizeof data);
    scene_exit(&d.scene, 0, 0, 1);
    scene_end(&d.scene, 1);
    struct error err = ERROR_INIT;
    cr_assert_not(sink_finish(d.report, &err));
    cr_assert_str_eq(error_text(&err),
                     text_of("%s: cannot spool the hosts' output: File too large", path));
    error_release(&err);
    close_desk(&d);
    cr_assert_not(file_exists(path));
}
