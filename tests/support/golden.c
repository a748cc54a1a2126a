/* SPDX-License-Identifier: MIT */
#include "golden.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files.h"

/* Writes what the program does now. */
static void update(const char *path, const char *text)
{
    FILE *f = fopen(path, "we");
    cr_assert_not_null(f, "%s", path);
    cr_assert_geq(fputs(text, f), 0);
    int problem = fclose(f);
    cr_assert_eq(problem, 0);
}

void golden_compare(const char *path, const struct proc_result *result)
{
    cr_assert_eq(result->signal, 0, "%s: ended by signal %d", path, result->signal);
    char *got = text_of("exit %d\n--- stdout\n%s--- stderr\n%s", result->exit_code, result->out,
                        result->err);
    if (getenv("MUSTER_GOLDEN_UPDATE"))
        update(path, got);
    char *wanted = file_read(path, NULL);
    cr_expect_str_eq(got, wanted, "%s:\n%s\ninstead of:\n%s", path, got, wanted);
    free(wanted);
    free(got);
}
