/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "sftp_fault.h"

enum {
    MIDDLE = 100000,  /* where disks fill up and connections break */
    FORGOTTEN = 1000, /* /lie keeps no more than this */
    CORRUPTED = 5000, /* where /corrupt changes a byte */
    SHORT_READ = 777,
    NAMES_AT_ONCE = 100,
    BIG_TARGET = 1 << 20,
    SLOW_MS = 20,
};

static struct attrs kind(unsigned type)
{
    return (struct attrs){ .flags = SFTP_ATTR_SIZE | SFTP_ATTR_MODE,
                           .size = S_ISREG(type) ? 10 : 0,
                           .mode = type | (S_ISREG(type) ? 0644 : 0755) };
}

/* A reply of one name. */
static void send_name(struct server *s, const struct request *q, const char *name, unsigned type)
{
    struct attrs a = kind(type);
    wire_names_begin(s, q->id);
    wire_names_add(s, name, strlen(name), &a);
    wire_names_end(s);
}

static void send_end(struct server *s, const struct request *q)
{
    wire_status(s, q->id, SFTP_EOF, "End of folder");
}

static void send_kind(struct server *s, const struct request *q, unsigned type)
{
    struct attrs a = kind(type);
    wire_attrs(s, q->id, &a);
}

/* Is the path the behaviour's own folder, "/NAME"? */
static bool is_top(const struct request *q)
{
    return strcmp(q->path + 1, q->behaviour->name) == 0;
}

static const char *last_name(const struct request *q)
{
    return strrchr(q->path, '/') + 1;
}

static bool is_past(const struct request *q, uint64_t limit)
{
    return q->offset + q->size > limit;
}

/* --- No answer, and answers that are none ---------------------------------------------------- */

bool lie_silent(struct server *s, const struct request *q)
{
    (void)s, (void)q;
    return true;
}

bool lie_wrong_id(struct server *s, const struct request *q)
{
    static struct request copy;
    copy = *q;
    copy.id += 1000;
    files_answer(s, &copy);
    return true;
}

bool lie_huge_packet(struct server *s, const struct request *q)
{
    (void)s, (void)q;
    wire_raw("\x40\0\0\0\x69 and so on", 16);
    return true;
}

bool lie_garbage(struct server *s, const struct request *q)
{
    (void)s;
    uint8_t bytes[4096];
    uint32_t seed = q->id * 2654435761U + (uint32_t)getpid();
    for (size_t i = 0; i < sizeof bytes; i++) {
        seed = seed * 1103515245 + 12345;
        bytes[i] = (uint8_t)(seed >> 16);
    }
    wire_raw(bytes, sizeof bytes);
    return true;
}

bool lie_open_as_name(struct server *s, const struct request *q)
{
    send_name(s, q, "surprise", S_IFREG);
    return true;
}

/* --- Folders --------------------------------------------------------------------------------- */

bool lie_endless_readdir(struct server *s, const struct request *q)
{
    struct attrs a = kind(S_IFREG);
    char name[32];
    if (q->handle == NULL)
        return false;
    wire_names_begin(s, q->id);
    for (int i = 0; i < NAMES_AT_ONCE; i++) {
        snprintf(name, sizeof name, "f%08zu", q->handle->served++);
        wire_names_add(s, name, strlen(name), &a);
    }
    wire_names_end(s);
    return true;
}

/* All that is in the folder is a file. */
bool lie_stat_seed(struct server *s, const struct request *q)
{
    if (is_top(q))
        return false;
    send_kind(s, q, S_IFREG);
    return true;
}

bool lie_open_seed(struct server *s, const struct request *q)
{
    return !(q->flags & SFTP_OPEN_WRITE) && files_open_seed(s, q);
}

bool lie_deep_stat(struct server *s, const struct request *q)
{
    send_kind(s, q, S_IFDIR);
    return true;
}

/* The real folder behind each of them is the first. */
bool lie_deep_opendir(struct server *s, const struct request *q)
{
    static struct request copy;
    copy = *q;
    snprintf(copy.path, sizeof copy.path, "/%s", q->behaviour->name);
    files_answer(s, &copy);
    return true;
}

bool lie_deep_readdir(struct server *s, const struct request *q)
{
    if (q->handle == NULL)
        return false;
    if (q->handle->served++ == 0)
        send_name(s, q, "d", S_IFDIR);
    else
        send_end(s, q);
    return true;
}

/* One a reply, as each would spoil the others'. */
bool lie_names_readdir(struct server *s, const struct request *q)
{
    static char long_name[301];
    static const struct {
        const char *text;
        size_t size;
    } names[] = {
        { "../x", 4 },      { "/etc/passwd", 11 }, { ".", 1 },         { "..", 2 },
        { "", 0 },          { "a/b", 3 },          { "nul\0byte", 8 }, { "new\nline\x1b[31m", 13 },
        { long_name, 300 }, { "twice", 5 },        { "twice", 5 },     { "good", 4 },
    };
    struct attrs a = kind(S_IFREG);
    if (q->handle == NULL)
        return false;
    size_t n = q->handle->served++;
    memset(long_name, 'l', sizeof long_name - 1);
    if (n >= sizeof names / sizeof *names) {
        send_end(s, q);
        return true;
    }
    wire_names_begin(s, q->id);
    wire_names_add(s, names[n].text, names[n].size, &a);
    wire_names_end(s);
    return true;
}

bool lie_bare_readdir(struct server *s, const struct request *q)
{
    if (q->handle == NULL || q->handle->dir == NULL)
        return false;
    files_readdir(s, q, true);
    return true;
}

