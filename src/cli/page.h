/* SPDX-License-Identifier: MIT */
/*
 * What a command prints to standard output when it runs nothing: text that is written in large
 * pieces while it is made, so that it may be of any length.
 */
#ifndef MUSTER_CLI_PAGE_H
#define MUSTER_CLI_PAGE_H

#include "base/buf.h"

struct page {
    struct buf text; /* to be appended to */
    int problem;     /* errno of the first write that failed; later text is dropped */
};

void page_init(struct page *p);

/* Writes what there is, once it is much; to be called now and then. */
void page_turn(struct page *p);

/* Writes the rest and releases the page. Says on stderr what could not be written. Returns the exit
 * status: EXIT_FINE or EXIT_NO_OUTPUT. */
int page_finish(struct page *p);

#endif
