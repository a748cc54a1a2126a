/* SPDX-License-Identifier: MIT */
/*
 * One file or link of a push.
 *
 *   LOOK -> [FOLLOW -> LOOK] -> [COMPARE -> [ADJUST]] -> OPEN -> [RESUME] -> WRITE -> SETTLE
 *        -> [CHECK] -> REPLACE -> told        links: LOOK -> LINK -> REPLACE -> told
 *                                             without SFTP, STREAM stands for OPEN to SETTLE
 *
 * and from everywhere, with an error or when the transfer is ended, UNDO -> told. put_enter() sends
 * a state's requests; when all their answers have come, put_go_on() decides what is next. Not
 * waited for is LOOK by OPEN, where the answer is foreseen, nor WRITE by SETTLE.
 */
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/memory.h"
#include "ssh/push_private.h"
#include "ssh/reader.h"

/* --- Requests and answers --------------------------------------------------------------------- */

void put_ask(struct put *p, const struct sftp_request *request, sftp_reply_fn *fn)
{
    p->waiting++;
    sftp_send(p->push->t.sftp, request, fn, p);
}

/* An answer has come and was looked at. Where the transfer has ended, with the connection, it is
 * one of the jobs beside it that was ended, too: then nothing goes on. */
void put_answered(struct put *p)
{
    if (--p->waiting == 0 && p->push->t.phase != TRANSFER_ENDED)
        put_go_on(p);
}

/* For requests whose only answer is that they were done. */
void put_on_done(void *arg, const struct sftp_reply *reply)
{
    struct put *p = arg;
    transfer_reply_failed(reply, SFTP_STATUS, &p->error, p->path);
    put_answered(p);
}

/* For requests whose failure is of no account. */
void put_on_tried(void *arg, const struct sftp_reply *reply)
{
    (void)reply;
    put_answered(arg);
}

bool put_reply_failed(struct put *p, const struct sftp_reply *reply, enum sftp_type wanted,
                      const char *what)
{
    char *text = xprintf("%s: %s", p->path, what);
    bool has_failed = transfer_reply_failed(reply, wanted, &p->error, text);
    free(text);
    return has_failed;
}

void put_fail(struct put *p, const char *why)
{
    if (!error_is_set(&p->error))
        error_set(&p->error, ERR_TRANSFER, "%s: %s", p->path, why);
}

/* --- LOOK, FOLLOW ----------------------------------------------------------------------------- */

static void on_looked(void *arg, const struct sftp_reply *reply)
{
    struct put *p = arg;
    bool is_missing = reply->type == SFTP_STATUS && reply->status == SFTP_NO_SUCH_FILE;
    p->has_old = false;
    if (!is_missing && !transfer_reply_failed(reply, SFTP_ATTRS, &p->error, p->path)) {
        p->has_old = true;
        p->old = reply->attributes;
    }
    put_answered(p);
}

/* Where the link leads becomes the path. */
static void on_followed(void *arg, const struct sftp_reply *reply)
{
    struct put *p = arg;
    struct sftp_reply names = *reply;
    struct sftp_name name;
    if (!transfer_reply_failed(reply, SFTP_NAME, &p->error, p->path)) {
        bool has_name = sftp_next_name(&names, &name) && name.name.size > 0;
        if (!has_name || memchr(name.name.data, '\0', name.name.size)) {
            put_fail(p, "the server does not say where the link leads");
        } else {
            free(p->path);
            p->path = xstrndup((const char *)name.name.data, name.name.size);
        }
    }
    put_answered(p);
}

/* --- UNDO, and the end ------------------------------------------------------------------------ */

/* The answer to removing the temporary. */
static void on_removed(void *arg, const struct sftp_reply *reply)
{
    struct put *p = arg;
    if (reply->type == SFTP_STATUS &&
        (reply->status == SFTP_OK || reply->status == SFTP_NO_SUCH_FILE))
        p->has_temporary = false;
    put_answered(p);
}

/* UNDO: nothing of ours stays, but for what a later run is to resume. */
static void clean_up(struct put *p)
{
    bool stays = put_resumes(p) && !p->is_spoilt;
    if (p->handle.size) {
        put_ask(p,
                &(struct sftp_request){ .type = SFTP_CLOSE, .handle = transfer_handle(&p->handle) },
                put_on_tried);
        p->handle.size = 0;
    }
    if (p->has_temporary && !stays)
        put_ask(p, &(struct sftp_request){ .type = SFTP_REMOVE, .path = p->temporary }, on_removed);
    p->has_temporary = p->has_temporary && !stays;
}

