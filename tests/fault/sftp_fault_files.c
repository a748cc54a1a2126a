/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "sftp_fault.h"

enum { REAL_ROOM = PATH_ROOM + 1024, NAMES_AT_ONCE = 64 };

/* The real file behind a tidied path. */
static const char *real_path(const struct server *s, const char *path, char real[REAL_ROOM])
{
    snprintf(real, REAL_ROOM, "%s%s", s->store, path);
    return real;
}

/* OK, or what errno says. */
static void reply(struct server *s, const struct request *q, bool is_done)
{
    if (is_done)
        wire_status(s, q->id, SFTP_OK, "Success");
    else
        wire_errno(s, q->id);
}

static struct attrs attrs_of(const struct stat *st, const struct behaviour *b)
{
    struct attrs a = {
        .flags = SFTP_ATTR_SIZE | SFTP_ATTR_OWNER | SFTP_ATTR_MODE | SFTP_ATTR_TIMES,
        .size = (uint64_t)st->st_size,
        .uid = st->st_uid,
        .gid = st->st_gid,
        .mode = st->st_mode,
        .atime = (uint32_t)st->st_atime,
        .mtime = (uint32_t)st->st_mtime,
    };
    if (b->announces > 0 && S_ISREG(st->st_mode))
        a.size = b->announces;
    return a;
}

/* --- Seeds ----------------------------------------------------------------------------------- */

/* Different at every place, so that an exchange of two blocks shows. */
static uint8_t pattern(size_t at)
{
    return (uint8_t)(at ^ at >> 8 ^ at >> 16 ^ at / 251);
}

/* Whole or not there, as other servers look at the same store. */
static void write_seed(const char *path, size_t size, unsigned mode)
{
    char temporary[REAL_ROOM + 32];
    snprintf(temporary, sizeof temporary, "%s.%ld", path, (long)getpid());
    FILE *f = fopen(temporary, "we");
    if (f == NULL)
        return;
    for (size_t i = 0; i < size; i++)
        putc(pattern(i), f);
    fclose(f);
    chmod(temporary, mode > 0 ? mode : 0644);
    rename(temporary, path);
}

void files_seed(const struct server *s, const struct behaviour *b)
{
    char path[REAL_ROOM];
    snprintf(path, sizeof path, "%s/%s", s->store, b->name);
    mkdir(path, 0755);
    snprintf(path, sizeof path, "%s/%s/file", s->store, b->name);
    if (b->seed > 0 && access(path, F_OK) != 0)
        write_seed(path, b->seed, b->seed_mode);
}

/* --- Handles --------------------------------------------------------------------------------- */

static struct handle *take_handle(struct server *s, const struct request *q)
{
    for (size_t i = 0; i < HANDLES; i++) {
        struct handle *h = &s->handles[i];
        if (h->is_used)
            continue;
        *h = (struct handle){ .is_used = true, .fd = -1, .behaviour = q->behaviour };
        h->path = strdup(q->path);
        return h;
    }
    errno = EMFILE;
    return NULL;
}

static bool drop_handle(struct handle *h)
{
    bool is_closed = h->dir != NULL ? closedir(h->dir) == 0 : close(h->fd) == 0;
    free(h->path);
    *h = (struct handle){ .is_used = false };
    return is_closed;
}

static int open_flags(uint32_t wanted)
{
    int flags = O_RDONLY;
    if (wanted & SFTP_OPEN_WRITE)
        flags = wanted & SFTP_OPEN_READ ? O_RDWR : O_WRONLY;
    flags |= wanted & SFTP_OPEN_CREAT ? O_CREAT : 0;
    flags |= wanted & SFTP_OPEN_TRUNC ? O_TRUNC : 0;
    flags |= wanted & SFTP_OPEN_EXCL ? O_EXCL : 0;
    return flags | O_CLOEXEC;
}

static void open_file(struct server *s, const struct request *q, const char *real)
{
    struct handle *h = take_handle(s, q);
    if (h == NULL) {
        wire_errno(s, q->id);
        return;
    }
    mode_t mode = q->attrs.flags & SFTP_ATTR_MODE ? q->attrs.mode & 07777 : 0666;
    h->is_written = q->flags & SFTP_OPEN_WRITE;
    h->fd = open(real, open_flags(q->flags), mode);
    if (h->fd >= 0) {
        wire_handle(s, q->id, h);
        return;
    }
    wire_errno(s, q->id);
    drop_handle(h);
}

