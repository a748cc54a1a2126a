/* SPDX-License-Identifier: MIT */
/*
 * A real SSH server, by libssh, that goes wrong at one point. Everything before that point is as it
 * should be: any public key is accepted, and the password "secret".
 */
#include "fault.h"

#include <libssh/libssh.h>
#include <libssh/server.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BLOCK = 32000, FOREVER_S = 170 };

struct server {
    const char *way;
    int fd;
    ssh_session session;
    ssh_channel channel;
};

static bool is_way(const struct server *s, const char *way)
{
    return strcmp(s->way, way) == 0;
}

/* Alive, but deaf and mute. */
_Noreturn static void fall_silent(void)
{
    sleep(FOREVER_S);
    _exit(0);
}

_Noreturn static void vanish_with_reset(const struct server *s)
{
    fault_reset(s->fd);
    close(s->fd);
    _exit(0);
}

/* --- Authentication -------------------------------------------------------------------------- */

/* libssh has no call for SSH_MSG_USERAUTH_PASSWD_CHANGEREQ (RFC 4252, 8), but it shares number and
 * first fields with the keyboard-interactive request. */
static void ask_new_password(ssh_message message)
{
    static char echo[] = { 0 };
    const char *prompts[] = { "" };
    ssh_message_auth_interactive_request(message, "Your password has expired.", "", 0, prompts,
                                         echo);
}

static bool has_good_credential(ssh_message message)
{
    switch (ssh_message_subtype(message)) {
    case SSH_AUTH_METHOD_PASSWORD:
        return strcmp(ssh_message_auth_password(message), "secret") == 0;
    case SSH_AUTH_METHOD_PUBLICKEY:
        return ssh_message_auth_publickey_state(message) == SSH_PUBLICKEY_STATE_VALID;
    default:
        return false;
    }
}

static void refuse_auth(ssh_message message)
{
    ssh_message_auth_set_methods(message, SSH_AUTH_METHOD_PUBLICKEY | SSH_AUTH_METHOD_PASSWORD);
    ssh_message_reply_default(message);
}

static void send_banner(struct server *s)
{
#if LIBSSH_VERSION_INT >= SSH_VERSION_INT(0, 10, 0)
    ssh_string text = ssh_string_from_char("Only \x1b[31mauthorised\x1b[0m people.\n");
    ssh_send_issue_banner(s->session, text);
    ssh_string_free(text);
#else
    (void)s;
#endif
}

/* Answers one request; true once the client is in. */
static bool answer_auth(struct server *s, ssh_message message)
{
    int method = ssh_message_subtype(message);
    if (is_way(s, "auth_none") && method == SSH_AUTH_METHOD_NONE)
        return ssh_message_auth_reply_success(message, 0) == SSH_OK;
    if (is_way(s, "auth_banner") && method == SSH_AUTH_METHOD_NONE)
        send_banner(s);
    if (is_way(s, "auth_refuse") || method == SSH_AUTH_METHOD_NONE) {
        refuse_auth(message);
    } else if (is_way(s, "auth_silent")) {
        fall_silent();
    } else if (is_way(s, "auth_close")) {
        vanish_with_reset(s);
    } else if (is_way(s, "password_change")) {
        if (method == SSH_AUTH_METHOD_PASSWORD)
            ask_new_password(message);
        else
            refuse_auth(message);
    } else if (has_good_credential(message)) {
        return ssh_message_auth_reply_success(message, 0) == SSH_OK;
    } else if (method == SSH_AUTH_METHOD_PUBLICKEY &&
               ssh_message_auth_publickey_state(message) == SSH_PUBLICKEY_STATE_NONE) {
        ssh_message_auth_reply_pk_ok_simple(message);
    } else {
        refuse_auth(message);
    }
    return false;
}

static void authenticate(struct server *s)
{
    ssh_message message;
    bool done = false;
    while (!done && (message = ssh_message_get(s->session)) != NULL) {
        if (ssh_message_type(message) == SSH_REQUEST_AUTH)
            done = answer_auth(s, message);
        else
            ssh_message_reply_default(message);
        ssh_message_free(message);
    }
    if (!done)
        _exit(0);
}

/* --- Channel and command --------------------------------------------------------------------- */

static void answer_open(struct server *s, ssh_message message)
{
    if (is_way(s, "channel_silent"))
        fall_silent();
    if (is_way(s, "channel_close"))
        vanish_with_reset(s);
    if (is_way(s, "channel_refuse") || s->channel != NULL)
        ssh_message_reply_default(message);
    else
        s->channel = ssh_message_channel_request_open_reply_accept(message);
}

