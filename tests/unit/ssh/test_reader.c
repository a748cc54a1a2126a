/* SPDX-License-Identifier: MIT */
/* Reading a remote file: bytes in order, however the server answers, and never more or fewer than
 * it announced. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "reading.h"

/* --- In order --------------------------------------------------------------------------------- */

Test(reader, keeps_the_order_whatever_the_answers)
{
    for (int order = LAST; order < 30; order++) {
        struct reading rd = { 0 };
        reading_open_file(&rd, 200000, order % 2 ? 200000 : UNKNOWN);
        reading_serve(&rd, order);
        reading_expect_end(&rd, "", 200000);
        cr_assert_eq(rd.attributes.mode, 0100640);
        reading_finish(&rd);
    }
}

Test(reader, asks_for_all_that_is_known_at_once)
{
    struct reading rd = { 0 };
    reading_open_file(&rd, 200000, 200000);
    cr_assert_eq(rd.count, 1 + 7);
    for (size_t i = 1; i < 8; i++) {
        cr_assert_eq(rd.waiting[i].offset, (i - 1) * TRANSFER_PIECE);
        cr_assert_eq(rd.waiting[i].size, i < 7 ? TRANSFER_PIECE : 8000);
    }
    reading_serve(&rd, FIRST);
    reading_expect_end(&rd, "", 200000);
    reading_finish(&rd);
}

Test(reader, closes_at_the_end)
{
    struct reading rd = { 0 };
    reading_open_file(&rd, 10, 10);
    reading_answer_at(&rd, 1);
    reading_hear(&rd);
    cr_assert_eq(rd.got.size, 10, "what has come is handed over at once");
    cr_assert_eq(rd.ends, 0, "FSTAT may announce more");
    reading_answer_at(&rd, 0);
    reading_expect_end(&rd, "", 10);
    reading_take(&rd, SFTP_CLOSE);
    cr_assert_eq(rd.count, 0);
    reading_finish(&rd);
}

Test(reader, asks_again_for_what_answers_lack)
{
    static const size_t most[] = { 1, 7, 31999, 10000 };
    for (size_t i = 0; i < sizeof most / sizeof *most; i++) {
        for (int order = LAST; order < 6; order++) {
            struct reading rd = { .most = most[i] };
            uint64_t size = most[i] < 10 ? 333 : 150000;
            reading_open_file(&rd, size, order % 2 ? size : UNKNOWN);
            reading_serve(&rd, order);
            reading_expect_end(&rd, "", size);
            reading_finish(&rd);
        }
    }
}

Test(reader, begins_at_an_offset)
{
    for (int order = LAST; order < 4; order++) {
        struct reading rd = { 0 };
        reading_prepare(&rd, 100000);
        reading_read_from(&rd, 33333, 100000);
        reading_serve(&rd, order);
        reading_expect_end(&rd, "", 100000 - 33333);
        reading_finish(&rd);
    }
}

/* A temporary that is to be resumed has all already, or more than the file has by now. */
Test(reader, begins_at_the_end_or_behind_it)
{
    for (uint64_t real = 99; real <= 100; real++) {
        struct reading rd = { 0 };
        reading_prepare(&rd, real);
        reading_read_from(&rd, 100, 100);
        reading_serve(&rd, FIRST);
        reading_expect_end(&rd, "", 0);
        reading_finish(&rd);
    }
}

/* --- Sizes ------------------------------------------------------------------------------------ */

Test(reader, a_file_that_ends_too_early)
{
    for (int order = LAST; order < 10; order++) {
        for (uint64_t real = 0; real <= 96000; real += 24000) {
            struct reading rd = { 0 };
            char text[100];
            reading_open_file(&rd, real, 100000);
            rd.announced = 100000;
            reading_serve(&rd, order);
            snprintf(text, sizeof text, "p: the server announced 100000 bytes and sent %d",
                     (int)real);
            reading_expect_end(&rd, text, real);
            reading_finish(&rd);
        }
    }
}

