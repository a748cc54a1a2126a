/* SPDX-License-Identifier: MIT */
/* METHODS and AUTH: the probe, one credential after the other, the agent, and what is said then. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rig.h"

/* Opens a session to a server that greets. */
static void open_greeted(struct rig *r)
{
    server_greets(NULL);
    rig_open(r);
}

/* The server refuses the next `times` keys. */
static void refuse_keys(int times)
{
    fake_script(FAKE_PUBLICKEY, LIBSSH2_ERROR_AUTHENTICATION_FAILED, times);
}

/* --- Which credential ------------------------------------------------------------------------- */

Test(session_auth, none_probe_accepted)
{
    struct rig r;
    rig_init(&r);
    fake_ssh2.methods = "";
    open_greeted(&r);
    rig_expect_state(&r, SESSION_READY);
    cr_assert_str_eq(r.auth, "none");
    cr_assert_eq(fake_ssh2.calls[FAKE_PUBLICKEY], 0);
    rig_release(&r);
}

Test(session_auth, no_methods_and_no_reason_is_not_logged_in)
{
    struct rig r;
    rig_init(&r);
    fake_script(FAKE_USERAUTH_LIST, LIBSSH2_ERROR_NONE, 1);
    open_greeted(&r);
    rig_expect_end(&r, ERR_AUTH, STAGE_AUTH);
    cr_assert_eq(r.readies, 0);
    rig_release(&r);
}

Test(session_auth, refused_refused_accepted)
{
    struct rig r;
    rig_init(&r);
    rig_password(&r, "secret");
    refuse_keys(2);
    open_greeted(&r);
    rig_expect_state(&r, SESSION_READY);
    cr_assert_str_eq(r.auth, "password");
    cr_assert_eq(fake_ssh2.calls[FAKE_PUBLICKEY], 2);
    cr_assert_eq(fake_ssh2.calls[FAKE_PASSWORD], 1);
    cr_assert_null(r.services.preferred_key);
    rig_release(&r);
}

Test(session_auth, the_key_that_worked_is_remembered)
{
    struct rig r;
    unsigned char blob[FAKE_BLOB_SIZE];
    rig_init(&r);
    refuse_keys(1);
    open_greeted(&r);
    rig_expect_state(&r, SESSION_READY);
    fake_identity_blob(blob, "id_b");
    cr_assert_eq(r.services.preferred_key_size, sizeof blob);
    cr_assert_eq(memcmp(r.services.preferred_key, blob, sizeof blob), 0);
    rig_release(&r);
}

Test(session_auth, the_key_that_worked_elsewhere_comes_first)
{
    struct rig r;
    rig_init(&r);
    r.services.preferred_key = malloc(FAKE_BLOB_SIZE);
    r.services.preferred_key_size = FAKE_BLOB_SIZE;
    fake_identity_blob(r.services.preferred_key, "id_b");
    refuse_keys(1);
    open_greeted(&r);
    rig_expect_state(&r, SESSION_READY);
    unsigned char blob[FAKE_BLOB_SIZE];
    fake_identity_blob(blob, "id_a"); /* it was the second, and is the preferred one now */
    cr_assert_eq(memcmp(r.services.preferred_key, blob, sizeof blob), 0);
    rig_release(&r);
}

/* Opens a session with `count` keys in an agent and no files. */
static void open_with_agent_keys(struct rig *r, size_t count)
{
    static unsigned char blobs[10][FAKE_BLOB_SIZE];
    static char comments[10][24];
    static struct agent_key keys[10];
    for (size_t i = 0; i < count; i++) {
        fake_blob(blobs[i], (unsigned char)(1 + i));
        snprintf(comments[i], sizeof comments[i], "k%zu", i + 1);
        keys[i] = (struct agent_key){ blobs[i], FAKE_BLOB_SIZE, comments[i] };
    }
    r->settings.key.count = 0;
    rig_agent(r);
    open_greeted(r);
    rig_expect_state(r, SESSION_METHODS);
    fake_agent_answer_list(keys, count);
    fake_settle(r->loop);
}

