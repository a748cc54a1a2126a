/* SPDX-License-Identifier: MIT */
/*
 * What the libssh2 in use can do. The only place that knows versions: everything else asks for a
 * feature by name. The library found at run time decides (same soname from 1.10 to 1.11.x), within
 * what the headers had at compile time.
 */
#ifndef MUSTER_SSH_SSH_FEATURES_H
#define MUSTER_SSH_SSH_FEATURES_H

#include <stdbool.h>

#include "base/buf.h"

struct ssh_features {
    const char *version;   /* of libssh2 at run time: "1.10.0"; static storage */
    bool rsa_user_sha2;    /* signs RSA user keys with SHA-2 by itself (else rsa_sha2.h does) */
    bool rsa_hostkey_sha2; /* accepts RSA host keys signed with SHA-2 */
    bool signal;           /* libssh2_channel_signal_ex(): at run time AND compile time */
    bool etm;              /* hmac-sha2-*-etm@openssh.com */
    bool gcm;              /* aes*-gcm@openssh.com */
    bool chacha;           /* chacha20-poly1305@openssh.com */
    bool certs;            /* user certificates of every key type (else ECDSA only) */
    bool strict_kex;       /* kex-strict-c-v00@openssh.com (the Terrapin attack) */
    bool post_quantum;     /* a hybrid key exchange with ML-KEM */
    bool posix_rename;     /* libssh2_sftp_posix_rename_ex(): at run time AND compile time */
    bool has_exit_status;  /* libssh2_channel_has_exit_status(): likewise (else ssh_alloc.h) */
};

struct _LIBSSH2_CHANNEL;

/* Asks the server to send a signal ("TERM", without SIG) to a channel's command, where `signal` is
 * true; else does nothing. That it was sent proves nothing (law 18). */
void ssh_features_channel_signal(struct _LIBSSH2_CHANNEL *channel, const char *name);

/* The features of the library this process runs with. */
struct ssh_features ssh_features_get(void);

/* The features of a given version, as LIBSSH2_VERSION_NUM has it (0x010b01 is 1.11.1). */
struct ssh_features ssh_features_of(int version_number);

/* Appends for `muster --version`: one line "libssh2 1.10.0", then one line for each thing it cannot
 * do, each ended by a newline. */
void ssh_features_describe(const struct ssh_features *f, struct buf *out);

#endif
