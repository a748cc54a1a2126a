/* SPDX-License-Identifier: MIT */
#include "model/known_hosts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/trace.h"
#include "model/known_hosts_private.h"

enum {
    FILE_CAP = 256 * 1024 * 1024,
    KEY_CAP = 64 * 1024,
    READ_SIZE = 64 * 1024,
    SSH_PORT = 22,
};

struct known_hosts *known_hosts_new(void)
{
    struct known_hosts *kh = xcalloc(1, sizeof *kh);
    kh->arena = arena_new();
    kh->files_end = &kh->files;
    kh->hmac = hmac_sha1_new();
    return kh;
}

void known_hosts_free(struct known_hosts *kh)
{
    if (!kh)
        return;
    for (struct known_file *f = kh->files; f; f = f->next)
        buf_release(&f->text);
    HASH_CLEAR(hh, kh->names);
    HASH_CLEAR(hh, kh->keys);
    hmac_sha1_free(kh->hmac);
    arena_free(kh->arena);
    free(kh);
}

size_t known_hosts_entry_count(const struct known_hosts *kh)
{
    size_t count = 0;
    for (const struct known_file *f = kh->files; f; f = f->next)
        count += f->entries;
    return count;
}

size_t known_hosts_skipped_count(const struct known_hosts *kh)
{
    size_t count = 0;
    for (const struct known_file *f = kh->files; f; f = f->next)
        count += f->skipped;
    return count;
}

bool known_hosts_name_text(const struct known_hosts_name *name, char ret[KNOWN_HOSTS_NAME_SIZE])
{
    int size = name->port == 0 || name->port == SSH_PORT
                   ? snprintf(ret, KNOWN_HOSTS_NAME_SIZE, "%s", name->host)
                   : snprintf(ret, KNOWN_HOSTS_NAME_SIZE, "[%s]:%u", name->host, name->port);
    for (char *at = ret; *at; at++) {
        if (*at >= 'A' && *at <= 'Z')
            *at = (char)(*at - 'A' + 'a');
    }
    return size >= 0 && size < KNOWN_HOSTS_NAME_SIZE;
}

struct known_name *known_hosts_intern_name(struct known_hosts *kh, const char *text, size_t size)
{
    struct known_name *name = NULL;
    HASH_FIND(hh, kh->names, text, size, name);
    if (name)
        return name;
    name = arena_alloc(kh->arena, sizeof *name);
    name->text = arena_strndup(kh->arena, text, size);
    HASH_ADD_KEYPTR(hh, kh->names, name->text, size, name);
    return name;
}

struct known_key *known_hosts_find_key(const struct known_hosts *kh, const void *blob, size_t size)
{
    struct known_key *key = NULL;
    HASH_FIND(hh, kh->keys, blob, size, key);
    return key;
}

/* The record of a key, made if need be. */
static struct known_key *intern_key(struct known_hosts *kh, const struct buf *blob,
                                    enum public_key_type type)
{
    struct known_key *key = known_hosts_find_key(kh, blob->data, blob->size);
    if (key)
        return key;
    key = arena_alloc(kh->arena, sizeof *key);
    key->blob = arena_alloc(kh->arena, blob->size);
    memcpy(key->blob, blob->data, blob->size);
    key->size = blob->size;
    key->type = type;
    HASH_ADD_KEYPTR(hh, kh->keys, key->blob, key->size, key);
    return key;
}

void known_hosts_link(struct known_hosts *kh, struct known_name *name, struct known_entry *entry)
{
    struct name_entry *link = arena_alloc(kh->arena, sizeof *link);
    link->entry = entry;
    link->next = name->entries;
    name->entries = link;
}

/* Puts an entry under each name of a list without patterns. */
static void link_names(struct known_hosts *kh, const struct known_hosts_line *line,
                       struct known_entry *entry)
{
    char *names = arena_strndup(kh->arena, line->names, line->names_size);
    for (char *at = names, *end = NULL; at; at = end) {
        end = strchr(at, ',');
        size_t size = end ? (size_t)(end++ - at) : strlen(at);
        for (size_t i = 0; i < size; i++) {
            if (at[i] >= 'A' && at[i] <= 'Z')
                at[i] = (char)(at[i] - 'A' + 'a');
        }
        known_hosts_link(kh, known_hosts_intern_name(kh, at, size), entry);
    }
}

/* Indexes one entry by the kind of its names. */
static void index_entry(struct known_hosts *kh, const struct known_hosts_line *line,
                        struct known_key *key, struct known_entry *entry)
{
    if (line->is_hashed) {
        struct hashed_name *h = arena_alloc(kh->arena, sizeof *h);
        memcpy(h->salt, line->salt, sizeof h->salt);
        memcpy(h->hash, line->hash, sizeof h->hash);
        h->entry = entry;
        h->next_of_key = key->hashed;
        key->hashed = h;
        h->next = kh->hashed;
        kh->hashed = h;
    } else if (known_hosts_names_have_pattern(line->names, line->names_size)) {
        struct pattern_entry *p = arena_alloc(kh->arena, sizeof *p);
        p->names = arena_strndup(kh->arena, line->names, line->names_size);
        p->size = line->names_size;
        p->entry = entry;
        p->next = kh->patterns;
        kh->patterns = p;
    } else {
        link_names(kh, line, entry);
    }
}

