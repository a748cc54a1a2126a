/* SPDX-License-Identifier: MIT */
/*
 * A session's life: the graph, and each state when all goes well, slowly, wrong, or not at all. In
 * every cell of the matrix the session ends once, with the first error, and leaves nothing behind.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/trace.h"
#include "rig.h"
#include "ssh/session_private.h"

/* --- Ways to hold a state up, to let it go on, and to break it -------------------------------- */

static void hold_resolve(struct rig *r)
{
    rig_name(r, "web1.example");
    fake_dns.is_instant = false;
}

static void resolve(struct rig *r)
{
    (void)r;
    fake_dns_answer();
}

static void fail_resolve(struct rig *r)
{
    (void)r;
    fake_dns.error = "Name or service not known";
    fake_dns_answer();
}

static void hold_connect(struct rig *r)
{
    (void)r;
    fake_dial.is_instant = false;
}

static void connect_now(struct rig *r)
{
    (void)r;
    fake_dial_answer();
}

static void fail_connect(struct rig *r)
{
    (void)r;
    fake_dial_fail("Connection refused");
}

/* The server says nothing. */
static void hold_handshake(struct rig *r)
{
    (void)r;
    buf_clear(&wire.in);
}

static void greet(struct rig *r)
{
    (void)r;
    server_greets(NULL);
}

static void fail_handshake(struct rig *r)
{
    (void)r;
    fake_script(FAKE_HANDSHAKE, LIBSSH2_ERROR_KEX_FAILURE, 1);
    server_greets(NULL);
}

/* Something that is nobody's: the socket is readable. */
static void chat(struct rig *r)
{
    (void)r;
    server_says('D', 0, "a debug message");
}

static void hold_methods(struct rig *r)
{
    (void)r;
    fake_script(FAKE_USERAUTH_LIST, LIBSSH2_ERROR_EAGAIN, 1);
}

static void fail_methods(struct rig *r)
{
    fake_script(FAKE_USERAUTH_LIST, LIBSSH2_ERROR_PROTO, 1);
    chat(r);
}

static void hold_agent_list(struct rig *r)
{
    rig_agent(r);
}

static void list_keys(struct rig *r)
{
    (void)r;
    fake_agent_answer_list(NULL, 0);
}

/* The agent fails and the server refuses the files. */
static void fail_agent_list(struct rig *r)
{
    (void)r;
    fake_script(FAKE_PUBLICKEY, LIBSSH2_ERROR_AUTHENTICATION_FAILED, 2);
    fake_agent_fail("the agent is gone");
}

static void hold_auth(struct rig *r)
{
    (void)r;
    fake_script(FAKE_PUBLICKEY, LIBSSH2_ERROR_EAGAIN, 1);
}

static void fail_auth(struct rig *r)
{
    fake_script(FAKE_PUBLICKEY, LIBSSH2_ERROR_AUTHENTICATION_FAILED, 2);
    chat(r);
}

struct row {
    const char *name;
    enum session_state state;
    enum stage stage;
    void (*hold)(struct rig *r);
    void (*go_on)(struct rig *r);
    void (*fail)(struct rig *r);
    enum error_code failure;
    enum error_code expiry;
    enum error_code broken; /* ERR_NONE: there is no connection yet */
    const char *broken_text;
    bool is_deaf; /* does not listen to the server while it is held up (law 6) */
};

