/* SPDX-License-Identifier: MIT */
/* --help; the man page is docs_man.c. */
#include "cli/docs.h"

#include <string.h>

#include "model/options.h"

/* Where the explanations start, and how wide help gets at most. */
#define HELP_COLUMN    30
#define HELP_WIDTH_MAX 100
#define HELP_WIDTH_MIN 60

const char *docs_section_title(enum option_section section)
{
    switch (section) {
    case SECTION_HOSTS:
        return "Which hosts";
    case SECTION_REACH:
        return "How to reach a host";
    case SECTION_RUN:
        return "How the run goes";
    case SECTION_COPY:
        return "How files are copied";
    case SECTION_OUTPUT:
        return "What is printed and written";
    case SECTION_LIST:
        return "What is listed";
    case SECTION_OTHER:
        return "Help";
    }
    return "";
}

/* Adds words to a paragraph whose lines begin at a column; `at` is where the last one ends. */
struct paragraph {
    struct buf *out;
    size_t indent;
    size_t width;
    size_t at;
};

/* Appends one word, on a new line where it does not fit. */
static void add_word(struct paragraph *p, const char *word, size_t size)
{
    bool is_first = p->at <= p->indent;
    if (!is_first && p->at + 1 + size > p->width) {
        buf_add_char(p->out, '\n');
        buf_add_repeat(p->out, ' ', p->indent);
        p->at = p->indent;
        is_first = true;
    }
    if (!is_first)
        buf_add_char(p->out, ' ');
    buf_add(p->out, word, size);
    p->at += size + !is_first;
}

/* Appends the words of a text. */
static void add_words(struct paragraph *p, const char *text)
{
    for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
        size_t size = strcspn(text, " ");
        add_word(p, text, size);
        text += size;
    }
}

/* Appends "-t, --connect-timeout TIME" and returns how many columns that took. */
static size_t add_flags(const struct option_row *row, struct buf *out)
{
    size_t before = out->size;
    if (row->letter)
        buf_addf(out, "  -%c, ", row->letter);
    else
        buf_add_str(out, "      ");
    buf_addf(out, "--%s", row->name);
    if (row->arg)
        buf_addf(out, row->implied ? "[=%s]" : " %s", row->arg);
    return out->size - before;
}

/* Appends "(default: 10s)" and "(also --forks)" where there is something to say. */
static void add_remarks(struct paragraph *p, const struct option_row *row)
{
    struct buf text;
    buf_init(&text, 1000);
    if (row->alias)
        buf_addf(&text, " (also --%s)", row->alias);
    if (row->alias_letter)
        buf_addf(&text, " (also -%c)", row->alias_letter);
    if (row->dflt && strcmp(row->dflt, "none") != 0)
        buf_addf(&text, " (default: %s)", row->dflt);
    for (char *c = text.data; c && *c; c++) {
        bool is_joint = *c == ':' && c[1] != ' ';
        if (is_joint)
            *c = ' ';
    }
    add_words(p, buf_str(&text));
    buf_release(&text);
}

/* Appends the lines of one option. */
static void add_option(const struct option_row *row, size_t width, struct buf *out)
{
    size_t used = add_flags(row, out);
    if (used + 2 > HELP_COLUMN) {
        buf_add_char(out, '\n');
        used = 0;
    }
    buf_add_repeat(out, ' ', HELP_COLUMN - used);
    struct paragraph p = { .out = out, .indent = HELP_COLUMN, .width = width, .at = HELP_COLUMN };
    add_words(&p, row->help);
    add_remarks(&p, row);
    buf_add_char(out, '\n');
}

/* Appends the options of a command that belong to a section, under its heading. */
static void add_section(const struct command *command, enum option_section section, size_t width,
                        struct buf *out)
{
    bool has_heading = false;
    for (size_t i = 0; i < option_count; i++) {
        const struct option_row *row = &options[i];
        bool is_shown = (row->at & AT_FLAG) && (row->cmds & command->id);
        if (!is_shown || row->section != section)
            continue;
        if (!has_heading)
            buf_addf(out, "\n%s:\n", docs_section_title(section));
        has_heading = true;
        add_option(row, width, out);
    }
}

/* Appends examples: the line, and under it what it does. */
static void add_examples(const struct example *examples, struct buf *out)
{
    for (; examples->line; examples++)
        buf_addf(out, "  %s\n      %s\n", examples->line, examples->what);
}

/* A width that reads well. */
static size_t usable_width(unsigned width)
{
    if (width < HELP_WIDTH_MIN)
        return HELP_WIDTH_MIN;
    return width > HELP_WIDTH_MAX ? HELP_WIDTH_MAX : width;
}

void docs_help(const struct command *command, unsigned width, struct buf *out)
{
    const char *gap = command->operands[0] ? " " : "";
    buf_addf(out, "Usage: muster %s [OPTION...]%s%s\n", command->name, gap, command->operands);
    buf_addf(out, "%s.\n\nEvery day:\n", command->summary);
    add_examples(command->examples, out);
    for (int section = 0; section < SECTION_COUNT; section++)
        add_section(command, (enum option_section)section, usable_width(width), out);
    buf_add_str(out, "\nTIME is 10s, 1500ms, 2m, 1h30m or a number of seconds; SIZE is 64K, 16M or "
                     "1G.\nmuster(1) says more.\n");
}

void docs_overview(const struct command *const *commands, unsigned width, struct buf *out)
{
    buf_add_str(out, "Usage: muster COMMAND [OPTION...]\n"
                     "Run one job on many hosts over SSH, and say what happened on each.\n\n"
                     "Commands:\n");
    for (const struct command *const *c = commands; *c; c++) {
        buf_addf(out, "  %-10s", (*c)->name);
        struct paragraph p = { .out = out, .indent = 12, .width = usable_width(width), .at = 12 };
        add_words(&p, (*c)->summary);
        buf_add_char(out, '\n');
    }
    buf_add_str(out, "  help      Print this, or the help of a command\n\nEvery day:\n");
    add_examples(commands[0]->examples, out);
    buf_add_str(out,
                "\nmuster COMMAND --help lists the options of a command; muster --version says "
                "what this\nbuild can and cannot do.\n");
}
