/* SPDX-License-Identifier: MIT */
/* Events in their public form, without a run: the engine is a fake that only remembers who listens.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/source_tree.h"
#include "engine/engine.h"
#include "files.h"
#include "model/transfer.h"
#include "muster/muster.h"

struct engine {
    struct emitter emitter;
};

static struct engine the_engine;
static const struct plan *the_plan;

bool engine_new(struct engine **ret, const struct engine_args *args, struct error *reterr)
{
    (void)reterr;
    the_plan = args->plan;
    emitter_init(&the_engine.emitter);
    *ret = &the_engine;
    return true;
}

void engine_listen(struct engine *e, struct listener *l)
{
    emitter_add(&e->emitter, l);
}

bool engine_free(struct engine *e)
{
    (void)e;
    return true;
}

struct loop *engine_loop(struct engine *e)
{
    (void)e;
    return NULL;
}

void engine_start(struct engine *e)
{
    (void)e;
}

bool engine_is_finished(const struct engine *e)
{
    (void)e;
    return false;
}

void engine_stop(struct engine *e, enum stop_kind kind, enum error_code code, const char *word)
{
    (void)e;
    (void)kind;
    (void)code;
    (void)word;
}

int loop_fd(const struct loop *l)
{
    (void)l;
    return -1;
}

int loop_timeout_ms(const struct loop *l)
{
    (void)l;
    return -1;
}

void loop_step(struct loop *l)
{
    (void)l;
}

/* What the last event was; its file and text are copied. */
struct seen {
    struct muster_event event;
    struct muster_file file;
    char text[512];
    size_t count;
};

static void on_event(void *arg, const struct muster_event *event)
{
    struct seen *seen = arg;
    seen->event = *event;
    seen->count++;
    if (event->file)
        seen->file = *event->file;
    if (event->text)
        snprintf(seen->text, sizeof seen->text, "%s", event->text);
}

/* An engine for `what`, which tells `seen` what is emitted. */
static void open_engine_for(const struct muster_plan_args *what, struct seen *seen,
                            struct muster_plan **plan, struct muster_engine **engine)
{
    struct muster_error error = MUSTER_ERROR_INIT;
    cr_assert(muster_plan_new(plan, what, &error), "%s", error.text);
    const struct muster_engine_args how = { .plan = *plan, .on_event = on_event, .arg = seen };
    cr_assert(muster_engine_new(engine, &how, &error), "%s", error.text);
}

static void open_engine(struct seen *seen, struct muster_plan **plan, struct muster_engine **engine)
{
    const struct muster_plan_args what = { .hosts = "web01", .command = "x" };
    open_engine_for(&what, seen, plan, engine);
}

static const struct host_info host = { .name = "web01", .user = "me", .port = 22 };

Test(library, shows_files_and_why_they_failed)
{
    struct seen seen = { 0 };
    struct muster_plan *plan;
    struct muster_engine *engine;
    open_engine(&seen, &plan, &engine);
    struct file_record file = { .kind = FILE_KIND_LINK,
                                .action = FILE_REPLACE,
                                .src = "a\xff",
                                .dst = "/srv/a",
                                .bytes = 7,
                                .moved = 5,
                                .sha256 = "00" };
    struct event e = { .kind = EVENT_FILE, .host = &host, .file = &file };
    event_emit(&the_engine.emitter, &e);
    cr_assert_eq(seen.event.kind, MUSTER_HOST_FILE);
    cr_assert_str_eq(seen.file.kind, "link");
    cr_assert_str_eq(seen.file.action, "replace");
    cr_assert_str_eq(seen.file.src, "a\xff");
    cr_assert_str_eq(seen.file.dst, "/srv/a");
    cr_assert_eq(seen.file.bytes, 7);
    cr_assert_eq(seen.file.moved, 5);
    cr_assert_str_eq(seen.file.sha256, "00");
    cr_assert_null(seen.event.error_code);
    struct error error = { ERR_TRANSFER, (char *)"disk full" };
    e.error = &error;
    event_emit(&the_engine.emitter, &e);
    cr_assert_str_eq(seen.event.error_code, "transfer");
    cr_assert_str_eq(seen.event.error_text, "disk full");
    cr_assert_null(seen.event.error_stage);
    e = (struct event){ .kind = EVENT_MOVED, .host = &host, .size = 5 };
    event_emit(&the_engine.emitter, &e);
    cr_assert_eq(seen.count, 2, "bytes that move are for displays");
    muster_engine_free(engine);
    muster_plan_free(plan);
}

