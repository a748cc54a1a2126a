/* SPDX-License-Identifier: MIT */
/*
 * What a push or a pull is to do, the same for every host; made by the cli or the library's caller
 * before the run, and borrowed by everybody else.
 */
#ifndef MUSTER_MODEL_TRANSFER_H
#define MUSTER_MODEL_TRANSFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct landing;
struct source_tree;

struct transfer_spec {
    const char *const *sources; /* as they were named; NULL-ended */
    const char *destination;    /* push: a template of a remote path; pull: the local folder */
    struct source_tree *tree;   /* push: what is sent */
    struct landing *landing;    /* pull: where it is written */

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

#endif
