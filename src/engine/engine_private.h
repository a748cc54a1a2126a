/* SPDX-License-Identifier: MIT */
/* What the .c files of the engine share. */
#ifndef MUSTER_ENGINE_ENGINE_PRIVATE_H
#define MUSTER_ENGINE_ENGINE_PRIVATE_H

#include "base/rate.h"
#include "engine/engine.h"
#include "model/line_buffer.h"
#include "ssh/job.h"
#include "ssh/session.h"

struct known_hosts;

enum host_state {
    HOST_QUEUED,
    HOST_RUNNING,
    HOST_PARKED, /* waits for an answer about its host key */
    HOST_DONE,
};

/* One target's way through the run; survives its sessions. */
struct host_run {
    struct engine *engine;
    const struct target *target;
    struct known_hosts *known_hosts;
    struct list link; /* on queue, running or parked */
    enum host_state state;
    bool is_connecting; /* holds one of the --connects slots */

    struct session *session;
    struct job *job;
    struct line_buffer lines[STREAM_COUNT];
    struct outcome outcome;
    bool has_result; /* the job told how it ended */

    enum stage stage;
    int64_t queued_at_us; /* monotonic, as are the next two */
    int64_t stage_since_us;
    int64_t begun_at_us;
    bool asks_all_types; /* the next session looks at all recorded host key types */
    bool was_interrupted;

    /* PARKED: the unknown key. */
    unsigned char *host_key;
    size_t host_key_size;
};

struct known_hosts_set;

struct engine {
    struct loop *loop;
    const struct plan *plan;
    struct ask *ask;
    struct input *input;
    struct doorbell *input_bell;
    struct emitter emitter;
    struct gate gate;
    struct rate rate; /* --limit-rate, of all hosts together */
    struct ssh_services services;
    struct known_hosts_set *known_hosts; /* hash table: services.c */

    struct host_run *hosts;
    const struct host_info **infos;
    struct run_info run;
    struct run_counts counts;
    struct list queue;
    struct list running;
    struct list parked;
    size_t connecting;
    size_t done;

    struct task schedule;
    struct timer *deadline;
    struct timer *progress;
    enum stop_kind stop;
    enum stop_kind stop_applied; /* that the hosts know of */
    enum error_code stop_cause;
    bool is_started;
    bool is_finished;

    /* The question under way: the parked hosts, in order; keys.c */
    struct host_key_question *question;
};

/* host_run.c */
void host_run_init(struct host_run *h, struct engine *e, const struct target *target);
void host_run_release(struct host_run *h);
void host_run_start(struct host_run *h);
void host_run_stop(struct host_run *h, enum stop_kind kind, enum error_code cause);
void host_run_end_unstarted(struct host_run *h, enum stage stage, const struct error *why);
void host_run_accept_key(struct host_run *h); /* PARKED -> QUEUED */

/* Why a host that never started did not, given what stopped the run. */
enum error_code engine_unstarted_code(enum error_code cause);
#define ENGINE_UNSTARTED_TEXT "the run ended before it was started"

/* engine.c: what host_run tells it. */
void engine_host_stage(struct host_run *h, enum stage stage);
void engine_host_connected(struct host_run *h); /* its --connects slot is free again */
void engine_host_done(struct host_run *h);
void engine_host_parked(struct host_run *h);
void engine_emit(struct engine *e, struct event *event);

/* services.c */
bool engine_services_init(struct engine *e, const char *agent_socket, struct error *reterr);
void engine_services_release(struct engine *e);
bool engine_known_hosts(struct engine *e, const struct target *target, struct known_hosts **ret,
                        struct error *reterr);

/* keys.c: one question for all parked hosts. */
void engine_ask_host_keys(struct engine *e);
void engine_keys_release(struct engine *e);

#endif