Test(session_auth, five_keys_at_most)
{
    struct rig r;
    rig_init(&r);
    refuse_keys(10);
    open_with_agent_keys(&r, 7);
    for (int i = 0; i < 5; i++) {
        fake_agent_answer_sign("signature");
        fake_settle(r.loop);
    }
    rig_expect_end(&r, ERR_AUTH, STAGE_AUTH);
    cr_assert_eq(fake_agent.signs, 5);
    rig_expect_text(&r, "refused 5 keys (k1, k2, k3, k4, k5); the server accepts "
                        "publickey,password");
    rig_release(&r);
}

Test(session_auth, a_password_after_five_keys)
{
    struct rig r;
    rig_init(&r);
    rig_password(&r, "secret");
    refuse_keys(10);
    open_with_agent_keys(&r, 7);
    for (int i = 0; i < 5; i++) {
        fake_agent_answer_sign("signature");
        fake_settle(r.loop);
    }
    rig_expect_state(&r, SESSION_READY);
    cr_assert_str_eq(r.auth, "password");
    rig_release(&r);
}

Test(session_auth, all_refused)
{
    struct rig r;
    rig_init(&r);
    rig_password(&r, "secret");
    refuse_keys(2);
    fake_script(FAKE_PASSWORD, LIBSSH2_ERROR_AUTHENTICATION_FAILED, 1);
    open_greeted(&r);
    rig_expect_end(&r, ERR_AUTH, STAGE_AUTH);
    rig_expect_text(&r, "refused 2 keys (id_a, id_b) and the password; the server accepts "
                        "publickey,password");
    cr_assert_null(strstr(error_text(&r.error), "secret"));
    rig_release(&r);
}

Test(session_auth, nothing_to_offer)
{
    struct rig r;
    rig_init(&r);
    r.settings.key.count = 0;
    open_greeted(&r);
    rig_expect_end(&r, ERR_AUTH_NO_CREDENTIAL, STAGE_AUTH);
    rig_expect_text(&r, "no credential to offer; the server accepts publickey,password");
    rig_release(&r);
}

Test(session_auth, nothing_the_server_accepts)
{
    struct rig r;
    rig_init(&r);
    fake_ssh2.methods = "keyboard-interactive";
    rig_password(&r, "secret");
    open_greeted(&r);
    rig_expect_end(&r, ERR_AUTH_NO_CREDENTIAL, STAGE_AUTH);
    rig_expect_text(&r, "no credential of a kind that the server accepts; the server accepts "
                        "keyboard-interactive");
    rig_release(&r);
}

Test(session_auth, a_named_key_that_cannot_be_used_is_told)
{
    static const struct {
        const char *path;
        const char *text;
    } cases[] = {
        { "missing_x", "missing_x: no such file" },
        { "locked_x", "locked_x: needs an agent" },
        { "public_x", "public_x: needs an agent" },
    };
    for (size_t i = 0; i < 3; i++) {
        struct rig r;
        rig_init(&r);
        rig_keys(&r, cases[i].path, NULL);
        open_greeted(&r);
        rig_expect_end(&r, ERR_AUTH_NO_CREDENTIAL, STAGE_AUTH);
        cr_assert(strstr(error_text(&r.error), cases[i].text), "%s", error_text(&r.error));
        rig_release(&r);
    }
}

Test(session_auth, a_default_key_need_not_exist)
{
    static char *keys[] = { "missing_x", "id_a" };
    struct rig r;
    rig_init(&r);
    r.settings.key.items = keys;
    refuse_keys(1);
    open_greeted(&r);
    rig_expect_end(&r, ERR_AUTH, STAGE_AUTH);
    rig_expect_text(&r, "refused 1 key (id_a); the server accepts publickey,password");
    rig_release(&r);
}