static void put(struct server *s, const char *text)
{
    ssh_channel_write(s->channel, text, (uint32_t)strlen(text));
}

/* As many bytes as the command's last word says, 1 GB where it says nothing. */
static void flood(struct server *s, const char *command, size_t step, bool to_stderr)
{
    char block[BLOCK];
    const char *word = strrchr(command, ' ');
    long long left = word != NULL ? strtoll(word, NULL, 10) : 0;
    if (left <= 0)
        left = 1000000000;
    memset(block, 'x', sizeof block);
    block[sizeof block - 1] = '\n';
    for (; left > 0; left -= (long long)step) {
        size_t n = left < (long long)step ? (size_t)left : step;
        int done = to_stderr ? ssh_channel_write_stderr(s->channel, block, (uint32_t)n)
                             : ssh_channel_write(s->channel, block, (uint32_t)n);
        if (done == SSH_ERROR)
            _exit(0);
    }
}

static void end_command(struct server *s, int status)
{
    ssh_channel_request_send_exit_status(s->channel, status);
    ssh_channel_send_eof(s->channel);
    ssh_channel_close(s->channel);
}

/* The command was accepted; what follows is the fault. */
static void run_command(struct server *s, const char *command)
{
    int status = 0;
    if (is_way(s, "no_status")) {
        put(s, "done?\n");
        ssh_channel_send_eof(s->channel);
        ssh_channel_close(s->channel);
        return;
    }
    if (is_way(s, "exit_signal")) {
        put(s, "dying\n");
        ssh_channel_request_send_exit_signal(s->channel, "SEGV", 1, "core dumped", "en");
        ssh_channel_send_eof(s->channel);
        ssh_channel_close(s->channel);
        return;
    }
    if (is_way(s, "no_close")) {
        put(s, "done\n");
        ssh_channel_request_send_exit_status(s->channel, 0);
        ssh_channel_send_eof(s->channel);
        fall_silent();
    }
    if (is_way(s, "flood_stdout") || is_way(s, "flood_stderr")) {
        flood(s, command, BLOCK, is_way(s, "flood_stderr"));
    } else if (is_way(s, "one_byte")) {
        flood(s, command, 1, false);
    } else {
        put(s, "started\n");
    }
    if (is_way(s, "stall"))
        fall_silent();
    if (is_way(s, "midway_reset") || is_way(s, "midway_close")) {
        usleep(100000);
        if (is_way(s, "midway_reset"))
            fault_reset(s->fd);
        shutdown(s->fd, SHUT_WR);
        close(s->fd);
        _exit(0);
    }
    if (is_way(s, "exit_300"))
        status = 300;
    else if (strncmp(command, "exit ", 5) == 0)
        status = (int)strtol(command + 5, NULL, 10);
    end_command(s, status);
    if (is_way(s, "exit_close")) {
        shutdown(s->fd, SHUT_WR);
        _exit(0);
    }
}

static void answer_exec(struct server *s, ssh_message message)
{
    if (is_way(s, "exec_silent"))
        fall_silent();
    if (is_way(s, "exec_reset"))
        vanish_with_reset(s);
    if (is_way(s, "exec_refuse")) {
        ssh_message_reply_default(message);
        return;
    }
    char *command = strdup(ssh_message_channel_request_command(message));
    ssh_message_channel_request_reply_success(message);
    run_command(s, command);
    free(command);
}

static void serve_requests(struct server *s)
{
    ssh_message message;
    while ((message = ssh_message_get(s->session)) != NULL) {
        int type = ssh_message_type(message), kind = ssh_message_subtype(message);
        if (type == SSH_REQUEST_CHANNEL_OPEN && kind == SSH_CHANNEL_SESSION)
            answer_open(s, message);
        else if (type == SSH_REQUEST_CHANNEL && kind == SSH_CHANNEL_REQUEST_EXEC)
            answer_exec(s, message);
        else
            ssh_message_reply_default(message);
        ssh_message_free(message);
    }
}

void fault_ssh(int fd, const struct fault *self)
{
    struct server s = { .way = self->text, .fd = fd };
    ssh_bind acceptor = ssh_bind_new();
    s.session = ssh_new();
    ssh_bind_options_set(acceptor, SSH_BIND_OPTIONS_HOSTKEY, fault_host_key);
    if (ssh_bind_accept_fd(acceptor, s.session, fd) != SSH_OK ||
        ssh_handle_key_exchange(s.session) != SSH_OK) {
        fprintf(stderr, "%s: %s / %s\n", self->name, ssh_get_error(acceptor),
                ssh_get_error(s.session));
        _exit(0);
    }
    authenticate(&s);
    serve_requests(&s);
    _exit(0);
}
