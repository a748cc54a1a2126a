/* SPDX-License-Identifier: MIT */
/*
 * Sessions and commands (ssh/session.h, ssh/job_exec.h) without a network: each host goes its way
 * by what its name says, a tenth of a second a step.
 *
 *   ok...       exit 0        bad...   exit 3
 *   down...     cannot be connected to
 *   shut...     no credential is accepted
 *   new...      its host key is unknown until known_hosts_add() was called
 *   other...    has its key of another type changed, until all types are asked for
 *   lost...     the connection breaks while the command runs
 *   slow...     the command runs for ever; INT is ignored, TERM takes a second
 *   soft...     the command runs for ever; INT ends it
 */
#ifndef MUSTER_TESTS_FAKE_SESSION_H
#define MUSTER_TESTS_FAKE_SESSION_H

#include "ssh/session.h"

struct fake_sessions {
    int opened;
    int exist;
    int most; /* that existed at once */
    int jobs; /* that exist */
    int wakes;
    int interrupts;
    int ends;
};
extern struct fake_sessions fake_sessions;

#define FAKE_STEP_US INT64_C(100000)

#endif
