/* SPDX-License-Identifier: MIT */
#include "base/source_tree_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"

enum { PIECE_SIZE = 256 * 1024 };

/* Closes without touching errno; AT_FDCWD is left alone. */
static void close_quietly(int fd)
{
    int saved = errno;
    if (fd >= 0)
        close(fd);
    errno = saved;
}

/* Opens the folder that holds an entry, AT_FDCWD for a SRC: from the top, by one name at a time, as
 * the whole path may be too long for open(2), and no folder may have become a link. -1 and errno.
 */
static int open_parent(const struct source_tree *t, size_t index)
{
    size_t parent = t->entries[index].parent;
    if (parent == SOURCE_NONE)
        return AT_FDCWD;
    const struct source_entry *folder = &t->entries[parent];
    int above = open_parent(t, parent);
    if (above == -1)
        return -1;
    int fd = above == AT_FDCWD ? open(folder->path, SOURCE_OPEN_FLAGS | O_DIRECTORY)
                               : openat(above, source_last_name(folder->path),
                                        SOURCE_OPEN_FLAGS | O_DIRECTORY | O_NOFOLLOW);
    close_quietly(above);
    return fd;
}

/* Opens an entry, or with `ret_stat` only looks at it. Returns a descriptor or 0; -1 and errno. */
static int reach(const struct source_tree *t, size_t index, struct stat *ret_stat)
{
    const char *path = t->entries[index].path;
    int folder = open_parent(t, index);
    if (folder == -1)
        return -1;
    bool is_top = folder == AT_FDCWD;
    const char *name = is_top ? path : source_last_name(path);
    int result = ret_stat ? fstatat(folder, name, ret_stat, is_top ? 0 : AT_SYMLINK_NOFOLLOW)
                          : openat(folder, name, SOURCE_OPEN_FLAGS | (is_top ? 0 : O_NOFOLLOW));
    close_quietly(folder);
    return result;
}

/* Closes what was not read for the longest time; false where nothing is open. */
static bool close_oldest(struct source_tree *t)
{
    if (t->open_count == 0)
        return false;
    size_t oldest = 0;
    for (size_t i = 1; i < t->open_count; i++) {
        if (t->open[i].used < t->open[oldest].used)
            oldest = i;
    }
    close(t->open[oldest].fd);
    t->open[oldest] = t->open[--t->open_count];
    return true;
}

/* As reach(), giving up files that are open where descriptors are short. */
static int reach_for_certain(struct source_tree *t, size_t index, struct stat *ret_stat)
{
    for (;;) {
        int result = reach(t, index, ret_stat);
        if (result >= 0 || (errno != EMFILE && errno != ENFILE))
            return result;
        int saved = errno;
        if (!close_oldest(t)) {
            errno = saved;
            return -1;
        }
    }
}

/* Size and time say so. */
static bool is_as_listed(const struct source_entry *entry, const struct stat *st)
{
    return S_ISREG(st->st_mode) && (uint64_t)st->st_size == entry->size &&
           st->st_mtim.tv_sec == entry->mtime_s && st->st_mtim.tv_nsec == entry->mtime_ns;
}

/* What an errno says of an entry that was there when it was listed. */
static int negative_error(int error)
{
    bool is_gone = error == ENOENT || error == ENOTDIR || error == ELOOP;
    return is_gone ? -ESTALE : -error;
}

/* The file if it is open, else NULL. */
static struct source_open *find_open(struct source_tree *t, size_t index)
{
    for (size_t i = 0; i < t->open_count; i++) {
        if (t->open[i].index == index)
            return &t->open[i];
    }
    return NULL;
}

/* Is what was opened still the file that was listed? 0 or -errno. */
static int check_open(const struct source_entry *entry, int fd)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return -errno;
    return is_as_listed(entry, &st) ? 0 : -ESTALE;
}

/* Opens a file that is not open. NULL and -errno. */
static struct source_open *open_file(struct source_tree *t, size_t index, int *ret_error)
{
    if (t->open_count == SOURCE_TREE_OPEN_MAX)
        close_oldest(t);
    int fd = reach_for_certain(t, index, NULL);
    *ret_error = fd < 0 ? negative_error(errno) : check_open(&t->entries[index], fd);
    if (*ret_error != 0) {
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    struct source_open *file = &t->open[t->open_count++];
    *file = (struct source_open){ .index = index, .fd = fd };
    return file;
}

ssize_t source_tree_read(struct source_tree *t, size_t index, void *data, size_t size,
                         uint64_t offset)
{
    const struct source_entry *entry = &t->entries[index];
    int error = 0;
    if (entry->kind != SOURCE_FILE)
        return -EINVAL;
    if (offset >= entry->size || size == 0)
        return 0;
    if (size > entry->size - offset)
        size = (size_t)(entry->size - offset);
    struct source_open *file = find_open(t, index);
    if (!file)
        file = open_file(t, index, &error);
    if (!file)
        return error;
    file->used = ++t->clock;
    ssize_t n;
    do {
        n = pread(file->fd, data, size, (off_t)offset);
    } while (n < 0 && errno == EINTR);
    if (n == 0)
        return -ESTALE;
    return n < 0 ? -errno : n;
}

bool source_tree_is_unchanged(struct source_tree *t, size_t index)
{
    const struct source_entry *entry = &t->entries[index];
    struct stat by_path, by_fd;
    if (entry->kind != SOURCE_FILE)
        return true;
    if (reach_for_certain(t, index, &by_path) < 0 || !is_as_listed(entry, &by_path))
        return false;
    const struct source_open *file = find_open(t, index);
    return !file || (fstat(file->fd, &by_fd) == 0 && is_as_listed(entry, &by_fd) &&
                     by_fd.st_dev == by_path.st_dev && by_fd.st_ino == by_path.st_ino);
}

void source_content_close(struct source_tree *t)
{
    while (close_oldest(t))
        ;
}

/* Digests one file; `piece` has room for PIECE_SIZE bytes. */
static bool digest_file(struct source_tree *t, size_t index, void *piece, struct error *reterr)
{
    struct source_entry *entry = &t->entries[index];
    struct sha256 *sha256 = sha256_new();
    uint64_t offset = 0;
    ssize_t n;
    while ((n = source_tree_read(t, index, piece, PIECE_SIZE, offset)) > 0) {
        sha256_add(sha256, piece, (size_t)n);
        offset += (uint64_t)n;
    }
    sha256_finish(sha256, entry->sha256);
    sha256_free(sha256);
    if (n == 0 && !source_tree_is_unchanged(t, index))
        n = -ESTALE;
    if (n < 0)
        return error_set(reterr, ERR_FILE, "%s: %s", entry->path,
                         n == -ESTALE ? "changed while it was read" : strerror((int)-n));
    entry->has_sha256 = true;
    return true;
}

bool source_content_digest(struct source_tree *t, struct error *reterr)
{
    void *piece = xcalloc(1, PIECE_SIZE);
    bool is_good = true;
    for (size_t i = 0; i < t->count && is_good; i++) {
        if (t->entries[i].kind == SOURCE_FILE)
            is_good = digest_file(t, i, piece, reterr);
    }
    free(piece);
    return is_good;
}
