/* SPDX-License-Identifier: MIT */
/*
 * muster runs one job on many hosts over SSH from one process.
 *
 * A map of the source. Each folder is a layer and includes only lower ones:
 *
 *   base/    lists, buffers, arenas, errors, JSON in and out, secrets, notes for -v
 *   model/   what is wanted and what happens, without any I/O to hosts: the option table
 *            (options.c), settings, inventories, host expressions, the plan, events
 *   net/     the loop (libuv), look-ups, connecting; a transport is a stream of bytes
 *   ssh/     one connection (libssh2): its states, host keys, authentication, the job on it
 *   engine/  many hosts: who may start, limits, deadlines; emits events
 *   sink/    events to something to read: lines, reports, progress, the exit status
 *   cli/     this: words to settings, settings to plan, engine and sinks to each other
 *
 * engine and sink do not know each other; both know model/event.h. To follow a run, start with
 * cmd_run.c; to add a subcommand, with cli.h; to add an option, with model/options.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "base/nearest.h"
#include "cli/cli.h"
#include "cli/docs.h"
#include "cli/invocation.h"
#include "cli/signals.h"
#include "cli/terminal.h"
#include "cli/version.h"
#include "model/options.h"

static const struct command *const commands[] = { &cmd_run, &cmd_push, &cmd_pull, &cmd_list, NULL };

#define TEXT_MAX (1 << 20)

/* The command called `name`, or NULL. */
static const struct command *find_command(const char *name)
{
    for (const struct command *const *c = commands; *c; c++) {
        if (strcmp((*c)->name, name) == 0)
            return *c;
    }
    return NULL;
}

/* Prints a text that was asked for. A stdout that takes nothing is status 74, as anywhere. */
static int print(struct buf *text)
{
    bool is_written = fwrite(text->data, 1, text->size, stdout) == text->size;
    is_written = fflush(stdout) == 0 && is_written;
    buf_release(text);
    if (!is_written)
        perror("muster: standard output");
    return is_written ? EXIT_FINE : EXIT_NO_OUTPUT;
}

/* Prints the help of a command, or with NULL that of muster. */
static int print_help(const struct command *command)
{
    struct buf text;
    buf_init(&text, TEXT_MAX);
    if (command)
        docs_help(command, terminal_width(STDOUT_FILENO), &text);
    else
        docs_overview(commands, terminal_width(STDOUT_FILENO), &text);
    return print(&text);
}

/* Prints the versions. */
static int print_version(void)
{
    struct buf text;
    buf_init(&text, TEXT_MAX);
    version_describe(&text);
    return print(&text);
}

/* Prints the man page made of a template; for the build. */
static int print_man_page(const char *template_path)
{
    struct error error = ERROR_INIT;
    struct buf template, page;
    buf_init(&template, TEXT_MAX);
    buf_init(&page, TEXT_MAX);
    int problem = file_read_whole(template_path, &template);
    if (problem)
        error_set(&error, ERR_FILE, "%s: %s", template_path, strerror(problem));
    else
        docs_man_page(commands, buf_str(&template), &page, &error);
    buf_release(&template);
    if (!error_is_set(&error))
        return print(&page);
    buf_release(&page);
    return cli_fail(NULL, &error);
}

/* Refuses the first word, which is neither a command nor an option of muster itself. */
static int refuse_first_word(const char *word)
{
    struct error error = ERROR_INIT;
    struct nearest nearest;
    nearest_init(&nearest, word);
    nearest_offer(&nearest, "help");
    for (const struct command *const *c = commands; *c; c++)
        nearest_offer(&nearest, (*c)->name);
    if (word[0] == '-')
        error_set(&error, ERR_USAGE,
                  "%s before a command: options stand after it, as in "
                  "muster run %s",
                  word, word);
    else if (nearest_name(&nearest))
        error_set(&error, ERR_USAGE, "unknown command '%s'; did you mean %s?", word,
                  nearest_name(&nearest));
    else
        error_set(&error, ERR_USAGE, "unknown command '%s'; to run a command on hosts: muster run",
                  word);
    return cli_fail(NULL, &error);
}

/* muster help [COMMAND]; `words` are what follows "help". */
static int help(char *const *words, size_t count)
{
    if (count == 2 && strcmp(words[0], "--man-page") == 0)
        return print_man_page(words[1]);
    if (count == 0 || strcmp(words[0], "help") == 0)
        return print_help(NULL);
    const struct command *command = find_command(words[0]);
    return command ? print_help(command) : refuse_first_word(words[0]);
}

/* pssh's -h takes a file of hosts: whoever means that reads help and wonders. */
static void explain_help(const struct invocation *inv)
{
    if (inv->operand_count > 0 && access(inv->operands[0], R_OK) == 0)
        fprintf(stderr, "muster: -h is help; hosts are read from a file with -w ^%s\n",
                inv->operands[0]);
}

/* Reads the words of a command and runs it. */
static int run_command(const struct command *command, char *const *words, size_t count)
{
    struct invocation inv;
    struct error error = ERROR_INIT;
    int status;
    if (!invocation_init(&inv, command, words, count, &error)) {
        status = cli_fail(command, &error);
    } else if (inv.settings.help) {
        explain_help(&inv);
        status = print_help(command);
    } else if (inv.settings.version) {
        status = print_version();
    } else {
        status = command->run(&inv);
    }
    invocation_release(&inv);
    return status;
}

/* Is the word an option of muster itself, by this long name? */
static bool is_option(const char *word, const char *name)
{
    if (word[0] != '-')
        return false;
    const struct option_row *row = word[1] == '-' ? options_by_flag(CMD_NONE, word + 2)
                                   : word[2]      ? NULL
                                                  : options_by_letter(CMD_NONE, word[1]);
    return row && strcmp(row->name, name) == 0;
}

/* Takes the places of standard descriptors that were closed, so that no file of ours gets their
 * numbers. Opened the wrong way round: whoever uses one gets the error it would have had. */
static void fill_standard_descriptors(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        if (fcntl(fd, F_GETFD) < 0)
            open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
    }
}

int main(int argc, char **argv)
{
    fill_standard_descriptors();
    /* libuv looks names up on these threads, and reads the variable once (law 21). */
    signals_ignore_pipe();
    setenv("UV_THREADPOOL_SIZE", "64", 0);
    terminal_init();
    if (argc < 2 || is_option(argv[1], "help"))
        return print_help(NULL);
    if (is_option(argv[1], "version"))
        return print_version();
    size_t count = (size_t)argc - 2;
    if (strcmp(argv[1], "help") == 0)
        return help(argv + 2, count);
    const struct command *command = find_command(argv[1]);
    return command ? run_command(command, argv + 2, count) : refuse_first_word(argv[1]);
}
