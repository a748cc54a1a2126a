/* SPDX-License-Identifier: MIT */
#include "sink/failure.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* How bad a status is: what ended as it was asked to comes first, what nobody can explain last. */
static int severity_of(enum host_status status)
{
    static const int ranks[STATUS_COUNT] = {
        [STATUS_NOT_RUN] = 1,   [STATUS_CANCELLED] = 2,   [STATUS_FAILED] = 3,
        [STATUS_TIMEOUT] = 4,   [STATUS_UNREACHABLE] = 5, [STATUS_AUTH] = 6,
        [STATUS_TRANSFER] = 7,  [STATUS_HOST_KEY] = 8,    [STATUS_LOST] = 9,
        [STATUS_INTERNAL] = 10,
    };
    return ranks[status];
}

/* "exit 3", "signal SEGV", "unreachable". */
static char *make_label(const struct outcome *o)
{
    if (o->status == STATUS_FAILED && *o->signal)
        return xprintf("signal %s", o->signal);
    if (o->status == STATUS_FAILED && o->has_exit_code)
        return xprintf("exit %u", o->exit_code);
    return xstrdup(status_phrase(o->status));
}

/* The error, with its stage where that says more, and what became of the remote command. */
static char *make_message(const struct outcome *o)
{
    const char *stage = stage_word(o->error_stage), *text = error_text(&o->error);
    size_t size = strlen(stage);
    bool is_said = strncmp(text, stage, size) == 0 && text[size] == ':';
    bool has_stage = o->status == STATUS_UNREACHABLE && !is_said;
    const char *kill = o->kill == KILL_UNCONFIRMED ? "; the remote command may still run" : "";
    return xprintf("%s%s%s%s", has_stage ? stage : "", has_stage ? ": " : "", text, kill);
}

struct failure failure_make(const struct host_info *host, const struct outcome *outcome,
                            const char *last_line)
{
    struct failure f = { .host = host, .status = outcome->status, .code = outcome->error.code };
    f.label = make_label(outcome);
    if (error_is_set(&outcome->error))
        f.message = make_message(outcome);
    else
        f.message = xstrdup(last_line ? last_line : "");
    return f;
}

void failure_release(struct failure *f)
{
    free(f->label);
    free(f->message);
}

/* Orders by status and label: what may become one group. */
static int compare_kinds(const struct failure *x, const struct failure *y)
{
    if (x->status != y->status)
        return severity_of(x->status) - severity_of(y->status);
    int order = strcmp(x->label, y->label);
    return order ? order : (int)x->code - (int)y->code;
}

static int compare_failures(const void *a, const void *b)
{
    const struct failure *x = a, *y = b;
    int order = compare_kinds(x, y);
    if (order == 0)
        order = strcmp(x->message, y->message);
    if (order == 0)
        order = x->host->index < y->host->index ? -1 : 1;
    return order;
}

static int compare_groups(const void *a, const void *b)
{
    const struct failure_group *x = a, *y = b;
    int order = severity_of(x->first->status) - severity_of(y->first->status);
    if (order == 0)
        order = (x->count > y->count) - (x->count < y->count);
    if (order == 0)
        order = x->first->host->index < y->first->host->index ? -1 : 1;
    return order;
}

/* How many failures from `f` on are of one kind, and with how many different messages. */
static size_t count_kind(const struct failure *f, size_t left, size_t *ret_reasons)
{
    size_t count = 1;
    *ret_reasons = 1;
    for (; count < left && compare_kinds(f, f + count) == 0; count++)
        *ret_reasons += strcmp(f[count - 1].message, f[count].message) != 0;
    return count;
}

/* How many failures from `f` on have the same message. */
static size_t count_same(const struct failure *f, size_t left)
{
    size_t count = 1;
    while (count < left && strcmp(f->message, f[count].message) == 0)
        count++;
    return count;
}

struct failure_group *failure_group(struct failure *failures, size_t count, size_t reasons_max,
                                    size_t *ret_count)
{
    struct failure_group *groups = xcalloc(count, sizeof *groups);
    size_t made = 0;
    if (count)
        qsort(failures, count, sizeof *failures, compare_failures);
    for (size_t at = 0; at < count;) {
        size_t reasons, kind = count_kind(failures + at, count - at, &reasons);
        bool are_folded = reasons > reasons_max;
        for (size_t end = at + kind; at < end; made++) {
            size_t same = are_folded ? kind : count_same(failures + at, end - at);
            groups[made] = (struct failure_group){ failures + at, same, are_folded ? reasons : 1 };
            at += same;
        }
    }
    if (made)
        qsort(groups, made, sizeof *groups, compare_groups);
    *ret_count = made;
    return groups;
}
