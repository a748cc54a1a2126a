/* SPDX-License-Identifier: MIT */
#include "cli/page.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

enum { MUCH = 64 * 1024 };

void page_init(struct page *p)
{
    buf_init(&p->text, SIZE_MAX / 4);
    p->problem = 0;
}

/* Writes everything. */
static void flush(struct page *p)
{
    const char *at = buf_str(&p->text);
    size_t left = p->text.size;
    while (left > 0 && p->problem == 0) {
        ssize_t size = write(STDOUT_FILENO, at, left);
        if (size >= 0) {
            at += size;
            left -= (size_t)size;
        } else if (errno != EINTR) {
            p->problem = errno;
        }
    }
    buf_clear(&p->text);
}

void page_turn(struct page *p)
{
    if (p->text.size >= MUCH)
        flush(p);
}

int page_finish(struct page *p)
{
    bool is_whole = !p->text.failed;
    flush(p);
    buf_release(&p->text);
    if (is_whole && p->problem == 0)
        return EXIT_FINE;
    fprintf(stderr, "muster: standard output: %s\n", strerror(p->problem ? p->problem : ENOMEM));
    return EXIT_NO_OUTPUT;
}