bool files_open_seed(struct server *s, const struct request *q)
{
    char real[REAL_ROOM];
    snprintf(real, sizeof real, "%s/%s/file", s->store, q->behaviour->name);
    open_file(s, q, real);
    return true;
}

static void open_folder(struct server *s, const struct request *q)
{
    char real[REAL_ROOM];
    DIR *dir = opendir(real_path(s, q->path, real));
    struct handle *h = dir != NULL ? take_handle(s, q) : NULL;
    if (h == NULL) {
        wire_errno(s, q->id);
        return;
    }
    h->dir = dir;
    wire_handle(s, q->id, h);
}

/* --- Contents -------------------------------------------------------------------------------- */

static void read_file(struct server *s, const struct request *q)
{
    static char data[DATA_ROOM];
    size_t size = q->size < DATA_ROOM ? q->size : DATA_ROOM;
    ssize_t n = pread(q->handle->fd, data, size, (off_t)q->offset);
    if (n > 0)
        wire_data(s, q->id, data, (size_t)n);
    else if (n == 0)
        wire_status(s, q->id, SFTP_EOF, "End of file");
    else
        wire_errno(s, q->id);
}

static void write_file(struct server *s, const struct request *q)
{
    ssize_t n = pwrite(q->handle->fd, q->data, q->size, (off_t)q->offset);
    reply(s, q, n == (ssize_t)q->size);
}