/* --- Links ----------------------------------------------------------------------------------- */

/* "a" is a link to /tmp, then a folder: a client that made the link would write a/muster-escaped
 * into /tmp. */
bool lie_links_readdir(struct server *s, const struct request *q)
{
    static const struct {
        const char *name;
        unsigned type;
    } names[] = { { "a", S_IFLNK }, { "loop", S_IFLNK }, { "a", S_IFDIR } };
    if (q->handle == NULL)
        return false;
    size_t n = q->handle->served++;
    if (strcmp(q->handle->path, "/links") == 0 && n < 3)
        send_name(s, q, names[n].name, names[n].type);
    else if (strcmp(q->handle->path, "/links") != 0 && n == 0)
        send_name(s, q, "muster-escaped", S_IFREG);
    else
        send_end(s, q);
    return true;
}

/* "a" is a folder for those who ask. */
bool lie_links_lstat(struct server *s, const struct request *q)
{
    if (is_top(q))
        return false;
    if (strcmp(last_name(q), "muster-escaped") == 0)
        send_kind(s, q, S_IFREG);
    else if (strcmp(last_name(q), "loop") == 0 && q->type == SFTP_LSTAT)
        send_kind(s, q, S_IFLNK);
    else if (strcmp(last_name(q), "loop") == 0)
        wire_status(s, q->id, SFTP_FAILURE, "Too many levels of symbolic links");
    else
        send_kind(s, q, S_IFDIR);
    return true;
}

bool lie_links_readlink(struct server *s, const struct request *q)
{
    send_name(s, q, strcmp(last_name(q), "loop") == 0 ? "loop" : "/tmp", S_IFREG);
    return true;
}

bool lie_big_readdir(struct server *s, const struct request *q)
{
    if (q->handle == NULL)
        return false;
    if (q->handle->served++ == 0)
        send_name(s, q, "big", S_IFLNK);
    else
        send_end(s, q);
    return true;
}

bool lie_big_lstat(struct server *s, const struct request *q)
{
    if (is_top(q))
        return false;
    send_kind(s, q, S_IFLNK);
    return true;
}

bool lie_big_readlink(struct server *s, const struct request *q)
{
    static char target[BIG_TARGET + 1];
    memset(target, 't', BIG_TARGET);
    send_name(s, q, target, S_IFLNK);
    return true;
}

/* --- Contents -------------------------------------------------------------------------------- */

bool lie_drop(struct server *s, const struct request *q)
{
    (void)s;
    if (is_past(q, MIDDLE))
        exit(1);
    return false;
}

bool lie_full(struct server *s, const struct request *q)
{
    if (!is_past(q, MIDDLE))
        return false;
    wire_status(s, q->id, SFTP_FAILURE, "No space left on device");
    return true;
}

/* The handle stays, to be lost with us: its file is closed by a second CLOSE at best. */
bool lie_quota(struct server *s, const struct request *q)
{
    if (q->handle == NULL || !q->handle->is_written)
        return false;
    q->handle->is_written = false;
    wire_status(s, q->id, SFTP_FAILURE, "Disk quota exceeded");
    return true;
}

bool lie_forget(struct server *s, const struct request *q)
{
    if (!is_past(q, FORGOTTEN))
        return false;
    wire_status(s, q->id, SFTP_OK, "Success");
    return true;
}

bool lie_corrupt(struct server *s, const struct request *q)
{
    if (q->offset > CORRUPTED || !is_past(q, CORRUPTED))
        return false;
    uint8_t *copy = malloc(q->size);
    if (copy == NULL)
        return false;
    memcpy(copy, q->data, q->size);
    copy[CORRUPTED - q->offset] ^= 1;
    static struct request changed;
    changed = *q;
    changed.data = copy;
    files_answer(s, &changed);
    free(copy);
    return true;
}

bool lie_zero(struct server *s, const struct request *q)
{
    wire_data(s, q->id, "", 0);
    return true;
}

void lies_flush(struct server *s)
{
    while (s->late_count > 0)
        files_answer(s, &s->late[--s->late_count]);
}

/* Answered in groups, each from its end: when it is full, or nothing follows. */
bool lie_unordered(struct server *s, const struct request *q)
{
    s->late[s->late_count++] = *q;
    if (s->late_count == REORDERED)
        lies_flush(s);
    return true;
}

bool lie_short_read(struct server *s, const struct request *q)
{
    static struct request copy;
    copy = *q;
    copy.size = q->size < SHORT_READ ? q->size : SHORT_READ;
    files_answer(s, &copy);
    return true;
}

bool lie_slow(struct server *s, const struct request *q)
{
    struct timespec t = { .tv_nsec = SLOW_MS * 1000000L };
    (void)s, (void)q;
    nanosleep(&t, NULL);
    return false;
}

bool lie_not_for_writing(struct server *s, const struct request *q)
{
    if (!(q->flags & SFTP_OPEN_WRITE))
        return false;
    wire_status(s, q->id, SFTP_PERMISSION_DENIED, "Permission denied");
    return true;
}

/* --- Replacement ----------------------------------------------------------------------------- */

bool lie_rename_fails(struct server *s, const struct request *q)
{
    wire_status(s, q->id, SFTP_FAILURE, "Failure");
    return true;
}

_Noreturn bool lie_rename_lost(struct server *s, const struct request *q)
{
    (void)s, (void)q;
    exit(1);
}

/* Done, but there is nobody to tell: writing the answer ends us. */
bool lie_renamed_lost(struct server *s, const struct request *q)
{
    close(1);
    files_answer(s, q);
    return true;
}
