/* SPDX-License-Identifier: MIT */
#include "ssh/ssh_features.h"

#include <libssh2.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* libssh2's numbers: 0xMMmmpp. */
enum {
    V1_11_0 = 0x010b00,
    V1_11_1 = 0x010b01,
    /* Not released yet; what its development branch has. */
    V1_11_2 = 0x010b02,
};

/* What is worth telling when a library lacks it. */
struct gap {
    size_t offset; /* of the flag in struct ssh_features */
    const char *text;
};

static const struct gap gaps[] = {
    { offsetof(struct ssh_features, rsa_hostkey_sha2),
      "no RSA host keys signed with SHA-2: servers whose only host key is RSA are out of reach" },
    { offsetof(struct ssh_features, etm), "no encrypt-then-MAC (hmac-sha2-*-etm@openssh.com)" },
    { offsetof(struct ssh_features, gcm), "no AES-GCM" },
    { offsetof(struct ssh_features, chacha), "no ChaCha20-Poly1305" },
    { offsetof(struct ssh_features, certs), "no user certificates but ECDSA ones" },
    { offsetof(struct ssh_features, strict_kex),
      "no strict key exchange (the ciphers that the Terrapin attack needs are not offered)" },
    { offsetof(struct ssh_features, signal),
      "no signals to remote commands: they are ended by a second command" },
    { offsetof(struct ssh_features, post_quantum), "no post-quantum key exchange" },
};

struct ssh_features ssh_features_of(int version)
{
    return (struct ssh_features){
        .version = "",
        .rsa_user_sha2 = version >= V1_11_0,
        .rsa_hostkey_sha2 = version >= V1_11_0,
        .signal = version >= V1_11_0 && LIBSSH2_VERSION_NUM >= V1_11_0,
        .etm = version >= V1_11_0,
        .gcm = version >= V1_11_0,
        .chacha = version >= V1_11_1,
        .certs = version >= V1_11_1,
        .strict_kex = version >= V1_11_1,
        .posix_rename = version >= V1_11_1 && LIBSSH2_VERSION_NUM >= V1_11_1,
        .has_exit_status = version >= V1_11_2 && LIBSSH2_VERSION_NUM >= V1_11_2,
        .post_quantum = version >= V1_11_2,
    };
}

/* One number of "1.10.0": reads it at `*at` and steps over a dot behind it. */
static int version_part(const char **at)
{
    char *end = NULL;
    long n = strtol(*at, &end, 10);
    if (end == *at || n < 0 || n > 255)
        return 0;
    *at = *end == '.' ? end + 1 : end;
    return (int)n;
}

struct ssh_features ssh_features_get(void)
{
    const char *text = libssh2_version(0);
    if (!text)
        text = "";
    const char *at = text;
    int major = version_part(&at);
    int minor = version_part(&at);
    int patch = version_part(&at);
    struct ssh_features f = ssh_features_of((major << 16) | (minor << 8) | patch);
    f.version = text;
    return f;
}

void ssh_features_describe(const struct ssh_features *f, struct buf *out)
{
    buf_addf(out, "libssh2 %s\n", f->version);
    for (size_t i = 0; i < sizeof gaps / sizeof *gaps; i++) {
        const bool *has = (const bool *)((const char *)f + gaps[i].offset);
        if (!*has)
            buf_addf(out, "  %s\n", gaps[i].text);
    }
}

void ssh_features_channel_signal(LIBSSH2_CHANNEL *channel, const char *name)
{
#if LIBSSH2_VERSION_NUM >= 0x010b00
    if (ssh_features_get().signal)
        libssh2_channel_signal_ex(channel, name, strlen(name));
#else
    (void)channel;
    (void)name;
#endif
}