Test(session_auth, a_key_file_that_cannot_sign)
{
    struct rig r;
    rig_init(&r);
    rig_keys(&r, "unable_x", "id_b");
    open_greeted(&r);
    rig_expect_state(&r, SESSION_READY);
    rig_release(&r);
    rig_init(&r);
    rig_keys(&r, "unable_x", NULL);
    open_greeted(&r);
    rig_expect_end(&r, ERR_AUTH, STAGE_AUTH);
    cr_assert(strstr(error_text(&r.error), "unable_x: cannot sign"), "%s", error_text(&r.error));
    rig_release(&r);
}

Test(session_auth, what_is_not_a_request_is_not_signed)
{
    struct rig r;
    rig_init(&r);
    r.target.info.user = "mallory";
    open_greeted(&r);
    rig_expect_end(&r, ERR_AUTH, STAGE_AUTH);
    cr_assert_eq(fake_identities.signs, 0);
    rig_release(&r);
}

Test(session_auth, password_expired)
{
    struct rig r;
    rig_init(&r);
    r.settings.key.count = 0;
    rig_password(&r, "old");
    fake_ssh2.password_expires = true;
    open_greeted(&r);
    rig_expect_end(&r, ERR_AUTH_PASSWORD_EXPIRED, STAGE_AUTH);
    rig_expect_text(&r, "the password has expired");
    rig_release(&r);
}

Test(session_auth, password_again)
{
    struct rig r;
    rig_init(&r);
    r.settings.key.count = 0;
    rig_password(&r, "secret");
    fake_script(FAKE_PASSWORD, LIBSSH2_ERROR_EAGAIN, 3);
    open_greeted(&r);
    for (int i = 0; i < 3; i++) {
        rig_expect_state(&r, SESSION_AUTH);
        server_says('D', 0, "wait");
        fake_settle(r.loop);
    }
    rig_expect_state(&r, SESSION_READY);
    cr_assert_eq(fake_ssh2.calls[FAKE_PASSWORD], 4);
    rig_release(&r);
}

Test(session_auth, disconnected_by_the_server)
{
    struct rig r;
    rig_init(&r);
    refuse_keys(1);
    fake_script(FAKE_PUBLICKEY, LIBSSH2_ERROR_EAGAIN, 1);
    open_greeted(&r);
    server_says('Q', 0, "Too many authentication\tfailures");
    rig_expect_end(&r, ERR_AUTH_CLOSED, STAGE_AUTH);
    rig_expect_text(&r, "authentication: Too many authentication failures");
    rig_release(&r);
}

Test(session_auth, each_attempt_is_a_turn_of_its_own)
{
    struct rig r;
    rig_init(&r);
    refuse_keys(2);
    server_greets(NULL);
    rig_open(&r);
    rig_expect_end(&r, ERR_AUTH, STAGE_AUTH);
    cr_assert_str_eq(r.stages, "dns connect handshake auth ");
    rig_release(&r);
}

/* --- The agent -------------------------------------------------------------------------------- */

Test(session_agent, is_slow)
{
    struct rig r;
    rig_init(&r);
    open_with_agent_keys(&r, 1);
    rig_expect_state(&r, SESSION_AUTH);
    cr_assert_str_eq(fake_agent.sign_algorithm, "ssh-ed25519");
    server_says('D', 0, "what is it?"); /* nothing is read meanwhile: it must not spin (law 6) */
    fake_advance(r.loop, CONNECT_US - 1);
    rig_expect_state(&r, SESSION_AUTH);
    fake_agent_answer_sign("signature");
    rig_expect_state(&r, SESSION_READY);
    cr_assert_eq(fake_agent.signs, 1);
    cr_assert_str_eq(r.auth, "publickey");
    rig_release(&r);
}

Test(session_agent, is_too_slow)
{
    struct rig r;
    rig_init(&r);
    open_with_agent_keys(&r, 1);
    fake_advance(r.loop, CONNECT_US);
    rig_expect_end(&r, ERR_AUTH_TIMEOUT, STAGE_AUTH);
    cr_assert_eq(fake_agent.abandoned, 1);
    rig_release(&r);
}

