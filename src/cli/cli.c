/* SPDX-License-Identifier: MIT */
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>

#include "cli/terminal.h"
#include "sink/safe_text.h"

/* Prints one line to stderr. What it quotes may come from files and must not steer the terminal. */
static void print_line(const char *line, size_t size)
{
    struct buf safe;
    buf_init(&safe, SAFE_TEXT_MAX(size));
    safe_text_add_line(&safe, line, size, terminal_is_utf8());
    fprintf(stderr, "muster: %s\n", buf_str(&safe));
    buf_release(&safe);
}

int cli_fail(const struct command *command, struct error *error)
{
    const char *line = error_text(error);
    while (*line) {
        size_t size = strcspn(line, "\n");
        print_line(line, size);
        line += size + (line[size] == '\n');
    }
    if (error->code == ERR_USAGE)
        fprintf(stderr, "see muster%s%s --help\n", command ? " " : "",
                command ? command->name : "");
    error_release(error);
    return EXIT_WRONG_USE;
}