/* Tells what became of the file. */
static void tell(struct put *p)
{
    char digest[SHA256_TEXT_SIZE];
    struct file_record record = push_record(p->entry, p->path, p->action);
    record.moved = p->moved;
    if (p->entry->has_sha256) {
        digest_sha256_text(p->entry->sha256, digest);
        record.sha256 = digest + strlen("sha256:");
    }
    if (p->has_temporary && error_is_set(&p->error)) {
        char *text = xprintf("%s; %s is left there", error_text(&p->error), p->temporary);
        error_set(&p->error, p->error.code, "%s", text);
        free(text);
    }
    transfer_tell(&p->push->t, &record, error_is_set(&p->error) ? &p->error : NULL);
}

static void end(struct put *p)
{
    struct push *push = p->push;
    if (!p->is_cancelled)
        tell(p);
    put_shrink_backlog(p, p->backlog);
    push->t.item_count--;
    push->t.idle_count -= p->is_idle;
    put_free(p);
    session_wake(push->t.job.session);
}

void put_free(struct put *p)
{
    list_remove(&p->link);
    reader_free(p->reader);
    buf_release(&p->answer);
    sha256_free(p->digest);
    error_release(&p->error);
    free(p->path);
    free(p->temporary);
    free(p->why_not);
    free(p);
}

/* --- What is next ----------------------------------------------------------------------------- */

/* From here on nothing of it is open over there: another may begin. Without SFTP it is about
 * channels, which servers allow a few of, and with --verify the check may open it once more. */
static void become_idle(struct put *p)
{
    struct transfer *t = &p->push->t;
    if (p->is_idle || sftp_is_shell(t->sftp))
        return;
    p->is_idle = true;
    t->idle_count++;
}

/* Is its digest to be looked at before it replaces? */
static bool must_check(const struct put *p)
{
    return p->push->t.spec->verifies || p->must_check;
}

void put_enter(struct put *p, enum put_state state)
{
    struct sftp_request about_path = { .path = p->path };
    p->state = state;
    switch (state) {
    case PUT_LOOK:
        about_path.type = SFTP_LSTAT;
        put_ask(p, &about_path, on_looked);
        break;
    case PUT_FOLLOW:
        p->follows = false;
        about_path.type = SFTP_REALPATH;
        put_ask(p, &about_path, on_followed);
        break;
    case PUT_READLINK:
        put_readlink(p);
        break;
    case PUT_COMPARE:
    case PUT_CHECK:
        put_ask_digest(p);
        break;
    case PUT_ADJUST:
        put_adjust(p);
        break;
    case PUT_OPEN:
        put_open(p);
        break;
    case PUT_RESUME:
        put_resume(p);
        break;
    case PUT_WRITE:
        if (p->sent == p->entry->size)
            put_go_on(p);
        break;
    case PUT_STREAM:
        put_stream(p);
        break;
    case PUT_SETTLE:
        put_settle(p);
        if (!must_check(p))
            become_idle(p);
        break;
    case PUT_LINK:
        put_link(p);
        break;
    case PUT_REPLACE:
        become_idle(p);
        put_replace(p);
        break;
    case PUT_UNDO:
        clean_up(p);
        if (p->waiting == 0)
            end(p);
        break;
    }
}

/* Content is to be sent, or a link made. */
static void begin_writing(struct put *p)
{
    if (p->push->t.spec->is_dry_run) {
        end(p);
        return;
    }
    if (p->temporary) { /* it was opened with the LOOK */
        put_enter(p, PUT_WRITE);
        return;
    }
    p->temporary = put_temporary_name(p);
    bool is_shell = sftp_is_shell(p->push->t.sftp);
    put_enter(p, p->entry->kind == SOURCE_LINK ? PUT_LINK : is_shell ? PUT_STREAM : PUT_OPEN);
}

/* What is there is the same. */
static void keep_old(struct put *p)
{
    bool needs_adjusting = p->entry->kind == SOURCE_FILE && put_needs_adjusting(p);
    p->action = needs_adjusting ? FILE_REPLACE : FILE_KEEP;
    if (needs_adjusting && !p->push->t.spec->is_dry_run)
        put_enter(p, PUT_ADJUST);
    else
        end(p);
}

/* There is a file. --skip-same: one of another size differs, one of the same size and time is the
 * same unless --verify doubts it; of others the digest tells, which is cheaper than to send them.
 */