Test(session_agent, is_slow_to_list)
{
    struct rig r;
    rig_init(&r);
    rig_agent(&r);
    open_greeted(&r);
    rig_expect_state(&r, SESSION_METHODS);
    server_says('D', 0, "what is it?");
    rig_expect_state(&r, SESSION_METHODS); /* and does not spin */
    fake_agent_answer_list(NULL, 0);
    rig_expect_state(&r, SESSION_READY);
    cr_assert_eq(fake_agent.lists, 1);
    rig_release(&r);
}

Test(session_agent, cannot_list)
{
    struct rig r;
    rig_init(&r);
    r.settings.key.count = 0;
    rig_agent(&r);
    open_greeted(&r);
    fake_agent_fail("/agent: it closed the connection");
    rig_expect_end(&r, ERR_AUTH_NO_CREDENTIAL, STAGE_AUTH);
    rig_expect_text(&r, "no credential to offer; the server accepts publickey,password "
                        "(/agent: it closed the connection)");
    rig_release(&r);
}

Test(session_agent, cannot_list_but_there_are_files)
{
    struct rig r;
    rig_init(&r);
    rig_agent(&r);
    open_greeted(&r);
    fake_agent_fail("/agent: it closed the connection");
    rig_expect_state(&r, SESSION_READY);
    rig_release(&r);
}

Test(session_agent, refuses_to_sign)
{
    struct rig r;
    rig_init(&r);
    open_with_agent_keys(&r, 2);
    fake_agent_fail("/agent: refused");
    rig_expect_state(&r, SESSION_AUTH);
    fake_agent_answer_sign("signature");
    rig_expect_state(&r, SESSION_READY);
    rig_release(&r);
}

Test(session_agent, refuses_to_sign_with_the_only_key)
{
    struct rig r;
    rig_init(&r);
    open_with_agent_keys(&r, 1);
    fake_agent_fail("/agent: refused");
    rig_expect_end(&r, ERR_AUTH, STAGE_AUTH);
    cr_assert(strstr(error_text(&r.error), "/agent: refused"), "%s", error_text(&r.error));
    rig_release(&r);
}

Test(session_agent, cancelled_while_it_signs)
{
    struct rig r;
    rig_init(&r);
    open_with_agent_keys(&r, 1);
    session_fail(r.session, ERR_CANCELLED_BY_USER, "stopped");
    rig_expect_end(&r, ERR_CANCELLED_BY_USER, STAGE_AUTH);
    cr_assert_eq(fake_agent.abandoned, 1);
    rig_release(&r);
}

Test(session_agent, holds_what_a_file_names)
{
    static unsigned char blob[FAKE_BLOB_SIZE];
    struct rig r;
    rig_init(&r);
    rig_keys(&r, "locked_x", NULL);
    rig_agent(&r);
    fake_identity_blob(blob, "locked_x");
    open_greeted(&r);
    const struct agent_key key = { blob, sizeof blob, "work" };
    fake_agent_answer_list(&key, 1);
    rig_expect_state(&r, SESSION_AUTH);
    fake_agent_answer_sign("signature");
    rig_expect_state(&r, SESSION_READY);
    cr_assert_eq(fake_agent.signs, 1); /* once, though it is named and listed */
    rig_release(&r);
}

Test(session_agent, keys_libssh2_cannot_offer_are_left_out)
{
    struct rig r;
    rig_init(&r);
    r.settings.key.count = 0;
    rig_agent(&r);
    open_greeted(&r);
    const struct agent_key keys[] = { { (const unsigned char *)"junk", 4, "junk" },
                                      { NULL, 0, "empty" } };
    fake_agent_answer_list(keys, 2);
    rig_expect_end(&r, ERR_AUTH_NO_CREDENTIAL, STAGE_AUTH);
    rig_release(&r);
}
