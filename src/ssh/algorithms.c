/* SPDX-License-Identifier: MIT */
#include "ssh/algorithms.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/memory.h"
#include "model/public_key.h"

#define KEX                                                                                        \
    "curve25519-sha256,curve25519-sha256@libssh.org,ecdh-sha2-nistp256,ecdh-sha2-nistp384,"        \
    "ecdh-sha2-nistp521,diffie-hellman-group16-sha512,diffie-hellman-group18-sha512,"              \
    "diffie-hellman-group14-sha256,diffie-hellman-group-exchange-sha256"
#define HOST_KEY                                                                                   \
    "ssh-ed25519,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384,ecdsa-sha2-nistp521,rsa-sha2-512,"        \
    "rsa-sha2-256"
#define CIPHER                                                                                     \
    "aes128-ctr,aes192-ctr,aes256-ctr,chacha20-poly1305@openssh.com,aes128-gcm@openssh.com,"       \
    "aes256-gcm@openssh.com"
#define MAC                                                                                        \
    "hmac-sha2-256,hmac-sha2-512,hmac-sha2-256-etm@openssh.com,hmac-sha2-512-etm@openssh.com,"     \
    "hmac-sha1"

/* The rows are in the order of enum algorithm_list. */
static const struct {
    int method;
    const char *names;
} preferences[ALGORITHM_LIST_COUNT] = {
    [ALGORITHM_KEX] = { LIBSSH2_METHOD_KEX, KEX },
    [ALGORITHM_HOST_KEY] = { LIBSSH2_METHOD_HOSTKEY, HOST_KEY },
    [ALGORITHM_CIPHER_CLIENT] = { LIBSSH2_METHOD_CRYPT_CS, CIPHER },
    [ALGORITHM_CIPHER_SERVER] = { LIBSSH2_METHOD_CRYPT_SC, CIPHER },
    [ALGORITHM_MAC_CLIENT] = { LIBSSH2_METHOD_MAC_CS, MAC },
    [ALGORITHM_MAC_SERVER] = { LIBSSH2_METHOD_MAC_SC, MAC },
    [ALGORITHM_COMPRESSION_CLIENT] = { LIBSSH2_METHOD_COMP_CS, "none" },
    [ALGORITHM_COMPRESSION_SERVER] = { LIBSSH2_METHOD_COMP_SC, "none" },
};

/* Is `name` (of `size` bytes) an item of the comma-separated list? */
static bool list_has(const char *list, const char *name, size_t size)
{
    for (const char *item = list; *item;) {
        size_t n = strcspn(item, ",");
        if (n == size && memcmp(item, name, n) == 0)
            return true;
        item += n + (item[n] == ',');
    }
    return false;
}

/* Appends the items of `from` that `out` lacks; with `among`, only those that it has. */
static void add_items(struct buf *out, const char *from, const char *among)
{
    for (const char *item = from; *item;) {
        size_t n = strcspn(item, ",");
        if (!list_has(buf_str(out), item, n) && (!among || list_has(among, item, n))) {
            if (out->size)
                buf_add_char(out, ',');
            buf_add(out, item, n);
        }
        item += n + (item[n] == ',');
    }
}

/* The host key types to ask for, best first: those recorded before the others. An RSA key is good
 * for two algorithms. */
static void order_host_keys(struct buf *out, unsigned known_types)
{
    struct buf known;
    buf_init(&known, 4096);
    for (int type = 0; type < PUBLIC_KEY_TYPE_COUNT; type++) {
        if (known_types & 1u << type)
            buf_addf(&known, "%s,", public_key_type_name((enum public_key_type)type));
    }
    if (known_types & 1u << PUBLIC_KEY_RSA)
        buf_add_str(&known, "rsa-sha2-512,rsa-sha2-256");
    add_items(out, HOST_KEY, buf_str(&known));
    add_items(out, HOST_KEY, NULL);
    buf_release(&known);
}

/* Appends those of `names` that this libssh2 can do. */
static void add_supported(struct buf *out, LIBSSH2_SESSION *ssh, size_t which, const char *names)
{
    const char **known = NULL;
    int count = libssh2_session_supported_algs(ssh, preferences[which].method, &known);
    struct buf supported;
    buf_init(&supported, 16 * 1024);
    for (int i = 0; i < count; i++)
        buf_addf(&supported, "%s%s", i ? "," : "", known[i]);
    add_items(out, names, buf_str(&supported));
    buf_release(&supported);
    if (count > 0)
        libssh2_free(ssh, (void *)known);
}

/* Sets one list. */
static bool apply_list(LIBSSH2_SESSION *ssh, size_t which, const char *names)
{
    struct buf supported;
    buf_init(&supported, 16 * 1024);
    add_supported(&supported, ssh, which, names);
    bool done = supported.size > 0 && libssh2_session_method_pref(ssh, preferences[which].method,
                                                                  buf_str(&supported)) == 0;
    buf_release(&supported);
    return done;
}

bool algorithms_apply(LIBSSH2_SESSION *ssh, unsigned known_types, struct error *reterr)
{
    struct buf host_keys;
    buf_init(&host_keys, 4096);
    order_host_keys(&host_keys, known_types);
    bool done = true;
    for (size_t i = 0; done && i < ALGORITHM_LIST_COUNT; i++) {
        const char *names = i == ALGORITHM_HOST_KEY ? buf_str(&host_keys) : preferences[i].names;
        if (!apply_list(ssh, i, names))
            done = error_set(reterr, ERR_NO_COMMON_ALGORITHM, "libssh2 %s has no safe %s",
                             libssh2_version(0), algorithm_list_phrase((enum algorithm_list)i));
    }
    buf_release(&host_keys);
    return done;
}

/* Do the lists share an item? */
static bool lists_meet(const char *a, const char *b)
{
    struct buf common;
    buf_init(&common, 64 * 1024);
    add_items(&common, a, b);
    bool meet = common.size > 0;
    buf_release(&common);
    return meet;
}

char *algorithms_mismatch(LIBSSH2_SESSION *ssh, const struct greeting *greeting)
{
    char *text = NULL;
    struct buf ours;
    buf_init(&ours, 16 * 1024);
    for (size_t i = 0; !text && i < ALGORITHM_LIST_COUNT; i++) {
        const char *theirs = greeting_list(greeting, (enum algorithm_list)i);
        buf_clear(&ours);
        add_supported(&ours, ssh, i, preferences[i].names);
        if (theirs && !lists_meet(buf_str(&ours), theirs))
            text = xprintf("no common %s: the server offers %.600s; libssh2 %s has %s",
                           algorithm_list_phrase((enum algorithm_list)i), theirs,
                           libssh2_version(0), buf_str(&ours));
    }
    buf_release(&ours);
    return text;
}
