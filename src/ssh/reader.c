/* SPDX-License-Identifier: MIT */
#include "ssh/reader.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "model/transfer_path.h"
#include "ssh/job_exec.h"
#include "ssh/shell_command.h"

enum {
    BLIND_PIECES = 2, /* READs under way for a file whose size nobody announced */
    NOISE_MAX = 400,
};

#define OPEN_US (30 * US_PER_SEC)

/* One READ; what comes out of turn waits here. */
struct piece {
    struct list link;
    struct reader *reader;
    uint64_t offset;
    uint32_t wanted;
    bool is_answered;
    bool is_end; /* the file ends at its offset, or before */
    char *data;
    size_t size;
};

struct reader {
    struct reader_args args;
    char *path;
    struct transfer_handle handle;
    struct sftp_attributes attributes;
    unsigned waiting;   /* answers that are missing, READs too */
    bool has_announced; /* FSTAT was answered */
    bool is_over;
    struct list pieces; /* by offset */
    size_t piece_count;
    uint64_t asked; /* up to where READs were sent */
    uint64_t done;  /* up to where bytes were handed over */
    uint64_t end;   /* up to where to read; UINT64_MAX where that is unknown */
    uint32_t piece_size;
    struct error error;
    struct job *stream; /* without SFTP: `cat` ... */
    struct buf noise;   /* ... and what it says instead */
};

static void free_piece(struct piece *piece)
{
    list_remove(&piece->link);
    piece->reader->piece_count--;
    free(piece->data);
    free(piece);
}

void reader_free(struct reader *r)
{
    if (!r)
        return;
    list_for_each(it, tmp, &r->pieces) free_piece(list_entry(it, struct piece, link));
    error_release(&r->error);
    buf_release(&r->noise);
    free(r->path);
    free(r);
}

static void ask(struct reader *r, const struct sftp_request *request, sftp_reply_fn *fn, void *arg)
{
    r->waiting++;
    sftp_send(r->args.transfer->sftp, request, fn, arg);
}

/* The answer to CLOSE is nobody's. */
static void on_closed(void *arg, const struct sftp_reply *reply)
{
    (void)arg;
    (void)reply;
}

/* Ends, when all answers have come. */
static void end_if_over(struct reader *r)
{
    if (!r->is_over || r->waiting > 0)
        return;
    if (r->handle.size)
        sftp_send(
            r->args.transfer->sftp,
            &(struct sftp_request){ .type = SFTP_CLOSE, .handle = transfer_handle(&r->handle) },
            on_closed, NULL);
    const struct error *error = error_is_set(&r->error) ? &r->error : NULL;
    r->args.on_end(r->args.arg, error, &r->attributes);
    reader_free(r);
}

void reader_stop(struct reader *r, const struct error *why)
{
    if (!error_is_set(&r->error))
        error_copy(&r->error, why);
    r->is_over = true;
    if (r->stream)
        job_exec_end(r->stream, why);
    else
        end_if_over(r);
}

static void on_piece(void *arg, const struct sftp_reply *reply);

static void ask_piece(struct piece *piece)
{
    struct reader *r = piece->reader;
    r->args.transfer->pieces++;
    ask(r,
        &(struct sftp_request){ .type = SFTP_READ,
                                .handle = transfer_handle(&r->handle),
                                .offset = piece->offset,
                                .size = piece->wanted },
        on_piece, piece);
}

static void fail_short(struct reader *r)
{
    error_set(&r->error, ERR_TRANSFER,
              "%s: the server announced %" PRIu64 " bytes and sent %" PRIu64, r->path, r->end,
              r->done);
}

/* The file ends here; whether it may, only FSTAT can tell. False. */
static bool take_end(struct reader *r)
{
    if (!r->has_announced)
        return false;
    if (r->end != UINT64_MAX && r->done < r->end)
        fail_short(r);
    r->is_over = true;
    return false;
}

/* Hands over the first piece; what it lacks is asked for again. False: the rest must wait. */
static bool take_first(struct reader *r, struct piece *piece)
{
    if (piece->is_end)
        return take_end(r);
    size_t size = piece->size;
    uint64_t most = r->end - r->done; /* it may have grown since it was announced */
    r->waiting++;                     /* on_data() may stop the reader, which must not end in it */
    bool goes_on =
        r->args.on_data(r->args.arg, piece->data, size < most ? size : (size_t)most, r->done);
    r->waiting--;
    if (!goes_on) {
        r->is_over = true;
        return false;
    }
    r->done += size;
    if (size == piece->wanted) {
        free_piece(piece);
        return true;
    }
    r->piece_size = (uint32_t)size;
    piece->offset += size;
    piece->wanted -= (uint32_t)size;
    piece->is_answered = false;
    ask_piece(piece);
    return false;
}

/* Hands over all that is in turn. */
static void take_pieces(struct reader *r)
{
    while (!r->is_over) {
        if (r->has_announced && r->done >= r->end) {
            r->is_over = true;
            return;
        }
        struct piece *piece = list_entry(r->pieces.next, struct piece, link);
        if (list_is_empty(&r->pieces) || !piece->is_answered || !take_first(r, piece))
            return;
    }
}

/* Keeps what a READ brought. */
static void keep(struct piece *piece, const struct sftp_reply *reply)
{
    struct reader *r = piece->reader;
    size_t size = reply->data.size;
    if (reply->type == SFTP_STATUS && reply->status == SFTP_EOF) {
        piece->is_end = true;
    } else if (reply->type == SFTP_DATA && (size == 0 || size > piece->wanted)) {
        error_set(&r->error, ERR_TRANSFER, "%s: the server sent %zu bytes instead of %" PRIu32,
                  r->path, size, piece->wanted);
        r->is_over = true;
    } else if (transfer_reply_failed(reply, SFTP_DATA, &r->error, r->path)) {
        r->is_over = true;
    } else {
        piece->data = xrealloc_array(piece->data, size, 1);
        memcpy(piece->data, reply->data.data, size);
        piece->size = size;
    }
    piece->is_answered = true;
}

