/* SPDX-License-Identifier: MIT */
#include "scene.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "files.h"
#include "fleet.h"

/* Keeps what belongs to HOST_END. */
static void keep_end(struct scene *s, const struct muster_event *event)
{
    uint32_t i = event->host->index;
    s->ends[i]++;
    s->statuses[i] = event->status;
    snprintf(s->code[i], sizeof s->code[i], "%s", event->error_code ? event->error_code : "");
    cr_expect_eq(event->has_exit_code,
                 !s->copies && (event->status == MUSTER_OK || event->status == MUSTER_FAILED));
    cr_expect_geq(event->duration_us, 0);
    s->transfers[i] = event->transfer;
    cr_expect_eq(s->changed[i], event->transfer.changed, "%zu changed", s->changed[i]);
    cr_expect_eq(s->failed[i], event->transfer.failed, "%zu failed", s->failed[i]);
}

/* Appends a line, or what of it has room. */
static void add_line(char *text, const char *line)
{
    size_t size = strlen(text);
    snprintf(text + size, TEXT_MAX - size, "%s\n", line);
}

/* Keeps what became of a file. */
static void keep_file(struct scene *s, const struct muster_event *event)
{
    uint32_t i = event->host->index;
    const struct muster_file *file = event->file;
    cr_expect_not_null(file->kind);
    cr_expect_null(event->error_stage);
    if (event->error_code) {
        s->failed[i]++;
        add_line(s->failures[i], text_of("%s: %s: %s", file->dst ? file->dst : file->src,
                                         event->error_code, event->error_text));
    } else if (strcmp(file->action, "keep") != 0) {
        s->changed[i]++;
    }
}

void scene_on_event(void *arg, const struct muster_event *event)
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
    if (event->kind == MUSTER_HOST_FILE)
        keep_file(s, event);
    if (event->kind == MUSTER_NOTE)
        add_line(s->notes, event->text);
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

bool scene_plan(struct scene *s, const char *inventory, struct muster_plan_args args,
                struct muster_error *reterr)
{
    if (!muster_inventory_load(&s->inventory, &inventory, 1, reterr))
        return false;
    args.inventory = s->inventory;
    return muster_plan_new(&s->plan, &args, reterr);
}

void scene_prepare(struct scene *s, const char *inventory, struct muster_plan_args args, bool asks)
{
    struct muster_error error = MUSTER_ERROR_INIT;
    cr_assert(scene_plan(s, inventory, args, &error), "%s", error.text);
    const struct muster_engine_args how = { .plan = s->plan,
                                            .on_event = scene_on_event,
                                            .arg = s,
                                            .on_host_keys = asks ? on_host_keys : NULL };
    cr_assert(muster_engine_new(&s->engine, &how, &error), "%s", error.text);
}

void scene_run(struct scene *s, struct muster_plan_args args)
{
    s->copies = args.job != MUSTER_JOB_RUN;
    scene_prepare(s, fleet_text("inventory"), args, false);
    muster_engine_run(s->engine);
    scene_check_end(s);
}

void scene_check_end(const struct scene *s)
{
    cr_assert(s->is_over);
    cr_assert(muster_engine_is_finished(s->engine));
    cr_assert_eq(s->kinds[MUSTER_HOST_END], muster_plan_host_count(s->plan));
    for (size_t i = 0; i < muster_plan_host_count(s->plan); i++)
        cr_assert_eq(s->ends[i], 1);
}

void scene_release(struct scene *s)
{
    muster_engine_free(s->engine);
    muster_plan_free(s->plan);
    muster_inventory_free(s->inventory);
}

void expect_refused(struct muster_plan_args args, const char *code, const char *text)
{
    struct scene s = { 0 };
    struct muster_error error = MUSTER_ERROR_INIT;
    cr_expect_not(scene_plan(&s, fleet_text("inventory"), args, &error), "not refused: %s", text);
    cr_expect_str_eq(error.code, code);
    cr_expect(strstr(error.text, text), "%s", error.text);
    muster_error_release(&error);
    scene_release(&s);
}
