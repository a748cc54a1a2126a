/* SPDX-License-Identifier: MIT */
/* The SFTP client on a channel: opening, greeting, requests and answers. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "sftp_client.h"

#define STARTUP_HINT "what came is not SFTP: does a start-up file of the account print something?"

/* --- Opening ---------------------------------------------------------------------------------- */

Test(sftp, opens_step_by_step)
{
    struct rig r;
    struct client c = { 0 };
    rig_init(&r);
    client_begin(&c, &r);
    cr_assert_str_eq(client_sent(), "O0 \n");
    server_opens(0);
    fake_settle(r.loop);
    cr_assert_str_eq(client_last('Y'), "sftp");
    cr_assert_null(client_last('d'), "nothing is said before the server has the subsystem");
    server_starts(0);
    fake_settle(r.loop);
    cr_assert_not(sftp_is_ready(c.t.sftp));
    peer_listen(0);
    cr_assert_eq(peer_expect(SFTP_INIT, NULL).id, 3);
    peer_version(3, true);
    client_expect(&c, "ready; ");
    cr_assert(sftp_can_replace(c.t.sftp));
    peer_expect_none();
    client_finish(&c, &r);
    cr_assert_eq(c.aborts, 1);
}

Test(sftp, a_refused_channel)
{
    struct rig r;
    struct client c = { 0 };
    rig_init(&r);
    client_begin(&c, &r);
    server_says('N', 0, "");
    client_expect_end(&c, ERR_CHANNEL_REFUSED, "the server refused a channel");
    rig_expect_state(&r, SESSION_READY);
    client_finish(&c, &r);
}

Test(sftp, a_refused_subsystem)
{
    struct rig r;
    struct client c = { 0 };
    rig_init(&r);
    client_begin(&c, &r);
    server_opens(0);
    server_says('-', 0, "");
    client_expect_end(&c, ERR_REQUEST_REFUSED, "the server has no SFTP subsystem");
    cr_assert(strstr(fake_ssh2.trace, "free0"), "%s", fake_ssh2.trace);
    rig_expect_state(&r, SESSION_READY);
    client_finish(&c, &r);
}

/* --- Law 19: one open at a time --------------------------------------------------------------- */

Test(sftp_open, waits_for_its_turn)
{
    struct rig r;
    struct client first = { 0 }, second = { 0 };
    rig_init(&r);
    client_begin(&first, &r);
    client_begin(&second, &r);
    cr_assert_str_eq(client_sent(), "O0 \n");
    server_opens(0);
    fake_settle(r.loop);
    cr_assert_str_eq(client_sent(), "O0 \nY0 sftp\n");
    server_says('-', 0, "");
    client_expect_end(&first, ERR_REQUEST_REFUSED, "the server has no SFTP subsystem");
    cr_assert(strstr(client_sent(), "O1 \n"), "%s", client_sent());
    server_says('N', 1, "");
    client_expect_end(&second, ERR_CHANNEL_REFUSED, "the server refused a channel");
    client_release(&second);
    client_finish(&first, &r);
}

/* What libssh2 has begun, the next one would get for its own. */
Test(sftp_open, given_up_is_nobody_elses_channel)
{
    struct rig r;
    struct client c = { .gives_up = false };
    struct command command;
    rig_init(&r);
    command_init(&command, &r);
    client_begin(&c, &r);
    c.gives_up = true;
    session_wake(r.session);
    fake_settle(r.loop);
    cr_assert_eq(c.ends, 1);
    int calls = fake_ssh2.calls[FAKE_OPEN];
    cr_assert_not(session_may_exec_helper(r.session));
    command.is_background = true;
    command_run(&command);
    cr_assert_eq(fake_ssh2.calls[FAKE_OPEN], calls, "the command would get the channel");
    command_expect_end(&command, ERR_OPEN_TIMEOUT);
    rig_release(&r);
    client_release(&c);
    command_release(&command);
}

Test(sftp_open, given_up_in_the_queue_leaves_the_others_alone)
{
    struct rig r;
    struct client first = { 0 }, second = { 0 };
    rig_init(&r);
    client_begin(&first, &r);
    client_begin(&second, &r);
    second.gives_up = true;
    session_wake(r.session);
    peer_accept(&r, 0, true);
    cr_assert_eq(first.readies, 1);
    cr_assert_eq(second.ends, 1);
    client_release(&second);
    client_finish(&first, &r);
}

