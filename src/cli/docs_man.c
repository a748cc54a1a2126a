/* SPDX-License-Identifier: MIT */
/* The man page: mdoc(7) out of the option table. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "cli/docs.h"
#include "model/options.h"

/* mandoc(1) wants source lines shorter than 80 bytes and a new line after each sentence. */
#define MAN_WIDTH 78

/* Appends one character so that roff prints it as it is. */
static void add_char(struct buf *out, char c)
{
    switch (c) {
    case '\\':
        buf_add_str(out, "\\e");
        break;
    case '-':
        buf_add_str(out, "\\-");
        break;
    case '~':
        buf_add_str(out, "\\(ti");
        break;
    case '^':
        buf_add_str(out, "\\(ha");
        break;
    default:
        buf_add_char(out, c);
        break;
    }
}

/* Appends a word; at the beginning of a line a dot or quote would be a request. */
static void add_word(struct buf *out, const char *word, size_t size, bool is_first)
{
    if (is_first && (word[0] == '.' || word[0] == '\''))
        buf_add_str(out, "\\&");
    for (size_t i = 0; i < size; i++)
        add_char(out, word[i]);
}

/* Appends a text, one sentence a line, long ones folded. */
static void add_text(struct buf *out, const char *text)
{
    size_t line_start = out->size;
    for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
        size_t size = strcspn(text, " ");
        bool is_first = out->size == line_start;
        if (!is_first && out->size - line_start + size + 8 > MAN_WIDTH) {
            buf_add_char(out, '\n');
            line_start = out->size;
            is_first = true;
        }
        if (!is_first)
            buf_add_char(out, ' ');
        add_word(out, text, size, is_first);
        bool ends_sentence = text[size - 1] == '.' && text[size] == ' ' &&
                             isupper((unsigned char)text[size + strspn(text + size, " ")]);
        if (ends_sentence) {
            buf_add_char(out, '\n');
            line_start = out->size;
        }
        text += size;
    }
    if (out->size != line_start)
        buf_add_char(out, '\n');
}

/* Appends "Fl -fanout Ar N" for one spelling. */
static void add_flag(struct buf *out, const char *name, const char *arg)
{
    buf_addf(out, " Fl %s", name);
    if (arg)
        buf_addf(out, " Ar %s", arg);
}

/* Appends all spellings of an option, the letter first. */
static void add_item(struct buf *out, const struct option_row *row)
{
    const char letters[] = { row->letter, row->alias_letter };
    const char *const names[] = { row->name, row->alias };
    const char *joint = "";
    buf_add_str(out, ".It");
    for (size_t i = 0; i < 2; i++) {
        const char name[] = { letters[i], '\0' };
        if (!letters[i])
            continue;
        buf_add_str(out, joint);
        add_flag(out, name, NULL);
        joint = " ,";
    }
    for (size_t i = 0; i < 2; i++) {
        if (!names[i])
            continue;
        char *name = xprintf("-%s", names[i]);
        bool is_last = i == 1 || !names[1];
        buf_add_str(out, joint);
        add_flag(out, name, is_last && !row->implied ? row->arg : NULL);
        if (is_last && row->implied)
            buf_addf(out, " Ns Op = Ns Ar %s", row->arg);
        free(name);
        joint = " ,";
    }
    buf_add_char(out, '\n');
}

/* Appends where else than on the command line the option may be given. */
static void add_places(struct buf *out, const struct option_row *row)
{
    char variable[OPTION_NAME_SIZE], key[OPTION_NAME_SIZE];
    option_variable(row, variable);
    option_key(row, key);
    if (row->at & AT_ENV)
        buf_addf(out, "Variable\n.Ev %s %s\n", variable, row->at & AT_CONFIG ? "," : ".");
    if (row->at & AT_CONFIG)
        buf_addf(out, "key\n.Cm %s\nin config.json%s.\n", key,
                 row->at & AT_HOST ? " and inventories" : "");
}

/* Appends the default, where there is one to speak of. */
static void add_default(struct buf *out, const struct option_row *row)
{
    if (!row->dflt)
        return;
    char *text = xprintf("The default is %s.", row->dflt);
    for (char *c = text; row->type->kind == VALUE_PATH_LIST && *c; c++)
        *c = *c == ':' ? ' ' : *c;
    add_text(out, text);
    free(text);
}

/* Appends the whole entry of an option. */
static void add_option(struct buf *out, const struct option_row *row)
{
    add_item(out, row);
    add_text(out, row->help);
    if (row->detail)
        add_text(out, row->detail);
    add_default(out, row);
    add_places(out, row);
}

/* Appends the options of a section as a list. */
static void add_section(struct buf *out, enum option_section section)
{
    buf_addf(out, ".Ss %s\n.Bl -tag -width Ds\n", docs_section_title(section));
    for (size_t i = 0; i < option_count; i++) {
        const struct option_row *row = &options[i];
        if ((row->at & AT_FLAG) && row->section == section)
            add_option(out, row);
    }
    buf_add_str(out, ".El\n");
}

/* Appends examples as a list of what and how. */
static void add_examples(struct buf *out, const struct example *examples)
{
    for (; examples->line; examples++) {
        add_text(out, examples->what);
        buf_add_str(out, ".Pp\n.Dl ");
        for (const char *p = examples->line; *p; p++)
            add_char(out, *p);
        buf_add_char(out, '\n');
        if (examples[1].line)
            buf_add_str(out, ".Pp\n");
    }
}

/* Replaces a line of the template that names examples. */
static bool add_examples_of(const struct command *const *commands, const char *line,
                            struct buf *out, struct error *reterr)
{
    size_t size = strcspn(line, "@\n");
    for (; *commands; commands++) {
        const char *name = (*commands)->name;
        if (strlen(name) != size || strncmp(name, line, size) != 0)
            continue;
        add_examples(out, (*commands)->examples);
        return true;
    }
    return error_set(reterr, ERR_USAGE, "no command %.*s to take examples from", (int)size, line);
}

bool docs_man_page(const struct command *const *commands, const char *text, struct buf *out,
                   struct error *reterr)
{
    static const char at_options[] = "@OPTIONS@\n";
    static const char at_examples[] = "@EXAMPLES ";
    while (*text) {
        size_t size = strcspn(text, "\n");
        size += text[size] == '\n';
        if (strncmp(text, at_options, sizeof at_options - 1) == 0) {
            for (int section = 0; section < SECTION_COUNT; section++)
                add_section(out, (enum option_section)section);
        } else if (strncmp(text, at_examples, sizeof at_examples - 1) == 0) {
            if (!add_examples_of(commands, text + sizeof at_examples - 1, out, reterr))
                return false;
        } else {
            buf_add(out, text, size);
        }
        text += size;
    }
    return true;
}