Test(reader, a_file_that_grew)
{
    for (int order = LAST; order < 10; order++) {
        struct reading rd = { 0 };
        reading_open_file(&rd, 100000, order % 2 ? 50000 : 500);
        rd.announced = 50000;
        reading_serve(&rd, order);
        reading_expect_end(&rd, "", 50000);
        reading_finish(&rd);
    }
}

/* The folder told more than FSTAT does: what is behind that end is of no account. */
Test(reader, a_file_that_shrank)
{
    for (int order = LAST; order < 10; order++) {
        struct reading rd = { 0 };
        reading_open_file(&rd, 50000, 150000);
        reading_serve(&rd, order);
        reading_expect_end(&rd, "", 50000);
        reading_finish(&rd);
    }
}

Test(reader, a_file_that_shrank_on_a_server_with_odd_ends)
{
    struct reading rd = { 0 };
    reading_open_file(&rd, 32000, 150000);
    reading_answer_at(&rd, 0);
    reading_answer_at(&rd, 0);
    reading_hear(&rd);
    cr_assert_eq(rd.got.size, 32000);
    peer_data(reading_take(&rd, SFTP_READ).id, "", 0);
    peer_status(reading_take(&rd, SFTP_READ).id, SFTP_FAILURE, "no such offset");
    reading_serve(&rd, FIRST);
    reading_expect_end(&rd, "", 32000);
    reading_finish(&rd);
}

Test(reader, a_file_whose_size_is_said_to_be_0)
{
    static const uint64_t sizes[] = { 0, 1, 31999, 32000, 32001, 64000, 100000 };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        for (int order = LAST; order < 6; order++) {
            struct reading rd = { .most = order % 2 ? 0 : 1024 };
            reading_open_file(&rd, sizes[i], 0);
            rd.announced = 0;
            cr_assert_eq(rd.count, 1 + 2, "two READs blindly");
            reading_serve(&rd, order);
            reading_expect_end(&rd, "", sizes[i]);
            reading_finish(&rd);
        }
    }
}

Test(reader, a_file_whose_size_nobody_says)
{
    for (int order = LAST; order < 6; order++) {
        struct reading rd = { .refuses_fstat = order % 2 };
        reading_open_file(&rd, 100000, UNKNOWN);
        rd.announced = UNKNOWN;
        reading_serve(&rd, order);
        reading_expect_end(&rd, "", 100000);
        reading_finish(&rd);
    }
}

/* However early the end comes: what FSTAT says counts. */
Test(reader, a_file_whose_size_fstat_says_last)
{
    for (int order = LAST; order < 6; order++) {
        struct reading rd = { 0 };
        reading_open_file(&rd, 50, UNKNOWN);
        rd.announced = 100;
        reading_serve(&rd, order);
        reading_expect_end(&rd, "p: the server announced 100 bytes and sent 50", 50);
        reading_finish(&rd);
    }
}

Test(reader, a_file_whose_size_only_the_folder_says)
{
    for (int order = LAST; order < 6; order++) {
        struct reading rd = { .refuses_fstat = order % 2 };
        reading_open_file(&rd, order < 0 ? 50000 : 200000, 100000);
        rd.announced = UNKNOWN;
        reading_serve(&rd, order);
        if (order < 0)
            reading_expect_end(&rd, "p: the server announced 100000 bytes and sent 50000", 50000);
        else
            reading_expect_end(&rd, "", 100000);
        reading_finish(&rd);
    }
}

/* --- Servers that lie ------------------------------------------------------------------------- */

Test(reader, data_that_is_empty_or_too_long)
{
    static const size_t sizes[] = { 0, 101, 40000 };
    static const char data[40000];
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct reading rd = { 0 };
        char text[100];
        reading_open_file(&rd, 100, 100);
        reading_answer_at(&rd, 0);
        peer_data(reading_take(&rd, SFTP_READ).id, data, sizes[i]);
        snprintf(text, sizeof text, "p: the server sent %zu bytes instead of 100", sizes[i]);
        reading_expect_end(&rd, text, 0);
        reading_take(&rd, SFTP_CLOSE);
        reading_finish(&rd);
    }
}