/* --- The greeting ----------------------------------------------------------------------------- */

Test(sftp_greeting, without_the_extension)
{
    struct rig r;
    struct client c = { 0 };
    client_begin_greeting(&c, &r);
    peer_version(3, false);
    client_expect(&c, "ready; ");
    cr_assert_not(sftp_can_replace(c.t.sftp));
    client_finish(&c, &r);
}

Test(sftp_greeting, in_pieces)
{
    struct rig r;
    struct client c = { 0 };
    struct buf out;
    client_begin_greeting(&c, &r);
    buf_init(&out, 1000);
    peer_add_version(&out, 3, true);
    for (size_t i = 0; i < out.size; i++) {
        client_expect(&c, "");
        peer_sends(out.data + i, 1);
    }
    client_expect(&c, "ready; ");
    cr_assert(sftp_can_replace(c.t.sftp));
    buf_release(&out);
    client_finish(&c, &r);
}

Test(sftp_greeting, of_another_version)
{
    for (uint32_t version = 0; version < 3; version++) {
        struct rig r;
        struct client c = { 0 };
        client_begin_greeting(&c, &r);
        peer_version(version, true);
        client_expect_end(&c, ERR_TRANSFER, "the SFTP server does not speak version 3");
        cr_assert_eq(c.readies, 0);
        client_finish(&c, &r);
    }
}

Test(sftp_greeting, that_is_another_message)
{
    struct rig r;
    struct client c = { 0 };
    client_begin_greeting(&c, &r);
    peer_status(3, SFTP_OK, "");
    client_expect_end(&c, ERR_TRANSFER, "the SFTP server does not speak version 3");
    client_finish(&c, &r);
}

Test(sftp_greeting, that_is_no_message)
{
    struct rig r;
    struct client c = { 0 };
    client_begin_greeting(&c, &r);
    peer_sends("\0\0\0\2\2\0", 6);
    client_expect_end(&c, ERR_TRANSFER, "the SFTP server sent a message that is cut off");
    client_finish(&c, &r);
}

Test(sftp_greeting, behind_what_a_startup_file_prints)
{
    static const char *const noise[] = { "Welcome to web1\n", "hello", "\r\n\r\n",
                                         "\xff\xff\xff\xff" };
    for (size_t i = 0; i < sizeof noise / sizeof *noise; i++) {
        struct rig r;
        struct client c = { 0 };
        client_begin_greeting(&c, &r);
        peer_sends(noise[i], strlen(noise[i]));
        peer_version(3, true);
        client_expect_end(&c, ERR_TRANSFER, STARTUP_HINT);
        client_finish(&c, &r);
    }
}

Test(sftp_greeting, of_length_zero)
{
    struct rig r;
    struct client c = { 0 };
    client_begin_greeting(&c, &r);
    peer_sends("\0\0\0\0", 4);
    client_expect_end(&c, ERR_TRANSFER, STARTUP_HINT);
    client_finish(&c, &r);
}

/* The server's other words tell why. */
Test(sftp_greeting, instead_of_which_words_come)
{
    struct rig r;
    struct client c = { 0 };
    client_begin_greeting(&c, &r);
    server_says('e', 0, "sftp-server: \033[1mnot");
    fake_settle(r.loop);
    server_says('e', 0, " found");
    server_exits(0, 127);
    client_expect_end(&c, ERR_REQUEST_REFUSED,
                      "the server's SFTP subsystem does not start: sftp-server:  [1mnot found");
    client_finish(&c, &r);
}

Test(sftp_greeting, instead_of_which_too_many_words_come)
{
    struct rig r;
    struct client c = { 0 };
    char words[1001], text[300];
    client_begin_greeting(&c, &r);
    memset(words, 'w', sizeof words - 1);
    words[sizeof words - 1] = '\0';
    for (int i = 0; i < 100; i++)
        server_says('e', 0, words);
    server_exits(0, 1);
    snprintf(text, sizeof text, "the server's SFTP subsystem does not start: %.160s", words);
    client_expect_end(&c, ERR_REQUEST_REFUSED, text);
    client_finish(&c, &r);
}

/* --- Requests and answers --------------------------------------------------------------------- */

