/* SPDX-License-Identifier: MIT */
/* The SFTP client: sending within the window and the buffers, EAGAIN from every call, and the end
 * of the server and of the connection. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "sftp_client.h"

/* --- Sending ---------------------------------------------------------------------------------- */

/* Bulk data to be sent. */
struct bulk {
    struct client *c;
    size_t left;
    size_t asked;
    bool small_only; /* sends a small request instead */
};

static void on_bulk(void *arg, const struct sftp_reply *reply)
{
    (void)arg;
    (void)reply;
}

static void send_bulk(void *arg)
{
    static const char data[32000];
    struct bulk *b = arg;
    b->asked++;
    if (b->left == 0)
        return;
    b->left--;
    struct sftp_request request = { .type = SFTP_WRITE, .data = data, .size = sizeof data };
    request.type = b->small_only ? SFTP_CLOSE : SFTP_WRITE;
    request.handle = (struct wire_string){ (const unsigned char *)"h", 1 };
    sftp_send(b->c->t.sftp, &request, on_bulk, NULL);
}

static void begin_bulk(struct client *c, struct rig *r, struct bulk *b)
{
    rig_init(r);
    client_begin_ready(c, r);
    b->c = c;
    c->on_room = send_bulk;
    c->arg = b;
}

/* Takes all that was sent, and answers; how much it was. */
static size_t answer_all(struct rig *r)
{
    struct peer_request request;
    size_t count = 0;
    fake_settle(r->loop);
    while (peer_next(&request)) {
        count++;
        peer_status(request.id, SFTP_OK, "");
    }
    return count;
}

Test(sftp_room, bulk_data_goes_until_the_window_is_full)
{
    struct rig r;
    struct client c = { 0 };
    struct bulk b = { .left = 200 };
    begin_bulk(&c, &r, &b);
    session_wake(r.session);
    fake_settle(r.loop);
    /* 2 MiB, less the greeting: 65 pieces whole, and one of which a part is sent. */
    cr_assert_eq(b.left, 200 - 66);
    cr_assert_eq(answer_all(&r), 65);
    fake_settle(r.loop);
    cr_assert_eq(b.left, 200 - 66);
    size_t asked = b.asked;
    session_wake(r.session);
    fake_settle(r.loop);
    cr_assert_eq(b.asked, asked, "nobody asks for more without a window");
    server_says('A', 0, "100");
    fake_settle(r.loop);
    cr_assert_eq(b.left, 200 - 66);
    server_says('A', 0, "10000000");
    cr_assert_eq(answer_all(&r), 135);
    cr_assert_eq(b.left, 0);
    cr_assert_eq(answer_all(&r), 0);
    client_finish(&c, &r);
}

Test(sftp_room, small_requests_wait_for_the_window_too)
{
    struct rig r;
    struct client c = { 0 };
    struct bulk b = { .left = 100 };
    begin_bulk(&c, &r, &b);
    session_wake(r.session);
    cr_assert_eq(answer_all(&r), 65);
    client_ask(&c, SFTP_STAT, "p", "a");
    cr_assert_eq(answer_all(&r), 0);
    b.left = 0;
    server_says('A', 0, "40000");
    cr_assert_eq(answer_all(&r), 2);
    client_expect(&c, "a status 0; ");
    client_finish(&c, &r);
}

Test(sftp_room, a_stuck_transport_is_given_no_more)
{
    struct rig r;
    struct client c = { 0 };
    struct bulk b = { .left = 30 };
    begin_bulk(&c, &r, &b);
    wire.is_stuck = true;
    session_wake(r.session);
    fake_settle(r.loop);
    cr_assert_eq(b.left, 27);
    size_t sent = answer_all(&r);
    cr_assert_eq(sent, 3);
    wire_drain();
    cr_assert_eq(answer_all(&r), 27);
    client_finish(&c, &r);
}

/* One that has no data may still have had to ask for something. */
Test(sftp_room, what_is_asked_for_instead_is_sent)
{
    struct rig r;
    struct client c = { 0 };
    struct bulk b = { .left = 1, .small_only = true };
    begin_bulk(&c, &r, &b);
    session_wake(r.session); /* once: nothing else does */
    cr_assert_eq(answer_all(&r), 1);
    client_finish(&c, &r);
}

