/* SPDX-License-Identifier: MIT */
#include "ssh_client.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ssh/userauth_request.h"

enum { WAIT_MS = 10000 };

void ssh_client_wait(struct ssh_client *c)
{
    int directions = libssh2_session_block_directions(c->session);
    struct pollfd p = { .fd = c->fd };
    if (directions & LIBSSH2_SESSION_BLOCK_INBOUND)
        p.events |= POLLIN;
    if (directions & LIBSSH2_SESSION_BLOCK_OUTBOUND)
        p.events |= POLLOUT;
    cr_assert_gt(poll(&p, 1, WAIT_MS), 0, "the server is silent");
}

/* The last error of libssh2, for messages. */
static const char *last_error(struct ssh_client *c)
{
    char *text = NULL;
    libssh2_session_last_error(c->session, &text, NULL, 0);
    return text ? text : "no error";
}

void ssh_client_open(struct ssh_client *c, const char *address, int port)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    int rc;
    *c = (struct ssh_client){ .fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) };
    cr_assert_eq(inet_pton(AF_INET, address, &to.sin_addr), 1);
    cr_assert_eq(connect(c->fd, (struct sockaddr *)&to, sizeof to), 0);
    c->alloc = ssh_alloc_new(c, SSH_ALLOC_CAP);
    c->session = ssh_alloc_session(c->alloc);
    cr_assert_not_null(c->session);
    libssh2_session_set_blocking(c->session, 0);
    while ((rc = libssh2_session_handshake(c->session, c->fd)) == LIBSSH2_ERROR_EAGAIN)
        ssh_client_wait(c);
    cr_assert_eq(rc, 0, "%s", last_error(c));
}

void ssh_client_close(struct ssh_client *c)
{
    libssh2_session_disconnect(c->session, "done");
    while (libssh2_session_free(c->session) == LIBSSH2_ERROR_EAGAIN)
        ssh_client_wait(c);
    cr_assert_eq(ssh_alloc_held(c->alloc), 0, "libssh2 leaks %zu bytes", ssh_alloc_held(c->alloc));
    ssh_alloc_free(c->alloc);
    rsa_sha2_offer_release(&c->offer);
    close(c->fd);
}

/* Checks what it is given, then signs, perhaps after a few times of "not yet". */
static LIBSSH2_USERAUTH_PUBLICKEY_SIGN_FUNC(on_sign)
{
    (void)session;
    struct error err = ERROR_INIT;
    struct ssh_client *c = ssh_alloc_owner(abstract);
    struct buf signature;
    const struct userauth_expected expected = { c->offer.user, c->offer.blob, c->offer.blob_size };
    if (c->refuse_times > 0) {
        c->refuse_times--;
        c->is_sign_pending = true;
        return LIBSSH2_ERROR_EAGAIN;
    }
    const char *algorithm = userauth_request_check(data, data_len, &expected, &err);
    cr_assert_not_null(algorithm, "%s", error_text(&err));
    buf_init(&signature, IDENTITY_SIGNATURE_MAX);
    cr_assert(identity_sign(c->identity, algorithm, data, data_len, &signature, &err));
    snprintf(c->algorithm, sizeof c->algorithm, "%s", algorithm);
    c->signatures++;
    *sig = ssh_alloc_get(c->alloc, signature.size);
    memcpy(*sig, signature.data, signature.size);
    *sig_len = signature.size;
    buf_release(&signature);
    return 0;
}

int ssh_client_auth(struct ssh_client *c, const char *user, const struct identity *id,
                    const char *algorithm)
{
    int rc;
    void *abstract = c->alloc;
    rsa_sha2_offer_release(&c->offer);
    c->identity = id;
    c->offer = (struct rsa_sha2_offer){ .user = user, .algorithm = algorithm };
    c->offer.blob = identity_blob(id, &c->offer.blob_size);
    c->algorithm[0] = '\0';
    while ((rc = rsa_sha2_userauth(c->session, c->alloc, &c->offer, on_sign, &abstract)) ==
           LIBSSH2_ERROR_EAGAIN) {
        if (!c->is_sign_pending)
            ssh_client_wait(c);
        c->is_sign_pending = false;
    }
    return rc;
}

/* Reads both streams to their end. */
static void drain(struct ssh_client *c, LIBSSH2_CHANNEL *channel, struct ssh_client_result *ret)
{
    size_t size = 0;
    char dropped[1000];
    while (!libssh2_channel_eof(channel)) {
        ssize_t got = libssh2_channel_read(channel, ret->out + size, sizeof ret->out - 1 - size);
        ssize_t err = libssh2_channel_read_stderr(channel, dropped, sizeof dropped);
        if (got > 0)
            size += (size_t)got;
        if (got == LIBSSH2_ERROR_EAGAIN && err == LIBSSH2_ERROR_EAGAIN)
            ssh_client_wait(c);
        cr_assert(got >= 0 || got == LIBSSH2_ERROR_EAGAIN, "%s", last_error(c));
    }
}

struct ssh_client_result ssh_client_run(struct ssh_client *c, const char *command)
{
    struct ssh_client_result r = { .exit_status = -1 };
    LIBSSH2_CHANNEL *channel;
    int rc;
    while ((channel = libssh2_channel_open_session(c->session)) == NULL) {
        cr_assert_eq(libssh2_session_last_errno(c->session), LIBSSH2_ERROR_EAGAIN, "%s",
                     last_error(c));
        ssh_client_wait(c);
    }
    cr_assert(ssh_alloc_last_channel(c->alloc, &r.channel));
    while ((rc = libssh2_channel_exec(channel, command)) == LIBSSH2_ERROR_EAGAIN)
        ssh_client_wait(c);
    cr_assert_eq(rc, 0, "%s", last_error(c));
    drain(c, channel, &r);
    while ((rc = libssh2_channel_close(channel)) == LIBSSH2_ERROR_EAGAIN)
        ssh_client_wait(c);
    while ((rc = libssh2_channel_wait_closed(channel)) == LIBSSH2_ERROR_EAGAIN)
        ssh_client_wait(c);
    libssh2_channel_get_exit_signal(channel, &r.signal, NULL, NULL, NULL, NULL, NULL);
    r.exit_status = libssh2_channel_get_exit_status(channel);
    r.was_status_seen = ssh_alloc_exit_status_seen(c->alloc, r.channel);
    if (r.signal) {
        char *own = strdup(r.signal);
        libssh2_free(c->session, r.signal);
        r.signal = own;
    }
    libssh2_channel_free(channel);
    return r;
}
