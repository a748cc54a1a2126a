/* SPDX-License-Identifier: MIT */
/* The public API (muster.h) over inventory, plan and engine; thin. */
#include "muster/muster.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/memory.h"
#include "base/secret.h"
#include "base/source_tree.h"
#include "base/text_source.h"
#include "engine/engine.h"
#include "model/inventory.h"
#include "model/option.h"
#include "model/options.h"
#include "model/plan.h"
#include "model/selection.h"
#include "model/transfer.h"

const char *muster_version(void)
{
    return MUSTER_VERSION;
}

/* --- Errors ---------------------------------------------------------------------------------- */

/* Hands an error of ours to the caller. Returns false. */
static bool hand_over(struct muster_error *reterr, struct error *error)
{
    muster_error_release(reterr);
    reterr->code = error_word(error->code);
    reterr->text = error->text;
    *error = (struct error)ERROR_INIT;
    return false;
}

void muster_error_release(struct muster_error *error)
{
    free(error->text);
    error->code = NULL;
    error->text = NULL;
}

/* --- Inventory -------------------------------------------------------------------------------- */

/* Nothing of the library reads standard input. */
static const struct text_source no_stdin = { .fd = -1, .taken_by = "the program" };

struct muster_inventory {
    struct inventory *inventory;
};

bool muster_inventory_load(struct muster_inventory **ret, const char *const *files, size_t count,
                           struct muster_error *reterr)
{
    struct error error = ERROR_INIT;
    struct inventory *inventory;
    struct text_source source = no_stdin;
    char **items = xcalloc(count, sizeof *items);
    for (size_t i = 0; i < count; i++)
        items[i] = xstrdup(files[i]);
    bool done = inventory_load(&inventory, &(struct path_list){ .items = items, .count = count },
                               &source, &error);
    for (size_t i = 0; i < count; i++)
        free(items[i]);
    free(items);
    if (!done)
        return hand_over(reterr, &error);
    *ret = xcalloc(1, sizeof **ret);
    (*ret)->inventory = inventory;
    return true;
}

void muster_inventory_free(struct muster_inventory *inventory)
{
    if (!inventory)
        return;
    inventory_free(inventory->inventory);
    free(inventory);
}

size_t muster_inventory_host_count(const struct muster_inventory *inventory)
{
    return inventory_host_count(inventory->inventory);
}

const char *muster_inventory_host_name(const struct muster_inventory *inventory, size_t index)
{
    return host_name(inventory_host(inventory->inventory, index));
}

/* --- Plan ------------------------------------------------------------------------------------- */

struct muster_plan {
    struct arena *arena;
    struct settings settings;
    struct name_set names;
    struct transfer_spec transfer; /* of a push or pull */
    struct plan *plan;
    struct secret *password;
};

/* What the public jobs are here. */
static const struct job {
    enum job_kind kind;
    unsigned command; /* whose options it knows */
    const char *mode;
} jobs[] = {
    [MUSTER_JOB_RUN] = { JOB_EXEC, CMD_RUN, "run" },
    [MUSTER_JOB_PUSH] = { JOB_PUSH, CMD_PUSH, "push" },
    [MUSTER_JOB_PULL] = { JOB_PULL, CMD_PULL, "pull" },
};

enum { JOB_COUNT = sizeof jobs / sizeof *jobs };

/* Does the option say how to reach a host, how the run goes or how to copy, and is it no affair of
 * a terminal? */
static bool is_of_library(const struct option_row *row, const struct job *job)
{
    if (row->section == SECTION_COPY)
        return true;
    if (job->kind != JOB_EXEC && strcmp(row->name, "dry-run") == 0)
        return true;
    return (row->section == SECTION_REACH || row->section == SECTION_RUN) &&
           (row->at & AT_CONFIG) && strcmp(row->name, "ask-pass") != 0;
}

/* The row of an option's name, where the job may have it. */
static const struct option_row *find_option(const char *text, const char *name,
                                            const struct job *job, struct error *reterr)
{
    const struct option_row *row = options_by_flag(job->command, name);
    if (row && is_of_library(row, job))
        return row;
    if (row)
        error_set(reterr, ERR_USAGE, "%s: not an option of the library", text);
    else if (options_by_flag(CMD_RUN | CMD_PUSH | CMD_PULL, name))
        error_set(reterr, ERR_USAGE, "%s: not an option of a %s", text, job->mode);
    else
        error_set(reterr, ERR_USAGE, "%s: no such option", text);
    return NULL;
}

