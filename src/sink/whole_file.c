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
    char *temporary; /* its name while it has one */
    int fd;
    bool is_direct; /* no regular file: nothing is replaced */
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

/* Tries to give a file beside `path` a name of its own: creates it or, where `fd` is a nameless
 * file, links that. Returns the descriptor, or -1 and errno. */
static int name_beside(const char *folder, int fd, char **ret_name)
{
    char source[32];
    unsigned number = 0;
    if (getrandom(&number, sizeof number, 0) < 0)
        return -1;
    char *name = xprintf("%s/.muster-%08x.tmp", folder, number);
    snprintf(source, sizeof source, "/proc/self/fd/%d", fd);
    if (fd < 0)
        fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    else if (linkat(AT_FDCWD, source, AT_FDCWD, name, AT_SYMLINK_FOLLOW) != 0)
        fd = -1;
    int error = errno;
    if (fd >= 0)
        *ret_name = name;
    else
        free(name);
    errno = error;
    return fd;
}

/* As name_beside(), until a name is found that is not taken. */
static int find_name_beside(const char *path, int fd, char **ret_name)
{
    char *folder = folder_of(path);
    int named = -1;
    for (int i = 0; i < NAME_TRIES && named < 0; i++) {
        named = name_beside(folder, fd, ret_name);
        if (named < 0 && errno != EEXIST)
            break;
    }
    int error = errno;
    free(folder);
    errno = error;
    return named;
}

/* Creates a file beside `path`: without a name where the system can do that and name it later, so
 * that nothing is left behind even after kill -9. Returns -1 and errno on failure. */
static int create_beside(const char *path, char **ret_name)
{
    char *folder = folder_of(path);
    int fd = access("/proc/self/fd", X_OK) == 0
                 ? open(folder, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666)
                 : -1;
    free(folder);
    return fd >= 0 ? fd : find_name_beside(path, -1, ret_name);
}

/* Opens what is no regular file, to be written to as it is. */
static bool open_directly(struct whole_file *f, struct error *reterr)
{
    f->is_direct = true;
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

/* Puts the file, whose bytes reached the disk, in place; returns 0 or an errno. */
static int put_in_place(struct whole_file *f)
{
    if (!f->temporary && find_name_beside(f->target, f->fd, &f->temporary) < 0)
        return errno;
    if (rename(f->temporary, f->target) != 0)
        return errno;
    free(f->temporary);
    f->temporary = NULL;
    return 0;
}

/* Closes the file, in place or not; returns the first error. */
static int settle(struct whole_file *f)
{
    int error = 0;
    if (!f->is_direct)
        error = fsync(f->fd) == 0 ? put_in_place(f) : errno;
    if (close(f->fd) != 0 && !error)
        error = errno;
    f->fd = -1;
    return error;
}

bool whole_file_commit(struct whole_file *f, struct error *reterr)
{
    int error = settle(f);
    if (error)
        fail(f->path, ERR_OUTPUT, error, reterr);
    else if (!f->is_direct)
        sync_folder(f->target);
    whole_file_abandon(f);
    return !error;
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
