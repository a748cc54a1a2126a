/* SPDX-License-Identifier: MIT */
#include "base/landing.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/landing_private.h"
#include "base/memory.h"

enum {
    NAME_MOST = 255,    /* NAME_MAX of all file systems that matter */
    TARGET_MOST = 4095, /* PATH_MAX without its NUL */
    NAME_TRIES = 100,
    TAG_SIZE = 8,
};

struct landing {
    int base;          /* -1: missing, and only looked at */
    int folder;        /* the folder last walked to; -1 where there is none */
    char *folder_path; /* its path below the base; NULL where there is none */
};

const char *landing_name_problem(const char *name, size_t size)
{
    if (size == 0)
        return "is empty";
    if (name[0] == '.' && (size == 1 || (size == 2 && name[1] == '.')))
        return "is . or ..";
    if (memchr(name, '/', size))
        return "contains a slash";
    if (memchr(name, '\0', size))
        return "contains a NUL";
    for (size_t i = 0; i < size; i++) {
        if ((unsigned char)name[i] < 0x20 || name[i] == 0x7f)
            return "contains control characters";
    }
    return size > NAME_MOST ? "is longer than 255 bytes" : NULL;
}

/* Opens the user's folder, made where it is missing; returns -1 and errno on failure. */
static int open_base(const char *path)
{
    const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
    int fd = open(path, flags);
    if (fd >= 0 || errno != ENOENT)
        return fd;
    if (mkdir(path, 0777) == 0)
        return open(path, flags);
    if (errno == EEXIST) /* a link to nothing, or another run was faster */
        return open(path, flags);
    return -1;
}

/* A landing below an open folder. */
static struct landing *landing_at(int base)
{
    struct landing *l = xcalloc(1, sizeof *l);
    l->base = base;
    l->folder = -1;
    return l;
}

bool landing_new(struct landing **ret, const char *path, struct error *reterr)
{
    int base = open_base(path);
    if (base < 0)
        return error_set(reterr, ERR_FILE, "%s: %s", path, strerror(errno));
    *ret = landing_at(base);
    return true;
}

bool landing_new_to_look(struct landing **ret, const char *path, struct error *reterr)
{
    int base = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (base < 0 && errno != ENOENT)
        return error_set(reterr, ERR_FILE, "%s: %s", path, strerror(errno));
    *ret = landing_at(base);
    return true;
}

/* Closes the folder last walked to. */
static void forget_folder(struct landing *l)
{
    if (l->folder >= 0)
        close(l->folder);
    l->folder = -1;
    free(l->folder_path);
    l->folder_path = NULL;
}

void landing_free(struct landing *l)
{
    if (!l)
        return;
    forget_folder(l);
    if (l->base >= 0)
        close(l->base);
    free(l);
}

bool landing_fail(const struct landing_spot *spot, int error, struct error *reterr)
{
    return error_set(reterr, ERR_TRANSFER, "%s: %s", spot->path, strerror(error));
}

/* As landing_fail() for the folder that is the first `size` bytes of `path`. */
static bool fail_folder(const char *path, size_t size, int error, struct error *reterr)
{
    /* O_NOFOLLOW finds a link, O_DIRECTORY finds the rest. */
    const char *text = error == ENOTDIR || error == ELOOP ? "is there already and is not a folder"
                                                          : strerror(error);
    error_set(reterr, ERR_TRANSFER, "%.*s: %s", (int)size, path, text);
    return false;
}

/* Is each name of the path one that a server may give? */
static bool check_path(const char *path, struct error *reterr)
{
    for (const char *name = path;; name++) {
        size_t size = strcspn(name, "/");
        const char *problem = landing_name_problem(name, size);
        if (problem) {
            error_set(reterr, ERR_TRANSFER, "%s: a name in this path %s", path, problem);
            return false;
        }
        name += size;
        if (*name == '\0')
            return true;
    }
}

