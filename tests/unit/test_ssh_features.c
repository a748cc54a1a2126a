/* SPDX-License-Identifier: MIT */
/* Which libssh2 can do what, by version. */
#include <criterion/criterion.h>

#include <libssh2.h>
#include <string.h>

#include "ssh/ssh_features.h"

Test(ssh_features, follow_the_version)
{
    struct ssh_features old = ssh_features_of(0x010a00);
    cr_assert_not(old.rsa_user_sha2);
    cr_assert_not(old.rsa_hostkey_sha2);
    cr_assert_not(old.signal);
    cr_assert_not(old.etm);
    cr_assert_not(old.strict_kex);
    struct ssh_features middle = ssh_features_of(0x010b00);
    cr_assert(middle.rsa_user_sha2);
    cr_assert(middle.gcm);
    cr_assert_not(middle.chacha);
    cr_assert_not(middle.certs);
    struct ssh_features recent = ssh_features_of(0x010b01);
    cr_assert(recent.chacha);
    cr_assert(recent.strict_kex);
    cr_assert(recent.certs);
    cr_assert_not(recent.has_exit_status, "no release has it");
}

Test(ssh_features, never_claims_what_the_headers_lack)
{
    struct ssh_features f = ssh_features_of(0x7fffff);
    cr_assert_eq(f.signal, LIBSSH2_VERSION_NUM >= 0x010b00);
    cr_assert_eq(f.posix_rename, LIBSSH2_VERSION_NUM >= 0x010b01);
}

Test(ssh_features, are_those_of_the_running_library)
{
    struct ssh_features f = ssh_features_get();
    cr_assert_str_eq(f.version, libssh2_version(0));
    bool is_new = libssh2_version(0x010b00) != NULL;
    cr_assert_eq(f.rsa_user_sha2, is_new);
    cr_assert_eq(f.etm, is_new);
}

Test(ssh_features, describe_names_version_and_gaps)
{
    struct buf out;
    buf_init(&out, 4096);
    struct ssh_features f = ssh_features_of(0x010a00);
    f.version = "1.10.0";
    ssh_features_describe(&f, &out);
    cr_assert_eq(strncmp(buf_str(&out), "libssh2 1.10.0\n", 15), 0);
    cr_assert(strstr(buf_str(&out), "RSA host keys"));
    buf_clear(&out);
    f = ssh_features_of(0x010b01);
    f.version = "1.11.1";
    ssh_features_describe(&f, &out);
    cr_assert_null(strstr(buf_str(&out), "RSA host keys"));
    cr_assert(strstr(buf_str(&out), "post-quantum"));
    buf_release(&out);
}
