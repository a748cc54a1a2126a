/* SPDX-License-Identifier: MIT */
/* A run through the public API, and what was heard of it; its promises are checked on the way. */
#ifndef MUSTER_TESTS_EXAMPLE_SCENE_H
#define MUSTER_TESTS_EXAMPLE_SCENE_H

#include <muster/muster.h>

enum { HOSTS_MAX = 8, TEXT_MAX = 4096, KINDS = MUSTER_RUN_END + 1 };

/* One run, and what was heard of it. */
struct scene {
    struct muster_inventory *inventory;
    struct muster_plan *plan;
    struct muster_engine *engine;
    size_t kinds[KINDS];
    uint64_t seq;
    bool is_over; /* RUN_END came */
    size_t ends[HOSTS_MAX];
    enum muster_status statuses[HOSTS_MAX];
    char code[HOSTS_MAX][32];      /* error_code of the end */
    char out[HOSTS_MAX][TEXT_MAX]; /* both streams */
    bool copies;                   /* a push or pull, whose hosts have no exit status ... */
    struct muster_transfer transfers[HOSTS_MAX];
    size_t changed[HOSTS_MAX];          /* files that were, or would be ... */
    size_t failed[HOSTS_MAX];           /* ... and those that failed, ... */
    char failures[HOSTS_MAX][TEXT_MAX]; /* ... "DST: CODE: TEXT" and a newline each */
    char notes[TEXT_MAX];               /* each with a newline */
    enum muster_stop stop;              /* 0: do not ... */
    enum muster_event_kind stop_at;     /* ... else at the first event of this kind */
    size_t asked;                       /* questions */
    size_t asked_keys;
    const char *accept; /* the host whose key is accepted */
};

/* Loads an inventory and makes the plan; false with the error. */
bool scene_plan(struct scene *s, const char *inventory, struct muster_plan_args args,
                struct muster_error *reterr);

/* The same, and an engine that asks where `asks` is set; all of it must succeed. */
void scene_prepare(struct scene *s, const char *inventory, struct muster_plan_args args, bool asks);

/* The fleet's inventory, the whole run, and scene_check_end(). */
void scene_run(struct scene *s, struct muster_plan_args args);

/* What must hold after every run. */
void scene_check_end(const struct scene *s);
void scene_release(struct scene *s);

/* Expects that no plan is made, for a reason that holds `text`. */
void expect_refused(struct muster_plan_args args, const char *code, const char *text);

/* The callback of scene_prepare(). */
void scene_on_event(void *arg, const struct muster_event *event);

#endif