/* Opens one folder in another; a descriptor, or -errno. */
static int step_into(int from, const char *name, size_t size)
{
    char component[NAME_MOST + 1];
    memcpy(component, name, size);
    component[size] = '\0';
    int fd = openat(from, component, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    return fd < 0 ? -errno : fd;
}

/* How much of the first `size` bytes of `path` leads to the folder last walked to. */
static size_t known_part(const struct landing *l, const char *path, size_t size)
{
    size_t known = l->folder_path ? strlen(l->folder_path) : 0;
    if (known == 0 || known > size || memcmp(path, l->folder_path, known) != 0)
        return 0;
    return known == size || path[known] == '/' ? known : 0;
}

/* Opens the folder that is the first `*size` bytes of a checked path. Returns a descriptor that the
 * landing keeps; or -errno, and `*size` covers the folder that cannot be opened. */
static int walk(struct landing *l, const char *path, size_t *size)
{
    size_t end = known_part(l, path, *size);
    int folder = end > 0 ? l->folder : l->base;
    if (l->base < 0) {
        *size = strcspn(path, "/");
        return -ENOENT;
    }
    if (end == *size)
        return folder;
    for (size_t at = end > 0 ? end + 1 : 0; at < *size; at = end + 1) {
        end = at + strcspn(path + at, "/");
        int next = step_into(folder, path + at, end - at);
        if (folder != l->base && folder != l->folder)
            close(folder);
        if (next < 0) {
            *size = end;
            return next;
        }
        folder = next;
    }
    forget_folder(l);
    l->folder = folder;
    l->folder_path = xstrndup(path, *size);
    return folder;
}

/* The bytes of the path that are the folder of its last name. */
static size_t parent_size(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (size_t)(slash - path) : 0;
}

/* The spot of a checked path in its open folder. */
static struct landing_spot spot_in(int folder, const char *path)
{
    size_t size = parent_size(path);
    return (struct landing_spot){ folder, path, path + size + (path[size] == '/') };
}

bool landing_find(struct landing *l, const char *path, struct landing_spot *ret,
                  struct error *reterr)
{
    *ret = (struct landing_spot){ .folder = -1 };
    if (!check_path(path, reterr))
        return false;
    size_t size = parent_size(path);
    int folder = walk(l, path, &size);
    if (folder < 0)
        return fail_folder(path, size, -folder, reterr);
    *ret = spot_in(folder, path);
    return true;
}

bool landing_can_replace(const struct landing_spot *spot, struct error *reterr)
{
    struct stat st;
    if (fstatat(spot->folder, spot->name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT || landing_fail(spot, errno, reterr);
    if (S_ISREG(st.st_mode) || S_ISLNK(st.st_mode))
        return true;
    return error_set(reterr, ERR_TRANSFER, "%s: is there already and is %s", spot->path,
                     S_ISDIR(st.st_mode) ? "a folder" : "no regular file");
}

/* The kind of a file by its mode. */
static enum landing_kind kind_of(mode_t mode)
{
    if (S_ISREG(mode))
        return LANDING_FILE;
    if (S_ISDIR(mode))
        return LANDING_FOLDER;
    return S_ISLNK(mode) ? LANDING_LINK : LANDING_OTHER;
}

bool landing_look(struct landing *l, const char *path, struct landing_state *ret,
                  struct error *reterr)
{
    *ret = (struct landing_state){ .kind = LANDING_NONE };
    if (!check_path(path, reterr))
        return false;
    size_t size = parent_size(path);
    int folder = walk(l, path, &size);
    if (folder < 0)
        return folder == -ENOENT || fail_folder(path, size, -folder, reterr);
    struct landing_spot spot = spot_in(folder, path);
    struct stat st;
    if (fstatat(folder, spot.name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT || landing_fail(&spot, errno, reterr);
    *ret = (struct landing_state){ .kind = kind_of(st.st_mode),
                                   .size = (uint64_t)st.st_size,
                                   .mtime_s = st.st_mtim.tv_sec,
                                   .mode = st.st_mode & 07777 };
    return true;
}

bool landing_make_folder(struct landing *l, const char *path, bool *ret_created,
                         struct error *reterr)
{
    struct landing_spot spot;
    if (!landing_find(l, path, &spot, reterr))
        return false;
    *ret_created = mkdirat(spot.folder, spot.name, 0700) == 0;
    if (!*ret_created && errno != EEXIST)
        return landing_fail(&spot, errno, reterr);
    size_t size = strlen(path);
    int folder = walk(l, path, &size);
    return folder >= 0 || fail_folder(path, size, -folder, reterr);
}

bool landing_finish_folder(struct landing *l, const char *path, mode_t mode, bool has_mtime,
                           int64_t mtime_s, struct error *reterr)
{
    if (!check_path(path, reterr))
        return false;
    size_t size = strlen(path);
    int folder = walk(l, path, &size);
    if (folder < 0)
        return fail_folder(path, size, -folder, reterr);
    const struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = (time_t)mtime_s } };
    if (fchmod(folder, (mode & 0777) | S_IRWXU) != 0 || (has_mtime && futimens(folder, times) != 0))
        return fail_folder(path, size, errno, reterr);
    return true;
}

char *landing_temporary_name(const char *name, const char *tag)
{
    int most = NAME_MOST - (int)strlen("..muster-") - (int)strlen(tag);
    /* Some file systems want UTF-8: no character is cut. */
    for (int i = 0; i < 3 && strlen(name) > (size_t)most && (name[most] & 0xc0) == 0x80; i++)
        most--;
    return xprintf(".%.*s.muster-%s", most, name, tag);
}

/* A temporary name that nobody can know; NULL and errno on failure. */
static char *unpredictable_name(const char *name)
{
    unsigned number = 0;
    char tag[TAG_SIZE + 1];
    if (getentropy(&number, sizeof number) != 0)
        return NULL;
    snprintf(tag, sizeof tag, "%08x", number);
    return landing_temporary_name(name, tag);
}

char *landing_make_temporary(const struct landing_spot *spot, landing_make_fn *make,
                             const char *arg, int *ret)
{
    for (int i = 0; i < NAME_TRIES; i++) {
        char *name = unpredictable_name(spot->name);
        if (!name)
            return NULL;
        *ret = make(spot->folder, name, arg);
        if (*ret >= 0)
            return name;
        int error = errno;
        free(name);
        errno = error;
        if (error != EEXIST)
            return NULL;
    }
    return NULL;
}

/* landing_make_temporary() for a link to `target`. */
static int make_link(int folder, const char *name, const char *target)
{
    return symlinkat(target, folder, name);
}

/* Makes the link under another name and puts it in place. */
static bool put_link(const struct landing_spot *spot, const char *target, struct error *reterr)
{
    int result;
    char *temporary = landing_make_temporary(spot, make_link, target, &result);
    if (!temporary)
        return landing_fail(spot, errno, reterr);
    /* Onto a folder renameat(2) does not put a link. */
    bool done = renameat(spot->folder, temporary, spot->folder, spot->name) == 0;
    if (!done) {
        landing_fail(spot, errno, reterr);
        unlinkat(spot->folder, temporary, 0);
    }
    free(temporary);
    return done;
}

/* Is there a link with this very target? */
static bool is_same_link(const struct landing_spot *spot, const char *target, size_t target_size)
{
    char there[TARGET_MOST + 1];
    ssize_t size = readlinkat(spot->folder, spot->name, there, sizeof there);
    return size >= 0 && (size_t)size == target_size && memcmp(there, target, target_size) == 0;
}

bool landing_link(struct landing *l, const char *path, const char *target, size_t target_size,
                  bool *ret_changed, struct error *reterr)
{
    struct landing_spot spot;
    *ret_changed = false;
    if (!landing_find(l, path, &spot, reterr) || !landing_can_replace(&spot, reterr))
        return false;
    if (target_size == 0 || target_size > TARGET_MOST || memchr(target, '\0', target_size))
        return error_set(reterr, ERR_TRANSFER, "%s: the link's target %s", path,
                         target_size == 0            ? "is empty"
                         : target_size > TARGET_MOST ? "is longer than 4095 bytes"
                                                     : "contains a NUL");
    if (is_same_link(&spot, target, target_size))
        return true;
    *ret_changed = true;
    char *text = xstrndup(target, target_size);
    bool done = put_link(&spot, text, reterr);
    free(text);
    return done;
}

bool landing_open_existing(struct landing *l, const char *path, int *ret_fd, struct error *reterr)
{
    struct landing_spot spot;
    struct stat st;
    if (!landing_find(l, path, &spot, reterr))
        return false;
    /* Looked at first: only to open a device can do something. */
    if (fstatat(spot.folder, spot.name, &st, AT_SYMLINK_NOFOLLOW) != 0)
        return landing_fail(&spot, errno, reterr);
    const int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    int fd = S_ISREG(st.st_mode) ? openat(spot.folder, spot.name, flags) : -1;
    if (S_ISREG(st.st_mode) && fd < 0)
        return landing_fail(&spot, errno, reterr);
    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
        *ret_fd = fd;
        return true;
    }
    if (fd >= 0)
        close(fd);
    return error_set(reterr, ERR_TRANSFER, "%s: is no regular file", path);
}
