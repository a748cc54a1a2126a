/* SPDX-License-Identifier: MIT */
/* muster with an ssh-agent: a good one, one that is not there, one that hangs and one that dies. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent_peer.h"
#include "base/base64.h"
#include "base/wire.h"
#include "files.h"
#include "fleet.h"
#include "report.h"
#include "run.h"

enum { HOSTS = 6 };

/* Some hosts of the fleet, for whom no key is named but what `more` says; HOME has none. */
static const char *inventory(const char *more)
{
    char *hosts = "";
    for (int i = 0; i < HOSTS; i++)
        hosts = text_of("%s%s\"h%d\": { \"address\": \"%s\" }", hosts, i ? ", " : "", i + 1,
                        fleet_address(i));
    return tmp_file("agent.json", text_of("{ \"defaults\": { \"user\": \"fleet\", \"port\": %s, %s "
                                          "\"known_hosts\": [\"%s\"] }, \"hosts\": { %s } }",
                                          fleet_port(), more, fleet_text("known_hosts"), hosts));
}

static const char *with_key(void)
{
    return inventory(text_of("\"key\": [\"%s\"],", fleet_text("key")));
}

static struct run run_with(const char *socket, const char *inventory_path)
{
    const char *env[] = { text_of("SSH_AUTH_SOCK=%s", socket), NULL };
    return RUN_WITH(&(struct proc_args){ .env = env }, inventory_path, "-a", "echo in");
}

/* All hosts failed to log in, and the message says what about the agent. */
static void expect_blame(const struct run *r, const char *socket, const char *what)
{
    run_expect(r, 4);
    cr_assert_eq(run_count(r, "auth"), HOSTS);
    const char *message = json_text_at(run_host(r, "h1"), "error.message");
    cr_assert(strstr(message, socket) && strstr(message, what), "%s", message);
}

/* Its first key is one that no server knows, its second an RSA key. */
Test(agent_run, logs_in_with_the_keys_of_the_agent)
{
    struct run r = run_with(fleet_text("agent"), inventory(""));
    run_expect(&r, 0);
    cr_assert_eq(run_count(&r, "ok"), HOSTS);
    cr_assert_str_eq(run_stdout(&r, "h6"), "in\n");
}

Test(agent_run, logs_in_on_dropbear)
{
    const char *env[] = { text_of("SSH_AUTH_SOCK=%s", fleet_text("agent")), NULL };
    const char *path = tmp_file(
        "dropbear.json",
        text_of("{ \"hosts\": { \"d\": { \"address\": \"%s\", \"user\": \"fleet\", \"port\": %s, "
                "\"known_hosts\": [\"%s\"] } } }",
                fleet_text("dropbear_address"), fleet_port(), fleet_text("known_hosts")));
    struct run r = RUN_WITH(&(struct proc_args){ .env = env }, path, "-a", "echo in");
    run_expect(&r, 0);
    cr_assert_str_eq(run_stdout(&r, "d"), "in\n");
}

Test(agent_run, nobody_there)
{
    const char *socket = tmp_path("nobody");
    struct run r = run_with(socket, inventory(""));
    expect_blame(&r, socket, "No such file or directory");
    r = run_with(socket, with_key());
    run_expect(&r, 0);
}

/* --- An agent that misbehaves, in a thread ---------------------------------------------------- */

struct bad_agent {
    struct agent_peer peer;
    pthread_t thread;
    void (*behave)(struct agent_peer *peer);
};

static void *run_agent(void *arg)
{
    struct bad_agent *bad = arg;
    agent_peer_accept(&bad->peer);
    bad->behave(&bad->peer);
    return NULL;
}

static void start_bad(struct bad_agent *bad, void (*behave)(struct agent_peer *))
{
    bad->behave = behave;
    agent_peer_start(&bad->peer);
    pthread_create(&bad->thread, NULL, run_agent, bad);
}

static void stop_bad(struct bad_agent *bad)
{
    pthread_join(bad->thread, NULL);
    agent_peer_stop(&bad->peer);
}

static void say_nothing(struct agent_peer *peer)
{
    agent_peer_read(peer);
}

static void die(struct agent_peer *peer)
{
    agent_peer_read(peer);
    agent_peer_hang_up(peer);
}

static void lie(struct agent_peer *peer)
{
    agent_peer_read(peer);
    agent_peer_reply(peer, "\x0c\0\0\0\7", 5);
}

/* Lists a key that every server knows, and is gone when it is to sign with it. */
static void die_signing(struct agent_peer *peer)
{
    char *text = file_read(text_of("%s.pub", fleet_text("key")), NULL);
    char *base64 = strchr(text, ' ') + 1;
    struct buf blob, message;
    buf_init(&blob, 1024);
    buf_init(&message, 1024);
    base64_decode(&blob, base64, strcspn(base64, " \n"));
    buf_add(&message, "\x0c\0\0\0\1", 5);
    wire_add_string(&message, blob.data, blob.size);
    wire_add_text(&message, "its comment");
    agent_peer_read(peer);
    agent_peer_reply(peer, message.data, message.size);
    agent_peer_read(peer);
    agent_peer_hang_up(peer);
    buf_release(&blob);
    buf_release(&message);
    free(text);
}

struct misbehaviour {
    void (*behave)(struct agent_peer *peer);
    const char *what;
};

static const struct misbehaviour misbehaviours[] = {
    { say_nothing, "did not answer within 5 s" },
    { die, "closed the connection" },
    { lie, "does not follow the protocol" },
};

Test(agent_run, dies_while_it_signs)
{
    struct bad_agent bad;
    start_bad(&bad, die_signing);
    struct run r = run_with(bad.peer.path, inventory(""));
    expect_blame(&r, bad.peer.path, "closed the connection");
    stop_bad(&bad);
}

static void expect_misbehaviour(const struct misbehaviour *m, bool has_key)
{
    struct bad_agent bad;
    start_bad(&bad, m->behave);
    struct run r = run_with(bad.peer.path, has_key ? with_key() : inventory(""));
    if (has_key)
        run_expect(&r, 0);
    else
        expect_blame(&r, bad.peer.path, m->what);
    stop_bad(&bad);
}

Test(agent_run, hangs_and_is_named)
{
    expect_misbehaviour(&misbehaviours[0], false);
}

Test(agent_run, hangs_and_a_key_file_does)
{
    expect_misbehaviour(&misbehaviours[0], true);
}

Test(agent_run, dies_or_lies_and_is_named)
{
    expect_misbehaviour(&misbehaviours[1], false);
    expect_misbehaviour(&misbehaviours[2], false);
}

Test(agent_run, dies_or_lies_and_a_key_file_does)
{
    expect_misbehaviour(&misbehaviours[1], true);
    expect_misbehaviour(&misbehaviours[2], true);
}
