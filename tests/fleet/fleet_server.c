/* SPDX-License-Identifier: MIT */
/*
 * One process that stands for thousands of hosts: for measuring muster, not SSH servers.
 *
 *   fleet_server ADDRESS PORT HOSTKEY
 *
 * With ADDRESS 0.0.0.0, inside a network namespace, it answers for all of 127.0.0.0/8. Any public
 * key is accepted, and the password "secret". It runs no shell: a command's reply is its own
 * address, then `exit N` ends with N, `sleep MS` takes its time, `print N` prints N bytes (as many
 * as the client's window takes: nothing waits here); anything else ends with 0.
 *
 * One epoll set; libssh is asked to look at a session only when its socket has something.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <libssh/callbacks.h>
#include <libssh/libssh.h>
#include <libssh/server.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { EVENTS = 256, BLOCK = 32000, MS_PER_S = 1000 };

struct connection {
    ssh_session session;
    ssh_event event; /* holds this one session, so that a look costs the same with any number */
    ssh_channel channel;
    bool has_keys; /* the key exchange is over */
    char *command; /* accepted, not yet answered */
    int64_t due_ms;
    struct connection *next; /* among those that sleep */
    struct ssh_server_callbacks_struct server;
    struct ssh_channel_callbacks_struct on_channel;
};

static struct connection *sleepers;

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * MS_PER_S + t.tv_nsec / 1000000;
}

static void fail(const char *what)
{
    fprintf(stderr, "fleet_server: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* --- What libssh asks ------------------------------------------------------------------------ */

static int on_password(ssh_session session, const char *user, const char *password, void *arg)
{
    (void)session, (void)user, (void)arg;
    return strcmp(password, "secret") == 0 ? SSH_AUTH_SUCCESS : SSH_AUTH_DENIED;
}

static int on_key(ssh_session session, const char *user, struct ssh_key_struct *key, char state,
                  void *arg)
{
    (void)session, (void)user, (void)key, (void)arg;
    return state == SSH_PUBLICKEY_STATE_WRONG ? SSH_AUTH_DENIED : SSH_AUTH_SUCCESS;
}

/* Only remembers: an answer from here would overtake libssh's "request accepted". */
static int on_exec(ssh_session session, ssh_channel channel, const char *command, void *arg)
{
    struct connection *c = arg;
    (void)session, (void)channel;
    free(c->command);
    c->command = strdup(command);
    return 0;
}

static ssh_channel on_open(ssh_session session, void *arg)
{
    struct connection *c = arg;
    if (c->channel != NULL)
        return NULL;
    c->channel = ssh_channel_new(session);
    c->on_channel =
        (struct ssh_channel_callbacks_struct){ .userdata = c,
                                               .channel_exec_request_function = on_exec };
    ssh_callbacks_init(&c->on_channel);
    ssh_set_channel_callbacks(c->channel, &c->on_channel);
    return c->channel;
}

/* --- Commands -------------------------------------------------------------------------------- */

/* The address that the client called. */
static void print_address(struct connection *c)
{
    struct sockaddr_in a;
    socklen_t size = sizeof a;
    char text[INET_ADDRSTRLEN + 1] = "?";
    if (getsockname(ssh_get_fd(c->session), (struct sockaddr *)&a, &size) == 0)
        inet_ntop(AF_INET, &a.sin_addr, text, INET_ADDRSTRLEN);
    text[strlen(text) + 1] = '\0';
    text[strlen(text)] = '\n';
    ssh_channel_write(c->channel, text, (uint32_t)strlen(text));
}

static void print_bytes(struct connection *c, long count)
{
    char block[BLOCK];
    memset(block, 'x', sizeof block);
    for (; count > 0; count -= BLOCK)
        if (ssh_channel_write(c->channel, block, count < BLOCK ? (uint32_t)count : BLOCK) < 0)
            return;
}

static void answer(struct connection *c)
{
    int status = 0;
    print_address(c);
    if (strncmp(c->command, "print ", 6) == 0)
        print_bytes(c, strtol(c->command + 6, NULL, 10));
    if (strncmp(c->command, "exit ", 5) == 0)
        status = (int)strtol(c->command + 5, NULL, 10);
    free(c->command);
    c->command = NULL;
    ssh_channel_request_send_exit_status(c->channel, status);
    ssh_channel_send_eof(c->channel);
    ssh_channel_close(c->channel);
}

/* Answers at once, or goes to the sleepers. */
static void start_command(struct connection *c)
{
    if (strncmp(c->command, "sleep ", 6) != 0) {
        answer(c);
    } else if (c->due_ms == 0) {
        c->due_ms = now_ms() + strtol(c->command + 6, NULL, 10);
        c->next = sleepers;
        sleepers = c;
    }
}

static void wake_sleepers(void)
{
    int64_t now = now_ms();
    for (struct connection **at = &sleepers; *at != NULL;) {
        struct connection *c = *at;
        if (c->due_ms > now) {
            at = &c->next;
            continue;
        }
        *at = c->next;
        c->due_ms = 0;
        answer(c);
    }
}

/* --- Connections ----------------------------------------------------------------------------- */

static void forget_sleeper(struct connection *c)
{
    for (struct connection **at = &sleepers; *at != NULL; at = &(*at)->next)
        if (*at == c) {
            *at = c->next;
            return;
        }
}

static void drop(struct connection *c)
{
    if (c->due_ms != 0)
        forget_sleeper(c);
    if (c->has_keys)
        ssh_event_remove_session(c->event, c->session);
    ssh_event_free(c->event);
    if (c->channel != NULL)
        ssh_channel_free(c->channel);
    ssh_disconnect(c->session);
    ssh_free(c->session);
    free(c->command);
    free(c);
}

static void finish_key_exchange(struct connection *c)
{
    c->has_keys = true;
    ssh_set_auth_methods(c->session, SSH_AUTH_METHOD_PUBLICKEY | SSH_AUTH_METHOD_PASSWORD);
    ssh_event_add_session(c->event, c->session);
}

/* Its socket has something; false once the connection is over. */
static bool look_at(struct connection *c)
{
    if (!c->has_keys) {
        int step = ssh_handle_key_exchange(c->session);
        if (step == SSH_AGAIN)
            return true;
        if (step != SSH_OK)
            return false;
        finish_key_exchange(c);
    }
    if (ssh_event_dopoll(c->event, 0) == SSH_ERROR || !ssh_is_connected(c->session))
        return false;
    if (c->command != NULL)
        start_command(c);
    return true;
}

static void accept_one(int listener, int epoll, ssh_bind acceptor)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0)
        return;
    struct connection *c = calloc(1, sizeof *c);
    if (c == NULL)
        fail("calloc");
    c->session = ssh_new();
    c->event = ssh_event_new();
    c->server = (struct ssh_server_callbacks_struct){
        .userdata = c,
        .auth_password_function = on_password,
        .auth_pubkey_function = on_key,
        .channel_open_request_session_function = on_open,
    };
    ssh_callbacks_init(&c->server);
    ssh_set_server_callbacks(c->session, &c->server);
    if (ssh_bind_accept_fd(acceptor, c->session, fd) != SSH_OK) {
        fprintf(stderr, "fleet_server: %s\n", ssh_get_error(acceptor));
        exit(1);
    }
    ssh_set_blocking(c->session, 0);
    struct epoll_event want = { .events = EPOLLIN | EPOLLRDHUP, .data.ptr = c };
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &want);
    if (!look_at(c)) /* our identification line goes first */
        drop(c);
}

