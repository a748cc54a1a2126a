/* SPDX-License-Identifier: MIT */
/* RESOLVE to HOSTKEY in detail: addresses, hostile greetings, and whose key it is. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "rig.h"

/* --- RESOLVE and CONNECT ---------------------------------------------------------------------- */

Test(session_entry, numeric_addresses_ask_nobody)
{
    static const char *const addresses[] = { "192.0.2.1", "2001:db8::1", "::1" };
    for (size_t i = 0; i < 3; i++) {
        struct rig r;
        rig_init(&r);
        rig_name(&r, addresses[i]);
        rig_open(&r);
        rig_expect_state(&r, SESSION_HANDSHAKE);
        cr_assert_eq(fake_dns.asked, 0);
        cr_assert_str_eq(session_address(r.session), addresses[i]);
        rig_release(&r);
    }
}

Test(session_entry, a_known_name_is_answered_at_once)
{
    struct rig r;
    rig_init(&r);
    rig_name(&r, NULL); /* then it is the host's own name */
    rig_open(&r);
    rig_expect_state(&r, SESSION_HANDSHAKE);
    cr_assert_eq(fake_dns.asked, 1);
    cr_assert_str_eq(session_address(r.session), "192.0.2.1");
    rig_release(&r);
}

Test(session_entry, a_name_that_is_known_to_fail)
{
    struct rig r;
    rig_init(&r);
    rig_name(&r, "web1.example");
    fake_dns.error = "No such host";
    rig_open(&r);
    rig_expect_end(&r, ERR_DNS, STAGE_DNS);
    rig_expect_text(&r, "web1.example: No such host");
    rig_release(&r);
}

Test(session_entry, a_name_without_addresses)
{
    struct rig r;
    rig_init(&r);
    rig_name(&r, "web1.example");
    fake_dns.address = NULL;
    rig_open(&r);
    rig_expect_end(&r, ERR_DNS, STAGE_DNS);
    rig_expect_text(&r, "web1.example: no address");
    rig_release(&r);
}

Test(session_entry, refused)
{
    struct rig r;
    rig_init(&r);
    fake_dial.is_instant = false;
    rig_open(&r);
    fake_dial_fail("Connection refused");
    rig_expect_end(&r, ERR_CONNECT, STAGE_CONNECT);
    rig_expect_text(&r, "Connection refused");
    rig_release(&r);
}

Test(session_entry, no_limit)
{
    struct rig r;
    rig_init(&r);
    r.settings.connect_timeout.us = 0;
    rig_open(&r);
    fake_advance(r.loop, 1000 * CONNECT_US);
    rig_expect_state(&r, SESSION_HANDSHAKE);
    rig_release(&r);
}

Test(session_entry, an_earlier_attempt_counts)
{
    struct rig r;
    rig_init(&r);
    fake_advance(r.loop, CONNECT_US);
    r.started_at_us = clock_monotonic_us() - CONNECT_US + 5;
    rig_open(&r);
    fake_advance(r.loop, 4);
    rig_expect_state(&r, SESSION_HANDSHAKE);
    fake_advance(r.loop, 1);
    rig_expect_end(&r, ERR_HANDSHAKE_TIMEOUT, STAGE_HANDSHAKE);
    rig_release(&r);
}

/* --- HANDSHAKE -------------------------------------------------------------------------------- */

/* A server that says this and closes ends the session thus. */
static void expect_answer(const char *said, enum error_code code, const char *text)
{
    struct rig r;
    rig_init(&r);
    wire_put(said, strlen(said));
    wire.is_at_end = true;
    rig_open(&r);
    rig_expect_end(&r, code, STAGE_HANDSHAKE);
    cr_assert(strstr(error_text(&r.error), text), "%s: %s", said, error_text(&r.error));
    rig_release(&r);
}

Test(session_greeting, hostile)
{
    expect_answer("", ERR_CLOSED_EARLY, "the server closed the connection before the key exchange");
    expect_answer("SSH-2.0-x\r\n", ERR_CLOSED_EARLY, "during the key exchange");
    expect_answer("SSH-2.0-x", ERR_NOT_SSH, "SSH-2.0-x");
    expect_answer("SSH-1.5-old\r\n", ERR_NOT_SSH, "the server speaks SSH-1.5-old, not SSH 2");
    expect_answer("HTTP/1.1 400 Bad Request\r\n\r\n", ERR_NOT_SSH, "HTTP/1.1 400 Bad Request");
    expect_answer("Exceeded MaxStartups\r\n", ERR_NOT_SSH, "Exceeded MaxStartups");
    expect_answer("\x1b[2Jx\r\n", ERR_NOT_SSH, "\"?[2Jx\"");
}

