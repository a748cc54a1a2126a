/* SPDX-License-Identifier: MIT */
/* --json: one valid document whatever hosts send, and no old report lost to a failure. */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/memory.h"
#include "base/version.h"
#include "files.h"
#include "proc.h"
#include "report.h"
#include "sink/report.h"
#include "sink/whole_file.h"
#include "sink_scene.h"
#include "skip.h"

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

Test(report, the_schema_catches_mistakes_and_lets_additions_pass)
{
    struct desk d;
    const char *path = tmp_path("r.json");
    open_desk(&d, 2, path, 1000);
    scene_exit(&d.scene, 0, 0, 1);
    scene_fail(&d.scene, 1, ERR_CONNECT, STAGE_CONNECT, "refused");
    finish_desk(&d);
    close_desk(&d);
    const char *argv[] = { "/usr/bin/python3",
                           "-W",
                           "ignore",
                           "-c",
                           mutate,
                           TEST_SOURCE_DIR "/../config/report.schema.json",
                           path,
                           "r['schema'] = 'muster.report/2'",
                           "del r['run']['options']",
                           "del h['stderr_truncated']",
                           "h['status'] = 'fine'",
                           "h['exit_code'] = '0'",
                           "h['exit_code'] = 1",
                           "h['error'] = {'stage': 'exec', 'code': 'lost'}",
                           "h['started_at'] = 'today'",
                           "h['timing_ms']['total'] = -1",
                           "h['stdout_b64'] = 'Zm9v'",
                           "r['hosts'][1]['exit_code'] = 0",
                           "r['hosts'][1]['error'] = None",
                           "r['summary']['by_status']['lost'] = 0.5",
                           NULL };
    struct proc_result r = proc_run(&(struct proc_args){ .argv = argv });
    cr_assert_eq(r.exit_code, 0, "%s", proc_describe(&r));
    proc_result_release(&r);
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

/* How many names a folder holds. */
static int count_names(const char *folder)
{
    FILE *list = popen(text_of("ls -A %s | wc -l", folder), "r");
    int count = -1;
    cr_assert_eq(fscanf(list, "%d", &count), 1);
    pclose(list);
    return count;
}

Test(report, an_old_report_survives_a_run_that_fails)
{
    struct desk d;
    const char *path = tmp_file("r.json", "old\n");
    open_desk(&d, 1, path, 1000);
    close_desk(&d);
    cr_assert_str_eq(file_read(path, NULL), "old\n");
    cr_assert_eq(count_names(tmp_dir()), 1);
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
    cr_assert_eq(count_names(tmp_dir()), 1);
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

/* Writes a text through whole_file. */
static void put_whole(const char *path, const char *text)
{
    struct whole_file *f;
    struct error err = ERROR_INIT;
    cr_assert(whole_file_open(&f, path, &err), "%s", error_text(&err));
    cr_assert(whole_file_write(f, text, strlen(text), &err));
    cr_assert(whole_file_commit(f, &err), "%s", error_text(&err));
}

Test(whole_file, keeps_mode_and_links_and_spares_devices)
{
    const char *path = tmp_file("target", "old\n");
    cr_assert_eq(chmod(path, 0640), 0);
    const char *link = tmp_path("link");
    cr_assert_eq(symlink(path, link), 0);
    put_whole(link, "new\n");
    struct stat st;
    cr_assert_eq(lstat(link, &st), 0);
    cr_assert(S_ISLNK(st.st_mode), "the link is still one");
    cr_assert_eq(stat(path, &st), 0);
    cr_assert_eq(st.st_mode & 0777, 0640);
    cr_assert_str_eq(file_read(path, NULL), "new\n");
    put_whole("/dev/null", "gone\n");
    cr_assert_eq(stat("/dev/null", &st), 0);
    cr_assert(S_ISCHR(st.st_mode), "/dev/null is still a device");
    umask(027);
    const char *fresh = tmp_path("fresh");
    put_whole(fresh, "x");
    cr_assert_eq(stat(fresh, &st), 0);
    cr_assert_eq(st.st_mode & 0777, 0640);
}

Test(whole_file, nothing_is_seen_of_it_before_its_time)
{
    struct whole_file *f;
    struct error err = ERROR_INIT;
    const char *path = tmp_path("r.json");
    cr_assert(whole_file_open(&f, path, &err));
    cr_assert(whole_file_write(f, "half", 4, &err));
    cr_assert_not(file_exists(path));
    int probe = open(tmp_dir(), O_TMPFILE | O_WRONLY, 0600);
    cr_assert_eq(count_names(tmp_dir()), probe < 0 ? 1 : 0, "a file without a name, if there are");
    close(probe);
    cr_assert(whole_file_commit(f, &err));
    cr_assert_eq(count_names(tmp_dir()), 1);
    cr_assert_str_eq(file_read(path, NULL), "half");
}

/* Takes /proc away from this test. */
static void hide_proc(void)
{
    if (unshare(CLONE_NEWNS | (geteuid() == 0 ? 0 : CLONE_NEWUSER)) != 0 ||
        mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", "/proc", "tmpfs", 0, NULL) != 0)
        test_skip("no private mount namespace here");
}

Test(whole_file, has_a_temporary_name_where_it_must)
{
    struct whole_file *f;
    struct error err = ERROR_INIT;
    const char *path = tmp_file("r.json", "old\n");
    hide_proc();
    cr_assert(whole_file_open(&f, path, &err));
    cr_assert_eq(count_names(tmp_dir()), 2);
    cr_assert(whole_file_write(f, "new\n", 4, &err));
    cr_assert_str_eq(file_read(path, NULL), "old\n");
    cr_assert(whole_file_commit(f, &err));
    cr_assert_eq(count_names(tmp_dir()), 1);
    cr_assert_str_eq(file_read(path, NULL), "new\n");
    cr_assert(whole_file_open(&f, path, &err));
    whole_file_abandon(f);
    cr_assert_eq(count_names(tmp_dir()), 1, "an abandoned one is removed");
    cr_assert_str_eq(file_read(path, NULL), "new\n");
}

Test(whole_file, a_pipe_is_written_to_directly)
{
    int ends[2];
    cr_assert_eq(pipe(ends), 0);
    put_whole(text_of("/dev/fd/%d", ends[1]), "through\n");
    char got[20] = "";
    cr_assert_eq(read(ends[0], got, sizeof got - 1), 8);
    cr_assert_str_eq(got, "through\n");
}

Test(whole_file, a_file_that_may_not_be_written_is_refused)
{
    enum { NOBODY = 65534 };
    const char *path = tmp_file("r.json", "old\n");
    cr_assert_eq(chmod(path, 0444), 0);
    cr_assert_eq(chmod(tmp_dir(), 0777), 0, "it is the file that forbids");
    bool is_root = geteuid() == 0;
    if (is_root)
        cr_assert_eq(setresuid(NOBODY, NOBODY, 0), 0);
    struct whole_file *f;
    struct error err = ERROR_INIT;
    cr_assert_not(whole_file_open(&f, path, &err));
    if (is_root)
        cr_assert_eq(setresuid(0, 0, 0), 0);
    const char *text = error_text(&err);
    cr_assert_str_eq(text, text_of("%s: Permission denied", path), "%s", text);
    error_release(&err);
}
