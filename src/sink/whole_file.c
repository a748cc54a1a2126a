/* SPDX-License-Identifier: MIT */
#include "sink/whole_file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"

enum { NAME_TRIES = 100 };

struct whole_file {
    char *path; /* as the user gave it, for errors */
    char *target;
    char *temporary; /* NULL: written to directly */
    int fd;
};

/* Sets the error to "PATH: what errno says". Returns false. */
static bool fail(const char *path, enum error_code code, int error, struct error *reterr)
{
    return error_set(reterr, code, "%s: %s", path, strerror(error));
}

/* The folder of a path; heap. */
static char *folder_of(const char *path)
{
    char *copy = xstrdup(path);
    char *folder = xstrdup(dirname(copy));
    free(copy);
    return folder;
}

/* Creates a new file beside `path` under a name of its own; returns -1 and errno on failure. */
static int create_beside(const char *path, char **ret_name)
{
    char *folder = folder_of(path);
    int fd = -1;
    for (int i = 0; i < NAME_TRIES; i++) {
        unsigned number = 0;
        if (getrandom(&number, sizeof number, 0) < 0)
            break;
        char *name = xprintf("%s/.muster-%08x.tmp", folder, number);
        fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd >= 0) {
            *ret_name = name;
            break;
        }
        int error = errno;
        free(name);
        errno = error;
        if (error != EEXIST)
            break;
    }
    int error = errno;
    free(folder);
    errno = error;
    return fd;
}

/* Opens what is no regular file, to be written to as it is. */
static bool open_directly(struct whole_file *f, struct error *reterr)
{
    f->fd = open(f->path, O_WRONLY | O_CLOEXEC);
    return f->fd >= 0 || fail(f->path, ERR_FILE, errno, reterr);
}

/* Finds the file behind symbolic links, which has to be writable; `st` is what it is now. */
static bool find_target(struct whole_file *f, const struct stat *st, struct error *reterr)
{
    if (!st) {
        f->target = xstrdup(f->path);
        return true;
    }
    if (access(f->path, W_OK) != 0)
        return fail(f->path, ERR_FILE, errno, reterr);
    f->target = realpath(f->path, NULL);
    return f->target || fail(f->path, ERR_FILE, errno, reterr);
}

/* Opens a temporary file that is to replace the target. */
static bool open_beside(struct whole_file *f, const struct stat *st, struct error *reterr)
{
    if (!find_target(f, st, reterr))
        return false;
    f->fd = create_beside(f->target, &f->temporary);
    if (f->fd < 0)
        return fail(f->path, ERR_FILE, errno, reterr);
    if (st && fchmod(f->fd, st->st_mode & 07777) != 0)
        return fail(f->path, ERR_FILE, errno, reterr);
    return true;
}

bool whole_file_open(struct whole_file **ret, const char *path, struct error *reterr)
{
    struct whole_file *f = xcalloc(1, sizeof *f);
    f->fd = -1;
    f->path = xstrdup(path);
    struct stat st;
    bool exists = stat(path, &st) == 0;
    bool done;
    if (!exists && errno != ENOENT)
        done = fail(path, ERR_FILE, errno, reterr);
    else if (exists && !S_ISREG(st.st_mode))
        done = open_directly(f, reterr);
    else
        done = open_beside(f, exists ? &st : NULL, reterr);
    if (!done) {
        whole_file_abandon(f);
        return false;
    }
    *ret = f;
    return true;
}

bool whole_file_write(struct whole_file *f, const void *data, size_t size, struct error *reterr)
{
    const char *at = data;
    while (size > 0) {
        ssize_t n = write(f->fd, at, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail(f->path, ERR_OUTPUT, errno, reterr);
        at += n;
        size -= (size_t)n;
    }
    return true;
}

/* Makes the new name in the folder last; nothing is lost where that cannot be done. */
static void sync_folder(const char *path)
{
    char *folder = folder_of(path);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        fsync(fd);
        close(fd);
    }
    free(folder);
}

/* Closes the file after its bytes reached the disk; returns 0 or an errno. */
static int settle(struct whole_file *f)
{
    int error = f->temporary && fsync(f->fd) != 0 ? errno : 0;
    if (close(f->fd) != 0 && !error)
        error = errno;
    f->fd = -1;
    return error;
}

bool whole_file_commit(struct whole_file *f, struct error *reterr)
{
    int error = settle(f);
    if (!error && f->temporary && rename(f->temporary, f->target) != 0)
        error = errno;
    if (error) {
        fail(f->path, ERR_OUTPUT, error, reterr);
        whole_file_abandon(f);
        return false;
    }
    if (f->temporary)
        sync_folder(f->target);
    free(f->temporary);
    f->temporary = NULL;
    whole_file_abandon(f);
    return true;
}

void whole_file_abandon(struct whole_file *f)
{
    if (!f)
        return;
    if (f->fd >= 0)
        close(f->fd);
    if (f->temporary)
        unlink(f->temporary);
    free(f->temporary);
    free(f->target);
    free(f->path);
    free(f);
}

/* Opens a file in `folder` that has no name; returns -1 and errno on failure. */
static int open_nameless(const char *folder)
{
    int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0)
        return fd;
    char *name = xprintf("%s/.muster-spool-XXXXXX", folder);
    fd = mkostemp(name, O_CLOEXEC);
    int error = errno;
    if (fd >= 0)
        unlink(name);
    free(name);
    errno = error;
    return fd;
}

/* Is `path` a regular file, or none yet, so that its folder is a place for files? */
static bool is_place(const char *path)
{
    struct stat st;
    return strcmp(path, "-") != 0 && (stat(path, &st) != 0 || S_ISREG(st.st_mode));
}

int whole_file_open_spool(const char *path, struct error *reterr)
{
    const char *tmpdir = getenv("TMPDIR");
    char *folder =
        is_place(path) ? folder_of(path) : xstrdup(tmpdir && *tmpdir ? tmpdir : "/var/tmp");
    int fd = open_nameless(folder);
    if (fd < 0)
        error_set(reterr, ERR_FILE, "%s: no temporary file can be made there: %s", folder,
                  strerror(errno));
    free(folder);
    return fd;
}
