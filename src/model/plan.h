/* SPDX-License-Identifier: MIT */
/*
 * The plan: selected hosts x one job, fully resolved; immutable once built. `muster list` and
 * --dry-run print it, the engine runs it. Everything it points to lives until plan_free().
 */
#ifndef MUSTER_MODEL_PLAN_H
#define MUSTER_MODEL_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "model/event.h"
#include "model/settings.h"

struct arena;
struct host;
struct inventory;
struct name_set;
struct overlay;
struct secret;
struct transfer_spec;
struct variable;

struct target {
    struct host_info info; /* what events show */
    const struct settings *settings;
    struct secret *password; /* read by the cli before the run; NULL where none */
    const struct host *host; /* in the inventory, or NULL */
};

enum job_kind { JOB_EXEC, JOB_PUSH, JOB_PULL };

struct job_spec {
    enum job_kind kind;
    const char *command;                  /* JOB_EXEC */
    const struct transfer_spec *transfer; /* JOB_PUSH, JOB_PULL; outlives the plan */
};

struct plan {
    struct target *const *targets; /* in selection order */
    size_t target_count;
    struct job_spec job;
    const struct settings *settings; /* of the run as a whole */
    struct run_info run;
    /* plan.c's own. */
    struct arena *arena;
    struct overlay *overlay;
};

struct plan_request {
    const struct name_set *names;      /* selected; the plan copies none of the texts ... */
    const struct inventory *inventory; /* ... nor anything here, all of which must outlive it */
    const struct settings *settings;
    struct job_spec job;
    const char *mode;           /* "run" */
    const char *const *options; /* what was set by flag or variable, ended by NULL; or NULL */
};

/* Resolves every selected host. The passwords of the targets are left to the caller, who may set
 * them before the run. ERR_USAGE. On true the caller frees `*ret`. */
bool plan_build(struct plan **ret, const struct plan_request *request, struct error *reterr);
void plan_free(struct plan *plan); /* NULL is fine; frees no password */

/* The variables of a target. Returns how many. */
size_t plan_variables(const struct plan *plan, const struct target *target,
                      const struct variable **ret);

#endif
