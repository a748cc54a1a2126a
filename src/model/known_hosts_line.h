/* SPDX-License-Identifier: MIT */
/*
 * One line of a known_hosts file: taken apart, and matched against a name. Pure; what it returns
 * points into the caller's line.
 */
#ifndef MUSTER_MODEL_KNOWN_HOSTS_LINE_H
#define MUSTER_MODEL_KNOWN_HOSTS_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/digest.h"
#include "model/public_key.h"

enum known_hosts_marker { KNOWN_HOSTS_PLAIN, KNOWN_HOSTS_CA, KNOWN_HOSTS_REVOKE };

struct known_hosts_line {
    enum known_hosts_marker marker;
    const char *names; /* the first field, not NUL-terminated: a comma list or a hash */
    size_t names_size;
    bool is_hashed;
    unsigned char salt[SHA1_SIZE];
    unsigned char hash[SHA1_SIZE];
    enum public_key_type type;
};

enum known_hosts_line_kind {
    KNOWN_HOSTS_LINE_EMPTY, /* blank or a comment */
    KNOWN_HOSTS_LINE_ENTRY,
    KNOWN_HOSTS_LINE_BAD, /* `ret_why` says why: a phrase in static storage */
};

/* Takes apart `size` bytes without their newline. For an ENTRY `ret` is set and `blob`, emptied
 * first, holds the key. */
enum known_hosts_line_kind known_hosts_line_parse(const char *text, size_t size,
                                                  struct known_hosts_line *ret, struct buf *blob,
                                                  const char **ret_why);

/* Does the comma list name `host`, which is lower case? Names may hold * and ?, and !name takes
 * hosts out; case in the list does not matter. */
bool known_hosts_names_match(const char *names, size_t size, const char *host);

/* Is any name in the list a pattern (* ?) or a negation? */
bool known_hosts_names_have_pattern(const char *names, size_t size);

#endif