/* Reads one line into the index. */
static void index_line(struct known_hosts *kh, struct known_file *file, const char *text,
                       size_t size, struct buf *blob)
{
    struct known_hosts_line line;
    const char *why = NULL;
    switch (known_hosts_line_parse(text, size, &line, blob, &why)) {
    case KNOWN_HOSTS_LINE_EMPTY:
        return;
    case KNOWN_HOSTS_LINE_BAD:
        file->skipped++;
        trace_note("%s:%u: skipped: %s", file->path, file->lines, why);
        return;
    case KNOWN_HOSTS_LINE_ENTRY:
        break;
    }
    if (line.marker == KNOWN_HOSTS_CA)
        trace_note("%s:%u: @cert-authority: host certificates are not supported", file->path,
                   file->lines);
    struct known_key *key = intern_key(kh, blob, line.type);
    struct known_entry *entry = arena_alloc(kh->arena, sizeof *entry);
    *entry = (struct known_entry){ .file = file,
                                   .generation = file->generation,
                                   .line = file->lines,
                                   .marker = line.marker,
                                   .key = key };
    index_entry(kh, &line, key, entry);
    file->is_last_hashed = line.is_hashed;
    file->entries++;
}

/* Forgets what was read of the file: its entries are of an older generation from now on. */
static void forget_contents(struct known_file *file)
{
    file->generation++;
    file->lines = 0;
    file->skipped = 0;
    file->entries = 0;
    file->is_last_hashed = false;
    buf_clear(&file->text);
}

void known_hosts_index(struct known_hosts *kh, struct known_file *file, const struct buf *text,
                       bool is_more)
{
    struct buf blob;
    buf_init(&blob, KEY_CAP);
    if (!is_more)
        forget_contents(file);
    const char *end = buf_str(text) + text->size;
    for (const char *at = buf_str(text); at < end;) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *stop = newline ? newline : end;
        file->lines++;
        index_line(kh, file, at, (size_t)(stop - at), &blob);
        at = newline ? newline + 1 : end;
    }
    buf_add(&file->text, buf_str(text), text->size);
    buf_release(&blob);
}

struct known_file *known_hosts_find_file(const struct known_hosts *kh, const char *path)
{
    for (struct known_file *f = kh->files; f; f = f->next) {
        if (strcmp(f->path, path) == 0)
            return f;
    }
    return NULL;
}

struct known_file *known_hosts_new_file(struct known_hosts *kh, const char *path)
{
    struct known_file *f = arena_alloc(kh->arena, sizeof *f);
    f->path = arena_strdup(kh->arena, path);
    buf_init(&f->text, FILE_CAP);
    for (const struct known_file *other = kh->files; other; other = other->next)
        f->place++;
    *kh->files_end = f;
    kh->files_end = &f->next;
    return f;
}

struct stamp known_hosts_stamp(const struct stat *st)
{
    return (struct stamp){
        .device = st->st_dev, .inode = st->st_ino, .size = st->st_size, .modified = st->st_mtim
    };
}

/* Reads to the end of the descriptor; false with errno set. */
static bool read_all(int fd, struct buf *ret)
{
    for (;;) {
        char *to = buf_reserve(ret, READ_SIZE);
        if (!to) {
            errno = EFBIG;
            return false;
        }
        ssize_t got = read(fd, to, READ_SIZE);
        if (got > 0)
            buf_commit(ret, (size_t)got);
        else if (got == 0 || errno != EINTR)
            return got == 0;
    }
}

/* Does `text` begin with the whole lines that were indexed before? */
static bool only_grew(const struct known_file *file, const struct buf *text)
{
    size_t size = file->text.size;
    return size > 0 && size <= text->size && file->text.data[size - 1] == '\n' &&
           memcmp(file->text.data, text->data, size) == 0;
}

bool known_hosts_read(struct known_hosts *kh, struct known_file *file, int fd, struct error *reterr)
{
    struct stat st;
    struct buf text;
    buf_init(&text, FILE_CAP);
    bool done = fstat(fd, &st) == 0 && read_all(fd, &text);
    if (done) {
        bool is_more = only_grew(file, &text);
        if (is_more)
            buf_consume(&text, file->text.size);
        file->stamp = known_hosts_stamp(&st);
        known_hosts_index(kh, file, &text, is_more);
    } else {
        error_set(reterr, ERR_HOST_KEY_FILE, "%s: cannot read: %s", file->path, strerror(errno));
    }
    buf_release(&text);
    return done;
}

bool known_hosts_load(struct known_hosts *kh, const char *path, bool must_exist,
                      struct error *reterr)
{
    if (known_hosts_find_file(kh, path))
        return true;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR) && !must_exist) {
        trace_note("%s: does not exist", path);
        return true;
    }
    if (fd < 0)
        return error_set(reterr, ERR_HOST_KEY_FILE, "%s: cannot open: %s", path, strerror(errno));
    bool done = known_hosts_read(kh, known_hosts_new_file(kh, path), fd, reterr);
    close(fd);
    return done;
}
