/* SPDX-License-Identifier: MIT */
/* Which credential next: order, doubles, the preferred key, the limit, and what is said at the end.
 */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "ssh/auth.h"

enum { MOST = 12 };

/* A key whose blob is its name. */
static struct credential key(const char *name)
{
    return (struct credential){ .kind = CREDENTIAL_IDENTITY,
                                .blob = (const unsigned char *)name,
                                .blob_size = strlen(name),
                                .name = name };
}

static struct credential password(void)
{
    return (struct credential){ .kind = CREDENTIAL_PASSWORD, .name = "password" };
}

/* An iterator over keys named by the letters of `names`; 'P' is a password. */
static struct auth *make(const char *methods, const char *names, const char *preferred)
{
    static char texts[MOST][2];
    struct credential all[MOST];
    size_t n = 0;
    for (; names[n]; n++) {
        texts[n][0] = names[n];
        all[n] = names[n] == 'P' ? password() : key(texts[n]);
    }
    return auth_new(&(struct auth_args){
        .methods = methods,
        .candidates = all,
        .candidate_count = n,
        .preferred = (const unsigned char *)preferred,
        .preferred_size = preferred ? strlen(preferred) : 0,
    });
}

/* Refuses all; checks what was offered, in order, and what is said then. */
static void expect(struct auth *a, const char *offered, const char *text)
{
    char seen[MOST + 1] = "";
    size_t n = 0;
    for (const struct credential *c = auth_current(a); c->kind != CREDENTIAL_END;
         c = auth_current(a)) {
        cr_assert_lt(n, MOST);
        cr_assert_eq(auth_has_offered(a), n > 0);
        seen[n++] = c->kind == CREDENTIAL_PASSWORD ? 'P' : c->name[0];
        auth_next(a);
    }
    cr_assert_str_eq(seen, offered);
    cr_assert_eq(auth_has_offered(a), n > 0);
    auth_next(a); /* harmless at the end */
    cr_assert_eq(auth_current(a)->kind, CREDENTIAL_END);
    char *explained = auth_explain(a);
    cr_assert_str_eq(explained, text);
    free(explained);
    auth_free(a);
}

Test(auth, in_the_order_given)
{
    expect(make("publickey,password", "abP", NULL), "abP",
           "refused 2 keys (a, b) and the password; the server accepts publickey,password");
    expect(make("publickey", "a", NULL), "a", "refused 1 key (a); the server accepts publickey");
    expect(make("password", "P", NULL), "P", "refused the password; the server accepts password");
}

Test(auth, only_what_the_server_accepts)
{
    expect(make("publickey", "aPb", NULL), "ab",
           "refused 2 keys (a, b); the server accepts publickey");
    expect(make("password", "abP", NULL), "P", "refused the password; the server accepts password");
    expect(make("keyboard-interactive,hostbased", "aP", NULL), "",
           "no credential of a kind that the server accepts; the server accepts "
           "keyboard-interactive,hostbased");
    expect(make("publickey2,xpublickey,public", "a", NULL), "",
           "no credential of a kind that the server accepts; the server accepts "
           "publickey2,xpublickey,public");
    expect(make("gssapi-with-mic,publickey", "a", NULL), "a",
           "refused 1 key (a); the server accepts gssapi-with-mic,publickey");
}

Test(auth, nothing_at_all)
{
    expect(make("publickey", "", NULL), "", "no credential to offer; the server accepts publickey");
    expect(make("", "a", NULL), "",
           "no credential of a kind that the server accepts; the server accepts nothing");
}

Test(auth, a_key_twice_is_offered_once)
{
    expect(make("publickey", "abab", NULL), "ab",
           "refused 2 keys (a, b); the server accepts publickey");
    expect(make("publickey", "aaaaaaab", NULL), "ab",
           "refused 2 keys (a, b); the server accepts publickey");
}

Test(auth, the_preferred_key_comes_first)
{
    expect(make("publickey", "abc", "c"), "cab",
           "refused 3 keys (c, a, b); the server accepts publickey");
    expect(make("publickey", "abc", "a"), "abc",
           "refused 3 keys (a, b, c); the server accepts publickey");
    expect(make("publickey", "abc", "x"), "abc",
           "refused 3 keys (a, b, c); the server accepts publickey");
    expect(make("publickey", "abc", "cc"), "abc",
           "refused 3 keys (a, b, c); the server accepts publickey");
    expect(make("publickey,password", "Pab", "b"), "bPa",
           "refused 2 keys (b, a) and the password; the server accepts publickey,password");
}

Test(auth, five_keys_at_most)
{
    expect(make("publickey,password", "abcdefgP", NULL), "abcdeP",
           "refused 5 keys (a, b, c, d, e) and the password; the server accepts "
           "publickey,password");
    expect(make("publickey", "abcdefg", "g"), "gabcd",
           "refused 5 keys (g, a, b, c, d); the server accepts publickey");
    expect(make("publickey,password", "abPcdefg", NULL), "abPcde",
           "refused 5 keys (a, b, c, d, e) and the password; the server accepts "
           "publickey,password");
}
