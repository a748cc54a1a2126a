/* SPDX-License-Identifier: MIT */
/* User keys made by ssh-keygen: read in every format, their signatures checked by ssh-keygen. */
#include <criterion/criterion.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/wire.h"
#include "files.h"
#include "proc.h"
#include "ssh/identity.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* Runs a program that must succeed; returns its standard output. */
static char *output_of(const char *const *argv, const char *input)
{
    struct proc_result r = proc_run(&(struct proc_args){ .argv = argv, .stdin_text = input });
    proc_expect_exit(&r, 0);
    return r.out;
}

/* Makes a key in the folder of the test; `options` are ssh-keygen's, ended by NULL. */
static char *make_key(const char *name, const char *type, const char *passphrase,
                      const char *const *options)
{
    char *path = tmp_path(name);
    const char *argv[20] = { "ssh-keygen", "-q", "-C",       "me", "-t",
                             type,         "-N", passphrase, "-f", path };
    size_t count = 10;
    for (; options && *options; options++)
        argv[count++] = *options;
    output_of(argv, NULL);
    return path;
}

/* The identity in a file that can be used. */
static const struct identity *get(struct identity_store *store, const char *path)
{
    struct error err = ERROR_INIT;
    const struct identity *id = identity_store_get(store, path, &err);
    cr_assert_not_null(id, "%s", error_text(&err));
    return id;
}

/* The blob is that of the .pub file, the fingerprint that of ssh-keygen -l. */
static void expect_public(const struct identity *id, const char *pub_path)
{
    size_t size = 0;
    struct buf base64;
    const unsigned char *blob = identity_blob(id, &size);
    buf_init(&base64, 10000);
    base64_encode(&base64, blob, size);
    char *expected = text_of("%s %s ", public_key_type_name(identity_type(id)), buf_str(&base64));
    cr_assert_eq(strncmp(file_read(pub_path, NULL), expected, strlen(expected)), 0);
    buf_release(&base64);
    const char *argv[] = { "ssh-keygen", "-l", "-f", pub_path, NULL };
    cr_assert(strstr(output_of(argv, NULL), identity_fingerprint(id)));
}

/* What an SSHSIG signature is made over (PROTOCOL.sshsig in OpenSSH's sources). */
static void make_sshsig_data(struct buf *ret, const char *message)
{
    unsigned char digest[SHA512_DIGEST_LENGTH];
    SHA512((const unsigned char *)message, strlen(message), digest);
    buf_add_str(ret, "SSHSIG");
    wire_add_text(ret, "test");
    wire_add_text(ret, "");
    wire_add_text(ret, "sha512");
    wire_add_string(ret, digest, sizeof digest);
}

/* The file ssh-keygen -Y verify wants. */
static char *make_sshsig_file(const struct identity *id, const char *algorithm,
                              const struct buf *contents)
{
    struct buf all, wrapped, text;
    size_t size = 0;
    const unsigned char *blob = identity_blob(id, &size);
    buf_init(&all, 100000);
    buf_init(&wrapped, 100000);
    buf_init(&text, 100000);
    wire_add_text(&wrapped, algorithm);
    wire_add_string(&wrapped, contents->data, contents->size);
    buf_add_str(&all, "SSHSIG");
    wire_add_u32(&all, 1);
    wire_add_string(&all, blob, size);
    wire_add_text(&all, "test");
    wire_add_text(&all, "");
    wire_add_text(&all, "sha512");
    wire_add_string(&all, wrapped.data, wrapped.size);
    base64_encode(&text, all.data, all.size);
    return tmp_file("signature", text_of("-----BEGIN SSH SIGNATURE-----\n%s\n"
                                         "-----END SSH SIGNATURE-----\n",
                                         buf_str(&text)));
}

/* Signs, and has ssh-keygen verify that it is the key's own signature. */
static void expect_signature(const struct identity *id, const char *pub_path, const char *algorithm,
                             bool is_good)
{
    struct error err = ERROR_INIT;
    struct buf data, signature;
    buf_init(&data, 1000);
    buf_init(&signature, IDENTITY_SIGNATURE_MAX);
    make_sshsig_data(&data, "message");
    if (!is_good)
        data.data[data.size - 1] ^= 1;
    cr_assert(identity_sign(id, algorithm, data.data, data.size, &signature, &err), "%s",
              error_text(&err));
    char *file = make_sshsig_file(id, algorithm, &signature);
    char *signers = tmp_file("signers", text_of("me %s", file_read(pub_path, NULL)));
    const char *argv[] = { "ssh-keygen", "-Y", "verify", "-f", signers, "-I",
                           "me",         "-n", "test",   "-s", file,    NULL };
    struct proc_result r = proc_run(&(struct proc_args){ .argv = argv, .stdin_text = "message" });
    cr_assert_eq(r.exit_code == 0, is_good, "%s: %s", algorithm, proc_describe(&r));
    buf_release(&data);
    buf_release(&signature);
}

