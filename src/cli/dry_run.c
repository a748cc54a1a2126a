/* SPDX-License-Identifier: MIT */
#include "cli/dry_run.h"

#include "cli/list.h"
#include "cli/page.h"
#include "model/value.h"

/* Appends "  WHAT: value" where a duration is set. */
static void print_limit(struct buf *out, const char *what, const struct duration *limit)
{
    if (limit->us == 0)
        return;
    buf_addf(out, "  %s: ", what);
    value_print(&value_duration, limit, out);
    buf_add_char(out, '\n');
}

int dry_run_print(const struct plan *plan)
{
    struct page out;
    page_init(&out);
    const struct settings *s = plan->settings;
    if (plan->job.command)
        buf_addf(&out.text, "would run: %s\n", plan->job.command);
    if (s->standard_input.s)
        buf_addf(&out.text, "  standard input: %s\n", s->standard_input.s);
    print_limit(&out.text, "deadline of the run", &s->deadline);
    buf_addf(&out.text, "  at once: %u, connecting: %u\n", (unsigned)s->fanout.n,
             (unsigned)s->connects.n);
    buf_addf(&out.text, "on %zu host%s: ", plan->target_count, plan->target_count == 1 ? "" : "s");
    list_fold(plan, &out);
    list_table(plan, "  ", &out);
    return page_finish(&out);
}