Test(session_greeting, ssh1_is_told_before_it_closes)
{
    struct rig r;
    rig_init(&r);
    wire_put("SSH-1.5-old\r\n", 13);
    rig_open(&r);
    rig_expect_end(&r, ERR_NOT_SSH, STAGE_HANDSHAKE);
    rig_release(&r);
}

Test(session_greeting, endless_banner)
{
    struct rig r;
    rig_init(&r);
    for (int i = 0; i < 100000; i++)
        wire_put("welcome\r\n", 9);
    rig_open(&r);
    rig_expect_end(&r, ERR_NOT_SSH, STAGE_HANDSHAKE);
    cr_assert_gt(wire.in.size, 880000, "it read on");
    rig_release(&r);
}

Test(session_greeting, lines_before_it)
{
    struct rig r;
    rig_init(&r);
    wire_put("motd\r\n\r\nmore\n", 13);
    rig_open_ready(&r);
    rig_release(&r);
}

Test(session_greeting, one_byte_at_a_time)
{
    struct rig r;
    struct buf all;
    rig_init(&r);
    wire_put("motd\r\n", 6);
    server_greets(NULL);
    buf_init(&all, 1 << 16);
    buf_add(&all, wire.in.data, wire.in.size);
    buf_clear(&wire.in);
    rig_open(&r);
    for (size_t i = 0; i < all.size; i++) {
        rig_expect_state(&r, SESSION_HANDSHAKE);
        wire_put(all.data + i, 1);
        fake_settle(r.loop);
    }
    rig_expect_state(&r, SESSION_READY);
    buf_release(&all);
    rig_release(&r);
}

Test(session_greeting, no_common_algorithm)
{
    struct rig r;
    unsigned char packet[1024];
    rig_init(&r);
    size_t size = kexinit_packet("sntrup761x25519-sha512", packet, sizeof packet);
    wire_put("SSH-2.0-new\r\n", 13);
    wire_put(packet, size);
    fake_script(FAKE_HANDSHAKE, FAKE_GOOD, 1); /* takes them in */
    fake_script(FAKE_HANDSHAKE, LIBSSH2_ERROR_KEX_FAILURE, 1);
    rig_open(&r);
    server_says('D', 0, "");
    rig_expect_end(&r, ERR_NO_COMMON_ALGORITHM, STAGE_HANDSHAKE);
    rig_expect_text(&r, "no common key exchange: the server offers sntrup761x25519-sha512; "
                        "libssh2 1.10.0 has curve25519-sha256");
    rig_release(&r);
}

Test(session_greeting, no_memory)
{
    struct rig r;
    rig_init(&r);
    fake_script(FAKE_INIT, 1, 1);
    rig_open(&r);
    rig_expect_end(&r, ERR_MEMORY, STAGE_HANDSHAKE);
    rig_release(&r);
}

Test(session_greeting, a_list_libssh2_does_not_take)
{
    struct rig r;
    rig_init(&r);
    fake_script(FAKE_METHOD_PREF, FAKE_GOOD, 3);
    fake_script(FAKE_METHOD_PREF, LIBSSH2_ERROR_METHOD_NOT_SUPPORTED, 1);
    rig_open(&r);
    rig_expect_end(&r, ERR_NO_COMMON_ALGORITHM, STAGE_HANDSHAKE);
    cr_assert_eq(fake_ssh2.calls[FAKE_HANDSHAKE], 0, "fail closed");
    rig_release(&r);
}

Test(session_greeting, disconnect_text)
{
    struct rig r;
    char text[300];
    rig_init(&r);
    memset(text, 'x', sizeof text);
    wire_put("SSH-2.0-x\r\n\0\0\0\0", 15);
    server_sends('Q', 0, text, sizeof text);
    rig_open(&r);
    rig_expect_end(&r, ERR_CLOSED_EARLY, STAGE_HANDSHAKE);
    cr_assert_lt(strlen(error_text(&r.error)), 250);
    rig_release(&r);
}

