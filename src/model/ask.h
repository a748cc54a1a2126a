/* SPDX-License-Identifier: MIT */
/*
 * Questions to a person: one path for all of them. The cli implements it on the terminal, a user
 * of the library supplies his own, and a NULL `struct ask *` means that nobody can be asked.
 */
#ifndef MUSTER_MODEL_ASK_H
#define MUSTER_MODEL_ASK_H

#include <stdbool.h>
#include <stddef.h>

struct secret;

/* A host key nobody has recorded yet. */
struct ask_host_key {
    const char *name;        /* the inventory name */
    const char *address;     /* as known_hosts would name it: "host" or "[host]:port" */
    const char *key_type;    /* "ssh-ed25519" */
    const char *fingerprint; /* "SHA256:..." */
};

/* `accepted[i]` answers key i; called exactly once, on the loop's thread, perhaps before
 * host_keys() has returned. */
typedef void ask_host_keys_fn(void *arg, const bool *accepted, size_t count);

struct ask {
    /* Shows ALL unknown keys in one question. `keys` lives until the answer. */
    void (*host_keys)(struct ask *self, const struct ask_host_key *keys, size_t count,
                      ask_host_keys_fn *answer, void *arg);
};

#endif
