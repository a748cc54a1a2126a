/* SPDX-License-Identifier: MIT */
/* push --resume: what stays for the next run, and what does not. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "copying.h"

enum { SIZE = 96000, PIECE = 32000 };

/* A file of three pieces, one a second; of an earlier run `there` bytes are on the host. */
static void begin(struct copying *c, const char *temporary, const char *data, size_t there)
{
    const struct timespec times[2] = { { .tv_sec = 1700000000 }, { .tv_sec = 1700000000 } };
    copying_init(c);
    copying_bytes("src/a", SIZE);
    cr_assert_eq(utimensat(AT_FDCWD, "src/a", times, 0), 0);
    c->sources[0] = "src/a";
    c->args.destination = "a";
    c->spec.resumes = true;
    c->rig.settings.no_remote_kill = true;
    c->rig.rate.bytes_per_s = PIECE;
    if (there > 0)
        remote_add_bytes(temporary, S_IFREG | 0600, data, there);
    copying_run(c);
}

/* The content of the file. */
static char *content(void)
{
    static char data[SIZE];
    for (size_t i = 0; i < SIZE; i++)
        data[i] = (char)(i % 251);
    return data;
}

/* The temporary's name, as a first run leaves it behind with one piece in it. */
static const char *temporary_name(void)
{
    static char name[200];
    struct copying c;
    begin(&c, NULL, NULL, 0);
    copying_end(&c);
    copying_expect_end(&c, ERR_CANCELLED_BY_USER, "enough");
    cr_assert_eq(remote_count(".muster-"), 1);
    const char *path = remote_path(".muster-");
    cr_assert_lt(strlen(path), sizeof name);
    strncpy(name, path, sizeof name - 1);
    cr_assert_eq(remote_size(name), PIECE);
    copying_finish(&c);
    return name;
}

Test(push_resume, goes_on_where_it_was_ended)
{
    struct copying c;
    const char *name = temporary_name();
    begin(&c, name, content(), 2 * PIECE);
    fake_advance(c.rig.loop, 10 * US_PER_SEC);
    copying_expect_end(&c, ERR_NONE, "");
    cr_assert_eq(c.result.totals.bytes, PIECE);
    cr_assert_eq(remote_size("a"), SIZE);
    cr_assert_arr_eq(remote_content("a"), content(), SIZE);
    cr_assert_eq(remote_count(".muster-"), 0);
    copying_finish(&c);
}

/* Ended again, it has come further. */
Test(push_resume, stays_when_it_is_ended_again)
{
    struct copying c;
    const char *name = temporary_name();
    begin(&c, name, content(), PIECE);
    copying_end(&c);
    copying_expect_end(&c, ERR_CANCELLED_BY_USER, "enough");
    cr_assert_eq(remote_count(".muster-"), 1);
    cr_assert_eq(remote_size(name), 2 * PIECE);
    copying_finish(&c);
}

/* What is there may be anything: the whole is checked, and what is wrong does not stay. */
Test(push_resume, does_not_stay_where_it_is_wrong)
{
    struct copying c;
    const char *name = temporary_name();
    begin(&c, name, "wrong", 5);
    fake_advance(c.rig.loop, 10 * US_PER_SEC);
    copying_expect_end(&c, ERR_TRANSFER, "a: the copy differs from the source (SHA-256)");
    cr_assert_eq(remote_count(""), 0);
    copying_finish(&c);
}

Test(push_resume, does_not_stay_for_a_source_that_is_another_now)
{
    struct copying c;
    begin(&c, NULL, NULL, 0);
    cr_assert_eq(truncate("src/a", 10), 0);
    fake_advance(c.rig.loop, 10 * US_PER_SEC);
    copying_expect_end(&c, ERR_TRANSFER, "a: the source changed while it was being sent");
    cr_assert_eq(remote_count(""), 0);
    copying_finish(&c);
}

Test(push_resume, is_begun_anew_where_there_is_too_much)
{
    static char large[SIZE + 1];
    struct copying c;
    const char *name = temporary_name();
    begin(&c, name, large, sizeof large);
    fake_advance(c.rig.loop, 10 * US_PER_SEC);
    copying_expect_end(&c, ERR_NONE, "");
    cr_assert_eq(c.result.totals.bytes, SIZE);
    cr_assert_arr_eq(remote_content("a"), content(), SIZE);
    copying_finish(&c);
}
