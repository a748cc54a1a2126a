/* SPDX-License-Identifier: MIT */
/*
 * What becomes of the files of a push or pull, a line each: with --dry-run on standard output, as a
 * note (-v) on standard error. A file that failed always gets a line on standard error, up to
 * FILE_LINES_FAILED_MAX for each host; the rest are counted when the host ends.
 *
 *      web01: create /srv/app/a.txt (1.2M)
 *      web01: /srv/app/b.txt: Permission denied
 *      web01: and 12 more files failed
 *
 * Of a run of a command it says nothing.
 */
#ifndef MUSTER_SINK_FILE_LINES_H
#define MUSTER_SINK_FILE_LINES_H

#include <stdbool.h>

#include "sink/screen.h"
#include "sink/sink.h"

enum { FILE_LINES_FAILED_MAX = 10 };

struct file_lines_args {
    struct screen *screen; /* borrowed */
    bool is_dry_run;       /* list files on standard output ... */
    bool is_verbose;       /* ... or else on standard error */
    bool has_labels;       /* of the list; what failed is always labelled */
};

struct sink *file_lines_new(const struct file_lines_args *args);

#endif
