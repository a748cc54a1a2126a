/* SPDX-License-Identifier: MIT */
/* The table of exit statuses, row by row, and the counting behind it. */
#include <criterion/criterion.h>

#include "base/clock.h"
#include "sink/tally.h"
#include "sink_scene.h"

/* Ten hosts; those that are not said to be otherwise are ok. */
struct row {
    size_t failed, timeout, unreachable, host_key, auth, transfer, lost, cancelled, not_run,
        internal;
    size_t without_code;
    uint32_t max_exit_code;
    int signal;
    bool is_stopped, has_failed_output, is_maxrc, is_exit_zero;
    int wanted;
};

static const struct row rows[] = {
    { .wanted = 0 },
    /* Each status alone. */
    { .failed = 1, .max_exit_code = 3, .wanted = 1 },
    { .timeout = 1, .wanted = 3 },
    { .unreachable = 1, .wanted = 4 },
    { .host_key = 1, .wanted = 4 },
    { .auth = 1, .wanted = 4 },
    { .transfer = 1, .wanted = 4 },
    { .lost = 1, .wanted = 4 },
    { .cancelled = 1, .wanted = 5 },
    { .not_run = 1, .wanted = 5 },
    { .internal = 1, .wanted = 70 },
    /* The first that applies. */
    { .failed = 1, .timeout = 1, .wanted = 3 },
    { .failed = 1, .timeout = 1, .unreachable = 1, .wanted = 4 },
    { .failed = 1, .auth = 1, .not_run = 1, .wanted = 5 },
    { .is_stopped = true, .wanted = 5 },
    { .is_stopped = true, .failed = 3, .wanted = 5 },
    { .has_failed_output = true, .wanted = 74 },
    { .has_failed_output = true, .not_run = 2, .wanted = 74 },
    { .has_failed_output = true, .internal = 1, .wanted = 70 },
    { .signal = 2, .is_stopped = true, .cancelled = 3, .wanted = 130 },
    { .signal = 15, .internal = 1, .has_failed_output = true, .wanted = 143 },
    { .signal = 13, .is_stopped = true, .wanted = 141 },
    /* -S. */
    { .is_maxrc = true, .wanted = 0 },
    { .is_maxrc = true, .failed = 2, .max_exit_code = 7, .wanted = 7 },
    { .is_maxrc = true, .failed = 1, .max_exit_code = 256, .wanted = 255 },
    { .is_maxrc = true, .failed = 1, .max_exit_code = UINT32_MAX, .wanted = 255 },
    { .is_maxrc = true, .failed = 1, .without_code = 1, .wanted = 255 },
    { .is_maxrc = true, .timeout = 1, .without_code = 1, .max_exit_code = 2, .wanted = 255 },
    { .is_maxrc = true, .unreachable = 1, .without_code = 1, .wanted = 255 },
    { .is_maxrc = true, .not_run = 1, .without_code = 1, .wanted = 5 },
    { .is_maxrc = true, .has_failed_output = true, .failed = 1, .max_exit_code = 9, .wanted = 74 },
    { .is_maxrc = true, .signal = 2, .failed = 1, .max_exit_code = 9, .wanted = 130 },
    /* --exit-zero. */
    { .is_exit_zero = true, .failed = 1, .wanted = 0 },
    { .is_exit_zero = true, .timeout = 1, .lost = 1, .not_run = 1, .wanted = 0 },
    { .is_exit_zero = true, .is_stopped = true, .wanted = 0 },
    { .is_exit_zero = true, .is_maxrc = true, .failed = 1, .max_exit_code = 9, .wanted = 0 },
    { .is_exit_zero = true, .internal = 1, .wanted = 70 },
    { .is_exit_zero = true, .has_failed_output = true, .wanted = 74 },
    { .is_exit_zero = true, .signal = 1, .wanted = 129 },
};

/* The counts that a row speaks of. */
static struct tally_counts counts_of(const struct row *r)
{
    struct tally_counts c = { .selected = 10,
                              .is_over = true,
                              .without_code = r->without_code,
                              .max_exit_code = r->max_exit_code,
                              .is_stopped = r->is_stopped,
                              .signal = r->signal,
                              .has_failed_output = r->has_failed_output };
    c.by_status[STATUS_FAILED] = r->failed;
    c.by_status[STATUS_TIMEOUT] = r->timeout;
    c.by_status[STATUS_UNREACHABLE] = r->unreachable;
    c.by_status[STATUS_HOST_KEY] = r->host_key;
    c.by_status[STATUS_AUTH] = r->auth;
    c.by_status[STATUS_TRANSFER] = r->transfer;
    c.by_status[STATUS_LOST] = r->lost;
    c.by_status[STATUS_CANCELLED] = r->cancelled;
    c.by_status[STATUS_NOT_RUN] = r->not_run;
    c.by_status[STATUS_INTERNAL] = r->internal;
    size_t rest = 10;
    for (int i = 0; i < STATUS_COUNT; i++)
        rest -= c.by_status[i];
    c.by_status[STATUS_OK] = rest;
    return c;
}

Test(tally, decides_by_the_table)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct tally_counts c = counts_of(&rows[i]);
        struct tally_rules rules = { rows[i].is_maxrc, rows[i].is_exit_zero };
        int got = tally_exit_status(&c, &rules);
        cr_expect_eq(got, rows[i].wanted, "row %zu: %d, wanted %d", i, got, rows[i].wanted);
    }
}