struct kind {
    const char *type;
    const char *bits;
    const char *algorithms[3];
};
static const struct kind kinds[] = {
    { "ed25519", "256", { "ssh-ed25519" } },
    { "ecdsa", "256", { "ecdsa-sha2-nistp256" } },
    { "ecdsa", "384", { "ecdsa-sha2-nistp384" } },
    { "ecdsa", "521", { "ecdsa-sha2-nistp521" } },
    { "rsa", "2048", { "rsa-sha2-256", "rsa-sha2-512" } },
    { "rsa", "1024", { "rsa-sha2-256" } },
};

Test(identity, reads_every_format_and_signs_right)
{
    static const char *const formats[] = { "RFC4716", "PEM", "PKCS8" };
    struct identity_store *store = identity_store_new();
    for (size_t k = 0; k < COUNT(kinds); k++) {
        for (size_t f = 0; f < COUNT(formats); f++) {
            const char *options[] = { "-b", kinds[k].bits, "-m", formats[f], NULL };
            char *path = make_key(text_of("%s%s%s", kinds[k].type, kinds[k].bits, formats[f]),
                                  kinds[k].type, "", options);
            char *pub = text_of("%s.pub", path);
            const struct identity *id = get(store, path);
            cr_assert_eq(identity_state(id), IDENTITY_READY);
            cr_assert_str_eq(identity_path(id), path);
            expect_public(id, pub);
            for (size_t a = 0; a < 3 && kinds[k].algorithms[a]; a++)
                expect_signature(id, pub, kinds[k].algorithms[a], true);
            expect_signature(id, pub, kinds[k].algorithms[0], false);
        }
    }
    identity_store_free(store);
}

Test(identity, signatures_have_the_shape_libssh2_wants)
{
    struct error err = ERROR_INIT;
    struct identity_store *store = identity_store_new();
    for (size_t k = 0; k < 5; k++) {
        const char *options[] = { "-b", kinds[k].bits, NULL };
        const struct identity *id =
            get(store, make_key(text_of("k%zu", k), kinds[k].type, "", options));
        for (unsigned i = 0; i < 20; i++) {
            struct buf s;
            buf_init(&s, IDENTITY_SIGNATURE_MAX);
            cr_assert(identity_sign(id, kinds[k].algorithms[0], &i, sizeof i, &s, &err));
            struct wire w = wire_reader(s.data, s.size);
            if (strcmp(kinds[k].type, "ecdsa") != 0) {
                cr_assert_eq(s.size, kinds[k].type[0] == 'r' ? 256 : 64);
            } else {
                struct wire_string r = wire_string(&w), t = wire_string(&w);
                cr_assert(wire_is_done(&w));
                cr_assert_not(r.data[0] & 0x80);
                cr_assert_not(t.data[0] & 0x80);
                cr_assert(r.data[0] != 0 || r.data[1] & 0x80, "no zero in front without need");
            }
            buf_release(&s);
        }
    }
    identity_store_free(store);
}

Test(identity, ssh_rsa_is_sha1)
{
    struct error err = ERROR_INIT;
    struct identity_store *store = identity_store_new();
    char *path = make_key("rsa", "rsa", "", NULL);
    const struct identity *id = get(store, path);
    struct buf s;
    buf_init(&s, IDENTITY_SIGNATURE_MAX);
    cr_assert(identity_sign(id, "ssh-rsa", "message", 7, &s, &err));
    const char *argv[] = { "ssh-keygen", "-e", "-m", "PKCS8", "-f", path, NULL };
    char *public = tmp_file("public.pem", output_of(argv, NULL));
    char *signature = tmp_file_bytes("signature", s.data, s.size);
    const char *verify[] = { "openssl", "dgst",       "-sha1",   "-verify",
                             public,    "-signature", signature, NULL };
    struct proc_result r = proc_run(&(struct proc_args){ .argv = verify, .stdin_text = "message" });
    proc_expect_exit(&r, 0);
    buf_release(&s);
    identity_store_free(store);
}

