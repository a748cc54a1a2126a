/* SPDX-License-Identifier: MIT */
/* RSA keys with SHA-2 on whatever libssh2 this is, against OpenSSH and dropbear; and what the
 * session's allocator sees, with real servers on the other end. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "files.h"
#include "fleet.h"
#include "ssh/ssh_features.h"
#include "ssh_client.h"

static struct identity_store *store;

/* A key of the fleet. */
static const struct identity *key(const char *name)
{
    struct error err = ERROR_INIT;
    if (!store)
        store = identity_store_new();
    const struct identity *id = identity_store_get(store, fleet_text(name), &err);
    cr_assert_not_null(id, "%s", error_text(&err));
    return id;
}

/* What this key is asked for with. */
static const char *algorithm_of(const struct identity *id)
{
    return rsa_sha2_algorithm(public_key_type_name(identity_type(id)));
}

/* Logs in, runs a command, checks what was signed with. */
static void expect_login(const char *address, const char *key_name, const char *algorithm,
                         unsigned refuse_times)
{
    struct ssh_client c;
    const struct identity *id = key(key_name);
    ssh_client_open(&c, address, fleet_number("port"));
    c.refuse_times = refuse_times;
    int rc = ssh_client_auth(&c, "fleet", id, algorithm);
    cr_assert_eq(rc, 0, "%s at %s: %d", key_name, address, rc);
    cr_assert_eq(c.signatures, 1);
    struct ssh_client_result r = ssh_client_run(&c, "echo in");
    cr_assert_str_eq(r.out, "in\n");
    if (!ssh_features_get().rsa_user_sha2 || identity_type(id) != PUBLIC_KEY_RSA)
        cr_assert_str_eq(c.algorithm, algorithm);
    else
        cr_assert_eq(strncmp(c.algorithm, "rsa-sha2-", 9), 0, "%s", c.algorithm);
    ssh_client_close(&c);
}

