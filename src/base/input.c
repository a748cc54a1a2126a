/* SPDX-License-Identifier: MIT */
#include "base/input.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"

struct input {
    int fd;     /* what is read with pread(2): the file, or the unlinked spool */
    int source; /* what is spooled; -1 for a file */
    uint64_t max;
    pthread_t thread;
    _Atomic uint64_t size; /* that can be read */
    atomic_bool is_complete;
    atomic_int error; /* errno of the spooling, 0 while it goes well */
    void (*notify)(void *arg);
    void *notify_arg;
    pthread_mutex_t notify_lock;
};

/* Tells whoever reads. */
static void tell(struct input *in)
{
    pthread_mutex_lock(&in->notify_lock);
    if (in->notify)
        in->notify(in->notify_arg);
    pthread_mutex_unlock(&in->notify_lock);
}

/* Writes all of it; 0 or an errno. */
static int write_all(int fd, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t n = write(fd, data, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno;
        data += n;
        size -= (size_t)n;
    }
    return 0;
}

/* Takes over one piece of the source; false at its end. */
static bool spool_piece(struct input *in)
{
    char piece[64 * 1024];
    ssize_t n;
    do {
        n = read(in->source, piece, sizeof piece);
    } while (n < 0 && errno == EINTR);
    int error = n < 0 ? errno : 0;
    if (n > 0 && in->size + (uint64_t)n > in->max)
        error = EFBIG;
    if (n > 0 && error == 0)
        error = write_all(in->fd, piece, (size_t)n);
    if (n > 0 && error == 0)
        in->size += (uint64_t)n;
    if (error != 0)
        in->error = error;
    return n > 0 && error == 0;
}

/* The spooling thread. */
static void *spool(void *arg)
{
    struct input *in = arg;
    while (spool_piece(in))
        tell(in);
    in->is_complete = true;
    tell(in);
    return NULL;
}

/* An unlinked temporary file. */
static int open_spool(struct error *reterr)
{
    const char *dir = getenv("TMPDIR");
    char *path = xprintf("%s/muster-stdin-XXXXXX", dir && *dir ? dir : "/tmp");
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0)
        error_set(reterr, ERR_FILE, "%s: %s", path, strerror(errno));
    else
        unlink(path);
    free(path);
    return fd;
}

/* Begins to spool what cannot be read at an offset. */
static bool start_spooling(struct input *in, struct error *reterr)
{
    in->source = in->fd;
    in->fd = open_spool(reterr);
    if (in->fd < 0)
        return false;
    int rc = pthread_create(&in->thread, NULL, spool, in);
    if (rc != 0)
        return error_set(reterr, ERR_INTERNAL, "cannot start a thread: %s", strerror(rc));
    /* It may sit in read(2) for ever, and dies with the process. */
    pthread_detach(in->thread);
    return true;
}

bool input_open(struct input **ret, int fd, uint64_t max, struct error *reterr)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return error_set(reterr, ERR_FILE, "standard input: %s", strerror(errno));
    if (S_ISDIR(st.st_mode))
        return error_set(reterr, ERR_FILE, "standard input: is a folder");
    struct input *in = xcalloc(1, sizeof *in);
    in->fd = fd;
    in->source = -1;
    in->max = max;
    pthread_mutex_init(&in->notify_lock, NULL);
    if (S_ISREG(st.st_mode)) {
        in->size = (uint64_t)st.st_size;
        in->is_complete = true;
    } else if (!start_spooling(in, reterr)) {
        free(in);
        return false;
    }
    *ret = in;
    return true;
}

void input_free(struct input *in)
{
    if (!in)
        return;
    input_on_more(in, NULL, NULL);
    /* A spooling thread still holds the object: both are left to the end of the process. */
    if (in->source >= 0 && !in->is_complete)
        return;
    close(in->fd);
    if (in->source >= 0)
        return;
    pthread_mutex_destroy(&in->notify_lock);
    free(in);
}

void input_on_more(struct input *in, void (*notify)(void *arg), void *arg)
{
    pthread_mutex_lock(&in->notify_lock);
    in->notify = notify;
    in->notify_arg = arg;
    pthread_mutex_unlock(&in->notify_lock);
}

ssize_t input_read(struct input *in, void *data, size_t size, uint64_t offset)
{
    /* In this order: what was complete before the size was read has that size. */
    bool is_complete = in->is_complete;
    uint64_t end = in->size;
    if (offset >= end) {
        if (in->error)
            return -in->error;
        return is_complete ? 0 : -EAGAIN;
    }
    if (size > end - offset)
        size = (size_t)(end - offset);
    ssize_t n;
    do {
        n = pread(in->fd, data, size, (off_t)offset);
    } while (n < 0 && errno == EINTR);
    return n < 0 ? -errno : n;
}