/* --- HOSTKEY ---------------------------------------------------------------------------------- */

struct verdict_row {
    enum known_hosts_verdict verdict;
    enum host_key_check check;
    enum error_code code; /* ERR_NONE: goes on */
    const char *text;     /* of the error, or of the note */
};

static const struct verdict_row verdicts[] = {
    { KNOWN_HOSTS_MATCH, HOST_KEY_CHECK_STRICT, ERR_NONE, "" },
    { KNOWN_HOSTS_MATCH, HOST_KEY_CHECK_ASK, ERR_NONE, "" },
    { KNOWN_HOSTS_MATCH, HOST_KEY_CHECK_ACCEPT_NEW, ERR_NONE, "" },
    { KNOWN_HOSTS_MATCH, HOST_KEY_CHECK_OFF, ERR_NONE, "" },
    { KNOWN_HOSTS_UNKNOWN, HOST_KEY_CHECK_STRICT, ERR_HOST_KEY_UNKNOWN,
      "UNKNOWN: offered SHA256:offered" },
    { KNOWN_HOSTS_UNKNOWN, HOST_KEY_CHECK_ASK, ERR_HOST_KEY_UNKNOWN,
      "UNKNOWN: offered SHA256:offered" },
    { KNOWN_HOSTS_UNKNOWN, HOST_KEY_CHECK_AUTO, ERR_HOST_KEY_UNKNOWN,
      "UNKNOWN: offered SHA256:offered" },
    { KNOWN_HOSTS_UNKNOWN, HOST_KEY_CHECK_ACCEPT_NEW, ERR_NONE,
      "recorded a new host key: SHA256:offered" },
    { KNOWN_HOSTS_UNKNOWN, HOST_KEY_CHECK_OFF, ERR_NONE, "" },
    { KNOWN_HOSTS_CHANGED, HOST_KEY_CHECK_STRICT, ERR_HOST_KEY_CHANGED,
      "CHANGED: known SHA256:recorded (known:7), offered SHA256:offered" },
    { KNOWN_HOSTS_CHANGED, HOST_KEY_CHECK_ASK, ERR_HOST_KEY_CHANGED,
      "CHANGED: known SHA256:recorded (known:7), offered SHA256:offered" },
    { KNOWN_HOSTS_CHANGED, HOST_KEY_CHECK_ACCEPT_NEW, ERR_HOST_KEY_CHANGED,
      "CHANGED: known SHA256:recorded (known:7), offered SHA256:offered" },
    { KNOWN_HOSTS_CHANGED, HOST_KEY_CHECK_OFF, ERR_NONE, "" },
    { KNOWN_HOSTS_REVOKED, HOST_KEY_CHECK_STRICT, ERR_HOST_KEY_REVOKED,
      "REVOKED: offered SHA256:offered (known:7)" },
    { KNOWN_HOSTS_REVOKED, HOST_KEY_CHECK_ASK, ERR_HOST_KEY_REVOKED,
      "REVOKED: offered SHA256:offered (known:7)" },
    { KNOWN_HOSTS_REVOKED, HOST_KEY_CHECK_ACCEPT_NEW, ERR_HOST_KEY_REVOKED,
      "REVOKED: offered SHA256:offered (known:7)" },
    { KNOWN_HOSTS_REVOKED, HOST_KEY_CHECK_OFF, ERR_NONE, "" },
};

/* Opens a session under a verdict and a policy. */
static void open_judged(struct rig *r, const struct verdict_row *row)
{
    rig_init(r);
    fake_known_hosts.verdict = row->verdict;
    r->settings.host_key_check = row->check;
    server_greets(NULL);
    rig_open(r);
}

Test(session_hostkey, every_verdict_under_every_policy)
{
    for (size_t i = 0; i < sizeof verdicts / sizeof *verdicts; i++) {
        const struct verdict_row *row = &verdicts[i];
        struct rig r;
        open_judged(&r, row);
        if (row->code != ERR_NONE) {
            rig_expect_end(&r, row->code, STAGE_HANDSHAKE);
            rig_expect_text(&r, row->text);
            cr_assert_eq(fake_ssh2.calls[FAKE_USERAUTH_LIST], 0);
        } else {
            rig_expect_state(&r, SESSION_READY);
            cr_assert_str_eq(r.note, row->text);
        }
        cr_assert_eq(fake_known_hosts.added, row->check == HOST_KEY_CHECK_ACCEPT_NEW &&
                                                 row->verdict == KNOWN_HOSTS_UNKNOWN);
        rig_release(&r);
    }
}