/* Adds one "--name=value" or "--name" to the layer. */
static bool add_option(struct layer *layer, const char *text, const struct job *job,
                       struct error *reterr)
{
    const char *name = strncmp(text, "--", 2) == 0 ? text + 2 : text;
    const char *equals = strchr(name, '=');
    char *flag = equals ? xstrndup(name, (size_t)(equals - name)) : xstrdup(name);
    const struct option_row *row = find_option(text, flag, job, reterr);
    free(flag);
    if (!row)
        return false;
    if (option_takes_value(row) && !equals)
        return error_set(reterr, ERR_USAGE, "%s: needs a value", text);
    const struct source source = { .kind = SOURCE_COMMAND_LINE, .text = row->name };
    return layer_add_text(layer, row, equals ? equals + 1 : row->implied, &source, reterr);
}

/* Does each job have what it needs, and nothing that it would ignore? */
static bool check_args(const struct muster_plan_args *args, struct error *reterr)
{
    if ((unsigned)args->job >= JOB_COUNT)
        return error_set(reterr, ERR_USAGE, "no such job");
    if (!args->hosts)
        return error_set(reterr, ERR_USAGE, "no hosts given");
    if (args->job != MUSTER_JOB_RUN)
        return !args->command ||
               error_set(reterr, ERR_USAGE, "a %s has no command", jobs[args->job].mode);
    if (!args->command)
        return error_set(reterr, ERR_USAGE, "no command given");
    return (!args->sources && !args->destination) ||
           error_set(reterr, ERR_USAGE, "a command has neither sources nor destination");
}

/* The settings: defaults, the options, the host expression. */
static bool fill_settings(struct muster_plan *p, const struct muster_plan_args *args,
                          struct error *reterr)
{
    struct layer layer;
    const struct source source = { .kind = SOURCE_COMMAND_LINE, .text = "hosts" };
    settings_init(&p->settings, p->arena);
    layer_init(&layer, p->arena);
    for (size_t i = 0; args->options && args->options[i]; i++) {
        if (!add_option(&layer, args->options[i], &jobs[args->job], reterr))
            return false;
    }
    const struct option_row *hosts = options_by_flag(CMD_RUN, "hosts");
    if (!layer_add_text(&layer, hosts, args->hosts, &source, reterr))
        return false;
    settings_apply(&p->settings, &layer);
    return true;
}

/* Copies of the sources, which the caller's need not outlive. */
static const char *const *keep_sources(struct arena *arena, const char *const *sources)
{
    size_t count = 0;
    while (sources && sources[count])
        count++;
    const char **copies = arena_calloc(arena, count + 1, sizeof *copies);
    for (size_t i = 0; i < count; i++)
        copies[i] = arena_strdup(arena, sources[i]);
    return copies;
}

/* The job: a command, or a transfer, of which is checked what needs no hosts. */
static bool make_job(struct job_spec *ret, struct muster_plan *p,
                     const struct muster_plan_args *args, struct error *reterr)
{
    *ret = (struct job_spec){ .kind = jobs[args->job].kind };
    if (args->job == MUSTER_JOB_RUN) {
        ret->command = arena_strdup(p->arena, args->command);
        return true;
    }
    ret->transfer = &p->transfer;
    const struct transfer_request request = {
        .kind = ret->kind,
        .settings = &p->settings,
        .sources = keep_sources(p->arena, args->sources),
        .destination = args->destination ? arena_strdup(p->arena, args->destination) : NULL,
    };
    return transfer_spec_init(&p->transfer, &request, reterr);
}

/* Gives the targets that have no password file the plan's password. */
static void give_password(struct muster_plan *p, const char *password)
{
    if (!password)
        return;
    p->password = secret_new(password, strlen(password));
    for (size_t i = 0; i < p->plan->target_count; i++)
        p->plan->targets[i]->password = p->password;
}

/* Selects and resolves. */
static bool build_plan(struct muster_plan *p, const struct muster_plan_args *args,
                       const struct job_spec *job, struct error *reterr)
{
    struct text_source text_source = no_stdin;
    const struct inventory *inventory = args->inventory ? args->inventory->inventory : NULL;
    const struct selection_request selection = { .settings = &p->settings,
                                                 .inventory = inventory,
                                                 .source = &text_source };
    const struct plan_request request = { .names = &p->names,
                                          .inventory = inventory,
                                          .settings = &p->settings,
                                          .job = *job,
                                          .mode = jobs[args->job].mode };
    return selection_make(&selection, p->arena, &p->names, reterr) &&
           plan_build(&p->plan, &request, reterr) &&
           (!job->transfer || transfer_spec_fit(&p->transfer, p->plan, reterr));
}

