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

#include "model/event.h"
#include "model/settings.h"

struct secret;

struct target {
    struct host_info info; /* what events show */
    const struct settings *settings;
    struct secret *password; /* read by the cli before the run; NULL where none */
};

enum job_kind { JOB_EXEC };

struct job_spec {
    enum job_kind kind;
    const char *command;
    /* Standard input for every host: a descriptor read with pread(2) at each host's own offset, or
     * -1. While `stdin_growing` is not NULL and true, more may come (stdin_spool.h). */
    int stdin_fd;
    const struct stdin_spool *spool;
};

struct plan {
    struct target *const *targets; /* in selection order */
    size_t target_count;
    struct job_spec job;
    const struct settings *settings; /* of the run as a whole */
    struct run_info run;
};

#endif
