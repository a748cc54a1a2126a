/* SPDX-License-Identifier: MIT */
/*
 * One file or link of a pull.
 *
 *   LOOK -> [COMPARE] -> READ -> [CHECK] -> put in place, told      LOOK -> READLINK -> told
 *
 * What is here is replaced only when all has come, and has the size that was announced.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/digest.h"
#include "base/memory.h"
#include "ssh/pull_private.h"
#include "ssh/reader.h"

enum {
    HASH_SLICE = 1024 * 1024, /* a turn: what one file's hashing may take from the others */
    DIGEST_SIZE = 2 * SHA256_SIZE,
};

/* Was it done to the file system here? */
static bool landed(struct get *g, bool is_done)
{
    return pull_landed(g->pull, is_done, &g->error);
}

static void ask(struct get *g, const struct sftp_request *request, sftp_reply_fn *fn)
{
    g->waiting++;
    sftp_send(g->pull->t.sftp, request, fn, g);
}

bool get_fail(struct get *g, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    if (!error_is_set(&g->error))
        error_vset(&g->error, ERR_TRANSFER, fmt, ap);
    va_end(ap);
    return false;
}

/* So much less is to come; more than was announced is no backlog. */
static void shrink_backlog(struct get *g, uint64_t bytes)
{
    bytes = bytes < g->backlog ? bytes : g->backlog;
    g->backlog -= bytes;
    g->pull->backlog -= bytes;
}

void get_end(struct get *g)
{
    struct pull *pull = g->pull;
    struct get *parent = g->parent;
    if (pull->t.phase == TRANSFER_ENDED)
        return; /* it is freed with the transfer */
    if (!g->is_cancelled)
        pull_tell(g);
    shrink_backlog(g, g->backlog);
    pull->t.item_count--;
    get_free(g);
    if (parent)
        pull_folder_child_ended(parent);
    session_wake(pull->t.job.session);
}

/* --- CHECK, COMPARE: digests of both sides ---------------------------------------------------- */

static void commit(struct get *g);
static void begin_reading(struct get *g);

/* Both digests are known, or cannot be. */
static void digests_came(struct get *g)
{
    bool is_same = g->remote_digest[0] && strcmp(g->local_digest, g->remote_digest) == 0;
    /* What was asked for is dropped before the items are told that the transfer ends. */
    g->is_cancelled = g->is_cancelled || g->pull->t.phase != TRANSFER_WORKING;
    if (g->state == GET_COMPARE && g->existing_fd >= 0) {
        close(g->existing_fd);
        g->existing_fd = -1;
    }
    if (error_is_set(&g->error) || g->is_cancelled) {
        get_end(g);
    } else if (g->state == GET_COMPARE && is_same) {
        g->action = FILE_KEEP;
        get_end(g);
    } else if (g->state == GET_COMPARE) {
        g->local_digest[0] = g->remote_digest[0] = '\0';
        begin_reading(g);
    } else if (is_same) {
        commit(g);
    } else {
        g->is_spoilt = g->remote_digest[0] != '\0';
        get_fail(g, "%s: the copy differs from the source (SHA-256)", g->remote);
        get_end(g);
    }
}

/* One of the two has come. */
static void digest_came(struct get *g)
{
    if (--g->waiting == 0 && g->pull->t.phase != TRANSFER_ENDED)
        digests_came(g);
}

/* Keeps the hexadecimal digits of a finished sum. */
static void finish_sum(struct sha256 **sum, char ret[static DIGEST_SIZE + 1])
{
    unsigned char digest[SHA256_SIZE];
    char text[SHA256_TEXT_SIZE];
    sha256_finish(*sum, digest);
    sha256_free(*sum);
    *sum = NULL;
    digest_sha256_text(digest, text);
    memcpy(ret, text + strlen("sha256:"), DIGEST_SIZE + 1);
}

/* Reads the next piece of the local copy. */
static ssize_t read_local(struct get *g, char *buffer, size_t size)
{
    return g->state == GET_COMPARE ? pread(g->existing_fd, buffer, size, (off_t)g->hashed)
                                   : landing_read(g->file, buffer, size, g->hashed);
}