bool muster_plan_new(struct muster_plan **ret, const struct muster_plan_args *args,
                     struct muster_error *reterr)
{
    struct error error = ERROR_INIT;
    struct job_spec job;
    struct muster_plan *p = xcalloc(1, sizeof *p);
    p->arena = arena_new();
    name_set_init(&p->names);
    if (!check_args(args, &error) || !fill_settings(p, args, &error) ||
        !make_job(&job, p, args, &error) || !build_plan(p, args, &job, &error)) {
        muster_plan_free(p);
        return hand_over(reterr, &error);
    }
    give_password(p, args->password);
    *ret = p;
    return true;
}

void muster_plan_free(struct muster_plan *plan)
{
    if (!plan)
        return;
    plan_free(plan->plan);
    transfer_spec_release(&plan->transfer);
    secret_free(plan->password);
    name_set_release(&plan->names);
    arena_free(plan->arena);
    free(plan);
}

/* A host as the public header shows it. */
static struct muster_host public_host(const struct host_info *info)
{
    return (struct muster_host){ .index = info->index,
                                 .name = info->name,
                                 .address = info->address ? info->address : info->name,
                                 .port = info->port,
                                 .user = info->user,
                                 .groups = info->groups };
}

size_t muster_plan_host_count(const struct muster_plan *plan)
{
    return plan->plan->target_count;
}

struct muster_host muster_plan_host(const struct muster_plan *plan, size_t index)
{
    return public_host(&plan->plan->targets[index]->info);
}

/* --- Events ----------------------------------------------------------------------------------- */

/* Public kind + 1 of each of ours; 0: not shown. */
static const unsigned char public_kinds[EVENT_KIND_COUNT] = {
    [EVENT_RUN_START] = MUSTER_RUN_START + 1,
    [EVENT_HOST_START] = MUSTER_HOST_START + 1,
    [EVENT_HOST_AUTH] = MUSTER_HOST_AUTH + 1,
    [EVENT_HOST_EXEC] = MUSTER_HOST_EXEC + 1,
    [EVENT_FILE] = MUSTER_HOST_FILE + 1,
    [EVENT_OUTPUT] = MUSTER_OUTPUT + 1,
    [EVENT_HOST_RETRY] = MUSTER_HOST_RETRY + 1,
    [EVENT_HOST_END] = MUSTER_HOST_END + 1,
    [EVENT_NOTE] = MUSTER_NOTE + 1,
    [EVENT_RUN_END] = MUSTER_RUN_END + 1,
};

_Static_assert(MUSTER_OK == (int)STATUS_OK && MUSTER_BAD_HOST_KEY == (int)STATUS_HOST_KEY &&
                   MUSTER_INTERNAL == (int)STATUS_INTERNAL,
               "the public statuses are in our order");

const char *muster_status_word(enum muster_status status)
{
    return status_word((enum host_status)status);
}

struct muster_engine {
    struct engine *engine;
    struct listener listener;
    struct ask ask;
    struct muster_engine_args args;
    uint64_t seq;
};

/* Shows an error, of an attempt or of a host. */
static void show_error(struct muster_event *out, const struct error *error, enum stage stage)
{
    if (!error || !error_is_set(error))
        return;
    out->error_stage = stage_word(stage);
    out->error_code = error_word(error->code);
    out->error_text = error->text;
}

/* Shows how a host ended. */
static void show_outcome(struct muster_event *out, const struct outcome *o)
{
    out->status = (enum muster_status)o->status;
    out->has_exit_code = o->has_exit_code;
    out->exit_code = o->exit_code;
    out->signal = o->signal[0] ? o->signal : NULL;
    out->kill = kill_word(o->kill);
    out->stdout_bytes = o->bytes[STREAM_STDOUT];
    out->stderr_bytes = o->bytes[STREAM_STDERR];
    out->duration_us = o->stage_us[STAGE_DONE];
    out->transfer = (struct muster_transfer){ .files = o->transfer.files,
                                              .changed = o->transfer.changed,
                                              .failed = o->transfer.failed,
                                              .bytes_moved = o->transfer.bytes };
    show_error(out, &o->error, o->error_stage);
}

/* A file in its public form. */
static struct muster_file public_file(const struct file_record *file)
{
    return (struct muster_file){ .kind = file_kind_word(file->kind),
                                 .action = file_action_word(file->action),
                                 .src = file->src,
                                 .dst = file->dst,
                                 .bytes = file->bytes,
                                 .moved = file->moved,
                                 .sha256 = file->sha256 };
}

