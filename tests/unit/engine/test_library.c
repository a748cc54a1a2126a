/* SPDX-License-Identifier: MIT */
/* Events in their public form, without a run: the engine is a fake that only remembers who listens.
 */
#include <criterion/criterion.h>

#include "engine/engine.h"
#include "muster/muster.h"

struct engine {
    struct emitter emitter;
};

static struct engine the_engine;

bool engine_new(struct engine **ret, const struct engine_args *args, struct error *reterr)
{
    (void)args;
    (void)reterr;
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

/* What the last event was; its file is copied. */
struct seen {
    struct muster_event event;
    struct muster_file file;
    size_t count;
};

static void on_event(void *arg, const struct muster_event *event)
{
    struct seen *seen = arg;
    seen->event = *event;
    seen->count++;
    if (event->file)
        seen->file = *event->file;
}

/* An engine that tells `seen` what is emitted. */
static void open_engine(struct seen *seen, struct muster_plan **plan, struct muster_engine **engine)
{
    struct muster_error error = MUSTER_ERROR_INIT;
    const struct muster_plan_args what = { .hosts = "web01", .command = "x" };
    cr_assert(muster_plan_new(plan, &what, &error), "%s", error.text);
    const struct muster_engine_args how = { .plan = *plan, .on_event = on_event, .arg = seen };
    cr_assert(muster_engine_new(engine, &how, &error), "%s", error.text);
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
