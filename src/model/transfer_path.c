/* SPDX-License-Identifier: MIT */
#include "model/transfer_path.h"

#include <string.h>

/* Length without the slashes at the end; those of "/" and "//" all go. */
static size_t trimmed_size(const char *path, size_t size)
{
    while (size > 0 && path[size - 1] == '/')
        size--;
    return size;
}

/* Where the last component of the first `size` bytes begins. */
static size_t base_start(const char *path, size_t size)
{
    while (size > 0 && path[size - 1] != '/')
        size--;
    return size;
}

bool transfer_path_from_user(const char *path, struct buf *out, struct error *reterr)
{
    if (*path == '\0')
        return error_set(reterr, ERR_USAGE, "a remote path is empty");
    if (*path == '~' && path[1] != '\0' && path[1] != '/')
        return error_set(reterr, ERR_USAGE, "%s: %.*s is not supported; write the path out", path,
                         (int)strcspn(path, "/"), path);
    if (*path == '~') {
        path++;
        /* All slashes: "/x" would not be below the home. */
        path += strspn(path, "/");
        if (*path == '\0')
            path = ".";
    }
    if (!buf_add_str(out, path))
        return error_set(reterr, ERR_USAGE, "a remote path is too long");
    return true;
}

bool transfer_path_means_folder(const char *path)
{
    size_t size = strlen(path);
    const char *last = path + base_start(path, size);
    if (*last == '\0')
        return size > 0;
    return strcmp(last, ".") == 0 || strcmp(last, "..") == 0 || strcmp(path, "~") == 0;
}

void transfer_path_join(struct buf *out, const char *base, const char *name)
{
    size_t size = strlen(base);
    buf_add(out, base, size);
    if (size > 0 && *name != '\0' && base[size - 1] != '/')
        buf_add_char(out, '/');
    buf_add_str(out, name);
}

void transfer_path_base(struct buf *out, const char *path)
{
    size_t size = trimmed_size(path, strlen(path));
    size_t start = base_start(path, size);
    if (size == 0)
        buf_add_char(out, *path == '/' ? '/' : '.');
    else
        buf_add(out, path + start, size - start);
}

void transfer_path_parent(struct buf *out, const char *path)
{
    size_t start = base_start(path, trimmed_size(path, strlen(path)));
    size_t size = trimmed_size(path, start);
    if (size == 0)
        buf_add_char(out, *path == '/' ? '/' : '.');
    else
        buf_add(out, path, size);
}

void transfer_path_quote(struct buf *out, const char *path)
{
    buf_add_str(out, *path == '-' ? "'./" : "'");
    for (const char *quote; (quote = strchr(path, '\'')) != NULL; path = quote + 1) {
        buf_add(out, path, (size_t)(quote - path));
        buf_add_str(out, "'\\''");
    }
    buf_add_str(out, path);
    buf_add_char(out, '\'');
}