void files_readdir(struct server *s, const struct request *q, bool is_bare)
{
    size_t count = 0;
    struct dirent *e = NULL;
    wire_names_begin(s, q->id);
    while (count < NAMES_AT_ONCE && (e = readdir(q->handle->dir)) != NULL) {
        struct stat st = { 0 };
        if (fstatat(dirfd(q->handle->dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0)
            continue;
        struct attrs a = attrs_of(&st, q->behaviour);
        a.flags = is_bare ? 0 : a.flags;
        wire_names_add(s, e->d_name, strlen(e->d_name), &a);
        count++;
    }
    if (count > 0)
        wire_names_end(s);
    else
        wire_status(s, q->id, SFTP_EOF, "End of folder");
}

/* --- Attributes ------------------------------------------------------------------------------ */

static void stat_path(struct server *s, const struct request *q)
{
    char real[REAL_ROOM];
    struct stat st;
    real_path(s, q->path, real);
    if ((q->type == SFTP_STAT ? stat(real, &st) : lstat(real, &st)) != 0) {
        wire_errno(s, q->id);
        return;
    }
    struct attrs a = attrs_of(&st, q->behaviour);
    wire_attrs(s, q->id, &a);
}

static int handle_fd(const struct handle *h)
{
    return h->dir != NULL ? dirfd(h->dir) : h->fd;
}

static void stat_handle(struct server *s, const struct request *q)
{
    struct stat st;
    if (fstat(handle_fd(q->handle), &st) != 0) {
        wire_errno(s, q->id);
        return;
    }
    struct attrs a = attrs_of(&st, q->behaviour);
    wire_attrs(s, q->id, &a);
}

/* By descriptor, so that both requests are one. */
static bool set_attrs(int fd, const struct attrs *a)
{
    struct timespec times[2] = { { .tv_sec = a->atime }, { .tv_sec = a->mtime } };
    bool is_done = true;
    if (a->flags & SFTP_ATTR_SIZE)
        is_done = is_done && ftruncate(fd, (off_t)a->size) == 0;
    if (a->flags & SFTP_ATTR_MODE)
        is_done = is_done && fchmod(fd, a->mode & 07777) == 0;
    if (a->flags & SFTP_ATTR_TIMES)
        is_done = is_done && futimens(fd, times) == 0;
    if (a->flags & SFTP_ATTR_OWNER)
        is_done = is_done && fchown(fd, a->uid, a->gid) == 0;
    return is_done;
}

static void set_path_attrs(struct server *s, const struct request *q)
{
    char real[REAL_ROOM];
    int flags = q->attrs.flags & SFTP_ATTR_SIZE ? O_WRONLY : O_RDONLY;
    int fd = open(real_path(s, q->path, real), flags | O_CLOEXEC);
    reply(s, q, fd >= 0 && set_attrs(fd, &q->attrs));
    if (fd >= 0)
        close(fd);
}

/* --- Names ----------------------------------------------------------------------------------- */

/* RENAME never replaces, POSIX_RENAME does, as in OpenSSH. */
static void rename_path(struct server *s, const struct request *q)
{
    char from[REAL_ROOM], to[REAL_ROOM];
    real_path(s, q->path, from);
    real_path(s, q->other, to);
    if (q->type == SFTP_RENAME && access(to, F_OK) == 0) {
        errno = EEXIST;
        reply(s, q, false);
        return;
    }
    reply(s, q, rename(from, to) == 0);
}

static void one_name(struct server *s, const struct request *q, const char *name)
{
    struct attrs none = { .flags = 0 };
    wire_names_begin(s, q->id);
    wire_names_add(s, name, strlen(name), &none);
    wire_names_end(s);
}

static void read_link(struct server *s, const struct request *q)
{
    char real[REAL_ROOM], target[PATH_ROOM];
    ssize_t n = readlink(real_path(s, q->path, real), target, sizeof target - 1);
    if (n < 0) {
        wire_errno(s, q->id);
        return;
    }
    target[n] = '\0';
    one_name(s, q, target);
}

static void make_folder(struct server *s, const struct request *q)
{
    char real[REAL_ROOM];
    mode_t mode = q->attrs.flags & SFTP_ATTR_MODE ? q->attrs.mode & 07777 : 0777;
    reply(s, q, mkdir(real_path(s, q->path, real), mode) == 0);
}

static void answer_path(struct server *s, const struct request *q)
{
    char real[REAL_ROOM];
    real_path(s, q->path, real);
    switch (q->type) {
    case SFTP_OPEN:
        open_file(s, q, real);
        break;
    case SFTP_OPENDIR:
        open_folder(s, q);
        break;
    case SFTP_STAT:
    case SFTP_LSTAT:
        stat_path(s, q);
        break;
    case SFTP_SETSTAT:
        set_path_attrs(s, q);
        break;
    case SFTP_REMOVE:
        reply(s, q, unlink(real) == 0);
        break;
    case SFTP_RMDIR:
        reply(s, q, rmdir(real) == 0);
        break;
    case SFTP_MKDIR:
        make_folder(s, q);
        break;
    case SFTP_REALPATH:
        one_name(s, q, q->path);
        break;
    case SFTP_RENAME:
    case SFTP_POSIX_RENAME:
        rename_path(s, q);
        break;
    case SFTP_READLINK:
        read_link(s, q);
        break;
    case SFTP_SYMLINK:
        reply(s, q, symlink(q->other, real) == 0);
        break;
    default:
        wire_status(s, q->id, SFTP_OP_UNSUPPORTED, "Operation unsupported");
        break;
    }
}

static void answer_handle(struct server *s, const struct request *q)
{
    bool is_for_folder = q->type == SFTP_READDIR;
    bool is_for_file = q->type == SFTP_READ || q->type == SFTP_WRITE;
    if (q->handle == NULL || (q->handle->dir != NULL ? is_for_file : is_for_folder)) {
        wire_status(s, q->id, SFTP_FAILURE, "No such handle");
        return;
    }
    switch (q->type) {
    case SFTP_READ:
        read_file(s, q);
        break;
    case SFTP_WRITE:
        write_file(s, q);
        break;
    case SFTP_READDIR:
        files_readdir(s, q, false);
        break;
    case SFTP_FSTAT:
        stat_handle(s, q);
        break;
    case SFTP_FSETSTAT:
        reply(s, q, set_attrs(handle_fd(q->handle), &q->attrs));
        break;
    case SFTP_CLOSE:
        reply(s, q, drop_handle(q->handle));
        break;
    default:
        break;
    }
}

void files_answer(struct server *s, const struct request *q)
{
    bool has_handle = q->type == SFTP_READ || q->type == SFTP_WRITE || q->type == SFTP_READDIR ||
                      q->type == SFTP_FSTAT || q->type == SFTP_FSETSTAT || q->type == SFTP_CLOSE;
    if (has_handle)
        answer_handle(s, q);
    else
        answer_path(s, q);
}
