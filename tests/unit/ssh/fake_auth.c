/* SPDX-License-Identifier: MIT */
/* How the fake libssh2 authenticates, with ssh/rsa_sha2.h and ssh/userauth_request.h around it. */
#include <criterion/criterion.h>
#include <string.h>

#include "fake_libssh2_private.h"
#include "ssh/rsa_sha2.h"
#include "ssh/userauth_request.h"

char *libssh2_userauth_list(LIBSSH2_SESSION *s, const char *username, unsigned int username_len)
{
    cr_assert_eq(strlen(username), username_len);
    int scripted = fake_next(FAKE_USERAUTH_LIST);
    if (scripted != FAKE_GOOD) {
        fake_scripted(s, scripted);
        return NULL;
    }
    if (fake_pump(s) != LIBSSH2_ERROR_EAGAIN)
        return NULL;
    if (*fake_ssh2.methods == '\0') {
        fake_fail(s, 0);
        s->is_authenticated = true;
        return NULL;
    }
    size_t size = strlen(fake_ssh2.methods) + 1;
    s->free(s->methods, &s->abstract);
    s->methods = s->alloc(size, &s->abstract);
    memcpy(s->methods, fake_ssh2.methods, size);
    return s->methods;
}

int libssh2_userauth_authenticated(LIBSSH2_SESSION *s)
{
    return s->is_authenticated;
}

/* What the server answers to a credential. */
static int answer(LIBSSH2_SESSION *s, enum fake_call call)
{
    int scripted = fake_next(call);
    if (scripted != FAKE_GOOD)
        return fake_scripted(s, scripted);
    int rc = fake_pump(s);
    if (rc != LIBSSH2_ERROR_EAGAIN)
        return rc;
    s->is_authenticated = true;
    return 0;
}

int libssh2_userauth_password_ex(LIBSSH2_SESSION *s, const char *username,
                                 unsigned int username_len, const char *password,
                                 unsigned int password_len,
                                 LIBSSH2_PASSWD_CHANGEREQ_FUNC((*passwd_change_cb)))
{
    cr_assert_eq(strlen(username), username_len);
    cr_assert_eq(strlen(password), password_len);
    if (fake_ssh2.password_expires) {
        char *new_password = NULL;
        int size = 0;
        if (passwd_change_cb)
            passwd_change_cb(s, &new_password, &size, &s->abstract);
        return fake_fail(s, LIBSSH2_ERROR_PASSWORD_EXPIRED);
    }
    return answer(s, FAKE_PASSWORD);
}

const char *rsa_sha2_algorithm(const char *key_type)
{
    return key_type;
}

int rsa_sha2_userauth(LIBSSH2_SESSION *s, struct ssh_alloc *alloc, struct rsa_sha2_offer *offer,
                      rsa_sha2_sign_fn *sign, void **abstract)
{
    static const unsigned char data[] = "what is signed";
    unsigned char *signature = NULL;
    size_t size = 0;
    (void)alloc;
    cr_assert_str_eq(offer->algorithm, "ssh-ed25519");
    int rc = sign(s, &signature, &size, data, sizeof data, abstract);
    if (rc == LIBSSH2_ERROR_EAGAIN)
        return fake_fail(s, rc);
    if (rc)
        return fake_fail(s, LIBSSH2_ERROR_PUBLICKEY_UNVERIFIED);
    cr_assert_geq(size, 1);
    s->free(signature, &s->abstract);
    return answer(s, FAKE_PUBLICKEY);
}

void rsa_sha2_offer_release(struct rsa_sha2_offer *offer)
{
    (void)offer;
}

const char *userauth_request_check(const unsigned char *data, size_t size,
                                   const struct userauth_expected *expected, struct error *reterr)
{
    (void)data;
    (void)size;
    if (strcmp(expected->user, "mallory") == 0) {
        error_set(reterr, ERR_AUTH, "not a request of ours");
        return NULL;
    }
    return "ssh-ed25519";
}
