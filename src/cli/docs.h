/* SPDX-License-Identifier: MIT */
/* Help and man page out of the option table and the commands; nothing is written twice. */
#ifndef MUSTER_CLI_DOCS_H
#define MUSTER_CLI_DOCS_H

#include <stdbool.h>

#include "base/buf.h"
#include "cli/cli.h"
#include "model/option.h"

/* The heading of a section: "Which hosts". Static storage. */
const char *docs_section_title(enum option_section section);

/* Appends what `muster COMMAND --help` prints, in lines of at most `width` columns. */
void docs_help(const struct command *command, unsigned width, struct buf *out);

/* Appends what `muster help` prints. `commands` is ended by NULL. */
void docs_overview(const struct command *const *commands, unsigned width, struct buf *out);

/* Appends the mdoc(7) source `text` in which the line @OPTIONS@ became the option list, and the
 * line "@EXAMPLES NAME@" the examples of a command. */
bool docs_man_page(const struct command *const *commands, const char *text, struct buf *out,
                   struct error *reterr);

#endif
