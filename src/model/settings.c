/* SPDX-License-Identifier: MIT */
#include "model/settings.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/home.h"
#include "base/json_read.h"
#include "base/memory.h"
#include "model/options.h"

/*
 * Who set what: a list from the newest assignment to the oldest. A copy of settings starts with its
 * original's list and puts its own assignments in front, so the tail is shared:
 *
 *      host a --> [port] --\
 *                           +--> [user] --> [timeout] --> end
 *      host b --> [key] ---/      defaults   config
 */
struct provenance {
    const struct assignment *by;
    const struct provenance *older;
};

void layer_init(struct layer *layer, struct arena *arena)
{
    *layer = (struct layer){ .arena = arena };
}

/* The layer's assignment for the row, or NULL. */
static struct assignment *find_assignment(const struct layer *layer, const struct option_row *row)
{
    for (size_t i = 0; i < layer->count; i++) {
        if (layer->items[i].row == row)
            return &layer->items[i];
    }
    return NULL;
}

/* A new assignment for the row, at the end of the layer. */
static struct assignment *append_assignment(struct layer *layer, const struct option_row *row)
{
    if (layer->count == layer->room) {
        size_t room = layer->room ? layer->room * 2 : 2;
        struct assignment *items = arena_calloc(layer->arena, room, sizeof *items);
        if (layer->count)
            memcpy(items, layer->items, layer->count * sizeof *items);
        layer->items = items;
        layer->room = room;
    }
    struct assignment *item = &layer->items[layer->count++];
    item->row = row;
    return item;
}

/* Sets the row's value in the layer, in the place of an earlier one. */
static void assign(struct layer *layer, const struct option_row *row, const union value *value,
                   const struct source *source)
{
    struct assignment *item = find_assignment(layer, row);
    if (!item)
        item = append_assignment(layer, row);
    item->value = *value;
    item->source = *source;
}

/* Reads the text, or the presence, of one mention; `value` is what earlier ones made. */
static bool read_mention(const struct value_reader *reader, const char *text, bool is_flag,
                         union value *value, struct error *reterr)
{
    if (text && value_is_list(reader->type) && is_flag)
        return value_parse_item(reader, text, value, reterr);
    if (text)
        return value_parse(reader, text, value, reterr);
    if (reader->type->kind == VALUE_COUNT)
        value->count.n++;
    else
        value->flag = true;
    return true;
}

bool layer_add_text(struct layer *layer, const struct option_row *row, const char *text,
                    const struct source *source, struct error *reterr)
{
    const struct assignment *earlier = find_assignment(layer, row);
    struct value_reader reader = option_reader(row, layer->arena, NULL);
    union value value = { .texts = { NULL, 0 } };
    if (earlier)
        value = earlier->value;
    bool is_flag = source->kind == SOURCE_COMMAND_LINE;
    if (!read_mention(&reader, text, is_flag, &value, reterr))
        return error_prefix(reterr, "%s", source->text);
    assign(layer, row, &value, source);
    return true;
}

bool layer_add_json(struct layer *layer, const struct option_row *row,
                    const struct layer_file *file, const struct json_value *json,
                    struct error *reterr)
{
    struct value_reader reader = option_reader(row, layer->arena, file->folder);
    union value value = { .texts = { NULL, 0 } };
    struct error why = ERROR_INIT;
    if (!value_parse_json(&reader, json, &value, &why)) {
        json_error(file->doc, json, file->code, reterr, "%s", error_text(&why));
        error_release(&why);
        return false;
    }
    struct source source = { .kind = file->kind, .doc = file->doc, .json = json };
    assign(layer, row, &value, &source);
    return true;
}

/* The member of `s` that the row stands for, to be written to. */
static void *member(struct settings *s, const struct option_row *row)
{
    return (char *)s + row->offset;
}

/* Reads the row's default, which a test has seen to be readable. */
static void set_default(struct settings *s, const struct option_row *row, struct arena *arena)
{
    struct value_reader reader = option_reader(row, arena, NULL);
    union value value = { .texts = { NULL, 0 } };
    struct error error = ERROR_INIT;
    if (value_parse(&reader, row->dflt, &value, &error))
        memcpy(member(s, row), &value, row->type->size);
    error_release(&error); /* no home folder: then there are no files in it */
}

void settings_init(struct settings *s, struct arena *arena)
{
    *s = (struct settings){ .provenance = NULL };
    for (size_t i = 0; i < option_count; i++) {
        if (options[i].dflt)
            set_default(s, &options[i], arena);
    }
    char *user = home_user();
    s->user.s = user ? arena_strdup(arena, user) : NULL;
    free(user);
}

/* The newest assignment of the row, or NULL. */
static const struct assignment *find_setter(const struct settings *s, const struct option_row *row)
{
    for (const struct provenance *p = s->provenance; p; p = p->older) {
        if (p->by->row == row)
            return p->by;
    }
    return NULL;
}

/* Does the assignment beat the one in force? */
static bool is_strong_enough(const struct settings *s, const struct assignment *by)
{
    const struct assignment *setter = find_setter(s, by->row);
    return !setter || setter->source.kind <= by->source.kind;
}

void settings_apply(struct settings *s, const struct layer *layer)
{
    for (size_t i = 0; i < layer->count; i++) {
        const struct assignment *by = &layer->items[i];
        if (!is_strong_enough(s, by))
            continue;
        struct provenance *p = arena_alloc(layer->arena, sizeof *p);
        *p = (struct provenance){ .by = by, .older = s->provenance };
        s->provenance = p;
        memcpy(member(s, by->row), &by->value, by->row->type->size);
    }
}

struct source settings_source(const struct settings *s, const struct option_row *row)
{
    const struct assignment *setter = find_setter(s, row);
    return setter ? setter->source : (struct source){ .kind = SOURCE_DEFAULT };
}

const char *source_kind_phrase(enum source_kind kind)
{
    switch (kind) {
    case SOURCE_DEFAULT:
        return "default";
    case SOURCE_SYSTEM_CONFIG:
        return "system config";
    case SOURCE_USER_CONFIG:
        return "user config";
    case SOURCE_SSH_CONFIG:
        return "ssh_config";
    case SOURCE_INVENTORY_DEFAULTS:
        return "inventory defaults";
    case SOURCE_GROUP:
        return "group";
    case SOURCE_HOST:
        return "host";
    case SOURCE_ENVIRONMENT:
        return "environment";
    case SOURCE_COMMAND_LINE:
        return "command line";
    }
    return "unknown";
}

char *source_where(const struct source *source)
{
    if (source->doc)
        return json_where(source->doc, source->json);
    return xstrdup(source->text ? source->text : source_kind_phrase(source->kind));
}