void get_hash_more(struct get *g)
{
    char *buffer = loop_read_buffer(g->pull->t.job.session->services->loop);
    for (size_t done = 0; done < HASH_SLICE && !g->is_cancelled;) {
        ssize_t got = read_local(g, buffer, LOOP_READ_BUFFER_SIZE);
        if (got <= 0)
            break;
        sha256_add(g->local_sum, buffer, (size_t)got);
        g->hashed += (size_t)got;
        done += (size_t)got;
        if (done >= HASH_SLICE)
            return;
    }
    list_remove(&g->also);
    finish_sum(&g->local_sum, g->local_digest);
    digest_came(g);
}

static bool on_read_back(void *arg, const void *data, size_t size, uint64_t offset)
{
    struct get *g = arg;
    (void)offset;
    sha256_add(g->remote_sum, data, size);
    return true;
}

static void on_read_back_end(void *arg, const struct error *error,
                             const struct sftp_attributes *attributes)
{
    struct get *g = arg;
    (void)attributes;
    g->reader = NULL;
    finish_sum(&g->remote_sum, g->remote_digest);
    if (error && g->state == GET_CHECK)
        get_fail(g, "%s", error_text(error));
    if (error)
        g->remote_digest[0] = '\0';
    digest_came(g);
}

/* Reads the file once more, where no program on the host can be asked. */
static void read_again(struct get *g)
{
    g->remote_sum = sha256_new();
    g->reader = reader_new(&(struct reader_args){ .transfer = &g->pull->t,
                                                  .path = g->remote,
                                                  .on_data = on_read_back,
                                                  .on_end = on_read_back_end,
                                                  .arg = g });
}

static void on_remote_digest(void *arg, const char *line, const char *why)
{
    struct get *g = arg;
    (void)why;
    if (line)
        line += *line == '\\'; /* in front where the name holds a newline */
    bool is_digest = line && strspn(line, "0123456789abcdef") == DIGEST_SIZE;
    if (is_digest)
        snprintf(g->remote_digest, sizeof g->remote_digest, "%s", line);
    if (is_digest || g->is_cancelled || g->pull->t.phase != TRANSFER_WORKING)
        digest_came(g);
    else
        read_again(g);
}

/* Asks for the digests of both sides. */
static void ask_digests(struct get *g)
{
    struct pull *pull = g->pull;
    const char *path = g->remote;
    g->waiting = 2;
    g->hashed = 0;
    g->local_sum = sha256_new();
    list_append(&pull->hashing, &g->also);
    if (batch_is_possible(pull->t.digests))
        batch_add(pull->t.digests, &path, 1, on_remote_digest, g);
    else
        read_again(g);
    session_wake(pull->t.job.session);
}

/* --- READ ------------------------------------------------------------------------------------- */

/* Puts the file in place. */
static void commit(struct get *g)
{
    struct landing_file *file = g->file;
    const struct landing_attributes attributes = {
        .size = g->resumed + g->received,
        .mode = g->attributes.has_mode ? g->attributes.mode & 0777 : 0644,
        .has_mtime = g->pull->t.spec->preserves && g->attributes.has_times,
        .mtime_s = g->attributes.mtime_s,
    };
    g->file = NULL;
    landed(g, landing_commit(file, &attributes, &g->error));
    get_end(g);
}

/* Names what is read, for the temporary of --resume. */
static void resume_tag(const struct get *g, char ret[static 33])
{
    unsigned char digest[SHA256_SIZE];
    char *what =
        xprintf("%s %" PRIu64 " %" PRIu32, g->remote, g->attributes.size, g->attributes.mtime_s);
    digest_sha256(what, strlen(what), digest);
    for (size_t i = 0; i < 16; i++)
        snprintf(ret + 2 * i, 3, "%02x", digest[i]);
    free(what);
}

