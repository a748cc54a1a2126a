/* SPDX-License-Identifier: MIT */
/* Loading: bytes to documents, documents to hosts and groups, problems to one error. */
#include "model/inventory.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/digest.h"
#include "base/memory.h"
#include "base/text_source.h"
#include "model/inventory_private.h"

enum {
    FILE_MAX_SIZE = 1024 * 1024 * 1024,
    PROBLEMS_SHOWN = 25,
    TEXT_MAX = 1024 * 1024,
};

bool inventory_is_hopeless(const struct inventory *inv)
{
    return inv->problem_count >= PROBLEMS_SHOWN;
}

void inventory_problem_error(struct inventory *inv, const struct place *place, struct error *error)
{
    if (!inventory_is_hopeless(inv)) {
        size_t count = inv->problem_count + 1;
        inv->problems = xrealloc_array(inv->problems, count, sizeof *inv->problems);
        inv->problems[inv->problem_count++] =
            (struct problem){ place->file, json_offset(place->json), xstrdup(error_text(error)) };
    }
    error_release(error);
}

/* Notes "WHERE: what". Takes `where`. */
__attribute__((format(printf, 4, 0))) static void note_problem(struct inventory *inv,
                                                               const struct place *place,
                                                               char *where, const char *fmt,
                                                               va_list ap)
{
    struct error error = ERROR_INIT;
    error_vset(&error, ERR_INVENTORY, fmt, ap);
    error_prefix(&error, "%s", where);
    free(where);
    inventory_problem_error(inv, place, &error);
}

void inventory_problem(struct inventory *inv, const struct place *place, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    note_problem(inv, place, json_where(inv->files[place->file].doc, place->json), fmt, ap);
    va_end(ap);
}

void inventory_problem_at_key(struct inventory *inv, const struct place *place, const char *fmt,
                              ...)
{
    va_list ap;
    va_start(ap, fmt);
    note_problem(inv, place, json_where_key(inv->files[place->file].doc, place->json), fmt, ap);
    va_end(ap);
}

/* By file, and by place in it. */
static int compare_problems(const void *left, const void *right)
{
    const struct problem *a = left, *b = right;
    if (a->file != b->file)
        return a->file < b->file ? -1 : 1;
    return a->offset < b->offset ? -1 : a->offset > b->offset;
}

/* Makes one error of all problems, one a line. Returns whether there was none. */
static bool report_problems(struct inventory *inv, struct error *err)
{
    if (inv->problem_count == 0)
        return true;
    qsort(inv->problems, inv->problem_count, sizeof *inv->problems, compare_problems);
    struct buf text;
    buf_init(&text, TEXT_MAX);
    for (size_t i = 0; i < inv->problem_count; i++)
        buf_addf(&text, "%s%s", i ? "\n" : "", inv->problems[i].text);
    if (inventory_is_hopeless(inv))
        buf_addf(&text, "\nonly the first %d errors are shown", PROBLEMS_SHOWN);
    error_set(err, ERR_INVENTORY, "%s", buf_str(&text));
    buf_release(&text);
    return false;
}

/* Says so where somebody gave his private key with -i, as ssh has it. */
static bool check_no_key(const char *name, const struct buf *bytes, struct error *err)
{
    if (strncmp(buf_str(bytes), "-----BEGIN", 10) != 0)
        return true;
    return error_set(err, ERR_INVENTORY,
                     "%s: that is a key and no inventory (a private key is given with --key)",
                     name);
}

/* The folder of `file`, or NULL where its paths are relative to the current one. */
static const char *folder_of(struct arena *arena, const char *file)
{
    const char *slash = strrchr(file, '/');
    if (!slash)
        return NULL;
    return slash == file ? "/" : arena_strndup(arena, file, (size_t)(slash - file));
}

/* Reads and parses one file. A syntax error is added to `syntax`, one a line; the result is false
 * only where the file cannot be read. */
static bool read_file(struct inventory *inv, const char *file, struct text_source *source,
                      struct buf *syntax, struct error *err)
{
    struct inventory_file *f = &inv->files[inv->file_count++];
    f->name = arena_strdup(inv->arena, text_source_name(file));
    f->folder = folder_of(inv->arena, file);
    struct buf bytes;
    struct error wrong = ERROR_INIT;
    buf_init(&bytes, FILE_MAX_SIZE);
    bool was_read = text_source_read(source, file, "-i", &bytes, err);
    bool good = was_read && check_no_key(f->name, &bytes, &wrong) &&
                json_read(&f->doc, f->name, buf_str(&bytes), bytes.size, ERR_INVENTORY, &wrong);
    if (was_read && !good)
        buf_addf(syntax, "%s%s", syntax->size ? "\n" : "", error_text(&wrong));
    digest_sha256(buf_str(&bytes), bytes.size, f->digest);
    error_release(&wrong);
    buf_release(&bytes);
    return was_read;
}

/* Reads all files; false where one cannot be read or parsed. */
static bool read_files(struct inventory *inv, const struct path_list *files,
                       struct text_source *source, struct error *err)
{
    struct buf syntax;
    buf_init(&syntax, TEXT_MAX);
    bool good = true;
    for (size_t i = 0; good && i < files->count; i++)
        good = read_file(inv, files->items[i], source, &syntax, err);
    if (good && syntax.size)
        good = error_set(err, ERR_INVENTORY, "%s", buf_str(&syntax));
    buf_release(&syntax);
    return good;
}

/* Of one file what sha256sum(1) says; of several the digest of their digests. */
static void make_digest(struct inventory *inv)
{
    unsigned char digest[SHA256_SIZE];
    struct buf all;
    buf_init(&all, TEXT_MAX);
    for (size_t i = 0; i < inv->file_count; i++)
        buf_add(&all, inv->files[i].digest, SHA256_SIZE);
    if (inv->file_count == 1)
        memcpy(digest, inv->files[0].digest, sizeof digest);
    else
        digest_sha256(buf_str(&all), all.size, digest);
    buf_release(&all);
    digest_sha256_text(digest, inv->digest);
}

bool inventory_load(struct inventory **ret, const struct path_list *files,
                    struct text_source *source, struct error *reterr)
{
    struct inventory *inv = xcalloc(1, sizeof *inv);
    inv->arena = arena_new();
    inv->files = xcalloc(files->count, sizeof *inv->files);
    bool good = read_files(inv, files, source, reterr);
    for (uint32_t i = 0; good && i < inv->file_count; i++)
        inventory_read_own(inv, i);
    if (good)
        inventory_link(inv);
    if (!good || !report_problems(inv, reterr)) {
        inventory_free(inv);
        return false;
    }
    make_digest(inv);
    *ret = inv;
    return true;
}
