/* SPDX-License-Identifier: MIT */
/* Any bytes as a server's first words. However they are cut into pieces the result is the same, and
 * what libssh2 gets is the end of what came. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "ssh/greeting.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Feeds all in pieces of `step` bytes and takes out what there is; false where it is no SSH. */
static bool hear(struct greeting *g, const char *data, size_t size, size_t step, struct buf *taken)
{
    struct error err = ERROR_INIT;
    char piece[256];
    bool good = true;
    for (size_t at = 0; at < size && good; at += step) {
        size_t n = size - at < step ? size - at : step;
        good = greeting_feed(g, data + at, n, &err);
        for (size_t got; (got = greeting_take(g, piece, sizeof piece)) > 0;)
            buf_add(taken, piece, got);
    }
    if (good == error_is_set(&err))
        abort();
    error_release(&err);
    return good;
}

/* Both NULL, or both the same text without control bytes. */
static void check_text(const char *a, const char *b)
{
    if (!a != !b || (a && strcmp(a, b) != 0))
        abort();
    for (; a && *a; a++) {
        if (*a < 0x20 || *a > 0x7e)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    struct greeting *whole = greeting_new(), *cut = greeting_new();
    struct buf taken, taken_cut;
    buf_init(&taken, size);
    buf_init(&taken_cut, size);
    bool good = hear(whole, text, size, size, &taken);
    if (good != hear(cut, text, size, 1 + size % 13, &taken_cut))
        abort();
    check_text(greeting_version(whole), greeting_version(cut));
    for (int i = 0; good && i < ALGORITHM_LIST_COUNT; i++)
        check_text(greeting_list(whole, (enum algorithm_list)i),
                   greeting_list(cut, (enum algorithm_list)i));
    if (good && (taken.failed || taken.size != taken_cut.size ||
                 memcmp(buf_str(&taken), text + (size - taken.size), taken.size) != 0))
        abort();
    greeting_free(whole);
    greeting_free(cut);
    buf_release(&taken);
    buf_release(&taken_cut);
    return 0;
}
