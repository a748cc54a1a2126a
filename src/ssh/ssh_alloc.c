/* SPDX-License-Identifier: MIT */
#include "ssh/ssh_alloc.h"

#include <libssh2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/secret.h"
#include "base/wire.h"

/* From this size on a block gets pages of its own: the session itself, and not much else. */
#define BIG_BLOCK ((size_t)48 * 1024)

/* First bytes of a block that are zeroed: enough for looking at a packet when it is freed. */
#define HEAD_SIZE ((size_t)32)

/* The highest channel number that is followed: far more than a session ever opens. */
#define CHANNEL_MAX (1u << 20)

/* SSH messages that are looked at (RFC 4252, section 6; RFC 4254, section 9). */
enum { MSG_USERAUTH_BANNER = 53, MSG_CHANNEL_OPEN_CONFIRMATION = 91, MSG_CHANNEL_REQUEST = 98 };

/* Stands before each block and keeps it aligned for any type. */
struct block {
    size_t size;   /* as libssh2 asked for */
    size_t mapped; /* bytes mapped, this header included; 0: from malloc */
};
_Static_assert(sizeof(struct block) % _Alignof(max_align_t) == 0, "blocks are aligned");

struct ssh_alloc {
    void *owner;
    size_t cap;
    size_t held;
    size_t peak;
    bool was_refused;

    bool has_channel;
    uint32_t last_channel;
    unsigned char *exit_seen; /* a bit for each channel number */
    size_t exit_seen_size;
    char *banner;

    bool is_swapping;
    bool was_swapped;
    unsigned swap_step; /* allocations since it was armed */
    struct ssh_alloc_swap swap;
};

/* Bytes a block takes in all. */
static size_t size_in_all(const struct block *b)
{
    return b->mapped ? b->mapped : sizeof *b + b->size;
}

/* Whole pages for a big block; they are zero. */
static struct block *map_block(size_t size)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t mapped = (sizeof(struct block) + size + page - 1) / page * page;
    struct block *b =
        mmap(NULL, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (b == MAP_FAILED)
        return NULL;
    b->mapped = mapped;
    return b;
}

/* A small block; its head is zeroed, because it is looked at when the block is freed. */
static struct block *malloc_block(size_t size)
{
    struct block *b = malloc(sizeof *b + size);
    if (!b)
        return NULL;
    b->mapped = 0;
    memset(b + 1, 0, size < HEAD_SIZE ? size : HEAD_SIZE);
    return b;
}

/* May the session have `size` bytes more? */
static bool fits(struct ssh_alloc *a, size_t size)
{
    if (size <= a->cap && a->held <= a->cap - size)
        return true;
    a->was_refused = true;
    return false;
}

void *ssh_alloc_get(struct ssh_alloc *a, size_t size)
{
    if (!fits(a, size))
        return NULL;
    struct block *b = size >= BIG_BLOCK ? map_block(size) : malloc_block(size);
    if (!b)
        return NULL;
    b->size = size;
    a->held += size_in_all(b);
    if (a->held > a->peak)
        a->peak = a->held;
    return b + 1;
}

/* Notes that a channel's exit status came. */
static void note_exit_status(struct ssh_alloc *a, uint32_t channel)
{
    size_t needed = (size_t)channel / 8 + 1;
    if (channel > CHANNEL_MAX)
        return;
    if (needed > a->exit_seen_size) {
        a->exit_seen = xrealloc_array(a->exit_seen, needed, 1);
        memset(a->exit_seen + a->exit_seen_size, 0, needed - a->exit_seen_size);
        a->exit_seen_size = needed;
    }
    a->exit_seen[channel / 8] |= (unsigned char)(1u << channel % 8);
}

/* Keeps the text of a banner. */
static void note_banner(struct ssh_alloc *a, const unsigned char *data, size_t size)
{
    size_t text = wire_u32_at(data + 1);
    if (text > size - 5)
        return;
    if (text > SSH_ALLOC_BANNER_MAX)
        text = SSH_ALLOC_BANNER_MAX;
    free(a->banner);
    a->banner = xstrndup((const char *)data + 5, text);
}

/* Looks at a block that is about to be freed: decrypted packets are blocks that begin with their
 * message number. */
static void look_at(struct ssh_alloc *a, const unsigned char *data, size_t size)
{
    static const char name[] = "exit-status";
    const size_t name_size = sizeof name - 1;
    if (size >= 5 && data[0] == MSG_CHANNEL_OPEN_CONFIRMATION) {
        a->last_channel = wire_u32_at(data + 1);
        a->has_channel = true;
    } else if (size >= 9 + name_size && data[0] == MSG_CHANNEL_REQUEST &&
               wire_u32_at(data + 5) == name_size && memcmp(data + 9, name, name_size) == 0) {
        note_exit_status(a, wire_u32_at(data + 1));
    } else if (size >= 5 && data[0] == MSG_USERAUTH_BANNER) {
        note_banner(a, data, size);
    }
}

