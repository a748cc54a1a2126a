/* SPDX-License-Identifier: MIT */
#include "cli/invocation.h"

#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/json_read.h"
#include "cli/args.h"
#include "cli/config.h"
#include "cli/prompt.h"
#include "cli/terminal.h"
#include "model/options.h"

/* The words being collected for inv->options. */
struct words {
    struct arena *arena;
    const char **items;
    size_t count;
    size_t room;
};

/* Appends a word, or the NULL that ends them. */
static void push(struct words *w, const char *word)
{
    if (w->count == w->room) {
        size_t room = w->room ? 2 * w->room : 16;
        const char **items = arena_calloc(w->arena, room, sizeof *items);
        for (size_t i = 0; i < w->count; i++)
            items[i] = w->items[i];
        w->items = items;
        w->room = room;
    }
    w->items[w->count++] = word;
}

/* Appends "--name", "--name=value", or one such word for each item of a list. */
static void push_option(struct words *w, const struct option_row *row, const struct settings *s)
{
    union value value = { .texts = { NULL, 0 } };
    memcpy(&value, option_value(row, s), row->type->size);
    if (value_is_list(row->type)) { /* a path_list has the shape of a text_list (value.c) */
        for (size_t i = 0; i < value.texts.count; i++)
            push(w, arena_printf(w->arena, "--%s=%s", row->name, value.texts.items[i]));
        return;
    }
    if (row->type->kind == VALUE_FLAG && value.flag) {
        push(w, arena_printf(w->arena, "--%s", row->name));
        return;
    }
    struct buf text;
    buf_init(&text, 1 << 20);
    value_print(row->type, &value, &text);
    push(w, arena_printf(w->arena, "--%s=%s", row->name, buf_str(&text)));
    buf_release(&text);
}

/* What flags and variables have set, as flags. */
static const char *const *list_options(const struct settings *s, struct arena *arena)
{
    struct words w = { .arena = arena };
    for (size_t i = 0; i < option_count; i++) {
        const struct option_row *row = &options[i];
        if ((row->at & AT_FLAG) && settings_source(s, row).kind >= SOURCE_ENVIRONMENT)
            push_option(&w, row, s);
    }
    push(&w, NULL);
    return w.items;
}

/* Merges a config file into the settings. */
static bool merge_config(struct invocation *inv, size_t which, enum source_kind kind,
                         const char *folder, struct error *reterr)
{
    struct layer layer;
    layer_init(&layer, inv->arena);
    if (folder && !config_read(&layer, folder, kind, &inv->documents[which], reterr))
        return false;
    settings_apply(&inv->settings, &layer);
    return true;
}

/* What "auto" is here: to ask needs somebody who can answer. Who set it stays the same. */
static void resolve_host_key_check(struct settings *s)
{
    if (s->host_key_check == HOST_KEY_CHECK_AUTO)
        s->host_key_check = prompt_is_possible() ? HOST_KEY_CHECK_ASK : HOST_KEY_CHECK_STRICT;
}

/* Merges what stands outside the command line. */
static bool merge_surroundings(struct invocation *inv, struct error *reterr)
{
    struct layer environment;
    layer_init(&environment, inv->arena);
    if (!config_read_environment(&environment, environ, reterr))
        return false;
    settings_apply(&inv->settings, &environment);
    return merge_config(inv, 0, SOURCE_SYSTEM_CONFIG, CONFIG_SYSTEM_FOLDER, reterr) &&
           merge_config(inv, 1, SOURCE_USER_CONFIG, config_user_folder(inv->arena), reterr);
}

bool invocation_init(struct invocation *inv, const struct command *command, char *const *words,
                     size_t count, struct error *reterr)
{
    *inv = (struct invocation){ .command = command, .arena = arena_new() };
    settings_init(&inv->settings, inv->arena);
    struct args args = {
        .cmds = command->id,
        .arena = inv->arena,
        .words = words,
        .word_count = count,
        .is_mixed = command->is_mixed,
    };
    if (!args_parse(&args, reterr))
        return false;
    settings_apply(&inv->settings, &args.layer);
    inv->operands = args.operands;
    inv->operand_count = args.operand_count;
    terminal_trace(inv->settings.verbose.n);
    bool asks_only = inv->settings.help || inv->settings.version;
    if (!asks_only && !merge_surroundings(inv, reterr))
        return false;
    terminal_trace(inv->settings.verbose.n);
    resolve_host_key_check(&inv->settings);
    inv->options = list_options(&inv->settings, inv->arena);
    return true;
}

void invocation_release(struct invocation *inv)
{
    for (size_t i = 0; i < sizeof inv->documents / sizeof inv->documents[0]; i++)
        json_document_free(inv->documents[i]);
    arena_free(inv->arena);
    *inv = (struct invocation){ .command = NULL };
}
