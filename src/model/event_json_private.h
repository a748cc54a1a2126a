/* SPDX-License-Identifier: MIT */
/* What the writing and the reading half of event_json.h share. */
#ifndef MUSTER_MODEL_EVENT_JSON_PRIVATE_H
#define MUSTER_MODEL_EVENT_JSON_PRIVATE_H

#include "model/event.h"

/* The name of a stage in "timing_ms"; STAGE_DONE stands for the total. */
const char *event_json_timing_word(enum stage stage);

#endif
