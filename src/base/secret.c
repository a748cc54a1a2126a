/* SPDX-License-Identifier: MIT */
#include "base/secret.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/memory.h"

/* One mapping per secret: whole pages, so that locking and MADV_DONTDUMP touch nothing else. */
struct secret {
    size_t size;
    size_t mapped;
    char data[];
};

struct secret *secret_new(const char *data, size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t mapped = (sizeof(struct secret) + size + 1 + page - 1) / page * page;
    struct secret *s =
        mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (s == MAP_FAILED)
        base_out_of_memory();
    /* Both are best effort: a low RLIMIT_MEMLOCK must not stop a login. */
    (void)mlock(s, mapped);
    (void)madvise(s, mapped, MADV_DONTDUMP);
    s->size = size;
    s->mapped = mapped;
    memcpy(s->data, data, size);
    s->data[size] = '\0';
    return s;
}

void secret_free(struct secret *s)
{
    if (!s)
        return;
    size_t mapped = s->mapped;
    secret_wipe(s, mapped);
    munmap(s, mapped);
}

const char *secret_data(const struct secret *s)
{
    return s->data;
}

size_t secret_size(const struct secret *s)
{
    return s->size;
}

void secret_wipe(void *data, size_t size)
{
    explicit_bzero(data, size);
}

void secret_release_buf(struct buf *b)
{
    if (b->data)
        secret_wipe(b->data, b->room);
    buf_release(b);
}
