/* SPDX-License-Identifier: MIT */
#include "base/source_tree.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/memory.h"
#include "base/name_set.h"
#include "base/source_tree_private.h"

struct listing {
    struct source_tree *tree;
    const struct source_args *args;
    struct error *err;
    struct name_set tops; /* names without a slash: of these no two may be the same */
    size_t name_at;       /* where in the paths of this SRC the names begin */
};

/* Something that is about to be listed. */
struct found {
    const char *path; /* in the arena */
    int folder;       /* that holds it, open; AT_FDCWD for a SRC */
    size_t parent;
    unsigned depth; /* folders above it, of this SRC */
    struct stat st;
};

const char *source_last_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* By which its folder knows it. */
static const char *local_name(const struct found *f)
{
    return f->folder == AT_FDCWD ? f->path : source_last_name(f->path);
}

/* Sets the error "PATH: what errno says". Returns false. */
static bool fail(const struct listing *l, const char *path, int error)
{
    return error_set(l->err, ERR_FILE, "%s: %s", path, strerror(error));
}

/* Two SRC, or what is in them, would be the same at the destination. */
static bool refuse_same(const struct listing *l, const char *path, const char *name)
{
    const struct source_tree *t = l->tree;
    size_t first = 0;
    while (strcmp(t->entries[first].name, name) != 0)
        first++;
    const char *other = t->entries[first].path;
    if (strcmp(other, path) == 0)
        return error_set(l->err, ERR_USAGE, "%s is named twice", path);
    return error_set(l->err, ERR_USAGE, "%s and %s would be the same at the destination", other,
                     path);
}

/* Room for one more entry. */
static bool make_room(const struct listing *l, const char *path)
{
    struct source_tree *t = l->tree;
    size_t max = l->args->entries_max ? l->args->entries_max : SOURCE_TREE_ENTRIES_MAX;
    if (t->count == max)
        return error_set(l->err, ERR_FILE, "%s: there are more than %zu files and folders", path,
                         max);
    if (t->count == t->room) {
        t->room = t->room ? t->room * 2 : 64;
        t->entries = xrealloc_array(t->entries, t->room, sizeof *t->entries);
    }
    return true;
}

/* Adds it to the tree. */
static bool add_entry(struct listing *l, const struct found *f, enum source_entry_kind kind,
                      const char *link_target)
{
    struct source_tree *t = l->tree;
    size_t path_size = strlen(f->path);
    /* A SRC whose name is "" ends before its name would begin. */
    const char *name = f->path + (l->name_at < path_size ? l->name_at : path_size);
    if (!make_room(l, f->path))
        return false;
    if (!strchr(name, '/') && !name_set_add(&l->tops, name, NULL))
        return refuse_same(l, f->path, name);
    t->entries[t->count++] = (struct source_entry){
        .kind = kind,
        .path = f->path,
        .name = name,
        .parent = f->parent,
        .mode = f->st.st_mode & 07777,
        .uid = f->st.st_uid,
        .gid = f->st.st_gid,
        .mtime_s = f->st.st_mtim.tv_sec,
        .mtime_ns = f->st.st_mtim.tv_nsec,
        .size = kind == SOURCE_FILE ? (uint64_t)f->st.st_size : 0,
        .link_target = link_target,
    };
    t->bytes += t->entries[t->count - 1].size;
    return true;
}

/* Opens it, which is the surest way to know that it can be read, and takes its properties from what
 * was opened. -1 and an error. */
