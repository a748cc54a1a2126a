/* SPDX-License-Identifier: MIT */
#include "base/landing_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/landing_private.h"
#include "base/memory.h"

enum { TAG_MOST = 64 };

struct landing_file {
    int fd;
    struct landing_spot spot; /* folder and path are the file's own */
    char *path;               /* what the spot's texts point into */
    char *temporary;          /* path of the temporary */
    const char *temporary_name;
    dev_t device; /* which file the temporary is, whatever its name may come to mean */
    ino_t inode;
};

/* Frees the memory and the descriptors; the temporary stays. */
static void release(struct landing_file *f)
{
    if (f->fd >= 0)
        close(f->fd);
    close(f->spot.folder);
    free(f->temporary);
    free(f->path);
    free(f);
}

/* A file at the spot with an open temporary. Takes `fd`; closes it on failure. */
static bool adopt(struct landing_file **ret, const struct landing_spot *spot, int fd,
                  const char *temporary_name, struct error *reterr)
{
    struct stat st;
    int folder = fcntl(spot->folder, F_DUPFD_CLOEXEC, 0);
    if (folder < 0 || fstat(fd, &st) != 0) {
        landing_fail(spot, errno, reterr);
        if (folder >= 0)
            close(folder);
        close(fd);
        return false;
    }
    struct landing_file *f = xcalloc(1, sizeof *f);
    size_t prefix = (size_t)(spot->name - spot->path);
    f->fd = fd;
    f->path = xstrdup(spot->path);
    f->spot = (struct landing_spot){ folder, f->path, f->path + prefix };
    f->temporary = xprintf("%.*s%s", (int)prefix, spot->path, temporary_name);
    f->temporary_name = f->temporary + prefix;
    f->device = st.st_dev;
    f->inode = st.st_ino;
    *ret = f;
    return true;
}