static void on_piece(void *arg, const struct sftp_reply *reply)
{
    struct piece *piece = arg;
    struct reader *r = piece->reader;
    r->args.transfer->pieces--;
    if (!r->is_over)
        keep(piece, reply);
    take_pieces(r);
    /* Only now: whoever gets the bytes may stop the reader, which must outlive that. */
    r->waiting--;
    end_if_over(r);
}

static void on_announced(void *arg, const struct sftp_reply *reply)
{
    struct reader *r = arg;
    r->has_announced = true;
    if (reply->type == SFTP_ATTRS) {
        r->attributes = reply->attributes;
        if (reply->attributes.has_size && reply->attributes.size > 0)
            r->end = reply->attributes.size;
        else if (reply->attributes.has_size)
            r->end = UINT64_MAX;
    }
    take_pieces(r);
    r->waiting--; /* as in on_piece() */
    end_if_over(r);
}

static void on_opened(void *arg, const struct sftp_reply *reply)
{
    struct reader *r = arg;
    r->waiting--;
    if (transfer_reply_failed(reply, SFTP_HANDLE, &r->error, r->path))
        r->is_over = true;
    else if (!transfer_keep_handle(&r->handle, reply))
        r->is_over = !error_set(&r->error, ERR_TRANSFER, "%s: the server's handle is bad", r->path);
    else if (!r->is_over)
        ask(r, &(struct sftp_request){ .type = SFTP_FSTAT, .handle = transfer_handle(&r->handle) },
            on_announced, r);
    end_if_over(r);
}

/* --- Without SFTP ----------------------------------------------------------------------------- */

static void on_stream(void *arg, enum stream stream, const char *data, size_t size)
{
    struct reader *r = arg;
    uint64_t most = r->end - r->done; /* it may have grown since it was announced */
    if (stream == STREAM_STDERR)
        buf_add(&r->noise, data, size);
    if (stream == STREAM_STDERR || r->is_over || most == 0)
        return;
    if (size > most)
        size = (size_t)most;
    if (r->args.on_data(r->args.arg, data, size, r->done))
        r->done += size;
    else
        r->is_over = true;
}

/* What `cat` had to say. */
static const char *noise_of(struct reader *r)
{
    const char *words = shell_command_first_line(&r->noise);
    return *words ? words : "cat failed on the host";
}

static void on_stream_end(void *arg, struct exec_result *result)
{
    struct reader *r = arg;
    bool is_good = result->has_exit_code && result->exit_code == 0;
    r->stream = NULL;
    r->waiting--;
    if (r->is_over || error_is_set(&r->error))
        ; /* nobody wants the rest */
    else if (error_is_set(&result->error))
        error_set(&r->error, ERR_TRANSFER, "%s: %s", r->path, error_text(&result->error));
    else if (!is_good)
        error_set(&r->error, ERR_TRANSFER, "%s: %s", r->path, noise_of(r));
    else if (r->end != UINT64_MAX && r->done < r->end)
        fail_short(r);
    r->is_over = true;
    end_if_over(r);
}

/* Reads through `cat`, which costs a channel for each file. */
static void open_stream(struct reader *r)
{
    struct buf command;
    buf_init(&command, SHELL_COMMAND_MAX);
    shell_command_begin(&command, r->args.transfer->spec->as_user);
    if (r->done > 0)
        buf_addf(&command, "tail -c +%" PRIu64 " -- ", r->done + 1);
    else
        buf_add_str(&command, "cat -- ");
    transfer_path_quote(&command, r->path);
    buf_init(&r->noise, NOISE_MAX);
    r->waiting++;
    r->stream = job_exec_new(&(struct exec_args){
        .command = buf_str(&command),
        .open_us = OPEN_US,
        .is_helper = true,
        .listener = { .on_output = on_stream, .on_end = on_stream_end, .arg = r },
    });
    session_add_job(r->args.transfer->job.session, r->stream);
    buf_release(&command);
}

struct reader *reader_new(const struct reader_args *args)
{
    struct reader *r = xcalloc(1, sizeof *r);
    r->args = *args;
    r->path = xstrdup(args->path);
    r->end = args->has_size && args->size ? args->size : UINT64_MAX;
    r->asked = r->done = args->offset;
    r->piece_size = TRANSFER_PIECE;
    list_init(&r->pieces);
    if (sftp_is_shell(args->transfer->sftp)) {
        open_stream(r);
        return r;
    }
    ask(r, &(struct sftp_request){ .type = SFTP_OPEN, .path = r->path, .flags = SFTP_FOR_READING },
        on_opened, r);
    return r;
}

bool reader_fill(struct reader *r)
{
    bool is_blind = r->end == UINT64_MAX;
    if (r->is_over || !r->handle.size || r->asked >= r->end ||
        (is_blind && r->piece_count >= BLIND_PIECES))
        return false;
    uint64_t left = r->end - r->asked;
    uint32_t size = left < r->piece_size ? (uint32_t)left : r->piece_size;
    if (!transfer_may_move(r->args.transfer, size))
        return false;
    struct piece *piece = xcalloc(1, sizeof *piece);
    piece->reader = r;
    piece->offset = r->asked;
    piece->wanted = size;
    r->asked += size;
    r->piece_count++;
    list_append(&r->pieces, &piece->link);
    ask_piece(piece);
    return true;
}
