/* SPDX-License-Identifier: MIT */
#include "reading.h"

#include <criterion/criterion.h>
#include <string.h>

static char byte_at(uint64_t offset)
{
    return (char)(offset * 7 + offset / 251);
}

/* --- The receiver ----------------------------------------------------------------------------- */

void reading_stop(struct reading *rd)
{
    struct error why = ERROR_INIT;
    error_set(&why, ERR_CANCELLED_BY_USER, "stopped");
    reader_stop(rd->reader, &why);
    error_release(&why);
}

static bool on_data(void *arg, const void *data, size_t size, uint64_t offset)
{
    struct reading *rd = arg;
    cr_assert_eq(rd->ends, 0);
    cr_assert_gt(size, 0);
    buf_add(&rd->got, data, size);
    for (size_t i = 0; i < size; i++)
        cr_assert_eq(((const char *)data)[i], byte_at(offset + i), "at %zu", (size_t)offset + i);
    if (rd->stops_at > 0 && rd->got.size >= rd->stops_at) {
        reading_stop(rd);
        return false;
    }
    return rd->wants == 0 || rd->got.size < rd->wants;
}

static void on_end(void *arg, const struct error *error, const struct sftp_attributes *attributes)
{
    struct reading *rd = arg;
    rd->ends++;
    rd->reader = NULL;
    rd->attributes = *attributes;
    if (error)
        error_copy(&rd->error, error);
}

static void on_room(void *arg)
{
    struct reading *rd = arg;
    if (rd->reader && rd->c.t.pieces < TRANSFER_PIECES_MAX)
        reader_fill(rd->reader);
}

/* --- The server ------------------------------------------------------------------------------- */

void reading_hear(struct reading *rd)
{
    struct peer_request request;
    fake_settle(rd->rig.loop);
    while (peer_next(&request)) {
        cr_assert_lt(rd->count, MOST);
        rd->waiting[rd->count++] = request;
    }
}

static void answer_read(struct reading *rd, const struct peer_request *request)
{
    static char data[64 * 1024];
    uint64_t left = request->offset < rd->real ? rd->real - request->offset : 0;
    size_t size = request->size < left ? request->size : (size_t)left;
    if (rd->most > 0 && size > rd->most)
        size = rd->most;
    for (size_t i = 0; i < size; i++)
        data[i] = byte_at(request->offset + i);
    if (size > 0)
        peer_data(request->id, data, size);
    else
        peer_status(request->id, SFTP_EOF, "End of file");
}

void reading_answer(struct reading *rd, const struct peer_request *request)
{
    struct sftp_attributes a = { .has_size = rd->announced != UNKNOWN,
                                 .size = rd->announced,
                                 .has_mode = true,
                                 .mode = 0100640 };
    if (request->type == SFTP_OPEN)
        peer_handle(request->id, "h");
    else if (request->type == SFTP_READ)
        answer_read(rd, request);
    else if (request->type == SFTP_FSTAT && !rd->refuses_fstat)
        peer_attrs(request->id, &a);
    else
        peer_status(request->id, request->type == SFTP_CLOSE ? SFTP_OK : SFTP_FAILURE, "no");
}

void reading_answer_at(struct reading *rd, size_t i)
{
    cr_assert_lt(i, rd->count);
    const struct peer_request request = rd->waiting[i];
    rd->count--;
    memmove(&rd->waiting[i], &rd->waiting[i + 1], (rd->count - i) * sizeof request);
    reading_answer(rd, &request);
}

struct peer_request reading_take(struct reading *rd, enum sftp_type type)
{
    reading_hear(rd);
    for (size_t i = 0; i < rd->count; i++) {
        const struct peer_request request = rd->waiting[i];
        if (request.type != type)
            continue;
        rd->count--;
        memmove(&rd->waiting[i], &rd->waiting[i + 1], (rd->count - i) * sizeof request);
        return request;
    }
    cr_assert_fail("no request of type %d", (int)type);
    return rd->waiting[0];
}

void reading_serve(struct reading *rd, int order)
{
    uint32_t random = (uint32_t)order * 2654435761u + 1;
    for (reading_hear(rd); rd->count > 0; reading_hear(rd)) {
        random = random * 1664525 + 1013904223;
        reading_answer_at(rd, order == FIRST  ? 0
                              : order == LAST ? rd->count - 1
                                              : (random >> 8) % rd->count);
    }
}

void reading_prepare(struct reading *rd, uint64_t real)
{
    rig_init(&rd->rig);
    client_begin_ready(&rd->c, &rd->rig);
    buf_init(&rd->got, 16 << 20);
    rd->c.on_room = on_room;
    rd->c.arg = rd;
    rd->real = rd->announced = real;
}

void reading_read_from(struct reading *rd, uint64_t offset, uint64_t known)
{
    rd->reader = reader_new(&(struct reader_args){ .transfer = &rd->c.t,
                                                   .path = "p",
                                                   .offset = offset,
                                                   .has_size = known != UNKNOWN,
                                                   .size = known == UNKNOWN ? 0 : known,
                                                   .on_data = on_data,
                                                   .on_end = on_end,
                                                   .arg = rd });
    session_wake(rd->rig.session);
    fake_settle(rd->rig.loop);
}

void reading_open_file(struct reading *rd, uint64_t real, uint64_t known)
{
    reading_prepare(rd, real);
    reading_read_from(rd, 0, known);
    const struct peer_request request = reading_take(rd, SFTP_OPEN);
    cr_assert_eq(request.flags, SFTP_FOR_READING);
    cr_assert_eq(rd->count, 0);
    reading_answer(rd, &request);
    reading_hear(rd);
}

void reading_expect_end(struct reading *rd, const char *error, uint64_t size)
{
    reading_hear(rd);
    cr_assert_eq(rd->ends, 1, "it ended %d times", rd->ends);
    cr_assert_str_eq(error_text(&rd->error), error);
    cr_assert_eq(rd->got.size, size, "%zu bytes", rd->got.size);
    cr_assert_eq(rd->c.t.pieces, 0);
    cr_assert_eq(rd->c.ends, 0, "%s", error_text(&rd->c.error));
}

void reading_finish(struct reading *rd)
{
    buf_release(&rd->got);
    error_release(&rd->error);
    reader_free(rd->reader);
    client_finish(&rd->c, &rd->rig);
}