/* landing_make_temporary() for a file. */
static int make_file(int folder, const char *name, const char *arg)
{
    (void)arg;
    return openat(folder, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
}

bool landing_create(struct landing *l, const char *path, struct landing_file **ret,
                    struct error *reterr)
{
    struct landing_spot spot;
    int fd;
    if (!landing_find(l, path, &spot, reterr) || !landing_can_replace(&spot, reterr))
        return false;
    char *name = landing_make_temporary(&spot, make_file, NULL, &fd);
    if (!name)
        return landing_fail(&spot, errno, reterr);
    bool done = adopt(ret, &spot, fd, name, reterr);
    if (!done)
        unlinkat(spot.folder, name, 0);
    free(name);
    return done;
}

/* Does the temporary's name still mean the file that was written? The server may have sent a file
 * of that name, which is then not to be taken for this one. */
static bool is_ours(const struct landing_file *f)
{
    struct stat st;
    return fstatat(f->spot.folder, f->temporary_name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
           st.st_dev == f->device && st.st_ino == f->inode;
}

/* Is what was opened a file that can be gone on with? Then nobody else can, until it is closed. */
static bool claim(const struct landing_file *f, uint64_t *ret_offset, struct error *reterr)
{
    struct stat st;
    if (fstat(f->fd, &st) != 0)
        return landing_fail(&f->spot, errno, reterr);
    if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() || st.st_nlink != 1)
        return error_set(reterr, ERR_TRANSFER, "%s: is there already and cannot be gone on with",
                         f->temporary);
    /* Where there are no locks, as on some network file systems, it goes without. */
    bool is_busy = flock(f->fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    /* Who wrote it may have put it in place between open and lock. */
    if (is_busy || !is_ours(f))
        return error_set(reterr, ERR_TRANSFER, "%s: is being written by somebody else",
                         f->temporary);
    if (fchmod(f->fd, 0600) != 0 || fstat(f->fd, &st) != 0)
        return landing_fail(&f->spot, errno, reterr);
    *ret_offset = (uint64_t)st.st_size;
    return true;
}

/* Opens or creates the temporary of that name. */
static bool open_named(struct landing_file **ret, const struct landing_spot *spot, const char *name,
                       struct error *reterr)
{
    const int flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    int fd = openat(spot->folder, name, flags, 0600);
    if (fd >= 0)
        return adopt(ret, spot, fd, name, reterr);
    error_set(reterr, ERR_TRANSFER, "%.*s%s: %s", (int)(spot->name - spot->path), spot->path, name,
              errno == ELOOP ? "is there already and cannot be gone on with" : strerror(errno));
    return false;
}

/* Is it a tag as a caller may give? */
static bool is_tag(const char *tag)
{
    size_t size = strlen(tag);
    return size >= 1 && size <= TAG_MOST && strspn(tag, "0123456789abcdefABCDEF") == size;
}

bool landing_create_resumable(struct landing *l, const char *path, const char *tag,
                              struct landing_file **ret, uint64_t *ret_offset, struct error *reterr)
{
    struct landing_spot spot;
    struct landing_file *f;
    if (!is_tag(tag))
        return error_set(reterr, ERR_INTERNAL, "%s: is no tag of a temporary file", tag);
    if (!landing_find(l, path, &spot, reterr) || !landing_can_replace(&spot, reterr))
        return false;
    char *name = landing_temporary_name(spot.name, tag);
    bool is_open = open_named(&f, &spot, name, reterr);
    free(name);
    if (!is_open)
        return false;
    if (!claim(f, ret_offset, reterr)) {
        release(f);
        return false;
    }
    *ret = f;
    return true;
}

bool landing_write(struct landing_file *f, const void *data, size_t size, uint64_t offset,
                   struct error *reterr)
{
    const char *at = data;
    if (offset > (uint64_t)INT64_MAX - size)
        return landing_fail(&f->spot, EFBIG, reterr);
    while (size > 0) {
        ssize_t n = pwrite(f->fd, at, size, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return landing_fail(&f->spot, errno, reterr);
        at += n;
        size -= (size_t)n;
        offset += (uint64_t)n;
    }
    return true;
}

ssize_t landing_read(struct landing_file *f, void *data, size_t size, uint64_t offset)
{
    ssize_t n;
    if (offset > (uint64_t)INT64_MAX)
        return 0;
    do {
        n = pread(f->fd, data, size, (off_t)offset);
    } while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}

const char *landing_temporary(const struct landing_file *f)
{
    return f->temporary;
}

/* Is the file as long as it was said to be, and still there? */
static bool check_whole(const struct landing_file *f, uint64_t size, struct error *reterr)
{
    struct stat st;
    if (fstat(f->fd, &st) != 0)
        return landing_fail(&f->spot, errno, reterr);
    if ((uint64_t)st.st_size != size)
        return error_set(reterr, ERR_TRANSFER, "%s: has %llu bytes instead of %llu", f->path,
                         (unsigned long long)st.st_size, (unsigned long long)size);
    return is_ours(f) ||
           error_set(reterr, ERR_TRANSFER, "%s: was removed or replaced while it was written",
                     f->temporary);
}

/* Sets mode and time and closes the file. */
static bool settle(struct landing_file *f, const struct landing_attributes *a, struct error *reterr)
{
    const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT },
                                       { .tv_sec = (time_t)a->mtime_s } };
    if (fchmod(f->fd, a->mode & 0777) != 0 || (a->has_mtime && futimens(f->fd, times) != 0))
        return landing_fail(&f->spot, errno, reterr);
    int fd = f->fd;
    f->fd = -1;
    return close(fd) == 0 || landing_fail(&f->spot, errno, reterr);
}

/* Gives the file its name. */
static bool put_in_place(const struct landing_file *f, struct error *reterr)
{
    if (!landing_can_replace(&f->spot, reterr))
        return false;
    int folder = f->spot.folder;
    return renameat(folder, f->temporary_name, folder, f->spot.name) == 0 ||
           landing_fail(&f->spot, errno, reterr);
}

bool landing_commit(struct landing_file *f, const struct landing_attributes *attributes,
                    struct error *reterr)
{
    bool done = check_whole(f, attributes->size, reterr) && settle(f, attributes, reterr) &&
                put_in_place(f, reterr);
    if (done)
        release(f);
    else
        landing_abandon(f);
    return done;
}

void landing_abandon(struct landing_file *f)
{
    if (!f)
        return;
    if (is_ours(f))
        unlinkat(f->spot.folder, f->temporary_name, 0);
    release(f);
}

void landing_keep(struct landing_file *f)
{
    if (f)
        release(f);
}