static int open_found(const struct listing *l, struct found *f)
{
    mode_t kind = f->st.st_mode & S_IFMT;
    int flags = SOURCE_OPEN_FLAGS | (f->folder == AT_FDCWD ? 0 : O_NOFOLLOW);
    int fd = openat(f->folder, local_name(f), flags);
    if (fd < 0 || fstat(fd, &f->st) < 0)
        fail(l, f->path, errno);
    else if ((f->st.st_mode & S_IFMT) != kind)
        error_set(l->err, ERR_FILE, "%s: changed while it was listed", f->path);
    else
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

/* Files of /proc have content, but say that their size is 0: these would arrive empty. */
static bool check_empty(const struct listing *l, const struct found *f, int fd)
{
    char byte;
    ssize_t n = f->st.st_size == 0 ? pread(fd, &byte, 1, 0) : 0;
    if (n > 0)
        return error_set(l->err, ERR_FILE, "%s: has content, but says that its size is 0", f->path);
    return n == 0 || fail(l, f->path, errno);
}

/* Lists a file that can be read. */
static bool list_file(struct listing *l, struct found *f)
{
    int fd = open_found(l, f);
    if (fd < 0)
        return false;
    bool is_good = check_empty(l, f, fd);
    close(fd);
    return is_good && add_entry(l, f, SOURCE_FILE, NULL);
}

/* Lists a link, wherever it leads. */
static bool list_link(struct listing *l, const struct found *f)
{
    char target[PATH_MAX];
    ssize_t size = readlinkat(f->folder, local_name(f), target, sizeof target);
    if (size < 0 || size == sizeof target)
        return fail(l, f->path, size < 0 ? errno : ENAMETOOLONG);
    return add_entry(l, f, SOURCE_LINK, arena_strndup(l->tree->arena, target, (size_t)size));
}

/* Notes what cannot be sent; as a SRC it is an error. */
static bool skip(const struct listing *l, const struct found *f)
{
    struct source_tree *t = l->tree;
    if (f->parent == SOURCE_NONE)
        return error_set(l->err, ERR_FILE, "%s: is neither a file nor a folder", f->path);
    if (t->skipped_count == t->skipped_room) {
        t->skipped_room = t->skipped_room ? t->skipped_room * 2 : 16;
        t->skipped = xrealloc_array(t->skipped, t->skipped_room, sizeof *t->skipped);
    }
    t->skipped[t->skipped_count++] = f->path;
    return true;
}

/* The paths of what is in a folder. */
struct children {
    const char **paths; /* heap, of texts in the arena */
    size_t count;
    size_t room;
};

/* Adds the path of a name that was read in `folder`. */
static void add_child(const struct listing *l, struct children *c, const char *folder,
                      const char *name)
{
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return;
    if (c->count == c->room) {
        c->room = c->room ? c->room * 2 : 16;
        c->paths = xrealloc_array(c->paths, c->room, sizeof *c->paths);
    }
    const char *slash = strcmp(folder, "/") == 0 ? "" : "/";
    c->paths[c->count++] = arena_printf(l->tree->arena, "%s%s%s", folder, slash, name);
}

/* For qsort(3): bytewise. */
static int compare_paths(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Reads a folder, sorted. */
static bool read_children(const struct listing *l, DIR *dir, const char *path, struct children *c)
{
    const struct dirent *entry;
    while (errno = 0, (entry = readdir(dir)) != NULL)
        add_child(l, c, path, entry->d_name);
    if (errno != 0)
        return fail(l, path, errno);
    if (c->count > 0)
        qsort(c->paths, c->count, sizeof *c->paths, compare_paths);
    return true;
}

/* Lists a file, a link, or a folder with all that is in it. */
static bool list_found(struct listing *l, struct found *f);

/* Lists what is in a folder, which is the newest entry. */
static bool list_children(struct listing *l, const struct found *folder, DIR *dir)
{
    size_t parent = l->tree->count - 1;
    struct children c = { 0 };
    bool is_good = read_children(l, dir, folder->path, &c);
    for (size_t i = 0; i < c.count && is_good; i++) {
        struct found f = {
            .path = c.paths[i], .folder = dirfd(dir), .parent = parent, .depth = folder->depth + 1
        };
        if (fstatat(f.folder, local_name(&f), &f.st, AT_SYMLINK_NOFOLLOW) < 0)
            is_good = fail(l, f.path, errno);
        else
            is_good = list_found(l, &f);
    }
    free(c.paths);
    return is_good;
}

/* Lists a folder and what is in it. */
static bool list_folder(struct listing *l, struct found *f)
{
    if (f->depth > SOURCE_TREE_DEPTH_MAX)
        return error_set(l->err, ERR_FILE, "%s: is more than %d folders deep", f->path,
                         SOURCE_TREE_DEPTH_MAX);
    int fd = open_found(l, f);
    if (fd < 0)
        return false;
    DIR *dir = fdopendir(fd);
    if (!dir) {
        fail(l, f->path, errno);
        close(fd);
        return false;
    }
    bool is_good = add_entry(l, f, SOURCE_FOLDER, NULL) && list_children(l, f, dir);
    closedir(dir);
    return is_good;
}

static bool list_found(struct listing *l, struct found *f)
{
    switch (f->st.st_mode & S_IFMT) {
    case S_IFREG:
        return list_file(l, f);
    case S_IFDIR:
        return list_folder(l, f);
    case S_IFLNK:
        return list_link(l, f);
    default:
        return skip(l, f);
    }
}

/* Where names begin in the paths of a SRC: at its last component, or below it where that is none
 * that could be a name. */
static size_t find_name(const char *path)
{
    const char *last = source_last_name(path);
    if (*last == '\0')
        return strlen(path);
    if (strcmp(last, ".") == 0 || strcmp(last, "..") == 0)
        return strlen(path) + 1;
    return (size_t)(last - path);
}

/* Lists one SRC. */
static bool list_source(struct listing *l, const char *source)
{
    size_t size = strlen(source);
    if (size == 0)
        return error_set(l->err, ERR_USAGE, "the name of a source is empty");
    while (size > 1 && source[size - 1] == '/')
        size--;
    struct found f = { .path = arena_strndup(l->tree->arena, source, size),
                       .folder = AT_FDCWD,
                       .parent = SOURCE_NONE };
    /* As it was named: with a slash at its end it has to be a folder. */
    if (stat(source, &f.st) < 0)
        return fail(l, source, errno);
    if (S_ISDIR(f.st.st_mode) && !l->args->is_recursive)
        return error_set(l->err, ERR_FILE, "%s: is a folder; -r sends folders", source);
    l->name_at = find_name(f.path);
    return list_found(l, &f);
}

bool source_tree_new(struct source_tree **ret, const struct source_args *args, struct error *reterr)
{
    struct source_tree *t = xcalloc(1, sizeof *t);
    struct listing l = { .tree = t, .args = args, .err = reterr };
    t->arena = arena_new();
    name_set_init(&l.tops);
    bool is_good = true;
    for (size_t i = 0; i < args->count && is_good; i++)
        is_good = list_source(&l, args->sources[i]);
    name_set_release(&l.tops);
    if (is_good && args->wants_digests)
        is_good = source_content_digest(t, reterr);
    if (is_good)
        *ret = t;
    else
        source_tree_free(t);
    return is_good;
}

void source_tree_free(struct source_tree *t)
{
    if (!t)
        return;
    source_content_close(t);
    free(t->entries);
    free(t->skipped);
    arena_free(t->arena);
    free(t);
}

size_t source_tree_count(const struct source_tree *t)
{
    return t->count;
}

const struct source_entry *source_tree_entry(const struct source_tree *t, size_t index)
{
    return &t->entries[index];
}

uint64_t source_tree_bytes(const struct source_tree *t)
{
    return t->bytes;
}

size_t source_tree_skipped_count(const struct source_tree *t)
{
    return t->skipped_count;
}

const char *source_tree_skipped(const struct source_tree *t, size_t index)
{
    return t->skipped[index];
}