Test(library, shows_totals_of_a_transfer)
{
    struct seen seen = { 0 };
    struct muster_plan *plan;
    struct muster_engine *engine;
    open_engine(&seen, &plan, &engine);
    struct outcome o = { .status = STATUS_OK, .transfer = { 20, 3, 1, UINT64_C(1) << 40 } };
    struct event e = { .kind = EVENT_HOST_END, .host = &host, .outcome = &o };
    event_emit(&the_engine.emitter, &e);
    cr_assert_eq(seen.event.kind, MUSTER_HOST_END);
    cr_assert_eq(seen.event.transfer.files, 20);
    cr_assert_eq(seen.event.transfer.changed, 3);
    cr_assert_eq(seen.event.transfer.failed, 1);
    cr_assert_eq(seen.event.transfer.bytes_moved, UINT64_C(1) << 40);
    cr_assert_null(seen.event.file);
    muster_engine_free(engine);
    muster_plan_free(plan);
}

Test(library, makes_a_plan_of_a_push)
{
    static const char *const options[] = { "--recursive", "--mkdir",   "--mode=0640",
                                           "--verify",    "--dry-run", "--skip-same",
                                           "--fanout=3",  "--sudo",    NULL };
    const char *sources[] = { tmp_file("a", "text"), tmp_dir(), NULL };
    const struct muster_plan_args what = { .hosts = "me@web[01-02]",
                                           .job = MUSTER_JOB_PUSH,
                                           .sources = sources,
                                           .destination = "/srv/{host}/",
                                           .options = options };
    struct seen seen = { 0 };
    struct muster_plan *plan;
    struct muster_engine *engine;
    open_engine_for(&what, &seen, &plan, &engine);
    const struct transfer_spec *spec = the_plan->job.transfer;
    cr_assert_eq(the_plan->job.kind, JOB_PUSH);
    cr_expect_str_eq(the_plan->run.mode, "push");
    cr_expect_eq(the_plan->settings->fanout.n, 3);
    cr_expect(spec->is_recursive && spec->makes_folders && spec->verifies && spec->is_dry_run &&
              spec->skips_same && spec->has_mode);
    cr_expect_eq(spec->mode, 0640);
    cr_expect_str_eq(spec->as_user, "root", "--sudo alone");
    cr_expect_str_eq(spec->destination, "/srv/{host}/");
    cr_expect_str_eq(spec->sources[0], sources[0]);
    cr_expect_neq(spec->sources[0], sources[0], "not the caller's");
    cr_expect_eq(source_tree_count(spec->tree), 3);
    cr_expect_eq(muster_plan_host_count(plan), 2);
    muster_engine_free(engine);
    muster_plan_free(plan);
}

Test(library, makes_a_plan_of_a_pull)
{
    static const char *const options[] = { "--flat", "--max-files=7", "--max-size=1M", NULL };
    static const char *const sources[] = { "/etc/a", "~/b", NULL };
    const struct muster_plan_args what = { .hosts = "web01",
                                           .job = MUSTER_JOB_PULL,
                                           .sources = sources,
                                           .destination = tmp_path("back"),
                                           .options = options };
    struct seen seen = { 0 };
    struct muster_plan *plan;
    struct muster_engine *engine;
    open_engine_for(&what, &seen, &plan, &engine);
    const struct transfer_spec *spec = the_plan->job.transfer;
    cr_assert_eq(the_plan->job.kind, JOB_PULL);
    cr_expect_str_eq(the_plan->run.mode, "pull");
    cr_expect(spec->is_flat && spec->landing && !spec->tree);
    cr_expect_eq(spec->max_entries, 7);
    cr_expect_eq(spec->max_bytes, 1 << 20);
    cr_expect(file_exists(tmp_path("back")));
    muster_engine_free(engine);
    muster_plan_free(plan);
}

Test(library, tells_what_a_push_leaves_out)
{
    static const char *const options[] = { "--recursive", NULL };
    const char *sources[] = { tmp_dir(), NULL };
    const struct muster_plan_args what = { .hosts = "web01",
                                           .job = MUSTER_JOB_PUSH,
                                           .sources = sources,
                                           .destination = "d",
                                           .options = options };
    cr_assert_eq(mkfifo(tmp_path("pipe"), 0600), 0);
    struct seen seen = { 0 };
    struct muster_plan *plan;
    struct muster_engine *engine;
    open_engine_for(&what, &seen, &plan, &engine);
    struct event e = { .kind = EVENT_RUN_START };
    event_emit(&the_engine.emitter, &e);
    cr_expect_eq(seen.count, 2);
    cr_expect_eq(seen.event.kind, MUSTER_NOTE);
    cr_expect_eq(seen.event.seq, 2);
    cr_expect_eq(seen.event.time_us, e.time_us);
    cr_expect(strstr(seen.text, "/pipe is no file, folder or link"), "%s", seen.text);
    muster_engine_free(engine);
    muster_plan_free(plan);
}
