/* SPDX-License-Identifier: MIT */
/*
 * What the engine has to say to people, a line each on standard error: "muster: web01: TEXT".
 * Warnings always; the rest, and why a host is tried again, only where notes are wanted (-v).
 */
#ifndef MUSTER_SINK_NOTES_H
#define MUSTER_SINK_NOTES_H

#include <stdbool.h>

#include "sink/screen.h"
#include "sink/sink.h"

/* `screen` is borrowed. */
struct sink *notes_new(struct screen *screen, bool is_verbose);

#endif
