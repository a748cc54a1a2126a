/* SPDX-License-Identifier: MIT */
/*
 * One session with everything around it fake, and an ear that writes down what it tells. By
 * default all goes well at once up to READY, where it waits; a test holds up one state, or breaks
 * it.
 */
#ifndef MUSTER_TESTS_RIG_H
#define MUSTER_TESTS_RIG_H

#include "base/arena.h"
#include "base/rate.h"
#include "base/secret.h"
#include "fake_agent.h"
#include "fake_dns.h"
#include "fake_identity.h"
#include "fake_input.h"
#include "fake_known_hosts.h"
#include "fake_libssh2.h"
#include "fake_loop.h"
#include "fake_net.h"
#include "ssh/job_exec.h"
#include "ssh/session.h"

#define CONNECT_US INT64_C(10000000)

struct rig {
    struct loop *loop;
    struct gate gate;
    struct rate rate;
    struct ssh_services services;
    struct arena *arena;
    struct settings settings;
    struct target target;
    struct session *session;

    /* Of session_args. */
    int64_t started_at_us;
    bool asks_all_types;

    /* What the listener does. */
    bool keeps_closed;      /* does not free the session in on_closed */
    bool fails_on_note;     /* calls session_fail() from on_note */
    bool finishes_on_ready; /* session_finish() */

    /* What it heard. */
    char stages[256]; /* "dns connect ..." */
    char auth[64];
    char note[256];
    enum session_state left_from; /* the state as on_closed came */
    int readies;
    int closes;
    struct error error; /* at on_closed */
    enum stage error_stage;
    bool wants_other_types;
};

/* All fakes as at first; the settings are the defaults with a numeric address, -t 10s, the identity
 * files "id_a" and "id_b" as ssh's default ones, and known_hosts file "known". */
void rig_init(struct rig *r);

/* Closes what is open, and checks that nothing is left: objects of the fakes, and, under the
 * address sanitizer, memory. */
void rig_release(struct rig *r);

/* Changes of the settings, before rig_open(). */
void rig_name(struct rig *r, const char *address); /* a name that has to be looked up */
void rig_keys(struct rig *r, const char *first, const char *second); /* named by --key */
void rig_password(struct rig *r, const char *password);
void rig_agent(struct rig *r);

/* Opens the session and settles. */
void rig_open(struct rig *r);

/* The same, with the server's greeting on the wire: READY is reached. */
void rig_open_ready(struct rig *r);

/* Settles; then the session is in this state, where DONE means that it was closed. */
void rig_expect_state(struct rig *r, enum session_state state);

/* Settles; then the session has ended once, with the first error. */
void rig_expect_end(struct rig *r, enum error_code code, enum stage stage);

/* The text of the error that ended it. */
void rig_expect_text(const struct rig *r, const char *text);

#endif