static const struct row rows[] = {
    { "resolve", SESSION_RESOLVE, STAGE_DNS, hold_resolve, resolve, fail_resolve, ERR_DNS,
      ERR_DNS_TIMEOUT, ERR_NONE, NULL, false },
    { "connect", SESSION_CONNECT, STAGE_CONNECT, hold_connect, connect_now, fail_connect,
      ERR_CONNECT, ERR_CONNECT_TIMEOUT, ERR_NONE, NULL, false },
    { "handshake", SESSION_HANDSHAKE, STAGE_HANDSHAKE, hold_handshake, greet, fail_handshake,
      ERR_HANDSHAKE, ERR_HANDSHAKE_TIMEOUT, ERR_CLOSED_EARLY,
      "the server closed the connection before the key exchange", false },
    { "methods, probing", SESSION_METHODS, STAGE_AUTH, hold_methods, chat, fail_methods, ERR_AUTH,
      ERR_AUTH_TIMEOUT, ERR_AUTH_CLOSED, "asking for methods: the server closed the connection",
      false },
    { "methods, agent", SESSION_METHODS, STAGE_AUTH, hold_agent_list, list_keys, fail_agent_list,
      ERR_AUTH, ERR_AUTH_TIMEOUT, ERR_AUTH_CLOSED,
      "authentication: the server closed the connection", true },
    { "auth", SESSION_AUTH, STAGE_AUTH, hold_auth, chat, fail_auth, ERR_AUTH, ERR_AUTH_TIMEOUT,
      ERR_AUTH_CLOSED, "authentication: the server closed the connection", false },
};
#define ROW_COUNT (sizeof rows / sizeof *rows)

/* Opens a session that is held up in the row's state. */
static void open_held(struct rig *r, const struct row *row)
{
    rig_init(r);
    server_greets(NULL);
    row->hold(r);
    rig_open(r);
    rig_expect_state(r, row->state);
}

/* --- The matrix ------------------------------------------------------------------------------- */

Test(session_matrix, ok)
{
    struct rig r;
    rig_init(&r);
    rig_open_ready(&r);
    cr_assert_str_eq(r.stages, "dns connect handshake auth exec ");
    cr_assert_str_eq(r.auth, "publickey");
    cr_assert_eq(r.readies, 1);
    cr_assert_str_eq(session_address(r.session), "192.0.2.1");
    session_finish(r.session);
    rig_expect_end(&r, ERR_NONE, STAGE_QUEUED);
    cr_assert_str_eq(client_sent(), "Q0 done\n");
    rig_release(&r);
}

Test(session_matrix, again_then_ok)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        struct rig r;
        open_held(&r, &rows[i]);
        fake_advance(r.loop, CONNECT_US - 1);
        rig_expect_state(&r, rows[i].state);
        rows[i].go_on(&r);
        rig_expect_state(&r, SESSION_READY);
        /* The limit was for getting here. */
        fake_advance(r.loop, 100 * CONNECT_US);
        rig_expect_state(&r, SESSION_READY);
        cr_assert_eq(r.readies, 1);
        rig_release(&r);
    }
}

Test(session_matrix, error)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        struct rig r;
        open_held(&r, &rows[i]);
        rows[i].fail(&r);
        rig_expect_end(&r, rows[i].failure, rows[i].stage);
        cr_assert_eq(r.readies, 0);
        rig_release(&r);
    }
}

Test(session_matrix, timeout)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        struct rig r;
        open_held(&r, &rows[i]);
        fake_advance(r.loop, CONNECT_US - 1);
        rig_expect_state(&r, rows[i].state);
        fake_advance(r.loop, 1);
        rig_expect_end(&r, rows[i].expiry, rows[i].stage);
        rig_expect_text(&r, "timed out after 10s");
        rig_release(&r);
    }
}

Test(session_matrix, cancel)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        struct rig r;
        open_held(&r, &rows[i]);
        session_fail(r.session, ERR_CANCELLED_BY_USER, "stopped by %s", "hand");
        cr_assert_eq(r.closes, 0, "%s: called back from session_fail()", rows[i].name);
        session_fail(r.session, ERR_INTERNAL, "too late");
        rig_expect_end(&r, ERR_CANCELLED_BY_USER, rows[i].stage);
        rig_expect_text(&r, "stopped by hand");
        rig_release(&r);
    }
}

Test(session_matrix, cancel_while_the_answer_comes)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        struct rig r;
        open_held(&r, &rows[i]);
        rows[i].go_on(&r);
        session_fail(r.session, ERR_CANCELLED_BY_USER, "stopped");
        rig_expect_end(&r, ERR_CANCELLED_BY_USER, rows[i].stage);
        rig_release(&r);
    }
}

