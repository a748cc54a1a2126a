/* SPDX-License-Identifier: MIT */
/*
 * Which target may start now: pure, given limits and counts. (Batches, failure limits and retries
 * will be questions to this file, too.)
 */
#ifndef MUSTER_MODEL_ROLLOUT_H
#define MUSTER_MODEL_ROLLOUT_H

#include <stdbool.h>
#include <stddef.h>

struct rollout_limits {
    size_t fanout;   /* hosts worked on at once */
    size_t connects; /* of them between look-up and authentication */
};

struct rollout_state {
    size_t running;
    size_t connecting;
};

bool rollout_may_start(const struct rollout_limits *limits, const struct rollout_state *state);

#endif
