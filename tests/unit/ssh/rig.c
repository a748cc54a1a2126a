/* SPDX-License-Identifier: MIT */
#include "rig.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/options.h"

/* Linked in with -fsanitize=address only. */
int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

static void on_stage(void *arg, enum stage stage)
{
    struct rig *r = arg;
    size_t used = strlen(r->stages);
    snprintf(r->stages + used, sizeof r->stages - used, "%s ", stage_word(stage));
}

static void on_auth(void *arg, const char *method)
{
    struct rig *r = arg;
    cr_assert_str_eq(r->auth, "", "authenticated twice");
    snprintf(r->auth, sizeof r->auth, "%s", method);
}

static void on_note(void *arg, enum severity severity, const char *text)
{
    struct rig *r = arg;
    (void)severity;
    snprintf(r->note, sizeof r->note, "%s", text);
    if (r->fails_on_note)
        session_fail(r->session, ERR_CANCELLED_BY_USER, "cancelled");
}

static void on_ready(void *arg)
{
    struct rig *r = arg;
    r->readies++;
    if (r->finishes_on_ready)
        session_finish(r->session);
}

static void on_closed(void *arg)
{
    struct rig *r = arg;
    r->closes++;
    r->left_from = session_state(r->session);
    r->error_stage = session_error_stage(r->session);
    r->wants_other_types = session_wants_other_types(r->session);
    error_copy(&r->error, session_error(r->session));
    if (r->keeps_closed)
        return;
    session_free(r->session);
    r->session = NULL;
}

/* The settings that matter to a session. */
static void init_settings(struct rig *r)
{
    static char *keys[] = { "id_a", "id_b" };
    static char *files[] = { "known" };
    r->arena = arena_new();
    settings_init(&r->settings, r->arena);
    r->settings.connect_timeout.us = CONNECT_US;
    r->settings.key = (struct path_list){ .items = keys, .count = 2 };
    r->settings.known_hosts = (struct path_list){ .items = files, .count = 1 };
    r->settings.host_key_check = HOST_KEY_CHECK_STRICT;
    r->settings.no_remote_kill = false;
    r->target.settings = &r->settings;
    r->target.info =
        (struct host_info){ .name = "web1", .address = "192.0.2.1", .port = 22, .user = "alice" };
}

void rig_init(struct rig *r)
{
    struct error err = ERROR_INIT;
    *r = (struct rig){ .closes = 0 };
    fake_ssh2_reset();
    wire_reset();
    fake_dial = (struct fake_dial){ .is_instant = true };
    fake_known_hosts = (struct fake_known_hosts){ .verdict = KNOWN_HOSTS_MATCH };
    fake_agent = (struct fake_agent){ 0 };
    fake_identities = (struct fake_identities){ 0 };
    fake_input = (struct fake_input){ 0 };
    fake_dns = (struct fake_dns){ .is_instant = true, .address = "192.0.2.1" };
    cr_assert(loop_new(&r->loop, &err));
    init_settings(r);
    r->services = (struct ssh_services){ .loop = r->loop,
                                         .dns = dns_new(r->loop),
                                         .identities = identity_store_new(),
                                         .gate = &r->gate,
                                         .rate = &r->rate };
}

void rig_name(struct rig *r, const char *address)
{
    r->target.info.address = address;
}

void rig_keys(struct rig *r, const char *first, const char *second)
{
    const struct option_row *row = options_by_key(AT_HOST, "key");
    const struct source source = { .kind = SOURCE_COMMAND_LINE, .text = "--key" };
    struct layer layer;
    struct error err = ERROR_INIT;
    r->settings.key = (struct path_list){ .count = 0 };
    layer_init(&layer, r->arena);
    cr_assert(layer_add_text(&layer, row, first, &source, &err), "%s", error_text(&err));
    if (second)
        cr_assert(layer_add_text(&layer, row, second, &source, &err));
    settings_apply(&r->settings, &layer);
}

void rig_password(struct rig *r, const char *password)
{
    r->target.password = secret_new(password, strlen(password));
}

void rig_agent(struct rig *r)
{
    r->services.agent = fake_agent_new();
}

void rig_open(struct rig *r)
{
    const struct session_args args = {
        .services = &r->services,
        .target = &r->target,
        .listener = { on_stage, on_auth, on_note, on_ready, on_closed, r },
        .started_at_us = r->started_at_us,
        .asks_all_types = r->asks_all_types,
    };
    r->session = session_open(&args);
    fake_settle(r->loop);
}

void rig_open_ready(struct rig *r)
{
    server_greets(NULL);
    rig_open(r);
    rig_expect_state(r, SESSION_READY);
}

void rig_expect_state(struct rig *r, enum session_state state)
{
    fake_settle(r->loop);
    if (state == SESSION_DONE) {
        cr_assert_eq(r->closes, 1);
        return;
    }
    cr_assert_eq(r->closes, 0, "closed: %s", error_text(&r->error));
    cr_assert_str_eq(session_state_name(session_state(r->session)), session_state_name(state));
}

void rig_expect_end(struct rig *r, enum error_code code, enum stage stage)
{
    fake_settle(r->loop);
    cr_assert_eq(r->closes, 1, "on_closed came %d times", r->closes);
    cr_assert_eq(r->left_from, SESSION_DONE);
    cr_assert_str_eq(error_word(r->error.code), error_word(code), "%s", error_text(&r->error));
    if (code != ERR_NONE)
        cr_assert_str_eq(stage_word(r->error_stage), stage_word(stage));
    cr_assert_eq(wire.opened, wire.closed, "the transport is still open");
}

void rig_expect_text(const struct rig *r, const char *text)
{
    cr_assert_str_eq(error_text(&r->error), text);
}

/* Ends a session that a test left open. */
static void close_session(struct rig *r)
{
    r->keeps_closed = false;
    if (r->session && r->closes == 0)
        session_fail(r->session, ERR_INTERNAL, "the test is over");
    fake_settle(r->loop);
    fake_advance(r->loop, 20 * CONNECT_US);
    cr_assert_eq(r->closes, 1, "on_closed came %d times", r->closes);
    if (r->session)
        session_free(r->session);
    r->session = NULL;
}

void rig_release(struct rig *r)
{
    close_session(r);
    cr_assert_eq(wire.opened, wire.closed);
    cr_assert_eq(fake_dial.under_way, 0);
    cr_assert_eq(fake_ssh2.sessions, 0);
    dns_free(r->services.dns);
    identity_store_free(r->services.identities);
    agent_close(r->services.agent);
    free(r->services.preferred_key);
    secret_free(r->target.password);
    error_release(&r->error);
    arena_free(r->arena);
    loop_free(r->loop);
    wire_reset();
    if (__lsan_do_recoverable_leak_check)
        cr_assert_eq(__lsan_do_recoverable_leak_check(), 0, "memory leaks");
}