Test(tally, a_host_that_never_ended_is_a_defect)
{
    struct tally_rules rules = { false, true };
    struct tally_counts c = counts_of(&rows[0]);
    c.selected = 11;
    cr_assert_eq(tally_exit_status(&c, &rules), 70);
    c = counts_of(&rows[0]);
    c.by_status[STATUS_OK]++;
    cr_assert_eq(tally_exit_status(&c, &rules), 70, "one ended twice");
    c = counts_of(&rows[0]);
    c.is_over = false;
    cr_assert_eq(tally_exit_status(&c, &rules), 70, "no run_end");
}

Test(tally, counts_events)
{
    struct scene s;
    scene_init(&s, 6);
    struct sink *tally = tally_new();
    scene_add(&s, tally);
    scene_start(&s);
    cr_assert_eq(tally_times(tally).max_us, -1);
    scene_exit(&s, 0, 0, 100000);
    scene_exit(&s, 1, 7, 300000);
    scene_exit(&s, 2, 0, 200000);
    scene_fail(&s, 3, ERR_CONNECT, STAGE_CONNECT, "refused");
    scene_fail(&s, 4, ERR_RUN_TIMEOUT, STAGE_EXEC, "timed out");
    struct outcome o = { .status = STATUS_NOT_RUN, .bytes = { 5, 6 } };
    for (int i = 0; i < STAGE_COUNT; i++)
        o.stage_us[i] = i == STAGE_QUEUED ? 9 * US_PER_SEC : -1;
    scene_end_host(&s, 5, &o);
    s.run.interrupted = "limit";
    scene_end(&s, 1);
    const struct tally_counts *c = tally_counts(tally);
    cr_assert_eq(c->selected, 6);
    cr_assert_eq(c->by_status[STATUS_OK], 2);
    cr_assert_eq(c->max_exit_code, 7);
    cr_assert_eq(c->without_code, 3);
    cr_assert_eq(tally_not_reached(c), 1);
    cr_assert(c->is_over && c->is_stopped);
    cr_assert_eq(tally_bytes(tally, STREAM_STDERR), 6);
    struct tally_times times = tally_times(tally);
    cr_assert_eq(times.p50_us, 300000, "of 0.1 0.2 0.3 1 1; the queue does not count");
    cr_assert_eq(times.p95_us, US_PER_SEC);
    cr_assert_eq(times.max_us, US_PER_SEC);
    struct tally_rules rules = { false, false };
    cr_assert_eq(tally_exit_status(c, &rules), 5);
    tally_output_failed(tally);
    cr_assert_eq(tally_exit_status(c, &rules), 74);
    sink_free(tally);
    scene_release(&s);
}

Test(tally, sums_transfers_and_knows_that_they_have_no_exit_code)
{
    struct scene s;
    scene_init(&s, 3);
    s.run.mode = "push";
    struct sink *tally = tally_new();
    scene_add(&s, tally);
    scene_start(&s);
    scene_transferred(&s, 0, (struct transfer_totals){ 3, 2, 0, 100 });
    scene_transferred(&s, 1, (struct transfer_totals){ 3, 0, 0, 0 });
    scene_transferred(&s, 2, (struct transfer_totals){ 2, 1, 1, UINT64_C(1) << 40 });
    scene_end(&s, 1);
    struct transfer_totals sum = tally_transfer(tally);
    cr_assert_eq(sum.files, 8);
    cr_assert_eq(sum.changed, 3);
    cr_assert_eq(sum.failed, 1);
    cr_assert_eq(sum.bytes, (UINT64_C(1) << 40) + 100);
    struct tally_counts c = *tally_counts(tally);
    struct tally_rules rules = { .is_maxrc = true };
    cr_assert_eq(tally_exit_status(&c, &rules), 0);
    sink_free(tally);
    scene_release(&s);
}

/* -S with one host of a push that is ok and one that is not. */
Test(tally, largest_exit_code_of_a_push_that_failed_somewhere)
{
    struct scene s;
    scene_init(&s, 2);
    struct sink *tally = tally_new();
    scene_add(&s, tally);
    scene_start(&s);
    scene_transferred(&s, 0, (struct transfer_totals){ 0 });
    scene_fail(&s, 1, ERR_TRANSFER, STAGE_EXEC, "disk full");
    scene_end(&s, 1);
    cr_assert_eq(tally_counts(tally)->without_code, 1);
    cr_assert_eq(tally_exit_status(tally_counts(tally), &(struct tally_rules){ true, false }), 255);
    cr_assert_eq(tally_exit_status(tally_counts(tally), &(struct tally_rules){ false, false }), 4);
    sink_free(tally);
    scene_release(&s);
}

Test(tally, percentiles_are_nearest_ranks)
{
    struct scene s;
    scene_init(&s, 200);
    struct sink *tally = tally_new();
    scene_add(&s, tally);
    scene_start(&s);
    for (size_t i = 0; i < 200; i++)
        scene_exit(&s, i, 0, (int64_t)((i * 77) % 200 + 1) * 1000);
    scene_end(&s, 1);
    struct tally_times times = tally_times(tally);
    cr_assert_eq(times.p50_us, 100000);
    cr_assert_eq(times.p95_us, 190000);
    cr_assert_eq(times.max_us, 200000);
    sink_free(tally);
    scene_release(&s);
}
