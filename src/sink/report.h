/* SPDX-License-Identifier: MIT */
/*
 * --json: the report of a run, one JSON document `muster.report/1` (muster-report(5); the schema is
 * config/report.schema.json), hosts in selection order.
 *
 * What hosts print, and what became of their files, is kept by keep.h, so memory stays bounded. The
 * file is opened at the start and put in place at the end (whole_file.h): an unwritable place is an
 * error before anything runs, and an old report survives every failure. It is written on abort too;
 * a host of which no end was seen is `lost` if it had started, else `not_run`.
 */
#ifndef MUSTER_SINK_REPORT_H
#define MUSTER_SINK_REPORT_H

#include <stdint.h>

#include "sink/sink.h"
#include "sink/tally.h"
#include "sink/writer.h"

struct report_args {
    const char *path;               /* "-": standard output */
    struct output *standard_output; /* used for "-" only */
    struct writer *screen;          /* that writes standard_output */
    struct writer *files;           /* that shall write the spool */
    uint64_t max_output;            /* bytes kept of one stream of a host */
    const struct sink *tally;       /* borrowed; listens before this sink */
    struct tally_rules rules;       /* of the exit status that the report names */
};

/* Opens the file and the spool; errors are ERR_FILE. sink_finish() writes the report; its errors
 * are ERR_OUTPUT. */
bool report_new(struct sink **ret, const struct report_args *args, struct error *reterr);

#endif