Test(identity, refuses_algorithms_of_other_keys)
{
    struct error err = ERROR_INIT;
    struct identity_store *store = identity_store_new();
    const struct identity *id = get(store, make_key("k", "ed25519", "", NULL));
    static const char *const others[] = { "ssh-rsa", "rsa-sha2-256", "ecdsa-sha2-nistp256", "",
                                          "ssh-ed25519 " };
    for (size_t i = 0; i < COUNT(others); i++) {
        struct buf s;
        buf_init(&s, IDENTITY_SIGNATURE_MAX);
        cr_assert_not(identity_sign(id, others[i], "x", 1, &s, &err));
        cr_assert_eq(err.code, ERR_AUTH);
        cr_assert_eq(s.size, 0);
        error_release(&err);
        buf_release(&s);
    }
    identity_store_free(store);
}

Test(identity, an_encrypted_key_is_known_by_its_public_part)
{
    static const char *const formats[] = { "RFC4716", "PEM", "PKCS8" };
    struct error err = ERROR_INIT;
    struct identity_store *store = identity_store_new();
    for (size_t f = 0; f < COUNT(formats); f++) {
        const char *options[] = { "-m", formats[f], "-a", "1", NULL };
        char *path = make_key(text_of("k%zu", f), "ecdsa", "secret", options);
        const struct identity *id = get(store, path);
        cr_assert_eq(identity_state(id), IDENTITY_LOCKED);
        expect_public(id, text_of("%s.pub", path));
        struct buf s;
        buf_init(&s, IDENTITY_SIGNATURE_MAX);
        cr_assert_not(identity_sign(id, "ecdsa-sha2-nistp256", "x", 1, &s, &err));
        error_release(&err);
        cr_assert_not(identity_needs_agent(id, &err));
        cr_assert_eq(err.code, ERR_AUTH_NO_CREDENTIAL);
        cr_assert(strstr(error_text(&err), text_of("ssh-add %s", path)), "%s", error_text(&err));
        error_release(&err);
    }
    identity_store_free(store);
}

Test(identity, an_encrypted_key_without_its_public_part_is_still_no_error)
{
    struct identity_store *store = identity_store_new();
    const char *options[] = { "-m", "PEM", NULL };
    char *pem = make_key("pem", "rsa", "secret", options);
    cr_assert_eq(unlink(text_of("%s.pub", pem)), 0);
    const struct identity *id = get(store, pem);
    size_t size = 1;
    identity_blob(id, &size);
    cr_assert_eq(identity_state(id), IDENTITY_LOCKED);
    cr_assert_eq(size, 0);
    cr_assert_str_eq(identity_fingerprint(id), "");
    char *own = make_key("own", "ed25519", "secret", NULL);
    cr_assert_eq(unlink(text_of("%s.pub", own)), 0);
    identity_blob(get(store, own), &size);
    cr_assert_eq(size, 51);
    identity_store_free(store);
}

Test(identity, a_pub_file_is_for_the_agent)
{
    struct error err = ERROR_INIT;
    struct identity_store *store = identity_store_new();
    char *path = make_key("k", "rsa", "", NULL);
    char *pub = text_of("%s.pub", path);
    chmod(pub, 0644);
    const struct identity *id = get(store, pub);
    cr_assert_eq(identity_state(id), IDENTITY_PUBLIC_ONLY);
    expect_public(id, pub);
    cr_assert_not(identity_needs_agent(id, &err));
    cr_assert(strstr(error_text(&err), pub));
    error_release(&err);
    identity_store_free(store);
}

/* The file must be refused with an error that names it and holds `text`. */
static void expect_refused(const char *path, const char *text)
{
    struct identity_store *store = identity_store_new();
    for (int i = 0; i < 2; i++) {
        struct error err = ERROR_INIT;
        cr_assert_null(identity_store_get(store, path, &err), "%s: %s", path, text);
        cr_assert_eq(err.code, ERR_FILE);
        cr_assert(strstr(error_text(&err), path));
        cr_assert(strstr(error_text(&err), text), "%s", error_text(&err));
        error_release(&err);
    }
    identity_store_free(store);
}

/* A file only its owner can read. */
static char *private_file(const char *name, const char *text)
{
    char *path = tmp_file(name, text);
    chmod(path, 0600);
    return path;
}

Test(identity, refuses_what_cannot_be_used)
{
    expect_refused(tmp_path("nothing"), "No such file");
    expect_refused(tmp_dir(), "directory");
    expect_refused(private_file("empty", ""), "holds no key");
    expect_refused(private_file("text", "hello\n"), "holds no key");
    expect_refused(private_file("putty", "PuTTY-User-Key-File-3: ssh-ed25519\n"), "PuTTY");
    expect_refused(private_file("pem", "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n"
                                       "-----END RSA PRIVATE KEY-----\n"),
                   "no private key");
    expect_refused(private_file("openssh", "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n"
                                           "-----END OPENSSH PRIVATE KEY-----\n"),
                   "damaged");
    char *big = calloc(1, 200001);
    memset(big, 'x', 200000);
    expect_refused(private_file("big", big), "too large");
}