/* Frees a block and what it held. */
static void put(struct ssh_alloc *a, void *pointer)
{
    if (!pointer)
        return;
    struct block *b = (struct block *)pointer - 1;
    look_at(a, pointer, b->size);
    a->held -= size_in_all(b);
    if (b->mapped) {
        munmap(b, b->mapped);
        return;
    }
    secret_wipe(pointer, b->size);
    free(b);
}

/* The step of a swap that this allocation is; false where it is none of those expected. */
static bool follow_swap(struct ssh_alloc *a, size_t size)
{
    if (size != a->swap.sizes[a->swap_step])
        return false;
    if (++a->swap_step < 2)
        return true;
    memcpy(a->swap.to, a->swap.from, a->swap.size);
    a->is_swapping = false;
    a->was_swapped = true;
    return true;
}

/* From a callback's `abstract` to the allocator. */
static struct ssh_alloc *allocator_of(void **abstract)
{
    return *abstract;
}

/* libssh2's allocator. */
static void *on_alloc(size_t size, void **abstract)
{
    struct ssh_alloc *a = allocator_of(abstract);
    if (a->is_swapping && !follow_swap(a, size))
        return NULL;
    return ssh_alloc_get(a, size);
}

static void on_free(void *pointer, void **abstract)
{
    put(allocator_of(abstract), pointer);
}

static void *on_realloc(void *pointer, size_t size, void **abstract)
{
    struct ssh_alloc *a = allocator_of(abstract);
    void *bigger = ssh_alloc_get(a, size);
    if (!pointer || !bigger)
        return bigger;
    const struct block *b = (const struct block *)pointer - 1;
    memcpy(bigger, pointer, b->size < size ? b->size : size);
    put(a, pointer);
    return bigger;
}

struct ssh_alloc *ssh_alloc_new(void *owner, size_t cap)
{
    struct ssh_alloc *a = xcalloc(1, sizeof *a);
    a->owner = owner;
    a->cap = cap;
    return a;
}

void ssh_alloc_free(struct ssh_alloc *a)
{
    if (!a)
        return;
    free(a->exit_seen);
    free(a->banner);
    free(a);
}

/* Is every byte zero? */
static bool is_zero(const unsigned char *data, size_t size)
{
    return data[0] == 0 && memcmp(data, data + 1, size - 1) == 0;
}

/* Gives back the pages of a mapped block that are still zero, a run of them at a time; they read as
 * zero ever after. */
static void give_back_zero_pages(struct block *b)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    unsigned char *base = (unsigned char *)b;
    size_t run = page; /* where the zero pages before `at` begin */
    for (size_t at = page; at <= b->mapped; at += page) {
        if (at < b->mapped && is_zero(base + at, page))
            continue;
        if (at > run)
            (void)madvise(base + run, at - run, MADV_DONTNEED);
        run = at + page;
    }
}

LIBSSH2_SESSION *ssh_alloc_session(struct ssh_alloc *a)
{
    LIBSSH2_SESSION *session = libssh2_session_init_ex(on_alloc, on_free, on_realloc, a);
    if (!session)
        return NULL;
    struct block *b = (struct block *)(void *)session - 1;
    if (b->mapped)
        give_back_zero_pages(b);
    return session;
}

void *ssh_alloc_owner(void **abstract)
{
    return allocator_of(abstract)->owner;
}

bool ssh_alloc_last_channel(const struct ssh_alloc *a, uint32_t *ret)
{
    if (a->has_channel)
        *ret = a->last_channel;
    return a->has_channel;
}

bool ssh_alloc_exit_status_seen(const struct ssh_alloc *a, uint32_t channel)
{
    size_t at = (size_t)channel / 8;
    return at < a->exit_seen_size && (a->exit_seen[at] & 1u << channel % 8) != 0;
}

const char *ssh_alloc_banner(const struct ssh_alloc *a)
{
    return a->banner;
}

size_t ssh_alloc_held(const struct ssh_alloc *a)
{
    return a->held;
}

size_t ssh_alloc_peak(const struct ssh_alloc *a)
{
    return a->peak;
}

bool ssh_alloc_was_refused(const struct ssh_alloc *a)
{
    return a->was_refused;
}

void ssh_alloc_swap_arm(struct ssh_alloc *a, const struct ssh_alloc_swap *swap)
{
    a->swap = *swap;
    a->swap_step = 0;
    a->is_swapping = true;
    a->was_swapped = false;
}

bool ssh_alloc_swap_cancel(struct ssh_alloc *a)
{
    bool was_swapped = a->was_swapped;
    a->is_swapping = false;
    a->was_swapped = false;
    return was_swapped;
}