Test(session_hostkey, accept_new_cannot_record)
{
    static const struct verdict_row row = { KNOWN_HOSTS_UNKNOWN, HOST_KEY_CHECK_ACCEPT_NEW,
                                            ERR_HOST_KEY_FILE, NULL };
    struct rig r;
    rig_init(&r);
    fake_known_hosts.verdict = row.verdict;
    fake_known_hosts.add_fails = true;
    r.settings.host_key_check = row.check;
    server_greets(NULL);
    rig_open(&r);
    rig_expect_end(&r, ERR_HOST_KEY_FILE, STAGE_HANDSHAKE);
    rig_expect_text(&r, "known: cannot be written");
    rig_release(&r);
}

Test(session_hostkey, accept_new_has_no_file)
{
    struct rig r;
    rig_init(&r);
    fake_known_hosts.verdict = KNOWN_HOSTS_UNKNOWN;
    r.settings.host_key_check = HOST_KEY_CHECK_ACCEPT_NEW;
    r.settings.known_hosts.count = 0;
    server_greets(NULL);
    rig_open(&r);
    rig_expect_end(&r, ERR_HOST_KEY_FILE, STAGE_HANDSHAKE);
    rig_release(&r);
}

Test(session_hostkey, accept_new_is_overtaken)
{
    struct rig r;
    rig_init(&r);
    fake_known_hosts.verdict = KNOWN_HOSTS_UNKNOWN;
    fake_known_hosts.added_verdict = KNOWN_HOSTS_CHANGED;
    r.settings.host_key_check = HOST_KEY_CHECK_ACCEPT_NEW;
    server_greets(NULL);
    rig_open(&r);
    rig_expect_end(&r, ERR_HOST_KEY_CHANGED, STAGE_HANDSHAKE);
    rig_release(&r);
}

Test(session_hostkey, there_is_none)
{
    struct rig r;
    rig_init(&r);
    fake_script(FAKE_HOSTKEY, 1, 1);
    server_greets(NULL);
    rig_open(&r);
    rig_expect_end(&r, ERR_HANDSHAKE, STAGE_HANDSHAKE);
    rig_release(&r);
}

Test(session_hostkey, is_kept_for_the_owner)
{
    struct rig r;
    size_t size = 0;
    rig_init(&r);
    r.keeps_closed = true;
    fake_known_hosts.verdict = KNOWN_HOSTS_UNKNOWN;
    server_greets(NULL);
    rig_open(&r);
    rig_expect_end(&r, ERR_HOST_KEY_UNKNOWN, STAGE_HANDSHAKE);
    const unsigned char *key = session_host_key(r.session, &size);
    cr_assert_eq(size, strlen("the server's host key"));
    cr_assert_eq(memcmp(key, "the server's host key", size), 0);
    rig_release(&r);
}

Test(session_hostkey, another_type_is_worth_another_session)
{
    for (int thorough = 0; thorough < 2; thorough++) {
        struct rig r;
        rig_init(&r);
        r.asks_all_types = thorough;
        fake_known_hosts.verdict = KNOWN_HOSTS_CHANGED;
        fake_known_hosts.is_other_type_only = true;
        server_greets(NULL);
        rig_open(&r);
        rig_expect_end(&r, ERR_HOST_KEY_CHANGED, STAGE_HANDSHAKE);
        cr_assert_eq(fake_known_hosts.effort, thorough ? KNOWN_HOSTS_THOROUGH : KNOWN_HOSTS_QUICK);
        cr_assert_eq(r.wants_other_types, !thorough);
        rig_release(&r);
    }
}

Test(session_hostkey, cancelled_from_within)
{
    struct rig r;
    rig_init(&r);
    r.fails_on_note = true;
    fake_known_hosts.verdict = KNOWN_HOSTS_UNKNOWN;
    r.settings.host_key_check = HOST_KEY_CHECK_ACCEPT_NEW;
    server_greets(NULL);
    rig_open(&r);
    rig_expect_end(&r, ERR_CANCELLED_BY_USER, STAGE_HANDSHAKE);
    cr_assert_eq(fake_ssh2.calls[FAKE_PUBLICKEY], 0);
    rig_release(&r);
}
