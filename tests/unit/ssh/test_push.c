/* SPDX-License-Identifier: MIT */
/* A push, ended, cut off or left alone after any of its requests, in each way of pushing. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "copying.h"
#include "ssh/transfer_private.h"

#define S US_PER_SEC

/* --- All ways of pushing ---------------------------------------------------------------------- */

enum way {
    PLAIN,
    PRESERVE,
    VERIFY,
    SKIP_SAME,
    SKIP_SAME_VERIFY,
    DELETE,
    RESUME,
    MKDIR,
    LINK,
    WAYS
};

/* Files of three pieces, one and none, a folder, a link; some of it is there already, and more. */
static void set_scene(struct copying *c, enum way way)
{
    copying_init(c);
    cr_assert_eq(mkdir("src/tree", 0755) + mkdir("src/tree/sub", 0755), 0);
    copying_bytes("src/tree/big", 70000);
    copying_file("src/tree/empty", "");
    copying_file("src/tree/same", "same");
    copying_file("src/tree/sub/new", "new");
    cr_assert_eq(symlink("same", "src/tree/link"), 0);
    c->sources[0] = "src/tree";
    c->sources[1] = way == LINK ? "src/same" : NULL;
    if (way == LINK)
        cr_assert_eq(rename("src/tree/same", "src/same"), 0);
    if (way == MKDIR)
        c->args.destination = "a/b/";
    else
        remote_add("tree", S_IFDIR | 0755, "");
    if (way != MKDIR) {
        remote_add("tree/same", S_IFREG | 0600, way == VERIFY ? "old!" : "same");
        remote_add("tree/big", S_IFREG | 0600, "old");
        remote_add("tree/link", S_IFLNK | 0777, way == DELETE ? "same" : "elsewhere");
        remote_add("tree/gone", S_IFDIR | 0755, "");
        remote_add("tree/gone/a", S_IFREG | 0600, "a");
        remote_add("tree/gone/b", S_IFREG | 0600, "b");
    }
    remote_add("same", S_IFLNK | 0777, "linked");
    remote_add("linked", S_IFREG | 0600, "old");
    c->spec.is_recursive = true;
    c->spec.makes_folders = way == MKDIR;
    c->spec.preserves = way == PRESERVE;
    c->spec.verifies = way == VERIFY || way == SKIP_SAME_VERIFY;
    c->spec.skips_same = way == SKIP_SAME || way == SKIP_SAME_VERIFY;
    c->spec.deletes = way == DELETE;
    c->spec.resumes = way == RESUME;
    c->rig.settings.no_remote_kill = true; /* no helpers */
}

/* The scene, as far as the server answers: so many requests. True where all was done by then. */
static bool run_until(struct copying *c, enum way way, unsigned requests)
{
    set_scene(c, way);
    remote_be_silent(requests);
    copying_run(c);
    return c->ends > 0;
}

static void expect_all_there(struct copying *c, enum way way)
{
    const char *where = way == MKDIR ? "a/b/tree" : "tree";
    char path[100];
    copying_expect_end(c, ERR_NONE, "");
    cr_assert_not(c->has_items_left);
    snprintf(path, sizeof path, "%s/sub/new", where);
    cr_assert_str_eq(remote_content(path), "new");
    snprintf(path, sizeof path, "%s/link", where);
    cr_assert_str_eq(remote_content(path), "same");
    snprintf(path, sizeof path, "%s/big", where);
    char *big = copying_read("src/tree/big");
    cr_assert_arr_eq(remote_content(path), big, 70000);
    free(big);
    cr_assert_eq(remote_count(".muster-"), 0);
    cr_assert_eq(remote_count("gone") > 0, way != DELETE && way != MKDIR);
    if (way == LINK)
        cr_assert_str_eq(remote_content("linked"), "same", "followed: %s %o", buf_str(&c->told),
                         remote_mode("same"));
}

/* Whatever happened, a file is the old one or the new one. */
static void expect_whole(enum way way)
{
    const char *big = remote_content(way == MKDIR ? "a/b/tree/big" : "tree/big");
    bool is_missing = way == MKDIR && !big;
    cr_assert(is_missing || strcmp(big, "old") == 0 || big[69999] == (char)(69999 % 251));
}

Test(push, does_it_in_each_way)
{
    for (int way = 0; way < WAYS; way++) {
        struct copying c;
        cr_assert(run_until(&c, (enum way)way, UINT32_MAX - 1), "%d: %s", way, buf_str(&c.told));
        expect_all_there(&c, (enum way)way);
        copying_finish(&c);
    }
}

