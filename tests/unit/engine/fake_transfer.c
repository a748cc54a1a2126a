/* SPDX-License-Identifier: MIT */
/* No transfer is part of the engine's tests: they are tested against real servers. */
#include <criterion/criterion.h>

#include "ssh/job_transfer.h"

struct job *job_push_new(const struct transfer_args *args)
{
    (void)args;
    cr_assert_fail("a push");
    return NULL;
}

struct job *job_pull_new(const struct transfer_args *args)
{
    (void)args;
    cr_assert_fail("a pull");
    return NULL;
}

void job_transfer_end(struct job *job, const struct error *why)
{
    (void)job;
    (void)why;
    cr_assert_fail("the end of a transfer");
}

bool job_transfer_has_started(const struct job *job)
{
    (void)job;
    cr_assert_fail("a transfer");
    return false;
}
