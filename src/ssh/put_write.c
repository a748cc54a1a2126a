/* SPDX-License-Identifier: MIT */
/* The content of a put: OPEN, RESUME, WRITE, SETTLE, and ADJUST where only mode or time differ. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "base/memory.h"
#include "model/transfer_path.h"
#include "ssh/push_private.h"
#include "ssh/reader.h"

enum { PATH_MAX_SIZE = 64 * 1024, RESUME_ID_SIZE = 32 };

/* Names place and content: two pushes share a temporary only where it does not matter which of them
 * wrote what. The cli had all digests made. */
static char *resume_id(const struct put *p)
{
    unsigned char digest[SHA256_SIZE];
    char text[SHA256_TEXT_SIZE];
    digest_sha256_text(p->entry->sha256, text);
    char *what = xprintf("%s %" PRIu64 " %s", p->path, p->entry->size, text);
    digest_sha256(what, strlen(what), digest);
    digest_sha256_text(digest, text);
    free(what);
    return xstrndup(text + strlen("sha256:"), RESUME_ID_SIZE);
}

bool put_resumes(const struct put *p)
{
    return p->push->t.spec->resumes && p->entry->kind == SOURCE_FILE &&
           !sftp_is_shell(p->push->t.sftp);
}

/* A name beside the file. For --resume the next run must find it: it says which content it is. */
char *put_temporary_name(const struct put *p)
{
    struct buf name, path;
    char *id = put_resumes(p) ? resume_id(p) : xprintf("%s-%zx", p->push->temporary_id, p->index);
    buf_init(&name, PATH_MAX_SIZE);
    buf_init(&path, PATH_MAX_SIZE);
    transfer_path_parent(&path, p->path);
    buf_addf(&name, ".muster-%s", id);
    char *parent = buf_detach(&path);
    transfer_path_join(&path, parent && strcmp(parent, ".") != 0 ? parent : "", buf_str(&name));
    char *text = buf_detach(&path);
    buf_release(&name);
    buf_release(&path);
    free(parent);
    free(id);
    return text;
}

static void on_opened(void *arg, const struct sftp_reply *reply)
{
    struct put *p = arg;
    if (reply->type == SFTP_STATUS && reply->status == SFTP_NO_SUCH_FILE)
        put_fail(p, "its folder does not exist (--mkdir makes it)");
    else if (!put_reply_failed(p, reply, SFTP_HANDLE, "a temporary file cannot be made") &&
             !transfer_keep_handle(&p->handle, reply))
        put_fail(p, "the server's handle is bad");
    p->has_temporary = p->handle.size > 0;
    put_answered(p);
}

/* OPEN: new and ours alone; to be resumed, what is there. */
void put_open(struct put *p)
{
    struct sftp_request request = { .type = SFTP_OPEN, .path = p->temporary };
    request.flags = SFTP_FOR_WRITING | SFTP_CREATE;
    request.flags |= p->push->t.spec->resumes ? 0u : SFTP_EXCLUSIVE;
    request.attributes.has_mode = true;
    request.attributes.mode = 0600;
    transfer_start(&p->push->t);
    p->has_temporary = true;
    p->backlog = p->entry->size;
    p->push->backlog += p->backlog;
    put_ask(p, &request, on_opened);
}

/* So much less is to be sent. */
void put_shrink_backlog(struct put *p, uint64_t bytes)
{
    p->backlog -= bytes;
    p->push->backlog -= bytes;
}

/* RESUME: how much is there already? More than the source has is none of it. */
static void on_resumed(void *arg, const struct sftp_reply *reply)
{
    struct put *p = arg;
    uint64_t size = reply->type == SFTP_ATTRS && reply->attributes.has_size ? reply->attributes.size
                                                                            : UINT64_MAX;
    if (size <= p->entry->size) {
        p->sent = size;
        put_shrink_backlog(p, size);
        p->must_check = size > 0;
    } else {
        struct sftp_request request = { .type = SFTP_FSETSTAT,
                                        .handle = transfer_handle(&p->handle) };
        request.attributes.has_size = true;
        put_ask(p, &request, put_on_done);
    }
    put_answered(p);
}

static void on_written(void *arg, const struct sftp_reply *reply)
{
    struct put *p = arg;
    p->push->t.pieces--;
    /* OpenSSH has no other word for that. */
    put_reply_failed(p, reply, SFTP_STATUS, "writing failed, perhaps the disk is full");
    put_answered(p);
}

/* The source is another one now, and no later run looks for what there is of it. */
static void fail_changed(struct put *p)
{
    p->is_spoilt = true;
    put_fail(p, "the source changed while it was being sent");
}

/* Reads the next piece of the source; its size, 0 where that fails. */
static uint32_t read_source(struct put *p, char *piece)
{
    uint64_t left = p->entry->size - p->sent;
    size_t size = left < TRANSFER_PIECE ? (size_t)left : TRANSFER_PIECE;
    ssize_t got = source_tree_read(p->push->t.spec->tree, p->index, piece, size, p->sent);
    if (got == -ESTALE || got == 0)
        fail_changed(p);
    else if (got < 0)
        put_fail(p, strerror((int)-got));
    return got > 0 ? (uint32_t)got : 0;
}