/* Opens the temporary. */
static bool create(struct get *g)
{
    struct transfer *t = &g->pull->t;
    char tag[33];
    transfer_start(t);
    if (!t->spec->resumes)
        return landed(g, landing_create(t->spec->landing, g->local, &g->file, &g->error));
    resume_tag(g, tag);
    if (!landed(g, landing_create_resumable(t->spec->landing, g->local, tag, &g->file, &g->resumed,
                                            &g->error)))
        return false;
    if (g->resumed <= g->attributes.size)
        return true;
    return landed(g, get_fail(g, "%s: the temporary is larger than the file; remove it",
                              landing_temporary(g->file)));
}

/* May the host send so much more? */
static bool is_within_limit(struct get *g, size_t size)
{
    struct pull *pull = g->pull;
    pull->bytes += size;
    if (pull->bytes <= pull->t.spec->max_bytes)
        return true;
    transfer_fail(&pull->t, "%s: there are more than %" PRIu64 " bytes (--max-size allows more)",
                  g->remote, pull->t.spec->max_bytes);
    return false;
}

static bool on_data(void *arg, const void *data, size_t size, uint64_t offset)
{
    struct get *g = arg;
    if (g->is_cancelled || (!g->file && !create(g)) || !is_within_limit(g, size) ||
        !landed(g, landing_write(g->file, data, size, offset, &g->error)))
        return false;
    g->received += size;
    g->moved += size;
    shrink_backlog(g, size);
    transfer_moved(&g->pull->t, size);
    return true;
}

/* Everything has come, or will not. */
static void on_read_end(void *arg, const struct error *error,
                        const struct sftp_attributes *attributes)
{
    struct get *g = arg;
    g->reader = NULL;
    if (g->pull->t.phase == TRANSFER_ENDED)
        return;
    if (error)
        get_fail(g, "%s", error_text(error));
    if (attributes->has_mode) {
        g->attributes.has_mode = true;
        g->attributes.mode = attributes->mode;
    }
    if (attributes->has_times) {
        g->attributes.has_times = true;
        g->attributes.mtime_s = attributes->mtime_s;
    }
    if (error_is_set(&g->error) || g->is_cancelled || (!g->file && !create(g))) {
        get_end(g);
    } else if (g->pull->t.spec->verifies || g->resumed > 0) {
        g->state = GET_CHECK;
        ask_digests(g);
    } else {
        commit(g);
    }
}

/* READ: a temporary that is to be resumed is opened now, because it says where to begin. */
static void begin_reading(struct get *g)
{
    struct transfer *t = &g->pull->t;
    if (t->spec->is_dry_run || (t->spec->resumes && !create(g))) {
        get_end(g);
        return;
    }
    g->state = GET_READ;
    g->backlog = g->attributes.size - g->resumed; /* create() has looked */
    g->pull->backlog += g->backlog;
    g->reader = reader_new(&(struct reader_args){ .transfer = t,
                                                  .path = g->remote,
                                                  .offset = g->resumed,
                                                  .has_size = g->attributes.has_size,
                                                  .size = g->attributes.size,
                                                  .on_data = on_data,
                                                  .on_end = on_read_end,
                                                  .arg = g });
}

bool get_fill(struct get *g)
{
    return g->reader && reader_fill(g->reader);
}

/* --- LOOK ------------------------------------------------------------------------------------- */

/* Is what is here the same by size and time? */
static bool looks_same(const struct get *g, const struct landing_state *here)
{
    return g->attributes.has_size && here->size == g->attributes.size;
}

/* A regular file: what is here? */
static void begin_file(struct get *g)
{
    const struct transfer_spec *spec = g->pull->t.spec;
    struct landing_state here;
    g->kind = FILE_KIND_FILE;
    if (!landed(g, landing_look(spec->landing, g->local, &here, &g->error))) {
        get_end(g);
        return;
    }
    g->action = here.kind == LANDING_NONE ? FILE_CREATE : FILE_REPLACE;
    if (here.kind == LANDING_FOLDER)
        landed(g, get_fail(g, "%s: is a folder here, which is never replaced by a file", g->local));
    bool may_be_same = spec->skips_same && here.kind == LANDING_FILE && looks_same(g, &here);
    bool has_time = g->attributes.has_times && here.mtime_s == (int64_t)g->attributes.mtime_s;
    if (error_is_set(&g->error)) {
        get_end(g);
    } else if (may_be_same && !spec->verifies && has_time) {
        g->action = FILE_KEEP;
        get_end(g);
    } else if (may_be_same &&
               landing_open_existing(spec->landing, g->local, &g->existing_fd, &g->error)) {
        g->state = GET_COMPARE;
        ask_digests(g);
    } else {
        error_release(&g->error);
        begin_reading(g);
    }
}

