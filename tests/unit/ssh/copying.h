/* SPDX-License-Identifier: MIT */
/* A push or a pull on a rig's session against the server of remote.h, and an ear that writes down
 * what it tells. The test stands in a folder of its own, with "src" and "out" in it. */
#ifndef MUSTER_TESTS_COPYING_H
#define MUSTER_TESTS_COPYING_H

#include "base/source_tree.h"
#include "remote.h"
#include "rig.h"
#include "ssh/job_transfer.h"

struct copying {
    struct rig rig;
    struct transfer_spec spec;
    struct transfer_args args;
    const char *sources[8];
    bool is_pull;
    bool can_replace;    /* posix-rename@openssh.com */
    const char *version; /* the server's; NULL: an OpenSSH */
    struct job *job;     /* NULL once it ended */

    struct buf told; /* "create a; fail b: words; " in order */
    int starts;
    int ends;
    int notes;
    uint64_t moved;
    bool has_items_left; /* at the end: it was cut off */
    struct transfer_result result;
};

/* Stands in an empty folder; all as at first. */
void copying_init(struct copying *c);

/* Files on this side. */
void copying_file(const char *path, const char *content);
void copying_bytes(const char *path, size_t size); /* byte i is i % 251 */
char *copying_read(const char *path);              /* heap; NULL: there is none */

int copying_count(const char *path); /* names in a folder */

/* Lists the sources, opens the session, adds the job and settles; copying_accept() lets the server
 * in, and settles. copying_run(): both. */
void copying_begin(struct copying *c);
void copying_accept(struct copying *c);
void copying_run(struct copying *c);

/* job_transfer_end(), because it was "enough"; settles. */
void copying_end(struct copying *c);

/* Settles; then it has ended once, with this. */
void copying_expect_end(struct copying *c, enum error_code code, const char *text);
void copying_expect_told(const struct copying *c, const char *told);

/* The helper that was started last, on channel `n`, says these lines behind its token and ends. */
void copying_helper_says(struct copying *c, int channel, const char *lines);

/* Releases all, with a look for what leaks. */
void copying_finish(struct copying *c);

#endif
