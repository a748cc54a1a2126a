/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

int cli_fail(const struct command *command, struct error *error)
{
    const char *line = error_text(error);
    while (*line) {
        int size = (int)strcspn(line, "\n");
        fprintf(stderr, "muster: %.*s\n", size, line);
        line += size + (line[size] == '\n');
    }
    if (error->code == ERR_USAGE)
        fprintf(stderr, "see muster%s%s --help\n", command ? " " : "",
                command ? command->name : "");
    error_release(error);
    return EXIT_WRONG_USE;
}
