/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <openssl/rand.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/buf.h"
#include "model/known_hosts_private.h"

enum {
    OPEN_TRIES = 5,
    LOCK_TRIES = 500, /* 1 s in all: every connection stands still meanwhile */
    LOCK_PAUSE_NS = 2 * 1000 * 1000,
    LINE_CAP = 128 * 1024,
    LINES_CAP = 64 * 1024 * 1024,
};

/* What one call adds. */
struct batch {
    struct known_hosts_key *keys;
    size_t count;
    enum known_hosts_hashing hashing;
};

/* Sets `err` to "PATH: what: errno's text". Returns false. */
static bool fail_errno(struct error *err, const char *path, const char *what)
{
    return error_set(err, ERR_HOST_KEY_FILE, "%s: %s: %s", path, what, strerror(errno));
}

/* Makes the folder that `path` is in, where only that one is missing. */
static bool make_folder(struct known_hosts *kh, const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash || slash == path)
        return false;
    char *folder = arena_strndup(kh->arena, path, (size_t)(slash - path));
    return mkdir(folder, 0700) == 0 || errno == EEXIST;
}

/* Opens the file for appending, made if need be; -1 with errno set. */
static int open_file(struct known_hosts *kh, const char *path)
{
    const int flags = O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY;
    int fd = open(path, flags, 0600);
    if (fd < 0 && errno == ENOENT && make_folder(kh, path))
        fd = open(path, flags, 0600);
    return fd;
}

/* Waits for the lock, which others hold for as long as one read and one write take. After a wait in
 * vain the next calls only look, so that a lock nobody gives back stops a run once, not per host.
 */
static bool lock_file(struct known_hosts *kh, int fd)
{
    const struct timespec pause = { .tv_nsec = LOCK_PAUSE_NS };
    for (int tries = kh->has_waited ? 1 : LOCK_TRIES; tries > 0; tries--) {
        if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
            kh->has_waited = false;
            return true;
        }
        if (errno != EWOULDBLOCK && errno != EINTR)
            return false;
        if (tries > 1)
            nanosleep(&pause, NULL);
    }
    kh->has_waited = true;
    errno = EWOULDBLOCK;
    return false;
}

/* Is the open file still what the path names? ssh-keygen -R puts another one in its place. */
static bool is_in_place(int fd, const char *path)
{
    struct stat open_file_st;
    struct stat path_st;
    return fstat(fd, &open_file_st) == 0 && stat(path, &path_st) == 0 &&
           open_file_st.st_dev == path_st.st_dev && open_file_st.st_ino == path_st.st_ino;
}

/* Opens and locks the file; -1 with `reterr` set. Closing it unlocks. */
static int open_locked(struct known_hosts *kh, const char *path, struct error *reterr)
{
    for (int tries = 0; tries < OPEN_TRIES; tries++) {
        int fd = open_file(kh, path);
        if (fd < 0) {
            fail_errno(reterr, path, "cannot open for writing");
            return -1;
        }
        if (!lock_file(kh, fd)) {
            fail_errno(reterr, path, "cannot lock");
            close(fd);
            return -1;
        }
        if (is_in_place(fd, path))
            return fd;
        close(fd);
    }
    error_set(reterr, ERR_HOST_KEY_FILE, "%s: is being replaced over and over", path);
    return -1;
}

/* Brings the index up to date with the locked file. */
static bool refresh(struct known_hosts *kh, struct known_file *file, int fd, struct error *reterr)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return fail_errno(reterr, file->path, "cannot read");
    struct stamp now = known_hosts_stamp(&st);
    const struct stamp *old = &file->stamp;
    if (file->generation > 0 && now.device == old->device && now.inode == old->inode &&
        now.size == old->size && now.modified.tv_sec == old->modified.tv_sec &&
        now.modified.tv_nsec == old->modified.tv_nsec)
        return true;
    if (lseek(fd, 0, SEEK_SET) < 0)
        return fail_errno(reterr, file->path, "cannot read");
    return known_hosts_read(kh, file, fd, reterr);
}

/* Appends |1|salt|hash. */
static void add_hashed_name(struct known_hosts *kh, struct buf *out, const char *name)
{
    unsigned char salt[SHA1_SIZE];
    unsigned char hash[SHA1_SIZE];
    if (RAND_bytes(salt, sizeof salt) != 1) {
        out->failed = true;
        return;
    }
    hmac_sha1(kh->hmac, salt, name, strlen(name), hash);
    buf_add_str(out, "|1|");
    base64_encode(out, salt, sizeof salt);
    buf_add_char(out, '|');
    base64_encode(out, hash, sizeof hash);
}

/* Can the name stand on a line and mean itself? ssh writes no name that it would read as more. */
static bool is_writable_name(const char *host)
{
    for (const char *at = host; *at; at++) {
        if ((unsigned char)*at <= ' ' || *at == 0x7f || strchr(",@?*#[]|'\"\\!", *at))
            return false;
    }
    return *host != '\0';
}

