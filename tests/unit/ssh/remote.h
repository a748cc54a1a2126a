/* SPDX-License-Identifier: MIT */
/*
 * An honest SFTP server on a peer's channel, with files in memory, that a test can make silent or
 * make fail at any request. It answers by itself while the loop settles. Paths are compared as they
 * are: "a/b" lies in "a", and "." is there.
 */
#ifndef MUSTER_TESTS_REMOTE_H
#define MUSTER_TESTS_REMOTE_H

#include "sftp_peer.h"

/* Opens channel `channel` for the client that waits for it and greets; settles. */
void remote_start(struct rig *r, int channel, bool can_replace);
void remote_release(void);

/* Without a channel, before remote_start(), or at any time: what is there. `mode` with its type;
 * the content of a link is its target. */
void remote_add(const char *path, uint32_t mode, const char *content);
void remote_add_bytes(const char *path, uint32_t mode, const void *data, size_t size);

/* The content of what is there, or NULL; its mode, or 0; how many things there are whose name holds
 * `part`. */
const char *remote_content(const char *path);
uint32_t remote_mode(const char *path);
size_t remote_count(const char *part);

/* The path of the first one whose name holds `part`, or NULL; the size of what is there. */
const char *remote_path(const char *part);
size_t remote_size(const char *path);

/* Requests of this type about paths or handles that hold `part` ("" any) fail so, from now on. */
void remote_fail(enum sftp_type type, const char *part, uint32_t status, const char *words);

/* Requests of this type are kept unanswered; remote_be_silent(): all, but the next `after`. */
void remote_hold(enum sftp_type type);
void remote_be_silent(unsigned after);
void remote_answer_all(void); /* what was kept, and what comes */

/* Is there one of this type among what was kept? */
bool remote_holds(enum sftp_type type);

/* ATTRS says that files are of size 0, as those of /proc. */
void remote_hide_sizes(void);

/* READDIR gives no names, again and again. */
void remote_list_nothing(void);

/* Requests so far: all, and of one type. */
unsigned remote_requests(void);
unsigned remote_requests_of(enum sftp_type type);

#endif
