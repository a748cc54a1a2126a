/* SPDX-License-Identifier: MIT */
/*
 * OpenSSH's known_hosts files (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"): several in order, read
 * once, indexed, and appended to. Pure: no network, and no policy about what a verdict leads to.
 *
 * It owns copies of all it read; nothing points into it but `file` in a result. The verdicts are
 * ssh's (OpenSSH 9.2, check_host_key() with CheckHostIP=no), and where they differ, stricter:
 *   - any recorded key of the host that is the offered one is a match; where the host has keys
 *     recorded and the offered one is not among them, of whatever type, it is CHANGED;
 *   - a key that a @revoked line names for the host is REVOKED, whatever else is recorded;
 *   - @cert-authority lines are noted and match no plain key;
 *   - port 22 is looked up as "host", others as "[host]:port"; where that is unknown, ssh accepts a
 *     match of plain "host", and so does this (`by_plain_name`); an alias has no port;
 *   - a line that cannot be read is skipped with a note, and the rest of the file counts.
 *
 *      names without * ? !   -> hash map by name -> entries
 *      names with them       -> list, tried in turn
 *      |1|salt|hash          -> hash map by key -> the few hashed names with that key
 *                               (all of them are tried only to tell CHANGED from UNKNOWN)
 */
#ifndef MUSTER_MODEL_KNOWN_HOSTS_H
#define MUSTER_MODEL_KNOWN_HOSTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "model/public_key.h"

struct known_hosts;

struct known_hosts *known_hosts_new(void);
void known_hosts_free(struct known_hosts *kh); /* NULL is fine */

/* Reads `path` and adds it after the files loaded before. A file that does not exist counts as
 * empty unless `must_exist`; one that cannot be read is an error (ERR_HOST_KEY_FILE, names the
 * file). The same path again does nothing. */
bool known_hosts_load(struct known_hosts *kh, const char *path, bool must_exist,
                      struct error *reterr);

/* Lines that were read and lines that were skipped, over all files. */
size_t known_hosts_entry_count(const struct known_hosts *kh);
size_t known_hosts_skipped_count(const struct known_hosts *kh);

/* Whose key: what the user typed (a name or a numeric address, never what a name resolved to), or
 * the HostKeyAlias and port 0. Case does not matter. */
struct known_hosts_name {
    const char *host;
    uint16_t port; /* 0 and 22: the plain name */
};

/* Room for "[host]:port" of any host name known_hosts_name_text() accepts. */
#define KNOWN_HOSTS_NAME_SIZE 1024

/* The name as a known_hosts line has it: "host" or "[host]:port", lower case. False where it would
 * be KNOWN_HOSTS_NAME_SIZE bytes or more. */
bool known_hosts_name_text(const struct known_hosts_name *name,
                           char ret[static KNOWN_HOSTS_NAME_SIZE]);

enum known_hosts_verdict {
    KNOWN_HOSTS_MATCH,   /* recorded, and not revoked */
    KNOWN_HOSTS_UNKNOWN, /* nothing is recorded for the host */
    KNOWN_HOSTS_CHANGED, /* keys are recorded for the host, and this is none of them */
    KNOWN_HOSTS_REVOKED, /* this key is marked @revoked for the host */
};

struct known_hosts_result {
    enum known_hosts_verdict verdict;
    /* The line that decided; NULL and 0 for UNKNOWN. For CHANGED it is a recorded key of the same
     * type as the offered one where there is one, else the first. `file` lives as long as kh. */
    const char *file;
    unsigned line;
    /* Key of that line. */
    enum public_key_type recorded_type;
    char recorded[PUBLIC_KEY_FINGERPRINT_SIZE]; /* "" for UNKNOWN */
    /* Fingerprint of the key that was checked. */
    char offered[PUBLIC_KEY_FINGERPRINT_SIZE];
    /* CHANGED only: the types recorded, a set of 1u << type; and whether the offered key's type is
     * not among them. Then the server may well own a recorded key too, and connecting again with
     * the recorded types first in the host key algorithms gives a true verdict (law 13). */
    unsigned types;
    bool is_other_type_only;
    /* MATCH by the host's plain name, though a port was asked for. */
    bool by_plain_name;
};

/* Checks the host key `blob` (SSH wire format) offered by `name`. A blob that is of no known type
 * or not well-formed never matches. */
void known_hosts_check(struct known_hosts *kh, const struct known_hosts_name *name,
                       const void *blob, size_t size, struct known_hosts_result *ret);

/* The key types recorded for a host, to order the host key algorithms by, a set of 1u << type; 0
 * where none is known. Hashed lines can only be found by trying each, which is slow in long
 * files: QUICK looks at plain names, patterns and the hashed lines found before; THOROUGH at all.
 * A host that QUICK knows nothing of is best connected to with the default order, and once more
 * with THOROUGH in the rare case that the check then says CHANGED and `is_other_type_only`. */
enum known_hosts_effort { KNOWN_HOSTS_QUICK, KNOWN_HOSTS_THOROUGH };
unsigned known_hosts_types(struct known_hosts *kh, const struct known_hosts_name *name,
                           enum known_hosts_effort effort);

/* A key to record, and what became of it. */
struct known_hosts_key {
    struct known_hosts_name name;
    const void *blob; /* SSH wire format */
    size_t size;
    /* Set by known_hosts_add(): MATCH where it is recorded now; CHANGED or REVOKED where the host
     * has another key, or the key was revoked, since it was checked; UNKNOWN where it is not
     * well-formed or the name cannot be written. Only MATCH means that it may be trusted. */
    enum known_hosts_verdict verdict;
};

enum known_hosts_hashing {
    KNOWN_HOSTS_HASH_AUTO, /* as the file's last entry is */
    KNOWN_HOSTS_HASH_NO,
    KNOWN_HOSTS_HASH_YES, /* HashKnownHosts */
};

/* Appends `count` keys to `path` in one write, under an exclusive flock(2), and to the index. The
 * file is made with mode 0600, and its folder with 0700 where only that is missing. Under the lock
 * the file is read again if anybody else changed it, and each key is checked again. False
 * (ERR_HOST_KEY_FILE, names the file), and nothing written, where the file cannot be locked,
 * read or written. The first call waits for the lock, for 1 s; after a wait in vain no call waits
 * until one has got a lock. */
bool known_hosts_add(struct known_hosts *kh, const char *path, struct known_hosts_key *keys,
                     size_t count, enum known_hosts_hashing hashing, struct error *reterr);

#endif