/* Always something waits to be sent, never much: what was sent takes no room. */
Test(sftp_room, what_was_sent_is_forgotten)
{
    static char path[60001];
    struct rig r;
    struct client c = { 0 };
    rig_init(&r);
    client_begin_ready(&c, &r);
    memset(path, 'p', sizeof path - 1);
    server_says('A', 0, "1000000000");
    for (int i = 0; i < 20; i++)
        client_ask(&c, SFTP_STAT, path, "");
    for (int i = 0; i < 200; i++) {
        wire.is_stuck = true;
        client_ask(&c, SFTP_STAT, path, "");
        answer_all(&r);
        cr_assert_eq(c.ends, 0, "%d: %s", i, error_text(&c.error));
        wire_drain();
        wire.is_stuck = true;
    }
    wire_drain();
    for (int i = 0; answer_all(&r) > 0; i++)
        cr_assert_lt(i, 300);
    cr_assert_eq(sftp_answers(c.t.sftp), 220);
    client_finish(&c, &r);
}

/* --- EAGAIN everywhere ------------------------------------------------------------------------ */

/* Wakes the session as often as the script says EAGAIN. */
static void nudge(struct rig *r, int times)
{
    for (int i = 0; i < times; i++) {
        session_wake(r->session);
        fake_settle(r->loop);
    }
}

Test(sftp_eagain, from_each_call)
{
    struct rig r;
    struct client c = { 0 };
    rig_init(&r);
    rig_open_ready(&r);
    fake_script(FAKE_OPEN, LIBSSH2_ERROR_EAGAIN, 2);
    fake_script(FAKE_STARTUP, LIBSSH2_ERROR_EAGAIN, 2);
    fake_script(FAKE_WRITE, LIBSSH2_ERROR_EAGAIN, 2);
    client_begin(&c, &r);
    nudge(&r, 2);
    peer_listen(0);
    server_opens(0);
    server_starts(0);
    nudge(&r, 4);
    peer_expect(SFTP_INIT, NULL);
    peer_version(3, true);
    fake_script(FAKE_READ_STDOUT, LIBSSH2_ERROR_EAGAIN, 2);
    fake_script(FAKE_READ_STDERR, LIBSSH2_ERROR_EAGAIN, 2);
    nudge(&r, 3);
    client_expect(&c, "ready; ");
    client_ask(&c, SFTP_STAT, "p", "a");
    fake_script(FAKE_WRITE, LIBSSH2_ERROR_EAGAIN, 2);
    nudge(&r, 3);
    peer_status(peer_expect(SFTP_STAT, "p").id, SFTP_OK, "");
    fake_script(FAKE_READ_STDOUT, LIBSSH2_ERROR_EAGAIN, 1);
    nudge(&r, 2);
    client_expect(&c, "a status 0; ");
    client_finish(&c, &r);
}

/* libssh2 takes one byte at a time. */
Test(sftp_eagain, and_short_writes)
{
    struct rig r;
    struct client c = { 0 };
    rig_init(&r);
    client_begin_ready(&c, &r);
    fake_script(FAKE_WRITE, 1, 10);
    fake_script(FAKE_WRITE, LIBSSH2_ERROR_EAGAIN, 1);
    fake_script(FAKE_WRITE, 1, 1000);
    client_ask(&c, SFTP_STAT, "path", "a");
    fake_settle(r.loop);
    peer_expect_none();
    nudge(&r, 1);
    peer_status(peer_expect(SFTP_STAT, "path").id, SFTP_OK, "");
    client_expect(&c, "a status 0; ");
    client_finish(&c, &r);
}

Test(sftp_eagain, when_the_channel_is_let_go)
{
    struct rig r;
    struct client c = { 0 };
    client_begin_one(&c, &r);
    fake_script(FAKE_CHANNEL_FREE, LIBSSH2_ERROR_EAGAIN, 1);
    peer_sends("\0\0\0\0", 4);
    client_expect_end(&c, ERR_TRANSFER, "the SFTP server sent a message that is too long");
    client_finish(&c, &r);
}

/* --- The end of the server -------------------------------------------------------------------- */

Test(sftp_end, comes_after_the_answers)
{
    struct rig r;
    struct client c = { 0 };
    peer_status(client_begin_one(&c, &r), SFTP_OK, "");
    server_exits(0, 0);
    client_expect_end(&c, ERR_TRANSFER, "the SFTP server went away");
    cr_assert_str_eq(buf_str(&c.heard), "a status 0; ");
    rig_expect_state(&r, SESSION_READY);
    client_finish(&c, &r);
}

Test(sftp_end, of_file_alone_suffices)
{
    struct rig r;
    struct client c = { 0 };
    client_begin_one(&c, &r);
    server_says('F', 0, "");
    client_expect_end(&c, ERR_TRANSFER, "the SFTP server went away");
    client_finish(&c, &r);
}