Test(sftp_answers, in_any_order)
{
    struct rig r;
    struct client c = { 0 };
    rig_init(&r);
    client_begin_ready(&c, &r);
    client_ask(&c, SFTP_STAT, "1", "a");
    client_ask(&c, SFTP_OPENDIR, "2", "b");
    client_ask(&c, SFTP_STAT, "3", "c");
    fake_settle(r.loop);
    cr_assert_eq(sftp_in_flight(c.t.sftp), 3);
    uint32_t one = peer_expect(SFTP_STAT, "1").id;
    uint32_t two = peer_expect(SFTP_OPENDIR, "2").id;
    uint32_t three = peer_expect(SFTP_STAT, "3").id;
    peer_status(three, SFTP_NO_SUCH_FILE, "");
    client_expect(&c, "c status 2; ");
    peer_handle(two, "H");
    peer_status(one, SFTP_OK, "");
    client_expect(&c, "b handle H; a status 0; ");
    cr_assert_eq(sftp_in_flight(c.t.sftp), 0);
    cr_assert_eq(sftp_answers(c.t.sftp), 3);
    client_finish(&c, &r);
}

Test(sftp_answers, in_pieces_of_one_byte)
{
    struct rig r;
    struct client c = { 0 };
    struct buf out;
    uint32_t id = client_begin_one(&c, &r);
    buf_init(&out, 1000);
    peer_add_status(&out, id, SFTP_FAILURE, "no");
    for (size_t i = 0; i < out.size; i++) {
        client_expect(&c, "");
        peer_sends(out.data + i, 1);
    }
    client_expect(&c, "a status 4; ");
    buf_release(&out);
    client_finish(&c, &r);
}

/* Asks for something again, a few times. */
static void ask_again(struct client *c, const char *name)
{
    (void)name;
    if (sftp_answers(c->t.sftp) < 5)
        client_ask(c, SFTP_STAT, "again", "b");
}

Test(sftp_answers, from_which_further_requests_come)
{
    struct rig r;
    struct client c = { .on_answer = ask_again };
    peer_status(client_begin_one(&c, &r), SFTP_OK, "");
    for (int i = 0; i < 4; i++) {
        fake_settle(r.loop);
        peer_status(peer_expect(SFTP_STAT, "again").id, SFTP_OK, "");
    }
    client_expect(&c, "a status 0; b status 0; b status 0; b status 0; b status 0; ");
    peer_expect_none();
    client_finish(&c, &r);
}

Test(sftp_answers, several_in_one_read_and_a_part_of_one)
{
    struct rig r;
    struct client c = { 0 };
    struct buf out;
    rig_init(&r);
    client_begin_ready(&c, &r);
    buf_init(&out, 10000);
    for (int i = 0; i < 5; i++) {
        client_ask(&c, SFTP_STAT, "p", "a");
        fake_settle(r.loop);
        peer_add_status(&out, peer_expect(SFTP_STAT, "p").id, SFTP_OK, "");
    }
    size_t part = out.size - 7;
    peer_sends(out.data, part);
    client_expect(&c, "a status 0; a status 0; a status 0; a status 0; ");
    peer_sends(out.data + part, 7);
    client_expect(&c, "a status 0; ");
    buf_release(&out);
    client_finish(&c, &r);
}

/* The largest message that is accepted, of which one byte is late, in one read with what follows:
 * there must be room for all of it. */
Test(sftp_answers, the_largest_and_a_full_read_behind_it)
{
    static char data[SFTP_MESSAGE_MAX - 9], words[LOOP_READ_BUFFER_SIZE];
    struct rig r;
    struct client c = { 0 };
    struct buf out;
    uint32_t id = client_begin_one(&c, &r);
    client_ask(&c, SFTP_STAT, "q", "b");
    fake_settle(r.loop);
    uint32_t second = peer_expect(SFTP_STAT, "q").id;
    memset(words, 'w', sizeof words - 1);
    buf_init(&out, 1 << 20);
    peer_add_data(&out, id, data, sizeof data);
    cr_assert_eq(out.size, 4 + SFTP_MESSAGE_MAX);
    peer_sends(out.data, out.size - 1);
    client_expect(&c, "");
    buf_consume(&out, out.size - 1);
    peer_add_status(&out, second, SFTP_FAILURE, words);
    cr_assert_geq(out.size, (size_t)LOOP_READ_BUFFER_SIZE - 1);
    peer_sends(out.data, out.size);
    client_expect(&c, "a type 103; b status 4; ");
    buf_release(&out);
    client_finish(&c, &r);
}