Test(reader, answers_that_do_not_fit)
{
    struct reading rd = { 0 };
    reading_open_file(&rd, 100, 100);
    peer_handle(reading_take(&rd, SFTP_READ).id, "x");
    reading_serve(&rd, FIRST);
    reading_expect_end(&rd, "p: the SFTP server gave an answer that does not fit", 0);
    reading_finish(&rd);
}

Test(reader, a_read_that_fails)
{
    struct reading rd = { 0 };
    reading_open_file(&rd, 100000, 100000);
    reading_answer_at(&rd, 0);
    reading_answer_at(&rd, 0);
    peer_status(reading_take(&rd, SFTP_READ).id, SFTP_FAILURE, "Input/output error");
    reading_hear(&rd);
    cr_assert_eq(rd.ends, 0, "two answers are missing");
    reading_serve(&rd, LAST);
    reading_expect_end(&rd, "p: Input/output error", 32000);
    reading_finish(&rd);
}

Test(reader, a_file_that_cannot_be_opened)
{
    struct reading rd = { 0 };
    reading_prepare(&rd, 1);
    reading_read_from(&rd, 0, 1);
    peer_status(reading_take(&rd, SFTP_OPEN).id, SFTP_PERMISSION_DENIED, "");
    reading_expect_end(&rd, "p: Permission denied", 0);
    cr_assert_eq(rd.count, 0, "there is nothing to be closed");
    reading_finish(&rd);
}

Test(reader, handles)
{
    char handle[258];
    memset(handle, 'h', sizeof handle);
    for (size_t size = 256; size <= 257; size++) {
        struct reading rd = { 0 };
        reading_prepare(&rd, 3);
        reading_read_from(&rd, 0, 3);
        handle[size] = '\0';
        peer_handle(reading_take(&rd, SFTP_OPEN).id, handle);
        handle[size] = 'h';
        reading_serve(&rd, FIRST);
        reading_expect_end(&rd, size > 256 ? "p: the server's handle is bad" : "",
                           size > 256 ? 0 : 3);
        reading_finish(&rd);
    }
    struct reading rd = { 0 };
    reading_prepare(&rd, 3);
    reading_read_from(&rd, 0, 3);
    peer_handle(reading_take(&rd, SFTP_OPEN).id, "");
    reading_expect_end(&rd, "p: the server's handle is bad", 0);
    reading_finish(&rd);
}

/* --- Stopping --------------------------------------------------------------------------------- */

Test(reader_stop, before_the_file_is_open)
{
    struct reading rd = { 0 };
    reading_prepare(&rd, 3);
    reading_read_from(&rd, 0, 3);
    reading_stop(&rd);
    cr_assert_eq(rd.ends, 0, "the handle must be closed");
    const struct peer_request request = reading_take(&rd, SFTP_OPEN);
    reading_answer(&rd, &request);
    reading_expect_end(&rd, "stopped", 0);
    reading_take(&rd, SFTP_CLOSE);
    cr_assert_eq(rd.count, 0);
    reading_finish(&rd);
}

Test(reader_stop, before_it_cannot_be_opened)
{
    struct reading rd = { 0 };
    reading_prepare(&rd, 3);
    reading_read_from(&rd, 0, 3);
    reading_stop(&rd);
    peer_status(reading_take(&rd, SFTP_OPEN).id, SFTP_NO_SUCH_FILE, "");
    reading_expect_end(&rd, "stopped", 0);
    reading_finish(&rd);
}

Test(reader_stop, while_answers_are_missing)
{
    for (size_t answered = 0; answered < 8; answered++) {
        struct reading rd = { 0 };
        reading_open_file(&rd, 200000, 200000);
        for (size_t i = 0; i < answered; i++)
            reading_answer_at(&rd, 0);
        reading_hear(&rd);
        cr_assert_eq(rd.ends, 0);
        size_t size = rd.got.size;
        reading_stop(&rd);
        size_t asked = rd.count;
        reading_hear(&rd);
        cr_assert_eq(rd.count, asked, "nothing more is asked for");
        reading_serve(&rd, FIRST);
        reading_expect_end(&rd, "stopped", size);
        reading_finish(&rd);
    }
}