/* Sends the next piece of the file. */
static bool write_piece(struct put *p)
{
    struct transfer *t = &p->push->t;
    uint64_t left = p->entry->size - p->sent;
    if (!transfer_may_move(t, left < TRANSFER_PIECE ? (size_t)left : TRANSFER_PIECE))
        return false;
    char *piece = loop_read_buffer(t->job.session->services->loop);
    uint32_t size = read_source(p, piece);
    if (size == 0) {
        if (p->waiting == 0)
            put_go_on(p);
        return false;
    }
    t->pieces++;
    put_ask(p,
            &(struct sftp_request){ .type = SFTP_WRITE,
                                    .handle = transfer_handle(&p->handle),
                                    .offset = p->sent,
                                    .data = piece,
                                    .size = size },
            on_written);
    p->sent += size;
    p->moved += size;
    put_shrink_backlog(p, size);
    transfer_moved(t, size);
    /* What is about one file is done in the order in which it comes (section 4.1), so nothing has
     * to be waited for; but a later run must find its temporary as it was made. */
    if (p->sent == p->entry->size && !t->spec->resumes)
        put_enter(p, PUT_SETTLE);
    return true;
}

bool put_fill(struct put *p)
{
    if (p->reader)
        return reader_fill(p->reader);
    bool has_more = p->state == PUT_WRITE && !error_is_set(&p->error) && p->sent < p->entry->size;
    return has_more && write_piece(p);
}

/* The name can be foreseen: what others may read or write, or a link, was not left by a push. */
static void on_temporary_looked(void *arg, const struct sftp_reply *reply)
{
    struct put *p = arg;
    const struct sftp_attributes *a = &reply->attributes;
    bool is_ours = reply->type == SFTP_ATTRS &&
                   (!a->has_mode || (sftp_kind(a) == SFTP_KIND_FILE && (a->mode & 077) == 0));
    if (!is_ours) {
        p->is_spoilt = true;
        put_fail(p, "its temporary file was not left by a push, and cannot be gone on with");
    }
    put_answered(p);
}

void put_resume(struct put *p)
{
    put_ask(p, &(struct sftp_request){ .type = SFTP_LSTAT, .path = p->temporary },
            on_temporary_looked);
    put_ask(p, &(struct sftp_request){ .type = SFTP_FSTAT, .handle = transfer_handle(&p->handle) },
            on_resumed);
}

static uint32_t wanted_mode(const struct put *p)
{
    const struct transfer_spec *spec = p->push->t.spec;
    return spec->has_mode ? (uint32_t)spec->mode : (uint32_t)(p->entry->mode & 0777);
}

struct sftp_attributes put_wanted_attributes(const struct put *p)
{
    return (struct sftp_attributes){ .has_mode = true,
                                     .mode = wanted_mode(p),
                                     .has_times = p->push->t.spec->preserves,
                                     .atime_s = (uint32_t)p->entry->mtime_s,
                                     .mtime_s = (uint32_t)p->entry->mtime_s };
}

/* The size of what arrived. */
static void on_measured(void *arg, const struct sftp_reply *reply)
{
    struct put *p = arg;
    bool has_failed = transfer_reply_failed(reply, SFTP_ATTRS, &p->error, p->path);
    if (!has_failed && !reply->attributes.has_size)
        put_fail(p, "the server does not say how much arrived");
    else if (!has_failed && reply->attributes.size != p->entry->size && !error_is_set(&p->error))
        error_set(&p->error, ERR_TRANSFER, "%s: %" PRIu64 " bytes arrived of %" PRIu64, p->path,
                  reply->attributes.size, p->entry->size);
    put_answered(p);
}

/* SETTLE: the owner first, where that is permitted, because it may take mode bits away. */
void put_settle(struct put *p)
{
    struct wire_string handle = transfer_handle(&p->handle);
    struct sftp_request request = { .type = SFTP_FSETSTAT, .handle = handle };
    if (!source_tree_is_unchanged(p->push->t.spec->tree, p->index))
        fail_changed(p);
    if (p->push->t.spec->preserves) {
        request.attributes = (struct sftp_attributes){ .has_owner = true,
                                                       .uid = p->entry->uid,
                                                       .gid = p->entry->gid };
        put_ask(p, &request, put_on_tried);
    }
    request.attributes = put_wanted_attributes(p);
    put_ask(p, &request, put_on_done);
    put_ask(p, &(struct sftp_request){ .type = SFTP_FSTAT, .handle = handle }, on_measured);
    put_ask(p, &(struct sftp_request){ .type = SFTP_CLOSE, .handle = handle }, put_on_done);
    p->handle.size = 0;
}

/* Is what is there, the same in content, other than it should be? */
bool put_needs_adjusting(const struct put *p)
{
    bool has_mode = !p->old.has_mode || (p->old.mode & 07777) == wanted_mode(p);
    bool has_time = !p->push->t.spec->preserves || !p->old.has_times ||
                    p->old.mtime_s == (uint32_t)p->entry->mtime_s;
    return !has_mode || !has_time;
}

void put_adjust(struct put *p)
{
    struct sftp_request request = { .type = SFTP_SETSTAT, .path = p->path };
    request.attributes = put_wanted_attributes(p);
    transfer_start(&p->push->t);
    put_ask(p, &request, put_on_done);
}
