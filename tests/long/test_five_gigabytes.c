/* SPDX-License-Identifier: MIT */
/* Files past 4 GiB: offsets of 64 bits all the way, and no memory to speak of. Takes minutes. */
#include <criterion/criterion.h>

#include "files.h"
#include "report.h"
#include "transfer.h"

Test(five_gigabytes, pushed, .timeout = 1200)
{
    need_disk(target_dir());
    char *src = tmp_path("sparse"), *dst = target_path("sparse");
    make_sparse(src);
    struct run r = run_finish(
        PUSH_START(&(struct proc_args){ .deadline_ms = 1000000 }, one_host(), "-a", src, dst));
    run_expect(&r, 0);
    cr_assert_eq(json_number_at(only_file(&r, "h"), "bytes"), (double)SPARSE_SIZE);
    proc_expect_memory(&r.p, 100 * 1024);
    const char *argv[] = { "cmp", src, dst, NULL };
    struct proc_result p = proc_run(&(struct proc_args){ .argv = argv, .deadline_ms = 300000 });
    proc_expect_exit(&p, 0);
}

Test(five_gigabytes, pulled, .timeout = 1200)
{
    need_disk(tmp_dir());
    char *src = target_path("sparse"), *out = tmp_path("out");
    make_sparse(src);
    give_to_servers(src);
    struct run r = run_finish(
        PULL_START(&(struct proc_args){ .deadline_ms = 1000000 }, one_host(), "-a", src, out));
    run_expect(&r, 0);
    cr_assert_eq(json_number_at(only_file(&r, "h"), "bytes"), (double)SPARSE_SIZE);
    proc_expect_memory(&r.p, 100 * 1024);
    const char *argv[] = { "cmp", src, tmp_path("out/h/sparse"), NULL };
    struct proc_result p = proc_run(&(struct proc_args){ .argv = argv, .deadline_ms = 300000 });
    proc_expect_exit(&p, 0);
}