Test(sftp_answers, that_are_too_long_or_empty)
{
    static const char *const lengths[] = { "\0\4\0\5", "\xff\xff\xff\xff", "\0\0\0\0" };
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        struct rig r;
        struct client c = { 0 };
        client_begin_one(&c, &r);
        peer_sends(lengths[i], 4);
        client_expect_end(&c, ERR_TRANSFER, "the SFTP server sent a message that is too long");
        client_finish(&c, &r);
    }
}

Test(sftp_answers, of_an_unknown_type)
{
    struct rig r;
    struct client c = { 0 };
    client_begin_one(&c, &r);
    peer_sends("\0\0\0\5\x63\0\0\0\0", 9);
    client_expect_end(&c, ERR_TRANSFER, "the SFTP server sent a message of type 99");
    client_finish(&c, &r);
}

Test(sftp_answers, to_nothing)
{
    static const uint32_t ids[] = { 1, 1023, 1024, 1025, 0xffffffff, 0xfffffc00, 0x80000000 };
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        struct rig r;
        struct client c = { 0 };
        uint32_t id = client_begin_one(&c, &r);
        peer_status(id + ids[i], SFTP_OK, "");
        peer_status(id, SFTP_OK, "");
        client_expect_end(&c, ERR_TRANSFER, "the SFTP server answered a request that was not made");
        cr_assert_str_eq(buf_str(&c.heard), "");
        client_finish(&c, &r);
    }
}

Test(sftp_answers, twice)
{
    struct rig r;
    struct client c = { 0 };
    uint32_t id = client_begin_one(&c, &r);
    peer_status(id, SFTP_OK, "");
    client_expect(&c, "a status 0; ");
    peer_status(id, SFTP_OK, "");
    client_expect_end(&c, ERR_TRANSFER, "the SFTP server answered a request that was not made");
    client_finish(&c, &r);
}

/* The answer to a request 1024 requests ago, whose place another one has now. */
Test(sftp_answers, for_the_place_of_another)
{
    struct rig r;
    struct client c = { 0 };
    uint32_t id = client_begin_one(&c, &r);
    peer_status(id, SFTP_OK, "");
    for (int i = 0; i < 1024; i++) {
        client_ask(&c, SFTP_STAT, "p", "b");
        fake_settle(r.loop);
        struct peer_request last = peer_expect(SFTP_STAT, "p");
        if (i < 1023)
            peer_status(last.id, SFTP_OK, "");
    }
    peer_status(id, SFTP_OK, "");
    client_expect_end(&c, ERR_TRANSFER, "the SFTP server answered a request that was not made");
    client_finish(&c, &r);
}

Test(sftp_answers, to_as_many_as_there_may_be)
{
    struct rig r;
    struct client c = { 0 };
    rig_init(&r);
    client_begin_ready(&c, &r);
    for (int round = 0; round < 3; round++) {
        uint32_t ids[SFTP_IN_FLIGHT_MAX];
        for (size_t i = 0; i < SFTP_IN_FLIGHT_MAX; i++)
            client_ask(&c, SFTP_STAT, "p", "");
        fake_settle(r.loop);
        cr_assert_eq(sftp_in_flight(c.t.sftp), SFTP_IN_FLIGHT_MAX);
        for (size_t i = 0; i < SFTP_IN_FLIGHT_MAX; i++)
            ids[i] = peer_expect(SFTP_STAT, "p").id;
        for (size_t i = SFTP_IN_FLIGHT_MAX; i > 0; i--)
            peer_status(ids[i - 1], SFTP_OK, "");
        fake_settle(r.loop);
        cr_assert_eq(sftp_in_flight(c.t.sftp), 0);
    }
    cr_assert_eq(sftp_answers(c.t.sftp), 3 * SFTP_IN_FLIGHT_MAX);
    client_finish(&c, &r);
}

Test(sftp_answers, to_more_than_there_may_be)
{
    struct rig r;
    struct client c = { 0 };
    rig_init(&r);
    client_begin_ready(&c, &r);
    for (size_t i = 0; i <= SFTP_IN_FLIGHT_MAX; i++)
        client_ask(&c, SFTP_STAT, "p", "");
    client_expect_end(&c, ERR_TRANSFER, "the SFTP server left a request without an answer");
    client_finish(&c, &r);
}