Test(reader_stop, while_none_is)
{
    struct reading rd = { 0 };
    reading_prepare(&rd, 200000);
    rd.rig.rate.bytes_per_s = 1000;
    reading_read_from(&rd, 0, 200000);
    for (int i = 0; i < 3; i++) { /* OPEN, FSTAT, one READ */
        reading_hear(&rd);
        cr_assert_eq(rd.count, i == 1 ? 2 : 1);
        reading_answer_at(&rd, 0);
    }
    reading_hear(&rd);
    cr_assert_eq(rd.count, 0);
    cr_assert_eq(rd.ends, 0);
    reading_stop(&rd);
    session_wake(rd.rig.session);
    reading_expect_end(&rd, "stopped", 32000);
    reading_take(&rd, SFTP_CLOSE);
    reading_finish(&rd);
}

/* Whoever takes the bytes may want no more, or stop it on the spot, at the last answer too. */
Test(reader_stop, by_the_receiver)
{
    for (uint64_t at = 1; at <= 96000; at += 31999) {
        for (int order = LAST; order < 6; order++) {
            for (int stops = 0; stops < 2; stops++) {
                struct reading rd = { .wants = stops ? 0 : at, .stops_at = stops ? at : 0 };
                reading_open_file(&rd, 96000, 96000);
                reading_serve(&rd, order);
                reading_hear(&rd);
                reading_expect_end(&rd, stops ? "stopped" : "", rd.got.size);
                cr_assert_lt(rd.got.size, at + 32000);
                reading_finish(&rd);
            }
        }
    }
}

Test(reader_stop, keeps_the_first_error)
{
    struct reading rd = { 0 };
    reading_open_file(&rd, 100, 100);
    peer_status(reading_take(&rd, SFTP_READ).id, SFTP_FAILURE, "Input/output error");
    reading_hear(&rd);
    reading_stop(&rd);
    reading_serve(&rd, FIRST);
    reading_expect_end(&rd, "p: Input/output error", 0);
    reading_finish(&rd);
}

/* --- The rate, and the end of the connection -------------------------------------------------- */

Test(reader, keeps_to_the_rate)
{
    struct reading rd = { 0 };
    reading_prepare(&rd, 96000);
    rd.rig.rate.bytes_per_s = 32000;
    reading_read_from(&rd, 0, 96000);
    reading_serve(&rd, FIRST);
    cr_assert_eq(rd.got.size, 32000);
    fake_advance(rd.rig.loop, 949999); /* the credit of rate.c */
    reading_serve(&rd, FIRST);
    cr_assert_eq(rd.got.size, 32000);
    fake_advance(rd.rig.loop, 1);
    reading_serve(&rd, FIRST);
    cr_assert_eq(rd.got.size, 64000);
    fake_advance(rd.rig.loop, 1000000);
    reading_serve(&rd, FIRST);
    reading_expect_end(&rd, "", 96000);
    reading_finish(&rd);
}

/* After so many answers: nothing is told any more, and nothing is left. */
Test(reader, is_freed_with_the_connection)
{
    for (int answers = 0; answers < 8; answers++) {
        for (int order = LAST; order < 2; order++) {
            struct reading rd = { 0 };
            reading_prepare(&rd, 200000);
            reading_read_from(&rd, 0, 200000);
            for (int i = 0; i < answers; i++) {
                reading_hear(&rd);
                reading_answer_at(&rd, order == LAST ? rd.count - 1 : 0);
            }
            reading_hear(&rd);
            wire.recv_errno = ECONNRESET;
            rig_expect_end(&rd.rig, ERR_CONNECTION_LOST, STAGE_EXEC);
            cr_assert_eq(rd.ends, 0);
            reading_finish(&rd);
        }
    }
}
