/* SPDX-License-Identifier: MIT */
/* STREAM: the content of a put to a server without SFTP, through `cat` into the temporary file. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "model/transfer_path.h"
#include "ssh/job_exec.h"
#include "ssh/push_private.h"
#include "ssh/shell_command.h"

enum { ANSWER_MAX = 4096 };

#define OPEN_US (30 * US_PER_SEC)

/* $1 the temporary, which must not be there; $2 its mode; $3 its time, or "-"; $4 its owner, or
 * "-". Prints, last of all, how many bytes arrived. No single quote may stand in it. */
static const char script[] = "umask 077; set -C; cat >\"$1\" || exit 3; "
                             "[ \"$4\" = - ] || chown \"$4\" -- \"$1\" 2>/dev/null; "
                             "chmod \"$2\" -- \"$1\" || exit 4; "
                             "[ \"$3\" = - ] || touch -d \"@$3\" -- \"$1\" || exit 5; "
                             "printf \"\\n%s\\n\" \"$(wc -c <\"$1\" | tr -d \" \")\"";

/* The next piece of the source, when it may go. */
static ssize_t read_next(void *arg, void *data, size_t size, uint64_t offset)
{
    struct put *p = arg;
    struct transfer *t = &p->push->t;
    if (p->is_cancelled)
        return -ECANCELED;
    if (offset < p->entry->size && !transfer_may_move(t, size))
        return -EAGAIN;
    ssize_t got = source_tree_read(t->spec->tree, p->index, data, size, offset);
    p->read_error = got < 0 ? (int)-got : 0;
    if (got > 0 && offset + (uint64_t)got > p->sent) {
        uint64_t more = offset + (uint64_t)got - p->sent;
        p->sent += more;
        p->moved += more;
        p->push->backlog -= more;
        transfer_moved(t, more);
    }
    return got;
}

static void on_output(void *arg, enum stream stream, const char *data, size_t size)
{
    struct put *p = arg;
    (void)stream;
    buf_add(&p->answer, data, size);
}

/* Did all of it arrive? */
static void check_arrival(struct put *p)
{
    char *end;
    const char *line = shell_command_last_line(&p->answer);
    unsigned long long size = strtoull(line, &end, 10);
    if (end == line || *end)
        put_fail(p, "the host does not say how much arrived");
    else if (size != p->entry->size && !error_is_set(&p->error))
        error_set(&p->error, ERR_TRANSFER, "%s: %llu bytes arrived of %" PRIu64, p->path, size,
                  p->entry->size);
    if (!source_tree_is_unchanged(p->push->t.spec->tree, p->index))
        put_fail(p, "the source changed while it was being sent");
}

static void on_end(void *arg, struct exec_result *result)
{
    struct put *p = arg;
    p->stream = NULL;
    if (p->read_error == ESTALE)
        put_fail(p, "the source changed while it was being sent");
    else if (p->read_error && p->read_error != EAGAIN)
        put_fail(p, strerror(p->read_error));
    else if (error_is_set(&result->error))
        put_fail(p, error_text(&result->error));
    else if (!result->has_exit_code || result->exit_code != 0)
        put_fail(p, shell_command_first_line(&p->answer));
    else
        check_arrival(p);
    put_answered(p);
}

/* The command line; heap. */
static char *make_command(const struct put *p)
{
    struct buf command;
    struct sftp_attributes a = put_wanted_attributes(p);
    buf_init(&command, SHELL_COMMAND_MAX);
    shell_command_script(&command, p->push->t.spec->as_user, script);
    buf_add_char(&command, ' ');
    transfer_path_quote(&command, p->temporary);
    buf_addf(&command, " %o", (unsigned)a.mode);
    if (a.has_times)
        buf_addf(&command, " %u %u:%u", (unsigned)a.mtime_s, (unsigned)p->entry->uid,
                 (unsigned)p->entry->gid);
    else
        buf_add_str(&command, " - -");
    return buf_detach(&command);
}

void put_stream(struct put *p)
{
    char *command = make_command(p);
    transfer_start(&p->push->t);
    p->push->backlog += p->entry->size;
    p->waiting++;
    if (!command) {
        put_fail(p, "the name is too long for a command line");
        put_answered(p);
        return;
    }
    p->has_temporary = true;
    buf_init(&p->answer, ANSWER_MAX);
    p->stream = job_exec_new(&(struct exec_args){
        .command = command,
        .read = read_next,
        .read_arg = p,
        .open_us = OPEN_US,
        .is_helper = true,
        .listener = { .on_output = on_output, .on_end = on_end, .arg = p },
    });
    session_add_job(p->push->t.job.session, p->stream);
    free(command);
}

void put_stream_cancel(struct put *p)
{
    job_exec_end(p->stream, &p->push->t.end_why);
}