static void compare(struct put *p)
{
    const struct transfer_spec *spec = p->push->t.spec;
    bool may_be_same = spec->skips_same && p->old.has_size && p->old.size == p->entry->size;
    bool has_time = p->old.has_times && p->old.mtime_s == (uint32_t)p->entry->mtime_s;
    if (may_be_same && has_time && !spec->verifies)
        keep_old(p);
    else if (may_be_same)
        put_enter(p, PUT_COMPARE);
    else
        begin_writing(p);
}

/* What is there must stay. */
static void refuse(struct put *p, const char *why)
{
    put_fail(p, why);
    put_enter(p, PUT_UNDO);
}

/* LOOK is over. */
static void decide(struct put *p)
{
    enum sftp_kind kind = p->has_old ? sftp_kind(&p->old) : SFTP_KIND_UNKNOWN;
    p->action = p->has_old ? FILE_REPLACE : FILE_CREATE;
    if (!p->has_old)
        begin_writing(p);
    else if (kind == SFTP_KIND_FOLDER)
        refuse(p, "is a folder, which is never replaced by a file");
    else if (kind == SFTP_KIND_OTHER)
        refuse(p, "is a FIFO, a socket or a device, which is never replaced");
    else if (kind == SFTP_KIND_LINK && p->follows && p->entry->kind == SOURCE_FILE)
        put_enter(p, PUT_FOLLOW);
    else if (kind == SFTP_KIND_LINK && p->entry->kind == SOURCE_LINK)
        put_enter(p, PUT_READLINK);
    else if (kind == SFTP_KIND_FILE && p->entry->kind == SOURCE_FILE)
        compare(p);
    else
        begin_writing(p);
}

/* All answers of the state have come. */
void put_go_on(struct put *p)
{
    const struct transfer_spec *spec = p->push->t.spec;
    bool is_bad = error_is_set(&p->error) || p->is_cancelled;
    if (is_bad && p->state != PUT_UNDO) {
        put_enter(p, PUT_UNDO);
        return;
    }
    switch (p->state) {
    case PUT_LOOK:
        decide(p);
        return;
    case PUT_FOLLOW:
        put_enter(p, PUT_LOOK);
        return;
    case PUT_READLINK:
    case PUT_COMPARE:
        if (p->action == FILE_KEEP)
            keep_old(p);
        else
            begin_writing(p);
        return;
    case PUT_OPEN:
        put_enter(p, spec->resumes ? PUT_RESUME : PUT_WRITE);
        return;
    case PUT_RESUME:
        put_enter(p, PUT_WRITE);
        return;
    case PUT_WRITE:
        if (p->sent == p->entry->size)
            put_enter(p, PUT_SETTLE);
        return;
    case PUT_STREAM:
    case PUT_SETTLE:
        put_enter(p, must_check(p) ? PUT_CHECK : PUT_REPLACE);
        return;
    case PUT_LINK:
    case PUT_CHECK:
        put_enter(p, PUT_REPLACE);
        return;
    case PUT_ADJUST:
    case PUT_REPLACE:
    case PUT_UNDO:
        end(p);
        return;
    }
}

/* Will its content be sent, in all likelihood, to where it is looked for? */
static bool is_foreseen(const struct put *p)
{
    const struct transfer_spec *spec = p->push->t.spec;
    return p->entry->kind == SOURCE_FILE && !p->follows && !spec->skips_same && !spec->resumes &&
           !spec->is_dry_run && !sftp_is_shell(p->push->t.sftp);
}

/* LOOK, with OPEN at once where that can be foreseen, for a round trip less: what is there and must
 * not be replaced costs a temporary that is removed again. */
static void look(struct put *p)
{
    put_enter(p, PUT_LOOK);
    if (!is_foreseen(p))
        return;
    p->temporary = put_temporary_name(p);
    put_open(p);
}

void put_begin(struct push *push, size_t index)
{
    struct put *p = xcalloc(1, sizeof *p);
    p->push = push;
    p->index = index;
    p->entry = source_tree_entry(push->t.spec->tree, index);
    p->path = push_path(push, p->entry);
    p->follows = p->entry->parent == SOURCE_NONE;
    list_append(&push->t.items, &p->link);
    push->t.item_count++;
    if (push_is_new_place(push, p->entry))
        decide(p);
    else
        look(p);
}

void put_cancel(struct put *p)
{
    if (p->state == PUT_REPLACE || p->state == PUT_UNDO)
        return;
    p->is_cancelled = p->push->t.is_cut = true;
    if (p->stream)
        put_stream_cancel(p);
    else if (p->reader)
        reader_stop(p->reader, &p->push->t.end_why);
    else if (p->waiting == 0)
        put_go_on(p);
}