/* Appends the line for a key. */
static void format_line(struct known_hosts *kh, const struct known_hosts_key *key,
                        enum public_key_type type, bool is_hashed, struct buf *out)
{
    char name[KNOWN_HOSTS_NAME_SIZE];
    if (!known_hosts_name_text(&key->name, name)) {
        out->failed = true;
        return;
    }
    if (is_hashed)
        add_hashed_name(kh, out, name);
    else
        buf_add_str(out, name);
    buf_addf(out, " %s ", public_key_type_name(type));
    base64_encode(out, key->blob, key->size);
    buf_add_char(out, '\n');
}

/* Checks one key again; where it is to be recorded, its line goes to `lines` and to the index, so
 * that it counts for the keys behind it. */
static void add_key(struct known_hosts *kh, struct known_file *file, struct known_hosts_key *key,
                    bool is_hashed, struct buf *lines)
{
    struct known_hosts_result result;
    enum public_key_type type;
    known_hosts_check(kh, &key->name, key->blob, key->size, &result);
    key->verdict = result.verdict;
    if (result.verdict != KNOWN_HOSTS_UNKNOWN || !is_writable_name(key->name.host) ||
        !public_key_parse(key->blob, key->size, &type))
        return;
    struct buf line;
    buf_init(&line, LINE_CAP);
    format_line(kh, key, type, is_hashed, &line);
    if (!line.failed && buf_add(lines, line.data, line.size)) {
        known_hosts_index(kh, file, &line, true);
        /* Finds the line by its key: a hashed name that is known is never tried for others. */
        known_hosts_check(kh, &key->name, key->blob, key->size, &result);
        key->verdict = result.verdict;
    }
    buf_release(&line);
}

/* Writes all lines at once; a part of them is taken back. */
static bool write_lines(int fd, const struct known_file *file, const struct buf *lines,
                        struct error *reterr)
{
    ssize_t written = write(fd, lines->data, lines->size);
    if (written >= 0 && (size_t)written == lines->size)
        return true;
    if (written >= 0)
        errno = ENOSPC;
    int reason = errno;
    if (written > 0 && ftruncate(fd, file->stamp.size) < 0)
        return fail_errno(reterr, file->path, "cannot take back a part of a line");
    errno = reason;
    return fail_errno(reterr, file->path, "cannot write");
}

/* Takes note of how the file is now, unless somebody who does not lock wrote to it too. */
static void update_stamp(struct known_file *file, int fd)
{
    struct stat st;
    file->stamp = (struct stamp){ .size = -1 };
    if (fstat(fd, &st) == 0 && (size_t)st.st_size == file->text.size)
        file->stamp = known_hosts_stamp(&st);
}

/* Does the adding, with the file locked and the index up to date. */
static bool add_locked(struct known_hosts *kh, struct known_file *file, int fd,
                       const struct batch *batch, struct error *reterr)
{
    bool is_hashed = batch->hashing == KNOWN_HOSTS_HASH_YES ||
                     (batch->hashing == KNOWN_HOSTS_HASH_AUTO && file->is_last_hashed);
    struct buf lines;
    buf_init(&lines, LINES_CAP);
    bool is_cut = file->text.size > 0 && file->text.data[file->text.size - 1] != '\n';
    if (is_cut) {
        buf_add_char(&lines, '\n');
        buf_add_char(&file->text, '\n');
    }
    for (size_t i = 0; i < batch->count; i++)
        add_key(kh, file, &batch->keys[i], is_hashed, &lines);
    bool done = lines.size == (size_t)is_cut || write_lines(fd, file, &lines, reterr);
    if (done)
        update_stamp(file, fd);
    buf_release(&lines);
    return done;
}

/* None of the keys was recorded. */
static void mark_unrecorded(const struct batch *batch)
{
    for (size_t i = 0; i < batch->count; i++)
        batch->keys[i].verdict = KNOWN_HOSTS_UNKNOWN;
}

/* Takes the index back to the first `size` bytes of the file. */
static void roll_back(struct known_hosts *kh, struct known_file *file, size_t size)
{
    struct buf old;
    buf_init(&old, file->text.size);
    buf_add(&old, buf_str(&file->text), size);
    if (old.failed)
        base_out_of_memory();
    known_hosts_index(kh, file, &old, false);
    file->stamp = (struct stamp){ .size = -1 };
    buf_release(&old);
}

bool known_hosts_add(struct known_hosts *kh, const char *path, struct known_hosts_key *keys,
                     size_t count, enum known_hosts_hashing hashing, struct error *reterr)
{
    const struct batch batch = { .keys = keys, .count = count, .hashing = hashing };
    mark_unrecorded(&batch);
    int fd = open_locked(kh, path, reterr);
    if (fd < 0)
        return false;
    struct known_file *file = known_hosts_find_file(kh, path);
    if (!file)
        file = known_hosts_new_file(kh, path);
    bool done = refresh(kh, file, fd, reterr);
    size_t size = file->text.size;
    if (done && !add_locked(kh, file, fd, &batch, reterr)) {
        done = false;
        mark_unrecorded(&batch);
        roll_back(kh, file, size);
    }
    close(fd);
    return done;
}