static int open_listener(const char *address, const char *port)
{
    struct sockaddr_in a = { .sin_family = AF_INET,
                             .sin_port = htons((in_port_t)strtol(port, NULL, 10)) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), yes = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (inet_pton(AF_INET, address, &a.sin_addr) != 1 ||
        bind(fd, (struct sockaddr *)&a, sizeof a) != 0 || listen(fd, 4096) != 0)
        fail(address);
    return fd;
}

static void serve(int listener, ssh_bind acceptor)
{
    struct epoll_event events[EVENTS];
    int epoll = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event want = { .events = EPOLLIN, .data.ptr = NULL };
    epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &want);
    for (;;) {
        int n = epoll_wait(epoll, events, EVENTS, sleepers != NULL ? 10 : -1);
        for (int i = 0; i < n; i++) {
            struct connection *c = events[i].data.ptr;
            if (c == NULL)
                accept_one(listener, epoll, acceptor);
            else if (!look_at(c))
                drop(c);
        }
        wake_sleepers();
    }
}

int main(int argc, char **argv)
{
    struct rlimit files;
    if (argc != 4) {
        fputs("usage: fleet_server ADDRESS PORT HOSTKEY\n", stderr);
        return 2;
    }
    signal(SIGPIPE, SIG_IGN);
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    ssh_bind acceptor = ssh_bind_new();
    ssh_bind_options_set(acceptor, SSH_BIND_OPTIONS_HOSTKEY, argv[3]);
    serve(open_listener(argv[1], argv[2]), acceptor);
}