static void on_link_read(void *arg, const struct sftp_reply *reply)
{
    struct get *g = arg;
    struct transfer *t = &g->pull->t;
    struct sftp_reply names = *reply;
    struct sftp_name name;
    g->waiting--;
    if (g->is_cancelled || transfer_reply_failed(reply, SFTP_NAME, &g->error, g->remote)) {
        get_end(g);
        return;
    }
    if (!sftp_next_name(&names, &name)) {
        get_fail(g, "%s: the server does not say where the link leads", g->remote);
    } else if (!t->spec->is_dry_run) {
        bool has_changed;
        transfer_start(t);
        bool is_fine = landing_link(t->spec->landing, g->local, (const char *)name.name.data,
                                    name.name.size, &has_changed, &g->error);
        landed(g, is_fine);
        if (is_fine && !has_changed)
            g->action = FILE_KEEP;
    }
    get_end(g);
}

static void begin_link(struct get *g)
{
    struct landing_state here;
    g->kind = FILE_KIND_LINK;
    g->state = GET_READLINK;
    bool is_known = landed(g, landing_look(g->pull->t.spec->landing, g->local, &here, &g->error));
    g->action = is_known && here.kind == LANDING_NONE ? FILE_CREATE : FILE_REPLACE;
    if (is_known)
        ask(g, &(struct sftp_request){ .type = SFTP_READLINK, .path = g->remote }, on_link_read);
    else
        get_end(g);
}

/* Neither file nor folder nor link: left out, or, where it was named, an error. */
static void leave_out(struct get *g)
{
    struct transfer *t = &g->pull->t;
    if (!g->parent) {
        get_fail(g, "%s: is no file, folder or link", g->remote);
    } else {
        char *text = xprintf("%s is no file, folder or link and is left out", g->remote);
        t->args.listener.on_note(t->args.listener.arg, SEVERITY_WARNING, text);
        free(text);
        g->is_cancelled = true; /* nothing is told of it */
    }
    get_end(g);
}

/* What it is decides. */
static void decide(struct get *g)
{
    switch (sftp_kind(&g->attributes)) {
    case SFTP_KIND_FILE:
        begin_file(g);
        return;
    case SFTP_KIND_FOLDER:
        if (!g->parent && !g->pull->t.spec->is_recursive) {
            g->kind = FILE_KIND_FOLDER;
            get_fail(g, "%s: is a folder; -r copies folders", g->remote);
            get_end(g);
        } else {
            pull_folder_begin(g);
        }
        return;
    case SFTP_KIND_LINK:
        begin_link(g);
        return;
    case SFTP_KIND_OTHER:
    case SFTP_KIND_UNKNOWN:
        leave_out(g);
        return;
    }
}

static void on_looked(void *arg, const struct sftp_reply *reply)
{
    struct get *g = arg;
    g->waiting--;
    if (g->is_cancelled || transfer_reply_failed(reply, SFTP_ATTRS, &g->error, g->remote)) {
        get_end(g);
        return;
    }
    g->attributes = reply->attributes;
    decide(g);
}

void get_begin(struct get *g)
{
    bool is_known = g->parent && sftp_kind(&g->attributes) != SFTP_KIND_UNKNOWN;
    g->state = GET_LOOK;
    if (is_known)
        decide(g);
    else
        ask(g,
            &(struct sftp_request){ .type = g->parent ? SFTP_LSTAT : SFTP_STAT, .path = g->remote },
            on_looked);
}

void get_cancel(struct get *g)
{
    struct reader *reader = g->reader;
    if (g->state == GET_FOLDER) {
        pull_folder_cancel(g);
        return;
    }
    if (!list_is_empty(&g->also))
        get_hash_more(g); /* ends it only where there is no reader */
    if (reader)
        reader_stop(reader, &g->pull->t.end_why);
}
