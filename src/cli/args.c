/* SPDX-License-Identifier: MIT */
#include "cli/args.h"

#include <string.h>

#include "base/arena.h"
#include "base/nearest.h"
#include "cli/foreign.h"
#include "model/options.h"

/* Where the reading stands. */
struct reader {
    struct args *args;
    size_t next; /* the word after the one that is read now */
};

/* One option as it was typed. */
struct mention {
    const struct option_row *row;
    const char *flag;  /* "--port", "-p" */
    const char *value; /* what came with it; NULL where nothing did */
};

/* Refuses an option nobody knows, with the best advice there is. `flag` lives as long as the
 * arena. */
static bool refuse_unknown(const struct args *args, const char *flag, struct error *reterr)
{
    struct nearest nearest;
    const char *advice = foreign_advice(args->cmds, flag);
    if (advice)
        return error_set(reterr, ERR_USAGE, "unknown option %s: %s", flag, advice);
    nearest_init(&nearest, flag[1] == '-' ? flag + 2 : "");
    options_offer_flags(args->cmds, &nearest);
    if (nearest_name(&nearest))
        return error_set(reterr, ERR_USAGE, "unknown option %s; did you mean --%s?", flag,
                         nearest_name(&nearest));
    return error_set(reterr, ERR_USAGE, "unknown option %s", flag);
}

/* Takes the next word as the value of the option. */
static bool take_next_word(struct reader *r, struct mention *m, struct error *reterr)
{
    const struct args *args = r->args;
    if (r->next == args->word_count)
        return error_set(reterr, ERR_USAGE, "option %s needs a value: %s %s", m->flag, m->flag,
                         m->row->arg);
    const char *word = args->words[r->next];
    bool is_flag = word[0] == '-' && word[1];
    if (is_flag && !foreign_check_value(args->cmds, m->row, m->flag, word, reterr))
        return false;
    if (is_flag)
        return error_set(reterr, ERR_USAGE,
                         "option %s needs a value, but %s follows it; where that is meant, write "
                         "%s%s%s",
                         m->flag, word, m->flag, m->flag[1] == '-' ? "=" : "", word);
    r->next++;
    m->value = word;
    return true;
}

/* Adds a mention to the layer; a value it needs and did not bring is the next word. */
static bool add(struct reader *r, struct mention *m, struct error *reterr)
{
    if (option_takes_value(m->row) && !m->value && !take_next_word(r, m, reterr))
        return false;
    if (!m->value)
        m->value = m->row->implied;
    if (m->value && !foreign_check_value(r->args->cmds, m->row, m->flag, m->value, reterr))
        return false;
    struct source source = { .kind = SOURCE_COMMAND_LINE, .text = m->flag };
    return layer_add_text(&r->args->layer, m->row, m->value, &source, reterr);
}

/* Reads "--name" or "--name=value". */
static bool read_long(struct reader *r, const char *word, struct error *reterr)
{
    const struct args *args = r->args;
    size_t size = strcspn(word, "=");
    struct mention m = {
        .flag = arena_strndup(args->arena, word, size),
        .value = word[size] ? word + size + 1 : NULL,
    };
    m.row = options_by_flag(args->cmds, m.flag + 2);
    if (!m.row)
        return refuse_unknown(args, m.flag, reterr);
    return add(r, &m, reterr);
}

/* Reads "-f", "-f64" or several letters, of which the last may take a value. */
static bool read_letters(struct reader *r, const char *word, struct error *reterr)
{
    const struct args *args = r->args;
    if (word[2] && options_by_flag(args->cmds, word + 1))
        return error_set(reterr, ERR_USAGE, "unknown option %s; did you mean -%s?", word, word);
    for (const char *p = word + 1; *p; p++) {
        struct mention m = {
            .row = options_by_letter(args->cmds, *p),
            .flag = arena_printf(args->arena, "-%c", *p),
        };
        if (!m.row)
            return refuse_unknown(args, m.flag, reterr);
        bool takes_rest = option_takes_value(m.row) && p[1];
        m.value = takes_rest ? p + 1 : NULL;
        if (!add(r, &m, reterr))
            return false;
        if (takes_rest)
            break;
    }
    return true;
}

/* Is the word an option? "-" is an operand. */
static bool is_option(const char *word)
{
    return word[0] == '-' && word[1];
}

/* Reads the option that is next. */
static bool read_option(struct reader *r, struct error *reterr)
{
    const char *word = r->args->words[r->next++];
    return word[1] == '-' ? read_long(r, word, reterr) : read_letters(r, word, reterr);
}

/* Takes the words from `next` on as operands. */
static void take_rest(struct args *args, size_t next)
{
    for (; next < args->word_count; next++)
        args->operands[args->operand_count++] = args->words[next];
}

bool args_parse(struct args *args, struct error *reterr)
{
    struct reader r = { .args = args, .next = 0 };
    layer_init(&args->layer, args->arena);
    args->operands = arena_calloc(args->arena, args->word_count + 1, sizeof *args->operands);
    args->operand_count = 0;
    while (r.next < args->word_count) {
        const char *word = args->words[r.next];
        bool is_end = strcmp(word, "--") == 0;
        if (is_end || (!is_option(word) && !args->is_mixed)) {
            take_rest(args, r.next + is_end);
            return true;
        }
        if (!is_option(word))
            args->operands[args->operand_count++] = args->words[r.next++];
        else if (!read_option(&r, reterr))
            return false;
    }
    return true;
}