/* Whenever it is ended, it cleans up at once, and nothing is left. */
Test(push, ended_after_each_request)
{
    for (int way = 0; way < WAYS; way++) {
        for (unsigned n = 0;; n++) {
            struct copying c;
            if (run_until(&c, (enum way)way, n)) {
                copying_finish(&c);
                break;
            }
            int64_t before = fake_elapsed_us();
            copying_end(&c);
            remote_answer_all();
            fake_settle(c.rig.loop);
            cr_assert_eq(c.ends, 1, "way %d, request %u: %zu items left", way, n,
                         list_entry(c.job, struct transfer, job)->item_count);
            copying_expect_end(&c, ERR_CANCELLED_BY_USER, "enough");
            cr_assert_not(c.has_items_left);
            cr_assert_eq(fake_elapsed_us(), before);
            if (way != RESUME)
                cr_assert_eq(remote_count(".muster-"), 0, "way %d, request %u", way, n);
            cr_assert_null(strstr(buf_str(&c.told), "fail"), "%s", buf_str(&c.told));
            expect_whole((enum way)way);
            copying_finish(&c);
        }
    }
}

/* The server does not answer any more: after three seconds it is told what may be left. */
Test(push, ended_after_each_request_in_vain)
{
    for (int way = 0; way < WAYS; way++) {
        for (unsigned n = 0;; n++) {
            struct copying c;
            if (run_until(&c, (enum way)way, n)) {
                copying_finish(&c);
                break;
            }
            bool is_replacing = remote_holds(SFTP_POSIX_RENAME);
            copying_end(&c);
            int64_t begun = fake_elapsed_us();
            while (c.ends == 0 && fake_elapsed_us() - begun < 3 * S)
                cr_assert(fake_advance_to_timer(c.rig.loop));
            cr_assert_eq(c.ends, 1, "way %d, request %u", way, n);
            const char *text = error_text(&c.result.error);
            cr_assert_eq(c.result.error.code,
                         is_replacing ? ERR_CONNECTION_LOST : ERR_CANCELLED_BY_USER);
            cr_assert_eq(strncmp(text, "enough", 6), 0);
            if (remote_count(".muster-") > 0 && way != RESUME)
                cr_assert(strstr(text, " may be left there"), "way %d, request %u: %s", way, n,
                          text);
            expect_whole((enum way)way);
            copying_finish(&c);
        }
    }
}

/* "lost" only where nobody knows which file is there. */
Test(push, cut_off_after_each_request)
{
    for (int way = 0; way < WAYS; way++) {
        for (unsigned n = 0;; n++) {
            struct copying c;
            if (run_until(&c, (enum way)way, n)) {
                copying_finish(&c);
                break;
            }
            bool is_replacing = remote_holds(SFTP_POSIX_RENAME);
            wire.recv_errno = ECONNRESET;
            fake_settle(c.rig.loop);
            cr_assert_eq(c.ends, 1, "way %d, request %u", way, n);
            enum error_code code = c.result.error.code;
            cr_assert_eq(code,
                         c.starts == 0  ? ERR_CLOSED_BEFORE_START
                         : is_replacing ? ERR_CONNECTION_LOST
                                        : ERR_TRANSFER,
                         "way %d, request %u: %s", way, n, error_word(code));
            cr_assert_eq(c.result.has_started, c.starts == 1);
            copying_finish(&c);
        }
    }
}

/* The server of files alone goes away. */
Test(push, left_alone_after_each_request)
{
    for (int way = 0; way < WAYS; way++) {
        for (unsigned n = 0;; n++) {
            struct copying c;
            if (run_until(&c, (enum way)way, n)) {
                copying_finish(&c);
                break;
            }
            server_exits(0, 1);
            fake_settle(c.rig.loop);
            cr_assert_eq(c.ends, 1, "way %d, request %u", way, n);
            cr_assert(strstr(error_text(&c.result.error), "the SFTP server went away"));
            rig_expect_end(&c.rig, ERR_NONE, STAGE_QUEUED);
            copying_finish(&c);
        }
    }
}

/* --- Limits ----------------------------------------------------------------------------------- */

Test(push_limits, run_out_after_each_request)
{
    for (unsigned n = 0;; n++) {
        for (int is_idle = 0; is_idle < 2; is_idle++) {
            struct copying c;
            set_scene(&c, PRESERVE);
            *(is_idle ? &c.args.idle_us : &c.args.timeout_us) = 10 * S;
            remote_be_silent(n);
            copying_run(&c);
            if (c.ends > 0) {
                copying_finish(&c);
                return;
            }
            fake_advance(c.rig.loop, 10 * S - 1);
            cr_assert_eq(c.ends, 0);
            fake_advance(c.rig.loop, 1);
            remote_answer_all();
            copying_expect_end(&c, is_idle ? ERR_IDLE_TIMEOUT : ERR_RUN_TIMEOUT,
                               is_idle ? "no answer for 10s" : "still at work after 10s");
            cr_assert_not(c.has_items_left);
            cr_assert_eq(remote_count(".muster-"), 0, "request %u", n);
            copying_finish(&c);
        }
    }
}

