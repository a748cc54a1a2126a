/* SPDX-License-Identifier: MIT */
#include "model/rollout.h"

bool rollout_may_start(const struct rollout_limits *limits, const struct rollout_state *state)
{
    return state->running < limits->fanout && state->connecting < limits->connects;
}
