/* SPDX-License-Identifier: MIT */
#include "sink/keep.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/memory.h"
#include "base/utf8.h"

/* A range of the spool file. */
struct extent {
    uint64_t offset;
    size_t size;
};

/* One stream of a host: its extents, then what is still in memory. */
struct kept {
    struct extent *extents;
    size_t extent_count;
    struct buf text;
    uint64_t size; /* of all */
    uint64_t max;
    bool is_truncated;
};

struct keep {
    struct keep_args args;
    struct kept (*hosts)[KEEP_STREAM_COUNT];
    size_t host_count;
    size_t memory;
    uint64_t spooled;
};

/* What one stream of a host holds in memory before it is spooled. */
#define TEXT_MAX (KEEP_HOST_MAX / STREAM_COUNT)

struct keep *keep_new(const struct keep_args *args, size_t host_count)
{
    struct keep *k = xcalloc(1, sizeof *k);
    k->args = *args;
    if (!k->args.memory_max)
        k->args.memory_max = KEEP_MEMORY_MAX;
    k->hosts = xcalloc(host_count, sizeof *k->hosts);
    k->host_count = host_count;
    for (size_t i = 0; i < host_count; i++) {
        for (size_t stream = 0; stream < KEEP_STREAM_COUNT; stream++) {
            buf_init(&k->hosts[i][stream].text, TEXT_MAX);
            k->hosts[i][stream].max = stream == KEEP_FILES ? UINT64_MAX : args->stream_max;
        }
    }
    return k;
}

void keep_free(struct keep *k)
{
    if (!k)
        return;
    for (size_t i = 0; i < k->host_count; i++) {
        for (size_t stream = 0; stream < KEEP_STREAM_COUNT; stream++) {
            buf_release(&k->hosts[i][stream].text);
            free(k->hosts[i][stream].extents);
        }
    }
    free(k->hosts);
    free(k);
}

size_t keep_memory(const struct keep *k)
{
    return k->memory;
}

bool keep_is_truncated(const struct keep *k, size_t host, unsigned stream)
{
    return k->hosts[host][stream].is_truncated;
}

/* Has the vector no room: is the count a power of two (or nothing)? */
static bool is_full(size_t count)
{
    return (count & (count - 1)) == 0;
}

/* Puts bytes at the end of the spool. Neighbours become one extent. */
static void spool(struct keep *k, struct kept *kept, const char *data, size_t size)
{
    if (size == 0)
        return;
    struct extent *last = kept->extent_count ? &kept->extents[kept->extent_count - 1] : NULL;
    if (last && last->offset + last->size == k->spooled) {
        last->size += size;
    } else {
        if (is_full(kept->extent_count))
            kept->extents =
                xrealloc_array(kept->extents, kept->extent_count ? 2 * kept->extent_count : 1,
                               sizeof *kept->extents);
        kept->extents[kept->extent_count++] = (struct extent){ k->spooled, size };
    }
    k->spooled += size;
    output_put(k->args.spool, data, size);
}

/* Moves what is in memory to the spool. */
static void spool_text(struct keep *k, struct kept *kept)
{
    spool(k, kept, kept->text.data, kept->text.size);
    k->memory -= kept->text.room;
    buf_release(&kept->text);
}

/* How much of `data` is below the limit; a character is not cut. */
static size_t clip(struct kept *kept, const char *data, size_t size)
{
    if (kept->is_truncated)
        return 0;
    uint64_t room = kept->max - kept->size;
    if (size <= room)
        return size;
    kept->is_truncated = true;
    return utf8_cut(data, (size_t)room);
}

void keep_add(struct keep *k, size_t host, unsigned stream, const char *data, size_t size)
{
    struct kept *kept = &k->hosts[host][stream];
    size = clip(kept, data, size);
    if (size == 0)
        return;
    kept->size += size;
    if (size > TEXT_MAX - kept->text.size)
        spool_text(k, kept);
    if (size > TEXT_MAX) {
        spool(k, kept, data, size);
        return;
    }
    k->memory -= kept->text.room;
    if (!buf_add(&kept->text, data, size))
        base_out_of_memory();
    k->memory += kept->text.room;
}

void keep_end(struct keep *k, size_t host)
{
    for (size_t stream = 0; stream < KEEP_STREAM_COUNT && k->memory > k->args.memory_max; stream++)
        spool_text(k, &k->hosts[host][stream]);
}

/* Reads a part of the spool whole. */
static bool read_spool(const struct keep *k, char *to, size_t size, uint64_t offset,
                       struct error *reterr)
{
    while (size > 0) {
        ssize_t n = pread(k->args.spool_fd, to, size, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return error_set(reterr, ERR_OUTPUT, "%s: %s", output_name(k->args.spool),
                             n < 0 ? strerror(errno) : "bytes are missing");
        to += n;
        size -= (size_t)n;
        offset += (uint64_t)n;
    }
    return true;
}

/* Hands over one extent in pieces. */
static bool read_extent(const struct keep *k, struct extent extent, keep_take_fn *take, void *arg,
                        struct error *reterr)
{
    char *piece = xcalloc(KEEP_HOST_MAX, 1);
    bool goes_on = true;
    while (goes_on && extent.size > 0) {
        size_t now = extent.size < KEEP_HOST_MAX ? extent.size : KEEP_HOST_MAX;
        goes_on = read_spool(k, piece, now, extent.offset, reterr) && take(arg, piece, now);
        extent.offset += now;
        extent.size -= now;
    }
    free(piece);
    return goes_on;
}

bool keep_read(const struct keep *k, size_t host, unsigned stream, keep_take_fn *take, void *arg,
               struct error *reterr)
{
    const struct kept *kept = &k->hosts[host][stream];
    for (size_t i = 0; i < kept->extent_count; i++) {
        if (!read_extent(k, kept->extents[i], take, arg, reterr))
            return false;
    }
    return kept->text.size == 0 || take(arg, kept->text.data, kept->text.size);
}