/* Tells what a push leaves out; the caller knows of it no other way. */
static void tell_skipped(struct muster_engine *e, int64_t time_us)
{
    const struct source_tree *tree = e->args.plan->transfer.tree;
    for (size_t i = 0; tree && i < source_tree_skipped_count(tree); i++) {
        char *text =
            xprintf("%s is no file, folder or link and is left out", source_tree_skipped(tree, i));
        const struct muster_event out = {
            .kind = MUSTER_NOTE, .seq = ++e->seq, .time_us = time_us, .text = text
        };
        e->args.on_event(e->args.arg, &out);
        free(text);
    }
}

/* Hands an event on in its public form. */
static void on_event(struct listener *self, const struct event *event)
{
    struct muster_engine *e = list_entry(self, struct muster_engine, listener);
    if (!public_kinds[event->kind])
        return;
    struct muster_host host = { 0 };
    struct muster_file file = { 0 };
    if (event->host)
        host = public_host(event->host);
    if (event->file)
        file = public_file(event->file);
    struct muster_event out = {
        .kind = (enum muster_event_kind)(public_kinds[event->kind] - 1),
        .seq = ++e->seq,
        .time_us = event->time_us,
        .host = event->host ? &host : NULL,
        .attempt = event->attempt,
        .is_stderr = event->kind == EVENT_OUTPUT && event->stream == STREAM_STDERR,
        .data = event->data,
        .size = event->size,
        .text = event->text,
        .file = event->file ? &file : NULL,
    };
    if (event->outcome)
        show_outcome(&out, event->outcome);
    else
        show_error(&out, event->error, event->stage);
    if (event->file)
        out.error_stage = NULL;
    e->args.on_event(e->args.arg, &out);
    if (event->kind == EVENT_RUN_START)
        tell_skipped(e, event->time_us);
}

/* --- Questions and the engine ----------------------------------------------------------------- */

/* Asks the caller, who answers at once. */
static void ask_host_keys(struct ask *self, const struct ask_host_key *keys, size_t count,
                          ask_host_keys_fn *answer, void *arg)
{
    struct muster_engine *e = list_entry(self, struct muster_engine, ask);
    struct muster_host_key *shown = xcalloc(count, sizeof *shown);
    bool *accepted = xcalloc(count, sizeof *accepted);
    for (size_t i = 0; i < count; i++)
        shown[i] = (struct muster_host_key){ .host = keys[i].name,
                                             .address = keys[i].address,
                                             .type = keys[i].key_type,
                                             .fingerprint = keys[i].fingerprint };
    e->args.on_host_keys(e->args.arg, shown, count, accepted);
    answer(arg, accepted, count);
    free(shown);
    free(accepted);
}

bool muster_engine_new(struct muster_engine **ret, const struct muster_engine_args *args,
                       struct muster_error *reterr)
{
    struct error error = ERROR_INIT;
    struct muster_engine *e = xcalloc(1, sizeof *e);
    e->args = *args;
    e->listener.on_event = on_event;
    e->ask.host_keys = ask_host_keys;
    const struct engine_args ours = { .plan = args->plan->plan,
                                      .ask = args->on_host_keys ? &e->ask : NULL,
                                      .agent_socket = args->agent_socket };
    if (!engine_new(&e->engine, &ours, &error)) {
        free(e);
        return hand_over(reterr, &error);
    }
    engine_listen(e->engine, &e->listener);
    *ret = e;
    return true;
}

void muster_engine_free(struct muster_engine *engine)
{
    if (!engine)
        return;
    engine_free(engine->engine);
    free(engine);
}

void muster_engine_run(struct muster_engine *engine)
{
    muster_engine_start(engine);
    loop_run(engine_loop(engine->engine));
}

void muster_engine_start(struct muster_engine *engine)
{
    engine_start(engine->engine);
}

int muster_engine_fd(const struct muster_engine *engine)
{
    return loop_fd(engine_loop(engine->engine));
}

int muster_engine_timeout_ms(const struct muster_engine *engine)
{
    return loop_timeout_ms(engine_loop(engine->engine));
}

void muster_engine_step(struct muster_engine *engine)
{
    loop_step(engine_loop(engine->engine));
}

bool muster_engine_is_finished(const struct muster_engine *engine)
{
    return engine_is_finished(engine->engine);
}

void muster_engine_stop(struct muster_engine *engine, enum muster_stop how)
{
    _Static_assert(MUSTER_STOP_CLOSE == (int)STOP_CLOSE, "the same order");
    engine_stop(engine->engine, (enum stop_kind)how, ERR_CANCELLED_BY_USER, "stopped");
}