Test(session_matrix, connection_closed)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        struct rig r;
        if (rows[i].broken == ERR_NONE)
            continue;
        open_held(&r, &rows[i]);
        wire.is_at_end = true;
        if (rows[i].is_deaf)
            rows[i].go_on(&r);
        rig_expect_end(&r, rows[i].broken, rows[i].stage);
        rig_expect_text(&r, rows[i].broken_text);
        rig_release(&r);
    }
}

Test(session_matrix, connection_reset)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        struct rig r;
        if (rows[i].broken == ERR_NONE)
            continue;
        open_held(&r, &rows[i]);
        wire.recv_errno = ECONNRESET;
        wire.send_errno = EPIPE;
        if (rows[i].is_deaf)
            rows[i].go_on(&r);
        rig_expect_end(&r, rows[i].broken, rows[i].stage);
        cr_assert(strstr(error_text(&r.error), strerror(ECONNRESET)), "%s", error_text(&r.error));
        rig_release(&r);
    }
}

Test(session_matrix, woken_for_nothing)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        struct rig r;
        open_held(&r, &rows[i]);
        if (rows[i].state == SESSION_METHODS || rows[i].state == SESSION_AUTH) {
            rig_release(&r); /* their script would be used up */
            continue;
        }
        for (int n = 0; n < 5; n++) {
            session_wake(r.session);
            session_wake(r.session);
            rig_expect_state(&r, rows[i].state);
        }
        cr_assert_leq(fake_dns.asked, 1);
        cr_assert_leq(fake_dial.started, 1);
        rig_release(&r);
    }
}

/* --- READY and CLOSE -------------------------------------------------------------------------- */

Test(session_ready, cancel)
{
    struct rig r;
    rig_init(&r);
    rig_open_ready(&r);
    session_fail(r.session, ERR_CANCELLED_BY_DEADLINE, "too long");
    rig_expect_end(&r, ERR_CANCELLED_BY_DEADLINE, STAGE_EXEC);
    cr_assert_str_eq(client_sent(), "Q0 done\n");
    rig_release(&r);
}

Test(session_ready, finished_before_it_is_ready)
{
    struct rig r;
    rig_init(&r);
    rig_open(&r);
    session_finish(r.session);
    rig_expect_state(&r, SESSION_HANDSHAKE);
    server_greets(NULL);
    rig_expect_end(&r, ERR_NONE, STAGE_QUEUED);
    cr_assert_eq(r.readies, 1);
    rig_release(&r);
}

/* Brings the session to CLOSE, where it waits for the transport to take its last words. */
static void open_closing(struct rig *r)
{
    rig_init(r);
    rig_open_ready(r);
    wire.is_stuck = true;
    session_finish(r->session);
    rig_expect_state(r, SESSION_CLOSE);
}

Test(session_close, waits_for_what_is_pending)
{
    struct rig r;
    open_closing(&r);
    fake_advance(r.loop, 999999);
    rig_expect_state(&r, SESSION_CLOSE);
    wire_drain();
    rig_expect_end(&r, ERR_NONE, STAGE_QUEUED);
    cr_assert_str_eq(client_sent(), "Q0 done\n");
    rig_release(&r);
}

Test(session_close, is_cut_at_its_deadline)
{
    struct rig r;
    open_closing(&r);
    fake_advance(r.loop, 1000000);
    rig_expect_end(&r, ERR_NONE, STAGE_QUEUED);
    rig_release(&r);
}

Test(session_close, does_not_listen)
{
    struct rig r;
    open_closing(&r);
    chat(&r); /* a server that talks on must not make the loop spin */
    rig_expect_state(&r, SESSION_CLOSE);
    wire.is_at_end = true;
    rig_expect_state(&r, SESSION_CLOSE);
    fake_advance(r.loop, 1000000);
    rig_expect_end(&r, ERR_NONE, STAGE_QUEUED);
    rig_release(&r);
}

