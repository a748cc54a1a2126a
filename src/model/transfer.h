/* SPDX-License-Identifier: MIT */
/*
 * What a push or a pull is to do, the same for every host. Made before the run, in two steps, by
 * the cli and by the library alike; borrowed by everybody else.
 *
 *      transfer_spec_init()    what was asked for, and what a push sends
 *      plan_build()            the hosts
 *      transfer_spec_fit()     what depends on hosts; after it the run may begin
 */
#ifndef MUSTER_MODEL_TRANSFER_H
#define MUSTER_MODEL_TRANSFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "model/plan.h"

struct landing;
struct settings;
struct source_tree;

/* Appends the name that a source of a pull gets below the host's folder: its last component;
 * nothing where it has none of its own ("~", ".", "..", "/"), and its content goes straight there.
 */
void transfer_pull_name(struct buf *out, const char *source);

/* What a pull may hold open for a host beside its socket: sixteen files that are checked, or to be
 * resumed, and the folders they are in. */
#define TRANSFER_PULL_FILES_MAX   16
#define TRANSFER_PULL_DESCRIPTORS (2 * TRANSFER_PULL_FILES_MAX)

struct transfer_spec {
    const char *const *sources; /* as they were named; NULL-ended */
    const char *destination;    /* push: a template of a remote path; pull: the local folder */
    struct source_tree *tree;   /* push: what is sent; owned */
    struct landing *landing;    /* pull: where it is written; owned, NULL until it fits */

    bool is_recursive;
    bool makes_folders; /* --mkdir: missing parents of DEST */
    bool has_mode;      /* --mode: `mode`, instead of the source's */
    mode_t mode;
    bool preserves;      /* --preserve: times, and the owner where that is permitted */
    bool verifies;       /* --verify: by SHA-256, before the replacement */
    bool skips_same;     /* --skip-same */
    bool resumes;        /* --resume */
    bool deletes;        /* --delete: what is in the folders of DEST and not in the source */
    const char *as_user; /* --sudo: who writes there; NULL: whoever logs in */
    bool is_flat;        /* --flat: NAME.HOST */
    bool is_dry_run;     /* looks, and changes nothing */

    uint64_t max_entries; /* of a pull, a host */
    uint64_t max_bytes;   /* of a pull, a host */
};

struct transfer_request {
    enum job_kind kind;              /* JOB_PUSH or JOB_PULL */
    const struct settings *settings; /* all of these outlive the spec */
    const char *const *sources;      /* NULL-ended */
    const char *destination;         /* NULL: none was named */
};

/* Reads the request, checks what can be checked without knowing the hosts, and lists, for a push,
 * what is sent; with `verifies`, `skips_same` or `resumes` all of that is read. ERR_USAGE: no
 * source, no destination, options that do not go together, a DEST or SRC that no host can have,
 * names that would meet; ERR_FILE: a source of a push, see source_tree_new(). To be released in
 * either case. */
bool transfer_spec_init(struct transfer_spec *spec, const struct transfer_request *request,
                        struct error *reterr);

/* Tries the DEST of a push for every host of the plan, so that nothing runs where one of them
 * cannot have it (ERR_USAGE). Opens the DIR of a pull, and makes it unless in a dry run
 * (ERR_FILE); to be called when all else is right. */
bool transfer_spec_fit(struct transfer_spec *spec, const struct plan *plan, struct error *reterr);

/* After the run, for which the plan borrows the spec. */
void transfer_spec_release(struct transfer_spec *spec);

#endif
