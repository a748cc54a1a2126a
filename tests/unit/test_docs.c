/* SPDX-License-Identifier: MIT */
/* Help and man page against the option table: every row, and no others. */
#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/file.h"
#include "cli/args.h"
#include "cli/docs.h"
#include "files.h"
#include "model/options.h"

static const struct command *const commands[] = { &cmd_run, &cmd_push, &cmd_pull, &cmd_list, NULL };

/* The help of a command, heap. */
static char *help_of(const struct command *command, unsigned width)
{
    struct buf out;
    buf_init(&out, 1 << 20);
    docs_help(command, width, &out);
    return buf_detach(&out);
}

/* The man page as the build makes it, heap. */
static char *man_page(void)
{
    struct error error = ERROR_INIT;
    struct buf out, text;
    buf_init(&out, 1 << 20);
    buf_init(&text, 1 << 20);
    cr_assert_eq(file_read_whole(TEST_SOURCE_DIR "/../man/muster.1.in", &text), 0);
    cr_assert(docs_man_page(commands, buf_str(&text), &out, &error), "%s", error_text(&error));
    buf_release(&text);
    return buf_detach(&out);
}

/* How many rows of the command have a flag. */
static size_t count_rows(unsigned cmds)
{
    size_t count = 0;
    for (size_t i = 0; i < option_count; i++)
        count += (options[i].at & AT_FLAG) && (options[i].cmds & cmds);
    return count;
}

/* Lines of help that present an option: two or six blanks, then its flags. */
static size_t count_options(const char *help)
{
    return count_lines(help, "  -") + count_lines(help, "      --");
}

/* Does help present the row, with the value it takes and nothing after it but its explanation? */
static bool is_presented(const char *help, const struct option_row *row)
{
    const char *flag = row->letter ? text_of("\n  -%c, --%s", row->letter, row->name)
                                   : text_of("\n      --%s", row->name);
    const char *whole = row->implied ? text_of("%s[=%s]", flag, row->arg)
                        : row->arg   ? text_of("%s %s", flag, row->arg)
                                     : flag;
    return strstr(help, text_of("%s  ", whole)) || strstr(help, text_of("%s\n", whole));
}

Test(docs, help_has_every_row_and_no_others)
{
    char *help = help_of(&cmd_run, 80);
    for (size_t i = 0; i < option_count; i++) {
        const struct option_row *row = &options[i];
        bool is_expected = (row->at & AT_FLAG) && (row->cmds & CMD_RUN);
        cr_expect_eq(is_presented(help, row), is_expected, "%s", row->name);
    }
    cr_expect_eq(count_options(help), count_rows(CMD_RUN));
    cr_expect_null(strstr(help, "--names"));
    free(help);
}

Test(docs, help_fits_the_terminal)
{
    for (unsigned width = 60; width <= 100; width += 20) {
        char *help = help_of(&cmd_run, width);
        size_t longest = 0;
        for (const char *p = strstr(help, "Which hosts"); *p; p += strcspn(p, "\n") + 1) {
            size_t size = strcspn(p, "\n");
            if (strncmp(p, "TIME is", 7) != 0 && size > longest)
                longest = size;
        }
        cr_expect_leq(longest, width);
        cr_expect_gt(longest, width - 12, "the width is used");
        free(help);
    }
}

Test(docs, help_opens_with_five_examples_that_parse)
{
    static const char usage[] = "Usage: muster run [OPTION...] COMMAND...\n";
    char *help = help_of(&cmd_run, 80);
    cr_expect_eq(strncmp(usage, help, sizeof usage - 1), 0);
    cr_expect(strstr(help, "Every day") < strstr(help, "Which hosts"));
    free(help);
    size_t count = 0;
    for (const struct example *e = cmd_run.examples; e->line; e++)
        count++;
    cr_assert_eq(count, 5);
}

/* The words of an example as a shell makes them; quotes hold blanks together. */
static size_t split(struct arena *arena, const char *line, char **words)
{
    size_t count = 0;
    for (line += strspn(line, " "); *line; line += strspn(line, " ")) {
        bool is_quoted = *line == '\'';
        line += is_quoted;
        size_t size = strcspn(line, is_quoted ? "'" : " ");
        words[count++] = arena_strndup(arena, line, size);
        line += size + is_quoted;
    }
    return count;
}

Test(docs, examples_are_command_lines)
{
    for (const struct command *const *c = commands; *c; c++) {
        for (const struct example *e = (*c)->examples; e->line; e++) {
            struct arena *arena = arena_new();
            struct error error = ERROR_INIT;
            char *words[30];
            size_t count = split(arena, e->line, words);
            cr_assert_str_eq(words[0], "muster");
            cr_assert_str_eq(words[1], (*c)->name);
            struct args args = {
                .cmds = (*c)->id, .arena = arena, .words = words + 2, .word_count = count - 2
            };
            cr_expect(args_parse(&args, &error), "%s: %s", e->line, error_text(&error));
            cr_expect_eq(args.operand_count > 0, (*c)->operands[0] != '\0', "%s", e->line);
            error_release(&error);
            arena_free(arena);
        }
    }
}

/* The .It line of a row, as the man page should have it. */
static char *item_of(const struct option_row *row)
{
    const char *letters = row->letter ? text_of(" Fl %c ,", row->letter) : "";
    if (row->alias_letter)
        letters = text_of("%s Fl %c ,", letters, row->alias_letter);
    char *names = text_of(" Fl -%s", row->name);
    if (row->alias)
        names = text_of("%s , Fl -%s", names, row->alias);
    if (row->implied)
        return text_of("\n.It%s%s Ns Op = Ns Ar %s\n", letters, names, row->arg);
    return text_of(row->arg ? "\n.It%s%s Ar %s\n" : "\n.It%s%s\n", letters, names, row->arg);
}

Test(docs, man_page_has_every_row_and_no_others)
{
    char *page = man_page();
    size_t flags = 0;
    for (size_t i = 0; i < option_count; i++) {
        const struct option_row *row = &options[i];
        bool is_shown = row->at & AT_FLAG;
        flags += is_shown;
        cr_expect_eq(strstr(page, item_of(row)) != NULL, is_shown, "%s", item_of(row));
        char variable[OPTION_NAME_SIZE];
        option_variable(row, variable);
        bool is_named = strstr(page, text_of(".Ev %s ", variable)) != NULL;
        cr_expect_eq(is_named, (row->at & AT_ENV) != 0, "%s", variable);
    }
    cr_expect_eq(count_lines(page, ".It Fl "), flags);
    cr_expect_null(strstr(page, "@OPTIONS"));
    cr_expect_null(strstr(page, "@EXAMPLES"));
    free(page);
}

Test(docs, man_page_refuses_an_unknown_command)
{
    struct error error = ERROR_INIT;
    struct buf out;
    buf_init(&out, 1000);
    cr_assert_not(docs_man_page(commands, "a\n@EXAMPLES rum@\n", &out, &error));
    cr_assert_str_eq(error_text(&error), "no command rum to take examples from");
    error_release(&error);
    buf_release(&out);
}

Test(docs, overview_lists_the_commands)
{
    struct buf out;
    buf_init(&out, 10000);
    docs_overview(commands, 80, &out);
    cr_expect(strstr(buf_str(&out), "\n  run       Run a command"));
    cr_expect(strstr(buf_str(&out), "\n  help "));
    buf_release(&out);
}
