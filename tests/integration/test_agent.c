/* SPDX-License-Identifier: MIT */
/* The real ssh-agent: its keys are listed, and OpenSSL says that its signatures are true. */
#include <criterion/criterion.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/clock.h"
#include "base/wire.h"
#include "files.h"
#include "fleet.h"
#include "net/agent.h"
#include "net/loop.h"
#include "proc.h"

enum { KEYS_MAX = 8, BLOB_MAX = 1024 };

static struct loop *loop;
static struct agent *agent;
static struct proc *agent_process;

/* Runs a program that must succeed; what it printed. */
static char *output_of(const char *const *argv, const char *const *env)
{
    struct proc_result r =
        proc_run(&(struct proc_args){ .argv = argv, .env = env, .deadline_ms = 20000 });
    proc_expect_exit(&r, 0);
    free(r.err);
    return r.out;
}

/* Starts an agent of the test's own, with these keys of the fleet, and connects to it. */
static void start_agent(const char *const *keys, size_t count, int64_t timeout_us)
{
    struct error err = ERROR_INIT;
    char *path = tmp_path("agent");
    const char *argv[] = { "ssh-agent", "-D", "-a", path, NULL };
    agent_process = proc_start(&(struct proc_args){ .argv = argv, .deadline_ms = 60000 });
    cr_assert(proc_wait_stdout(agent_process, "SSH_AUTH_SOCK", 10000));
    const char *env[] = { text_of("SSH_AUTH_SOCK=%s", path), NULL };
    for (size_t i = 0; i < count; i++) {
        const char *add[] = { "ssh-add", "-q", fleet_text(keys[i]), NULL };
        output_of(add, env);
    }
    cr_assert(loop_new(&loop, &err));
    cr_assert(agent_open(&agent, loop, path, timeout_us, &err), "%s", error_text(&err));
}

static void stop_agent(void)
{
    agent_close(agent);
    cr_assert(loop_free(loop));
    proc_signal(agent_process, SIGCONT);
    proc_signal(agent_process, SIGTERM);
    struct proc_result r = proc_finish(agent_process);
    proc_result_release(&r);
}

/* Turns the loop until `*count` is `wanted`. */
static void turn_until(const int *count, int wanted)
{
    int64_t end = clock_monotonic_us() + 20 * US_PER_SEC;
    while (*count < wanted && clock_monotonic_us() < end) {
        struct pollfd p = { .fd = loop_fd(loop), .events = POLLIN };
        int wait = loop_timeout_ms(loop);
        poll(&p, 1, wait < 0 || wait > 100 ? 100 : wait);
        loop_step(loop);
    }
    cr_assert_eq(*count, wanted);
}

/* --- Keys ------------------------------------------------------------------------------------- */

struct blob {
    unsigned char data[BLOB_MAX];
    size_t size;
};

/* The blob in KEY.pub. */
static struct blob public_blob(const char *key)
{
    struct blob ret = { .size = 0 };
    struct buf b;
    char *text = file_read(text_of("%s.pub", fleet_text(key)), NULL);
    char *begin = strchr(text, ' ') + 1;
    buf_init(&b, BLOB_MAX);
    cr_assert(base64_decode(&b, begin, strcspn(begin, " \n")));
    memcpy(ret.data, b.data, b.size);
    ret.size = b.size;
    buf_release(&b);
    free(text);
    return ret;
}

struct listing {
    int calls;
    size_t count;
    struct blob blobs[KEYS_MAX];
    char comments[KEYS_MAX][200];
};

static void listed(void *arg, const struct agent_key *keys, size_t count, const struct error *error)
{
    struct listing *l = arg;
    l->calls++;
    cr_assert_null(error);
    cr_assert_leq(count, (size_t)KEYS_MAX);
    l->count = count;
    for (size_t i = 0; i < count; i++) {
        cr_assert_leq(keys[i].size, (size_t)BLOB_MAX);
        memcpy(l->blobs[i].data, keys[i].blob, keys[i].size);
        l->blobs[i].size = keys[i].size;
        snprintf(l->comments[i], sizeof l->comments[i], "%s", keys[i].comment);
    }
}