Test(push_limits, the_open_limit)
{
    struct copying c;
    set_scene(&c, PLAIN);
    c.args.open_us = 5 * S;
    copying_begin(&c);
    fake_advance(c.rig.loop, 5 * S - 1);
    cr_assert_eq(c.ends, 0);
    fake_advance(c.rig.loop, 1);
    copying_expect_end(&c, ERR_OPEN_TIMEOUT, "the SFTP server did not answer within 5s");
    copying_finish(&c);
}

/* Before the greeting there is nothing to clean up. */
Test(push_limits, ended_while_it_is_opened)
{
    for (int reached = 0; reached < 3; reached++) {
        struct copying c;
        set_scene(&c, PLAIN);
        copying_begin(&c);
        if (reached > 0)
            server_opens(0);
        fake_settle(c.rig.loop);
        if (reached > 1)
            server_starts(0);
        fake_settle(c.rig.loop);
        copying_end(&c);
        copying_expect_end(&c, ERR_CANCELLED_BY_USER, "enough");
        cr_assert_eq(c.starts, 0);
        copying_finish(&c);
    }
}

/* One file of 3 pieces, a piece a second. */
static void begin_slowly(struct copying *c)
{
    copying_init(c);
    copying_bytes("src/big", 96000);
    c->sources[0] = "src/big";
    c->rig.rate.bytes_per_s = 32000;
}

Test(push_limits, the_rate)
{
    struct copying c;
    begin_slowly(&c);
    copying_run(&c);
    cr_assert_eq(c.moved, 32000);
    fake_advance(c.rig.loop, S * 95 / 100 - 1); /* the credit of rate.c */
    cr_assert_eq(c.moved, 32000);
    fake_advance(c.rig.loop, 1);
    cr_assert_eq(c.moved, 64000);
    fake_advance(c.rig.loop, 1 * S);
    copying_expect_end(&c, ERR_NONE, "");
    cr_assert_eq(c.result.totals.bytes, 96000);
    copying_finish(&c);
}

/* Whoever waits for the rate does not wait for the server. */
Test(push_limits, the_rate_is_nobodys_idleness)
{
    struct copying c;
    begin_slowly(&c);
    c.args.idle_us = S / 2;
    copying_run(&c);
    fake_advance(c.rig.loop, 2 * S);
    copying_expect_end(&c, ERR_NONE, "");
    copying_finish(&c);
}

static void open_gate(struct gate *gate)
{
    session_wake(((struct rig *)gate->owner)->session);
}

/* While the gate is held nothing is begun, and no time passes. */
Test(push_limits, the_gate)
{
    struct copying c;
    copying_init(&c);
    copying_file("src/a", "a");
    copying_file("src/b", "b");
    c.sources[0] = "src/a";
    c.sources[1] = "src/b";
    c.args.idle_us = c.args.timeout_us = 10 * S;
    c.rig.gate.on_open = open_gate;
    c.rig.gate.owner = &c.rig;
    gate_hold(&c.rig.gate);
    copying_run(&c);
    cr_assert_eq(remote_requests(), 1, "DEST");
    fake_advance(c.rig.loop, 100 * S);
    cr_assert_eq(remote_requests(), 1);
    cr_assert_eq(c.ends, 0, "%s", error_text(&c.result.error));
    gate_release(&c.rig.gate);
    copying_expect_end(&c, ERR_NONE, "");
    copying_finish(&c);
}

Test(push_limits, time_goes_on_behind_the_gate)
{
    struct copying c;
    copying_init(&c);
    copying_file("src/a", "a");
    c.sources[0] = "src/a";
    c.args.timeout_us = 10 * S;
    c.rig.gate.on_open = open_gate;
    c.rig.gate.owner = &c.rig;
    remote_be_silent(1);
    gate_hold(&c.rig.gate);
    copying_run(&c);
    fake_advance(c.rig.loop, 100 * S);
    gate_release(&c.rig.gate);
    fake_advance(c.rig.loop, 10 * S - 1);
    cr_assert_eq(c.ends, 0);
    fake_advance(c.rig.loop, 1);
    remote_answer_all();
    copying_expect_end(&c, ERR_RUN_TIMEOUT, "still at work after 10s");
    copying_finish(&c);
}