Test(sftp_end, in_the_middle_of_a_message)
{
    struct rig r;
    struct client c = { 0 };
    client_begin_one(&c, &r);
    peer_sends("\0\0\0\x11\x65", 5);
    server_exits(0, 0);
    client_expect_end(&c, ERR_TRANSFER, "the SFTP server went away");
    client_finish(&c, &r);
}

Test(sftp_end, before_the_greeting)
{
    struct rig r;
    struct client c = { 0 };
    client_begin_greeting(&c, &r);
    peer_sends("hi", 2);
    server_exits(0, 1);
    client_expect_end(&c, ERR_TRANSFER, "the SFTP server went away");
    client_finish(&c, &r);
}

Test(sftp_end, found_while_reading_or_writing)
{
    struct rig r;
    struct client c = { 0 };
    client_begin_one(&c, &r);
    fake_script(FAKE_READ_STDOUT, LIBSSH2_ERROR_CHANNEL_CLOSED, 1);
    session_wake(r.session);
    client_expect_end(&c, ERR_TRANSFER, "reading from the SFTP server failed");
    client_finish(&c, &r);

    struct rig r2;
    struct client c2 = { 0 };
    client_begin_one(&c2, &r2);
    fake_script(FAKE_WRITE, LIBSSH2_ERROR_CHANNEL_CLOSED, 1);
    client_ask(&c2, SFTP_STAT, "q", "b");
    client_expect_end(&c2, ERR_TRANSFER, "writing to the SFTP server failed");
    client_finish(&c2, &r2);
}

/* --- The end of the connection ---------------------------------------------------------------- */

/* How far the client has come when the connection breaks. */
enum reached { OPENING, ASKING, GREETING, READY, TALKING, REACHED_COUNT };

static void reach(struct client *c, struct rig *r, enum reached reached)
{
    rig_init(r);
    client_begin(c, r);
    peer_listen(0);
    if (reached >= ASKING)
        server_opens(0);
    fake_settle(r->loop);
    if (reached >= GREETING)
        server_starts(0);
    fake_settle(r->loop);
    if (reached >= READY)
        peer_version(3, true);
    fake_settle(r->loop);
    if (reached >= TALKING)
        client_ask(c, SFTP_STAT, "p", "a");
    fake_settle(r->loop);
}

/* Breaks it in one of several ways. */
static enum error_code break_connection(int way)
{
    if (way == 0)
        wire.is_at_end = true;
    else if (way == 1)
        wire.recv_errno = ECONNRESET;
    else if (way == 2)
        wire.recv_errno = wire.send_errno = ETIMEDOUT;
    else
        server_says('Q', 0, "bye");
    return way == 2 ? ERR_PEER_DEAD : ERR_CONNECTION_LOST;
}

Test(sftp_broken, in_each_state)
{
    for (int reached = 0; reached < REACHED_COUNT; reached++) {
        for (int way = 0; way < 4; way++) {
            struct rig r;
            struct client c = { 0 };
            reach(&c, &r, (enum reached)reached);
            enum error_code code = break_connection(way);
            rig_expect_end(&r, code, STAGE_EXEC);
            cr_assert_eq(c.aborts, 1, "%d %d", reached, way);
            client_finish(&c, &r);
        }
    }
}

/* It breaks, and the client has something to send. */
Test(sftp_broken, while_sending)
{
    struct rig r;
    struct client c = { 0 };
    reach(&c, &r, READY);
    wire.send_errno = EPIPE;
    client_ask(&c, SFTP_STAT, "p", "a");
    rig_expect_end(&r, ERR_CONNECTION_LOST, STAGE_EXEC);
    cr_assert_eq(c.aborts, 1);
    client_finish(&c, &r);
}

Test(sftp_broken, after_the_answers)
{
    struct rig r;
    struct client c = { 0 };
    peer_status(client_begin_one(&c, &r), SFTP_OK, "");
    wire.is_at_end = true;
    client_expect(&c, "a status 0; ");
    rig_expect_end(&r, ERR_CONNECTION_LOST, STAGE_EXEC);
    client_finish(&c, &r);
}

/* What is no SFTP behind which the connection ends, too. */
Test(sftp_broken, behind_nonsense)
{
    for (int reached = GREETING; reached < REACHED_COUNT; reached++) {
        struct rig r;
        struct client c = { 0 };
        reach(&c, &r, (enum reached)reached);
        for (int i = 0; i < 100; i++)
            peer_sends("nonsense", 8);
        wire.is_at_end = true;
        fake_settle(r.loop);
        cr_assert_eq(c.ends + c.aborts, 1);
        client_finish(&c, &r);
    }
}
