/* SPDX-License-Identifier: MIT */
/*
 * Texts that people name on the command line: a file, or "-" for standard input, which can be read
 * once only. Whoever reads it leaves his name, so that the second gets an error instead of nothing.
 */
#ifndef MUSTER_BASE_TEXT_SOURCE_H
#define MUSTER_BASE_TEXT_SOURCE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"

struct text_source {
    int fd;               /* what "-" stands for */
    const char *taken_by; /* NULL while nobody has read it */
};

#define TEXT_SOURCE_STDIN                                                                          \
    {                                                                                              \
        .fd = 0, .taken_by = NULL                                                                  \
    }

/* Appends the bytes of `file` to `ret`, whose cap is the limit. `who` wants them ("-i"); static
 * storage. Errors (ERR_FILE): "hosts.json: No such file or directory". */
bool text_source_read(struct text_source *s, const char *file, const char *who, struct buf *ret,
                      struct error *reterr);

/* How messages call `file`: itself, or "standard input". */
const char *text_source_name(const char *file);

#endif