Test(identity, refuses_kinds_ssh_gave_up)
{
    const char *dsa[] = { "sh",
                          "-c",
                          "openssl dsaparam -genkey 1024 2>/dev/null >\"$1\" && chmod 600 \"$1\"",
                          "sh",
                          tmp_path("dsa"),
                          NULL };
    output_of(dsa, NULL);
    expect_refused(tmp_path("dsa"), "SSH does not have");
    const char *small[] = { "sh",
                            "-c",
                            "openssl genrsa -traditional 768 2>/dev/null >\"$1\" && chmod 600 "
                            "\"$1\"",
                            "sh",
                            tmp_path("small"),
                            NULL };
    output_of(small, NULL);
    expect_refused(tmp_path("small"), "1024");
    const char *curve[] = { "sh",
                            "-c",
                            "openssl ecparam -name secp256k1 -genkey -noout >\"$1\" && chmod 600 "
                            "\"$1\"",
                            "sh",
                            tmp_path("curve"),
                            NULL };
    output_of(curve, NULL);
    expect_refused(tmp_path("curve"), "SSH does not have");
}

Test(identity, refuses_a_private_key_that_others_can_read)
{
    char *path = make_key("k", "ed25519", "", NULL);
    for (mode_t mode = 0640; mode <= 0644; mode += 4) {
        chmod(path, mode);
        expect_refused(path, "others can read it");
    }
    chmod(path, 0400);
    struct identity_store *store = identity_store_new();
    get(store, path);
    identity_store_free(store);
}

Test(identity, reads_each_file_once)
{
    struct identity_store *store = identity_store_new();
    char *path = make_key("k", "ed25519", "", NULL);
    const struct identity *id = get(store, path);
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(get(store, path), id);
    identity_store_free(store);
}

Test(identity, takes_carriage_returns_and_text_around_the_key)
{
    struct identity_store *store = identity_store_new();
    char *path = make_key("k", "ed25519", "", NULL);
    char *text = file_read(path, NULL);
    char *dos = calloc(1, 2 * strlen(text) + 1);
    for (size_t i = 0, o = 0; text[i]; i++) {
        if (text[i] == '\n')
            dos[o++] = '\r';
        dos[o++] = text[i];
    }
    char *other = private_file("dos", text_of("a comment\r\n%s\r\nmore\r\n", dos));
    cr_assert_str_eq(identity_fingerprint(get(store, other)),
                     identity_fingerprint(get(store, path)));
    identity_store_free(store);
}

/* Changes one byte inside the container of a key and writes it out again. */
static char *damage(const char *path, size_t at)
{
    char *text = file_read(path, NULL);
    char *from = strchr(text, '\n') + 1;
    char *to = strstr(from, "-----END");
    struct buf digits, bytes, out;
    buf_init(&digits, 10000);
    buf_init(&bytes, 10000);
    buf_init(&out, 10000);
    for (char *c = from; c < to; c++) {
        if (*c != '\n')
            buf_add_char(&digits, *c);
    }
    cr_assert(base64_decode(&bytes, digits.data, digits.size));
    if (at >= bytes.size)
        return NULL;
    bytes.data[at] ^= 0x01;
    base64_encode(&out, bytes.data, bytes.size);
    return private_file("damaged", text_of("-----BEGIN OPENSSH PRIVATE KEY-----\n%s\n"
                                           "-----END OPENSSH PRIVATE KEY-----\n",
                                           buf_str(&out)));
}

Test(identity, a_damaged_container_never_yields_another_key)
{
    static const char *const types[] = { "ed25519", "ecdsa", "rsa" };
    for (size_t t = 0; t < COUNT(types); t++) {
        const char *options[] = { "-b", t == 2 ? "1024" : "256", NULL };
        char *path = make_key(types[t], types[t], "", options);
        struct identity_store *good = identity_store_new();
        const char *fingerprint = identity_fingerprint(get(good, path));
        char *damaged;
        for (size_t at = 0; (damaged = damage(path, at)) != NULL; at++) {
            struct error err = ERROR_INIT;
            struct identity_store *store = identity_store_new();
            const struct identity *id = identity_store_get(store, damaged, &err);
            /* Bytes that do not count: the comment, and the cipher's or the derivation's name. */
            if (id && identity_state(id) == IDENTITY_READY)
                cr_assert_str_eq(identity_fingerprint(id), fingerprint, "%s at %zu", types[t], at);
            error_release(&err);
            identity_store_free(store);
        }
        identity_store_free(good);
    }
}
