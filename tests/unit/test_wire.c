/* SPDX-License-Identifier: MIT */
/* The SSH wire format, and public keys in it. */
#include <criterion/criterion.h>
#include <string.h>

#include "base/wire.h"
#include "model/public_key.h"
#include "test_key.h"

Test(wire, reads_what_it_writes)
{
    struct buf b;
    buf_init(&b, 1000);
    wire_add_u32(&b, 0x01020304);
    wire_add_text(&b, "abc");
    wire_add_string(&b, "", 0);
    struct wire w = wire_reader(b.data, b.size);
    cr_assert_eq(wire_u32(&w), 0x01020304);
    cr_assert(wire_string_is(wire_string(&w), "abc"));
    cr_assert_not(wire_is_done(&w));
    cr_assert_eq(wire_string(&w).size, 0);
    cr_assert(wire_is_done(&w));
    cr_assert_eq(wire_byte(&w), 0);
    cr_assert(w.failed);
    buf_release(&b);
}

Test(wire, never_reads_past_the_end)
{
    const unsigned char bytes[] = { 0xff, 0xff, 0xff, 0xff, 'a', 'b' };
    for (size_t size = 0; size <= sizeof bytes; size++) {
        struct wire w = wire_reader(bytes, size);
        cr_assert_eq(wire_string(&w).size, 0);
        cr_assert(w.failed, "%zu", size);
        cr_assert_eq(wire_u32(&w), 0, "failure is sticky");
    }
}

Test(wire, mpint_is_shortest_and_never_negative)
{
    struct buf b;
    buf_init(&b, 100);
    wire_add_mpint(&b, (const unsigned char *)"\x00\x00\x80\x01", 4);
    cr_assert_eq(b.size, 7);
    cr_assert_eq(memcmp(b.data, "\x00\x00\x00\x03\x00\x80\x01", 7), 0);
    buf_clear(&b);
    wire_add_mpint(&b, (const unsigned char *)"\x00", 1);
    cr_assert_eq(b.size, 4);
    cr_assert_eq(memcmp(b.data, "\x00\x00\x00\x00", 4), 0);
    buf_release(&b);
}

Test(public_key, knows_the_types)
{
    struct test_key keys[] = { test_key_ed25519(1), test_key_rsa(1, 2048), test_key_ecdsa(1) };
    enum public_key_type types[] = { PUBLIC_KEY_ED25519, PUBLIC_KEY_RSA, PUBLIC_KEY_ECDSA_256 };
    for (size_t i = 0; i < 3; i++) {
        enum public_key_type type;
        cr_assert(public_key_parse(keys[i].blob, keys[i].size, &type));
        cr_assert_eq(type, types[i]);
        cr_assert_str_eq(public_key_type_name(type), keys[i].type);
    }
}

Test(public_key, refuses_every_cut_and_any_byte_more)
{
    struct test_key keys[] = { test_key_ed25519(1), test_key_rsa(1, 1024), test_key_ecdsa(1) };
    for (size_t i = 0; i < 3; i++) {
        enum public_key_type type;
        for (size_t size = 0; size < keys[i].size; size++)
            cr_assert_not(public_key_parse(keys[i].blob, size, &type), "%zu", size);
        cr_assert_not(public_key_parse(keys[i].blob, keys[i].size + 1, &type));
    }
}

Test(public_key, refuses_what_openssh_refuses)
{
    enum public_key_type type;
    struct test_key small = test_key_rsa(1, 1023);
    cr_assert_not(public_key_parse(small.blob, small.size, &type));
    struct test_key enough = test_key_rsa(1, 1024);
    cr_assert(public_key_parse(enough.blob, enough.size, &type));
    struct test_key point = test_key_ecdsa(1);
    point.blob[point.size - 65] = 2;
    cr_assert_not(public_key_parse(point.blob, point.size, &type), "compressed point");
    struct test_key curve = test_key_ecdsa(1);
    memcpy(memmem(curve.blob + 20, curve.size - 20, "nistp256", 8), "nistp384", 8);
    cr_assert_not(public_key_parse(curve.blob, curve.size, &type), "another curve than named");
}

Test(public_key, fingerprint_is_openssh_s)
{
    /* ssh-keygen -lf of a key whose 32 bytes are zero. */
    unsigned char blob[51] = { 0, 0, 0, 11 };
    memcpy(blob + 4, "ssh-ed25519", 11);
    blob[18] = 32;
    char text[PUBLIC_KEY_FINGERPRINT_SIZE];
    public_key_fingerprint(blob, sizeof blob, text);
    cr_assert_str_eq(text, "SHA256:kmYcvdi2GkPeWxB6XLjrZB8JHsy2Hm8luHMFp9GMvqk");
}