Test(session_close, error_inside_does_not_repeat_it)
{
    struct rig r;
    open_closing(&r);
    session_fail(r.session, ERR_CANCELLED_BY_USER, "late");
    rig_expect_state(&r, SESSION_CLOSE);
    wire_drain();
    rig_expect_end(&r, ERR_CANCELLED_BY_USER, STAGE_EXEC);
    rig_release(&r);
}

Test(session_close, disconnect_fails)
{
    struct rig r;
    rig_init(&r);
    rig_open_ready(&r);
    fake_script(FAKE_DISCONNECT, LIBSSH2_ERROR_EAGAIN, 1);
    session_finish(r.session);
    rig_expect_end(&r, ERR_NONE, STAGE_QUEUED);
    rig_release(&r);
    rig_init(&r);
    rig_open_ready(&r);
    wire.send_errno = EPIPE;
    session_finish(r.session);
    rig_expect_end(&r, ERR_NONE, STAGE_QUEUED);
    rig_release(&r);
}

Test(session_close, free_says_again)
{
    struct rig r;
    rig_init(&r);
    rig_open_ready(&r);
    fake_script(FAKE_SESSION_FREE, LIBSSH2_ERROR_EAGAIN, 3);
    session_finish(r.session);
    rig_expect_end(&r, ERR_NONE, STAGE_QUEUED);
    cr_assert_eq(fake_ssh2.calls[FAKE_SESSION_FREE], 4);
    rig_release(&r);
}

Test(session_close, is_told_once_whatever_follows)
{
    struct rig r;
    rig_init(&r);
    r.keeps_closed = true;
    rig_open_ready(&r);
    session_finish(r.session);
    rig_expect_end(&r, ERR_NONE, STAGE_QUEUED);
    session_wake(r.session);
    rig_expect_end(&r, ERR_NONE, STAGE_QUEUED);
    session_fail(r.session, ERR_INTERNAL, "after the end");
    rig_expect_end(&r, ERR_NONE, STAGE_QUEUED);
    rig_release(&r);
}

/* --- The graph -------------------------------------------------------------------------------- */

Test(session_graph, is_the_documented_one)
{
    static const char documented[] =
        "resolve connect handshake hostkey methods auth ready close done";
    char names[128] = "";
    for (int state = 0; state < SESSION_STATE_COUNT; state++) {
        size_t used = strlen(names);
        snprintf(names + used, sizeof names - used, "%s%s", used ? " " : "",
                 session_state_name((enum session_state)state));
    }
    cr_assert_str_eq(names, documented);
}

/* The moves of a session, which -vv tells: "web1: resolve -> connect". */
static char moves[1024];

static void note_move(void *arg, const char *line)
{
    (void)arg;
    size_t used = strlen(moves);
    if (strstr(line, " -> "))
        snprintf(moves + used, sizeof moves - used, "%s\n", line + strlen("web1: "));
}

Test(session_graph, goes_forward_by_the_table)
{
    struct rig r;
    trace_set(2, note_move, NULL);
    rig_init(&r);
    rig_open_ready(&r);
    session_finish(r.session);
    rig_expect_end(&r, ERR_NONE, STAGE_QUEUED);
    trace_set(0, NULL, NULL);
    cr_assert_str_eq(moves, "resolve -> connect\nconnect -> handshake\nhandshake -> hostkey\n"
                            "hostkey -> methods\nmethods -> auth\nauth -> ready\n"
                            "ready -> close\nclose -> done\n");
    rig_release(&r);
}

Test(session_graph, every_failure_goes_to_close)
{
    for (size_t i = 0; i < ROW_COUNT; i++) {
        struct rig r;
        char wanted[64];
        open_held(&r, &rows[i]);
        moves[0] = '\0';
        trace_set(2, note_move, NULL);
        session_fail(r.session, ERR_INTERNAL, "failed");
        rig_expect_end(&r, ERR_INTERNAL, rows[i].stage);
        trace_set(0, NULL, NULL);
        snprintf(wanted, sizeof wanted, "%s -> close\nclose -> done\n",
                 session_state_name(rows[i].state));
        cr_assert_str_eq(moves, wanted);
        rig_release(&r);
    }
}
