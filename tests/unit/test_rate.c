/* SPDX-License-Identifier: MIT */
/* The limit of bytes a second. */
#include <criterion/criterion.h>

#include "base/clock.h"
#include "base/rate.h"

#define NOW (INT64_C(5) * US_PER_SEC)

static void expect_free_at(const struct rate *r, int64_t us)
{
    int64_t at;
    cr_assert(rate_is_free(r, us, &at), "at %lld", (long long)us);
    cr_assert_not(rate_is_free(r, us - 1, &at));
    cr_assert_eq(at, us);
}

Test(rate, without_a_limit_is_always_free)
{
    struct rate r = { 0 };
    int64_t at;
    rate_take(&r, SIZE_MAX, NOW);
    cr_assert(rate_is_free(&r, NOW, &at));
    cr_assert(rate_is_free(&r, 0, &at));
}

Test(rate, whoever_comes_first_waits_for_nothing)
{
    struct rate r = { .bytes_per_s = 1 };
    int64_t at;
    cr_assert(rate_is_free(&r, 0, &at));
    cr_assert(rate_is_free(&r, NOW, &at));
}

Test(rate, the_next_in_turn_pays)
{
    struct rate r = { .bytes_per_s = 1000 };
    int64_t begin = NOW - RATE_CREDIT_US;
    rate_take(&r, 250, NOW);
    expect_free_at(&r, begin + US_PER_SEC / 4);
    rate_take(&r, 250, begin + US_PER_SEC / 4);
    expect_free_at(&r, begin + US_PER_SEC / 2);
}

Test(rate, what_is_taken_too_early_adds_up)
{
    struct rate r = { .bytes_per_s = 1000 };
    for (int i = 0; i < 4; i++)
        rate_take(&r, 1000, NOW);
    expect_free_at(&r, NOW - RATE_CREDIT_US + 4 * US_PER_SEC);
}

Test(rate, time_that_was_not_used_is_lost_but_for_a_moment)
{
    struct rate r = { .bytes_per_s = 1000 };
    rate_take(&r, 1000, NOW);
    rate_take(&r, 1000, NOW + 100 * US_PER_SEC);
    expect_free_at(&r, NOW - RATE_CREDIT_US + 101 * US_PER_SEC);
}

Test(rate, bears_large_numbers)
{
    struct rate slow = { .bytes_per_s = 1 }, fast = { .bytes_per_s = UINT64_MAX };
    int64_t at;
    rate_take(&slow, (size_t)1 << 40, NOW);
    expect_free_at(&slow, NOW - RATE_CREDIT_US + (INT64_C(1) << 40) * US_PER_SEC);
    rate_take(&fast, (size_t)1 << 40, NOW);
    cr_assert(rate_is_free(&fast, NOW + 1, &at));
}

/* Over a long time the rate is kept, whatever the pieces. */
Test(rate, is_kept_in_small_pieces)
{
    struct rate r = { .bytes_per_s = 1 << 20 };
    int64_t now = NOW, at;
    for (size_t taken = 0; taken < 10 << 20; taken += 32000) {
        if (!rate_is_free(&r, now, &at))
            now = at;
        rate_take(&r, 32000, now);
    }
    cr_assert_gt(now, NOW + 99 * US_PER_SEC / 10);
    cr_assert_lt(now, NOW + 101 * US_PER_SEC / 10);
}
