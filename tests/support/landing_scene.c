/* SPDX-License-Identifier: MIT */
#include "landing_scene.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "files.h"

enum { TREE_MOST = 64 << 20 };

struct landing *landing_scene(void)
{
    cr_assert_eq(mkdir(tmp_path("outside"), 0755), 0);
    cr_assert_eq(mkdir(tmp_path("outside/etc"), 0755), 0);
    tmp_file("outside/secret", "secret\n");
    tmp_file("outside/etc/passwd", "root\n");
    struct landing *l;
    struct error err = ERROR_INIT;
    cr_assert(landing_new(&l, tmp_path("out"), &err), "%s", error_text(&err));
    return l;
}

/* One line; a link's content is its target. */
static void describe(struct buf *out, const char *path)
{
    struct stat st;
    char target[4096] = "";
    cr_assert_eq(lstat(path, &st), 0, "%s", path);
    if (S_ISLNK(st.st_mode))
        cr_assert_geq(readlink(path, target, sizeof target - 1), 0);
    char *content = S_ISREG(st.st_mode) ? file_read(path, NULL) : strdup(target);
    buf_addf(out, "%s %o %lld %lld.%09ld %s\n", path, st.st_mode, (long long)st.st_size,
             (long long)st.st_mtim.tv_sec, st.st_mtim.tv_nsec, content);
    free(content);
}

/* A folder and what is in it. */
static void describe_tree(struct buf *out, const char *path, const char *except)
{
    struct dirent **entries;
    struct stat st;
    describe(out, path);
    cr_assert_eq(lstat(path, &st), 0);
    int count = S_ISDIR(st.st_mode) ? scandir(path, &entries, NULL, alphasort) : 0;
    cr_assert_geq(count, 0, "%s", path);
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0 && (!except || strcmp(name, except)))
            describe_tree(out, text_of("%s/%s", path, name), NULL);
        free(entries[i]);
    }
    if (S_ISDIR(st.st_mode))
        free(entries);
}

char *tree_of(const char *path, const char *except)
{
    struct buf out;
    buf_init(&out, TREE_MOST);
    describe_tree(&out, path, except);
    char *text = buf_detach(&out);
    cr_assert_not_null(text);
    return text;
}

/* Adds the names of a folder, each with its path below "out". */
static void add_names(struct buf *out, const char *below)
{
    struct dirent **entries;
    int count = scandir(landed(below), &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0) {
            const char *path = *below ? text_of("%s/%s", below, name) : name;
            struct stat st;
            buf_addf(out, "%s%s", out->size ? " " : "", path);
            cr_assert_eq(lstat(landed(path), &st), 0);
            if (S_ISDIR(st.st_mode))
                add_names(out, path);
        }
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
}

char *names_landed(void)
{
    struct buf out;
    buf_init(&out, TREE_MOST);
    buf_add_str(&out, "");
    add_names(&out, "");
    return strdup(buf_str(&out));
}

char *landed(const char *path)
{
    return text_of("%s/out/%s", tmp_dir(), path);
}

bool land(struct landing *l, const char *path, const char *text, struct error *reterr)
{
    struct landing_file *f;
    size_t size = strlen(text);
    if (!landing_create(l, path, &f, reterr))
        return false;
    if (!landing_write(f, text, size, 0, reterr)) {
        landing_abandon(f);
        return false;
    }
    struct landing_attributes a = { .size = size, .mode = 0644 };
    return landing_commit(f, &a, reterr);
}

void must_land(struct landing *l, const char *path, const char *text)
{
    struct error err = ERROR_INIT;
    cr_assert(land(l, path, text, &err), "%s", error_text(&err));
}

void must_make_folder(struct landing *l, const char *path)
{
    bool created;
    struct error err = ERROR_INIT;
    cr_assert(landing_make_folder(l, path, &created, &err), "%s", error_text(&err));
}

void must_link(struct landing *l, const char *path, const char *target)
{
    bool changed;
    struct error err = ERROR_INIT;
    cr_assert(landing_link(l, path, target, strlen(target), &changed, &err), "%s",
              error_text(&err));
}

struct landing_file *must_create(struct landing *l, const char *path, const char *text)
{
    struct landing_file *f;
    struct error err = ERROR_INIT;
    cr_assert(landing_create(l, path, &f, &err), "%s", error_text(&err));
    cr_assert(landing_write(f, text, strlen(text), 0, &err), "%s", error_text(&err));
    return f;
}

void expect_error(struct error *err, enum error_code code, const char *text)
{
    cr_expect_eq(err->code, code, "%s", error_text(err));
    cr_expect_str_eq(error_text(err), text, "got \"%s\" instead of \"%s\"", error_text(err), text);
    error_release(err);
}
