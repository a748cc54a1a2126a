/* SPDX-License-Identifier: MIT */
#include "model/plan.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/digest.h"
#include "base/home.h"
#include "base/memory.h"
#include "base/name_set.h"
#include "base/random_hex.h"
#include "base/source_tree.h"
#include "model/inventory.h"
#include "model/overlay.h"
#include "model/transfer.h"

/* Resolves one selected host. */
static bool fill_target(struct plan *plan, struct target *t, const char *name, struct error *err)
{
    static const char *const no_hops[] = { NULL };
    struct resolved r;
    if (!overlay_find(plan->overlay, name, &r, err))
        return false;
    if (!r.settings->user.s)
        return error_set(err, ERR_USAGE,
                         "%s: your user name is unknown here, so -l has to say who logs in", name);
    t->settings = r.settings;
    t->host = r.host;
    t->info.name = name;
    t->info.address = r.address;
    t->info.port = (uint16_t)r.settings->port.n;
    t->info.user = r.settings->user.s;
    t->info.groups = r.groups;
    t->info.via = no_hops;
    return true;
}

static bool fill_targets(struct plan *plan, const struct name_set *names, struct error *err)
{
    struct target *targets = arena_calloc(plan->arena, names->count, sizeof *targets);
    struct target **row = arena_calloc(plan->arena, names->count, sizeof(struct target *));
    const struct host_info **infos = arena_calloc(plan->arena, names->count, sizeof *infos);
    for (size_t i = 0; i < names->count; i++) {
        if (!fill_target(plan, &targets[i], names->items[i], err))
            return false;
        targets[i].info.index = (uint32_t)i;
        row[i] = &targets[i];
        infos[i] = &targets[i].info;
    }
    plan->targets = row;
    plan->target_count = names->count;
    plan->run.hosts = infos;
    plan->run.host_count = names->count;
    return true;
}

/* The name of this machine. */
static const char *controller_name(struct arena *arena)
{
    char name[256];
    if (gethostname(name, sizeof name) != 0)
        return "localhost";
    name[sizeof name - 1] = '\0';
    return arena_strdup(arena, name);
}

/* The digest of the command, by which reports can be compared without showing it. */
static const char *digest_of(struct arena *arena, const char *command)
{
    unsigned char digest[SHA256_SIZE];
    char *text = arena_alloc(arena, SHA256_TEXT_SIZE);
    digest_sha256(command, strlen(command), digest);
    digest_sha256_text(digest, text);
    return text;
}

/* What a push sends in all; of a pull nobody knows. */
static uint64_t bytes_for_all(const struct plan_request *request)
{
    const struct source_tree *tree = request->job.transfer->tree;
    return tree ? source_tree_bytes(tree) * request->names->count : 0;
}

static void fill_run(struct plan *plan, const struct plan_request *request)
{
    static const char *const no_options[] = { NULL };
    struct run_info *run = &plan->run;
    random_hex(run->id, 16);
    char *user = home_user();
    run->user = arena_strdup(plan->arena, user ? user : "");
    free(user);
    run->mode = request->mode;
    run->command = request->job.command;
    if (run->command)
        run->command_digest = digest_of(plan->arena, run->command);
    if (request->job.transfer) {
        run->sources = request->job.transfer->sources;
        run->destination = request->job.transfer->destination;
        run->transfer_bytes = bytes_for_all(request);
    }
    run->label = request->settings->label.s;
    run->controller = controller_name(plan->arena);
    run->inventory_digest = request->inventory ? inventory_digest(request->inventory) : NULL;
    run->options = request->options ? request->options : no_options;
}

bool plan_build(struct plan **ret, const struct plan_request *request, struct error *reterr)
{
    struct plan *plan = xcalloc(1, sizeof *plan);
    plan->arena = arena_new();
    plan->overlay = overlay_new(request->inventory, request->settings);
    plan->settings = request->settings;
    plan->job = request->job;
    fill_run(plan, request);
    if (!fill_targets(plan, request->names, reterr)) {
        plan_free(plan);
        return false;
    }
    *ret = plan;
    return true;
}

void plan_free(struct plan *plan)
{
    if (!plan)
        return;
    overlay_free(plan->overlay);
    arena_free(plan->arena);
    free(plan);
}

size_t plan_variables(const struct plan *plan, const struct target *target,
                      const struct variable **ret)
{
    return overlay_variables(plan->overlay, target->host, ret);
}