/* The agent lists exactly these keys of the fleet, in this order. */
static void expect_keys(const char *const *keys, size_t count)
{
    static struct listing l;
    agent_list(agent, listed, &l);
    turn_until(&l.calls, 1);
    cr_assert_eq(l.count, count);
    for (size_t i = 0; i < count; i++) {
        struct blob expected = public_blob(keys[i]);
        cr_assert_eq(l.blobs[i].size, expected.size, "%s", keys[i]);
        cr_assert_arr_eq(l.blobs[i].data, expected.data, expected.size, "%s", keys[i]);
        /* A PEM file has no comment: then it is the file's name. */
        const char *comment = l.comments[i];
        cr_assert(strcmp(comment, "muster-test") == 0 || strcmp(comment, fleet_text(keys[i])) == 0,
                  "%s", comment);
    }
}

/* --- Signatures ------------------------------------------------------------------------------- */

/* The public key as OpenSSL has it; ssh-keygen writes every kind but Ed25519 in a form it reads. */
static EVP_PKEY *public_key(const char *key)
{
    struct blob blob = public_blob(key);
    struct wire w = wire_reader(blob.data, blob.size);
    if (wire_string_is(wire_string(&w), "ssh-ed25519")) {
        struct wire_string raw = wire_string(&w);
        return EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, raw.data, raw.size);
    }
    const char *argv[] = { "ssh-keygen", "-e", "-m",
                           "PKCS8",      "-f", text_of("%s.pub", fleet_text(key)),
                           NULL };
    char *pem = output_of(argv, NULL);
    BIO *bio = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *ret = PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL);
    BIO_free(bio);
    free(pem);
    return ret;
}

/* mpint r, mpint s as the DER that OpenSSL wants; its size. */
static size_t ecdsa_to_der(const unsigned char *data, size_t size, unsigned char **ret)
{
    struct wire w = wire_reader(data, size);
    struct wire_string r = wire_string(&w), s = wire_string(&w);
    cr_assert(wire_is_done(&w));
    ECDSA_SIG *sig = ECDSA_SIG_new();
    ECDSA_SIG_set0(sig, BN_bin2bn(r.data, (int)r.size, NULL), BN_bin2bn(s.data, (int)s.size, NULL));
    *ret = NULL;
    int der_size = i2d_ECDSA_SIG(sig, ret);
    ECDSA_SIG_free(sig);
    cr_assert_gt(der_size, 0);
    return (size_t)der_size;
}

struct kind {
    const char *key;
    const char *algorithm;
    const EVP_MD *(*hash)(void); /* NULL: the algorithm has its own */
};

struct signing {
    const struct kind *kind;
    EVP_PKEY *key;
    char text[64]; /* what is signed */
    int *calls;
};

/* Is it a true signature of the text, and of no other? */
static void expect_true(const struct signing *s, const unsigned char *sig, size_t size)
{
    for (int changed = 0; changed < 2; changed++) {
        char text[64];
        memcpy(text, s->text, sizeof text);
        text[0] = (char)(text[0] ^ changed);
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        cr_assert_eq(EVP_DigestVerifyInit(context, NULL, s->kind->hash ? s->kind->hash() : NULL,
                                          NULL, s->key),
                     1);
        int rc = EVP_DigestVerify(context, sig, size, (unsigned char *)text, sizeof text);
        EVP_MD_CTX_free(context);
        cr_assert_eq(rc == 1, !changed, "%s", s->kind->algorithm);
    }
}

static void check_signature(void *arg, const struct agent_signature *signature,
                            const struct error *error)
{
    struct signing *s = arg;
    ++*s->calls;
    cr_assert_null(error, "%s: %s", s->kind->algorithm, error ? error_text(error) : "");
    cr_assert_str_eq(signature->algorithm, s->kind->algorithm);
    if (strncmp(s->kind->algorithm, "ecdsa-", 6) != 0) {
        expect_true(s, signature->data, signature->size);
        return;
    }
    unsigned char *der;
    size_t size = ecdsa_to_der(signature->data, signature->size, &der);
    expect_true(s, der, size);
    OPENSSL_free(der);
}

static struct agent_request *ask(struct signing *s, agent_sign_fn *fn, void *arg)
{
    struct blob blob = public_blob(s->kind->key);
    struct agent_sign what = { .blob = blob.data,
                               .blob_size = blob.size,
                               .data = (unsigned char *)s->text,
                               .data_size = sizeof s->text,
                               .algorithm = s->kind->algorithm };
    return agent_sign(agent, &what, fn, arg);
}

