/* SPDX-License-Identifier: MIT */
/* What the terminal, if there is one, can show. */
#ifndef MUSTER_CLI_TERMINAL_H
#define MUSTER_CLI_TERMINAL_H

#include <stdbool.h>

#include "model/settings.h"

/* Sets the locale of characters from the environment; call once, before any other. */
void terminal_init(void);

/* Is the locale's encoding UTF-8? Else only ASCII is drawn. */
bool terminal_is_utf8(void);

/* Shall colour be written to descriptor `fd`? The first of these that says something decides:
 * `when`, NO_COLOR, CLICOLOR_FORCE or FORCE_COLOR, TERM=dumb, CLICOLOR=0, being a terminal. */
bool terminal_use_color(enum color_when when, int fd);

/* Columns of the terminal at `fd`; where it is none, $COLUMNS, else 80. */
unsigned terminal_width(int fd);

/* From now on trace lines up to `level` go to stderr, each "muster: LINE" in one write(2). */
void terminal_trace(unsigned level);

#endif
