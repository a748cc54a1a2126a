/* SPDX-License-Identifier: MIT */
/* `muster --version`: what runs here and what it cannot do. */
#ifndef MUSTER_CLI_VERSION_H
#define MUSTER_CLI_VERSION_H

#include "base/buf.h"

/* Appends "muster 0.1.0", a line for each library, and what this libssh2 cannot do. */
void version_describe(struct buf *out);

#endif