static const struct kind kinds[] = {
    { "key", "ssh-ed25519", NULL },
    { "key_ecdsa", "ecdsa-sha2-nistp256", EVP_sha256 },
    { "key_ecdsa_pkcs8", "ecdsa-sha2-nistp384", EVP_sha384 },
    { "key_rsa", "rsa-sha2-256", EVP_sha256 },
    { "key_rsa", "rsa-sha2-512", EVP_sha512 },
    { "key_rsa", "ssh-rsa", EVP_sha1 },
};
static const char *const all_keys[] = { "key", "key_ecdsa", "key_ecdsa_pkcs8", "key_rsa" };
enum { KIND_COUNT = sizeof kinds / sizeof *kinds, KEY_COUNT = sizeof all_keys / sizeof *all_keys };

/* --- Tests ------------------------------------------------------------------------------------ */

Test(ssh_agent, of_the_fleet_lists_its_keys)
{
    static const char *const keys[] = { "key_stranger", "key_rsa", "key" };
    struct error err = ERROR_INIT;
    cr_assert(loop_new(&loop, &err));
    cr_assert(agent_open(&agent, loop, fleet_text("agent"), AGENT_TIMEOUT_US, &err), "%s",
              error_text(&err));
    expect_keys(keys, 3);
    agent_close(agent);
    cr_assert(loop_free(loop));
}

Test(ssh_agent, without_keys_lists_none, .fini = stop_agent)
{
    start_agent(NULL, 0, AGENT_TIMEOUT_US);
    expect_keys(NULL, 0);
}

/* All requests are under way at once, mixed, every seventh abandoned. */
Test(ssh_agent, signs_with_every_kind_of_key, .fini = stop_agent)
{
    enum { ROUNDS = 35, MANY = ROUNDS * KIND_COUNT };
    static struct signing s[MANY];
    EVP_PKEY *keys[KIND_COUNT];
    int calls = 0, abandoned = 0;
    start_agent(all_keys, KEY_COUNT, AGENT_TIMEOUT_US);
    expect_keys(all_keys, KEY_COUNT);
    for (int i = 0; i < KIND_COUNT; i++) {
        keys[i] = public_key(kinds[i].key);
        cr_assert_not_null(keys[i], "%s", kinds[i].key);
    }
    for (int i = 0; i < MANY; i++) {
        int kind = i % KIND_COUNT;
        s[i] = (struct signing){ .kind = &kinds[kind], .key = keys[kind], .calls = &calls };
        snprintf(s[i].text, sizeof s[i].text, "text number %d", i);
        struct agent_request *request = ask(&s[i], check_signature, &s[i]);
        if (i % 7 == 0 && ++abandoned)
            agent_abandon(request);
    }
    turn_until(&calls, MANY - abandoned);
    for (int i = 0; i < KIND_COUNT; i++)
        EVP_PKEY_free(keys[i]);
}

struct failure {
    int calls;
    char text[400];
};

static void failed(void *arg, const struct agent_signature *signature, const struct error *error)
{
    struct failure *f = arg;
    cr_assert_not_null(error);
    cr_assert(signature->data == NULL && error->code == ERR_AUTH);
    f->calls++;
    snprintf(f->text, sizeof f->text, "%s", error_text(error));
}

Test(ssh_agent, refuses_a_key_it_does_not_have, .fini = stop_agent)
{
    static const char *const one[] = { "key" };
    struct failure f = { .calls = 0 };
    int calls = 0;
    start_agent(one, 1, AGENT_TIMEOUT_US);
    struct signing other = { .kind = &kinds[1] };
    ask(&other, failed, &f);
    turn_until(&f.calls, 1);
    cr_assert_neq(strstr(f.text, "refused to sign"), NULL, "%s", f.text);
    struct signing s = { .kind = &kinds[0], .key = public_key("key"), .calls = &calls };
    ask(&s, check_signature, &s);
    turn_until(&calls, 1);
    EVP_PKEY_free(s.key);
}

Test(ssh_agent, stopped_and_killed, .fini = stop_agent)
{
    struct failure f = { .calls = 0 };
    struct signing s = { .kind = &kinds[0] };
    start_agent(all_keys, 1, 300 * US_PER_MS);
    proc_signal(agent_process, SIGSTOP);
    ask(&s, failed, &f);
    turn_until(&f.calls, 1);
    cr_assert_neq(strstr(f.text, "did not answer within 0.3 s"), NULL, "%s", f.text);
    ask(&s, failed, &f);
    ask(&s, failed, &f);
    proc_signal(agent_process, SIGKILL);
    turn_until(&f.calls, 3);
    cr_assert_neq(strstr(f.text, "closed the connection"), NULL, "%s", f.text);
    ask(&s, failed, &f);
    turn_until(&f.calls, 4);
    cr_assert_neq(strstr(f.text, "closed the connection"), NULL, "%s", f.text);
}