Test(rsa_sha2, every_kind_of_key_logs_in_on_openssh)
{
    static const char *const names[] = { "key", "key_ecdsa", "key_ecdsa_pkcs8", "key_rsa_pem",
                                         "key_rsa" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        expect_login(fleet_address(0), names[i], algorithm_of(key(names[i])), 0);
}

Test(rsa_sha2, every_kind_of_key_logs_in_on_dropbear)
{
    static const char *const names[] = { "key", "key_ecdsa", "key_rsa" };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        expect_login(fleet_text("dropbear_address"), names[i], algorithm_of(key(names[i])), 0);
}

Test(rsa_sha2, both_digests_work_on_openssh)
{
    expect_login(fleet_address(0), "key_rsa", "rsa-sha2-256", 0);
    expect_login(fleet_address(0), "key_rsa", "rsa-sha2-512", 0);
}

Test(rsa_sha2, a_signature_may_take_its_time)
{
    expect_login(fleet_address(0), "key_rsa", "rsa-sha2-256", 3);
    expect_login(fleet_text("dropbear_address"), "key_rsa", "rsa-sha2-256", 3);
}

/* An RSA key no server knows. */
static const struct identity *stranger(void)
{
    struct error err = ERROR_INIT;
    char *path = tmp_path("stranger");
    cr_assert_eq(system(text_of("ssh-keygen -q -t rsa -b 2048 -N '' -f '%s'", path)), 0);
    key("key");
    const struct identity *id = identity_store_get(store, path, &err);
    cr_assert_not_null(id, "%s", error_text(&err));
    return id;
}

Test(rsa_sha2, a_refused_key_leaves_the_session_usable_for_the_next)
{
    const struct identity *strange = stranger();
    const char *const addresses[] = { fleet_address(0), fleet_text("dropbear_address") };
    for (size_t i = 0; i < 2; i++) {
        struct ssh_client c;
        ssh_client_open(&c, addresses[i], fleet_number("port"));
        cr_assert_eq(ssh_client_auth(&c, "fleet", strange, "rsa-sha2-256"),
                     LIBSSH2_ERROR_AUTHENTICATION_FAILED);
        cr_assert_eq(c.signatures, 0, "nothing is signed for a key that is not wanted");
        cr_assert_eq(ssh_client_auth(&c, "fleet", key("key_rsa"), "rsa-sha2-256"), 0);
        ssh_client_close(&c);
    }
}

Test(rsa_sha2, an_unexpected_allocation_fails_closed)
{
    struct ssh_client c;
    unsigned char nothing[8] = { 0 };
    const struct ssh_alloc_swap wrong = { { 12, 1 }, nothing, nothing, sizeof nothing };
    size_t size = 0;
    const struct identity *id = key("key_rsa");
    if (ssh_features_get().rsa_user_sha2)
        return; /* nothing is swapped there */
    ssh_client_open(&c, fleet_address(0), fleet_number("port"));
    const unsigned char *blob = identity_blob(id, &size);
    for (unsigned round = 0; round < 2; round++) {
        struct ssh_alloc_swap swap = wrong;
        swap.sizes[0] = round == 0 ? 12 : 7;
        ssh_alloc_swap_arm(c.alloc, &swap);
        int rc = libssh2_userauth_publickey(c.session, "fleet", blob, size, NULL, NULL);
        cr_assert_eq(rc, LIBSSH2_ERROR_ALLOC);
        cr_assert_not(ssh_alloc_swap_cancel(c.alloc));
    }
    cr_assert_eq(ssh_client_auth(&c, "fleet", key("key"), "ssh-ed25519"), 0);
    ssh_client_close(&c);
}

/* Without the disguise 1.10 signs with SHA-1: if this starts to pass, the rest tests nothing. */
Test(rsa_sha2, is_needed_where_the_library_lacks_it)
{
    struct ssh_client c;
    if (ssh_features_get().rsa_user_sha2)
        return;
    ssh_client_open(&c, fleet_address(0), fleet_number("port"));
    cr_assert_eq(ssh_client_auth(&c, "fleet", key("key_rsa"), "ssh-rsa"),
                 LIBSSH2_ERROR_AUTHENTICATION_FAILED);
    ssh_client_close(&c);
}

/* Runs commands on one connection, one after another. */
static void expect_statuses(const char *address, bool has_signal)
{
    struct ssh_client c;
    ssh_client_open(&c, address, fleet_number("port"));
    cr_assert_eq(ssh_client_auth(&c, "fleet", key("key"), "ssh-ed25519"), 0);
    static const int statuses[] = { 0, 3, 255, 0 };
    uint32_t previous = UINT32_MAX;
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        struct ssh_client_result r = ssh_client_run(&c, text_of("exit %d", statuses[i]));
        cr_assert(r.was_status_seen, "exit %d", statuses[i]);
        cr_assert_eq(r.exit_status, statuses[i]);
        cr_assert_neq(r.channel, previous, "numbers are never used again");
        previous = r.channel;
    }
    struct ssh_client_result r = ssh_client_run(&c, "kill -KILL $$");
    cr_assert_not(r.was_status_seen, "a signal is no status");
    cr_assert_eq(r.exit_status, 0, "and libssh2 says 0 all the same");
    cr_assert_eq(r.signal != NULL && strcmp(r.signal, "KILL") == 0, has_signal);
    ssh_client_close(&c);
}

Test(ssh_alloc, sees_each_exit_status_on_openssh)
{
    expect_statuses(fleet_address(1), true);
}

Test(ssh_alloc, sees_each_exit_status_on_dropbear)
{
    expect_statuses(fleet_text("dropbear_address"), true);
}

Test(ssh_alloc, a_session_stays_small)
{
    struct ssh_client c;
    ssh_client_open(&c, fleet_address(2), fleet_number("port"));
    cr_assert_eq(ssh_client_auth(&c, "fleet", key("key"), "ssh-ed25519"), 0);
    ssh_client_run(&c, "true");
    cr_assert_lt(ssh_alloc_held(c.alloc), 160u * 1024);
    cr_assert_lt(ssh_alloc_peak(c.alloc), 400u * 1024);
    cr_assert_not(ssh_alloc_was_refused(c.alloc));
    ssh_client_close(&c);
}
